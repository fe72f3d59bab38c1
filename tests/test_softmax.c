/* Softmax: known values, gradients. */
#include "nodebench.h"

static void probabilities_of_known_logits(void **state)
{
    MYE_UNUSED(state);
    static const float x[4] = {0, 0.6931472f, 1.0986123f, -INFINITY}; /* ln 1, ln 2, ln 3, ln 0 */
    static const float want[4] = {1.0f / 6, 2.0f / 6, 3.0f / 6, 0}, g[4] = {6, 0, 0, 0};
    static const float back[4] = {5.0f / 6, -2.0f / 6, -3.0f / 6, 0};
    for (int shift = 0; shift < 2; shift++) {
        bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {4, 1, 1, true}});
        bench_add(q, "softmax", 0);
        bench_build(q);
        for (int k = 0; k < 4; k++)
            ((float *)q->value[0].data)[k] = x[k] + 16.0f * (float)shift;
        memcpy(q->coef, g, sizeof g);
        bench_forward(q);
        bench_backward(q);
        assert_floats_near("output", bench_row(q, 1, 0, 0), want, 4, 1e-5);
        assert_floats_near("gradient", mye_grad_row(&q->pass, 0, 0, 0), back, 4, 1e-5);
        bench_free(q);
    }
}

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    for (int mode = 0; mode < 4; mode++) {
        bench *q = bench_create((bench_setup){.T = 2,
                                              .B = 3,
                                              .shape = {mode < 2 ? 10 : 70, 1, 1, true},
                                              .threads = 1 + mode % 2,
                                              .is_static = mode == 3});
        const int a = bench_add(q, "softmax", bench_add(q, "scale:value=3", 0));
        bench_join(q, "add", a, bench_add(q, "softmax", 1));
        bench_build(q);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void a_nan_is_not_lost(void **state)
{
    MYE_UNUSED(state);
    for (int at = 0; at < 3; at++) {
        bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {3, 1, 1, true}});
        bench_add(q, "softmax", 0);
        bench_build(q);
        ((float *)q->value[0].data)[at] = NAN;
        bench_forward(q);
        for (int k = 0; k < 3; k++)
            assert_true(isnan(bench_row(q, 1, 0, 0)[k]));
        bench_free(q);
    }
}

static void images_are_refused(void **state)
{
    MYE_UNUSED(state);
    mye_error err;
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 4, 6, false}});
    const int in = 0;
    assert_int_equal(bench_try(q, "softmax", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "(softmax) wants a vector, got an image of 2x4x6"));
    assert_int_equal(q->node[bench_add(q, "softmax", bench_add(q, "global_avgpool", 0))].shape.c,
                     2);
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_of_known_logits),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(a_nan_is_not_lost),
        cmocka_unit_test(images_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
