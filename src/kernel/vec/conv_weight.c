/*
 * Backward weights: for each row of the window, dw is a product [window row x channels] by
 * [outputs] summed over all output points. Shards either own different parts of dw, or - where dw
 * is small against the work - sum disjoint image ranges into partial sums that are then added in
 * shard order. The choice depends on sizes only.
 */
#include "kernel/vec/vec.h"

#define MAX_SUMS    8    /* partial sums                                    */
#define SUM_COST    1500 /* flops that pay for one byte of a partial sum    */
#define SHARD_FLOPS 4e6
#define MIN_SHARE   4    /* shards that there should be, where there is work */
#define ADD_FLOATS  8192 /* of a shard of the final addition                */

typedef struct weight_job {
    mye_run_lanes r;
    mye_plan plan;
    int64_t n;
    mye_images x;
    const float *dy;
    float *dw, *dbias, *scratch;
    int sums, splits_n, splits_m; /* shards: images, panels, rows of dw */
    int run, tiles;               /* rows of dw of a window row, and its tiles */
    size_t weights;               /* floats of dw */
} weight_job;

static int partial_sums(const mye_conv_shape *s, int64_t n)
{
    const double flops = 2.0 * (double)n * s->OH * s->OW * s->C * s->O * s->kh * s->kw;
    const double bytes = 4.0 * s->C * s->O * s->kh * s->kw;
    const double pays = flops / (bytes * SUM_COST), work = flops / SHARD_FLOPS;
    double sums = pays < work ? pays : work;
    sums = sums < MAX_SUMS ? sums : MAX_SUMS;
    sums = sums < (double)n ? sums : (double)n;
    return sums < 2.0 ? 1 : (int)sums;
}

static size_t weight_floats(const mye_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)(s->C / s->groups) * (size_t)s->O;
}

size_t MYE_VEC(conv_scratch_bytes)(const mye_conv_shape *s, int64_t n)
{
    if (s->groups > 1)
        return MYE_VEC(group_scratch_bytes)(s, n);
    const int sums = partial_sums(s, n);
    return sums < 2 ? 0 : (size_t)sums * (weight_floats(s) + (size_t)s->O) * sizeof(float);
}

size_t MYE_VEC(weight_lane_bytes)(const mye_conv_shape *s)
{
    mye_plan p;
    MYE_VEC(plan)(&p, s, false);
    return (MYE_VEC(plan_scratch)(&p) + MYE_VEC(plan_points)(&p) * TILE_COLS) * sizeof(float) +
           4 * MYE_ALIGN;
}

/* Copies one panel of dy of a block's points, and adds its columns to bias (may be NULL). */
static void pack_dy(const weight_job *j, int64_t i0, int64_t i1, int q0, int q1, int column,
                    int width, float *dst, float *bias)
{
    const mye_plan *p = &j->plan;
    float sum[TILE_COLS] = {0};
    for (int64_t i = i0; i < i1; i++) {
        const float *src = j->dy + ((i * p->dst_h + q0) * p->dst_w) * p->N + column;
        const int64_t points = (int64_t)(q1 - q0) * p->dst_w;
        for (int64_t m = 0; m < points; m++, src += p->N, dst += TILE_COLS) {
            memcpy(dst, src, (size_t)width * sizeof *dst);
            memset(dst + width, 0, (size_t)(TILE_COLS - width) * sizeof *dst);
            if (bias)
                for (int c = 0; c < TILE_COLS; c++)
                    sum[c] += dst[c];
        }
    }
    if (bias)
        for (int c = 0; c < width; c++)
            bias[c] += sum[c];
}

/* The same points in as few and as long loops as their spacing allows. */
static mye_points fold_points(mye_points p)
{
    if (p.rows > 1 && (p.cols == 1 || p.a_row == p.cols * p.a_col)) {
        p.a_col = p.cols == 1 ? p.a_row : p.a_col;
        p.cols *= p.rows;
        p.rows = 1;
    }
    if (p.rows == 1) {
        p.rows = p.images;
        p.a_row = p.a_image;
        p.images = 1;
        if (p.rows > 1 && (p.cols == 1 || p.a_row == p.cols * p.a_col)) {
            p.a_col = p.cols == 1 ? p.a_row : p.a_col;
            p.cols *= p.rows;
            p.rows = 1;
        }
    }
    return p;
}

/* All tiles [m0, m1) of dw in one panel, over the points of the block. */
static void weight_panel(const weight_job *j, const mye_outer *proto, const float *x, float *dw,
                         int m0, int m1)
{
    const mye_plan *p = &j->plan;
    const ptrdiff_t pitch = (ptrdiff_t)p->pad_w * p->K;
    mye_outer t = *proto;
    for (int m = m0; m < m1; m++) {
        const int i = m / j->tiles, tile = m % j->tiles;
        const int row = (int)((int64_t)j->run * tile / j->tiles);
        t.rows = (int)((int64_t)j->run * (tile + 1) / j->tiles) - row;
        t.a = x + i * pitch + row;
        t.y = dw + ((ptrdiff_t)i * j->run + row) * p->N;
        MYE_VEC(outer)(&t);
    }
}

typedef struct weight_part {
    int64_t i0, i1;     /* images of a shard */
    int panel0, panel1; /* and its part of dw */
    int m0, m1;
    float *dw, *dbias;
    bool load; /* dw already holds something */
} weight_part;

/* Everything one block of source rows in scratch gives. */
static void weight_block(const weight_job *j, const weight_part *w, int64_t i0, int64_t i1, int q0,
                         int q1, float *x, float *dy, mye_lane *lane)
{
    const mye_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    int lo, hi;
    MYE_VEC(plan_rows)(p, q0, q1, &lo, &hi);
    const ptrdiff_t image = MYE_VEC(plan_read)(p, j->x, i0, i1, lo, hi, x, lane);
    const mye_points points = {
        (int)(i1 - i0),         q1 - q0, p->dst_w, image, (ptrdiff_t)s->sh * p->pad_w * p->K,
        (ptrdiff_t)s->sw * p->K};
    mye_outer t = {.points = fold_points(points), .b = dy, .y_row = p->N, .load = w->load};
    x += (-s->pw - p->lo_w) * p->K;
    for (int panel = w->panel0; panel < w->panel1; panel++) {
        const int column = panel * TILE_COLS;
        t.width = p->N - column < TILE_COLS ? p->N - column : TILE_COLS;
        pack_dy(j, i0, i1, q0, q1, column, t.width, dy, w->dbias ? w->dbias + column : NULL);
        weight_panel(j, &t, x, w->dw + column, w->m0, w->m1);
    }
}

static void weight_shard(void *arg, int shard, int lane_index)
{
    const weight_job *j = arg;
    const mye_plan *p = &j->plan;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    float *x = mye_lane_take(lane, MYE_VEC(plan_scratch)(p) * sizeof(float));
    float *dy = mye_lane_take(lane, MYE_VEC(plan_points)(p) * TILE_COLS * sizeof(float));
    const int sm = shard % j->splits_m, sn = shard / j->splits_m % j->splits_n;
    const int sum = shard / j->splits_m / j->splits_n, all = j->tiles * p->s->kh;
    weight_part w = {.i0 = j->n * sum / j->sums,
                     .i1 = j->n * (sum + 1) / j->sums,
                     .panel0 = p->panels * sn / j->splits_n,
                     .panel1 = p->panels * (sn + 1) / j->splits_n,
                     .m0 = (int)((int64_t)all * sm / j->splits_m),
                     .m1 = (int)((int64_t)all * (sm + 1) / j->splits_m),
                     .dw = j->dw,
                     .dbias = sm == 0 ? j->dbias : NULL,
                     .load = true};
    if (j->sums > 1) {
        w.dw = j->scratch + (size_t)sum * (j->weights + (size_t)p->N);
        w.load = false;
        if (w.dbias)
            w.dbias = w.dw + j->weights;
        for (int c = w.panel0 * TILE_COLS; w.dbias && c < w.panel1 * TILE_COLS && c < p->N; c++)
            w.dbias[c] = 0.0f;
    }
    for (int64_t i = w.i0; i < w.i1; i += p->group) {
        const int64_t end = i + p->group < w.i1 ? i + p->group : w.i1;
        for (int q = 0; q < p->rows; q += p->band) {
            const int stop = q + p->band < p->rows ? q + p->band : p->rows;
            weight_block(j, &w, i, end, q, stop, x, dy, lane);
            w.load = true;
        }
    }
    lane->used = used;
}

/* dw += the partial sums, in their order. */
static void add_shard(void *arg, int shard, int lane)
{
    const weight_job *j = arg;
    const size_t stride = j->weights + (size_t)j->plan.N;
    const size_t first = (size_t)shard * ADD_FLOATS;
    const size_t last = first + ADD_FLOATS < j->weights ? first + ADD_FLOATS : j->weights;
    MYE_UNUSED(lane);
    for (int k = 0; k < j->sums; k++)
        MYE_VEC(add)
        ((int64_t)(last - first), j->scratch + (size_t)k * stride + first, j->dw + first);
    if (shard == 0 && j->dbias)
        for (int k = 0; k < j->sums; k++)
            MYE_VEC(add)(j->plan.N, j->scratch + (size_t)k * stride + j->weights, j->dbias);
}

void MYE_VEC(conv_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                   mye_images x, const float *dy, float *dw, float *dbias,
                                   float *scratch)
{
    if (s->groups > 1) {
        MYE_VEC(group_backward_weight)(r, s, n, x, dy, dw, dbias, scratch);
        return;
    }
    if (n <= 0)
        return;
    weight_job j = {.r = r,
                    .n = n,
                    .x = x,
                    .dy = dy,
                    .dw = dw,
                    .dbias = dbias,
                    .scratch = scratch,
                    .weights = weight_floats(s)};
    MYE_VEC(plan)(&j.plan, s, false);
    j.sums = partial_sums(s, n);
    j.run = s->kw * s->C;
    j.tiles = (j.run + TILE_ROWS - 1) / TILE_ROWS;
    const double flops = 2.0 * (double)n * s->OH * s->OW * s->O * j.run * s->kh;
    const int want = flops > MIN_SHARE * SHARD_FLOPS ? MIN_SHARE : 1 + (int)(flops / SHARD_FLOPS);
    const int splits = (want + j.sums - 1) / j.sums;
    j.splits_n = splits < j.plan.panels ? splits : j.plan.panels;
    j.splits_m = (splits + j.splits_n - 1) / j.splits_n;
    mye_parallel(r.ctx, j.sums * j.splits_n * j.splits_m, weight_shard, &j);
    if (j.sums > 1)
        mye_parallel(r.ctx, (int)((j.weights + ADD_FLOATS - 1) / ADD_FLOATS), add_shard, &j);
}
