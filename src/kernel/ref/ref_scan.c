/* Reference of the fused passes over steps: the single passes, neuron by neuron. */
#include "kernel/ref/ref.h"

static float current(const mye_lif_steps *s, int t, int64_t i)
{
    const int64_t channel = t * s->pitch + (s->scale ? i % s->period : 0);
    return s->scale ? s->x[t][i] * s->scale[channel] + s->shift[channel] : s->x[t][i];
}

static float slope(const mye_lif_steps *s, float u)
{
    float h;
    mye_kernels_ref.surrogate[s->surrogate](1, &u, s->lif->theta, s->a, s->b, &h);
    return h;
}

static void collect(const mye_lif_steps *s, const mye_lif_rates *a, int t, int64_t i, float u,
                    float *eps)
{
    const float h = slope(s, u);
    if (a->mode == 0)
        *eps = a->eps_of[t];
    mye_ref_rate_collect(s->lif, a->mode, 1, &u, &h, eps, a->e + i, a->r + i);
}

int64_t mye_ref_lif_scan(const mye_lif_steps *s, float *u, uint64_t *const *spikes,
                         const mye_lif_rates *rates)
{
    int64_t count = 0;
    for (int64_t i = 0; i < s->n; i++) {
        float v = u && !s->first ? u[i] : 0.0f, eps = 1.0f;
        if (rates && s->first)
            rates->e[i] = rates->r[i] = 0.0f;
        else if (rates && rates->eps)
            eps = rates->eps[i];
        for (int t = 0; t < s->steps; t++) {
            const float x = current(s, t, i);
            uint64_t fired, bit = (uint64_t)1 << (i % 64);
            count += mye_ref_lif_forward(s->lif, 1, s->first && t == 0, &x, &v, &fired);
            spikes[t][i / 64] = (i % 64 ? spikes[t][i / 64] : 0) | (fired ? bit : 0);
            if (rates)
                collect(s, rates, t, i, v, &eps);
        }
        if (u)
            u[i] = v;
        if (!rates)
            continue;
        rates->e[i] *= rates->e_scale;
        rates->r[i] *= rates->r_scale;
        if (rates->eps)
            rates->eps[i] = eps;
    }
    return count;
}

void mye_ref_lif_unscan(const mye_lif_steps *s, const float *u, const float *const *g,
                        float *const *dx, bool sum)
{
    for (int64_t i = 0; i < s->n; i++) {
        float v[MYE_LIF_STEPS], carry = 0.0f, total = 0.0f;
        for (int t = 0; t < s->steps; t++) {
            const float x = u ? 0.0f : current(s, t, i);
            v[t] = u ? u[i] : t > 0 ? v[t - 1] : 0.0f;
            if (!u)
                (void)mye_ref_lif_forward(s->lif, 1, s->first && t == 0, &x, &v[t], NULL);
        }
        for (int t = s->steps - 1; t >= 0; t--) {
            const float h = slope(s, v[t]);
            float d;
            mye_ref_lif_backward(s->lif, 1, &g[t][i], &h, &v[t], &carry, &d, NULL);
            total = t == s->steps - 1 ? d : total + d;
            if (!sum)
                dx[t][i] = d;
        }
        if (sum)
            dx[0][i] = total;
    }
}
