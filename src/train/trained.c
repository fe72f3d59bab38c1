#include "train/trained.h"

#include <string.h>

#include "io/onnx.h"
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

static mye_status make_input(mye_trained *t, mye_error *err)
{
    const int64_t n = (int64_t)t->about.C * t->about.H * t->about.W;
    /* Frames are binned into as many as T says, which may be another T than in training. */
    const int T = (int)t->config.T, frames = t->about.frames > 0 ? T : 0;
    return mye_input_create(t->ctx, t->config.encoder, frames, n, T, &t->input, err);
}

static mye_status new_graph(mye_trained *t, mye_graph **out, mye_error *err)
{
    return mye_graph_create(t->ctx, t->about.C, t->about.H, t->about.W, t->config.neuron, out, err);
}

static mye_status make_model(mye_trained *t, mye_graph *graph, const mye_st *st, mye_error *err)
{
    MYE_TRY(mye_model_from_graph(graph, t->input.is_static, 1, &t->model, err));
    MYE_TRY(mye_weights_read(t->ctx, t->model, st, err));
    mye_model_drop_gradients(t->model);
    return MYE_OK;
}

static mye_status read_checkpoint(mye_trained *t, const mye_st *st, int T, mye_error *err)
{
    const char *net = mye_st_meta(st, "net");
    mye_graph *graph = NULL;
    MYE_TRY(mye_config_default(&t->config, err));
    MYE_TRY(mye_checkpoint_describe(t->ctx, st, &t->config, &t->about, err));
    if (T > 0)
        t->config.T = T;
    MYE_TRY(make_input(t, err));
    if (!net)
        return mye_fail(err, MYE_ERR_FORMAT, "'%s' does not say which network its weights are for",
                        mye_st_source(st));
    MYE_TRY(new_graph(t, &graph, err));
    const mye_status status = mye_net_yaml_parse(graph, mye_st_source(st), net, strlen(net), err);
    if (status != MYE_OK) {
        mye_graph_free(graph);
        return status;
    }
    return make_model(t, graph, st, err);
}

static mye_status finish(mye_trained *t, mye_status status)
{
    if (status != MYE_OK)
        mye_trained_free(t);
    return status;
}

static bool is_onnx(const char *path)
{
    const size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, ".onnx") == 0;
}

/* Such a file says nothing of its data: pixels are taken as they are. */
static mye_status read_onnx(mye_trained *t, const char *path, mye_error *err)
{
    MYE_TRY(mye_config_default(&t->config, err));
    MYE_TRY(mye_config_set(&t->config, "neuron", "relu", err));
    t->config.T = 1;
    t->config.data[0] = '\0';
    MYE_TRY(mye_onnx_read(t->ctx, path, true, &t->model, err));
    mye_model_drop_gradients(t->model);
    const mye_graph *g = t->model->graph;
    t->about = (mye_checkpoint_input){.C = g->C,
                                      .H = g->H,
                                      .W = g->W,
                                      .classes = mye_model_classes(t->model),
                                      .deviation = {1, 1, 1, 1}};
    return make_input(t, err);
}

mye_status mye_trained_open(mye_context *ctx, const char *path, int T, mye_trained *out,
                            mye_error *err)
{
    char file[MYE_PATH_MAX];
    mye_st *st = NULL;
    *out = (mye_trained){.ctx = ctx};
    if (is_onnx(path))
        return finish(out, read_onnx(out, path, err));
    MYE_TRY(find_checkpoint(path, file, err));
    MYE_TRY(mye_st_open(ctx, file, &st, err));
    const mye_status status = read_checkpoint(out, st, T, err);
    mye_st_close(st);
    return finish(out, status);
}

static mye_status read_weights(mye_trained *t, const mye_st *st, const char *net,
                               const mye_dataset_info *data, mye_error *err)
{
    mye_graph *graph = NULL;
    MYE_TRY(make_input(t, err));
    MYE_TRY(new_graph(t, &graph, err));
    const mye_status status = mye_graph_describe(graph, net, data->classes, err);
    if (status != MYE_OK) {
        mye_graph_free(graph);
        return status;
    }
    return make_model(t, graph, st, err);
}

mye_status mye_trained_from_weights(mye_context *ctx, const char *path, const char *net,
                                    const char *neuron, const mye_dataset_info *data,
                                    mye_trained *out, mye_error *err)
{
    mye_st *st = NULL;
    *out = (mye_trained){.ctx = ctx,
                         .about = {.C = data->C,
                                   .H = data->H,
                                   .W = data->W,
                                   .classes = data->classes,
                                   .frames = data->frames}};
    memcpy(out->about.mean, data->mean, sizeof out->about.mean);
    memcpy(out->about.deviation, data->deviation, sizeof out->about.deviation);
    MYE_TRY(mye_config_default(&out->config, err));
    out->config.T = 1;
    MYE_TRY(mye_config_set(&out->config, "neuron", neuron, err));
    MYE_TRY(mye_st_open(ctx, path, &st, err));
    const mye_status status = read_weights(out, st, net, data, err);
    mye_st_close(st);
    return finish(out, status);
}

void mye_trained_free(mye_trained *t)
{
    mye_model_free(t->model);
    mye_input_free(&t->input);
    t->model = NULL;
}

mye_status mye_trained_check(const mye_trained *t, const mye_dataset_info *d, mye_error *err)
{
    const mye_checkpoint_input *a = &t->about;
    if (d->C != a->C || d->H != a->H || d->W != a->W)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "the classifier wants images of %dx%dx%d, data set '%s' has %dx%dx%d", a->C,
                        a->H, a->W, d->name, d->C, d->H, d->W);
    if (d->frames != t->input.frames)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "the classifier wants %d frames of a sample, data set '%s' has %d (0: "
                        "images)",
                        t->input.frames, d->name, d->frames);
    if (d->classes > mye_model_classes(t->model))
        return mye_fail(err, MYE_ERR_SHAPE, "the classifier knows %d classes, data set '%s' has %d",
                        mye_model_classes(t->model), d->name, d->classes);
    return MYE_OK;
}
