/*
 * QCFS: the activation that an ANN is trained with so that few steps of a spiking network compute
 * it: quantised (to L levels), clipped (at lambda), shifted by half a level. For T = 1.
 *
 *   z = x L / lambda + 1/2;   q = floor(z) / L;   h(x) = lambda clip(q, 0, 1)
 *
 * lambda is learned, one for each layer (weight `lambda`, with weight decay). Gradient, with the
 * floor passed straight through:
 *
 *   q < 0        dx = 0   dlambda = 0
 *   0 <= q <= 1  dx = g   dlambda = g (q - x / lambda)
 *   q > 1        dx = 0   dlambda = g
 *
 * All three are dx = g [0 <= q <= 1] and dlambda = g (clip(q, 0, 1) - x / lambda [0 <= q <= 1]),
 * and so they are computed.
 *
 * In smooth mode (gradient check) q is x / lambda itself, the limit of infinitely many levels: then
 * h(x) = clip(x, 0, lambda), and the same two lines are its true derivatives.
 *
 * Chosen: an optimiser may carry lambda to where h means nothing. Values below MYE_QCFS_LEAST count
 * as MYE_QCFS_LEAST; the gradient goes to the weight all the same, so it can come back.
 *
 * Source: Bu et al., "Optimal ANN-SNN Conversion for High-accuracy and Ultra-low-latency Spiking
 * Neural Networks", ICLR 2022; that lambda starts at 8 and decays is read in the authors' code.
 */
#include "neuron/qcfs.h"

#include <math.h>
#include <string.h>

typedef struct qcfs_options {
    int64_t L;
    double lambda;
} qcfs_options;

typedef struct qcfs_coef {
    float lambda, level, levels; /* level: lambda / L, what one level is worth */
} qcfs_coef;

static const mye_param qcfs_params[] = {
    {.name = "L",
     .type = MYE_PARAM_INT,
     .offset = offsetof(qcfs_options, L),
     .def = "4",
     .min = 1,
     .max = 256,
     .unit = "",
     .help = "levels above 0"},
    {.name = "lambda",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(qcfs_options, lambda),
     .def = "8",
     .min = 0.001,
     .max = 1e6,
     .unit = "",
     .help = "largest output, at the beginning; learned, one for each layer"},
    {.name = NULL},
};

static mye_status qcfs_shape(mye_node *n, mye_error *err)
{
    const qcfs_options *o = n->options;
    const mye_weight w = {
        .role = "lambda", /* rank 0: a scalar */
        .trainable = true,
        .decay = true,
        .init = MYE_INIT_CONSTANT,
        .gain = o->lambda,
    };
    return mye_node_weight(n, &w, err);
}

float mye_qcfs_lambda(const mye_node *n)
{
    const float lambda = n->weight[0].data[0];
    return lambda > MYE_QCFS_LEAST ? lambda : MYE_QCFS_LEAST;
}

int mye_qcfs_levels(const mye_node *n)
{
    return (int)((const qcfs_options *)n->options)->L;
}

static void qcfs_prepare(const mye_node *n, void *coef)
{
    qcfs_coef *c = coef;
    c->lambda = mye_qcfs_lambda(n);
    c->levels = (float)mye_qcfs_levels(n);
    c->level = c->lambda / c->levels;
}

enum { BLOCK = 256, LANES = 8 };

/* Of m <= BLOCK neurons: clip(z, 0, L), and 1 where 0 <= q <= 1, else 0. */
static void clip(const qcfs_coef *c, float half, float end, int m, const float *restrict x,
                 float *restrict clipped, float *restrict inside)
{
    for (int i = 0; i < m; i++) {
        const float z = x[i] / c->level + half, most = z < c->levels ? z : c->levels;
        clipped[i] = most > 0.0f ? most : 0.0f;
        inside[i] = (z >= 0.0f) & (z < end) ? 1.0f : 0.0f;
    }
}

/* The floor of numbers from 0 to 256: truncation, which needs no call. */
static void round_down(int m, float *x)
{
    for (int i = 0; i < m; i++)
        x[i] = (float)(int)x[i];
}

/* Levels, 0 to L. Clipping and rounding are loops of their own, so that both become vectors. */
static void locate(const mye_neuron_chunk *c, int m, const float *x, float *level, float *inside)
{
    const qcfs_coef *coef = c->coef;
    if (c->smooth) {
        clip(coef, 0.0f, nextafterf(coef->levels, INFINITY), m, x, level, inside);
        return;
    }
    clip(coef, 0.5f, coef->levels + 1.0f, m, x, level, inside);
    round_down(m, level);
}

static int64_t qcfs_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                         float *out)
{
    const qcfs_coef *coef = c->coef;
    float inside[BLOCK];
    MYE_UNUSED(bits);
    memcpy(u, x, (size_t)c->n * sizeof *u);
    for (int64_t i = 0; out != NULL && i < c->n; i += BLOCK) {
        const int m = c->n - i < BLOCK ? (int)(c->n - i) : BLOCK;
        locate(c, m, u + i, out + i, inside);
        c->k->scale(m, coef->level, out + i, out + i);
    }
    return 0;
}

/* m <= BLOCK neurons: dx, which may be g, and the sum of their gradients of lambda. */
static double backward_block(const mye_neuron_chunk *c, int m, const float *g, const float *u,
                             float *dx)
{
    const qcfs_coef *coef = c->coef;
    float level[BLOCK], inside[BLOCK], share[BLOCK];
    double sum[LANES] = {0.0}, total = 0.0;
    locate(c, m, u, level, inside);
    for (int i = 0; i < m; i++) {
        const float pass = inside[i] > 0.0f ? g[i] : 0.0f;
        share[i] = g[i] * (level[i] / coef->levels) - pass * (u[i] / coef->lambda);
        inside[i] = pass;
    }
    memcpy(dx, inside, (size_t)m * sizeof *dx);
    int i = 0;
    for (; i + LANES <= m; i += LANES)
        for (int j = 0; j < LANES; j++)
            sum[j] += (double)share[i + j];
    for (int j = 0; i + j < m; j++)
        sum[j] += (double)share[i + j];
    for (int j = 0; j < LANES; j++)
        total += sum[j];
    return total;
}

static void qcfs_backward(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                          const float *u_last, const float *x, float *carry, float *dx,
                          double *dparam)
{
    MYE_UNUSED(h);
    MYE_UNUSED(u_last);
    MYE_UNUSED(x);
    MYE_UNUSED(carry);
    for (int64_t i = 0; i < c->n; i += BLOCK)
        dparam[0] +=
            backward_block(c, c->n - i < BLOCK ? (int)(c->n - i) : BLOCK, g + i, u + i, dx + i);
}

static int qcfs_rate_mode(const mye_node *n)
{
    MYE_UNUSED(n);
    return -1;
}

const mye_neuron_type mye_neuron_qcfs = {
    .entry = {.name = "qcfs",
              .brief =
                  "quantised, clipped activation with a learned bound, for T = 1: trains an ANN "
                  "that converts",
              .source = "Bu et al., ICLR 2022",
              .params = qcfs_params,
              .options_size = sizeof(qcfs_options)},
    .single_step = true,
    .coef_bytes = sizeof(qcfs_coef),
    .shape = qcfs_shape,
    .prepare = qcfs_prepare,
    .step = qcfs_step,
    .backward = qcfs_backward,
    .rate_mode = qcfs_rate_mode,
};
