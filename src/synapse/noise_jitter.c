/* Every spike moves by a normal time; none leaves the pattern at its beginning. */
#include <math.h>

#include "synapse/noise.h"

typedef struct options {
    double sd;
} options;

static const mye_param params[] = {
    {"sd", MYE_PARAM_FLOAT, offsetof(options, sd), 0, "2", 0, 1e6, NULL, NULL, "ms",
     "standard deviation"},
    {0},
};

static mye_status apply(const void *opt, mye_draws *draws, mye_noisy *p, mye_error *err)
{
    const options *o = opt;
    MYE_UNUSED(err);
    for (int64_t i = 0; i < p->n; i++) /* reflected at 0, so that no crowd of spikes stands there */
        p->spike[i].t_ms = fabs(p->spike[i].t_ms + o->sd * mye_draws_normal(draws));
    return MYE_OK;
}

const mye_noise_type mye_noise_jitter = {
    .entry = {"jitter", "times move by a normal amount", "", params, sizeof(options)},
    .apply = apply,
    .strength = "sd",
};
