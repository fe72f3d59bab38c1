/* Epsilon-greedy pruning (data_pruning.md 6.6), and the moving averages it shares with UCB. */
#include "sampler_fixture.h"
#include "sampler_train.h"

#define N 100

/* Sample i has score i. */
static const float *rising(void)
{
    static float value[MOST_SAMPLES];
    for (int i = 0; i < MOST_SAMPLES; i++)
        value[i] = (float)i;
    return value;
}

/* 4 epochs of 100 samples, rho 0.5: one full, then 33 samples, in batches of 10: 30. */
static void the_top_is_kept_and_a_few_others(void **state)
{
    const scores s = {.loss = rising()};
    sampler_fixture x;
    int64_t others[N] = {0};
    (void)state;
    begin_sampler(&x, "epsilon-greedy:eps=0.2", N, 4, 10);
    assert_int_equal(decide_epoch(&x, 0), N);
    tell_all(&x, 0, &s);
    for (int64_t e = 1; e < 4; e++) {
        assert_int_equal(decide_epoch(&x, e), 30);
        assert_int_equal(visited_of(&x, 76, 100), 24);
        assert_int_equal(visited_of(&x, 0, 76), 6);
        assert_true(x.e->max_weight == 1 && x.e->lr_scale == 1);
        assert_true(fabs(x.e->keep - 1.0 / 3) < 1e-12);
        for (int i = 0; i < 76; i++)
            others[i] += x.visits[i];
        tell_epoch(&x, e, &s);
    }
    int different = 0;
    for (int i = 0; i < 76; i++)
        different += others[i] > 0;
    assert_true(different > 12); /* drawn anew each time */
    end_sampler(&x);
}

/* Over seeds, each of the others is as likely. */
static void the_others_are_drawn_uniformly(void **state)
{
    const scores s = {.loss = rising()};
    const int draws = 600;
    static int seen[N];
    (void)state;
    memset(seen, 0, sizeof seen);
    for (int d = 0; d < draws; d++) {
        sampler_fixture x = {.ctx = make_context(NULL), .f = plain_facts(N, 4, 10)};
        x.f.seed = (uint64_t)d;
        ASSERT_OK(mye_sampler_create(x.ctx, "epsilon-greedy:eps=0.5", &x.f, &x.s, &err));
        tell_all(&x, 0, &s);
        decide_epoch(&x, 1);
        for (int i = 0; i < N; i++)
            seen[i] += x.visits[i];
        end_sampler(&x);
    }
    const double p = 15.0 / 85, sigma = sqrt(p * (1 - p) * draws);
    for (int i = 0; i < 85; i++)
        assert_true(fabs(seen[i] - p * draws) < 5 * sigma);
    for (int i = 85; i < N; i++)
        assert_int_equal(seen[i], draws);
}

static void the_score_is_a_moving_average(void **state)
{
    const float first[4] = {10, 1, 0, 5}, second[4] = {0, 1, 4, 5};
    const scores a = {.loss = first}, b = {.loss = second};
    const int64_t only[2] = {0, 2};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "epsilon-greedy:a=0.75", 4, 8, 1);
    assert_true(isnan(mye_sampler_scores(x.s)[0]));
    tell_all(&x, 0, &a);
    tell_some(&x, 1, &b, only, 2);
    const float wanted[4] = {2.5f, 1, 3, 5}; /* 10 + 0.75 (0 - 10), 0 + 0.75 (4 - 0) */
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(mye_sampler_scores(x.s)[i] - wanted[i]) < 1e-6f);
    end_sampler(&x);
    begin_sampler(&x, "epsilon-greedy:a=1", 4, 8, 1);
    tell_all(&x, 0, &a);
    tell_all(&x, 1, &b);
    for (int i = 0; i < 4; i++)
        assert_true(mye_sampler_scores(x.s)[i] == second[i]);
    end_sampler(&x);
}

/* With every=3, the subset of epoch 1 stays in epochs 2 and 3, in other orders, whatever is learned. */
static void the_subset_stays_for_some_epochs(void **state)
{
    const scores s = {.loss = rising()};
    static float falling[N];
    const scores turned = {.loss = falling};
    sampler_fixture x;
    int kept[N];
    int64_t order[N];
    (void)state;
    for (int i = 0; i < N; i++)
        falling[i] = (float)(N - i);
    begin_sampler(&x, "epsilon-greedy:every=3,a=1", N, 8, 10);
    tell_all(&x, 0, &s);
    const int64_t n = decide_epoch(&x, 1);
    memcpy(kept, x.visits, sizeof kept);
    memcpy(order, x.e->order, (size_t)n * sizeof *order);
    tell_all(&x, 1, &turned);
    for (int64_t e = 2; e < 4; e++) {
        decide_epoch(&x, e);
        assert_memory_equal(kept, x.visits, sizeof kept);
        assert_memory_not_equal(order, x.e->order, (size_t)n * sizeof *order);
    }
    decide_epoch(&x, 4);
    assert_true(visited_of(&x, 0, 36) == 36); /* 0.9 of 40 */
    end_sampler(&x);
}

static void the_score_is_a_choice(void **state)
{
    static float error[N], sure[N], flat[N];
    sampler_fixture x;
    (void)state;
    for (int i = 0; i < N; i++) {
        error[i] = (float)(N - i);
        sure[i] = fabsf((float)i - 50) / 100; /* least sure in the middle */
        flat[i] = 1;
    }
    const scores s = {.loss = flat, .error = error, .confidence = sure};
    begin_sampler(&x, "epsilon-greedy:score=el2n,eps=0", N, 4, 10);
    assert_int_equal(mye_sampler_tells(x.s, false), MYE_TELL_ERROR);
    tell_all(&x, 0, &s);
    decide_epoch(&x, 1);
    assert_int_equal(visited_of(&x, 0, 30), 30);
    end_sampler(&x);
    begin_sampler(&x, "epsilon-greedy:score=uncertainty,eps=0", N, 4, 10);
    assert_int_equal(mye_sampler_tells(x.s, false), MYE_TELL_CONFIDENCE);
    tell_all(&x, 0, &s);
    decide_epoch(&x, 1);
    assert_int_equal(visited_of(&x, 36, 65), 29);
    assert_true(fabsf(mye_sampler_scores(x.s)[40] - 0.9f) < 1e-6f);
    end_sampler(&x);
}

/* Without full epochs first, what was not seen comes first, at random; then what has the largest score. */
static void unseen_samples_come_first(void **state)
{
    const scores s = {.loss = rising()};
    sampler_fixture x;
    int first[N];
    (void)state;
    begin_sampler(&x, "epsilon-greedy:rho=0.6,warm=0,eps=0", N, 10, 10);
    assert_int_equal(decide_epoch(&x, 0), 40);
    memcpy(first, x.visits, sizeof first);
    assert_true(visited_of(&x, 0, 50) > 8 && visited_of(&x, 50, 100) > 8);
    tell_epoch(&x, 0, &s);
    decide_epoch(&x, 1);
    for (int i = 0; i < N; i++)
        assert_false(x.visits[i] && first[i]);
    end_sampler(&x);
    begin_sampler(&x, "epsilon-greedy:warm=2", N, 10, 10);
    assert_int_equal(decide_epoch(&x, 1), N);
    tell_all(&x, 1, &s);
    assert_int_equal(decide_epoch(&x, 2), 30); /* (5 - 2) / 8 = 0.375 */
    assert_true(x.e->mean_age == 1);
    end_sampler(&x);
}

static void the_budget_holds_and_without_one_nothing_changes(void **state)
{
    const scores s = {.loss = rising()};
    (void)state;
    assert_budget("epsilon-greedy", 0.5, &s);
    assert_budget("epsilon-greedy:rho=0.3,every=4,eps=0.3", 0.3, &s);
    assert_budget("epsilon-greedy:rho=0.9,warm=0,eps=1", 0.9, &s);
    assert_plain("epsilon-greedy:rho=0,score=uncertainty", 3, &s);
}

static void a_run_resumes_bit_for_bit(void **state)
{
    const scores s = {.loss = rising()};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "epsilon-greedy:every=2", N, 8, 10);
    for (int64_t e = 0; e < 3; e++) {
        decide_epoch(&x, e);
        tell_epoch(&x, e, &s);
    }
    decide_epoch(&x, 3);
    assert_resumes(&x, "epsilon-greedy:every=2", 3, &s);
    decide_epoch(&x, 5);
    assert_resumes(&x, "epsilon-greedy:every=2", 5, &s);
    end_sampler(&x);
    assert_run_resumes("epsilon-greedy:score=uncertainty", "epsilon_greedy", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_top_is_kept_and_a_few_others),
        cmocka_unit_test(the_others_are_drawn_uniformly),
        cmocka_unit_test(the_score_is_a_moving_average),
        cmocka_unit_test(the_subset_stays_for_some_epochs),
        cmocka_unit_test(the_score_is_a_choice),
        cmocka_unit_test(unseen_samples_come_first),
        cmocka_unit_test(the_budget_holds_and_without_one_nothing_changes),
        cmocka_unit_test(a_run_resumes_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
