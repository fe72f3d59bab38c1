/*
 * The plan and the packed weights of a convolution with 8-bit weights. Packed: for each panel the
 * scales of its channels; then for each panel [kh][steps][TILE_COLS][4].
 */
#include "kernel/vec/int8_plan.h"
#include "kernel/int8.h"

#define SCRATCH_BYTES (256 << 10) /* beside a panel's weights in the second-level cache     */
#define MAX_POINTS    1024        /* output points of a block                               */
#define SHARD_MACS    8e6         /* less work is not worth a shard of its own, up to ...   */
#define MIN_SHARDS    8           /* ... so many                                            */

/* The largest block of any number of images. */
int8_plan MYE_VEC(int8_plan_most)(const mye_conv_shape *s)
{
    int8_plan p = {.s = s,
                   .panels = shares(s->O, TILE_COLS),
                   .steps = (int)(((int64_t)s->kw * s->C + 3) / 4),
                   .pad_w = max_int(s->pw + s->W, (s->OW - 1) * s->sw + s->kw),
                   .group = 1,
                   .band = s->OH};
    const int64_t whole = image_bytes(&p, s->OH), points = (int64_t)s->OH * s->OW;
    if (whole <= SCRATCH_BYTES && points <= MAX_POINTS) {
        const int64_t fit = SCRATCH_BYTES / whole;
        p.group = (int)(fit < MAX_POINTS / points ? fit : MAX_POINTS / points);
        return p;
    }
    p.band = max_int(min_int(s->OH, MAX_POINTS / s->OW), 1);
    while (p.band > 1 && image_bytes(&p, p.band) > SCRATCH_BYTES)
        p.band = (p.band + 1) / 2;
    return p;
}

static double products(const mye_conv_shape *s, int64_t n, int panels, int steps)
{
    return 4.0 * (double)n * s->OH * s->OW * s->kh * steps * panels * TILE_COLS;
}

/* The plan for n > 0 images: enough shards, first by output channels, which shares the weights out,
 * then by smaller blocks. */
int8_plan MYE_VEC(int8_plan_fit)(const mye_conv_shape *s, int64_t n)
{
    int8_plan p = MYE_VEC(int8_plan_most)(s);
    const double share = products(s, n, p.panels, p.steps) / SHARD_MACS;
    const int want = share > MIN_SHARDS ? MIN_SHARDS : 1 + (int)share;
    p.groups = shares((int)n, p.group);
    p.bands = shares(s->OH, p.band);
    p.splits = min_int(shares(want, p.groups * p.bands), p.panels);
    const int blocks = shares(want, p.splits);
    p.groups = min_int(max_int(p.groups, blocks), (int)n);
    p.group = shares((int)n, p.groups);
    p.groups = shares((int)n, p.group);
    p.bands = min_int(max_int(p.bands, shares(blocks, p.groups)), s->OH);
    p.band = shares(s->OH, p.bands);
    p.bands = shares(s->OH, p.band);
    return p;
}

/* ---- what it takes ---- */

bool MYE_VEC(int8_fits)(const mye_conv_shape *s, int pass)
{
    return pass == MYE_CONV_FORWARD && s->groups == 1;
}

/* One step does four products, at 0.9 of the speed of the direct way's. */
double MYE_VEC(int8_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    MYE_UNUSED(pass);
    MYE_UNUSED(density);
    const int8_plan p = MYE_VEC(int8_plan_most)(s);
    return (products(s, n, p.panels, p.steps) / 3.6 + 4.0 * s->C * s->O * s->kh * s->kw) / VEC;
}

size_t MYE_VEC(int8_lane_bytes)(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(pass);
    const int8_plan p = MYE_VEC(int8_plan_most)(s);
    return scratch_bytes(&p) + 2 * list_size(&p) * sizeof(int32_t) + (size_t)3 * MYE_ALIGN;
}

int MYE_VEC(int8_shards)(const mye_conv_shape *s, int64_t n)
{
    const int8_plan p = MYE_VEC(int8_plan_fit)(s, n);
    return p.groups * p.bands * p.splits;
}

/* ---- packing ---- */

typedef struct int8_packing {
    int8_plan plan;
    const float *weight;
    float *packed;
} int8_packing;

static void set_scales(const mye_conv_shape *s, const float *weight, int width, float *scale)
{
    const int64_t rows = (int64_t)s->kh * s->kw * s->C;
    memset(scale, 0, TILE_COLS * sizeof *scale);
    for (int64_t i = 0; i < rows; i++)
        for (int o = 0; o < width; o++) {
            const float w = __builtin_fabsf(weight[i * s->O + o]);
            scale[o] = w > scale[o] ? w : scale[o];
        }
    for (int o = 0; o < width; o++)
        scale[o] = scale[o] / 127.0f;
}

static void pack_panel(void *arg, int panel, int lane)
{
    const int8_packing *j = arg;
    const int8_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int column = panel * TILE_COLS, width = min_int(s->O - column, TILE_COLS);
    const int64_t run = (int64_t)s->kw * s->C;
    const float *weight = j->weight + column;
    float *scale = j->packed + column;
    int8_t *dst = (int8_t *)(j->packed + (ptrdiff_t)p->panels * TILE_COLS);
    MYE_UNUSED(lane);
    set_scales(s, weight, width, scale);
    dst += (size_t)panel * (size_t)s->kh * (size_t)p->steps * 4 * TILE_COLS;
    for (int i = 0; i < s->kh; i++, dst += (size_t)p->steps * 4 * TILE_COLS) {
        memset(dst, 0, (size_t)p->steps * 4 * TILE_COLS);
        for (int64_t k = 0; k < run; k++)
            for (int o = 0; o < width; o++)
                dst[(k / 4 * TILE_COLS + o) * 4 + k % 4] =
                    mye_int8_round(weight[(i * run + k) * s->O + o], scale[o]);
    }
}

size_t MYE_VEC(int8_pack_bytes)(const mye_conv_shape *s, int direction)
{
    MYE_UNUSED(direction);
    const int8_plan p = MYE_VEC(int8_plan_most)(s);
    return (size_t)p.panels * TILE_COLS * (sizeof(float) + (size_t)s->kh * (size_t)p.steps * 4);
}

void MYE_VEC(int8_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed)
{
    MYE_UNUSED(direction);
    int8_packing j = {MYE_VEC(int8_plan_most)(s), weight, packed};
    mye_parallel(r.ctx, j.plan.panels, pack_panel, &j);
}
