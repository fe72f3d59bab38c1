/* Reference steps of optimisers. */
#include "kernel/ref/ref.h"

#include <math.h>

static double sum_of(const double *s)
{
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

double mye_ref_sum_squares(int64_t n, const float *x)
{
    double sum[8] = {0};
    const int64_t whole = n / 8 * 8;
    for (int64_t i = 0; i < n; i++)
        sum[i < whole ? i % 8 : 0] += (double)x[i] * (double)x[i];
    return sum_of(sum);
}

double mye_ref_dot(int64_t n, const float *x, const float *y)
{
    double sum[32] = {0};
    const int64_t wide = n / 32 * 32, whole = n / 8 * 8;
    for (int64_t i = 0; i < n; i++)
        sum[i < wide ? i % 32 : i < whole ? i % 8 : 0] += (double)x[i] * (double)y[i];
    for (int i = 0; i < 8; i++)
        sum[i] = (sum[i] + sum[16 + i]) + (sum[8 + i] + sum[24 + i]);
    return sum_of(sum);
}

void mye_ref_sgd(const mye_sgd *p, int64_t n, const float *g, float *w, float *buf)
{
    for (int64_t i = 0; i < n; i++) {
        const float d = p->grad_scale * g[i] + p->decay * w[i];
        if (buf == NULL) {
            w[i] -= p->rate * d;
            continue;
        }
        buf[i] = p->momentum * buf[i] + d;
        w[i] -= p->rate * (p->nesterov ? d + p->momentum * buf[i] : buf[i]);
    }
}

void mye_ref_adam(const mye_adam *p, int64_t n, const float *g, float *w, float *m, float *v)
{
    for (int64_t i = 0; i < n; i++) {
        const float d = p->grad_scale * g[i] + p->decay * w[i];
        m[i] = p->beta1 * m[i] + p->rest1 * d;
        v[i] = p->beta2 * v[i] + p->rest2 * (d * d);
        w[i] = p->shrink * w[i] - p->rate * m[i] / (sqrtf(v[i]) * p->root + p->eps);
    }
}
