/*
 * adaptive_avgpool: y[i][j][c] = mean of x over rows [floor(i H / OH), ceil((i + 1) H / OH)) and the
 * columns of j by the same rule. Windows cover the image; where OH does not divide H, neighbours
 * overlap.
 *
 * [C,H,W] -> [C,OH,OW], OH <= H, OW <= W. Options height, width. The usual definition of frameworks.
 */
#include <string.h>

#include "node/resize.h"

static mye_status adaptive_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    return mye_resize_shape(n, in, true, err);
}

/* Cells [*first, *end) of `in` under window i of `out`. */
static void window(int i, int in, int out, int *first, int *end)
{
    *first = (int)((int64_t)i * in / out);
    *end = (int)((((int64_t)i + 1) * in + out - 1) / out);
}

/* No window has more rows: its two ends are rounded, by less than a row each. */
static int most_rows(const mye_node *n)
{
    const int most = n->in_shape.h / n->shape.h + 2;
    return most < n->in_shape.h ? most : n->in_shape.h;
}

typedef struct adaptive_arg {
    const mye_node *n;
    const mye_pass *p;
} adaptive_arg;

/* One output row from the n_rows rows of the input at x. */
static void mean_row(const adaptive_arg *a, const float *x, int n_rows, float *y)
{
    const mye_kernels *k = a->p->k;
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    memset(y, 0, (size_t)out.w * (size_t)out.c * sizeof *y);
    for (int ow = 0; ow < out.w; ow++, y += out.c) {
        int w0, w1;
        window(ow, in.w, out.w, &w0, &w1);
        for (int h = 0; h < n_rows; h++)
            k->column_sums(w1 - w0, in.c, x + ((int64_t)h * in.w + w0) * in.c, y);
        k->scale(in.c, 1.0f / (float)(n_rows * (w1 - w0)), y, y);
    }
}

static void pool_image(void *arg, int t, int b, mye_lane *lane)
{
    const adaptive_arg *a = arg;
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    const int64_t width = (int64_t)in.w * in.c;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)(most_rows(a->n) * width) * sizeof *buffer);
    float *y = mye_value_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < out.h; oh++, y += (int64_t)out.w * out.c) {
        int h0, h1;
        window(oh, in.h, out.h, &h0, &h1);
        const mye_at at = {t, b, h0 * width, (h1 - h0) * width};
        mean_row(a, mye_load(a->p, a->n->in[0], at, buffer, lane), h1 - h0, y);
    }
    lane->used = mark;
}

static void adaptive_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    adaptive_arg a = {n, p};
    mye_each_image(n, p, t0, t1, pool_image, &a);
}

/* Each output pixel hands an equal share of its gradient to every pixel of its window. */
static void spread_pixel(const adaptive_arg *a, int oh, int ow, const float *g, float *dx)
{
    const mye_shape in = a->n->in_shape, out = a->n->shape;
    int h0, h1, w0, w1;
    window(oh, in.h, out.h, &h0, &h1);
    window(ow, in.w, out.w, &w0, &w1);
    const float share = 1.0f / (float)((h1 - h0) * (w1 - w0));
    for (int h = h0; h < h1; h++)
        for (int col = w0; col < w1; col++)
            a->p->k->axpy(in.c, share, g, dx + ((int64_t)h * in.w + col) * in.c);
}

static void spread_image(void *arg, int t, int b, mye_lane *lane)
{
    const adaptive_arg *a = arg;
    const mye_shape out = a->n->shape;
    const int64_t n = a->p->value[a->n->in[0]].n;
    MYE_UNUSED(lane);
    bool accumulate;
    float *dx = mye_grad_target(a->p, a->n, 0, t, &accumulate) + b * n;
    if (!accumulate)
        memset(dx, 0, (size_t)n * sizeof *dx);
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < out.h; oh++)
        for (int ow = 0; ow < out.w; ow++, g += out.c)
            spread_pixel(a, oh, ow, g, dx);
}

static void adaptive_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    adaptive_arg a = {n, p};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, spread_image, &a);
}

static size_t adaptive_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t floats = (int64_t)most_rows(n) * n->in_shape.w * n->in_shape.c;
    if (op == MYE_OP_BACKWARD)
        return 0;
    return mye_float_bytes(floats) + mye_load_lane_bytes(p, n->in[0], floats);
}

const mye_node_type mye_node_adaptive_avgpool = {
    .entry = {.name = "adaptive_avgpool",
              .brief = "mean over windows that cover the image, as many as told",
              .source = "",
              .params = mye_resize_params,
              .options_size = sizeof(mye_resize_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR,
    .shape = adaptive_shape,
    .lane_bytes = adaptive_lane_bytes,
    .forward = adaptive_forward,
    .backward = adaptive_backward,
};
