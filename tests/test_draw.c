/* Draws, ranks, inclusion probabilities and the budget of a run (data_pruning.md 4.1 to 4.3, test T6). */
#include "cmocka_all.h"

#include "sampler_fixture.h"

#include "sample/draw.h"
#include "sample/select.h"

#define N 200
#define M 60

/* Scores over three decades. */
static void skewed(double *q)
{
    for (int i = 0; i < N; i++)
        q[i] = exp(7.0 * (double)((i * 73) % N) / N);
}

static double sum_of(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

static void water_filling_caps_at_one_and_keeps_the_sum(void **state)
{
    double q[N], pi[N];
    int64_t capped;
    (void)state;
    skewed(q);
    const double c = mye_draw_water_fill(q, N, M, pi, &capped);
    int64_t ones = 0;
    for (int i = 0; i < N; i++) {
        const double wanted = fmin(1, c * q[i]);
        assert_true(fabs(pi[i] - wanted) < 1e-12);
        ones += pi[i] == 1;
    }
    assert_true(fabs(sum_of(pi, N) - M) < 1e-9);
    assert_int_equal(ones, capped);
    assert_true(capped > 10 && capped < M);
    /* By hand: 2 of (1, 1, 8): the large one is certain, the others share what is left. */
    const double three[3] = {1, 1, 8};
    mye_draw_water_fill(three, 3, 2, pi, &capped);
    assert_true(fabs(pi[0] - 0.5) < 1e-12 && fabs(pi[1] - 0.5) < 1e-12 && pi[2] == 1);
    assert_int_equal(capped, 1);
}

static void water_filling_of_equal_scores_is_uniform(void **state)
{
    double q[N], pi[N];
    int64_t capped;
    (void)state;
    for (int i = 0; i < N; i++)
        q[i] = 0.3;
    mye_draw_water_fill(q, N, M, pi, &capped);
    for (int i = 0; i < N; i++)
        assert_true(fabs(pi[i] - (double)M / N) < 1e-12);
    assert_int_equal(capped, 0);
    mye_draw_water_fill(q, N, N, pi, &capped);
    for (int i = 0; i < N; i++)
        assert_true(fabs(pi[i] - 1) < 1e-12);
}

/* T6: exact size, frequencies within 5 sigma, those with pi = 1 always there. */
static void systematic_samples_have_their_size_and_probabilities(void **state)
{
    const mye_sample_facts f = plain_facts(N, 1, 1);
    const int draws = 2000;
    double q[N], pi[N];
    int64_t visit[N], out[N], capped;
    static int seen[N];
    (void)state;
    skewed(q);
    mye_draw_water_fill(q, N, M, pi, &capped);
    memset(seen, 0, sizeof seen);
    for (int d = 0; d < draws; d++) {
        mye_draw_all(&f, d, visit);
        const double u = 1 - mye_draw_uniform(&f, d, 1, 0);
        assert_int_equal(mye_draw_systematic(pi, visit, N, u, M, out), M);
        for (int i = 0; i < M; i++)
            seen[out[i]]++;
    }
    int total = 0;
    for (int i = 0; i < N; i++) {
        const double sigma = sqrt(pi[i] * (1 - pi[i]) / draws);
        if (pi[i] == 1)
            assert_int_equal(seen[i], draws);
        assert_true(fabs((double)seen[i] / draws - pi[i]) <= 5 * sigma + 1e-12);
        total += seen[i];
    }
    assert_int_equal(total, draws * M);
}

static void systematic_samples_repeat_nothing_at_both_ends_of_u(void **state)
{
    const double ends[] = {0x1p-53, 1};
    double pi[N];
    int64_t visit[N], out[N];
    (void)state;
    for (int i = 0; i < N; i++) {
        visit[i] = N - 1 - i;
        pi[i] = (double)M / N; /* not exact in binary */
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(mye_draw_systematic(pi, visit, N, ends[k], M, out), M);
        for (int i = 1; i < M; i++)
            assert_true(out[i] < out[i - 1]);
    }
}

static void ranks_fall_with_ties_by_number_and_nan_first(void **state)
{
    const float score[8] = {1, 3, NAN, 3, -2, NAN, INFINITY, 0};
    const int64_t wanted[8] = {2, 5, 6, 1, 3, 0, 7, 4};
    int64_t order[8];
    (void)state;
    mye_draw_rank(score, 8, order);
    assert_memory_equal(order, wanted, sizeof wanted);
    mye_draw_rank(score, 1, order);
    assert_int_equal(order[0], 0);
    mye_draw_rank(score, 0, order);
}

static void ranks_of_many_are_a_sorted_permutation(void **state)
{
    static float score[MOST_SAMPLES];
    static int64_t order[MOST_SAMPLES];
    static bool seen[MOST_SAMPLES];
    (void)state;
    for (int i = 0; i < MOST_SAMPLES; i++)
        score[i] = (float)((i * 2654435761u) % 97);
    memset(seen, 0, sizeof seen);
    mye_draw_rank(score, MOST_SAMPLES, order);
    for (int i = 0; i < MOST_SAMPLES; i++) {
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        if (i > 0)
            assert_true(score[order[i]] < score[order[i - 1]] ||
                        (score[order[i]] == score[order[i - 1]] && order[i] > order[i - 1]));
    }
}

/* Equal scores: which of them come first is drawn, uniformly; different scores keep their ranks. */
static void ranks_can_break_ties_at_random(void **state)
{
    const mye_sample_facts f = plain_facts(20, 1, 1);
    const int draws = 2000;
    float score[20];
    int64_t order[20], work[40];
    int first[20] = {0};
    (void)state;
    assert_true(mye_select_work_bytes(&f) <= sizeof work);
    for (int i = 0; i < 20; i++)
        score[i] = i == 13 ? 2 : i == 4 ? 0 : 1;
    for (int d = 0; d < draws; d++) {
        mye_select_rank(&f, d, 1, score, work, order);
        assert_int_equal(order[0], 13);
        assert_int_equal(order[19], 4);
        first[order[1]]++;
    }
    const double p = 1.0 / 18, sigma = sqrt(p * (1 - p) * draws);
    for (int i = 0; i < 20; i++)
        if (i != 13 && i != 4)
            assert_true(fabs(first[i] - p * draws) < 5 * sigma);
}

static void subsets_are_uniform_and_of_their_size(void **state)
{
    const mye_sample_facts f = plain_facts(N, 1, 1);
    const int draws = 2000;
    static int seen[N];
    int64_t out[N], from[N];
    (void)state;
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < N; i++)
        from[i] = N - 1 - i;
    for (int d = 0; d < draws; d++) {
        bool is_in[N] = {false};
        mye_draw_subset(&f, d, 3, from, N, M, out);
        for (int i = 0; i < M; i++) {
            assert_false(is_in[out[i]]);
            is_in[out[i]] = true;
            seen[out[i]]++;
        }
    }
    const double p = (double)M / N, sigma = sqrt(p * (1 - p) * draws);
    for (int i = 0; i < N; i++)
        assert_true(fabs(seen[i] - p * draws) < 5 * sigma);
}

static void draws_differ_by_epoch_tag_and_seed_and_repeat(void **state)
{
    mye_sample_facts f = plain_facts(N, 1, 1);
    int64_t a[N], b[N];
    (void)state;
    mye_draw_subset(&f, 1, 1, NULL, N, N, a);
    mye_draw_subset(&f, 1, 1, NULL, N, N, b);
    assert_memory_equal(a, b, sizeof a);
    mye_draw_subset(&f, 2, 1, NULL, N, N, b);
    assert_memory_not_equal(a, b, sizeof a);
    mye_draw_subset(&f, 1, 2, NULL, N, N, b);
    assert_memory_not_equal(a, b, sizeof a);
    f.seed++;
    mye_draw_subset(&f, 1, 1, NULL, N, N, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void shuffles_keep_weights_with_their_samples(void **state)
{
    const mye_sample_facts f = plain_facts(N, 1, 1);
    int64_t order[N];
    float weight[N];
    bool seen[N] = {false};
    int moved = 0;
    (void)state;
    for (int i = 0; i < N; i++) {
        order[i] = i;
        weight[i] = (float)i / 2;
    }
    mye_draw_shuffle(&f, 3, 1, N, order, weight);
    for (int i = 0; i < N; i++) {
        assert_true(weight[i] == (float)order[i] / 2);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        moved += order[i] != i;
    }
    assert_true(moved > N / 2);
}

/* ---- the budget ---- */

static double visits_of(const mye_budget *b, const mye_sample_facts *f)
{
    const mye_budget_plan p = mye_budget_make(b, f);
    double sum = 0;
    for (int64_t e = 0; e < f->epochs; e++)
        sum +=
            mye_budget_is_full(b, &p, f, e) ? (double)f->n : (double)mye_budget_samples(p.keep, f);
    return sum;
}

static void budgets_count_the_whole_run(void **state)
{
    (void)state;
    for (int r = 0; r <= 9; r++)
        for (int64_t epochs = 2; epochs < 60; epochs += 7)
            for (int norm = 0; norm < 2; norm++) {
                const mye_budget b = {.rho = r / 10.0, .warm = -1, .anneal = -1};
                mye_sample_facts f = plain_facts(6007, epochs, 64);
                f.has_batch_norm = norm;
                const double wanted = (1 - b.rho) * (double)(f.n * epochs);
                assert_true(fabs(visits_of(&b, &f) - wanted) <= (double)(f.batch * epochs));
            }
}

static void budgets_have_full_epochs_at_both_ends(void **state)
{
    mye_sample_facts f = plain_facts(1000, 20, 10);
    const mye_budget b = {.rho = 0.5, .warm = -1, .anneal = -1}, plain = {.warm = 3, .anneal = 2};
    (void)state;
    mye_budget_plan p = mye_budget_make(&b, &f);
    assert_int_equal(p.warm, 1); /* 5 % */
    assert_int_equal(p.anneal, 0);
    f.has_batch_norm = true;
    p = mye_budget_make(&b, &f);
    assert_int_equal(p.anneal, 2); /* 10 % */
    assert_true(fabs(p.keep - (10.0 - 3) / 17) < 1e-12);
    assert_true(mye_budget_is_full(&b, &p, &f, 0) && mye_budget_is_full(&b, &p, &f, 18));
    assert_false(mye_budget_is_full(&b, &p, &f, 1) || mye_budget_is_full(&b, &p, &f, 17));
    p = mye_budget_make(&plain, &f); /* rho = 0: all are */
    assert_true(p.keep == 1 && mye_budget_is_full(&plain, &p, &f, 10));
}

/* The middle keeps 5 % at least: the end's full epochs go first, then the beginning's. */
static void budgets_shrink_the_end_then_the_beginning(void **state)
{
    const mye_sample_facts f = plain_facts(1000, 10, 10);
    mye_budget b = {.rho = 0.5, .warm = 2, .anneal = 4};
    (void)state;
    mye_budget_plan p = mye_budget_make(&b, &f);
    assert_int_equal(p.warm, 2);
    assert_int_equal(p.anneal, 2); /* (5 - 4) / 6; one more would leave 0 */
    assert_true(fabs(p.keep - 1.0 / 6) < 1e-12);
    b.warm = 6;
    p = mye_budget_make(&b, &f);
    assert_int_equal(p.anneal, 0);
    assert_int_equal(p.warm, 4);
    b.rho = 0.99; /* 0.1 epochs: less than 5 % of 10 epochs */
    p = mye_budget_make(&b, &f);
    assert_int_equal(p.warm, 0);
    assert_true(p.keep == 0.05);
}

static void budgets_take_whole_batches(void **state)
{
    const mye_sample_facts f = plain_facts(105, 10, 10), small = plain_facts(7, 10, 10);
    (void)state;
    assert_int_equal(mye_budget_samples(0.5, &f), 50);
    assert_int_equal(mye_budget_samples(60.0 / 105, &f), 60);
    assert_int_equal(mye_budget_samples(0.01, &f), 10);
    assert_int_equal(mye_budget_samples(1, &f), 105);
    assert_int_equal(mye_budget_samples(0.3, &small), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(water_filling_caps_at_one_and_keeps_the_sum),
        cmocka_unit_test(water_filling_of_equal_scores_is_uniform),
        cmocka_unit_test(systematic_samples_have_their_size_and_probabilities),
        cmocka_unit_test(systematic_samples_repeat_nothing_at_both_ends_of_u),
        cmocka_unit_test(ranks_fall_with_ties_by_number_and_nan_first),
        cmocka_unit_test(ranks_of_many_are_a_sorted_permutation),
        cmocka_unit_test(ranks_can_break_ties_at_random),
        cmocka_unit_test(subsets_are_uniform_and_of_their_size),
        cmocka_unit_test(draws_differ_by_epoch_tag_and_seed_and_repeat),
        cmocka_unit_test(shuffles_keep_weights_with_their_samples),
        cmocka_unit_test(budgets_count_the_whole_run),
        cmocka_unit_test(budgets_have_full_epochs_at_both_ends),
        cmocka_unit_test(budgets_shrink_the_end_then_the_beginning),
        cmocka_unit_test(budgets_take_whole_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
