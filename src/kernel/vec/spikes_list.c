/* Lists of what is not 0: the set bits of spikes, or the non-zero floats with their values. */
#include "kernel/vec/vec.h"

/* Bits [first, first + n), n <= 64, from bit 0 on. */
static uint64_t bits_at(const uint64_t *bits, int64_t first, int n)
{
    const uint64_t *word = bits + first / 64;
    const int shift = (int)(first % 64);
    uint64_t m = word[0] >> shift;
    if (shift + n > 64)
        m |= word[1] << (64 - shift);
    return n < 64 ? m & ((UINT64_C(1) << n) - 1) : m;
}

#if defined(__AVX512F__)

static const int lanes[VEC] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Writes the places of a mask's bits, counted from base on; without a branch. */
MYE_INLINE uint32_t list_mask(__mmask16 mask, int base, uint16_t *index)
{
    const __m512i all = _mm512_add_epi32(_mm512_loadu_si512(lanes), _mm512_set1_epi32(base));
    const __m512i some = _mm512_maskz_compress_epi32(mask, all);
    _mm256_storeu_si256((__m256i *)(void *)index, _mm512_cvtepi32_epi16(some));
    return (uint32_t)_mm_popcnt_u32(mask);
}

uint32_t MYE_VEC(list_bits)(const uint64_t *bits, int64_t first, int n, int base, uint16_t *index)
{
    uint32_t count = 0;
    for (int c = 0; c < n; c += 64) {
        const int some = n - c < 64 ? n - c : 64;
        uint64_t m = bits_at(bits, first + c, some);
        for (int k = 0; k < some; k += VEC, m >>= VEC)
            count += list_mask((__mmask16)m, base + c + k, index + count);
    }
    return count;
}

uint32_t MYE_VEC(list_floats)(const float *x, int n, int base, uint16_t *index, float *value)
{
    uint32_t count = 0;
    for (int c = 0; c < n; c += VEC) {
        const __m512 a = (__m512)(n - c < VEC ? vec_load_part(x + c, n - c) : vec_load(x + c));
        const __mmask16 mask = _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_NEQ_UQ);
        vec_store(value + count, (vec)_mm512_maskz_compress_ps(mask, a));
        count += list_mask(mask, base + c, index + count);
    }
    return count;
}

#else

uint32_t MYE_VEC(list_bits)(const uint64_t *bits, int64_t first, int n, int base, uint16_t *index)
{
    uint32_t count = 0;
    for (int c = 0; c < n; c += 64)
        for (uint64_t m = bits_at(bits, first + c, n - c < 64 ? n - c : 64); m; m &= m - 1)
            index[count++] = (uint16_t)(base + c + __builtin_ctzll(m));
    return count;
}

uint32_t MYE_VEC(list_floats)(const float *x, int n, int base, uint16_t *index, float *value)
{
    uint32_t count = 0;
    for (int c = 0; c < n; c++) { /* written in any case: a branch would often be guessed wrong */
        index[count] = (uint16_t)(base + c);
        value[count] = x[c];
        count += x[c] != 0.0f;
    }
    return count;
}

#endif
