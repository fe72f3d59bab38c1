/*
 * maxpool: y[oh][ow][c] = max over the window of x. Padding never wins. Of spikes (bits) the
 * maximum is an OR and is stored as bits.
 *
 * The gradient goes to the first maximum in row-major order of the window. No argmax is kept: the
 * backward pass looks at the input again.
 *
 * [C,H,W] -> [C,OH,OW], OH = floor((H + 2 padding - kernel) / stride) + 1. Options kernel, stride
 * (default kernel), padding; kernel_w, stride_w, padding_w where the width differs.
 */
#include <string.h>

#include "node/pool.h"

static mye_status maxpool_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    return mye_pool_shape(n, in, err); /* the format stays that of the input */
}

typedef struct maxpool_arg {
    const mye_node *n;
    const mye_pass *p;
} maxpool_arg;

/* ---- forward, bits ---- */

/* Up to 64 bits from bit position `at` on. */
static uint64_t bits_get(const uint64_t *x, int64_t at, int n)
{
    const int shift = (int)(at % 64);
    uint64_t bits = x[at / 64] >> shift;
    if (shift + n > 64)
        bits |= x[at / 64 + 1] << (64 - shift);
    return n == 64 ? bits : bits & ((UINT64_C(1) << n) - 1);
}

/* Sets n bits from position `at` on; they were 0. */
static void bits_put(uint64_t *y, int64_t at, int n, uint64_t bits)
{
    const int shift = (int)(at % 64);
    y[at / 64] |= bits << shift;
    if (shift + n > 64)
        y[at / 64 + 1] |= bits >> (64 - shift);
}

/* All channels of one window. */
static void or_window(const mye_pool_plan *w, const uint64_t *x, int oh, int ow, uint64_t *y)
{
    int h0, h1, w0, w1;
    mye_pool_rows(w, oh, &h0, &h1);
    mye_pool_columns(w, ow, &w0, &w1);
    const int64_t out = ((int64_t)oh * w->OW + ow) * w->C;
    for (int c = 0; c < w->C; c += 64) {
        const int n = w->C - c < 64 ? w->C - c : 64;
        uint64_t bits = 0;
        for (int h = h0; h < h1; h++)
            for (int col = w0; col < w1; col++)
                bits |= bits_get(x, ((int64_t)h * w->W + col) * w->C + c, n);
        bits_put(y, out + c, n, bits);
    }
}

/* 2x2 windows at stride 2 of whole words. */
static void or_window_words(const mye_pool_plan *w, const uint64_t *x, int oh, int ow, uint64_t *y)
{
    const int words = w->C / 64;
    const uint64_t *up = x + ((int64_t)oh * 2 * w->W + ow * 2) * words;
    const uint64_t *down = up + (int64_t)w->W * words;
    y += ((int64_t)oh * w->OW + ow) * words;
    for (int i = 0; i < words; i++)
        y[i] = up[i] | up[i + words] | down[i] | down[i + words];
}

/* The same of 32 channels, the pixels of a row two to a word: word j of an output row. */
static uint64_t or_halves(const uint64_t *up, const uint64_t *down, int j)
{
    const uint64_t left = up[2 * j] | down[2 * j], right = up[2 * j + 1] | down[2 * j + 1];
    return ((left | left >> 32) & UINT32_MAX) | (right | right << 32) >> 32 << 32;
}

/* 2x2 windows at stride 2 of 32 channels, rows of whole words. */
static void or_image_halves(const mye_pool_plan *w, const uint64_t *x, uint64_t *y)
{
    const int words = w->W / 2;
    for (int oh = 0; oh < w->OH; oh++)
        for (int j = 0; j < w->OW / 2; j++)
            *y++ = or_halves(x + (int64_t)(2 * oh) * words, x + (int64_t)(2 * oh + 1) * words, j);
}

static void or_image(void *arg, int t, int b, mye_lane *lane)
{
    const maxpool_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    MYE_UNUSED(lane);
    const uint64_t *x = mye_value_bits(a->p, a->n->in[0], t, b);
    uint64_t *y = mye_value_bits(a->p, a->n->index, t, b);
    const bool two = w->kh == 2 && w->kw == 2 && w->sh == 2 && w->sw == 2;
    const bool words = two && w->ph == 0 && w->pw == 0 && w->C % 64 == 0;
    if (two && w->ph == 0 && w->pw == 0 && w->C == 32 && w->W % 4 == 0) {
        or_image_halves(w, x, y);
        return;
    }
    memset(y, 0, (size_t)a->p->value[a->n->index].row * sizeof *y);
    for (int oh = 0; oh < w->OH; oh++)
        for (int ow = 0; ow < w->OW; ow++) {
            if (words)
                or_window_words(w, x, oh, ow, y);
            else
                or_window(w, x, oh, ow, y);
        }
}

/* ---- forward, floats ---- */

static void max_image(void *arg, int t, int b, mye_lane *lane)
{
    const maxpool_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    const int64_t width = (int64_t)w->W * w->C;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)(w->kh * width) * sizeof *buffer);
    float *y = mye_value_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < w->OH; oh++, y += (int64_t)w->OW * w->C) {
        int first, end;
        mye_pool_rows(w, oh, &first, &end);
        const mye_at at = {t, b, first * width, (end - first) * width};
        mye_pool_max_row(w, mye_load(a->p, a->n->in[0], at, buffer, lane), end - first, y);
    }
    lane->used = mark;
}

static void maxpool_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    maxpool_arg a = {n, p};
    const bool bits = p->value[n->index].format == MYE_BITS;
    p->value[n->index].amplitude = p->value[n->in[0]].amplitude; /* the greatest of scaled bits */
    mye_each_image(n, p, t0, t1, bits ? or_image : max_image, &a);
}

/* ---- backward ---- */

static void route_image(void *arg, int t, int b, mye_lane *lane)
{
    const maxpool_arg *a = arg;
    const mye_pool_plan *w = a->n->plan;
    const int64_t width = (int64_t)w->W * w->C;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)(w->kh * width) * sizeof *buffer);
    bool accumulate;
    float *dx = mye_grad_target(a->p, a->n, 0, t, &accumulate);
    dx += b * a->p->value[a->n->in[0]].n;
    if (!accumulate && !mye_pool_tiles(w))
        memset(dx, 0, (size_t)(w->H * width) * sizeof *dx);
    const bool add = accumulate || w->kh > w->sh || w->kw > w->sw;
    const float *g = mye_grad_row(a->p, a->n->index, t, b);
    for (int oh = 0; oh < w->OH; oh++) {
        int h0, h1;
        mye_pool_rows(w, oh, &h0, &h1);
        const mye_at at = {t, b, h0 * width, (h1 - h0) * width};
        const float *x = mye_load(a->p, a->n->in[0], at, buffer, lane);
        for (int ow = 0; ow < w->OW; ow++, g += w->C) {
            int w0, w1;
            mye_pool_columns(w, ow, &w0, &w1);
            const int64_t from = (int64_t)w0 * w->C;
            a->p->k->route_max(w->C, h1 - h0, w1 - w0, width, x + from, g, dx + at.i0 + from, add);
        }
    }
    lane->used = mark;
}

static void maxpool_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    maxpool_arg a = {n, p};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, route_image, &a);
}

/* ---- backward, chunk by chunk: the neuron in front reads its gradient through the pool ---- */

/* Windows that do not overlap give each pixel at most one gradient. */
static bool maxpool_tells_grad(const mye_node *n)
{
    const mye_pool_plan *w = n->plan;
    return w->kh == w->sh && w->kw == w->sw && w->ph == 0 && w->pw == 0;
}

/* m channels of a chunk's pixels from c0 on. */
typedef struct grad_part {
    const mye_pool_plan *w;
    const mye_pass *p;
    int64_t c0, m;
    const uint64_t *bits; /* the input, either of them */
    const float *x, *g;
    uint64_t *won;
} grad_part;

/*
 * Which channels of the chunk's pixels won in row `row` of one window? The first set bit of the
 * window, or its first pixel when none is set. m <= 64 channels from c on; `first` is the bit of the
 * window's first pixel. Pixel (row, j) is number at + j of the part, which has n.
 */
static void won_in_window(const grad_part *a, int64_t first, int row, int64_t c, int m, int at,
                          int n)
{
    const mye_pool_plan *w = a->w;
    const int64_t pitch = (int64_t)w->W * w->C;
    const uint64_t *x = a->bits;
    uint64_t seen = 0, lead = 0;
    for (int i = 0; i < row; i++)
        for (int j = 0; j < w->kw; j++)
            seen |= bits_get(x, first + i * pitch + (int64_t)j * w->C, m);
    for (int j = 0; j < w->kw; j++) {
        const uint64_t own = bits_get(x, first + row * pitch + (int64_t)j * w->C, m);
        if (row == 0 && j == 0)
            lead = own;
        else if (at + j >= 0 && at + j < n)
            bits_put(a->won, (at + j) * a->m + c, m, own & ~seen);
        seen |= own;
    }
    if (row > 0 || at < 0)
        return;
    for (int i = 1; i < w->kh; i++)
        for (int j = 0; j < w->kw; j++)
            seen |= bits_get(x, first + i * pitch + (int64_t)j * w->C, m);
    const uint64_t all = m == 64 ? UINT64_MAX : (UINT64_C(1) << m) - 1;
    bits_put(a->won, at * a->m + c, m, lead | (all & ~seen));
}

/* Winners of pixels (h, col) to (h, end). */
static void won_in_row(const grad_part *a, int h, int col, int end)
{
    const mye_pool_plan *w = a->w;
    const int row = h % w->kh;
    memset(a->won, 0, (size_t)((end - col) * a->m / 64 + 1) * sizeof *a->won);
    for (int k = col - col % w->kw; k < end; k += w->kw)
        for (int64_t c = 0; c < a->m; c += 64) {
            const int64_t first = ((int64_t)(h - row) * w->W + k) * w->C + a->c0 + c;
            const int m = a->m - c < 64 ? (int)(a->m - c) : 64;
            won_in_window(a, first, row, c, m, k - col, end - col);
        }
}

/* Gradients of pixels (h, col) to (h, end) of a row, all inside windows. */
static void grad_pixels(const grad_part *a, int h, int col, int end, float *dst)
{
    const mye_pool_plan *w = a->w;
    const int oh = h / w->kh;
    const float *g = a->g + ((int64_t)oh * w->OW + col / w->kw) * w->C + a->c0;
    if (a->bits == NULL) {
        for (; col < end; col++, dst += a->m) {
            const float *x = a->x + ((int64_t)oh * w->kh * w->W + col / w->kw * w->kw) * w->C;
            const int number = h % w->kh * w->kw + col % w->kw;
            a->p->k->route_one(w->C, a->m, w->kh, w->kw, (int64_t)w->W * w->C, number, x + a->c0,
                               a->g + ((int64_t)oh * w->OW + col / w->kw) * w->C + a->c0, dst);
        }
        return;
    }
    won_in_row(a, h, col, end);
    a->p->k->route_won(a->m, end - col, col % w->kw, w->kw, a->won, g, dst);
}

static void maxpool_load_grad(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                              mye_lane *lane)
{
    const mye_pool_plan *w = n->plan;
    const bool bits = p->value[n->in[0]].format == MYE_BITS, whole = at.n >= w->C;
    const size_t mark = lane->used;
    const grad_part a = {
        .w = w,
        .p = p,
        .c0 = whole ? 0 : at.i0 % w->C,
        .m = whole ? w->C : at.n,
        .bits = bits ? mye_value_bits(p, n->in[0], at.t, at.b) : NULL,
        .x = bits ? NULL : mye_value_row(p, n->in[0], at.t, at.b),
        .g = mye_grad_row(p, n->index, at.t, at.b),
        .won = mye_lane_take(lane, (size_t)(at.n / 64 + 2) * sizeof *a.won),
    };
    int64_t pixel = at.i0 / w->C, left = whole ? at.n / w->C : 1;
    while (left > 0) {
        const int h = (int)(pixel / w->W), col = (int)(pixel % w->W);
        const int end = w->W - col < left ? w->W : col + (int)left;
        const int used = h < w->OH * w->kh ? w->OW * w->kw : 0, stop = end < used ? end : used;
        if (col < stop)
            grad_pixels(&a, h, col, stop, dst);
        const int from = stop > col ? stop : col; /* pixels outside of all windows */
        memset(dst + (from - col) * a.m, 0, (size_t)((end - from) * a.m) * sizeof *dst);
        dst += (end - col) * a.m;
        pixel += end - col;
        left -= end - col;
    }
    lane->used = mark;
}

static size_t maxpool_grad_lane_bytes(const mye_node *n, const mye_pass *p, int64_t floats)
{
    MYE_UNUSED(n);
    MYE_UNUSED(p);
    return mye_double_bytes(floats / 64 + 2);
}

static size_t maxpool_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_pool_plan *w = n->plan;
    const int64_t floats = (int64_t)w->kh * w->W * w->C;
    MYE_UNUSED(op);
    return mye_float_bytes(floats) + mye_load_lane_bytes(p, n->in[0], floats);
}

const mye_node_type mye_node_maxpool = {
    .entry = {.name = "maxpool",
              .brief = "maximum over windows",
              .source = "",
              .params = mye_pool_params,
              .options_size = sizeof(mye_pool_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_READS_INPUT,
    .plan_bytes = sizeof(mye_pool_plan),
    .shape = maxpool_shape,
    .lane_bytes = maxpool_lane_bytes,
    .forward = maxpool_forward,
    .backward = maxpool_backward,
    .tells_grad = maxpool_tells_grad,
    .load_grad = maxpool_load_grad,
    .grad_lane_bytes = maxpool_grad_lane_bytes,
};
