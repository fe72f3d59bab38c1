/* Sparsemax: known values, what defines it, gradients away from its kinks. */
#include "node/sparsemax.h"
#include "nodebench.h"

static double value(const void *row, int k)
{
    return (double)((const float *)row)[k];
}

static bench *vector_bench(int K, const float *x, const float *g)
{
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {K, 1, 1, true}});
    bench_add(q, "sparsemax", 0);
    bench_build(q);
    memcpy(q->value[0].data, x, (size_t)K * sizeof *x);
    if (g != NULL)
        memcpy(q->coef, g, (size_t)K * sizeof *g);
    bench_forward(q);
    return q;
}

static void known_vectors(void **state)
{
    MYE_UNUSED(state);
    static const struct {
        float x[3], y[3], back[3]; /* back: of the gradient 3, 6, 12 */
        double threshold;
    } cases[] = {{{0.1f, 0.5f, 0.2f}, {0.5f / 3, 1.7f / 3, 0.8f / 3}, {-4, -1, 5}, -0.2 / 3},
                 {{2, 0, 0}, {1, 0, 0}, {0, 0, 0}, 1},
                 {{-7, 1, 1.5f}, {0, 0.25f, 0.75f}, {0, -3, 3}, 0.75},
                 {{5, 5, 5}, {1.0f / 3, 1.0f / 3, 1.0f / 3}, {-4, -1, 5}, 14.0 / 3}};
    static const float g[3] = {3, 6, 12};
    for (int i = 0; i < 4; i++) {
        const mye_sparsemax s = mye_sparsemax_of(cases[i].x, value, 3);
        assert_true(fabs(s.top + s.t - cases[i].threshold) < 1e-6);
        bench *q = vector_bench(3, cases[i].x, g);
        assert_floats_near("output", bench_row(q, 1, 0, 0), cases[i].y, 3, 1e-6);
        bench_backward(q);
        assert_floats_near("gradient", mye_grad_row(&q->pass, 0, 0, 0), cases[i].back, 3, 1e-6);
        bench_free(q);
    }
}

/* max(0, x - t) with a sum of 1 is the projection; a constant added to x changes nothing. */
static void random_vectors_are_projected_on_the_simplex(void **state)
{
    MYE_UNUSED(state);
    for (int trial = 0; trial < 300; trial++) {
        float x[100];
        const int K = 1 + trial % 100;
        const float width = powf(10.0f, (float)(trial % 5) - 2), shift = trial % 3 ? 0.0f : 8.0f;
        for (int k = 0; k < K; k++)
            x[k] = shift + width * bench_draw(77 + (uint64_t)trial, (uint64_t)k);
        const mye_sparsemax s = mye_sparsemax_of(x, value, K);
        double sum = 0;
        int support = 0;
        for (int k = 0; k < K; k++) {
            const double p = mye_sparsemax_share(&s, (double)x[k] - s.top);
            assert_true(fabs(p - fmax(0, (double)x[k] - (s.top + s.t))) < 1e-12);
            sum += p;
            support += p > 0;
        }
        assert_true(fabs(sum - 1) < 1e-12);
        assert_int_equal(support, s.support);
    }
}

static void gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    /* No entry within 1/128 of its threshold; supports of 5, 1, 3 and 3. */
    static const float rows[4][5] = {{0.1f, 0.5f, 0.2f, 0.3f, 0.25f},
                                     {2, 0, 0, -1, 0.5f},
                                     {1, 0.8f, -3, 0.6f, 0.05f},
                                     {-0.2f, -0.3f, -0.25f, -5, -0.9f}};
    for (int threads = 1; threads < 3; threads++) {
        bench *q = bench_create(
            (bench_setup){.T = 2, .B = 2, .shape = {5, 1, 1, true}, .threads = threads});
        const int a = bench_add(q, "sparsemax", bench_add(q, "identity", 0));
        bench_join(q, "add", a, bench_add(q, "sparsemax", 1));
        bench_build(q);
        memcpy(q->value[0].data, rows, sizeof rows);
        bench_check_gradients(q);
        bench_free(q);
    }
}

static void huge_values_and_nans_are_not_lost(void **state)
{
    MYE_UNUSED(state);
    static const float huge[3] = {1e30f, -1e30f, 1e30f}, want[3] = {0.5f, 0, 0.5f};
    bench *q = vector_bench(3, huge, NULL);
    assert_floats_equal("output", bench_row(q, 1, 0, 0), want, 3);
    bench_free(q);
    for (int at = 0; at < 3; at++) {
        float x[3] = {0.1f, 0.2f, 0.3f};
        x[at] = NAN;
        q = vector_bench(3, x, NULL);
        for (int k = 0; k < 3; k++)
            assert_true(isnan(bench_row(q, 1, 0, 0)[k]));
        bench_free(q);
    }
}

static void images_are_refused(void **state)
{
    MYE_UNUSED(state);
    mye_error err;
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {2, 4, 6, false}});
    const int in = 0;
    assert_int_equal(bench_try(q, "sparsemax", 1, &in, &err), -1);
    assert_non_null(strstr(err.message, "(sparsemax) wants a vector, got an image of 2x4x6"));
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors),
        cmocka_unit_test(random_vectors_are_projected_on_the_simplex),
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(huge_values_and_nans_are_not_lost),
        cmocka_unit_test(images_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
