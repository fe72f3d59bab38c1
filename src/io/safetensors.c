/* Number types: names, sizes, conversion to float. */
#include "io/safetensors.h"

#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian; this code reads them as they are"
#endif

static const char *const dtype_name[] = {
#define X(name, size) #name,
    MYE_DTYPE_LIST(X)
#undef X
};

static const unsigned char dtype_size[] = {
#define X(name, size) size,
    MYE_DTYPE_LIST(X)
#undef X
};

const char *mye_dtype_name(mye_dtype type)
{
    return dtype_name[type];
}

size_t mye_dtype_size(mye_dtype type)
{
    return dtype_size[type];
}

static float from_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float from_half(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x3ffu;
    const uint32_t exponent = h >> 10 & 0x1fu;
    if (exponent == 0) {
        const float small = (float)rest * 0x1p-24f;
        return sign ? -small : small;
    }
    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | rest << 13);
    return from_bits(sign | (exponent + 112) << 23 | rest << 13);
}

float mye_dtype_to_float(mye_dtype type, const unsigned char *at)
{
    uint16_t half;
    double wide;
    if (type == MYE_DTYPE_F64) {
        memcpy(&wide, at, sizeof wide);
        return (float)wide;
    }
    memcpy(&half, at, sizeof half);
    return type == MYE_DTYPE_F16 ? from_half(half) : from_bits((uint32_t)half << 16);
}
