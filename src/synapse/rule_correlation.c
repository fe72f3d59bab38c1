/*
 * Correlation rule for aggregate labels: no threshold, no gradient. The eligibility of an afferent says
 * how much of its input met a high membrane,
 *   E_i = sum over its spikes of c_j times the integral of V(t) K(t - t_j) from t_j on,
 * and the share of afferents with the largest E go up by one learning rate when a spike too few came,
 * down when one too many did. With V in pieces a exp(-u/tau_m) - b exp(-u/tau_s) the integral is closed:
 * one pass forward for the pieces, one back for what is still to come.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "synapse/rule.h"

typedef struct options {
    double share;
} options;

static const mye_param params[] = {
    {"share", MYE_PARAM_FLOAT, offsetof(options, share), 0, "0.1", 1e-6, 1, NULL, NULL, "",
     "of the afferents that change, those with the largest eligibility"},
    {0},
};

/* The state behind each event, before spikes that come later; r->path holds a, then b. */
static void walk_pieces(const mye_reader *r)
{
    const mye_course *c = r->course;
    const mye_psp *p = r->psp;
    double *a = r->path, *b = r->path + c->n, now_a = 0, now_b = 0;
    int s = 0;
    for (int64_t k = 0; k < c->n; k++) {
        const double end = mye_course_time(c, k) + mye_course_length(c, k);
        a[k] = now_a + r->drive[k];
        b[k] = now_b + p->rise * r->drive[k];
        now_a = a[k] * c->decay_m[k];
        now_b = b[k] * c->decay_s[k];
        for (; s < r->walk.n && r->walk.spike[s].t_ms < end; s++)
            now_a -= r->theta * exp(-(end - r->walk.spike[s].t_ms) / p->tau_m);
    }
}

/* Integrals of V exp(-u/tau) over what is still to come, for both constants. */
typedef struct rest {
    double slow, fast;
} rest;

/* Goes back over a piece of `length` whose state at its beginning is a, b. */
static void go_back(const mye_psp *p, double a, double b, double length, rest *r)
{
    const double both = p->tau_m * p->tau_s / (p->tau_m + p->tau_s);
    const double m = -expm1(-2 * length / p->tau_m), s = -expm1(-2 * length / p->tau_s);
    const double ms = -expm1(-length / both);
    r->slow = r->slow * exp(-length / p->tau_m) + a * p->tau_m / 2 * m - b * both * ms;
    r->fast = r->fast * exp(-length / p->tau_s) + a * both * ms - b * p->tau_s / 2 * s;
}

/* E of every afferent into out. */
static void eligibility(const mye_reader *r, double *out)
{
    const mye_course *c = r->course;
    const mye_psp *p = r->psp;
    rest to_come = {0, 0};
    int s = r->walk.n - 1;
    memset(out, 0, (size_t)r->units * sizeof(*out));
    for (int64_t k = c->n - 1; k >= 0; k--) {
        const double begin = mye_course_time(c, k);
        double end = begin + mye_course_length(c, k), a = r->path[k], b = r->path[c->n + k];
        int first = s + 1; /* of the spikes of this event */
        while (first > 0 && r->walk.spike[first - 1].t_ms >= begin)
            first--;
        for (; s >= first; s--) {
            const double t = r->walk.spike[s].t_ms;
            double now = a * exp(-(t - begin) / p->tau_m);
            for (int i = first; i <= s; i++)
                now -= r->theta * exp(-(t - r->walk.spike[i].t_ms) / p->tau_m);
            go_back(p, now, b * exp(-(t - begin) / p->tau_s), end - t, &to_come);
            end = t;
        }
        go_back(p, a, b, end - begin, &to_come);
        const double worth = p->gain * (to_come.slow - p->rise * to_come.fast);
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++)
            out[c->spike[i].unit] += worth * (double)c->spike[i].c;
    }
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static mye_verdict learn(const void *opt, mye_reader *r, const mye_aim *aim)
{
    const options *o = opt;
    double *e = r->spare, *sorted = r->spare + r->units;
    mye_reader_walk(r, false);
    if (r->walk.n == aim->count)
        return MYE_RIGHT;
    const double sign = r->walk.n < aim->count ? 1 : -1;
    walk_pieces(r);
    eligibility(r, e);
    memcpy(sorted, e, (size_t)r->units * sizeof(*e));
    qsort(sorted, (size_t)r->units, sizeof(*sorted), falling);
    const int32_t last = (int32_t)ceil(o->share * r->units) - 1;
    for (int32_t i = 0, changed = 0; i < r->units && changed <= last; i++)
        if (e[i] >= sorted[last]) {
            r->gradient[i] += sign;
            changed++;
        }
    return MYE_WRONG;
}

const mye_rule_type mye_rule_correlation = {
    .entry = {"correlation", "number of spikes: afferents that met a high membrane, no gradient",
              "Guetig 2016, correlation-based learning", params, sizeof(options)},
    .learn = learn,
};
