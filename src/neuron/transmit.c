/* Neurons of converted networks: equations, state and backward are in transmit.h. */
#include "neuron/transmit.h"

#include <string.h>

_Static_assert(sizeof(mye_transmit_plan) <= MYE_NEURON_PLAN_BYTES,
               "a neuron's plan must have room");

enum { BLOCK = 256 };

/* ---- shape, weights, coefficients ---- */

mye_status mye_transmit_shape(mye_node *n, mye_error *err)
{
    const mye_transmit_options *o = n->options;
    const int neurons = (int)mye_shape_size(n->shape);
    const int many[] = {1, n->shape.c, neurons};
    mye_transmit_plan *plan = n->plan;
    mye_weight theta = {.role = "theta", .rank = 1, .dim = {many[o->per]}, .gain = o->theta};
    mye_weight v0 = {.role = "v0", .rank = 1, .dim = {o->v0_per ? neurons : 1}, .gain = o->v0};
    MYE_TRY(mye_node_weight(n, &theta, err));
    MYE_TRY(mye_node_weight(n, &v0, err));
    if (o->surrogate[0] == '\0')
        return MYE_OK;
    mye_method method = {NULL, NULL};
    MYE_TRY(mye_method_parse(n->ctx, &mye_kind_surrogate, o->surrogate, &method, err));
    plan->surrogate = (const mye_surrogate *)method.entry;
    plan->surrogate->constants(method.options, &plan->a, &plan->b);
    mye_method_free(n->ctx, &method);
    return MYE_OK;
}

void mye_transmit_make(const mye_node *n, float low, float high, mye_transmit_coef *coef)
{
    const mye_transmit_options *o = n->options;
    coef->how =
        (mye_transmit){.theta = n->weight[0].data[0], .low = low, .high = high, .shift = o->shift};
    coef->spikes = false;
}

void mye_transmit_make_spikes(const mye_node *n, bool to_zero, mye_transmit_coef *coef)
{
    mye_transmit_make(n, 0, 1, coef);
    coef->how.to_zero = to_zero;
    coef->spikes = true;
    memcpy(&coef->plan, n->plan, sizeof coef->plan);
}

float mye_transmit_most(const mye_node *n)
{
    const mye_transmit_options *o = n->options;
    return o->coef_max > 0 ? (float)o->coef_max : MYE_TRANSMIT_MOST;
}

bool mye_transmit_is(const mye_node *n)
{
    return n->neuron != NULL && n->neuron->step == mye_transmit_step;
}

int mye_transmit_rate_mode(const mye_node *n)
{
    MYE_UNUSED(n);
    return -1;
}

/* Thresholds of `count` neurons from element i of the sample on, in `room` unless one is for all. */
static const float *thresholds(const mye_node *n, int64_t i, int64_t count, float *room)
{
    const mye_transmit_options *o = n->options;
    const float *theta = n->weight[0].data;
    const int64_t period = (int64_t)n->weight[0].count;
    if (o->per == TRANSMIT_LAYER)
        return NULL;
    for (int64_t k = 0, j = i % period; k < count; k++, j = j + 1 == period ? 0 : j + 1)
        room[k] = theta[j];
    return room;
}

static float threshold(const mye_transmit_coef *coef, const float *theta, int64_t i)
{
    return theta != NULL ? theta[i] : coef->how.theta;
}

/* The potential before the first step. */
static void begin(const mye_node *n, const mye_transmit_coef *coef, const float *theta, int64_t i0,
                  int64_t count, float *v)
{
    const mye_transmit_options *o = n->options;
    const float *v0 = n->weight[1].data;
    for (int64_t i = 0; i < count; i++)
        v[i] = v0[o->v0_per ? i0 + i : 0] * threshold(coef, theta, i);
}

/* ---- one neuron: o as a function of v and S, with its derivatives ---- */

typedef struct sent {
    double o, by_v, by_s;
} sent;

static sent smooth(const mye_transmit_coef *c, double v, double theta, double s)
{
    if (c->spikes) {
        const double x = v / theta - 1;
        return (sent){c->plan.surrogate->primitive(x, c->plan.a, c->plan.b),
                      c->plan.surrogate->derivative(x, c->plan.a, c->plan.b) / theta, 0};
    }
    const double q = v / theta, most = (double)c->how.low, low = s < most ? -s : -most;
    if (q < low)
        return (sent){low, 0, s < most ? -1 : 0};
    if (q > (double)c->how.high)
        return (sent){(double)c->how.high, 0, 0};
    return (sent){q, 1 / theta, 0};
}

/* ---- forward ---- */

static void smooth_block(const mye_neuron_chunk *c, int64_t n, const float *x, const float *theta,
                         float *v, float *s, float *out)
{
    const mye_transmit_coef *coef = c->coef;
    for (int64_t i = 0; i < n; i++) {
        const double th = (double)threshold(coef, theta, i);
        double rest = (double)v[i], sum = 0;
        if (!c->first) {
            const double o = smooth(coef, (double)v[i], th, (double)s[i]).o;
            rest -= coef->how.to_zero ? rest * o : th * o;
            sum = (double)s[i] + o;
        }
        v[i] = (float)(rest + (double)x[i]);
        s[i] = (float)sum;
        if (out != NULL)
            out[i] = (float)(th * smooth(coef, (double)v[i], th, (double)s[i]).o);
    }
}

int64_t mye_transmit_step(const mye_neuron_chunk *c, const float *x, float *u, uint64_t *bits,
                          float *out)
{
    const mye_transmit_coef *coef = c->coef;
    float *v = u, *s = u + c->n, room[BLOCK];
    int64_t count = 0;
    MYE_UNUSED(bits);
    for (int64_t i = 0; i < c->n; i += BLOCK) {
        const int64_t n = c->n - i < BLOCK ? c->n - i : BLOCK;
        const float *theta = thresholds(c->node, c->i0 + i, n, room);
        float *y = out != NULL ? out + i : NULL;
        if (c->first)
            begin(c->node, coef, theta, c->i0 + i, n, v + i);
        if (c->smooth)
            smooth_block(c, n, x + i, theta, v + i, s + i, y);
        else
            count += c->k->transmit(&coef->how, n, c->first, x + i, theta, v + i, s + i, y);
    }
    return count;
}

/* ---- backward ---- */

/* dx of a neuron; a and b are carried. */
static float back(const mye_neuron_chunk *c, double theta, double g, double v, double s, float *a,
                  float *b)
{
    const mye_transmit_coef *coef = c->coef;
    const sent o = smooth(coef, v, theta, s);
    const double to_v = (double)*a, to_s = (double)*b;
    double d = theta * (g - to_v) + to_s, kept = to_v;
    if (coef->how.to_zero) {
        d = theta * g - v * to_v + to_s;
        kept = c->smooth ? to_v * (1 - o.o) : v >= theta ? 0 : to_v;
    }
    const double dv = kept + d * o.by_v;
    *a = (float)dv;
    *b = (float)(to_s + d * o.by_s);
    return (float)dv;
}

void mye_transmit_backward(const mye_neuron_chunk *c, const float *g, const float *h,
                           const float *u, const float *u_last, const float *x, float *carry,
                           float *dx, double *dparam)
{
    const mye_transmit_coef *coef = c->coef;
    float room[BLOCK];
    MYE_UNUSED(h);
    MYE_UNUSED(u_last);
    MYE_UNUSED(x);
    MYE_UNUSED(dparam);
    for (int64_t i = 0; i < c->n; i += BLOCK) {
        const int64_t n = c->n - i < BLOCK ? c->n - i : BLOCK;
        const float *theta = thresholds(c->node, c->i0 + i, n, room);
        for (int64_t k = i; k < i + n; k++)
            dx[k] = back(c, (double)threshold(coef, theta, k - i), (double)g[k], (double)u[k],
                         (double)u[c->n + k], carry + k, carry + c->n + k);
    }
}
