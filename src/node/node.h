/*
 * Nodes: what a network is made of. Layers and neurons are nodes alike; a node reads the values of
 * earlier nodes by index. One node kind = one file + one line in node_list.inc.
 *
 * VALUES. The value of a node has the meaning [T, B, C, H, W] and is stored channels-last:
 * [steps][B][H][W][C]. It is stored as floats, or, where every entry is 0 or 1 (spikes), as bits; so
 * is what has one other value for all spikes of a layer (`scaled`), which loading multiplies by.
 * A node may be *virtual*: it stores nothing; its `load` computes any piece of its value from its
 * inputs' values (batch norm, add, flatten, scale, dropout, identity, readout). So x -> BN -> LIF
 * costs no pass over memory for BN, and the backward pass recomputes what it needs.
 *
 * STATIC values are the same at every time step (direct input and stateless layers behind it):
 * they have one step, and their gradient is the sum over steps.
 *
 * CHUNKS. All elementwise work goes piece by piece: mye_at names T step t, sample b and elements
 * [i0, i0 + n) of that sample's [H][W][C] block. A chunk covers whole pixels (i0 and n multiples of
 * C) or lies inside one pixel. mye_load gives a pointer to the values of a chunk.
 *
 * GRADIENTS. dL/d(value) is float, [steps][B][N]; a node's backward reads its own gradient and
 * hands gradients to its inputs, either whole (convolutions: mye_grad_target) or chunk by chunk
 * (mye_grad_put). Chunks of one (b, i0) must be put in descending t.
 *
 * A built network is read-only while running, but for weight gradients and running statistics.
 */
#ifndef MYE_NODE_H
#define MYE_NODE_H

#include "base/base.h"
#include "kernel/kernel.h"

typedef struct mye_node mye_node;
typedef struct mye_pass mye_pass;

/* Shape of one sample. Vectors are c = N, h = w = 1. `flat`: [C,H,W] seen as one vector of C*H*W
 * (in C,H,W order for the outside world; storage stays channels-last). */
typedef struct mye_shape {
    int c, h, w;
    bool flat;
} mye_shape;

static inline int64_t mye_shape_size(mye_shape s)
{
    return (int64_t)s.c * s.h * s.w;
}

typedef enum mye_format { MYE_F32, MYE_BITS } mye_format;

/* How the outside world (PyTorch, safetensors, golden files) lays a weight out, and we:
 *   PLAIN  the same           CONV   [O][C/g][kh][kw] <-> [kh][kw][C/g][O]
 *   DENSE  [O][c*h*w] <-> [h][w][c][O]  (with the input's c, h, w)                      */
typedef enum mye_weight_layout {
    MYE_WEIGHT_PLAIN,
    MYE_WEIGHT_CONV,
    MYE_WEIGHT_DENSE
} mye_weight_layout;

typedef enum mye_init {
    MYE_INIT_CONSTANT,        /* `gain` everywhere                                          */
    MYE_INIT_KAIMING_UNIFORM, /* U(-b, b), b = gain sqrt(3 / fan_in); gain = 1/sqrt(3) is the
                                 usual framework default (b = 1/sqrt(fan_in))               */
    MYE_INIT_KAIMING_NORMAL,  /* N(0, gain^2 / fan)                                         */
    MYE_INIT_NORMAL,          /* N(0, gain^2)                                               */
    MYE_INIT_UNIT_ROWS        /* normal, then each row dim[0] scaled to the length `gain`   */
} mye_init;

typedef struct mye_weight {
    char name[112];   /* "<node>.<role>"                                                  */
    const char *role; /* "weight", "bias", "running_mean", ...                             */
    int rank, dim[4]; /* outside layout                                                   */
    int c, h, w;      /* DENSE: the input's shape                                         */
    size_t count;
    mye_weight_layout layout;
    bool trainable; /* false: a buffer (running statistics)                             */
    bool auxiliary; /* of an auxiliary node                                             */
    bool frozen;    /* would be trainable, but its node does not learn                  */
    bool decay;     /* weight decay applies (convolution and dense weights)             */
    mye_init init;
    double gain;
    int64_t fan; /* fan_in (or fan_out) for the Kaiming initialisers                 */
    float *data; /* in the model's block                                             */
    float *grad; /* the same place of the gradient block; NULL for buffers           */
    /* Drawn from this seed; 0: from the model's. */
    uint64_t seed;
} mye_weight;

/* Work and size of one sample and one time step, for tables, `plan` and energy figures. */
typedef struct mye_ops {
    double macs; /* multiply-adds of the dense computation */
} mye_ops;

typedef enum mye_op { MYE_OP_FORWARD, MYE_OP_BACKWARD } mye_op;

enum {
    MYE_NODE_LINEAR = 1,        /* commutes with the mean over time (not BN, not max pooling)     */
    MYE_NODE_READS_INPUT = 2,   /* backward reads the values of the inputs                        */
    MYE_NODE_GRAD_IN_PLACE = 4, /* backward may write an input's gradient over its own            */
    MYE_NODE_TIME = 8,          /* mixes or distinguishes time steps: its value is never static   */
    MYE_NODE_SAME = 16,         /* virtual, and its value is its input's, element by element      */
    MYE_NODE_STOP = 32,         /* no gradient is handed to it by its readers; its backward runs
                                   without                                                    */
    MYE_NODE_PRODUCT = 64,      /* a convolution or dense layer: plan is its mye_conv_shape      */
};

typedef struct mye_at {
    int t, b;
    int64_t i0, n;
} mye_at;

typedef struct mye_node_type {
    mye_entry entry;
    int min_in, max_in;
    unsigned flags;
    size_t plan_bytes; /* size of n->plan */
    /* Checks options against input shapes; sets n->shape and n->format; fills n->plan; declares
     * weights with mye_node_weight (the same order every time). On entry n->in_shape and n->format
     * are those of the first input (of an `input` node: the sample's shape; `in` is not read). */
    mye_status (*shape)(mye_node *n, const mye_shape *in, mye_error *err);
    /* Bytes of value.state, kept for the whole run (batch statistics, masks); NULL: none */
    size_t (*state_bytes)(const mye_node *n, const mye_pass *p);
    /* Shared scratch during one op (p->scratch), and scratch per thread; NULL: none */
    size_t (*scratch_bytes)(const mye_node *n, const mye_pass *p, mye_op op);
    size_t (*lane_bytes)(const mye_node *n, const mye_pass *p, mye_op op);
    /* Steps [t0, t1) (static nodes: always [0, 1)). NULL: nothing to do (virtual). */
    void (*forward)(const mye_node *n, mye_pass *p, int t0, int t1);
    /* Not NULL: virtual. Returns the chunk's values: a pointer into memory that stays, or dst. */
    const float *(*load)(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                         mye_lane *lane);
    void (*backward)(const mye_node *n, mye_pass *p, int t0, int t1);
    /* Not NULL: the gradient of the input may be virtual too. Is it so? And a chunk of it, from the
     * node's own gradient and the input's value, in dst; the lane bytes that takes. */
    bool (*tells_grad)(const mye_node *n);
    void (*load_grad)(const mye_node *n, const mye_pass *p, mye_at at, float *dst, mye_lane *lane);
    size_t (*grad_lane_bytes)(const mye_node *n, const mye_pass *p, int64_t floats);
    void (*count)(const mye_node *n, mye_ops *ops); /* NULL: no multiply-adds */
} mye_node_type;

struct mye_neuron_type;

#define MYE_NODE_MAX_IN 8

struct mye_node {
    const mye_node_type *type;
    const struct mye_neuron_type *neuron; /* neuron nodes, else NULL                      */
    void *options;                        /* parsed options of the type or of the neuron  */
    void *plan;                           /* constants made by shape()                    */
    char name[80];
    int index;
    int n_in, in[MYE_NODE_MAX_IN]; /* feedback: one more, see feedback.h                  */
    mye_shape in_shape; /* of the first input                                             */
    mye_shape shape;
    mye_format format;
    bool scaled;     /* bits: a set bit is worth value.amplitude, not 1                */
    bool is_static;  /* value is the same at every step                                */
    bool needs_grad; /* has weights, or something before it has                        */
    bool auxiliary;  /* serves a module's loss only: no part of inference              */
    int n_consumers;
    int n_weights;
    mye_weight *weight; /* trainable ones and buffers, in the order of declaration        */
    mye_context *ctx;
};

/* For shape(): declares a weight; values of `w` that are 0 take defaults (name, count are filled
 * in). Fails only for want of memory. Declared again (a second shape() call): the same slot. */
mye_status mye_node_weight(mye_node *n, const mye_weight *w, mye_error *err);
/* The weight of that role, or NULL. */
mye_weight *mye_node_find(const mye_node *n, const char *role);

/* What a pass knows of one node's value. Rows: one (t, b) block. */
typedef struct mye_value {
    void *data;     /* float or uint64_t words; NULL for virtual nodes                     */
    uint16_t *half; /* not NULL: the value is here, as bfloat16, instead                     */
    int half_after; /* node behind whose forward that happens; 0: never                      */
    mye_format format;
    float amplitude;   /* scaled nodes: what a set bit is worth; the forward pass says it     */
    int steps;         /* steps held: 1 for static values                                     */
    int64_t n;         /* elements of a sample                                                */
    int64_t row;       /* floats or words of a row                                            */
    float *grad;       /* [steps][B][n], NULL when nobody needs it                            */
    bool grad_written; /* someone wrote it already in this backward pass                   */
    bool grad_alias;   /* grad is the same memory as that of the only consumer             */
    int grad_from;     /* not 0: grad is virtual, that node (the only consumer) tells it   */
    bool summed;       /* batch norm: the sums of its next pass are in its state already   */
    void *state;       /* state_bytes                                                         */
    uint8_t way[MYE_CONV_PASSES];    /* layers: 1 + mye_conv_way of each pass; 0: none yet       */
    uint8_t packed;                  /* 1 + the way that the kept weights are packed for; 0: none */
    double spent_s[MYE_CONV_PASSES]; /* profile: forward; backward; of this, layers' weights  */
    /* neurons only; which of them exist is the time rule's choice */
    float *u;     /* [B][n] membrane before reset at the last step: carried between spans */
    float *e, *r; /* [B][n] rate-based: sum (then mean) of derivative, of spikes         */
    float *eps;   /* [B][n] rate-based, single-step, other than soft detached reset      */
    float *trace; /* [B][n] decayed sum of the values so far (OTTT)                      */
    /* heads only, [T][B][n]: what the loss reads, and its gradient; how many steps there are, and how
     * many of them are in (1 for static outputs and the rate pass) */
    float *out, *dout;
    int outputs, collected;
    int64_t spikes;       /* set bits counted in this pass (neurons that store bits)             */
    bool crosses;         /* a later module reads it                                             */
    bool fed_back;        /* a feedback node reads it one step late: it stays from step to step  */
    unsigned role;        /* what the time rule noted about this node while preparing            */
    double smooth_spikes; /* the same where spikes are smooth, when a loss asks for it        */
} mye_value;

/* What a probe may be shown; `x` holds at.n values of the chunk. Only tests and `verify` use it. */
typedef enum mye_probe_kind {
    MYE_PROBE_MEMBRANE,
    MYE_PROBE_SPIKES,
    MYE_PROBE_RATE, /* rate-based learning: whole rows, t = 0 */
    MYE_PROBE_ELIGIBILITY,
    /* learning at equilibrium, whole rows: */
    MYE_PROBE_MASK,          /* over 0: it fired at some steps and not at all, t = 0       */
    MYE_PROBE_RATE_GRADIENT, /* what the layers behind the last neurons say of a rate, t = 0      */
    MYE_PROBE_BACKWARD_SPIKE, /* ternary spikes of a backward step t                               */
    MYE_PROBE_BETA, /* solution of the adjoint equation, t = 0                           */
    MYE_PROBE_KINDS
} mye_probe_kind;
typedef void (*mye_probe)(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at,
                          const float *x);

/*
 * A pass is one way through the network: the spike pass with its T steps or, for rate-based
 * learning, the rate pass with one. It points at the values; who owns them is the run's business.
 */
struct mye_pass {
    mye_run_lanes lanes;
    const mye_kernels *k;
    mye_node *const *node;
    int n_nodes;
    int T, B;
    int t_base;       /* first step that the buffers hold (span-by-span rules), else 0      */
    int window;       /* steps that the buffers hold                                        */
    bool training;    /* batch statistics, dropout                                          */
    bool smooth;      /* gradient check: spikes replaced by the surrogate's primitive       */
    bool per_step;    /* single-step mode: batch norm sees one step at a time               */
    bool rates;       /* this is the rate pass: batch norm uses the statistics in its state */
    bool repeated;    /* a value is recomputed: no running statistics, no counting          */
    bool forgets;     /* nobody looks at a step's batch statistics after the next began     */
    bool renews;      /* weights move between steps: static values are computed at each     */
    bool traced;      /* the op reads its input's trace where there is one                  */
    bool data_only;   /* backward hands gradients on and leaves those of weights alone      */
    bool to_layers;   /* backward hands gradients to layers, not to neurons                 */
    bool backprop;    /* direct feedback hands on what its readers say (options.whole)      */
    float share;      /* of new batch statistics in the running ones; 0: momentum           */
    uint64_t seed;    /* of this training step, for dropout                                 */
    mye_value *value; /* [n_nodes]                                                          */
    void *scratch;    /* of the op that runs                                                */
    unsigned ways;    /* bit w: layers may go way w (mye_conv_way); memory is planned for it  */
    int forced;       /* the way where it fits (tests, bench), or MYE_CONV_ANY                */
    bool keep_packed; /* layers keep their packed weights, in their state; forward only       */
    bool profile;     /* spent_s is wanted                                                    */
    mye_probe probe;  /* NULL as a rule                                                     */
    void *probe_arg;
    /* Gradient of the loss at the network's output, [output_grad_steps][B][output_classes]: step t of
     * the pass is row t, or row 0 where there is one row only. NULL: not known (yet). */
    const float *output_grad;
    int output_grad_steps;
    int64_t output_classes;
};

/* ---- pass.c: values and gradients ---- */

static inline int mye_value_step(const mye_pass *p, const mye_value *v, int t)
{
    return v->steps == 1 ? 0 : t - p->t_base;
}
/* Number of steps that op [t0, t1) of this node has: 1 if static. */
static inline int mye_node_steps(const mye_node *n, int t0, int t1)
{
    return n->is_static ? 1 : t1 - t0;
}
/* Float row / bit row of (t, b). */
float *mye_value_row(const mye_pass *p, int node, int t, int b);
uint64_t *mye_value_bits(const mye_pass *p, int node, int t, int b);
float *mye_grad_row(const mye_pass *p, int node, int t, int b);

/* Values of a chunk of a node: a pointer into its buffer, or dst filled (at.n floats). */
const float *mye_load(const mye_pass *p, int node, mye_at at, float *dst, mye_lane *lane);
/* The same, always in dst. */
void mye_load_into(const mye_pass *p, int node, mye_at at, float *dst, mye_lane *lane);
/* Scratch per thread that one mye_load of a chunk of n floats of this node takes, at most: a
 * virtual node's load may take n floats for itself when it has several inputs, else nothing. */
size_t mye_load_lane_bytes(const mye_pass *p, int node, int64_t n);

/* mye_images over a node's values: image i is (t, b) = (t0 + i / B, i % B). A flat node is an image
 * of one row. `reader` must outlive the use. Takes scratch of mye_load of one row per thread. */
typedef struct mye_node_images {
    const mye_pass *pass;
    int node, t0;
    bool one_row; /* read the image as a vector */
} mye_node_images;
mye_images mye_images_of(const mye_node_images *reader);
/* Are the node's values 0 or 1 and stored as bits, by itself or by the node whose value it repeats?
 * Scaled bits are not: who reads them loads floats. */
bool mye_value_is_bits(const mye_pass *p, int node);

/* Where node n's backward writes the whole gradient of its k-th input from step t0 on (conv, dense,
 * pooling); *accumulate: add to what is there. NULL when that input needs no gradient. The input
 * must not be static unless n is (then t is 0). */
float *mye_grad_target(const mye_pass *p, const mye_node *n, int k, int t0, bool *accumulate);
/* Hands chunk g to the gradient of n's k-th input: writes, adds, or sums over time as it needs.
 * `last` says that at.t is the first step visited (steps go down). g may be that very place. */
void mye_grad_put(const mye_pass *p, const mye_node *n, int k, mye_at at, bool last,
                  const float *g);
bool mye_grad_wanted(const mye_pass *p, const mye_node *n, int k);
/* The gradient of a chunk of a node's own value: a pointer into its buffer, or dst filled. */
const float *mye_grad_load(const mye_pass *p, int node, mye_at at, float *dst, mye_lane *lane);
size_t mye_grad_lane_bytes(const mye_pass *p, int node, int64_t n);
/* Has the node a gradient that can be read? */
bool mye_grad_known(const mye_pass *p, int node);

/* Chunking: the largest chunk of at most `limit` floats (at least one pixel row part) whose start is
 * always a multiple of 64 elements. n_chunks chunks cover a sample; chunk j is [i0, i0 + n). */
typedef struct mye_chunks {
    int64_t n, size;
    int n_chunks;
} mye_chunks;
mye_chunks mye_chunks_of(mye_shape s, int64_t limit);
static inline mye_at mye_chunk_at(const mye_chunks *c, int t, int b, int j)
{
    const int64_t i0 = c->size * j;
    const mye_at at = {t, b, i0, c->n - i0 < c->size ? c->n - i0 : c->size};
    return at;
}

/* ---- registries ---- */

extern const mye_kind mye_kind_node;
/* Node type of that name (layers only), or NULL. */
const mye_node_type *mye_node_type_find(const char *name);

#endif
