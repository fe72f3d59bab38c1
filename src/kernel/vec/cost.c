/*
 * What a pass costs in each way, for the choice between them: multiply-adds of vectors at the
 * direct way's speed. The weights of the terms were fitted to `myelin bench kernels`; only their
 * ratios matter.
 */
#include "kernel/vec/wino.h"

/* Output positions times taps that meet the input, along one direction. */
static double met(int size, int out, int window, int stride, int pad)
{
    int64_t count = 0;
    for (int i = 0; i < window; i++) {
        const int first = i - pad; /* what position 0 reads */
        const int lo = first < 0 ? (-first + stride - 1) / stride : 0;
        const int hi = size > first ? (size - first - 1) / stride + 1 : 0;
        count += (hi < out ? hi : out) > lo ? (hi < out ? hi : out) - lo : 0;
    }
    return (double)count;
}

/* Output points times taps that meet the input. */
static double meetings(const mye_conv_shape *s)
{
    return met(s->H, s->OH, s->kh, s->sh, s->ph) * met(s->W, s->OW, s->kw, s->sw, s->pw);
}

static double pairs(const mye_conv_shape *s)
{
    return (double)(s->C / s->groups) * s->O;
}

/* Products with padding are left out where there are many channels (by_tap). */
double MYE_VEC(conv_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    MYE_UNUSED(density);
    const int deep = pass == MYE_CONV_DATA ? s->O : s->C;
    const double points = deep >= 96 ? meetings(s) : (double)s->OH * s->OW * s->kh * s->kw;
    return ((double)n * points * pairs(s) + 4.0 * pairs(s) * s->kh * s->kw) / VEC;
}

/* An addition of a vector for each entry and tap, the lists, and every output once. */
double MYE_VEC(spike_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    const bool data = pass == MYE_CONV_DATA;
    const double read = data ? (double)s->OH * s->OW * s->O : (double)s->H * s->W * s->C;
    const double written = data ? (double)s->H * s->W * s->C : (double)s->OH * s->OW * s->O;
    const double sums = 2.8 * (double)n * density * meetings(s) * pairs(s) / VEC;
    const double lists = (double)n * read * (0.05 + 2.0 * density);
    return sums + lists + (double)n * written / VEC * 8 + 4.0 * pairs(s) * s->kh * s->kw / VEC;
}

/* 36 products of tiles by channels, transforms of both sides for each tile, and of the weights. */
double MYE_VEC(wino_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    MYE_UNUSED(density);
    const bool data = pass == MYE_CONV_DATA;
    const int h = data ? s->H : s->OH, w = data ? s->W : s->OW;
    const double tiles =
        (double)n * ((h + WINO_OUT - 1) / WINO_OUT) * ((w + WINO_OUT - 1) / WINO_OUT);
    const double products = 1.2 * tiles * WINO_GRID * pairs(s);
    const double transforms = tiles * (200.0 * s->C + 200.0 * s->O);
    return (products + transforms + 150.0 * pairs(s)) / VEC;
}
