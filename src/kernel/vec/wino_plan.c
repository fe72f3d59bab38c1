/* How the Winograd passes walk over images: blocks of tiles, and where a row of tiles is read from. */
#include "kernel/vec/wino.h"

#define MIN_SHARDS 4 /* a split transforms its block's source anew */

static int rounded_up(int a, int b)
{
    return (a + b - 1) / b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static mye_wino_strip source_strip(int channels, int h, int w, int pad_h, int pad_w, int tw)
{
    mye_wino_strip s = {.rows = WINO_IN,
                        .channels = channels,
                        .h = h,
                        .w = w,
                        .pad = pad_h,
                        .lead = pad_w > 0 ? pad_w : 0,
                        .skip = pad_w < 0 ? -pad_w : 0};
    const int read = s.skip + WINO_OUT * tw + WINO_IN - WINO_OUT, held = s.lead + w;
    s.columns = read > held ? read : held;
    return s;
}

void MYE_VEC(wino_plan)(mye_wino *p, const mye_conv_shape *s, int pass)
{
    const bool back = pass == MYE_CONV_DATA;
    *p = (mye_wino){.K = back ? s->O : s->C,
                    .N = back ? s->C : s->O,
                    .dst_h = back ? s->H : s->OH,
                    .dst_w = back ? s->W : s->OW};
    p->th = rounded_up(p->dst_h, WINO_OUT);
    p->tw = rounded_up(p->dst_w, WINO_OUT);
    p->vecs = rounded_up(p->K, VEC);
    p->panels = rounded_up(p->N, TILE_COLS);
    if (back)
        p->source = source_strip(s->O, s->OH, s->OW, 2 - s->ph, 2 - s->pw, p->tw);
    else
        p->source = source_strip(s->C, s->H, s->W, s->ph, s->pw, p->tw);
    p->gradient = (mye_wino_strip){
        .rows = WINO_OUT, .channels = s->O, .h = s->OH, .w = s->OW, .columns = WINO_OUT * p->tw};
    /* V of a block should stay in the second-level cache; where there are so many channels that it
     * cannot, a block is large enough to pay for reading all of U. */
    const int target = p->K <= 256 ? 32 : 64;
    const int image = p->th * p->tw;
    p->images = image < target ? target / image : 1;
    p->rows = image < target ? p->th : p->tw < target ? smaller(target / p->tw, p->th) : 1;
    p->tiles = p->images * p->rows * p->tw;
}

void MYE_VEC(wino_fit)(mye_wino *p, int64_t n)
{
    p->groups = (int)((n + p->images - 1) / p->images);
    p->images = (int)((n + p->groups - 1) / p->groups);
    p->groups = (int)((n + p->images - 1) / p->images);
    p->bands = rounded_up(p->th, p->rows);
    p->rows = rounded_up(p->th, p->bands);
    p->bands = rounded_up(p->th, p->rows);
    p->tiles = p->images * p->rows * p->tw;
    p->splits = smaller(p->panels, rounded_up(MIN_SHARDS, p->groups * p->bands));
}

size_t MYE_VEC(wino_strip_floats)(const mye_wino_strip *s)
{
    /* The last pixel is read in whole vectors, too. */
    return (size_t)s->rows * (size_t)s->columns * (size_t)s->channels + TILE_COLS;
}

void MYE_VEC(wino_fill)(const mye_wino_strip *s, mye_images x, int64_t i, int r, bool next,
                        float *strip, mye_lane *lane)
{
    const ptrdiff_t pitch = (ptrdiff_t)s->columns * s->channels;
    const int first = r * WINO_OUT - s->pad, kept = next ? s->rows - WINO_OUT : 0;
    const int end = s->h - first < s->rows ? s->h - first : s->rows;
    const int to = end > kept ? end : kept;
    const int from = -first < kept ? kept : -first < to ? -first : to;
    if (kept > 0)
        memcpy(strip, strip + WINO_OUT * pitch, (size_t)(kept * pitch) * sizeof *strip);
    memset(strip + kept * pitch, 0, (size_t)((from - kept) * pitch) * sizeof *strip);
    if (to > from)
        x.read(x.self, i, first + from, first + to,
               strip + from * pitch + (ptrdiff_t)s->lead * s->channels, pitch, lane);
    memset(strip + to * pitch, 0, (size_t)((s->rows - to) * pitch) * sizeof *strip);
}
