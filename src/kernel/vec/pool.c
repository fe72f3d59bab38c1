/* Max pooling backward: a block of channels stays in registers over the whole window. */
#include "kernel/vec/vec.h"

typedef int32_t ivec __attribute__((vector_size(4 * VEC)));

MYE_INLINE ivec choose(ivec mask, ivec yes, ivec no)
{
    return (mask & yes) | (~mask & no);
}

/* The first n floats at p; n = VEC: all. */
MYE_INLINE vec load_n(const float *p, int n)
{
    return n == VEC ? vec_load(p) : vec_load_part(p, n);
}

MYE_INLINE void store_n(float *p, vec a, int n)
{
    if (n == VEC)
        vec_store(p, a);
    else
        vec_store_part(p, a, n);
}

/* Position of the first maximum of each of n channels. */
MYE_INLINE ivec first_max(int n_rows, int n_cols, int64_t C, int64_t pitch, const float *x, int n)
{
    vec best = load_n(x, n);
    ivec where = {0}, at = {0};
    for (int h = 0; h < n_rows; h++)
        for (int w = 0; w < n_cols; w++) {
            const vec v = load_n(x + h * pitch + w * C, n);
            const ivec greater = v > best;
            where = choose(greater, at, where);
            best = (vec)choose(greater, (ivec)v, (ivec)best);
            at += 1;
        }
    return where;
}

MYE_INLINE void route_block(int n_rows, int n_cols, int64_t C, int64_t pitch, const float *x,
                            const float *g, float *dx, bool add, int n)
{
    const ivec where = first_max(n_rows, n_cols, C, pitch, x, n);
    const ivec gradient = (ivec)load_n(g, n);
    ivec at = {0};
    for (int h = 0; h < n_rows; h++)
        for (int w = 0; w < n_cols; w++) {
            float *to = dx + h * pitch + w * C;
            const vec share = (vec)((where == at) & gradient);
            store_n(to, add ? load_n(to, n) + share : share, n);
            at += 1;
        }
}

void MYE_VEC(route_max)(int64_t C, int n_rows, int n_cols, int64_t pitch, const float *x,
                        const float *g, float *dx, bool add)
{
    int64_t c = 0;
    for (; c + VEC <= C; c += VEC)
        route_block(n_rows, n_cols, C, pitch, x + c, g + c, dx + c, add, VEC);
    if (c < C)
        route_block(n_rows, n_cols, C, pitch, x + c, g + c, dx + c, add, (int)(C - c));
}

MYE_INLINE void one_block(int n_rows, int n_cols, int64_t C, int64_t pitch, int chosen,
                          const float *x, const float *g, float *dx, int n)
{
    const ivec where = first_max(n_rows, n_cols, C, pitch, x, n);
    const ivec at = (ivec){0} + chosen;
    store_n(dx, (vec)((where == at) & (ivec)load_n(g, n)), n);
}

void MYE_VEC(route_one)(int64_t C, int64_t n, int n_rows, int n_cols, int64_t pitch, int at,
                        const float *x, const float *g, float *dx)
{
    int64_t c = 0;
    for (; c + VEC <= n; c += VEC)
        one_block(n_rows, n_cols, C, pitch, at, x + c, g + c, dx + c, VEC);
    if (c < n)
        one_block(n_rows, n_cols, C, pitch, at, x + c, g + c, dx + c, (int)(n - c));
}

/* The floats of `a` whose bits are set, else 0. */
MYE_INLINE vec keep_bits(uint64_t bits, vec a)
{
#if defined(__AVX512F__)
    return (vec)_mm512_maskz_mov_ps((__mmask16)bits, (__m512)a);
#else
    ivec mask;
    for (int i = 0; i < VEC; i++)
        mask[i] = -(int32_t)(bits >> i & 1);
    return (vec)((ivec)a & mask);
#endif
}

/* VEC bits from position `at` on, and what follows them. */
MYE_INLINE uint64_t bits_at(const uint64_t *bits, int64_t at)
{
    const int shift = (int)(at & 63);
    const uint64_t word = bits[at >> 6] >> shift;
    return shift > 64 - VEC ? word | bits[(at >> 6) + 1] << (64 - shift) : word;
}

void MYE_VEC(route_won)(int64_t C, int64_t pixels, int first, int repeat, const uint64_t *won,
                        const float *g, float *dx)
{
    for (int64_t j = 0, at = 0; j < pixels; j++, at += C, dx += C) {
        int64_t c = 0;
        for (; c + VEC <= C; c += VEC)
            vec_store(dx + c, keep_bits(bits_at(won, at + c), vec_load(g + c)));
        if (c < C) {
            const int n = (int)(C - c);
            vec_store_part(dx + c, keep_bits(bits_at(won, at + c), vec_load_part(g + c, n)), n);
        }
        if (++first == repeat) {
            first = 0;
            g += C;
        }
    }
}
