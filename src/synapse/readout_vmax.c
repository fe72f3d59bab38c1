/* The class whose neurons come nearest to firing, or most above it. */
#include "synapse/readout_kind.h"

static double height(const mye_panel *p, int m)
{
    return p->v_max[m];
}

static int32_t decide(const void *options, const mye_panel *panel)
{
    MYE_UNUSED(options);
    return mye_readout_largest(panel, height);
}

static void aim(const void *options, int classes, int neurons, int32_t label, int32_t *count)
{
    MYE_UNUSED(options);
    mye_readout_own(classes, neurons, label, 1, count);
}

const mye_readout_type mye_readout_vmax = {
    .entry = {"vmax", "the class with the largest mean of V_max", "", NULL, 0},
    .decide = decide,
    .aim = aim,
};
