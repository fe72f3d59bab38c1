/* The exact simulation against its definition, and what must hold for any pattern. */
#include "synapse_support.h"

/* V is theta at each spike, below it between them, and the peak is the highest maximum there. */
static void check_definition(stand *s, const mye_spike *spike, int n, double *worst)
{
    const mye_walk *w = stand_walk(s, 1, true);
    const double dt = 0.02;
    double before = 0, now = 0, peak = 0;
    int near = 0;
    for (int i = 0; i < w->n && s->r->psp->rise > 0; i++) {
        const double t = w->spike[i].t_ms;
        const double miss = defined_v(s->r->psp, spike, n, s->w, 1, w, t) - 1;
        *worst = fmax(*worst, fabs(miss));
        const double slope = 5e4 * (defined_v(s->r->psp, spike, n, s->w, 1, w, t) -
                                    defined_v(s->r->psp, spike, n, s->w, 1, w, t - 2e-5));
        assert_true(fabs(slope - w->spike[i].slope) < 1e-3);
    }
    for (double t = 0; t < s->course.end_ms; t += dt) {
        const double next = defined_v(s->r->psp, spike, n, s->w, 1, w, t + dt);
        assert_true(next < 1 + 1e-9 || s->r->psp->rise == 0);
        for (; near < w->n && w->spike[near].t_ms < t + dt; near++)
            now = 2; /* no maximum: it fell by a reset */
        if (now > before && now > next && now < 1)
            peak = fmax(peak, now);
        before = now;
        now = next;
    }
    if (s->r->psp->rise > 0 && peak > 0)
        assert_true(w->peak > peak - 1e-9 && w->peak < peak + 2e-3);
}

static void spikes_are_where_the_definition_has_them(void **state)
{
    static mye_spike spike[SPIKES_MOST];
    double worst = 0;
    int fired = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        stand s;
        const int n = stand_random(&s, "double-exp", seed, seed % 2, spike);
        check_definition(&s, spike, n, &worst);
        fired += s.r->walk.n;
        stand_close(&s);
    }
    print_message("%d spikes, V is theta within %.2g\n", fired, worst);
    assert_true(fired > 100 && worst < 1e-11);
}

/* Late resets of a clock add up, and where V nearly touches the threshold its spike comes much
 * later. */
static void a_clock_driven_simulation_agrees(void **state)
{
    static const double dt[] = {0.1, 0.01};
    static mye_spike spike[SPIKES_MOST];
    static double fired[MYE_WALK_SPIKES];
    (void)state;
    for (int d = 0; d < 2; d++) {
        double sum = 0;
        int all = 0, near = 0;
        for (uint64_t seed = 20; seed < 40; seed++) {
            stand s;
            const int n = stand_random(&s, "double-exp", seed, seed % 2, spike);
            const mye_walk *w = stand_walk(&s, 1, false);
            const int clock = clock_driven(s.r->psp, spike, n, s.w, 1, s.course.end_ms, dt[d],
                                           fired, MYE_WALK_SPIKES);
            assert_int_equal(clock, w->n);
            for (int i = 0; i < clock; i++, all++) {
                const double off = fabs(fired[i] - w->spike[i].t_ms);
                near += off <= 5 * dt[d];
                sum += off <= 5 * dt[d] ? off : 0;
            }
            stand_close(&s);
        }
        print_message("dt %g: %d of %d spikes within 5 dt, off by %.2g dt in the mean\n", dt[d],
                      near, all, sum / near / dt[d]);
        assert_true(all > 200 && near >= all - all / 20);
    }
}

/* By hand: decay, add, fire while theta is reached. */
static void impulses_are_a_sum_that_decays(void **state)
{
    static mye_spike spike[SPIKES_MOST];
    (void)state;
    for (uint64_t seed = 50; seed < 60; seed++) {
        stand s;
        const int n = stand_random(&s, "exp", seed, seed % 2, spike);
        const mye_walk *w = stand_walk(&s, 1, true);
        double v = 0, peak = 0;
        int at = 0;
        for (int i = 0; i < n; i++) {
            v *= i > 0 ? exp(-(spike[i].t_ms - spike[i - 1].t_ms) / 20) : 0;
            v += s.w[spike[i].unit] * (double)spike[i].c;
            for (; v >= 1; v -= 1, at++) {
                assert_true(w->spike[at].t_ms == spike[i].t_ms);
                ASSERT_NEAR(w->spike[at].top, v, 1e-12);
            }
            peak = s.w[spike[i].unit] > 0 ? fmax(peak, v) : peak;
        }
        assert_int_equal(w->n, at);
        ASSERT_NEAR(w->peak, peak, 1e-12);
        stand_close(&s);
    }
}

/* ---- what must hold for any pattern ---- */

/* The same spikes, bit for bit, or within a rounding. */
static void check_same(stand *a, stand *b, double theta, double within)
{
    double v, v_b, t_ms;
    stand_walk(a, theta, true);
    stand_walk(b, theta, true);
    assert_int_equal(a->r->walk.n, b->r->walk.n);
    for (int i = 0; i < a->r->walk.n; i++)
        ASSERT_NEAR(b->r->walk.spike[i].t_ms, a->r->walk.spike[i].t_ms, within);
    ASSERT_NEAR(b->r->walk.peak, a->r->walk.peak, within);
    t_ms = mye_reader_maximum(a->r, &v);
    ASSERT_NEAR(mye_reader_maximum(b->r, &v_b), t_ms, within);
    ASSERT_NEAR(v_b, v, within);
}

static void scaled_coefficients_and_inverse_weights_change_nothing(void **state)
{
    static mye_spike spike[SPIKES_MOST];
    (void)state;
    for (uint64_t seed = 60; seed < 66; seed++) {
        stand a, b;
        const int n = stand_random(&a, seed % 2 ? "exp" : "double-exp", seed, seed % 3, spike);
        stand_random(&b, seed % 2 ? "exp" : "double-exp", seed, seed % 3, spike);
        for (int i = 0; i < n; i++)
            spike[i].c *= 4;
        for (int i = 0; i < b.units; i++)
            b.w[i] /= 4;
        stand_show(&b, spike, n, 500);
        check_same(&a, &b, 1, 0);
        double da[100], db[100];
        stand_learn(&a, 0, NULL, da);
        stand_learn(&b, 0, NULL, db);
        for (int i = 0; i < a.units; i++)
            assert_true(db[i] == 4 * da[i]); /* gradients are as large as the coefficients */
        assert_true(norm(a.units, da) > 0);
        stand_close(&a);
        stand_close(&b);
    }
}

/* Coefficients 0 .. 3 as that many spikes of 1, and as spikes of the other sign through weights of
 * the other sign; V, spikes, traces and the updates of all rules. */
static void whole_coefficients_are_coincident_spikes(void **state)
{
    static const char *const rule[] = {"tempotron", "mst", "tdp1", "tdp2", "peak", "psd"};
    static const double wanted[] = {50, 120, 300};
    static mye_spike whole[SPIKES_MOST], unit[SPIKES_MOST];
    (void)state;
    for (int r = 0; r < COUNT_OF(rule); r++) {
        double da[100], db[100], dc[100];
        stand a, b, c;
        int n = 0;
        stand_open(&a, "double-exp", rule[r], 1, 100);
        stand_open(&b, "double-exp", rule[r], 1, 100);
        stand_open(&c, "double-exp", rule[r], 1, 100);
        draw_normals(70, 100, 0.05, 0.1, a.w);
        memcpy(b.w, a.w, sizeof da);
        const int m = draw_spikes(70 + (uint64_t)r, 100, 3, 500, true, whole);
        for (int i = 0; i < m; i++) {
            whole[i].c = (float)(i % 4);
            for (int k = 0; k < i % 4; k++)
                unit[n++] = (mye_spike){whole[i].t_ms, 1, whole[i].unit};
        }
        stand_show(&a, whole, m, 500);
        stand_show(&b, unit, n, 500);
        for (int i = 0; i < 100; i++)
            c.w[i] = i % 2 ? -a.w[i] : a.w[i];
        for (int i = 0; i < m; i++)
            whole[i].c *= whole[i].unit % 2 ? -1 : 1;
        stand_show(&c, whole, m, 500);
        check_same(&a, &b, 1, 1e-12);
        check_same(&a, &c, 1, 0);
        assert_true(a.r->walk.n > 0);
        for (int more = 0; more < 2; more++) {
            const int count = more ? a.r->walk.n + 1 : 0;
            stand_learn(&a, more && r == 5 ? 3 : count, wanted, da);
            stand_learn(&b, more && r == 5 ? 3 : count, wanted, db);
            stand_learn(&c, more && r == 5 ? 3 : count, wanted, dc);
            assert_true(norm(100, da) > 0 || (r == 0 && more));
            for (int i = 0; i < 100; i++) {
                ASSERT_NEAR(db[i], da[i], 1e-9);
                assert_true(dc[i] == (i % 2 ? -da[i] : da[i]));
            }
        }
        stand_close(&a);
        stand_close(&b);
        stand_close(&c);
    }
}

static void order_of_spikes_does_not_matter(void **state)
{
    static mye_spike spike[SPIKES_MOST], shuffled[SPIKES_MOST];
    static int64_t order[SPIKES_MOST];
    stand a, b;
    (void)state;
    const int n = stand_random(&a, "double-exp", 80, false, spike);
    stand_random(&b, "double-exp", 80, false, spike);
    mye_random_permutation(1, MYE_STREAM_TEST, 0, n, order);
    for (int i = 0; i < n; i++)
        shuffled[i] = spike[order[i]];
    stand_show(&b, shuffled, n, 500);
    check_same(&a, &b, 1, 0);
    stand_close(&a);
    stand_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spikes_are_where_the_definition_has_them),
        cmocka_unit_test(a_clock_driven_simulation_agrees),
        cmocka_unit_test(impulses_are_a_sum_that_decays),
        cmocka_unit_test(scaled_coefficients_and_inverse_weights_change_nothing),
        cmocka_unit_test(whole_coefficients_are_coincident_spikes),
        cmocka_unit_test(order_of_spikes_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
