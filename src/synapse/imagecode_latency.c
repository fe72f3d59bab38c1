/*
 * Latency code: one spike a value, the larger the earlier.
 *
 *   t = T (1 - x), rounded to the nearest multiple of `resolution`;  c = 1, or x with value=yes
 *
 * The same as the encoder `latency` of networks, whose curve is linear and whose step is the
 * resolution. Spikes of one time cost neurons less than spikes of many.
 * Source: Thorpe, Delorme, Van Rullen 2001, Neural Networks 14:715-725.
 */
#include <math.h>

#include "synapse/image.h"

typedef struct options {
    double T, theta, resolution;
    bool value;
} options;

static const mye_param params[] = {
    {"T", MYE_PARAM_FLOAT, offsetof(options, T), 0, "50", 0, 1e6, NULL, NULL, "ms",
     "time of the smallest value; the largest is at 0"},
    {"resolution", MYE_PARAM_FLOAT, offsetof(options, resolution), 0, "1", 0, 1e4, NULL, NULL, "ms",
     "times are multiples of it; 0: any"},
    {"theta", MYE_PARAM_FLOAT, offsetof(options, theta), 0, "0.05", 0, 0.99, NULL, NULL, "",
     "values up to this one stay silent"},
    {"value", MYE_PARAM_BOOL, offsetof(options, value), 0, "no", 0, 0, NULL, NULL, "",
     "spikes carry the value besides; otherwise each is 1"},
    {0},
};

static int64_t encode(const void *opt, const mye_maps *maps, const float *value, mye_spike *spike)
{
    const options *o = opt;
    const int64_t size = mye_maps_size(maps);
    int64_t n = 0;
    for (int64_t i = 0; i < size; i++) {
        const double x = value[i] < 1 ? (double)value[i] : 1;
        if (!((double)value[i] > o->theta))
            continue;
        double t_ms = o->T * (1 - x);
        if (o->resolution > 0)
            t_ms = o->resolution * floor(t_ms / o->resolution + 0.5);
        spike[n++] = (mye_spike){t_ms, o->value ? (float)x : 1, (int32_t)i};
    }
    return n;
}

static double window_ms(const void *opt, const mye_maps *maps)
{
    const options *o = opt;
    MYE_UNUSED(maps);
    return o->T;
}

const mye_imagecode_type mye_imagecode_latency = {
    .entry = {"latency", "one spike, the larger the value the earlier",
              "Thorpe, Delorme, Van Rullen 2001, Neural Networks 14:715-725", params,
              sizeof(options)},
    .encode = encode,
    .window_ms = window_ms,
};
