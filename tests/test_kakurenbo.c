/* KAKURENBO (data_pruning.md 6.10). */
#include "sampler_fixture.h"
#include "sampler_train.h"

#define N 100

static float loss[MOST_SAMPLES], sure[MOST_SAMPLES];
static bool right[MOST_SAMPLES];
static const scores easy = {.loss = loss, .confidence = sure, .right = right};

/* Losses rise; all are right, with confidence 0.9. */
static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < MOST_SAMPLES; i++) {
        loss[i] = (float)i;
        sure[i] = 0.9f;
        right[i] = true;
    }
    return 0;
}

static void small_losses_are_hidden_and_the_rate_rises(void **state)
{
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "kakurenbo", N, 10, 10);
    assert_int_equal(mye_sampler_tells(x.s, false), MYE_TELL_CONFIDENCE);
    assert_int_equal(decide_epoch(&x, 0), N);
    assert_true(x.e->lr_scale == 1 && x.e->keep == 1);
    tell_epoch(&x, 0, &easy);
    assert_int_equal(decide_epoch(&x, 1), 70);
    assert_int_equal(visited_of(&x, 0, 30), 0);
    assert_true(fabs(x.e->lr_scale - 1 / 0.7) < 1e-12 && x.e->max_weight == 1);
    assert_true(mye_sampler_scores(x.s)[42] == 42);
    end_sampler(&x);
}

/* 0..4 wrong, 5..9 not sure: 10..29 are hidden, and none in their place. */
static void wrong_and_unsure_samples_move_back(void **state)
{
    sampler_fixture x;
    (void)state;
    for (int i = 0; i < 10; i++) {
        right[i] = i >= 5;
        sure[i] = i >= 5 ? 0.69f : 0.9f;
    }
    begin_sampler(&x, "kakurenbo", N, 10, 10);
    tell_all(&x, 0, &easy);
    assert_int_equal(decide_epoch(&x, 1), 80);
    assert_int_equal(visited_of(&x, 0, 10), 10);
    assert_int_equal(visited_of(&x, 10, 30), 0);
    assert_true(fabs(x.e->lr_scale - 1 / 0.7) < 1e-12); /* the share that may be hidden */
    end_sampler(&x);
    begin_sampler(&x, "kakurenbo:tau=0.6", N, 10, 10);
    tell_all(&x, 0, &easy);
    assert_int_equal(decide_epoch(&x, 1), 75);
    assert_int_equal(visited_of(&x, 0, 10), 5);
    end_sampler(&x);
    fill(NULL);
}

static void the_share_falls_with_the_epochs(void **state)
{
    /* Of 200 epochs: 60, 120, 160. */
    static const struct {
        int64_t epoch, hidden;
    } at[] = {{1, 30}, {59, 30}, {60, 24}, {119, 24}, {120, 18}, {159, 18}, {160, 12}, {199, 12}};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "kakurenbo", N, 200, 10);
    tell_all(&x, 0, &easy);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        assert_int_equal(decide_epoch(&x, at[i].epoch), N - at[i].hidden);
        assert_true(fabs(x.e->lr_scale - 100.0 / (double)(N - at[i].hidden)) < 1e-12);
    }
    end_sampler(&x);
    begin_sampler(&x, "kakurenbo:F=0.5", N, 10, 10);
    tell_all(&x, 0, &easy);
    assert_int_equal(decide_epoch(&x, 1), 50);
    assert_int_equal(decide_epoch(&x, 9), 80);
    end_sampler(&x);
}

/* What is hidden is looked at before the next epoch, and comes back when it has become hard. */
static void hidden_samples_are_looked_at(void **state)
{
    const int64_t *order;
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "kakurenbo", N, 20, 10);
    assert_true(mye_sampler_surveys(x.s));
    assert_int_equal(mye_sampler_tells(x.s, true), MYE_TELL_CONFIDENCE);
    assert_int_equal(mye_sampler_survey(x.s, 0, 0, &order), 0);
    decide_epoch(&x, 0);
    tell_epoch(&x, 0, &easy);
    assert_int_equal(mye_sampler_survey(x.s, 1, 0, &order), 0); /* nothing was hidden */
    decide_epoch(&x, 1);
    tell_epoch(&x, 1, &easy);
    const int64_t n = mye_sampler_survey(x.s, 2, 0, &order);
    int64_t looked[N];
    assert_int_equal(n, 30);
    for (int64_t i = 0; i < n; i++) {
        assert_true(order[i] < 30);
        looked[i] = order[i];
    }
    for (int i = 0; i < 10; i++)
        loss[i] = 200; /* were hidden */
    tell_some(&x, 2, &easy, looked, (int)n);
    assert_int_equal(mye_sampler_survey(x.s, 2, 1, &order), 0);
    assert_int_equal(decide_epoch(&x, 2), 70);
    assert_int_equal(visited_of(&x, 0, 10), 10);
    assert_int_equal(visited_of(&x, 10, 40), 0);
    end_sampler(&x);
    fill(NULL);
}

static void unseen_samples_are_not_hidden(void **state)
{
    sampler_fixture x;
    const int64_t some[3] = {2, 50, 99};
    (void)state;
    begin_sampler(&x, "kakurenbo:F=0.9", N, 10, 10);
    tell_some(&x, 0, &easy, some, 3);
    assert_int_equal(decide_epoch(&x, 1), 97);
    assert_int_equal(x.visits[2] + x.visits[50] + x.visits[99], 0);
    end_sampler(&x);
}

/* Where all may be hidden, the whole run visits (1 - rho) of all, within a sample an epoch. */
static void a_budget_sets_the_share(void **state)
{
    static const double rho[] = {0.1, 0.3, 0.5};
    (void)state;
    for (int k = 0; k < 3; k++) {
        char policy[64];
        snprintf(policy, sizeof policy, "kakurenbo:rho=%g", rho[k]);
        const double visits = (double)visits_of_run(policy, 1003, 16, 10, &easy);
        assert_true(fabs(visits - (1 - rho[k]) * 1003 * 16) <= 16);
    }
}

static void nothing_to_hide_is_plain_training(void **state)
{
    sampler_fixture x, all;
    (void)state;
    begin_sampler(&x, "kakurenbo:F=0", N, 3, 10);
    begin_sampler(&all, "all", N, 3, 10);
    for (int64_t e = 0; e < 3; e++) {
        decide_epoch(&x, e);
        decide_epoch(&all, e);
        assert_same_epoch(x.e, all.e);
        tell_epoch(&x, e, &easy);
    }
    end_sampler(&x);
    end_sampler(&all);
}

static void what_has_no_meaning_is_refused(void **state)
{
    (void)state;
    ASSERT_FAILS(refuse_sampler("kakurenbo:rho=0.2,F=0.3", N, 10, 10, &err), MYE_ERR_ARG,
                 "not both");
    ASSERT_FAILS(refuse_sampler("kakurenbo:rho=0.8", N, 10, 10, &err), MYE_ERR_ARG,
                 "hides at most 0.95 of the samples in an epoch, and rho=0.8 of 10 epochs");
    ASSERT_FAILS(refuse_sampler("kakurenbo:rho=0.1", N, 1, 10, &err), MYE_ERR_ARG, "asks for inf");
}

static void a_run_resumes_bit_for_bit(void **state)
{
    const int64_t *order;
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "kakurenbo", N, 10, 10);
    decide_epoch(&x, 0);
    tell_epoch(&x, 0, &easy);
    decide_epoch(&x, 1);
    assert_resumes(&x, "kakurenbo", 1, &easy);
    assert_int_equal(mye_sampler_survey(x.s, 3, 0, &order), 30); /* of epoch 2 */
    end_sampler(&x);
    assert_run_resumes("kakurenbo:tau=0,F=0.5", "kakurenbo", 3);
}

/* What is hidden is looked at in a forward pass; what is not is learned from. */
static void a_run_looks_and_learns(void **state)
{
    char dir[1024];
    (void)state;
    const mye_train_result r = train_policy("kakurenbo:tau=0,F=0.5", "kakurenbo_looks", dir);
    const double hidden = (1 - r.visited) * 72 * 4;
    assert_true(hidden >= 1);
    /* those of the last epoch are not looked at any more */
    assert_true(r.forwarded >= 1 && r.forwarded <= hidden);
    assert_true(r.last.sample.lr_scale > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_losses_are_hidden_and_the_rate_rises),
        cmocka_unit_test(wrong_and_unsure_samples_move_back),
        cmocka_unit_test(the_share_falls_with_the_epochs),
        cmocka_unit_test(hidden_samples_are_looked_at),
        cmocka_unit_test(unseen_samples_are_not_hidden),
        cmocka_unit_test(a_budget_sets_the_share),
        cmocka_unit_test(nothing_to_hide_is_plain_training),
        cmocka_unit_test(what_has_no_meaning_is_refused),
        cmocka_unit_test(a_run_resumes_bit_for_bit),
        cmocka_unit_test(a_run_looks_and_learns),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
