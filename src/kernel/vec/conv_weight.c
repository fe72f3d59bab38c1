/*
 * Backward weights: for each row of the window, dw is a product [window row x channels] by
 * [outputs] summed over all output points. Shards either own different parts of dw, or - where dw
 * is small against the work - sum disjoint image ranges into partial sums that are then added in
 * shard order. The choice depends on sizes only.
 */
#include "kernel/vec/vec.h"

#define MAX_SHARDS  8 /* that the work is cut into, where there is enough */
#define SHARD_FLOPS 4e6

#define STAGE_FLOATS 8192
#define SLACK        16

typedef struct weight_job {
    mye_run_lanes r;
    mye_plan plan;
    int64_t n;
    mye_images x;
    const float *dy;
    float *dw, *dbias, *scratch;
    int sums, splits_n, splits_m; /* shards: images, panels, rows of dw */
    int run, tiles;               /* rows of dw of a window row; tiles of them or of channels */
    size_t weights;               /* floats of dw */
} weight_job;

/* How many parts the images, and how many dw, are cut into. */
typedef struct weight_cut {
    int sums, splits;
} weight_cut;

/*
 * Cutting the images costs partial sums (written, read, added), cutting dw costs reading the images
 * again (read, packed); the cheaper in bytes is taken.
 */
static weight_cut cut_work(const mye_conv_shape *s, int64_t n)
{
    const double weights = (double)s->C * s->O * s->kh * s->kw;
    const double inputs = (double)n * s->H * s->W * s->C;
    const double flops = 2.0 * (double)n * s->OH * s->OW * weights;
    /* Reading is hidden behind six products of a panel and a tap. */
    const int panels = (s->O + TILE_COLS - 1) / TILE_COLS, few = panels * s->kh * s->kw / 6;
    const int most = few > 4 ? few : 4;
    const int shards =
        flops > MAX_SHARDS * SHARD_FLOPS ? MAX_SHARDS : 1 + (int)(flops / SHARD_FLOPS);
    weight_cut best = {1, shards < most ? shards : most};
    double least = 2.0 * best.splits * inputs;
    for (int sums = 2; sums <= shards && sums <= n; sums *= 2) {
        const int splits = shards / sums;
        const double bytes = 3.0 * sums * weights + 2.0 * splits * inputs;
        if (bytes < least) {
            least = bytes;
            best = (weight_cut){sums, splits};
        }
    }
    return best;
}

static size_t weight_floats(const mye_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)(s->C / s->groups) * (size_t)s->O;
}

size_t MYE_VEC(conv_scratch_bytes)(const mye_conv_shape *s, int64_t n)
{
    if (s->groups > 1)
        return MYE_VEC(group_scratch_bytes)(s, n);
    mye_conv_shape dense;
    const int sums = cut_work(MYE_VEC(thin_shape)(s, &dense) ? &dense : s, n).sums;
    return sums < 2 ? 0 : (size_t)sums * (weight_floats(s) + (size_t)s->O) * sizeof(float);
}

/* Floats for the rows of an image that are read at a time. */
static size_t stage_floats(const mye_plan *p)
{
    const size_t row = (size_t)p->src_w * (size_t)p->K;
    return p->by_tap ? (row > STAGE_FLOATS ? row : STAGE_FLOATS) + SLACK : 0;
}

size_t MYE_VEC(weight_lane_bytes)(const mye_conv_shape *s)
{
    mye_plan p;
    MYE_VEC(plan)(&p, s, 2);
    return (MYE_VEC(plan_scratch)(&p) + MYE_VEC(plan_points)(&p) * TILE_COLS + stage_floats(&p)) *
               sizeof(float) +
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
    const bool row =
        p.cols == 1 || (p.a_row == p.cols * p.a_col && p.b_row == (ptrdiff_t)p.cols * TILE_COLS);
    if (p.rows > 1 && row && p.b_row == (ptrdiff_t)p.cols * TILE_COLS) {
        p.a_col = p.cols == 1 ? p.a_row : p.a_col;
        p.cols *= p.rows;
        p.rows = 1;
    }
    if (p.rows == 1) {
        p.rows = p.images;
        p.a_row = p.a_image;
        p.b_row = p.b_image;
        p.images = 1;
    }
    return p;
}

typedef struct weight_part {
    int64_t i0, i1;     /* images of a shard */
    int panel0, panel1; /* and its part of dw */
    int m0, m1;
    float *dw, *dbias;
    float *x, *dy, *stage; /* scratch */
    bool load;             /* dw already holds something */
} weight_part;

/* A block: images and output rows whose input rows [lo, hi) are in scratch. */
typedef struct weight_block {
    int64_t i0, i1;
    int q0, q1, lo, hi;
    ptrdiff_t image; /* floats of an image in scratch */
} weight_block;

/* Few channels: tiles over taps x channels of a window row, straight from the padded scratch. */
static void panel_by_row(const weight_job *j, const weight_part *w, const weight_block *b,
                         mye_outer t, float *dw)
{
    const mye_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const ptrdiff_t pitch = (ptrdiff_t)p->pad_w * p->K;
    const float *x = w->x + (ptrdiff_t)(-s->pw - p->lo_w) * p->K;
    t.points =
        fold_points((mye_points){.images = (int)(b->i1 - b->i0),
                                 .rows = b->q1 - b->q0,
                                 .cols = p->dst_w,
                                 .a_image = b->image,
                                 .a_row = s->sh * pitch,
                                 .a_col = (ptrdiff_t)s->sw * p->K,
                                 .b_image = (ptrdiff_t)(b->q1 - b->q0) * p->dst_w * TILE_COLS,
                                 .b_row = (ptrdiff_t)p->dst_w * TILE_COLS});
    for (int m = w->m0; m < w->m1; m++) {
        const int i = m / j->tiles, tile = m % j->tiles;
        const int row = (int)((int64_t)j->run * tile / j->tiles);
        t.rows = (int)((int64_t)j->run * (tile + 1) / j->tiles) - row;
        t.a = x + i * pitch + row;
        t.y = dw + ((ptrdiff_t)i * j->run + row) * p->N;
        MYE_VEC(outer)(&t);
    }
}

/* One tile of channels, packed; tap by tap, and only points whose tap is not in the padding. */
static void tile_by_tap(const weight_job *j, const weight_part *w, const weight_block *b,
                        const float *x, mye_outer t, float *dw)
{
    const mye_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const mye_axis h = MYE_VEC(axis_h)(p, 0), v = MYE_VEC(axis_w)(p, 0);
    const ptrdiff_t a_row = (ptrdiff_t)p->src_w * t.rows, b_row = (ptrdiff_t)p->dst_w * TILE_COLS;
    for (int i = 0; i < s->kh; i++) {
        int rows[2], cols[2];
        MYE_VEC(valid_range)(&h, i, p->src_h, b->q0, b->q1, rows);
        for (int k = 0; k < s->kw; k++) {
            MYE_VEC(valid_range)(&v, k, p->src_w, 0, p->dst_w, cols);
            if (w->load && (rows[0] == rows[1] || cols[0] == cols[1]))
                continue;
            t.points = fold_points((mye_points){.images = (int)(b->i1 - b->i0),
                                                .rows = rows[1] - rows[0],
                                                .cols = cols[1] - cols[0],
                                                .a_image = (b->hi - b->lo) * a_row,
                                                .a_row = s->sh * a_row,
                                                .a_col = (ptrdiff_t)s->sw * t.rows,
                                                .b_image = (b->q1 - b->q0) * b_row,
                                                .b_row = b_row});
            t.a = x + (rows[0] * s->sh - s->ph + i - b->lo) * a_row +
                  (ptrdiff_t)(cols[0] * s->sw - s->pw + k) * t.rows;
            t.b = w->dy + (rows[0] - b->q0) * b_row + (ptrdiff_t)cols[0] * TILE_COLS;
            t.y = dw + ((ptrdiff_t)i * s->kw + k) * p->K * p->N;
            MYE_VEC(outer)(&t);
        }
    }
}

static void panel_by_tap(const weight_job *j, const weight_part *w, const weight_block *b,
                         mye_outer t, float *dw)
{
    const mye_plan *p = &j->plan;
    const ptrdiff_t pixels = (ptrdiff_t)(b->i1 - b->i0) * (b->hi - b->lo) * p->src_w;
    for (int m = w->m0; m < w->m1; m++) {
        const int channel = (int)((int64_t)p->K * m / j->tiles);
        t.rows = (int)((int64_t)p->K * (m + 1) / j->tiles) - channel;
        tile_by_tap(j, w, b, w->x + channel * pixels, t, dw + (ptrdiff_t)channel * p->N);
    }
}

/* dst[i][0..rows) = src[i][0..rows); reads up to SLACK floats behind src. */
static void pack_tile(int64_t pixels, int rows, const float *src, ptrdiff_t pitch, float *dst)
{
    const int width = (rows + VEC - 1) / VEC * VEC;
    int64_t i = 0;
    for (; (pixels - i) * rows >= width; i++, src += pitch, dst += rows)
        for (int r = 0; r < rows; r += VEC) /* what is too much the next pixel overwrites */
            vec_store(dst + r, vec_load(src + r));
    for (; i < pixels; i++, src += pitch, dst += rows)
        memcpy(dst, src, (size_t)rows * sizeof *dst);
}

/* Pixels of src into the tiles of channels, as pixels at.. of the block's `pixels`. */
static void pack_pixels(const weight_job *j, const weight_part *w, const float *src,
                        ptrdiff_t pixels, ptrdiff_t at, ptrdiff_t count)
{
    const int C = j->plan.K;
    for (int m = w->m0; m < w->m1; m++) {
        const int channel = (int)((int64_t)C * m / j->tiles);
        const int rows = (int)((int64_t)C * (m + 1) / j->tiles) - channel;
        pack_tile(count, rows, src + channel, C, w->x + channel * pixels + at * rows);
    }
}

/* Reads the block's input rows, some at a time, into tiles of channels: [tile][pixel][channel]. */
static void pack_x(const weight_job *j, const weight_part *w, const weight_block *b, mye_lane *lane)
{
    const mye_plan *p = &j->plan;
    const ptrdiff_t row = (ptrdiff_t)p->src_w * p->K;
    const ptrdiff_t pixels = (ptrdiff_t)(b->i1 - b->i0) * (b->hi - b->lo) * p->src_w;
    const int step = row < STAGE_FLOATS ? (int)(STAGE_FLOATS / row) : 1;
    ptrdiff_t at = 0, count = 0; /* pixels packed, pixels in the stage */
    if (j->x.floats) {
        count = (ptrdiff_t)(b->hi - b->lo) * p->src_w;
        for (int64_t i = b->i0; i < b->i1; i++, at += count)
            pack_pixels(j, w, j->x.floats + (i * p->src_h + b->lo) * row, pixels, at, count);
        return;
    }
    for (int64_t i = b->i0; i < b->i1; i++) {
        for (int h = b->lo; h < b->hi; h += step) {
            const int end = h + step < b->hi ? h + step : b->hi;
            if (count > 0 && (count * p->K + (end - h) * row) > STAGE_FLOATS) {
                pack_pixels(j, w, w->stage, pixels, at, count);
                at += count;
                count = 0;
            }
            j->x.read(j->x.self, i, h, end, w->stage + count * p->K, row, lane);
            count += (ptrdiff_t)(end - h) * p->src_w;
        }
    }
    if (count > 0)
        pack_pixels(j, w, w->stage, pixels, at, count);
}

static void run_block(const weight_job *j, const weight_part *w, weight_block *b, mye_lane *lane)
{
    const mye_plan *p = &j->plan;
    mye_outer t = {.b = w->dy, .y_row = p->N, .load = w->load};
    MYE_VEC(plan_rows)(p, b->q0, b->q1, &b->lo, &b->hi);
    if (p->by_tap)
        pack_x(j, w, b, lane);
    else
        b->image = MYE_VEC(plan_read)(p, j->x, b->i0, b->i1, b->lo, b->hi, w->x, lane);
    for (int panel = w->panel0; panel < w->panel1; panel++) {
        const int column = panel * TILE_COLS;
        t.width = p->N - column < TILE_COLS ? p->N - column : TILE_COLS;
        pack_dy(j, b->i0, b->i1, b->q0, b->q1, column, t.width, w->dy,
                w->dbias ? w->dbias + column : NULL);
        if (p->by_tap)
            panel_by_tap(j, w, b, t, w->dw + column);
        else
            panel_by_row(j, w, b, t, w->dw + column);
    }
}

static void weight_shard(void *arg, int shard, int lane_index)
{
    const weight_job *j = arg;
    const mye_plan *p = &j->plan;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int sm = shard % j->splits_m, sn = shard / j->splits_m % j->splits_n;
    const int sum = shard / j->splits_m / j->splits_n, all = j->tiles * (p->by_tap ? 1 : p->s->kh);
    weight_part w = {.i0 = j->n * sum / j->sums,
                     .i1 = j->n * (sum + 1) / j->sums,
                     .panel0 = p->panels * sn / j->splits_n,
                     .panel1 = p->panels * (sn + 1) / j->splits_n,
                     .m0 = (int)((int64_t)all * sm / j->splits_m),
                     .m1 = (int)((int64_t)all * (sm + 1) / j->splits_m),
                     .dw = j->dw,
                     .dbias = sm == 0 ? j->dbias : NULL,
                     .x = mye_lane_take(lane, MYE_VEC(plan_scratch)(p) * sizeof(float)),
                     .dy = mye_lane_take(lane, MYE_VEC(plan_points)(p) * TILE_COLS * sizeof(float)),
                     .stage = mye_lane_take(lane, stage_floats(p) * sizeof(float)),
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
            weight_block b = {.i0 = i, .i1 = end, .q0 = q, .q1 = stop};
            run_block(j, &w, &b, lane);
            w.load = true;
        }
    }
    lane->used = used;
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
    mye_conv_shape dense;
    mye_thin thin;
    if (MYE_VEC(thin_shape)(s, &dense)) {
        x = MYE_VEC(thin_images)(&thin, s, x);
        s = &dense;
    }
    weight_job j = {.r = r,
                    .n = n,
                    .x = x,
                    .dy = dy,
                    .dw = dw,
                    .dbias = dbias,
                    .scratch = scratch,
                    .weights = weight_floats(s)};
    MYE_VEC(plan)(&j.plan, s, 2);
    const weight_cut cut = cut_work(s, n);
    j.sums = cut.sums;
    j.run = s->kw * s->C;
    j.tiles = ((j.plan.by_tap ? s->C : j.run) + TILE_ROWS - 1) / TILE_ROWS;
    j.splits_n = cut.splits < j.plan.panels ? cut.splits : j.plan.panels;
    j.splits_m = (cut.splits + j.splits_n - 1) / j.splits_n;
    mye_parallel(r.ctx, j.sums * j.splits_n * j.splits_m, weight_shard, &j);
    MYE_VEC(add_weight_sums)
    (r, &(mye_weight_sums){scratch, j.sums, s->O, j.weights, dw, dbias});
}
