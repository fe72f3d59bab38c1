/* Accuracy, loss, confusion and firing rates of a classifier on a data set. */
#include <stdlib.h>
#include <string.h>

#include "train/classifier.h"

enum { LATENCY_IMAGES = 31 };

static mye_status make_results(mye_classifier *c, mye_eval_result *out, mye_error *err)
{
    const size_t K = (size_t)mye_model_classes(c->net.model);
    out->classes = (int)K;
    out->n_rates = mye_rate_count(c->net.model);
    out->rate_name = c->rate_name;
    out->rate = mye_alloc_array(c->ctx, (size_t)out->n_rates, sizeof *out->rate);
    out->confusion = mye_alloc_array(c->ctx, K * K, sizeof *out->confusion);
    if (!out->rate || !out->confusion)
        return mye_no_memory(err, K * K * sizeof *out->confusion, "the confusion matrix");
    return MYE_OK;
}

static mye_status run_test(mye_classifier *c, const mye_dataset *data, mye_loader *loader,
                           const mye_callbacks *callbacks, mye_eval_result *out, mye_error *err)
{
    mye_teller who = {.callbacks = callbacks,
                      .phase = "test",
                      .n = mye_dataset_about(data)->n,
                      .batch = c->options.batch,
                      .begin_s = mye_now_s()};
    mye_tester t = {.ctx = c->ctx,
                    .model = c->net.model,
                    .run = c->run,
                    .input = &c->net.input,
                    .loader = loader,
                    .n = who.n,
                    .T = (int)c->net.config.T,
                    .batch = c->options.batch,
                    .seed = mye_test_seed(&c->net.config),
                    .norm = c->image ? &c->norm : NULL,
                    .image = c->image,
                    .progress = mye_teller_tell,
                    .self = &who,
                    .confusion = out->confusion,
                    .classes = out->classes,
                    .rate = out->rate};
    MYE_TRY(mye_tester_run(&t, err));
    const double seconds = mye_now_s() - who.begin_s;
    out->n = t.seen;
    out->accuracy = (double)t.correct / (double)t.seen;
    out->loss = t.loss_sum / (double)t.seen;
    out->images_per_s = (double)t.seen / (seconds + 1e-9);
    return MYE_OK;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One image at a time, as a device would see them. */
static mye_status measure_latency(mye_classifier *c, const mye_dataset *data, mye_eval_result *out,
                                  mye_error *err)
{
    const int64_t n = mye_dataset_about(data)->n;
    double seconds[LATENCY_IMAGES];
    float *pixels = mye_alloc_array(c->ctx, (size_t)c->net.input.sample, sizeof *pixels);
    float *scores = mye_alloc_array(c->ctx, (size_t)out->classes, sizeof *scores);
    mye_status status = pixels && scores ? MYE_OK : mye_no_memory(err, 0, "an image");
    for (int i = 0; status == MYE_OK && i < LATENCY_IMAGES; i++) {
        int label;
        status = mye_dataset_read(data, i % n, pixels, &label, err);
        const double start = mye_now_s();
        if (status == MYE_OK)
            status = mye_infer(c, 1, pixels, scores, err);
        seconds[i] = mye_now_s() - start;
    }
    mye_free(c->ctx, pixels);
    mye_free(c->ctx, scores);
    if (status != MYE_OK)
        return status;
    qsort(seconds, LATENCY_IMAGES, sizeof *seconds, by_value);
    out->latency_s = seconds[LATENCY_IMAGES / 2];
    return MYE_OK;
}

static void count_layers(const mye_classifier *c, mye_eval_result *out)
{
    for (int i = 0; i < c->net.model->n_nodes; i++) {
        const char *way = mye_run_way(c->run, i, MYE_CONV_FORWARD);
        out->n_layers += way[0] != '\0';
        out->n_int8 += strcmp(way, "int8") == 0;
    }
    out->allocated_bytes = mye_run_bytes(c->run);
}

mye_status mye_evaluate(mye_context *ctx, mye_classifier *c, const mye_dataset *data,
                        const mye_callbacks *callbacks, mye_eval_result *out, mye_error *err)
{
    memset(out, 0, sizeof *out);
    const mye_loader_options options = {.augment = "",
                                        .normalise = false,
                                        .batch = c->options.batch,
                                        .seed = (uint64_t)c->net.config.seed};
    mye_loader *loader = NULL;
    MYE_TRY(mye_trained_check(&c->net, mye_dataset_about(data), err));
    MYE_TRY(mye_loader_create(ctx, data, &options, &loader, err));
    mye_status status = make_results(c, out, err);
    if (status == MYE_OK)
        status = run_test(c, data, loader, callbacks, out, err);
    if (status == MYE_OK)
        status = measure_latency(c, data, out, err);
    if (status == MYE_OK)
        count_layers(c, out);
    mye_loader_free(loader);
    if (status != MYE_OK)
        mye_eval_free(ctx, out);
    return status;
}

void mye_eval_free(mye_context *ctx, mye_eval_result *r)
{
    if (!r)
        return;
    mye_free(ctx, r->confusion);
    mye_free(ctx, r->rate);
    r->confusion = NULL;
    r->rate = NULL;
}
