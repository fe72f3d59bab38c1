/* What the fused passes over steps share: the current and the next membrane of a vector. */
#ifndef MYE_VEC_LIF_H
#define MYE_VEC_LIF_H

#include <math.h>

#include "kernel/vec/math.h"

/*
 * Coefficients of the membrane. `plain`: soft reset in its own step; it is a constant where this is
 * inlined, so that the usual neuron pays nothing for the others.
 */
typedef struct vec_lif {
    vec decay, gain, offset, theta, subtract, reset, start;
    vec fire; /* fires at or above: theta, or the next number when strict */
    bool plain, hard, late;
} vec_lif;

MYE_INLINE vec_lif vec_lif_of(const mye_lif *p, bool plain)
{
    return (vec_lif){
        .decay = vec_set1(p->decay),
        .gain = vec_set1(p->gain),
        .offset = vec_set1(p->late ? 0.0f : p->offset),
        .theta = vec_set1(p->theta),
        .fire = vec_set1(p->strict ? nextafterf(p->theta, INFINITY) : p->theta),
        .subtract = vec_set1(p->subtract),
        .reset = vec_set1(p->late ? 0.0f : p->reset),
        .start = vec_set1(p->start),
        .plain = plain,
        .hard = !plain && p->hard,
        .late = !plain && p->late,
    };
}

/* Input current of n neurons from i on; `at` is i's place in the period. */
MYE_INLINE vec vec_current(const mye_lif_steps *s, int t, int64_t i, int64_t at, int n)
{
    const vec x = vec_take(s->x[t] + i, n);
    if (s->scale == NULL)
        return x;
    const int64_t channel = t * s->pitch + at;
    return vec_fma(vec_take(s->scale + channel, n), x, vec_take(s->shift + channel, n));
}

/* The membrane of the next step, each product and sum rounded. */
MYE_INLINE vec vec_charge(const vec_lif *p, bool first, vec x, vec last)
{
    const vec_mask fired = vec_ge(last, p->fire);
    vec v = last, drop = vec_set1(0.0f);
    if (first)
        v = p->start;
    else if (p->hard)
        v = vec_where(fired, p->reset, last);
    else if (!p->late)
        v = vec_where(fired, last - p->subtract, last);
    else
        drop = vec_where(fired, p->subtract, drop);
    vec next = p->decay * v + p->gain * x;
    if (p->late)
        next -= drop;
    return next + p->offset;
}

/* How many of a block's n neurons are in its v-th vector. */
MYE_INLINE int vec_lanes(int n, int v)
{
    const int left = n - v * VEC;
    return left < 0 ? 0 : left < VEC ? left : VEC;
}

#endif
