/* The nearest peak: its gradient by finite differences (10), both ways to lose a spike, the
 * current-state rule with impulses; T9. */
#include "synapse_support.h"

/* The peak of the neuron's own run with weight i moved by h. */
static double peak_with(stand *s, int i, double h)
{
    const double kept = s->w[i];
    s->w[i] = kept + h;
    stand_face(s);
    const double peak = stand_walk(s, 1, true)->peak;
    s->w[i] = kept;
    return peak;
}

static void too_few_spikes_raise_the_highest_maximum(void **state)
{
    enum { UNITS = 20 };
    static mye_spike spike[SPIKES_MOST];
    static const double h = 1e-7;
    double worst = 0, earlier = 0;
    int cases = 0, kinks = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        double d[UNITS], miss[UNITS];
        stand s;
        stand_open(&s, "double-exp", "peak", 1, UNITS);
        draw_normals(seed, UNITS, seed % 2 ? 0.1 : 0.4, seed % 2 ? 0.8 : 0.2, s.w);
        stand_show(&s, spike, draw_spikes(seed, UNITS, 10, 500, true, spike), 500);
        const mye_walk *w = stand_walk(&s, 1, true);
        const int fired = w->n;
        const double at = w->peak_ms, high = w->peak;
        assert_true(at > 0 && high < 1);
        for (int j = 0; j < fired; j++)
            earlier += w->spike[j].t_ms < at;
        for (int64_t e = 0; e < s.course.n; e++)
            kinks += mye_course_time(&s.course, e) == at;
        assert_int_equal(stand_learn(&s, fired + 2, NULL, d), MYE_WRONG);
        for (int i = 0; i < UNITS; i++)
            miss[i] = d[i] - (peak_with(&s, i, h) - peak_with(&s, i, -h)) / (2 * h);
        cases++;
        worst = fmax(worst, norm(UNITS, miss) / norm(UNITS, d));
        stand_close(&s);
    }
    print_message("%d cases, %.1f earlier spikes, %d kinks: off by %.2g of the norm at most\n",
                  cases, earlier / cases, kinks, worst);
    assert_true(worst < 1e-5 && earlier > 3 * cases && kinks > 10);
}

/* sum over all spikes of x(t) / C, C from the first n spikes. */
static void held_gradient(const stand *s, const mye_walk *w, int n, double t_ms, double *g)
{
    double c = 1;
    memset(g, 0, Q_UNITS * sizeof(double));
    for (int j = 0; j < n; j++)
        c += exp(-(t_ms - w->spike[j].t_ms) / 20);
    for (int i = 0; i < Q_SPIKES; i++)
        g[q_spikes[i].unit] +=
            (double)q_spikes[i].c * mye_psp_at(s->r->psp, t_ms - q_spikes[i].t_ms) / c;
}

static void too_many_spikes_lower_the_critical_threshold_with_spikes_held(void **state)
{
    double d[Q_UNITS], direct[Q_UNITS];
    stand s, other;
    (void)state;
    stand_q(&s, "double-exp", "peak", 1);
    stand_q(&other, "double-exp", "tdp2", 1);
    assert_int_equal(stand_learn(&s, 5, NULL, d), MYE_RIGHT);
    for (int wanted = 0; wanted < 5; wanted++) {
        assert_int_equal(stand_learn(&s, wanted, NULL, d), MYE_WRONG);
        stand_learn(&other, wanted, NULL, direct);
        assert_memory_equal(d, direct, sizeof d);
    }
    stand_close(&s);
    stand_close(&other);
}

/* At theta = 1 the spike at 35 ms has V = 1.51, that at 62 ms 1.78 and that at 15 ms 1.31. */
static void with_impulses_it_is_the_current_state_rule(void **state)
{
    double d[Q_UNITS], g[Q_UNITS];
    stand s;
    (void)state;
    stand_q(&s, "exp", "peak:depress=nearest", 1);
    assert_int_equal(stand_learn(&s, 2, NULL, d), MYE_WRONG);
    const mye_walk *w = &s.r->walk;
    int low = 0;
    double v = 0, t = 0, best = 0, best_at = -1, least = INFINITY;
    for (int i = 0, fired = 0; i < Q_SPIKES; i++) { /* by hand */
        v *= exp(-(q_spikes[i].t_ms - t) / 20);
        t = q_spikes[i].t_ms;
        v += q_weights[q_spikes[i].unit] * (double)q_spikes[i].c;
        if (i + 1 < Q_SPIKES && q_spikes[i + 1].t_ms == t)
            continue;
        for (; v >= 1; v -= 1, fired++)
            if (v - 1 < least) {
                least = v - 1;
                low = fired;
            }
        if (v > best && q_weights[q_spikes[i].unit] > 0) {
            best = v;
            best_at = t;
        }
    }
    held_gradient(&s, w, low, w->spike[low].t_ms, g);
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(d[i], -g[i], 1e-12);
    assert_int_equal(stand_learn(&s, 9, NULL, d), MYE_WRONG);
    assert_true(s.r->walk.peak_ms == best_at);
    held_gradient(&s, w, 0, best_at, g); /* without C: V itself goes up */
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(d[i], g[i], 1e-12);
    stand_close(&s);
}

/* The spike whose maximum is the lowest, and one spike less after small steps. */
static void the_nearest_spike_goes(void **state)
{
    double d[Q_UNITS], g[Q_UNITS];
    stand s;
    int steps = 0;
    (void)state;
    stand_q(&s, "double-exp", "peak:depress=nearest", 1);
    assert_int_equal(stand_learn(&s, 4, NULL, d), MYE_WRONG);
    const mye_walk *w = &s.r->walk;
    int low = 0;
    for (int i = 1; i < w->n; i++)
        low = w->spike[i].top < w->spike[low].top ? i : low;
    held_gradient(&s, w, low, w->spike[low].top_ms, g);
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(d[i], -g[i], 1e-12);
    for (; steps < 500 && stand_learn(&s, 4, NULL, d) != MYE_RIGHT; steps++) {
        for (int i = 0; i < Q_UNITS; i++)
            s.w[i] += 1e-3 * d[i];
        stand_face(&s);
    }
    assert_true(steps > 0 && steps < 500);
    stand_close(&s);
}

static void as_many_updates_as_the_specification_measured(void **state)
{
    (void)state;
    check_updates("peak", (const double[]){13.6, 33.6, 65.0}, (const double[]){11.2, 28.2, 51.6},
                  40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_spikes_raise_the_highest_maximum),
        cmocka_unit_test(too_many_spikes_lower_the_critical_threshold_with_spikes_held),
        cmocka_unit_test(with_impulses_it_is_the_current_state_rule),
        cmocka_unit_test(the_nearest_spike_goes),
        cmocka_unit_test(as_many_updates_as_the_specification_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
