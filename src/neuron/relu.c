/*
 * ReLU: the neuron of a network without spikes, for T = 1. It stands among the neurons so that the
 * same network description trains as an ANN.
 *
 *   u = x;  y = max(0, x);  dx = g [x > 0]
 */
#include <string.h>

#include "neuron/neuron.h"

static int64_t relu_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                         float *out)
{
    MYE_UNUSED(bits);
    memcpy(u, x, (size_t)c->n * sizeof *u);
    for (int64_t i = 0; out != NULL && i < c->n; i++)
        out[i] = x[i] > 0.0f ? x[i] : 0.0f;
    return 0;
}

static void relu_backward(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                          const float *u_last, const float *x, float *carry, float *dx,
                          double *dparam)
{
    MYE_UNUSED(h);
    MYE_UNUSED(u_last);
    MYE_UNUSED(x);
    MYE_UNUSED(carry);
    MYE_UNUSED(dparam);
    for (int64_t i = 0; i < c->n; i++)
        dx[i] = u[i] > 0.0f ? g[i] : 0.0f;
}

static int relu_rate_mode(const mye_node *n)
{
    MYE_UNUSED(n);
    return -1;
}

extern const mye_neuron_type mye_neuron_relu;
const mye_neuron_type mye_neuron_relu = {
    .entry = {.name = "relu",
              .brief = "rectified linear unit, for T = 1: the network without spikes",
              .source = "Nair and Hinton 2010"},
    .single_step = true,
    .step = relu_step,
    .backward = relu_backward,
    .rate_mode = relu_rate_mode,
};
