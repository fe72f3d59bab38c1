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
    /* Does it learn at each time step, all modules before the next step? Their gradients grow side by
     * side then, and are whole only when the last step is done. */
    bool by_steps;
    /* Forward, loss and backward of all modules (mye_run_enter). Executed dry first. */
    void (*step)(const void *options, mye_run *run);
} mye_time_rule;

/* Cuts the network into modules, each with its own loss. */
typedef struct mye_depth_rule {
    mye_entry entry;
    /* Options that a table of all rules shows beside the defaults, NULL at the end. NULL: none. */
    const char *const *variants;
    bool variants_are_all; /* the defaults are among them, and need no row of their own */
    /* Writes the graph that is trained into `out`, which has an input node: the nodes of `net` in
     * their order and, behind those of each module, the nodes that only its loss wants; closes
     * every module with mye_graph_end_module. NULL: the network is one module as it is. */
    mye_status (*extend)(const void *options, const mye_model *net, mye_graph *out, mye_error *err);
    /* May a module's weights move before the next module is at work? NULL: no. */
    bool (*immediate)(const void *options);
} mye_depth_rule;

/* Does the model's depth rule let modules move at once, and the time rule finish one module before
 * the next? Then one block of gradients can serve all (mye_run_options.immediate). */
bool mye_run_can_be_immediate(const mye_model *model, const char *time);

extern const mye_kind mye_kind_time, mye_kind_depth;

#endif
