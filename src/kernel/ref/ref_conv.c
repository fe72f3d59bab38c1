/*
 * Reference convolution: every sum written as in the definition, in double precision. Weights are
 * used as they are, so nothing is packed.
 *   y[oh][ow][o] = bias[o] + sum over i, k, c of x[oh sh - ph + i][ow sw - pw + k][c] w[i][k][c][o]
 * with c over the C / groups channels of o's group.
 */
#include <string.h>

#include "kernel/ref/ref.h"

typedef struct conv_job {
    mye_run_lanes r;
    const mye_conv_shape *s;
    int64_t n;
    mye_images x;
    const float *weight, *bias, *dy;
    float *y, *dx, *dw, *dbias;
    double *sums;
    bool accumulate;
} conv_job;

static size_t input_size(const mye_conv_shape *s)
{
    return (size_t)s->H * (size_t)s->W * (size_t)s->C;
}

static size_t output_size(const mye_conv_shape *s)
{
    return (size_t)s->OH * (size_t)s->OW * (size_t)s->O;
}

static size_t weight_size(const mye_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)(s->C / s->groups) * (size_t)s->O;
}

/* Where one product of the sum lies: output (oh, ow, o), tap (i, k), channel c of the group. */
typedef struct place {
    int oh, ow, o, i, k, c;
} place;

/* Index into the image, or -1 in the padding. */
static int64_t input_at(const mye_conv_shape *s, place p)
{
    const int h = p.oh * s->sh - s->ph + p.i, w = p.ow * s->sw - s->pw + p.k;
    const int channel = p.o / (s->O / s->groups) * (s->C / s->groups) + p.c;
    if (h < 0 || h >= s->H || w < 0 || w >= s->W)
        return -1;
    return ((int64_t)h * s->W + w) * s->C + channel;
}

static int64_t weight_at(const mye_conv_shape *s, place p)
{
    return (((int64_t)p.i * s->kw + p.k) * (s->C / s->groups) + p.c) * s->O + p.o;
}

static int64_t output_at(const mye_conv_shape *s, place p)
{
    return ((int64_t)p.oh * s->OW + p.ow) * s->O + p.o;
}

/* Advances to the next product; false after the last. Taps and channels run fastest. */
static bool next(const mye_conv_shape *s, place *p)
{
    int *const digit[6] = {&p->c, &p->k, &p->i, &p->o, &p->ow, &p->oh};
    const int base[6] = {s->C / s->groups, s->kw, s->kh, s->O, s->OW, s->OH};
    for (int d = 0; d < 6; d++) {
        if (++*digit[d] < base[d])
            return true;
        *digit[d] = 0;
    }
    return false;
}

static const float *read_image(const conv_job *j, int64_t i, mye_lane *lane)
{
    const mye_conv_shape *s = j->s;
    float *x = mye_lane_take(lane, input_size(s) * sizeof *x);
    j->x.read(j->x.self, i, 0, s->H, x, (ptrdiff_t)s->W * s->C, lane);
    return x;
}

bool mye_ref_conv_fits(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(s);
    MYE_UNUSED(pass);
    return true;
}

/* There is one way only. */
double mye_ref_conv_cost(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    MYE_UNUSED(s);
    MYE_UNUSED(n);
    MYE_UNUSED(pass);
    MYE_UNUSED(density);
    return 1;
}

int mye_ref_conv_shards(const mye_conv_shape *s, int64_t n)
{
    MYE_UNUSED(s);
    MYE_UNUSED(n);
    return 0;
}

size_t mye_ref_conv_pack_bytes(const mye_conv_shape *s, int direction)
{
    MYE_UNUSED(s);
    MYE_UNUSED(direction);
    return 0;
}

void mye_ref_conv_pack(mye_run_lanes r, const mye_conv_shape *s, int direction, const float *weight,
                       float *packed)
{
    MYE_UNUSED(r);
    MYE_UNUSED(s);
    MYE_UNUSED(direction);
    MYE_UNUSED(weight);
    MYE_UNUSED(packed);
}

size_t mye_ref_conv_lane_bytes(const mye_conv_shape *s, int pass)
{
    const size_t size[3] = {input_size(s) * sizeof(float) + output_size(s) * sizeof(double),
                            input_size(s) * sizeof(double), input_size(s) * sizeof(float)};
    return size[pass] + (size_t)2 * MYE_ALIGN;
}

size_t mye_ref_conv_scratch_bytes(const mye_conv_shape *s, int64_t n)
{
    MYE_UNUSED(n);
    return (weight_size(s) + (size_t)s->O) * sizeof(double);
}

static void forward_image(void *arg, int image, int lane_index)
{
    const conv_job *j = arg;
    const mye_conv_shape *s = j->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used, size = output_size(s);
    const float *x = read_image(j, image, lane);
    double *sum = mye_lane_take(lane, size * sizeof *sum);
    for (size_t i = 0; i < size; i++)
        sum[i] = j->bias ? (double)j->bias[i % (size_t)s->O] : 0.0;
    place p = {0};
    do {
        const int64_t at = input_at(s, p);
        if (at >= 0)
            sum[output_at(s, p)] += (double)x[at] * (double)j->weight[weight_at(s, p)];
    } while (next(s, &p));
    for (size_t i = 0; i < size; i++)
        j->y[(size_t)image * size + i] = (float)sum[i];
    lane->used = used;
}

void mye_ref_conv_forward(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                          const float *packed, const float *bias, float *y,
                          const mye_conv_done *done)
{
    MYE_UNUSED(done);
    conv_job j = {.r = r, .s = s, .n = n, .x = x, .weight = packed, .bias = bias, .y = y};
    mye_parallel(r.ctx, (int)n, forward_image, &j);
}

static void data_image(void *arg, int image, int lane_index)
{
    const conv_job *j = arg;
    const mye_conv_shape *s = j->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used, size = input_size(s);
    const float *dy = j->dy + (size_t)image * output_size(s);
    float *dx = j->dx + (size_t)image * size;
    double *sum = mye_lane_take(lane, size * sizeof *sum);
    for (size_t i = 0; i < size; i++)
        sum[i] = j->accumulate ? (double)dx[i] : 0.0;
    place p = {0};
    do {
        const int64_t at = input_at(s, p);
        if (at >= 0)
            sum[at] += (double)dy[output_at(s, p)] * (double)j->weight[weight_at(s, p)];
    } while (next(s, &p));
    for (size_t i = 0; i < size; i++)
        dx[i] = (float)sum[i];
    lane->used = used;
}

void mye_ref_conv_backward_data(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                const float *dy, const float *packed, float *dx, bool accumulate)
{
    conv_job j = {
        .r = r, .s = s, .n = n, .weight = packed, .dy = dy, .dx = dx, .accumulate = accumulate};
    mye_parallel(r.ctx, (int)n, data_image, &j);
}

static void weight_all(void *arg, int shard, int lane_index)
{
    const conv_job *j = arg;
    const mye_conv_shape *s = j->s;
    mye_lane *lane = &j->r.lane[lane_index];
    MYE_UNUSED(shard);
    for (int64_t image = 0; image < j->n; image++) {
        const size_t used = lane->used, size = output_size(s);
        const float *x = read_image(j, image, lane), *dy = j->dy + (size_t)image * size;
        for (size_t i = 0; i < size; i++)
            j->sums[weight_size(s) + i % (size_t)s->O] += (double)dy[i];
        place p = {0};
        do {
            const int64_t at = input_at(s, p);
            if (at >= 0)
                j->sums[weight_at(s, p)] += (double)x[at] * (double)dy[output_at(s, p)];
        } while (next(s, &p));
        lane->used = used;
    }
}

void mye_ref_conv_backward_weight(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                                  const float *dy, float *dw, float *dbias, float *scratch)
{
    void *sums = scratch; /* 64-byte aligned, as every planned block */
    conv_job j = {.r = r, .s = s, .n = n, .x = x, .dy = dy, .sums = sums};
    const size_t weights = weight_size(s);
    memset(sums, 0, mye_ref_conv_scratch_bytes(s, n));
    mye_parallel(r.ctx, 1, weight_all, &j);
    for (size_t i = 0; i < weights; i++)
        dw[i] = (float)((double)dw[i] + j.sums[i]);
    for (int o = 0; dbias && o < s->O; o++)
        dbias[o] = (float)((double)dbias[o] + j.sums[weights + (size_t)o]);
}
