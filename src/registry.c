/* All kinds of methods: what `list`, `--help` and the checks walk over. */
#include "myelin/registry.h"

#include <string.h>

#include "convert/balance.h"
#include "convert/calibration.h"
#include "convert/convert.h"
#include "data/data.h"
#include "depth/depth.h"
#include "net/graph.h"
#include "net/run.h"
#include "neuron/neuron.h"
#include "node/node.h"
#include "sample/sample.h"
#include "step/step.h"
#include "synapse/experiment_kind.h"
#include "synapse/move.h"
#include "synapse/noise.h"
#include "synapse/patterns.h"
#include "synapse/psp.h"
#include "synapse/readout_kind.h"
#include "synapse/rule.h"
#include "time/time.h"

/* The five axes first, in the order of the design; then what networks, data and training are made
 * of; then conversion; then single neurons. */
static const mye_kind *const kinds[] = {
    &mye_kind_neuron,  &mye_kind_time,    &mye_kind_depth,      &mye_kind_sample,
    &mye_kind_step,    &mye_kind_node,    &mye_kind_surrogate,  &mye_kind_net,
    &mye_kind_dataset, &mye_kind_augment, &mye_kind_encoder,    &mye_kind_schedule,
    &mye_kind_loss,    &mye_kind_convert, &mye_kind_balance,    &mye_kind_calibration,
    &mye_kind_pattern, &mye_kind_noise,   &mye_kind_psp,        &mye_kind_rule,
    &mye_kind_move,    &mye_kind_readout, &mye_kind_experiment, NULL};

const mye_kind *const *mye_kinds(void)
{
    return kinds;
}

const mye_kind *mye_kind_find(const char *name)
{
    for (int i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
