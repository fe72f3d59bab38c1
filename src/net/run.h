/*
 * Run: one training (or inference) step of a model for B samples and T steps, with all its memory.
 *
 * A time rule is an ordinary function that calls the ops below in its own order. It is executed
 * once dry: the ops then only note which buffers they write and read, and when. From these
 * lifetimes the planner places every buffer in one arena. The real execution calls the same
 * function, so what was planned is what happens.
 */
#ifndef MYE_RUN_H
#define MYE_RUN_H

#include "myelin/plan.h"
#include "net/graph.h"
#include "node/node.h"

/* ---- what the loss sees ---- */

typedef struct mye_target {
    const int32_t *label;   /* [B]                                                       */
    const int32_t *label_b; /* [B] second label of mixup, or NULL                        */
    const float *mix;       /* [B] share of label, or NULL (1)                           */
    const float *weight;    /* [B] weight of each sample's loss, or NULL (1)             */
    /* What the network saw, for losses that rebuild it: [B][image_n], channels-last, normalised.
     * image * deviation + mean of its channel is the picture itself. NULL: not known. */
    const float *image;
    int64_t image_n;
    int image_channels;
    const float *image_mean, *image_deviation; /* [image_channels]; NULL: 0 and 1           */
} mye_target;

/* Outputs of steps [0, steps) of T. Static outputs and one-output rules have steps = T = 1. */
typedef struct mye_loss_input {
    int T, steps, B, K;
    const float *out;         /* [steps][B][K]                                            */
    const float *time_weight; /* [steps] of the readout (mean: 1/T each)                   */
    const mye_target *target;
    void *scratch; /* scratch_bytes of the loss, owned by the caller, aligned to MYE_ALIGN      */
} mye_loss_input;

typedef struct mye_loss {
    mye_entry entry;
    bool per_step;    /* sum of one loss per step: span-by-span rules can use it */
    bool reads_image; /* wants target->image */
    /* Mean over the batch (with weights); grad [steps][B][K] written when not NULL; per_sample [B]
     * receives (adds) each sample's own unweighted loss when not NULL. */
    double (*eval)(const void *options, const mye_loss_input *in, float *grad, float *per_sample);
    /* Bytes that eval wants in `scratch` for `steps` steps of B samples; NULL: none */
    size_t (*scratch_bytes)(const void *options, int steps, int B, int K);
} mye_loss;
extern const mye_kind mye_kind_loss;

/* Fills the input's value, [steps][B][N] for steps [t0, t1) (static: one); dst is the place of step
 * t0. */
typedef struct mye_source {
    void (*fill)(void *self, const mye_pass *p, int t0, int t1, float *dst);
    void *self;
} mye_source;

/* ---- buffers ---- */

typedef enum mye_slot {
    MYE_SLOT_DATA,
    MYE_SLOT_GRAD,
    MYE_SLOT_U,
    MYE_SLOT_E,
    MYE_SLOT_R,
    MYE_SLOT_EPS,
    MYE_SLOT_HALF,  /* the value as bfloat16, in place of DATA */
    MYE_SLOT_TRACE, /* presynaptic trace of the value (OTTT)  */
    MYE_SLOT_OUT,   /* of a head: what its loss reads, [T][B][n], floats */
    MYE_SLOT_DOUT,  /* the gradient of the loss by that */
    MYE_SLOT_COUNT
} mye_slot;

typedef struct mye_run mye_run;

/* ---- what is told of single samples (run_told.c) ---- */

/* What a run is asked to tell (mye_run_options.tells). */
enum {
    MYE_TELL_ERROR = 1,   /* sum over steps of |dl/d(output)|: for cross entropy of the mean output
                                 |softmax - y|                                                    */
    MYE_TELL_READOUT = 2, /* norm of the gradient of the layers that losses read, of all modules  */
    MYE_TELL_LAYERS = 4,  /* the same of all convolution and dense layers (gradient_norm.h)      */
    MYE_TELL_SPIKES = 8,  /* spikes of the network's neurons, or sum of squares of what they send */
    MYE_TELL_CONFIDENCE =
        16, /* largest softmax of the mean output, and is it the label's?           */
    MYE_TELL_VECTORS =
        32, /* dl/d(mean output) and what the last layer reads; inference runs       */
};

/* Of each sample of a step, all of its unweighted loss; NULL: not asked for. */
typedef struct mye_told {
    const float *loss;                                           /* [B]; always */
    const float *error, *readout, *layers, *spikes, *confidence; /* [B] */
    const bool *right;
    const float *error_vector,
        *feature; /* [B][n_classes], [B][n_feature]: the mean over the steps */
    int n_classes;
    int64_t n_feature;
} mye_told;

typedef struct mye_run_options {
    const char *time, *loss;
    int T, B;
    bool training;  /* false: inference, forward only      */
    bool whole;     /* training: the network is one module, whatever its depth rule says */
    bool immediate; /* the weights of a module move as soon as its gradient is there    */
    int first_module,
        n_modules;    /* a stage: so many modules from that one on; 0: all (run_stage.c) */
    bool smooth;      /* gradient check                      */
    bool input_grad;  /* dL/d(input) is wanted               */
    bool exact;       /* layers go the direct way only       */
    bool int8;        /* inference: 8-bit weights where the input is spikes */
    bool keep_packed; /* inference: packed weights stay until mye_run_repack, where it pays */
    bool profile;     /* measure the time of each node       */
    bool stepwise;    /* inference: one time step after the other, whatever the batch */
    unsigned tells;   /* MYE_TELL_...: of each sample         */
    /* A run that is never at work at the same time: its arena and its threads' scratch are used
     * where they are large enough. It must outlive this one. NULL: none */
    const struct mye_run *lender;
    /* Firing rates above the target add strength * excess^2 to the loss (rate_term.c); 0: off */
    double rate_strength, rate_target;
} mye_run_options;

mye_status mye_run_create(mye_context *ctx, const mye_model *model, const mye_run_options *options,
                          mye_run **out, mye_error *err);
/* Counts only: never allocates the arena. */
mye_status mye_run_count(mye_context *ctx, const mye_model *model, const mye_run_options *options,
                         mye_plan *plan, mye_error *err);
void mye_run_free(mye_run *run);

typedef struct mye_step_result {
    double loss;               /* of the last module, that of the network's output               */
    const double *module_loss; /* [modules of the model], each with the weights of its heads     */
    int64_t correct;           /* samples whose best class is the (first) label                  */
    mye_told told;             /* of each sample                                                 */
    const float *output;       /* [B][K] outputs collapsed over time, as the readout says         */
} mye_step_result;

/* One step with n <= B samples: training computes gradients into the model's gradient block (which
 * it clears first); inference only outputs. */
mye_status mye_run_step(mye_run *run, int n, mye_source source, const mye_target *target,
                        uint64_t seed, mye_step_result *out, mye_error *err);
/* The forward pass of a training step alone: no weight moves, no gradient is made. Batch
 * normalisation gives its new statistics the share `share` in the running ones (0: its momentum). */
mye_status mye_run_statistics(mye_run *run, int n, mye_source source, const mye_target *target,
                              uint64_t seed, double share, mye_error *err);
/* Who looks on while a run works; both may be NULL. */
typedef struct mye_watch {
    /* Behind the forward of a node that stores its value: that and its inputs can be loaded, of steps
     * [t0, t1). Recomputed values are not shown. */
    void (*node)(void *self, const mye_pass *p, const mye_node *n, int t0, int t1);
    /* Inference: behind each span. `out` [t1][B][K]: the network's outputs so far (where they are the
     * same at all steps: one row). False: enough; what follows, loss and score too, counts the steps
     * that were made. */
    bool (*steps)(void *self, const mye_pass *p, int t1, const float *out);
    void *self;
} mye_watch;
void mye_run_set_watch(mye_run *run, mye_watch watch);
/* What the step at hand has told. */
mye_told mye_run_told(const mye_run *run);
/* Sum of the squares that told.readout, or told.layers, of sample b is made of, in units of the batch's
 * loss; and the factor that makes its root the sample's own: what runs of one batch add up. */
double mye_run_told_squares(const mye_run *run, int b, bool readout);
float mye_told_scale(const mye_target *target, int n, int b);
/* Floats that the layer reads which the output is made of; 0: there is none. */
int64_t mye_model_feature_size(const mye_model *m);
/* Seconds that telling of gradients has taken. */
double mye_run_told_s(const mye_run *run);
/* For runs that move the weights within a step (OTTT_O, mye_run_options.immediate): `move` is called
 * with the gradient in the model's block, for one module, or for all of them (-1). */
void mye_run_set_move(mye_run *run, void (*move)(void *self, int module), void *self);
/* What a head of a module has collected of a batch, all steps of it, for weights that are solved. */
typedef struct mye_gathered {
    int steps, B;
    int64_t n;
    const float *value;       /* [steps][B][n]                      */
    const float *time_weight; /* [steps] as the readout weighs them */
    const mye_target *target;
} mye_gathered;
/* `gather` is called within each training step for every module with a fit (module.h); what it is
 * given lives as long as the call. */
void mye_run_set_gather(mye_run *run,
                        void (*gather)(void *self, int module, const mye_gathered *in), void *self);
/* Does the run move the weights itself? Then its last gradient is already used. */
bool mye_run_moves(const mye_run *run);
/* The model's weights have changed: a run that keeps them packed packs them anew. */
void mye_run_repack(mye_run *run);
size_t mye_run_bytes(const mye_run *run); /* what this run allocated */
/* The spike pass, for tests, probes and firing rates. */
mye_pass *mye_run_pass(mye_run *run);
/* The second pass (rate-based learning); NULL when the rule has none. */
mye_pass *mye_run_rate_pass(mye_run *run);

/* ---- stages (run_stage.c) ----
 *
 * A run of some modules takes what they read of earlier ones from a packet and leaves what later
 * ones read in another. Such runs of one model may be at work at the same time, each with a context
 * of its own, where weights move at once (`immediate`) and gradients are not shared. */

/* Bytes of the packet that the stage takes, or, `out`, leaves; 0: none. The packet of one stage's end
 * is that of the next one's beginning, for the same time rule, loss, T and B. */
size_t mye_run_border_bytes(const mye_run *run, bool out);
/* Packets of the steps from now on, aligned to MYE_ALIGN. */
void mye_run_set_border(mye_run *run, void *in, void *out);

/* ---- how layers are computed, and where the time went ---- */

/* The ways (1 + mye_conv_way, 0: none yet) of all passes, nodes and MYE_CONV_PASSES: what a run must
 * keep to go on bit for bit. Setting leaves out what this run may not go. */
size_t mye_run_ways_bytes(const mye_run *run);
void mye_run_ways_get(const mye_run *run, uint8_t *ways);
void mye_run_ways_add(const mye_run *run, uint8_t *ways); /* those that the run knows */
void mye_run_ways_set(mye_run *run, const uint8_t *ways);
/* Name of the way of a layer's pass (mye_conv_way of the last pass that took one), "" if none. */
const char *mye_run_way(const mye_run *run, int node, int pass);
/* Seconds in a node's forward (0), backward (1) and, of this, weight gradient (2). */
double mye_run_spent(const mye_run *run, int node, int which);

/* ---- ops, for time rules ---- */

const mye_model *mye_run_model(const mye_run *run);
const mye_run_options *mye_run_asked(const mye_run *run);
/* While preparing: what a rule notes for itself found no memory. */
void mye_run_out_of_memory(mye_run *run);
/* While preparing, for the plan's count of work: each forward pass is made a second time. */
void mye_run_forward_twice(mye_run *run);
/* How many modules there are; the work goes on in module k from now on; its gradient is complete. */
int mye_run_modules(const mye_run *run);
const mye_module *mye_run_enter(mye_run *run, int k);
void mye_run_leave(mye_run *run);
/* Has the node a part in this run? Those that serve a module's loss have none in inference. */
bool mye_run_has(const mye_run *run, int node);
/* A new pass (the run starts with one): T steps, holding `window` of them at a time. */
mye_pass *mye_run_add_pass(mye_run *run, int T, int window);
/* Gives node's slot a buffer of `bytes`. DATA and GRAD have theirs; U, E, R, EPS on demand. */
void mye_run_need(mye_run *run, mye_pass *p, int node, mye_slot slot, size_t bytes);
void mye_run_forward(mye_run *run, mye_pass *p, int node, int t0, int t1);
void mye_run_backward(mye_run *run, mye_pass *p, int node, int t0, int t1);
/* Runs `work` as an op that reads and writes the given slots; for what only one rule does. `arg` lives
 * as long as the call. */
typedef struct mye_touch {
    mye_pass *p;
    int node;
    mye_slot slot;
    bool write;
} mye_touch;
void mye_run_op(mye_run *run, const mye_touch *touch, int n,
                void (*work)(const mye_touch *touch, void *arg), void *arg);
/* From now on backward ops and those of the rule are announced and not done, until idle is false. So
 * an iteration may end early although every execution makes the same calls. */
void mye_run_idle(mye_run *run, bool idle);
/* Shows rates and eligibilities of the module's neurons to the probe, when there is one. */
void mye_run_show_rates(mye_run *run, mye_pass *p);
/* Values that the backward pass reads are kept as bfloat16: plan_half, while preparing, gives them
 * room; halve, behind the forward of node `reader`, converts those that nobody else will read on
 * the way forward, and drops the floats. Whole history (layer by layer) only. */
void mye_run_plan_half(mye_run *run, mye_pass *p);
void mye_run_halve(mye_run *run, mye_pass *p, int reader);
/* The node's stored value is not needed any more: its memory may be used by others. */
void mye_run_drop(mye_run *run, mye_pass *p, int node, mye_slot slot);
/* Slot `a` of one pass is the very memory of slot `b` of another. */
void mye_run_share(mye_run *run, mye_pass *pa, int node, mye_slot a, mye_pass *pb, mye_slot b);
/* Stored values that the backward pass of `node` needs and that were dropped are computed again. */
void mye_run_recompute(mye_run *run, mye_pass *p, int node);
/* Copies what the module's losses read, of steps [t0, t1), aside. */
void mye_run_collect(mye_run *run, mye_pass *p, const mye_module *m, int t0, int t1);
/* While preparing: what is collected comes from the rate pass, one output in place of T. */
void mye_run_one_output(mye_run *run);
/* Losses (and their gradients) of what was collected; added to the step's losses. */
void mye_run_loss(mye_run *run, const mye_module *m, int t0, int t1);
/* Hands `scale` times the gradients of the losses to the nodes of pass p that they read: step by
 * step, or, in the rate pass, summed over time. */
void mye_run_loss_grad(mye_run *run, mye_pass *p, const mye_module *m, int t0, int t1,
                       double scale);
/* Forgets which gradients of the module were written: before each backward pass. */
void mye_run_begin_backward(mye_run *run, mye_pass *p);

/* ---- span by span (run_spans.c) ----
 *
 * Visits the steps of a pass in order, `window` of them at a time:
 *
 *   for (int t = mye_run_first_span(run, p, sums); t < p->T; t = mye_run_next_span(run, p, t))
 *
 * From one visit to the next there stay: what neurons carry (membranes, traces, rates), static
 * values, and what lies in other passes and was written before the loop. All else that p's nodes
 * hold is forgotten, so memory does not depend on T. The dry execution makes one visit, which
 * stands for all: each makes the same calls, but it may leave out calls at its end (steps
 * that are not trained).
 *
 * `sums`: the gradients of static values add up over the visits; their nodes' backward comes behind
 * the loop. Static nodes' forward comes before it. */
int mye_run_first_span(mye_run *run, mye_pass *p, bool sums);
int mye_run_next_span(mye_run *run, mye_pass *p, int t);
/* The last step, exclusive, of the visit that begins at t. */
int mye_run_span_end(const mye_pass *p, int t);
/* Backward of a layer whose weight gradient reads its input's trace in place of its value. */
void mye_run_backward_traced(mye_run *run, mye_pass *p, int node, int t0, int t1);
/* trace = decay trace + value of a stored node, at step t (window 1); the value alone at t = 0. */
void mye_run_trace(mye_run *run, mye_pass *p, int node, int t, double decay);
/* Moves the weights by the gradient so far and clears it: see mye_run_set_move. */
void mye_run_move(mye_run *run);
/* Steps that go forward and backward, for the plan's count of work: T by default. */
void mye_run_forward_steps(mye_run *run, int steps);
void mye_run_backward_steps(mye_run *run, int steps);
/* What mye_run_loss adds from now on counts `factor` times. */
void mye_run_scale_loss(mye_run *run, double factor);
/* Is the loss a sum of one loss for each step? */
bool mye_run_loss_is_per_step(const mye_run *run);
/* One visit stands for all now: it must leave nothing out. */
bool mye_run_is_dry(const mye_run *run);

#endif
