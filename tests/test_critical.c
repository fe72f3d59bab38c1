/* Critical thresholds and their gradients: numbers of the specification (T5, T5b), a scan of
 * thresholds, finite differences. */
#include "synapse_support.h"

static const mye_chain_mode whole = {true, true, true}, one_level = {true, false, true},
                            held = {false, false, true};

typedef struct row {
    double theta, t_ms;
    int earlier;
    double gradient[Q_UNITS];
} row;

static void check_rows(const char *psp, int n, const row *rows)
{
    stand s;
    stand_q(&s, psp, "mst", 1);
    for (int k = 1; k <= n; k++) {
        const row *want = &rows[k - 1];
        double theta, t_ms, g[Q_UNITS];
        int touch;
        assert_true(mye_reader_critical(s.r, k, 1e-13, &theta, &touch, &t_ms));
        ASSERT_NEAR(theta, want->theta, 1e-9);
        ASSERT_NEAR(t_ms, want->t_ms, 1e-6 / 41);
        assert_int_equal(touch, want->earlier);
        ASSERT_NEAR(stand_critical(&s, k, whole, g), want->theta, 1e-9);
        for (int i = 0; want->gradient[0] != 0 && i < Q_UNITS; i++)
            ASSERT_NEAR(g[i], want->gradient[i], 1e-6);
    }
    stand_close(&s);
}

static void pattern_q_has_the_thresholds_of_the_specification(void **state)
{
    static const row rows[] = {
        {2.313232076, 41.005696, 0, {1.706116, 0.201744, 3.306765, 1.358210}},
        {1.839680158, 71.615708, 1, {2.872944, 0.840666, 0.960439, 1.141008}},
        {1.492300616, 21.634208, 0, {1.268009, 0.465982, 1.998511, 0.957481}},
        {1.178543056, 44.377530, 2, {0.886344, 0.120448, 1.709252, 0.670639}},
        {1.036773351, 74.483100, 4, {1.583991, 0.457024, 0.585454, 0.637891}},
        {0.916948292, 45.632446, 3, {0.703629, 0.106179, 1.313355, 0.525452}},
    };
    (void)state;
    check_rows("double-exp", 6, rows);
}

static void impulses_have_the_thresholds_of_the_specification(void **state)
{
    static const row rows[] = {
        {1.967635195, 35, 0, {1.269256, 0.129620, 3.133274, 1.091749}},
        {1.484820038, 65, 1, {2.342623, 0.660374, 0.571589, 1.016737}},
        {1.309874373, 15, 0, {0}},
        {0.885733990, 35, 2, {0.571358, 0.058349, 1.410448, 0.491453}},
        {0.780035564, 65, 4, {0}},
        {0.703965582, 15, 1, {0}},
    };
    (void)state;
    check_rows("exp", 6, rows);
}

/* ---- finite differences ---- */

/* d theta*_k / dw along `d` by central differences. */
static double slope_along(stand *s, int k, const double *d, double h)
{
    double theta[2];
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < s->units; i++)
            s->w[i] += (side ? h : -h) * d[i];
        stand_face(s);
        theta[side] = stand_critical(s, k, whole, NULL);
        for (int i = 0; i < s->units; i++)
            s->w[i] -= (side ? h : -h) * d[i];
    }
    stand_face(s);
    return (theta[1] - theta[0]) / (2 * h);
}

static double whole_miss(stand *s, int k, double h)
{
    double g[100], miss[100], d[100] = {0};
    assert_true(s->units <= 100);
    stand_critical(s, k, whole, g);
    for (int i = 0; i < s->units; i++) {
        d[i] = 1;
        miss[i] = slope_along(s, k, d, h) - g[i];
        d[i] = 0;
    }
    return norm(s->units, miss) / norm(s->units, g);
}

static void the_gradient_of_q_is_that_of_finite_differences_and_no_other(void **state)
{
    static const double wrong_sign[] = {3.006, 0.912, 0.848, 1.130};
    static const char *const psp[] = {"double-exp", "exp"};
    double d[Q_UNITS] = {0};
    (void)state;
    for (int p = 0; p < 2; p++) {
        stand s;
        double worst = 0;
        stand_q(&s, psp[p], "mst", 1);
        for (int k = 1; k <= 9; k++)
            worst = fmax(worst, whole_miss(&s, k, 1e-6));
        print_message("%s: finite differences of q differ by %.2g of the norm\n", psp[p], worst);
        assert_true(worst < 1e-6);
        for (int i = 0; i < Q_UNITS && p == 0; i++) {
            d[i] = 1;
            assert_true(fabs(slope_along(&s, 2, d, 1e-6) - wrong_sign[i]) > 0.01);
            d[i] = 0;
        }
        stand_close(&s);
    }
}

/* N = 500, 5 Hz, 500 ms, c in [0, 2): along the gradient, and across it. */
static void gradients_of_large_patterns_are_those_of_finite_differences(void **state)
{
    enum { UNITS = 500, PATTERNS = 40 };
    static const int ks[] = {1, 2, 4, 8, 16};
    static mye_spike spike[SPIKES_MOST];
    static double g[UNITS], d[UNITS];
    double worst[5] = {0};
    (void)state;
    for (int p = 0; p < PATTERNS; p++) {
        stand s;
        stand_open(&s, "double-exp", "mst", 1, UNITS);
        draw_normals(100 + (uint64_t)p, UNITS, 0.01, 0.01, s.w);
        const int n = draw_spikes(100 + (uint64_t)p, UNITS, 5, 500, true, spike);
        stand_show(&s, spike, n, 500);
        for (int k = 0; k < 5; k++) {
            const double theta = stand_critical(&s, ks[k], whole, g), size = norm(UNITS, g);
            ASSERT_NEAR(dot(UNITS, s.w, g), theta, 1e-8); /* homogeneous in (w, theta) */
            for (int way = 0; way < 2; way++) {
                draw_normals(9000 + (uint64_t)p, UNITS, 0, 1 / sqrt(UNITS), d);
                const double along = way ? dot(UNITS, d, g) / size : 0;
                for (int i = 0; i < UNITS; i++)
                    d[i] = way ? d[i] - along * g[i] / size : g[i] / size;
                const double miss = slope_along(&s, ks[k], d, 1e-7) - dot(UNITS, d, g);
                worst[k] = fmax(worst[k], fabs(miss) / size);
            }
        }
        stand_close(&s);
    }
    for (int k = 0; k < 5; k++) {
        print_message("k = %d: off by %.2g of the norm at most\n", ks[k], worst[k]);
        assert_true(worst[k] < 1e-5);
    }
}

/* Every weight of small patterns, half of them negative: V often touches at an event. */
static void every_element_of_gradients_is_that_of_finite_differences(void **state)
{
    static const int ks[] = {1, 2, 3, 5, 8};
    static const char *const psp[] = {"double-exp", "exp"};
    static mye_spike spike[SPIKES_MOST];
    (void)state;
    for (int p = 0; p < 2; p++) {
        double worst = 0;
        int kinks = 0, cases = 0;
        for (uint64_t seed = 0; seed < 200; seed++) {
            stand s;
            stand_open(&s, psp[p], "mst", 1, 12);
            draw_normals(300 + seed, 12, 0.1, 0.5, s.w);
            stand_show(&s, spike, draw_spikes(300 + seed, 12, 10, 500, true, spike), 500);
            double theta, t_ms;
            int touch;
            const int k = ks[seed % 5];
            if (mye_reader_critical(s.r, k, 1e-13, &theta, &touch, &t_ms)) {
                bool is_kink = false;
                for (int64_t e = 0; e < s.course.n; e++)
                    is_kink = is_kink || mye_course_time(&s.course, e) == t_ms;
                kinks += is_kink;
                cases++;
                worst = fmax(worst, whole_miss(&s, k, 1e-6));
            }
            stand_close(&s);
        }
        print_message("%s: %d cases, %d at events: off by %.2g of the norm at most\n", psp[p],
                      cases, kinks, worst);
        assert_true(cases > 190 && kinks > 20 && worst < 1e-5);
    }
}

/* ---- what a threshold is ---- */

/* The largest theta of a scan that gives k spikes, for all k at once; [k] 0 where there is none. */
enum { SCAN_K = 12, SCAN_STEPS = 4000 };
static void scan(stand *s, double v_max, double *found)
{
    memset(found, 0, (SCAN_K + 1) * sizeof(double));
    for (int i = 0; i < SCAN_STEPS; i++) { /* from below: the last one stays */
        const double theta = v_max * pow(10, 0.5 * ((double)i / SCAN_STEPS - 1)) * 1.0000001;
        const int n = stand_walk(s, theta, false)->n;
        for (int k = 1; k <= SCAN_K && k <= n; k++)
            found[k] = theta;
    }
}

static void no_threshold_above_has_as_many_spikes(void **state)
{
    static mye_spike spike[SPIKES_MOST];
    const double step = pow(10, 0.5 / SCAN_STEPS);
    int cases = 0, above = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        double found[SCAN_K + 1], v, last = INFINITY;
        stand s;
        stand_random(&s, seed % 4 == 3 ? "exp" : "double-exp", seed, seed % 2, spike);
        mye_reader_maximum(s.r, &v);
        scan(&s, v, found);
        for (int k = 1; k <= SCAN_K && found[k] > 0; k++, cases++) {
            const double theta = stand_critical(&s, k, whole, NULL);
            assert_true(theta <= last);
            assert_true(theta < found[k] * step);
            above += theta < found[k] * (1 - 1e-6);
            last = theta;
            assert_true(stand_walk(&s, theta * (1 - 1e-9), false)->n >= k);
            assert_true(stand_walk(&s, theta * (1 + 1e-9), false)->n < k);
        }
        stand_close(&s);
    }
    print_message("%d thresholds; %d times more spikes above\n", cases, above);
    assert_true(cases > 300 && above == 0);
}

static void a_clock_driven_neuron_has_the_same_thresholds(void **state)
{
    static mye_spike spike[SPIKES_MOST];
    double fired[64];
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        stand s;
        const int n = stand_random(&s, "double-exp", 90 + seed, seed % 2, spike);
        for (int k = 1; k <= 8; k++) {
            const double theta = stand_critical(&s, k, whole, NULL);
            double low = theta / 2, high = theta * 1.1;
            for (int i = 0; i < 16; i++) {
                const double middle = 0.5 * (low + high);
                const int count =
                    clock_driven(s.r->psp, spike, n, s.w, middle, s.course.end_ms, 0.02, fired, 64);
                *(count < k ? &high : &low) = middle;
            }
            assert_true(fabs(low / theta - 1) < 3e-3);
        }
        stand_close(&s);
    }
}

static void there_is_no_threshold_without_potential_or_spikes(void **state)
{
    const mye_spike one = {10, 1, 0};
    double theta, t_ms;
    int touch;
    stand s;
    (void)state;
    stand_open(&s, "double-exp", "mst", 1, 1);
    s.w[0] = -1;
    stand_show(&s, &one, 1, 0);
    assert_false(mye_reader_critical(s.r, 1, 1e-9, &theta, &touch, &t_ms));
    s.w[0] = 1;
    stand_face(&s);
    assert_false(mye_reader_critical(s.r, 0, 1e-9, &theta, &touch, &t_ms));
    assert_false(mye_reader_critical(s.r, MYE_WALK_SPIKES + 1, 1e-9, &theta, &touch, &t_ms));
    assert_true(mye_reader_critical(s.r, 2, 1e-9, &theta, &touch, &t_ms));
    assert_true(mye_reader_critical(s.r, MYE_WALK_SPIKES, 1e-6, &theta, &touch, &t_ms));
    stand_close(&s);
}

/* ---- cheaper gradients ---- */

/* Means of 40 patterns, which deviate by about as much as they differ from 1. First weights are not
 * said there: with a mean of 0.01 cosines for 16 spikes are lower, 0.93 and 0.81. */
static void cheaper_gradients_lie_as_the_specification_measured(void **state)
{
    enum { UNITS = 500, PATTERNS = 40 };
    static const struct {
        int k;
        double cos[2], size[2]; /* one level, held */
    } known[] = {
        {1, {1.0000, 1.0000}, {1.000, 1.000}}, {2, {1.0000, 0.9961}, {1.04, 1.01}},
        {4, {0.9999, 0.9908}, {1.09, 1.03}},   {8, {0.9982, 0.9670}, {1.40, 1.04}},
        {16, {0.9816, 0.9125}, {1.55, 1.14}},
    };
    static mye_spike spike[SPIKES_MOST];
    static double exact[UNITS], g[2][UNITS];
    double cos_sum[5][2] = {{0}}, size_sum[5][2] = {{0}};
    (void)state;
    for (int p = 0; p < PATTERNS; p++) {
        stand s;
        stand_open(&s, "double-exp", "mst", 1, UNITS);
        draw_normals(700 + (uint64_t)p, UNITS, 0.001, 0.01, s.w);
        stand_show(&s, spike, draw_spikes(700 + (uint64_t)p, UNITS, 5, 500, true, spike), 500);
        for (int k = 0; k < 5; k++) {
            const double theta = stand_critical(&s, known[k].k, whole, exact);
            stand_critical(&s, known[k].k, one_level, g[0]);
            stand_critical(&s, known[k].k, held, g[1]);
            ASSERT_NEAR(dot(UNITS, s.w, g[1]), theta, 1e-8); /* it is homogeneous, too */
            for (int m = 0; m < 2; m++) {
                const double size = norm(UNITS, g[m]) / norm(UNITS, exact);
                size_sum[k][m] += size / PATTERNS;
                cos_sum[k][m] +=
                    dot(UNITS, g[m], exact) / dot(UNITS, exact, exact) / size / PATTERNS;
            }
        }
        stand_close(&s);
    }
    for (int k = 0; k < 5; k++) {
        print_message("k = %2d: cosine %.4f %.4f, size %.3f %.3f\n", known[k].k, cos_sum[k][0],
                      cos_sum[k][1], size_sum[k][0], size_sum[k][1]);
        for (int m = 0; m < 2; m++) {
            const double miss = 1 - known[k].cos[m], more = known[k].size[m] - 1;
            assert_true(fabs(cos_sum[k][m] - known[k].cos[m]) < 1e-3 + 1.5 * miss);
            assert_true(fabs(size_sum[k][m] - known[k].size[m]) < 0.03 + more);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_q_has_the_thresholds_of_the_specification),
        cmocka_unit_test(impulses_have_the_thresholds_of_the_specification),
        cmocka_unit_test(the_gradient_of_q_is_that_of_finite_differences_and_no_other),
        cmocka_unit_test(gradients_of_large_patterns_are_those_of_finite_differences),
        cmocka_unit_test(every_element_of_gradients_is_that_of_finite_differences),
        cmocka_unit_test(no_threshold_above_has_as_many_spikes),
        cmocka_unit_test(a_clock_driven_neuron_has_the_same_thresholds),
        cmocka_unit_test(there_is_no_threshold_without_potential_or_spikes),
        cmocka_unit_test(cheaper_gradients_lie_as_the_specification_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
