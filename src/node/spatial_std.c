/*
 * spatial_std: the standard deviation of every channel over the image, unbiased:
 *
 *   y[c] = sqrt(sum over pixels of (x - m)^2 / (HW - 1)),   m the mean over pixels
 *   dL/dx = dL/dy (x - m) / ((HW - 1) y);   0 where y is 0
 *
 * [C,H,W] -> vector of C; at least two pixels; no options. Sums are in double, so that equal pixels
 * have exactly no deviation. Source: Noekland and Eidnes 2019, features of the similarity loss.
 */
#include <math.h>

#include "node/elementwise.h"

static mye_status std_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    if (in->flat)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (spatial_std) wants an image, got a vector of %d", n->name,
                        (int)mye_shape_size(*in));
    if (in->h == 1 && in->w == 1)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (spatial_std) wants at least 2 pixels, got an image of 1x1",
                        n->name);
    n->shape = (mye_shape){in->c, 1, 1, true};
    n->format = MYE_F32;
    return MYE_OK;
}

typedef struct std_arg {
    const mye_node *n;
    const mye_pass *p;
} std_arg;

/* One image's rows, one after another, and its moments. */
typedef struct image_reader {
    const std_arg *a;
    int t, b;
    mye_lane *lane;
    float *buffer;            /* [W][C]                     */
    double *mean, *deviation; /* [C]                        */
} image_reader;

static image_reader reader_of(const std_arg *a, int t, int b, mye_lane *lane)
{
    const mye_shape in = a->n->in_shape;
    image_reader r = {.a = a, .t = t, .b = b, .lane = lane};
    r.buffer = mye_lane_take(lane, (size_t)in.w * (size_t)in.c * sizeof *r.buffer);
    r.mean = mye_lane_take(lane, (size_t)in.c * sizeof *r.mean);
    r.deviation = mye_lane_take(lane, (size_t)in.c * sizeof *r.deviation);
    return r;
}

static const float *read_row(const image_reader *r, int h)
{
    const mye_shape in = r->a->n->in_shape;
    const int64_t width = (int64_t)in.w * in.c;
    const mye_at at = {r->t, r->b, h * width, width};
    return mye_load(r->a->p, r->a->n->in[0], at, r->buffer, r->lane);
}

static void find_moments(image_reader *r)
{
    const mye_shape in = r->a->n->in_shape;
    const double n = (double)in.h * (double)in.w;
    for (int c = 0; c < in.c; c++)
        r->mean[c] = r->deviation[c] = 0;
    for (int h = 0; h < in.h; h++) {
        const float *x = read_row(r, h);
        for (int w = 0; w < in.w; w++, x += in.c)
            for (int c = 0; c < in.c; c++)
                r->mean[c] += (double)x[c];
    }
    for (int c = 0; c < in.c; c++)
        r->mean[c] /= n;
    for (int h = 0; h < in.h; h++) {
        const float *x = read_row(r, h);
        for (int w = 0; w < in.w; w++, x += in.c)
            for (int c = 0; c < in.c; c++)
                r->deviation[c] += ((double)x[c] - r->mean[c]) * ((double)x[c] - r->mean[c]);
    }
    for (int c = 0; c < in.c; c++)
        r->deviation[c] = sqrt(r->deviation[c] / (n - 1));
}

static void std_image(void *arg, int t, int b, mye_lane *lane)
{
    const std_arg *a = arg;
    const size_t mark = lane->used;
    image_reader r = reader_of(a, t, b, lane);
    float *y = mye_value_row(a->p, a->n->index, t, b);
    find_moments(&r);
    for (int c = 0; c < a->n->in_shape.c; c++)
        y[c] = (float)r.deviation[c];
    lane->used = mark;
}

static void std_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    std_arg a = {n, p};
    mye_each_image(n, p, t0, t1, std_image, &a);
}

static void std_image_back(void *arg, int t, int b, mye_lane *lane)
{
    const std_arg *a = arg;
    const mye_shape in = a->n->in_shape;
    const size_t mark = lane->used;
    const double n = (double)in.h * (double)in.w;
    image_reader r = reader_of(a, t, b, lane);
    double *factor = r.deviation;
    bool accumulate;
    float *dx = mye_grad_target(a->p, a->n, 0, t, &accumulate) + b * a->p->value[a->n->in[0]].n;
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    find_moments(&r);
    for (int c = 0; c < in.c; c++)
        factor[c] = r.deviation[c] > 0 ? (double)g[c] / ((n - 1) * r.deviation[c]) : 0;
    for (int h = 0; h < in.h; h++) {
        const float *x = read_row(&r, h);
        for (int w = 0; w < in.w; w++, x += in.c, dx += in.c)
            for (int c = 0; c < in.c; c++) {
                const float d = (float)(factor[c] * ((double)x[c] - r.mean[c]));
                dx[c] = accumulate ? dx[c] + d : d;
            }
    }
    lane->used = mark;
}

static void std_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    std_arg a = {n, p};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, std_image_back, &a);
}

static size_t std_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_shape in = n->in_shape;
    const int64_t width = (int64_t)in.w * in.c;
    MYE_UNUSED(op);
    return mye_float_bytes(width) + 2 * mye_double_bytes(in.c) +
           mye_load_lane_bytes(p, n->in[0], width);
}

const mye_node_type mye_node_spatial_std = {
    .entry = {.name = "spatial_std",
              .brief = "standard deviation of each channel over the image",
              .source = "Noekland and Eidnes 2019"},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_READS_INPUT,
    .shape = std_shape,
    .lane_bytes = std_lane_bytes,
    .forward = std_forward,
    .backward = std_backward,
};
