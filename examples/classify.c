/*
 * Classifies the first images of a run's test data with what the run has learned.
 *
 *   classify RUN [N]      RUN: a run folder, or one of its .safetensors files
 */
#include <myelin/myelin.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_IMAGES 64

static int best_class(const float *score, int classes)
{
    int best = 0;
    for (int k = 1; k < classes; k++)
        if (score[k] > score[best])
            best = k;
    return best;
}

static mye_status classify(mye_classifier *net, const mye_dataset *data, int n, mye_error *err)
{
    const mye_dataset_info *about = mye_dataset_about(data);
    const size_t size = (size_t)about->H * (size_t)about->W * (size_t)about->C;
    const int classes = mye_model_classes(mye_classifier_model(net));
    float *pixels = calloc((size_t)n * size, sizeof *pixels);
    float *score = calloc((size_t)n * (size_t)classes, sizeof *score);
    int label[MOST_IMAGES] = {0};
    mye_status status = pixels && score ? MYE_OK : mye_fail(err, MYE_ERR_NOMEM, "out of memory");

    for (int i = 0; status == MYE_OK && i < n; i++)
        status = mye_dataset_read(data, i, pixels + (size_t)i * size, &label[i], err);
    if (status == MYE_OK)
        status = mye_infer(net, n, pixels, score, err);
    for (int i = 0; status == MYE_OK && i < n; i++) {
        const int best = best_class(score + (size_t)i * (size_t)classes, classes);
        printf("%3d  %s%s%s\n", i, about->class_names[best], best == label[i] ? "" : ", but it is ",
               best == label[i] ? "" : about->class_names[label[i]]);
    }
    free(pixels);
    free(score);
    return status;
}

static mye_status run(mye_context *ctx, const char *path, int n, mye_error *err)
{
    mye_classifier *net = NULL;
    mye_dataset *data = NULL;
    mye_infer_options options = MYE_INFER_OPTIONS;
    options.batch = n;
    mye_status status = mye_classifier_open(ctx, path, &options, &net, err);
    if (status == MYE_OK) {
        const mye_config *config = mye_classifier_config(net);
        status = mye_dataset_open(ctx, config->data, config->data_dir, "test", &data, err);
    }
    if (status == MYE_OK)
        status = classify(
            net, data, n < mye_dataset_about(data)->n ? n : (int)mye_dataset_about(data)->n, err);
    mye_dataset_free(data);
    mye_classifier_free(net);
    return status;
}

int main(int argc, char **argv)
{
    mye_context *ctx = NULL;
    mye_error err = {0};
    const int n = argc > 2 ? atoi(argv[2]) : 10;
    if (argc < 2 || n < 1 || n > MOST_IMAGES) {
        fprintf(stderr, "usage: %s RUN [1 to %d images]\n", argv[0], MOST_IMAGES);
        return 2;
    }
    mye_status status = mye_context_create(NULL, &ctx, &err);
    if (status == MYE_OK)
        status = run(ctx, argv[1], n, &err);
    if (status != MYE_OK)
        fprintf(stderr, "error: %s\n", err.message);
    mye_context_free(ctx);
    return status != MYE_OK;
}
