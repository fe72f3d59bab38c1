/* Steps of a network under a depth rule, and the tensors that they leave. */
#ifndef CAFO_SUPPORT_H
#define CAFO_SUPPORT_H

#include "depth_support.h"

static inline mye_model *cut(mye_context *ctx, const char *net, const char *neuron,
                             const char *depth, int C, int H)
{
    return cut_model_of(ctx, (cut_net){net, neuron, depth, C, H}, true);
}

static inline void refused(mye_context *ctx, const char *net, const char *depth, const char *words)
{
    mye_error err = {0};
    assert_null(try_cut_of(ctx, (cut_net){net, "lif", depth, 2, 12}, true, &err));
    if (strstr(err.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, words);
}

static inline mye_run *run_of(mye_context *ctx, const mye_model *model, mye_run_options o)
{
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s: %s", o.time, err.message);
    return run;
}

/* One step on noise of `seed` with labels 0, 1, 2 ... */
static inline mye_step_result step_of(mye_run *run, int B, uint64_t seed)
{
    int32_t label[64];
    mye_error err = {0};
    mye_step_result r;
    for (int b = 0; b < B; b++)
        label[b] = b % 10;
    const mye_target target = {.label = label};
    if (mye_run_step(run, B, (mye_source){source_fill, &seed}, &target, 3, &r, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return r;
}

/* A tensor or, `gradient`, what the last step says of it, in the outside layout; free it. */
static inline float *tensor(const mye_model *model, const char *name, bool gradient, size_t *n)
{
    const int i = mye_model_tensor_find(model, name);
    mye_tensor_info info;
    if (i < 0)
        fail_msg("there is no tensor %s", name);
    mye_model_tensor(model, i, &info);
    float *x = malloc((size_t)info.count * sizeof *x);
    assert_non_null(x);
    if (gradient)
        mye_model_get_grad(model, i, x);
    else
        mye_model_get(model, i, x);
    *n = (size_t)info.count;
    return x;
}

static inline void set_all(mye_model *model, const char *name, float value)
{
    size_t n;
    float *x = tensor(model, name, false, &n);
    for (size_t i = 0; i < n; i++)
        x[i] = value;
    mye_model_set(model, mye_model_tensor_find(model, name), x);
    free(x);
}

/* Of the largest entry, the largest difference; two models' tensors of one name. */
static inline double tensors_differ(const mye_model *a, const mye_model *b, const char *name,
                                    bool gradient)
{
    size_t n, m;
    float *x = tensor(a, name, gradient, &n), *y = tensor(b, name, gradient, &m);
    assert_int_equal(n, m);
    const double d = relative_difference(x, y, n);
    free(x);
    free(y);
    return d;
}

/* One training step of B samples. */
static inline mye_run_options training(const char *time, const char *loss, int T, int B)
{
    return (mye_run_options){.time = time, .loss = loss, .T = T, .B = B, .training = true};
}

/* y [rows] = W [rows][n] x + bias, then relu where asked. */
static inline void layer(const float *w, const float *bias, int rows, int n, const double *x,
                         bool relu, double *y)
{
    for (int r = 0; r < rows; r++) {
        y[r] = bias != NULL ? (double)bias[r] : 0;
        for (int i = 0; i < n; i++)
            y[r] += (double)w[r * n + i] * x[i];
        if (relu && y[r] < 0)
            y[r] = 0;
    }
}

#endif
