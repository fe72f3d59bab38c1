/* What SPIDE and IDE share: same bits for any number of threads, memory, and what they refuse. */
#include "equilibrium_support.h"

/* ---- threads and memory ---- */

static const char *const nets[] = {
    "8C3s2-FB(8CT3s2)-IF(subtract=2)-8C3s2-IF(subtract=2)-FC10",
    "8C3-BN-FB(8C3)-LIF(lambda=0.9,subtract=2)-DO0.2-8C3-LIF(lambda=0.9,subtract=2)-AP2-FC10",
    "6C3-IF(subtract=2)-AP2-IF(subtract=2)-6C3-IF(subtract=2)-AP2-FC20-IF(subtract=2)-FC10",
    "FC20-FB(FC20)-IF(subtract=2)-FC12-FB()-IF(subtract=2)-FC12-IF(subtract=2)-FC10",
};
static const char *const rules[] = {"spide:T_B=12", "ide", "ide:solver=fixed"};

static void one_and_two_threads_give_the_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        for (int r = 0; r < 3; r++) {
            float *g[2];
            size_t n = 0;
            for (int k = 0; k < 2; k++) {
                mye_context *ctx = context(1 + k);
                mye_model *model = model_of(ctx, nets[i], 2, 12, 3);
                g[k] = gradient(ctx, model, rules[r], 6, 9);
                n = model->n_params;
                mye_model_free(model);
                mye_context_free(ctx);
            }
            assert_memory_equal(g[0], g[1], n * sizeof(float));
            double size = 0;
            for (size_t j = 0; j < n; j++)
                size += fabs((double)g[0][j]);
            assert_true(size > 0 && isfinite(size));
            free(g[0]);
            free(g[1]);
        }
}

static mye_plan plan_of(mye_context *ctx, const mye_model *model, const char *time, int T)
{
    const mye_run_options o = {.time = time, .loss = "ce_mean", .T = T, .B = 4, .training = true};
    mye_plan plan;
    assert_int_equal(mye_run_count(ctx, model, &o, &plan, NULL), MYE_OK);
    mye_run *run = run_of(ctx, model, time, T, 4);
    assert_int_equal(plan.run_bytes + plan.scratch_bytes, mye_run_bytes(run));
    train_step(run, 4, NULL);
    train_step(run, 3, NULL); /* a smaller last batch finds its memory too */
    mye_run_free(run);
    return plan;
}

static void memory_is_what_was_planned_for_any_number_of_steps(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (int i = 0; i < 4; i++) {
        mye_model *model = model_of(ctx, nets[i], 2, 12, 3);
        mye_plan a = plan_of(ctx, model, "spide:T_B=6", 3);
        mye_plan b = plan_of(ctx, model, "spide:T_B=60", 30);
        assert_int_equal(a.arena_bytes, b.arena_bytes);
        assert_int_equal(a.kept_bytes, b.kept_bytes);
        mye_plan c = plan_of(ctx, model, "ide:iterations=3", 3);
        mye_plan d = plan_of(ctx, model, "ide:iterations=20", 30);
        assert_int_equal(c.arena_bytes, d.arena_bytes);
        mye_plan_free(ctx, &a);
        mye_plan_free(ctx, &b);
        mye_plan_free(ctx, &c);
        mye_plan_free(ctx, &d);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* ---- what is refused ---- */

static void what_has_no_equilibrium_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"8C3-IF-MP2-FC10", "linear in the rates, got node 'pool1' (maxpool)"},
        {"8C3-IF-8C3-BN-IF-FC10", "'bn1' (batchnorm)"},
        {"FC8-PLIF-FC10", "plif"},
        {"FC8-IF(reset=hard)-FC10", "soft reset"},
        {"FC8-LIF(decay_input=yes)-FC10", "not decayed"},
        {"FC8-LIF(lambda=0.9)-FC8-IF-FC10", "one decay"},
        {"FC8-IF-DO0.5(per_step=yes)-FC10", "'drop1' (dropout)"},
        {"8C3-FB(8C3)-SCALE(value=2)-IF-FC10", "straight to neurons"},
        {"FC10", "with neurons"},
    };
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int r = 0; r < 2; r++) {
            mye_model *model = model_of(ctx, cases[i][0], 2, 8, 3);
            const mye_run_options o = {.time = r == 0 ? "spide" : "ide",
                                       .loss = "ce_mean",
                                       .T = 2,
                                       .B = 2,
                                       .training = true};
            mye_run *run = NULL;
            mye_error err = {0};
            assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
            if (strstr(err.message, cases[i][1]) == NULL || strstr(err.message, o.time) == NULL)
                fail_msg("%s: %s", cases[i][0], err.message);
            mye_model_free(model);
        }
    mye_context_free(ctx);
}

static void settings_without_meaning_are_refused(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, small, IN, 1, 3);
    mye_run_options o = {
        .time = "spide", .loss = "ce_mean", .T = 2, .B = 2, .training = true, .smooth = true};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no smooth form"));
    o.smooth = false;
    o.rate_strength = 0.1;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "firing-rate term"));
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_two_threads_give_the_same_bits),
        cmocka_unit_test(memory_is_what_was_planned_for_any_number_of_steps),
        cmocka_unit_test(what_has_no_equilibrium_is_refused_with_a_sentence),
        cmocka_unit_test(settings_without_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
