/* Threshold-driven plasticity with spikes that move on their own; T9. */
#include "synapse_support.h"

/* (9) with A_j = 1, B_j = -P_j, A_* = 1: P_* - sum D_*j P_j / Vd_j; Vd_j is the slope of V there, by
 * C_j. */
static void by_formula(const stand *s, int n, double t_ms, double theta, double *g)
{
    const mye_fired *f = s->r->walk.spike;
    double c = 1;
    for (int j = 0; j < n; j++)
        c += exp(-(t_ms - f[j].t_ms) / 20);
    for (int j = 0; j <= n; j++) {
        const double t = j < n ? f[j].t_ms : t_ms;
        double cj = 1, share = 1 / c; /* of x(t) */
        for (int l = 0; l < j; l++)
            cj += exp(-(t - f[l].t_ms) / 20);
        if (j < n) {
            const double effect = -theta / (c * 20) * exp(-(t_ms - t) / 20); /* D, U = theta C */
            share = f[j].slope > 0 ? -effect / cj / (f[j].slope / cj) : 0;
        }
        for (int i = 0; i < Q_SPIKES; i++)
            g[q_spikes[i].unit] +=
                share * (double)q_spikes[i].c * mye_psp_at(s->r->psp, t - q_spikes[i].t_ms);
    }
}

static void the_direction_is_that_of_its_formula(void **state)
{
    (void)state;
    check_direction("tdp1", by_formula);
}

static void as_many_updates_as_the_specification_measured(void **state)
{
    (void)state;
    check_updates("tdp1", (const double[]){13.6, 36.2, 93.2}, (const double[]){11.2, 34.6, 95.8},
                  40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_direction_is_that_of_its_formula),
        cmocka_unit_test(as_many_updates_as_the_specification_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
