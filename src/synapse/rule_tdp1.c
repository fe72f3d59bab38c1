/*
 * Threshold-driven plasticity with moving spikes: each earlier spike moves with the weights by
 * dt_j/dw = -(dV(t_j)/dw) / V'(t_j), and does not move the others. Reconstructed from the linear
 * assumption of the paper; which of its two variants has which name is not certain.
 */
#include "synapse/rule.h"

static mye_verdict learn(const void *options, mye_reader *r, const mye_aim *aim)
{
    return mye_rule_threshold(options, r, aim, (mye_chain_mode){true, false, true});
}

const mye_rule_type mye_rule_tdp1 = {
    .entry = {"tdp1", "number of spikes: gradient with one level of moving spikes",
              "Yu, Li and Tan 2019, Spike timing or rate? (variant: reconstructed)",
              mye_threshold_params, sizeof(mye_threshold_options)},
    .learn = learn,
};
