/*
 * Every kernel table of this processor against the reference: random sizes with all tails, unaligned
 * starts, sizes 0 and 1; and the same bits for any number of threads. All buffers are exactly as
 * large as promised, so that a sanitizer build finds every step outside.
 */
#include "conv_test.h"

static void convolution_agrees_with_the_reference_for_random_shapes(void **unused)
{
    static const int windows[] = {1, 2, 3, 5, 7};
    MYE_UNUSED(unused);
    state = 1;
    for (int i = 0; i < 150; i += STRIDE) {
        mye_conv_shape s = {.C = pick(1, 40), .O = pick(1, 70), .groups = 1};
        s.kh = windows[pick(0, 4)];
        s.kw = windows[pick(0, 4)];
        s.sh = pick(1, 3);
        s.sw = pick(1, 3);
        s.ph = pick(0, s.kh);
        s.pw = pick(0, s.kw);
        s.H = pick(s.kh, s.kh + 6);
        s.W = pick(s.kw, s.kw + 6);
        conv_check(MYE_CONV_DIRECT, s, pick(1, 5));
    }
}

static void convolution_agrees_for_every_tail_of_outputs_and_inputs(void **unused)
{
    MYE_UNUSED(unused);
    state = 2;
    for (int i = 1; i <= 68; i += STRIDE) {
        conv_check(MYE_CONV_DIRECT, square(3, 4, i, 3, 1, 1), 1);
        conv_check(MYE_CONV_DIRECT, square(i, 3, 5, 3, 1, 1), 2);
    }
}

static void convolution_agrees_for_groups(void **unused)
{
    MYE_UNUSED(unused);
    state = 3;
    for (int i = 0; i < 40; i += STRIDE) {
        const int groups = pick(2, 9), depthwise = pick(0, 1);
        const int per = depthwise ? 1 : pick(1, 9);
        mye_conv_shape s = square(groups * per, pick(3, 8), groups * (depthwise ? 1 : pick(1, 9)),
                                  pick(1, 3), pick(1, 2), pick(0, 1));
        s.groups = groups;
        conv_check(MYE_CONV_DIRECT, s, pick(1, 4));
    }
}

static void dense_layers_agree_for_many_rows(void **unused)
{
    MYE_UNUSED(unused);
    state = 4;
    conv_check(MYE_CONV_DIRECT, square(784, 1, 10, 1, 1, 0), 5);
    conv_check(MYE_CONV_DIRECT, square(301, 1, 200, 1, 1, 0), 257);
    conv_check(MYE_CONV_DIRECT, square(7, 1, 3, 1, 1, 0), 1500);
    for (int n = 1; n < 40; n += STRIDE)
        conv_check(MYE_CONV_DIRECT, square(pick(1, 500), 1, pick(1, 100), 1, 1, 0), n);
}

static void large_images_are_cut_into_bands(void **unused)
{
    MYE_UNUSED(unused);
    state = 5;
    conv_check(MYE_CONV_DIRECT, square(64, 60, 8, 3, 1, 1), 1);
    conv_check(MYE_CONV_DIRECT, square(8, 61, 9, 5, 2, 2), 1);
    conv_check(MYE_CONV_DIRECT, square(2, 130, 4, 3, 3, 0), 2);
    conv_check(MYE_CONV_DIRECT, square(32, 14, 64, 3, 1, 1), 9);
    conv_check(MYE_CONV_DIRECT, square(160, 4, 170, 3, 1, 1), 20);
    conv_check(MYE_CONV_DIRECT, square(1, 28, 32, 3, 1, 1), 20);
}

static void strides_that_skip_taps_or_inputs_are_handled(void **unused)
{
    MYE_UNUSED(unused);
    state = 6;
    conv_check(MYE_CONV_DIRECT, square(5, 8, 6, 1, 2, 0), 3);  /* window smaller than the stride */
    conv_check(MYE_CONV_DIRECT, square(5, 9, 6, 2, 4, 0), 3);  /* inputs that no output sees     */
    conv_check(MYE_CONV_DIRECT, square(5, 12, 6, 2, 5, 0), 2); /* a rest at the right edge       */
    conv_check(MYE_CONV_DIRECT, square(4, 3, 6, 3, 2, 4), 2);  /* more padding than window       */
    conv_check(MYE_CONV_DIRECT, square(4, 2, 6, 1, 1, 3), 2);
    conv_check(MYE_CONV_DIRECT, (mye_conv_shape){3, 9, 4, 5, 0, 0, 1, 7, 3, 1, 0, 3, 1}, 2);
}

static void no_images_change_nothing(void **unused)
{
    MYE_UNUSED(unused);
    state = 7;
    conv_check(MYE_CONV_DIRECT, square(3, 4, 5, 3, 1, 1), 0);
}

static void tables_are_found_by_name_and_the_best_without_one(void **unused)
{
    const mye_kernels *all[8], *found;
    mye_error err;
    MYE_UNUSED(unused);
    mye_kernels_all(all);
    for (int i = 0; all[i]; i++) {
        assert_int_equal(mye_kernels_find(all[i]->name, &found, NULL), MYE_OK);
        assert_ptr_equal(found, all[i]);
        assert_int_equal(mye_kernels_find(NULL, &found, NULL), MYE_OK);
        if (!all[i + 1])
            assert_ptr_equal(found, all[i]);
    }
    assert_int_equal(mye_kernels_find("mmx", &found, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "mmx"));
    assert_non_null(strstr(err.hint, "base"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_agrees_with_the_reference_for_random_shapes),
        cmocka_unit_test(convolution_agrees_for_every_tail_of_outputs_and_inputs),
        cmocka_unit_test(convolution_agrees_for_groups),
        cmocka_unit_test(dense_layers_agree_for_many_rows),
        cmocka_unit_test(large_images_are_cut_into_bands),
        cmocka_unit_test(strides_that_skip_taps_or_inputs_are_handled),
        cmocka_unit_test(no_images_change_nothing),
        cmocka_unit_test(tables_are_found_by_name_and_the_best_without_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
