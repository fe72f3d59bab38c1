/*
 * Direct convolution, forward and backward data: both are a plain convolution from K to N channels
 * (plan.c). A block of source rows is copied, zero-padded, into the thread's scratch; then for each
 * panel of TILE_COLS written channels and each piece of the window that fits the first-level cache
 * beside it, tiles of output points are summed. One row of the window is contiguous in the scratch
 * (taps x channels), so it is one run of k.
 */
#include "kernel/vec/vec.h"

/* Runs of k per panel whose weights stay in the first-level cache: 24 KiB. */
#define CHUNK_K (18432 / TILE_COLS)

typedef struct conv_job {
    mye_run_lanes r;
    mye_plan plan;
    int64_t n;
    mye_images x;
    const float *packed, *bias;
    float *y;
    bool accumulate;
    const mye_conv_done *done;
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

/* A grid of output points: where they read and write, steps per column, row and image. */
typedef struct point_grid {
    const float *a;
    float *y;
    ptrdiff_t a_step[3], y_step[3];
    int count[3];
} point_grid;

/* Points [q0, q1) x [c0, c1) of every image of the block; a is left to the caller. */
static point_grid make_grid(const conv_job *j, const conv_block *b, const mye_axis *h,
                            const mye_axis *w, const int rows[2], const int cols[2])
{
    const mye_plan *p = &j->plan;
    const int64_t row = b->i0 * p->dst_h + h->dst0 + (int64_t)rows[0] * h->dst_step;
    const ptrdiff_t y_row = (ptrdiff_t)p->dst_w * p->N;
    return (point_grid){
        .y = j->y + row * y_row + (ptrdiff_t)(w->dst0 + cols[0] * w->dst_step) * p->N,
        .a_step = {(ptrdiff_t)w->src_step * p->K, (ptrdiff_t)h->src_step * p->pad_w * p->K,
                   b->image_floats},
        .y_step = {(ptrdiff_t)w->dst_step * p->N, h->dst_step * y_row, p->dst_h * y_row},
        .count = {cols[1] - cols[0], rows[1] - rows[0], (int)(b->i1 - b->i0)}};
}

/* Sets outputs to their bias, before sums that not every point takes part in. */
static void start_points(const point_grid *g, const float *bias, int width)
{
    for (int i = 0; i < g->count[2]; i++) {
        for (int q = 0; q < g->count[1]; q++) {
            float *y = g->y + i * g->y_step[2] + q * g->y_step[1];
            for (int c = 0; c < g->count[0]; c++, y += g->y_step[0]) {
                if (bias)
                    memcpy(y, bias, (size_t)width * sizeof *y);
                else
                    memset(y, 0, (size_t)width * sizeof *y);
            }
        }
    }
}

/* All points of a grid through one run of k: tiles of nearly equal height. */
static void run_tiles(mye_tile *t, const point_grid *g)
{
    const int64_t points = (int64_t)g->count[0] * g->count[1] * g->count[2];
    const int tiles = (int)((points + TILE_ROWS - 1) / TILE_ROWS);
    const ptrdiff_t a_row = g->a_step[1] - g->count[0] * g->a_step[0];
    const ptrdiff_t y_row = g->y_step[1] - g->count[0] * g->y_step[0];
    const ptrdiff_t a_image = g->a_step[2] - g->count[1] * g->a_step[1];
    const ptrdiff_t y_image = g->y_step[2] - g->count[1] * g->y_step[1];
    const float *a = g->a;
    float *y = g->y;
    int64_t done = 0;
    for (int i = 0, c = 0, q = 0; i < tiles; i++) {
        t->rows = (int)(points * (i + 1) / tiles - done);
        done += t->rows;
        for (int r = 0; r < t->rows; r++) {
            t->a[r] = a;
            t->y[r] = y;
            a += g->a_step[0];
            y += g->y_step[0];
            if (++c < g->count[0])
                continue;
            c = 0;
            a += a_row;
            y += y_row;
            if (++q < g->count[1])
                continue;
            q = 0;
            a += a_image;
            y += y_image;
        }
        MYE_VEC(tile)(t);
    }
}

/* One panel of one phase. */
typedef struct panel_run {
    const conv_job *j;
    const conv_block *b;
    mye_axis h, w;
    int rows[2]; /* q of this block and phase */
    const float *packed;
    const float *bias;
    int column, width;
    bool load; /* the outputs hold a sum already */
} panel_run;

/* n values of k, from k0 on, of `segs` window rows from (i, tap) on, for the points of a range. */
static void run_k(const panel_run *r, int i, int segs, int tap, int64_t k0, int n,
                  const int rows[2], const int cols[2])
{
    const mye_plan *p = &r->j->plan;
    const int64_t run = (int64_t)r->w.taps * p->K;
    const int row = r->h.src0 + rows[0] * r->h.src_step + i - r->b->lo;
    const int col = r->w.src0 + cols[0] * r->w.src_step + tap - p->lo_w;
    point_grid g = make_grid(r->j, r->b, &r->h, &r->w, rows, cols);
    mye_tile t = {.pitch = (ptrdiff_t)p->pad_w * p->K,
                  .width = r->width,
                  .segs = segs,
                  .n = n,
                  .b = r->packed + (i * run + (int64_t)tap * p->K + k0) * TILE_COLS,
                  .bias = r->bias,
                  .load = r->load};
    g.a = r->b->scratch + ((ptrdiff_t)row * p->pad_w + col) * p->K + k0;
    g.y += r->column;
    run_tiles(&t, &g);
}

/* A long run of k in parts of at most CHUNK_K. */
static void run_parts(panel_run *r, int i, int tap, int64_t run, const int rows[2],
                      const int cols[2])
{
    const int64_t parts = (run + CHUNK_K - 1) / CHUNK_K;
    for (int64_t part = 0, k0 = 0; part < parts; part++) {
        const int64_t end = run * (part + 1) / parts;
        run_k(r, i, 1, tap, k0, (int)(end - k0), rows, cols);
        r->load = true;
        k0 = end;
    }
}

/* Many channels: tap by tap, and only points whose tap is not in the padding. */
static void run_taps(panel_run *r)
{
    const mye_plan *p = &r->j->plan;
    for (int i = 0; i < r->h.taps; i++) {
        int rows[2], cols[2];
        MYE_VEC(valid_range)(&r->h, i, p->src_h, r->rows[0], r->rows[1], rows);
        for (int tap = 0; tap < r->w.taps; tap++) {
            MYE_VEC(valid_range)(&r->w, tap, p->src_w, 0, r->w.count, cols);
            run_parts(r, i, tap, p->K, rows, cols);
        }
    }
}

/* Fewer: row by row of the window, or several rows at once where a row is short. */
static void run_rows(panel_run *r)
{
    const mye_plan *p = &r->j->plan;
    const int run = r->w.taps * p->K, cols[2] = {0, r->w.count};
    const int fit = CHUNK_K / run > 1 ? CHUNK_K / run : 1;
    const int steps = (r->h.taps + fit - 1) / fit;
    if (fit == 1) {
        for (int i = 0; i < r->h.taps; i++) {
            int rows[2];
            MYE_VEC(valid_range)(&r->h, i, p->src_h, r->rows[0], r->rows[1], rows);
            run_parts(r, i, 0, run, rows, cols);
        }
        return;
    }
    for (int step = 0, i = 0; step < steps; step++) {
        const int end = r->h.taps * (step + 1) / steps;
        run_k(r, i, end - i, 0, 0, run, r->rows, cols);
        r->load = true;
        i = end;
    }
}

static void run_phase(const conv_job *j, const conv_block *b, panel_run *r)
{
    const mye_plan *p = &j->plan;
    const size_t panel_floats = (size_t)r->h.taps * (size_t)r->w.taps * (size_t)p->K * TILE_COLS;
    const int cols[2] = {0, r->w.count};
    const bool several = (int64_t)r->w.taps * p->K * 2 <= CHUNK_K;
    const float *packed = r->packed;
    for (int panel = b->panel0; panel < b->panel1; panel++) {
        r->column = panel * TILE_COLS;
        r->width = p->N - r->column < TILE_COLS ? p->N - r->column : TILE_COLS;
        r->bias = j->bias ? j->bias + r->column : NULL;
        r->packed = packed + (size_t)panel * panel_floats;
        r->load = j->accumulate;
        /* Unless the first sum reaches every point, they all get their start here. */
        if (!r->load && (panel_floats == 0 || !(several && !p->by_tap))) {
            point_grid g = make_grid(j, b, &r->h, &r->w, r->rows, cols);
            g.y += r->column;
            start_points(&g, r->bias, r->width);
            r->load = true;
        }
        if (panel_floats == 0)
            continue;
        if (p->by_tap)
            run_taps(r);
        else
            run_rows(r);
    }
}

static void run_phases(const conv_job *j, const conv_block *b)
{
    const mye_plan *p = &j->plan;
    const float *packed = j->packed;
    for (int ph = 0; ph < p->phases_h; ph++) {
        for (int pw = 0; pw < p->phases_w; pw++) {
            panel_run r = {.j = j,
                           .b = b,
                           .h = MYE_VEC(axis_h)(p, ph),
                           .w = MYE_VEC(axis_w)(p, pw),
                           .packed = packed};
            r.rows[0] = b->q0;
            r.rows[1] = b->q1 < r.h.count ? b->q1 : r.h.count;
            if (r.rows[1] > r.rows[0] && r.w.count > 0)
                run_phase(j, b, &r);
            packed +=
                (size_t)p->panels * (size_t)r.h.taps * (size_t)r.w.taps * (size_t)p->K * TILE_COLS;
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

    if (j->x.floats && MYE_VEC(plan_is_pointwise)(p)) { /* read where they lie */
        const ptrdiff_t row = (ptrdiff_t)p->src_w * p->K;
        b.image_floats = p->src_h * row;
        b.scratch = j->x.floats + b.i0 * b.image_floats + b.lo * row;
    } else {
        float *scratch = mye_lane_take(lane, MYE_VEC(plan_scratch)(p) * sizeof(float));
        b.image_floats = MYE_VEC(plan_read)(p, j->x, b.i0, b.i1, b.lo, b.hi, scratch, lane);
        b.scratch = scratch;
    }
    run_phases(j, &b);
    if (j->done) {
        const int end = b.panel1 * TILE_COLS;
        const mye_conv_block whole = {
            b.i0, b.i1, b.q0, b.q1, b.panel0 * TILE_COLS, end < p->N ? end : p->N};
        j->done->block(j->done->self, shard, &whole, lane);
    }
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
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done)
{
    if (s->groups > 1) {
        MYE_VEC(group_forward)(r, s, n, x, packed, bias, y);
        return;
    }
    mye_conv_shape dense;
    mye_thin thin;
    if (MYE_VEC(thin_shape)(s, &dense)) {
        x = MYE_VEC(thin_images)(&thin, s, x);
        s = &dense;
    }
    conv_job j = {.r = r, .n = n, .x = x, .packed = packed, .bias = bias, .y = y, .done = done};
    MYE_VEC(plan)(&j.plan, s, MYE_CONV_FORWARD);
    run_job(&j);
}

bool MYE_VEC(conv_fits)(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(s);
    MYE_UNUSED(pass);
    return true;
}

int MYE_VEC(conv_shards)(const mye_conv_shape *s, int64_t n)
{
    mye_conv_shape dense;
    mye_plan p;
    if (s->groups > 1)
        return 0;
    MYE_VEC(plan)(&p, MYE_VEC(thin_shape)(s, &dense) ? &dense : s, MYE_CONV_FORWARD);
    MYE_VEC(plan_fit)(&p, n);
    return (int)p.groups * p.bands * p.splits;
}

void MYE_VEC(conv_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                 const float *dy, const float *packed, float *dx, bool accumulate)
{
    if (s->groups > 1) {
        MYE_VEC(group_backward_data)(r, s, n, dy, packed, dx, accumulate);
        return;
    }
    const mye_dense_images images = {dy, s->OH, s->OW * s->O};
    conv_job j = {.r = r,
                  .n = n,
                  .x = MYE_VEC(dense_images)(&images),
                  .packed = packed,
                  .y = dx,
                  .accumulate = accumulate};
    MYE_VEC(plan)(&j.plan, s, 1);
    run_job(&j);
}

size_t MYE_VEC(conv_lane_bytes)(const mye_conv_shape *s, int pass)
{
    if (s->groups > 1)
        return MYE_VEC(group_lane_bytes)(s, pass);
    mye_conv_shape dense;
    size_t bytes = 2 * MYE_ALIGN;
    if (pass != 1 && MYE_VEC(thin_shape)(s, &dense)) {
        bytes += MYE_VEC(thin_lane_bytes)(s);
        s = &dense;
    }
    if (pass == 2)
        return bytes + MYE_VEC(weight_lane_bytes)(s);
    mye_plan p;
    MYE_VEC(plan)(&p, s, pass);
    return bytes + MYE_VEC(plan_scratch)(&p) * sizeof(float);
}
