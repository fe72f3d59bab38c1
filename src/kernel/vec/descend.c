/* Steps of optimisers: one pass over weights, gradients and state. */
#include "kernel/vec/vec.h"

#include <math.h>

/* Eight running sums: a fixed order, the same in every table (products of floats are exact). */
double MYE_VEC(dot)(int64_t n, const float *x, const float *y)
{
    typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
    typedef double sums __attribute__((vector_size(64)));
    sums sum = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        sum += __builtin_convertvector(*(const eight *)(x + i), sums) *
               __builtin_convertvector(*(const eight *)(y + i), sums);
    for (; i < n; i++)
        sum[0] += (double)x[i] * (double)y[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

double MYE_VEC(sum_squares)(int64_t n, const float *x)
{
    return MYE_VEC(dot)(n, x, x);
}

static void sgd_plain(const mye_sgd *p, int64_t n, const float *restrict g, float *restrict w)
{
    const mye_sgd s = *p;
    for (int64_t i = 0; i < n; i++)
        w[i] -= s.rate * (s.grad_scale * g[i] + s.decay * w[i]);
}

void MYE_VEC(sgd)(const mye_sgd *p, int64_t n, const float *restrict g, float *restrict w,
                  float *restrict buf)
{
    if (buf == NULL) {
        sgd_plain(p, n, g, w);
        return;
    }
    const mye_sgd s = *p;
    /* One loop for both: the move is a d + b buf. */
    const float a = s.nesterov ? 1.0f : 0.0f, b = s.nesterov ? s.momentum : 1.0f;
    for (int64_t i = 0; i < n; i++) {
        const float d = s.grad_scale * g[i] + s.decay * w[i];
        buf[i] = s.momentum * buf[i] + d;
        w[i] -= s.rate * (a * d + b * buf[i]);
    }
}

void MYE_VEC(adam)(const mye_adam *p, int64_t n, const float *restrict g, float *restrict w,
                   float *restrict m, float *restrict v)
{
    const mye_adam s = *p;
    for (int64_t i = 0; i < n; i++) {
        const float d = s.grad_scale * g[i] + s.decay * w[i];
        m[i] = s.beta1 * m[i] + s.rest1 * d;
        v[i] = s.beta2 * v[i] + s.rest2 * (d * d);
        w[i] = s.shrink * w[i] - s.rate * m[i] / (sqrtf(v[i]) * s.root + s.eps);
    }
}
