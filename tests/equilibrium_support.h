/* What the tests of SPIDE and IDE share: models, training steps, what a probe saw, a small network. */
#ifndef EQUILIBRIUM_SUPPORT_H
#define EQUILIBRIUM_SUPPORT_H

#include "cmocka_all.h"

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

static inline mye_model *model_of(mye_context *ctx, const char *net, int C, int H, uint64_t seed)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = C;
    o.H = o.W = H;
    o.static_input = true;
    o.seed = seed;
    mye_model *model = NULL;
    mye_error err = {0};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static inline mye_run *run_of(mye_context *ctx, const mye_model *model, const char *time, int T,
                              int B)
{
    const mye_run_options o = {.time = time, .loss = "ce_mean", .T = T, .B = B, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s: %s", time, err.message);
    return run;
}

static inline float input_of(int64_t i)
{
    return mye_random_normal(11, MYE_STREAM_TEST, (uint64_t)i);
}

static inline void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    (void)self;
    (void)t0;
    (void)t1;
    for (int64_t i = 0; i < (int64_t)p->B * p->value[0].n; i++)
        dst[i] = input_of(i);
}

/* What the probe saw: [kind][node], rows of the batch; backward spikes [step][B][n]. */
typedef struct seen {
    int B;
    float data[MYE_PROBE_KINDS][16][4096];
} seen;

static inline void probe(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at,
                         const float *x)
{
    seen *s = arg;
    const int64_t size = mye_shape_size(n->shape);
    const int64_t to = ((int64_t)at.t * s->B + at.b) * size + at.i0;
    if (kind == MYE_PROBE_MEMBRANE || kind == MYE_PROBE_SPIKES || to + at.n > 4096)
        return;
    memcpy(&s->data[kind][n->index][to], x, (size_t)at.n * sizeof *x);
}

static inline double train_step(mye_run *run, int B, seen *s)
{
    int32_t label[64];
    const int K = mye_model_classes(mye_run_model(run));
    for (int b = 0; b < B; b++)
        label[b] = b % K;
    const mye_target target = {.label = label};
    mye_step_result r;
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        s->B = B;
        mye_run_pass(run)->probe = probe;
        mye_run_pass(run)->probe_arg = s;
    }
    assert_int_equal(mye_run_step(run, B, (mye_source){fill, NULL}, &target, 3, &r, NULL), MYE_OK);
    return r.loss;
}

static inline float *gradient(mye_context *ctx, mye_model *model, const char *time, int T, int B)
{
    mye_run *run = run_of(ctx, model, time, T, B);
    train_step(run, B, NULL);
    float *copy = malloc(model->n_params * sizeof(float));
    memcpy(copy, model->grad, model->n_params * sizeof(float));
    mye_run_free(run);
    return copy;
}

static inline double cosine(const float *a, const float *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        ab += (double)a[i] * (double)b[i];
    }
    assert_true(aa > 0 && bb > 0);
    return ab / sqrt(aa * bb);
}

static inline mye_weight *weight(const mye_model *model, const char *name)
{
    const int i = mye_model_tensor_find(model, name);
    assert_true(i >= 0);
    return model->weight[i];
}

static inline int node(const mye_model *model, const char *name)
{
    const int i = mye_model_find(model, name);
    assert_true(i >= 0);
    return i;
}

enum { N0 = 7, N1 = 6, IN = 5, CLASSES = 3, BATCH = 4 };

/* Strong feedback, so that it matters. */
static const char small[] =
    "FC7(init=normal,init_gain=1.2)-FB(FC7(init=normal,init_gain=0.8))-IF(subtract=2)-"
    "FC6(init=normal,init_gain=1)-IF(subtract=2)-FC3(init=normal,init_gain=1)";

#endif
