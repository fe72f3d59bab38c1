/*
 * Sums with 8-bit weights of one output point whose inputs are mostly 0: a list of the steps of four
 * inputs that are not, then only these. The sums are exact, so nobody can tell which way they were
 * taken.
 */
#include "kernel/vec/int8_lanes.h"

/* Steps [0, n) of one window row, numbered from `first` on, to the list; returns how many. */
static int list_row(const uint8_t *a, int n, int first, int32_t *step, int32_t *four)
{
    int count = 0, k = 0;
#if defined(__AVX512F__)
    __m512i number =
        _mm512_add_epi32(_mm512_set1_epi32(first),
                         _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    for (; k + 16 <= n; k += 16) {
        const __m512i x = _mm512_loadu_si512(a + 4 * (ptrdiff_t)k);
        const __mmask16 some = _mm512_test_epi32_mask(x, x);
        _mm512_storeu_si512(step + count, _mm512_maskz_compress_epi32(some, number));
        _mm512_storeu_si512(four + count, _mm512_maskz_compress_epi32(some, x));
        count += __builtin_popcount(some);
        number = _mm512_add_epi32(number, _mm512_set1_epi32(16));
    }
#endif
    for (; k < n; k++) {
        memcpy(four + count, a + 4 * (ptrdiff_t)k, sizeof *four);
        step[count] = first + k;
        count += four[count] != 0;
    }
    return count;
}

/* Weights of four inputs for vector v of the panels. */
MYE_INLINE const int8_t *weights_at(const mye_int8_sparse *t, int32_t step, int v)
{
    return t->b + (ptrdiff_t)step * 4 * TILE_COLS + v / 2 * t->panel + v % 2 * 4 * VEC;
}

#if defined(__AVX2__)
MYE_INLINE void sum_narrow(const int V, const mye_int8_sparse *t, int count, ivec acc[])
{
    for (int from = 0; from < count; from += MAX_STEPS) {
        const int to = count - from < MAX_STEPS ? count : from + MAX_STEPS;
        ivec part[2 * INT8_PANELS];
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            part[v] = (ivec){0};
        for (int e = from; e < to; e++) {
            const ivec x = load_inputs((const uint8_t *)(t->four + e));
            MYE_UNROLL
            for (int v = 0; v < V; v++)
                part[v] = add_pairs(part[v], x, load_weights(weights_at(t, t->step[e], v)));
        }
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            acc[v] += widen_pairs(part[v]);
    }
}
#else
MYE_INLINE void sum_narrow(const int V, const mye_int8_sparse *t, int count, ivec acc[])
{
    for (int e = 0; e < 4 * count; e++) {
        const uint8_t on = ((const uint8_t *)t->four)[e];
        for (int j = 0; on && j < V * VEC; j++)
            acc[j / VEC][j % VEC] += weights_at(t, t->step[e / 4], j / VEC)[j % VEC * 4 + e % 4];
    }
}
#endif

#if defined(__AVX512F__)
MYE_INLINE void sum_wide(const int V, const mye_int8_sparse *t, int count, ivec acc[])
{
    for (int e = 0; e < count; e++) {
        const ivec x = load_inputs((const uint8_t *)(t->four + e));
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            acc[v] = add_fours(acc[v], x, load_weights(weights_at(t, t->step[e], v)));
    }
}
#endif

MYE_INLINE void sparse_run(const int P, const bool wide, const mye_int8_sparse *t)
{
    ivec acc[2 * INT8_PANELS];
    int count = 0;
    for (int s = 0; s < t->segs; s++)
        count += list_row(t->a + s * t->pitch, t->n, s * t->n, t->step + count, t->four + count);
    MYE_UNROLL
    for (int v = 0; v < 2 * P; v++)
        acc[v] = (ivec){0};
#if defined(__AVX512F__)
    if (wide)
        sum_wide(2 * P, t, count, acc);
    else
#endif
        sum_narrow(2 * P, t, count, acc);
    MYE_UNUSED(wide);
    MYE_UNROLL
    for (int p = 0; p < P; p++) {
        const int column = p * TILE_COLS, width = t->width - column;
        const mye_int8_out out = {t->out.scale + column, t->out.bias ? t->out.bias + column : NULL};
        if (width >= TILE_COLS)
            store_row(2, 0, &out, acc + 2 * p, t->y + column);
        else
            store_row(width > VEC ? 2 : 1, width % VEC, &out, acc + 2 * p, t->y + column);
    }
}

/* Every number of panels has its own copy with constant bounds. */
MYE_INLINE void sparse_any(const bool wide, const mye_int8_sparse *t)
{
    const int panels = (t->width + TILE_COLS - 1) / TILE_COLS;
    if (panels == 1)
        sparse_run(1, wide, t);
    else if (panels == 2)
        sparse_run(2, wide, t);
    else if (panels == 3)
        sparse_run(3, wide, t);
    else
        sparse_run(4, wide, t);
}

void MYE_VEC(int8_sparse)(const mye_int8_sparse *t)
{
    sparse_any(false, t);
}

#if defined(__AVX512F__)
void MYE_VEC(int8_sparse_wide)(const mye_int8_sparse *t)
{
    sparse_any(true, t);
}
#endif
