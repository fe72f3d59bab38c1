/*
 * Phase code: every group of afferents has an oscillation of one period P and a phase of its own, and
 * spikes at the first peak of it that is not before the latency of its value.
 *
 *   phi = P g / groups,   t = phi + P max(0, ceil((T (1 - x) - phi) / P)),   c = 1
 *
 * So the place in the period says where, and the number of the period how much. The values that the
 * numbers of periods can tell apart are T / P.
 *
 * Not the code of the encoder `phase` of networks, which writes binary digits: here each afferent
 * has one spike. Source: Nadasdy 2009, Frontiers in Systems Neuroscience 3:6; Hu, Tang, Tan, Li 2013,
 * Neural Computation 25:450-472. Chosen: a linear latency, and phases over one whole period.
 */
#include <math.h>

#include "synapse/image.h"

typedef struct options {
    double T, period, theta;
    int share;
} options;

static const mye_param params[] = {
    {"T", MYE_PARAM_FLOAT, offsetof(options, T), 0, "100", 0, 1e6, NULL, NULL, "ms",
     "latency of the smallest value; that of the largest is 0"},
    {"period", MYE_PARAM_FLOAT, offsetof(options, period), 0, "10", 1e-3, 1e6, NULL, NULL, "ms",
     "of the oscillations"},
    {"share", MYE_PARAM_CHOICE, offsetof(options, share), 0, "column", 0, 0, MYE_SHARE_CHOICES,
     NULL, "", "which values share a phase"},
    {"theta", MYE_PARAM_FLOAT, offsetof(options, theta), 0, "0.05", 0, 0.99, NULL, NULL, "",
     "values up to this one stay silent"},
    {0},
};

static int64_t encode(const void *opt, const mye_maps *maps, const float *value, mye_spike *spike)
{
    const options *o = opt;
    const int64_t size = mye_maps_size(maps), groups = mye_share_groups(maps, o->share);
    int64_t n = 0;
    for (int64_t i = 0; i < size; i++) {
        const double x = (double)value[i];
        if (!(x > o->theta))
            continue;
        const int64_t group = mye_share_group(maps, o->share, i);
        const double phase_ms = o->period * (double)group / (double)groups;
        const double periods = ceil((o->T * (1 - x) - phase_ms) / o->period);
        const double t_ms = phase_ms + o->period * (periods > 0 ? periods : 0);
        spike[n++] = (mye_spike){t_ms, 1, (int32_t)i};
    }
    return n;
}

static double window_ms(const void *opt, const mye_maps *maps)
{
    const options *o = opt;
    MYE_UNUSED(maps);
    return o->T + o->period;
}

const mye_imagecode_type mye_imagecode_phase = {
    .entry = {"phase", "one spike at a peak of an oscillation: which peak says how much",
              "Nadasdy 2009; Hu, Tang, Tan, Li 2013", params, sizeof(options)},
    .encode = encode,
    .window_ms = window_ms,
};
