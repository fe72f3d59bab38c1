/*
 * Time axis: in which order a module's nodes and time steps are visited, what a neuron keeps, what
 * it does backward, which presynaptic quantity the weight gradient uses. One rule = one file + one
 * line in time_list.inc.
 */
#ifndef MYE_TIME_H
#define MYE_TIME_H

#include "net/run.h"

typedef struct mye_time_rule {
    mye_entry entry;
    /* Refuses what has no meaning, naming both sides. NULL: takes everything. */
    mye_status (*check)(const void *options, const mye_model *model, const mye_run_options *o,
                        mye_error *err);
    /* Declares passes and buffers, once. */
    void (*prepare)(const void *options, mye_run *run);
    /* Forward, loss and backward of one module. Executed dry first. */
    void (*step)(const void *options, mye_run *run, const mye_module *m);
} mye_time_rule;
extern const mye_kind mye_kind_time;

#endif
