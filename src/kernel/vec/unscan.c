/*
 * Neurons backward over all steps of a chunk: affine, membranes of all steps again, surrogate and
 * carry in one pass. A block of vectors, enough to hide their divisions, keeps its membranes in the
 * first-level cache and its carry in registers.
 */
#include "kernel/vec/lif.h"

#define BLOCK_VECS 4 /* a block must divide a period: 64 neurons */
#define BLOCK      (BLOCK_VECS * VEC)

typedef struct unscan {
    const mye_lif_steps *s;
    const float *u;
    const float *const *g;
    float *const *dx;
    bool sum;
    bool attached; /* the reset is differentiated too */
} unscan;

/* Membranes of a block, before their resets. */
MYE_INLINE void membranes(const unscan *a, const vec_lif *p, int64_t i, int64_t at, int n,
                          vec u[][BLOCK_VECS])
{
    for (int t = 0; t < a->s->steps; t++) {
        MYE_UNROLL
        for (int v = 0; v < BLOCK_VECS; v++) {
            const int m = vec_lanes(n, v);
            const int64_t k = i + v * VEC;
            u[t][v] = a->u ? vec_take(a->u + k, m)
                           : vec_charge(p, a->s->first && t == 0,
                                        vec_current(a->s, t, k, at + v * VEC, m),
                                        t > 0 ? u[t - 1][v] : p->start);
        }
    }
}

/* dL/du of one step (training rules, section 3.2); carry goes down to the step before. */
MYE_INLINE vec step_down(const unscan *a, const vec_lif *p, vec u, vec g, vec h, vec *carry)
{
    const bool attached = !p->plain && a->attached;
    const vec zero = vec_set1(0.0f);
    const vec through = p->hard ? vec_where(vec_ge(u, p->fire), zero, *carry) : *carry;
    if (attached)
        g = p->hard ? g + *carry * (p->reset - u) : g - p->subtract * *carry;
    const vec du = g * h + through;
    *carry = p->decay * du;
    return p->gain * du;
}

MYE_INLINE void unscan_block(const unscan *a, const vec_lif *p, int64_t i, int64_t at, int n,
                             slope_fn slope)
{
    const int T = a->s->steps;
    const vec va = vec_set1(a->s->a), vb = vec_set1(a->s->b);
    vec u[MYE_LIF_STEPS][BLOCK_VECS];
    vec carry[BLOCK_VECS], total[BLOCK_VECS];
    membranes(a, p, i, at, n, u);
    for (int v = 0; v < BLOCK_VECS; v++)
        carry[v] = total[v] = vec_set1(0.0f);
    for (int t = T - 1; t >= 0; t--) {
        MYE_UNROLL
        for (int v = 0; v < BLOCK_VECS; v++) {
            const int m = vec_lanes(n, v);
            const vec g = vec_take(a->g[t] + i + v * VEC, m);
            const vec h = slope(u[t][v] - p->theta, va, vb);
            const vec d = step_down(a, p, u[t][v], g, h, &carry[v]);
            if (a->sum)
                total[v] = t == T - 1 ? d : total[v] + d;
            else
                vec_put(a->dx[t] + i + v * VEC, d, m);
        }
    }
    for (int v = 0; v < BLOCK_VECS && a->sum; v++)
        vec_put(a->dx[0] + i + v * VEC, total[v], vec_lanes(n, v));
}

MYE_INLINE void unscan_all(const unscan *a, bool plain, slope_fn slope)
{
    const vec_lif p = vec_lif_of(a->s->lif, plain);
    const int64_t n = a->s->n, period = a->s->scale ? a->s->period : INT64_MAX;
    int64_t i = 0, at = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        unscan_block(a, &p, i, at, BLOCK, slope);
        at = at + BLOCK < period ? at + BLOCK : 0;
    }
    if (i < n)
        unscan_block(a, &p, i, at, (int)(n - i), slope);
}

/* One function for each surrogate. */
#define X(name)                                                   \
    static void unscan_##name(const unscan *a)                    \
    {                                                             \
        if (!a->s->lif->hard && !a->s->lif->late && !a->attached) \
            unscan_all(a, true, slope_##name);                    \
        else                                                      \
            unscan_all(a, false, slope_##name);                   \
    }
MYE_SURROGATE_LIST(X)
#undef X

void MYE_VEC(lif_unscan)(const mye_lif_steps *s, const float *u, const float *const *g,
                         float *const *dx, bool sum)
{
    static void (*const down[])(const unscan *) = {
#define X(name) unscan_##name,
        MYE_SURROGATE_LIST(X)
#undef X
    };
    const unscan a = {s, u, g, dx, sum, !s->lif->detach_reset && !s->lif->late};
    down[s->surrogate](&a);
}
