/* From responses of neurons to classes, and what neurons are taught for it: by hand. */
#include "synapse_support.h"

static mye_context *ctx;

static int open_context(void **state)
{
    (void)state;
    ctx = make_context(NULL);
    return 0;
}

static int close_context(void **state)
{
    (void)state;
    const size_t live = mye_context_live_bytes(ctx);
    mye_context_free(ctx);
    return live == 0 ? 0 : -1;
}

/* Class that a readout tells from 2 neurons for each of 3 classes (levels: from 6). */
static int decide(const char *readout, const double *v_max, const int32_t *count)
{
    double v[6];
    int32_t n[6], out[1] = {-1};
    memcpy(v, v_max, sizeof v);
    memcpy(n, count, sizeof n);
    ASSERT_OK(mye_synapse_classify(ctx, readout, 3, 6, 1, 1, &(mye_responses){v, n}, out, &err));
    return out[0];
}

static void a_vote_counts_neurons_that_reach_the_threshold(void **state)
{
    static const int32_t none[6] = {0};
    (void)state;
    /* 1, 2, 1 votes: though class 0 has more potential, and spikes are not looked at. */
    assert_int_equal(
        decide("vote", (double[]){9, 0.9, 1, 1.1, 0, 5}, (int32_t[]){9, 9, 0, 0, 9, 9}), 1);
    /* All silent: the largest mean of V_max. */
    assert_int_equal(decide("vote", (double[]){0.1, 0.2, 0.1, 0.1, 0.3, 0.1}, none), 2);
    /* 1 vote each, equal means: the first. */
    assert_int_equal(decide("vote", (double[]){2, 0, 1.5, 0.5, 1, 1 - 1e-9}, none), 0);
    /* 1 vote each, the second class has more. */
    assert_int_equal(decide("vote", (double[]){2, 0, 2, 0.5, 1, 0.9}, none), 1);
    assert_int_equal(decide("vote", (double[6]){0}, none), 0);
    /* A neuron at the threshold fires. */
    assert_int_equal(decide("vote", (double[]){0.9, 0.99, 0, 1, 0.9, 0.99}, none), 1);
}

static void vmax_takes_the_largest_mean(void **state)
{
    static const int32_t none[6] = {0};
    (void)state;
    assert_int_equal(decide("vmax", (double[]){1, 2, 0, 3.1, 1, 1}, none), 1);
    assert_int_equal(decide("vmax", (double[]){1, 2, 0, 3, 1, 2}, none),
                     0); /* the first of three */
    assert_int_equal(decide("vmax", (double[]){1, 1.5, 0, 3, 1, 2}, none), 1);
}

static void count_takes_the_most_spikes(void **state)
{
    static const double flat[6] = {1, 1, 1, 1, 1, 1};
    (void)state;
    assert_int_equal(decide("count", flat, (int32_t[]){3, 0, 1, 1, 0, 4}), 2);
    assert_int_equal(decide("count", flat, (int32_t[]){3, 1, 2, 2, 0, 4}), 0);
    assert_int_equal(
        decide("count", (double[]){1, 1, 1, 1.2, 1, 1.1}, (int32_t[]){3, 1, 2, 2, 0, 4}), 1);
    assert_int_equal(decide("count", flat, (int32_t[6]){0}), 0);
}

static void levels_are_rounded_means(void **state)
{
    static const double flat[6] = {0};
    static const struct {
        int sum, label;
    } known[] = {{0, 0}, {8, 0}, {9, 1}, {18, 1}, {26, 1}, {27, 2}, {36, 2}, {45, 2}, {900, 2}};
    (void)state;
    for (int i = 0; i < COUNT_OF(known); i++)
        for (int m = 0; m < 6; m++) { /* whoever fires */
            int32_t count[6] = {0};
            count[m] = known[i].sum - 3 * (known[i].sum >= 9);
            count[(m + 1) % 6] = 3 * (known[i].sum >= 9);
            assert_int_equal(decide("levels", flat, count), known[i].label);
        }
    assert_int_equal(decide("levels:step=1", flat, (int32_t[]){1, 1, 1, 0, 0, 0}), 1);
    assert_int_equal(decide("levels:step=1", flat, (int32_t[]){1, 1, 0, 0, 0, 0}), 0);
}

static void aims_are_those_of_the_label(void **state)
{
    static const struct {
        const char *readout;
        int32_t count[3][6];
    } known[] = {
        {"vote", {{1, 1, 0, 0, 0, 0}, {0, 0, 1, 1, 0, 0}, {0, 0, 0, 0, 1, 1}}},
        {"vmax", {{1, 1, 0, 0, 0, 0}, {0, 0, 1, 1, 0, 0}, {0, 0, 0, 0, 1, 1}}},
        {"count", {{3, 3, 0, 0, 0, 0}, {0, 0, 3, 3, 0, 0}, {0, 0, 0, 0, 3, 3}}},
        {"count:spikes=7", {{7, 7, 0, 0, 0, 0}, {0, 0, 7, 7, 0, 0}, {0, 0, 0, 0, 7, 7}}},
        {"levels", {{0, 0, 0, 0, 0, 0}, {3, 3, 3, 3, 3, 3}, {6, 6, 6, 6, 6, 6}}},
        {"levels:step=5", {{0, 0, 0, 0, 0, 0}, {5, 5, 5, 5, 5, 5}, {10, 10, 10, 10, 10, 10}}},
    };
    static const int32_t label[] = {2, 0, 1, 2};
    (void)state;
    for (int i = 0; i < COUNT_OF(known); i++) {
        int32_t count[24], decided[4];
        double v[24] = {0};
        ASSERT_OK(mye_synapse_aims(ctx, known[i].readout, 3, 6, 4, label, count, &err));
        for (int k = 0; k < 4; k++)
            assert_memory_equal(count + 6 * k, known[i].count[label[k]], sizeof known[i].count[0]);
        for (int x = 0; x < 24; x++)
            v[x] = count[x] > 0 ? 2 : 0.5;
        ASSERT_OK(mye_synapse_classify(ctx, known[i].readout, 3, 6, 1, 4,
                                       &(mye_responses){v, count}, decided, &err));
        assert_memory_equal(decided, label, sizeof label); /* what is taught is read */
    }
}

static void neurons_that_cannot_be_shared_out_are_refused(void **state)
{
    static const char *const readout[] = {"vote", "vmax", "count", "levels"};
    int32_t count[7] = {0}, out[1], label[] = {0};
    double v[7] = {0};
    mye_responses r = {v, count};
    (void)state;
    for (int i = 0; i < 3; i++) {
        ASSERT_FAILS(mye_synapse_classify(ctx, readout[i], 3, 7, 1, 1, &r, out, &err),
                     MYE_ERR_SHAPE, "wants as many neurons for each class, got 7 for 3");
        ASSERT_FAILS(mye_synapse_aims(ctx, readout[i], 3, 2, 1, label, count, &err), MYE_ERR_SHAPE,
                     "got 2 for 3");
    }
    ASSERT_OK(mye_synapse_classify(ctx, "levels", 3, 7, 1, 1, &r, out, &err));
    ASSERT_OK(mye_synapse_aims(ctx, "levels", 3, 1, 1, label, count, &err));
    for (int i = 0; i < 4; i++) {
        ASSERT_FAILS(mye_synapse_classify(ctx, readout[i], 0, 6, 1, 1, &r, out, &err),
                     MYE_ERR_SHAPE, "for 0");
        ASSERT_FAILS(mye_synapse_aims(ctx, readout[i], 2, 0, 1, label, count, &err), MYE_ERR_SHAPE,
                     "got 0");
        for (label[0] = -1; label[0] <= 3; label[0] += 4)
            ASSERT_FAILS(mye_synapse_aims(ctx, readout[i], 3, 6, 1, label, count, &err),
                         MYE_ERR_ARG, label[0] < 0 ? "label -1" : "label 3, expected 0 to 2");
        label[0] = 0;
        r = (mye_responses){NULL, count};
        ASSERT_FAILS(mye_synapse_classify(ctx, readout[i], 3, 6, 1, 1, &r, out, &err), MYE_ERR_ARG,
                     "got no V_max");
        r = (mye_responses){v, NULL};
        ASSERT_FAILS(mye_synapse_classify(ctx, readout[i], 3, 6, 1, 1, &r, out, &err), MYE_ERR_ARG,
                     "got no spikes");
        r.count = count;
    }
    ASSERT_FAILS(mye_synapse_classify(ctx, "softmax", 3, 6, 1, 1, &r, out, &err), MYE_ERR_ARG,
                 "unknown readout 'softmax'");
    ASSERT_FAILS(mye_synapse_aims(ctx, "count:spikes=0", 3, 6, 1, label, count, &err), MYE_ERR_ARG,
                 "spikes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vote_counts_neurons_that_reach_the_threshold),
        cmocka_unit_test(vmax_takes_the_largest_mean),
        cmocka_unit_test(count_takes_the_most_spikes),
        cmocka_unit_test(levels_are_rounded_means),
        cmocka_unit_test(aims_are_those_of_the_label),
        cmocka_unit_test(neurons_that_cannot_be_shared_out_are_refused),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
