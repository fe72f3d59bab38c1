/* Neurons that are learned on means over the time steps: which rules and readouts fit them. */
#ifndef MYE_MEANS_H
#define MYE_MEANS_H

#include "net/rules.h"

/* Refuses rules and neurons that do not go together, naming both: a rule that learns on means wants
 * such neurons only, every other rule wants none. Training only. */
mye_status mye_means_check(const mye_time_rule *rule, const mye_run_options *o,
                           const mye_model *model, mye_error *err);
/* Options of the readout that a graph gets when it names none: the weights over the steps are those
 * of its last neuron's mean. */
mye_status mye_means_readout(const mye_graph *graph, char *out, size_t size, mye_error *err);

#endif
