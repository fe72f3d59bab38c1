/* Steps of optimisers: one pass over weights, gradients and state. */
#include "kernel/vec/vec.h"

#include <math.h>

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef double sums __attribute__((vector_size(64)));

/* Macros: such vectors as arguments would depend on the instruction set. */
#define WIDE(x)   __builtin_convertvector(*(const eight *)(x), sums)
#define SUM_OF(s) (((s)[0] + (s)[4]) + ((s)[1] + (s)[5])) + (((s)[2] + (s)[6]) + ((s)[3] + (s)[7]))

/* Eight running sums: a fixed order, the same in every table (products of floats are exact). */
double MYE_VEC(sum_squares)(int64_t n, const float *x)
{
    sums sum = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const sums a = WIDE(x + i);
        sum += a * a;
    }
    for (; i < n; i++)
        sum[0] += (double)x[i] * (double)x[i];
    return SUM_OF(sum);
}

/* Four times as many: an addition has to wait for the one before. */
double MYE_VEC(dot)(int64_t n, const float *x, const float *y)
{
    sums a = {0}, b = {0}, c = {0}, d = {0};
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        a += WIDE(x + i) * WIDE(y + i);
        b += WIDE(x + i + 8) * WIDE(y + i + 8);
        c += WIDE(x + i + 16) * WIDE(y + i + 16);
        d += WIDE(x + i + 24) * WIDE(y + i + 24);
    }
    for (; i + 8 <= n; i += 8)
        a += WIDE(x + i) * WIDE(y + i);
    for (; i < n; i++)
        a[0] += (double)x[i] * (double)y[i];
    a = (a + c) + (b + d);
    return SUM_OF(a);
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
