/* Coefficients change by a normal amount; none goes below 0 that was not there before. */
#include "synapse/noise.h"

typedef struct options {
    double sd;
} options;

static const mye_param params[] = {
    {"sd", MYE_PARAM_FLOAT, offsetof(options, sd), 0, "0.3", 0, 1e6, NULL, NULL, "",
     "standard deviation"},
    {0},
};

static mye_status apply(const void *opt, mye_draws *draws, mye_noisy *p, mye_error *err)
{
    const options *o = opt;
    MYE_UNUSED(err);
    for (int64_t i = 0; i < p->n; i++) {
        const float before = p->spike[i].c;
        const float after = before + (float)(o->sd * mye_draws_normal(draws));
        p->spike[i].c = after < 0 && before >= 0 ? 0 : after;
    }
    return MYE_OK;
}

const mye_noise_type mye_noise_coefficient = {
    .entry = {"coefficient", "coefficients change by a normal amount, 0 at least", "", params,
              sizeof(options)},
    .apply = apply,
    .strength = "sd",
};
