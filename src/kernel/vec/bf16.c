/* Floats to bfloat16 and back: plain loops over integers, which compilers turn into vectors. */
#include "kernel/vec/vec.h"

void MYE_VEC(bf16_pack)(int64_t n, const float *restrict x, uint16_t *restrict y)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
        const uint32_t quiet = bits >> 16 | 0x40u; /* a NaN must not round to infinity */
        y[i] = (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
    }
}

void MYE_VEC(bf16_expand)(int64_t n, const uint16_t *restrict x, float *restrict y)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(y + i, &bits, sizeof bits);
    }
}
