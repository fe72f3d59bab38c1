/*
 * avgpool: y[oh][ow][c] = (1/k) sum over the window of x, k its number of pixels. Zero padding
 * counts: the divisor is always k.
 *
 * [C,H,W] -> [C,OH,OW], OH = floor((H + 2 padding - kernel) / stride) + 1. Options kernel, stride
 * (default kernel), padding; kernel_w, stride_w, padding_w where the width differs.
 */
#include <string.h>

#include "node/pool.h"

static mye_status avgpool_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    n->format = MYE_F32;
    return mye_pool_shape(n, in, err);
}

typedef struct avgpool_arg {
    const mye_node *n;
    const mye_pass *p;
} avgpool_arg;

/* Adds the windows of output row oh; rows [first, end) of the input are at x. */
static void sum_row(const mye_kernels *k, const mye_pool_plan *w, const float *x, int n_rows,
                    float *y)
{
    memset(y, 0, (size_t)w->OW * (size_t)w->C * sizeof *y);
    for (int h = 0; h < n_rows; h++) {
        const float *row = x + (int64_t)h * w->W * w->C;
        for (int ow = 0; ow < w->OW; ow++) {
            int first, end;
            mye_pool_columns(w, ow, &first, &end);
            for (int col = first; col < end; col++)
                k->add(w->C, row + (int64_t)col * w->C, y + (int64_t)ow * w->C);
        }
    }
    const float share = 1.0f / ((float)w->kh * (float)w->kw);
    k->scale((int64_t)w->OW * w->C, share, y, y);
}

static void pool_image(void *arg, int t, int b, mye_lane *lane)
{
    const avgpool_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    const int64_t width = (int64_t)w->W * w->C;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)(w->kh * width) * sizeof *buffer);
    float *y = mye_value_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < w->OH; oh++, y += (int64_t)w->OW * w->C) {
        int first, end;
        mye_pool_rows(w, oh, &first, &end);
        const mye_at at = {t, b, first * width, (end - first) * width};
        sum_row(a->p->k, w, mye_load(a->p, a->n->in[0], at, buffer, lane), end - first, y);
    }
    lane->used = mark;
}

static void avgpool_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    avgpool_arg a = {n, p};
    mye_each_image(n, p, t0, t1, pool_image, &a);
}

/* dx of one image: each output pixel gives 1/k of its gradient to every pixel of its window. */
static void spread_image(void *arg, int t, int b, mye_lane *lane)
{
    const avgpool_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    const float share = 1.0f / ((float)w->kh * (float)w->kw);
    const mye_kernels *k = a->p->k;
    MYE_UNUSED(lane);
    bool accumulate;
    float *dx = mye_grad_target(a->p, a->n, 0, t, &accumulate);
    dx += b * a->p->value[a->n->in[0]].n;
    const bool write = !accumulate && mye_pool_tiles(w);
    if (!accumulate && !write)
        memset(dx, 0, (size_t)w->H * (size_t)w->W * (size_t)w->C * sizeof *dx);
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < w->OH; oh++) {
        int h0, h1;
        mye_pool_rows(w, oh, &h0, &h1);
        for (int ow = 0; ow < w->OW; ow++, g += w->C) {
            int w0, w1;
            mye_pool_columns(w, ow, &w0, &w1);
            for (int i = 0; i < (h1 - h0) * (w1 - w0); i++) {
                const int h = h0 + i / (w1 - w0), col = w0 + i % (w1 - w0);
                (write ? k->scale : k->axpy)(w->C, share, g, dx + ((int64_t)h * w->W + col) * w->C);
            }
        }
    }
}

static void avgpool_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    avgpool_arg a = {n, p};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, spread_image, &a);
}

static size_t avgpool_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_pool_plan *w = n->plan;
    const int64_t floats = (int64_t)w->kh * w->W * w->C;
    if (op == MYE_OP_BACKWARD)
        return 0;
    return mye_float_bytes(floats) + mye_load_lane_bytes(p, n->in[0], floats);
}

const mye_node_type mye_node_avgpool = {
    .entry = {.name = "avgpool",
              .brief = "mean over windows",
              .source = "",
              .params = mye_pool_params,
              .options_size = sizeof(mye_pool_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR,
    .plan_bytes = sizeof(mye_pool_plan),
    .shape = avgpool_shape,
    .lane_bytes = avgpool_lane_bytes,
    .forward = avgpool_forward,
    .backward = avgpool_backward,
};
