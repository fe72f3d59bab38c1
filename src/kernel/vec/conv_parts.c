/* What the ways of a convolution share: images in memory, and the addition of partial sums. */
#include "kernel/vec/vec.h"

#define ADD_FLOATS 8192 /* of a shard of the addition */

static void read_dense(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                       mye_lane *lane)
{
    const mye_dense_images *d = self;
    MYE_UNUSED(lane);
    for (int h = h0; h < h1; h++)
        memcpy(dst + (h - h0) * pitch, d->data + (i * d->H + h) * d->row,
               (size_t)d->row * sizeof *dst);
}

mye_images MYE_VEC(dense_images)(const mye_dense_images *d)
{
    return (mye_images){.read = read_dense, .self = d, .floats = d->data};
}

static void add_shard(void *arg, int shard, int lane)
{
    const mye_weight_sums *s = arg;
    const size_t stride = s->weights + (size_t)s->O;
    const size_t first = (size_t)shard * ADD_FLOATS;
    const size_t last = first + ADD_FLOATS < s->weights ? first + ADD_FLOATS : s->weights;
    MYE_UNUSED(lane);
    for (int k = 0; k < s->sums; k++) {
        const float *sum = s->scratch + (size_t)k * stride;
        MYE_VEC(add)((int64_t)(last - first), sum + first, s->dw + first);
        if (shard == 0 && s->dbias)
            MYE_VEC(add)(s->O, sum + s->weights, s->dbias);
    }
}

void MYE_VEC(add_weight_sums)(mye_run_lanes r, const mye_weight_sums *s)
{
    mye_weight_sums own = *s;
    if (s->sums > 1)
        mye_parallel(r.ctx, (int)((s->weights + ADD_FLOATS - 1) / ADD_FLOATS), add_shard, &own);
}
