/* A trainer whose modules are on threads of their own: see pipeline.h. */
#include <math.h>

#include "train/trainer.h"

/* The first group's thread asks, for one batch at a time. */
static mye_source source_of(void *self, const mye_pipeline_batch *b)
{
    mye_trainer *t = self;
    t->flowing = t->input;
    return mye_input_source(&t->flowing, b->B, b->image, b->index, b->epoch_seed);
}

mye_status mye_trainer_make_pipeline(mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    const mye_run_options run = mye_trainer_run_options(t);
    mye_plan_options plan = mye_config_plan(c, t->n_train, t->n_test);
    mye_pipeline_options options;
    if (c->pipeline < 2)
        return MYE_OK;
    if (c->profile)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "profile measures one batch after the other: set pipeline to 1");
    plan.frames = mye_dataset_about(t->train)->frames;
    MYE_TRY(mye_pipeline_setting(t->ctx, t->model, &plan, &run, &options, err));
    options.clip = c->clip;
    return mye_pipeline_create(t->ctx, t->model, t->stepper, &options, source_of, t, &t->pipeline,
                               err);
}

/* Weights are looked at when no group moves them any more. */
static mye_status not_finite(mye_trainer *t, const char *what, double value, mye_error *err)
{
    mye_pipeline_result r;
    mye_status status;
    while (mye_pipeline_take(t->pipeline, &r, &status, NULL)) {
    }
    return mye_trainer_not_finite(t, what, value, err);
}

/* Waits for a result and counts it. *is_empty: there was none to wait for. */
static mye_status take(mye_trainer *t, bool *is_empty, mye_error *err)
{
    mye_pipeline_result r;
    mye_status status;
    *is_empty = !mye_pipeline_take(t->pipeline, &r, &status, err);
    if (*is_empty)
        return MYE_OK;
    if (status != MYE_OK)
        return status;
    if (!isfinite(r.loss))
        return not_finite(t, "the loss", r.loss, err);
    if (!isfinite(r.norm))
        return not_finite(t, "the gradient's norm", r.norm, err);
    MYE_TRY(mye_trainer_count_batch(t, &r, err));
    mye_trainer_tell(t, "train", t->state.batch, t->epoch_batches, mye_trainer_mean_loss(t),
                     mye_trainer_accuracy(t));
    return MYE_OK;
}

/* All batches that are under way are trained: the state is that of a step again. */
static mye_status drain(mye_trainer *t, mye_error *err)
{
    bool is_empty = false;
    while (!is_empty)
        MYE_TRY(take(t, &is_empty, err));
    return MYE_OK;
}

static mye_status stop(mye_trainer *t, mye_error *err)
{
    MYE_TRY(drain(t, err));
    return mye_trainer_cancelled(t, err);
}

mye_status mye_trainer_flow(mye_trainer *t, mye_error *err)
{
    for (int64_t position = t->state.batch;; position++) {
        const mye_batch *batch = NULL;
        bool is_empty;
        while (!mye_pipeline_has_room(t->pipeline))
            MYE_TRY(take(t, &is_empty, err));
        if (mye_context_cancelled(t->ctx))
            return stop(t, err);
        const mye_status status = mye_loader_next(t->loader, &batch, err);
        if (status == MYE_ERR_CANCELLED)
            return stop(t, err);
        if (status != MYE_OK)
            return status;
        if (batch == NULL)
            return drain(t, err);
        const mye_pipeline_batch b = mye_trainer_batch(t, batch, position);
        mye_pipeline_put(t->pipeline, &b);
        mye_stepper_advance(t->stepper);
    }
}
