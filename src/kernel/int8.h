/*
 * 8-bit weights: one scale for each output channel, the same rounding in every kernel table.
 *
 *   scale[o] = max |w[.][o]| / 127      q = w / scale, to the nearest integer, to even at halves
 *   y[o] = scale[o] * (sum of q over the inputs that spiked) + bias[o]
 *
 * The sum is exact in 32 bits and product and bias are rounded one by one, so every table gives the
 * same bits.
 */
#ifndef MYE_KERNEL_INT8_H
#define MYE_KERNEL_INT8_H

#include <stdint.h>

static inline int8_t mye_int8_round(float w, float scale)
{
    const float to_integer = 12582912.0f; /* 1.5 * 2^23: the unit of its last place is 1 */
    if (!(scale > 0.0f))
        return 0;
    const float q = (w / scale + to_integer) - to_integer;
    if (!(q > -127.0f)) /* NaN too */
        return -127;
    return (int8_t)(q < 127.0f ? q : 127.0f);
}

#endif
