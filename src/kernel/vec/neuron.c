/*
 * Neuron dynamics: one pass over memory per step. Products and sums are rounded one by one here
 * (this file is compiled with -ffp-contract=off): a membrane that lies on the threshold then fires
 * or not in the same way with every instruction set.
 */
#include "kernel/vec/vec.h"

/* Spikes of m <= 64 neurons as a word. */
MYE_INLINE uint64_t pack_word(const float *u, int m, float theta, bool strict)
{
    uint64_t word = 0;
    int i = 0;
#if defined(__AVX512F__)
    const __m512 th = _mm512_set1_ps(theta);
    for (; i + 16 <= m; i += 16) {
        const __m512 v = _mm512_loadu_ps(u + i);
        const __mmask16 on =
            strict ? _mm512_cmp_ps_mask(v, th, _CMP_GT_OQ) : _mm512_cmp_ps_mask(v, th, _CMP_GE_OQ);
        word |= (uint64_t)on << i;
    }
#elif defined(__AVX2__)
    const __m256 th = _mm256_set1_ps(theta);
    for (; i + 8 <= m; i += 8) {
        const __m256 v = _mm256_loadu_ps(u + i);
        const __m256 on =
            strict ? _mm256_cmp_ps(v, th, _CMP_GT_OQ) : _mm256_cmp_ps(v, th, _CMP_GE_OQ);
        word |= (uint64_t)(uint32_t)_mm256_movemask_ps(on) << i;
    }
#elif defined(__SSE2__)
    const __m128 th = _mm_set1_ps(theta);
    for (; i + 4 <= m; i += 4) {
        const __m128 v = _mm_loadu_ps(u + i);
        const __m128 on = strict ? _mm_cmpgt_ps(v, th) : _mm_cmpge_ps(v, th);
        word |= (uint64_t)(uint32_t)_mm_movemask_ps(on) << i;
    }
#endif
    for (; i < m; i++)
        word |= (uint64_t)(strict ? u[i] > theta : u[i] >= theta) << i;
    return word;
}

typedef enum lif_mode { LIF_FIRST, LIF_SOFT, LIF_HARD, LIF_LATE_SOFT, LIF_LATE_HARD } lif_mode;

/* The membrane of the next step from the last one, in place. */
MYE_INLINE void charge(const mye_lif *p, lif_mode mode, bool strict, int64_t n,
                       const float *restrict x, float *restrict u)
{
    const float decay = p->decay, gain = p->gain, offset = p->late ? 0.0f : p->offset;
    const float theta = p->theta, subtract = p->subtract, reset = p->reset, start = p->start;
    for (int64_t i = 0; i < n; i++) {
        const float last = mode == LIF_FIRST ? start : u[i];
        const bool fired = strict ? last > theta : last >= theta;
        float v = last;
        if (mode == LIF_SOFT)
            v = last - (fired ? subtract : 0.0f);
        else if (mode == LIF_HARD)
            v = fired ? reset : last;
        else if (mode == LIF_LATE_HARD)
            v = fired ? 0.0f : last;
        float next = decay * v + gain * x[i];
        if (mode == LIF_LATE_SOFT)
            next -= fired ? subtract : 0.0f;
        u[i] = next + offset;
    }
}

MYE_INLINE void charge_mode(const mye_lif *p, bool first, bool strict, int64_t n, const float *x,
                            float *u)
{
    if (first)
        charge(p, LIF_FIRST, strict, n, x, u);
    else if (p->late)
        charge(p, p->hard ? LIF_LATE_HARD : LIF_LATE_SOFT, strict, n, x, u);
    else
        charge(p, p->hard ? LIF_HARD : LIF_SOFT, strict, n, x, u);
}

/* Neurons whose membranes stay in the first-level cache between charging and firing. */
#define STRIDE 1024

int64_t MYE_VEC(lif_forward)(const mye_lif *p, int64_t n, bool first, const float *x, float *u,
                             uint64_t *spikes)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += STRIDE) {
        const int64_t m = n - i < STRIDE ? n - i : STRIDE;
        if (p->strict)
            charge_mode(p, first, true, m, x + i, u + i);
        else
            charge_mode(p, first, false, m, x + i, u + i);
        for (int64_t k = 0; k < m; k += 64) {
            const int left = m - k < 64 ? (int)(m - k) : 64;
            const uint64_t word = pack_word(u + i + k, left, p->theta, p->strict);
            count += __builtin_popcountll(word);
            if (spikes)
                spikes[(i + k) / 64] = word;
        }
    }
    return count;
}

void MYE_VEC(lif_fire)(const mye_lif *p, int64_t n, const float *restrict u, float *restrict s)
{
    const float theta = p->theta;
    if (p->strict)
        for (int64_t i = 0; i < n; i++)
            s[i] = u[i] > theta ? 1.0f : 0.0f;
    else
        for (int64_t i = 0; i < n; i++)
            s[i] = u[i] >= theta ? 1.0f : 0.0f;
}

typedef struct lif_grad {
    const float *g, *h, *u;
    float *carry, *dx, *du;
} lif_grad;

/* training rules, section 3.2. `attached`: the reset is differentiated too. */
MYE_INLINE void backward(const mye_lif *p, bool hard, bool attached, bool strict, bool keep,
                         int64_t n, lif_grad a)
{
    const float theta = p->theta, decay = p->decay, gain = p->gain;
    const float subtract = p->subtract, reset = p->reset;
    /* dx may be g, element by element. */
    MYE_IVDEP
    for (int64_t i = 0; i < n; i++) {
        const float u = a.u[i], carry = a.carry[i];
        const bool fired = strict ? u > theta : u >= theta;
        const float through = hard && fired ? 0.0f : carry; /* carry (1 - s) */
        float g = a.g[i];
        if (attached)
            g = hard ? g + carry * (reset - u) : g - subtract * carry;
        const float du = g * a.h[i] + through;
        a.carry[i] = decay * du;
        a.dx[i] = gain * du;
        if (keep)
            a.du[i] = du;
    }
}

MYE_INLINE void backward_keep(const mye_lif *p, bool keep, int64_t n, lif_grad a)
{
    const bool attached = !p->detach_reset && !p->late;
    if (!p->hard && attached)
        backward(p, false, true, false, keep, n, a);
    else if (!p->hard)
        backward(p, false, false, false, keep, n, a);
    else if (attached && p->strict)
        backward(p, true, true, true, keep, n, a);
    else if (attached)
        backward(p, true, true, false, keep, n, a);
    else if (p->strict)
        backward(p, true, false, true, keep, n, a);
    else
        backward(p, true, false, false, keep, n, a);
}

void MYE_VEC(lif_backward)(const mye_lif *p, int64_t n, const float *g, const float *h,
                           const float *u, float *carry, float *dx, float *du)
{
    const lif_grad a = {g, h, u, carry, dx, du};
    if (du)
        backward_keep(p, true, n, a);
    else
        backward_keep(p, false, n, a);
}

MYE_INLINE void collect(const mye_lif *p, int mode, bool strict, int64_t n, const float *restrict u,
                        const float *restrict h, float *restrict eps, float *restrict e,
                        float *restrict r)
{
    const float theta = p->theta, decay = p->decay, subtract = p->subtract;
    for (int64_t i = 0; i < n; i++) {
        const float s = (strict ? u[i] > theta : u[i] >= theta) ? 1.0f : 0.0f;
        const float last = eps[i];
        e[i] += h[i] * last;
        r[i] += s;
        if (mode == 0)
            eps[i] = 1.0f + decay * last;
        else if (mode == 1)
            eps[i] = 1.0f + decay * last * (1.0f - subtract * h[i]);
        else if (mode == 2)
            eps[i] = 1.0f + last * (decay * (1.0f - s) - decay * u[i] * h[i]);
        else
            eps[i] = 1.0f + decay * last * (1.0f - s);
    }
}

MYE_INLINE void collect_mode(const mye_lif *p, int mode, int64_t n, const float *u, const float *h,
                             float *eps, float *e, float *r)
{
    if (p->strict)
        collect(p, mode, true, n, u, h, eps, e, r);
    else
        collect(p, mode, false, n, u, h, eps, e, r);
}

void MYE_VEC(rate_collect)(const mye_lif *p, int mode, int64_t n, const float *u, const float *h,
                           float *eps, float *e, float *r)
{
    if (mode == 0)
        collect_mode(p, 0, n, u, h, eps, e, r);
    else if (mode == 1)
        collect_mode(p, 1, n, u, h, eps, e, r);
    else if (mode == 2)
        collect_mode(p, 2, n, u, h, eps, e, r);
    else
        collect_mode(p, 3, n, u, h, eps, e, r);
}
