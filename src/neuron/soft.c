/*
 * Soft: integrate-and-fire with reset by subtraction, one spike at most at a step. With a constant
 * drive a in [0, theta] it sends floor(a T / theta + v0) spikes in T steps; it cannot take a spike
 * back, and what is above theta at every step is lost.
 *
 *   o = [v >= theta]
 *
 * Source: Rueckauer et al. 2017, Frontiers in Neuroscience 11:682; Han et al. 2020, arXiv 2003.01811.
 */
#include "neuron/transmit.h"

static void soft_prepare(const mye_node *n, void *coef)
{
    mye_transmit_make_spikes(n, false, coef);
}

static const mye_param soft_params[] = {TRANSMIT_PARAMS, TRANSMIT_PARAM_SURROGATE,
                                        TRANSMIT_PARAM_END};

extern const mye_neuron_type mye_neuron_soft;
const mye_neuron_type mye_neuron_soft = {
    .entry = {.name = "soft",
              .brief = "of converted networks: one spike, reset by subtraction",
              .source = "Rueckauer et al. 2017, Frontiers in Neuroscience 11:682",
              .params = soft_params,
              .options_size = sizeof(mye_transmit_options)},
    TRANSMIT_FUNCTIONS,
    .prepare = soft_prepare,
};
