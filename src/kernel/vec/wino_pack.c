/* Packed weights of the Winograd passes: U = G g G^T as [panels][36][K][TILE_COLS]. */
#include "kernel/vec/wino.h"

#define PACK_K 16 /* channels that are turned round at a time */

typedef struct pack_job {
    mye_wino plan;
    const mye_conv_shape *s;
    const float *weight;
    float *packed;
    bool back;
    int cuts; /* of K */
} pack_job;

/* g [k][tap][column] of channels [k0, k1), for the columns of a panel; forward: as they lie. */
static void gather_forward(const pack_job *j, int column, int n, int k0, int k1, float *g)
{
    const mye_conv_shape *s = j->s;
    for (int k = k0; k < k1; k++)
        for (int tap = 0; tap < 9; tap++, g += TILE_COLS)
            memcpy(g, j->weight + ((ptrdiff_t)tap * s->C + k) * s->O + column,
                   (size_t)n * sizeof *g);
}

/* Backward: windows turned by half a turn, read channels are the outputs. */
static void gather_back(const pack_job *j, int column, int n, int k0, int k1, float *g)
{
    const mye_conv_shape *s = j->s;
    for (int tap = 0; tap < 9; tap++, g += TILE_COLS) {
        const float *w = j->weight + ((ptrdiff_t)(8 - tap) * s->C + column) * s->O;
        for (int c = 0; c < n; c++, w += s->O)
            for (int k = k0; k < k1; k++)
                g[(k - k0) * 9 * TILE_COLS + c] = w[k];
    }
}

static void pack_shard(void *arg, int shard, int lane)
{
    const pack_job *j = arg;
    const mye_wino *p = &j->plan;
    const int panel = shard / j->cuts, cut = shard % j->cuts, column = panel * TILE_COLS;
    const int n = p->N - column < TILE_COLS ? p->N - column : TILE_COLS;
    const int end = (int)((int64_t)p->K * (cut + 1) / j->cuts);
    float g[PACK_K * 9 * TILE_COLS] = {0}; /* behind column n it stays 0 */
    float *u = j->packed + (size_t)panel * WINO_GRID * (size_t)p->K * TILE_COLS;
    const ptrdiff_t pitch = (ptrdiff_t)p->K * TILE_COLS;
    MYE_UNUSED(lane);
    for (int k0 = (int)((int64_t)p->K * cut / j->cuts); k0 < end; k0 += PACK_K) {
        const int k1 = k0 + PACK_K < end ? k0 + PACK_K : end;
        if (j->back)
            gather_back(j, column, n, k0, k1, g);
        else
            gather_forward(j, column, n, k0, k1, g);
        for (int k = k0; k < k1; k++)
            MYE_VEC(wino_window)
        (g + (k - k0) * 9 * TILE_COLS, u + (ptrdiff_t)k * TILE_COLS, pitch);
    }
    MYE_VEC(wino_window_end)();
}

size_t MYE_VEC(wino_pack_bytes)(const mye_conv_shape *s, int direction)
{
    mye_wino p;
    MYE_VEC(wino_plan)(&p, s, direction);
    return (size_t)p.panels * (size_t)p.K * WINO_STEP * sizeof(float);
}

void MYE_VEC(wino_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed)
{
    pack_job j = {.s = s, .weight = weight, .packed = packed, .back = direction == MYE_CONV_DATA};
    MYE_VEC(wino_plan)(&j.plan, s, direction);
    j.cuts = (j.plan.K + 4 * PACK_K - 1) / (4 * PACK_K);
    mye_parallel(r.ctx, j.plan.panels * j.cuts, pack_shard, &j);
}
