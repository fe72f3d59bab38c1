/* Postsynaptic potentials: values of the specification (T1), what is refused. */
#include "synapse_support.h"

static mye_psp psp_of(const char *text)
{
    mye_context *ctx = make_context(NULL);
    mye_psp psp;
    ASSERT_OK(mye_psp_parse(ctx, text, &psp, &err));
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
    return psp;
}

static double peak_ms(const mye_psp *p)
{
    return p->tau_m * p->tau_s / (p->tau_m - p->tau_s) * log(p->tau_m / p->tau_s);
}

static void double_exp_has_the_values_of_the_specification(void **state)
{
    static const double known[][2] = {{1, 0.280438041},
                                      {5, 0.869729294},
                                      {10, 0.997301382},
                                      {20, 0.739863930},
                                      {50, 0.173639660}};
    const mye_psp p = psp_of("double-exp");
    (void)state;
    ASSERT_NEAR(p.gain, 2.1165347360, 1e-10);
    ASSERT_NEAR(peak_ms(&p), 9.2419624075, 1e-10);
    ASSERT_NEAR(mye_psp_at(&p, peak_ms(&p)), 1, 1e-12);
    for (int i = 0; i < COUNT_OF(known); i++)
        ASSERT_NEAR(mye_psp_at(&p, known[i][0]), known[i][1], 1e-9);
}

static void gain_depends_on_the_ratio_of_time_constants_only(void **state)
{
    const mye_psp a = psp_of("double-exp:tau_m=20,tau_s=5"),
                  b = psp_of("double-exp:tau_m=15,tau_s=3.75"),
                  c = psp_of("double-exp:tau_m=20,tau_s=10");
    (void)state;
    ASSERT_NEAR(b.gain, a.gain, 1e-15);
    ASSERT_NEAR(peak_ms(&b), 10 * log(2), 1e-14);
    ASSERT_NEAR(mye_psp_at(&b, peak_ms(&b)), 1, 1e-12);
    ASSERT_NEAR(c.gain, 4, 1e-14);
}

static void peak_is_one_and_the_largest_for_any_time_constants(void **state)
{
    static const double tau[][2] = {{20, 19.9999}, {20, 19},     {1000, 0.01},
                                    {1e6, 1e-3},   {2e-3, 1e-3}, {7, 3}};
    (void)state;
    for (int i = 0; i < COUNT_OF(tau); i++) {
        char text[80];
        snprintf(text, sizeof text, "double-exp:tau_m=%.17g,tau_s=%.17g", tau[i][0], tau[i][1]);
        const mye_psp p = psp_of(text);
        const double u = peak_ms(&p);
        ASSERT_NEAR(mye_psp_at(&p, u), 1, 1e-9);
        assert_true(mye_psp_at(&p, 0.9 * u) < 1 && mye_psp_at(&p, 1.1 * u) < 1);
        assert_true(mye_psp_at(&p, 1e-3 * u) > 0);
    }
}

static void nothing_comes_before_the_spike(void **state)
{
    const mye_psp p = psp_of("double-exp"), q = psp_of("exp");
    (void)state;
    assert_true(mye_psp_at(&p, -1e-9) == 0 && mye_psp_at(&p, 0) == 0);
    assert_true(mye_psp_at(&q, -1e-9) == 0 && mye_psp_at(&q, 0) == 1);
    assert_true(mye_psp_at(&p, 1e9) == 0 && mye_psp_at(&q, 1e9) == 0);
}

static void exp_decays_from_one(void **state)
{
    const mye_psp p = psp_of("exp:tau_m=30");
    (void)state;
    assert_true(p.gain == 1 && p.rise == 0 && p.tau_m == 30);
    ASSERT_NEAR(mye_psp_at(&p, 15), exp(-0.5), 1e-15);
    ASSERT_NEAR(mye_psp_at(&p, 30), exp(-1), 1e-15);
}

static void time_constants_that_make_no_potential_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_psp p;
    (void)state;
    ASSERT_FAILS(mye_psp_parse(ctx, "double-exp:tau_s=20", &p, &err), MYE_ERR_ARG,
                 "wants tau_s below tau_m, got tau_s 20 and tau_m 20 ms");
    ASSERT_FAILS(mye_psp_parse(ctx, "double-exp:tau_s=21", &p, &err), MYE_ERR_ARG, "got tau_s 21");
    ASSERT_FAILS(mye_psp_parse(ctx, "double-exp:tau_m=20,tau_s=19.99999", &p, &err), MYE_ERR_ARG,
                 "cannot tell tau_s");
    ASSERT_FAILS(mye_psp_parse(ctx, "double-exp:tau_m=0", &p, &err), MYE_ERR_ARG, "tau_m");
    ASSERT_FAILS(mye_psp_parse(ctx, "exp:tau_m=-1", &p, &err), MYE_ERR_ARG, "tau_m");
    ASSERT_FAILS(mye_psp_parse(ctx, "exp:tau_m=nan", &p, &err), MYE_ERR_ARG, "tau_m");
    ASSERT_FAILS(mye_psp_parse(ctx, "exp:tau_s=5", &p, &err), MYE_ERR_ARG, "tau_s");
    ASSERT_FAILS(mye_psp_parse(ctx, "alpha", &p, &err), MYE_ERR_ARG, "unknown psp 'alpha'");
    ASSERT_FAILS(mye_psp_parse(ctx, "", &p, &err), MYE_ERR_ARG, "psp");
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(double_exp_has_the_values_of_the_specification),
        cmocka_unit_test(gain_depends_on_the_ratio_of_time_constants_only),
        cmocka_unit_test(peak_is_one_and_the_largest_for_any_time_constants),
        cmocka_unit_test(nothing_comes_before_the_spike),
        cmocka_unit_test(exp_decays_from_one),
        cmocka_unit_test(time_constants_that_make_no_potential_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
