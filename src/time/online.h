/*
 * Learning step by step: what SLTT and OTTT share. Each time step has its own forward, loss and
 * backward pass; of the steps before it only what neurons carry is there. Memory does not depend on
 * T.
 *
 * The loss is that of the step. Where it reads the mean over all steps (ce_mean), the steps are gone
 * through twice: a first time for the outputs, a second time, with the gradient that is now known,
 * for the weights: one more forward pass.
 *
 * Static values (direct input and the layers before the first neuron) are computed once, and the
 * gradients that reach them add up over the steps: their backward pass is made once, behind the
 * last.
 */
#ifndef MYE_ONLINE_H
#define MYE_ONLINE_H

#include "time/time.h"

typedef struct mye_online {
    const void *self;
    /* Is step t trained? NULL: all are. */
    bool (*trains)(const void *self, int t);
    /* Stored node whose trace the weight gradient of this layer reads; -1: its input's value.
     * NULL: none. */
    int (*trace)(const void *self, const mye_model *model, int layer);
    double loss_scale; /* factor on loss and gradient                   */
    bool moves;        /* the weights move behind every step            */
    bool each_static;  /* static nodes too have a backward pass per step */
} mye_online;

/* Refuses what cannot learn step by step; `name` is the rule's. */
mye_status mye_online_check(const char *name, const mye_model *model, mye_error *err);
/* The pass, with one step at a time, and what its neurons carry. NULL: no memory. */
mye_pass *mye_online_prepare(mye_run *run);
/* Adds the traces that the layers read. */
void mye_online_prepare_traces(mye_run *run, mye_pass *p, const mye_online *o);
void mye_online_step(mye_run *run, const mye_online *o);

#endif
