/* Teaching of groups that is refused, fails or is stopped. */
#include <pthread.h>

#include "synapse_support.h"

static void shapes_and_aims_that_do_not_fit_are_refused(void **state)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_patterns *other = NULL;
    static int32_t count[B_PATTERNS * B_NEURONS];
    bench b;
    (void)state;
    bench_open(&b, 1, &options);
    ASSERT_OK(mye_patterns_create(b.ctx, B_UNITS + 1, 2, &other, &err));
    const mye_aims aims = {b.count, NULL, NULL};
    ASSERT_FAILS(mye_synapse_train(b.s, other, &aims, NULL, &b.result, &err), MYE_ERR_SHAPE,
                 "neurons with 60 afferents cannot read patterns of 61");
    ASSERT_FAILS(mye_synapse_respond(b.s, other, &(mye_responses){NULL, count}, &err),
                 MYE_ERR_SHAPE, "patterns of 61");
    mye_patterns_free(other);
    b.count[2 * B_NEURONS + 3] = -1;
    ASSERT_FAILS(bench_train(&b, NULL, &err), MYE_ERR_ARG,
                 "pattern 2 wants -1 spikes of neuron 3, expected 0 to 4096");
    b.count[2 * B_NEURONS + 3] = 4097;
    ASSERT_FAILS(bench_train(&b, NULL, &err), MYE_ERR_ARG, "wants 4097 spikes");
    assert_true(b.result.curve == NULL && b.result.epochs == 0);
    bench_close(&b);
    options.rule = "psd";
    bench_open(&b, 1, &options);
    ASSERT_FAILS(bench_train(&b, NULL, &err), MYE_ERR_ARG, "rule 'psd' wants the times of spikes");
    bench_close(&b);
}

static void times_that_do_not_rise_are_refused(void **state)
{
    static const double bad[][2] = {{3, 2}, {NAN, 2}, {1, NAN}, {-1, 2}, {1, INFINITY}};
    static int64_t first[B_PATTERNS * B_NEURONS];
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    (void)state;
    options.rule = "psd";
    options.epochs = 1;
    for (int k = 0; k < COUNT_OF(bad); k++) {
        bench b;
        bench_open(&b, 1, &options);
        memset(b.count, 0, sizeof b.count);
        b.count[B_NEURONS + 2] = 2;
        ASSERT_FAILS(mye_synapse_train(b.s, b.set, &(mye_aims){b.count, first, bad[k]}, NULL,
                                       &b.result, &err),
                     MYE_ERR_ARG, "pattern 1 wants spike");
        ASSERT_OK(mye_synapse_train(b.s, b.set, &(mye_aims){b.count, first, (const double[]){2, 2}},
                                    NULL, &b.result, &err));
        bench_close(&b);
    }
}

/* What a rule does not want may be missing, or half there. */
static void rules_on_numbers_do_not_look_at_times(void **state)
{
    const double no_times[] = {NAN};
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    bench b;
    (void)state;
    options.epochs = 1;
    bench_open(&b, 1, &options);
    ASSERT_OK(
        mye_synapse_train(b.s, b.set, &(mye_aims){b.count, NULL, no_times}, NULL, &b.result, &err));
    bench_close(&b);
}

static void weights_that_are_no_numbers_are_told(void **state)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    bench b;
    (void)state;
    bench_open(&b, 2, &options);
    mye_synapse_weights(b.s)[2 * B_UNITS + 5] = NAN;
    ASSERT_FAILS(bench_train(&b, NULL, &err), MYE_ERR_NUMERIC,
                 "weight 5 of neuron 2 is no number after epoch 1");
    bench_close(&b);
    options.lambda = 1e308;
    options.batch = 4;
    bench_open(&b, 2, &options);
    ASSERT_FAILS(bench_train(&b, NULL, &err), MYE_ERR_NUMERIC, "a smaller lambda may help");
    assert_null(b.result.curve);
    bench_close(&b);
}

static void cancel_at_progress(void *user, const mye_progress *p)
{
    assert_true(p->done >= 1 && p->total == 1000000);
    mye_context_cancel(user);
}

static void *cancel_soon(void *ctx)
{
    usleep(30000);
    mye_context_cancel(ctx);
    return NULL;
}

/* Aims that cannot be met: the same pattern twice, with different numbers. */
static void teaching_can_be_stopped(void **state)
{
    static const int64_t twice[] = {0, 0};
    (void)state;
    for (int k = 0; k < 4; k++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        mye_patterns *same = NULL;
        mye_callbacks callbacks = {.progress = cancel_at_progress};
        pthread_t thread;
        bench b;
        options.epochs = 1000000;
        options.batch = k % 2 ? 2 : 1;
        bench_open(&b, 2, &options);
        callbacks.user = b.ctx;
        ASSERT_OK(mye_patterns_choose(b.set, twice, 2, &same, &err));
        mye_patterns_free(b.set);
        b.set = same;
        for (int i = 0; i < 2 * B_NEURONS; i++)
            b.count[i] = i < B_NEURONS;
        if (k > 1)
            assert_int_equal(pthread_create(&thread, NULL, cancel_soon, b.ctx), 0);
        ASSERT_FAILS(bench_train(&b, k > 1 ? NULL : &callbacks, &err), MYE_ERR_CANCELLED,
                     "teaching was stopped in epoch");
        if (k > 1)
            pthread_join(thread, NULL);
        assert_null(b.result.curve);
        ASSERT_FAILS(mye_synapse_respond(b.s, b.set, &(mye_responses){NULL, b.count}, &err),
                     MYE_ERR_CANCELLED, "stopped");
        mye_context_resume(b.ctx);
        ASSERT_OK(mye_synapse_respond(b.s, b.set, &(mye_responses){NULL, b.count}, &err));
        bench_close(&b);
    }
}

static void sets_without_patterns_or_spikes_are_learned_at_once(void **state)
{
    for (int k = 0; k < 4; k++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        mye_patterns *set = NULL;
        bench b;
        (void)state;
        options.batch = 1 + k / 2;
        bench_open(&b, 2, &options);
        ASSERT_OK(mye_patterns_create(b.ctx, B_UNITS, 1, &set, &err));
        for (int i = 0; k % 2 && i < 3; i++)
            ASSERT_OK(mye_patterns_add(set, &(mye_pattern){NULL, 0, 5, 0, 0}, &err));
        mye_patterns_free(b.set);
        b.set = set;
        memset(b.count, 0, sizeof b.count);
        ASSERT_OK(bench_train(&b, NULL, &err));
        assert_true(b.result.converged && b.result.epochs == 1 && b.result.curve[0].wrong == 0);
        ASSERT_OK(mye_synapse_respond(b.s, b.set, &(mye_responses){NULL, b.count}, &err));
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_and_aims_that_do_not_fit_are_refused),
        cmocka_unit_test(times_that_do_not_rise_are_refused),
        cmocka_unit_test(rules_on_numbers_do_not_look_at_times),
        cmocka_unit_test(weights_that_are_no_numbers_are_told),
        cmocka_unit_test(teaching_can_be_stopped),
        cmocka_unit_test(sets_without_patterns_or_spikes_are_learned_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
