/*
 * Random patterns with one spike of each afferent: the set-up of capacity experiments. With
 * times=shared all patterns have the same times, and only coefficients tell them apart.
 * Source: Guetig and Sompolinsky 2006.
 */
#include "synapse/draws.h"
#include "synapse/patterns.h"

enum { TIMES_RANDOM, TIMES_SHARED, TIMES_EQUAL };

typedef struct options {
    int64_t units, patterns;
    double window;
    int coefficient, times;
} options;

static const mye_param params[] = {
    {"coefficient", MYE_PARAM_CHOICE, offsetof(options, coefficient), 0, "uniform", 0, 0,
     MYE_DRAW_CHOICES, NULL, "", "1; uniform in [0, 2); or normal with mean 0 and deviation 1"},
    {"patterns", MYE_PARAM_INT, offsetof(options, patterns), 0, "10", 1, 1e7, NULL, NULL,
     "patterns", "how many; each has one of two labels, drawn"},
    {"times", MYE_PARAM_CHOICE, offsetof(options, times), 0, "random", 0, 0, "random|shared|equal",
     NULL, "", "drawn for each pattern; drawn once for all patterns; or one time for all spikes"},
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "500", 1, MYE_UNITS_MAX, NULL, NULL,
     "afferents", "how many, one spike each"},
    {"window", MYE_PARAM_FLOAT, offsetof(options, window), 0, "500", 1e-3, 1e7, NULL, NULL, "ms",
     "length of a pattern; times are uniform in it"},
    {0},
};

enum { TAG_TIMES = 1, TAG_LABELS, TAG_PATTERNS };

static mye_status draw_one(const options *o, uint64_t seed, int64_t k, mye_spike *spike,
                           mye_patterns *set, mye_error *err)
{
    mye_draws d = mye_draws_begin(mye_random_derive(seed, TAG_PATTERNS), (uint64_t)k);
    mye_draws shared = mye_draws_begin(seed, TAG_TIMES);
    mye_draws label = mye_draws_begin(mye_random_derive(seed, TAG_LABELS), (uint64_t)k);
    for (int32_t i = 0; i < o->units; i++) {
        const double own = mye_draws_uniform(&d), common = mye_draws_uniform(&shared);
        const double share = o->times == TIMES_RANDOM ? own : o->times == TIMES_SHARED ? common : 0;
        spike[i] = (mye_spike){share * o->window, mye_draws_coefficient(&d, o->coefficient), i};
    }
    const mye_pattern p = {spike, o->units, o->window, (int32_t)mye_draws_below(&label, 2), 0};
    return mye_patterns_add(set, &p, err);
}

static mye_status open_source(mye_context *ctx, const void *opt, const mye_source_request *ask,
                              mye_patterns **out, mye_error *err)
{
    const options *o = opt;
    mye_spike *spike = mye_alloc_array(ctx, (size_t)o->units, sizeof(*spike));
    if (!spike)
        return mye_no_memory(err, (size_t)o->units * sizeof(*spike), "a random pattern");
    mye_status st = mye_patterns_create(ctx, (int32_t)o->units, 2, out, err);
    for (int64_t k = 0; st == MYE_OK && k < o->patterns; k++)
        st = draw_one(o, ask->seed, k, spike, *out, err);
    mye_free(ctx, spike);
    return st;
}

const mye_source_type mye_source_single = {
    .entry = {"single", "random patterns with one spike of each afferent, labels drawn",
              "Guetig and Sompolinsky 2006", params, sizeof(options)},
    .open = open_source,
};
