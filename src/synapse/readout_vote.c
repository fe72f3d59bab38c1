/* A neuron that fires votes for its class. */
#include "synapse/readout_kind.h"

static double vote(const mye_panel *p, int m)
{
    return p->v_max[m] >= p->theta;
}

static int32_t decide(const void *options, const mye_panel *panel)
{
    MYE_UNUSED(options);
    return mye_readout_largest(panel, vote);
}

static void aim(const void *options, int classes, int neurons, int32_t label, int32_t *count)
{
    MYE_UNUSED(options);
    mye_readout_own(classes, neurons, label, 1, count);
}

const mye_readout_type mye_readout_vote = {
    .entry = {"vote", "the class with the most neurons that fire, ties by the mean of V_max", "",
              NULL, 0},
    .decide = decide,
    .aim = aim,
};
