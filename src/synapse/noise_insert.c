/* Spikes that mean nothing: a Poisson process on every afferent, coefficient 1. */
#include "synapse/noise.h"

typedef struct options {
    double rate;
} options;

static const mye_param params[] = {
    {"rate", MYE_PARAM_FLOAT, offsetof(options, rate), 0, "0.5", 0, 1000, NULL, NULL, "Hz",
     "of each afferent"},
    {0},
};

static mye_status apply(const void *opt, mye_draws *draws, mye_noisy *p, mye_error *err)
{
    const options *o = opt;
    const double expected = o->rate * 1e-3 * p->window_ms * p->units;
    if (!(expected < 1e7))
        return mye_fail(err, MYE_ERR_ARG, "noise insert:rate=%g would add %.3g spikes to a pattern",
                        o->rate, expected);
    /* All afferents together are one process of their summed rate. */
    const double mean_ms = p->window_ms / expected;
    for (double t = mean_ms * mye_draws_exponential(draws); expected > 0 && t < p->window_ms;
         t += mean_ms * mye_draws_exponential(draws)) {
        MYE_TRY(mye_noisy_reserve(p, p->n + 1, err));
        p->spike[p->n++] = (mye_spike){t, 1, (int32_t)mye_draws_below(draws, p->units)};
    }
    return MYE_OK;
}

const mye_noise_type mye_noise_insert = {
    .entry = {"insert", "spikes of coefficient 1 are added", "", params, sizeof(options)},
    .apply = apply,
    .strength = "rate",
};
