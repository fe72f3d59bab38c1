/* Fixed points of many samples: Broyden's method and plain iteration against the exact solution. */
#include "cmocka_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "time/broyden.h"

enum { N = 6, M = 3, B = 4, MEMORY = 24 };

static mye_context *context(int threads)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    return ctx;
}

static double matrix(int i, int j, double size)
{
    return size * (double)mye_random_normal(7, MYE_STREAM_TEST, (uint64_t)(i * (N + M) + j));
}

static double constant(int b, int i)
{
    return (double)mye_random_normal(8, MYE_STREAM_TEST, (uint64_t)(b * (N + M) + i));
}

/* x = A x + c is kept in two parts, of N and of M elements. */
typedef struct problem {
    float f[B * (N + M)], x[B * 3 * (N + M)], u[B * MEMORY * (N + M)], v[B * MEMORY * (N + M)];
    float state[B * MYE_BROYDEN_STATE];
    mye_broyden s;
} problem;

static float *x_of(problem *p, int b, int i)
{
    return i < N ? &p->x[b * 3 * N + i] : &p->x[B * 3 * N + b * 3 * M + i - N];
}

static problem *new_problem(int memory, double tolerance)
{
    problem *p = calloc(1, sizeof *p);
    p->s = (mye_broyden){
        .part = {{N, p->f, p->x, p->u, p->v},
                 {M, p->f + B * N, p->x + B * 3 * N, p->u + B * MEMORY * N, p->v + B * MEMORY * N}},
        .n_parts = 2,
        .B = B,
        .memory = memory,
        .tolerance = tolerance,
        .state = p->state,
    };
    memset(p->x, 1, sizeof p->x); /* begin() clears it */
    mye_broyden_begin(&p->s);
    return p;
}

static void evaluate(problem *p, double size)
{
    for (int b = 0; b < B; b++)
        for (int i = 0; i < N + M; i++) {
            double sum = constant(b, i);
            for (int j = 0; j < N + M; j++)
                sum += matrix(i, j, size) * (double)*x_of(p, b, j);
            p->f[i < N ? b * N + i : B * N + b * M + i - N] = (float)sum;
        }
}

/* Largest |A x + c - x|. */
static double residual(problem *p, double size)
{
    double most = 0;
    evaluate(p, size);
    for (int b = 0; b < B; b++)
        for (int i = 0; i < N + M; i++) {
            const float f = p->f[i < N ? b * N + i : B * N + b * M + i - N];
            most = fmax(most, fabs((double)f - (double)*x_of(p, b, i)));
        }
    return most;
}

static int updates_until_done(mye_context *ctx, problem *p, double size, int most)
{
    for (int k = 1; k <= most; k++) {
        evaluate(p, size);
        if (mye_broyden_update(&p->s, ctx))
            return k;
    }
    return most + 1;
}

static void a_contraction_is_solved_in_fewer_sweeps_than_by_iteration(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    problem *fast = new_problem(MEMORY, 1e-5), *plain = new_problem(0, 1e-5);
    const int k = updates_until_done(ctx, fast, 0.2, 30);
    const int m = updates_until_done(ctx, plain, 0.2, 200);
    assert_true(k <= 20);
    assert_true(k < m && m <= 200);
    assert_true(residual(fast, 0.2) < 1e-3);
    assert_true(residual(plain, 0.2) < 1e-3);
    for (int i = 0; i < N + M; i++)
        assert_true(fabsf(*x_of(fast, 1, i) - *x_of(plain, 1, i)) < 1e-3f);
    free(fast);
    free(plain);
    mye_context_free(ctx);
}

/* Plain iteration diverges where |A| > 1; Broyden's method does not care. */
static void an_expansion_is_solved_too(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    problem *fast = new_problem(MEMORY, 1e-5), *plain = new_problem(0, 1e-5);
    assert_true(updates_until_done(ctx, fast, 0.5, 30) <= 30);
    assert_true(residual(fast, 0.5) < 1e-3);
    assert_int_equal(updates_until_done(ctx, plain, 0.5, 30), 31);
    assert_true(residual(plain, 0.5) > 1);
    free(fast);
    free(plain);
    mye_context_free(ctx);
}

static void a_full_memory_starts_anew(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    problem *p = new_problem(3, 1e-5);
    assert_true(updates_until_done(ctx, p, 0.2, 100) <= 100);
    assert_true(residual(p, 0.2) < 1e-3);
    free(p);
    mye_context_free(ctx);
}

static void a_sample_that_is_done_is_left_alone(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    problem *p = new_problem(MEMORY, 1e-5);
    assert_true(updates_until_done(ctx, p, 0.2, 30) <= 30);
    float before[B * 3 * (N + M)];
    memcpy(before, p->x, sizeof before);
    memset(p->f, 0, sizeof p->f);
    assert_true(mye_broyden_update(&p->s, ctx));
    assert_memory_equal(before, p->x, sizeof before);
    free(p);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contraction_is_solved_in_fewer_sweeps_than_by_iteration),
        cmocka_unit_test(an_expansion_is_solved_too),
        cmocka_unit_test(a_full_memory_starts_anew),
        cmocka_unit_test(a_sample_that_is_done_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
