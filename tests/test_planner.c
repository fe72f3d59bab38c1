/* Placing intervals of known lifetime: nothing alive at one time overlaps, and little is wasted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "myelin/myelin.h"
#include "net/graph.h"
#include "net/run_internal.h"

enum { MOST = 60 };

static int below(uint64_t draw, int n)
{
    return (int)mye_random_below(4, MYE_STREAM_TEST, draw, (uint64_t)n);
}

/* The largest sum of sizes alive at one tick. */
static size_t lower_bound(const mye_interval *x, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++) {
        size_t sum = 0;
        for (int k = 0; k < n; k++)
            if (x[k].first <= x[i].first && x[i].first <= x[k].last)
                sum += x[k].bytes;
        most = sum > most ? sum : most;
    }
    return most;
}

static void check_disjoint(const mye_interval *x, int n, size_t total)
{
    for (int i = 0; i < n; i++) {
        assert_true(x[i].offset + x[i].bytes <= total);
        for (int k = 0; k < i; k++) {
            const bool together = x[i].first <= x[k].last && x[k].first <= x[i].last;
            const bool overlap =
                x[i].offset < x[k].offset + x[k].bytes && x[k].offset < x[i].offset + x[i].bytes;
            assert_false(together && overlap);
        }
    }
}

static void what_lives_at_one_time_never_overlaps(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 200; round++) {
        mye_interval x[MOST] = {0}, again[MOST];
        int order[MOST];
        const int n = below(round * 1000, MOST + 1);
        for (int i = 0; i < n; i++) {
            const uint64_t draw = round * 1000 + 10 + (uint64_t)i * 3;
            x[i].first = below(draw, 100);
            x[i].last = x[i].first + below(draw + 1, 40);
            x[i].bytes = (size_t)below(draw + 2, 20) * 64;
        }
        memcpy(again, x, sizeof x);
        const size_t total = mye_planner_place(x, n, order);
        check_disjoint(x, n, total);
        assert_true(total >= lower_bound(x, n));
        assert_int_equal(mye_planner_place(again, n, order), total);
        for (int i = 0; i < n; i++)
            assert_int_equal(again[i].offset, x[i].offset);
    }
}

static void networks_take_little_more_than_what_lives_at_once(void **state)
{
    static const char *const nets[] = {"vgg11:width=0.25", "resnet20", "sew-resnet18:width=0.25"};
    static const char *const times[] = {
        "bptt", "bptt:keep=bf16", "bptt:checkpoint=node", "rate", "rate:mode=s", "sltt", "ottt"};
    (void)state;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(NULL, &ctx, NULL), MYE_OK);
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++)
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            mye_model_options mo = MYE_MODEL_OPTIONS;
            mo.net = nets[k];
            mo.C = 3;
            mo.H = mo.W = 32;
            mye_model *model = NULL;
            mye_run *run = NULL;
            const mye_run_options ro = {
                .time = times[i], .loss = "ce_mean", .T = 4, .B = 8, .training = true};
            assert_int_equal(mye_model_create(ctx, &mo, &model, NULL), MYE_OK);
            assert_int_equal(mye_run_create(ctx, model, &ro, &run, NULL), MYE_OK);
            const double least = (double)lower_bound(run->interval, run->n_intervals);
            check_disjoint(run->interval, run->n_intervals, run->arena_bytes);
            if ((double)run->arena_bytes > 1.15 * least)
                fail_msg("%s, %s: %zu bytes, at least %g", nets[k], times[i], run->arena_bytes,
                         least);
            mye_run_free(run);
            mye_model_free(model);
        }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lives_at_one_time_never_overlaps),
        cmocka_unit_test(networks_take_little_more_than_what_lives_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
