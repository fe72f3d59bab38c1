/* ONNX operators: convolution, and the windows that it shares with pooling. */
#include <string.h>

#include "io/onnx_parts.h"

void mye_onnx_option(mye_onnx_layer *layer, const char *name, int64_t value)
{
    const size_t used = strlen(layer->options);
    snprintf(layer->options + used, sizeof layer->options - used, "%s%s=%lld", used > 0 ? "," : "",
             name, (long long)value);
}

/* ---- windows ---- */

static mye_status explicit_pads(mye_onnx *r, const Onnx__NodeProto *n, int64_t own[2])
{
    int64_t pads[4]; /* top, left, bottom, right */
    MYE_TRY(mye_onnx_numbers(r, n, "pads", 4, 0, 0, pads));
    if (pads[0] != pads[2] || pads[1] != pads[3])
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "pads its sides unequally (%lld, %lld, %lld, %lld), which is not "
                                  "supported",
                                  (long long)pads[0], (long long)pads[1], (long long)pads[2],
                                  (long long)pads[3]);
    own[0] = pads[0];
    own[1] = pads[1];
    return MYE_OK;
}

/* SAME: as much as gives ceil(in / stride) windows; equal on both sides only where that is even. */
static mye_status same_pads(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_window *w,
                            int64_t own[2])
{
    for (int i = 0; i < 2; i++) {
        const int64_t windows = (w->in[i] + w->stride[i] - 1) / w->stride[i];
        const int64_t total = (windows - 1) * w->stride[i] + w->kernel[i] - w->in[i];
        own[i] = total > 0 ? total / 2 : 0;
        if (total > 0 && total % 2 != 0)
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                      "pads its sides unequally (auto_pad with a total of %lld), "
                                      "which is not supported",
                                      (long long)total);
    }
    return MYE_OK;
}

static mye_status own_pads(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_window *w,
                           int64_t own[2])
{
    char mode[32];
    MYE_TRY(mye_onnx_text(r, n, "auto_pad", "NOTSET", mode));
    MYE_TRY(explicit_pads(r, n, own));
    if (strcmp(mode, "NOTSET") == 0)
        return MYE_OK;
    if (own[0] > 0 || own[1] > 0)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has both pads and auto_pad");
    if (strcmp(mode, "VALID") == 0)
        return MYE_OK;
    if (strcmp(mode, "SAME_UPPER") == 0 || strcmp(mode, "SAME_LOWER") == 0)
        return same_pads(r, n, w, own);
    return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED, "has auto_pad '%s', which is not known",
                              mye_onnx_label_of(mode).text);
}

mye_status mye_onnx_window_of(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                              mye_onnx_window *w, int64_t own[2])
{
    int64_t dilation[2];
    const int64_t wait[2] = {x->pad_h, x->pad_w};
    MYE_TRY(mye_onnx_numbers(r, n, "dilations", 2, 1, 1, dilation));
    if (dilation[0] != 1 || dilation[1] != 1)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "has dilations of %lld and %lld, but only 1 is supported",
                                  (long long)dilation[0], (long long)dilation[1]);
    MYE_TRY(mye_onnx_numbers(r, n, "strides", 2, 1, 1, w->stride));
    w->in[0] = x->h + 2 * wait[0];
    w->in[1] = x->w + 2 * wait[1];
    MYE_TRY(own_pads(r, n, w, own));
    for (int i = 0; i < 2; i++) {
        w->pad[i] = own[i] + wait[i];
        const int64_t room = w->in[i] + 2 * own[i] - w->kernel[i];
        if (room < 0)
            return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE,
                                      "has a kernel of %lld, larger than its padded input of %lld",
                                      (long long)w->kernel[i], (long long)(w->in[i] + 2 * own[i]));
        w->out[i] = room / w->stride[i] + 1;
    }
    return MYE_OK;
}

/* ---- Conv ---- */

/* Only what differs from the node's defaults, so that tables stay readable. */
static void conv_options(mye_onnx_layer *layer, int64_t channels, int64_t groups,
                         const mye_onnx_window *w)
{
    const bool half = w->pad[0] == (w->kernel[0] - 1) / 2 && w->pad[1] == (w->kernel[1] - 1) / 2;
    mye_onnx_option(layer, "channels", channels);
    mye_onnx_option(layer, "kernel", w->kernel[0]);
    if (w->kernel[1] != w->kernel[0])
        mye_onnx_option(layer, "kernel_w", w->kernel[1]);
    mye_onnx_option(layer, "stride", w->stride[0]);
    if (w->stride[1] != w->stride[0])
        mye_onnx_option(layer, "stride_w", w->stride[1]);
    if (!half)
        mye_onnx_option(layer, "padding", w->pad[0]);
    if (!half && w->pad[1] != w->pad[0])
        mye_onnx_option(layer, "padding_w", w->pad[1]);
    mye_onnx_option(layer, "groups", groups);
}

/* Weights [O, C / groups, kh, kw] on an image of C channels. */
static mye_status conv_weights(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                               mye_onnx_tensor *weight, int64_t *groups, mye_onnx_window *w)
{
    MYE_TRY(mye_onnx_floats(r, n, 1, "weights", weight));
    if (weight->rank != 4)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "has weights of %d dimensions; convolutions of images have 4",
                                  weight->rank);
    MYE_TRY(mye_onnx_int(r, n, "group", 1, groups));
    const int64_t O = weight->dim[0];
    if (*groups < 1 || O < 1 || weight->count == 0 || x->c % *groups != 0 || O % *groups != 0 ||
        weight->dim[1] != x->c / *groups)
        return mye_onnx_node_fail(
            r, n, MYE_ERR_SHAPE,
            "has weights of %lldx%lldx%lldx%lld in %lld groups for an input of "
            "%lld channels",
            (long long)O, (long long)weight->dim[1], (long long)weight->dim[2],
            (long long)weight->dim[3], (long long)*groups, (long long)x->c);
    w->kernel[0] = weight->dim[2];
    w->kernel[1] = weight->dim[3];
    int64_t told[2];
    MYE_TRY(mye_onnx_numbers(r, n, "kernel_shape", 2, 1, 0, told));
    if (told[0] > 0 && (told[0] != w->kernel[0] || told[1] != w->kernel[1]))
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT,
                                  "has a kernel_shape of %lldx%lld, but weights of %lldx%lld",
                                  (long long)told[0], (long long)told[1], (long long)w->kernel[0],
                                  (long long)w->kernel[1]);
    return MYE_OK;
}

mye_status mye_onnx_conv(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_tensor weight;
    mye_onnx_window w;
    mye_onnx_layer *layer;
    int64_t groups, own[2];
    float *bias = NULL;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 4, true, &x));
    MYE_TRY(conv_weights(r, n, x, &weight, &groups, &w));
    MYE_TRY(mye_onnx_window_of(r, n, x, &w, own));
    const int64_t O = weight.dim[0];
    if (mye_onnx_has_input(n, 2))
        MYE_TRY(mye_onnx_vector(r, n, 2, "bias", O, &bias));
    MYE_TRY(mye_onnx_add(r, n, "conv2d", x, &layer));
    conv_options(layer, O, groups, &w);
    layer->has_bias = true;
    layer->outputs = O;
    mye_onnx_weight(layer, 0, "weight", weight.data, weight.count);
    if (bias != NULL)
        mye_onnx_weight(layer, 1, "bias", bias, (size_t)O);
    return mye_onnx_result(r, n, 4, O, w.out[0], w.out[1]);
}
