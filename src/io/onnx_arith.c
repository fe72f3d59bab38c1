/*
 * ONNX operators: sums of two branches, arithmetic with constants, and what leaves values as they are.
 *
 * y = a x + b for each channel joins the bias of a layer in front where it can, else it is a
 * convolution of 1x1 with as many groups as channels.
 */
#include <string.h>

#include "io/onnx_parts.h"

enum { MAX_CHANNELS = 1 << 20 }; /* as many as a convolution may have */

/* ---- constants ---- */

mye_status mye_onnx_per_channel(mye_onnx *r, const Onnx__NodeProto *n, size_t k,
                                const mye_onnx_value *x, float **out)
{
    mye_onnx_tensor t;
    MYE_TRY(mye_onnx_floats(r, n, k, "constant", &t));
    bool fits = t.rank <= x->rank && (t.count == 1 || t.count == (size_t)x->c);
    for (int i = 0; i < t.rank; i++) {
        const bool is_channel = t.rank - i == x->rank - 1;
        fits = fits && (t.dim[i] == 1 || (is_channel && t.dim[i] == x->c));
    }
    if (!fits || x->c > MAX_CHANNELS)
        return mye_onnx_node_fail(
            r, n, MYE_ERR_UNSUPPORTED,
            "has a constant '%s' of %zu values; one for all or one for each of "
            "the %lld channels is supported",
            mye_onnx_label_of(n->input[k]).text, t.count, (long long)x->c);
    *out = mye_onnx_take(r, (size_t)x->c);
    if (*out == NULL)
        return mye_onnx_no_memory(r, (size_t)x->c);
    for (int64_t i = 0; i < x->c; i++)
        (*out)[i] = t.data[t.count == 1 ? 0 : i];
    return MYE_OK;
}

/* a, b NULL: 1, 0. */
static mye_status append_affine(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                                float *a, float *b)
{
    mye_onnx_layer *layer;
    float *weight = a != NULL ? a : mye_onnx_take(r, (size_t)x->c);
    float *bias = b != NULL ? b : mye_onnx_take(r, (size_t)x->c);
    if (weight == NULL || bias == NULL)
        return mye_onnx_no_memory(r, (size_t)x->c);
    for (int64_t i = 0; a == NULL && i < x->c; i++)
        weight[i] = 1.0f;
    MYE_TRY(mye_onnx_add(r, n, "conv2d", x, &layer));
    mye_onnx_option(layer, "channels", x->c);
    mye_onnx_option(layer, "kernel", 1);
    mye_onnx_option(layer, "groups", x->c);
    layer->has_bias = layer->is_affine = true;
    layer->outputs = x->c;
    mye_onnx_weight(layer, 0, "weight", weight, (size_t)x->c);
    mye_onnx_weight(layer, 1, "bias", bias, (size_t)x->c);
    return mye_onnx_result(r, n, x->rank, x->c, x->h, x->w);
}

mye_status mye_onnx_affine(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x, float *a,
                           float *b)
{
    mye_onnx_layer *layer = x->layer >= 0 && !x->shared ? &r->layer[x->layer] : NULL;
    if (x->rank == 2 && x->h * x->w > 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "computes on a flattened image, which is not supported");
    if (layer == NULL || !(layer->is_affine || (layer->has_bias && a == NULL)))
        return append_affine(r, n, x, a, b);
    if (layer->weight[1].data == NULL && b != NULL)
        mye_onnx_weight(layer, 1, "bias", b, (size_t)x->c);
    else
        for (int64_t i = 0; i < x->c; i++) {
            float *bias = &layer->weight[1].data[i];
            *bias = (a != NULL ? a[i] * *bias : *bias) + (b != NULL ? b[i] : 0.0f);
        }
    for (int64_t i = 0; a != NULL && i < x->c; i++)
        layer->weight[0].data[i] *= a[i];
    return mye_onnx_alias(r, n, x);
}

/* ---- operators ---- */

static mye_status add_branches(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x, *y;
    mye_onnx_layer *layer;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, false, &x));
    MYE_TRY(mye_onnx_layer_input(r, n, 1, 0, false, &y));
    if (x->rank != y->rank || x->c != y->c || x->h != y->h || x->w != y->w)
        return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE,
                                  "adds values of %lldx%lldx%lld and %lldx%lldx%lld",
                                  (long long)x->c, (long long)x->h, (long long)x->w,
                                  (long long)y->c, (long long)y->h, (long long)y->w);
    MYE_TRY(mye_onnx_add(r, n, "add", x, &layer));
    layer->n_in = 2;
    layer->in[1] = y->layer;
    return mye_onnx_result(r, n, x->rank, x->c, x->h, x->w);
}

/* Which input is the constant? 2: none. */
static mye_status constant_input(mye_onnx *r, const Onnx__NodeProto *n, size_t *k)
{
    for (*k = 0; *k < 2; ++*k) {
        mye_onnx_value *v;
        MYE_TRY(mye_onnx_input(r, n, *k, &v));
        if (mye_onnx_is_constant(v))
            return MYE_OK;
    }
    return MYE_OK;
}

/* A constant and a value; places of both. */
static mye_status with_constant(mye_onnx *r, const Onnx__NodeProto *n, size_t *k,
                                mye_onnx_value **x, float **c)
{
    MYE_TRY(constant_input(r, n, k));
    if (*k == 2)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "combines two computed values, but one must be a constant");
    MYE_TRY(mye_onnx_layer_input(r, n, 1 - *k, 0, false, x));
    return mye_onnx_per_channel(r, n, *k, *x, c);
}

mye_status mye_onnx_add_op(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    size_t k;
    float *c;
    MYE_TRY(constant_input(r, n, &k));
    if (k == 2)
        return add_branches(r, n);
    MYE_TRY(with_constant(r, n, &k, &x, &c));
    return mye_onnx_affine(r, n, x, NULL, c);
}

mye_status mye_onnx_sub(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    size_t k;
    float *c, *minus = NULL;
    MYE_TRY(with_constant(r, n, &k, &x, &c));
    if (k == 1) {
        for (int64_t i = 0; i < x->c; i++)
            c[i] = -c[i];
        return mye_onnx_affine(r, n, x, NULL, c);
    }
    minus = mye_onnx_take(r, (size_t)x->c);
    if (minus == NULL)
        return mye_onnx_no_memory(r, (size_t)x->c);
    for (int64_t i = 0; i < x->c; i++)
        minus[i] = -1.0f;
    return mye_onnx_affine(r, n, x, minus, c);
}

mye_status mye_onnx_mul(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    size_t k;
    float *c;
    MYE_TRY(with_constant(r, n, &k, &x, &c));
    return mye_onnx_affine(r, n, x, c, NULL);
}

mye_status mye_onnx_div(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    size_t k;
    float *c;
    MYE_TRY(with_constant(r, n, &k, &x, &c));
    if (k == 0)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "divides by a computed value, which is not supported");
    for (int64_t i = 0; i < x->c; i++)
        c[i] = 1.0f / c[i]; /* of 0: infinite, which the model refuses */
    return mye_onnx_affine(r, n, x, c, NULL);
}

/* ---- the identity ---- */

mye_status mye_onnx_identity(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    MYE_TRY(mye_onnx_input(r, n, 0, &x));
    return mye_onnx_alias(r, n, x);
}

/* Dropout does nothing in inference, unless its third input says that this is training. */
mye_status mye_onnx_dropout(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints training = {.n = 0};
    if (mye_onnx_has_input(n, 2))
        MYE_TRY(mye_onnx_whole(r, n, 2, "training_mode", &training));
    if (training.n > 0 && training.at[0] != 0)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is in training mode: export the network in evaluation mode");
    return mye_onnx_identity(r, n);
}
