/* ONNX operators: shapes, constants, and what flattens an image. */
#include <string.h>

#include "io/onnx_parts.h"

/* All dimensions, or those from `start` to `end`, which count from the last where they are negative. */
mye_status mye_onnx_shape(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    int64_t start, end;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, true, &x));
    const int64_t h = x->h + 2 * x->pad_h, w = x->w + 2 * x->pad_w;
    const int64_t image[4] = {MYE_ONNX_BATCH, x->c, h, w};
    const int64_t vector[2] = {MYE_ONNX_BATCH, x->c * x->h * x->w};
    MYE_TRY(mye_onnx_int(r, n, "start", 0, &start));
    MYE_TRY(mye_onnx_int(r, n, "end", x->rank, &end));
    start += start < 0 ? x->rank : 0;
    end += end < 0 ? x->rank : 0;
    if (start < 0 || end > x->rank || start > end)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "takes dimensions %lld to %lld of %d",
                                  (long long)start, (long long)end, x->rank);
    mye_onnx_ints out = {.n = (int)(end - start)};
    memcpy(out.at, (x->rank == 4 ? image : vector) + start, (size_t)out.n * sizeof *out.at);
    return mye_onnx_whole_result(r, n, &out);
}

mye_status mye_onnx_constant(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *v;
    mye_onnx_ints ints = {.n = 1, .is_scalar = true};
    const Onnx__AttributeProto *value = mye_onnx_attribute(n, "value");
    const Onnx__AttributeProto *list = mye_onnx_attribute(n, "value_ints");
    MYE_TRY(mye_onnx_output(r, n, &v));
    if (n->n_attribute != 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has %zu values, not one", n->n_attribute);
    if (value != NULL && value->t == NULL)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has a value that is no tensor");
    if (value != NULL) {
        MYE_TRY(mye_onnx_tensor_check(r, value->t));
        v->kind = MYE_ONNX_CONSTANT;
        v->tensor = value->t;
        return MYE_OK;
    }
    if (list != NULL) {
        ints = (mye_onnx_ints){.n = list->n_ints < MYE_ONNX_MAX_INTS ? (int)list->n_ints
                                                                     : MYE_ONNX_MAX_INTS};
        MYE_TRY(mye_onnx_numbers(r, n, "value_ints", ints.n, -INT32_MAX, 0, ints.at));
    } else {
        MYE_TRY(mye_onnx_int(r, n, "value_int", 0, &ints.at[0]));
        if (ints.at[0] < -INT32_MAX || ints.at[0] > INT32_MAX)
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED, "has the value %lld",
                                      (long long)ints.at[0]);
    }
    return mye_onnx_whole_result(r, n, &ints);
}

/* ---- flattening ---- */

static mye_status flatten(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x)
{
    mye_onnx_layer *layer;
    if (x->rank == 2)
        return mye_onnx_alias(r, n, x);
    MYE_TRY(mye_onnx_add(r, n, "flatten", x, &layer));
    return mye_onnx_result(r, n, 2, x->c, x->h, x->w);
}

mye_status mye_onnx_flatten(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    int64_t axis;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, false, &x));
    MYE_TRY(mye_onnx_int(r, n, "axis", 1, &axis));
    if (axis != 1 && axis != 1 - x->rank)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED, "is supported with axis = 1, not %lld",
                                  (long long)axis);
    return flatten(r, n, x);
}

/* To [samples, -1] in one of its spellings. */
mye_status mye_onnx_reshape(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_ints to;
    int64_t zero; /* a 0 in the target is a 0, not the size of the input */
    MYE_TRY(mye_onnx_int(r, n, "allowzero", 0, &zero));
    MYE_TRY(mye_onnx_input(r, n, 0, &x));
    if (mye_onnx_is_whole(x))
        return mye_onnx_reshape_whole(r, n);
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, false, &x));
    MYE_TRY(mye_onnx_whole(r, n, 1, "shape", &to));
    const int64_t size = x->c * x->h * x->w;
    const bool rows = to.n == 2 && (to.at[0] == MYE_ONNX_BATCH || (to.at[0] == 0 && zero == 0) ||
                                    to.at[0] == r->batch || (to.at[0] == -1 && to.at[1] == size));
    if (!rows || (to.at[1] != -1 && to.at[1] != size))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported to [samples, -1] only: it flattens an image");
    return flatten(r, n, x);
}
