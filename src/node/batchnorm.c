/*
 * batchnorm: y = weight (x - mean) / sqrt(var + eps) + bias, per channel.
 *
 * Training: mean and biased variance of the batch, over all steps, samples and pixels
 * (`all_steps`), or of each step on its own (`per_step`). Running values take the unbiased one:
 * running = (1 - momentum) running + momentum new, once, or T times for `per_step`.
 * Evaluation: the running values, or with test=batch those of the samples (and steps) that are seen
 * together, so that an answer depends on its neighbours: for parity with code that does so. A static
 * input counts T times.
 *
 * Virtual: forward() makes the statistics, load() applies scale and shift. Backward, in the general
 * form that serves rate-based learning too (M elements; mean and var given values, d = x - mean;
 * for batch statistics sum d = 0 and this is the usual formula):
 *
 *   gv = -1/2 rstd^3 sum g w d;   gm = -rstd sum g w - 2 gv / M sum d
 *   dx = g w rstd + 2 gv d / M + gm / M;   dw = rstd sum g d;   db = sum g
 *
 * [C,H,W] or a vector [C]. Threshold-dependent batch norm (tdBN) is gamma = alpha * threshold.
 * Source: Ioffe and Szegedy 2015; rate-based: Yu et al. 2024.
 */
#include <math.h>
#include <string.h>

#include "node/batchnorm_parts.h"

static const mye_param batchnorm_params[] = {
    {.name = "eps",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(mye_norm_options, eps),
     .def = "1e-05",
     .min = 1e-12,
     .max = 1,
     .unit = "",
     .help = "added to the variance"},
    {.name = "momentum",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(mye_norm_options, momentum),
     .def = "0.1",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "share of the new value in the running statistics"},
    {.name = "gamma",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(mye_norm_options, gamma),
     .def = "1",
     .unit = "",
     .help = "initial weight; tdBN: alpha times the threshold"},
    {.name = "statistics",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(mye_norm_options, statistics),
     .def = "all_steps",
     .choices = "all_steps|per_step",
     .unit = "",
     .help = "normalise over all time steps together or each on its own"},
    {.name = "test",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(mye_norm_options, test),
     .def = "running",
     .choices = "running|batch",
     .unit = "",
     .help = "statistics when nothing is learned; batch: those of the samples at hand (parity)"},
    {.name = "affine",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(mye_norm_options, affine),
     .def = "true",
     .unit = "",
     .help = "learn weight and bias"},
    {.name = NULL},
};

static mye_status batchnorm_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const mye_norm_options *o = n->options;
    if (in->flat && (in->h > 1 || in->w > 1))
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (batchnorm) wants an image or a plain vector, got a flattened "
                        "image of %dx%dx%d",
                        n->name, in->c, in->h, in->w);
    n->shape = *in;
    n->format = MYE_F32;
    mye_weight w = {.role = "weight",
                    .rank = 1,
                    .dim = {in->c},
                    .trainable = true,
                    .init = MYE_INIT_CONSTANT,
                    .gain = o->gamma};
    if (o->affine) {
        MYE_TRY(mye_node_weight(n, &w, err));
        w.role = "bias";
        w.gain = 0;
        MYE_TRY(mye_node_weight(n, &w, err));
    }
    w.trainable = false;
    w.role = "running_mean";
    w.gain = 0;
    MYE_TRY(mye_node_weight(n, &w, err));
    w.role = "running_var";
    w.gain = 1;
    return mye_node_weight(n, &w, err);
}

/* ---- state ---- */

int mye_batchnorm_rows(const mye_node *n, const mye_pass *p)
{
    return mye_norm_per_step(n, p) && !n->is_static && !p->forgets ? p->T : 1;
}

static size_t batchnorm_state_bytes(const mye_node *n, const mye_pass *p)
{
    return 5 * mye_float_bytes((int64_t)mye_batchnorm_rows(n, p) * n->shape.c) +
           mye_double_bytes(3 * (int64_t)n->shape.c) + mye_double_bytes(2 * (int64_t)n->shape.c);
}

mye_batchnorm_state mye_batchnorm_state_of(const mye_node *n, const mye_pass *p)
{
    const int rows = mye_batchnorm_rows(n, p);
    const size_t stride = mye_float_bytes((int64_t)rows * n->shape.c) / sizeof(float);
    float *base = p->value[n->index].state;
    double *sum = (double *)(void *)(base + 5 * stride);
    const mye_batchnorm_state s = {rows,
                                   base,
                                   base + stride,
                                   base + 2 * stride,
                                   base + 3 * stride,
                                   base + 4 * stride,
                                   sum,
                                   sum + mye_double_bytes(3 * (int64_t)n->shape.c) / sizeof *sum};
    return s;
}

void mye_norm_scale(const mye_node *n, const mye_batchnorm_state *s, int64_t row)
{
    const mye_weight *weight = mye_node_find(n, "weight"), *bias = mye_node_find(n, "bias");
    for (int c = 0; c < n->shape.c; c++) {
        const float w = weight != NULL ? weight->data[c] : 1.0f;
        s->scale[row + c] = w * s->rstd[row + c];
        s->shift[row + c] =
            (bias != NULL ? bias->data[c] : 0.0f) - s->mean[row + c] * s->scale[row + c];
    }
}

/* ---- groups of steps that are normalised together ---- */

/* Elements per channel of a group. */
static double group_size(const mye_norm_group *s)
{
    return (double)mye_node_steps(s->n, s->t0, s->t1) * s->p->B * s->n->shape.h * s->n->shape.w;
}

static int group_end(const mye_node *n, const mye_pass *p, int t, int t1)
{
    return mye_batchnorm_state_of(n, p).rows > 1 ? t + 1 : t1;
}

/* ---- forward ---- */

/* A value near each channel's mean: float sums of differences from it do not cancel. */
static void choose_center(const mye_norm_group *s, float *center)
{
    const int C = s->n->shape.c, samples = s->p->B < 8 ? s->p->B : 8;
    const int64_t pixel = (int64_t)(s->n->shape.h / 2) * s->n->shape.w + s->n->shape.w / 2;
    mye_lane *lane = &s->p->lanes.lane[0];
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)C * sizeof *buffer);
    memset(center, 0, (size_t)C * sizeof *center);
    for (int b = 0; b < samples; b++) {
        const mye_at at = {s->t0, b, pixel * C, C};
        s->p->k->add(C, mye_load(s->p, s->n->in[0], at, buffer, lane), center);
    }
    s->p->k->scale(C, 1.0f / (float)samples, center, center);
    lane->used = mark;
}

static void update_running(const mye_node *n, const mye_batchnorm_state *s, float share,
                           int64_t row, double count)
{
    const mye_norm_options *o = n->options;
    const float m = share > 0 ? share : (float)o->momentum;
    const double unbias = count > 1 ? count / (count - 1) : 1;
    float *mean = mye_node_find(n, "running_mean")->data;
    float *var = mye_node_find(n, "running_var")->data;
    for (int c = 0; c < n->shape.c; c++) {
        mean[c] = (1 - m) * mean[c] + m * s->mean[row + c];
        var[c] = (1 - m) * var[c] + m * (float)(unbias * (double)s->var[row + c]);
    }
}

static void add_over_time(const mye_norm_group *s, const mye_batchnorm_state *state)
{
    const mye_norm_options *o = s->n->options;
    const int C = s->n->shape.c;
    if (s->t0 == 0)
        memset(state->over_time, 0, 2 * (size_t)C * sizeof *state->over_time);
    for (int c = 0; c < C; c++) {
        state->over_time[c] += (double)state->mean[c];
        state->over_time[C + c] += 1 / ((double)state->var[c] + o->eps);
    }
}

static void group_statistics(mye_norm_group *s, const mye_batchnorm_state *state)
{
    const mye_norm_options *o = s->n->options;
    const int C = s->n->shape.c;
    const int64_t row = mye_norm_row(state, C, s->t0);
    const double M = group_size(s);
    for (int c = 0; c < C; c++) {
        const double d = s->sum[c] / M, var = s->sum[C + c] / M - d * d;
        state->mean[row + c] = (float)((double)s->center[c] + d);
        state->var[row + c] = var > 0 ? (float)var : 0.0f;
        state->rstd[row + c] = (float)(1 / sqrt((var > 0 ? var : 0) + o->eps));
    }
    mye_norm_scale(s->n, state, row);
    if (s->p->repeated || !s->p->training)
        return;
    if (s->p->forgets)
        add_over_time(s, state);
    /* A static input stands for T equal steps, unless it is computed at each. */
    const int copies = s->n->is_static && !s->p->renews ? s->p->T : 1;
    const bool per_step = mye_norm_per_step(s->n, s->p);
    if (!per_step)
        update_running(s->n, state, s->p->share, row, M * copies);
    for (int t = 0; per_step && t < copies; t++)
        update_running(s->n, state, s->p->share, row, M);
}

static void running_statistics(const mye_node *n, const mye_batchnorm_state *s)
{
    const mye_norm_options *o = n->options;
    const float *mean = mye_node_find(n, "running_mean")->data;
    const float *var = mye_node_find(n, "running_var")->data;
    const int C = n->shape.c;
    for (int row = 0; row < s->rows; row++) {
        for (int c = 0; c < C; c++) {
            s->mean[row * C + c] = mean[c];
            s->var[row * C + c] = var[c];
            s->rstd[row * C + c] = (float)(1 / sqrt((double)var[c] + o->eps));
        }
        mye_norm_scale(n, s, (int64_t)row * C);
    }
}

static void batchnorm_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const mye_batchnorm_state state = mye_batchnorm_state_of(n, p);
    if (p->rates) /* the rate rule has put the statistics in */
        return;
    const mye_norm_options *o = n->options;
    if (!p->training && o->test == MYE_NORM_TEST_RUNNING) {
        running_statistics(n, &state);
        return;
    }
    float *center = p->scratch;
    double *sum = (double *)(center + mye_float_bytes(n->shape.c) / sizeof *center);
    for (int t = t0; t < t1; t = group_end(n, p, t, t1)) {
        mye_norm_group s = {
            .n = n, .p = p, .t0 = t, .t1 = group_end(n, p, t, t1), .sum = sum, .n_sums = 2};
        s.center = center;
        if (p->value[n->index].summed) {
            s.sum = state.sum;
            for (int c = 0; c < n->shape.c; c++)
                center[c] = (float)state.sum[2 * n->shape.c + c];
        } else {
            choose_center(&s, center);
            mye_norm_sum(&s);
        }
        group_statistics(&s, &state);
    }
    p->value[n->index].summed = false;
}

static const float *batchnorm_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                                   mye_lane *lane)
{
    const mye_batchnorm_state s = mye_batchnorm_state_of(n, p);
    const mye_norm_part ch = mye_norm_channels(n, at);
    const int64_t first = mye_norm_row(&s, n->shape.c, at.t) + ch.c0;
    const float *x = mye_load(p, n->in[0], at, dst, lane);
    p->k->affine(ch.rows, ch.width, x, s.scale + first, s.shift + first, dst);
    return dst;
}

/* ---- backward ---- */

static void put_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const mye_norm_group *s = arg;
    const mye_norm_part ch = mye_norm_channels(s->n, at);
    MYE_UNUSED(shard);
    const size_t mark = lane->used;
    float *xbuffer = mye_lane_take(lane, (size_t)at.n * sizeof *xbuffer);
    float *buffer = mye_lane_take(lane, (size_t)at.n * sizeof *buffer);
    const float *x = mye_load(s->p, s->n->in[0], at, xbuffer, lane);
    const float *g = mye_grad_row(s->p, s->n->index, at.t, at.b) + at.i0;
    float *dx = mye_grad_place(s->p, s->n, 0, at, last, buffer);
    s->p->k->affine2(ch.rows, ch.width, g, x, s->a + ch.c0, s->b + ch.c0, s->d + ch.c0, dx);
    mye_grad_put(s->p, s->n, 0, at, last, dx);
    lane->used = mark;
}

/* Weight gradients of a group, and dx = a g + b x + d for its chunks. */
static void group_coefficients(const mye_norm_group *s, const mye_batchnorm_state *state, float *a,
                               float *b, float *d)
{
    const int C = s->n->shape.c;
    const int64_t row = mye_norm_row(state, C, s->t0);
    const mye_weight *weight = mye_node_find(s->n, "weight"), *bias = mye_node_find(s->n, "bias");
    const bool moving = s->p->training; /* the statistics depend on x */
    const double M = group_size(s);
    for (int c = 0; c < C; c++) {
        const double sum_g = s->sum[c], sum_gd = s->sum[C + c], sum_d = s->sum[2 * C + c];
        const double rstd = (double)state->rstd[row + c], mean = (double)state->mean[row + c];
        const double w = weight != NULL ? (double)weight->data[c] : 1;
        if (weight != NULL && weight->grad != NULL)
            weight->grad[c] += (float)(rstd * sum_gd);
        if (bias != NULL && bias->grad != NULL)
            bias->grad[c] += (float)sum_g;
        const double gv = moving ? -0.5 * rstd * rstd * rstd * w * sum_gd : 0;
        const double gm = moving ? -rstd * w * sum_g - 2 * gv / M * sum_d : 0;
        a[c] = (float)(w * rstd);
        b[c] = (float)(2 * gv / M);
        d[c] = (float)(gm / M - 2 * gv / M * mean);
    }
}

static void batchnorm_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const mye_batchnorm_state state = mye_batchnorm_state_of(n, p);
    const size_t stride = mye_float_bytes(n->shape.c) / sizeof(float);
    float *a = p->scratch, *b = a + stride, *d = b + stride;
    for (int t = t0; t < t1; t = group_end(n, p, t, t1)) {
        mye_norm_group s = {.n = n,
                            .p = p,
                            .t0 = t,
                            .t1 = group_end(n, p, t, t1),
                            .center = state.mean + mye_norm_row(&state, n->shape.c, t),
                            .sum = (double *)(d + stride),
                            .n_sums = 3,
                            .a = a,
                            .b = b,
                            .d = d};
        if (p->value[n->index].summed)
            s.sum = state.sum;
        else
            mye_norm_sum(&s);
        group_coefficients(&s, &state, a, b, d);
        if (mye_grad_wanted(p, n, 0))
            mye_each_chunk(n, p, s.t0, s.t1, put_chunk, &s);
    }
    p->value[n->index].summed = false;
}

static size_t batchnorm_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int sums = op == MYE_OP_FORWARD ? 2 : 3, vectors = op == MYE_OP_FORWARD ? 1 : 3;
    MYE_UNUSED(p);
    return (size_t)vectors * mye_float_bytes(n->shape.c) +
           mye_double_bytes((int64_t)MYE_CHUNK_SHARDS * sums * n->shape.c);
}

static size_t batchnorm_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t C = n->shape.c, size = mye_node_chunks(n).size;
    const int64_t most = size > C ? size : C; /* choose_center loads whole pixels */
    const size_t load = mye_load_lane_bytes(p, n->in[0], most);
    if (op == MYE_OP_FORWARD)
        return mye_float_bytes(most) + mye_float_bytes(2 * C) + load;
    return 2 * mye_float_bytes(size) + mye_float_bytes(3 * C) + load;
}

const mye_node_type mye_node_batchnorm = {
    .entry = {.name = "batchnorm",
              .brief = "normalises each channel by the statistics of the batch",
              .source = "Ioffe and Szegedy 2015; tdBN: Zheng et al. 2021",
              .params = batchnorm_params,
              .options_size = sizeof(mye_norm_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_READS_INPUT | MYE_NODE_GRAD_IN_PLACE,
    .shape = batchnorm_shape,
    .state_bytes = batchnorm_state_bytes,
    .scratch_bytes = batchnorm_scratch_bytes,
    .lane_bytes = batchnorm_lane_bytes,
    .forward = batchnorm_forward,
    .load = batchnorm_load,
    .backward = batchnorm_backward,
};
