/*
 * ONNX files: constants. A tensor's values stand in raw_data (little-endian) or in the list of its
 * type; either must have as many as the dimensions say.
 */
#include <math.h>
#include <string.h>

#include "io/onnx_parts.h"
#include "io/safetensors.h"

/* One number type: where its values are when they are not raw. */
typedef struct number_type {
    int type;
    size_t size;
    const char *name;
    bool is_whole;
    float (*get)(const Onnx__TensorProto *t, size_t i);
    size_t (*listed)(const Onnx__TensorProto *t);
} number_type;

static const unsigned char *raw(const Onnx__TensorProto *t, size_t i, size_t size)
{
    return t->raw_data.data + i * size;
}

static float get_float(const Onnx__TensorProto *t, size_t i)
{
    float x;
    if (!t->has_raw_data)
        return t->float_data[i];
    memcpy(&x, raw(t, i, sizeof x), sizeof x);
    return x;
}

static float get_double(const Onnx__TensorProto *t, size_t i)
{
    return t->has_raw_data ? mye_dtype_to_float(MYE_DTYPE_F64, raw(t, i, sizeof(double)))
                           : (float)t->double_data[i];
}

/* 16 bits each, in raw_data or in the lower half of an int32. */
static float get_short(const Onnx__TensorProto *t, size_t i, mye_dtype type)
{
    if (t->has_raw_data)
        return mye_dtype_to_float(type, raw(t, i, 2));
    const uint32_t bits = (uint32_t)t->int32_data[i];
    const unsigned char bytes[2] = {(unsigned char)(bits & 0xffu),
                                    (unsigned char)(bits >> 8 & 0xffu)};
    return mye_dtype_to_float(type, bytes);
}

static float get_half(const Onnx__TensorProto *t, size_t i)
{
    return get_short(t, i, MYE_DTYPE_F16);
}

static float get_bfloat(const Onnx__TensorProto *t, size_t i)
{
    return get_short(t, i, MYE_DTYPE_BF16);
}

static size_t listed_floats(const Onnx__TensorProto *t)
{
    return t->n_float_data;
}

static size_t listed_doubles(const Onnx__TensorProto *t)
{
    return t->n_double_data;
}

static size_t listed_int32(const Onnx__TensorProto *t)
{
    return t->n_int32_data;
}

static size_t listed_int64(const Onnx__TensorProto *t)
{
    return t->n_int64_data;
}

static const number_type types[] = {
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, 4, "float", false, get_float, listed_floats},
    {ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, 8, "double", false, get_double, listed_doubles},
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, 2, "float16", false, get_half, listed_int32},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16, 2, "bfloat16", false, get_bfloat, listed_int32},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 8, "int64", true, NULL, listed_int64},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT32, 4, "int32", true, NULL, listed_int32},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, 1, "bool", true, NULL, listed_int32},
};

static const number_type *type_of(const Onnx__TensorProto *t)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == t->data_type)
            return &types[i];
    return NULL;
}

static mye_status count_of(mye_onnx *r, const Onnx__TensorProto *t, size_t *count)
{
    const mye_onnx_label label = mye_onnx_label_of(t->name);
    *count = 1;
    if (t->n_dims > MYE_ONNX_MAX_RANK)
        return mye_onnx_fail(r, MYE_ERR_FORMAT, "tensor '%s' has %zu dimensions", label.text,
                             t->n_dims);
    for (size_t k = 0; k < t->n_dims; k++) {
        const int64_t dim = t->dims[k];
        if (dim < 0 || dim > INT32_MAX || (dim > 0 && *count > (size_t)INT32_MAX / (size_t)dim))
            return mye_onnx_fail(r, MYE_ERR_FORMAT,
                                 "tensor '%s' has dimensions that are negative or too large",
                                 label.text);
        *count *= (size_t)dim;
    }
    return MYE_OK;
}

mye_status mye_onnx_tensor_check(mye_onnx *r, const Onnx__TensorProto *t)
{
    const mye_onnx_label label = mye_onnx_label_of(t->name);
    const number_type *type = type_of(t);
    size_t count;
    if (t->n_external_data > 0 ||
        (t->has_data_location && t->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT))
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED,
                             "the data of tensor '%s' is in another file, which is not supported",
                             label.text);
    if (type == NULL || t->segment != NULL)
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED,
                             "tensor '%s' is of type %d, which is not supported", label.text,
                             (int)t->data_type);
    MYE_TRY(count_of(r, t, &count));
    const size_t all = t->n_float_data + t->n_double_data + t->n_int32_data + t->n_int64_data +
                       t->n_uint64_data + t->n_string_data;
    const size_t given = t->has_raw_data ? t->raw_data.len : type->listed(t);
    const size_t wanted = t->has_raw_data ? count * type->size : count;
    if (given != wanted || all != (t->has_raw_data ? 0 : given))
        return mye_onnx_fail(r, MYE_ERR_FORMAT,
                             "tensor '%s' (%s) wants %zu %s by its dimensions, but has %zu",
                             label.text, type->name, wanted, t->has_raw_data ? "bytes" : "values",
                             t->has_raw_data ? given + all : all);
    return MYE_OK;
}

bool mye_onnx_is_constant(const mye_onnx_value *v)
{
    return v->kind == MYE_ONNX_CONSTANT || v->kind == MYE_ONNX_INTS;
}

bool mye_onnx_is_whole(const mye_onnx_value *v)
{
    if (v->kind != MYE_ONNX_CONSTANT)
        return v->kind == MYE_ONNX_INTS;
    const number_type *type = type_of(v->tensor);
    return type != NULL && type->is_whole;
}

mye_status mye_onnx_floats(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                           mye_onnx_tensor *out)
{
    mye_onnx_value *v;
    *out = (mye_onnx_tensor){.rank = 0};
    MYE_TRY(mye_onnx_input(r, n, k, &v));
    if (v->kind == MYE_ONNX_CONSTANT)
        MYE_TRY(mye_onnx_tensor_check(r, v->tensor));
    const number_type *type = v->kind == MYE_ONNX_CONSTANT ? type_of(v->tensor) : NULL;
    if (type == NULL || type->is_whole)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "wants constant floats as its %s, but '%s' is %s", what,
                                  mye_onnx_label_of(v->name).text,
                                  v->kind == MYE_ONNX_LAYER ? "computed" : "of whole numbers");
    MYE_TRY(count_of(r, v->tensor, &out->count));
    out->rank = (int)v->tensor->n_dims;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = v->tensor->dims[i];
    out->data = mye_onnx_take(r, out->count);
    if (out->data == NULL)
        return mye_onnx_no_memory(r, out->count);
    for (size_t i = 0; i < out->count; i++)
        out->data[i] = type->get(v->tensor, i);
    return MYE_OK;
}

mye_status mye_onnx_vector(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                           int64_t count, float **out)
{
    mye_onnx_tensor t;
    MYE_TRY(mye_onnx_floats(r, n, k, what, &t));
    if (t.rank != 1 || t.dim[0] != count)
        return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE,
                                  "wants a %s of %lld values, but '%s' has %zu", what,
                                  (long long)count, mye_onnx_label_of(n->input[k]).text, t.count);
    *out = t.data;
    return MYE_OK;
}

mye_status mye_onnx_scalar(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                           float *out)
{
    mye_onnx_tensor t;
    MYE_TRY(mye_onnx_floats(r, n, k, what, &t));
    if (t.count != 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE,
                                  "wants one number as its %s, but '%s' has %zu", what,
                                  mye_onnx_label_of(n->input[k]).text, t.count);
    *out = t.data[0];
    return MYE_OK;
}

/* ---- whole numbers ---- */

static int64_t whole_at(const Onnx__TensorProto *t, const number_type *type, size_t i)
{
    int64_t wide = 0;
    int32_t narrow = 0;
    if (type->size == 8 && t->has_raw_data)
        memcpy(&wide, raw(t, i, 8), 8);
    else if (type->size == 8)
        wide = t->int64_data[i];
    else if (!t->has_raw_data)
        wide = t->int32_data[i];
    else if (type->size == 1)
        wide = *raw(t, i, 1);
    else {
        memcpy(&narrow, raw(t, i, 4), 4);
        wide = narrow;
    }
    return wide;
}

mye_status mye_onnx_whole_tensor(mye_onnx *r, const Onnx__NodeProto *n, const Onnx__TensorProto *t,
                                 const char *what, mye_onnx_ints *out)
{
    const number_type *type = type_of(t);
    size_t count;
    MYE_TRY(mye_onnx_tensor_check(r, t));
    MYE_TRY(count_of(r, t, &count));
    if (type == NULL || !type->is_whole || t->n_dims > 1 || count > MYE_ONNX_MAX_INTS)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "wants at most %d whole numbers as its %s, but has %zu of %s",
                                  (int)MYE_ONNX_MAX_INTS, what, count,
                                  type != NULL ? type->name : "another type");
    *out = (mye_onnx_ints){.n = (int)count, .is_scalar = t->n_dims == 0};
    for (size_t i = 0; i < count; i++) {
        out->at[i] = whole_at(t, type, i);
        if (out->at[i] == MYE_ONNX_BATCH)
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED, "has %lld as its %s",
                                      (long long)out->at[i], what);
    }
    return MYE_OK;
}

mye_status mye_onnx_whole(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                          mye_onnx_ints *out)
{
    mye_onnx_value *v;
    MYE_TRY(mye_onnx_input(r, n, k, &v));
    *out = v->ints;
    if (v->kind == MYE_ONNX_INTS && v->ints.columns == 0)
        return MYE_OK;
    if (v->kind != MYE_ONNX_CONSTANT || !mye_onnx_is_whole(v))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "wants constant whole numbers as its %s, but '%s' is none", what,
                                  mye_onnx_label_of(v->name).text);
    return mye_onnx_whole_tensor(r, n, v->tensor, what, out);
}
