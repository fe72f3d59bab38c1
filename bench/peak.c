#include "peak.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 400000, CHAINS = 12 };

/* CHAINS independent chains hide the latency of one multiply-add. */
#define PROBE(name, bytes, features)                                                               \
    typedef float name##_wide __attribute__((vector_size(bytes)));                                 \
    __attribute__((target(features))) static void name(void *arg, int shard, int lane)             \
    {                                                                                              \
        name##_wide a[CHAINS], m;                                                                  \
        double *out = arg;                                                                         \
        MYE_UNUSED(lane);                                                                          \
        for (size_t i = 0; i < (bytes) / sizeof(float); i++)                                       \
            m[i] = 0.5f;                                                                           \
        for (int i = 0; i < CHAINS; i++)                                                           \
            a[i] = m + (float)i;                                                                   \
        for (int k = 0; k < STEPS; k++) {                                                          \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) a[i] = a[i] * m + m;         \
        }                                                                                          \
        for (int i = 1; i < CHAINS; i++)                                                           \
            a[0] += a[i];                                                                          \
        out[shard] = (double)a[0][0];                                                              \
    }

#if defined(__x86_64__)
PROBE(probe_avx512, 64, "avx512f,fma")
PROBE(probe_avx2, 32, "avx2,fma")
#endif

double bench_peak(mye_context *ctx)
{
#if defined(__x86_64__)
    const bool wide = __builtin_cpu_supports("avx512f");
    if (!wide && !__builtin_cpu_supports("avx2"))
        return 0;
    const int threads = mye_context_threads(ctx);
    double out[256], best_s = 1e9;
    for (int i = 0; i < 3; i++) {
        const double start = mye_now_s();
        mye_parallel(ctx, threads, wide ? probe_avx512 : probe_avx2, out);
        best_s = fmin(best_s, mye_now_s() - start);
    }
    return 1e-9 * STEPS * CHAINS * (wide ? 32 : 16) * threads / best_s;
#else
    MYE_UNUSED(ctx);
    return 0;
#endif
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return x[n / 2];
}
