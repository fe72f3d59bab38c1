/* Step rules and schedules against their formulas in double precision. */
#include <math.h>

#include "data_support.h"
#include "step/step.h"

#define N_STEPS 5

typedef struct fixture {
    mye_context *ctx;
    mye_model *model;
} fixture;

static fixture open_fixture(const char *net, int inputs, int threads)
{
    fixture f = {0};
    const mye_context_options options = {.threads = threads};
    const mye_model_options model = {
        .net = net, .C = inputs, .H = 1, .W = 1, .seed = 3, .static_input = true};
    ASSERT_OK(mye_context_create(&options, &f.ctx, &err));
    ASSERT_OK(mye_model_create(f.ctx, &model, &f.model, &err));
    return f;
}

static void close_fixture(fixture *f)
{
    mye_model_free(f->model);
    mye_context_free(f->ctx);
}

static mye_stepper *stepper(const fixture *f, const char *rule, const char *schedule)
{
    mye_stepper *s = NULL;
    ASSERT_OK(mye_stepper_create(f->ctx, f->model, rule, schedule, 100, 10, &s, &err));
    return s;
}

static void set_gradients(const fixture *f, int step)
{
    for (int i = 0; i < f->model->n_trainable; i++)
        for (size_t j = 0; j < f->model->weight[i]->count; j++)
            f->model->weight[i]->grad[j] = mye_random_normal(
                7, MYE_STREAM_TEST, ((uint64_t)step * 64 + (uint64_t)i) * 1000000 + j);
}

/* One weight in double precision. */
typedef struct truth {
    double w, a, b; /* momentum, or first and second moment */
} truth;

typedef void (*formula)(truth *t, double g, double decay, int step);

/* Runs a rule N_STEPS times; every weight must follow the formula. */
static void compare(const char *rule, formula move, double decay, bool decay_all)
{
    fixture f = open_fixture("FC7-BN-LIF-FC3", 6, 1);
    mye_stepper *s = stepper(&f, rule, "constant");
    for (int i = 0; i < f.model->n_trainable; i++) {
        const mye_weight *w = f.model->weight[i];
        for (size_t j = 0; j < w->count; j++)
            w->data[j] += 0.01f * (float)(j % 5);
    }
    truth *all = calloc(f.model->n_params, sizeof *all);
    assert_non_null(all);
    for (size_t j = 0; j < f.model->n_params; j++)
        all[j].w = (double)f.model->param[j];
    for (int step = 0; step < N_STEPS; step++) {
        set_gradients(&f, step);
        float *grad = malloc(f.model->n_params * sizeof *grad);
        assert_non_null(grad);
        memcpy(grad, f.model->grad, f.model->n_params * sizeof *grad);
        mye_stepper_apply(s, 0);
        for (int i = 0; i < f.model->n_trainable; i++) {
            const mye_weight *w = f.model->weight[i];
            truth *t = all + (w->data - f.model->param);
            const float *g = grad + (w->data - f.model->param);
            for (size_t j = 0; j < w->count; j++) {
                move(&t[j], (double)g[j], w->decay || decay_all ? decay : 0.0, step);
                assert_true(fabs(t[j].w - (double)w->data[j]) <= 2e-6 * (1 + fabs(t[j].w)));
            }
        }
        free(grad);
    }
    assert_int_equal(mye_stepper_counter(s), N_STEPS);
    free(all);
    mye_stepper_free(s);
    close_fixture(&f);
}

static void sgd_truth(truth *t, double g, double decay, int step)
{
    const double d = g + decay * t->w;
    t->a = step == 0 ? d : 0.8 * t->a + d;
    t->w -= 0.05 * t->a;
}

static void nesterov_truth(truth *t, double g, double decay, int step)
{
    const double d = g + decay * t->w;
    t->a = step == 0 ? d : 0.8 * t->a + d;
    t->w -= 0.05 * (d + 0.8 * t->a);
}

static void plain_truth(truth *t, double g, double decay, int step)
{
    (void)step;
    t->w -= 0.05 * (g + decay * t->w);
}

static void adam_step(truth *t, double g, int step)
{
    t->a = 0.9 * t->a + 0.1 * g;
    t->b = 0.99 * t->b + 0.01 * g * g;
    const double m = t->a / (1 - pow(0.9, step + 1)), v = t->b / (1 - pow(0.99, step + 1));
    t->w -= 0.02 * m / (sqrt(v) + 1e-8);
}

static void adam_truth(truth *t, double g, double decay, int step)
{
    adam_step(t, g + decay * t->w, step);
}

static void adamw_truth(truth *t, double g, double decay, int step)
{
    t->w *= 1 - 0.02 * decay;
    adam_step(t, g, step);
}

static void sgd_with_momentum_follows_its_formula(void **state)
{
    (void)state;
    compare("sgd:lr=0.05,momentum=0.8,weight_decay=0.01", sgd_truth, 0.01, false);
}

static void sgd_can_decay_all_weights(void **state)
{
    (void)state;
    compare("sgd:lr=0.05,momentum=0.8,weight_decay=0.01,decay_all=true", sgd_truth, 0.01, true);
}

static void nesterov_follows_its_formula(void **state)
{
    (void)state;
    compare("sgd:lr=0.05,momentum=0.8,nesterov=true,weight_decay=0.01", nesterov_truth, 0.01,
            false);
}

static void sgd_without_momentum_follows_its_formula(void **state)
{
    (void)state;
    compare("sgd:lr=0.05,momentum=0,weight_decay=0.01", plain_truth, 0.01, false);
}

static void adam_follows_its_formula(void **state)
{
    (void)state;
    compare("adam:lr=0.02,beta2=0.99,weight_decay=0.1", adam_truth, 0.1, false);
}

static void adamw_follows_its_formula(void **state)
{
    (void)state;
    compare("adamw:lr=0.02,beta2=0.99,weight_decay=0.1", adamw_truth, 0.1, false);
}

static void sgd_moves_a_weight_as_computed_by_hand(void **state)
{
    (void)state;
    fixture f = open_fixture("FC2", 2, 1);
    mye_stepper *s = stepper(&f, "sgd:lr=0.1,momentum=0.9,weight_decay=0.5", "constant");
    float *w = f.model->weight[0]->data, *g = f.model->weight[0]->grad;
    assert_true(f.model->weight[0]->decay);
    w[0] = 1.0f;
    g[0] = 0.5f;
    mye_stepper_apply(s, 0);
    assert_true(fabsf(w[0] - 0.9f) < 1e-6f); /* buf = 1, w = 1 - 0.1 */
    assert_true(g[0] == 0);                  /* ready for the next step */
    g[0] = 0.5f;
    mye_stepper_apply(s, 0);
    assert_true(fabsf(w[0] - 0.715f) < 1e-6f); /* buf = 0.9 + 0.95 = 1.85 */
    mye_stepper_free(s);
    close_fixture(&f);
}

/* ---- the stepper ---- */

static double norm_of_gradients(const fixture *f)
{
    double sum = 0;
    for (int i = 0; i < f->model->n_trainable; i++)
        for (size_t j = 0; j < f->model->weight[i]->count; j++)
            sum += pow((double)f->model->weight[i]->grad[j], 2);
    return sqrt(sum);
}

static void clipping_limits_the_norm_of_the_whole_gradient(void **state)
{
    (void)state;
    fixture f = open_fixture("FC400-LIF-FC10", 300, 2);
    mye_stepper *s = stepper(&f, "sgd:lr=1,momentum=0,weight_decay=0", "constant");
    set_gradients(&f, 0);
    const double norm = norm_of_gradients(&f);
    float *before = malloc(f.model->n_params * sizeof *before);
    assert_non_null(before);
    memcpy(before, f.model->param, f.model->n_params * sizeof *before);
    assert_true(fabs(mye_stepper_apply(s, 2.0) - norm) < 1e-9 * norm);
    double moved = 0;
    for (size_t i = 0; i < f.model->n_params; i++)
        moved += pow((double)f.model->param[i] - (double)before[i], 2);
    assert_true(fabs(sqrt(moved) - 2.0) < 1e-4);
    free(before);
    mye_stepper_free(s);
    close_fixture(&f);
}

static void a_small_gradient_is_not_clipped(void **state)
{
    (void)state;
    fixture f = open_fixture("FC2", 2, 1);
    mye_stepper *s = stepper(&f, "sgd:lr=1,momentum=0,weight_decay=0", "constant");
    float *w = f.model->weight[0]->data;
    memset(f.model->grad, 0, f.model->n_params * sizeof(float));
    w[0] = 1.0f;
    f.model->weight[0]->grad[0] = 0.25f;
    assert_true(mye_stepper_apply(s, 1.0) == 0.25);
    assert_true(w[0] == 0.75f);
    mye_stepper_free(s);
    close_fixture(&f);
}

static void a_gradient_that_is_not_finite_moves_nothing_near_it(void **state)
{
    (void)state;
    fixture f = open_fixture("FC3", 4, 1);
    mye_stepper *s = stepper(&f, "sgd", "constant");
    float before[64];
    assert_true(f.model->n_params <= 64);
    memcpy(before, f.model->param, f.model->n_params * sizeof *before);
    set_gradients(&f, 0);
    f.model->weight[1]->grad[2] = NAN;
    assert_true(isnan(mye_stepper_apply(s, 1.0)));
    f.model->weight[1]->grad[2] = INFINITY;
    assert_true(isinf(mye_stepper_apply(s, 0)));
    assert_memory_equal(before, f.model->param, f.model->n_params * sizeof *before);
    assert_int_equal(mye_stepper_counter(s), 0);
    mye_stepper_free(s);
    close_fixture(&f);
}

/* 300 x 400 weights: four shards. */
static void a_part_that_is_not_finite_keeps_its_gradient(void **state)
{
    (void)state;
    fixture f = open_fixture("FC400-LIF-FC10", 300, 2);
    mye_stepper *s = stepper(&f, "sgd", "constant");
    const size_t n = f.model->n_params;
    float *before = malloc(n * sizeof *before);
    memcpy(before, f.model->param, n * sizeof *before);
    for (int clip = 1; clip >= 0; clip--) {
        set_gradients(&f, 0);
        f.model->grad[100000] = INFINITY;
        assert_true(isinf(mye_stepper_apply(s, clip)));
        assert_true(isinf(f.model->grad[100000]));
        assert_true(f.model->param[100000] == before[100000]);
        assert_int_equal(f.model->param[0] == before[0], clip);
        assert_int_equal(mye_stepper_counter(s), 0);
    }
    free(before);
    mye_stepper_free(s);
    close_fixture(&f);
}

/* Weights, biases and normalisation alternate between decayed and not. */
static void tensors_on_both_sides_of_a_shard_move_alike(void **state)
{
    (void)state;
    fixture f = open_fixture("FC400-BN-LIF-FC300-BN-LIF-FC10", 90, 2);
    mye_stepper *s = stepper(&f, "sgd:lr=1,momentum=0,weight_decay=0.25", "constant");
    float *before = malloc(f.model->n_params * sizeof *before);
    memcpy(before, f.model->param, f.model->n_params * sizeof *before);
    for (size_t i = 0; i < f.model->n_params; i++)
        f.model->grad[i] = 0.5f;
    mye_stepper_apply(s, 0);
    for (int i = 0; i < f.model->n_trainable; i++) {
        const mye_weight *w = f.model->weight[i];
        const float *old = before + (w->data - f.model->param);
        for (size_t j = 0; j < w->count; j++) {
            const double want = (double)old[j] - 0.5 - (w->decay ? 0.25 * (double)old[j] : 0);
            assert_true(fabs((double)w->data[j] - want) < 1e-6);
        }
    }
    for (size_t i = 0; i < f.model->n_params; i++)
        assert_true(f.model->grad[i] == 0);
    free(before);
    mye_stepper_free(s);
    close_fixture(&f);
}

static void one_and_two_threads_move_to_the_same_bits(void **state)
{
    (void)state;
    fixture f[2] = {open_fixture("FC500-LIF-FC10", 400, 1), open_fixture("FC500-LIF-FC10", 400, 2)};
    double norm[2];
    for (int k = 0; k < 2; k++) {
        mye_stepper *s = stepper(&f[k], "adamw", "cosine:warmup_steps=2");
        for (int step = 0; step < 3; step++) {
            set_gradients(&f[k], step);
            norm[k] = mye_stepper_apply(s, 0.5);
        }
        mye_stepper_free(s);
    }
    assert_true(norm[0] == norm[1]);
    assert_memory_equal(f[0].model->param, f[1].model->param, f[0].model->n_params * sizeof(float));
    close_fixture(&f[0]);
    close_fixture(&f[1]);
}

static void the_planned_state_is_what_a_rule_names(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        int blocks;
    } cases[] = {{"sgd", 1}, {"sgd:momentum=0", 0}, {"adam", 2}, {"adamw", 2}};
    fixture f = open_fixture("FC5-LIF-FC3", 6, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t bytes = 1;
        float *block[4];
        const char *name[4];
        mye_stepper *s = stepper(&f, cases[i].rule, "constant");
        ASSERT_OK(mye_stepper_plan(f.ctx, f.model, cases[i].rule, &bytes, &err));
        assert_int_equal(mye_stepper_blocks(s, block, name, 4), cases[i].blocks);
        assert_int_equal(bytes, (size_t)cases[i].blocks * f.model->n_params * sizeof(float));
        mye_stepper_free(s);
    }
    close_fixture(&f);
}

static void want_of_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    failing memory = {0};
    mye_context *ctx = make_context(&memory);
    const mye_model_options options = {
        .net = "FC3", .C = 4, .H = 1, .W = 1, .seed = 1, .static_input = true};
    mye_model *model = NULL;
    mye_status status = MYE_ERR_NOMEM;
    ASSERT_OK(mye_model_create(ctx, &options, &model, &err));
    const long blocks = memory.blocks;
    for (long n = 1; status != MYE_OK && n < 100; n++) {
        mye_stepper *s = NULL;
        memory.calls = 0;
        memory.fail_at = n;
        status = mye_stepper_create(ctx, model, "adam:lr=0.1", "cosine:min=0.1", 10, 5, &s, NULL);
        memory.fail_at = 0;
        assert_true(status == MYE_OK || (status == MYE_ERR_NOMEM && s == NULL));
        mye_stepper_free(s);
        assert_int_equal(memory.blocks, blocks);
    }
    assert_int_equal(status, MYE_OK);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- schedules ---- */

/* Learning rate at a step of 100, 10 steps an epoch, lr = 1. */
static double rate_at(const char *schedule, int64_t step)
{
    fixture f = open_fixture("FC1", 1, 1);
    mye_stepper *s = stepper(&f, "sgd:lr=1", schedule);
    mye_stepper_set_counter(s, step);
    const double rate = mye_stepper_rate(s);
    mye_stepper_free(s);
    close_fixture(&f);
    return rate;
}

static void assert_rate(const char *schedule, int64_t step, double want)
{
    const double have = rate_at(schedule, step);
    if (fabs(have - want) > 1e-12)
        fail_msg("%s at step %d: %.12g, wanted %.12g", schedule, (int)step, have, want);
}

static void schedules_give_the_rates_computed_by_hand(void **state)
{
    (void)state;
    assert_rate("constant", 0, 1);
    assert_rate("constant", 99, 1);
    assert_rate("cosine", 0, 1);
    assert_rate("cosine", 50, 0.5);
    assert_rate("cosine", 25, 0.5 + 0.25 * sqrt(2));
    assert_rate("cosine", 100, 0);
    assert_rate("cosine:min=0.1", 50, 0.55);
    assert_rate("cosine:by=epoch", 59, 0.5);
    assert_rate("cosine:by=epoch", 9, 1);
    assert_rate("step:every=3,gamma=0.5", 29, 1);
    assert_rate("step:every=3,gamma=0.5", 30, 0.5);
    assert_rate("step:every=3,gamma=0.5", 99, 0.125);
    assert_rate("step:milestones=(2,7)", 19, 1);
    assert_rate("step:milestones=(2,7)", 20, 0.1);
    assert_rate("step:milestones=(2,7)", 70, 0.1 * 0.1);
}

static void warm_up_rises_in_a_straight_line(void **state)
{
    (void)state;
    assert_rate("constant:warmup_steps=4", 0, 0.25);
    assert_rate("constant:warmup_steps=4", 3, 1);
    assert_rate("constant:warmup=2", 4, 0.25);
    assert_rate("constant:warmup=1,warmup_steps=10", 4, 0.25);
    assert_rate("cosine:warmup=2", 19, 1);
    assert_rate("cosine:warmup=2", 20, 1);
    assert_rate("cosine:warmup=2", 60, 0.5);
    assert_rate("step:every=1,warmup=2,gamma=0.5", 14, 0.75 * 0.5);
}

static void milestones_that_do_not_rise_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"step:milestones=(7,2)", "step:milestones=(0)",
                                      "step:milestones=(3,x)", "step:milestones=(3,,4)"};
    fixture f = open_fixture("FC1", 1, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mye_stepper *s = NULL;
        ASSERT_FAILS(mye_stepper_create(f.ctx, f.model, "sgd", bad[i], 10, 5, &s, &err),
                     MYE_ERR_ARG, "milestones");
        assert_null(s);
    }
    close_fixture(&f);
}

static void a_place_moves_the_schedule_but_not_the_counter(void **state)
{
    (void)state;
    fixture f = open_fixture("FC1", 1, 1);
    mye_stepper *s = stepper(&f, "sgd:lr=1", "cosine");
    mye_stepper_place(s, 50);
    assert_true(fabs(mye_stepper_rate(s) - 0.5) < 1e-12);
    assert_int_equal(mye_stepper_counter(s), 0);
    mye_stepper_free(s);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_with_momentum_follows_its_formula),
        cmocka_unit_test(sgd_can_decay_all_weights),
        cmocka_unit_test(nesterov_follows_its_formula),
        cmocka_unit_test(sgd_without_momentum_follows_its_formula),
        cmocka_unit_test(adam_follows_its_formula),
        cmocka_unit_test(adamw_follows_its_formula),
        cmocka_unit_test(sgd_moves_a_weight_as_computed_by_hand),
        cmocka_unit_test(clipping_limits_the_norm_of_the_whole_gradient),
        cmocka_unit_test(a_small_gradient_is_not_clipped),
        cmocka_unit_test(a_gradient_that_is_not_finite_moves_nothing_near_it),
        cmocka_unit_test(a_part_that_is_not_finite_keeps_its_gradient),
        cmocka_unit_test(tensors_on_both_sides_of_a_shard_move_alike),
        cmocka_unit_test(one_and_two_threads_move_to_the_same_bits),
        cmocka_unit_test(the_planned_state_is_what_a_rule_names),
        cmocka_unit_test(want_of_memory_leaves_nothing_behind),
        cmocka_unit_test(schedules_give_the_rates_computed_by_hand),
        cmocka_unit_test(warm_up_rises_in_a_straight_line),
        cmocka_unit_test(milestones_that_do_not_rise_are_refused),
        cmocka_unit_test(a_place_moves_the_schedule_but_not_the_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
