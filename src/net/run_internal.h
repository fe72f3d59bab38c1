/* What the run's files and planner.c share. */
#ifndef MYE_RUN_INTERNAL_H
#define MYE_RUN_INTERNAL_H

#include "net/run.h"
#include "net/run_told.h"

/* One stay of a buffer in the arena: from the op that first writes it to the last that reads it. */
typedef struct mye_interval {
    int first, last; /* ticks; one op = one tick */
    size_t bytes, offset;
    size_t alive;   /* planner: bytes that live when it begins */
    size_t rank;    /* planner: who is placed first             */
    int next;       /* the same buffer's next stay, -1: none */
    int pass, node; /* for the plan's table; node -1: scratch of an op */
    mye_slot slot;
} mye_interval;

typedef struct mye_buffer {
    size_t bytes;   /* 0: this slot is not used                      */
    int head, tail; /* intervals, -1: none                           */
    int current;    /* the stay that is now in the arena, -1         */
    bool live;
} mye_buffer;

#define MYE_RUN_MAX_PASS 2

/* A loop over spans, as the dry execution saw it: the stays of all buffers around a visit. */
typedef struct mye_span_loop {
    int tick_begin, tick_end;
    int *begin, *end; /* [n_buffers] index of the stay; -1: none yet */
} mye_span_loop;

typedef struct mye_pass_slots {
    mye_pass pass;
    int window;
    int *buffer; /* [n_nodes][MYE_SLOT_COUNT] index into run->buffer, -1: none */
} mye_pass_slots;

struct mye_run {
    mye_context *ctx;
    const mye_model *model;
    mye_run_options options;
    mye_method time, loss;
    mye_module whole;         /* all nodes: inference, and options.whole  */
    const mye_module *module; /* the model's modules, or `whole`          */
    int n_modules;
    int first_module;     /* of the model's                           */
    unsigned char *part;  /* [n_nodes] how a node takes part (run_stage.c) */
    bool *inlet, *outlet; /* [n_nodes] what a stage takes, and leaves      */
    void *packet_in, *packet_out;
    const mye_module *at; /* the module that is being worked on */
    double *module_loss;  /* [modules of the model] */

    mye_pass_slots *pass[MYE_RUN_MAX_PASS];
    int n_passes;
    mye_buffer *buffer;
    int n_buffers, cap_buffers;
    mye_interval *interval;
    int n_intervals, cap_intervals;
    int scratch; /* index of the buffer that stands for op scratch */
    mye_span_loop *loop;
    int n_loops, at_loop; /* at_loop: the loop that comes next, or is at work */
    bool in_loop, sums_static;

    bool dry;
    bool twice;        /* the forward pass is made again on the way back */
    bool one_output;   /* heads collect one output, not T */
    bool idle;         /* backward ops and those of the rule are announced and not done */
    bool forward_only; /* the same for a whole step (mye_run_statistics) */
    bool failed;       /* no memory while preparing or dry */
    int tick;
    int boundary; /* tick of the first backward op: what lives across it was kept */
    size_t lane_bytes;
    size_t arena_bytes, state_bytes;
    unsigned char *arena, *state, *lanes;
    mye_lane *lane;

    int K; /* outputs of the network */
    float *mean, *per_sample, *time_weight;
    mye_telling told;

    /* the step at work */
    mye_source source;
    const mye_target *target;
    double loss_factor;
    double grad_scale;                 /* of the loss gradient in the backward pass at work */
    int forward_steps, backward_steps; /* for the plan's count of work; 0: T */
    void (*move)(void *self, int module);
    void *mover;
    void (*gather)(void *self, int module, const mye_gathered *in);
    void *gatherer;
    mye_watch watch;
    int stopped; /* steps after which the watch had enough; 0: it had not */
};

/* Places intervals so that two that live at the same time never overlap; returns the arena's
 * bytes. `order` is room for n ints. */
size_t mye_planner_place(mye_interval *interval, int n, int *order);

/* The buffer is read after the step: nothing else may take its place. */
void mye_run_keep(mye_run *run, mye_pass *p, int node, mye_slot slot);

/* ---- rate_term.c: the firing-rate regulariser ---- */

/* Does it act on this node while run->at is the module at work? */
bool mye_rate_term_acts(const mye_run *run, int node);
/* Where spikes are smooth: adds up the outputs of steps [t0, t1), which the neuron wrote. */
void mye_rate_term_count(mye_pass *p, int node, int t0, int t1);
/* The term of a module, after its forward pass. */
double mye_rate_term_loss(const mye_run *run, const mye_module *m);
/* Adds dL/ds (rate pass: dL/dr) to the node's gradient of steps [t0, t1), or writes it. */
void mye_rate_term_add(const mye_run *run, mye_pass *p, int node, int t0, int t1);

/* ---- run_stage.c ---- */

/* Which nodes have a part in the run; what crosses the borders of a stage. */
mye_status mye_run_take_part(mye_run *run, mye_error *err);
/* Is the node computed here, not taken from the stage before? */
bool mye_run_works_on(const mye_run *run, int node);
/* The ops around a stage's modules. */
void mye_run_enter_stage(mye_run *run);
void mye_run_leave_stage(mye_run *run);
bool mye_run_is_stage(const mye_run *run);

/* ---- run_direct.c: direct feedback ---- */

/* Does node n of this pass take no gradient from its readers? */
bool mye_run_stops(const mye_pass *p, const mye_node *n);
/* Is it auxiliary and in the way of the network's own values? */
bool mye_run_in_the_way(const mye_node *n);
/* Refuses direct feedback where no error would reach it. */
mye_status mye_run_check_direct(const mye_run *run, mye_error *err);
/* Room for the error that a node's backward reads (0: none), the announcement of its reading, and the
 * filling of `room` with the rows of steps [t0, t1), which the pass then points at. */
size_t mye_run_error_bytes(const mye_run *run, const mye_pass *p, const mye_node *n);
void mye_run_touch_error(mye_run *run, const mye_pass *p, const mye_node *n);
void mye_run_tell_error(const mye_run *run, mye_pass *p, const mye_node *n, int t0, int t1,
                        void *room);

/* ---- run_heads.c ---- */

/* Is the node one whose value a loss reads? */
bool mye_run_is_head(const mye_run *run, int node);
/* Room for what heads collect, in the first pass. */
void mye_run_plan_heads(mye_run *run);
/* Refuses a target that lacks what a loss reads. */
mye_status mye_run_check_target(const mye_run *run, const mye_target *target, mye_error *err);
/* Nothing is collected yet. */
void mye_run_reset_heads(mye_run *run);
/* The network's output collapsed over time as the readout says, in run->mean; how many are right. */
int64_t mye_run_score(mye_run *run, int B, const mye_target *target);

/* ---- run_pass.c ---- */
/* Index of a new buffer, or -1 (run->failed) for want of memory. */
int mye_run_add_buffer(mye_run *run, size_t bytes);

/* ---- run_step.c ---- */
/* All modules of the rule, or inference; dry or real. */
void mye_run_all(mye_run *run);
/* The pass of inference. */
void mye_run_prepare_inference(mye_run *run);

/* ---- run_ops.c, for run_spans.c ---- */
void mye_run_touch(mye_run *run, mye_pass *p, int node, mye_slot slot, bool write);
/* Is this the real execution, and not a part that is announced only? */
bool mye_run_works(const mye_run *run);
/* Announces the reading of a node's value: its buffer, or those behind a virtual node. */
void mye_run_touch_value(mye_run *run, mye_pass *p, int node);
/* Buffers that hold a part of the steps begin at step t0. */
void mye_run_set_window(mye_pass *p, int t0);
/* Scratch of the op at hand; NULL when dry. */
void *mye_run_scratch(mye_run *run, mye_pass *p, size_t bytes);
void mye_run_end_op(mye_run *run);
void mye_run_spans_free(mye_run *run);
/* The gradient block is 0 before anything is added to it. */
void mye_run_clear_gradient(const mye_model *model);

/* A run with its memory planned and not allocated; *out is to be freed on failure too. */
mye_status mye_run_prepare(mye_context *ctx, const mye_model *model, const mye_run_options *options,
                           mye_run **out, mye_error *err);

static inline const struct mye_time_rule *mye_run_rule(const mye_run *run)
{
    return (const struct mye_time_rule *)(const void *)run->time.entry;
}

static inline mye_buffer *mye_run_buffer(mye_run *run, const mye_pass *p, int node, mye_slot slot)
{
    const mye_pass_slots *rp = (const mye_pass_slots *)p; /* pass is its first member */
    const int i = rp->buffer[node * MYE_SLOT_COUNT + (int)slot];
    return i < 0 ? NULL : &run->buffer[i];
}

#endif
