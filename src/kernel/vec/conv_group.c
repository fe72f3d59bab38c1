/*
 * Grouped convolution. Every output sees C / groups channels, so there is little to keep in
 * registers: the loops run over the outputs of a group (or over all channels when each is its own
 * group) and are left to the compiler. Weights are used as they are; nothing is packed.
 */
#include "kernel/vec/vec.h"

#define MAX_SUMS 8

typedef struct group_job {
    mye_run_lanes r;
    const mye_conv_shape *s;
    int64_t n;
    mye_images x;
    const float *weight, *bias, *dy;
    float *y, *dx, *scratch;
    bool accumulate;
    int sums;
} group_job;

static size_t weight_floats(const mye_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)(s->C / s->groups) * (size_t)s->O;
}

/* Taps [lo, hi) of a window row or column that starts at `at` and lie inside [0, size). */
static void inside(int at, int taps, int size, int *lo, int *hi)
{
    *lo = at < 0 ? -at : 0;
    *hi = size - at < taps ? size - at : taps;
}

/* y[o] += sum over i of x[group of o][i] * w[i][o], for one tap. */
static void tap_forward(const mye_conv_shape *s, const float *restrict x, const float *restrict w,
                        float *restrict y)
{
    const int I = s->C / s->groups, O = s->O / s->groups;
    if (I == 1 && O == 1) {
        for (int c = 0; c < s->C; c++)
            y[c] += x[c] * w[c];
        return;
    }
    for (int g = 0; g < s->groups; g++, x += I, y += O)
        for (int i = 0; i < I; i++)
            for (int o = 0; o < O; o++)
                y[o] += x[i] * w[(ptrdiff_t)i * s->O + g * O + o];
}

static void tap_data(const mye_conv_shape *s, const float *restrict dy, const float *restrict w,
                     float *restrict dx)
{
    const int I = s->C / s->groups, O = s->O / s->groups;
    if (I == 1 && O == 1) {
        for (int c = 0; c < s->C; c++)
            dx[c] += dy[c] * w[c];
        return;
    }
    for (int g = 0; g < s->groups; g++, dx += I, dy += O) {
        for (int i = 0; i < I; i++) {
            float sum = 0.0f;
            for (int o = 0; o < O; o++)
                sum += dy[o] * w[(ptrdiff_t)i * s->O + g * O + o];
            dx[i] += sum;
        }
    }
}

static void tap_weight(const mye_conv_shape *s, const float *restrict x, const float *restrict dy,
                       float *restrict dw)
{
    const int I = s->C / s->groups, O = s->O / s->groups;
    if (I == 1 && O == 1) {
        for (int c = 0; c < s->C; c++)
            dw[c] += x[c] * dy[c];
        return;
    }
    for (int g = 0; g < s->groups; g++, x += I, dy += O)
        for (int i = 0; i < I; i++)
            for (int o = 0; o < O; o++)
                dw[(ptrdiff_t)i * s->O + g * O + o] += x[i] * dy[o];
}

typedef enum group_pass { PASS_FORWARD, PASS_DATA, PASS_WEIGHT } group_pass;

/* Visits every (output point, tap) of one image: x (or dx), y (or dy), weights (or dw). Exactly
 * one of the three is written, by `pass`. */
static void each_tap(const mye_conv_shape *s, group_pass pass, const float *x, const float *w,
                     const float *y, float *out)
{
    const ptrdiff_t tap = (ptrdiff_t)(s->C / s->groups) * s->O;
    for (int oh = 0; oh < s->OH; oh++) {
        for (int ow = 0; ow < s->OW; ow++) {
            const int h = oh * s->sh - s->ph, c = ow * s->sw - s->pw;
            const ptrdiff_t at = ((ptrdiff_t)oh * s->OW + ow) * s->O;
            int i0, i1, k0, k1;
            inside(h, s->kh, s->H, &i0, &i1);
            inside(c, s->kw, s->W, &k0, &k1);
            for (int i = i0; i < i1; i++) {
                for (int k = k0; k < k1; k++) {
                    const ptrdiff_t from = ((ptrdiff_t)(h + i) * s->W + c + k) * s->C;
                    const ptrdiff_t weight = (ptrdiff_t)(i * s->kw + k) * tap;
                    if (pass == PASS_FORWARD)
                        tap_forward(s, x + from, w + weight, out + at);
                    else if (pass == PASS_DATA)
                        tap_data(s, y + at, w + weight, out + from);
                    else
                        tap_weight(s, x + from, y + at, out + weight);
                }
            }
        }
    }
}

static size_t input_floats(const mye_conv_shape *s)
{
    return (size_t)s->H * (size_t)s->W * (size_t)s->C;
}

static size_t output_floats(const mye_conv_shape *s)
{
    return (size_t)s->OH * (size_t)s->OW * (size_t)s->O;
}

size_t MYE_VEC(group_lane_bytes)(const mye_conv_shape *s, int pass)
{
    return pass == 1 ? 0 : input_floats(s) * sizeof(float) + MYE_ALIGN;
}

static const float *read_image(const group_job *j, int64_t i, mye_lane *lane)
{
    const mye_conv_shape *s = j->s;
    float *x = mye_lane_take(lane, input_floats(s) * sizeof(float));
    j->x.read(j->x.self, i, 0, s->H, x, (ptrdiff_t)s->W * s->C, lane);
    return x;
}

static void forward_shard(void *arg, int shard, int lane_index)
{
    const group_job *j = arg;
    const mye_conv_shape *s = j->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const float *x = read_image(j, shard, lane);
    float *y = j->y + (size_t)shard * output_floats(s);
    for (int64_t p = 0; p < (int64_t)s->OH * s->OW; p++)
        for (int o = 0; o < s->O; o++)
            y[p * s->O + o] = j->bias ? j->bias[o] : 0.0f;
    each_tap(s, PASS_FORWARD, x, j->weight, NULL, y);
    lane->used = used;
}

void MYE_VEC(group_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                            const float *weight, const float *bias, float *y)
{
    group_job j = {.r = r, .s = s, .n = n, .x = x, .weight = weight, .bias = bias, .y = y};
    if (n > 0)
        mye_parallel(r.ctx, (int)n, forward_shard, &j);
}

static void data_shard(void *arg, int shard, int lane)
{
    const group_job *j = arg;
    float *dx = j->dx + (size_t)shard * input_floats(j->s);
    MYE_UNUSED(lane);
    if (!j->accumulate)
        memset(dx, 0, input_floats(j->s) * sizeof *dx);
    each_tap(j->s, PASS_DATA, NULL, j->weight, j->dy + (size_t)shard * output_floats(j->s), dx);
}

void MYE_VEC(group_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                  const float *dy, const float *weight, float *dx, bool accumulate)
{
    group_job j = {
        .r = r, .s = s, .n = n, .dy = dy, .weight = weight, .dx = dx, .accumulate = accumulate};
    if (n > 0)
        mye_parallel(r.ctx, (int)n, data_shard, &j);
}

size_t MYE_VEC(group_scratch_bytes)(const mye_conv_shape *s, int64_t n)
{
    const size_t sums = (size_t)(n < MAX_SUMS ? n : MAX_SUMS);
    return sums * (weight_floats(s) + (size_t)s->O) * sizeof(float);
}

static void weight_shard(void *arg, int shard, int lane_index)
{
    const group_job *j = arg;
    const mye_conv_shape *s = j->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t weights = weight_floats(s);
    float *dw = j->scratch + (size_t)shard * (weights + (size_t)s->O), *dbias = dw + weights;
    memset(dw, 0, (weights + (size_t)s->O) * sizeof *dw);
    for (int64_t i = j->n * shard / j->sums; i < j->n * (shard + 1) / j->sums; i++) {
        const size_t used = lane->used;
        const float *dy = j->dy + (size_t)i * output_floats(s);
        each_tap(s, PASS_WEIGHT, read_image(j, i, lane), NULL, dy, dw);
        MYE_VEC(column_sums)((int64_t)s->OH * s->OW, s->O, dy, dbias);
        lane->used = used;
    }
}

void MYE_VEC(group_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                    mye_images x, const float *dy, float *dw, float *dbias,
                                    float *scratch)
{
    if (n <= 0)
        return;
    group_job j = {.r = r,
                   .s = s,
                   .n = n,
                   .x = x,
                   .dy = dy,
                   .scratch = scratch,
                   .sums = (int)(n < MAX_SUMS ? n : MAX_SUMS)};
    const size_t weights = weight_floats(s), stride = weights + (size_t)s->O;
    mye_parallel(r.ctx, j.sums, weight_shard, &j);
    for (int k = 0; k < j.sums; k++) {
        MYE_VEC(add)((int64_t)weights, scratch + (size_t)k * stride, dw);
        if (dbias)
            MYE_VEC(add)(s->O, scratch + (size_t)k * stride + weights, dbias);
    }
}
