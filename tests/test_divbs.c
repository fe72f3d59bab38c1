/* Diversified batches: the greedy choice against one with whole features, pools, budget. */
#include "sampler_support.h"

enum { BATCH = 6, POOL = 12, N = 40, K = 3, F = 4, SIZE = K * F };

typedef struct pool {
    float error[POOL * K], feature[POOL * F];
} pool;

static pool random_pool(uint64_t seed)
{
    pool p;
    for (uint64_t i = 0; i < POOL * K; i++)
        p.error[i] = mye_random_normal(seed, MYE_STREAM_TEST, i);
    for (uint64_t i = 0; i < POOL * F; i++)
        p.feature[i] = mye_random_uniform(seed, MYE_STREAM_TEST, 1000 + i);
    return p;
}

static mye_sample_facts facts(void)
{
    mye_sample_facts f = facts_of(N, 4, BATCH);
    f.n_feature = F;
    return f;
}

static void pick(mye_sampler *s, uint64_t seed, const pool *p, int at[BATCH])
{
    float weight[BATCH];
    mye_sample_pick out = {.n = BATCH, .at = at, .weight = weight};
    const mye_sample_view v = {
        .B = POOL,
        .told = {.error_vector = p->error, .feature = p->feature, .n_classes = K, .n_feature = F},
        .forward_only = true};
    mye_sampler_pick(s, seed, &v, &out);
    assert_int_equal(out.n, BATCH);
    for (int b = 0; b < BATCH; b++) {
        assert_true(weight[b] == 1 && at[b] >= 0 && at[b] < POOL);
        for (int c = 0; c < b; c++)
            assert_int_not_equal(at[b], at[c]);
    }
}

/* ---- with features as the vectors that they are ---- */

static double dot(const double *x, const double *y)
{
    double sum = 0;
    for (int i = 0; i < SIZE; i++)
        sum += x[i] * y[i];
    return sum;
}

static void outer(const pool *p, double g[POOL][SIZE])
{
    for (int b = 0; b < POOL; b++)
        for (int k = 0; k < K; k++)
            for (int i = 0; i < F; i++)
                g[b][k * F + i] = (double)p->error[b * K + k] * (double)p->feature[b * F + i];
}

/* u = g less its part along the n vectors of `basis`, of length 1. */
static void orthogonal(const double g[SIZE], double basis[][SIZE], int n, double u[SIZE])
{
    memcpy(u, g, SIZE * sizeof *u);
    for (int l = 0; l < n; l++) {
        const double part = dot(u, basis[l]);
        for (int i = 0; i < SIZE; i++)
            u[i] -= part * basis[l][i];
    }
    const double length = sqrt(dot(u, u));
    for (int i = 0; i < SIZE; i++)
        u[i] /= length;
}

static void pick_by_vectors(const mye_sample_facts *f, uint64_t seed, const pool *p, int at[BATCH])
{
    double g[POOL][SIZE], basis[BATCH][SIZE], residual[SIZE] = {0};
    bool is_picked[POOL] = {false};
    outer(p, g);
    for (int b = 0; b < POOL; b++)
        for (int i = 0; i < SIZE; i++)
            residual[i] += g[b][i] / POOL;
    for (int k = 0; k < BATCH; k++) {
        double sum = 0, running = 0;
        const double u = mye_draw_uniform(f, (int64_t)seed, 1, (uint64_t)k);
        for (int b = 0; b < POOL; b++)
            sum += is_picked[b] ? 0 : fabs(dot(g[b], residual));
        for (int b = 0; b < POOL && running <= u * sum; b++) {
            running += is_picked[b] ? 0 : fabs(dot(g[b], residual));
            at[k] = b;
        }
        is_picked[at[k]] = true;
        orthogonal(g[at[k]], basis, k, basis[k]);
        const double part = dot(residual, basis[k]);
        for (int i = 0; i < SIZE; i++)
            residual[i] -= part * basis[k][i];
    }
}

static void inner_products_pick_what_vectors_pick(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("divbs", &f);
    int differ = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        const pool p = random_pool(seed);
        int a[BATCH], b[BATCH], c[BATCH];
        pick(s, seed, &p, a);
        pick_by_vectors(&f, seed, &p, b);
        assert_memory_equal(a, b, sizeof a);
        pick(s, seed + 1000, &p, c);
        differ += memcmp(a, c, sizeof a) != 0;
    }
    assert_true(differ > 190); /* drawn, and by the seed */
    mye_sampler_free(s);
}

/* Twelve samples of six kinds, each in a direction of its own: one of each is picked. */
static void nothing_is_picked_that_others_have_said(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("divbs", &f);
    pool p = {{0}, {0}};
    for (int b = 0; b < POOL; b++) {
        p.error[b * K + b % 6 / 2] = (float)(1 + b % 3);
        p.feature[b * F + b % 2] = 0.5f;
    }
    for (uint64_t seed = 0; seed < 50; seed++) {
        int at[BATCH];
        bool has[6] = {false};
        pick(s, seed, &p, at);
        for (int k = 0; k < BATCH; k++)
            has[at[k] % 6] = true;
        for (int k = 0; k < 6; k++)
            assert_true(has[k]);
    }
    mye_sampler_free(s);
}

static void where_all_is_said_the_rest_is_uniform(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("divbs", &f);
    pool p = {{0}, {0}};
    int at[BATCH], count[POOL] = {0};
    for (int b = 0; b < POOL; b++)
        p.error[b * K] = p.feature[b * F] = 1; /* all the same */
    for (uint64_t seed = 0; seed < 2000; seed++) {
        pick(s, seed, &p, at);
        for (int k = 0; k < BATCH; k++)
            count[at[k]]++;
    }
    for (int b = 0; b < POOL; b++) /* half of them each time; 5 sigma = 112 */
        assert_true(abs(count[b] - 1000) < 112);
    const pool none = {{0}, {0}};
    pick(s, 1, &none, at);
    mye_sampler_free(s);
}

static void rho_sets_pools_and_budget(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        int pool;
        int64_t batches;
    } cases[] = {{"divbs", 12, 3}, {"divbs:rho=0.3", 9, 4}, {"divbs:rho=0.8", 30, 1}};
    mye_sample_facts f = facts();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mye_sampler *s = sampler_of(cases[i].policy, &f);
        assert_int_equal(mye_sampler_pool(s), cases[i].pool);
        const mye_sample_epoch *e = mye_sampler_epoch(s, 2);
        assert_int_equal(e->n, cases[i].batches * cases[i].pool);
        for (int64_t k = 0; k < N; k++)
            assert_true(count_of(e->order, e->n, k) <= 1);
        mye_sampler_free(s);
    }
    assert_like_all("divbs:rho=0", &f);
    f.n = 100; /* 0.45: pools of 10.9, so 11; 9 batches are the budget, and want 99 samples */
    mye_sampler *s = sampler_of("divbs:rho=0.45", &f);
    assert_int_equal(mye_sampler_epoch(s, 0)->n, 99);
    mye_sampler_free(s);
    f.n = 66; /* 6 batches want 66; 0.42: pools of 10.3 */
    s = sampler_of("divbs:rho=0.42", &f);
    assert_int_equal(mye_sampler_epoch(s, 0)->n, 60);
    mye_sampler_free(s);
    f.batch = 3; /* pools of 4.5, so 5: 14 batches want 70 samples */
    s = sampler_of("divbs:rho=0.34", &f);
    const mye_sample_epoch *e = mye_sampler_epoch(s, 0);
    assert_int_equal(e->n, 70);
    for (int64_t k = 0; k < f.n; k++)
        assert_in_range(count_of(e->order, e->n, k), 1, 2);
    mye_sampler_free(s);
}

static void a_pool_larger_than_the_data_is_refused(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = NULL;
    ASSERT_FAILS(mye_sampler_create(NULL, "divbs:rho=0.9", &f, &s, &err), MYE_ERR_ARG,
                 "pools of 60 samples, and the data set has 40");
}

static void running_statistics_are_renewed_where_asked(void **state)
{
    (void)state;
    mye_sample_facts f = facts();
    for (int k = 0; k < 2; k++) {
        f.has_batch_norm = k == 1;
        mye_sampler *s = sampler_of("divbs:statistics=30", &f), *t = sampler_of("divbs", &f);
        assert_int_equal(mye_sampler_statistics(s), k == 1 ? 30 : 0);
        assert_int_equal(mye_sampler_statistics(t), 0);
        mye_sampler_free(s);
        mye_sampler_free(t);
    }
}

static void an_epoch_is_made_again_as_it_was(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("divbs", &f);
    const mye_sample_epoch *e = mye_sampler_epoch(s, 3);
    mye_sampler *t = restored("divbs", &f, s, 3);
    const pool p = random_pool(5);
    int a[BATCH], b[BATCH];
    assert_same_order(e, mye_sampler_restore(t, 3));
    pick(s, 9, &p, a);
    pick(t, 9, &p, b);
    assert_memory_equal(a, b, sizeof a);
    mye_sampler_free(s);
    mye_sampler_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_products_pick_what_vectors_pick),
        cmocka_unit_test(nothing_is_picked_that_others_have_said),
        cmocka_unit_test(where_all_is_said_the_rest_is_uniform),
        cmocka_unit_test(rho_sets_pools_and_budget),
        cmocka_unit_test(a_pool_larger_than_the_data_is_refused),
        cmocka_unit_test(running_statistics_are_renewed_where_asked),
        cmocka_unit_test(an_epoch_is_made_again_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
