#include "myelin/plan.h"

#include "net/run.h"
#include "step/step.h"

mye_status mye_plan_make(mye_context *ctx, const mye_model *model, const mye_plan_options *options,
                         mye_plan *out, mye_error *err)
{
    const mye_run_options run = {.time = options->time,
                                 .depth = options->depth,
                                 .loss = options->loss,
                                 .T = options->T,
                                 .B = options->batch,
                                 .training = options->step != NULL};
    MYE_TRY(mye_run_count(ctx, model, &run, out, err));
    out->weight_bytes = (model->n_params + model->n_buffers) * sizeof(float);
    out->gradient_bytes = model->n_params * sizeof(float);
    if (options->step != NULL) {
        const mye_status status =
            mye_stepper_plan(ctx, model, options->step, &out->optimiser_bytes, err);
        if (status != MYE_OK) {
            mye_plan_free(ctx, out);
            return status;
        }
    }
    out->total_bytes = out->weight_bytes + out->gradient_bytes + out->optimiser_bytes +
                       out->run_bytes + out->scratch_bytes + out->loader_bytes;
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
