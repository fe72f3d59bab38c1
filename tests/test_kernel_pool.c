/* Max pooling's backward kernel of every instruction set against the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "kernel/kernel.h"

static float *numbers(size_t n, uint64_t seed, int levels)
{
    float *x = malloc((n + 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)mye_random_below(seed, MYE_STREAM_TEST, i, (uint64_t)levels);
    return x;
}

/* Few levels make many ties, which go to the first element. */
static void every_table_routes_like_the_reference(void **state)
{
    (void)state;
    const mye_kernels *tables[8];
    mye_kernels_all(tables);
    for (uint64_t i = 0; i < 400; i++) {
        const int64_t C = 1 + (int64_t)mye_random_below(1, MYE_STREAM_TEST, i, 70);
        const int rows = 1 + (int)mye_random_below(2, MYE_STREAM_TEST, i, 4);
        const int cols = 1 + (int)mye_random_below(3, MYE_STREAM_TEST, i, 4);
        const int64_t pitch = C * (cols + (int64_t)mye_random_below(4, MYE_STREAM_TEST, i, 3));
        const size_t n = (size_t)(pitch * rows);
        float *x = numbers(n, i, 2 + (int)(i % 3)), *g = numbers((size_t)C, i + 1000, 100);
        float *want = numbers(n, i + 2000, 50), *got = malloc((n + 1) * sizeof *got);
        float *before = malloc((n + 1) * sizeof *before);
        memcpy(before, want, n * sizeof *want);
        mye_kernels_ref.route_max(C, rows, cols, pitch, x, g, want, i % 2 == 0);
        for (int k = 0; tables[k] != NULL; k++) {
            memcpy(got, before, n * sizeof *got);
            tables[k]->route_max(C, rows, cols, pitch, x, g, got, i % 2 == 0);
            assert_memory_equal(got, want, n * sizeof *got);
        }
        free(x);
        free(g);
        free(want);
        free(got);
        free(before);
    }
}

/* All pixels of a window one by one are the window. */
static void one_pixel_gets_what_its_window_gives_it(void **state)
{
    (void)state;
    const mye_kernels *tables[8];
    mye_kernels_all(tables);
    for (uint64_t i = 0; i < 400; i++) {
        const int64_t C = 1 + (int64_t)mye_random_below(5, MYE_STREAM_TEST, i, 70);
        const int rows = 1 + (int)mye_random_below(6, MYE_STREAM_TEST, i, 3);
        const int cols = 1 + (int)mye_random_below(7, MYE_STREAM_TEST, i, 3);
        const int64_t pitch = C * (cols + 1);
        const size_t n = (size_t)(pitch * rows);
        float *x = numbers(n, i, 2 + (int)(i % 3)), *g = numbers((size_t)C, i + 1000, 100);
        float *want = numbers(n, 1, 2), *got = numbers((size_t)C, 1, 2);
        mye_kernels_ref.route_max(C, rows, cols, pitch, x, g, want, false);
        for (int k = 0; tables[k] != NULL; k++)
            for (int at = 0; at < rows * cols; at++) {
                tables[k]->route_one(C, C, rows, cols, pitch, at, x, g, got);
                assert_memory_equal(got, want + at / cols * pitch + at % cols * C,
                                    (size_t)C * sizeof *got);
            }
        free(x);
        free(g);
        free(want);
        free(got);
    }
}

static void every_table_spreads_to_the_winners(void **state)
{
    (void)state;
    const mye_kernels *tables[8];
    mye_kernels_all(tables);
    for (uint64_t i = 0; i < 400; i++) {
        const int64_t C = 1 + (int64_t)mye_random_below(8, MYE_STREAM_TEST, i, 70);
        const int64_t pixels = 1 + (int64_t)mye_random_below(9, MYE_STREAM_TEST, i, 20);
        const int repeat = 1 + (int)mye_random_below(10, MYE_STREAM_TEST, i, 3);
        const int first = (int)mye_random_below(11, MYE_STREAM_TEST, i, (uint64_t)repeat);
        const size_t n = (size_t)(pixels * C), words = n / 64 + 2;
        uint64_t *won = malloc(words * sizeof *won);
        for (size_t w = 0; w < words; w++)
            won[w] = mye_random_u64(i, MYE_STREAM_TEST, w);
        float *g = numbers((size_t)((first + pixels) * C), i + 1000, 100);
        float *want = numbers(n, 1, 2), *got = numbers(n, 1, 2);
        mye_kernels_ref.route_won(C, pixels, first, repeat, won, g, want);
        for (int k = 0; tables[k] != NULL; k++) {
            tables[k]->route_won(C, pixels, first, repeat, won, g, got);
            assert_memory_equal(got, want, n * sizeof *got);
        }
        free(won);
        free(g);
        free(want);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_table_routes_like_the_reference),
                                       cmocka_unit_test(one_pixel_gets_what_its_window_gives_it),
                                       cmocka_unit_test(every_table_spreads_to_the_winners)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
