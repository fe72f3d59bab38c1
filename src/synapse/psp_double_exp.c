/*
 * The current-based leaky integrate-and-fire neuron: a spike's current decays with tau_s, the
 * membrane with tau_m. Normalised so that one spike through a weight of 1 peaks at 1.
 * Source: Guetig and Sompolinsky 2006; Guetig 2016 (tau_m 20 ms, tau_s 5 ms).
 */
#include <math.h>

#include "synapse/psp.h"

typedef struct options {
    double tau_m, tau_s;
} options;

static const mye_param params[] = {
    {"tau_m", MYE_PARAM_FLOAT, offsetof(options, tau_m), 0, "20", 1e-3, 1e6, NULL, NULL, "ms",
     "of the membrane"},
    {"tau_s", MYE_PARAM_FLOAT, offsetof(options, tau_s), 0, "5", 1e-3, 1e6, NULL, NULL, "ms",
     "of the synaptic current, below tau_m"},
    {0},
};

static mye_status shape(const void *opt, mye_psp *out, mye_error *err)
{
    const options *o = opt;
    if (!(o->tau_s < o->tau_m))
        return mye_fail(err, MYE_ERR_ARG,
                        "psp double-exp wants tau_s below tau_m, got tau_s %g and tau_m %g ms",
                        o->tau_s, o->tau_m);
    /* K is the gain, about e / (eta - 1), times a difference of nearly equal numbers: its rounding
     * errors are 1e-16 of the gain. */
    const double eta = o->tau_m / o->tau_s;
    if (!(eta - 1 >= 1e-6))
        return mye_fail(err, MYE_ERR_ARG,
                        "psp double-exp cannot tell tau_s %.17g from tau_m %.17g ms", o->tau_s,
                        o->tau_m);
    *out = (mye_psp){o->tau_m, o->tau_s, pow(eta, eta / (eta - 1)) / (eta - 1), 1};
    return MYE_OK;
}

const mye_psp_type mye_psp_double_exp = {
    .entry = {"double-exp", "current with tau_s onto a membrane with tau_m, peak 1",
              "Guetig and Sompolinsky 2006", params, sizeof(options)},
    .shape = shape,
};
