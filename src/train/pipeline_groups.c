/* Which modules are a group of a pipeline, and what all groups take: see pipeline.h. */
#include "train/pipeline.h"
#include "train/pipeline_told.h"

#include "net/rules.h"

static double module_macs(const mye_model *model, int k)
{
    double macs = 0;
    for (int i = model->module[k].first; i <= model->module[k].last; i++) {
        mye_ops ops = {0};
        if (model->node[i]->type->count != NULL)
            model->node[i]->type->count(model->node[i], &ops);
        macs += ops.macs;
    }
    return macs;
}

void mye_pipeline_divide(const mye_model *model, int stages, int *first)
{
    const int K = model->n_modules;
    double total = 0, done = 0;
    for (int k = 0; k < K; k++)
        total += module_macs(model, k);
    int k = 0;
    for (int i = 0; i < stages; i++) {
        const int end = K - (stages - 1 - i);
        const double share = total * (i + 1) / stages;
        first[i] = k;
        do
            done += module_macs(model, k++);
        while (k < end && (i == stages - 1 || done + module_macs(model, k) / 2 < share));
    }
    first[stages] = K;
}

mye_run_options mye_pipeline_stage(const mye_pipeline_options *o, const int *first, int i)
{
    mye_run_options own = o->run;
    own.immediate = true;
    own.first_module = first[i];
    own.n_modules = first[i + 1] - first[i];
    return own;
}

mye_status mye_pipeline_check(const mye_model *model, const mye_pipeline_options *o, mye_error *err)
{
    const int most = model->n_modules < MYE_PIPELINE_MAX ? model->n_modules : MYE_PIPELINE_MAX;
    if (o->stages >= 1 && o->stages <= most)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG,
                    "a pipeline wants 1 to %d groups (the network has %d modules), got %d", most,
                    model->n_modules, o->stages);
}

mye_status mye_pipeline_setting(mye_context *ctx, const mye_model *model, const mye_plan_options *o,
                                const mye_run_options *run, mye_pipeline_options *out,
                                mye_error *err)
{
    if (o->cosine != NULL && o->cosine[0] != '\0')
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "cosine compares the gradients of all modules, and a pipeline's are never "
                        "there at the same time: set pipeline to 1");
    if (!mye_run_can_be_immediate(model, o->time))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "a pipeline wants a depth rule that cuts the network into modules whose "
                        "weights move at once, and a time rule that finishes one module before "
                        "the next, got %d modules and time rule '%s'",
                        mye_model_modules(model), o->time);
    const int threads = mye_context_threads(ctx) / o->pipeline;
    const int64_t frames = o->frames > 0 ? o->frames : 1;
    *out = (mye_pipeline_options){.run = *run,
                                  .stages = o->pipeline,
                                  .threads = threads > 0 ? threads : 1,
                                  .sample = frames * mye_shape_size(model->node[0]->shape)};
    return MYE_OK;
}

/* Bytes of a packet beside its borders. */
static size_t batch_bytes(const mye_pipeline_options *o)
{
    const size_t B = (size_t)o->run.B;
    mye_told_sum told;
    mye_arena arena = {NULL, SIZE_MAX, 0};
    mye_told_sum_place(&told, o->run.tells, o->run.B, &arena);
    return arena.used + MYE_ALIGN +
           B * (2 * sizeof(int32_t) + sizeof(int64_t) + (2 + (size_t)o->sample) * sizeof(float));
}

/* ---- counting ---- */

static void add_stage(mye_plan *sum, const mye_plan *own, double lanes)
{
    sum->arena_bytes += own->arena_bytes;
    sum->run_bytes += own->run_bytes;
    sum->scratch_bytes += (size_t)((double)own->scratch_bytes * lanes);
    sum->kept_bytes += own->kept_bytes;
    for (int i = 0; i < sum->n_rows; i++) {
        sum->row[i].kept_bytes += own->row[i].kept_bytes;
        sum->row[i].work_bytes += own->row[i].work_bytes;
    }
}

mye_status mye_pipeline_count(mye_context *ctx, const mye_model *model,
                              const mye_pipeline_options *o, mye_plan *out, mye_error *err)
{
    int first[MYE_PIPELINE_MAX + 1];
    size_t packet_bytes = batch_bytes(o);
    const double lanes = (double)o->threads / mye_context_threads(ctx);
    MYE_TRY(mye_pipeline_check(model, o, err));
    mye_pipeline_divide(model, o->stages, first);
    for (int i = 0; i < o->stages; i++) {
        const mye_run_options own = mye_pipeline_stage(o, first, i);
        mye_plan stage_plan;
        mye_status status = mye_run_count(ctx, model, &own, &stage_plan, err);
        if (status != MYE_OK && i > 0)
            mye_plan_free(ctx, out);
        if (status != MYE_OK)
            return status;
        packet_bytes += stage_plan.packet_bytes;
        if (i == 0) {
            *out = stage_plan;
            out->scratch_bytes = (size_t)((double)out->scratch_bytes * lanes);
            continue;
        }
        add_stage(out, &stage_plan, lanes);
        out->macs += stage_plan.macs;
        out->auxiliary_macs += stage_plan.auxiliary_macs;
        mye_plan_free(ctx, &stage_plan);
    }
    out->modules = model->n_modules;
    out->packet_bytes = MYE_PIPELINE_PER_STAGE * (size_t)o->stages * packet_bytes;
    out->run_bytes += out->packet_bytes;
    return MYE_OK;
}
