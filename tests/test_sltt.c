/* SLTT: identities with BPTT, the choice of steps, memory that does not depend on T. */
#include "rule_support.h"

static const char *const nets[] = {
    "8C3-BN-LIF-MP2-12C3-BN-LIF-AP2-FC16-LIF-FC10",
    "8C3-LIF-AP2-8C5s2-IF-FC10",
    "resnet20:width=0.5",
};
/* Decay 0: nothing of a step reaches the next. */
static const char *const forgetful[] = {
    "8C3-BN-LIF(lambda=0)-MP2-12C3-BN-LIF(lambda=0)-AP2-FC16-LIF(lambda=0)-FC10",
    "8WC3-LIF(lambda=0)-SCALE(value=2.74)-AP2-FC10",
    "8C3-LIF(lambda=0)-DO0.3-8C3-LIF(lambda=0)-DO0.2(per_step=yes)-FC10",
};

static void at_one_step_sltt_is_bptt(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int is_static = 0; is_static < 2; is_static++) {
            expect_same(nets[i], is_static, "bptt", "sltt", "ce_mean", 1, 1e-5);
            expect_same(nets[i], is_static, "bptt", "sltt", "ce_step", 1, 1e-5);
        }
}

static void without_decay_sltt_is_bptt(void **state)
{
    (void)state;
    static const char *const losses[] = {"ce_step", "ce_mse:a=0.05", "ce_mean", "mse_mean"};
    for (size_t i = 0; i < sizeof forgetful / sizeof *forgetful; i++)
        for (size_t k = 0; k < sizeof losses / sizeof *losses; k++)
            for (int is_static = 0; is_static < 2; is_static++)
                expect_same(forgetful[i], is_static, "bptt:mode=s", "sltt", losses[k], 4, 2e-5);
}

static void with_decay_sltt_is_not_bptt(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, nets[1], 2, 12, true);
    double loss = 0;
    float *a = gradient_of(ctx, model, "bptt:mode=s", "ce_step", 4, 5, &loss);
    float *b = gradient_of(ctx, model, "sltt", "ce_step", 4, 5, &loss);
    assert_true(relative_difference(a, b, model->n_params) > 0.02);
    free(a);
    free(b);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void K_of_all_steps_is_sltt_bit_for_bit(void **state)
{
    (void)state;
    expect_same(nets[0], true, "sltt", "sltt:K=4", "ce_step", 4, 0);
    expect_same(nets[0], false, "sltt", "sltt:K=4,rescale=yes", "ce_step", 4, 0);
    expect_same(nets[1], true, "sltt", "sltt:steps=0+3+1+2", "ce_step", 4, 0);
}

/* The steps' own gradients add up to that of all. */
static void single_steps_add_up(void **state)
{
    (void)state;
    static const char *const one[] = {"sltt:steps=0", "sltt:steps=1", "sltt:steps=2"};
    mye_context *ctx = context(2);
    for (int is_static = 0; is_static < 2; is_static++) {
        mye_model *model = model_of(ctx, nets[0], 2, 12, is_static);
        double loss = 0, whole = 0, sum = 0;
        float *all = gradient_of(ctx, model, "sltt", "ce_step", 3, 5, &whole);
        float *added = calloc(model->n_params, sizeof(float));
        for (int t = 0; t < 3; t++, sum += loss) {
            float *g = gradient_of(ctx, model, one[t], "ce_step", 3, 5, &loss);
            for (size_t i = 0; i < model->n_params; i++)
                added[i] += g[i];
            free(g);
        }
        assert_true(fabs(sum - whole) < 1e-6);
        assert_true(relative_difference(all, added, model->n_params) < 1e-5);
        free(all);
        free(added);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void rescaling_is_a_factor_of_T_over_K(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, nets[1], 2, 12, false);
    double plain = 0, scaled = 0;
    float *a = gradient_of(ctx, model, "sltt:K=2", "ce_step", 8, 5, &plain);
    float *b = gradient_of(ctx, model, "sltt:K=2,rescale=yes", "ce_step", 8, 5, &scaled);
    for (size_t i = 0; i < model->n_params; i++)
        a[i] *= 4.0f;
    assert_true(relative_difference(a, b, model->n_params) < 1e-5);
    assert_true(fabs(4 * plain - scaled) < 1e-5);
    free(a);
    free(b);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* Every batch draws anew, and each step is drawn K/T of the time. The drawn step is read from the
 * loss: only its outputs count. */
static void steps_are_drawn_evenly(void **state)
{
    (void)state;
    enum { T = 5, BATCHES = 2000 };
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, "FC64-LIF-FC10", 2, 1, false);
    double of_step[T];
    for (int t = 0; t < T; t++) {
        char rule[32];
        snprintf(rule, sizeof rule, "sltt:steps=%d", t);
        free(gradient_of(ctx, model, rule, "ce_step", T, 2, &of_step[t]));
    }
    const mye_run_options o = {
        .time = "sltt:K=1", .loss = "ce_step", .T = T, .B = 2, .training = true};
    mye_run *run = NULL;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    int drawn[T] = {0};
    for (uint64_t i = 0; i < BATCHES; i++) {
        uint64_t seed = 5;
        const int32_t label[2] = {0, 1};
        const mye_target target = {.label = label};
        mye_step_result r;
        assert_int_equal(mye_run_step(run, 2, (mye_source){fill, &seed}, &target, i, &r, NULL),
                         MYE_OK);
        int found = 0;
        for (int t = 0; t < T; t++)
            if (fabs(r.loss - of_step[t]) < 1e-9) {
                drawn[t]++;
                found++;
            }
        assert_int_equal(found, 1);
    }
    for (int t = 0; t < T; t++) /* 400 expected, deviation 18 */
        assert_in_range(drawn[t], 320, 480);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* A loss over the mean makes two visits of each step; statistics move in the first alone. */
static void running_statistics_move_once_for_each_step(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    float *after[2];
    size_t n = 0;
    static const char *const rules[] = {"bptt:mode=s", "sltt"};
    for (int is_static = 0; is_static < 2; is_static++) {
        for (int k = 0; k < 2; k++) {
            double loss = 0;
            mye_model *model = model_of(ctx, nets[0], 2, 12, is_static);
            free(gradient_of(ctx, model, rules[k], "ce_mean", 3, 5, &loss));
            n = model->n_buffers;
            after[k] = malloc(n * sizeof(float));
            memcpy(after[k], model->buffer, n * sizeof(float));
            mye_model_free(model);
        }
        assert_true(relative_difference(after[0], after[1], n) < 1e-5);
        free(after[0]);
        free(after[1]);
    }
    mye_context_free(ctx);
}

static size_t planned(mye_context *ctx, const mye_model *model, const char *time, int T)
{
    mye_plan plan;
    mye_error err = {0};
    mye_plan_options o = MYE_PLAN_OPTIONS;
    o.time = time;
    o.T = T;
    o.batch = 32;
    if (mye_plan_make(ctx, model, &o, &plan, &err) != MYE_OK)
        fail_msg("%s", err.message);
    const size_t bytes = plan.total_bytes;
    mye_plan_free(ctx, &plan);
    return bytes;
}

static void memory_does_not_depend_on_T(void **state)
{
    (void)state;
    static const char *const big[] = {"vgg11", "resnet18"};
    static const char *const flat[] = {"sltt", "sltt:K=2", "ottt", "rate:mode=s"};
    mye_context *ctx = context(2);
    for (int i = 0; i < 2; i++) {
        mye_model *model = model_of(ctx, big[i], 3, 32, true);
        for (size_t r = 0; r < sizeof flat / sizeof *flat; r++) {
            const double few = (double)planned(ctx, model, flat[r], 4);
            const double many = (double)planned(ctx, model, flat[r], 64);
            print_message("%s, %s: T = 4 %.1f MB, T = 64 %.1f MB\n", big[i], flat[r], few / 1e6,
                          many / 1e6);
            assert_true(many < 1.02 * few);
        }
        assert_true((double)planned(ctx, model, "bptt", 64) >
                    4.0 * (double)planned(ctx, model, "bptt", 4));
        assert_true(planned(ctx, model, "sltt", 4) < planned(ctx, model, "bptt", 4));
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *net, *time, *says;
    } cases[] = {
        {"FC4-LIF-FC10", "sltt:K=5", "at most T = 4 steps, got 5"},
        {"FC4-LIF-FC10", "sltt:steps=1+4", "from 0 to 3 as in 1+4, got steps=1+4"},
        {"FC4-LIF-FC10", "sltt:steps=1+1", "different steps"},
        {"FC4-LIF-FC10", "sltt:steps=one", "different steps"},
        {"FC4-LIF-FC10", "sltt:K=1,steps=2", "K or steps, got both"},
        {"FC4-PLIF-FC10", "sltt", "neurons without weights"},
        {"FC10", "sltt", "without neurons"},
    };
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mye_model *model = model_of(ctx, cases[i].net, 2, 1, true);
        const mye_run_options o = {
            .time = cases[i].time, .loss = "ce_step", .T = 4, .B = 2, .training = true};
        mye_run *run = NULL;
        mye_error err = {0};
        assert_int_not_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_OK);
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].time, err.message);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_one_step_sltt_is_bptt),
        cmocka_unit_test(without_decay_sltt_is_bptt),
        cmocka_unit_test(with_decay_sltt_is_not_bptt),
        cmocka_unit_test(K_of_all_steps_is_sltt_bit_for_bit),
        cmocka_unit_test(single_steps_add_up),
        cmocka_unit_test(rescaling_is_a_factor_of_T_over_K),
        cmocka_unit_test(steps_are_drawn_evenly),
        cmocka_unit_test(running_statistics_move_once_for_each_step),
        cmocka_unit_test(memory_does_not_depend_on_T),
        cmocka_unit_test(impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
