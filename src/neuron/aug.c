/*
 * Aug (AugMapping): augmented spikes. The coefficient is the number of whole thresholds in v, down to
 * taking back all that was sent; so theta S stays within theta of what a ReLU would have sent,
 * whatever the order and size of the inputs.
 *
 *   o = floor(v / theta)                    where v >= theta
 *   o = -min(floor(-v / theta), S)          where v <= -theta
 *
 * shift: coefficients fall to powers of two, the rest stays in V for the next step.
 *
 * Source: Yu et al. 2020, arXiv 2005.03231; Ma, Yu 2020, IEEE SSCI.
 */
#include "neuron/transmit.h"

static void aug_prepare(const mye_node *n, void *coef)
{
    const float most = mye_transmit_most(n);
    mye_transmit_make(n, most, most, coef);
}

static const mye_param aug_params[] = {TRANSMIT_PARAMS, TRANSMIT_PARAM_MOST, TRANSMIT_PARAM_SHIFT,
                                       TRANSMIT_PARAM_END};

extern const mye_neuron_type mye_neuron_aug;
const mye_neuron_type mye_neuron_aug = {
    .entry = {.name = "aug",
              .brief = "of converted networks: spikes that carry a number (AugMapping)",
              .source = "Yu et al. 2020, arXiv 2005.03231",
              .params = aug_params,
              .options_size = sizeof(mye_transmit_options)},
    TRANSMIT_FUNCTIONS,
    .prepare = aug_prepare,
};
