/*
 * ONNX operators on whole numbers. Exporters write x.view(x.size(0), -1) as Shape, Gather, Unsqueeze and
 * Concat in front of a Reshape, and F.pad as Concat, Reshape, Slice, Transpose and Reshape in front of
 * a Pad. They compute small vectors, at times seen as matrices, and are computed here.
 */
#include <string.h>

#include "io/onnx_parts.h"

mye_status mye_onnx_whole_result(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_ints *ints)
{
    mye_onnx_value *v;
    MYE_TRY(mye_onnx_output(r, n, &v));
    v->kind = MYE_ONNX_INTS;
    v->ints = *ints;
    return MYE_OK;
}

/* The first input, also where it is a matrix. */
static mye_status any_whole(mye_onnx *r, const Onnx__NodeProto *n, mye_onnx_ints *out)
{
    mye_onnx_value *v;
    MYE_TRY(mye_onnx_input(r, n, 0, &v));
    *out = v->ints;
    return v->kind == MYE_ONNX_INTS ? MYE_OK : mye_onnx_whole(r, n, 0, "data", out);
}

/* Exactly one number that is no number of samples; none: dflt. */
static mye_status one_number(mye_onnx *r, const Onnx__NodeProto *n, size_t k, const char *what,
                             int64_t dflt, int64_t *out)
{
    mye_onnx_ints ints = {.n = 1, .at = {dflt}};
    if (mye_onnx_has_input(n, k))
        MYE_TRY(mye_onnx_whole(r, n, k, what, &ints));
    *out = ints.at[0];
    if (ints.n != 1 || *out == MYE_ONNX_BATCH)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED, "wants one known number as its %s",
                                  what);
    return MYE_OK;
}

mye_status mye_onnx_gather(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints from, index;
    MYE_TRY(mye_onnx_whole(r, n, 0, "data", &from));
    MYE_TRY(mye_onnx_whole(r, n, 1, "indices", &index));
    MYE_TRY(mye_onnx_must_be(r, n, "axis", 0));
    mye_onnx_ints out = index;
    for (int i = 0; i < index.n; i++) {
        const int64_t at = index.at[i] + (index.at[i] < 0 && index.at[i] >= -from.n ? from.n : 0);
        if (at < 0 || at >= from.n)
            return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "takes entry %lld of %d",
                                      (long long)index.at[i], from.n);
        out.at[i] = from.at[at];
    }
    return mye_onnx_whole_result(r, n, &out);
}

mye_status mye_onnx_unsqueeze(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints x;
    int64_t axis;
    MYE_TRY(mye_onnx_whole(r, n, 0, "data", &x));
    MYE_TRY(mye_onnx_numbers(r, n, "axes", 1, -1, 0, &axis));
    MYE_TRY(one_number(r, n, 1, "axes", axis, &axis));
    if (!x.is_scalar || (axis != 0 && axis != -1))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported for one number of a shape (axis 0) only");
    x.is_scalar = false;
    return mye_onnx_whole_result(r, n, &x);
}

mye_status mye_onnx_concat(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints all = {.n = 0}, part;
    for (size_t k = 0; k < n->n_input; k++) {
        mye_onnx_value *v;
        MYE_TRY(mye_onnx_input(r, n, k, &v));
        if (!mye_onnx_is_whole(v))
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                      "joins '%s', but only numbers of shapes can be joined",
                                      mye_onnx_label_of(v->name).text);
        MYE_TRY(mye_onnx_whole(r, n, k, "data", &part));
        if (part.is_scalar || all.n + part.n > MYE_ONNX_MAX_INTS)
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                      "joins something else than short vectors");
        memcpy(all.at + all.n, part.at, (size_t)part.n * sizeof *part.at);
        all.n += part.n;
    }
    MYE_TRY(mye_onnx_must_be(r, n, "axis", 0));
    return mye_onnx_whole_result(r, n, &all);
}

/* So many times the same number. */
mye_status mye_onnx_constantofshape(mye_onnx *r, const Onnx__NodeProto *n)
{
    const Onnx__AttributeProto *value = mye_onnx_attribute(n, "value");
    mye_onnx_ints one, out = {.n = 0};
    int64_t count;
    MYE_TRY(one_number(r, n, 0, "shape", 0, &count));
    if (value == NULL || value->t == NULL || count < 0 || count > MYE_ONNX_MAX_INTS)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported for at most %d whole numbers",
                                  (int)MYE_ONNX_MAX_INTS);
    MYE_TRY(mye_onnx_whole_tensor(r, n, value->t, "value", &one));
    if (one.n != 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has %d values, not one", one.n);
    for (out.n = 0; out.n < (int)count; out.n++)
        out.at[out.n] = one.at[0];
    return mye_onnx_whole_result(r, n, &out);
}

/* ---- matrices ---- */

mye_status mye_onnx_reshape_whole(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints x, to;
    MYE_TRY(any_whole(r, n, &x));
    MYE_TRY(mye_onnx_whole(r, n, 1, "shape", &to));
    const bool matrix = to.n == 2 && to.at[1] > 0 && to.at[1] <= x.n && x.n % to.at[1] == 0;
    if (to.is_scalar || to.at[0] != -1 || (to.n != 1 && !matrix))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported to [-1] and [-1, columns] for whole numbers");
    x.columns = matrix ? (int)to.at[1] : 0;
    x.is_scalar = false;
    return mye_onnx_whole_result(r, n, &x);
}

mye_status mye_onnx_transpose(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints x;
    int64_t perm[2];
    MYE_TRY(any_whole(r, n, &x));
    MYE_TRY(mye_onnx_numbers(r, n, "perm", 2, 0, -1, perm));
    if (x.columns == 0 || (perm[0] >= 0 && (perm[0] != 1 || perm[1] != 0)))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported for matrices of whole numbers only");
    mye_onnx_ints out = x;
    out.columns = x.n / x.columns;
    for (int i = 0; i < x.n; i++)
        out.at[i % x.columns * out.columns + i / x.columns] = x.at[i];
    return mye_onnx_whole_result(r, n, &out);
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Rows first, first + step, ... in front of `end`; what is negative counts from the last. */
mye_status mye_onnx_slice(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints x;
    int64_t first, end, axis, step;
    MYE_TRY(any_whole(r, n, &x));
    MYE_TRY(one_number(r, n, 1, "start", 0, &first));
    MYE_TRY(one_number(r, n, 2, "end", 0, &end));
    MYE_TRY(one_number(r, n, 3, "axis", 0, &axis));
    MYE_TRY(one_number(r, n, 4, "step", 1, &step));
    if (x.is_scalar || axis != 0 || step == 0 || step != clamp(step, -x.n, x.n))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported for whole numbers, along axis 0, only");
    const int width = x.columns > 0 ? x.columns : 1, rows = x.n / width;
    first += first < 0 ? rows : 0;
    end += end < 0 ? rows : 0;
    first = step > 0 ? clamp(first, 0, rows) : clamp(first, 0, rows - 1);
    end = step > 0 ? clamp(end, 0, rows) : clamp(end, -1, rows - 1);
    mye_onnx_ints out = {.columns = x.columns};
    for (int64_t i = first; step > 0 ? i < end : i > end; i += step, out.n += width)
        memcpy(out.at + out.n, x.at + i * width, (size_t)width * sizeof *x.at);
    return mye_onnx_whole_result(r, n, &out);
}

mye_status mye_onnx_cast(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints x;
    int64_t to;
    MYE_TRY(any_whole(r, n, &x));
    MYE_TRY(mye_onnx_int(r, n, "to", 0, &to));
    if (to != ONNX__TENSOR_PROTO__DATA_TYPE__INT64 && to != ONNX__TENSOR_PROTO__DATA_TYPE__INT32)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported to whole numbers only, not to type %lld",
                                  (long long)to);
    return mye_onnx_whole_result(r, n, &x);
}
