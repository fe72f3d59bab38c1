/* The standard deviation over space. */
#include "nodebench.h"

/* 1, 2, 3, 6: mean 3, squares 14, over 3. The other channel has no deviation. */
static void hand_values_and_no_gradient_without_deviation(void **state)
{
    MYE_UNUSED(state);
    static const float x[8] = {1, 0.1f, 2, 0.1f, 3, 0.1f, 6, 0.1f}, g[2] = {2, 5};
    const float s = sqrtf(14.0f / 3), f = 2 / (3 * s);
    const float want[2] = {s, 0}, back[8] = {-2 * f, 0, -f, 0, 0, 0, 3 * f, 0};
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 2, 2, false}});
    bench_add(q, "spatial_std", 0);
    bench_build(q);
    memcpy(q->value[0].data, x, sizeof x);
    memcpy(q->coef, g, sizeof g);
    bench_forward(q);
    assert_floats_near("output", bench_row(q, 1, 0, 0), want, 2, 1e-6);
    bench_backward(q);
    const float *dx = mye_grad_row(&q->pass, 0, 0, 0);
    assert_floats_near("gradient", dx, back, 8, 1e-6);
    for (int i = 1; i < 8; i += 2)
        assert_true(dx[i] == 0);
    bench_free(q);
}

static void a_large_mean_costs_no_accuracy(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {1, 30, 30, false}});
    bench_add(q, "spatial_std", 0);
    bench_build(q);
    for (int i = 0; i < 900; i++)
        ((float *)q->value[0].data)[i] = 4096.0f + (float)(i % 2); /* deviation 1/2 sqrt(n/(n-1)) */
    bench_forward(q);
    assert_true(fabs((double)bench_row(q, 1, 0, 0)[0] - 0.5 * sqrt(900.0 / 899)) < 1e-6);
    bench_free(q);
}

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    for (int mode = 0; mode < 4; mode++) {
        bench *q = bench_create((bench_setup){.T = 2,
                                              .B = 2,
                                              .shape = {mode < 2 ? 3 : 70, 4, 5, false},
                                              .threads = 1 + mode % 2,
                                              .is_static = mode == 3});
        /* Twice the same input, through a virtual node: the second share adds to the first. */
        const int a = bench_add(q, "spatial_std", bench_add(q, "scale:value=2", 0));
        bench_join(q, "add", a, bench_add(q, "spatial_std", 1));
        bench_build(q);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void vectors_and_single_pixels_are_refused(void **state)
{
    MYE_UNUSED(state);
    mye_error err;
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 4, 6, false}});
    const int flat = bench_add(q, "flatten", 0), pool = bench_add(q, "global_avgpool", 0);
    const int deviation = bench_add(q, "spatial_std", 0);
    assert_int_equal(q->node[deviation].shape.c, 2);
    assert_true(q->node[deviation].shape.flat);
    assert_int_equal(bench_try(q, "spatial_std", 1, &flat, &err), -1);
    assert_non_null(strstr(err.message, "wants an image, got a vector of 48"));
    assert_int_equal(bench_try(q, "spatial_std", 1, &pool, &err), -1);
    assert_non_null(strstr(err.message, "at least 2 pixels, got an image of 1x1"));
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hand_values_and_no_gradient_without_deviation),
        cmocka_unit_test(a_large_mean_costs_no_accuracy),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(vectors_and_single_pixels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
