/* Moderate coreset: centres, the middle of the ranking, budget, surveys that are begun again. */
#include "sampler_support.h"

enum { N = 60, CLASSES = 3, EPOCHS = 6 };

static const int32_t labels[N] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1,
                                  2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
                                  1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};

static mye_sample_facts facts(void)
{
    mye_sample_facts f = facts_of(N, EPOCHS, 5);
    f.classes = 3;
    f.n_feature = 2;
    f.label = labels;
    return f;
}

/* Two features; the 20 samples of a class lie around a point of its own, at random. */
static void feature_of(int64_t i, float *out)
{
    out[0] = 100.0f * (float)labels[i] + mye_random_normal(1, MYE_STREAM_TEST, (uint64_t)i);
    out[1] = 5 * mye_random_normal(2, MYE_STREAM_TEST, (uint64_t)i);
}

static void show(mye_sampler *s, int64_t epoch, const int64_t *order, int64_t n)
{
    float feature[5 * 2];
    for (int64_t at = 0; at < n; at += 5) {
        const mye_sample_view v = {.B = n - at < 5 ? (int)(n - at) : 5,
                                   .index = order + at,
                                   .told = {.feature = feature, .n_feature = 2, .n_classes = 3},
                                   .forward_only = true};
        for (int b = 0; b < v.B; b++)
            feature_of(order[at + b], feature + b * 2);
        mye_sampler_observe(s, epoch, &v);
    }
}

/* The whole survey before an epoch; returns its passes. */
static int survey(mye_sampler *s, int64_t epoch)
{
    for (int pass = 0;; pass++) {
        const int64_t *order;
        const int64_t n = mye_sampler_survey(s, epoch, pass, &order);
        if (n == 0)
            return pass;
        assert_int_equal(n, N);
        show(s, epoch, order, n);
    }
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Distances from the median of the class's first `most` samples in `order`. */
static void distances_by_hand(const int64_t *order, int most, float distance[N])
{
    float centre[CLASSES][2];
    for (int k = 0; k < CLASSES; k++)
        for (int c = 0; c < 2; c++) {
            float column[N], feature[2];
            int n = 0;
            for (int i = 0; i < N && n < most; i++)
                if (labels[order[i]] == k) {
                    feature_of(order[i], feature);
                    column[n++] = feature[c];
                }
            qsort(column, (size_t)n, sizeof *column, compare);
            centre[k][c] = n % 2 ? column[n / 2] : (column[n / 2 - 1] + column[n / 2]) / 2;
        }
    for (int i = 0; i < N; i++) {
        float feature[2];
        feature_of(i, feature);
        distance[i] = hypotf(feature[0] - centre[labels[i]][0], feature[1] - centre[labels[i]][1]);
    }
}

static void the_middle_of_the_distances_is_kept(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("moderate:at=1", &f);
    int64_t all[N];
    float distance[N], sorted[N];
    for (int i = 0; i < N; i++)
        all[i] = i;
    distances_by_hand(all, N, distance);
    memcpy(sorted, distance, sizeof sorted);
    qsort(sorted, N, sizeof *sorted, compare);
    assert_int_equal(survey(s, 0), 0);
    assert_int_equal(mye_sampler_epoch(s, 0)->n, N);
    assert_null(mye_sampler_scores(s));
    assert_int_equal(survey(s, 1), 2);
    const float *score = mye_sampler_scores(s);
    for (int i = 0; i < N; i++)
        assert_true(fabs((double)(score[i] - distance[i])) < 1e-4);
    /* 180 visits are half of all, 60 are done: 24 a epoch, in batches of 5: 20 of 60 */
    const mye_sample_epoch *e = mye_sampler_epoch(s, 1);
    assert_int_equal(e->n, 20);
    for (int64_t i = 0; i < e->n; i++) {
        assert_true(e->weight[i] == 1);
        assert_int_equal(count_of(e->order, e->n, e->order[i]), 1);
        assert_in_range((int)(distance[e->order[i]] >= sorted[20] - 1e-4f), 1, 1);
        assert_in_range((int)(distance[e->order[i]] <= sorted[39] + 1e-4f), 1, 1);
    }
    mye_sampler_free(s);
}

static void the_choice_stays_in_a_new_order_each_epoch(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("moderate:at=1", &f);
    int64_t first[N];
    survey(s, 1);
    const mye_sample_epoch *e = mye_sampler_epoch(s, 1);
    const int64_t n = e->n;
    memcpy(first, e->order, (size_t)n * sizeof *first);
    for (int64_t epoch = 2; epoch < EPOCHS; epoch++) {
        assert_int_equal(survey(s, epoch), 0);
        e = mye_sampler_epoch(s, epoch);
        assert_int_equal(e->n, n);
        assert_memory_not_equal(e->order, first, (size_t)n * sizeof *first);
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(count_of(e->order, n, first[i]), 1);
    }
    mye_sampler_free(s);
}

static int64_t visits(const char *policy, int64_t n, int64_t epochs)
{
    static int32_t label[6000];
    mye_sample_facts f = facts_of(n, epochs, 5);
    f.label = label;
    mye_sampler *s = sampler_of(policy, &f);
    int64_t sum = 0;
    for (int64_t e = 0; e < epochs; e++) /* without a survey: any samples */
        sum += mye_sampler_epoch(s, e)->n;
    mye_sampler_free(s);
    return sum;
}

static void the_budget_counts_the_full_epochs(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        double share;
    } cases[] = {{"moderate", 0.5}, {"moderate:rho=0.3,at=4", 0.7}, {"moderate:rho=0.7,at=0", 0.3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double all = 6000.0 * 10, seen = (double)visits(cases[i].policy, 6000, 10);
        assert_true(seen <= cases[i].share * all && seen > cases[i].share * all - 10 * 5);
    }
    assert_int_equal(visits("moderate:rho=0.5,at=2", 100, 10), 2 * 100 + 8 * 35); /* 37.5 */
}

static void medians_are_those_of_the_first_samples_of_a_class(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("moderate:at=1,most=3", &f);
    float distance[N];
    int64_t order[N];
    mye_draw_all(&f, 1, order);
    distances_by_hand(order, 3, distance);
    survey(s, 1);
    for (int i = 0; i < N; i++)
        assert_true(fabs((double)(mye_sampler_scores(s)[i] - distance[i])) < 1e-4);
    mye_sampler_free(s);
}

static void a_survey_that_was_stopped_begins_again(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = sampler_of("moderate:at=1", &f), *t = sampler_of("moderate:at=1", &f);
    const int64_t *order;
    survey(s, 1);
    assert_int_equal(mye_sampler_survey(t, 1, 0, &order), N);
    show(t, 1, order, 25);
    assert_int_equal(mye_sampler_survey(t, 1, 0, &order), N);
    show(t, 1, order, N);
    assert_int_equal(mye_sampler_survey(t, 1, 1, &order), N);
    show(t, 1, order, 30);
    assert_int_equal(survey(t, 1), 2);
    assert_memory_equal(mye_sampler_scores(s), mye_sampler_scores(t), N * sizeof(float));
    assert_same_order(mye_sampler_epoch(s, 1), mye_sampler_epoch(t, 1));
    mye_sampler *u = restored("moderate:at=1", &f, t, 1);
    assert_same_order(mye_sampler_epoch(s, 1), mye_sampler_restore(u, 1));
    assert_int_equal(survey(u, 2), 0);
    assert_same_order(mye_sampler_epoch(s, 2), mye_sampler_epoch(u, 2));
    mye_sampler_free(s);
    mye_sampler_free(t);
    mye_sampler_free(u);
}

static void without_rho_it_is_the_plain_loop(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    assert_like_all("moderate:rho=0", &f);
}

static void full_epochs_that_leave_nothing_are_refused(void **state)
{
    (void)state;
    const mye_sample_facts f = facts();
    mye_sampler *s = NULL;
    ASSERT_FAILS(mye_sampler_create(NULL, "moderate:at=4", &f, &s, &err), MYE_ERR_ARG,
                 "at=4 full epochs of 6");
    ASSERT_FAILS(mye_sampler_create(NULL, "moderate:at=6,rho=0.1", &f, &s, &err), MYE_ERR_ARG,
                 "at most 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_middle_of_the_distances_is_kept),
        cmocka_unit_test(the_choice_stays_in_a_new_order_each_epoch),
        cmocka_unit_test(the_budget_counts_the_full_epochs),
        cmocka_unit_test(medians_are_those_of_the_first_samples_of_a_class),
        cmocka_unit_test(a_survey_that_was_stopped_begins_again),
        cmocka_unit_test(without_rho_it_is_the_plain_loop),
        cmocka_unit_test(full_epochs_that_leave_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
