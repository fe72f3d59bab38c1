/*
 * Neurons forward over all steps of a chunk: affine, membrane, spikes as bits and, for rate-based
 * learning, eligibility and rate in one pass. A block of 64 neurons, one word of spikes, keeps its
 * membranes in registers.
 */
#include "kernel/vec/lif.h"

#define BLOCK      64
#define BLOCK_VECS (BLOCK / VEC)

typedef struct scan {
    const mye_lif_steps *s;
    const mye_lif_rates *rates;
    float *u;
    uint64_t *const *spikes;
} scan;

typedef struct rate_block {
    vec eps[BLOCK_VECS], e[BLOCK_VECS], r[BLOCK_VECS];
} rate_block;

MYE_INLINE void rates_load(const scan *a, int64_t i, int n, rate_block *b)
{
    const mye_lif_rates *rates = a->rates;
    const bool first = a->s->first;
    for (int v = 0; v < BLOCK_VECS; v++) {
        const int m = vec_lanes(n, v);
        b->e[v] = first ? vec_set1(0.0f) : vec_take(rates->e + i + v * VEC, m);
        b->r[v] = first ? vec_set1(0.0f) : vec_take(rates->r + i + v * VEC, m);
        b->eps[v] = first || !rates->eps ? vec_set1(1.0f) : vec_take(rates->eps + i + v * VEC, m);
    }
}

MYE_INLINE void rates_store(const scan *a, int64_t i, int n, const rate_block *b)
{
    const mye_lif_rates *rates = a->rates;
    for (int v = 0; v < BLOCK_VECS; v++) {
        const int m = vec_lanes(n, v);
        vec_put(rates->e + i + v * VEC, rates->e_scale * b->e[v], m);
        vec_put(rates->r + i + v * VEC, rates->r_scale * b->r[v], m);
        if (rates->eps)
            vec_put(rates->eps + i + v * VEC, b->eps[v], m);
    }
}

/* One step of one vector; see mye_kernels.rate_collect. */
MYE_INLINE void rates_step(const scan *a, const vec_lif *p, int t, vec u, vec h, vec *eps, vec *e,
                           vec *r)
{
    const int mode = a->rates->mode;
    const vec one = vec_set1(1.0f);
    const vec s = vec_where(vec_ge(u, p->fire), one, vec_set1(0.0f));
    const vec last = mode == 0 ? vec_set1(a->rates->eps_of[t]) : *eps;
    *e += h * last;
    *r += s;
    if (mode == 1)
        *eps = one + p->decay * last * (one - p->subtract * h);
    else if (mode == 2)
        *eps = one + last * (p->decay * (one - s) - p->decay * u * h);
    else if (mode == 3)
        *eps = one + p->decay * last * (one - s);
}

/* n <= BLOCK neurons from i on; returns their spikes. slope NULL: no rates. */
MYE_INLINE int64_t scan_block(const scan *a, const vec_lif *p, int64_t i, int64_t at, int n,
                              slope_fn slope)
{
    const mye_lif_steps *s = a->s;
    vec u[BLOCK_VECS];
    rate_block rates;
    int64_t count = 0;
    for (int v = 0; v < BLOCK_VECS; v++)
        u[v] = s->first ? p->start : vec_take(a->u + i + v * VEC, vec_lanes(n, v));
    if (slope)
        rates_load(a, i, n, &rates);
    for (int t = 0; t < s->steps; t++) {
        uint64_t word = 0;
        MYE_UNROLL
        for (int v = 0; v < BLOCK_VECS; v++) {
            const vec x = vec_current(s, t, i + v * VEC, at + v * VEC, vec_lanes(n, v));
            u[v] = vec_charge(p, s->first && t == 0, x, u[v]);
            word |= vec_mask_bits(vec_ge(u[v], p->fire)) << (v * VEC);
            if (slope)
                rates_step(a, p, t, u[v], slope(u[v] - p->theta, vec_set1(s->a), vec_set1(s->b)),
                           &rates.eps[v], &rates.e[v], &rates.r[v]);
        }
        word &= n == BLOCK ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        a->spikes[t][i / BLOCK] = word;
        count += __builtin_popcountll(word);
    }
    for (int v = 0; v < BLOCK_VECS && a->u; v++)
        vec_put(a->u + i + v * VEC, u[v], vec_lanes(n, v));
    if (slope)
        rates_store(a, i, n, &rates);
    return count;
}

MYE_INLINE int64_t scan_all(const scan *a, bool plain, slope_fn slope)
{
    const vec_lif p = vec_lif_of(a->s->lif, plain);
    const int64_t n = a->s->n, period = a->s->scale ? a->s->period : INT64_MAX;
    int64_t count = 0, i = 0, at = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        count += scan_block(a, &p, i, at, BLOCK, slope);
        at = at + BLOCK < period ? at + BLOCK : 0;
    }
    if (i < n)
        count += scan_block(a, &p, i, at, (int)(n - i), slope);
    return count;
}

static bool is_plain(const mye_lif *p)
{
    return !p->hard && !p->late;
}

/* One function for each surrogate, that of rate-based learning. */
#define X(name)                                                        \
    static int64_t scan_##name(const scan *a)                          \
    {                                                                  \
        return is_plain(a->s->lif) ? scan_all(a, true, slope_##name)   \
                                   : scan_all(a, false, slope_##name); \
    }
MYE_SURROGATE_LIST(X)
#undef X

static int64_t scan_only(const scan *a)
{
    return is_plain(a->s->lif) ? scan_all(a, true, NULL) : scan_all(a, false, NULL);
}

int64_t MYE_VEC(lif_scan)(const mye_lif_steps *s, float *u, uint64_t *const *spikes,
                          const mye_lif_rates *rates)
{
    static int64_t (*const with_rates[])(const scan *) = {
#define X(name) scan_##name,
        MYE_SURROGATE_LIST(X)
#undef X
    };
    const scan a = {s, rates, u, spikes};
    return rates ? with_rates[s->surrogate](&a) : scan_only(&a);
}
