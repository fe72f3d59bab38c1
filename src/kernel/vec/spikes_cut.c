/* How the spike-driven backward weights cut their work: blocks, lanes and shards (spikes_weight.c). */
#include "kernel/vec/vec.h"

#define MAX_SHARDS     8   /* that the work is cut into, where there is enough */
#define SHARD_FLOPS    8e6 /* of the dense product                             */
#define SHARD_CHANNELS 16
#define GRID_FLOATS    ((int64_t)(320 << 10) / 4) /* of dy, in a second-level cache        */
#define LIST_BYTES     ((int64_t)(768 << 10))     /* of the lists of a block, if all is set */
#define INDEX_MAX      65536                      /* places that 16 bits tell apart        */

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* Input rows of `band` output rows, at most. */
static int input_rows(const mye_conv_shape *s, int band)
{
    return min_int((band - 1) * s->sh + s->kh, s->H);
}

static int grid_rows(const mye_spike_grid *p, int band)
{
    const mye_conv_shape *s = p->s;
    const int image = (s->H - 1 + s->ph) / s->sh - s->ph / s->sh + 1 + p->back_h;
    return min_int(band + 2 * p->back_h, image);
}

/* Entries of the list of a channel and a phase, at most. */
static int64_t list_entries(const mye_spike_grid *p, int group, int band)
{
    const mye_conv_shape *s = p->s;
    return (int64_t)group * ((input_rows(s, band) - 1) / s->sh + 1) * ((s->W - 1) / s->sw + 1);
}

size_t MYE_VEC(spike_entries)(const mye_spike_grid *p)
{
    return (size_t)list_entries(p, p->group, p->band);
}

static int64_t list_bytes(const mye_spike_grid *p, int group, int band)
{
    return list_entries(p, group, band) * p->phases_h * p->phases_w * p->s->C *
           (int64_t)(sizeof(uint16_t) + sizeof(float));
}

void MYE_VEC(spike_grid)(mye_spike_grid *p, const mye_conv_shape *s)
{
    const int panels = MYE_VEC(spike_panels)(s->O);
    *p = (mye_spike_grid){.s = s,
                          .back_h = (s->kh - 1) / s->sh,
                          .back_w = (s->kw - 1) / s->sw,
                          .phases_h = min_int(s->kh, s->sh),
                          .phases_w = min_int(s->kw, s->sw),
                          .group = 1,
                          .band = s->OH,
                          .vecs = MYE_VEC(spike_panel)(s->O, panels - 1).vecs};
    p->cols = (s->W - 1 + s->pw) / s->sw - s->pw / s->sw + 1 + p->back_w;
    p->chunk = max_int(SPIKE_NEAR / (p->cols * p->vecs * VEC), 1);
    int64_t places = GRID_FLOATS / (p->vecs * VEC);
    places = places < INDEX_MAX ? places : INDEX_MAX;
    while (p->band > 1 && ((int64_t)grid_rows(p, p->band) * p->cols > places ||
                           list_bytes(p, 1, p->band) > LIST_BYTES))
        p->band = (p->band + 1) / 2;
    if (p->band < s->OH)
        return;
    const int64_t fit = places / ((int64_t)grid_rows(p, p->band) * p->cols);
    const int64_t lists = LIST_BYTES / list_bytes(p, 1, p->band);
    p->group = max_int((int)(fit < lists ? fit : lists), 1);
}

bool MYE_VEC(spike_weight_fits)(const mye_conv_shape *s)
{
    mye_spike_grid p;
    MYE_VEC(spike_grid)(&p, s);
    return (int64_t)grid_rows(&p, p.band) * p.cols * p.group <= INDEX_MAX;
}

size_t MYE_VEC(spike_grid_floats)(const mye_spike_grid *p)
{
    return (size_t)p->group * (size_t)grid_rows(p, p->band) * (size_t)p->cols * (size_t)p->vecs *
           VEC;
}

/* Places of weight_part.start, for C channels. */
size_t MYE_VEC(spike_starts)(const mye_spike_grid *p, int C)
{
    const int rows = p->group * grid_rows(p, p->band), chunks = (rows + p->chunk - 1) / p->chunk;
    return ((size_t)chunks + 1) * (size_t)p->phases_h * (size_t)p->phases_w * (size_t)C;
}

size_t MYE_VEC(spike_weight_lane_bytes)(const mye_conv_shape *s)
{
    mye_spike_grid p;
    MYE_VEC(spike_grid)(&p, s);
    return MYE_VEC(spike_grid_floats)(&p) * sizeof(float) +
           (size_t)list_bytes(&p, p.group, p.band) +
           MYE_VEC(spike_starts)(&p, s->C) * sizeof(uint32_t) +
           ((size_t)s->C + SPIKE_SLACK) * (sizeof(uint16_t) + sizeof(float)) +
           (size_t)s->W * (size_t)s->C * sizeof(float) + (size_t)8 * MYE_ALIGN;
}

/*
 * Cutting the images costs partial sums (written, read, added), cutting dw costs copying dy again;
 * the cheaper in floats is taken.
 */
mye_spike_cut MYE_VEC(spike_cut)(const mye_conv_shape *s, int64_t n)
{
    const double weights = (double)s->C * s->O * s->kh * s->kw;
    const double outputs = (double)n * s->OH * s->OW * s->O;
    const double flops = 2.0 * outputs * s->C * s->kh * s->kw;
    const int shards =
        flops > MAX_SHARDS * SHARD_FLOPS ? MAX_SHARDS : 1 + (int)(flops / SHARD_FLOPS);
    const int panels = MYE_VEC(spike_panels)(s->O), parts = max_int(s->C / SHARD_CHANNELS, 1);
    int sums = 1, splits = min_int(shards, panels * parts);
    double least = 2.0 * splits * outputs;
    for (int k = 2; k <= shards && k <= n; k *= 2) {
        const double floats = 3.0 * k * weights + 2.0 * (shards / k) * outputs;
        if (floats < least || sums * splits < shards / 2) {
            least = floats;
            sums = k;
            splits = min_int(shards / k, panels * parts);
        }
    }
    const int m = min_int(splits, parts);
    return (mye_spike_cut){sums, m, min_int((splits + m - 1) / m, panels)};
}

size_t MYE_VEC(spike_scratch_bytes)(const mye_conv_shape *s, int64_t n)
{
    const size_t weights = (size_t)s->kh * (size_t)s->kw * (size_t)s->C * (size_t)s->O;
    const int sums = MYE_VEC(spike_cut)(s, n).sums;
    return sums < 2 ? 0 : (size_t)sums * (weights + (size_t)s->O) * sizeof(float);
}
