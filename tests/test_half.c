/* BPTT that keeps its floats as bfloat16: how far the gradient moves, and what stays exact. */
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
#include "step/step.h"

enum { B = 16, T = 4, STEPS = 12 };

static mye_context *context(int threads)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    return ctx;
}

static mye_model *model_of(mye_context *ctx, const char *net, int C, int H)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = C;
    o.H = o.W = H;
    mye_model *model = NULL;
    mye_error err = {0};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

/* Each class has a pattern of its own; samples are that pattern with noise. */
static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const uint64_t batch = *(const uint64_t *)self;
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t n = p->value[0].n;
    for (int64_t i = 0; i < steps * p->B * n; i++) {
        const uint64_t label = (uint64_t)(i / n % p->B) % 10;
        dst[i] = mye_random_normal(label, MYE_STREAM_TEST, (uint64_t)(i % n)) +
                 0.5f * mye_random_normal(100 + batch, MYE_STREAM_TEST, (uint64_t)i);
    }
}

static mye_run *run_of(mye_context *ctx, const mye_model *model, const char *time)
{
    const mye_run_options o = {.time = time, .loss = "ce_mean", .T = T, .B = B, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s: %s", time, err.message);
    return run;
}

static double step(mye_run *run, uint64_t batch)
{
    int32_t label[B];
    for (int b = 0; b < B; b++)
        label[b] = b % 10;
    const mye_target target = {.label = label};
    mye_step_result r;
    assert_int_equal(mye_run_step(run, B, (mye_source){fill, &batch}, &target, 3, &r, NULL),
                     MYE_OK);
    return r.loss;
}

static void train(mye_context *ctx, mye_model *model, const char *time)
{
    mye_stepper *stepper = NULL;
    mye_run *run = run_of(ctx, model, time);
    assert_int_equal(
        mye_stepper_create(ctx, model, "adamw:lr=0.002", "constant", STEPS, STEPS, &stepper, NULL),
        MYE_OK);
    for (uint64_t i = 0; i < STEPS; i++) {
        step(run, i);
        mye_stepper_apply(stepper, 0);
    }
    mye_stepper_free(stepper);
    mye_run_free(run);
}

/* The gradient of one batch; the caller frees. */
static float *gradient(mye_context *ctx, mye_model *model, const char *time, double *loss)
{
    mye_run *run = run_of(ctx, model, time);
    float *copy = malloc(model->n_params * sizeof *copy);
    *loss = step(run, 1000);
    memcpy(copy, model->grad, model->n_params * sizeof *copy);
    mye_run_free(run);
    return copy;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void the_gradient_keeps_its_direction_and_length(void **state)
{
    static const char *const nets[] = {"32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10",
                                       "resnet20:width=0.5"};
    (void)state;
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++) {
        mye_context *ctx = context(2);
        mye_model *model = model_of(ctx, nets[k], 1, 28);
        double loss, same;
        train(ctx, model, "bptt");
        float *a = gradient(ctx, model, "bptt", &loss);
        float *b = gradient(ctx, model, "bptt:keep=bf16", &same);
        assert_true(loss == same); /* the way forward is exact */
        print_message("%s: cosine, norm ratio\n", nets[k]);
        double worst = 1, ratio = 1;
        for (int i = 0; i < model->n_trainable; i++) {
            const mye_weight *w = model->weight[i];
            const size_t at = (size_t)(w->data - model->param);
            const double aa = dot(a + at, a + at, w->count), bb = dot(b + at, b + at, w->count);
            const double cosine = dot(a + at, b + at, w->count) / sqrt(aa * bb);
            const double length = sqrt(bb / aa);
            print_message("  %-20s %.5f %.5f\n", w->name, cosine, length);
            if (w->rank > 1) /* not the gradient of a few channels */
                worst = fmin(worst, cosine), ratio = fmax(ratio, fmax(length, 1 / length));
        }
        print_message("  worst %.5f %.5f\n", worst, ratio);
        assert_true(worst > 0.99 && ratio < 1.02);
        free(a);
        free(b);
        mye_model_free(model);
        mye_context_free(ctx);
    }
}

static void only_kept_floats_shrink_and_the_plan_knows_it(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, "resnet20:width=0.5", 3, 16);
    mye_plan_options o = MYE_PLAN_OPTIONS;
    mye_plan exact, half;
    o.T = T;
    o.batch = B;
    assert_int_equal(mye_plan_make(ctx, model, &o, &exact, NULL), MYE_OK);
    o.time = "bptt:keep=bf16";
    assert_int_equal(mye_plan_make(ctx, model, &o, &half, NULL), MYE_OK);
    assert_true(half.kept_per_neuron_step < 0.55 * exact.kept_per_neuron_step);
    assert_true((double)half.run_bytes < 0.75 * (double)exact.run_bytes);
    mye_run *run = run_of(ctx, model, o.time);
    assert_int_equal(mye_run_bytes(run), half.run_bytes + half.scratch_bytes);
    mye_run_free(run);
    mye_plan_free(ctx, &exact);
    mye_plan_free(ctx, &half);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void threads_and_smaller_batches_before_change_no_bit(void **state)
{
    static const char *const nets[] = {
        "8C3-BN-LIF-MP2-12C3-MP2-LIF-AP2-FC16-LIF-FC10", /* pooling that reads packed floats */
        "8C3-LIF-8C3-AP2-12C3-IF-GAP-FC10",
        "FC40-BN-LIF-FC10-LIF",
    };
    (void)state;
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++) {
        mye_context *one = context(1), *two = context(2);
        mye_model *a = model_of(one, nets[k], 2, 12), *b = model_of(two, nets[k], 2, 12);
        mye_run *run = run_of(two, b, "bptt:keep=bf16");
        double loss_a, loss_b;
        float *grad = gradient(one, a, "bptt:keep=bf16", &loss_a);
        const int32_t label[B] = {1, 2};
        const mye_target target = {.label = label};
        uint64_t batch = 5;
        assert_int_equal(mye_run_step(run, 2, (mye_source){fill, &batch}, &target, 1, NULL, NULL),
                         MYE_OK);
        uint8_t *none = calloc(mye_run_ways_bytes(run), 1); /* layers choose their ways anew */
        mye_run_ways_set(run, none);
        free(none);
        loss_b = step(run, 1000);
        assert_true(loss_a == loss_b);
        assert_memory_equal(grad, b->grad, b->n_params * sizeof *grad);
        free(grad);
        mye_run_free(run);
        mye_model_free(a);
        mye_model_free(b);
        mye_context_free(one);
        mye_context_free(two);
    }
}

static void orders_that_keep_no_whole_floats_refuse(void **state)
{
    (void)state;
    static const char *const times[] = {"bptt:keep=bf16,mode=s", "bptt:keep=bf16,checkpoint=node"};
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, "FC12-LIF-FC10", 1, 4);
    for (size_t i = 0; i < 2; i++) {
        const mye_run_options o = {
            .time = times[i], .loss = "ce_mean", .T = T, .B = B, .training = true};
        mye_run *run = NULL;
        mye_error err = {0};
        assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
        assert_non_null(strstr(err.message, "keep=bf16 wants"));
    }
    /* What memory asks for is found all the same. */
    mye_plan_options o = MYE_PLAN_OPTIONS;
    mye_plan plan;
    char time[MYE_METHOD_MAX];
    o.time = "bptt:keep=bf16";
    assert_int_equal(mye_plan_make(ctx, model, &o, &plan, NULL), MYE_OK);
    const size_t less = plan.total_bytes - 1;
    mye_plan_free(ctx, &plan);
    assert_int_equal(mye_plan_fit(ctx, model, &o, time, less, &plan, NULL), MYE_OK);
    mye_plan_free(ctx, &plan);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_keeps_its_direction_and_length),
        cmocka_unit_test(only_kept_floats_shrink_and_the_plan_knows_it),
        cmocka_unit_test(threads_and_smaller_batches_before_change_no_bit),
        cmocka_unit_test(orders_that_keep_no_whole_floats_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
