/* Multi-spike tempotron: its direction is that of the critical threshold; T9. */
#include "synapse_support.h"

static void it_moves_the_threshold_of_one_spike_more_or_less(void **state)
{
    static const mye_chain_mode whole = {true, true, true};
    static const double up[Q_UNITS] = {0.703629, 0.106179, 1.313355, 0.525452},
                        down[Q_UNITS] = {1.583991, 0.457024, 0.585454, 0.637891};
    double d[Q_UNITS], g[Q_UNITS];
    stand s;
    (void)state;
    stand_q(&s, "double-exp", "mst", 1); /* fires 5 times */
    assert_int_equal(stand_learn(&s, 5, NULL, d), MYE_RIGHT);
    assert_true(norm(Q_UNITS, d) == 0);
    for (int wanted = 0; wanted < 10; wanted++) {
        if (wanted == 5)
            continue;
        assert_int_equal(stand_learn(&s, wanted, NULL, d), MYE_WRONG);
        stand_critical(&s, wanted > 5 ? 6 : 5, whole, g);
        for (int i = 0; i < Q_UNITS; i++) {
            ASSERT_NEAR(d[i], wanted > 5 ? up[i] : -down[i], 1e-6);
            ASSERT_NEAR(d[i], wanted > 5 ? g[i] : -g[i], 1e-6);
        }
    }
    stand_close(&s);
}

static void a_small_step_moves_the_threshold_by_the_square_of_the_gradient(void **state)
{
    enum { UNITS = 100 };
    static const char *const psp[] = {"double-exp", "exp"};
    static const double step = 1e-7;
    static mye_spike spike[SPIKES_MOST];
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        double d[UNITS], before, after;
        stand s;
        stand_open(&s, psp[seed % 4 == 3], "mst", 1, UNITS);
        draw_normals(seed, UNITS, seed % 2 ? 0.05 : 0.1, seed % 2 ? 0.5 : 0.05, s.w);
        stand_show(&s, spike, draw_spikes(seed, UNITS, 5, 500, true, spike), 500);
        const int fired = stand_walk(&s, 1, false)->n, more = seed % 3 != 0;
        assert_true(fired > 0);
        before = stand_critical(&s, fired + more, (mye_chain_mode){true, true, true}, NULL);
        assert_int_equal(stand_learn(&s, fired + (more ? 1 : -1), NULL, d), MYE_WRONG);
        for (int i = 0; i < UNITS; i++)
            s.w[i] += step * d[i];
        stand_face(&s);
        after = stand_critical(&s, fired + more, (mye_chain_mode){true, true, true}, NULL);
        const double want = (more ? 1 : -1) * step * dot(UNITS, d, d);
        assert_true(fabs((after - before) / want - 1) < 1e-3);
        stand_close(&s);
    }
}

/* The touching spike is found though others move by more than it does. */
static void coarse_searches_find_nearly_the_same(void **state)
{
    double exact[Q_UNITS], coarse[Q_UNITS];
    stand a, b;
    int differ = 0;
    (void)state;
    stand_q(&a, "double-exp", "mst", 1);
    stand_q(&b, "double-exp", "mst:tolerance=1e-4", 1);
    for (int aim = 6; aim < 12; aim++) {
        stand_learn(&a, aim, NULL, exact);
        stand_learn(&b, aim, NULL, coarse);
        for (int i = 0; i < Q_UNITS; i++) {
            ASSERT_NEAR(coarse[i], exact[i], 4e-2);
            differ += coarse[i] != exact[i];
        }
    }
    assert_true(differ > 0);
    stand_close(&a);
    stand_close(&b);
}

static void as_many_updates_as_the_specification_measured(void **state)
{
    (void)state;
    check_updates("mst", (const double[]){13.6, 48.2, 127.4}, (const double[]){11.2, 45.2, 120.6},
                  40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_moves_the_threshold_of_one_spike_more_or_less),
        cmocka_unit_test(a_small_step_moves_the_threshold_by_the_square_of_the_gradient),
        cmocka_unit_test(coarse_searches_find_nearly_the_same),
        cmocka_unit_test(as_many_updates_as_the_specification_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
