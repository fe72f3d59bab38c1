/* How far a neuron's weights move in the direction that a rule gave. */
#ifndef MYE_MOVE_H
#define MYE_MOVE_H

#include "base/base.h"

typedef struct mye_move_type {
    mye_entry entry;
    bool has_state; /* one number a weight, zero at first */
    /* Moves n weights w along g with learning rate lambda; called on mistakes only. */
    void (*move)(const void *options, double lambda, int32_t n, const double *g, double *state,
                 double *w);
} mye_move_type;

extern const mye_kind mye_kind_move;

#endif
