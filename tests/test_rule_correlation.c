/* The correlation rule: eligibilities against a numeric integral, and what it changes. */
#include <string.h>

#include "synapse_support.h"

/* V with resets at t, from formula (1), spikes of the walk included. */
static double potential(const stand *s, const mye_walk *w, double t)
{
    double v = 0;
    for (int64_t i = 0; i < s->course.n_spikes; i++) {
        const mye_spike *e = &s->course.spike[i];
        v += s->w[e->unit] * (double)e->c * mye_psp_at(&s->lesson.psp, t - e->t_ms);
    }
    for (int i = 0; i < w->n; i++)
        if (w->spike[i].t_ms <= t)
            v -= s->r->theta * exp(-(t - w->spike[i].t_ms) / s->lesson.psp.tau_m);
    return v;
}

/* E by the midpoint rule up to the end of reading. */
static void integrate(const stand *s, const mye_walk *w, double *e)
{
    const double dt = 0.002, end = s->course.end_ms;
    memset(e, 0, Q_UNITS * sizeof(*e));
    for (double t = dt / 2; t < end; t += dt) {
        const double v = potential(s, w, t);
        for (int64_t i = 0; i < s->course.n_spikes; i++) {
            const mye_spike *spike = &s->course.spike[i];
            e[spike->unit] +=
                (double)spike->c * v * dt * mye_psp_at(&s->lesson.psp, t - spike->t_ms);
        }
    }
}

static void eligibilities_are_integrals(void **state)
{
    static const char *const psp[] = {"double-exp", "exp"};
    (void)state;
    for (int p = 0; p < 2; p++) {
        stand s;
        double want[Q_UNITS], direction[Q_UNITS];
        stand_q(&s, psp[p], "correlation", 1);
        assert_int_equal(stand_learn(&s, 20, NULL, direction), MYE_WRONG);
        integrate(&s, &s.r->walk, want);
        for (int i = 0; i < Q_UNITS; i++)
            ASSERT_NEAR(s.r->spare[i], want[i], p ? 2e-3 : 1e-4);
        stand_close(&s);
    }
}

/* The share with the largest E goes up when a spike is missing, down when there is one too many. */
static void the_most_eligible_change(void **state)
{
    static const struct {
        const char *rule;
        int changed;
    } row[] = {{"correlation", 1}, {"correlation:share=0.5", 2}, {"correlation:share=1", 4}};
    (void)state;
    for (int k = 0; k < COUNT_OF(row); k++)
        for (int aim = 0; aim < 40; aim += 20) {
            stand s;
            int changed = 0;
            double direction[Q_UNITS], least_in = INFINITY, most_out = -INFINITY;
            stand_q(&s, "double-exp", row[k].rule, 1);
            assert_int_equal(stand_learn(&s, aim, NULL, direction), MYE_WRONG);
            for (int i = 0; i < Q_UNITS; i++) {
                const double g = direction[i], e = s.r->spare[i];
                assert_true(g == 0 || g == (aim > 0 ? 1 : -1));
                changed += g != 0;
                least_in = g != 0 && e < least_in ? e : least_in;
                most_out = g == 0 && e > most_out ? e : most_out;
            }
            assert_int_equal(changed, row[k].changed);
            assert_true(least_in >= most_out);
            stand_close(&s);
        }
}

static void the_right_number_teaches_nothing(void **state)
{
    stand s;
    double direction[Q_UNITS];
    (void)state;
    stand_q(&s, "double-exp", "correlation", 1);
    assert_int_equal(stand_learn(&s, 5, NULL, direction), MYE_RIGHT);
    for (int i = 0; i < Q_UNITS; i++)
        assert_true(direction[i] == 0);
    stand_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eligibilities_are_integrals),
        cmocka_unit_test(the_most_eligible_change),
        cmocka_unit_test(the_right_number_teaches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
