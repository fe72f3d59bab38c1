/*
 * Surrogate derivatives, sigma'(x) with x = u - theta (training rules, section 2.4). The two that
 * need an exponential use exp below, which the compiler turns into vector code.
 */
#include "kernel/vec/vec.h"

/* exp(-87) is the smallest value that needs no subnormal numbers; beyond it the answer is 0. */
#define EXP_LIMIT 87.0f
#define LOG2E     1.44269504088896341f
#define LN2_HIGH  0.693359375f /* 9 bits: times any |n| <= 126 it is exact */
#define LN2_LOW   -2.12194440054690583e-4f
#define ROUNDER   12582912.0f /* 1.5 2^23: adding it rounds to an integer */

/*
 * exp(r) 2^n for |r| <= ln 2 / 2 and n = rounded - ROUNDER. Taylor polynomial of degree 6: what it
 * leaves out is below 2e-7 of the result.
 */
MYE_INLINE float exp_scaled(float r, float rounded)
{
    union {
        float f;
        uint32_t u;
    } n = {rounded}, scale;
    float y = 1.0f / 720.0f * r + 1.0f / 120.0f;
    y = y * r + 1.0f / 24.0f;
    y = y * r + 1.0f / 6.0f;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    scale.u = (n.u + 127u) << 23; /* the low bits of `rounded` are n in two's complement */
    return y * scale.f;
}

/*
 * exp(-a b). The product is not rounded before its integer part is taken off: at a b = 80 one
 * rounding would cost 5e-6 of the result.
 */
MYE_INLINE float exp_neg_product(float a, float b)
{
    const float t = a * b;
    const float limited = t < EXP_LIMIT ? t : EXP_LIMIT;
    const float rounded = -LOG2E * limited + ROUNDER;
    const float n = rounded - ROUNDER;
#ifdef __FMA__
    const float high = __builtin_fmaf(-a, b, -n * LN2_HIGH);
    const float r = __builtin_fmaf(n, -LN2_LOW, high);
#else
    const double exact = -(double)a * (double)b;
    const float r = (float)(exact - (double)n * 0.6931471805599453094);
#endif
    const float y = exp_scaled(t < EXP_LIMIT ? r : 0.0f, rounded);
    return t < EXP_LIMIT ? y : 0.0f;
}

/* exp(-(a b)^2), with the square as exact as above. */
MYE_INLINE float exp_neg_square(float a, float b)
{
    const float z = a * b;
    const float t = z * z;
    const float limited = t < EXP_LIMIT ? t : EXP_LIMIT;
    const float rounded = -LOG2E * limited + ROUNDER;
    const float n = rounded - ROUNDER;
#ifdef __FMA__
    const float low = __builtin_fmaf(a, b, -z); /* a b = z + low */
    float r = __builtin_fmaf(-z, z, -n * LN2_HIGH);
    r = __builtin_fmaf(-2.0f * z, low, r);
    r = __builtin_fmaf(n, -LN2_LOW, r);
#else
    const double exact = (double)a * (double)b;
    const float r = (float)(-exact * exact - (double)n * 0.6931471805599453094);
#endif
    const float y = exp_scaled(t < EXP_LIMIT ? r : 0.0f, rounded);
    return t < EXP_LIMIT ? y : 0.0f;
}

#define SURROGATE(name, expression)                                                          \
    void MYE_VEC(surrogate_##name)(int64_t n, const float *restrict u, float theta, float a, \
                                   float b, float *restrict h)                               \
    {                                                                                        \
        MYE_UNUSED(a);                                                                       \
        MYE_UNUSED(b);                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                    \
            const float x = u[i] - theta;                                                    \
            h[i] = (expression);                                                             \
        }                                                                                    \
    }

MYE_INLINE float magnitude(float x)
{
    return __builtin_fabsf(x);
}

MYE_INLINE float square(float x)
{
    return x * x;
}

MYE_INLINE float sigmoid_slope(float x, float a)
{
    const float e = exp_neg_product(a, magnitude(x)); /* even function: no overflow */
    return a * e / square(1.0f + e);
}

SURROGATE(atan, 0.5f * a / (1.0f + square(1.57079632679489662f * a * x)))
SURROGATE(erf, 0.564189583547756287f * a * exp_neg_square(a, x))
SURROGATE(fast_sigmoid, 1.0f / square(1.0f + a * magnitude(x)))
SURROGATE(leaky_k_relu, x >= 0.0f ? a : b)
SURROGATE(piecewise_exponential, 0.5f * a * exp_neg_product(a, magnitude(x)))
SURROGATE(piecewise_leaky_relu, magnitude(x) < a ? 1.0f / a : b)
SURROGATE(rectangle, magnitude(x) <= 0.5f * a ? 1.0f / a : 0.0f)
SURROGATE(sigmoid, sigmoid_slope(x, a))
SURROGATE(soft_sign, 0.5f / (a * square(1.0f / a + magnitude(x))))
SURROGATE(straight_through, x == x ? 1.0f : x) /* keeps NaN visible */
SURROGATE(triangle, magnitude(x) <= 1.0f / a ? a - a * a * magnitude(x) : 0.0f)
