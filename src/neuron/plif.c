/*
 * PLIF: the LIF neuron whose time constant is learned, one for the whole layer.
 *
 *   a = 1/tau = 1 / (1 + exp(-w))
 *   u_t = R + (1 - a) (v_{t-1} - R) + x_t              decay_input: ... + a x_t
 *
 * Fire and reset as in lif.c. w starts at -ln(tau - 1). Gradient, with du = dL/du_t:
 *
 *   dL/dw = a (1 - a) sum_t du (x_t - (v_{t-1} - R))   without decay_input: du (-(v_{t-1} - R))
 *
 * Source: Fang et al. 2021, arXiv 2007.05785, eq. 8; SpikingJelly's ParametricLIFNode.
 */
#include "neuron/lif_family.h"

typedef struct plif_coef {
    mye_lif_coef lif; /* first, so that the family's functions find theirs */
    double a;
    bool decay_input;
} plif_coef;

static mye_status plif_shape(mye_node *n, mye_error *err)
{
    const mye_lif_options *o = n->options;
    if (!(o->tau > 1.0 && o->tau <= 1e6))
        return mye_fail(err, MYE_ERR_ARG, "node '%s' (plif) wants tau in (1, 1e6], got %g", n->name,
                        o->tau);
    const mye_weight w = {
        /* rank 0: a scalar, as in SpikingJelly's state dictionaries */
        .role = "w",
        .trainable = true,
        .init = MYE_INIT_CONSTANT,
        .gain = -log(o->tau - 1.0),
    };
    MYE_TRY(mye_node_weight(n, &w, err));
    return mye_lif_shape(n, err);
}

static void plif_prepare(const mye_node *n, void *coef)
{
    const mye_lif_options *o = n->options;
    plif_coef *c = coef;
    c->a = 1.0 / (1.0 + exp(-(double)n->weight[0].data[0]));
    c->decay_input = o->decay_input;
    mye_lif_coef_make(n, 1.0 - c->a, c->decay_input ? c->a : 1.0, false, &c->lif);
}

enum { BLOCK = 256, LANES = 8 };

/* v_{t-1} - R of n neurons. In the single-step form the last membrane is gone; the step equation
 * gives it back. */
static void above_reset(const mye_neuron_chunk *c, int64_t n, const float *u, const float *u_last,
                        const float *x, float *above)
{
    const plif_coef *coef = c->coef;
    const mye_lif *p = &coef->lif.lif;
    if (u_last != NULL) {
        mye_lif_above_reset(c, n, u_last, above);
        return;
    }
    const bool known = !c->first && p->decay > 0.0f;
    for (int64_t i = 0; i < n; i++)
        above[i] = known ? (u[i] - p->reset - p->gain * x[i]) / p->decay : 0.0f;
}

/* sum of dx (input - above); sum[j] takes every LANES-th neuron, so that vectors may do it */
static double block_sum(int64_t n, const float *dx, const float *input, const float *above)
{
    double sum[LANES] = {0.0}, total = 0.0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            sum[j] += (double)(dx[i + j] * (input[i + j] - above[i + j]));
    for (int j = 0; i + j < n; j++)
        sum[j] += (double)(dx[i + j] * (input[i + j] - above[i + j]));
    for (int j = 0; j < LANES; j++)
        total += sum[j];
    return total;
}

static void plif_backward(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                          const float *u_last, const float *x, float *carry, float *dx,
                          double *dparam)
{
    const plif_coef *coef = c->coef;
    const float none[BLOCK] = {0.0f};
    float above[BLOCK];
    double sum = 0.0;
    mye_lif_backward(c, g, h, u, u_last, x, carry, dx, dparam);
    for (int64_t i = 0; i < c->n; i += BLOCK) {
        const int64_t n = c->n - i < BLOCK ? c->n - i : BLOCK;
        above_reset(c, n, u + i, u_last != NULL ? u_last + i : NULL, x + i, above);
        sum += block_sum(n, dx + i, coef->decay_input ? x + i : none, above);
    }
    /* dx = gain du, so the sum over du is that over dx divided by the gain */
    dparam[0] += sum * coef->a * (1.0 - coef->a) / (double)coef->lif.lif.gain;
}

/* The rate pass has no gradient for w. */
static int plif_rate_mode(const mye_node *n)
{
    MYE_UNUSED(n);
    return -1;
}

static const mye_param plif_params[] = {
    LIF_PARAM_TAU("2", 1.0), LIF_PARAM_THETA,        LIF_PARAM_RESET("soft", "soft|hard"),
    LIF_PARAM_V_RESET,       LIF_PARAM_SUBTRACT,     LIF_PARAM_DECAY_INPUT("no"),
    LIF_PARAM_DETACH("yes"), LIF_PARAM_STRICT("no"), LIF_PARAM_SURROGATE("sigmoid:alpha=4"),
    LIF_PARAM_EMIT,          LIF_PARAM_END,
};

extern const mye_neuron_type mye_neuron_plif;
const mye_neuron_type mye_neuron_plif = {
    .entry = {.name = "plif",
              .brief = "LIF with a learned time constant per layer",
              .source = "Fang et al. 2021, arXiv 2007.05785, eq. 8",
              .params = plif_params,
              .options_size = sizeof(mye_lif_options)},
    .spiking = true,
    .coef_bytes = sizeof(plif_coef),
    .shape = plif_shape,
    .prepare = plif_prepare,
    .step = mye_lif_step,
    .derivative = mye_lif_derivative,
    .fuse = mye_lif_fuse,
    .backward = plif_backward,
    .rate_mode = plif_rate_mode,
};
