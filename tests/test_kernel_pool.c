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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_table_routes_like_the_reference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
