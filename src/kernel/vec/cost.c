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

/*
 * A vector for each entry, tap and VEC of written channels; the lists; and for each visit - an output
 * point, a row of its window, a panel and a part of the weights that fits the second-level cache -
 * the beginning and the end of a sum.
 */
static double sparse_cost(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    const bool data = pass == MYE_CONV_DATA;
    const double seen = (double)s->OH * s->OW * s->kh * s->kw; /* by some tap, at most */
    const double area = (double)s->H * s->W;
    const double read = data ? (double)s->OH * s->OW * s->O : (seen < area ? seen : area) * s->C;
    const double points = data ? (double)s->H * s->W : (double)s->OH * s->OW;
    const int written = data ? s->C : s->O, wide = 8 * VEC;
    const double panels = (written + wide - 1) / wide;
    const double width = written < wide ? written : wide;
    const double bytes = 4 * width * (data ? s->O : s->C) * s->kh * s->kw;
    const double visits = points * s->kh * panels * (1 + (int)(bytes / (288 << 10)));
    const double sums = 1.8 * density * meetings(s) * pairs(s) / VEC;
    return (double)n * (sums + read * (1 + 3 * density) + 55 * visits);
}

double MYE_VEC(spike_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    const double products = (double)n * meetings(s) * pairs(s) / VEC;
    if (pass == MYE_CONV_WEIGHT) /* short lists cost more, and so do weights beyond the caches */
        return products * (0.08 + 6.0 / s->C + (pairs(s) > 200000 ? 2.9 : 2.3) * density);
    return sparse_cost(s, n, pass, density) + 4.0 * pairs(s) * s->kh * s->kw / VEC;
}

/* 36 products of tiles by channels with the weights passing through the caches, transforms of both
 * sides for each tile, and of the weights. */
double MYE_VEC(wino_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    MYE_UNUSED(density);
    const bool data = pass == MYE_CONV_DATA, weight = pass == MYE_CONV_WEIGHT;
    const int h = data ? s->H : s->OH, w = data ? s->W : s->OW;
    const double tiles =
        (double)n * ((h + WINO_OUT - 1) / WINO_OUT) * ((w + WINO_OUT - 1) / WINO_OUT);
    const double through = pairs(s) * WINO_GRID * 4 > (16 << 20) ? 11 : 5.6;
    const double products = tiles * pairs(s) * (WINO_GRID + through);
    const double transforms = tiles * 640 * (s->C + s->O) * (weight && pairs(s) > 20000 ? 1.5 : 1);
    return (products + transforms + (weight ? 1800 : 1200) * pairs(s)) / VEC;
}
