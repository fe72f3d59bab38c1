/*
 * Broyden's method ("good" Broyden) for the root of F(x) = f(x) - x, as equilibrium networks use it.
 *
 * The inverse Jacobian is kept as J = -1 + sum over pairs of u v^T. With dx the last step and dF what
 * it changed,
 *
 *   v = J^T dx;  u = (dx - J dF) / (v . dF);  J += u v^T;  x -= J F
 *
 * At first J = -1, a step of plain iteration. Chosen: when the memory is full it starts anew from
 * where it is; the equation is linear, so little is lost.
 *
 * Source: Broyden 1965; Bai, Kolter, Koltun 2019 (the limited form); Xiao et al. 2021, section 4.3.
 */
#include "time/broyden.h"

#include <math.h>
#include <string.h>

enum { UPDATES, PAIRS, DONE }; /* of a sample's state */

/* One sample's share of a part. */
typedef struct sample {
    int64_t n;
    const float *f;
    float *x, *r, *dx, *u, *v;
} sample;

static sample sample_of(const mye_broyden *s, int part, int b)
{
    const mye_broyden_part *p = &s->part[part];
    float *x = p->x + (int64_t)b * 3 * p->n;
    const int64_t pairs = (int64_t)b * s->memory * p->n;
    return (sample){p->n,
                    p->f + b * p->n,
                    x,
                    x + p->n,
                    x + 2 * p->n,
                    s->memory > 0 ? p->u + pairs : NULL,
                    s->memory > 0 ? p->v + pairs : NULL};
}

void mye_broyden_begin(mye_broyden *s)
{
    for (int q = 0; q < s->n_parts; q++)
        memset(s->part[q].x, 0, (size_t)(s->B * 3 * s->part[q].n) * sizeof(float));
    memset(s->state, 0, (size_t)s->B * MYE_BROYDEN_STATE * sizeof(float));
}

/* |f(x) - x| <= tolerance |f(x)| */
static bool is_done(const mye_broyden *s, int b)
{
    double residual = 0, size = 0;
    for (int q = 0; q < s->n_parts; q++) {
        const sample a = sample_of(s, q, b);
        for (int64_t i = 0; i < a.n; i++) {
            const double f = (double)a.f[i], r = f - (double)a.x[i];
            residual += r * r;
            size += f * f;
        }
    }
    return residual <= s->tolerance * s->tolerance * size;
}

typedef enum vector { DX, DF, RESIDUAL } vector;

static double entry(const sample *a, vector of, int64_t i)
{
    const double r = (double)a->f[i] - (double)a->x[i];
    return of == DX ? (double)a->dx[i] : of == DF ? r - (double)a->r[i] : r;
}

/* Products of a vector with the k-th u (or v) of all parts. */
static double dot(const mye_broyden *s, int b, int k, bool with_u, vector of)
{
    double sum = 0;
    for (int q = 0; q < s->n_parts; q++) {
        const sample a = sample_of(s, q, b);
        const float *with = (with_u ? a.u : a.v) + k * a.n;
        for (int64_t i = 0; i < a.n; i++)
            sum += (double)with[i] * entry(&a, of, i);
    }
    return sum;
}

/* Adds the pair of the last step as number k. */
static bool add_pair(const mye_broyden *s, int b, int k)
{
    for (int q = 0; q < s->n_parts; q++) {
        const sample a = sample_of(s, q, b);
        for (int64_t i = 0; i < a.n; i++) {
            a.v[k * a.n + i] = -a.dx[i];
            a.u[k * a.n + i] = (float)(entry(&a, DX, i) + entry(&a, DF, i));
        }
    }
    for (int j = 0; j < k; j++) { /* v = J^T dx;  u = dx - J dF */
        const float on_u = (float)dot(s, b, j, true, DX), on_v = (float)dot(s, b, j, false, DF);
        for (int q = 0; q < s->n_parts; q++) {
            const sample a = sample_of(s, q, b);
            for (int64_t i = 0; i < a.n; i++) {
                a.v[k * a.n + i] += on_u * a.v[j * a.n + i];
                a.u[k * a.n + i] -= on_v * a.u[j * a.n + i];
            }
        }
    }
    const double divisor = dot(s, b, k, false, DF);
    for (int q = 0; q < s->n_parts && divisor != 0; q++) {
        const sample a = sample_of(s, q, b);
        for (int64_t i = 0; i < a.n; i++)
            a.u[k * a.n + i] = (float)((double)a.u[k * a.n + i] / divisor);
    }
    return divisor != 0;
}

/* dx = -J F, x += dx; F becomes the last residual. */
static void move(const mye_broyden *s, int b, int pairs)
{
    for (int q = 0; q < s->n_parts; q++) {
        const sample a = sample_of(s, q, b);
        for (int64_t i = 0; i < a.n; i++)
            a.dx[i] = a.f[i] - a.x[i];
    }
    for (int k = 0; k < pairs; k++) {
        const float on_v = (float)dot(s, b, k, false, RESIDUAL);
        for (int q = 0; q < s->n_parts; q++) {
            const sample a = sample_of(s, q, b);
            for (int64_t i = 0; i < a.n; i++)
                a.dx[i] -= on_v * a.u[k * a.n + i];
        }
    }
    for (int q = 0; q < s->n_parts; q++) {
        const sample a = sample_of(s, q, b);
        for (int64_t i = 0; i < a.n; i++) {
            a.r[i] = a.f[i] - a.x[i];
            a.x[i] += a.dx[i];
        }
    }
}

static void update_sample(void *arg, int b, int lane)
{
    const mye_broyden *s = arg;
    float *state = s->state + (int64_t)b * MYE_BROYDEN_STATE;
    int pairs = (int)state[PAIRS];
    MYE_UNUSED(lane);
    if (state[DONE] != 0.0f || is_done(s, b)) {
        state[DONE] = 1.0f;
        return;
    }
    if (s->memory > 0 && state[UPDATES] > 0.0f) {
        if (pairs == s->memory)
            pairs = 0;
        pairs += add_pair(s, b, pairs) ? 1 : 0;
    }
    move(s, b, pairs);
    state[PAIRS] = (float)pairs;
    state[UPDATES] += 1.0f;
}

bool mye_broyden_update(mye_broyden *s, mye_context *ctx)
{
    bool all = true;
    mye_parallel(ctx, s->B, update_sample, s);
    for (int b = 0; b < s->B; b++)
        all = all && s->state[(int64_t)b * MYE_BROYDEN_STATE + DONE] != 0.0f;
    return all;
}
