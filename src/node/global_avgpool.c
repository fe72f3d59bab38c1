/*
 * global_avgpool: y[c] = (1/HW) sum over all pixels of x.
 *
 * [C,H,W] -> [C,1,1]; no options.
 */
#include <string.h>

#include "node/elementwise.h"

static mye_status global_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    if (in->flat)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (global_avgpool) wants an image, got a vector of %d", n->name,
                        (int)mye_shape_size(*in));
    n->shape = (mye_shape){in->c, 1, 1, false};
    n->format = MYE_F32;
    return MYE_OK;
}

typedef struct global_arg {
    const mye_node *n;
    const mye_pass *p;
} global_arg;

static void pool_image(void *arg, int t, int b, mye_lane *lane)
{
    const global_arg *a = arg;
    const mye_shape in = a->n->in_shape;
    const int64_t width = (int64_t)in.w * in.c;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)width * sizeof *buffer);
    float *y = mye_value_row(a->p, a->n->index, t, b);
    memset(y, 0, (size_t)in.c * sizeof *y);
    for (int h = 0; h < in.h; h++) {
        const mye_at at = {t, b, h * width, width};
        a->p->k->column_sums(in.w, in.c, mye_load(a->p, a->n->in[0], at, buffer, lane), y);
    }
    a->p->k->scale(in.c, 1.0f / ((float)in.h * (float)in.w), y, y);
    lane->used = mark;
}

static void global_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    global_arg a = {n, p};
    mye_each_image(n, p, t0, t1, pool_image, &a);
}

static void spread_image(void *arg, int t, int b, mye_lane *lane)
{
    const global_arg *a = arg;
    const mye_shape in = a->n->in_shape;
    const float share = 1.0f / ((float)in.h * (float)in.w);
    MYE_UNUSED(lane);
    bool accumulate;
    float *dx = mye_grad_target(a->p, a->n, 0, t, &accumulate);
    dx += b * a->p->value[a->n->in[0]].n;
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    for (int i = 0; i < in.h * in.w; i++, dx += in.c) {
        if (accumulate)
            a->p->k->axpy(in.c, share, g, dx);
        else
            a->p->k->scale(in.c, share, g, dx);
    }
}

static void global_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    global_arg a = {n, p};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, spread_image, &a);
}

static size_t global_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t width = (int64_t)n->in_shape.w * n->in_shape.c;
    if (op == MYE_OP_BACKWARD)
        return 0;
    return mye_float_bytes(width) + mye_load_lane_bytes(p, n->in[0], width);
}

const mye_node_type mye_node_global_avgpool = {
    .entry = {.name = "global_avgpool", .brief = "mean over the whole image", .source = ""},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR,
    .shape = global_shape,
    .lane_bytes = global_lane_bytes,
    .forward = global_forward,
    .backward = global_backward,
};
