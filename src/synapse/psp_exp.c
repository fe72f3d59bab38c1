/*
 * Impulses: an event lifts the membrane at once, then it decays. Firing is possible at events only,
 * an event may lift it over several multiples of the threshold (that many spikes at one time, an
 * output coefficient), and spike times do not move with the weights.
 * Source: Yu et al. 2020, Towards efficient processing and learning with spikes.
 */
#include "synapse/psp.h"

typedef struct options {
    double tau_m;
} options;

static const mye_param params[] = {
    {"tau_m", MYE_PARAM_FLOAT, offsetof(options, tau_m), 0, "20", 1e-3, 1e6, NULL, NULL, "ms",
     "of the membrane"},
    {0},
};

static mye_status shape(const void *opt, mye_psp *out, mye_error *err)
{
    const options *o = opt;
    MYE_UNUSED(err);
    *out = (mye_psp){o->tau_m, o->tau_m, 1, 0};
    return MYE_OK;
}

const mye_psp_type mye_psp_exp = {
    .entry = {"exp", "an impulse on a membrane with tau_m; spikes at events only",
              "Yu et al. 2020, Towards efficient processing and learning with spikes", params,
              sizeof(options)},
    .shape = shape,
};
