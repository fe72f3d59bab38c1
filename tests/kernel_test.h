/* What the kernel tests share: fixed pseudo-random data and comparison. */
#ifndef MYE_KERNEL_TEST_H
#define MYE_KERNEL_TEST_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/kernel.h"

static uint64_t state; /* of draw(); each test sets it */

static inline uint64_t draw(void)
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int pick(int lo, int hi)
{
    return lo + (int)(draw() % (uint64_t)(hi - lo + 1));
}

static inline float *floats(int64_t n)
{
    float *x = malloc((size_t)(n > 0 ? n : 1) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(int32_t)draw() / 2147483648.0f;
    return x;
}

static inline float *copy(const float *x, int64_t n)
{
    float *y = malloc((size_t)(n > 0 ? n : 1) * sizeof *y);
    memcpy(y, x, (size_t)n * sizeof *y);
    return y;
}

static inline void check_close(const char *table, const char *what, int64_t n, const float *got,
                               const float *want, double tolerance)
{
    for (int64_t i = 0; i < n; i++) {
        const double error = fabs((double)got[i] - (double)want[i]);
        if (!(error <= tolerance * (1.0 + fabs((double)want[i]))))
            fail_msg("%s %s[%lld of %lld]: %.9g, reference %.9g", table, what, (long long)i,
                     (long long)n, (double)got[i], (double)want[i]);
    }
}

#endif
