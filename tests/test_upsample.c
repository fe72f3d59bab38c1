/* Bilinear upsampling: hand values, linear images, the transpose. */
#include "nodebench.h"

static void two_by_two_becomes_three_by_three(void **state)
{
    MYE_UNUSED(state);
    static const float x[4] = {1, 3, 5, 11}, g[9] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    static const float want[9] = {1, 2, 3, 3, 5, 7, 5, 8, 11};
    /* The corner, half of its two edges, a quarter of the middle. */
    static const float back[4] = {1 + 1 + 4 + 4, 4 + 1 + 16 + 4, 64 + 4 + 64 + 4,
                                  256 + 16 + 64 + 4};
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {1, 2, 2, false}});
    bench_add(q, "upsample:height=3", 0);
    bench_build(q);
    memcpy(q->value[0].data, x, sizeof x);
    memcpy(q->coef, g, sizeof g);
    bench_forward(q);
    assert_floats_equal("output", bench_row(q, 1, 0, 0), want, 9);
    bench_backward(q);
    assert_floats_equal("gradient", mye_grad_row(&q->pass, 0, 0, 0), back, 4);
    bench_free(q);
}

/* An image that is linear in row and column stays so, with the same corners. */
static void linear_images_stay_linear(void **state)
{
    MYE_UNUSED(state);
    enum { C = 3, H = 4, W = 5, OH = 9, OW = 32 };
    float want[OH * OW * C];
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {C, H, W, false}});
    bench_add(q, "upsample:height=9,width=32", 0);
    bench_build(q);
    for (int i = 0; i < H * W * C; i++)
        ((float *)q->value[0].data)[i] =
            (float)(i % C + 1) * ((float)(i / C / W) / (H - 1) - 2 * (float)(i / C % W) / (W - 1));
    for (int i = 0; i < OH * OW * C; i++)
        want[i] = (float)(i % C + 1) *
                  ((float)(i / C / OW) / (OH - 1) - 2 * (float)(i / C % OW) / (OW - 1));
    bench_forward(q);
    assert_floats_near("output", bench_row(q, 1, 0, 0), want, OH * OW * C, 1e-6);
    bench_free(q);
}

static void the_same_size_is_the_identity(void **state)
{
    MYE_UNUSED(state);
    static const mye_shape shapes[] = {{3, 4, 5, false}, {4, 1, 1, false}, {2, 1, 7, false}};
    for (int i = 0; i < 3; i++) {
        char text[64];
        const mye_shape s = shapes[i];
        const size_t n = (size_t)mye_shape_size(s);
        snprintf(text, sizeof text, "upsample:height=%d,width=%d", s.h, s.w);
        bench *q = bench_create((bench_setup){.T = 2, .B = 2, .shape = s});
        bench_add(q, text, 0);
        bench_build(q);
        bench_forward(q);
        bench_backward(q);
        assert_floats_equal("output", bench_row(q, 1, 1, 1), mye_value_row(&q->pass, 0, 1, 1), n);
        assert_floats_equal("gradient", mye_grad_row(&q->pass, 0, 1, 1), q->coef + 3 * n, n);
        bench_free(q);
    }
}

static void one_pixel_fills_the_image(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 1, 1, false}});
    bench_add(q, "upsample:height=3,width=2", 0);
    bench_build(q);
    bench_check_gradients(q);
    bench_forward(q);
    const float *x = mye_value_row(&q->pass, 0, 0, 0), *y = bench_row(q, 1, 0, 0);
    for (int i = 0; i < 12; i++)
        assert_true(y[i] == x[i % 2]);
    bench_free(q);
}

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    static const char *const texts[] = {"upsample:height=4,width=5", "upsample:height=7,width=9",
                                        "upsample:height=8", "upsample:height=5,width=6"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int mode = 0; mode < 4; mode++) {
            bench *q = bench_create((bench_setup){.T = 2,
                                                  .B = 2,
                                                  .shape = {mode < 2 ? 3 : 70, 4, 5, false},
                                                  .threads = 1 + mode % 2,
                                                  .is_static = mode == 3});
            /* Twice the same input, through virtual nodes: the second share adds to the first. */
            const int a = bench_add(q, texts[i], bench_add(q, "scale:value=2", 0));
            bench_join(q, "add", a, bench_add(q, texts[i], 1));
            bench_build(q);
            bench_check_gradients(q);
            bench_free(q);
        }
}

static void vectors_and_smaller_outputs_are_refused(void **state)
{
    MYE_UNUSED(state);
    mye_error err;
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 4, 6, false}});
    const int in = 0, flat = bench_add(q, "flatten", 0);
    assert_int_equal(bench_try(q, "upsample:height=5", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "at least its input's 4x6 pixels, got 5x5"));
    assert_int_equal(bench_try(q, "upsample:height=3,width=6", 1, &in, &err), -1);
    assert_int_equal(bench_try(q, "upsample:height=64", 1, &flat, &err), -1);
    assert_non_null(strstr(err.message, "wants an image, got a vector of 48"));
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_by_two_becomes_three_by_three),
        cmocka_unit_test(linear_images_stay_linear),
        cmocka_unit_test(the_same_size_is_the_identity),
        cmocka_unit_test(one_pixel_fills_the_image),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(vectors_and_smaller_outputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
