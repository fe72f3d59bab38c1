/*
 * maxpool_differences: max pooling of values that come as differences, step by step. With X(t) the
 * running sum of an input, X(0) = 0, and M(t) the maximum over a window of X(t), M(0) = 0:
 *
 *   y(t) = M(t) - M(t-1)
 *
 * so the running sum of the output is the maximum of the running sums of the input, at every step.
 * Of a network that sends signed events, so that what was sent too much is taken back, this makes
 * max pooling exact; with T = 1 it is maxpool. Padding never wins.
 *
 * [C,H,W] -> [C,OH,OW], shapes and options as maxpool. X and M of the last step are kept in the
 * node's state from span to span, and begin anew at step 0.
 *
 * Gradient over all steps: dX(t) at the first maximum of a window is g(t) - g(t+1), since M(t) is in
 * y(t) and, negative, in y(t+1); and dx(t) = sum over s >= t of dX(s). The running sums are made again
 * from the input. Of one step alone (SLTT, OTTT) M(t-1) is a constant: dx(t) = g(t) at the maximum.
 *
 * Derived here; Rueckauer et al. 2017 (Front. Neurosci.) let the spikes of the busiest input of a
 * window through instead, which is exact only while that input stays the same.
 */
#include <assert.h>
#include <string.h>

#include "node/pool.h"

static mye_status differences_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    n->format = MYE_F32; /* differences of spikes are signed */
    return mye_pool_shape(n, in, err);
}

static int64_t input_size(const mye_pool_plan *w)
{
    return (int64_t)w->H * w->W * w->C;
}

static int64_t output_size(const mye_pool_plan *w)
{
    return (int64_t)w->OH * w->OW * w->C;
}

static size_t differences_state_bytes(const mye_node *n, const mye_pass *p)
{
    const int64_t size = input_size(n->plan) + output_size(n->plan);
    return (size_t)(p->B * size) * sizeof(float);
}

typedef struct differences_arg {
    const mye_node *n;
    const mye_pass *p;
    int t0, t1;
} differences_arg;

/* X of sample b at the last step that went forward; M lies behind it. */
static float *state_of(const differences_arg *a, int b)
{
    const int64_t size = input_size(a->n->plan) + output_size(a->n->plan);
    return (float *)a->p->value[a->n->index].state + b * size;
}

/* sum += x(t), row by row; at the first step sum = x(t). */
static void add_input(const differences_arg *a, int t, int b, float *sum, mye_lane *lane)
{
    const mye_pool_plan *w = a->n->plan;
    const int64_t width = (int64_t)w->W * w->C;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)width * sizeof *buffer);
    for (int h = 0; h < w->H; h++, sum += width) {
        const mye_at at = {t, b, h * width, width};
        const float *x = mye_load(a->p, a->n->in[0], at, buffer, lane);
        if (t == 0)
            memcpy(sum, x, (size_t)width * sizeof *sum);
        else
            a->p->k->add(width, x, sum);
    }
    lane->used = mark;
}

/* ---- forward ---- */

/* y = M(t) - M(t-1) of all windows; `most` holds M(t-1) (but at the first step), then M(t). */
static void send_differences(const mye_pool_plan *w, bool first, const float *sum, float *most,
                             float *y)
{
    const int64_t width = (int64_t)w->W * w->C, row = (int64_t)w->OW * w->C;
    for (int oh = 0; oh < w->OH; oh++, y += row, most += row) {
        int h0, h1;
        mye_pool_rows(w, oh, &h0, &h1);
        mye_pool_max_row(w, sum + h0 * width, h1 - h0, y);
        for (int64_t i = 0; i < row; i++) {
            const float now = y[i], last = first ? 0.0f : most[i];
            most[i] = now;
            y[i] = now - last;
        }
    }
}

/* All steps of one sample, in order. */
static void forward_image(void *arg, int unused, int b, mye_lane *lane)
{
    const differences_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    float *sum = state_of(a, b), *most = sum + input_size(w);
    MYE_UNUSED(unused);
    for (int t = a->t0; t < a->t1; t++) {
        add_input(a, t, b, sum, lane);
        send_differences(w, t == 0, sum, most, mye_value_row(a->p, a->n->index, t, b));
    }
}

static void differences_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    differences_arg a = {n, p, t0, t1};
    mye_each_image(n, p, t0, t0 + 1, forward_image, &a);
}

/* ---- backward ---- */

static bool is_whole(const differences_arg *a)
{
    return a->t0 == 0 && a->t1 == a->p->T;
}

/* X of all steps in order, made again from the input. */
static const float *sums_again(const differences_arg *a, int b, mye_lane *lane)
{
    const int64_t size = input_size(a->n->plan);
    float *sum = mye_lane_take(lane, (size_t)(a->t1 * size) * sizeof *sum);
    for (int t = 0; t < a->t1; t++) {
        if (t > 0)
            memcpy(sum + t * size, sum + (t - 1) * size, (size_t)size * sizeof *sum);
        add_input(a, t, b, sum + t * size, lane);
    }
    return sum;
}

/* dX += what the windows of one step hand to their maxima; `difference` is room for a row of them. */
static void route_step(const differences_arg *a, int t, int b, const float *sum, float *difference,
                       float *dX)
{
    const mye_pool_plan *w = a->n->plan;
    const int64_t width = (int64_t)w->W * w->C, row = (int64_t)w->OW * w->C;
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    const float *next = t + 1 < a->t1 ? mye_grad_row(a->p, a->n->index, t + 1, b) : NULL;
    for (int oh = 0; oh < w->OH; oh++) {
        int h0, h1;
        mye_pool_rows(w, oh, &h0, &h1);
        for (int64_t i = oh * row; i < (oh + 1) * row; i++)
            difference[i - oh * row] = next != NULL ? g[i] - next[i] : g[i];
        for (int ow = 0; ow < w->OW; ow++) {
            int w0, w1;
            mye_pool_columns(w, ow, &w0, &w1);
            const int64_t from = h0 * width + (int64_t)w0 * w->C;
            a->p->k->route_max(w->C, h1 - h0, w1 - w0, width, sum + from,
                               difference + (int64_t)ow * w->C, dX + from, true);
        }
    }
}

static void backward_image(void *arg, int unused, int b, mye_lane *lane)
{
    const differences_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    const int64_t size = input_size(w);
    const size_t mark = lane->used;
    MYE_UNUSED(unused);
    float *dx = mye_lane_take(lane, (size_t)size * sizeof *dx);
    float *difference = mye_lane_take(lane, (size_t)w->OW * w->C * sizeof *difference);
    const float *sum = is_whole(a) ? sums_again(a, b, lane) : state_of(a, b);
    memset(dx, 0, (size_t)size * sizeof *dx);
    for (int t = a->t1 - 1; t >= a->t0; t--) { /* dx(t) = dX(t) + dx(t+1) */
        route_step(a, t, b, sum + (t - a->t0) * size, difference, dx);
        mye_grad_put(a->p, a->n, 0, (mye_at){t, b, 0, size}, t == a->t1 - 1, dx);
    }
    lane->used = mark;
}

static void differences_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    differences_arg a = {n, p, t0, t1};
    assert(is_whole(&a) || (t1 == t0 + 1 && p->t_base == t0)); /* the state is that of step t0 */
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t0 + 1, backward_image, &a);
}

static size_t differences_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_pool_plan *w = n->plan;
    const int64_t width = (int64_t)w->W * w->C, size = input_size(w);
    const size_t row = mye_float_bytes(width) + mye_load_lane_bytes(p, n->in[0], width);
    if (op == MYE_OP_FORWARD)
        return row;
    const int held = p->value[n->index].steps, steps = held < p->T ? 0 : p->T;
    return row + mye_float_bytes(size) + mye_float_bytes((int64_t)w->OW * w->C) +
           mye_float_bytes(steps * size);
}

const mye_node_type mye_node_maxpool_differences = {
    .entry = {.name = "maxpool_differences",
              .brief = "what the maximum of the running sums changes by, step by step",
              .source = "",
              .params = mye_pool_params,
              .options_size = sizeof(mye_pool_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_READS_INPUT | MYE_NODE_TIME,
    .plan_bytes = sizeof(mye_pool_plan),
    .shape = differences_shape,
    .state_bytes = differences_state_bytes,
    .lane_bytes = differences_lane_bytes,
    .forward = differences_forward,
    .backward = differences_backward,
};
