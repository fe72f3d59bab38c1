/*
 * Elementwise passes over chunks that sit in cache. Plain loops where the compiler does them well;
 * sums over rows keep their columns in registers while the rows run.
 */
#include "kernel/vec/vec.h"

void MYE_VEC(bits_expand)(int64_t n, const uint64_t *bits, int64_t first, float *dst)
{
    int64_t i = 0;
#if defined(__AVX512F__)
    const __m512 one = _mm512_set1_ps(1.0f);
    for (; i + 16 <= n; i += 16) {
        const int64_t at = first + i;
        const int shift = (int)(at & 63);
        uint64_t word = bits[at >> 6] >> shift;
        if (shift > 48)
            word |= bits[(at >> 6) + 1] << (64 - shift);
        _mm512_storeu_ps(dst + i, _mm512_maskz_mov_ps((__mmask16)word, one));
    }
#elif defined(__AVX2__)
    const __m256i select = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256 one = _mm256_set1_ps(1.0f);
    for (; i + 8 <= n; i += 8) {
        const int64_t at = first + i;
        const int shift = (int)(at & 63);
        uint64_t word = bits[at >> 6] >> shift;
        if (shift > 56)
            word |= bits[(at >> 6) + 1] << (64 - shift);
        const __m256i on = _mm256_and_si256(_mm256_set1_epi32((int)(word & 255)), select);
        const __m256 mask = _mm256_castsi256_ps(_mm256_cmpeq_epi32(on, select));
        _mm256_storeu_ps(dst + i, _mm256_and_ps(mask, one));
    }
#endif
    for (; i < n; i++)
        dst[i] = (float)(bits[(first + i) >> 6] >> ((first + i) & 63) & 1);
}

int64_t MYE_VEC(bits_count)(int64_t n_words, const uint64_t *bits)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_words; i++)
        n += __builtin_popcountll(bits[i]);
    return n;
}

int64_t MYE_VEC(bits_shared)(int64_t n_words, const uint64_t *x, const uint64_t *y)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_words; i++)
        n += __builtin_popcountll(x[i] & y[i]);
    return n;
}

void MYE_VEC(add)(int64_t n, const float *restrict x, float *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

void MYE_VEC(scale)(int64_t n, float a, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a * x[i];
}

void MYE_VEC(axpy)(int64_t n, float a, const float *restrict x, float *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

void MYE_VEC(mul)(int64_t n, const float *restrict x, float *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] *= x[i];
}

/* Vector or its first n floats. */
MYE_INLINE vec take(const float *p, int n)
{
    return n == VEC ? vec_load(p) : vec_load_part(p, n);
}

MYE_INLINE void put(float *p, vec a, int n)
{
    if (n == VEC)
        vec_store(p, a);
    else
        vec_store_part(p, a, n);
}

MYE_INLINE int columns(int64_t left)
{
    return left < VEC ? (int)left : VEC;
}

void MYE_VEC(affine)(int64_t rows, int64_t C, const float *x, const float *scale,
                     const float *shift, float *y)
{
    for (int64_t c = 0; c < C; c += VEC) {
        const int n = columns(C - c);
        const vec a = take(scale + c, n), b = take(shift + c, n);
        if (n == VEC)
            for (int64_t r = 0; r < rows; r++)
                vec_store(y + r * C + c, a * vec_load(x + r * C + c) + b);
        else
            for (int64_t r = 0; r < rows; r++)
                vec_store_part(y + r * C + c, a * vec_load_part(x + r * C + c, n) + b, n);
    }
}

void MYE_VEC(affine2)(int64_t rows, int64_t C, const float *g, const float *x, const float *a,
                      const float *b, const float *d, float *y)
{
    for (int64_t c = 0; c < C; c += VEC) {
        const int n = columns(C - c);
        const vec va = take(a + c, n), vb = take(b + c, n), vd = take(d + c, n);
        for (int64_t i = c; i < rows * C; i += C)
            put(y + i, va * take(g + i, n) + (vb * take(x + i, n) + vd), n);
    }
}

/* Four vectors of columns at a time, so that the sums do not wait for each other. */
#define WIDE 4

MYE_INLINE void norm_sums_wide(int W, int64_t rows, int64_t pitch, const float *x,
                               const float *center, float *sum, float *square, int n)
{
    vec mean[WIDE], s[WIDE], q[WIDE];
    for (int v = 0; v < W; v++) {
        mean[v] = take(center + v * VEC, n);
        s[v] = q[v] = vec_set1(0.0f);
    }
    for (int64_t r = 0; r < rows; r++, x += pitch) {
        for (int v = 0; v < W; v++) {
            const vec d = take(x + v * VEC, n) - mean[v];
            s[v] += d;
            q[v] += d * d;
        }
    }
    for (int v = 0; v < W; v++) {
        put(sum + v * VEC, take(sum + v * VEC, n) + s[v], n);
        put(square + v * VEC, take(square + v * VEC, n) + q[v], n);
    }
}

void MYE_VEC(norm_sums)(int64_t rows, int64_t C, int64_t pitch, const float *x, const float *center,
                        float *sum, float *square)
{
    int64_t c = 0;
    for (; c + WIDE * VEC <= C; c += WIDE * VEC)
        norm_sums_wide(WIDE, rows, pitch, x + c, center + c, sum + c, square + c, VEC);
    for (; c + VEC <= C; c += VEC)
        norm_sums_wide(1, rows, pitch, x + c, center + c, sum + c, square + c, VEC);
    if (c < C)
        norm_sums_wide(1, rows, pitch, x + c, center + c, sum + c, square + c, (int)(C - c));
}

typedef struct grad_sums {
    const float *g, *x, *center;
    float *sum_g, *sum_gx, *sum_x;
} grad_sums;

MYE_INLINE void norm_grad_wide(int W, int64_t rows, int64_t C, int64_t c, grad_sums p, int n)
{
    vec mean[WIDE], g[WIDE], gx[WIDE], xs[WIDE];
    for (int v = 0; v < W; v++) {
        mean[v] = take(p.center + c + v * VEC, n);
        g[v] = gx[v] = xs[v] = vec_set1(0.0f);
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int v = 0; v < W; v++) {
            const vec d = take(p.x + r * C + c + v * VEC, n) - mean[v];
            const vec dg = take(p.g + r * C + c + v * VEC, n);
            g[v] += dg;
            gx[v] += dg * d;
            xs[v] += d;
        }
    }
    for (int v = 0; v < W; v++) {
        const int64_t at = c + v * VEC;
        put(p.sum_g + at, take(p.sum_g + at, n) + g[v], n);
        put(p.sum_gx + at, take(p.sum_gx + at, n) + gx[v], n);
        put(p.sum_x + at, take(p.sum_x + at, n) + xs[v], n);
    }
}

void MYE_VEC(norm_grad_sums)(int64_t rows, int64_t C, const float *g, const float *x,
                             const float *center, float *sum_g, float *sum_gx, float *sum_x)
{
    const grad_sums p = {g, x, center, sum_g, sum_gx, sum_x};
    int64_t c = 0;
    for (; c + 2 * VEC <= C; c += 2 * VEC)
        norm_grad_wide(2, rows, C, c, p, VEC);
    for (; c + VEC <= C; c += VEC)
        norm_grad_wide(1, rows, C, c, p, VEC);
    if (c < C)
        norm_grad_wide(1, rows, C, c, p, (int)(C - c));
}

void MYE_VEC(column_sums)(int64_t rows, int64_t C, const float *x, float *sum)
{
    for (int64_t c = 0; c < C; c += VEC) {
        const int n = columns(C - c);
        vec s = vec_set1(0.0f);
        for (int64_t i = c; i < rows * C; i += C)
            s += take(x + i, n);
        put(sum + c, take(sum + c, n) + s, n);
    }
}
