/* One neuron tells all classes: class k is k times `step` spikes. More neurons: their mean. */
#include <math.h>

#include "synapse/readout_kind.h"

typedef struct options {
    int64_t step;
} options;

static const mye_param params[] = {
    {"step", MYE_PARAM_INT, offsetof(options, step), 0, "3", 1, 100, NULL, NULL, "spikes",
     "from class to class: 0, step, 2 step, .."},
    {0},
};

static int32_t decide(const void *opt, const mye_panel *p)
{
    const options *o = opt;
    double sum = 0;
    for (int m = 0; m < p->neurons; m++)
        sum += p->count[m];
    const double level = floor(sum / p->neurons / (double)o->step + 0.5);
    return level < p->classes - 1 ? (int32_t)level : p->classes - 1;
}

static void aim(const void *opt, int classes, int neurons, int32_t label, int32_t *count)
{
    const options *o = opt;
    MYE_UNUSED(classes);
    for (int m = 0; m < neurons; m++)
        count[m] = label * (int32_t)o->step;
}

const mye_readout_type mye_readout_levels = {
    .entry = {"levels", "the number of spikes of every neuron tells the class: 0, step, 2 step",
              "Yu, Li and Tan 2019", params, sizeof(options)},
    .is_common = true,
    .decide = decide,
    .aim = aim,
};
