/* Surrogates: the scalar truth, and every kernel set against it. */
#include "neuronbench.h"

static const char *const CASES[] = {
    "atan",
    "atan:alpha=0.75",
    "erf",
    "erf:alpha=0.5",
    "fast_sigmoid",
    "fast_sigmoid:slope=2",
    "leaky_k_relu",
    "leaky_k_relu:k=0.5,leak=0.125",
    "piecewise_exponential",
    "piecewise_exponential:alpha=3",
    "piecewise_leaky_relu",
    "piecewise_leaky_relu:w=0.5,c=0.25",
    "rectangle",
    "rectangle:width=2.5",
    "sigmoid",
    "sigmoid:alpha=1.5",
    "soft_sign",
    "soft_sign:alpha=0.5",
    "straight_through",
    "triangle",
    "triangle:alpha=2",
};
enum { N_CASES = sizeof CASES / sizeof *CASES };

typedef struct parsed {
    const mye_surrogate *type;
    double a, b;
} parsed;

static parsed parse(mye_context *ctx, const char *text)
{
    mye_method m;
    mye_error err;
    parsed p;
    assert_int_equal(mye_method_parse(ctx, &mye_kind_surrogate, text, &m, &err), MYE_OK);
    p.type = (const mye_surrogate *)m.entry;
    p.type->constants(m.options, &p.a, &p.b);
    mye_method_free(ctx, &m);
    return p;
}

static mye_context *context(void)
{
    mye_context *ctx;
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = 1;
    assert_int_equal(mye_context_create(&o, &ctx, NULL), MYE_OK);
    return ctx;
}

static void every_surrogate_of_the_kernels_has_an_entry_in_the_same_order(void **state)
{
    int n = 0;
    (void)state;
    for (const mye_entry *const *e = mye_kind_surrogate.entries; *e != NULL; e++, n++) {
        assert_int_equal(((const mye_surrogate *)*e)->id, n);
        if (n > 0)
            assert_true(strcmp(e[-1]->name, e[0]->name) < 0);
    }
    assert_int_equal(n, MYE_SURROGATE_COUNT);
}

static void derivative_is_the_slope_of_the_primitive(void **state)
{
    mye_context *ctx = context();
    const double d = 1e-6;
    (void)state;
    for (int i = 0; i < N_CASES; i++) {
        const parsed p = parse(ctx, CASES[i]);
        for (int j = 0; j < 400; j++) {
            const double x = -2.0 + 0.01 * j + 0.0037; /* beside all corners */
            const double slope =
                (p.type->primitive(x + d, p.a, p.b) - p.type->primitive(x - d, p.a, p.b)) /
                (2.0 * d);
            const double truth = p.type->derivative(x, p.a, p.b);
            if (fabs(slope - truth) > 1e-6 * (1.0 + truth))
                fail_msg("%s at %g: slope %.9g, derivative %.9g", CASES[i], x, slope, truth);
        }
    }
    mye_context_free(ctx);
}

static void primitive_is_continuous_and_one_half_at_the_threshold(void **state)
{
    mye_context *ctx = context();
    (void)state;
    for (int i = 0; i < N_CASES; i++) {
        const parsed p = parse(ctx, CASES[i]);
        const bool ramp = p.type->id == MYE_SURROGATE_leaky_k_relu;
        assert_float_equal((float)p.type->primitive(0.0, p.a, p.b), ramp ? 0.0f : 0.5f, 1e-7f);
        for (int j = 0; j < 4000; j++) {
            const double x = -2.0 + 0.001 * j;
            const double jump =
                p.type->primitive(x + 0.001, p.a, p.b) - p.type->primitive(x, p.a, p.b);
            assert_true(fabs(jump) < 0.003);
        }
    }
    mye_context_free(ctx);
}

/* Values of training_rules.md, section 2.4, worked out by hand. */
static void formulas_give_the_documented_values(void **state)
{
    static const struct {
        const char *text;
        double x, value;
    } rows[] = {
        {"atan", 0.0, 1.0},
        {"atan", 0.31830988618379067, 0.5}, /* pi alpha x / 2 = 1 */
        {"erf", 0.0, 1.1283791670955126},
        {"fast_sigmoid", 0.04, 0.25},
        {"leaky_k_relu:k=3,leak=0.5", 0.0, 3.0},
        {"leaky_k_relu:k=3,leak=0.5", -1.0, 0.5},
        {"piecewise_exponential", 0.0, 0.5},
        {"piecewise_leaky_relu:w=0.5", 0.25, 2.0},
        {"piecewise_leaky_relu:w=0.5", 0.5, 0.01},
        {"rectangle:width=2", 1.0, 0.5},
        {"rectangle:width=2", -1.0625, 0.0},
        {"sigmoid", 0.0, 1.0},
        {"sigmoid", 0.27465307216702745, 0.75}, /* p = 3/4 */
        {"soft_sign", 0.5, 0.25},
        {"straight_through", 7.0, 1.0},
        {"triangle", -0.25, 0.75},
        {"triangle:alpha=2", 0.5, 0.0},
    };
    mye_context *ctx = context();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const parsed p = parse(ctx, rows[i].text);
        const double value = p.type->derivative(rows[i].x, p.a, p.b);
        if (fabs(value - rows[i].value) > 1e-12)
            fail_msg("%s at %g: %.15g, not %.15g", rows[i].text, rows[i].x, value, rows[i].value);
    }
    mye_context_free(ctx);
}

static void check_kernel(const mye_kernels *k, const char *text, parsed p)
{
    enum { MOST = 1000 };
    static const int64_t sizes[] = {0, 1, 3, 16, 37, MOST};
    float u[MOST + 1], h[MOST + 2];
    const float theta = 0.75f;
    for (int i = 0; i <= MOST; i++)
        u[i] = theta + (mye_random_uniform(5, MYE_STREAM_TEST, (uint64_t)i) - 0.5f) *
                           (i % 7 == 0 ? 100.0f : 4.0f);
    u[5] = theta;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int start = 0; start < 2; start++) {
            h[start + sizes[s]] = -5.0f;
            k->surrogate[p.type->id](sizes[s], u + start, theta, (float)p.a, (float)p.b, h + start);
            assert_true(h[start + sizes[s]] == -5.0f);
            for (int64_t i = start; i < start + sizes[s]; i++) {
                const double x = (double)(u[i] - theta);
                const double truth = p.type->derivative(x, p.a, p.b);
                if (!(fabs((double)h[i] - truth) <= 1e-5 * (1.0 + fabs(truth))))
                    fail_msg("%s of %s at %g: %.9g, not %.9g", text, k->name, x, (double)h[i],
                             truth);
            }
        }
    }
}

static void kernels_of_every_instruction_set_agree_with_the_truth(void **state)
{
    mye_context *ctx = context();
    const mye_kernels *tables[8];
    (void)state;
    mye_kernels_all(tables);
    for (int t = 0; tables[t] != NULL; t++)
        for (int i = 0; i < N_CASES; i++)
            check_kernel(tables[t], CASES[i], parse(ctx, CASES[i]));
    mye_context_free(ctx);
}

static void a_parameter_out_of_range_is_refused(void **state)
{
    mye_context *ctx = context();
    mye_method m;
    mye_error err = {0};
    (void)state;
    assert_int_equal(mye_method_parse(ctx, &mye_kind_surrogate, "sigmoid:alpha=0", &m, &err),
                     MYE_ERR_ARG);
    assert_true(strstr(err.message, "alpha") != NULL);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_surrogate_of_the_kernels_has_an_entry_in_the_same_order),
        cmocka_unit_test(derivative_is_the_slope_of_the_primitive),
        cmocka_unit_test(primitive_is_continuous_and_one_half_at_the_threshold),
        cmocka_unit_test(formulas_give_the_documented_values),
        cmocka_unit_test(kernels_of_every_instruction_set_agree_with_the_truth),
        cmocka_unit_test(a_parameter_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
