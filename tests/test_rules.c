/* What must hold between time rules, orders, threads and memory plans, on whole networks. */
#include "rule_support.h"

static const char *const nets[] = {
    "8C3-BN-LIF-MP2-12C3-BN-LIF-AP2-FC16-LIF-FC10",
    "8C3-LIF-AP2-8C5s2-IF-FC10",
    "resnet20:width=0.5",
};
static const char *const nets_without_norm[] = {
    "8C3-LIF-MP2-12C3-LIF-AP2-FC16-LIF-FC10",
    "FC32-LIF-FC10",
};

/* Both gradients of every net; `same` compares. */
static void compare_rules(const char *const *net, size_t n, const char *a, const char *b, int T,
                          bool static_input, double tolerance)
{
    mye_context *ctx = context(2);
    for (size_t i = 0; i < n; i++) {
        mye_model *model = model_of(ctx, net[i], 2, 12, static_input);
        double la = 0, lb = 0;
        float *ga = gradient(ctx, model, a, T, 5, &la);
        float *gb = gradient(ctx, model, b, T, 5, &lb);
        const size_t params = model->n_params;
        if (tolerance == 0) {
            assert_memory_equal(ga, gb, params * sizeof(float));
            assert_true(la == lb);
        } else {
            const double d = relative_difference(ga, gb, params);
            if (d > tolerance)
                fail_msg("%s: %s and %s differ by %g", net[i], a, b, d);
        }
        free(ga);
        free(gb);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void rate_equals_bptt_at_one_step(void **state)
{
    (void)state;
    compare_rules(nets, 3, "bptt", "rate", 1, false, 2e-4);
    compare_rules(nets, 3, "bptt", "rate:mode=s", 1, true, 2e-4);
}

static void rate_drops_what_the_spike_pass_dropped(void **state)
{
    (void)state;
    static const char *const dropping[] = {"8C3-BN-LIF-MP2-DO0.4-12C3-BN-LIF-DO0.2-FC10",
                                           "FC32-LIF-DO0.5-FC10"};
    compare_rules(dropping, 2, "bptt", "rate", 1, false, 2e-4);
    compare_rules(dropping, 2, "bptt", "rate:mode=s", 1, false, 2e-4);
}

static void checkpointed_bptt_has_the_same_bits(void **state)
{
    (void)state;
    compare_rules(nets, 3, "bptt", "bptt:checkpoint=node", 3, false, 0);
    compare_rules(nets, 3, "bptt", "bptt:checkpoint=node", 4, true, 0);
    compare_rules(nets, 3, "bptt:mode=s", "bptt:mode=s,checkpoint=node", 3, true, 0);
}

static void step_by_step_equals_layer_by_layer_without_norm(void **state)
{
    (void)state;
    compare_rules(nets_without_norm, 2, "bptt", "bptt:mode=s", 4, false, 1e-5);
    compare_rules(nets_without_norm, 2, "bptt", "bptt:mode=s", 4, true, 1e-5);
    compare_rules(nets_without_norm, 2, "rate", "rate:mode=s", 4, true, 1e-5);
    compare_rules(nets_without_norm, 2, "rate", "rate:mode=s", 4, false, 1e-5);
}

static void a_static_input_equals_the_same_frame_given_T_times(void **state)
{
    (void)state;
    static const char *const rules[] = {"bptt", "rate", "bptt:mode=s",     "rate:mode=s",
                                        "sltt", "ottt", "ottt:first=trace"};
    mye_context *ctx = context(2);
    for (int i = 0; i < 3; i++)
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
            float *g[2] = {NULL, NULL};
            size_t params = 0;
            for (int k = 0; k < 2; k++) {
                mye_model *model = model_of(ctx, nets[i], 2, 12, k == 0);
                double loss = 0;
                source_fill = fill_frame;
                g[k] = gradient(ctx, model, rules[r], 3, 4, &loss);
                source_fill = fill;
                params = model->n_params;
                mye_model_free(model);
            }
            const double d = relative_difference(g[0], g[1], params);
            if (d > 2e-4)
                fail_msg("%s, %s: static and repeated input differ by %g", nets[i], rules[r], d);
            free(g[0]);
            free(g[1]);
        }
    mye_context_free(ctx);
}

static void one_and_two_threads_give_the_same_bits(void **state)
{
    (void)state;
    static const char *const rules[] = {"bptt", "rate", "rate:mode=s",     "bptt:checkpoint=node",
                                        "sltt", "ottt", "ottt:first=trace"};
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        for (int i = 0; i < 3; i++) {
            float *g[2];
            double loss[2];
            size_t params = 0;
            for (int k = 0; k < 2; k++) {
                mye_context *ctx = context(k + 1);
                mye_model *model = model_of(ctx, nets[i], 2, 12, true);
                g[k] = gradient(ctx, model, rules[r], 3, 6, &loss[k]);
                params = model->n_params;
                mye_model_free(model);
                mye_context_free(ctx);
            }
            assert_memory_equal(g[0], g[1], params * sizeof(float));
            assert_true(loss[0] == loss[1]);
            free(g[0]);
            free(g[1]);
        }
}

static void rate_wants_a_loss_of_the_mean_output(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, "FC8-LIF-FC10", 2, 1, true);
    mye_run_options o = {.time = "rate", .loss = "ce_step", .T = 4, .B = 2, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "wants a loss of the mean output"));
    o.T = 1;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_OK);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void rate_points_where_bptt_does_at_four_steps(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = "32C3-BN-LIF-AP2-64C3-BN-LIF-AP2-64C3-BN-LIF-AP2-FC10";
    o.neuron = "lif_rate";
    o.C = 3;
    o.H = o.W = 16;
    mye_model *model = NULL;
    assert_int_equal(mye_model_create(ctx, &o, &model, NULL), MYE_OK);
    double la = 0, lb = 0;
    float *a = gradient(ctx, model, "bptt", 4, 16, &la);
    float *b = gradient(ctx, model, "rate", 4, 16, &lb);
    const double c = cosine(a, b, model->n_params);
    print_message("cosine of rate to BPTT, T = 4: %.4f\n", c);
    assert_true(c > 0.98);
    assert_true(fabs(la - lb) < 1e-5);
    free(a);
    free(b);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- memory ---- */

static void plan_equals_allocation_for_every_builder_and_rule(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "bptt", "bptt:mode=s", "bptt:checkpoint=node", "rate", "rate:mode=s", "sltt", "ottt"};
    const mye_kind *kind = mye_kind_find("net");
    mye_context *ctx = context(2);
    for (const mye_entry *const *e = kind->entries; *e != NULL; e++) {
        const bool imagenet = strstr((*e)->name, "imagenet") != NULL;
        mye_model *model = model_of(ctx, (*e)->name, 3, imagenet ? 64 : 32, true);
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
            const mye_run_options o = {
                .time = rules[r], .loss = "ce_mean", .T = 2, .B = 2, .training = true};
            mye_plan plan;
            mye_run *run = NULL;
            assert_int_equal(mye_run_count(ctx, model, &o, &plan, NULL), MYE_OK);
            assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
            assert_int_equal(plan.run_bytes + plan.scratch_bytes, mye_run_bytes(run));
            mye_run_free(run);
            mye_plan_free(ctx, &plan);
        }
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static mye_plan plan_of(mye_context *ctx, mye_model *model, const char *time, int T)
{
    mye_plan plan;
    mye_error err = {0};
    mye_plan_options o = MYE_PLAN_OPTIONS;
    o.time = time;
    o.T = T;
    o.batch = 8;
    if (mye_plan_make(ctx, model, &o, &plan, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return plan;
}

static void bptt_keeps_at_most_five_bytes_a_neuron_step(void **state)
{
    (void)state;
    static const char *const big[] = {"vgg11", "resnet18"};
    mye_context *ctx = context(2);
    for (int i = 0; i < 2; i++) {
        mye_model *model = model_of(ctx, big[i], 3, 32, true);
        mye_plan full = plan_of(ctx, model, "bptt", 4);
        mye_plan spikes = plan_of(ctx, model, "bptt:checkpoint=node", 4);
        print_message("%s: %.2f bytes a neuron-step, checkpointed %.3f\n", big[i],
                      full.kept_per_neuron_step, spikes.kept_per_neuron_step);
        assert_true(full.kept_per_neuron_step <= 5.0);
        assert_true(spikes.kept_per_neuron_step <= 0.2);
        mye_plan_free(ctx, &full);
        mye_plan_free(ctx, &spikes);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void what_rate_keeps_does_not_grow_with_T(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, "vgg11", 3, 32, true);
    mye_plan few = plan_of(ctx, model, "rate", 2), many = plan_of(ctx, model, "rate", 32);
    assert_int_equal(few.kept_bytes, many.kept_bytes);
    mye_plan_free(ctx, &few);
    mye_plan_free(ctx, &many);
    few = plan_of(ctx, model, "rate:mode=s", 2);
    many = plan_of(ctx, model, "rate:mode=s", 32);
    /* per-step batch statistics and outputs: a few kilobytes */
    assert_true((double)many.total_bytes < 1.02 * (double)few.total_bytes);
    mye_plan_free(ctx, &few);
    mye_plan_free(ctx, &many);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void gradients_agree_with_finite_differences(void **state)
{
    (void)state;
    static const char *const nets_smooth[] = {
        "6C3-BN-LIF(detach_reset=no)-AP2-6C3-LIF(reset=hard,detach_reset=no)-FC10",
        "FC12-LIF(detach_reset=no,decay_input=yes)-FC10",
        "FC12-PLIF(detach_reset=no)-FC10",
        "4C3-LIF(detach_reset=no)-GAP-FC10",
    };
    mye_context *ctx = context(2);
    for (size_t i = 0; i < sizeof nets_smooth / sizeof *nets_smooth; i++) {
        mye_model *model = model_of(ctx, nets_smooth[i], 2, 8, i % 2 == 0);
        mye_gradcheck_item *item = NULL;
        int n = 0;
        mye_error err = {0};
        if (mye_gradcheck(ctx, model, NULL, &item, &n, &err) != MYE_OK)
            fail_msg("%s: %s", nets_smooth[i], err.message);
        assert_true(n > 0);
        for (int k = 0; k < n; k++)
            if (!item[k].passed)
                fail_msg("%s: %s off by %g of %g", nets_smooth[i], item[k].name, item[k].error,
                         item[k].largest);
        mye_gradcheck_free(ctx, item);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_equals_bptt_at_one_step),
        cmocka_unit_test(rate_drops_what_the_spike_pass_dropped),
        cmocka_unit_test(checkpointed_bptt_has_the_same_bits),
        cmocka_unit_test(step_by_step_equals_layer_by_layer_without_norm),
        cmocka_unit_test(a_static_input_equals_the_same_frame_given_T_times),
        cmocka_unit_test(one_and_two_threads_give_the_same_bits),
        cmocka_unit_test(rate_wants_a_loss_of_the_mean_output),
        cmocka_unit_test(rate_points_where_bptt_does_at_four_steps),
        cmocka_unit_test(plan_equals_allocation_for_every_builder_and_rule),
        cmocka_unit_test(bptt_keeps_at_most_five_bytes_a_neuron_step),
        cmocka_unit_test(what_rate_keeps_does_not_grow_with_T),
        cmocka_unit_test(gradients_agree_with_finite_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
