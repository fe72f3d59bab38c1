/*
 * Learning at equilibrium: what SPIDE and IDE share.
 *
 * The rates of a network of integrate-and-fire neurons with soft reset, fed constantly, approach a
 * fixed point, also with feedback:
 *
 *   a_i = clamp(c_i / V_i, 0, 1)     c_i the neuron's input current at these rates
 *
 * with V = `subtract`, what a spike takes off the membrane. The gradient of a loss of the rates
 * follows from the fixed point alone, however it was reached: with m_i = 1 where a_i is inside
 * (0, 1) and g_i = dL/da_i through the layers behind the last neurons (the head),
 *
 *   beta_i = g_i + sum over neurons j that i drives of (dc_j / da_i)^T (beta_j m_j / V_j)    (1)
 *   dL/dw  = sum over i of (dc_i / dw)^T (beta_i m_i / V_i)
 *
 * The layers between neurons must be linear, so (1) is a linear system whose operator is a backward
 * pass without weight gradients; SPIDE solves it by spikes, IDE by numbers. Nodes are one of:
 *
 *   inner  a neuron depends on it; it works at every step
 *   head   everything else behind the neurons; it works once, on rates
 *   late   feedback and the virtual nodes between it and its neuron
 *
 * Memory: rates, masks, g and beta of every neuron, one step of everything else.
 *
 * Source: Xiao et al. 2021, arXiv 2109.14247, section 4; Xiao et al. 2023, arXiv 2302.00232, section 3.
 */
#ifndef MYE_EQUILIBRIUM_H
#define MYE_EQUILIBRIUM_H

#include "time/time.h"

typedef struct mye_eq {
    mye_run *run;
    mye_pass *spikes, *rates;
    const mye_module *m;
    double decay;      /* lambda of all neurons                                        */
    double loss_scale; /* the head's gradients are those of loss_scale times the loss  */
    double gain;       /* g = gain times the head's gradient                           */
    double share;      /* weights get share times what beta says                       */
} mye_eq;

/* What a neuron of the sweep works on; all [B][n], a chunk at `at`. NULL: there is none. */
typedef struct mye_eq_chunk {
    int64_t n;
    const float *grad;  /* sum of (dc_j / da_i)^T out_j                                 */
    const float *drive; /* g                                                            */
    float *u, *beta;
    float *out; /* [n] to be written; times m / V it goes to the input current          */
} mye_eq_chunk;
typedef void (*mye_eq_neuron)(const void *arg, const mye_eq_chunk *c);

/* Refuses networks and settings without such a gradient, in the rule's name. */
mye_status mye_eq_check(const char *rule, const mye_model *model, const mye_run_options *o,
                        mye_error *err);
/* Passes, buffers, roles; returns the rate pass, or NULL: no memory. `membranes`: the sweep has a
 * membrane for each neuron. */
mye_pass *mye_eq_prepare(mye_run *run, bool membranes);
mye_eq mye_eq_begin(mye_run *run, const mye_module *m);

/* Scales the weights of layers that feedback reads so that their Frobenius norm is at most `norm`; 0:
 * leaves them alone. */
void mye_eq_restrict(const mye_eq *eq, double norm);
/* T spiking steps; rates, masks, the head's output and loss. */
void mye_eq_forward(const mye_eq *eq);
/* Gradients of the head; g. After it, no gradient is written. */
void mye_eq_head(const mye_eq *eq);
/* Once down from the last neurons to the first. What feedback hands to a later node waits there for
 * the next sweep. `out` is shown to a probe as that of step `step`, unless that is negative. */
void mye_eq_sweep(const mye_eq *eq, mye_eq_neuron neuron, const void *arg, int step);
/* Gradients of the weights between neurons, from beta. */
void mye_eq_weights(const mye_eq *eq);

/* ---- inner parts of equilibrium*.c ---- */

enum {
    MYE_EQ_INNER = 1,   /* some neuron depends on it                         */
    MYE_EQ_BEHIND = 2,  /* depends on some neuron, the neuron itself aside   */
    MYE_EQ_LATE = 4,    /* feedback, and virtual nodes behind it             */
    MYE_EQ_DRIVEN = 8,  /* a neuron that the head reads                      */
    MYE_EQ_FORWARD = 16 /* its value at the rates is wanted                  */
};

/* Notes each node's roles in v[node].role. */
void mye_eq_roles(const mye_model *model, mye_value *v);
/* Decay and V of a neuron; false: it has no such fixed point. */
bool mye_eq_neuron_of(const mye_node *n, double *decay, double *amplitude);
/* After the spike pass' step t of node i: adds to its rate, or to the mean input. */
void mye_eq_collect(const mye_eq *eq, int i, int t);
/* Values at the rates that the head or the gradients of weights read. */
void mye_eq_values(const mye_eq *eq);

static inline unsigned mye_eq_role(const mye_eq *eq, int node)
{
    return eq->rates->value[node].role;
}

static inline const mye_node *mye_eq_node_of(const mye_eq *eq, int i)
{
    return eq->rates->node[i];
}

static inline bool mye_eq_is_head(const mye_eq *eq, int i)
{
    return i > 0 && eq->rates->node[i]->neuron == NULL && !(mye_eq_role(eq, i) & MYE_EQ_INNER);
}

#endif
