/*
 * Reference convolution with 8-bit weights and spikes as input. Packed: the scales [O] as floats,
 * then the weights as they lie, one byte each.
 */
#include <math.h>

#include "kernel/int8.h"
#include "kernel/ref/ref.h"

typedef struct int8_job {
    mye_run_lanes r;
    const mye_conv_shape *s;
    mye_images x;
    const float *scale, *bias;
    const int8_t *weight;
    float *y;
} int8_job;

static size_t weight_rows(const mye_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)s->C;
}

bool mye_ref_int8_fits(const mye_conv_shape *s, int pass)
{
    return pass == MYE_CONV_FORWARD && s->groups == 1;
}

size_t mye_ref_int8_pack_bytes(const mye_conv_shape *s, int direction)
{
    MYE_UNUSED(direction);
    return (size_t)s->O * (sizeof(float) + weight_rows(s));
}

void mye_ref_int8_pack(mye_run_lanes r, const mye_conv_shape *s, int direction, const float *weight,
                       float *packed)
{
    MYE_UNUSED(r);
    MYE_UNUSED(direction);
    const size_t rows = weight_rows(s), O = (size_t)s->O;
    int8_t *q = (int8_t *)(packed + O);
    for (size_t o = 0; o < O; o++) {
        float largest = 0;
        for (size_t i = 0; i < rows; i++)
            largest = fmaxf(largest, fabsf(weight[i * O + o]));
        packed[o] = largest / 127.0f;
        for (size_t i = 0; i < rows; i++)
            q[i * O + o] = mye_int8_round(weight[i * O + o], packed[o]);
    }
}

size_t mye_ref_int8_lane_bytes(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(pass);
    return (size_t)s->O * sizeof(int32_t) + MYE_ALIGN;
}

/* sum[o] += the weights of the tap (i, k), of the channels that spiked at (h, w). */
static void add_tap(const int8_job *j, const uint64_t *bits, int h, int w, int tap, int32_t *sum)
{
    const mye_conv_shape *s = j->s;
    if (h < 0 || h >= s->H || w < 0 || w >= s->W)
        return;
    for (int c = 0; c < s->C; c++) {
        const int64_t at = ((int64_t)h * s->W + w) * s->C + c;
        if (!(bits[at / 64] >> (at % 64) & 1))
            continue;
        for (int o = 0; o < s->O; o++)
            sum[o] += j->weight[((int64_t)tap * s->C + c) * s->O + o];
    }
}

static void int8_image(void *arg, int image, int lane_index)
{
    const int8_job *j = arg;
    const mye_conv_shape *s = j->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const uint64_t *bits = j->x.bits(j->x.self, image);
    int32_t *sum = mye_lane_take(lane, (size_t)s->O * sizeof *sum);
    for (int point = 0; point < s->OH * s->OW; point++) {
        const int h = point / s->OW * s->sh - s->ph, w = point % s->OW * s->sw - s->pw;
        float *y = j->y + ((int64_t)image * s->OH * s->OW + point) * s->O;
        for (int o = 0; o < s->O; o++)
            sum[o] = 0;
        for (int tap = 0; tap < s->kh * s->kw; tap++)
            add_tap(j, bits, h + tap / s->kw, w + tap % s->kw, tap, sum);
        for (int o = 0; o < s->O; o++)
            y[o] = j->scale[o] * (float)sum[o] + (j->bias ? j->bias[o] : 0.0f);
    }
    lane->used = used;
}

void mye_ref_int8_forward(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                          const float *packed, const float *bias, float *y,
                          const mye_conv_done *done)
{
    MYE_UNUSED(done);
    int8_job j = {.r = r,
                  .s = s,
                  .x = x,
                  .scale = packed,
                  .bias = bias,
                  .weight = (const int8_t *)(packed + s->O),
                  .y = y};
    mye_parallel(r.ctx, (int)n, int8_image, &j);
}
