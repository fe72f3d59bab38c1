/*
 * Forward convolution with 8-bit weights over spikes. The bits of a block of input rows are spread
 * to bytes, zero-padded, in the thread's scratch; then each panel of TILE_COLS output channels meets
 * all points of the block, the whole sum of a tile in registers. A row of the window is contiguous
 * in the scratch (taps x channels); what the last of its steps of four reads too much meets weights
 * of 0.
 */
#include "kernel/vec/int8_plan.h"

#define SPARSE 0.08 /* share of inputs below which steps of 0 are left out (measured) */

typedef struct int8_job {
    mye_run_lanes r;
    int8_plan plan;
    int64_t n;
    mye_images x;
    const float *packed, *bias;
    float *y;
    bool wide;
    const mye_conv_done *done;
} int8_job;

/* ---- spikes to bytes ---- */

/* Bits [first, first + 64) of which n are wanted; never reads a word that holds none of these. */
static uint64_t word_at(const uint64_t *bits, int64_t first, int64_t n)
{
    const int shift = (int)(first % 64);
    const uint64_t low = bits[first / 64] >> shift;
    return shift > 0 && n > 64 - shift ? low | bits[first / 64 + 1] << (64 - shift) : low;
}

/* dst[i] = bit first + i, for n of them. */
static void spread(const uint64_t *bits, int64_t first, int64_t n, uint8_t *dst)
{
    for (int64_t i = 0; i < n; i += 64) {
        const uint64_t word = word_at(bits, first + i, n - i);
        const int m = n - i < 64 ? (int)(n - i) : 64;
#if defined(__AVX512F__)
        const __mmask64 wanted = ~(__mmask64)0 >> (64 - m);
        _mm512_mask_storeu_epi8(dst + i, wanted, _mm512_maskz_set1_epi8(word, 1));
#else
        for (int b = 0; b < m; b += 8) {
            /* Byte k keeps bit k of the eight, and is brought to its place 0. */
            const uint64_t each = (word >> b & 255) * 0x0101010101010101u & 0x8040201008040201u;
            const uint64_t bytes = (each + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
            memcpy(dst + i + b, &bytes, (size_t)min_int(m - b, 8));
        }
#endif
    }
}

/* Input rows [lo, lo + rows) of one image, zero where outside it. */
static void read_rows(const int8_plan *p, const uint64_t *bits, int lo, int rows, uint8_t *dst)
{
    const mye_conv_shape *s = p->s;
    const int64_t pitch = row_bytes(p), row = (int64_t)s->W * s->C, left = (int64_t)s->pw * s->C;
    for (int h = lo; h < lo + rows; h++, dst += pitch) {
        if (h < 0 || h >= s->H) {
            memset(dst, 0, (size_t)pitch);
            continue;
        }
        memset(dst, 0, (size_t)left);
        spread(bits, h * row, row, dst + left);
        memset(dst + left + row, 0, (size_t)(pitch - left - row));
    }
}

/* ---- tiles ---- */

typedef struct int8_block {
    mye_conv_block out;
    const uint8_t *scratch;
    int rows; /* of input, of an image in scratch */
} int8_block;

/* An output point of the block: where it reads and writes. */
typedef struct int8_point {
    const uint8_t *a;
    float *y;
    int c, q; /* column, row of the band */
} int8_point;

/* To the next column, or row, or image. */
static void next_point(const int8_plan *p, const int8_block *b, int8_point *at)
{
    const mye_conv_shape *s = p->s;
    const int band = b->out.h1 - b->out.h0;
    at->a += (ptrdiff_t)s->sw * s->C;
    at->y += s->O;
    if (++at->c < s->OW)
        return;
    at->c = 0;
    at->a += s->sh * row_bytes(p) - (int64_t)s->OW * s->sw * s->C;
    if (++at->q < band)
        return;
    at->q = 0;
    at->a += (b->rows - (int64_t)band * s->sh) * row_bytes(p);
    at->y += (int64_t)(s->OH - band) * s->OW * s->O;
}

static const int8_t *weights_of(const int8_job *j, int panel)
{
    const int8_t *first = (const int8_t *)(j->packed + (ptrdiff_t)j->plan.panels * TILE_COLS);
    return first + panel * panel_bytes(&j->plan);
}

static mye_int8_out outputs_from(const int8_job *j, int column)
{
    return (mye_int8_out){j->packed + column, j->bias ? j->bias + column : NULL};
}

static int8_point first_point(const int8_job *j, const int8_block *b, int column)
{
    const mye_conv_shape *s = j->plan.s;
    float *y = j->y + (b->out.i0 * s->OH + b->out.h0) * s->OW * s->O + column;
    return (int8_point){.a = b->scratch, .y = y};
}

static int64_t count_points(const int8_job *j, const int8_block *b)
{
    return (b->out.i1 - b->out.i0) * (b->out.h1 - b->out.h0) * j->plan.s->OW;
}

static void run_tile(const int8_job *j, const mye_int8_tile *t)
{
#if defined(__AVX512F__)
    if (j->wide) {
        MYE_VEC(int8_tile_wide)(t);
        return;
    }
#endif
    MYE_UNUSED(j);
    MYE_VEC(int8_tile)(t);
}

static void run_panel(const int8_job *j, const int8_block *b, int panel)
{
    const int8_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int column = panel * TILE_COLS;
    const int64_t points = count_points(j, b);
    const int64_t tiles = (points + TILE_ROWS - 1) / TILE_ROWS;
    mye_int8_tile t = {.pitch = row_bytes(p),
                       .width = min_int(s->O - column, TILE_COLS),
                       .segs = s->kh,
                       .n = p->steps,
                       .b = weights_of(j, panel),
                       .out = outputs_from(j, column)};
    int8_point at = first_point(j, b, column);
    for (int64_t i = 0, done = 0; i < tiles; i++) {
        t.rows = (int)(points * (i + 1) / tiles - done); /* tiles of nearly equal height */
        done += t.rows;
        for (int r = 0; r < t.rows; r++) {
            t.a[r] = at.a;
            t.y[r] = at.y;
            next_point(p, b, &at);
        }
        run_tile(j, &t);
    }
}

/* Few inputs spike: point by point, for up to INT8_PANELS panels together. */
static void run_sparse(const int8_job *j, const int8_block *b, int panel0, int panel1,
                       mye_lane *lane)
{
    const int8_plan *p = &j->plan;
    const int64_t points = count_points(j, b);
    mye_int8_sparse t = {.pitch = row_bytes(p),
                         .panel = panel_bytes(p),
                         .segs = p->s->kh,
                         .n = p->steps,
                         .step = mye_lane_take(lane, list_size(p) * sizeof *t.step),
                         .four = mye_lane_take(lane, list_size(p) * sizeof *t.four)};
    for (int panel = panel0; panel < panel1; panel += INT8_PANELS) {
        const int column = panel * TILE_COLS, end = min_int(panel + INT8_PANELS, panel1);
        int8_point at = first_point(j, b, column);
        t.width = min_int(end * TILE_COLS, p->s->O) - column;
        t.b = weights_of(j, panel);
        t.out = outputs_from(j, column);
        for (int64_t i = 0; i < points; i++, next_point(p, b, &at)) {
            t.a = at.a;
            t.y = at.y;
#if defined(__AVX512F__)
            if (j->wide) {
                MYE_VEC(int8_sparse_wide)(&t);
                continue;
            }
#endif
            MYE_VEC(int8_sparse)(&t);
        }
    }
}

/* Is it faster to look for the steps that are not 0? */
static bool is_sparse(const int8_job *j, const int8_block *b)
{
    const mye_conv_shape *s = j->plan.s;
    const int64_t size = (int64_t)s->H * s->W * s->C;
    int64_t set = 0;
    for (int64_t i = b->out.i0; i < b->out.i1; i++) {
        const uint64_t *bits = j->x.bits(j->x.self, i);
        for (int64_t w = 0; w < (size + 63) / 64; w++)
            set += __builtin_popcountll(bits[w]);
    }
    return (double)set < SPARSE * (double)size * (double)(b->out.i1 - b->out.i0);
}

static void int8_shard(void *arg, int shard, int lane_index)
{
    const int8_job *j = arg;
    const int8_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int split = shard % p->splits, block = shard / p->splits;
    const int64_t i0 = (int64_t)(block / p->bands) * p->group;
    const int h0 = block % p->bands * p->band;
    const int panel0 = p->panels * split / p->splits, panel1 = p->panels * (split + 1) / p->splits;
    int8_block b = {.out = {.i0 = i0,
                            .i1 = i0 + p->group < j->n ? i0 + p->group : j->n,
                            .h0 = h0,
                            .h1 = min_int(h0 + p->band, s->OH),
                            .c0 = panel0 * TILE_COLS,
                            .c1 = min_int(panel1 * TILE_COLS, s->O)}};
    uint8_t *scratch = mye_lane_take(lane, scratch_bytes(p));
    b.scratch = scratch;
    b.rows = band_rows(p, b.out.h1 - h0);
    for (int64_t i = i0; i < b.out.i1; i++)
        read_rows(p, j->x.bits(j->x.self, i), h0 * s->sh - s->ph, b.rows,
                  scratch + (i - i0) * b.rows * row_bytes(p));
    if (is_sparse(j, &b))
        run_sparse(j, &b, panel0, panel1, lane);
    else
        for (int panel = panel0; panel < panel1; panel++)
            run_panel(j, &b, panel);
    if (j->done)
        j->done->block(j->done->self, shard, &b.out, lane);
    lane->used = used;
}

/* Has the processor the instruction of the wide sums? */
static bool is_wide(void)
{
#if defined(__AVX512F__)
    return __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

void MYE_VEC(int8_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done)
{
    if (n <= 0)
        return;
    int8_job j = {.r = r,
                  .plan = MYE_VEC(int8_plan_fit)(s, n),
                  .n = n,
                  .x = x,
                  .packed = packed,
                  .bias = bias,
                  .y = y,
                  .wide = is_wide(),
                  .done = done};
    mye_parallel(r.ctx, j.plan.groups * j.plan.bands * j.plan.splits, int8_shard, &j);
}
