/*
 * Multi-spike tempotron: the exact gradient of the critical threshold that a spike more (or less)
 * would need. With coefficients inside the traces it is the augmented rule.
 *   o < d: dw = +lambda grad theta*_{o+1};   o > d: dw = -lambda grad theta*_o
 */
#include "synapse/rule.h"

static mye_verdict learn(const void *options, mye_reader *r, const mye_aim *aim)
{
    return mye_rule_threshold(options, r, aim, (mye_chain_mode){true, true, true});
}

const mye_rule_type mye_rule_mst = {
    .entry = {"mst", "number of spikes: exact gradient of the critical threshold",
              "Guetig 2016, Spiking neurons can discover predictive features; Yu et al. 2020",
              mye_threshold_params, sizeof(mye_threshold_options)},
    .learn = learn,
};
