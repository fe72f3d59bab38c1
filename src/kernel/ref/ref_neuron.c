/* Reference neurons: the equations of kernel.h, one neuron at a time. */
#include <string.h>

#include "kernel/ref/ref.h"

static bool fires(const mye_lif *p, float u)
{
    return p->strict ? u > p->theta : u >= p->theta;
}

/* Membrane of the next step; `last` is u', before its reset. */
static float step(const mye_lif *p, bool first, float last, float x)
{
    const bool fired = !first && fires(p, last);
    const float v = first ? p->start : last;
    if (p->late && p->hard)
        return p->decay * (fired ? 0.0f : v) + p->gain * x;
    if (p->late)
        return p->decay * v + p->gain * x - (fired ? p->subtract : 0.0f);
    if (p->hard)
        return p->decay * (fired ? p->reset : v) + p->gain * x + p->offset;
    return p->decay * (v - (fired ? p->subtract : 0.0f)) + p->gain * x + p->offset;
}

int64_t mye_ref_lif_forward(const mye_lif *p, int64_t n, bool first, const float *x, float *u,
                            uint64_t *spikes)
{
    int64_t count = 0;
    if (spikes)
        memset(spikes, 0, (size_t)((n + 63) / 64) * sizeof *spikes);
    for (int64_t i = 0; i < n; i++) {
        u[i] = step(p, first, u[i], x[i]);
        if (!fires(p, u[i]))
            continue;
        count++;
        if (spikes)
            spikes[i / 64] |= (uint64_t)1 << (i % 64);
    }
    return count;
}

void mye_ref_lif_fire(const mye_lif *p, int64_t n, const float *u, float *s)
{
    for (int64_t i = 0; i < n; i++)
        s[i] = fires(p, u[i]) ? 1.0f : 0.0f;
}

void mye_ref_lif_backward(const mye_lif *p, int64_t n, const float *g, const float *h,
                          const float *u, float *carry, float *dx, float *du)
{
    const bool attached = !p->detach_reset && !p->late;
    for (int64_t i = 0; i < n; i++) {
        const float s = fires(p, u[i]) ? 1.0f : 0.0f;
        float to_spike = g[i], to_membrane = carry[i];
        if (p->hard) {
            to_spike += attached ? carry[i] * (p->reset - u[i]) : 0.0f;
            to_membrane *= 1.0f - s;
        } else {
            to_spike -= attached ? p->subtract * carry[i] : 0.0f;
        }
        const float d = to_spike * h[i] + to_membrane;
        carry[i] = p->decay * d;
        dx[i] = p->gain * d;
        if (du)
            du[i] = d;
    }
}

void mye_ref_rate_collect(const mye_lif *p, int mode, int64_t n, const float *u, const float *h,
                          float *eps, float *e, float *r)
{
    for (int64_t i = 0; i < n; i++) {
        const float s = fires(p, u[i]) ? 1.0f : 0.0f, d = p->decay;
        const float next[4] = {1.0f + d * eps[i], 1.0f + d * eps[i] * (1.0f - p->subtract * h[i]),
                               1.0f + eps[i] * (d * (1.0f - s) - d * u[i] * h[i]),
                               1.0f + d * eps[i] * (1.0f - s)};
        e[i] += h[i] * eps[i];
        r[i] += s;
        eps[i] = next[mode];
    }
}
