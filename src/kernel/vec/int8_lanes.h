/* What int8_tile.c and int8_sparse.c share: registers of 32-bit sums, four inputs against four
 * weights of each column. */
#ifndef MYE_INT8_LANES_H
#define MYE_INT8_LANES_H

#include "kernel/vec/vec.h"

/* Steps whose two products each fit sums of 16 bits: 2 * 127 * 128 < 2^15. */
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
#endif

#if defined(__AVX512F__)
/* Written out: these files are built for processors that lack the instruction too. */
MYE_INLINE ivec add_fours(ivec sum, ivec a, ivec b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
#endif

/* A row of V vectors, of which the last holds `part` columns (0: all): y = scale * sum + bias. */
MYE_INLINE void store_row(const int V, const int part, const mye_int8_out *t, const ivec sum[2],
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

#endif
