/* What the tests of the ONNX reader share. */
#ifndef ONNX_SUPPORT_H
#define ONNX_SUPPORT_H

#include <math.h>

#include "data/npy.h"
#include "data_support.h"
#include "io/onnx.h"
#include "onnx_writer.h"
#include "train/train.h"

/* Runs the model on n samples of [C, H, W] (or vectors); the scores, to be freed with free(). */
static inline float *scores_of(mye_context *ctx, mye_model *model, int n, const float *x)
{
    const mye_shape in = model->node[0]->shape;
    const int64_t size = mye_shape_size(in), pixels = (int64_t)in.h * in.w;
    const int classes = mye_model_classes(model);
    const mye_run_options options = {.time = "bptt", .loss = "ce_mean", .T = 1, .B = n};
    float *image = malloc((size_t)(n * size) * sizeof *image);
    float *scores = malloc((size_t)(n * classes) * sizeof *scores);
    mye_run *run = NULL;
    mye_input input = {0};
    mye_step_result step;
    assert_true(image && scores);
    for (int64_t i = 0; i < n * size; i++) { /* channels last */
        const int64_t b = i / size, c = i % size / pixels, p = i % pixels;
        image[b * size + p * in.c + c] = x[i];
    }
    ASSERT_OK(mye_run_create(ctx, model, &options, &run, &err));
    ASSERT_OK(mye_input_create(ctx, "direct", 0, size, 1, &input, &err));
    ASSERT_OK(
        mye_run_step(run, n, mye_input_source(&input, n, image, NULL, 1), NULL, 1, &step, &err));
    memcpy(scores, step.output, (size_t)(n * classes) * sizeof *scores);
    mye_input_free(&input);
    mye_run_free(run);
    free(image);
    return scores;
}

static inline mye_status read_pb(mye_context *ctx, const pb *file, mye_model **out, mye_error *err)
{
    return mye_onnx_read_memory(ctx, "net.onnx", file->data, file->n, true, out, err);
}

/* Op and options of node `name` are those. */
static inline void assert_node(const mye_model *model, const char *name, const char *op,
                               const char *options)
{
    const int i = mye_graph_find(model->graph, name);
    if (i < 0)
        fail_msg("there is no node '%s'", name);
    assert_string_equal(model->graph->node[i].op, op);
    assert_string_equal(model->graph->node[i].options, options);
}

/* One sentence: there is one, on one line, and nothing begins behind it. */
static inline void assert_sentence(const mye_error *err)
{
    const size_t n = strlen(err->message);
    if (n == 0 || n > 390 || strchr(err->message, '\n') || strstr(err->message, ". ") ||
        err->message[n - 1] == '.')
        fail_msg("no sentence: '%s'", err->message);
}

/* The file is refused with `wanted`, and the sentence holds all words between '|'. */
static inline void assert_refused(mye_context *ctx, const pb *file, mye_status wanted,
                                  const char *words)
{
    mye_error err = {0};
    mye_model *model = NULL;
    const mye_status st = read_pb(ctx, file, &model, &err);
    if (st != wanted)
        fail_msg("expected %s with '%s', got %s: %s", mye_status_name(wanted), words,
                 mye_status_name(st), err.message);
    assert_null(model);
    assert_sentence(&err);
    while (*words != '\0') {
        char word[80];
        const size_t n = strcspn(words, "|");
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        if (!strstr(err.message, word))
            fail_msg("'%s' is not in: %s", word, err.message);
        words += n + (words[n] == '|');
    }
    assert_int_equal(mye_onnx_read_memory(ctx, "net.onnx", file->data, file->n, true, &model, NULL),
                     wanted);
}

#endif
