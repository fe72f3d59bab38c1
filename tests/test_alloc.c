#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cmocka_all.h"
#include "failing.h"

static mye_context *ctx;

static int open_context(void **state)
{
    (void)state;
    return mye_context_create(&(mye_context_options){.threads = 1}, &ctx, NULL) == MYE_OK ? 0 : -1;
}

static int close_context(void **state)
{
    (void)state;
    const size_t live = mye_context_live_bytes(ctx);
    mye_context_free(ctx);
    return live == 0 ? 0 : -1;
}

static bool is_zero(const unsigned char *block, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (block[i] != 0)
            return false;
    return true;
}

static void blocks_are_zeroed_aligned_and_counted(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 63, 64, 65, 5000};
    void *block[6];
    size_t sum = 0;
    for (int i = 0; i < 6; i++) {
        block[i] = mye_alloc(ctx, sizes[i]);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % MYE_ALIGN, 0);
        assert_true(is_zero(block[i], sizes[i]));
        sum += sizes[i];
        assert_int_equal(mye_context_live_bytes(ctx), sum);
    }
    for (int i = 0; i < 6; i++)
        mye_free(ctx, block[i]);
    mye_free(ctx, NULL);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    assert_int_equal(mye_context_peak_bytes(ctx), sum);
}

static void sizes_that_overflow_give_null(void **state)
{
    (void)state;
    assert_null(mye_alloc(ctx, SIZE_MAX));
    assert_null(mye_alloc_big(ctx, SIZE_MAX - 10));
    assert_null(mye_alloc_array(ctx, SIZE_MAX / 2, 3));
    assert_null(mye_grow(ctx, NULL, 0, SIZE_MAX));
    void *block = mye_alloc_array(ctx, 7, 9);
    assert_int_equal(mye_context_live_bytes(ctx), 63);
    mye_free(ctx, block);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
}

static void big_blocks_are_writable_and_counted(void **state)
{
    const size_t bytes = ((size_t)9 << 20) + 5;
    (void)state;
    unsigned char *block = mye_alloc_big(ctx, bytes);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % MYE_ALIGN, 0);
    memset(block, 1, bytes);
    assert_int_equal(mye_context_live_bytes(ctx), bytes);
    mye_free(ctx, block);
    block = mye_alloc_big(ctx, 100);
    memset(block, 1, 100);
    mye_free(ctx, block);
}

static void growing_keeps_the_old_bytes_and_zeroes_the_new(void **state)
{
    (void)state;
    char *text = mye_strdup(ctx, "spike");
    text = mye_grow(ctx, text, 6, 1000);
    assert_string_equal(text, "spike");
    assert_true(is_zero((unsigned char *)text + 6, 994));
    text = mye_grow(ctx, text, 1000, 3);
    assert_memory_equal(text, "spi", 3);
    assert_int_equal(mye_context_live_bytes(ctx), 3);
    mye_free(ctx, text);
}

static void without_a_context_the_system_serves(void **state)
{
    (void)state;
    void *block = mye_alloc(NULL, 10);
    assert_true(is_zero(block, 10));
    mye_free(NULL, block);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
}

/* The same requests against an arena; the sum of sizes is what a plan would print. */
static void layout(mye_arena *arena, void *block[50])
{
    for (size_t i = 0; i < 50; i++)
        block[i] = mye_arena_take(arena, i * 13);
}

static void counted_arena_bytes_are_the_allocated_bytes(void **state)
{
    void *block[50];
    mye_arena count = {NULL, 0, 0};
    (void)state;
    layout(&count, block);
    for (int i = 0; i < 50; i++)
        assert_null(block[i]);

    mye_arena real = {mye_alloc_big(ctx, count.used), count.used, 0};
    assert_int_equal(mye_context_live_bytes(ctx), count.used);
    for (int round = 0; round < 2; round++) { /* an arena may be laid out again */
        real.used = 0;
        layout(&real, block);
        assert_int_equal(real.used, count.used);
        for (size_t i = 0; i < 50; i++) {
            assert_int_equal((uintptr_t)block[i] % MYE_ALIGN, 0);
            memset(block[i], (int)i, i * 13);
        }
        for (size_t i = 1; i < 50; i++)
            assert_int_equal(((unsigned char *)block[i])[i * 13 - 1], i);
    }
    mye_free(ctx, real.base);
}

static void a_count_that_overflows_stays_at_the_maximum(void **state)
{
    mye_arena arena = {NULL, 0, 0};
    (void)state;
    mye_arena_take(&arena, SIZE_MAX / 2);
    mye_arena_take(&arena, SIZE_MAX / 2 + 10);
    mye_arena_take(&arena, 1000);
    assert_int_equal(arena.used, SIZE_MAX);
    mye_arena_take(&arena, SIZE_MAX);
    assert_int_equal(arena.used, SIZE_MAX);
}

static void lanes_are_put_back_by_restoring_used(void **state)
{
    mye_lane lane = {mye_alloc(ctx, 1024), 1024, 0};
    (void)state;
    unsigned char *a = mye_lane_take(&lane, 100);
    const size_t mark = lane.used;
    unsigned char *b = mye_lane_take(&lane, 200);
    assert_ptr_equal(a, lane.base);
    assert_ptr_equal(b, lane.base + 128);
    lane.used = mark;
    assert_ptr_equal(mye_lane_take(&lane, 1024 - 128), b);
    mye_free(ctx, lane.base);
}

static void every_failing_allocation_of_a_context_is_reported(void **state)
{
    failing f = {0};
    const mye_allocator hooks = failing_hooks(&f);
    const mye_context_options options = {.threads = 3, .allocator = &hooks};
    mye_error err;
    (void)state;
    for (long n = 1;; n++) {
        mye_context *own;
        f = (failing){.fail_at = n};
        const mye_status status = mye_context_create(&options, &own, &err);
        if (status == MYE_OK) {
            assert_true(n > 2);
            mye_context_free(own);
            assert_int_equal(f.blocks, 0);
            break;
        }
        assert_int_equal(status, MYE_ERR_NOMEM);
        assert_non_null(strstr(err.message, "not enough memory for"));
        assert_null(own);
        assert_int_equal(f.blocks, 0);
    }
    assert_int_equal(mye_no_memory(&err, (size_t)3 << 30, "the weights"), MYE_ERR_NOMEM);
    assert_string_equal(err.message, "not enough memory for the weights (3.00 GiB)");
}

static void half_an_allocator_and_unknown_kernels_are_refused(void **state)
{
    const mye_allocator half = {failing_allocate, NULL, NULL};
    mye_context *own;
    mye_error err;
    (void)state;
    assert_int_equal(mye_context_create(&(mye_context_options){.allocator = &half}, &own, &err),
                     MYE_ERR_ARG);
    assert_string_equal(err.message, "allocator wants both allocate and release, got no release");
    assert_true(mye_context_create(&(mye_context_options){.kernels = "abacus"}, &own, &err) !=
                MYE_OK);
    assert_null(own);
    setenv("MYELIN_KERNELS", "abacus", 1);
    assert_true(mye_context_create(NULL, &own, &err) != MYE_OK);
    assert_string_equal(err.hint, "the name comes from the environment variable MYELIN_KERNELS");
    setenv("MYELIN_KERNELS", "ref", 1);
    assert_int_equal(mye_context_create(NULL, &own, &err), MYE_OK);
    assert_string_equal(mye_context_kernels(own), "ref");
    assert_non_null(mye_context_table(own));
    mye_context_free(own);
    unsetenv("MYELIN_KERNELS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_are_zeroed_aligned_and_counted, open_context,
                                        close_context),
        cmocka_unit_test_setup_teardown(sizes_that_overflow_give_null, open_context, close_context),
        cmocka_unit_test_setup_teardown(big_blocks_are_writable_and_counted, open_context,
                                        close_context),
        cmocka_unit_test_setup_teardown(growing_keeps_the_old_bytes_and_zeroes_the_new,
                                        open_context, close_context),
        cmocka_unit_test_setup_teardown(without_a_context_the_system_serves, open_context,
                                        close_context),
        cmocka_unit_test_setup_teardown(counted_arena_bytes_are_the_allocated_bytes, open_context,
                                        close_context),
        cmocka_unit_test(a_count_that_overflows_stays_at_the_maximum),
        cmocka_unit_test_setup_teardown(lanes_are_put_back_by_restoring_used, open_context,
                                        close_context),
        cmocka_unit_test(every_failing_allocation_of_a_context_is_reported),
        cmocka_unit_test(half_an_allocator_and_unknown_kernels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
