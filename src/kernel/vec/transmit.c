/*
 * Neurons of converted networks. Like the other neurons this file is compiled with -ffp-contract=off:
 * where v lies on a multiple of theta all instruction sets send the same.
 */
#include "kernel/vec/vec.h"

#define BLOCK 256

/* Quotients beyond this are cut off before they become integers; limits lie below. */
#define LARGEST 1073741824.0f

MYE_INLINE float power_of_two(float o)
{
    union {
        float value;
        uint32_t bits;
    } u = {o};
    u.bits &= 0xff800000u;
    return u.value;
}

MYE_INLINE float coefficient(const mye_transmit *how, bool floor, bool shift, float v, float theta,
                             float s)
{
    const float size = v < 0.0f ? -v : v, q = size / theta;
    float o = (float)(int32_t)(q < LARGEST ? q : LARGEST);
    const float rest = size - theta * o;
    o += rest >= theta ? 1.0f : 0.0f;
    o -= rest < 0.0f ? 1.0f : 0.0f;
    if (floor)
        o += v < 0.0f && size - theta * o > 0.0f ? 1.0f : 0.0f;
    o = v < 0.0f ? -o : o;
    const float low = s < how->low ? -s : -how->low;
    o = o < low ? low : o;
    o = o > how->high ? how->high : o;
    return shift ? power_of_two(o) : o;
}

typedef struct block {
    int64_t n;
    const float *x, *theta;
    float *v, *s, *y;
} block;

MYE_INLINE int64_t step(const mye_transmit *how, bool first, bool floor, bool shift, block b)
{
    const float *restrict x = b.x, *restrict theta = b.theta;
    float *restrict v = b.v, *restrict s = b.s, *restrict y = b.y;
    const bool to_zero = how->to_zero;
    int32_t count = 0;
    for (int64_t i = 0; i < b.n; i++) {
        const float th = theta[i];
        float rest = v[i], sum = 0.0f;
        if (!first) {
            const float sent = coefficient(how, floor, shift, v[i], th, s[i]);
            const float left = v[i] - th * sent;
            rest = to_zero && sent != 0.0f ? 0.0f : left;
            sum = s[i] + sent;
        }
        const float now = rest + x[i];
        const float o = coefficient(how, floor, shift, now, th, sum);
        v[i] = now;
        s[i] = sum;
        y[i] = th * o;
        count += o != 0.0f;
    }
    return count;
}

MYE_INLINE int64_t step_of(const mye_transmit *how, bool first, block b)
{
    if (how->shift)
        return how->floor ? step(how, first, true, true, b) : step(how, first, false, true, b);
    return how->floor ? step(how, first, true, false, b) : step(how, first, false, false, b);
}

int64_t MYE_VEC(transmit)(const mye_transmit *how, int64_t n, bool first, const float *x,
                          const float *theta, float *v, float *s, float *y)
{
    float same[BLOCK], unwanted[BLOCK];
    int64_t count = 0;
    for (int i = 0; theta == NULL && i < BLOCK; i++)
        same[i] = how->theta;
    for (int64_t i = 0; i < n; i += BLOCK) {
        const block b = {
            n - i < BLOCK ? n - i : BLOCK, x + i, theta != NULL ? theta + i : same, v + i, s + i,
            y != NULL ? y + i : unwanted};
        count += first ? step_of(how, true, b) : step_of(how, false, b);
    }
    return count;
}
