/*
 * Direct convolution, forward and backward data: both are a plain convolution from K to N channels
 * (plan.c). A block of source rows is copied, zero-padded, into the thread's scratch; then for each
 * panel of TILE_COLS written channels and each piece of the window that fits the first-level cache
 * beside it, tiles of output points are summed. One row of the window is contiguous in the scratch
 * (taps x channels), so it is one run of k.
 */
#include "kernel/vec/vec.h"

/* Runs of k per panel whose weights stay in the first-level cache: 24 KiB. */
#define CHUNK_K (6144 / TILE_COLS)

typedef struct point_table {
    ptrdiff_t *from, *to; /* offsets in scratch and in the written images */
    int count;
} point_table;

typedef struct conv_job {
    mye_run_lanes r;
    mye_plan plan;
    int64_t n;
    mye_images x;
    const float *packed, *bias;
    float *y;
    bool accumulate;
} conv_job;

/* What one shard works on. */
typedef struct conv_block {
    int64_t i0, i1; /* images */
    int q0, q1;     /* rows   */
    int lo, hi;     /* source rows in scratch */
    int panel0, panel1;
    const float *scratch;
    ptrdiff_t image_floats;
} conv_block;

static void fill_points(const mye_plan *p, const conv_block *b, const mye_axis *h,
                        const mye_axis *w, point_table *out)
{
    const ptrdiff_t pitch = (ptrdiff_t)p->pad_w * p->K;
    const int q1 = b->q1 < h->count ? b->q1 : h->count;
    int m = 0;
    for (int64_t i = b->i0; i < b->i1; i++) {
        for (int q = b->q0; q < q1; q++) {
            const int src = h->src0 + q * h->src_step - b->lo;
            const int64_t dst = i * p->dst_h + h->dst0 + q * h->dst_step;
            const ptrdiff_t from =
                (i - b->i0) * b->image_floats + src * pitch + (ptrdiff_t)(w->src0 - p->lo_w) * p->K;
            const ptrdiff_t to = (dst * p->dst_w + w->dst0) * p->N;
            for (int c = 0; c < w->count; c++, m++) {
                out->from[m] = from + (ptrdiff_t)c * w->src_step * p->K;
                out->to[m] = to + (ptrdiff_t)c * w->dst_step * p->N;
            }
        }
    }
    out->count = m;
}

/* Outputs that no tap of the window reaches. */
static void clear_points(const conv_job *j, const conv_block *b, const point_table *points)
{
    const int c0 = b->panel0 * TILE_COLS;
    const int c1 = b->panel1 * TILE_COLS < j->plan.N ? b->panel1 * TILE_COLS : j->plan.N;
    if (j->accumulate)
        return;
    for (int m = 0; m < points->count; m++)
        memset(j->y + points->to[m] + c0, 0, (size_t)(c1 - c0) * sizeof *j->y);
}

/* All points through one chunk of the window: tiles of nearly equal height. */
static void run_tiles(mye_tile *t, const float *scratch, float *y, const point_table *points)
{
    const int tiles = (points->count + TILE_ROWS - 1) / TILE_ROWS;
    for (int i = 0, m = 0; i < tiles; i++) {
        t->rows = (int)((int64_t)points->count * (i + 1) / tiles) - m;
        for (int r = 0; r < t->rows; r++, m++) {
            t->a[r] = scratch + points->from[m];
            t->y[r] = y + points->to[m];
        }
        MYE_VEC(tile)(t);
    }
}

/* One panel: the window in chunks of CHUNK_K, either some whole rows or a part of one row. */
static void run_panel(const conv_job *j, const conv_block *b, const point_table *points, int panel,
                      int taps_h, int run, const float *packed)
{
    const mye_plan *p = &j->plan;
    const int column = panel * TILE_COLS;
    const int parts = (run + CHUNK_K - 1) / CHUNK_K;
    const int fit = CHUNK_K / run > 1 ? CHUNK_K / run : 1;
    const int steps = (taps_h + fit - 1) / fit;
    mye_tile t = {.pitch = (ptrdiff_t)p->pad_w * p->K,
                  .width = p->N - column < TILE_COLS ? p->N - column : TILE_COLS,
                  .bias = j->bias ? j->bias + column : NULL,
                  .load = j->accumulate};
    packed += (size_t)panel * (size_t)taps_h * (size_t)run * TILE_COLS;
    for (int i = 0, s0 = 0; i < steps; i++, s0 += t.segs) {
        t.segs = taps_h * (i + 1) / steps - s0;
        for (int part = 0, k0 = 0; part < parts; part++, k0 += t.n) {
            t.n = (int)((int64_t)run * (part + 1) / parts) - k0;
            t.b = packed + ((size_t)s0 * (size_t)run + (size_t)k0) * TILE_COLS;
            run_tiles(&t, b->scratch + s0 * t.pitch + k0, j->y + column, points);
            t.load = true;
        }
    }
}

static void run_phases(const conv_job *j, const conv_block *b, point_table *points)
{
    const mye_plan *p = &j->plan;
    const float *packed = j->packed;
    for (int ph = 0; ph < p->phases_h; ph++) {
        const mye_axis h = MYE_VEC(axis_h)(p, ph);
        for (int pw = 0; pw < p->phases_w; pw++) {
            const mye_axis w = MYE_VEC(axis_w)(p, pw);
            const int run = w.taps * p->K;
            fill_points(p, b, &h, &w, points);
            if (h.taps == 0 || run == 0)
                clear_points(j, b, points);
            else if (points->count > 0)
                for (int panel = b->panel0; panel < b->panel1; panel++)
                    run_panel(j, b, points, panel, h.taps, run, packed);
            packed += (size_t)p->panels * (size_t)h.taps * (size_t)run * TILE_COLS;
        }
    }
}

static void conv_shard(void *arg, int shard, int lane_index)
{
    const conv_job *j = arg;
    const mye_plan *p = &j->plan;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int split = shard % p->splits, block = shard / p->splits;
    const int64_t group = block / p->bands;
    conv_block b = {.i0 = group * p->group,
                    .q0 = block % p->bands * p->band,
                    .panel0 = p->panels * split / p->splits,
                    .panel1 = p->panels * (split + 1) / p->splits};
    b.i1 = b.i0 + p->group < j->n ? b.i0 + p->group : j->n;
    b.q1 = b.q0 + p->band < p->rows ? b.q0 + p->band : p->rows;
    MYE_VEC(plan_rows)(p, b.q0, b.q1, &b.lo, &b.hi);

    float *scratch = mye_lane_take(lane, MYE_VEC(plan_scratch)(p) * sizeof(float));
    const size_t points_bytes = MYE_VEC(plan_points)(p) * sizeof(ptrdiff_t);
    point_table points = {.from = mye_lane_take(lane, points_bytes),
                          .to = mye_lane_take(lane, points_bytes)};
    b.scratch = scratch;
    b.image_floats = MYE_VEC(plan_read)(p, j->x, b.i0, b.i1, b.lo, b.hi, scratch, lane);
    run_phases(j, &b, &points);
    lane->used = used;
}

static void run_job(conv_job *j)
{
    if (j->n <= 0)
        return;
    MYE_VEC(plan_fit)(&j->plan, j->n);
    mye_parallel(j->r.ctx, (int)j->plan.groups * j->plan.bands * j->plan.splits, conv_shard, j);
}

void MYE_VEC(conv_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y)
{
    if (s->groups > 1) {
        MYE_VEC(group_forward)(r, s, n, x, packed, bias, y);
        return;
    }
    conv_job j = {.r = r, .n = n, .x = x, .packed = packed, .bias = bias, .y = y};
    MYE_VEC(plan)(&j.plan, s, false);
    run_job(&j);
}

typedef struct dense_images {
    const float *data;
    int H, row; /* rows of an image, floats of a row */
} dense_images;

static void read_dense(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                       mye_lane *lane)
{
    const dense_images *d = self;
    MYE_UNUSED(lane);
    for (int h = h0; h < h1; h++)
        memcpy(dst + (h - h0) * pitch, d->data + (i * d->H + h) * d->row,
               (size_t)d->row * sizeof *dst);
}

void MYE_VEC(conv_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                 const float *dy, const float *packed, float *dx, bool accumulate)
{
    if (s->groups > 1) {
        MYE_VEC(group_backward_data)(r, s, n, dy, packed, dx, accumulate);
        return;
    }
    const dense_images images = {dy, s->OH, s->OW * s->O};
    conv_job j = {.r = r,
                  .n = n,
                  .x = {read_dense, &images},
                  .packed = packed,
                  .y = dx,
                  .accumulate = accumulate};
    MYE_VEC(plan)(&j.plan, s, true);
    run_job(&j);
}

size_t MYE_VEC(conv_lane_bytes)(const mye_conv_shape *s, int pass)
{
    if (s->groups > 1)
        return MYE_VEC(group_lane_bytes)(s, pass);
    if (pass == 2)
        return MYE_VEC(weight_lane_bytes)(s);
    mye_plan p;
    MYE_VEC(plan)(&p, s, pass == 1);
    return MYE_VEC(plan_scratch)(&p) * sizeof(float) +
           2 * MYE_VEC(plan_points)(&p) * sizeof(ptrdiff_t) + 4 * MYE_ALIGN;
}
