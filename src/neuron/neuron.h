/*
 * Neurons: nodes with a membrane. One neuron = one file + one line in neuron_list.inc; the driver
 * (neuron.c) does everything that is common: chunks, the scan over time, packing of spikes,
 * recomputing membranes in the backward pass, collection for rate-based learning, probes.
 *
 * The state that is carried from step to step is u, the membrane before reset: the reset of the
 * last step is applied at the beginning of the next one. So the backward pass of one step needs
 * nothing but u, and the reset variants need no second state.
 *
 * In the backward pass over all T steps the driver loads the input current again, scans forward to
 * have u of every step in scratch, then goes down in t. Nothing but the spikes (as bits) is kept.
 */
#ifndef MYE_NEURON_H
#define MYE_NEURON_H

#include "node/node.h"

#define MYE_NEURON_MAX_PARAM \
    2                            /* learnable scalars of a neuron node (PLIF: 1); weight[i] of the
                                    node belongs to dparam[i]                             */
#define MYE_NEURON_PLAN_BYTES 64 /* n->plan of a neuron node: for the neuron's own constants */

/* What the chunk functions get. `coef` points at coef_bytes made by prepare(). */
typedef struct mye_neuron_chunk {
    const mye_kernels *k;
    const mye_node *node;
    const void *coef;
    int64_t i0, n; /* neurons of the chunk: [i0, i0 + n) of the sample */
    bool first;    /* first step of a sample: there is no last membrane */
    bool smooth;   /* gradient check: s = primitive of the surrogate    */
} mye_neuron_chunk;

typedef struct mye_neuron_type {
    mye_entry entry;
    bool spiking;     /* emits 0 or 1, stored as bits (unless smooth or emit=membrane) */
    bool events;      /* emits floats that are 0 where it does not fire: those are counted */
    bool single_step; /* has meaning for T = 1 only (ReLU)                             */
    int planes;       /* floats of state a neuron has, 0: one. u of a chunk is [planes][n], the
                         membrane first, and so is what is carried back                    */
    size_t coef_bytes;
    /* Checks options, declares weights (PLIF's w), may set n->format = MYE_F32 (emit=membrane).
     * NULL: nothing */
    mye_status (*shape)(mye_node *n, mye_error *err);
    /* Coefficients from options and weights; once per op. */
    void (*prepare)(const mye_node *n, void *coef);
    /* One step: u holds u_{t-1} (unless first) and receives u_t. Spikes go to `bits` (n bits from
     * bit 0; NULL: not wanted; not in smooth mode), the output as floats (spikes, or the membrane)
     * to `out` (NULL: not wanted). Returns the spike count. */
    int64_t (*step)(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                    float *out);
    /* sigma'(u_t - theta). NULL for neurons without spikes. */
    void (*derivative)(const mye_neuron_chunk *c, const float *u, float *h);
    /* One step down. g: dL/d(output of this step); h: derivative; u, u_last: membranes before reset
     * at t and t-1 (u_last NULL when first, and in the single-step form); x: input current, NULL
     * unless the node has weights. h: NULL without derivative(). carry: in dL/dv_t (or the neuron's
     * own notion of what comes from t+1), out the same for t-1. dx: gradient of x (may equal g).
     * dparam: [MYE_NEURON_MAX_PARAM] sums to add to. */
    void (*backward)(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                     const float *u_last, const float *x, float *carry, float *dx, double *dparam);
    /* The kernels' passes over all steps do what step, derivative and rate_collect do and, without
     * weights, backward. Says with which coefficients and surrogate; false: not with these options.
     * NULL: never. */
    bool (*fuse)(const mye_neuron_chunk *c, mye_lif_steps *steps);
    /* Rate-based learning: which update of epsilon fits (mye_kernels.rate_collect mode), or -1:
     * the neuron has no rate-based form. */
    int (*rate_mode)(const mye_node *n);
    /* Rate-based: du_t/dc at the first step is `gain` (e is multiplied by it at the end), and
     * mode 0 is eps_{t+1} = 1 + decay eps_t. NULL where rate_mode is always -1. */
    void (*rate_coef)(const mye_neuron_chunk *c, double *decay, double *gain);
    /* Neurons that stand for a function of the mean of their input over the steps (DSR). Their
     * gradient knows no membranes: mean_backward gets, over all T steps, the mean of the input x and
     * T times the mean of the gradient g, writes dx, of which every step gets the T-th part, and
     * adds to dparam. Weights of both means are proportional to mean_decay^(T - t). All of these
     * three or none: amplitude is what a spike is worth, where it is not 1. */
    double (*mean_decay)(const void *options);
    void (*mean_backward)(const mye_neuron_chunk *c, const float *x, const float *g, float *dx,
                          double *dparam);
    float (*amplitude)(const mye_neuron_chunk *c);
    /* Rate-based: one step of collection (usually k->rate_collect with the coefficients). */
    void (*rate_collect)(const mye_neuron_chunk *c, const float *u, const float *h, float *eps,
                         float *e, float *r);
} mye_neuron_type;

/* Surrogates: scalar truth in double; the kernels' versions are tested against these. */
typedef struct mye_surrogate {
    mye_entry entry;
    mye_surrogate_id id;
    double (*derivative)(double x, double a, double b);
    double (*primitive)(double x, double a, double b); /* continuous; its derivative is the above */
    /* a, b out of parsed options */
    void (*constants)(const void *options, double *a, double *b);
} mye_surrogate;

extern const mye_kind mye_kind_neuron, mye_kind_surrogate;
const mye_neuron_type *mye_neuron_type_find(const char *name); /* or NULL */

/* The node type that all neurons share (n->neuron says which). Its forward, beside the value,
 * fills value.u (when not NULL) and value.e, value.r, value.eps (when e is not NULL; over all T
 * steps of the pass they end as means over T). Its backward over the span [t0, t1):
 *   whole history (t0 = 0, t1 = T): exact BPTT with carry;
 *   one step with p->t_base == t0: no carry, membrane from value.u (SLTT, OTTT). */
extern const mye_node_type mye_node_neuron;
/* The membrane's decay per step, lambda; 0 for neurons that have none. */
double mye_neuron_decay(const mye_node *n);
/* Floats of state of a neuron (planes); its membranes of B samples in value.u take so many bytes. */
int mye_neuron_planes(const mye_node *n);
size_t mye_neuron_state_bytes(const mye_node *n, int B);
/* Are its spikes counted in value.spikes? */
bool mye_neuron_counts(const mye_node *n);
/* Rate pass: dL/dc = e dL/dr, for all B samples. */
void mye_neuron_backward_rate(const mye_node *n, mye_pass *p, const float *e);
/* Does that read the input, to add up on the way what a batch norm in front needs? */
bool mye_neuron_rate_reads(const mye_node *n, const mye_pass *p);

#endif
