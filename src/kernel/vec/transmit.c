/*
 * Neurons of converted networks. Like the other neurons this file is compiled with -ffp-contract=off:
 * where v lies on a multiple of theta all instruction sets send the same.
 */
#include "kernel/vec/math.h"

/* Quotients beyond this are cut off before they become integers. Limits lie below, and up to there a
 * product with 1 / theta misses the integer by one at most. */
#define LARGEST (2.0f * MYE_TRANSMIT_MOST)

MYE_INLINE vec whole(vec x)
{
    return __builtin_convertvector(__builtin_convertvector(x, vec_int), vec);
}

MYE_INLINE vec one_where(vec_mask m)
{
    return vec_where(m, vec_set1(1.0f), vec_set1(0.0f));
}

MYE_INLINE vec least(vec a, vec b)
{
    return vec_where(vec_gt(a, b), b, a);
}

typedef struct limits {
    vec low, high, zero, largest;
} limits;

/* Thresholds and their inverses. */
typedef struct thresholds {
    vec theta, inverse;
} thresholds;

MYE_INLINE vec coefficient(const limits *l, bool floor, bool shift, vec v, thresholds th, vec s)
{
    const vec size = vec_abs(v), theta = th.theta;
    vec o = whole(least(size * th.inverse, l->largest));
    /* The quotient may be rounded over an integer: the rest says so. */
    const vec rest = size - theta * o;
    o += one_where(vec_ge(rest, theta));
    o -= one_where(vec_gt(l->zero, rest));
    const vec_mask negative = vec_gt(l->zero, v);
    if (floor)
        o = vec_where(negative, o + one_where(vec_gt(size - theta * o, l->zero)), o);
    o = vec_where(negative, -o, o);
    const vec low = -least(s, l->low);
    o = vec_where(vec_gt(low, o), low, o);
    o = least(o, l->high);
    return shift ? (vec)((vec_int)o & (int32_t)0xff800000) : o;
}

/* One register of neurons. */
typedef struct lanes {
    vec v, s, o;
} lanes;

MYE_INLINE lanes step(const limits *l, bool first, bool floor, bool shift, bool to_zero, vec x,
                      thresholds th, vec v, vec s)
{
    lanes out = {v, l->zero, l->zero};
    if (!first) {
        const vec sent = coefficient(l, floor, shift, v, th, s);
        out.v = v - th.theta * sent;
        if (to_zero)
            out.v = vec_where(vec_gt(vec_abs(sent), l->zero), l->zero, out.v);
        out.s = s + sent;
    }
    out.v += x;
    out.o = coefficient(l, floor, shift, out.v, th, out.s);
    return out;
}

typedef struct arrays {
    const float *x, *theta;
    float *v, *s, *y;
} arrays;

/* 1 in the lanes from m on. */
MYE_INLINE vec one_beyond(int m)
{
    float part[VEC];
    for (int i = 0; i < VEC; i++)
        part[i] = i < m ? 0.0f : 1.0f;
    return vec_load(part);
}

MYE_INLINE int64_t steps(const mye_transmit *how, int64_t n, bool first, bool floor, bool shift,
                         arrays a)
{
    const limits l = {vec_set1(how->low), vec_set1(how->high), vec_set1(0.0f), vec_set1(LARGEST)};
    const vec one = vec_set1(1.0f);
    thresholds th = {vec_set1(how->theta), one / vec_set1(how->theta)};
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += VEC) {
        const int m = n - i < VEC ? (int)(n - i) : VEC;
        /* Lanes without a neuron have no drive, but theta must not be 0 there. */
        if (a.theta != NULL) {
            th.theta = vec_take(a.theta + i, m);
            if (m < VEC)
                th.theta += one_beyond(m);
            th.inverse = one / th.theta;
        }
        const lanes out = step(&l, first, floor, shift, how->to_zero, vec_take(a.x + i, m), th,
                               vec_take(a.v + i, m), first ? l.zero : vec_take(a.s + i, m));
        vec_put(a.v + i, out.v, m);
        vec_put(a.s + i, out.s, m);
        if (a.y != NULL)
            vec_put(a.y + i, th.theta * out.o, m);
        count += __builtin_popcountll(vec_mask_bits(vec_gt(vec_abs(out.o), l.zero)));
    }
    return count;
}

MYE_INLINE int64_t kind(const mye_transmit *how, int64_t n, bool first, arrays a)
{
    if (how->shift)
        return how->floor ? steps(how, n, first, true, true, a)
                          : steps(how, n, first, false, true, a);
    return how->floor ? steps(how, n, first, true, false, a)
                      : steps(how, n, first, false, false, a);
}

int64_t MYE_VEC(transmit)(const mye_transmit *how, int64_t n, bool first, const float *x,
                          const float *theta, float *v, float *s, float *y)
{
    const arrays a = {x, theta, v, s, y};
    return first ? kind(how, n, true, a) : kind(how, n, false, a);
}
