/*
 * The register tile of 8-bit weights: TILE_ROWS x TILE_COLS sums of 32 bits. A step takes four
 * inputs of a row (bytes 0 or 1) against four weights of each column.
 *
 * Where the processor has an instruction for that (AVX-512 VNNI) it adds to 32 bits at once. Else
 * two products are added to sums of 16 bits, which hold MAX_STEPS steps: 2 * 127 * 128 < 2^15.
 */
#include "kernel/vec/vec.h"

#define MAX_STEPS 128

typedef int32_t ivec __attribute__((vector_size(4 * VEC)));
typedef int32_t ivec_any __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

MYE_INLINE ivec load_weights(const int8_t *b)
{
    return *(const ivec_any *)(const void *)b;
}

#if defined(__AVX2__)
/* Four bytes in every lane. */
MYE_INLINE ivec load_inputs(const uint8_t *a)
{
    int32_t four;
    memcpy(&four, a, sizeof four);
#if defined(__AVX512F__)
    return (ivec)_mm512_set1_epi32(four);
#else
    return (ivec)_mm256_set1_epi32(four);
#endif
}

/* Sums of 16 bits: sum[2 j], sum[2 j + 1] are the halves of column j. */
MYE_INLINE ivec add_pairs(ivec sum, ivec a, ivec b)
{
#if defined(__AVX512F__)
    const __m512i pairs = _mm512_maddubs_epi16((__m512i)a, (__m512i)b);
    return (ivec)_mm512_add_epi16((__m512i)sum, pairs);
#else
    const __m256i pairs = _mm256_maddubs_epi16((__m256i)a, (__m256i)b);
    return (ivec)_mm256_add_epi16((__m256i)sum, pairs);
#endif
}

MYE_INLINE ivec widen_pairs(ivec sum)
{
#if defined(__AVX512F__)
    return (ivec)_mm512_madd_epi16((__m512i)sum, _mm512_set1_epi16(1));
#else
    return (ivec)_mm256_madd_epi16((__m256i)sum, _mm256_set1_epi16(1));
#endif
}

/* At most MAX_STEPS steps from step k on. */
MYE_INLINE void sum_part(const int R, const int V, const uint8_t *const *a, const int8_t *b, int k,
                         int steps, ivec acc[][2])
{
    ivec part[TILE_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            part[r][v] = (ivec){0};
    for (int end = k + steps; k < end; k++, b += 4 * TILE_COLS) {
        ivec col[2];
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            col[v] = load_weights(b + v * 4 * VEC);
        MYE_UNROLL
        for (int r = 0; r < R; r++) {
            const ivec x = load_inputs(a[r] + 4 * (ptrdiff_t)k);
            MYE_UNROLL
            for (int v = 0; v < V; v++)
                part[r][v] = add_pairs(part[r][v], x, col[v]);
        }
    }
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            acc[r][v] += widen_pairs(part[r][v]);
}

MYE_INLINE void sum_narrow(const int R, const int V, const uint8_t *const *a, const int8_t *b,
                           int n, ivec acc[][2])
{
    for (int k = 0; k < n; k += MAX_STEPS, b += MAX_STEPS * 4 * TILE_COLS)
        sum_part(R, V, a, b, k, n - k < MAX_STEPS ? n - k : MAX_STEPS, acc);
}
#else
MYE_INLINE void sum_narrow(const int R, const int V, const uint8_t *const *a, const int8_t *b,
                           int n, ivec acc[][2])
{
    for (int k = 0; k < 4 * n; k++)
        for (int r = 0; r < R; r++)
            for (int j = 0; a[r][k] && j < V * VEC; j++)
                acc[r][j / VEC][j % VEC] += b[(k / 4 * TILE_COLS + j) * 4 + k % 4];
}
#endif

#if defined(__AVX512F__)
/* Written out: this file is built for processors that lack the instruction too. */
MYE_INLINE ivec add_fours(ivec sum, ivec a, ivec b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

MYE_INLINE void sum_wide(const int R, const int V, const uint8_t *const *a, const int8_t *b, int n,
                         ivec acc[][2])
{
    for (int64_t k = 0; k < n; k++, b += 4 * TILE_COLS) {
        ivec col[2];
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            col[v] = load_weights(b + v * 4 * VEC);
        MYE_UNROLL
        for (int r = 0; r < R; r++) {
            const ivec x = load_inputs(a[r] + 4 * k);
            MYE_UNROLL
            for (int v = 0; v < V; v++)
                acc[r][v] = add_fours(acc[r][v], x, col[v]);
        }
    }
}
#endif

/* `wide`: by the instruction that adds to 32 bits. */
MYE_INLINE void sum_row(const int R, const int V, const bool wide, const uint8_t *const *a,
                        const int8_t *b, int n, ivec acc[][2])
{
#if defined(__AVX512F__)
    if (wide) {
        sum_wide(R, V, a, b, n, acc);
        return;
    }
#endif
    MYE_UNUSED(wide);
    sum_narrow(R, V, a, b, n, acc);
}

/* Rows of V vectors, of which the last holds `part` columns (0: all): y = scale * sum + bias. */
MYE_INLINE void store_row(const int V, const int part, const mye_int8_tile *t, const ivec sum[2],
                          float *y)
{
    MYE_UNROLL
    for (int v = 0; v < V; v++) {
        const bool partly = v == V - 1 && part;
        vec out = vec_load(t->scale + v * VEC) * __builtin_convertvector(sum[v], vec);
        if (t->bias)
            out += partly ? vec_load_part(t->bias + v * VEC, part) : vec_load(t->bias + v * VEC);
        if (partly)
            vec_store_part(y + v * VEC, out, part);
        else
            vec_store(y + v * VEC, out);
    }
}

MYE_INLINE void tile_run(const int R, const int V, const bool wide, const mye_int8_tile *t)
{
    const uint8_t *a[TILE_ROWS];
    const int8_t *b = t->b;
    ivec acc[TILE_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        a[r] = t->a[r];
        for (int v = 0; v < V; v++)
            acc[r][v] = (ivec){0};
    }
    for (int s = 0; s < t->segs; s++, b += (ptrdiff_t)t->n * 4 * TILE_COLS) {
        sum_row(R, V, wide, a, b, t->n, acc);
        MYE_UNROLL
        for (int r = 0; r < R; r++)
            a[r] += t->pitch;
    }
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        store_row(V, t->width % VEC, t, acc[r], t->y[r]);
}

MYE_INLINE void tile_rows(const int R, const bool wide, const mye_int8_tile *t)
{
    if (t->width > VEC)
        tile_run(R, 2, wide, t);
    else
        tile_run(R, 1, wide, t);
}

#define ROWS(R)                \
    case R:                    \
        tile_rows(R, wide, t); \
        break;

/* Every row count has its own copy with constant bounds. */
MYE_INLINE void tile_any(const bool wide, const mye_int8_tile *t)
{
    switch (t->rows) {
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
        ROWS(5)
        ROWS(6)
#if TILE_ROWS == 12
        ROWS(7)
        ROWS(8)
        ROWS(9)
        ROWS(10)
        ROWS(11)
        ROWS(12)
#endif
    default:
        break;
    }
}

void MYE_VEC(int8_tile_narrow)(const mye_int8_tile *t)
{
    tile_any(false, t);
}

#if defined(__AVX512F__)
static void tile_wide(const mye_int8_tile *t)
{
    tile_any(true, t);
}
#endif

mye_int8_tile_fn MYE_VEC(int8_tile)(void)
{
#if defined(__AVX512F__)
    if (__builtin_cpu_supports("avx512vnni"))
        return tile_wide;
#endif
    return MYE_VEC(int8_tile_narrow);
}
