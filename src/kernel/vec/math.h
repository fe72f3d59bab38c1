/*
 * Masks, multiply-adds and surrogate derivatives on vectors. For files that are compiled with
 * -ffp-contract=off: what is fused is written so, and gives the same bits wherever it is inlined.
 */
#ifndef MYE_VEC_MATH_H
#define MYE_VEC_MATH_H

#include "kernel/vec/vec.h"

typedef int32_t vec_int __attribute__((vector_size(4 * VEC)));

/* ---- masks ---- */

#if defined(__AVX512F__)
typedef __mmask16 vec_mask;

MYE_INLINE vec_mask vec_ge(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GE_OQ);
}

MYE_INLINE vec_mask vec_gt(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
}

MYE_INLINE vec vec_where(vec_mask m, vec yes, vec no)
{
    return (vec)_mm512_mask_blend_ps(m, (__m512)no, (__m512)yes);
}

MYE_INLINE uint64_t vec_mask_bits(vec_mask m)
{
    return m;
}
#else
typedef vec_int vec_mask;

MYE_INLINE vec_mask vec_ge(vec a, vec b)
{
    return a >= b;
}

MYE_INLINE vec_mask vec_gt(vec a, vec b)
{
    return a > b;
}

MYE_INLINE vec vec_where(vec_mask m, vec yes, vec no)
{
#if defined(__AVX2__)
    return (vec)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)m);
#else
    return (vec)((m & (vec_int)yes) | (~m & (vec_int)no));
#endif
}

MYE_INLINE uint64_t vec_mask_bits(vec_mask m)
{
#if defined(__AVX2__)
    return (uint32_t)_mm256_movemask_ps((__m256)m);
#elif defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps((__m128)m);
#else
    uint64_t bits = 0;
    for (int i = 0; i < VEC; i++)
        bits |= (uint64_t)(m[i] & 1) << i;
    return bits;
#endif
}
#endif

/* ---- arithmetic ---- */

/* a b + c; rounded once where the instruction set can. */
MYE_INLINE vec vec_fma(vec a, vec b, vec c)
{
#if defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

MYE_INLINE vec vec_abs(vec a)
{
    return (vec)((vec_int)a & INT32_MAX);
}

MYE_INLINE vec vec_square(vec a)
{
    return a * a;
}

/* The first n floats at p, n = VEC: all. */
MYE_INLINE vec vec_take(const float *p, int n)
{
    return n == VEC ? vec_load(p) : vec_load_part(p, n);
}

MYE_INLINE void vec_put(float *p, vec a, int n)
{
    if (n == VEC)
        vec_store(p, a);
    else
        vec_store_part(p, a, n);
}

/* ---- exponentials ---- */

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
MYE_INLINE vec exp_scaled(vec r, vec rounded)
{
    vec y = vec_fma(vec_set1(1.0f / 720.0f), r, vec_set1(1.0f / 120.0f));
    y = vec_fma(y, r, vec_set1(1.0f / 24.0f));
    y = vec_fma(y, r, vec_set1(1.0f / 6.0f));
    y = vec_fma(y, r, vec_set1(0.5f));
    y = vec_fma(y, r, vec_set1(1.0f));
    y = vec_fma(y, r, vec_set1(1.0f));
    /* the low bits of `rounded` are n in two's complement */
    return y * (vec)(((vec_int)rounded + 127) << 23);
}

#ifndef __FMA__
typedef double vec_double __attribute__((vector_size(8 * VEC)));

#define WIDEN(a)  __builtin_convertvector(a, vec_double)
#define NARROW(a) __builtin_convertvector(a, vec)
#endif

/*
 * exp(-a b) for a b >= 0. The product is not rounded before its integer part is taken off: at
 * a b = 80 one rounding would cost 5e-6 of the result.
 */
MYE_INLINE vec exp_neg_product(vec a, vec b)
{
    const vec t = a * b, limit = vec_set1(EXP_LIMIT);
    const vec_mask over = vec_ge(t, limit);
    const vec limited = vec_where(over, limit, t);
    const vec rounded = vec_fma(vec_set1(-LOG2E), limited, vec_set1(ROUNDER));
    const vec n = rounded - ROUNDER;
#ifdef __FMA__
    const vec r = vec_fma(n, vec_set1(-LN2_LOW), vec_fma(-a, b, -n * LN2_HIGH));
#else
    const vec r = NARROW(-WIDEN(a) * WIDEN(b) - WIDEN(n) * 0.6931471805599453094);
#endif
    return vec_where(over, vec_set1(0.0f), exp_scaled(r, rounded));
}

/* exp(-(a b)^2), with the square as exact as above. */
MYE_INLINE vec exp_neg_square(vec a, vec b)
{
    const vec z = a * b, limit = vec_set1(EXP_LIMIT);
    const vec t = z * z;
    const vec_mask over = vec_ge(t, limit);
    const vec limited = vec_where(over, limit, t);
    const vec rounded = vec_fma(vec_set1(-LOG2E), limited, vec_set1(ROUNDER));
    const vec n = rounded - ROUNDER;
#ifdef __FMA__
    const vec low = vec_fma(a, b, -z); /* a b = z + low */
    vec r = vec_fma(-z, z, -n * LN2_HIGH);
    r = vec_fma(-2.0f * z, low, r);
    r = vec_fma(n, vec_set1(-LN2_LOW), r);
#else
    const vec_double exact = WIDEN(a) * WIDEN(b);
    const vec r = NARROW(-exact * exact - WIDEN(n) * 0.6931471805599453094);
#endif
    return vec_where(over, vec_set1(0.0f), exp_scaled(r, rounded));
}

/* ---- surrogate derivatives, sigma'(x) (training rules, section 2.4) ---- */

typedef vec (*slope_fn)(vec x, vec a, vec b);

#define SLOPE(name, expression)                      \
    MYE_INLINE vec slope_##name(vec x, vec a, vec b) \
    {                                                \
        MYE_UNUSED(x);                               \
        MYE_UNUSED(a);                               \
        MYE_UNUSED(b);                               \
        return (expression);                         \
    }

MYE_INLINE vec sigmoid_slope(vec x, vec a)
{
    const vec e = exp_neg_product(a, vec_abs(x)); /* even function: no overflow */
    return a * e / vec_square(1.0f + e);
}

SLOPE(atan, 0.5f * a / (1.0f + vec_square(1.57079632679489662f * a * x)))
SLOPE(erf, 0.564189583547756287f * a * exp_neg_square(a, x))
SLOPE(fast_sigmoid, 1.0f / vec_square(vec_fma(a, vec_abs(x), vec_set1(1.0f))))
SLOPE(leaky_k_relu, vec_where(vec_ge(x, vec_set1(0.0f)), a, b))
SLOPE(piecewise_exponential, 0.5f * a * exp_neg_product(a, vec_abs(x)))
SLOPE(piecewise_leaky_relu, vec_where(vec_gt(a, vec_abs(x)), 1.0f / a, b))
SLOPE(rectangle, vec_where(vec_ge(0.5f * a, vec_abs(x)), 1.0f / a, vec_set1(0.0f)))
SLOPE(sigmoid, sigmoid_slope(x, a))
SLOPE(soft_sign, 0.5f / (a * vec_square(1.0f / a + vec_abs(x))))
SLOPE(straight_through, vec_where(vec_ge(x, x), vec_set1(1.0f), x)) /* keeps NaN visible */
SLOPE(triangle,
      vec_where(vec_ge(1.0f / a, vec_abs(x)), vec_fma(-a *a, vec_abs(x), a), vec_set1(0.0f)))

#endif
