/* Reference conversion to bfloat16 (the upper half of a float) and back. */
#include "kernel/ref/ref.h"

#include <math.h>
#include <string.h>

void mye_ref_bf16_expand(int64_t n, const uint16_t *x, float *y)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(y + i, &bits, sizeof bits);
    }
}

/* The neighbour below in magnitude, or the one above when that is nearer, or as near and even. */
static uint16_t nearest(float x)
{
    uint32_t bits;
    float below, above;
    memcpy(&bits, &x, sizeof bits);
    const uint16_t half = (uint16_t)(bits >> 16), next = (uint16_t)(half + 1);
    if (isnan(x))
        return (uint16_t)(half | 0x40);
    if (isinf(x))
        return half;
    mye_ref_bf16_expand(1, &half, &below);
    mye_ref_bf16_expand(1, &next, &above);
    /* Infinity counts as what would come next if exponents went on. */
    const double beyond = isinf(above) ? copysign(0x1p128, (double)x) : (double)above;
    const double low = fabs((double)x - (double)below), high = fabs(beyond - (double)x);
    return low < high || (low == high && half % 2 == 0) ? half : next;
}

void mye_ref_bf16_pack(int64_t n, const float *x, uint16_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = nearest(x[i]);
}
