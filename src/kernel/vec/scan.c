/*
 * Neurons forward over all steps of a chunk: affine, membrane, spikes as bits and, for rate-based
 * learning, eligibility and rate in one pass. A vector of neurons keeps its membranes in a register.
 */
#include "kernel/vec/lif.h"

#define BLOCK 64 /* neurons of a word of spikes */

typedef struct scan {
    const mye_lif_steps *s;
    const mye_lif_rates *rates;
    float *u;
    uint64_t *const *spikes;
} scan;

/* Rates of a vector of neurons. */
typedef struct rate_vec {
    vec eps, e, r;
} rate_vec;

MYE_INLINE rate_vec rates_load(const scan *a, int64_t i, int m)
{
    const mye_lif_rates *rates = a->rates;
    const bool first = a->s->first;
    return (rate_vec){
        .eps = first || !rates->eps ? vec_set1(1.0f) : vec_take(rates->eps + i, m),
        .e = first ? vec_set1(0.0f) : vec_take(rates->e + i, m),
        .r = first ? vec_set1(0.0f) : vec_take(rates->r + i, m),
    };
}

MYE_INLINE void rates_store(const scan *a, int64_t i, int m, rate_vec b)
{
    const mye_lif_rates *rates = a->rates;
    vec_put(rates->e + i, rates->e_scale * b.e, m);
    vec_put(rates->r + i, rates->r_scale * b.r, m);
    if (rates->eps)
        vec_put(rates->eps + i, b.eps, m);
}

/* One step of one vector; see mye_kernels.rate_collect. */
MYE_INLINE void rates_step(const scan *a, const vec_lif *p, int t, vec u, vec h, rate_vec *b)
{
    const int mode = a->rates->mode;
    const vec one = vec_set1(1.0f);
    const vec s = vec_where(vec_ge(u, p->fire), one, vec_set1(0.0f));
    const vec last = mode == 0 ? vec_set1(a->rates->eps_of[t]) : b->eps;
    b->e += h * last;
    b->r += s;
    if (mode == 1)
        b->eps = one + p->decay * last * (one - p->subtract * h);
    else if (mode == 2)
        b->eps = one + last * (p->decay * (one - s) - p->decay * u * h);
    else if (mode == 3)
        b->eps = one + p->decay * last * (one - s);
}

/* All steps of m <= VEC neurons from i on; their spikes go to words[t], shifted. slope NULL: no
 * rates. */
MYE_INLINE void scan_vec(const scan *a, const vec_lif *p, int64_t i, int64_t at, int m,
                         uint64_t *words, int shift, slope_fn slope)
{
    const mye_lif_steps *s = a->s;
    const vec va = vec_set1(s->a), vb = vec_set1(s->b);
    vec u = s->first ? p->start : vec_take(a->u + i, m);
    rate_vec rates;
    if (slope)
        rates = rates_load(a, i, m);
    for (int t = 0; t < s->steps; t++) {
        u = vec_charge(p, s->first && t == 0, vec_current(s, t, i, at, m), u);
        words[t] |= vec_mask_bits(vec_ge(u, p->fire)) << shift;
        if (slope)
            rates_step(a, p, t, u, slope(u - p->theta, va, vb), &rates);
    }
    if (a->u)
        vec_put(a->u + i, u, m);
    if (slope)
        rates_store(a, i, m, rates);
}

/* n <= BLOCK neurons from i on; returns their spikes. */
MYE_INLINE int64_t scan_block(const scan *a, const vec_lif *p, int64_t i, int64_t at, int n,
                              slope_fn slope)
{
    uint64_t words[MYE_LIF_STEPS];
    int64_t count = 0;
    for (int t = 0; t < a->s->steps; t++)
        words[t] = 0;
    for (int k = 0; k < n; k += VEC)
        scan_vec(a, p, i + k, at + k, n - k < VEC ? n - k : VEC, words, k, slope);
    for (int t = 0; t < a->s->steps; t++) {
        const uint64_t used = n == BLOCK ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        a->spikes[t][i / BLOCK] = words[t] & used;
        count += __builtin_popcountll(words[t] & used);
    }
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
