/* ONNX operators: batch normalisation, rectifiers, softmax. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "io/onnx_parts.h"

/* Shortest decimal that reads back as the same float: 1e-05, not 9.99999974737875e-06. */
static void add_float(mye_onnx_layer *layer, const char *name, float value)
{
    char text[32];
    const size_t used = strlen(layer->options);
    for (int digits = 6; digits <= 9; digits++) {
        double back = 0;
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (mye_parse_double(text, &back) && (float)back == value)
            break;
    }
    snprintf(layer->options + used, sizeof layer->options - used, "%s%s=%s", used > 0 ? "," : "",
             name, text);
}

mye_status mye_onnx_batchnorm(mye_onnx *r, const Onnx__NodeProto *n)
{
    static const char *const role[] = {"weight", "bias", "running_mean", "running_var"};
    mye_onnx_value *x;
    mye_onnx_layer *layer;
    float eps, momentum, *data[4];
    MYE_TRY(mye_onnx_must_be(r, n, "training_mode", 0));
    MYE_TRY(mye_onnx_must_be(r, n, "spatial", 1));
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, false, &x));
    MYE_TRY(mye_onnx_float(r, n, "epsilon", 1e-5f, &eps));
    MYE_TRY(mye_onnx_float(r, n, "momentum", 0.9f, &momentum));
    if (x->rank == 2 && x->h * x->w > 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "normalises a flattened image, which is not supported");
    for (size_t k = 0; k < 4; k++)
        MYE_TRY(mye_onnx_vector(r, n, k + 1, role[k], x->c, &data[k]));
    for (int64_t i = 0; i < x->c; i++)
        if (!(data[3][i] + eps > 0.0f))
            return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has a variance of %g",
                                      (double)data[3][i]);
    MYE_TRY(mye_onnx_add(r, n, "batchnorm", x, &layer));
    add_float(layer, "eps", eps);
    /* They say what is kept, we what is taken: 0.1, without the rounding of 1 - 0.9. */
    add_float(layer, "momentum", roundf((1.0f - momentum) * 1e6f) / 1e6f);
    for (int k = 0; k < 4; k++)
        mye_onnx_weight(layer, k, role[k], data[k], (size_t)x->c);
    return mye_onnx_result(r, n, x->rank, x->c, x->h, x->w);
}

static void set_cap(mye_onnx_layer *layer, float cap)
{
    layer->cap = cap;
    layer->op = cap > 0.0f ? "relu" : "neuron";
    layer->options[0] = '\0';
    if (cap > 0.0f)
        add_float(layer, "cap", cap);
}

/* Exporters write ReLU6 as Relu and Clip: one rectifier behind another joins it. cap 0: none. */
static mye_status add_relu(mye_onnx *r, const Onnx__NodeProto *n, float cap)
{
    mye_onnx_value *x;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, false, &x));
    mye_onnx_layer *layer = x->layer >= 0 && !x->shared ? &r->layer[x->layer] : NULL;
    if (layer != NULL && layer->is_rectifier) {
        if (cap > 0.0f && (layer->cap <= 0.0f || cap < layer->cap))
            set_cap(layer, cap);
        return mye_onnx_alias(r, n, x);
    }
    MYE_TRY(mye_onnx_add(r, n, "neuron", x, &layer));
    layer->is_rectifier = true;
    set_cap(layer, cap);
    return mye_onnx_result(r, n, x->rank, x->c, x->h, x->w);
}

mye_status mye_onnx_relu(mye_onnx *r, const Onnx__NodeProto *n)
{
    return add_relu(r, n, 0.0f);
}

/* Has a rectifier made x? Then it is not negative. */
static bool is_rectified(const mye_onnx *r, const mye_onnx_value *x)
{
    return x->layer >= 0 && r->layer[x->layer].is_rectifier;
}

/* Bounds stood in attributes before opset 11, and are inputs since. */
mye_status mye_onnx_clip(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    float low, high;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 0, false, &x));
    MYE_TRY(mye_onnx_float(r, n, "min", -FLT_MAX, &low));
    MYE_TRY(mye_onnx_float(r, n, "max", FLT_MAX, &high));
    if (mye_onnx_has_input(n, 1))
        MYE_TRY(mye_onnx_scalar(r, n, 1, "minimum", &low));
    if (mye_onnx_has_input(n, 2))
        MYE_TRY(mye_onnx_scalar(r, n, 2, "maximum", &high));
    if (!(low <= 0.0f) || !(high > 0.0f) || (low < 0.0f && !is_rectified(r, x)))
        return mye_onnx_node_fail(
            r, n, MYE_ERR_UNSUPPORTED,
            "clips to [%g, %g], but only [0, something positive] is supported", (double)low,
            (double)high);
    return add_relu(r, n, high < FLT_MAX ? high : 0.0f);
}

/* What only rescales the scores of the classes does not change their order. */
mye_status mye_onnx_softmax(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x, *y;
    int64_t axis;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 2, false, &x));
    MYE_TRY(mye_onnx_output(r, n, &y));
    MYE_TRY(mye_onnx_int(r, n, "axis", r->opset < 13 ? 1 : -1, &axis));
    if (axis != 1 && axis != -1)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "has axis %lld, but only that of the classes is supported",
                                  (long long)axis);
    if (y != r->output || y->uses != 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported as the last node only, where it is left out");
    return mye_onnx_alias(r, n, x);
}
