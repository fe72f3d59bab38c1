/*
 * What the two neurons of differentiation on spike representation (DSR) share.
 *
 *   theta = max(parameter, bound)                   trained, one for each layer
 *   fire     s_t = [u_t >= alpha theta]
 *   reset    v_t = u_t - theta s_t
 *   send     amplitude s_t                          dsr_if: theta, dsr_lif: theta / delta_t
 *
 * Over many steps the mean of what a neuron sends tends to a clamp of its mean input m,
 *
 *   y(m) = clamp(slope m, 0, amplitude)             saturated from m = amplitude / slope on
 *
 * and the gradient is that of the clamp: no surrogate, no membranes, no way back through time.
 *
 *   dL/dm = slope g [m inside]      dL/dtheta = theta_slope sum g [m saturated]
 *
 * Source: Meng et al. 2022, arXiv 2205.00459; what the ends of the intervals belong to and
 * theta_slope are the authors' released code (training_rules.md section 8).
 *
 * Chosen: the gradient passes through the bound, so that a threshold below it can rise again; and
 * weight decay leaves thresholds alone, as it does biases.
 */
#ifndef MYE_DSR_H
#define MYE_DSR_H

#include <math.h>

#include "neuron/neuron.h"

/* dsr_if has no tau and delta_t: they are 0. */
typedef struct mye_dsr_options {
    double theta, alpha, bound, tau, delta_t;
} mye_dsr_options;

typedef struct mye_dsr_coef {
    mye_lif lif;
    float amplitude, slope, end; /* end: the mean input from which on it is saturated          */
    bool closed;                 /* the ends 0 and `end` belong to the inside                  */
    double theta_slope;
} mye_dsr_coef;

mye_status mye_dsr_shape(mye_node *n, mye_error *err);
/* The bounded threshold, and all of lif but decay and gain. */
double mye_dsr_begin(const mye_node *n, double decay, double gain, mye_dsr_coef *coef);
int64_t mye_dsr_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                     float *out);
bool mye_dsr_fuse(const mye_neuron_chunk *c, mye_lif_steps *steps);
void mye_dsr_mean_backward(const mye_neuron_chunk *c, const float *x, const float *g, float *dx,
                           double *dparam);
float mye_dsr_amplitude(const mye_neuron_chunk *c);
int mye_dsr_rate_mode(const mye_node *n);

/* ---- rows of parameter tables ---- */

#define DSR_PARAM(field, value, lowest, words)                                               \
    {                                                                                        \
        .name = #field, .type = MYE_PARAM_FLOAT, .offset = offsetof(mye_dsr_options, field), \
        .def = value, .min = lowest, .max = 1e6, .unit = "", .help = words                   \
    }
#define DSR_PARAM_THETA(value) \
    DSR_PARAM(theta, value, 0.0, "threshold to begin with; it is trained, one for each layer")
#define DSR_PARAM_ALPHA(value) \
    DSR_PARAM(alpha, value, 1e-6, "fires from alpha theta on, and loses theta")
#define DSR_PARAM_BOUND(value) DSR_PARAM(bound, value, 1e-9, "the threshold is at least this")
#define DSR_PARAM_END \
    {                 \
        .name = NULL  \
    }

#define DSR_FUNCTIONS                                                                   \
    .spiking = true, .coef_bytes = sizeof(mye_dsr_coef), .shape = mye_dsr_shape,        \
    .step = mye_dsr_step, .fuse = mye_dsr_fuse, .mean_backward = mye_dsr_mean_backward, \
    .amplitude = mye_dsr_amplitude, .rate_mode = mye_dsr_rate_mode

#endif
