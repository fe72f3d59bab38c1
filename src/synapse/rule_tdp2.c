/*
 * Threshold-driven plasticity with fixed spikes: earlier spikes count through their resets alone,
 * d theta*_k/d w_i = x_i(t*)/C_*. Exact where spike times do not move (psp exp). Reconstructed, as
 * tdp1.
 */
#include "synapse/rule.h"

typedef struct options {
    double tolerance;
} options;

static const mye_param params[] = {
    MYE_RULE_TOLERANCE(options),
    {0},
};

static mye_verdict learn(const void *opt, mye_reader *r, const mye_aim *aim)
{
    const options *o = opt;
    return mye_rule_threshold(r, aim, o->tolerance, (mye_chain_mode){false, false, true});
}

const mye_rule_type mye_rule_tdp2 = {
    .entry = {"tdp2", "number of spikes: gradient with spikes that stay where they are",
              "Yu, Li and Tan 2019, Spike timing or rate? (variant: reconstructed)", params,
              sizeof(options)},
    .learn = learn,
};
