/*
 * Threshold-driven plasticity with fixed spikes: earlier spikes count through their resets alone,
 * d theta*_k/d w_i = x_i(t*)/C_*. Exact where spike times do not move (psp exp). Reconstructed, as
 * tdp1.
 */
#include "synapse/rule.h"

static mye_verdict learn(const void *options, mye_reader *r, const mye_aim *aim)
{
    return mye_rule_threshold(options, r, aim, (mye_chain_mode){false, false, true});
}

const mye_rule_type mye_rule_tdp2 = {
    .entry = {"tdp2", "number of spikes: gradient with spikes that stay where they are",
              "Yu, Li and Tan 2019, Spike timing or rate? (variant: reconstructed)",
              mye_threshold_params, sizeof(mye_threshold_options)},
    .learn = learn,
};
