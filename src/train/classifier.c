/* A trained model, ready to classify images. */
#include "train/classifier.h"

#include <string.h>

#include "io/safetensors.h"

/* A folder stands for its best checkpoint, or, before the first test, its last. */
static mye_status find_checkpoint(const char *path, char out[MYE_PATH_MAX], mye_error *err)
{
    if (mye_dir_exists(path)) {
        MYE_TRY(mye_path_join(path, "best.safetensors", out, err));
        if (mye_file_exists(out))
            return MYE_OK;
        MYE_TRY(mye_path_join(path, "last.safetensors", out, err));
        if (mye_file_exists(out))
            return MYE_OK;
        return mye_fail(err, MYE_ERR_IO, "the folder '%s' holds no checkpoint", path);
    }
    if (strlen(path) >= MYE_PATH_MAX)
        return mye_fail(err, MYE_ERR_IO, "the path '%.60s...' is too long", path);
    memcpy(out, path, strlen(path) + 1);
    return MYE_OK;
}

static mye_status make_model(mye_classifier *c, const mye_st *st, mye_error *err)
{
    const char *net = mye_st_meta(st, "net");
    mye_graph *graph = NULL;
    if (!net)
        return mye_fail(err, MYE_ERR_FORMAT, "'%s' does not say which network its weights are for",
                        mye_st_source(st));
    MYE_TRY(mye_graph_create(c->ctx, c->about.C, c->about.H, c->about.W, c->config.neuron, &graph,
                             err));
    const mye_status status = mye_net_yaml_parse(graph, mye_st_source(st), net, strlen(net), err);
    if (status != MYE_OK) {
        mye_graph_free(graph);
        return status;
    }
    MYE_TRY(mye_model_from_graph(graph, c->input.is_static, 1, &c->model, err));
    MYE_TRY(mye_weights_read(c->ctx, c->model, st, err));
    mye_model_drop_gradients(c->model);
    return MYE_OK;
}

mye_run_options mye_classifier_run_options(const mye_classifier *c)
{
    return (mye_run_options){.time = c->config.time,
                             .loss = c->config.loss,
                             .T = (int)c->config.T,
                             .B = c->options.batch,
                             .exact = c->config.exact,
                             .int8 = c->options.int8};
}

static mye_status make_run(mye_classifier *c, mye_error *err)
{
    mye_run_options options = mye_classifier_run_options(c);
    options.keep_packed = true;
    MYE_TRY(mye_run_create(c->ctx, c->model, &options, &c->run, err));
    c->rate_name =
        mye_alloc_array(c->ctx, (size_t)mye_rate_count(c->model) + 1, sizeof *c->rate_name);
    if (!c->rate_name)
        return mye_no_memory(err, 0, "the names of neurons");
    mye_rate_names(c->model, c->rate_name);
    if (!c->input.type->normalised)
        return MYE_OK;
    c->norm = mye_normalise_of(c->about.C, c->about.mean, c->about.deviation);
    c->image = mye_alloc_array(c->ctx, (size_t)c->options.batch * (size_t)c->input.sample,
                               sizeof *c->image);
    return c->image ? MYE_OK : mye_no_memory(err, 0, "a batch of images");
}

static mye_status fill(mye_classifier *c, const mye_st *st, mye_error *err)
{
    MYE_TRY(mye_config_default(&c->config, err));
    MYE_TRY(mye_checkpoint_describe(c->ctx, st, &c->config, &c->about, err));
    if (c->options.T > 0)
        c->config.T = c->options.T;
    const int64_t n = (int64_t)c->about.C * c->about.H * c->about.W;
    /* Frames are binned into as many as T says, which may be another T than in training. */
    const int T = (int)c->config.T, frames = c->about.frames > 0 ? T : 0;
    MYE_TRY(mye_input_create(c->ctx, c->config.encoder, frames, n, T, &c->input, err));
    MYE_TRY(make_model(c, st, err));
    return make_run(c, err);
}

mye_status mye_classifier_open(mye_context *ctx, const char *path, const mye_infer_options *options,
                               mye_classifier **out, mye_error *err)
{
    static const mye_infer_options plain = MYE_INFER_OPTIONS;
    char file[MYE_PATH_MAX];
    mye_st *st = NULL;
    *out = NULL;
    if (!options)
        options = &plain;
    if (options->batch < 1 || options->T < 0)
        return mye_fail(
            err, MYE_ERR_ARG,
            "a classifier wants batches of at least 1 and T of at least 0, got %d and %d",
            options->batch, options->T);
    MYE_TRY(find_checkpoint(path, file, err));
    MYE_TRY(mye_st_open(ctx, file, &st, err));
    mye_classifier *c = mye_alloc(ctx, sizeof *c);
    if (!c) {
        mye_st_close(st);
        return mye_no_memory(err, sizeof *c, "a classifier");
    }
    c->ctx = ctx;
    c->options = *options;
    const mye_status status = fill(c, st, err);
    mye_st_close(st);
    if (status != MYE_OK) {
        mye_classifier_free(c);
        return status;
    }
    *out = c;
    return MYE_OK;
}

const mye_config *mye_classifier_config(const mye_classifier *c)
{
    return &c->config;
}

const mye_model *mye_classifier_model(const mye_classifier *c)
{
    return c->model;
}

mye_status mye_infer(mye_classifier *c, int n, const float *pixels, float *scores, mye_error *err)
{
    if (n < 1 || n > c->options.batch)
        return mye_fail(err, MYE_ERR_ARG, "this classifier takes 1 to %d images, got %d",
                        c->options.batch, n);
    const float *image = pixels;
    if (c->image) {
        mye_normalise_apply(&c->norm, n * c->input.sample, pixels, c->image);
        image = c->image;
    }
    const uint64_t seed = mye_test_seed(&c->config);
    const mye_source source = mye_input_source(&c->input, n, image, NULL, seed);
    mye_step_result step;
    MYE_TRY(mye_run_step(c->run, n, source, NULL, seed, &step, err));
    memcpy(scores, step.output, (size_t)n * (size_t)mye_model_classes(c->model) * sizeof *scores);
    return MYE_OK;
}

void mye_classifier_free(mye_classifier *c)
{
    if (!c)
        return;
    mye_run_free(c->run);
    mye_model_free(c->model);
    mye_input_free(&c->input);
    mye_free(c->ctx, c->image);
    mye_free(c->ctx, c->rate_name);
    mye_free(c->ctx, c);
}
