/* The phase code of images: spikes at peaks of oscillations. */
#include "image_support.h"

static void a_spike_waits_for_the_next_peak_of_its_oscillation(void **state)
{
    /* Four columns: phases 0, 2.5, 5 and 7.5 ms; latencies in two rows. */
    const float value[] = {1,     1,     1, 1,       /* 0 ms: the first peaks          */
                           0.75f, 0.75f, 0, 0.925f}; /* 25, 25, none, 7.5 ms: on a peak */
    const int32_t unit[] = {0, 1, 2, 3, 4, 5, 7};
    const double t_ms[] = {0, 2.5, 5, 7.5, 30, 32.5, 7.5};
    mye_spike spike[8];
    double window_ms;
    (void)state;
    assert_int_equal(encode_maps("phase", (mye_maps){1, 2, 4}, value, spike, &window_ms), 7);
    for (int k = 0; k < 7; k++) {
        assert_int_equal(spike[k].unit, unit[k]);
        assert_true(spike[k].c == 1);
        assert_true(fabs(spike[k].t_ms - t_ms[k]) < 1e-5 || k == 6);
    }
    /* 0.925 is no binary fraction: its latency lies to one side of the peak. */
    assert_true(fabs(spike[6].t_ms - 7.5) < 1e-5 || fabs(spike[6].t_ms - 17.5) < 1e-5);
    assert_true(window_ms == 110);
}

/* Place and value can be read back from the time. */
static void phase_tells_the_place_and_period_the_value(void **state)
{
    enum { N = 64 };
    float value[N];
    mye_spike spike[N];
    double window_ms;
    (void)state;
    for (int i = 0; i < N; i++)
        value[i] = 0.06f + 0.014f * (float)i;
    const int64_t n =
        encode_maps("phase:share=row,period=8,T=64", (mye_maps){1, 8, 8}, value, spike, &window_ms);
    assert_int_equal(n, N);
    for (int i = 0; i < N; i++) {
        const double phase_ms = fmod(spike[i].t_ms, 8), latency_ms = 64 * (1 - (double)value[i]);
        assert_true(fabs(phase_ms - i / 8) < 1e-9);
        assert_true(spike[i].t_ms >= latency_ms && spike[i].t_ms < latency_ms + 8);
        assert_true(spike[i].t_ms <= window_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spike_waits_for_the_next_peak_of_its_oscillation),
        cmocka_unit_test(phase_tells_the_place_and_period_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
