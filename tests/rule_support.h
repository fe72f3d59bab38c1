/* One training step of a small network: what the tests of time rules share. */
#ifndef RULE_SUPPORT_H
#define RULE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "myelin/myelin.h"
#include "net/graph.h"
#include "net/run.h"

static inline mye_context *context(int threads)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    return ctx;
}

static inline mye_model *model_of(mye_context *ctx, const char *net, int C, int H,
                                  bool static_input)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = C;
    o.H = o.W = H;
    o.static_input = static_input;
    mye_model *model = NULL;
    mye_error err = {0};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static inline void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t row = (int64_t)p->B * p->value[0].n;
    const uint64_t seed = *(const uint64_t *)self;
    for (int64_t i = 0; i < steps * row; i++)
        dst[i] = mye_random_normal(seed, MYE_STREAM_TEST, (uint64_t)(t0 * row + i));
}

static void (*source_fill)(void *self, const mye_pass *p, int t0, int t1, float *dst) = fill;

/* Gradient (copied, caller frees) and loss of one training step. */
static inline float *gradient_of(mye_context *ctx, mye_model *model, const char *time,
                                 const char *loss_text, int T, int B, double *loss)
{
    const mye_run_options o = {.time = time, .loss = loss_text, .T = T, .B = B, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s: %s", time, err.message);
    uint64_t seed = 5;
    int32_t label[64];
    for (int b = 0; b < B; b++)
        label[b] = b % 10;
    const mye_target target = {.label = label};
    mye_step_result r;
    assert_int_equal(mye_run_step(run, B, (mye_source){source_fill, &seed}, &target, 3, &r, &err),
                     MYE_OK);
    *loss = r.loss;
    float *copy = malloc(model->n_params * sizeof(float));
    memcpy(copy, model->grad, model->n_params * sizeof(float));
    mye_run_free(run);
    return copy;
}

static inline float *gradient(mye_context *ctx, mye_model *model, const char *time, int T, int B,
                              double *loss)
{
    return gradient_of(ctx, model, time, "ce_mean", T, B, loss);
}

static inline double relative_difference(const float *a, const float *b, size_t n)
{
    double largest = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)a[i]));
        error = fmax(error, fabs((double)a[i] - (double)b[i]));
    }
    assert_true(largest > 0);
    return error / largest;
}

static inline double cosine(const float *a, const float *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        ab += (double)a[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* The same frame at every step, whatever t. */
static inline void fill_frame(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t row = (int64_t)p->B * p->value[0].n;
    const uint64_t seed = *(const uint64_t *)self;
    for (int64_t i = 0; i < steps * row; i++)
        dst[i] = mye_random_normal(seed, MYE_STREAM_TEST, (uint64_t)(i % row));
}

/* Two rules agree on one model: gradients within `tolerance` of the largest entry, and losses. */
static inline void expect_same_on(mye_context *ctx, mye_model *model, const char *net,
                                  const char *a, const char *b, const char *loss, int T,
                                  double tolerance)
{
    double la = 0, lb = 0;
    float *ga = gradient_of(ctx, model, a, loss, T, 5, &la);
    float *gb = gradient_of(ctx, model, b, loss, T, 5, &lb);
    const double d = relative_difference(ga, gb, model->n_params);
    if (d > tolerance || fabs(la - lb) > tolerance)
        fail_msg("%s: %s and %s differ by %g, losses %g and %g", net, a, b, d, la, lb);
    free(ga);
    free(gb);
}

/* The same on one network. */
static inline void expect_same(const char *net, bool is_static, const char *a, const char *b,
                               const char *loss, int T, double tolerance)
{
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, net, 2, 12, is_static);
    expect_same_on(ctx, model, net, a, b, loss, T, tolerance);
    mye_model_free(model);
    mye_context_free(ctx);
}

#endif
