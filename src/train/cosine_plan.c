/* What the comparison of gradients takes: the reference rule, its run, who lends memory to whom. */
#include "train/cosine.h"

#include "net/rules.h"

mye_status mye_cosine_check(mye_context *ctx, const char *time, mye_error *err)
{
    mye_method method = {0};
    MYE_TRY(mye_method_parse(ctx, &mye_kind_time, time, &method, err));
    const mye_time_rule *rule = (const mye_time_rule *)method.entry;
    const bool moves = rule->moves != NULL && rule->moves(method.options);
    mye_method_free(ctx, &method);
    if (!moves)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_UNSUPPORTED,
                    "cosine compares the gradient of a whole step; time rule '%s' moves the "
                    "weights within a step and has none",
                    time);
}

mye_status mye_cosine_reference(mye_context *ctx, const char *cosine, bool per_step,
                                char out[MYE_METHOD_MAX], mye_error *err)
{
    mye_method method = {0};
    MYE_TRY(mye_cosine_check(ctx, cosine, err));
    MYE_TRY(mye_method_parse(ctx, &mye_kind_time, cosine, &method, err));
    /* A rule that knows no such mode refuses, and stays as it is. */
    if (per_step && method.entry->params != NULL)
        mye_params_set(method.entry->params, method.options, "mode", "s", NULL);
    const mye_status status = mye_method_text(&method, false, out, MYE_METHOD_MAX, err);
    mye_method_free(ctx, &method);
    return status;
}

/* The run whose arena is larger lends it; scratch goes the same way where it is large enough. */
static size_t beside(const mye_plan *own, const mye_plan *reference, bool lends)
{
    size_t bytes = reference->run_bytes - reference->arena_bytes;
    if (lends)
        bytes += reference->arena_bytes - own->arena_bytes;
    if (!lends && own->scratch_bytes >= reference->scratch_bytes)
        return bytes;
    if (lends && reference->scratch_bytes >= own->scratch_bytes)
        return bytes + reference->scratch_bytes - own->scratch_bytes;
    return bytes + reference->scratch_bytes;
}

mye_status mye_cosine_plan_make(mye_context *ctx, const mye_model *model, const mye_plan_options *o,
                                const mye_plan *own, mye_cosine_plan *out, mye_error *err)
{
    mye_plan plan = {0};
    MYE_TRY(mye_cosine_check(ctx, o->time, err));
    MYE_TRY(mye_cosine_reference(ctx, o->cosine, own->per_step, out->reference, err));
    const mye_run_options run = {.time = out->reference,
                                 .loss = o->loss,
                                 .T = o->T,
                                 .B = o->batch,
                                 .whole = true,
                                 .training = true,
                                 .exact = o->exact,
                                 .rate_strength = o->rate_strength};
    MYE_TRY(mye_run_count(ctx, model, &run, &plan, err));
    out->lends = plan.arena_bytes > own->arena_bytes;
    out->bytes = beside(own, &plan, out->lends) + mye_cosine_bytes(model);
    mye_plan_free(ctx, &plan);
    return MYE_OK;
}
