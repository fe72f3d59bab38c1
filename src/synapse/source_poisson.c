/*
 * Random patterns: afferents fire as Poisson processes of one rate, coefficients are drawn. The
 * labels take turns. Test patterns are the same ones: what is learned is learned by heart.
 * Source: Yu et al. 2020 (set-up: reconstructed); Guetig and Sompolinsky 2006.
 */
#include "synapse/draws.h"
#include "synapse/patterns.h"

typedef struct options {
    int64_t units, patterns, classes;
    double window, rate;
    int coefficient;
} options;

static const mye_param params[] = {
    {"classes", MYE_PARAM_INT, offsetof(options, classes), 0, "2", 1, MYE_CLASSES_MAX, NULL, NULL,
     "", "labels 0, 1, .. take turns"},
    {"coefficient", MYE_PARAM_CHOICE, offsetof(options, coefficient), 0, "uniform", 0, 0,
     MYE_DRAW_CHOICES, NULL, "", "1; uniform in [0, 2); or normal with mean 0 and deviation 1"},
    {"patterns", MYE_PARAM_INT, offsetof(options, patterns), 0, "10", 1, 1e7, NULL, NULL,
     "patterns", "how many"},
    {"rate", MYE_PARAM_FLOAT, offsetof(options, rate), 0, "5", 0, 10000, NULL, NULL, "Hz",
     "spikes of an afferent a second"},
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "500", 1, MYE_UNITS_MAX, NULL, NULL,
     "afferents", "how many"},
    {"window", MYE_PARAM_FLOAT, offsetof(options, window), 0, "500", 1e-3, 1e7, NULL, NULL, "ms",
     "length of a pattern"},
    {0},
};

static mye_status draw_one(const options *o, uint64_t seed, int64_t k, mye_spike **spike,
                           int64_t *room, mye_patterns *set, mye_error *err)
{
    mye_draws d = mye_draws_begin(seed, (uint64_t)k);
    const double mean_ms = 1000 / o->rate;
    int64_t n = 0;
    for (int32_t i = 0; i < o->units && o->rate > 0; i++) {
        for (double t = mean_ms * mye_draws_exponential(&d); t < o->window;
             t += mean_ms * mye_draws_exponential(&d)) {
            if (n == *room) {
                const size_t one = sizeof(**spike), have = (size_t)n * one;
                mye_spike *grown = mye_grow(set->ctx, *spike, have, 2 * have);
                if (!grown)
                    return mye_no_memory(err, 2 * have, "a random pattern");
                *spike = grown;
                *room *= 2;
            }
            (*spike)[n++] = (mye_spike){t, mye_draws_coefficient(&d, o->coefficient), i};
        }
    }
    const mye_pattern p = {*spike, n, o->window, (int32_t)(k % o->classes), 0};
    return mye_patterns_add(set, &p, err);
}

static mye_status open_source(mye_context *ctx, const void *opt, const mye_source_request *ask,
                              mye_patterns **out, mye_error *err)
{
    const options *o = opt;
    int64_t room = 256;
    mye_spike *spike = mye_alloc_array(ctx, (size_t)room, sizeof(*spike));
    if (!spike)
        return mye_no_memory(err, (size_t)room * sizeof(*spike), "a random pattern");
    mye_status st = mye_patterns_create(ctx, (int32_t)o->units, (int32_t)o->classes, out, err);
    for (int64_t k = 0; st == MYE_OK && k < o->patterns; k++)
        st = draw_one(o, ask->seed, k, &spike, &room, *out, err);
    mye_free(ctx, spike);
    return st;
}

const mye_source_type mye_source_poisson = {
    .entry = {"poisson", "random patterns: Poisson spikes with drawn coefficients",
              "Guetig and Sompolinsky 2006; Yu et al. 2020", params, sizeof(options)},
    .open = open_source,
};
