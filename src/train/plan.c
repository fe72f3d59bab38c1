#include "myelin/plan.h"

#include "myelin/data.h"
#include "net/rules.h"
#include "step/step.h"
#include "train/cosine.h"
#include "train/fit.h"
#include "train/pipeline.h"
#include "train/survey.h"
#include "train/train.h"

/* Test run, loaders and the order of samples: what stands beside the training run. The two runs
 * are never at work at the same time, so the smaller one borrows. */
static mye_status add_surroundings(mye_context *ctx, const mye_model *model,
                                   const mye_plan_options *o, const mye_sample_wants *wants,
                                   mye_plan *plan, mye_error *err)
{
    mye_shape in = model->node[0]->shape;
    plan->loader_bytes += o->read_bytes; /* one loader at a time is at work */
    if (o->eval_batch > 0) {
        const mye_run_options test = {.time = o->time,
                                      .loss = o->loss,
                                      .T = o->T,
                                      .B = o->eval_batch,
                                      .exact = o->exact,
                                      .tells = wants->survey_tells};
        mye_plan eval = {0};
        MYE_TRY(mye_run_count(ctx, model, &test, &eval, err));
        plan->eval_bytes = eval.run_bytes - eval.arena_bytes;
        const bool borrows = o->pipeline < 2; /* the groups' runs are not at rest for long */
        if (!borrows || eval.arena_bytes > plan->arena_bytes)
            plan->eval_bytes += eval.arena_bytes;
        if (!borrows || eval.scratch_bytes > plan->scratch_bytes)
            plan->eval_bytes += eval.scratch_bytes;
        mye_plan_free(ctx, &eval);
        if (o->n_test > 0)
            plan->loader_bytes +=
                mye_loader_plan(o->frames, in.c, in.h, in.w, o->eval_batch, o->n_test);
    }
    if (o->n_train == 0)
        return MYE_OK;
    const int loaded = wants->pool > 0 ? wants->pool : o->batch;
    plan->loader_bytes +=
        mye_loader_plan(o->frames, in.c, in.h, in.w, loaded, o->n_train) + wants->bytes;
    if (wants->room > o->n_train) /* a longer order stands beside the loader's own */
        plan->loader_bytes += (size_t)wants->room * (sizeof(int64_t) + sizeof(float));
    if (wants->pool > 0)
        plan->loader_bytes += mye_pool_bytes(o->frames, in.c, in.h, in.w, o->batch);
    if (wants->surveys)
        plan->loader_bytes += mye_survey_bytes(model, wants->survey_tells, loaded);
    return MYE_OK;
}

/* A checkpoint is written by way of a copy of one weight at a time. */
static size_t save_bytes(const mye_model *model, size_t gradients)
{
    size_t most = 0;
    for (int i = 0; i < model->n_weights; i++)
        if (model->weight[i]->count > most)
            most = model->weight[i]->count;
    return most > gradients ? most * sizeof(float) : 0;
}

bool mye_plan_is_immediate(const mye_model *model, const mye_plan_options *o)
{
    const bool compares = o->cosine != NULL && o->cosine[0] != '\0';
    return o->step != NULL && !compares && o->pipeline < 2 &&
           mye_run_can_be_immediate(model, o->time);
}

static mye_status count_run(mye_context *ctx, const mye_model *model, const mye_plan_options *o,
                            const mye_run_options *run, mye_plan *out, mye_error *err)
{
    mye_pipeline_options pipeline;
    if (o->step == NULL || o->pipeline < 2)
        return mye_run_count(ctx, model, run, out, err);
    MYE_TRY(mye_pipeline_setting(ctx, model, o, run, &pipeline, err));
    return mye_pipeline_count(ctx, model, &pipeline, out, err);
}

mye_status mye_plan_make(mye_context *ctx, const mye_model *model, const mye_plan_options *options,
                         mye_plan *out, mye_error *err)
{
    mye_sample_wants wants = {0};
    if (options->step != NULL) {
        const mye_sample_facts facts = mye_sample_facts_of(
            model, options->n_train > 0 ? options->n_train : 1, options->epochs, options->batch, 0);
        MYE_TRY(mye_sample_ask(ctx, options->sample != NULL ? options->sample : "all", &facts,
                               &wants, err));
    }
    const mye_run_options run = {.time = options->time,
                                 .loss = options->loss,
                                 .T = options->T,
                                 .B = options->batch,
                                 .training = options->step != NULL,
                                 .exact = options->exact,
                                 .int8 = options->int8,
                                 .keep_packed = options->keep_packed,
                                 .immediate = mye_plan_is_immediate(model, options),
                                 .rate_strength = options->rate_strength,
                                 .tells = wants.tells};
    MYE_TRY(count_run(ctx, model, options, &run, out, err));
    out->weight_bytes = (model->n_params + model->n_buffers) * sizeof(float);
    const size_t gradients = run.immediate ? mye_model_shared_gradients(model) : model->n_params;
    out->gradient_bytes = options->step != NULL ? gradients * sizeof(float) : 0;
    out->fit_bytes = options->step != NULL ? mye_fit_bytes(model, options->batch) : 0;
    out->save_bytes = options->step != NULL ? save_bytes(model, gradients) : 0;
    mye_status status = MYE_OK;
    if (options->step != NULL)
        status = mye_stepper_plan(ctx, model, options->step, &out->optimiser_bytes, err);
    if (status == MYE_OK)
        status = add_surroundings(ctx, model, options, &wants, out, err);
    if (status == MYE_OK && options->step != NULL && options->cosine != NULL &&
        options->cosine[0] != '\0') {
        mye_cosine_plan beside = {.bytes = 0};
        status = mye_cosine_plan_make(ctx, model, options, out, &beside, err);
        out->cosine_bytes = beside.bytes;
    }
    if (status != MYE_OK) {
        mye_plan_free(ctx, out);
        return status;
    }
    out->total_bytes = out->weight_bytes + out->gradient_bytes + out->optimiser_bytes +
                       out->run_bytes + out->scratch_bytes + out->eval_bytes + out->loader_bytes +
                       out->cosine_bytes + out->fit_bytes + out->save_bytes;
    return MYE_OK;
}

void mye_plan_free(mye_context *ctx, mye_plan *plan)
{
    if (plan == NULL)
        return;
    mye_free(ctx, plan->row);
    plan->row = NULL;
    plan->n_rows = 0;
}
