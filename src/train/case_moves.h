/* What a rule that moves the weights within a step (OTTT_O) did at each of its moves. */
#ifndef MYE_CASE_MOVES_H
#define MYE_CASE_MOVES_H

#include "step/step.h"
#include "train/case.h"

typedef struct mye_case_moves {
    mye_context *ctx;
    const mye_model *model;
    mye_stepper *stepper;
    int T, t;      /* moves that there is room for, and that were made */
    float *grad;   /* [T][n_params] before the move, in storage layout */
    float *weight; /* [T][n_params] behind it                          */
} mye_case_moves;

/* Lets the case's optimiser move the weights of `run`, and writes down what it does. */
mye_status mye_case_moves_begin(const mye_case *c, mye_model *model, mye_run *run,
                                mye_case_moves *out, mye_error *err);
void mye_case_moves_end(mye_case_moves *m);

#endif
