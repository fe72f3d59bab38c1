/*
 * Hard: integrate-and-fire with reset to zero: what is above the threshold when it fires is lost.
 *
 *   o = [v >= theta];  V = v where it is silent, else 0
 *
 * Source: Diehl et al. 2015, IJCNN.
 */
#include "neuron/transmit.h"

static void hard_prepare(const mye_node *n, void *coef)
{
    mye_transmit_make_spikes(n, true, coef);
}

static const mye_param hard_params[] = {TRANSMIT_PARAMS, TRANSMIT_PARAM_SURROGATE,
                                        TRANSMIT_PARAM_END};

extern const mye_neuron_type mye_neuron_hard;
const mye_neuron_type mye_neuron_hard = {
    .entry = {.name = "hard",
              .brief = "of converted networks: one spike, reset to zero",
              .source = "Diehl et al. 2015, IJCNN",
              .params = hard_params,
              .options_size = sizeof(mye_transmit_options)},
    TRANSMIT_FUNCTIONS,
    .prepare = hard_prepare,
};
