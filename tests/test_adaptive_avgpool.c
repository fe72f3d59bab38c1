/* Adaptive average pooling against its definition. */
#include "nodebench.h"

static bench *pool_bench(int C, int H, int W, const char *text)
{
    bench *q = bench_create((bench_setup){.T = 2, .B = 3, .shape = {C, H, W, false}});
    bench_add(q, text, 0);
    bench_build(q);
    return q;
}

/* Five columns in three windows: [0,2), [1,4), [3,5); two rows in one. */
static void windows_overlap_where_sizes_do_not_divide(void **state)
{
    MYE_UNUSED(state);
    static const float x[10] = {1, 2, 4, 8, 16, 3, 6, 12, 24, 48};
    static const float want[3] = {3, 56.0f / 6, 24}, from[3] = {4, 6, 8};
    static const float share[5] = {1, 2, 1, 3, 2}; /* 4/4; 4/4 + 6/6; 6/6; 6/6 + 8/4; 8/4 */
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {1, 2, 5, false}});
    bench_add(q, "adaptive_avgpool:height=1,width=3", 0);
    bench_build(q);
    memcpy(q->value[0].data, x, sizeof x);
    memcpy(q->coef, from, sizeof from);
    bench_forward(q);
    assert_floats_near("output", bench_row(q, 1, 0, 0), want, 3, 1e-6);
    bench_backward(q);
    for (int h = 0; h < 2; h++)
        assert_floats_near("gradient", mye_grad_row(&q->pass, 0, 0, 0) + 5 * h, share, 5, 1e-6);
    bench_free(q);
}

static void assert_same_as(const char *a, const char *b)
{
    bench *q = pool_bench(7, 8, 12, a), *r = pool_bench(7, 8, 12, b);
    bench_forward(q);
    bench_forward(r);
    bench_backward(q);
    bench_backward(r);
    const size_t n = (size_t)q->value[1].n;
    assert_int_equal(n, r->value[1].n);
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 3; i++) {
            assert_floats_near(a, bench_row(q, 1, t, i), bench_row(r, 1, t, i), n, 1e-6);
            assert_floats_near(b, mye_grad_row(&q->pass, 0, t, i), mye_grad_row(&r->pass, 0, t, i),
                               7 * 8 * 12, 1e-6);
        }
    bench_free(q);
    bench_free(r);
}

static void sizes_that_divide_are_ordinary_pooling(void **state)
{
    MYE_UNUSED(state);
    assert_same_as("adaptive_avgpool:height=2,width=4", "avgpool:kernel=4,kernel_w=3");
    assert_same_as("adaptive_avgpool", "global_avgpool");
    assert_same_as("adaptive_avgpool:height=8,width=12", "identity");
}

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    static const char *const texts[] = {
        "adaptive_avgpool:height=3,width=2", "adaptive_avgpool:height=5",
        "adaptive_avgpool:height=7,width=6", "adaptive_avgpool:height=1,width=4"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int mode = 0; mode < 4; mode++) {
            bench *q = bench_create((bench_setup){.T = 2,
                                                  .B = 2,
                                                  .shape = {mode < 2 ? 3 : 70, 7, 6, false},
                                                  .threads = 1 + mode % 2,
                                                  .is_static = mode == 3});
            /* Twice the same input: the second share adds to the first. */
            const int a = bench_add(q, texts[i], bench_add(q, "identity", 0));
            bench_join(q, "add", a, bench_add(q, texts[i], 1));
            bench_build(q);
            bench_check_gradients(q);
            bench_free(q);
        }
}

static void spikes_are_read_as_bits(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {1, 3, 3, false}, .bits = true});
    const float want[4] = {0.5f, 0.25f, 0.25f, 0.5f};
    bench_add(q, "adaptive_avgpool:height=2", 0);
    bench_build(q);
    mye_value_bits(&q->pass, 0, 0, 0)[0] = 1 | 1 << 4 | 1 << 8; /* the diagonal */
    bench_forward(q);
    assert_floats_equal("output", bench_row(q, 1, 0, 0), want, 4);
    bench_free(q);
}

static void vectors_and_larger_outputs_are_refused(void **state)
{
    MYE_UNUSED(state);
    mye_error err;
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 4, 6, false}});
    const int in = 0, flat = bench_add(q, "flatten", 0);
    assert_int_equal(bench_try(q, "adaptive_avgpool:height=5,width=6", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "at most its input's 4x6 pixels, got 5x6"));
    assert_int_equal(bench_try(q, "adaptive_avgpool:height=4,width=7", 1, &in, &err), -1);
    assert_int_equal(bench_try(q, "adaptive_avgpool", 1, &flat, &err), -1);
    assert_non_null(strstr(err.message, "wants an image, got a vector of 48"));
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_overlap_where_sizes_do_not_divide),
        cmocka_unit_test(sizes_that_divide_are_ordinary_pooling),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(spikes_are_read_as_bits),
        cmocka_unit_test(vectors_and_larger_outputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
