/* The tables of the time and depth axes: what a run needs to know of them. */
#ifndef MYE_RULES_H
#define MYE_RULES_H

#include "net/run.h"

/* In which order a module's nodes and time steps are visited, what is kept, what goes backward. */
typedef struct mye_time_rule {
    mye_entry entry;
    /* Options that a table of all rules shows beside the defaults: "mode=s", NULL at the end. NULL:
     * none. */
    const char *const *variants;
    bool on_means; /* wants neurons that are learned on means over the steps; false: wants none */
    bool takes_feedback; /* goes step by step, and back through feedback nodes */
    bool one_module;     /* wants the whole network: one loss at its end       */
    /* Refuses what has no meaning, naming both sides. NULL: takes everything. */
    mye_status (*check)(const void *options, const mye_model *model, const mye_run_options *o,
                        mye_error *err);
    /* It hands one gradient, that of the mean output, to all steps. With a loss of each step it would
     * push until no step is wrong, and not stop. */
    bool mean_output;
    /* Does it move the weights within a step (OTTT_O)? NULL: no. */
    bool (*moves)(const void *options);
    /* Declares passes and buffers, once. */
    void (*prepare)(const void *options, mye_run *run);
    /* Passes backward through the data alone, beside the one that makes the weights' gradients, at
     * most: for counting. NULL: none. */
    int64_t (*sweeps)(const void *options);
    /* Forward, loss and backward of one module. Executed dry first. */
    void (*step)(const void *options, mye_run *run, const mye_module *m);
} mye_time_rule;

/* Cuts the network into modules, each with its own loss. */
typedef struct mye_depth_rule {
    mye_entry entry;
    /* Writes at most `max` modules in forward order; *n their number. */
    mye_status (*modules)(const void *options, const mye_model *model, int max, mye_module *out,
                          int *n, mye_error *err);
} mye_depth_rule;

extern const mye_kind mye_kind_time, mye_kind_depth;

#endif
