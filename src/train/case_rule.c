/* From the rule and the loss of a reference case to methods of ours. */
#include "train/case.h"

#include <stdio.h>
#include <string.h>

static bool text_is(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL && strcmp(value, text) == 0;
}

static mye_status bptt_rule(const mye_case *c, const json_t *rule, char *out, size_t size,
                            mye_error *err)
{
    (void)c;
    (void)err;
    snprintf(out, size, "bptt:mode=%s", text_is(rule, "step_mode", "s") ? "s" : "m");
    return MYE_OK;
}

static mye_status rate_rule(const mye_case *c, const json_t *rule, char *out, size_t size,
                            mye_error *err)
{
    const bool per_step = text_is(rule, "step_mode", "s");
    const bool last_input = text_is(rule, "rate_input", "last_step");
    const bool last_stats = text_is(rule, "bn_statistics", "last_step");
    const bool spikes = text_is(rule, "output", "spike_mean");
    const json_t *count = json_object_get(rule, "bn_eps_count");
    if ((!last_input && !text_is(rule, "rate_input", "mean")) ||
        (!last_stats && !text_is(rule, "bn_statistics", "all_steps")) ||
        (!spikes && !text_is(rule, "output", "rate_pass")) ||
        (!text_is(rule, "grad_scale", "1") && !text_is(rule, "grad_scale", "1/T")))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: rule 'rate' has a setting that this build does not know", c->path);
    snprintf(
        out, size,
        "rate:mode=%s,grad_scale=%s,output=%s,rate_input=%s,bn_statistics=%s,bn_eps_count=%lld",
        per_step ? "s" : "m", text_is(rule, "grad_scale", "1") ? "1" : "1/T",
        spikes ? "spikes" : "rates", last_input ? "last_step" : "mean",
        last_stats ? "last_step" : "all_steps",
        (long long)(json_is_integer(count) ? json_integer_value(count) : 1));
    return MYE_OK;
}

static mye_status dsr_rule(const mye_case *c, const json_t *rule, char *out, size_t size,
                           mye_error *err)
{
    (void)c;
    (void)rule;
    (void)err;
    snprintf(out, size, "dsr");
    return MYE_OK;
}

static mye_status sltt_rule(const mye_case *c, const json_t *rule, char *out, size_t size,
                            mye_error *err)
{
    const json_t *steps = json_object_get(rule, "backward_steps"), *step;
    int used = snprintf(out, size, "sltt");
    size_t i;
    if (!text_is(rule, "step_mode", "s") || !json_is_array(steps))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: rule 'sltt' wants step_mode 's' and the list backward_steps", c->path);
    json_array_foreach(steps, i, step)
    {
        if (!json_is_integer(step) || (size_t)used + 24 > size)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: backward_steps wants few whole numbers",
                            c->path);
        used += snprintf(out + used, size - (size_t)used, "%s%lld",
                         i > 0 ? "+" : ":steps=", (long long)json_integer_value(step));
    }
    return MYE_OK;
}

static mye_status ottt_rule(const mye_case *c, const json_t *rule, char *out, size_t size,
                            mye_error *err)
{
    const bool once = text_is(rule, "variant", "A");
    if (!text_is(rule, "step_mode", "s") || (!once && !text_is(rule, "variant", "O")))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: rule 'ottt' wants step_mode 's' and variant 'A' or 'O'", c->path);
    snprintf(out, size, "ottt:variant=%s", once ? "A" : "O");
    return MYE_OK;
}

/* The released code's gradients are those of scale times the loss. */
static mye_status spide_rule(const mye_case *c, const json_t *rule, char *out, size_t size,
                             mye_error *err)
{
    static const char *const keys[] = {"T_backward", "threshold_backward", "rest_backward",
                                       "scale"};
    double x[4];
    for (int i = 0; i < 4; i++) {
        const json_t *value = json_object_get(rule, keys[i]);
        if (!json_is_number(value))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: rule 'spide' wants a number '%s'", c->path,
                            keys[i]);
        x[i] = json_number_value(value);
    }
    char threshold[32], amplitude[32], scale[32];
    snprintf(out, size, "spide:T_B=%.0f,threshold=%s,amplitude=%s,scale=%s,grad_scale=scale", x[0],
             mye_format_double(x[1], threshold, sizeof threshold),
             mye_format_double(x[1] - x[2], amplitude, sizeof amplitude),
             mye_format_double(x[3], scale, sizeof scale));
    return MYE_OK;
}

static mye_status loss_method(const mye_case *c, const json_t *loss, char *out, size_t size,
                              mye_error *err)
{
    const char *name = json_string_value(json_object_get(loss, "name"));
    const mye_entry *entry = NULL;
    if (name == NULL || mye_kind_entry(&mye_kind_loss, name, &entry, NULL) != MYE_OK)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build has no loss '%s'", c->path,
                        name == NULL ? "(none)" : name);
    size_t used = (size_t)snprintf(out, size, "%s", name);
    char separator = ':', number[32];
    const json_t *a = json_object_get(loss, "a"), *target = json_object_get(loss, "target");
    if (json_is_number(a)) {
        used += (size_t)snprintf(out + used, size - used, "%ca=%s", separator,
                                 mye_format_double(json_number_value(a), number, sizeof number));
        separator = ',';
    }
    if (json_is_number(target))
        snprintf(out + used, size - used, "%ctarget=constant,means=%s", separator,
                 mye_format_double(json_number_value(target), number, sizeof number));
    return MYE_OK;
}

mye_status mye_case_rule(const mye_case *c, const json_t *run, char *time, char *loss, size_t size,
                         mye_error *err)
{
    static const struct {
        const char *name;
        mye_status (*text)(const mye_case *c, const json_t *rule, char *out, size_t size,
                           mye_error *err);
    } rules[] = {{"bptt", bptt_rule}, {"dsr", dsr_rule},   {"ottt", ottt_rule},
                 {"rate", rate_rule}, {"sltt", sltt_rule}, {"spide", spide_rule}};
    const json_t *rule = json_object_get(run, "rule");
    const json_t *own_loss = json_object_get(run, "loss");
    MYE_TRY(loss_method(c, own_loss != NULL ? own_loss : json_object_get(c->root, "loss"), loss,
                        size, err));
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (text_is(rule, "name", rules[i].name))
            return rules[i].text(c, rule, time, size, err);
    const char *name = json_string_value(json_object_get(rule, "name"));
    return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build has no rule '%s'", c->path,
                    name == NULL ? "(none)" : name);
}
