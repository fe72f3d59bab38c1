/* Least squares over a stream of samples, or the sentence of a build without OpenBLAS. */
#include "net_fixture.h"

#include <math.h>

#include "depth/least_squares.h"

#ifdef MYELIN_HAVE_LAPACK

static mye_least_squares *create(mye_context *ctx, int64_t D, int64_t K)
{
    mye_least_squares *ls = NULL;
    mye_error err = {MYE_OK, "", ""};
    if (mye_least_squares_create(ctx, D, K, &ls, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return ls;
}

/* The ridge that was used. */
static double solve(mye_least_squares *ls, double ridge, float *W)
{
    double used = -1.0;
    mye_error err = {MYE_OK, "", ""};
    if (mye_least_squares_solve(ls, ridge, W, &used, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return used;
}

static float *numbers(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)n * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++)
        x[i] = mye_random_normal(5, stream, (uint64_t)i);
    return x;
}

static void identity_gives_the_targets(void **state)
{
    enum { D = 700, K = 3 }; /* more than one block, and a rest */
    float *F = calloc((size_t)D * D, sizeof *F), *Y = numbers(D * K, 1), W[D * K];
    assert_non_null(F);
    for (int i = 0; i < D; i++)
        F[i * D + i] = 1.0f;
    mye_least_squares *ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, D);
    assert_true(solve(ls, 0.0, W) == 0.0);
    assert_memory_equal(W, Y, sizeof W);
    mye_least_squares_free(ls);
    free(F);
    free(Y);
}

/* The largest of |F'(F W - Y) + ridge mean(diag F'F) W| over that of |F'Y|, by plain sums. */
static double residual(const float *F, const float *Y, const float *W, int N, int D, int K,
                       double ridge)
{
    double worst = 0.0, scale = 0.0, trace = 0.0;
    for (int64_t i = 0; i < (int64_t)N * D; i++)
        trace += (double)F[i] * (double)F[i];
    double *left = calloc((size_t)D * (size_t)K * 2, sizeof *left);
    assert_non_null(left);
    double *right = left + D * K;
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++) {
            double z = 0.0;
            for (int d = 0; d < D; d++)
                z += (double)F[n * D + d] * (double)W[d * K + k];
            for (int d = 0; d < D; d++) {
                left[d * K + k] += (double)F[n * D + d] * (z - (double)Y[n * K + k]);
                right[d * K + k] += (double)F[n * D + d] * (double)Y[n * K + k];
            }
        }
    for (int i = 0; i < D * K; i++) {
        worst = fmax(worst, fabs(left[i] + ridge * trace / D * (double)W[i]));
        scale = fmax(scale, fabs(right[i]));
    }
    free(left);
    return worst / scale;
}

static void normal_equations_hold(void **state)
{
    enum { N = 1500, D = 1100, K = 3 }; /* three blocks in a row */
    float *F = numbers((int64_t)N * D, 2), *Y = numbers(N * K, 3), W[D * K];
    mye_least_squares *ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, N);
    assert_true(solve(ls, 0.0, W) == 0.0);
    assert_true(residual(F, Y, W, N, D, K, 0.0) <= 1e-5);
    /* Another ridge from the same sums, and the first one again. */
    assert_true(solve(ls, 0.5, W) == 0.5);
    assert_true(residual(F, Y, W, N, D, K, 0.5) <= 1e-5);
    assert_true(residual(F, Y, W, N, D, K, 0.0) > 1e-2);
    assert_true(solve(ls, 0.0, W) == 0.0);
    assert_true(residual(F, Y, W, N, D, K, 0.0) <= 1e-5);
    mye_least_squares_free(ls);
    free(F);
    free(Y);
}

/* Fewer samples than features, a feature that is always 0, one that repeats another. */
static void what_cannot_be_factored_gets_a_ridge(void **state)
{
    enum { N = 300, D = 40, K = 2, FEW = 30 };
    float *F = numbers(N * D, 4), *Y = numbers(N * K, 5), W[D * K];
    mye_least_squares *ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, FEW);
    double used = solve(ls, 0.0, W);
    assert_true(used > 0.0 && used <= 1e-10);
    assert_true(residual(F, Y, W, FEW, D, K, used) <= 1e-5);
    mye_least_squares_free(ls);

    for (int n = 0; n < N; n++) {
        F[n * D + 7] = 0.0f;
        F[n * D + 20] = F[n * D + 3];
    }
    ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, N);
    used = solve(ls, 0.0, W);
    assert_true(used > 0.0 && used <= 1e-10);
    assert_true(residual(F, Y, W, N, D, K, used) <= 1e-5);
    assert_true(W[7 * K] == 0.0f);
    assert_true(fabsf(W[3 * K] - W[20 * K]) <= 1e-3f * fabsf(W[3 * K]));
    assert_true(solve(ls, 1e-6, W) == 1e-6); /* what suffices is not enlarged */
    mye_least_squares_free(ls);
    free(F);
    free(Y);
}

/* Rounding leaves a tiny pivot, of either sign, for a feature that is the sum of two others. */
static void no_pivot_is_made_of_rounding(void **state)
{
    enum { N = 300, D = 12, K = 1, TRIES = 16 };
    float *Y = numbers(N * K, 5), W[D * K];
    for (int i = 0; i < TRIES; i++) {
        float *F = numbers(N * D, 100 + (uint64_t)i);
        for (int n = 0; n < N; n++) {
            F[n * D + 3] = roundf(8.0f * F[n * D + 3]) / 8.0f; /* so that the sum is exact */
            F[n * D + 5] = roundf(8.0f * F[n * D + 5]) / 8.0f;
            F[n * D + 10] = F[n * D + 3] + F[n * D + 5];
        }
        mye_least_squares *ls = create(*state, D, K);
        mye_least_squares_add(ls, F, Y, N);
        const double used = solve(ls, 0.0, W);
        assert_true(used > 0.0 && used <= 1e-10);
        assert_true(residual(F, Y, W, N, D, K, used) <= 1e-5);
        for (int d = 0; d < D; d++)
            assert_true(fabsf(W[d]) < 1.0f);
        mye_least_squares_free(ls);
        free(F);
    }
    free(Y);
}

/* Bit by bit, with any number of threads. */
static void pieces_and_threads_do_not_matter(void **state)
{
    enum { N = 1000, D = 1100, K = 3 };
    static const int pieces[] = {1, 255, 257, 200, 287};
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_context *three = NULL;
    options.threads = 3;
    assert_int_equal(mye_context_create(&options, &three, NULL), MYE_OK);
    float *F = numbers((int64_t)N * D, 6), *Y = numbers(N * K, 7), a[D * K], b[D * K];
    mye_least_squares *ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, N);
    const double used = solve(ls, 1e-6, a);
    mye_least_squares_free(ls);

    ls = create(three, D, K);
    int at = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; at += pieces[i++])
        mye_least_squares_add(ls, F + at * D, Y + at * K, pieces[i]);
    assert_int_equal(at, N);
    assert_true(solve(ls, 1e-6, b) == used);
    assert_memory_equal(a, b, sizeof a);
    mye_least_squares_free(ls);
    mye_context_free(three);
    free(F);
    free(Y);
}

/* Adding goes on behind a solution; the tile then begins anew, so bits may differ. */
static void samples_may_follow_a_solution(void **state)
{
    enum { N = 500, D = 30, K = 2 };
    float *F = numbers(N * D, 8), *Y = numbers(N * K, 9), a[D * K], b[D * K];
    mye_least_squares *ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, 100);
    solve(ls, 0.0, a);
    assert_true(residual(F, Y, a, 100, D, K, 0.0) <= 1e-5);
    mye_least_squares_add(ls, F + 100 * D, Y + 100 * K, N - 100);
    solve(ls, 0.0, b);
    assert_true(residual(F, Y, b, N, D, K, 0.0) <= 1e-5);
    mye_least_squares_free(ls);
    free(F);
    free(Y);
}

static void labels_are_one_hot_targets(void **state)
{
    enum { N = 400, D = 20, K = 5 };
    float *F = numbers(N * D, 10), *Y = calloc(N * K, sizeof *Y), a[D * K], b[D * K];
    int32_t label[N];
    mye_error err = {MYE_OK, "", ""};
    assert_non_null(Y);
    for (int n = 0; n < N; n++) {
        label[n] = n * 7 % K;
        Y[n * K + label[n]] = 1.0f;
    }
    mye_least_squares *ls = create(*state, D, K);
    mye_least_squares_add(ls, F, Y, N);
    solve(ls, 0.0, a);
    mye_least_squares_free(ls);
    ls = create(*state, D, K);
    assert_int_equal(mye_least_squares_add_labels(ls, F, label, N, &err), MYE_OK);
    solve(ls, 0.0, b);
    assert_memory_equal(a, b, sizeof a);
    label[N - 1] = K;
    assert_int_equal(mye_least_squares_add_labels(ls, F, label, N, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "sample 399 wants a label in [0, 5)"));
    solve(ls, 0.0, b); /* nothing was added */
    assert_memory_equal(a, b, sizeof a);
    mye_least_squares_free(ls);
    free(F);
    free(Y);
}

/* Many targets make the right-hand side larger than the tile. */
static void bytes_are_what_is_allocated(void **state)
{
    static const int64_t sizes[][2] = {{1, 1}, {50, 10}, {600, 700}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int64_t D = sizes[i][0], K = sizes[i][1];
        const size_t live = mye_context_live_bytes(*state);
        mye_least_squares *ls = create(*state, D, K);
        const size_t bytes = mye_least_squares_bytes(D, K);
        assert_int_equal(mye_context_live_bytes(*state) - live, bytes);
        mye_context_restart_peak(*state);
        float *F = numbers(2 * D * D, 11), *Y = numbers(2 * D * K, 12), *W = numbers(D * K, 13);
        mye_least_squares_add(ls, F, Y, 2 * D);
        solve(ls, 0.0, W);
        assert_int_equal(mye_context_peak_bytes(*state) - live, bytes);
        assert_true(residual(F, Y, W, (int)(2 * D), (int)D, (int)K, 0.0) <= 1e-5);
        mye_least_squares_free(ls);
        assert_int_equal(mye_context_live_bytes(*state), live);
        free(F);
        free(Y);
        free(W);
    }
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const int64_t sizes[][2] = {{0, 1}, {1, 0}, {-1, 5}, {INT64_MAX, 1}, {1, INT64_MAX}};
    mye_least_squares *ls = NULL;
    mye_error err = {MYE_OK, "", ""};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(mye_least_squares_bytes(sizes[i][0], sizes[i][1]), 0);
        assert_int_equal(mye_least_squares_create(*state, sizes[i][0], sizes[i][1], &ls, &err),
                         MYE_ERR_SHAPE);
        assert_null(ls);
    }
    const float zero[2] = {0}, wrong[2] = {1.0f, INFINITY}, y[1] = {1.0f};
    float W[2];
    ls = create(*state, 2, 1);
    assert_int_equal(mye_least_squares_solve(ls, 0.0, W, NULL, &err), MYE_ERR_STATE);
    mye_least_squares_add(ls, zero, y, 1);
    assert_int_equal(mye_least_squares_solve(ls, 1e-6, W, NULL, &err), MYE_ERR_NUMERIC);
    assert_non_null(strstr(err.message, "not all 0"));
    assert_int_equal(mye_least_squares_solve(ls, -1.0, W, NULL, &err), MYE_ERR_ARG);
    assert_int_equal(mye_least_squares_solve(ls, NAN, W, NULL, &err), MYE_ERR_ARG);
    mye_least_squares_add(ls, wrong, y, 1);
    assert_int_equal(mye_least_squares_solve(ls, 1e-6, W, NULL, &err), MYE_ERR_NUMERIC);
    assert_non_null(strstr(err.message, "finite features"));
    mye_least_squares_free(ls);
    mye_least_squares_free(NULL);
}

static mye_status small_system(mye_context *ctx, mye_error *err)
{
    const float F[2] = {1.0f, 2.0f}, Y[1] = {1.0f};
    float W[2];
    mye_least_squares *ls;
    MYE_TRY(mye_least_squares_create(ctx, 2, 1, &ls, err));
    mye_least_squares_add(ls, F, Y, 1);
    const mye_status status = mye_least_squares_solve(ls, 1e-6, W, NULL, err);
    mye_least_squares_free(ls);
    return status;
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    fail_every_allocation(small_system);
}

#else

static void creation_names_the_missing_library(void **state)
{
    mye_least_squares *ls = NULL;
    mye_error err = {MYE_OK, "", ""};
    assert_int_equal(mye_least_squares_create(*state, 4, 2, &ls, &err), MYE_ERR_UNSUPPORTED);
    assert_null(ls);
    assert_non_null(strstr(err.message, "has no OpenBLAS"));
    assert_non_null(strstr(err.hint, "libopenblas-dev"));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef MYELIN_HAVE_LAPACK
        cmocka_unit_test(identity_gives_the_targets),
        cmocka_unit_test(normal_equations_hold),
        cmocka_unit_test(what_cannot_be_factored_gets_a_ridge),
        cmocka_unit_test(no_pivot_is_made_of_rounding),
        cmocka_unit_test(pieces_and_threads_do_not_matter),
        cmocka_unit_test(samples_may_follow_a_solution),
        cmocka_unit_test(labels_are_one_hot_targets),
        cmocka_unit_test(bytes_are_what_is_allocated),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
#else
        cmocka_unit_test(creation_names_the_missing_library),
#endif
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
