/* Neurons of differentiation on spike representation: the equations are in dsr.h. */
#include "neuron/dsr.h"

mye_status mye_dsr_shape(mye_node *n, mye_error *err)
{
    const mye_dsr_options *o = n->options;
    if (o->theta < o->bound)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (%s) wants theta of at least its bound %g, got %g", n->name,
                        n->neuron->entry.name, o->bound, o->theta);
    const mye_weight w = {
        /* rank 0: a scalar, as in the authors' state dictionaries */
        .role = "threshold",
        .trainable = true,
        .init = MYE_INIT_CONSTANT,
        .gain = o->theta,
    };
    return mye_node_weight(n, &w, err);
}

double mye_dsr_begin(const mye_node *n, double decay, double gain, mye_dsr_coef *coef)
{
    const mye_dsr_options *o = n->options;
    const double theta = fmax((double)n->weight[0].data[0], o->bound);
    *coef = (mye_dsr_coef){0};
    coef->lif = (mye_lif){.decay = (float)decay,
                          .gain = (float)gain,
                          .theta = (float)(o->alpha * theta),
                          .subtract = (float)theta};
    return theta;
}

/* Spikes as bits; where floats are asked for, what is sent. */
int64_t mye_dsr_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                     float *out)
{
    const mye_dsr_coef *coef = c->coef;
    const int64_t spikes = c->k->lif_forward(&coef->lif, c->n, c->first, x, u, bits);
    if (out != NULL) {
        c->k->lif_fire(&coef->lif, c->n, u, out);
        c->k->scale(c->n, coef->amplitude, out, out);
    }
    return spikes;
}

/* The way forward only: the surrogate, which lif_scan does not look at, may be any. */
bool mye_dsr_fuse(const mye_neuron_chunk *c, mye_lif_steps *steps)
{
    const mye_dsr_coef *coef = c->coef;
    steps->lif = &coef->lif;
    steps->surrogate = MYE_SURROGATE_straight_through;
    return true;
}

void mye_dsr_mean_backward(const mye_neuron_chunk *c, const float *x, const float *g, float *dx,
                           double *dparam)
{
    const mye_dsr_coef *coef = c->coef;
    const float end = coef->end, slope = coef->slope;
    double saturated = 0.0;
    for (int64_t i = 0; i < c->n; i++) {
        const bool within = coef->closed ? x[i] >= 0.0f && x[i] <= end : x[i] > 0.0f && x[i] < end;
        dx[i] = within ? slope * g[i] : 0.0f;
        saturated += x[i] > end ? (double)g[i] : 0.0;
    }
    dparam[0] += coef->theta_slope * saturated;
}

float mye_dsr_amplitude(const mye_neuron_chunk *c)
{
    return ((const mye_dsr_coef *)c->coef)->amplitude;
}

int mye_dsr_rate_mode(const mye_node *n)
{
    MYE_UNUSED(n);
    return -1;
}
