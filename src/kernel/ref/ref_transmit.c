/* Reference of the neurons of converted networks: the equations of kernel.h, one neuron at a time. */
#include <math.h>

#include "kernel/ref/ref.h"

/* Number of whole thresholds in v: the quotient may be rounded over an integer, the rest says so. */
static float quotient(const mye_transmit *how, float v, float theta)
{
    const float size = v < 0 ? -v : v;
    float o = floorf(size / theta);
    const float rest = size - theta * o;
    if (rest < 0)
        o -= 1;
    else if (rest >= theta)
        o += 1;
    if (how->floor && v < 0 && size - theta * o > 0)
        o += 1;
    return v < 0 ? -o : o;
}

static float coefficient(const mye_transmit *how, float v, float theta, float s)
{
    const float low = s < how->low ? s : how->low, o = quotient(how, v, theta);
    const float within = o < -low ? -low : o > how->high ? how->high : o;
    if (!how->shift || within == 0)
        return within;
    return copysignf(exp2f(floorf(log2f(fabsf(within)))), within);
}

int64_t mye_ref_transmit(const mye_transmit *how, int64_t n, bool first, const float *x,
                         const float *theta, float *v, float *s, float *y)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        const float th = theta != NULL ? theta[i] : how->theta;
        const float sent = first ? 0 : coefficient(how, v[i], th, s[i]);
        const float rest = how->to_zero && sent != 0 ? 0 : v[i] - th * sent;
        s[i] = first ? 0 : s[i] + sent;
        v[i] = rest + x[i];
        const float o = coefficient(how, v[i], th, s[i]);
        count += o != 0;
        if (y != NULL)
            y[i] = th * o;
    }
    return count;
}
