/* UCB pruning (data_pruning.md 6.7). */
#include "sampler_fixture.h"
#include "sampler_train.h"

#define N 40

/* Samples 0..9: loss 3 always; 10..19: 0, then 4; 20..29: 4, then 0; the others: 1. */
static void waver(float *loss, int time)
{
    for (int i = 0; i < N; i++)
        loss[i] = i < 10 ? 3 : i < 20 ? (time ? 4 : 0) : i < 30 ? (time ? 0 : 4) : 1;
}

static void tell_twice(sampler_fixture *x)
{
    static float loss[N];
    const scores s = {.loss = loss};
    for (int time = 0; time < 2; time++) {
        waver(loss, time);
        tell_all(x, time, &s);
    }
}

/* a = 0.5, behind two scores 0 and 4: mean 2, variance 0.5 (0 + 0.5 16) = 4, so the bound is 2 + 2 c. */
static void the_bound_is_mean_and_deviations(void **state)
{
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "ucb:a=0.5,c=0,rho=0.6,warm=2", N, 10, 10);
    tell_twice(&x);
    assert_true(mye_sampler_scores(x.s)[15] == 2 && mye_sampler_scores(x.s)[5] == 3);
    assert_int_equal(decide_epoch(&x, 2), 10); /* (4 - 2) / 8 */
    assert_int_equal(visited_of(&x, 0, 10), 10);
    assert_true(x.e->max_weight == 1 && x.e->lr_scale == 1);
    end_sampler(&x);
    /* c = 0.49: 2.98 is below 3; c = 0.51: 3.02 above, in both kinds of samples alike. */
    begin_sampler(&x, "ucb:a=0.5,c=0.49,rho=0.6,warm=2", N, 10, 10);
    tell_twice(&x);
    decide_epoch(&x, 2);
    assert_int_equal(visited_of(&x, 0, 10), 10);
    end_sampler(&x);
    begin_sampler(&x, "ucb:a=0.5,c=0.51,rho=0.6,warm=2", N, 10, 10);
    tell_twice(&x);
    decide_epoch(&x, 2);
    assert_int_equal(visited_of(&x, 10, 30), 10);
    assert_true(visited_of(&x, 10, 20) > 0 && visited_of(&x, 20, 30) > 0);
    end_sampler(&x);
}

/* a = 0.8: mean of (0, 4) is 3.2, of (4, 0) 0.8; the variance of both is 0.2 * 0.8 * 16 = 2.56. */
static void newer_scores_count_more(void **state)
{
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "ucb:rho=0.6,warm=2", N, 10, 10);
    tell_twice(&x);
    assert_true(fabsf(mye_sampler_scores(x.s)[15] - 3.2f) < 1e-6f);
    assert_true(fabsf(mye_sampler_scores(x.s)[25] - 0.8f) < 1e-6f);
    decide_epoch(&x, 2);
    assert_int_equal(visited_of(&x, 10, 20), 10); /* 4.8 > 3 > 2.4 */
    end_sampler(&x);
}

static void unseen_samples_have_no_bound(void **state)
{
    static float loss[N];
    const scores s = {.loss = loss};
    const int64_t seen[4] = {3, 30, 12, 20};
    sampler_fixture x;
    (void)state;
    waver(loss, 0);
    loss[30] = 1e30f;
    begin_sampler(&x, "ucb:rho=0.6,warm=0", N, 10, 4);
    tell_some(&x, 0, &s, seen, 4);
    assert_int_equal(decide_epoch(&x, 1), 16);
    for (int i = 0; i < 4; i++)
        assert_int_equal(x.visits[seen[i]], 0);
    tell_all(&x, 1, &s);
    decide_epoch(&x, 2);
    assert_int_equal(x.visits[30], 1);
    end_sampler(&x);
}

static void uncertainty_and_errors_are_scores_too(void **state)
{
    static float sure[N], error[N], flat[N];
    const scores s = {.loss = flat, .confidence = sure, .error = error};
    sampler_fixture x;
    (void)state;
    for (int i = 0; i < N; i++) {
        sure[i] = i < 10 ? 0.4f : 0.9f;
        error[i] = i < 20 || i >= 30 ? 0.1f : 0.5f;
    }
    begin_sampler(&x, "ucb:score=uncertainty,rho=0.6,warm=2", N, 10, 10);
    assert_int_equal(mye_sampler_tells(x.s, false), MYE_TELL_CONFIDENCE);
    tell_all(&x, 0, &s);
    decide_epoch(&x, 2);
    assert_int_equal(visited_of(&x, 0, 10), 10);
    assert_true(fabsf(mye_sampler_scores(x.s)[0] - 0.6f) < 1e-6f);
    end_sampler(&x);
    begin_sampler(&x, "ucb:score=el2n,rho=0.6,warm=2", N, 10, 10);
    tell_all(&x, 0, &s);
    decide_epoch(&x, 2);
    assert_int_equal(visited_of(&x, 20, 30), 10);
    end_sampler(&x);
}

static void the_budget_holds_and_without_one_nothing_changes(void **state)
{
    static float loss[MOST_SAMPLES];
    const scores s = {.loss = loss};
    (void)state;
    for (int i = 0; i < MOST_SAMPLES; i++)
        loss[i] = (float)(i % 31);
    assert_budget("ucb", 0.5, &s);
    assert_budget("ucb:rho=0.8,every=3,warm=-1", 0.8, &s);
    assert_plain("ucb:rho=0,score=el2n", 3, &s);
}

static void a_run_resumes_bit_for_bit(void **state)
{
    static float loss[N];
    const scores s = {.loss = loss};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "ucb:every=2", N, 9, 4);
    for (int64_t e = 0; e < 3; e++) {
        waver(loss, (int)(e % 2));
        decide_epoch(&x, e);
        tell_epoch(&x, e, &s);
    }
    decide_epoch(&x, 3);
    assert_resumes(&x, "ucb:every=2", 3, &s);
    end_sampler(&x);
    assert_run_resumes("ucb", "ucb", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_is_mean_and_deviations),
        cmocka_unit_test(newer_scores_count_more),
        cmocka_unit_test(unseen_samples_have_no_bound),
        cmocka_unit_test(uncertainty_and_errors_are_scores_too),
        cmocka_unit_test(the_budget_holds_and_without_one_nothing_changes),
        cmocka_unit_test(a_run_resumes_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
