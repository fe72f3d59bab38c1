/*
 * Burst: up to coef_max spikes at a step, none taken back: `aug` without negative spikes.
 *
 *   o = min(floor(v / theta), coef_max)     where v >= theta
 *
 * Source: Li, Zeng 2022, IJCAI (burst spikes, at most 5).
 */
#include "neuron/transmit.h"

static void burst_prepare(const mye_node *n, void *coef)
{
    mye_transmit_make(n, 0, mye_transmit_most(n), coef);
}

static const mye_param burst_params[] = {
    TRANSMIT_PARAMS,
    {TRANSMIT_ROW(coef_max, "coef_max", MYE_PARAM_INT, "5", "most spikes at a step; 0: no limit"),
     .min = 0, .max = 1 << 22},
    TRANSMIT_PARAM_END};

extern const mye_neuron_type mye_neuron_burst;
const mye_neuron_type mye_neuron_burst = {
    .entry = {.name = "burst",
              .brief = "of converted networks: several spikes at a step",
              .source = "Li, Zeng 2022, IJCAI",
              .params = burst_params,
              .options_size = sizeof(mye_transmit_options)},
    TRANSMIT_FUNCTIONS,
    .prepare = burst_prepare,
};
