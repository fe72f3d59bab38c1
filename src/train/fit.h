/*
 * Weights in closed form: where a depth rule says so (mye_module.fit), a dense layer's weights are
 * solved by ridge regression of the one-hot labels on its input (least_squares.h), over the samples
 * of an epoch. The run hands over each batch's inputs while they are at hand.
 */
#ifndef MYE_FIT_H
#define MYE_FIT_H

#include "net/run.h"

typedef struct mye_fit mye_fit;

/* All that mye_fit_create takes, for batches of up to `batch`; 0: the model has nothing to solve. */
size_t mye_fit_bytes(const mye_model *model, int batch);
/* *out NULL: nothing to solve. MYE_ERR_UNSUPPORTED without OpenBLAS, MYE_ERR_NOMEM. */
mye_status mye_fit_create(mye_context *ctx, mye_model *model, int batch, mye_fit **out,
                          mye_error *err);
void mye_fit_free(mye_fit *fit);

/* From now on `run` hands its inputs to `fit`. */
void mye_fit_watch(mye_fit *fit, mye_run *run);
/* Forgets all samples. */
void mye_fit_begin(mye_fit *fit);
/* How many layers there are to solve. */
int mye_fit_layers(const mye_fit *fit);

typedef struct mye_fit_result {
    const char *node;
    int64_t features, samples;
    double ridge; /* that was taken, as a share of the mean square of a feature */
} mye_fit_result;

/* Solves layer i and writes its weights; errors as mye_least_squares_solve. */
mye_status mye_fit_solve(mye_fit *fit, int i, mye_fit_result *out, mye_error *err);

#endif
