/*
 * Latency code: one spike for each pixel, the brighter the earlier.
 *
 *   linear   t = (T - 1) (1 - x)
 *   log      t = tau (ln(x / (x - theta)) - ln(1 / (1 - theta))): the time at which a membrane that
 *            leaks with tau and is charged by the constant current x reaches theta, counted from the
 *            spike of a pixel of full brightness, which falls on step 0
 *
 * t is rounded to the nearest step. A pixel with x <= theta, or whose time is past the last step, has
 * no spike.
 */
#include <math.h>

#include "data/data.h"

enum { CURVE_LINEAR, CURVE_LOG };

typedef struct options {
    int curve;
    double theta, tau;
} options;

static const mye_param params[] = {
    {"curve", MYE_PARAM_CHOICE, offsetof(options, curve), 0, "linear", 0, 0, "linear|log", NULL, "",
     "time over brightness"},
    {"tau", MYE_PARAM_FLOAT, offsetof(options, tau), 0, "0", 0, 1e6, NULL, NULL, "steps",
     "time constant of the log curve; 0 = T / 4"},
    {"theta", MYE_PARAM_FLOAT, offsetof(options, theta), 0, "0.05", 0, 0.99, NULL, NULL, "",
     "pixels up to this brightness stay silent"},
    {0},
};

static double spike_time(const options *o, double x, int T)
{
    if (o->curve == CURVE_LINEAR)
        return (T - 1) * (1 - x);
    /* Chosen: T / 4 puts x = 0.05 + 1e-3 near the last step with the default theta. */
    const double tau = o->tau > 0 ? o->tau : T / 4.0;
    return tau * (log(x / (x - o->theta)) + log(1 - o->theta));
}

static void encode(const void *opt, int64_t n, const float *image, int T, uint64_t seed,
                   int64_t stride, float *out)
{
    const options *o = opt;

    MYE_UNUSED(seed);
    for (int t = 0; t < T; t++)
        for (int64_t i = 0; i < n; i++)
            out[t * stride + i] = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = (double)image[i];
        if (!(x > o->theta))
            continue;
        const double t = floor(spike_time(o, x > 1 ? 1 : x, T) + 0.5);
        if (t < T)
            out[(int64_t)(t > 0 ? t : 0) * stride + i] = 1;
    }
}

const mye_encoder_type mye_encoder_latency = {
    .entry = {"latency", "one spike, the brighter the earlier",
              "Thorpe, Delorme, Van Rullen 2001, Neural Networks 14:715-725", params,
              sizeof(options)},
    .is_static = false,
    .normalised = false,
    .encode = encode,
};
