/* Spikes are lost, each with one probability. */
#include "synapse/noise.h"

typedef struct options {
    double share;
} options;

static const mye_param params[] = {
    {"share", MYE_PARAM_FLOAT, offsetof(options, share), 0, "0.1", 0, 1, NULL, NULL, "",
     "probability that a spike is lost"},
    {0},
};

static mye_status apply(const void *opt, mye_draws *draws, mye_noisy *p, mye_error *err)
{
    const options *o = opt;
    int64_t kept = 0;
    MYE_UNUSED(err);
    for (int64_t i = 0; i < p->n; i++)
        if (mye_draws_uniform(draws) >= o->share)
            p->spike[kept++] = p->spike[i];
    p->n = kept;
    return MYE_OK;
}

const mye_noise_type mye_noise_delete = {
    .entry = {"delete", "spikes are lost", "", params, sizeof(options)},
    .apply = apply,
    .strength = "share",
};
