/* The class whose neurons fire most; each is taught a number of spikes for its own. */
#include "synapse/readout_kind.h"

typedef struct options {
    int64_t spikes;
} options;

static const mye_param params[] = {
    {"spikes", MYE_PARAM_INT, offsetof(options, spikes), 0, "3", 1, 1000, NULL, NULL, "spikes",
     "of a neuron for a pattern of its own class"},
    {0},
};

static double spikes(const mye_panel *p, int m)
{
    return p->count[m];
}

static int32_t decide(const void *opt, const mye_panel *panel)
{
    MYE_UNUSED(opt);
    return mye_readout_largest(panel, spikes);
}

static void aim(const void *opt, int classes, int neurons, int32_t label, int32_t *count)
{
    const options *o = opt;
    mye_readout_own(classes, neurons, label, (int32_t)o->spikes, count);
}

const mye_readout_type mye_readout_count = {
    .entry = {"count", "the class with the most spikes, ties by the mean of V_max",
              "Yu, Li and Tan 2019", params, sizeof(options)},
    .decide = decide,
    .aim = aim,
};
