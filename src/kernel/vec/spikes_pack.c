/* Plan and packed weights of the spike-driven way: see vec.h. */
#include "kernel/vec/vec.h"

/* Weights of a part and a panel: they stay in a 1 MiB second-level cache beside lists and sums. */
#define PART_FLOATS ((int64_t)(288 << 10) / 4)
#define INDEX_MAX   65536 /* places in a row of the source that 16 bits tell apart */

typedef struct pack_job {
    mye_spike_plan plan;
    const float *weight;
    float *packed;
} pack_job;

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

int MYE_VEC(spike_panels)(int N)
{
    const int vecs = (N + VEC - 1) / VEC;
    return (vecs + SPIKE_VECS - 1) / SPIKE_VECS;
}

mye_spike_panel MYE_VEC(spike_panel)(int N, int i)
{
    const int vecs = (N + VEC - 1) / VEC, panels = MYE_VEC(spike_panels)(N);
    const int first = (int)((int64_t)vecs * i / panels),
              end = (int)((int64_t)vecs * (i + 1) / panels);
    const int column = first * VEC, left = N - column, all = (end - first) * VEC;
    return (mye_spike_panel){column, end - first, left < all ? left : all};
}

void MYE_VEC(spike_plan)(mye_spike_plan *p, const mye_conv_shape *s, int pass)
{
    MYE_VEC(plan)(&p->p, s, pass);
    p->p.by_tap = true; /* padding is never read */
    p->p.panels = MYE_VEC(spike_panels)(p->p.N);
    const mye_spike_panel widest = MYE_VEC(spike_panel)(p->p.N, p->p.panels - 1);
    const int64_t row = (int64_t)widest.vecs * VEC;
    const int64_t taps = ceil_div(s->kh, p->p.phases_h) * ceil_div(s->kw, p->p.phases_w);
    const int64_t far = ceil_div(p->p.K * taps * row, PART_FLOATS);
    const int64_t most = INDEX_MAX / p->p.src_w; /* channels of a part */
    const int64_t small = ceil_div(p->p.K, most > 0 ? most : 1);
    const int64_t parts = far > small ? far : small;
    p->parts = (int)(parts < p->p.K ? parts : p->p.K);
    p->chunks = (int)ceil_div(ceil_div(p->p.K, p->parts) * row, SPIKE_NEAR);
}

int MYE_VEC(spike_part)(const mye_spike_plan *p, int i)
{
    return (int)((int64_t)p->p.K * i / p->parts);
}

/* dst[k][c] = src[k * k_step + c * c_step], columns behind `width` are 0; rows of `all` floats. */
static void copy_rows(int K, int width, int all, const float *src, ptrdiff_t k_step,
                      ptrdiff_t c_step, float *dst)
{
    for (int k = 0; k < K; k++, src += k_step, dst += all) {
        if (c_step == 1)
            memcpy(dst, src, (size_t)width * sizeof *dst);
        else
            for (int c = 0; c < width; c++)
                dst[c] = src[c * c_step];
        memset(dst + width, 0, (size_t)(all - width) * sizeof *dst);
    }
}

static void pack_panel(const pack_job *j, int ph, int pw, int panel, float *dst)
{
    const mye_plan *p = &j->plan.p;
    const mye_conv_shape *s = p->s;
    const int taps_h = MYE_VEC(axis_h)(p, ph).taps, taps_w = MYE_VEC(axis_w)(p, pw).taps;
    const mye_spike_panel n = MYE_VEC(spike_panel)(p->N, panel);
    const ptrdiff_t k_step = p->backward ? 1 : s->O, c_step = p->backward ? s->O : 1;
    dst += (ptrdiff_t)n.column * taps_h * taps_w * p->K;
    for (int part = 0; part < j->plan.parts; part++) {
        const int k0 = MYE_VEC(spike_part)(&j->plan, part);
        const int K = MYE_VEC(spike_part)(&j->plan, part + 1) - k0;
        for (int t = 0; t < taps_h * taps_w; t++, dst += (ptrdiff_t)K * n.vecs * VEC) {
            const int th = t / taps_w, tw = t % taps_w;
            /* Backward walks the window from its end, one step per stride. */
            const int i = p->backward ? ph + s->sh * (taps_h - 1 - th) : th;
            const int k = p->backward ? pw + s->sw * (taps_w - 1 - tw) : tw;
            const float *src = j->weight + ((ptrdiff_t)i * s->kw + k) * s->C * s->O;
            copy_rows(K, n.width, n.vecs * VEC, src + k0 * k_step + n.column * c_step, k_step,
                      c_step, dst);
        }
    }
}

static void pack_shard(void *arg, int shard, int lane)
{
    const pack_job *j = arg;
    const mye_plan *p = &j->plan.p;
    const int vecs = (p->N + VEC - 1) / VEC, phase = shard / p->panels;
    float *dst = j->packed;
    MYE_UNUSED(lane);
    for (int i = 0; i < phase; i++)
        dst += (ptrdiff_t)MYE_VEC(axis_h)(p, i / p->phases_w).taps *
               MYE_VEC(axis_w)(p, i % p->phases_w).taps * p->K * vecs * VEC;
    pack_panel(j, phase / p->phases_w, phase % p->phases_w, shard % p->panels, dst);
}

size_t MYE_VEC(spike_pack_bytes)(const mye_conv_shape *s, int direction)
{
    const size_t N = (size_t)(direction ? s->C : s->O), K = (size_t)(direction ? s->O : s->C);
    return (N + VEC - 1) / VEC * VEC * K * (size_t)s->kh * (size_t)s->kw * sizeof(float);
}

void MYE_VEC(spike_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                         const float *weight, float *packed)
{
    pack_job j = {.weight = weight, .packed = packed};
    MYE_VEC(spike_plan)(&j.plan, s, direction);
    mye_parallel(r.ctx, j.plan.p.phases_h * j.plan.p.phases_w * j.plan.p.panels, pack_shard, &j);
}
