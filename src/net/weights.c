/*
 * Weights: initial values, and the way between our layout and everyone else's. A convolution
 * [O][I][p] is stored as [p][I][O] (p: position in the window), a dense layer [O][c][p] as
 * [p][c][O] (p: pixel of the input): the same permutation, so one struct serves both.
 */
#include <math.h>
#include <string.h>

#include "net/graph.h"

typedef struct layout {
    size_t O, I, P; /* PLAIN: O = I = 1 */
} layout;

static layout layout_of(const mye_weight *w)
{
    layout l = {1, 1, w->count};
    if (w->layout == MYE_WEIGHT_CONV) {
        const layout conv = {(size_t)w->dim[0], (size_t)w->dim[1],
                             (size_t)w->dim[2] * (size_t)w->dim[3]};
        l = conv;
    } else if (w->layout == MYE_WEIGHT_DENSE) {
        const layout dense = {(size_t)w->dim[0], (size_t)w->c, (size_t)w->h * (size_t)w->w};
        l = dense;
    }
    return l;
}

void mye_weight_export(const mye_weight *w, const float *stored, float *outside)
{
    const layout l = layout_of(w);
    for (size_t o = 0; o < l.O; o++)
        for (size_t i = 0; i < l.I; i++)
            for (size_t p = 0; p < l.P; p++)
                outside[(o * l.I + i) * l.P + p] = stored[(p * l.I + i) * l.O + o];
}

void mye_weight_import(const mye_weight *w, const float *outside, float *stored)
{
    const layout l = layout_of(w);
    for (size_t p = 0; p < l.P; p++)
        for (size_t i = 0; i < l.I; i++)
            for (size_t o = 0; o < l.O; o++)
                stored[(p * l.I + i) * l.O + o] = outside[(o * l.I + i) * l.P + p];
}

/* ---- initial values ---- */

enum { SHARD = 1 << 14 };

typedef struct init_job {
    mye_weight *w;
    layout l;
    uint64_t seed, base;
    double scale;
} init_job;

static double init_scale(const mye_weight *w)
{
    const double fan = w->fan > 0 ? (double)w->fan : 1.0;
    switch (w->init) {
    case MYE_INIT_KAIMING_UNIFORM:
        return w->gain * sqrt(3.0 / fan);
    case MYE_INIT_KAIMING_NORMAL:
        return w->gain / sqrt(fan);
    case MYE_INIT_NORMAL:
    case MYE_INIT_UNIT_ROWS: /* scaled afterwards */
    case MYE_INIT_CONSTANT:
        break;
    }
    return w->gain;
}

/* Values are drawn by their place outside, so that they do not depend on how we store them. */
static void init_shard(void *arg, int shard, int lane)
{
    const init_job *job = arg;
    const mye_weight *w = job->w;
    const size_t first = (size_t)shard * SHARD;
    const size_t end = w->count - first < SHARD ? w->count : first + SHARD;
    MYE_UNUSED(lane);
    for (size_t j = first; j < end; j++) {
        const size_t p = j % job->l.P, oi = j / job->l.P;
        const size_t at = (p * job->l.I + oi % job->l.I) * job->l.O + oi / job->l.I;
        const uint64_t index = job->base + j;
        double x = 1.0;
        if (w->init == MYE_INIT_KAIMING_UNIFORM)
            x = 2.0 * (double)mye_random_uniform(job->seed, MYE_STREAM_INIT, index) - 1.0;
        else if (w->init != MYE_INIT_CONSTANT)
            x = (double)mye_random_normal(job->seed, MYE_STREAM_INIT, index);
        w->data[at] = (float)(job->scale * x);
    }
}

/* Scales row `row` (all weights of one dim[0]) to the length that init_scale tells. */
static void scale_row(void *arg, int row, int lane)
{
    const init_job *job = arg;
    const bool plain = job->w->layout == MYE_WEIGHT_PLAIN;
    const size_t rows = (size_t)job->w->dim[0], n = job->w->count / rows;
    float *first = job->w->data + (plain ? (size_t)row * n : (size_t)row);
    const size_t pitch = plain ? 1 : rows;
    double squares = 0;
    MYE_UNUSED(lane);
    for (size_t i = 0; i < n; i++)
        squares += (double)first[i * pitch] * (double)first[i * pitch];
    for (size_t i = 0; i < n && squares > 0; i++)
        first[i * pitch] = (float)(job->scale * (double)first[i * pitch] / sqrt(squares));
}

void mye_weight_init(mye_context *ctx, mye_weight *w, uint64_t seed, int index)
{
    init_job job = {w, layout_of(w), w->seed != 0 ? w->seed : seed, (uint64_t)index << 40,
                    init_scale(w)};
    mye_parallel(ctx, (int)((w->count + SHARD - 1) / SHARD), init_shard, &job);
    if (w->init == MYE_INIT_UNIT_ROWS)
        mye_parallel(ctx, w->dim[0], scale_row, &job);
}
