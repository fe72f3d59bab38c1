/* ONNX operators: pooling and padding. */
#include <string.h>

#include "io/onnx_parts.h"

static void pool_options(mye_onnx_layer *layer, const mye_onnx_window *w)
{
    const bool own_stride = w->stride[0] != w->kernel[0] || w->stride[1] != w->kernel[1];
    mye_onnx_option(layer, "kernel", w->kernel[0]);
    if (w->kernel[1] != w->kernel[0])
        mye_onnx_option(layer, "kernel_w", w->kernel[1]);
    if (own_stride)
        mye_onnx_option(layer, "stride", w->stride[0]);
    if (own_stride && w->stride[1] != w->stride[0])
        mye_onnx_option(layer, "stride_w", w->stride[1]);
    mye_onnx_option(layer, "padding", w->pad[0]);
    if (w->pad[1] != w->pad[0])
        mye_onnx_option(layer, "padding_w", w->pad[1]);
}

/* Our windows end inside the padded image; with ceil_mode one more may hang over the edge. */
static mye_status check_ceil(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_window *w,
                             const int64_t own[2])
{
    int64_t ceil_mode;
    MYE_TRY(mye_onnx_int(r, n, "ceil_mode", 0, &ceil_mode));
    for (int i = 0; ceil_mode != 0 && i < 2; i++)
        if ((w->in[i] + 2 * own[i] - w->kernel[i]) % w->stride[i] != 0)
            return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                      "has windows that hang over the edge (ceil_mode), which is "
                                      "not supported");
    return MYE_OK;
}

static mye_status pool_window(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *x,
                              mye_onnx_window *w, int64_t own[2])
{
    MYE_TRY(mye_onnx_numbers(r, n, "kernel_shape", 2, 1, 0, w->kernel));
    if (w->kernel[0] == 0)
        return mye_onnx_node_fail(r, n, MYE_ERR_FORMAT, "has no kernel_shape");
    MYE_TRY(mye_onnx_window_of(r, n, x, w, own));
    MYE_TRY(check_ceil(r, n, w, own));
    for (int i = 0; i < 2; i++)
        if (w->pad[i] > w->kernel[i] / 2)
            return mye_onnx_node_fail(
                r, n, MYE_ERR_UNSUPPORTED,
                "is padded by %lld, but at most half its kernel of %lld is supported",
                (long long)w->pad[i], (long long)w->kernel[i]);
    return MYE_OK;
}

static mye_status add_pool(mye_onnx *r, const Onnx__NodeProto *n, const char *op,
                           const mye_onnx_value *x, const mye_onnx_window *w)
{
    mye_onnx_layer *layer;
    MYE_TRY(mye_onnx_add(r, n, op, x, &layer));
    pool_options(layer, w);
    return mye_onnx_result(r, n, 4, x->c, w->out[0], w->out[1]);
}

/* Our divisor is the whole window: that is count_include_pad where there is padding. */
mye_status mye_onnx_averagepool(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_window w;
    int64_t counts, own[2];
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 4, true, &x));
    MYE_TRY(pool_window(r, n, x, &w, own));
    MYE_TRY(mye_onnx_int(r, n, "count_include_pad", 0, &counts));
    if (counts == 0 && (own[0] > 0 || own[1] > 0))
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "has padding that does not count, but only count_include_pad = 1 "
                                  "is supported");
    return add_pool(r, n, "avgpool", x, &w);
}

/* Zeros in front (Pad) could win a maximum; padding of its own never does. */
mye_status mye_onnx_maxpool(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_window w;
    int64_t own[2];
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 4, false, &x));
    MYE_TRY(mye_onnx_must_be(r, n, "storage_order", 0));
    MYE_TRY(pool_window(r, n, x, &w, own));
    return add_pool(r, n, "maxpool", x, &w);
}

mye_status mye_onnx_globalpool(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_layer *layer;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 4, false, &x));
    MYE_TRY(mye_onnx_add(r, n, "global_avgpool", x, &layer));
    return mye_onnx_result(r, n, 4, x->c, 1, 1);
}

/* Axes stood in an attribute before opset 18, and are an input since. */
static mye_status check_axes(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_ints axes = {.n = 2};
    if (mye_onnx_has_input(n, 1))
        MYE_TRY(mye_onnx_whole(r, n, 1, "axes", &axes));
    else
        MYE_TRY(mye_onnx_numbers(r, n, "axes", 2, -4, 0, axes.at));
    for (int i = 0; i < axes.n; i++)
        axes.at[i] += axes.at[i] < 0 ? 4 : 0;
    const bool image = axes.n == 2 && ((axes.at[0] == 2 && axes.at[1] == 3) ||
                                       (axes.at[0] == 3 && axes.at[1] == 2));
    if (!image)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported over height and width (axes 2 and 3) only");
    return MYE_OK;
}

mye_status mye_onnx_reducemean(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x;
    mye_onnx_layer *layer;
    int64_t keep;
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 4, false, &x));
    MYE_TRY(mye_onnx_must_be(r, n, "noop_with_empty_axes", 0));
    MYE_TRY(check_axes(r, n));
    MYE_TRY(mye_onnx_int(r, n, "keepdims", 1, &keep));
    MYE_TRY(mye_onnx_add(r, n, "global_avgpool", x, &layer));
    if (keep == 0)
        MYE_TRY(mye_onnx_add(r, n, "flatten", NULL, &layer));
    return mye_onnx_result(r, n, keep != 0 ? 4 : 2, x->c, 1, 1);
}

/* ---- Pad ---- */

enum { MAX_PAD = 1024 };

/* [N, C, H, W] in front of everything, then the same behind it. */
static mye_status read_pads(mye_onnx *r, const Onnx__NodeProto *n, int64_t pads[8])
{
    char mode[32];
    float value;
    mye_onnx_ints ints;
    MYE_TRY(mye_onnx_text(r, n, "mode", "constant", mode));
    MYE_TRY(mye_onnx_float(r, n, "value", 0.0f, &value));
    MYE_TRY(mye_onnx_numbers(r, n, "pads", 8, 0, 0, pads));
    if (mye_onnx_has_input(n, 1)) {
        MYE_TRY(mye_onnx_whole(r, n, 1, "pads", &ints));
        if (ints.n != 8)
            return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE, "has %d pads, but an image has 8",
                                      ints.n);
        memcpy(pads, ints.at, 8 * sizeof *pads);
    }
    if (mye_onnx_has_input(n, 2))
        MYE_TRY(mye_onnx_scalar(r, n, 2, "value", &value));
    if (strcmp(mode, "constant") != 0 || value < 0.0f || value > 0.0f || value != value)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "pads with something else than zeros, which is not supported");
    return MYE_OK;
}

mye_status mye_onnx_pad(mye_onnx *r, const Onnx__NodeProto *n)
{
    mye_onnx_value *x, *y;
    int64_t pads[8];
    MYE_TRY(mye_onnx_layer_input(r, n, 0, 4, true, &x));
    MYE_TRY(read_pads(r, n, pads));
    bool fits = true;
    for (int i = 0; i < 4; i++)
        fits = fits && pads[i] == pads[i + 4] && pads[i] >= 0 && pads[i] <= (i < 2 ? 0 : MAX_PAD);
    if (!fits || x->pad_h + pads[2] > MAX_PAD || x->pad_w + pads[3] > MAX_PAD)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "is supported with equal zeros on both sides of height and of "
                                  "width only, at most %d",
                                  MAX_PAD);
    MYE_TRY(mye_onnx_alias(r, n, x));
    MYE_TRY(mye_onnx_output(r, n, &y));
    y->pad_h += pads[2];
    y->pad_w += pads[3];
    return MYE_OK;
}
