/* Inference: packed weights that stay, 8-bit weights, and what the public call promises. */
#include <math.h>
#include <string.h>

#include "failing.h"
#include "net/run.h"
#include "net_fixture.h"
#include "train_support.h"

#define DATA bars_dir("infer_data")

enum { B = 3, T = 2, CLASSES = 5 };

static const char *const net = "conv2d:channels=8|batchnorm|lif|conv2d:channels=40|lif|maxpool:"
                               "kernel=2|sws_conv2d:channels=8|lif|"
                               "avgpool:kernel=2|conv2d:channels=6|lif|flatten|dense:features=5";

static void fill_input(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    MYE_UNUSED(self);
    MYE_UNUSED(t0);
    MYE_UNUSED(t1);
    for (uint64_t i = 0; i < (uint64_t)p->B * 2 * 8 * 8; i++)
        dst[i] = 4 * mye_random_uniform(7, MYE_STREAM_TEST, i) - 1;
}

static const mye_source source = {.fill = fill_input};

static mye_model *make_model(mye_context *ctx)
{
    mye_model *model = NULL;
    ASSERT_OK(mye_model_from_graph(row_graph(ctx, 2, 8, 8, net), true, 1, &model, &err));
    return model;
}

static mye_run_options plain_options(void)
{
    return (mye_run_options){.time = "bptt", .loss = "ce_mean", .T = T, .B = B};
}

static mye_run *make_run(mye_context *ctx, const mye_model *model, const mye_run_options *o)
{
    mye_run *run = NULL;
    ASSERT_OK(mye_run_create(ctx, model, o, &run, &err));
    return run;
}

static void infer_with(mye_run *run, float out[B * CLASSES])
{
    mye_step_result step;
    ASSERT_OK(mye_run_step(run, B, source, NULL, 1, &step, &err));
    memcpy(out, step.output, sizeof(float) * B * CLASSES);
}

/* What a run that packs anew at each step gives. */
static void infer_afresh(mye_context *ctx, const mye_model *model, mye_run_options o,
                         float out[B * CLASSES])
{
    o.keep_packed = false;
    mye_run *run = make_run(ctx, model, &o);
    infer_with(run, out);
    mye_run_free(run);
}

static void kept_weights_give_the_same_until_they_are_packed_anew(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(2);
    mye_model *model = make_model(ctx);
    for (int int8 = 0; int8 < 2; int8++) {
        mye_run_options o = plain_options();
        o.keep_packed = true;
        o.int8 = int8;
        mye_run *run = make_run(ctx, model, &o);
        float first[B * CLASSES], now[B * CLASSES], afresh[B * CLASSES];
        infer_afresh(ctx, model, o, afresh);
        infer_with(run, first);
        assert_memory_equal(first, afresh, sizeof first);
        infer_with(run, now);
        assert_memory_equal(first, now, sizeof first);
        for (size_t i = 0; i < model->n_params; i++)
            model->param[i] *= 1.25f;
        infer_afresh(ctx, model, o, afresh);
        mye_run_repack(run);
        infer_with(run, now);
        assert_memory_equal(now, afresh, sizeof now);
        assert_true(memcmp(now, first, sizeof now) != 0);
        mye_run_free(run);
    }
    mye_model_free(model);
    mye_context_free(ctx);
}

static void inference_allocates_what_was_planned(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(2);
    mye_model *model = make_model(ctx);
    for (int i = 0; i < 4; i++) {
        mye_run_options o = plain_options();
        o.keep_packed = i & 1;
        o.int8 = i & 2;
        mye_plan plan;
        ASSERT_OK(mye_run_count(ctx, model, &o, &plan, &err));
        mye_run *run = make_run(ctx, model, &o);
        assert_int_equal(plan.run_bytes + plan.scratch_bytes, mye_run_bytes(run));
        mye_run_free(run);
        mye_plan_free(ctx, &plan);
    }
    mye_model_free(model);
    mye_context_free(ctx);
}

/* They do: the second convolution, that behind max pooling, and the dense one behind flatten. They do
 * not: the first (pixels), and that behind average pooling. */
static void layers_that_read_spikes_take_8_bit_weights_and_no_others(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(1);
    mye_model *model = make_model(ctx);
    mye_run_options o = plain_options();
    float out[B * CLASSES];
    o.int8 = true;
    mye_run *run = make_run(ctx, model, &o);
    infer_with(run, out);
    int layers = 0, eight = 0;
    for (int i = 0; i < model->n_nodes; i++) {
        const char *way = mye_run_way(run, i, MYE_CONV_FORWARD);
        layers += way[0] != '\0';
        eight += strcmp(way, "int8") == 0;
    }
    assert_int_equal(layers, 5);
    assert_int_equal(eight, 3);
    assert_string_not_equal(mye_run_way(run, 1, MYE_CONV_FORWARD), "int8");
    assert_string_equal(mye_run_way(run, 4, MYE_CONV_FORWARD), "int8");
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* Neurons near the threshold may flip, so each table is compared with itself only. */
static void eight_bit_weights_give_the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    const mye_kernels *all[8];
    mye_kernels_all(all);
    for (int k = 0; all[k] != NULL; k++) {
        float out[2][B * CLASSES];
        for (int threads = 1; threads <= 2; threads++) {
            mye_context_options options = MYE_CONTEXT_OPTIONS;
            options.threads = threads;
            options.kernels = all[k]->name;
            mye_context *ctx = NULL;
            ASSERT_OK(mye_context_create(&options, &ctx, &err));
            mye_model *model = make_model(ctx);
            mye_run_options o = plain_options();
            o.int8 = o.keep_packed = true;
            mye_run *run = make_run(ctx, model, &o);
            infer_with(run, out[threads - 1]);
            mye_run_free(run);
            mye_model_free(model);
            mye_context_free(ctx);
        }
        assert_memory_equal(out[0], out[1], sizeof out[0]);
    }
}

/* ---- the public call ---- */

static const char *trained_run(void)
{
    static char dir[1024];
    if (!dir[0]) {
        run_dir("infer_run", dir);
        mye_config c = small_config(DATA, dir);
        set(&c, "net", "8C3s2-BN-LIF-16C3-BN-LIF-MP2-FC10");
        set(&c, "encoder", "direct");
        set(&c, "epochs", "6");
        set(&c, "augment", "");
        ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    }
    return dir;
}

static mye_eval_result evaluate(mye_context *ctx, mye_infer_options o)
{
    mye_classifier *c = NULL;
    mye_dataset *data = NULL;
    mye_eval_result e;
    ASSERT_OK(mye_classifier_open(ctx, trained_run(), &o, &c, &err));
    ASSERT_OK(mye_dataset_open(ctx, "mnist", DATA, "test", &data, &err));
    ASSERT_OK(mye_evaluate(ctx, c, data, NULL, &e, &err));
    mye_dataset_free(data);
    mye_classifier_free(c);
    return e;
}

static void eight_bit_weights_keep_loss_and_accuracy(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(2);
    mye_eval_result plain = evaluate(ctx, (mye_infer_options){.batch = 16});
    mye_eval_result int8 = evaluate(ctx, (mye_infer_options){.batch = 16, .int8 = true});
    assert_int_equal(plain.n_layers, 3);
    assert_int_equal(plain.n_int8, 0);
    assert_int_equal(int8.n_layers, 3);
    assert_int_equal(int8.n_int8, 2);
    assert_true(plain.accuracy > 0.5);
    assert_true(fabs(plain.accuracy - int8.accuracy) <= 0.04);
    assert_true(fabs(plain.loss - int8.loss) < 0.05 * plain.loss);
    assert_true(plain.loss != int8.loss);
    assert_true(plain.latency_s > 0 && int8.latency_s > 0);
    mye_eval_free(ctx, &plain);
    mye_eval_free(ctx, &int8);
    mye_context_free(ctx);
}

static void a_call_allocates_nothing(void **state)
{
    (void)state;
    failing count = {0};
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    const mye_allocator hooks = failing_hooks(&count);
    mye_context *ctx = NULL;
    mye_classifier *c = NULL;
    static float pixels[2 * 784];
    float scores[20];
    options.threads = 2;
    options.allocator = &hooks;
    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    for (int int8 = 0; int8 < 2; int8++) {
        const mye_infer_options o = {.batch = 2, .int8 = int8};
        ASSERT_OK(mye_classifier_open(ctx, trained_run(), &o, &c, &err));
        const long calls = count.calls;
        for (int n = 1; n <= 2; n++)
            ASSERT_OK(mye_infer(c, n, pixels, scores, &err));
        assert_int_equal(count.calls, calls);
        mye_classifier_free(c);
    }
    mye_context_free(ctx);
}

static void time_steps_may_differ_from_those_of_training(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(1);
    mye_classifier *c = NULL;
    const mye_infer_options five = {.batch = 1, .T = 5};
    ASSERT_OK(mye_classifier_open(ctx, trained_run(), NULL, &c, &err));
    assert_int_equal(mye_classifier_config(c)->T, 2);
    mye_classifier_free(c);
    ASSERT_OK(mye_classifier_open(ctx, trained_run(), &five, &c, &err));
    assert_int_equal(mye_classifier_config(c)->T, 5);
    mye_classifier_free(c);
    const mye_infer_options wrong = {.batch = 1, .T = -1}, none = {.batch = 0};
    ASSERT_FAILS(mye_classifier_open(ctx, trained_run(), &wrong, &c, &err), MYE_ERR_ARG, "-1");
    ASSERT_FAILS(mye_classifier_open(ctx, trained_run(), &none, &c, &err), MYE_ERR_ARG,
                 "at least 1");
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_weights_give_the_same_until_they_are_packed_anew),
        cmocka_unit_test(inference_allocates_what_was_planned),
        cmocka_unit_test(layers_that_read_spikes_take_8_bit_weights_and_no_others),
        cmocka_unit_test(eight_bit_weights_give_the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(eight_bit_weights_keep_loss_and_accuracy),
        cmocka_unit_test(a_call_allocates_nothing),
        cmocka_unit_test(time_steps_may_differ_from_those_of_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
