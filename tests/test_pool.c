#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "cmocka_all.h"

#define SHARDS 1000

static mye_context *context(int threads)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    mye_context *ctx;
    mye_error err;
    if (mye_context_create(&options, &ctx, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return ctx;
}

typedef struct job {
    int runs[SHARDS];
    float part[SHARDS];
    atomic_int in_lane[256];
    atomic_bool wrong;
    int n_lanes;
    bool slow;
} job;

static void work(void *arg, int shard, int lane)
{
    job *j = arg;
    if (lane < 0 || lane >= j->n_lanes || atomic_fetch_add(&j->in_lane[lane], 1) != 0) {
        atomic_store(&j->wrong, true);
        return;
    }
    if (j->slow)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    float sum = 0;
    for (int i = 0; i < 100; i++)
        sum += mye_random_uniform(1, MYE_STREAM_TEST, (uint64_t)(shard * 100 + i));
    j->part[shard] = sum;
    j->runs[shard]++;
    atomic_fetch_sub(&j->in_lane[lane], 1);
}

static float run(int threads, int n_shards)
{
    static job j;
    memset(&j, 0, sizeof j);
    mye_context *ctx = context(threads);
    j.n_lanes = threads;
    mye_parallel(ctx, n_shards, work, &j);
    mye_context_free(ctx);
    assert_false(atomic_load(&j.wrong));
    float sum = 0;
    for (int i = 0; i < SHARDS; i++) {
        assert_int_equal(j.runs[i], i < n_shards);
        sum += j.part[i];
    }
    return sum;
}

static void the_result_is_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    const float one = run(1, SHARDS);
    for (int threads = 2; threads <= 9; threads++) {
        const float many = run(threads, SHARDS);
        assert_memory_equal(&one, &many, sizeof one);
    }
}

static void zero_one_and_few_shards_run_exactly_once(void **state)
{
    (void)state;
    assert_true(run(4, 0) == 0);
    for (int n = 1; n <= 5; n++)
        run(4, n);
}

/* Shards far longer than the time that threads spin: the caller must sleep and be woken. */
static void slow_shards_let_the_caller_sleep_and_wake(void **state)
{
    static job j;
    (void)state;
    mye_context *ctx = context(3);
    j.n_lanes = 3;
    j.slow = true;
    for (int i = 0; i < 20; i++)
        mye_parallel(ctx, 5, work, &j);
    mye_context_free(ctx);
    for (int i = 0; i < SHARDS; i++)
        assert_int_equal(j.runs[i], i < 5 ? 20 : 0);
}

static void count(void *arg, int shard, int lane)
{
    (void)lane;
    ((int *)arg)[shard]++;
}

static void many_tiny_jobs_of_changing_size_lose_no_shard(void **state)
{
    enum { JOBS = 20000, WIDTH = 8 };
    int runs[WIDTH] = {0}, expected[WIDTH] = {0};
    (void)state;
    for (int threads = 2; threads <= 4; threads++) {
        mye_context *ctx = context(threads);
        for (int i = 0; i < JOBS; i++) {
            const int n = i % (WIDTH + 1);
            mye_parallel(ctx, n, count, runs);
            for (int k = 0; k < n; k++)
                expected[k]++;
            if (i % 1000 == 0) /* long enough for the workers to fall asleep */
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        mye_context_free(ctx);
    }
    assert_memory_equal(runs, expected, sizeof runs);
}

static void two_contexts_share_nothing(void **state)
{
    int a[SHARDS] = {0}, b[SHARDS] = {0};
    (void)state;
    mye_context *one = context(2), *two = context(3);
    mye_parallel(one, SHARDS, count, a);
    mye_parallel(two, SHARDS, count, b);
    mye_context_cancel(one);
    assert_true(mye_context_cancelled(one));
    assert_false(mye_context_cancelled(two));
    mye_context_resume(one);
    assert_false(mye_context_cancelled(one));
    mye_context_free(one);
    mye_context_free(two);
    assert_memory_equal(a, b, sizeof a);
}

static void threads_out_of_range_are_refused_in_one_sentence(void **state)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_context *ctx;
    mye_error err;
    (void)state;
    options.threads = -1;
    assert_int_equal(mye_context_create(&options, &ctx, &err), MYE_ERR_ARG);
    assert_null(ctx);
    assert_string_equal(err.message, "threads wants a whole number in [0, 256], got -1");
    options.threads = 257;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_ERR_ARG);
    ctx = context(0);
    assert_in_range(mye_context_threads(ctx), 1, 256);
    mye_context_free(ctx);
    mye_context_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_is_the_same_for_any_number_of_threads),
        cmocka_unit_test(zero_one_and_few_shards_run_exactly_once),
        cmocka_unit_test(slow_shards_let_the_caller_sleep_and_wake),
        cmocka_unit_test(many_tiny_jobs_of_changing_size_lose_no_shard),
        cmocka_unit_test(two_contexts_share_nothing),
        cmocka_unit_test(threads_out_of_range_are_refused_in_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
