/* Importance sampling: pools, tau, draws, weights. */
#include "sampler_support.h"

enum { BATCH = 4, POOL = 12, N = 24 };

/* A pool of errors; the batch drawn of it is left in at and weight. */
typedef struct drawn {
    int at[BATCH];
    float weight[BATCH];
} drawn;

static drawn draw(mye_sampler *s, uint64_t seed, const float error[POOL])
{
    drawn d;
    mye_sample_pick pick = {.n = BATCH, .at = d.at, .weight = d.weight};
    const mye_sample_view v = {.B = POOL, .told = {.error = error}, .forward_only = true};
    for (int i = 0; i < BATCH; i++)
        d.at[i] = i;
    mye_sampler_pick(s, seed, &v, &pick);
    assert_int_equal(pick.n, BATCH);
    return d;
}

static void train_on(mye_sampler *s, const float *error, int B)
{
    const int64_t index[POOL] = {0};
    const mye_sample_view v = {.B = B, .index = index, .told = {.error = error}};
    mye_sampler_observe(s, 0, &v);
}

/* The moving average of tau, from what is logged. */
static double tau_of(mye_sampler *s)
{
    return 1 / sqrt(mye_sampler_epoch(s, 0)->spread);
}

static const float uneven[POOL] = {8, 1, 0, 1, 2, 0, 1, 3, 1, 1, 0, 6}; /* sum 24 */

static void the_first_batch_of_each_pool_is_that_of_the_plain_loop(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance", &f), *all = sampler_of("all", &f);
    assert_int_equal(mye_sampler_pool(s), POOL);
    for (int64_t e = 0; e < 3; e++) {
        const mye_sample_epoch *a = mye_sampler_epoch(s, e), *b = mye_sampler_epoch(all, e);
        assert_int_equal(a->n, N / BATCH * POOL);
        for (int k = 0; k < N / BATCH; k++)
            assert_memory_equal(a->order + k * POOL, b->order + k * BATCH, BATCH * 8);
        for (int64_t i = 0; i < N; i++) /* three orders of all samples */
            assert_int_equal(count_of(a->order, a->n, i), 3);
        for (int64_t i = 0; i < a->n; i++)
            assert_true(a->weight[i] == 1);
    }
    mye_sampler_free(s);
    mye_sampler_free(all);
}

static void rho_leaves_steps_out(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance:rho=0.5,presample=2", &f);
    assert_int_equal(mye_sampler_pool(s), 2 * BATCH);
    const mye_sample_epoch *e = mye_sampler_epoch(s, 1);
    assert_int_equal(e->n / mye_sampler_pool(s) * BATCH, N / 2);
    assert_true(e->keep == 0.5);
    mye_sampler_free(s);
}

static void tau_is_a_moving_average_that_turns_it_on(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    const float one[BATCH] = {5, 0, 0, 0}; /* tau = sqrt(4 * 25) / 5 = 2 */
    mye_sampler *s = sampler_of("importance", &f), *soon = sampler_of("importance:tau=0.3", &f);
    mye_sampler *few = sampler_of("importance:presample=1", &f);
    assert_false(mye_sampler_looks(s));
    double tau = 0;
    for (int k = 1; k <= 12; k++) {
        train_on(s, one, BATCH);
        train_on(soon, one, BATCH);
        train_on(few, one, BATCH);
        tau = 0.9 * tau + 0.1 * 2;
        assert_true(fabs(tau_of(s) - tau) < 1e-12);
        assert_false(mye_sampler_looks(s)); /* 2 is what it has to be above */
        assert_int_equal(mye_sampler_looks(soon), tau > 0.3);
        assert_int_equal(mye_sampler_looks(few), tau > 4.0 / 3);
    }
    const float pool[POOL] = {9}; /* one of twelve: tau = sqrt(12) */
    for (int k = 0; k < 12; k++)
        draw(s, 1, pool);
    assert_true(mye_sampler_looks(s));
    mye_sampler_free(s);
    mye_sampler_free(soon);
    mye_sampler_free(few);
}

static void tau_of_a_batch_that_was_drawn_does_not_count(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance", &f);
    double squares = 0;
    for (int i = 0; i < POOL; i++)
        squares += (double)(uneven[i] * uneven[i]);
    draw(s, 1, uneven);
    const double tau = 0.1 * sqrt(POOL * squares) / 24;
    assert_true(fabs(tau_of(s) - tau) < 1e-12);
    train_on(s, uneven, BATCH);
    assert_true(fabs(tau_of(s) - tau) < 1e-12);
    train_on(s, uneven, BATCH); /* a uniform batch counts again */
    assert_true(fabs(tau_of(s) - tau) > 1e-3);
    mye_sampler_free(s);
}

static void draws_are_in_proportion_to_the_error(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance", &f);
    const int draws = 6000;
    double count[POOL] = {0}, mean = 0;
    int repeats = 0;
    for (int k = 0; k < draws; k++) {
        const drawn d = draw(s, (uint64_t)k, uneven);
        repeats += d.at[0] == d.at[1];
        for (int b = 0; b < BATCH; b++) {
            count[d.at[b]]++;
            assert_true(d.weight[b] == 24.0f / (POOL * uneven[d.at[b]]));
            mean += (double)d.weight[b] * d.at[b] / (draws * BATCH);
        }
    }
    for (int i = 0; i < POOL; i++) {
        const double p = (double)uneven[i] / 24, n = draws * BATCH;
        assert_true(fabs(count[i] - n * p) <= 5 * sqrt(n * p * (1 - p)));
    }
    /* Unbiased: of those with an error, the mean over the pool (0 + 1 + 3 + 4 + 6 + ... + 11) / 12 */
    assert_true(fabs(mean - 49.0 / 12) < 0.15);
    assert_true(repeats > draws / 10); /* with replacement: sum p^2 = 0.21 */
    mye_sampler_free(s);
}

static void kappa_is_the_exponent_of_the_weights(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance:kappa=0.5", &f);
    mye_sampler *none = sampler_of("importance:kappa=0", &f);
    const drawn d = draw(s, 3, uneven), e = draw(none, 3, uneven);
    for (int b = 0; b < BATCH; b++) {
        const double w = 24 / (POOL * (double)uneven[d.at[b]]);
        assert_true(fabs((double)d.weight[b] - sqrt(w)) < 1e-6);
        assert_true(e.weight[b] == 1 && e.at[b] == d.at[b]);
    }
    assert_true(mye_sampler_weighs(s) && !mye_sampler_weighs(none));
    mye_sampler_free(s);
    mye_sampler_free(none);
}

static void without_errors_the_batch_is_as_it_comes(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance", &f);
    const float zero[POOL] = {0};
    const drawn d = draw(s, 5, zero);
    for (int b = 0; b < BATCH; b++)
        assert_true(d.at[b] == b && d.weight[b] == 1);
    mye_sampler_free(s);
}

static void a_restored_sampler_draws_the_same(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(N, 3, BATCH);
    mye_sampler *s = sampler_of("importance:tau=0.2", &f);
    train_on(s, uneven, BATCH);
    mye_sampler_epoch(s, 1);
    train_on(s, uneven, BATCH);
    draw(s, 1, uneven);
    mye_sampler *t = restored("importance:tau=0.2", &f, s, 1);
    for (uint64_t k = 2; k < 9; k++) {
        assert_int_equal(mye_sampler_looks(s), mye_sampler_looks(t));
        const drawn a = draw(s, k, uneven), b = draw(t, k, uneven);
        assert_memory_equal(&a, &b, sizeof a);
        train_on(s, uneven, BATCH);
        train_on(t, uneven, BATCH);
    }
    assert_same_order(mye_sampler_epoch(s, 2), mye_sampler_epoch(t, 2));
    assert_true(tau_of(s) == tau_of(t));
    mye_sampler_free(s);
    mye_sampler_free(t);
}

static void a_pool_larger_than_the_data_is_refused(void **state)
{
    (void)state;
    const mye_sample_facts f = facts_of(11, 3, BATCH);
    mye_sampler *s = NULL;
    ASSERT_FAILS(mye_sampler_create(NULL, "importance", &f, &s, &err), MYE_ERR_ARG,
                 "pools of 12 samples, and the data set has 11");
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_batch_of_each_pool_is_that_of_the_plain_loop),
        cmocka_unit_test(rho_leaves_steps_out),
        cmocka_unit_test(tau_is_a_moving_average_that_turns_it_on),
        cmocka_unit_test(tau_of_a_batch_that_was_drawn_does_not_count),
        cmocka_unit_test(draws_are_in_proportion_to_the_error),
        cmocka_unit_test(kappa_is_the_exponent_of_the_weights),
        cmocka_unit_test(without_errors_the_batch_is_as_it_comes),
        cmocka_unit_test(a_restored_sampler_draws_the_same),
        cmocka_unit_test(a_pool_larger_than_the_data_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
