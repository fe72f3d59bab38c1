/* A trained model, ready to classify images. */
#include "train/classifier.h"

#include <string.h>

mye_run_options mye_classifier_run_options(const mye_classifier *c)
{
    return (mye_run_options){.time = c->net.config.time,
                             .loss = c->net.config.loss,
                             .T = (int)c->net.config.T,
                             .B = c->options.batch,
                             .exact = c->net.config.exact,
                             .int8 = c->options.int8};
}

static mye_status make_run(mye_classifier *c, mye_error *err)
{
    mye_run_options options = mye_classifier_run_options(c);
    options.keep_packed = true;
    MYE_TRY(mye_run_create(c->ctx, c->net.model, &options, &c->run, err));
    c->rate_name =
        mye_alloc_array(c->ctx, (size_t)mye_rate_count(c->net.model) + 1, sizeof *c->rate_name);
    if (!c->rate_name)
        return mye_no_memory(err, 0, "the names of neurons");
    mye_rate_names(c->net.model, c->rate_name);
    if (!c->net.input.type->normalised)
        return MYE_OK;
    c->norm = mye_normalise_of(c->net.about.C, c->net.about.mean, c->net.about.deviation);
    c->image = mye_alloc_array(c->ctx, (size_t)c->options.batch * (size_t)c->net.input.sample,
                               sizeof *c->image);
    return c->image ? MYE_OK : mye_no_memory(err, 0, "a batch of images");
}

mye_status mye_classifier_open(mye_context *ctx, const char *path, const mye_infer_options *options,
                               mye_classifier **out, mye_error *err)
{
    static const mye_infer_options plain = MYE_INFER_OPTIONS;
    *out = NULL;
    if (!options)
        options = &plain;
    if (options->batch < 1 || options->T < 0)
        return mye_fail(
            err, MYE_ERR_ARG,
            "a classifier wants batches of at least 1 and T of at least 0, got %d and %d",
            options->batch, options->T);
    mye_classifier *c = mye_alloc(ctx, sizeof *c);
    if (!c)
        return mye_no_memory(err, sizeof *c, "a classifier");
    c->ctx = ctx;
    c->options = *options;
    mye_status status = mye_trained_open(ctx, path, options->T, &c->net, err);
    if (status == MYE_OK)
        status = make_run(c, err);
    if (status != MYE_OK) {
        mye_classifier_free(c);
        return status;
    }
    *out = c;
    return MYE_OK;
}

mye_status mye_classifier_normalise(mye_classifier *c, const char *how,
                                    const mye_dataset_info *data, mye_error *err)
{
    MYE_TRY(mye_trained_scaling(&c->net, data, how, err));
    c->norm = mye_normalise_of(c->net.about.C, c->net.about.mean, c->net.about.deviation);
    return MYE_OK;
}

const mye_config *mye_classifier_config(const mye_classifier *c)
{
    return &c->net.config;
}

const mye_model *mye_classifier_model(const mye_classifier *c)
{
    return c->net.model;
}

mye_status mye_infer(mye_classifier *c, int n, const float *pixels, float *scores, mye_error *err)
{
    if (n < 1 || n > c->options.batch)
        return mye_fail(err, MYE_ERR_ARG, "this classifier takes 1 to %d images, got %d",
                        c->options.batch, n);
    const float *image = pixels;
    if (c->image) {
        mye_normalise_apply(&c->norm, n * c->net.input.sample, pixels, c->image);
        image = c->image;
    }
    const uint64_t seed = mye_test_seed(&c->net.config);
    const mye_source source = mye_input_source(&c->net.input, n, image, NULL, seed);
    mye_step_result step;
    MYE_TRY(mye_run_step(c->run, n, source, NULL, seed, &step, err));
    memcpy(scores, step.output,
           (size_t)n * (size_t)mye_model_classes(c->net.model) * sizeof *scores);
    return MYE_OK;
}

void mye_classifier_free(mye_classifier *c)
{
    if (!c)
        return;
    mye_run_free(c->run);
    mye_trained_free(&c->net);
    mye_free(c->ctx, c->image);
    mye_free(c->ctx, c->rate_name);
    mye_free(c->ctx, c);
}
