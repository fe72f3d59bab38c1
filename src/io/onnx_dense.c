/* ONNX operators: Gemm and MatMul with constant weights are dense layers. */
#include <string.h>

#include "io/onnx_parts.h"

/* Weights as our dense layers have them, [out, in], times `scale`. */
static mye_status dense_weights(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                                bool transposed, float scale, mye_onnx_tensor *out)
{
    mye_onnx_tensor t;
    const int64_t in = x->c * x->h * x->w;
    MYE_TRY(mye_onnx_floats(r, n, 1, "weights", &t));
    if (t.rank != 2 || t.count == 0 || t.dim[transposed ? 1 : 0] != in)
        return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE,
                                  "has weights of %lldx%lld (%d dimensions) for %lld features",
                                  t.rank > 0 ? (long long)t.dim[0] : 1LL,
                                  t.rank > 1 ? (long long)t.dim[1] : 1LL, t.rank, (long long)in);
    *out = t;
    out->data = mye_onnx_take(r, t.count);
    if (out->data == NULL)
        return mye_onnx_no_memory(r, t.count);
    const size_t I = (size_t)in, O = t.count / I;
    out->dim[0] = (int64_t)O;
    out->dim[1] = in;
    for (size_t o = 0; o < O; o++)
        for (size_t i = 0; i < I; i++)
            out->data[o * I + i] = scale * t.data[transposed ? o * I + i : i * O + o];
    return MYE_OK;
}

static mye_status add_dense(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                            const mye_onnx_tensor *weight, float *bias)
{
    mye_onnx_layer *layer;
    const int64_t O = weight->dim[0];
    MYE_TRY(mye_onnx_add(r, n, "dense", x, &layer));
    mye_onnx_option(layer, "features", O);
    layer->has_bias = true;
    layer->outputs = O;
    mye_onnx_weight(layer, 0, "weight", weight->data, weight->count);
    if (bias != NULL)
        mye_onnx_weight(layer, 1, "bias", bias, (size_t)O);
    return mye_onnx_result(r, n, 2, O, 1, 1);
}

/* Gemm: y = alpha x W + beta b, W [in, out], or [out, in] with transB. */
mye_status mye_onnx_gemm(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_tensor weight;
    int64_t transposed;
    float alpha, beta, *bias = NULL;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 2, false, &x));
    MYE_TRY(mye_onnx_must_be(r, n, "transA", 0));
    MYE_TRY(mye_onnx_int(r, n, "transB", 0, &transposed));
    MYE_TRY(mye_onnx_float(r, n, "alpha", 1.0f, &alpha));
    MYE_TRY(mye_onnx_float(r, n, "beta", 1.0f, &beta));
    MYE_TRY(dense_weights(r, n, x, transposed != 0, alpha, &weight));
    if (mye_onnx_has_input(n, 2)) {
        const mye_onnx_value y = {.rank = 2, .c = weight.dim[0], .h = 1, .w = 1};
        MYE_TRY(mye_onnx_per_channel(r, n, 2, &y, &bias));
        for (int64_t o = 0; o < y.c; o++)
            bias[o] *= beta;
    }
    return add_dense(r, n, x, &weight, bias);
}

mye_status mye_onnx_matmul(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_tensor weight;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 2, false, &x));
    MYE_TRY(dense_weights(r, n, x, false, 1.0f, &weight));
    return add_dense(r, n, x, &weight, NULL);
}
