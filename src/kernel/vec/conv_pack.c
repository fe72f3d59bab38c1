/*
 * Packed weights: for each phase of a pass, for each panel of TILE_COLS written channels, the rows
 * of the window, each a run of taps x read channels, each with TILE_COLS values (0 behind the last
 * channel). So the tile reads them front to back.
 */
#include "kernel/vec/vec.h"

typedef struct pack_job {
    mye_plan plan;
    const float *weight;
    float *packed;
} pack_job;

/* Window position of tap t: backward walks it from its end, one step per stride. */
static int window_position(const mye_plan *p, int phase, int taps, int stride, int t)
{
    return p->backward ? phase + stride * (taps - 1 - t) : t;
}

/* dst[k][c] = src[k][c] */
static void copy_rows(int K, int n, const float *src, ptrdiff_t row, float *dst)
{
    for (int k = 0; k < K; k++, dst += TILE_COLS) {
        memcpy(dst, src + k * row, (size_t)n * sizeof *dst);
        memset(dst + n, 0, (size_t)(TILE_COLS - n) * sizeof *dst);
    }
}

/* dst[k][c] = src[c][k] */
static void copy_columns(int K, int n, const float *src, ptrdiff_t row, float *dst)
{
    for (int k = 0; k < K; k++, dst += TILE_COLS) {
        for (int c = 0; c < n; c++)
            dst[c] = src[c * row + k];
        for (int c = n; c < TILE_COLS; c++)
            dst[c] = 0.0f;
    }
}

static void pack_panel(const pack_job *j, int ph, int pw, int panel, float *dst)
{
    const mye_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int taps_h = MYE_VEC(axis_h)(p, ph).taps, taps_w = MYE_VEC(axis_w)(p, pw).taps;
    const int column = panel * TILE_COLS;
    const int n = p->N - column < TILE_COLS ? p->N - column : TILE_COLS;
    dst += (size_t)panel * (size_t)taps_h * (size_t)taps_w * (size_t)p->K * TILE_COLS;
    for (int th = 0; th < taps_h; th++) {
        const int i = window_position(p, ph, taps_h, s->sh, th);
        for (int tw = 0; tw < taps_w; tw++, dst += (size_t)p->K * TILE_COLS) {
            const int k = window_position(p, pw, taps_w, s->sw, tw);
            const float *src = j->weight + (size_t)(i * s->kw + k) * (size_t)s->C * (size_t)s->O;
            if (p->backward)
                copy_columns(p->K, n, src + (ptrdiff_t)column * s->O, s->O, dst);
            else
                copy_rows(p->K, n, src + column, s->O, dst);
        }
    }
}

static void pack_shard(void *arg, int shard, int lane)
{
    const pack_job *j = arg;
    const mye_plan *p = &j->plan;
    float *dst = j->packed;
    int at = 0;
    MYE_UNUSED(lane);
    for (int ph = 0; ph < p->phases_h; ph++) {
        for (int pw = 0; pw < p->phases_w; pw++, at += p->panels) {
            if (shard >= at && shard < at + p->panels) {
                pack_panel(j, ph, pw, shard - at, dst);
                return;
            }
            dst += (size_t)p->panels * (size_t)MYE_VEC(axis_h)(p, ph).taps *
                   (size_t)MYE_VEC(axis_w)(p, pw).taps * (size_t)p->K * TILE_COLS;
        }
    }
}

size_t MYE_VEC(conv_pack_bytes)(const mye_conv_shape *s, int direction)
{
    if (s->groups > 1)
        return 0;
    const size_t N = (size_t)(direction ? s->C : s->O), K = (size_t)(direction ? s->O : s->C);
    const size_t panels = (N + TILE_COLS - 1) / TILE_COLS;
    return panels * TILE_COLS * K * (size_t)s->kh * (size_t)s->kw * sizeof(float);
}

void MYE_VEC(conv_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed)
{
    if (s->groups > 1)
        return;
    pack_job j = {.weight = weight, .packed = packed};
    MYE_VEC(plan)(&j.plan, s, direction);
    mye_parallel(r.ctx, j.plan.phases_h * j.plan.phases_w * j.plan.panels, pack_shard, &j);
}
