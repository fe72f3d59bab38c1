/* k-means in one dimension. */
#include "sampler_fixture.h"

#include "sample/kmeans.h"

/* Sum of squared distances from the means of groups that end there. */
static double spread_of(const float *value, const int64_t *end, int groups)
{
    double sum = 0;
    int64_t i = 0;
    for (int g = 0; g < groups; g++) {
        const int64_t begin = i;
        double mean = 0;
        for (int64_t k = begin; k < end[g]; k++)
            mean += (double)value[k];
        mean /= end[g] > begin ? (double)(end[g] - begin) : 1;
        for (; i < end[g]; i++)
            sum += ((double)value[i] - mean) * ((double)value[i] - mean);
    }
    return sum;
}

/* The best of all ways to cut n values into three. */
static double best_of_three(const float *value, int64_t n)
{
    double best = INFINITY;
    for (int64_t a = 0; a <= n; a++)
        for (int64_t b = a; b <= n; b++) {
            const int64_t end[3] = {a, b, n};
            best = fmin(best, spread_of(value, end, 3));
        }
    return best;
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Skewed as losses are: most near 0, a long tail. */
static void skewed(float *value, int n, uint64_t seed)
{
    for (int i = 0; i < n; i++)
        value[i] = expf(3 * mye_random_normal(seed, MYE_STREAM_TEST, (uint64_t)i));
    qsort(value, (size_t)n, sizeof *value, by_value);
}

static void groups_are_as_tight_as_can_be(void **state)
{
    const mye_sample_facts f = plain_facts(60, 1, 1);
    float value[60];
    int64_t end[3];
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        skewed(value, 60, seed);
        mye_kmeans(&f, (int64_t)seed, 1, value, 60, 3, end);
        assert_true(end[0] >= 0 && end[1] >= end[0] && end[2] == 60);
        const double best = best_of_three(value, 60);
        assert_true(spread_of(value, end, 3) <= best * (1 + 1e-9));
    }
}

static void many_groups_are_in_order_and_repeat(void **state)
{
    const mye_sample_facts f = plain_facts(MOST_SAMPLES, 1, 1);
    static float value[MOST_SAMPLES];
    int64_t end[MYE_KMEANS_MOST], again[MYE_KMEANS_MOST];
    (void)state;
    skewed(value, MOST_SAMPLES, 1);
    mye_kmeans(&f, 3, 1, value, MOST_SAMPLES, MYE_KMEANS_MOST, end);
    mye_kmeans(&f, 3, 1, value, MOST_SAMPLES, MYE_KMEANS_MOST, again);
    assert_memory_equal(end, again, sizeof end);
    for (int g = 1; g < MYE_KMEANS_MOST; g++)
        assert_true(end[g] >= end[g - 1]);
    assert_int_equal(end[MYE_KMEANS_MOST - 1], MOST_SAMPLES);
}

/* Fewer values than groups, equal values, none at all: groups are empty then. */
static void groups_may_be_empty(void **state)
{
    const mye_sample_facts f = plain_facts(10, 1, 1);
    const float few[3] = {1, 2, 4};
    float equal[10];
    int64_t end[5];
    (void)state;
    mye_kmeans(&f, 0, 1, few, 3, 5, end);
    assert_int_equal(end[4], 3);
    assert_true(spread_of(few, end, 5) == 0);
    for (int i = 0; i < 10; i++)
        equal[i] = 7;
    mye_kmeans(&f, 0, 1, equal, 10, 5, end);
    assert_int_equal(end[4], 10);
    assert_true(spread_of(equal, end, 5) == 0);
    mye_kmeans(&f, 0, 1, equal, 10, 1, end);
    assert_int_equal(end[0], 10);
    mye_kmeans(&f, 0, 1, equal, 0, 5, end);
    assert_int_equal(end[4], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_as_tight_as_can_be),
        cmocka_unit_test(many_groups_are_in_order_and_repeat),
        cmocka_unit_test(groups_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
