/* Models that a depth rule has cut: what the tests of depth rules share. */
#ifndef DEPTH_SUPPORT_H
#define DEPTH_SUPPORT_H

#include "rule_support.h"

typedef struct cut_net {
    const char *net, *neuron, *depth;
    int C, H;
} cut_net;

/* The model, or NULL with the reason in err. `moving`: the input is another one at each step. */
static inline mye_model *try_cut_of(mye_context *ctx, cut_net n, bool moving, mye_error *err)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = n.net;
    o.neuron = n.neuron;
    o.depth = n.depth;
    o.C = n.C;
    o.H = o.W = n.H;
    o.static_input = !moving;
    mye_model *model = NULL;
    return mye_model_create(ctx, &o, &model, err) == MYE_OK ? model : NULL;
}

static inline mye_model *try_cut(mye_context *ctx, cut_net n, mye_error *err)
{
    return try_cut_of(ctx, n, false, err);
}

static inline mye_model *cut_model_of(mye_context *ctx, cut_net n, bool moving)
{
    mye_error err = {0};
    mye_model *model = try_cut_of(ctx, n, moving, &err);
    if (model == NULL) {
        fail_msg("%s, %s: %s", n.net, n.depth, err.message);
        abort(); /* not reached, which the compiler cannot know */
    }
    return model;
}

static inline mye_model *cut_model(mye_context *ctx, cut_net n)
{
    return cut_model_of(ctx, n, false);
}

/* One training step of all samples with labels 0, 1, 2 ...; an image for losses that want one. */
static inline mye_step_result depth_step(mye_run *run, int B)
{
    static float image[64 * 3 * 32 * 32];
    static int32_t label[64];
    static uint64_t seed = 5;
    const mye_shape s = mye_run_model(run)->node[0]->shape;
    const int classes = mye_model_classes(mye_run_model(run));
    for (int b = 0; b < B; b++)
        label[b] = b % classes;
    for (int64_t i = 0; i < B * mye_shape_size(s); i++)
        image[i] = mye_random_uniform(2, MYE_STREAM_TEST, (uint64_t)i);
    const mye_target target = {
        .label = label, .image = image, .image_n = mye_shape_size(s), .image_channels = s.c};
    mye_step_result r;
    mye_error err = {0};
    if (mye_run_step(run, B, (mye_source){source_fill, &seed}, &target, 3, &r, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return r;
}

static inline mye_run *depth_run(mye_context *ctx, const mye_model *model, const char *time, int T,
                                 int B)
{
    const mye_run_options o = {.time = time,
                               .loss = "ce_mean",
                               .T = T,
                               .B = B,
                               .training = true,
                               .exact =
                                   true}; /* layers do not change their way for what they saw */
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s: %s", time, err.message);
    return run;
}

/* Trainable numbers of the auxiliary nodes of module k, or of all when k < 0. */
static inline int64_t auxiliary_weights(const mye_model *model, int k)
{
    int64_t n = 0;
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_node_info info;
        mye_model_node(model, i, &info);
        n += info.is_auxiliary && (k < 0 || info.module == k) ? info.n_weights : 0;
    }
    return n;
}

/* Multiply-adds of a forward pass of one sample, in auxiliary nodes or in those of the network. */
static inline double forward_macs(const mye_model *model, bool auxiliary, int k)
{
    double macs = 0;
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_node_info info;
        mye_model_node(model, i, &info);
        macs += info.is_auxiliary == auxiliary && (k < 0 || info.module == k) ? info.macs : 0;
    }
    return macs;
}

#endif
