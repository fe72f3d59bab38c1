/* Threshold-driven plasticity with spikes that stay where they are; T9. */
#include "synapse_support.h"

/* x(t*) / C */
static void by_formula(const stand *s, int n, double t_ms, double theta, double *g)
{
    double c = 1;
    (void)theta;
    for (int j = 0; j < n; j++)
        c += exp(-(t_ms - s->r->walk.spike[j].t_ms) / 20);
    for (int i = 0; i < Q_SPIKES; i++)
        g[q_spikes[i].unit] +=
            (double)q_spikes[i].c * mye_psp_at(s->r->psp, t_ms - q_spikes[i].t_ms) / c;
}

static void the_direction_is_that_of_its_formula(void **state)
{
    (void)state;
    check_direction("tdp2", by_formula);
}

/* Where spikes do not move it is the whole gradient. */
static void with_impulses_it_is_exact(void **state)
{
    double exact[Q_UNITS], d[Q_UNITS];
    stand a, b;
    (void)state;
    stand_q(&a, "exp", "mst", 1);
    stand_q(&b, "exp", "tdp2", 1);
    for (int wanted = 0; wanted < 9; wanted += 8) {
        stand_learn(&a, wanted, NULL, exact);
        stand_learn(&b, wanted, NULL, d);
        assert_memory_equal(exact, d, sizeof d);
    }
    stand_close(&a);
    stand_close(&b);
}

static void as_many_updates_as_the_specification_measured(void **state)
{
    (void)state;
    check_updates("tdp2", (const double[]){13.6, 57.2, 154.4}, (const double[]){11.2, 52.6, 133.8},
                  40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_direction_is_that_of_its_formula),
        cmocka_unit_test(with_impulses_it_is_exact),
        cmocka_unit_test(as_many_updates_as_the_specification_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
