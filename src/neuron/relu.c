/*
 * ReLU: the neuron of a network without spikes, for T = 1. It stands among the neurons so that the
 * same network description trains as an ANN.
 *
 *   u = x;  y = max(0, x);  dx = g [x > 0]
 *
 * Option cap > 0 bounds the output, as a threshold will bound the rate of the spiking neuron that
 * takes its place (cap = 6: ReLU6):
 *
 *   y = min(max(0, x), cap);  dx = g [0 < x < cap]
 */
#include <math.h>
#include <string.h>

#include "neuron/neuron.h"

typedef struct relu_options {
    double cap;
} relu_options;

typedef struct relu_coef {
    float cap; /* infinite: none, so that one line serves both */
} relu_coef;

static const mye_param relu_params[] = {
    {.name = "cap",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(relu_options, cap),
     .def = "0",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "largest output; 0: none"},
    {.name = NULL},
};

static void relu_prepare(const mye_node *n, void *coef)
{
    const relu_options *o = n->options;
    relu_coef *c = coef;
    c->cap = o->cap > 0.0 ? (float)o->cap : INFINITY;
}

static int64_t relu_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                         float *out)
{
    const float cap = ((const relu_coef *)c->coef)->cap;
    MYE_UNUSED(bits);
    memcpy(u, x, (size_t)c->n * sizeof *u);
    for (int64_t i = 0; out != NULL && i < c->n; i++) {
        const float y = x[i] > 0.0f ? x[i] : 0.0f;
        out[i] = y < cap ? y : cap;
    }
    return 0;
}

enum { BLOCK = 256 };

static void relu_backward(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                          const float *u_last, const float *x, float *carry, float *dx,
                          double *dparam)
{
    const float cap = ((const relu_coef *)c->coef)->cap;
    MYE_UNUSED(h);
    MYE_UNUSED(u_last);
    MYE_UNUSED(x);
    MYE_UNUSED(carry);
    MYE_UNUSED(dparam);
    /* dx may be g, which would keep the loop scalar; so it works on a copy */
    float pass[BLOCK];
    for (int64_t i = 0; i < c->n; i += BLOCK) {
        const int m = c->n - i < BLOCK ? (int)(c->n - i) : BLOCK;
        memcpy(pass, g + i, (size_t)m * sizeof *pass);
        for (int j = 0; j < m; j++)
            pass[j] = (u[i + j] > 0.0f) & (u[i + j] < cap) ? pass[j] : 0.0f;
        memcpy(dx + i, pass, (size_t)m * sizeof *dx);
    }
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
              .source = "Nair and Hinton 2010",
              .params = relu_params,
              .options_size = sizeof(relu_options)},
    .single_step = true,
    .coef_bytes = sizeof(relu_coef),
    .prepare = relu_prepare,
    .step = relu_step,
    .backward = relu_backward,
    .rate_mode = relu_rate_mode,
};
