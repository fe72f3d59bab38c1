/* InfoBatch: the rule as published, with a budget, and with the defects of the public code. */
#include "sampler_support.h"

enum { N = 1000 };

static float score[N];

static double mean_of_scores(void)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += (double)score[i] / N;
    return sum;
}

static int64_t easy_samples(double threshold)
{
    int64_t n = 0;
    for (int i = 0; i < N; i++)
        n += (double)score[i] < threshold;
    return n;
}

static void published_rule(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 8, 10);
    mye_sampler *s = sampler_of("infobatch:r=0.4", &f);
    static int count[N];
    make_scores(N, score);
    expect_plain(mye_sampler_epoch(s, 0), &f, 0);
    observe_all(s, 0, N, score);
    const double mean = mean_of_scores();
    const int64_t easy = easy_samples(mean);
    for (int e = 1; e < 7; e++) { /* delta 0.875 of 8: epochs 1 to 6 */
        const mye_sample_epoch *now = mye_sampler_epoch(s, e);
        bool seen[N] = {false};
        int64_t kept = 0;
        for (int64_t i = 0; i < now->n; i++) {
            const int64_t at = now->order[i];
            const bool is_easy = (double)score[at] < mean;
            assert_true(fabs((double)now->weight[i] - (is_easy ? 1 / 0.6 : 1)) < 1e-6);
            kept += is_easy;
            assert_false(seen[at]);
            seen[at] = true;
            count[at]++;
        }
        assert_int_equal(kept, (int64_t)(0.6 * (double)easy));
        assert_int_equal(now->n - kept, N - easy);
    }
    int always = 0, never = 0;
    for (int i = 0; i < N; i++) {
        always += count[i] == 6;
        never += count[i] == 0;
    }
    assert_true(always >= N - easy && never < easy / 20); /* 0.4^6 of the easy */
    expect_plain(mye_sampler_epoch(s, 7), &f, 7);
    mye_sampler_free(s);
}

/* delta E = 26.25 of 30: the last epochs have weight 1, and with the public code they have not. */
static void weights_are_forgotten(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 30, 10);
    mye_sampler *s = sampler_of("infobatch", &f), *old = sampler_of("infobatch:released=yes", &f);
    make_scores(N, score);
    for (int e = 0; e < 29; e++) {
        visit(s, e, score, NULL);
        visit(old, e, score, NULL);
    }
    expect_plain(mye_sampler_epoch(s, 29), &f, 29);
    const mye_sample_epoch *stale = mye_sampler_epoch(old, 29);
    assert_int_equal(stale->n, N);
    assert_true(stale->max_weight == 2);
    mye_sampler_free(s);
    mye_sampler_free(old);
}

static double visits(const char *policy, int64_t epochs, double *most)
{
    const mye_sample_facts f = facts_of(N, epochs, 10);
    mye_sampler *s = sampler_of(policy, &f);
    double sum = 0;
    *most = 0;
    make_scores(N, score);
    for (int e = 0; e < epochs; e++) {
        sum += (double)visit(s, e, score, NULL) / N / (double)epochs;
    }
    for (int e = 1; e < epochs; e++)
        *most = fmax(*most, mye_sampler_epoch(s, e)->max_weight);
    mye_sampler_free(s);
    return sum;
}

static void budgets_count_the_whole_run(void **unused)
{
    MYE_UNUSED(unused);
    double most;
    assert_true(fabs(visits("infobatch:rho=0.3", 24, &most) - 0.7) < 0.003);
    assert_true(fabs(most - 2) < 1e-6);
    assert_true(fabs(visits("infobatch:rho=0.5", 24, &most) - 0.5) < 0.003);
    assert_true(most > 2); /* more than half of at most 95 % has to go */
    assert_true(fabs(visits("infobatch:rho=0.7", 24, &most) - 0.3) < 0.02);
    const double published = visits("infobatch", 24, &most);
    assert_true(published > 0.6 && published < 0.8);
}

static void state_brings_the_same_samples_back(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 30, 32);
    make_scores(N, score);
    expect_resumes("infobatch", &f, 3, score);
    expect_resumes("infobatch:rho=0.5", &f, 3, score);
    expect_resumes("infobatch:released=yes", &f, 3, score);
    expect_resumes("infobatch:released=yes", &f, 26, score);
}

/* Samples that were never seen are not pruned for it. */
static void unseen_samples_stay(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 20, 10);
    mye_sampler *s = sampler_of("infobatch", &f);
    float five[N];
    int kept = 0;
    for (int i = 0; i < N; i++)
        five[i] = 5;
    observe_all(s, 0, N / 2, five); /* the mean is 4; the others count as 3 */
    const mye_sample_epoch *e = mye_sampler_epoch(s, 1);
    for (int64_t i = 0; i < e->n; i++)
        kept += e->order[i] >= N / 2;
    assert_int_equal(kept, N / 2);
    mye_sampler_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_rule),
        cmocka_unit_test(weights_are_forgotten),
        cmocka_unit_test(budgets_count_the_whole_run),
        cmocka_unit_test(state_brings_the_same_samples_back),
        cmocka_unit_test(unseen_samples_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
