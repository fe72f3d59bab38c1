/*
 * How a convolution pass walks over its images: phases, blocks that fit the second-level cache,
 * and the zero-padded copy of a block's source rows. Everything here depends on sizes only.
 */
#include "kernel/vec/vec.h"

#define SCRATCH_FLOATS ((ptrdiff_t)(512 << 10) / 4) /* half of a 1 MiB second-level cache */
#define MAX_POINTS     1024                         /* output points of a block           */
#define BY_TAP         96                           /* channels that fill a tile's run of k */
#define MIN_POINTS     64                           /* but no fewer to make more blocks   */
#define BLOCK_FLOPS    8e6                          /* nor less work                      */
#define MAX_SHARE      8                            /* blocks are made for, by cutting images   */
#define MIN_SHARE      4                            /* ... and by cutting the written channels  */

static int ceil_div(int a, int b)
{
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static mye_axis axis_forward(int out, int taps, int stride, int pad)
{
    return (mye_axis){out, taps, 0, 1, -pad, stride};
}

/*
 * Input position h gets from output oh the tap i = h + pad - oh stride. With phase = (h + pad) mod
 * stride and q = (h + pad - phase) / stride only taps phase + j stride meet it, at oh = q - j.
 */
static mye_axis axis_backward(int in, int window, int stride, int pad, int phase)
{
    const int first = ceil_div(pad - phase, stride);
    const int last = floor_div(in - 1 + pad - phase, stride);
    const int taps = window > phase ? (window - phase + stride - 1) / stride : 0;
    return (mye_axis){max_int(last - first + 1, 0),
                      taps,
                      first * stride + phase - pad,
                      stride,
                      first - taps + 1,
                      1};
}

mye_axis MYE_VEC(axis_h)(const mye_plan *p, int phase)
{
    const mye_conv_shape *s = p->s;
    return p->backward ? axis_backward(s->H, s->kh, s->sh, s->ph, phase)
                       : axis_forward(s->OH, s->kh, s->sh, s->ph);
}

mye_axis MYE_VEC(axis_w)(const mye_plan *p, int phase)
{
    const mye_conv_shape *s = p->s;
    return p->backward ? axis_backward(s->W, s->kw, s->sw, s->pw, phase)
                       : axis_forward(s->OW, s->kw, s->sw, s->pw);
}

void MYE_VEC(valid_range)(const mye_axis *a, int tap, int size, int from, int to, int range[2])
{
    const int first = a->src0 + tap; /* what position 0 reads */
    const int lo = first < 0 ? (-first + a->src_step - 1) / a->src_step : 0;
    const int hi = size > first ? (size - first - 1) / a->src_step + 1 : 0;
    range[0] = lo > from ? lo : from;
    range[1] = hi < to ? hi : to;
    if (range[1] < range[0])
        range[1] = range[0];
}

void MYE_VEC(plan_rows)(const mye_plan *p, int q0, int q1, int *lo, int *hi)
{
    bool any = false;
    *lo = *hi = 0;
    for (int i = 0; i < p->phases_h; i++) {
        const mye_axis a = MYE_VEC(axis_h)(p, i);
        const int end = min_int(q1, a.count);
        if (a.taps == 0 || end <= q0)
            continue;
        const int first = a.src0 + q0 * a.src_step;
        const int last = a.src0 + (end - 1) * a.src_step + a.taps;
        *lo = any ? min_int(*lo, first) : first;
        *hi = any ? max_int(*hi, last) : last;
        any = true;
    }
    if (p->by_tap) { /* no tap in the padding is visited */
        *lo = min_int(max_int(*lo, 0), p->src_h);
        *hi = max_int(min_int(*hi, p->src_h), *lo);
    }
}

/* Floats of one image's padded rows for q in a band. */
static ptrdiff_t image_floats(const mye_plan *p, int band)
{
    int lo, hi, most = 1;
    for (int q = 0; q < p->rows; q += band) {
        MYE_VEC(plan_rows)(p, q, q + band, &lo, &hi);
        most = max_int(most, hi - lo);
    }
    return (ptrdiff_t)most * p->pad_w * p->K;
}

static void plan_size(mye_plan *p)
{
    const ptrdiff_t whole = image_floats(p, max_int(p->rows, 1));
    const mye_axis w = MYE_VEC(axis_w)(p, 0);
    const ptrdiff_t points = (ptrdiff_t)max_int(p->rows, 1) * max_int(w.count, 1);
    p->group = 1;
    p->band = max_int(p->rows, 1);
    if (whole > SCRATCH_FLOATS || points > MAX_POINTS) {
        p->band = max_int(min_int(p->band, MAX_POINTS / max_int(w.count, 1)), 1);
        while (p->band > 1 && image_floats(p, p->band) > SCRATCH_FLOATS)
            p->band = (p->band + 1) / 2;
    } else {
        p->group = (int)max_int((int)(SCRATCH_FLOATS / whole), 1);
        p->group = max_int(min_int(p->group, (int)(MAX_POINTS / points)), 1);
    }
}

void MYE_VEC(plan)(mye_plan *p, const mye_conv_shape *s, int pass)
{
    const bool backward = pass == 1;
    *p = (mye_plan){.s = s, .backward = backward};
    p->K = backward ? s->O : s->C;
    p->N = backward ? s->C : s->O;
    p->src_h = backward ? s->OH : s->H;
    p->src_w = backward ? s->OW : s->W;
    p->dst_h = backward ? s->H : s->OH;
    p->dst_w = backward ? s->W : s->OW;
    p->phases_h = backward ? s->sh : 1;
    p->phases_w = backward ? s->sw : 1;
    p->panels = (p->N + TILE_COLS - 1) / TILE_COLS;
    p->by_tap = pass == 2 ? p->K >= TILE_ROWS : p->K >= BY_TAP && s->kh * s->kw > 1;
    /* Whole source rows are read, so the scratch holds at least these. */
    int lo = 0, hi = p->src_w;
    for (int i = 0; i < p->phases_w; i++) {
        const mye_axis a = MYE_VEC(axis_w)(p, i);
        if (a.count == 0 || a.taps == 0 || p->by_tap)
            continue;
        lo = min_int(lo, a.src0);
        hi = max_int(hi, a.src0 + (a.count - 1) * a.src_step + a.taps);
    }
    p->lo_w = lo;
    p->pad_w = hi - lo;
    for (int i = 0; i < p->phases_h; i++)
        p->rows = max_int(p->rows, MYE_VEC(axis_h)(p, i).count);
    plan_size(p);
}

size_t MYE_VEC(plan_scratch)(const mye_plan *p)
{
    return (size_t)image_floats(p, p->band) * (size_t)p->group;
}

size_t MYE_VEC(plan_points)(const mye_plan *p)
{
    int widest = 0;
    for (int i = 0; i < p->phases_w; i++)
        widest = max_int(widest, MYE_VEC(axis_w)(p, i).count);
    return (size_t)p->group * (size_t)p->band * (size_t)widest;
}

void MYE_VEC(plan_fit)(mye_plan *p, int64_t n)
{
    const mye_conv_shape *s = p->s;
    const double flops = 2.0 * (double)n * s->OH * s->OW * s->C * s->O * s->kh * s->kw;
    const int want = flops > MAX_SHARE * BLOCK_FLOPS ? MAX_SHARE : 1 + (int)(flops / BLOCK_FLOPS);
    const int64_t points = max_int(p->rows * MYE_VEC(axis_w)(p, 0).count, 1);
    int64_t most = n * points / MIN_POINTS; /* smaller blocks would re-read the weights too often */
    most = most > want ? want : most < 1 ? 1 : most;
    p->groups = (n + p->group - 1) / p->group;
    if (p->groups < most)
        p->groups = most < n ? most : n;
    p->group = (int)((n + p->groups - 1) / p->groups);
    p->groups = (n + p->group - 1) / p->group;
    p->bands = max_int((p->rows + p->band - 1) / p->band, 1);
    if (p->groups * p->bands < most && p->group == 1)
        p->bands = max_int(min_int((int)(most / p->groups), p->rows), 1);
    p->band = max_int((p->rows + p->bands - 1) / p->bands, 1);
    p->bands = max_int((p->rows + p->band - 1) / p->band, 1);
    p->splits = 1;
    while (p->groups * p->bands * p->splits < min_int(want, MIN_SHARE) && p->splits < p->panels)
        p->splits++;
}

bool MYE_VEC(plan_is_pointwise)(const mye_plan *p)
{
    const mye_conv_shape *s = p->s;
    return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->ph == 0 && s->pw == 0;
}

ptrdiff_t MYE_VEC(plan_read)(const mye_plan *p, mye_images x, int64_t i0, int64_t i1, int lo,
                             int hi, float *dst, mye_lane *lane)
{
    const ptrdiff_t pitch = (ptrdiff_t)p->pad_w * p->K;
    const ptrdiff_t row = (ptrdiff_t)p->src_w * p->K;
    const ptrdiff_t left = -(ptrdiff_t)p->lo_w * p->K, right = pitch - row - left;
    const int h0 = min_int(max_int(lo, 0), p->src_h), h1 = max_int(min_int(hi, p->src_h), h0);
    for (int64_t i = i0; i < i1; i++, dst += (hi - lo) * pitch) {
        for (int h = lo; h < hi; h++) {
            float *d = dst + (h - lo) * pitch;
            if (h < h0 || h >= h1) {
                memset(d, 0, (size_t)pitch * sizeof *d);
                continue;
            }
            memset(d, 0, (size_t)left * sizeof *d);
            memset(d + left + row, 0, (size_t)right * sizeof *d);
        }
        if (h1 > h0)
            x.read(x.self, i, h0, h1, dst + (h0 - lo) * pitch + left, pitch, lane);
    }
    return (hi - lo) * pitch;
}

bool MYE_VEC(thin_shape)(const mye_conv_shape *s, mye_conv_shape *out)
{
    if (s->kh != 1 || s->kw != 1 || s->ph != 0 || s->pw != 0 || (s->sh == 1 && s->sw == 1))
        return false;
    *out = *s;
    out->H = s->OH;
    out->W = s->OW;
    out->sh = out->sw = 1;
    return true;
}

static void read_thin(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                      mye_lane *lane)
{
    const mye_thin *t = self;
    const mye_conv_shape *s = &t->shape;
    const size_t used = lane->used, pixel = (size_t)s->C * sizeof(float);
    const ptrdiff_t row = (ptrdiff_t)s->W * s->C;
    float *whole = mye_lane_take(lane, (size_t)row * sizeof(float));
    for (int h = h0; h < h1; h++, dst += pitch) {
        t->from.read(t->from.self, i, h * s->sh, h * s->sh + 1, whole, row, lane);
        for (int w = 0; w < s->OW; w++)
            memcpy(dst + (ptrdiff_t)w * s->C, whole + (ptrdiff_t)w * s->sw * s->C, pixel);
    }
    lane->used = used;
}

mye_images MYE_VEC(thin_images)(mye_thin *thin, const mye_conv_shape *s, mye_images x)
{
    *thin = (mye_thin){x, *s};
    return (mye_images){.read = read_thin, .self = thin};
}

size_t MYE_VEC(thin_lane_bytes)(const mye_conv_shape *s)
{
    return (size_t)s->W * (size_t)s->C * sizeof(float) + 2 * MYE_ALIGN;
}
