/*
 * Spike-driven backward weights. The gradient of a weight row (tap, c) is the sum of dy at all points
 * whose tap meets an input with x[c] != 0. So each block of images is turned into one list for each
 * channel: the places of the inputs where it is not 0. dy is copied, a panel at a time, into a grid
 * with zeros around it, in which each tap is a constant distance from an input's place. With a
 * stride, a tap meets only inputs of one remainder (phase), and there is a list for each phase.
 *
 * Shards own different channels and panels of dw or - where dw is small against the work - sum
 * disjoint image ranges into partial sums, which are then added in shard order.
 */
#include "kernel/vec/vec.h"

/* From this share of entries that are not 0 on, visiting dw for each chunk of dy that stays in the
 * first-level cache is faster than one visit with dy from the second. */
#define NEAR_SHARE 0.22

typedef struct weight_job {
    mye_run_lanes r;
    mye_spike_grid plan;
    int64_t n;
    mye_images x;
    const float *dy;
    float *dw, *dbias, *scratch;
    int sums, splits_m, splits_n; /* shards: images, channels, panels */
    size_t weights;               /* floats of dw */
} weight_job;

/* A block: images and output rows [q0, q1), whose input rows are [lo, hi). */
typedef struct weight_block {
    int64_t i0, i1;
    int q0, q1, lo, hi;
    int first, rows; /* of the grid: its first output row, its rows */
} weight_block;

/* What one shard works on. */
typedef struct weight_part {
    int64_t i0, i1; /* images   */
    int c0, c1;     /* channels */
    int panel0, panel1;
    float *dw, *dbias;
    bool load; /* dw already holds something */
    /* scratch */
    float *grid, *value, *found_value, *row; /* the last three: NULL where bits are read */
    uint16_t *index, *found;                 /* found: of one input pixel                */
    /* [chunk of grid rows][phase][channel]: where the entries begin; those of a chunk end where those
     * of the next begin */
    uint32_t *start;
    int chunks; /* of this block */
    bool near;  /* so much is not 0 that dy had better come from the first-level cache */
} weight_part;

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* ---- lists ---- */

/* Hands the entries of one input pixel to their channels' lists, which end at `end`; returns how
 * many there are. */
static uint32_t list_pixel(const weight_job *j, const weight_part *w, const uint64_t *bits,
                           int64_t pixel, int place, uint32_t *end)
{
    const int C = w->c1 - w->c0;
    if (bits) {
        const uint32_t n = MYE_VEC(list_bits)(bits, pixel * j->plan.s->C + w->c0, C, 0, w->found);
        for (uint32_t e = 0; e < n; e++)
            w->index[end[w->found[e]]++] = (uint16_t)place;
        return n;
    }
    const float *x = w->row + pixel * j->plan.s->C + w->c0;
    const uint32_t n = MYE_VEC(list_floats)(x, C, 0, w->found, w->found_value);
    for (uint32_t e = 0; e < n; e++) {
        const uint32_t at = end[w->found[e]]++;
        w->index[at] = (uint16_t)place;
        w->value[at] = w->found_value[e];
    }
    return n;
}

/* Input row h of image i, whose first place in the grid is `place`. */
static int64_t list_row(const weight_job *j, const weight_part *w, int64_t i, int h, int place,
                        uint32_t *end, mye_lane *lane)
{
    const mye_conv_shape *s = j->plan.s;
    const uint64_t *bits = j->x.bits ? j->x.bits(j->x.self, i) : NULL;
    const int C = w->c1 - w->c0, phase_h = (h + s->ph) % s->sh;
    int64_t found = 0;
    if (phase_h >= s->kh)
        return 0;
    if (!bits)
        j->x.read(j->x.self, i, h, h + 1, w->row, (ptrdiff_t)s->W * s->C, lane);
    for (int col = 0; col < s->W; col++) {
        const int phase_w = (col + s->pw) % s->sw, right = (col + s->pw) / s->sw - s->pw / s->sw;
        if (phase_w < s->kw)
            found += list_pixel(j, w, bits, (bits ? (int64_t)h * s->W : 0) + col, place + right,
                                end + (ptrdiff_t)(phase_h * j->plan.phases_w + phase_w) * C);
    }
    return found;
}

static void list_block(const weight_job *j, weight_part *w, const weight_block *b, mye_lane *lane)
{
    const mye_spike_grid *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const size_t lists = (size_t)(p->phases_h * p->phases_w * (w->c1 - w->c0));
    const size_t entries = MYE_VEC(spike_entries)(p);
    const int rows = (int)(b->i1 - b->i0) * b->rows;
    uint32_t *end = w->start + lists;
    int64_t found = 0;
    w->chunks = (rows + p->chunk - 1) / p->chunk;
    for (size_t k = 0; k < lists; k++)
        w->start[k] = end[k] = (uint32_t)(k * entries);
    int next = p->chunk; /* first row of the next chunk */
    for (int row = 0; row < rows; row++) {
        const int h0 = (b->first + p->back_h + row % b->rows) * s->sh - s->ph;
        if (row == next) {
            memcpy(end + lists, end, lists * sizeof *end);
            end += lists;
            next += p->chunk;
        }
        for (int h = max_int(h0, b->lo); h < min_int(h0 + s->sh, b->hi); h++)
            found += list_row(j, w, b->i0 + row / b->rows, h, row * p->cols, end, lane);
    }
    const double all = (double)(b->i1 - b->i0) * (b->hi - b->lo) * s->W * (w->c1 - w->c0);
    w->near = (double)found > NEAR_SHARE * all;
}

/* ---- sums ---- */

/* One point's panel, with 0 behind its last column. */
static void copy_panel(const mye_spike_panel *n, const float *src, float *dst)
{
    const int whole = n->width / VEC, part = n->width % VEC;
    for (int v = 0; v < whole; v++)
        vec_store(dst + v * VEC, vec_load(src + v * VEC));
    if (part > 0)
        vec_store(dst + whole * VEC, vec_load_part(src + whole * VEC, part));
}

/* One row of the grid: output row q of image i, or zeros where there is none. */
static void fill_row(const weight_job *j, const weight_block *b, const mye_spike_panel *n,
                     int64_t i, int q, float *dst)
{
    const mye_spike_grid *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int all = n->vecs * VEC, first = s->pw / s->sw - p->back_w;
    const float *src = j->dy + (i * s->OH + q) * s->OW * s->O + n->column;
    for (int c = first; c < first + p->cols; c++, dst += all) {
        if (q < b->q0 || q >= b->q1 || c < 0 || c >= s->OW) {
            memset(dst, 0, (size_t)all * sizeof *dst);
            continue;
        }
        copy_panel(n, src + (ptrdiff_t)c * s->O, dst);
    }
}

static void fill_grid(const weight_job *j, const weight_block *b, const mye_spike_panel *n,
                      float *grid)
{
    const ptrdiff_t row = (ptrdiff_t)j->plan.cols * n->vecs * VEC;
    for (int64_t i = b->i0; i < b->i1; i++)
        for (int k = 0; k < b->rows; k++, grid += row)
            fill_row(j, b, n, i, b->first + k, grid);
}

/* dw of all taps, for the channels of a part and one panel, from chunks [k0, k1) of the grid. */
static void add_taps(const weight_job *j, const weight_part *w, const mye_spike_panel *n, int k0,
                     int k1)
{
    const mye_spike_grid *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int C = w->c1 - w->c0;
    const ptrdiff_t lists = (ptrdiff_t)p->phases_h * p->phases_w * C;
    mye_sparse t = {.index = w->index,
                    .value = w->value,
                    .count = {C, 1, 1},
                    .y_step = {s->O},
                    .lines = 1,
                    .seg1 = 1,
                    .from_step = 1,
                    .cells = 1,
                    .size = C,
                    .vecs = n->vecs,
                    .width = n->width,
                    .load = w->load || k0 > 0};
    for (int i = 0; i < s->kh; i++) {
        for (int k = 0; k < s->kw; k++) {
            const ptrdiff_t phase = (ptrdiff_t)(i % s->sh) * p->phases_w + k % s->sw;
            const ptrdiff_t shift =
                (ptrdiff_t)(p->back_h - i / s->sh) * p->cols + p->back_w - k / s->sw;
            t.start = w->start + k0 * lists + phase * C;
            t.end = w->start + k1 * lists + phase * C;
            t.rows = w->grid + shift * n->vecs * VEC;
            t.y = w->dw + (((ptrdiff_t)i * s->kw + k) * s->C + w->c0) * s->O + n->column;
            MYE_VEC(sparse_sum)(&t);
        }
    }
}

static void run_block(const weight_job *j, weight_part *w, weight_block *b, mye_lane *lane)
{
    const mye_spike_grid *p = &j->plan;
    const mye_conv_shape *s = p->s;
    b->lo = min_int(max_int(b->q0 * s->sh - s->ph, 0), s->H - 1);
    b->hi = max_int(min_int((b->q1 - 1) * s->sh - s->ph + s->kh, s->H), b->lo);
    b->first = (b->lo + s->ph) / s->sh - p->back_h;
    b->rows = (max_int(b->hi - 1, b->lo) + s->ph) / s->sh - b->first + 1;
    list_block(j, w, b, lane);
    for (int panel = w->panel0; panel < w->panel1; panel++) {
        const mye_spike_panel n = MYE_VEC(spike_panel)(s->O, panel);
        fill_grid(j, b, &n, w->grid);
        const int step = w->near ? 1 : w->chunks;
        for (int k = 0; k < w->chunks; k += step)
            add_taps(j, w, &n, k, k + step);
    }
    if (w->dbias) {
        const int64_t points = (int64_t)(b->q1 - b->q0) * s->OW;
        for (int64_t i = b->i0; i < b->i1; i++)
            MYE_VEC(column_sums)
        (points, s->O, j->dy + (i * s->OH + b->q0) * s->OW * s->O, w->dbias);
    }
    w->load = true;
}

static void take_scratch(const weight_job *j, weight_part *w, mye_lane *lane)
{
    const mye_spike_grid *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const size_t C = (size_t)(w->c1 - w->c0), all = (size_t)(p->phases_h * p->phases_w) * C;
    const size_t entries = MYE_VEC(spike_entries)(p) * all;
    w->grid = mye_lane_take(lane, MYE_VEC(spike_grid_floats)(p) * sizeof *w->grid);
    w->index = mye_lane_take(lane, entries * sizeof *w->index);
    w->start = mye_lane_take(lane, MYE_VEC(spike_starts)(p, (int)C) * sizeof *w->start);
    w->found = mye_lane_take(lane, (C + SPIKE_SLACK) * sizeof *w->found);
    if (j->x.bits)
        return;
    w->value = mye_lane_take(lane, entries * sizeof *w->value);
    w->found_value = mye_lane_take(lane, (C + SPIKE_SLACK) * sizeof *w->found_value);
    w->row = mye_lane_take(lane, (size_t)s->W * (size_t)s->C * sizeof *w->row);
}

static weight_part make_part(const weight_job *j, int shard)
{
    const mye_conv_shape *s = j->plan.s;
    const int panels = MYE_VEC(spike_panels)(s->O);
    const int sm = shard % j->splits_m, sn = shard / j->splits_m % j->splits_n;
    const int sum = shard / j->splits_m / j->splits_n;
    weight_part w = {.i0 = j->n * sum / j->sums,
                     .i1 = j->n * (sum + 1) / j->sums,
                     .c0 = (int)((int64_t)s->C * sm / j->splits_m),
                     .c1 = (int)((int64_t)s->C * (sm + 1) / j->splits_m),
                     .panel0 = panels * sn / j->splits_n,
                     .panel1 = panels * (sn + 1) / j->splits_n,
                     .dw = j->dw,
                     .dbias = sm == 0 && sn == 0 ? j->dbias : NULL,
                     .load = true};
    if (j->sums > 1) {
        w.dw = j->scratch + (size_t)sum * (j->weights + (size_t)s->O);
        w.load = false;
        if (w.dbias) {
            w.dbias = w.dw + j->weights;
            memset(w.dbias, 0, (size_t)s->O * sizeof *w.dbias);
        }
    }
    return w;
}

static void weight_shard(void *arg, int shard, int lane_index)
{
    const weight_job *j = arg;
    const mye_spike_grid *p = &j->plan;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    weight_part w = make_part(j, shard);
    const int64_t images = w.i1 - w.i0, blocks = (images + p->group - 1) / p->group;
    take_scratch(j, &w, lane);
    for (int64_t k = 0; k < blocks; k++) {
        for (int q = 0; q < p->s->OH; q += p->band) {
            weight_block b = {.i0 = w.i0 + images * k / blocks,
                              .i1 = w.i0 + images * (k + 1) / blocks,
                              .q0 = q,
                              .q1 = min_int(q + p->band, p->s->OH)};
            run_block(j, &w, &b, lane);
        }
    }
    lane->used = used;
}

void MYE_VEC(spike_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                    mye_images x, const float *dy, float *dw, float *dbias,
                                    float *scratch)
{
    if (n <= 0)
        return;
    const mye_spike_cut cut = MYE_VEC(spike_cut)(s, n);
    weight_job j = {.r = r,
                    .n = n,
                    .x = x,
                    .dy = dy,
                    .dw = dw,
                    .dbias = dbias,
                    .scratch = scratch,
                    .sums = cut.sums,
                    .splits_m = cut.splits_m,
                    .splits_n = cut.splits_n,
                    .weights = (size_t)s->kh * (size_t)s->kw * (size_t)s->C * (size_t)s->O};
    MYE_VEC(spike_grid)(&j.plan, s);
    mye_parallel(r.ctx, j.sums * j.splits_m * j.splits_n, weight_shard, &j);
    MYE_VEC(add_weight_sums)
    (r, &(mye_weight_sums){scratch, j.sums, s->O, j.weights, dw, dbias});
}
