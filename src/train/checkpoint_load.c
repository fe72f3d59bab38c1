/* Reading checkpoints back: see checkpoint.c for what is in them. */
#include <string.h>

#include "io/jsontext.h"
#include "io/safetensors.h"
#include "train/pipeline.h"

/* ---- may this run go on from there? ---- */

/* Keys that may change between sessions: they do not change what is computed, or only where it
 * ends. `net` is compared as a graph. */
static bool is_free_key(const char *key)
{
    static const char *const free_keys[] = {
        "net",     "data_dir", "epochs", "eval_batch", "threads", "limit_test",     "memory",
        "kernels", "out",      "init",   "profile",    "cosine",  "cosine_batches", "pipeline"};
    for (size_t i = 0; i < sizeof free_keys / sizeof *free_keys; i++)
        if (strcmp(key, free_keys[i]) == 0)
            return true;
    return false;
}

/* What a survey tells depends, in its last bits, on how many samples are looked at together. */
static bool may_differ(const mye_checkpoint *c, const char *key)
{
    const bool looks = strcmp(key, "eval_batch") == 0 && mye_sampler_surveys(c->sampler);
    return is_free_key(key) && !looks;
}

static mye_status check_config(const mye_checkpoint *c, const mye_st *st, mye_error *err)
{
    mye_config then;
    char a[sizeof then.net], b[sizeof then.net];
    MYE_TRY(mye_config_default(&then, err));
    MYE_TRY(mye_checkpoint_describe(c->ctx, st, &then, NULL, err));
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        if (may_differ(c, p->name))
            continue;
        MYE_TRY(mye_params_get(mye_config_params(), &then, p->name, a, sizeof a, err));
        MYE_TRY(mye_params_get(mye_config_params(), c->config, p->name, b, sizeof b, err));
        if (strcmp(a, b) == 0)
            continue;
        mye_fail(err, MYE_ERR_STATE,
                 "cannot resume '%s': it was made with %s '%.80s', now %s is '%.80s'",
                 mye_st_source(st), p->name, a, p->name, b);
        mye_hint(err, "resume with the same settings, or start a new run with init=%s",
                 mye_st_source(st));
        return MYE_ERR_STATE;
    }
    return MYE_OK;
}

static mye_status check_net(const mye_checkpoint *c, const mye_st *st, mye_error *err)
{
    char *now = NULL;
    const char *then = mye_st_meta(st, "net");
    MYE_TRY(mye_model_yaml(c->model, &now, err));
    const bool same = then && strcmp(then, now) == 0;
    mye_model_text_free(c->model, now);
    if (same)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_STATE, "cannot resume '%s': it holds another network",
                    mye_st_source(st));
}

/* ---- state ---- */

static mye_status need(const mye_st *st, const char *name, const mye_st_tensor **out,
                       mye_error *err)
{
    *out = mye_st_find(st, name);
    if (*out)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_FORMAT, "cannot resume '%s': it has no tensor '%s'",
                    mye_st_source(st), name);
}

/* Which way each layer was on. Checkpoints of before have none: the layers choose anew. */
static mye_status read_ways(const mye_checkpoint *c, const mye_st *st, mye_error *err)
{
    const mye_st_tensor *t = mye_st_find(st, "state.ways");
    const size_t bytes =
        c->pipeline != NULL ? mye_pipeline_ways_bytes(c->pipeline) : mye_run_ways_bytes(c->run);
    if (!t)
        return MYE_OK;
    uint8_t *ways = mye_alloc(c->ctx, bytes);
    if (!ways)
        return mye_no_memory(err, bytes, "reading a checkpoint");
    const mye_status status = mye_st_read_raw(st, t, MYE_DTYPE_U8, (int64_t)bytes, ways, err);
    if (status == MYE_OK && c->pipeline != NULL)
        mye_pipeline_ways_set(c->pipeline, ways);
    else if (status == MYE_OK)
        mye_run_ways_set(c->run, ways);
    mye_free(c->ctx, ways);
    return status;
}

static mye_status read_state(const mye_checkpoint *c, const mye_st *st, mye_error *err)
{
    const mye_st_tensor *t;
    int64_t counter[6];
    double sum[2];
    size_t bytes;
    MYE_TRY(need(st, "state.counters", &t, err));
    MYE_TRY(mye_st_read_raw(st, t, MYE_DTYPE_I64, 6, counter, err));
    for (int i = 0; i < 6; i++)
        if (counter[i] < 0 || counter[i] > INT64_MAX / 4096)
            return mye_fail(err, MYE_ERR_FORMAT, "'%s': state.counters [%d] is %lld",
                            mye_st_source(st), i, (long long)counter[i]);
    MYE_TRY(need(st, "state.sums", &t, err));
    MYE_TRY(mye_st_read_raw(st, t, MYE_DTYPE_F64, 2, sum, err));
    void *sample = mye_sampler_state(c->sampler, &bytes);
    if (sample) {
        MYE_TRY(need(st, "state.sample", &t, err));
        MYE_TRY(mye_st_read_raw(st, t, MYE_DTYPE_U8, (int64_t)bytes, sample, err));
    }
    MYE_TRY(read_ways(c, st, err));
    mye_stepper_set_counter(c->stepper, counter[0]);
    *c->state = (mye_progress_state){.epoch = counter[1],
                                     .batch = counter[2],
                                     .seen = counter[3],
                                     .correct = counter[4],
                                     .best_epoch = counter[5],
                                     .loss_sum = sum[0],
                                     .best_accuracy = sum[1]};
    return MYE_OK;
}

static mye_status read_block(const mye_checkpoint *c, const mye_st *st, const char *block_name,
                             float *block, float *scratch, mye_error *err)
{
    const mye_model *m = c->model;
    char name[160];
    for (int i = 0; i < m->n_trainable; i++) {
        const mye_weight *w = m->weight[i];
        const mye_st_tensor *t;
        snprintf(name, sizeof name, "optimizer.%s.%s", block_name, w->name);
        MYE_TRY(need(st, name, &t, err));
        if (t->count != (int64_t)w->count)
            return mye_fail(err, MYE_ERR_FORMAT, "'%s': tensor '%s' wants %lld values, got %lld",
                            mye_st_source(st), name, (long long)w->count, (long long)t->count);
        MYE_TRY(mye_st_read_floats(st, t, scratch, err));
        mye_weight_import(w, scratch, block + (w->data - m->param));
    }
    return MYE_OK;
}

static mye_status read_optimiser(const mye_checkpoint *c, const mye_st *st, mye_error *err)
{
    float *block[MYE_STEP_MAX_STATE];
    const char *name[MYE_STEP_MAX_STATE];
    const int n = mye_stepper_blocks(c->stepper, block, name, MYE_STEP_MAX_STATE);
    bool is_new;
    float *scratch = mye_weight_scratch(c->ctx, c->model, &is_new);
    if (!scratch)
        return mye_no_memory(err, 0, "reading a checkpoint");
    mye_status status = MYE_OK;
    for (int k = 0; k < n && status == MYE_OK; k++)
        status = read_block(c, st, name[k], block[k], scratch, err);
    if (is_new)
        mye_free(c->ctx, scratch);
    return status;
}

static mye_status load(const mye_checkpoint *c, const mye_st *st, mye_error *err)
{
    MYE_TRY(check_config(c, st, err));
    MYE_TRY(check_net(c, st, err));
    MYE_TRY(mye_weights_read(c->ctx, c->model, st, err));
    MYE_TRY(read_optimiser(c, st, err));
    return read_state(c, st, err);
}

mye_status mye_checkpoint_load(const mye_checkpoint *c, const char *path, mye_error *err)
{
    mye_st *st = NULL;
    MYE_TRY(mye_st_open(c->ctx, path, &st, err));
    const mye_status status = load(c, st, err);
    mye_st_close(st);
    return status;
}

/* ---- for classifiers ---- */

static bool read_four(const json_t *list, float *out)
{
    for (size_t i = 0; i < 4; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value))
            return false;
        out[i] = (float)json_number_value(value);
    }
    return true;
}

static int read_size(const json_t *object, const char *key)
{
    const json_int_t n = json_integer_value(json_object_get(object, key));
    return n >= 1 && n <= 1 << 24 ? (int)n : 0;
}

static mye_status read_input(const mye_st *st, mye_checkpoint_input *out, mye_error *err)
{
    const char *text = mye_st_meta(st, "input");
    json_t *o = NULL;
    if (text && mye_json_parse(mye_st_source(st), text, strlen(text), JSON_REJECT_DUPLICATES, &o,
                               err) == MYE_ERR_NOMEM)
        return MYE_ERR_NOMEM;
    *out = (mye_checkpoint_input){.C = read_size(o, "C"),
                                  .H = read_size(o, "H"),
                                  .W = read_size(o, "W"),
                                  .frames = read_size(o, "frames"),
                                  .classes = read_size(o, "classes")};
    bool ok = out->C > 0 && out->H > 0 && out->W > 0 && out->classes > 0;
    ok = ok && read_four(json_object_get(o, "mean"), out->mean) &&
         read_four(json_object_get(o, "deviation"), out->deviation);
    for (int i = 0; i < 4; i++)
        ok = ok && out->deviation[i] > 0;
    json_decref(o);
    if (ok)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_FORMAT,
                    "'%s' says nothing of its input: it is no checkpoint of "
                    "a training run",
                    mye_st_source(st));
}

mye_status mye_checkpoint_describe(mye_context *ctx, const mye_st *st, mye_config *config,
                                   mye_checkpoint_input *input, mye_error *err)
{
    const char *text = mye_st_meta(st, "config");
    const char *version = mye_st_meta(st, "myelin");
    if (!text || !version)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "'%s' holds weights only: it is no checkpoint of a training run",
                        mye_st_source(st));
    if (strcmp(version, "1") != 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "'%s' has checkpoint layout %.16s, wanted 1",
                        mye_st_source(st), version);
    MYE_TRY(mye_config_parse(ctx, config, mye_st_source(st), text, err));
    return input ? read_input(st, input, err) : MYE_OK;
}
