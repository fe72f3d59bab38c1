/* Configuration of a training run: defaults, YAML in and out. */
#include <string.h>

#include "train/train.h"

mye_status mye_config_default(mye_config *config, mye_error *err)
{
    memset(config, 0, sizeof *config);
    return mye_params_defaults(mye_config_params(), config, err);
}

mye_status mye_config_set(mye_config *config, const char *key, const char *value, mye_error *err)
{
    return mye_params_set(mye_config_params(), config, key, value, err);
}

/* As mye_graph_describe decides it. */
bool mye_config_net_is_file(const char *net)
{
    const char *dot = strrchr(net, '.');
    return strchr(net, '/') || (dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0));
}

/* A network file that the config file names is looked for beside the config file. */
static mye_status locate_net(mye_config *config, const char *path, mye_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || config->net[0] == '/' || !mye_config_net_is_file(config->net))
        return MYE_OK;
    char place[sizeof config->net];
    const int n = snprintf(place, sizeof place, "%.*s/%s", (int)(slash - path), path, config->net);
    if (n < 0 || (size_t)n >= sizeof place)
        return mye_fail(err, MYE_ERR_ARG, "%s: the path of net '%s' is too long", path,
                        config->net);
    memcpy(config->net, place, (size_t)n + 1);
    return MYE_OK;
}

static mye_status apply_document(mye_config *config, const mye_yaml *root, const char *path,
                                 mye_error *err)
{
    if (root->type != MYE_YAML_MAPPING)
        return mye_yaml_fail(root, err, "a configuration is a mapping of keys to values");
    /* Applied to a copy: a file with an error changes nothing. */
    mye_config next = *config;
    MYE_TRY(mye_yaml_apply(root, mye_config_params(), &next, NULL, err));
    if (mye_yaml_get(root, "net"))
        MYE_TRY(locate_net(&next, path, err));
    *config = next;
    return MYE_OK;
}

mye_status mye_config_read(mye_context *ctx, mye_config *config, const char *path, mye_error *err)
{
    mye_yaml *root = NULL;
    MYE_TRY(mye_yaml_read(ctx, path, &root, err));
    const mye_status status = apply_document(config, root, path, err);
    mye_yaml_free(ctx, root);
    return status;
}

mye_status mye_config_parse(mye_context *ctx, mye_config *config, const char *source,
                            const char *text, mye_error *err)
{
    mye_yaml *root = NULL;
    MYE_TRY(mye_yaml_parse(ctx, source, text, strlen(text), &root, err));
    const mye_status status = apply_document(config, root, "", err);
    mye_yaml_free(ctx, root);
    return status;
}

/* Double-quoted unless it is plainly a number or a word that YAML cannot misread. */
static void add_scalar(mye_text *out, const char *value)
{
    static const char *const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_.+-/";
    if (value[0] && value[0] != '-' && strspn(value, plain) == strlen(value)) {
        mye_text_add(out, "%s", value);
        return;
    }
    mye_text_add(out, "\"");
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            mye_text_add(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            mye_text_add(out, "\\x%02x", (unsigned)(unsigned char)*c);
        else
            mye_text_add(out, "%c", *c);
    }
    mye_text_add(out, "\"");
}

static void add_comment(mye_text *out, const mye_param *p)
{
    mye_text_add(out, "  # %s", p->help);
    if (p->unit && p->unit[0])
        mye_text_add(out, " [%s]", p->unit);
    if (p->kind)
        mye_text_add(out, " (list %s)", p->kind->name);
    mye_text_add(out, "\n");
}

mye_status mye_config_text(mye_context *ctx, const mye_config *config, char **out, mye_error *err)
{
    *out = NULL;
    mye_text text = {.ctx = ctx};
    char value[sizeof config->net];
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        const mye_status status =
            mye_params_get(mye_config_params(), config, p->name, value, sizeof value, err);
        if (status != MYE_OK) {
            mye_text_free(&text);
            return status;
        }
        mye_text_add(&text, "%s: ", p->name);
        add_scalar(&text, value);
        add_comment(&text, p);
    }
    if (text.failed) {
        mye_text_free(&text);
        return mye_no_memory(err, text.length, "the configuration's text");
    }
    *out = text.data;
    return MYE_OK;
}

void mye_text_release(mye_context *ctx, char *text)
{
    mye_free(ctx, text);
}

mye_plan_options mye_config_plan(const mye_config *config, int64_t n_train, int64_t n_test)
{
    mye_plan_options o = MYE_PLAN_OPTIONS;
    o.time = config->time;
    o.step = config->step;
    o.loss = config->loss;
    o.rate_strength = config->rate_strength;
    o.cosine = config->cosine;
    o.pipeline = (int)config->pipeline;
    o.sample = config->sample;
    o.epochs = config->epochs;
    o.T = (int)config->T;
    o.batch = (int)config->batch;
    o.exact = config->exact;
    o.n_train = n_train;
    o.n_test = n_test;
    if (n_test == 0)
        return o;
    const int64_t used =
        config->limit_test > 0 && config->limit_test < n_test ? config->limit_test : n_test;
    const int64_t batch = config->eval_batch > 0 ? config->eval_batch : config->batch;
    o.eval_batch = (int)(batch < used ? batch : used);
    return o;
}
