/* Experiments: running by name. */
#include <string.h>

#include "synapse/experiment_kind.h"
#include "synapse/experiment_list.inc"

#define DECLARE(name) extern const mye_experiment_type mye_experiment_##name;
MYE_EXPERIMENT_LIST(DECLARE)
#define ENTRY(name) &mye_experiment_##name.entry,
static const mye_entry *const entries[] = {MYE_EXPERIMENT_LIST(ENTRY) NULL};
const mye_kind mye_kind_experiment = {"experiment", "What do single neurons learn?", entries};

mye_status mye_experiment_with(mye_context *ctx, const mye_entry *entry, const void *options,
                               const char *dir, const mye_callbacks *callbacks, mye_study **out,
                               mye_error *err)
{
    const mye_experiment_type *type = (const mye_experiment_type *)entry;
    const mye_method method = {entry, (void *)(uintptr_t)options};
    const double begin_s = mye_now_s();
    char command[2048];
    *out = NULL;
    MYE_TRY(mye_method_text(&method, false, command, sizeof(command), err));
    mye_study *study = mye_study_begin(ctx, type->title);
    mye_status st = mye_study_check(study, err);
    if (st == MYE_OK)
        st = type->run(ctx, options, dir, callbacks, study, err);
    if (st == MYE_OK) {
        study->command = mye_strdup(ctx, command);
        study->failed = study->failed || !study->command;
        study->seconds = mye_now_s() - begin_s;
        st = mye_study_check(study, err);
    }
    if (st == MYE_OK)
        *out = study;
    else
        mye_study_free(study);
    return st;
}

mye_status mye_experiment(mye_context *ctx, const char *text, const char *dir,
                          const mye_callbacks *callbacks, mye_study **out, mye_error *err)
{
    mye_method method = {0};
    *out = NULL;
    MYE_TRY(mye_method_parse(ctx, &mye_kind_experiment, text, &method, err));
    const mye_status st =
        mye_experiment_with(ctx, method.entry, method.options, dir, callbacks, out, err);
    mye_method_free(ctx, &method);
    return st;
}

mye_synapse_options mye_learn_synapse(const mye_learn_options *o, uint64_t seed)
{
    mye_synapse_options s = MYE_SYNAPSE_OPTIONS;
    s.psp = o->psp;
    s.rule = o->rule;
    s.move = o->move;
    s.noise = o->noise;
    s.lambda = o->lambda;
    s.decay = o->decay;
    s.init_mean = o->init_mean;
    s.init_sd = o->init_sd;
    s.epochs = o->epochs > 0 ? o->epochs : 1; /* trials need none */
    s.batch = o->batch > 0 ? (int)o->batch : 1;
    s.average = o->average;
    s.seed = seed;
    return s;
}

mye_status mye_numbers_parse(const char *what, const char *text, double min, double max,
                             mye_numbers *out, mye_error *err)
{
    out->n = 0;
    for (const char *at = text; *at || at == text;) {
        char one[40];
        const size_t n = strcspn(at, ",");
        double value = 0;
        snprintf(one, sizeof(one), "%.*s", (int)n, at);
        if (out->n == MYE_NUMBERS_MAX)
            return mye_fail(err, MYE_ERR_ARG, "%s takes at most %d numbers", what, MYE_NUMBERS_MAX);
        if (n >= sizeof(one) || !mye_parse_double(one, &value) || !(value >= min && value <= max))
            return mye_fail(err, MYE_ERR_ARG,
                            "%s wants numbers from %g to %g with commas between, got '%.80s'", what,
                            min, max, text);
        out->value[out->n++] = value;
        at += n + (at[n] == ',');
        if (!at[0] && at > text && at[-1] == ',')
            return mye_fail(err, MYE_ERR_ARG, "%s ends with a comma: '%.80s'", what, text);
        if (!*at)
            break;
    }
    return MYE_OK;
}
