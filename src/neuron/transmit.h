/*
 * Neurons of converted networks: what they share. Each sends y = theta o with an integer coefficient
 * o and keeps the rest in its potential, so that the sum of all it has sent follows that of its
 * drive; the mean of y over the steps stands for the activation of a ReLU.
 *
 *   v_t = V_{t-1} + x_t;  o_t in whole thresholds, within -min(low, S_{t-1}) .. high
 *   S_t = S_{t-1} + o_t;  V_t = v_t - theta o_t;  V_0 = v0 theta, S_0 = 0
 *
 * A neuron says how v becomes o (mye_transmit); all else is here. Thresholds are one for the layer,
 * one for each channel or one for each neuron, in the buffer `theta`; `v0`, in thresholds, is one for
 * the layer or one for each neuron. Both are filled from the options when a network is made, and by
 * conversion.
 *
 * State: v_t and S_{t-1}. Backward, with g = dL/dy, a = dL/dV and b = dL/dS from the next step:
 *
 *   d = theta (g - a) + b        (to_zero: theta g - v a + b)
 *   dv = a + d do/dv             (to_zero: a [o = 0] + d do/dv)
 *   a <- dv;  b <- b + d do/dS
 *
 * Neurons that send at most one spike have a surrogate: do/dv = sigma'(v/theta - 1) / theta. Those
 * that send numbers are taken for the identity between their limits (straight through): do/dv =
 * 1/theta there, and where only S is left to take back, do/dS = -1. In the gradient check (smooth) o
 * is what has these derivatives: the surrogate's primitive, or v/theta between the limits.
 *
 * Source: Rueckauer et al. 2017, Frontiers in Neuroscience 11:682 (reset by subtraction); the others
 * are named in their files.
 */
#ifndef MYE_TRANSMIT_H
#define MYE_TRANSMIT_H

#include "neuron/neuron.h"

enum { TRANSMIT_LAYER, TRANSMIT_CHANNEL, TRANSMIT_NEURON }; /* options.per */

typedef struct mye_transmit_options {
    double theta, v0;
    int per, v0_per;  /* v0_per: 0 for the layer, 1 for each neuron */
    int64_t coef_max; /* 0: none */
    bool shift;
    char surrogate[MYE_METHOD_MAX];
} mye_transmit_options;

/* n->plan: the surrogate, parsed once; NULL where the neuron has none. */
typedef struct mye_transmit_plan {
    const mye_surrogate *surrogate;
    double a, b;
} mye_transmit_plan;

typedef struct mye_transmit_coef {
    mye_transmit how;
    bool spikes; /* o is 0 or 1, with a surrogate */
    mye_transmit_plan plan;
} mye_transmit_coef;

mye_status mye_transmit_shape(mye_node *n, mye_error *err);
/* low, high: limits of o; for the rest see mye_transmit. */
void mye_transmit_make(const mye_node *n, float low, float high, mye_transmit_coef *coef);
/* The same for neurons of one spike at most: surrogate out of the options. */
void mye_transmit_make_spikes(const mye_node *n, bool to_zero, mye_transmit_coef *coef);
int64_t mye_transmit_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                          float *out);
void mye_transmit_backward(const mye_neuron_chunk *c, const float *g, const float *h,
                           const float *u, const float *u_last, const float *x, float *carry,
                           float *dx, double *dparam);
int mye_transmit_rate_mode(const mye_node *n);
/* Is n such a neuron? */
bool mye_transmit_is(const mye_node *n);
/* Its largest coefficient as an option says: coef_max, or no limit. */
float mye_transmit_most(const mye_node *n);

/* ---- parameter tables ---- */

#define TRANSMIT_ROW(field, label, kind, value, text)                                           \
    .name = label, .type = kind, .offset = offsetof(mye_transmit_options, field), .def = value, \
    .unit = "", .help = text
#define TRANSMIT_PARAMS                                                                           \
    {TRANSMIT_ROW(theta, "theta", MYE_PARAM_FLOAT, "1", "threshold to begin with"), .min = 1e-30, \
     .max = 1e30},                                                                                \
        {TRANSMIT_ROW(v0, "v0", MYE_PARAM_FLOAT, "0",                                             \
                      "potential to begin with, in thresholds; 0.5 rounds where 0 cuts off"),     \
         .min = -1e6, .max = 1e6},                                                                \
        {TRANSMIT_ROW(per, "per", MYE_PARAM_CHOICE, "layer", "what has a threshold of its own"),  \
         .choices = "layer|channel|neuron"},                                                      \
    {                                                                                             \
        TRANSMIT_ROW(v0_per, "v0_per", MYE_PARAM_CHOICE, "layer", "what has a v0 of its own"),    \
            .choices = "layer|neuron"                                                             \
    }
#define TRANSMIT_PARAM_MOST                                                  \
    {                                                                        \
        TRANSMIT_ROW(coef_max, "coef_max", MYE_PARAM_INT, "0",               \
                     "largest coefficient, as of a hardware word; 0: none"), \
            .min = 0, .max = 1 << 22                                         \
    }
#define TRANSMIT_PARAM_SHIFT                                                                     \
    {                                                                                            \
        TRANSMIT_ROW(shift, "shift", MYE_PARAM_BOOL, "no",                                       \
                     "coefficients are powers of two: a synapse shifts where it would multiply") \
    }
#define TRANSMIT_PARAM_SURROGATE                                                  \
    {                                                                             \
        TRANSMIT_ROW(surrogate, "surrogate", MYE_PARAM_METHOD, "sigmoid:alpha=4", \
                     "derivative of the spike by v / theta"),                     \
            .size = MYE_METHOD_MAX, .kind = &mye_kind_surrogate                   \
    }
#define TRANSMIT_PARAM_END \
    {                      \
        .name = NULL       \
    }

/* The functions that all of the family have. */
#define TRANSMIT_FUNCTIONS                                                                     \
    .events = true, .planes = 2, .coef_bytes = sizeof(mye_transmit_coef),                      \
    .shape = mye_transmit_shape, .step = mye_transmit_step, .backward = mye_transmit_backward, \
    .rate_mode = mye_transmit_rate_mode

#endif
