/* The integrate-and-fire family. Equations: lif_family.h; backward: derived there from the reset,
 * the same as SpikingJelly's autograd and, late, snnTorch's. */
#include "neuron/lif_family.h"

#include <string.h>

_Static_assert(sizeof(mye_lif_plan) <= MYE_NEURON_PLAN_BYTES, "a neuron's plan must have room");

static double subtract_of(const mye_lif_options *o)
{
    if (o->reset == LIF_NONE)
        return 0.0;
    return o->subtract < 0.0 ? o->theta : o->subtract;
}

mye_status mye_lif_shape(mye_node *n, mye_error *err)
{
    const mye_lif_options *o = n->options;
    mye_lif_plan *plan = n->plan;
    mye_method method = {NULL, NULL};
    if (o->subtract < 0.0 && o->subtract != -1.0)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (%s) wants subtract >= 0, or -1 for the threshold, got %g",
                        n->name, n->neuron->entry.name, o->subtract);
    MYE_TRY(mye_method_parse(n->ctx, &mye_kind_surrogate, o->surrogate, &method, err));
    plan->surrogate = (const mye_surrogate *)method.entry;
    plan->surrogate->constants(method.options, &plan->a, &plan->b);
    mye_method_free(n->ctx, &method);
    if (o->emit == LIF_EMIT_MEMBRANE)
        n->format = MYE_F32;
    return MYE_OK;
}

void mye_lif_coef_make(const mye_node *n, double lambda, double gain, bool late, mye_lif_coef *coef)
{
    const mye_lif_options *o = n->options;
    const double rest = o->reset == LIF_HARD ? o->v_reset : 0.0;
    coef->lif = (mye_lif){
        .decay = (float)lambda,
        .gain = (float)gain,
        .offset = (float)(rest * (1.0 - lambda)),
        .theta = (float)o->theta,
        .subtract = (float)subtract_of(o),
        .reset = (float)rest,
        .start = (float)rest,
        .hard = o->reset == LIF_HARD,
        .strict = o->strict,
        .detach_reset = o->detach_reset || late,
        .late = late,
    };
    coef->plan = n->plan;
    coef->rate_mode = mye_lif_rate_mode(o, late);
    coef->emit_membrane = o->emit == LIF_EMIT_MEMBRANE;
}

/* ---- plain C: the gradient check, and neurons that emit their membrane ---- */

static bool fires(const mye_lif *p, float u)
{
    return p->strict ? u > p->theta : u >= p->theta;
}

static float smooth_spike(const mye_lif_coef *coef, float u)
{
    const mye_lif_plan *plan = coef->plan;
    return (float)plan->surrogate->primitive((double)(u - coef->lif.theta), plan->a, plan->b);
}

/* s_t as the reset sees it */
static float reset_spike(const mye_neuron_chunk *c, float u)
{
    const mye_lif_coef *coef = c->coef;
    if (c->smooth && !coef->lif.detach_reset)
        return smooth_spike(coef, u);
    return fires(&coef->lif, u) ? 1.0f : 0.0f;
}

void mye_lif_above_reset(const mye_neuron_chunk *c, int64_t n, const float *u, float *above)
{
    const mye_lif *p = &((const mye_lif_coef *)c->coef)->lif;
    const bool stepped = !c->smooth || p->detach_reset;
    const float theta = p->theta, removed = p->subtract, rest = p->reset;
    for (int64_t i = 0; i < n && !stepped; i++) {
        const float s = reset_spike(c, u[i]);
        above[i] = p->hard ? (1.0f - s) * (u[i] - rest) : u[i] - removed * s;
    }
    for (int64_t i = 0; i < n && stepped; i++) {
        const bool fired = p->strict ? u[i] > theta : u[i] >= theta;
        const float kept = p->hard ? 0.0f : u[i] - removed;
        above[i] = fired ? kept : u[i] - rest;
    }
}

static void smooth_step(const mye_neuron_chunk *c, const float *x, float *u, float *out)
{
    const mye_lif_coef *coef = c->coef;
    const mye_lif *p = &coef->lif;
    for (int64_t i = 0; i < c->n; i++) {
        const float s = c->first ? 0.0f : reset_spike(c, u[i]);
        float v = c->first ? p->start : u[i];
        float drop = 0.0f;
        if (p->hard)
            v = (1.0f - s) * v + s * p->reset;
        else if (p->late)
            drop = p->subtract * s;
        else
            v -= p->subtract * s;
        u[i] = p->decay * v + p->gain * x[i] + p->offset - drop;
        if (out != NULL)
            out[i] = coef->emit_membrane ? u[i] : smooth_spike(coef, u[i]);
    }
}

/* As mye_kernels.lif_backward, but the output may be u itself, and s_t smooth. */
static void plain_backward(const mye_neuron_chunk *c, const float *g, const float *h,
                           const float *u, float *carry, float *dx)
{
    const mye_lif_coef *coef = c->coef;
    const mye_lif *p = &coef->lif;
    for (int64_t i = 0; i < c->n; i++) {
        float slope = p->hard ? 1.0f - reset_spike(c, u[i]) : 1.0f; /* dv_t / du_t */
        if (!p->detach_reset)
            slope += h[i] * (p->hard ? p->reset - u[i] : -p->subtract);
        const float du = g[i] * (coef->emit_membrane ? 1.0f : h[i]) + carry[i] * slope;
        carry[i] = p->decay * du;
        dx[i] = p->gain * du;
    }
}

static void smooth_collect(const mye_neuron_chunk *c, const float *u, const float *h, float *eps,
                           float *e, float *r)
{
    const mye_lif_coef *coef = c->coef;
    const mye_lif *p = &coef->lif;
    for (int64_t i = 0; i < c->n; i++) {
        const float open = 1.0f - reset_spike(c, u[i]);
        const float slope[4] = {1.0f, 1.0f - p->subtract * h[i], open - u[i] * h[i], open};
        e[i] += h[i] * eps[i];
        r[i] += smooth_spike(coef, u[i]);
        eps[i] = 1.0f + p->decay * eps[i] * slope[coef->rate_mode];
    }
}

/* ---- the neuron's functions ---- */

int64_t mye_lif_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                     float *out)
{
    const mye_lif_coef *coef = c->coef;
    if (c->smooth) {
        smooth_step(c, x, u, out);
        return 0;
    }
    const int64_t spikes = c->k->lif_forward(&coef->lif, c->n, c->first, x, u, bits);
    if (out != NULL && coef->emit_membrane)
        memcpy(out, u, (size_t)c->n * sizeof *out);
    else if (out != NULL)
        c->k->lif_fire(&coef->lif, c->n, u, out);
    return spikes;
}

void mye_lif_derivative(const mye_neuron_chunk *c, const float *u, float *h)
{
    const mye_lif_coef *coef = c->coef;
    const mye_lif_plan *plan = coef->plan;
    c->k->surrogate[plan->surrogate->id](c->n, u, coef->lif.theta, (float)plan->a, (float)plan->b,
                                         h);
}

void mye_lif_backward(const mye_neuron_chunk *c, const float *g, const float *h, const float *u,
                      const float *u_last, const float *x, float *carry, float *dx, double *dparam)
{
    const mye_lif_coef *coef = c->coef;
    MYE_UNUSED(u_last);
    MYE_UNUSED(x);
    MYE_UNUSED(dparam);
    if (c->smooth || coef->emit_membrane)
        plain_backward(c, g, h, u, carry, dx);
    else
        c->k->lif_backward(&coef->lif, c->n, g, h, u, carry, dx, NULL);
}

bool mye_lif_fuse(const mye_neuron_chunk *c, mye_lif_steps *steps)
{
    const mye_lif_coef *coef = c->coef;
    steps->lif = &coef->lif;
    steps->surrogate = coef->plan->surrogate->id;
    steps->a = (float)coef->plan->a;
    steps->b = (float)coef->plan->b;
    return !c->smooth && !coef->emit_membrane;
}

/* Modes of mye_kernels.rate_collect. Mode 2 is exact for a hard reset to 0 only, so a neuron with
 * another v_reset and a derivative of the reset has no rate-based form. */
int mye_lif_rate_mode(const mye_lif_options *o, bool late)
{
    const bool detached = o->detach_reset || late;
    if (o->emit == LIF_EMIT_MEMBRANE)
        return -1;
    if (o->eligibility != LIF_ELIGIBILITY_AUTO)
        return o->eligibility - LIF_ELIGIBILITY;
    if (o->reset != LIF_HARD)
        return detached ? 0 : 1;
    if (detached)
        return 3;
    return o->v_reset == 0.0 ? 2 : -1;
}

void mye_lif_rate_coef(const mye_neuron_chunk *c, double *decay, double *gain)
{
    const mye_lif_coef *coef = c->coef;
    *decay = (double)coef->lif.decay;
    *gain = (double)coef->lif.gain;
}

void mye_lif_rate_collect(const mye_neuron_chunk *c, const float *u, const float *h, float *eps,
                          float *e, float *r)
{
    const mye_lif_coef *coef = c->coef;
    if (c->smooth)
        smooth_collect(c, u, h, eps, e, r);
    else
        c->k->rate_collect(&coef->lif, coef->rate_mode, c->n, u, h, eps, e, r);
}
