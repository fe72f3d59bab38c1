/*
 * Winograd backward weights. A shard owns a range of images and a part of dw: vectors of inputs by
 * panels of outputs. Block by block it transforms the inputs (V) and the output gradients (Z), and
 * adds the 36 products of the two, summed over tiles, to dU; at its end dU is transformed to its part
 * of dw. Ranges of images are fixed partial sums, added in their order.
 */
#include "kernel/vec/wino.h"

#define MAX_SHARDS 8
#define DU_BYTES   5000000 /* of a shard's dU: it is read and written once a block          */
#define MIN_TILES  32      /* of a partial sum                                               */

/* How many parts the images are cut into, and dw along its inputs and outputs. */
typedef struct wino_cut {
    int sums, inputs, outputs;
} wino_cut;

typedef struct wino_job {
    mye_run_lanes r;
    mye_wino plan;
    int64_t n;
    mye_images x;
    mye_dense_images dy;
    float *dw, *dbias, *scratch;
    wino_cut cut;
    size_t weights; /* floats of dw */
} wino_job;

/* Part of a shard, in scratch. Pitches are those between the 36 points. */
typedef struct wino_part {
    int v0, v1, panel0, panel1;
    float *V, *Z, *dU, *x, *dy;
    float *dbias; /* of all outputs, by the shard with the first panel; else NULL */
    ptrdiff_t z_pitch, du_pitch;
    bool load; /* dU already holds something */
} wino_part;

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int part(int a, int parts)
{
    return (a + parts - 1) / parts;
}

static double du_bytes(const mye_wino *p, const wino_cut *c)
{
    return (double)part(p->vecs, c->inputs) * VEC * part(p->panels, c->outputs) * WINO_STEP *
           sizeof(float);
}

/* Cuts dw once more, where that costs less: every part of outputs transforms its inputs anew, every
 * part of inputs its outputs. */
static bool cut_more(const mye_wino *p, wino_cut *c)
{
    const bool can_in = c->inputs < p->vecs, can_out = c->outputs < p->panels;
    if (can_out && (!can_in || (int64_t)c->outputs * p->K <= (int64_t)c->inputs * p->N))
        c->outputs = smaller(2 * c->outputs, p->panels);
    else if (can_in)
        c->inputs = smaller(2 * c->inputs, p->vecs);
    return can_in || can_out;
}

static wino_cut least_cut(const mye_wino *p)
{
    wino_cut c = {1, 1, 1};
    while (du_bytes(p, &c) > DU_BYTES && cut_more(p, &c))
        ;
    return c;
}

static wino_cut cut_work(const mye_wino *p, int64_t n)
{
    wino_cut c = least_cut(p);
    const int64_t tiles = n * p->th * p->tw;
    while (c.sums * c.inputs * c.outputs < MAX_SHARDS && 2 * c.sums <= n &&
           tiles >= 2 * c.sums * MIN_TILES)
        c.sums *= 2;
    while (c.sums * c.inputs * c.outputs < MAX_SHARDS && cut_more(p, &c))
        ;
    return c;
}

static size_t weight_floats(const mye_conv_shape *s)
{
    return 9 * (size_t)s->C * (size_t)s->O;
}

size_t MYE_VEC(wino_scratch_bytes)(const mye_conv_shape *s, int64_t n)
{
    mye_wino p;
    MYE_VEC(wino_plan)(&p, s, MYE_CONV_WEIGHT);
    const int sums = cut_work(&p, n).sums;
    return sums < 2 ? 0 : (size_t)sums * (weight_floats(s) + (size_t)s->O) * sizeof(float);
}

static ptrdiff_t z_pitch(const mye_wino *p, int panels)
{
    return (ptrdiff_t)panels * p->tiles * TILE_COLS + VEC;
}

static ptrdiff_t du_pitch(int vecs, int panels)
{
    return (ptrdiff_t)panels * vecs * VEC * TILE_COLS + VEC;
}

size_t MYE_VEC(wino_weight_lane_bytes)(const mye_conv_shape *s)
{
    mye_wino p;
    MYE_VEC(wino_plan)(&p, s, MYE_CONV_WEIGHT);
    const wino_cut cut = least_cut(&p);
    const int vecs = part(p.vecs, cut.inputs), panels = part(p.panels, cut.outputs);
    const ptrdiff_t grid = wino_grid_pitch(&p, vecs) + z_pitch(&p, panels) + du_pitch(vecs, panels);
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
    const mye_images dy = MYE_VEC(dense_images)(&j->dy);
    const int tiles = (int)(i1 - i0) * (r1 - r0) * p->tw;
    int at = 0;
    for (int64_t i = i0; i < i1; i++) {
        for (int r = r0; r < r1; r++, at += p->tw) {
            MYE_VEC(wino_fill)(&p->source, j->x, i, r, r > r0, w->x, lane);
            MYE_VEC(wino_input)(p, w->x, at, w->v0, w->v1, w->V);
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
    const int vecs = w->v1 - w->v0, last = p->K - w->v0 * VEC;
    const int rows = vecs * VEC < last ? vecs * VEC : last;
    for (int g = 0; g < WINO_GRID; g++) {
        const float *V = w->V + g * wino_grid_pitch(p, vecs), *z = w->Z + g * w->z_pitch;
        float *u = w->dU + g * w->du_pitch;
        for (int panel = w->panel0; panel < w->panel1; panel++) {
            for (int c = 0; c < rows; c += WINO_ROWS) {
                const float *v = V + c / VEC * wino_vec_pitch(p) + c % VEC;
                MYE_VEC(wino_outer)(tiles, v, z, u + c * TILE_COLS, w->load);
            }
            z += (ptrdiff_t)tiles * TILE_COLS;
            u += (ptrdiff_t)vecs * VEC * TILE_COLS;
        }
    }
}

/* dw (+)= G^T dU G for the part of a shard */
static void finish(const wino_job *j, const wino_part *w, float *dw, bool add)
{
    const mye_wino *p = &j->plan;
    const int vecs = w->v1 - w->v0, end = w->v1 * VEC < p->K ? w->v1 * VEC : p->K;
    for (int panel = w->panel0; panel < w->panel1; panel++) {
        const int column = panel * TILE_COLS;
        const int n = p->N - column < TILE_COLS ? p->N - column : TILE_COLS;
        const float *u = w->dU + (ptrdiff_t)(panel - w->panel0) * vecs * VEC * TILE_COLS;
        for (int c = w->v0 * VEC; c < end; c++, u += TILE_COLS)
            MYE_VEC(wino_window_gradient)
        (u, w->du_pitch, dw + (ptrdiff_t)c * p->N + column, (ptrdiff_t)p->K * p->N, n, add);
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
    const wino_cut *cut = &j->cut;
    const int out = shard % cut->outputs, in = shard / cut->outputs % cut->inputs;
    const int sum = shard / cut->outputs / cut->inputs;
    wino_part w = {.v0 = p->vecs * in / cut->inputs,
                   .v1 = p->vecs * (in + 1) / cut->inputs,
                   .panel0 = p->panels * out / cut->outputs,
                   .panel1 = p->panels * (out + 1) / cut->outputs,
                   .x = take_zeros(lane, &p->source),
                   .dy = take_zeros(lane, &p->gradient),
                   .dbias = in == 0 && out == 0 ? j->dbias : NULL};
    float *dw = j->dw;
    w.z_pitch = z_pitch(p, w.panel1 - w.panel0);
    w.du_pitch = du_pitch(w.v1 - w.v0, w.panel1 - w.panel0);
    w.V = mye_lane_take(lane, (size_t)wino_grid_pitch(p, w.v1 - w.v0) * WINO_GRID * sizeof(float));
    w.Z = mye_lane_take(lane, (size_t)w.z_pitch * WINO_GRID * sizeof(float));
    w.dU = mye_lane_take(lane, (size_t)w.du_pitch * WINO_GRID * sizeof(float));
    if (j->cut.sums > 1) {
        dw = j->scratch + (size_t)sum * (j->weights + (size_t)p->N);
        if (w.dbias)
            w.dbias = memset(dw + j->weights, 0, (size_t)p->N * sizeof *dw);
    }
    run_images(j, &w, j->n * sum / j->cut.sums, j->n * (sum + 1) / j->cut.sums, lane);
    finish(j, &w, dw, j->cut.sums == 1);
    lane->used = used;
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
    j.cut = cut_work(&j.plan, n);
    mye_parallel(r.ctx, j.cut.sums * j.cut.inputs * j.cut.outputs, weight_shard, &j);
    MYE_VEC(add_weight_sums)
    (r, &(mye_weight_sums){scratch, j.cut.sums, s->O, j.weights, dw, dbias});
}
