/* The exact simulation: numbers of the specification (T2, T3, T4, T5b), and edges. */
#include "synapse_support.h"

static void check_spikes(const mye_walk *walk, int n, const double *t_ms, double within)
{
    assert_int_equal(walk->n, n);
    for (int i = 0; i < n; i++)
        ASSERT_NEAR(walk->spike[i].t_ms, t_ms[i], within / 10);
}

/* One spike of coefficient c through the weight w at t. */
static void stand_single(stand *s, const char *psp, double t, double w, float c)
{
    const mye_spike one = {t, c, 0};
    stand_open(s, psp, "tempotron", 1, 1);
    s->w[0] = w;
    stand_show(s, &one, 1, 0);
}

/* ---- numbers of the specification ---- */

static void a_coefficient_lifts_the_peak(void **state)
{
    const mye_spike three[] = {{10, 1, 0}, {10, 1, 0}, {10, 1, 0}};
    stand s;
    double v, first;
    (void)state;
    stand_single(&s, "double-exp", 10, 0.4, 3);
    ASSERT_NEAR(mye_reader_maximum(s.r, &v), 19.2419624075, 1e-9);
    ASSERT_NEAR(v, 1.2, 1e-12);
    check_spikes(stand_walk(&s, 1, false), 1, (double[]){14.543299876}, 1e-8);
    first = s.r->walk.spike[0].t_ms;
    stand_show(&s, three, 3, 0);
    check_spikes(stand_walk(&s, 1, false), 1, &first, 0);
    stand_close(&s);
    stand_single(&s, "double-exp", 10, 0.4, 2.4f);
    ASSERT_NEAR((mye_reader_maximum(s.r, &v), v), 0.96, 1e-7);
    assert_int_equal(stand_walk(&s, 1, true)->n, 0);
    ASSERT_NEAR(s.r->walk.peak, v, 1e-12);
    stand_close(&s);
}

static void closed_form_of_spike_and_next_maximum(void **state)
{
    static const double known[][4] = {{1.2, 7.016011914, 0.594948974, 20.878955526},
                                      {2, 3.166943676, 1.457106781, 17.029887288},
                                      {3, 1.924749802, 2.474744871, 15.787693413}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        stand s;
        stand_single(&s, "double-exp:tau_m=20,tau_s=10", 0, known[i][0], 1);
        const mye_walk *w = stand_walk(&s, 1, true);
        ASSERT_NEAR(w->spike[0].t_ms, -20 * log((1 + sqrt(1 - 1 / known[i][0])) / 2), 1e-12);
        ASSERT_NEAR(w->spike[0].t_ms, known[i][1], 1e-9);
        ASSERT_NEAR(w->spike[0].top, known[i][0], 1e-12);
        ASSERT_NEAR(w->spike[0].top_ms, 20 * log(2), 1e-12);
        assert_true((w->n > 1) == (i > 0));
        ASSERT_NEAR(i > 0 ? w->spike[1].top : w->peak, known[i][2], 1e-9);
        ASSERT_NEAR(i > 0 ? w->spike[1].top_ms : w->peak_ms, known[i][3], 1e-9);
        stand_close(&s);
    }
}

static void pattern_q_has_the_potential_of_the_specification(void **state)
{
    static const double known[][2] = {
        {10, 0.472201160}, {20, 1.469410823}, {50, 1.839599219}, {70, 2.146482278}};
    stand s;
    double v;
    (void)state;
    stand_q(&s, "double-exp", "tempotron", 1);
    ASSERT_NEAR(mye_reader_maximum(s.r, &v), 41.005696, 1e-7);
    ASSERT_NEAR(v, 2.313232076, 1e-9);
    for (int i = 0; i < COUNT_OF(known); i++)
        ASSERT_NEAR(defined_v(s.r->psp, q_spikes, Q_SPIKES, q_weights, 1, NULL, known[i][0]),
                    known[i][1], 1e-9);
    stand_close(&s);
}

static void pattern_q_has_the_spikes_of_the_specification(void **state)
{
    static const double at_1[] = {15.463568, 33.140450, 37.586578, 65.000529, 70.781801};
    static const double at_half[] = {11.602829, 15.095941, 17.543002, 23.715847,
                                     33.147497, 35.545375, 37.359393, 40.371786,
                                     63.089942, 65.278170, 67.222673, 70.650193};
    static const double ordinary[] = {15.542281, 20.075149, 33.026772,
                                      35.648641, 39.073186, 66.306964};
    mye_spike unit[Q_SPIKES];
    int n = 0;
    stand s;
    double v;
    (void)state;
    stand_q(&s, "double-exp", "tempotron", 1);
    check_spikes(stand_walk(&s, 1, false), 5, at_1, 1e-6);
    check_spikes(stand_walk(&s, 0.5, false), 12, at_half, 1e-6);
    for (int i = 0; i < Q_SPIKES; i++)
        if (i == 0 || q_spikes[i].t_ms > q_spikes[i - 1].t_ms)
            unit[n++] = (mye_spike){q_spikes[i].t_ms, 1, q_spikes[i].unit};
    stand_show(&s, unit, n, 200);
    ASSERT_NEAR((mye_reader_maximum(s.r, &v), v), 1.659239154, 1e-9);
    check_spikes(stand_walk(&s, 0.5, false), 6, ordinary, 1e-6);
    stand_close(&s);
}

static void impulses_fire_at_events_and_several_times(void **state)
{
    static const double at_1[] = {15, 35, 62}, at_half[] = {5, 12, 15, 30, 35, 35, 62, 62, 65};
    stand s;
    double v;
    (void)state;
    stand_q(&s, "exp", "tempotron", 1);
    assert_true(mye_reader_maximum(s.r, &v) == 35);
    ASSERT_NEAR(v, 1.967635195, 1e-9);
    check_spikes(stand_walk(&s, 1, false), 3, at_1, 0);
    check_spikes(stand_walk(&s, 0.5, false), 9, at_half, 0);
    stand_close(&s);
}

/* ---- edges ---- */

static void an_empty_pattern_and_silent_spikes_are_seen_by_no_one(void **state)
{
    const mye_spike silent[] = {{3, 0, 0}, {4, 0, 1}, {4, -0.0f, 1}};
    const char *const psp[] = {"double-exp", "exp"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        double v = 5, g[2], theta, t_ms;
        int touch;
        stand s;
        stand_open(&s, psp[i % 2], "mst", 1, 2);
        s.w[0] = s.w[1] = 9;
        stand_show(&s, silent, i < 2 ? 0 : 3, i < 2 ? 0 : 50);
        assert_int_equal(stand_walk(&s, 1, true)->n, 0);
        assert_true(s.r->walk.peak_ms < 0 && s.r->walk.peak == 0);
        assert_true(mye_reader_maximum(s.r, &v) < 0 && v == 0);
        assert_false(mye_reader_critical(s.r, 1, 1e-9, &theta, &touch, &t_ms));
        assert_int_equal(stand_learn(&s, 0, NULL, g), MYE_RIGHT);
        assert_true(g[0] == 0 && g[1] == 0);
        stand_close(&s);
    }
}

/* Together they do not lift V; one after the other they would fire, or leave a kink. */
static void spikes_of_one_time_are_one_event(void **state)
{
    const mye_spike spike[] = {{10, 1, 0}, {14, -3, 0}, {14, 3, 1}, {14, 3, 0}, {14, -3, 1}};
    const char *const psp[] = {"double-exp", "exp"};
    (void)state;
    for (int p = 0; p < 2; p++) {
        double peak, v;
        stand s;
        stand_open(&s, psp[p], "mst", 1, 2);
        s.w[0] = s.w[1] = 0.75;
        stand_show(&s, spike, 1, 0);
        peak = stand_walk(&s, 1, true)->peak;
        stand_show(&s, spike, 5, 0);
        assert_int_equal(s.course.n, 2);
        assert_int_equal(stand_walk(&s, 1, true)->n, 0);
        assert_true(s.r->walk.peak == peak && s.r->walk.peak_ms == (p ? 10 : s.r->walk.peak_ms));
        assert_true((mye_reader_maximum(s.r, &v), v) == peak);
        mye_walk_along(&s.course, s.r->psp, s.r->drive, 0.7, 9, true, &s.r->walk);
        assert_int_equal(s.r->walk.n, 1);
        stand_close(&s);
    }
}

/* An input of s fires about s/theta times before it has decayed. */
static void many_spikes_fit_between_two_events(void **state)
{
    stand s;
    double last = 0, fired[MYE_WALK_SPIKES];
    (void)state;
    stand_single(&s, "double-exp", 10, 300, 1);
    const mye_walk *w = stand_walk(&s, 1, false);
    const int clock = clock_driven(s.r->psp, &(mye_spike){10, 1, 0}, 1, s.w, 1, s.course.end_ms,
                                   1e-4, fired, MYE_WALK_SPIKES);
    assert_true(w->n > 300 && abs(w->n - clock) <= 1);
    for (int i = 0; i < w->n; i++) {
        assert_true(w->spike[i].t_ms > last && w->spike[i].top_ms >= w->spike[i].t_ms);
        assert_true(i >= clock || fabs(w->spike[i].t_ms - fired[i]) < 0.02);
        last = w->spike[i].t_ms;
    }
    assert_int_equal(stand_walk(&s, 1e-4, true)->n, MYE_WALK_SPIKES);
    mye_walk_along(&s.course, s.r->psp, s.r->drive, 1, 7, true, &s.r->walk);
    assert_int_equal(s.r->walk.n, 7);
    mye_walk_along(&s.course, s.r->psp, s.r->drive, 1, 0, true, &s.r->walk);
    assert_int_equal(s.r->walk.n, 0);
    stand_close(&s);
    stand_single(&s, "exp", 10, 5000, 1);
    assert_int_equal(stand_walk(&s, 1, false)->n, MYE_WALK_SPIKES);
    assert_int_equal(stand_walk(&s, 1e-300, false)->n, MYE_WALK_SPIKES);
    stand_close(&s);
}

/* exp(t / tau) would be infinite from 7 s on; twins far apart fire alike. */
static void long_patterns_do_not_overflow(void **state)
{
    const double far = 1e6;
    mye_spike spike[2 * Q_SPIKES];
    const char *const psp[] = {"double-exp", "exp"};
    (void)state;
    for (int p = 0; p < 2; p++) {
        stand s;
        stand_q(&s, psp[p], "mst", 1);
        for (int i = 0; i < 2 * Q_SPIKES; i++) {
            spike[i] = q_spikes[i % Q_SPIKES];
            spike[i].t_ms += i < Q_SPIKES ? 0 : far;
        }
        stand_show(&s, spike, 2 * Q_SPIKES, 2 * far);
        const mye_walk *w = stand_walk(&s, 0.5, true);
        const int half = w->n / 2;
        assert_int_equal(w->n, p ? 18 : 24);
        for (int i = 0; i < half; i++)
            ASSERT_NEAR(w->spike[half + i].t_ms - far, w->spike[i].t_ms, 1e-9);
        assert_true(s.course.end_ms == 2 * far);
        stand_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coefficient_lifts_the_peak),
        cmocka_unit_test(closed_form_of_spike_and_next_maximum),
        cmocka_unit_test(pattern_q_has_the_potential_of_the_specification),
        cmocka_unit_test(pattern_q_has_the_spikes_of_the_specification),
        cmocka_unit_test(impulses_fire_at_events_and_several_times),
        cmocka_unit_test(an_empty_pattern_and_silent_spikes_are_seen_by_no_one),
        cmocka_unit_test(spikes_of_one_time_are_one_event),
        cmocka_unit_test(many_spikes_fit_between_two_events),
        cmocka_unit_test(long_patterns_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
