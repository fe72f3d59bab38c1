/*
 * upsample: bilinear, with the corners of input and output on one another (align_corners). Output row
 * i lies at s = i (H - 1) / (OH - 1) of the input, columns alike:
 *
 *   y[i][j] = sum over the four neighbours of (1 - |s - h|) (1 - |r - w|) x[h][w]
 *
 * [C,H,W] -> [C,OH,OW], OH >= H, OW >= W. Options height, width. The backward pass is the transpose.
 */
#include <string.h>

#include "node/resize.h"

static mye_status upsample_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    return mye_resize_shape(n, in, false, err);
}

/* Output cell i lies between input cells first and first + 1, at `share` of the way; share 0: there
 * may be no second one. */
typedef struct place {
    int first;
    float share;
} place;

static place place_of(int i, int in, int out)
{
    if (out == 1)
        return (place){0, 0.0f};
    const int64_t at = (int64_t)i * (in - 1); /* in units of 1 / (out - 1) */
    return (place){(int)(at / (out - 1)), (float)(at % (out - 1)) / (float)(out - 1)};
}

typedef struct upsample_arg {
    const mye_node *n;
    const mye_pass *p;
} upsample_arg;

/* y += weight * (the row at x, at column place c), for every output column. */
static void add_row(const upsample_arg *a, const float *x, float weight, float *y)
{
    const mye_kernels *k = a->p->k;
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    for (int ow = 0; ow < out.w; ow++, y += out.c) {
        const place c = place_of(ow, in.w, out.w);
        const float *left = x + (int64_t)c.first * in.c;
        k->axpy(in.c, weight * (1.0f - c.share), left, y);
        if (c.share > 0)
            k->axpy(in.c, weight * c.share, left + in.c, y);
    }
}

static void grow_image(void *arg, int t, int b, mye_lane *lane)
{
    const upsample_arg *a = arg;
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    const int64_t width = (int64_t)in.w * in.c;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)width * sizeof *buffer);
    float *y = mye_value_row(a->p, a->n->index, t, b);
    memset(y, 0, (size_t)mye_shape_size(out) * sizeof *y);
    for (int oh = 0; oh < out.h; oh++, y += (int64_t)out.w * out.c) {
        const place r = place_of(oh, in.h, out.h);
        mye_at at = {t, b, r.first * width, width};
        add_row(a, mye_load(a->p, a->n->in[0], at, buffer, lane), 1.0f - r.share, y);
        at.i0 += width;
        if (r.share > 0)
            add_row(a, mye_load(a->p, a->n->in[0], at, buffer, lane), r.share, y);
    }
    lane->used = mark;
}

static void upsample_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    upsample_arg a = {n, p};
    mye_each_image(n, p, t0, t1, grow_image, &a);
}

/* The transpose of add_row: the gradients g of an output row go to the input row's at dx. */
static void return_row(const upsample_arg *a, const float *g, float weight, float *dx)
{
    const mye_kernels *k = a->p->k;
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    for (int ow = 0; ow < out.w; ow++, g += out.c) {
        const place c = place_of(ow, in.w, out.w);
        float *left = dx + (int64_t)c.first * in.c;
        k->axpy(in.c, weight * (1.0f - c.share), g, left);
        if (c.share > 0)
            k->axpy(in.c, weight * c.share, g, left + in.c);
    }
}

static void return_image(void *arg, int t, int b, mye_lane *lane)
{
    const upsample_arg *a = arg;
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    const int64_t width = (int64_t)in.w * in.c, n = a->p->value[a->n->in[0]].n;
    MYE_UNUSED(lane);
    bool accumulate;
    float *dx = mye_grad_target(a->p, a->n, 0, t, &accumulate) + b * n;
    if (!accumulate)
        memset(dx, 0, (size_t)n * sizeof *dx);
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < out.h; oh++, g += (int64_t)out.w * out.c) {
        const place r = place_of(oh, in.h, out.h);
        return_row(a, g, 1.0f - r.share, dx + r.first * width);
        if (r.share > 0)
            return_row(a, g, r.share, dx + (r.first + 1) * width);
    }
}

static void upsample_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    upsample_arg a = {n, p};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, return_image, &a);
}

static size_t upsample_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t width = (int64_t)n->in_shape.w * n->in_shape.c;
    if (op == MYE_OP_BACKWARD)
        return 0;
    return mye_float_bytes(width) + mye_load_lane_bytes(p, n->in[0], width);
}

const mye_node_type mye_node_upsample = {
    .entry = {.name = "upsample",
              .brief = "a larger image, bilinear, corners on corners",
              .source = "",
              .params = mye_resize_params,
              .options_size = sizeof(mye_resize_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR,
    .shape = upsample_shape,
    .lane_bytes = upsample_lane_bytes,
    .forward = upsample_forward,
    .backward = upsample_backward,
};
