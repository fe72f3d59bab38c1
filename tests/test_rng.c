#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "cmocka_all.h"

#define SEED 1234

/* Known answers of the Random123 library, file kat_vectors, philox4x32 with 10 rounds. */
static void philox_gives_the_known_answers(void **state)
{
    static const struct {
        uint64_t seed, stream, index;
        uint32_t out[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x0370734413198a2e,
         0x85a308d3243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        mye_random_block(known[i].seed, known[i].stream, known[i].index, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void uniform_stays_below_one_and_has_the_right_moments(void **state)
{
    const int n = 100000;
    double sum = 0, square = 0;
    (void)state;
    for (int i = 0; i < n; i++) {
        const double x = (double)mye_random_uniform(SEED, MYE_STREAM_TEST, (uint64_t)i);
        assert_true(x >= 0 && x < 1);
        sum += x;
        square += x * x;
    }
    assert_true(fabs(sum / n - 0.5) < 0.005);
    assert_true(fabs(square / n - 1.0 / 3) < 0.005);
}

static void normal_has_the_right_moments(void **state)
{
    const int n = 100000;
    double power[5] = {0};
    (void)state;
    for (int i = 0; i < n; i++) {
        const double x = (double)mye_random_normal(SEED, MYE_STREAM_TEST, (uint64_t)i);
        assert_true(isfinite(x));
        for (int k = 1; k <= 4; k++)
            power[k] += pow(x, k) / n;
    }
    assert_true(fabs(power[1]) < 0.015);
    assert_true(fabs(power[2] - 1) < 0.02);
    assert_true(fabs(power[3]) < 0.05);
    assert_true(fabs(power[4] - 3) < 0.15);
}

static void below_is_uniform_and_never_reaches_n(void **state)
{
    int count[7] = {0};
    (void)state;
    for (int i = 0; i < 70000; i++) {
        const uint64_t x = mye_random_below(SEED, MYE_STREAM_TEST, (uint64_t)i, 7);
        assert_true(x < 7);
        count[x]++;
    }
    for (int i = 0; i < 7; i++)
        assert_true(abs(count[i] - 10000) < 400);
    assert_int_equal(mye_random_below(SEED, MYE_STREAM_TEST, 0, 1), 0);
}

/* With n just over 2^63 nearly every second draw must be repeated. */
static void below_repeats_biased_draws_of_huge_ranges(void **state)
{
    const uint64_t n = ((uint64_t)1 << 63) + 1;
    int upper = 0;
    (void)state;
    for (int i = 0; i < 10000; i++) {
        const uint64_t x = mye_random_below(SEED, MYE_STREAM_TEST, (uint64_t)i, n);
        assert_true(x < n);
        upper += x >= n / 2;
    }
    assert_true(abs(upper - 5000) < 250);
    assert_true(mye_random_below(SEED, MYE_STREAM_TEST, 0, UINT64_MAX) < UINT64_MAX);
}

static void permutation_holds_every_number_once_and_depends_on_the_index(void **state)
{
    enum { N = 1000 };
    int64_t a[N], b[N], again[N];
    bool seen[N] = {false};
    int equal = 0;
    (void)state;
    mye_random_permutation(SEED, MYE_STREAM_SHUFFLE, 1, N, a);
    mye_random_permutation(SEED, MYE_STREAM_SHUFFLE, 2, N, b);
    mye_random_permutation(SEED, MYE_STREAM_SHUFFLE, 1, N, again);
    assert_memory_equal(a, again, sizeof a);
    for (int i = 0; i < N; i++) {
        assert_true(a[i] >= 0 && a[i] < N && !seen[a[i]]);
        seen[a[i]] = true;
        equal += a[i] == b[i];
    }
    assert_true(equal < 10);
    mye_random_permutation(SEED, MYE_STREAM_SHUFFLE, 1, 0, a);
}

static void streams_and_derived_seeds_differ(void **state)
{
    (void)state;
    const uint64_t a = mye_random_u64(SEED, MYE_STREAM_INIT, 0);
    assert_true(a != mye_random_u64(SEED, MYE_STREAM_SHUFFLE, 0));
    assert_true(a != mye_random_u64(SEED + 1, MYE_STREAM_INIT, 0));
    assert_true(a != mye_random_u64(SEED, MYE_STREAM_INIT, 1));
    assert_true(mye_random_derive(SEED, 1) != mye_random_derive(SEED, 2));
    assert_true(mye_random_derive(SEED, 1) != mye_random_derive(SEED + 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(uniform_stays_below_one_and_has_the_right_moments),
        cmocka_unit_test(normal_has_the_right_moments),
        cmocka_unit_test(below_is_uniform_and_never_reaches_n),
        cmocka_unit_test(below_repeats_biased_draws_of_huge_ranges),
        cmocka_unit_test(permutation_holds_every_number_once_and_depends_on_the_index),
        cmocka_unit_test(streams_and_derived_seeds_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
