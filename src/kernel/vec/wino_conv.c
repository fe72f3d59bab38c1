/*
 * Winograd convolution, forward and backward data. A shard transforms the source of a block of tiles
 * once; then, panel by panel of written channels, come the 36 products and the transform of their
 * results while these are in cache.
 */
#include "kernel/vec/wino.h"

/* Channels of U whose panel stays in the first-level cache: 32 KiB. */
#define CHUNK_K (8192 / TILE_COLS)

typedef struct wino_job {
    mye_run_lanes r;
    mye_wino plan;
    int64_t n;
    mye_images x;
    const float *packed, *bias;
    float *y;
    bool accumulate;
    const mye_conv_done *done;
} wino_job;

typedef struct wino_block {
    int64_t i0, i1; /* images            */
    int r0, r1;     /* rows of tiles     */
    int tiles;
    float *V, *M;
} wino_block;

static size_t v_floats(const mye_wino *p)
{
    return (size_t)wino_grid_pitch(p, p->vecs) * WINO_GRID;
}

static size_t m_floats(const mye_wino *p)
{
    return (size_t)p->tiles * WINO_STEP;
}

static void transform_source(const wino_job *j, const wino_block *b, mye_lane *lane)
{
    const mye_wino *p = &j->plan;
    const size_t used = lane->used, bytes = MYE_VEC(wino_strip_floats)(&p->source) * sizeof(float);
    float *strip = mye_lane_take(lane, bytes);
    int at = 0;
    memset(strip, 0, bytes);
    for (int64_t i = b->i0; i < b->i1; i++) {
        for (int r = b->r0; r < b->r1; r++, at += p->tw) {
            MYE_VEC(wino_fill)(&p->source, j->x, i, r, r > b->r0, strip, lane);
            MYE_VEC(wino_input)(p, strip, at, 0, p->vecs, b->V);
        }
    }
    lane->used = used;
}

/* M of point g for a panel */
static void multiply(const wino_job *j, const wino_block *b, int g, int panel)
{
    const mye_wino *p = &j->plan;
    const int chunks = (p->K + CHUNK_K - 1) / CHUNK_K;
    const float *U = j->packed + ((size_t)panel * WINO_GRID + (size_t)g) * (size_t)p->K * TILE_COLS;
    mye_wino_product t = {.a_vec = wino_vec_pitch(p),
                          .y = b->M + g * TILE_COLS,
                          .y_row = WINO_STEP,
                          .rows = b->tiles};
    for (int c = 0, v0 = 0; c < chunks; c++) {
        const int v1 = p->vecs * (c + 1) / chunks;
        t.a = b->V + g * wino_grid_pitch(p, p->vecs) + v0 * t.a_vec;
        t.b = U + (size_t)v0 * VEC * TILE_COLS;
        t.n = (v1 * VEC < p->K ? v1 * VEC : p->K) - v0 * VEC;
        t.load = c > 0;
        MYE_VEC(wino_product)(&t);
        v0 = v1;
    }
}

static void transform_outputs(const wino_job *j, const wino_block *b, int panel)
{
    const mye_wino *p = &j->plan;
    const int column = panel * TILE_COLS;
    const float *m = b->M;
    mye_wino_output o = {.y_row = (ptrdiff_t)p->dst_w * p->N,
                         .y_col = p->N,
                         .bias = j->bias ? j->bias + column : NULL,
                         .width = p->N - column < TILE_COLS ? p->N - column : TILE_COLS,
                         .accumulate = j->accumulate};
    for (int64_t i = b->i0; i < b->i1; i++) {
        for (int r = b->r0; r < b->r1; r++) {
            const int left = p->dst_h - r * WINO_OUT;
            o.rows = left < WINO_OUT ? left : WINO_OUT;
            o.y = j->y + (i * p->dst_h + r * WINO_OUT) * o.y_row + column;
            for (int c = 0; c < p->tw; c++, m += WINO_STEP, o.y += WINO_OUT * o.y_col) {
                const int right = p->dst_w - c * WINO_OUT;
                o.cols = right < WINO_OUT ? right : WINO_OUT;
                MYE_VEC(wino_output)(&o, m);
            }
        }
    }
}

/* Neighbouring shards work on different blocks with the same panels of U: they share it in cache. */
static void wino_shard(void *arg, int shard, int lane_index)
{
    const wino_job *j = arg;
    const mye_wino *p = &j->plan;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int blocks = p->groups * p->bands, block = shard % blocks, split = shard / blocks;
    const int panel0 = p->panels * split / p->splits, panel1 = p->panels * (split + 1) / p->splits;
    wino_block b = {.i0 = (int64_t)(block / p->bands) * p->images,
                    .r0 = block % p->bands * p->rows};
    b.i1 = b.i0 + p->images < j->n ? b.i0 + p->images : j->n;
    b.r1 = b.r0 + p->rows < p->th ? b.r0 + p->rows : p->th;
    b.tiles = (int)(b.i1 - b.i0) * (b.r1 - b.r0) * p->tw;
    b.V = mye_lane_take(lane, v_floats(p) * sizeof(float));
    b.M = mye_lane_take(lane, m_floats(p) * sizeof(float));
    transform_source(j, &b, lane);
    for (int panel = panel0; panel < panel1; panel++) {
        for (int g = 0; g < WINO_GRID; g++)
            multiply(j, &b, g, panel);
        transform_outputs(j, &b, panel);
    }
    if (j->done) {
        const int end = b.r1 * WINO_OUT, last = panel1 * TILE_COLS;
        const mye_conv_block whole = {b.i0,
                                      b.i1,
                                      b.r0 * WINO_OUT,
                                      end < p->dst_h ? end : p->dst_h,
                                      panel0 * TILE_COLS,
                                      last < p->N ? last : p->N};
        j->done->block(j->done->self, shard, &whole, lane);
    }
    lane->used = used;
}

static void run_job(wino_job *j)
{
    if (j->n <= 0)
        return;
    MYE_VEC(wino_fit)(&j->plan, j->n);
    mye_parallel(j->r.ctx, j->plan.groups * j->plan.bands * j->plan.splits, wino_shard, j);
}

void MYE_VEC(wino_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done)
{
    wino_job j = {.r = r, .n = n, .x = x, .packed = packed, .bias = bias, .y = y, .done = done};
    MYE_VEC(wino_plan)(&j.plan, s, MYE_CONV_FORWARD);
    run_job(&j);
}

void MYE_VEC(wino_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                 const float *dy, const float *packed, float *dx, bool accumulate)
{
    const mye_dense_images images = {dy, s->OH, s->OW * s->O};
    wino_job j = {.r = r,
                  .n = n,
                  .x = MYE_VEC(dense_images)(&images),
                  .packed = packed,
                  .y = dx,
                  .accumulate = accumulate};
    MYE_VEC(wino_plan)(&j.plan, s, MYE_CONV_DATA);
    run_job(&j);
}

bool MYE_VEC(wino_fits)(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(pass);
    return s->kh == 3 && s->kw == 3 && s->sh == 1 && s->sw == 1 && s->groups == 1;
}

int MYE_VEC(wino_shards)(const mye_conv_shape *s, int64_t n)
{
    mye_wino p;
    if (n <= 0)
        return 0;
    MYE_VEC(wino_plan)(&p, s, MYE_CONV_FORWARD);
    MYE_VEC(wino_fit)(&p, n);
    return p.groups * p.bands * p.splits;
}

size_t MYE_VEC(wino_lane_bytes)(const mye_conv_shape *s, int pass)
{
    mye_wino p;
    if (pass == MYE_CONV_WEIGHT)
        return MYE_VEC(wino_weight_lane_bytes)(s);
    MYE_VEC(wino_plan)(&p, s, pass);
    return (v_floats(&p) + m_floats(&p) + MYE_VEC(wino_strip_floats)(&p.source)) * sizeof(float) +
           3 * MYE_ALIGN;
}
