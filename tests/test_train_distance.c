/* Distances of spike trains against integrals summed up on a grid. */
#include "synapse/train_distance.h"

#include <math.h>

#include "synapse_support.h"

enum { MOST = 12 };

typedef struct train {
    int n;
    double t_ms[MOST];
} train;

static train draw_train(uint64_t seed, int n)
{
    train out = {.n = n};
    double t = 0;
    for (int i = 0; i < n; i++) {
        t += 20 * draw_uniform(seed, (uint64_t)i);
        out.t_ms[i] = t;
    }
    return out;
}

/* The train filtered by exp(-t/tau), causal, at t. */
static double exponentials(const train *a, double tau, double t)
{
    double sum = 0;
    for (int i = 0; i < a->n; i++)
        sum += t >= a->t_ms[i] ? exp(-(t - a->t_ms[i]) / tau) : 0;
    return sum;
}

static double gaussians(const train *a, double sigma, double t)
{
    double sum = 0;
    for (int i = 0; i < a->n; i++)
        sum += exp(-(t - a->t_ms[i]) * (t - a->t_ms[i]) / (2 * sigma * sigma));
    return sum;
}

static double integrated_van_rossum(const train *a, const train *b, double tau)
{
    const double dt = 1e-3;
    double sum = 0;
    for (int64_t i = 0; (double)i * dt < 300 + 20 * tau; i++) {
        const double t = ((double)i + 0.5) * dt;
        const double d = exponentials(a, tau, t) - exponentials(b, tau, t);
        sum += d * d;
    }
    return sum * dt / tau;
}

static double integrated_correlation(const train *a, const train *b, double sigma)
{
    const double dt = 0.01;
    double ab = 0, aa = 0, bb = 0;
    for (double t = -8 * sigma; t < 300 + 8 * sigma; t += dt) {
        const double x = gaussians(a, sigma, t), y = gaussians(b, sigma, t);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return ab / sqrt(aa * bb);
}

static double distance(const train *a, const train *b, double tau)
{
    return mye_van_rossum(a->t_ms, a->n, b->t_ms, b->n, tau);
}

static double correlation(const train *a, const train *b, double sigma)
{
    return mye_train_correlation(a->t_ms, a->n, b->t_ms, b->n, sigma);
}

static void van_rossum_is_the_integral_of_the_squared_difference(void **state)
{
    static const double tau[] = {2, 10};
    static const int n[][2] = {{1, 1}, {3, 5}, {12, 12}, {4, 0}};
    (void)state;
    for (int k = 0; k < COUNT_OF(n); k++) {
        const train a = draw_train(2 * (uint64_t)k, n[k][0]);
        const train b = draw_train(2 * (uint64_t)k + 1, n[k][1]);
        for (int i = 0; i < COUNT_OF(tau); i++)
            ASSERT_NEAR(distance(&a, &b, tau[i]), integrated_van_rossum(&a, &b, tau[i]), 2e-3);
    }
}

static void correlation_is_that_of_the_filtered_trains(void **state)
{
    static const double sigma[] = {0.5, 2, 20};
    (void)state;
    for (uint64_t k = 0; k < 4; k++) {
        const train a = draw_train(20 + k, 4), b = draw_train(30 + k, 7);
        for (int i = 0; i < COUNT_OF(sigma); i++)
            ASSERT_NEAR(correlation(&a, &b, sigma[i]), integrated_correlation(&a, &b, sigma[i]),
                        1e-6);
    }
}

static void equal_trains_are_at_no_distance(void **state)
{
    const train a = draw_train(5, 9);
    (void)state;
    assert_true(fabs(distance(&a, &a, 10)) < 1e-12);
    assert_true(fabs(correlation(&a, &a, 2) - 1) < 1e-12);
}

static void empty_trains_have_their_limits(void **state)
{
    const train none = {.n = 0}, one = {1, {40}}, two = {2, {40, 4000}};
    (void)state;
    assert_true(distance(&none, &none, 10) == 0);
    assert_true(distance(&one, &none, 10) == 0.5);
    assert_true(distance(&none, &two, 10) == 1); /* far apart: a half each */
    assert_true(correlation(&none, &one, 2) == 0 && correlation(&one, &none, 2) == 0);
    assert_true(correlation(&none, &none, 2) == 0);
}

static void both_are_the_same_from_either_side_and_anywhere_in_time(void **state)
{
    train a = draw_train(7, 6), b = draw_train(8, 4);
    const double d = distance(&a, &b, 10), r = correlation(&a, &b, 2);
    (void)state;
    ASSERT_NEAR(distance(&b, &a, 10), d, 1e-12);
    ASSERT_NEAR(correlation(&b, &a, 2), r, 1e-12);
    for (int i = 0; i < MOST; i++) {
        a.t_ms[i] += 1000;
        b.t_ms[i] += 1000;
    }
    ASSERT_NEAR(distance(&a, &b, 10), d, 1e-9);
    ASSERT_NEAR(correlation(&a, &b, 2), r, 1e-9);
}

/* One spike that moves away: from 0 to two trains without anything in common. */
static void distance_grows_with_a_spike_that_moves(void **state)
{
    const train a = {1, {100}};
    double last = -1, last_r = 2;
    (void)state;
    for (double by = 0; by <= 64; by += 4) {
        const train b = {1, {100 + by}};
        assert_true(distance(&a, &b, 10) > last && correlation(&a, &b, 5) < last_r);
        last = distance(&a, &b, 10);
        last_r = correlation(&a, &b, 5);
        ASSERT_NEAR(last, 1 - exp(-by / 10), 1e-12);
    }
    assert_true(last > 0.99 && last <= 1 && last_r < 1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(van_rossum_is_the_integral_of_the_squared_difference),
        cmocka_unit_test(correlation_is_that_of_the_filtered_trains),
        cmocka_unit_test(equal_trains_are_at_no_distance),
        cmocka_unit_test(empty_trains_have_their_limits),
        cmocka_unit_test(both_are_the_same_from_either_side_and_anywhere_in_time),
        cmocka_unit_test(distance_grows_with_a_spike_that_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
