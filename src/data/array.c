/* Element types and byte orders of arrays read from files. */
#include <string.h>

#include "data/array.h"

#define GETTER(name, type)                                                   \
    static double get_##name(const void *data, size_t i)                     \
    {                                                                        \
        type value;                                                          \
        memcpy(&value, (const char *)data + i * sizeof value, sizeof value); \
        return (double)value;                                                \
    }

GETTER(u1, uint8_t)
GETTER(u2, uint16_t)
GETTER(u4, uint32_t)
GETTER(u8, uint64_t)
GETTER(i1, int8_t)
GETTER(i2, int16_t)
GETTER(i4, int32_t)
GETTER(i8, int64_t)
GETTER(f4, float)
GETTER(f8, double)

static const mye_array_type types[] = {
    {"u1", 1, 0x08, true, get_u1}, {"i1", 1, 0x09, true, get_i1},  {"i2", 2, 0x0B, true, get_i2},
    {"i4", 4, 0x0C, true, get_i4}, {"f4", 4, 0x0D, false, get_f4}, {"f8", 8, 0x0E, false, get_f8},
    {"u2", 2, 0, true, get_u2},    {"u4", 4, 0, true, get_u4},     {"u8", 8, 0, true, get_u8},
    {"i8", 8, 0, true, get_i8},
};
#define N_TYPES (sizeof types / sizeof types[0])

const mye_array_type *mye_array_type_find(const char *code)
{
    for (size_t k = 0; k < N_TYPES; k++)
        if (strcmp(types[k].code, code) == 0)
            return &types[k];
    return NULL;
}

const mye_array_type *mye_array_type_idx(unsigned char idx_code)
{
    for (size_t k = 0; k < N_TYPES; k++)
        if (types[k].idx_code == idx_code && idx_code != 0)
            return &types[k];
    return NULL;
}

bool mye_size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool mye_shape_measure(int rank, const int64_t *dim, size_t size, size_t *count, size_t *bytes)
{
    /* A zero anywhere makes the product zero, but must not hide an overflow before it. */
    *count = 1;
    for (int k = 0; k < rank; k++)
        if (dim[k] < 0 || !mye_size_mul(*count, (size_t)dim[k], count))
            return false;
    return mye_size_mul(*count, size, bytes) && *bytes <= PTRDIFF_MAX;
}

bool mye_array_measure(mye_array *array, size_t *bytes)
{
    return mye_shape_measure(array->rank, array->dim, array->type->size, &array->count, bytes);
}

void mye_array_swap(mye_array *array)
{
    const size_t size = array->type->size;
    unsigned char *p = array->data;

    if (size == 1)
        return;
    for (size_t i = 0; i < array->count; i++, p += size)
        for (size_t k = 0; k < size / 2; k++) {
            const unsigned char byte = p[k];
            p[k] = p[size - 1 - k];
            p[size - 1 - k] = byte;
        }
}

mye_status mye_array_from_fortran(mye_context *ctx, mye_array *array, mye_error *err)
{
    const size_t size = array->type->size;
    const unsigned char *from = array->data;
    int64_t at[MYE_ARRAY_RANK] = {0};
    size_t stride[MYE_ARRAY_RANK];
    unsigned char *to;

    if (array->rank < 2 || array->count == 0)
        return MYE_OK;
    to = mye_alloc_array(ctx, array->count, size);
    if (!to)
        return mye_no_memory(err, array->count * size, "an array in Fortran order");
    for (int k = array->rank - 1; k >= 0; k--)
        stride[k] = k == array->rank - 1 ? 1 : stride[k + 1] * (size_t)array->dim[k + 1];
    for (size_t i = 0; i < array->count; i++) {
        size_t c_index = 0;
        for (int k = 0; k < array->rank; k++)
            c_index += (size_t)at[k] * stride[k];
        memcpy(to + c_index * size, from + i * size, size);
        for (int k = 0; k < array->rank && ++at[k] == array->dim[k]; k++)
            at[k] = 0;
    }
    mye_free(ctx, array->data);
    array->data = to;
    return MYE_OK;
}

void mye_array_free(mye_context *ctx, mye_array *array)
{
    mye_free(ctx, array->data);
    memset(array, 0, sizeof *array);
}
