/*
 * Winograd backward weights. A shard owns a range of images and of panels of outputs: block by block
 * it transforms the inputs (V) and the output gradients (Z), and adds the 36 products of the two,
 * summed over tiles, to dU; at its end dU is transformed to its part of dw. Ranges of images are
 * fixed partial sums, added in their order.
 */
#include "kernel/vec/wino.h"

#define MAX_SHARDS 8
#define DU_BYTES   4800000 /* of a shard's dU: it is read and written once a block         */
#define ADD_FLOATS 8192    /* of a shard of the final addition                              */

typedef struct wino_job {
    mye_run_lanes r;
    mye_wino plan;
    int64_t n;
    mye_images x;
    mye_wino_dense dy;
    float *dw, *dbias, *scratch;
    int sums, splits;
    size_t weights; /* floats of dw */
} wino_job;

/* Part of a shard, in scratch. Pitches are those between the 36 points. */
typedef struct wino_part {
    int panel0, panel1;
    float *V, *Z, *dU, *x, *dy;
    float *dbias; /* of all outputs, by the shard with the first panel; else NULL */
    ptrdiff_t z_pitch, du_pitch;
    bool load; /* dU already holds something */
} wino_part;

/* Panels of a shard, at most. */
static int most_panels(const mye_wino *p)
{
    const int fit = (int)(DU_BYTES / ((double)p->K * WINO_STEP * sizeof(float)));
    const int most = fit > 2 ? fit : 2;
    return most < p->panels ? most : p->panels;
}

static void cut_work(const mye_wino *p, int64_t n, int *sums, int *splits)
{
    *splits = (p->panels + most_panels(p) - 1) / most_panels(p);
    *sums = *splits < MAX_SHARDS ? MAX_SHARDS / *splits : 1;
    if (*sums > n)
        *sums = n > 1 ? (int)n : 1;
    while (*sums > 1 && n * p->th * p->tw < (int64_t)*sums * 24)
        --*sums;
    if (*splits * *sums < MAX_SHARDS)
        *splits = MAX_SHARDS / *sums < p->panels ? MAX_SHARDS / *sums : p->panels;
}

static size_t weight_floats(const mye_conv_shape *s)
{
    return 9 * (size_t)s->C * (size_t)s->O;
}

size_t MYE_VEC(wino_scratch_bytes)(const mye_conv_shape *s, int64_t n)
{
    mye_wino p;
    int sums, splits;
    MYE_VEC(wino_plan)(&p, s, MYE_CONV_WEIGHT);
    cut_work(&p, n, &sums, &splits);
    return sums < 2 ? 0 : (size_t)sums * (weight_floats(s) + (size_t)s->O) * sizeof(float);
}

static ptrdiff_t z_pitch(const mye_wino *p, int panels)
{
    return (ptrdiff_t)panels * p->tiles * TILE_COLS + VEC;
}

static ptrdiff_t du_pitch(const mye_wino *p, int panels)
{
    return (ptrdiff_t)panels * p->vecs * VEC * TILE_COLS + VEC;
}

size_t MYE_VEC(wino_weight_lane_bytes)(const mye_conv_shape *s)
{
    mye_wino p;
    MYE_VEC(wino_plan)(&p, s, MYE_CONV_WEIGHT);
    const int panels = most_panels(&p);
    const ptrdiff_t grid = wino_grid_pitch(&p) + z_pitch(&p, panels) + du_pitch(&p, panels);
    return ((size_t)grid * WINO_GRID + MYE_VEC(wino_strip_floats)(&p.source) +
            MYE_VEC(wino_strip_floats)(&p.gradient)) *
               sizeof(float) +
           5 * MYE_ALIGN;
}

/* V and Z of a block of tiles; returns how many these are. */
static int transform(const wino_job *j, const wino_part *w, int64_t i0, int64_t i1, int r0, int r1,
                     mye_lane *lane)
{
    const mye_wino *p = &j->plan;
    const mye_images dy = MYE_VEC(wino_dense)(&j->dy);
    const int tiles = (int)(i1 - i0) * (r1 - r0) * p->tw;
    int at = 0;
    for (int64_t i = i0; i < i1; i++) {
        for (int r = r0; r < r1; r++, at += p->tw) {
            MYE_VEC(wino_fill)(&p->source, j->x, i, r, r > r0, w->x, lane);
            MYE_VEC(wino_input)(p, w->x, at, w->V);
            MYE_VEC(wino_fill)(&p->gradient, dy, i, r, false, w->dy, lane);
            if (w->dbias)
                MYE_VEC(column_sums)
            ((int64_t)WINO_OUT * p->gradient.columns, p->N, w->dy, w->dbias);
            for (int panel = w->panel0; panel < w->panel1; panel++) {
                const ptrdiff_t row = (ptrdiff_t)(panel - w->panel0) * tiles + at;
                MYE_VEC(wino_gradient)(p, w->dy, panel, w->Z + row * TILE_COLS, w->z_pitch);
            }
        }
    }
    return tiles;
}

/* dU += V^T Z of `tiles` tiles */
static void multiply(const wino_job *j, const wino_part *w, int tiles)
{
    const mye_wino *p = &j->plan;
    const int rows = p->vecs * VEC;
    for (int g = 0; g < WINO_GRID; g++) {
        const float *V = w->V + g * wino_grid_pitch(p), *z = w->Z + g * w->z_pitch;
        float *u = w->dU + g * w->du_pitch;
        for (int panel = w->panel0; panel < w->panel1; panel++) {
            for (int c = 0; c < p->K; c += WINO_ROWS)
                MYE_VEC(wino_outer)
            (tiles, V + c / VEC * wino_vec_pitch(p) + c % VEC, z, u + c * TILE_COLS, w->load);
            z += (ptrdiff_t)tiles * TILE_COLS;
            u += (ptrdiff_t)rows * TILE_COLS;
        }
    }
}

/* dw (+)= G^T dU G for the panels of a shard */
static void finish(const wino_job *j, const wino_part *w, float *dw, bool add)
{
    const mye_wino *p = &j->plan;
    for (int panel = w->panel0; panel < w->panel1; panel++) {
        const int column = panel * TILE_COLS;
        const int n = p->N - column < TILE_COLS ? p->N - column : TILE_COLS;
        const float *u = w->dU + (ptrdiff_t)(panel - w->panel0) * p->vecs * VEC * TILE_COLS;
        for (int c = 0; c < p->K; c++, u += TILE_COLS) {
            float dg[9 * TILE_COLS];
            MYE_VEC(wino_window_gradient)(u, w->du_pitch, dg);
            for (int tap = 0; tap < 9; tap++) {
                float *to = dw + ((ptrdiff_t)tap * p->K + c) * p->N + column;
                if (add)
                    MYE_VEC(add)(n, dg + tap * TILE_COLS, to);
                else
                    memcpy(to, dg + tap * TILE_COLS, (size_t)n * sizeof *to);
            }
        }
    }
}

/* Images [i0, i1) in blocks of nearly equal size. */
static void run_images(const wino_job *j, wino_part *w, int64_t i0, int64_t i1, mye_lane *lane)
{
    const mye_wino *p = &j->plan;
    const int64_t blocks = (i1 - i0 + p->images - 1) / p->images;
    for (int64_t block = 0, i = i0; block < blocks; block++) {
        const int64_t end = i0 + (i1 - i0) * (block + 1) / blocks;
        for (int r = 0; r < p->th; r += p->rows) {
            const int stop = r + p->rows < p->th ? r + p->rows : p->th;
            const int tiles = transform(j, w, i, end, r, stop, lane);
            multiply(j, w, tiles);
            w->load = true;
        }
        i = end;
    }
}

static void *take_zeros(mye_lane *lane, const mye_wino_strip *s)
{
    const size_t bytes = MYE_VEC(wino_strip_floats)(s) * sizeof(float);
    return memset(mye_lane_take(lane, bytes), 0, bytes);
}

static void weight_shard(void *arg, int shard, int lane_index)
{
    const wino_job *j = arg;
    const mye_wino *p = &j->plan;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int split = shard % j->splits, sum = shard / j->splits;
    wino_part w = {.panel0 = p->panels * split / j->splits,
                   .panel1 = p->panels * (split + 1) / j->splits,
                   .x = take_zeros(lane, &p->source),
                   .dy = take_zeros(lane, &p->gradient),
                   .dbias = split == 0 ? j->dbias : NULL};
    float *dw = j->dw;
    w.z_pitch = z_pitch(p, w.panel1 - w.panel0);
    w.du_pitch = du_pitch(p, w.panel1 - w.panel0);
    w.V = mye_lane_take(lane, (size_t)wino_grid_pitch(p) * WINO_GRID * sizeof(float));
    w.Z = mye_lane_take(lane, (size_t)w.z_pitch * WINO_GRID * sizeof(float));
    w.dU = mye_lane_take(lane, (size_t)w.du_pitch * WINO_GRID * sizeof(float));
    if (j->sums > 1) {
        dw = j->scratch + (size_t)sum * (j->weights + (size_t)p->N);
        if (w.dbias)
            w.dbias = memset(dw + j->weights, 0, (size_t)p->N * sizeof *dw);
    }
    run_images(j, &w, j->n * sum / j->sums, j->n * (sum + 1) / j->sums, lane);
    finish(j, &w, dw, j->sums == 1);
    lane->used = used;
}

/* dw += the partial sums, in their order. */
static void add_shard(void *arg, int shard, int lane)
{
    const wino_job *j = arg;
    const size_t stride = j->weights + (size_t)j->plan.N, first = (size_t)shard * ADD_FLOATS;
    const size_t last = first + ADD_FLOATS < j->weights ? first + ADD_FLOATS : j->weights;
    MYE_UNUSED(lane);
    for (int k = 0; k < j->sums; k++)
        MYE_VEC(add)
    ((int64_t)(last - first), j->scratch + (size_t)k * stride + first, j->dw + first);
    if (shard == 0 && j->dbias)
        for (int k = 0; k < j->sums; k++)
            MYE_VEC(add)(j->plan.N, j->scratch + (size_t)k * stride + j->weights, j->dbias);
}

void MYE_VEC(wino_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                   mye_images x, const float *dy, float *dw, float *dbias,
                                   float *scratch)
{
    wino_job j = {.r = r,
                  .n = n,
                  .x = x,
                  .dy = {dy, s->OH, s->OW * s->O},
                  .dw = dw,
                  .dbias = dbias,
                  .scratch = scratch,
                  .weights = weight_floats(s)};
    if (n <= 0)
        return;
    MYE_VEC(wino_plan)(&j.plan, s, MYE_CONV_WEIGHT);
    cut_work(&j.plan, n, &j.sums, &j.splits);
    mye_parallel(r.ctx, j.sums * j.splits, weight_shard, &j);
    if (j.sums > 1)
        mye_parallel(r.ctx, (int)((j.weights + ADD_FLOATS - 1) / ADD_FLOATS), add_shard, &j);
}
