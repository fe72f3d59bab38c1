/* Surrogate derivatives of every kernel table against their formulas in double precision. */
#include "kernel_test.h"

#define PI 3.14159265358979323846

/* The formulas of the literature, typed a second time on purpose. */
static double formula(mye_surrogate_id id, double x, double a, double b)
{
    const double m = fabs(x);
    switch (id) {
    case MYE_SURROGATE_atan:
        return a / (2.0 * (1.0 + (PI / 2.0 * a * x) * (PI / 2.0 * a * x)));
    case MYE_SURROGATE_erf:
        return a * exp(-a * a * x * x) / sqrt(PI);
    case MYE_SURROGATE_fast_sigmoid:
        return 1.0 / ((1.0 + a * m) * (1.0 + a * m));
    case MYE_SURROGATE_leaky_k_relu:
        return x >= 0.0 ? a : b;
    case MYE_SURROGATE_piecewise_exponential:
        return a / 2.0 * exp(-a * m);
    case MYE_SURROGATE_piecewise_leaky_relu:
        return m < a ? 1.0 / a : b;
    case MYE_SURROGATE_rectangle:
        return m <= a / 2.0 ? 1.0 / a : 0.0;
    case MYE_SURROGATE_sigmoid:
        return a * exp(-a * m) / ((1.0 + exp(-a * m)) * (1.0 + exp(-a * m)));
    case MYE_SURROGATE_soft_sign:
        return 1.0 / (2.0 * a * (1.0 / a + m) * (1.0 / a + m));
    case MYE_SURROGATE_straight_through:
        return 1.0;
    case MYE_SURROGATE_triangle:
        return m <= 1.0 / a ? a - a * a * m : 0.0;
    default:
        return (double)NAN;
    }
}

static void check_values(const mye_kernels *k, mye_surrogate_id id, int64_t n, const float *u,
                         float theta, float a, float b)
{
    float *h = malloc((size_t)(n > 0 ? n : 1) * sizeof *h);
    k->surrogate[id](n, u, theta, a, b, h);
    for (int64_t i = 0; i < n; i++) {
        const float x = u[i] - theta;
        const double want = formula(id, (double)x, (double)a, (double)b);
        const double error = fabs((double)h[i] - want);
        /* A triangle falls to 0 by a difference of two numbers of size a. */
        const double scale = id == MYE_SURROGATE_triangle ? (double)a : want;
        if (!(error <= 1e-6 * scale + 1e-36))
            fail_msg("%s surrogate %d, a = %g: h(%.9g) = %.9g, formula %.9g", k->name, (int)id,
                     (double)a, (double)x, (double)h[i], want);
    }
    free(h);
}

typedef void (*with_surrogate)(const mye_kernels *k, mye_surrogate_id id);

static void each_surrogate(with_surrogate check)
{
    const mye_kernels *all[8];
    mye_kernels_all(all);
    state = 20;
    for (int i = 0; all[i]; i++)
        for (int id = 0; id < MYE_SURROGATE_COUNT; id++)
            check(all[i], (mye_surrogate_id)id);
}

static void check_near(const mye_kernels *k, mye_surrogate_id id)
{
    static const float parameter[] = {0.3f, 1.0f, 2.0f, 4.0f, 25.0f};
    const int64_t n = 20001;
    float *u = malloc((size_t)n * sizeof *u);
    for (int64_t i = 0; i < n; i++)
        u[i] = 1.0f + 0.0015f * (float)(i - n / 2);
    for (size_t p = 0; p < sizeof parameter / sizeof *parameter; p++)
        check_values(k, id, n, u, 1.0f, parameter[p], 0.01f);
    free(u);
}

static void derivatives_follow_their_formulas(void **unused)
{
    MYE_UNUSED(unused);
    each_surrogate(check_near);
}

static void check_far(const mye_kernels *k, mye_surrogate_id id)
{
    float u[40], h[40];
    for (int i = 0; i < 40; i++)
        u[i] = (i % 2 ? -1.0f : 1.0f) * powf(1e4f, (float)i / 39.0f);
    check_values(k, id, 40, u, 0.0f, 4.0f, 0.01f);
    k->surrogate[id](40, u, 0.0f, 100.0f, 0.01f, h);
    for (int i = 0; i < 40; i++)
        assert_true(isfinite(h[i]) && h[i] >= 0.0f);
}

static void derivatives_stay_finite_far_from_the_threshold(void **unused)
{
    MYE_UNUSED(unused);
    each_surrogate(check_far);
}

static void check_sizes(const mye_kernels *k, mye_surrogate_id id)
{
    for (int n = 0; n < 70; n++) {
        float *u = floats(n + n % 3);
        check_values(k, id, n, u + n % 3, 0.1f, 1.5f, 0.2f);
        free(u);
    }
}

static void any_number_of_neurons_is_written_and_no_more(void **unused)
{
    MYE_UNUSED(unused);
    each_surrogate(check_sizes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_follow_their_formulas),
        cmocka_unit_test(derivatives_stay_finite_far_from_the_threshold),
        cmocka_unit_test(any_number_of_neurons_is_written_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
