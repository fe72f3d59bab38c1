/* DSR on whole networks: what goes together, readouts, scaled spikes behind layers, memory, bits,
 * and training that stops, goes on and is evaluated. */
#include <math.h>

#include "net/rules.h"
#include "net_fixture.h"
#include "node/readout.h"
#include "train_support.h"

#define DATA bars_dir("dsr_data")

static const char *const NET = "8C3-BN-N-MP2-12C3-BN-N-AP2-FC16-BN-N-FC10";
static const char *const NEURONS[] = {"dsr_if:theta=0.3", "dsr_lif:theta=0.02"};
enum { N_NEURONS = 2, T = 6, B = 5 };

static mye_model *model_of(mye_context *ctx, const char *net, const char *neuron, int C, int H)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    o.net = net;
    o.neuron = neuron;
    o.C = C;
    o.H = o.W = H;
    ASSERT_OK(mye_model_create(ctx, &o, &model, &err));
    return model;
}

static mye_run_options options_of(const char *time)
{
    return (mye_run_options){.time = time, .loss = "ce_mean", .T = T, .B = B, .training = true};
}

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int64_t n = (p->value[0].steps == 1 ? 1 : t1 - t0) * p->B * p->value[0].n;
    MYE_UNUSED(self);
    for (int64_t i = 0; i < n; i++)
        dst[i] = mye_random_normal(5, MYE_STREAM_TEST, (uint64_t)(t0 * n + i));
}

/* One step; outputs [B][10] go to `out`. */
static void step_with(mye_context *ctx, const mye_model *model, const mye_run_options *o,
                      float *out)
{
    static const int32_t label[B] = {0, 1, 2, 3, 4};
    const mye_target target = {.label = label};
    mye_step_result r;
    mye_run *run = NULL;
    ASSERT_OK(mye_run_create(ctx, model, o, &run, &err));
    ASSERT_OK(mye_run_step(run, B, (mye_source){.fill = fill}, &target, 3, &r, &err));
    memcpy(out, r.output, sizeof(float) * B * 10);
    mye_run_free(run);
}

static const mye_weight *weight_of(const mye_model *model, const char *name)
{
    int at = 0;
    while (at < model->n_weights - 1 && strcmp(model->weight[at]->name, name) != 0)
        at++;
    assert_string_equal(model->weight[at]->name, name);
    return model->weight[at];
}

/* ---- what goes together ---- */

static void refuse(mye_context *ctx, const char *net, const char *neuron, mye_run_options o,
                   const char *first, const char *second)
{
    mye_model *model = model_of(ctx, net, neuron, 1, 8);
    mye_run *run = NULL;
    ASSERT_FAILS(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED, first);
    ASSERT_FAILS(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED, second);
    mye_model_free(model);
}

static void rules_and_neurons_that_do_not_fit_are_named_both(void **state)
{
    mye_context *ctx = *state;
    mye_run_options smooth = options_of("dsr"), rates = smooth, per_step = smooth;
    per_step.loss = "ce_step";
    smooth.smooth = true;
    rates.rate_strength = 1;
    for (const mye_entry *const *e = mye_kind_time.entries; *e != NULL; e++)
        if (!((const mye_time_rule *)*e)->on_means)
            refuse(ctx, "FC8-N-FC10", "dsr_if", options_of((*e)->name), "'dsr_if1' (dsr_if)",
                   (*e)->name);
    refuse(ctx, "FC8-N-FC10", "lif", options_of("dsr"), "'lif1' (lif)", "(dsr_if, dsr_lif)");
    refuse(ctx, "FC8-N-FC8-IF-FC10", "dsr_lif", options_of("dsr"), "'if1' (if)", "'dsr'");
    refuse(ctx, "FC8-N-FC10", "dsr_lif", per_step, "'dsr'", "'ce_step'");
    refuse(ctx, "FC8-N-FC10", "dsr_lif", smooth, "gradient check", "dsr_lif");
    refuse(ctx, "FC8-N-FC10", "dsr_if", rates, "rate_strength", "dsr_if");
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    o.net = "FC8-N-FC10";
    o.neuron = "dsr_if:theta=0.001";
    ASSERT_FAILS(mye_model_create(ctx, &o, &model, &err), MYE_ERR_ARG, "bound");
}

static void inference_takes_any_neuron(void **state)
{
    mye_context *ctx = *state;
    mye_model *model = model_of(ctx, NET, "dsr_lif", 1, 8);
    mye_run_options o = options_of("bptt");
    float out[B * 10];
    o.training = false;
    step_with(ctx, model, &o, out);
    mye_model_free(model);
}

/* ---- readout ---- */

static void the_readout_weighs_steps_as_the_last_neuron_does(void **state)
{
    mye_context *ctx = *state;
    static const struct {
        const char *net, *neuron;
        double ratio; /* weight of a step over that of the next */
    } rows[] = {
        {"FC8-N-FC10", "dsr_lif:tau=2,delta_t=0.1", 0.95122942450071402},
        {"FC8-N-FC10", "dsr_if", 1},
        {"FC8-N-FC10", "lif", 1},
        {"FC8-N-FC10-READOUT", "dsr_lif", 1},
        {"FC8-N-FC10-READOUT(mode=exp,decay=0.5)", "dsr_if", 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mye_model *model = model_of(ctx, rows[i].net, rows[i].neuron, 1, 8);
        float w[T];
        double sum = 0;
        mye_readout_weights(model->node[model->output], T, w);
        for (int t = 0; t < T; t++) {
            sum += (double)w[t];
            if (t > 0)
                assert_true(fabs((double)w[t - 1] / (double)w[t] - rows[i].ratio) < 1e-5);
        }
        assert_true(fabs(sum - 1) < 1e-6);
        mye_model_free(model);
    }
}

/* ---- scaled spikes ---- */

static void scale_weight(const mye_model *model, const char *name, float by)
{
    const mye_weight *w = weight_of(model, name);
    for (size_t i = 0; i < w->count; i++)
        w->data[i] *= by;
}

/* The first draws of two networks differ when one has more weights. */
static void copy_weights(const mye_model *from, const mye_model *to)
{
    for (int i = 0; i < from->n_weights; i++) {
        const mye_weight *w = from->weight[i];
        memcpy(weight_of(to, w->name)->data, w->data, w->count * sizeof *w->data);
    }
}

/* A neuron with theta = alpha theta = 1 is an IF neuron; with all currents and thresholds doubled
 * its spikes stay, and are worth twice as much to the layer behind. */
static void layers_read_what_a_spike_is_worth(void **state)
{
    mye_context *ctx = *state;
    static const char *const nets[] = {"4C3-N-MP2-FC10", "4C3-N-AP2-FC10", "4C3-N-MP3s2-8C3-N-FC10",
                                       "FC40-N-FC10"};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        const bool deep = i == 2, dense = i == 3;
        const char *first = dense ? "fc1" : "conv1", *last = dense ? "fc2" : "fc1";
        float plain[B * 10], unit[B * 10], twice[B * 10];
        mye_model *a = model_of(ctx, nets[i], "if", 2, 12);
        mye_model *b = model_of(ctx, nets[i], "dsr_if:theta=1,alpha=1", 2, 12);
        copy_weights(a, b);
        mye_run_options o = options_of("dsr");
        o.training = false;
        step_with(ctx, a, &o, plain);
        step_with(ctx, b, &o, unit);
        char name[64];
        snprintf(name, sizeof name, "%s.weight", first);
        scale_weight(b, name, 2);
        snprintf(name, sizeof name, "%s.bias", first);
        scale_weight(b, name, 2);
        scale_weight(b, "dsr_if1.threshold", 2);
        snprintf(name, sizeof name, "%s.weight", deep ? "conv2" : last);
        scale_weight(b, name, 0.5f);
        step_with(ctx, b, &o, twice);
        double largest = 0;
        for (int j = 0; j < B * 10; j++) {
            assert_true(fabsf(unit[j] - plain[j]) < 1e-5f);
            assert_true(fabsf(twice[j] - plain[j]) < 1e-5f);
            largest = fmax(largest, fabs((double)plain[j]));
        }
        assert_true(largest > 0.05);
        mye_model_free(a);
        mye_model_free(b);
    }
}

/* ---- memory and bits ---- */

static void plan_equals_allocation(void **state)
{
    mye_context *ctx = *state;
    static const char *const nets[] = {"preact-resnet18:width=0.25", "vgg11:width=0.25"};
    static const char *const rules[] = {"dsr", "dsr:checkpoint=node"};
    for (int i = 0; i < 8; i++) {
        mye_model *model = model_of(ctx, nets[i / 4], NEURONS[i / 2 % 2], 3, 32);
        const mye_run_options o = options_of(rules[i % 2]);
        mye_plan plan;
        mye_run *run = NULL;
        ASSERT_OK(mye_run_count(ctx, model, &o, &plan, &err));
        ASSERT_OK(mye_run_create(ctx, model, &o, &run, &err));
        assert_int_equal(plan.run_bytes + plan.scratch_bytes, mye_run_bytes(run));
        if (i % 2 == 1)
            assert_true(plan.kept_per_neuron_step <= 0.2); /* one bit, and a little */
        mye_run_free(run);
        mye_plan_free(ctx, &plan);
        mye_model_free(model);
    }
}

static void gradient_of(const char *neuron, const char *time, int threads, float **grad, size_t *n)
{
    mye_context *ctx = threads_context(threads);
    mye_model *model = model_of(ctx, NET, neuron, 2, 12);
    const mye_run_options o = options_of(time);
    float out[B * 10];
    step_with(ctx, model, &o, out);
    *n = model->n_params;
    *grad = malloc(*n * sizeof **grad);
    memcpy(*grad, model->grad, *n * sizeof **grad);
    for (int i = 0; i < model->n_trainable; i++) /* all learn, thresholds too */
        for (size_t j = 0, zeros = 0; j < model->weight[i]->count; j++) {
            zeros += model->weight[i]->grad[j] == 0;
            if (zeros == model->weight[i]->count)
                fail_msg("%s: no gradient for %s", neuron, model->weight[i]->name);
        }
    mye_model_free(model);
    mye_context_free(ctx);
}

static void threads_and_recomputing_do_not_change_a_bit(void **state)
{
    MYE_UNUSED(state);
    for (int i = 0; i < N_NEURONS; i++) {
        float *one, *two, *again;
        size_t n = 0;
        gradient_of(NEURONS[i], "dsr", 1, &one, &n);
        gradient_of(NEURONS[i], "dsr", 2, &two, &n);
        gradient_of(NEURONS[i], "dsr:checkpoint=node", 2, &again, &n);
        assert_memory_equal(one, two, n * sizeof *one);
        assert_memory_equal(one, again, n * sizeof *one);
        free(one);
        free(two);
        free(again);
    }
}

/* ---- training ---- */

static mye_config dsr_config(const char *dir)
{
    mye_config c = small_config(DATA, dir);
    set(&c, "net", "4C3s2-BN-N-MP2-DO0.1-FC10");
    set(&c, "neuron", "dsr_lif:theta=0.2,delta_t=0.1");
    set(&c, "time", "dsr");
    set(&c, "T", "3");
    return c;
}

static void stop_in_epoch_2(void *user, const mye_progress *p)
{
    if (p->epoch == 2 && p->done > 0)
        mye_context_cancel(user);
}

static void thresholds_are_trained_saved_and_gone_on_with(void **state)
{
    MYE_UNUSED(state);
    char whole[1024], parts[1024];
    run_dir("dsr_whole", whole);
    run_dir("dsr_parts", parts);
    mye_config c = dsr_config(whole);
    mye_train_result r;
    ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
    c = dsr_config(parts);
    const mye_callbacks callbacks = {.progress = stop_in_epoch_2};
    ASSERT_FAILS(train(&c, false, 1, &callbacks, NULL, &err), MYE_ERR_CANCELLED, parts);
    ASSERT_OK(train(&c, true, 2, NULL, NULL, &err));
    assert_true(same_file(whole, parts, "last.safetensors"));
    mye_context *ctx = threads_context(2);
    mye_classifier *k = NULL;
    mye_dataset *data = NULL;
    mye_eval_result e;
    const mye_infer_options o = {.batch = 16};
    ASSERT_OK(mye_classifier_open(ctx, path_of(3, whole, "last.safetensors"), &o, &k, &err));
    ASSERT_OK(mye_dataset_open(ctx, "mnist", DATA, "test", &data, &err));
    ASSERT_OK(mye_evaluate(ctx, k, data, NULL, &e, &err));
    assert_true(e.accuracy == r.last.test_accuracy && e.loss == r.last.test_loss);
    const float theta = weight_of(mye_classifier_model(k), "dsr_lif1.threshold")->data[0];
    assert_true(theta != 0.2f && theta > 0.1f && theta < 0.3f);
    mye_eval_free(ctx, &e);
    mye_dataset_free(data);
    mye_classifier_free(k);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rules_and_neurons_that_do_not_fit_are_named_both,
                                        context_setup, context_teardown),
        cmocka_unit_test_setup_teardown(inference_takes_any_neuron, context_setup,
                                        context_teardown),
        cmocka_unit_test_setup_teardown(the_readout_weighs_steps_as_the_last_neuron_does,
                                        context_setup, context_teardown),
        cmocka_unit_test_setup_teardown(layers_read_what_a_spike_is_worth, context_setup,
                                        context_teardown),
        cmocka_unit_test_setup_teardown(plan_equals_allocation, context_setup, context_teardown),
        cmocka_unit_test(threads_and_recomputing_do_not_change_a_bit),
        cmocka_unit_test(thresholds_are_trained_saved_and_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
