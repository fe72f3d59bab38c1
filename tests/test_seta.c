/* SeTa (data_pruning.md 6.12). */
#include "sampler_fixture.h"
#include "sampler_train.h"

#define N 100

static float loss[MOST_SAMPLES];
static const scores s = {.loss = loss};

/* Ten groups of ten samples, far apart and in another order than the samples. */
static int64_t group_of(int64_t i)
{
    return (i * 3) % 10;
}

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < MOST_SAMPLES; i++)
        loss[i] = 0.5f + 10 * (float)group_of(i) + 0.01f * (float)(i / 10 % 10);
    return 0;
}

/* Visits of each group. */
static void count_groups(const sampler_fixture *x, int64_t groups[10])
{
    memset(groups, 0, 10 * sizeof *groups);
    for (int64_t i = 0; i < x->f.n; i++)
        groups[group_of(i)] += x->visits[i];
}

static void assert_groups(const sampler_fixture *x, int from, int to)
{
    int64_t groups[10];
    count_groups(x, groups);
    for (int g = 0; g < 10; g++)
        assert_int_equal(groups[g], g >= from && g < to ? 10 : 0);
}

static void a_window_moves_from_easy_to_hard(void **state)
{
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "seta:prune=0", N, 16, 5);
    assert_int_equal(mye_sampler_tells(x.s, false), 0);
    assert_int_equal(decide_epoch(&x, 0), N);
    tell_epoch(&x, 0, &s);
    for (int64_t e = 1; e < 14; e++) {
        assert_int_equal(decide_epoch(&x, e), 90);
        const int first = (int)((e - 1) % 2);
        assert_groups(&x, first, first + 9);
        assert_true(x.e->max_weight == 1 && x.e->lr_scale == 1);
        tell_epoch(&x, e, &s);
    }
    assert_int_equal(decide_epoch(&x, 14), N); /* 12.5 % of the epochs */
    assert_int_equal(decide_epoch(&x, 15), N);
    end_sampler(&x);
    begin_sampler(&x, "seta:prune=0,w=0.6,delta=0.5", N, 16, 5);
    tell_all(&x, 0, &s);
    for (int64_t e = 1; e < 8; e++) {
        decide_epoch(&x, e);
        assert_groups(&x, (int)((e - 1) % 5), (int)((e - 1) % 5) + 6);
    }
    assert_int_equal(decide_epoch(&x, 8), N);
    end_sampler(&x);
}

/* 50 samples near 0, 30 near 10, 20 near 100: equal parts do not find them, k-means does. */
static void groups_are_those_of_k_means(void **state)
{
    static const int64_t edge[] = {0, 50, 80, 100};
    sampler_fixture x;
    (void)state;
    for (int i = 0; i < N; i++)
        loss[i] = (i < 50 ? 0 : i < 80 ? 10 : 100) + 0.01f * (float)(i % 7);
    begin_sampler(&x, "seta:prune=0,groups=3,w=0.3", N, 16, 5);
    tell_all(&x, 0, &s);
    for (int64_t e = 1; e < 7; e++) {
        const int64_t g = (e - 1) % 3;
        assert_int_equal(decide_epoch(&x, e), edge[g + 1] - edge[g]);
        assert_int_equal(visited_of(&x, edge[g], edge[g + 1]), x.e->n);
    }
    end_sampler(&x);
    fill(NULL);
}

/* A random half each epoch; of that, the window; who has no loss is in the hardest group. */
static void a_random_part_goes_first(void **state)
{
    sampler_fixture x;
    int64_t groups[10];
    int first[N];
    (void)state;
    begin_sampler(&x, "seta:prune=0.5", N, 16, 5);
    assert_int_equal(decide_epoch(&x, 0), 50);
    memcpy(first, x.visits, sizeof first);
    tell_epoch(&x, 0, &s);
    decide_epoch(&x, 1);
    for (int i = 0; i < N; i++)
        assert_false(x.visits[i] && !first[i]); /* the window is without the hardest group */
    decide_epoch(&x, 2);
    int64_t unseen = 0;
    for (int i = 0; i < N; i++)
        unseen += x.visits[i] && !first[i];
    assert_true(unseen > 10);
    tell_all(&x, 2, &s);
    decide_epoch(&x, 3);
    assert_true(x.e->n > 30 && x.e->n < 50);
    count_groups(&x, groups);
    assert_int_equal(groups[9], 0);
    assert_int_equal(decide_epoch(&x, 14), 50);
    memcpy(first, x.visits, sizeof first);
    assert_int_equal(decide_epoch(&x, 15), 50);
    assert_memory_not_equal(first, x.visits, sizeof first);
    end_sampler(&x);
}

/* Equal losses are one group: a window without it takes a batch of it. */
static void an_empty_window_grows(void **state)
{
    static float flat[N];
    const scores equal = {.loss = flat};
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "seta:prune=0,w=0.1", N, 40, 5);
    tell_all(&x, 0, &equal);
    for (int64_t e = 1; e < 12; e++)
        assert_true(decide_epoch(&x, e) >= 5);
    end_sampler(&x);
}

/* 16 epochs, rho 0.5, prune 0.1: 1 + 2 random parts of 90, so (8 - 2.7) / 13 in between: 40 of 100 in
 * batches of 5. That is 0.453 of ten groups: 5, which hold 45 of the 90, more or less. */
static void a_budget_sets_the_window(void **state)
{
    sampler_fixture x;
    int64_t groups[10];
    (void)state;
    begin_sampler(&x, "seta:rho=0.5", N, 16, 5);
    assert_int_equal(decide_epoch(&x, 0), 90);
    tell_all(&x, 0, &s);
    for (int64_t e = 1; e < 14; e++) {
        assert_int_equal(decide_epoch(&x, e), 40);
        const int first = (int)((e - 1) % 6);
        count_groups(&x, groups);
        for (int g = 0; g < 10; g++)
            assert_true(groups[g] == 0 || (g >= first && g < first + 5));
        tell_epoch(&x, e, &s);
    }
    assert_int_equal(decide_epoch(&x, 14), 90);
    end_sampler(&x);
    assert_budget("seta:rho=0.3", 0.3, &s);
    assert_budget("seta:rho=0.05", 0.05, &s);
    assert_budget("seta:rho=0.7,groups=4,delta=0.9", 0.7, &s);
    assert_budget("seta:rho=0.95", 0.95, &s);
}

/* A window with too few samples grows by whole groups, harder ones first, and a part of the last. */
static void a_narrow_window_grows_to_the_budget(void **state)
{
    sampler_fixture x;
    (void)state;
    /* Groups of 10, 10 and 80: with rho 0.5 and prune 0 one epoch of three is full, 0.36 between. */
    for (int i = 0; i < N; i++)
        loss[i] = (i < 10 ? 0 : i < 20 ? 50 : 100) + 0.01f * (float)(i % 7);
    begin_sampler(&x, "seta:rho=0.5,prune=0,groups=3,delta=1", N, 10, 5);
    tell_all(&x, 0, &s);
    assert_int_equal(decide_epoch(&x, 1), 40); /* (5 - 1) / 9, window of one group */
    assert_int_equal(visited_of(&x, 0, 20), 20);
    assert_int_equal(decide_epoch(&x, 2), 40);
    assert_int_equal(visited_of(&x, 0, 10), 0);
    assert_int_equal(visited_of(&x, 10, 20), 10);
    assert_int_equal(decide_epoch(&x, 3), 40);
    assert_int_equal(visited_of(&x, 20, 100), 40);
    end_sampler(&x);
    /* The other way round the last group has too few, and easier ones follow. */
    for (int i = 0; i < N; i++)
        loss[i] = 200 - loss[i];
    begin_sampler(&x, "seta:rho=0.5,prune=0,groups=3,delta=1", N, 10, 5);
    tell_all(&x, 0, &s);
    assert_int_equal(decide_epoch(&x, 3), 40);
    assert_int_equal(visited_of(&x, 0, 20), 20);
    end_sampler(&x);
    fill(NULL);
}

static void what_has_no_meaning_is_refused(void **state)
{
    (void)state;
    ASSERT_FAILS(refuse_sampler("seta:rho=0.3,w=0.5", N, 10, 10, &err), MYE_ERR_ARG, "not both");
}

static void a_run_resumes_bit_for_bit(void **state)
{
    sampler_fixture x;
    (void)state;
    begin_sampler(&x, "seta", N, 16, 10);
    for (int64_t e = 0; e < 3; e++) {
        decide_epoch(&x, e);
        tell_epoch(&x, e, &s);
    }
    decide_epoch(&x, 3);
    assert_resumes(&x, "seta", 3, &s);
    end_sampler(&x);
    assert_run_resumes("seta:rho=0.5,groups=4", "seta", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_moves_from_easy_to_hard),
        cmocka_unit_test(groups_are_those_of_k_means),
        cmocka_unit_test(a_random_part_goes_first),
        cmocka_unit_test(an_empty_window_grows),
        cmocka_unit_test(a_budget_sets_the_window),
        cmocka_unit_test(a_narrow_window_grows_to_the_budget),
        cmocka_unit_test(what_has_no_meaning_is_refused),
        cmocka_unit_test(a_run_resumes_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
