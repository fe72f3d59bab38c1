/* Settings that fit into a given memory. */
#include <string.h>

#include "net/rules.h"
#include "train/train.h"

/* BPTT that keeps only spikes, as text; empty when the rule is another or does so already. */
static mye_status leaner_time(mye_context *ctx, const char *time, char *out, mye_error *err)
{
    mye_method method = {0};
    out[0] = '\0';
    MYE_TRY(mye_method_parse(ctx, &mye_kind_time, time, &method, err));
    mye_status status = MYE_OK;
    char now[32];
    if (strcmp(method.entry->name, "bptt") == 0) {
        const mye_param *params = method.entry->params;
        status = mye_params_get(params, method.options, "checkpoint", now, sizeof now, err);
        if (status == MYE_OK && strcmp(now, "node") != 0) {
            status = mye_params_set(params, method.options, "checkpoint", "node", err);
            if (status == MYE_OK) /* with checkpoint=node there are no floats to pack */
                status = mye_params_set(params, method.options, "keep", "f32", err);
            if (status == MYE_OK)
                status = mye_method_text(&method, false, out, MYE_METHOD_MAX, err);
        }
    }
    mye_method_free(ctx, &method);
    return status;
}

typedef struct fit {
    mye_context *ctx;
    const mye_model *model;
    mye_plan_options *options;
    size_t bytes;
    mye_plan *out;
} fit;

/* Plans once; *fits says whether the plan, left in *out, is small enough. */
static mye_status try_plan(const fit *f, bool *fits, mye_error *err)
{
    mye_plan_free(f->ctx, f->out);
    MYE_TRY(mye_plan_make(f->ctx, f->model, f->options, f->out, err));
    *fits = f->out->total_bytes <= f->bytes;
    return MYE_OK;
}

static mye_status search(const fit *f, const char *lean, mye_error *err)
{
    mye_plan_options *o = f->options;
    const int asked_eval = o->eval_batch;
    bool fits = false;
    MYE_TRY(try_plan(f, &fits, err));
    if (!fits && lean[0]) {
        o->time = lean;
        MYE_TRY(try_plan(f, &fits, err));
    }
    while (!fits && o->batch > 1) {
        o->batch = (o->batch + 1) / 2;
        if (asked_eval > 0 && o->eval_batch > o->batch)
            o->eval_batch = o->batch;
        MYE_TRY(try_plan(f, &fits, err));
    }
    if (fits)
        return MYE_OK;
    char least[32], limit[32];
    return mye_fail(err, MYE_ERR_NOMEM,
                    "%s is not enough for this network: with time %s and a batch of 1 it needs %s",
                    mye_format_bytes(f->bytes, limit, sizeof limit), o->time,
                    mye_format_bytes(f->out->total_bytes, least, sizeof least));
}

mye_status mye_plan_fit(mye_context *ctx, const mye_model *model, mye_plan_options *options,
                        char *time, size_t bytes, mye_plan *out, mye_error *err)
{
    memset(out, 0, sizeof *out);
    MYE_TRY(leaner_time(ctx, options->time, time, err));
    const fit f = {ctx, model, options, bytes, out};
    const mye_status status = search(&f, time, err);
    if (status != MYE_OK)
        mye_plan_free(ctx, out);
    return status;
}
