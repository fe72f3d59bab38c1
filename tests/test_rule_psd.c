/* Precise times: T7, verdicts, a train of spikes is learned. */
#include "synapse_support.h"

static void pattern_q_moves_as_the_specification_says(void **state)
{
    static const double known[Q_UNITS] = {-8.329142, -2.375385, -3.219910, -2.217445};
    const double wanted[] = {20, 50};
    double d[Q_UNITS];
    stand s;
    (void)state;
    stand_q(&s, "double-exp", "psd", 1);
    assert_int_equal(stand_learn(&s, 2, wanted, d), MYE_WRONG);
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(d[i], known[i], 1e-6);
    stand_close(&s);
}

/* The rule's formula, from the trace of each afferent; times before, at and after all spikes. */
static void the_direction_is_a_difference_of_traces(void **state)
{
    static const double wanted[] = {0, 5, 12, 35, 35, 199, 500};
    static const char *const psp[] = {"double-exp", "exp"};
    (void)state;
    for (int p = 0; p < 2; p++) {
        double d[Q_UNITS], want[Q_UNITS] = {0};
        stand s;
        stand_q(&s, psp[p], "psd", 1);
        stand_learn(&s, COUNT_OF(wanted), wanted, d);
        for (int i = 0; i < Q_SPIKES; i++) {
            const mye_spike *x = &q_spikes[i];
            for (int k = 0; k < COUNT_OF(wanted); k++)
                want[x->unit] += (double)x->c * mye_psp_at(s.r->psp, wanted[k] - x->t_ms);
            for (int k = 0; k < s.r->walk.n; k++)
                want[x->unit] -=
                    (double)x->c * mye_psp_at(s.r->psp, s.r->walk.spike[k].t_ms - x->t_ms);
        }
        for (int i = 0; i < Q_UNITS; i++)
            ASSERT_NEAR(d[i], want[i], 1e-12);
        stand_close(&s);
    }
}

static void spikes_near_their_times_are_right(void **state)
{
    const double at[] = {15.463568, 33.140450, 37.586578, 65.000529, 70.781801};
    double wanted[5], d[Q_UNITS];
    stand s;
    (void)state;
    stand_q(&s, "double-exp", "psd:near=0.5", 1);
    memcpy(wanted, at, sizeof at);
    assert_int_equal(stand_learn(&s, 5, wanted, d), MYE_RIGHT);
    wanted[2] += 0.49;
    assert_int_equal(stand_learn(&s, 5, wanted, d), MYE_RIGHT);
    assert_true(norm(Q_UNITS, d) == 0);
    wanted[2] = at[2] - 0.51;
    assert_int_equal(stand_learn(&s, 5, wanted, d), MYE_WRONG);
    assert_true(norm(Q_UNITS, d) > 0);
    assert_int_equal(stand_learn(&s, 4, at, d), MYE_WRONG);
    assert_int_equal(stand_learn(&s, 0, at, d), MYE_WRONG);
    stand_close(&s);
    stand_q(&s, "double-exp", "psd", 100);
    assert_int_equal(stand_learn(&s, 0, at, d), MYE_RIGHT); /* silent, as it should be */
    stand_close(&s);
}

/* Section 6, E3: one noise pattern, a train of two spikes; 19 and 25 epochs there in the mean. */
static void a_train_of_spikes_is_learned(void **state)
{
    enum { UNITS = 400, RUNS = 10, MOST = 2000 };
    static mye_spike spike[SPIKES_MOST];
    static double d[UNITS];
    static const double wanted[][4] = {{66, 133}, {40, 80, 120, 160}};
    static const int n_wanted[] = {2, 4};
    (void)state;
    for (int set = 0; set < 2; set++) {
        double sum = 0;
        for (uint64_t run = 0; run < RUNS; run++) {
            stand s;
            int epochs = 0;
            stand_open(&s, "double-exp", "psd", 1, UNITS);
            draw_normals(40 + run, UNITS, 0.01, 0.01, s.w);
            stand_show(&s, spike, draw_spikes(run, UNITS, 10, 200, true, spike), 200);
            while (epochs++ < MOST && stand_learn(&s, n_wanted[set], wanted[set], d) != MYE_RIGHT) {
                for (int i = 0; i < UNITS; i++)
                    s.w[i] += 0.005 * d[i];
                stand_face(&s);
            }
            sum += epochs;
            const mye_walk *w = stand_walk(&s, 1, false);
            assert_int_equal(w->n, n_wanted[set]);
            for (int i = 0; i < w->n; i++)
                assert_true(fabs(w->spike[i].t_ms - wanted[set][i]) < 1);
            stand_close(&s);
        }
        print_message("%d spikes: %.1f epochs in the mean\n", n_wanted[set], sum / RUNS);
        assert_true(sum / RUNS < (set ? 200 : 75));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_q_moves_as_the_specification_says),
        cmocka_unit_test(the_direction_is_a_difference_of_traces),
        cmocka_unit_test(spikes_near_their_times_are_right),
        cmocka_unit_test(a_train_of_spikes_is_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
