/* Ears on a spectrum made by hand. */
#include "sound_support.h"
#include "synapse/ear.h"

#define FRAMES 5
#define BANDS  4

/* Rows are frames. */
static float by_hand[FRAMES * BANDS] = {
    0.1F, 0.2F, 0.1F, 0.0F, /**/ 0.4F, 0.9F, 0.5F,      0.0F, /**/ 0.2F, 0.4F,
    0.6F, 0.0F, 0.1F, 0.3F, 0.2F,      0.0F, /**/ 0.0F, 0.0F, 0.35F,     0.3F,
};

static mye_heard listen(mye_context *ctx, const char *text, int taps)
{
    const mye_spectrum s = {ctx, FRAMES, BANDS, 10, NULL, by_hand};
    mye_heard heard = {.ctx = ctx, .taps = taps, .tap_ms = 5};
    mye_method m = {0};

    ASSERT_OK(mye_method_parse(ctx, &mye_kind_ear, text, &m, &err));
    ASSERT_OK(((const mye_ear_type *)m.entry)->hear(m.options, &s, &heard, &err));
    mye_method_free(ctx, &m);
    return heard;
}

typedef struct expected {
    double t;
    int unit;
    double c;
} expected;

static void check_ear(const char *text, const expected *want, int n)
{
    mye_context *ctx = make_context(NULL);
    mye_heard h = listen(ctx, text, 1);

    if (h.n != n)
        fail_msg("%s: %lld spikes, expected %d", text, (long long)h.n, n);
    for (int i = 0; i < n; i++) {
        const mye_spike s = h.spike[i];
        if (s.t_ms != want[i].t || s.unit != want[i].unit || fabs((double)s.c - want[i].c) > 1e-6)
            fail_msg("%s: spike %d is (%g, %d, %g)", text, i, s.t_ms, s.unit, (double)s.c);
    }
    mye_free(ctx, h.spike);
    mye_context_free(ctx);
}

static void key_points_are_peaks_of_time_or_band(void **state)
{
    const expected either[] = {{10, 0, 0.4}, {10, 1, 0.9},  {20, 2, 0.6},
                               {30, 1, 0.3}, {40, 2, 0.35}, {40, 3, 0.3}};
    const expected both[] = {{10, 1, 0.9}, {20, 2, 0.6}};
    const expected split[] = {{10, 0, 0.4}, {10, 1, 0.9}, {10, 5, 0.9},  {20, 2, 0.6},
                              {20, 6, 0.6}, {30, 5, 0.3}, {40, 6, 0.35}, {40, 3, 0.3}};
    const expected all[] = {{10, 1, 0.9}, {10, 2, 0.5}, {20, 2, 0.6}};

    (void)state;
    check_ear("keypoint:scale=1", either, 6);
    check_ear("keypoint:scale=1,peaks=both", both, 2);
    check_ear("keypoint:scale=1,peaks=split", split, 8);
    check_ear("keypoint:scale=1,near=0,threshold=0.5", all, 3);
    check_ear("keypoint:scale=0.5,threshold=0.9", (const expected[]){{10, 1, 1.8}}, 1);
}

static void other_ears_by_hand(void **state)
{
    const expected dense[] = {{10, 1, 0.9}, {10, 2, 0.5}, {20, 2, 0.6}};
    const expected onset[] = {{10, 1, 0.7}, {20, 5, 0.5}};
    const expected segments[] = {{0, 0, 0.6 / 2.5},  {0, 1, 1.3 / 2.5},  {0, 2, 0.9 / 2.5},
                                 {25, 4, 0.2 / 2.5}, {25, 5, 0.5 / 2.5}, {25, 6, 0.85 / 2.5},
                                 {25, 7, 0.3 / 2.5}};

    (void)state;
    check_ear("dense:scale=1,threshold=0.5", dense, 3);
    check_ear("onset:scale=1,lag=1,step=0.45", onset, 2);
    check_ear("segments:scale=1,parts=2,time=real", segments, 7);
}

static void taps_are_delayed_copies(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_heard h = listen(ctx, "keypoint:threshold=0.9", 3);

    (void)state;
    assert_int_equal(h.n, 3);
    for (int k = 0; k < 3; k++) {
        assert_true(h.spike[k].t_ms == 10 + 5 * k && h.spike[k].unit == 3 + k);
        assert_true(fabs((double)h.spike[k].c - 0.9 / 0.7) < 1e-6);
    }
    mye_free(ctx, h.spike);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_points_are_peaks_of_time_or_band),
        cmocka_unit_test(other_ears_by_hand),
        cmocka_unit_test(taps_are_delayed_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
