/*
 * Ter (TerMapping): two thresholds. A spike of -1 takes back what was sent too early, but never more
 * than was sent: without that guard the neuron would follow the identity, not ReLU.
 *
 *   o = +1 where v >= theta, -1 where v <= -theta and S > 0, else 0
 *
 * Where no |x| exceeds theta it sends the same sum as `aug`.
 *
 * Source: Yu et al. 2020, arXiv 2005.03231 (double threshold); the guard as in Wang et al. 2022, IJCAI
 * (signed neuron with memory).
 */
#include "neuron/transmit.h"

static void ter_prepare(const mye_node *n, void *coef)
{
    mye_transmit_make(n, 1, 1, coef);
}

static const mye_param ter_params[] = {TRANSMIT_PARAMS, TRANSMIT_PARAM_END};

extern const mye_neuron_type mye_neuron_ter;
const mye_neuron_type mye_neuron_ter = {
    .entry = {.name = "ter",
              .brief = "of converted networks: spikes of +1 and -1 (TerMapping)",
              .source = "Yu et al. 2020, arXiv 2005.03231",
              .params = ter_params,
              .options_size = sizeof(mye_transmit_options)},
    TRANSMIT_FUNCTIONS,
    .prepare = ter_prepare,
};
