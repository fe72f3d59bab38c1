/* Weights in closed form: the right samples, targets and layout, and the memory that was planned. */
#include "cafo_support.h"

#include "train/fit.h"

enum { K = 10, B = 6 };

#define CAFO "cafo:channels=4"

#ifdef MYELIN_HAVE_LAPACK

enum { N = 8, H = 6, SAMPLES = 3 * B };

/* Solves A x = y for K right-hand sides by elimination; A is symmetric and positive. */
static void eliminate(int n, double a[H][H], double y[H][K])
{
    for (int p = 0; p < n; p++)
        for (int r = 0; r < n; r++) {
            const double f = r == p ? 0 : a[r][p] / a[p][p];
            for (int c = 0; c < n && r != p; c++)
                a[r][c] -= f * a[p][c];
            for (int k = 0; k < K && r != p; k++)
                y[r][k] -= f * y[p][k];
        }
    for (int r = 0; r < n; r++)
        for (int k = 0; k < K; k++)
            y[r][k] /= a[r][r];
}

/* What the batches of the closed-form test are made of, said twice: to the run, and by hand. */
typedef struct batch {
    int32_t label[B], other[B];
    float mix[B], weight[B];
} batch;

static batch batch_of(int s)
{
    batch t;
    for (int b = 0; b < B; b++) {
        t.label[b] = (b + s) % K;
        t.other[b] = (3 * b + 1) % K;
        t.mix[b] = b % 2 ? 1.0f : 0.7f;
        t.weight[b] = s == 1 ? 2.0f : 1.0f;
    }
    return t;
}

static void train_batches(mye_run *run)
{
    for (int s = 0; s < 3; s++) {
        const batch t = batch_of(s);
        const mye_target target = {
            .label = t.label, .label_b = t.other, .mix = t.mix, .weight = t.weight};
        uint64_t seed = (uint64_t)(5 + s);
        mye_error err = {0};
        if (mye_run_step(run, B, (mye_source){source_fill, &seed}, &target, 3, NULL, &err) !=
            MYE_OK)
            fail_msg("%s", err.message);
    }
}

static mye_fit *fit_of(mye_context *ctx, mye_model *model, mye_run *run)
{
    mye_fit *fit = NULL;
    mye_error err = {0};
    if (mye_fit_create(ctx, model, B, &fit, &err) != MYE_OK)
        fail_msg("%s", err.message);
    mye_fit_watch(fit, run);
    mye_fit_begin(fit);
    return fit;
}

static void solve_all(mye_fit *fit, int64_t samples)
{
    mye_error err = {0};
    mye_fit_result r;
    for (int i = 0; i < mye_fit_layers(fit); i++) {
        if (mye_fit_solve(fit, i, &r, &err) != MYE_OK)
            fail_msg("%s", err.message);
        assert_int_equal(r.samples, samples);
    }
}

/* Ridge regression by hand: weighted samples, mixed labels, one step, relu features. */
static void predictors_are_the_ridge_regression_of_their_features(void **state)
{
    (void)state;
    const double ridge = 0.01;
    mye_context *ctx = context(2);
    mye_model *model = NULL;
    static const char yaml[] = "neuron: relu\ninput: 8\nnodes:\n- {op: dense, features: 6}\n"
                               "- {op: neuron}\n- {op: dense, features: 10, bias: false}\n";
    mye_graph *graph = NULL;
    assert_int_equal(mye_graph_create(ctx, N, 1, 1, "relu", &graph, NULL), MYE_OK);
    assert_int_equal(mye_net_yaml_parse(graph, "test", yaml, strlen(yaml), NULL), MYE_OK);
    assert_int_equal(mye_graph_extend(&graph, false, "cafo:fit=closed,ridge=0.01", NULL), MYE_OK);
    assert_int_equal(mye_model_from_graph(graph, false, 1, &model, NULL), MYE_OK);
    assert_int_equal(mye_model_weights(model), 0);
    mye_run *run = run_of(ctx, model, training("bptt", "ce_mean", 1, B));
    mye_fit *fit = fit_of(ctx, model, run);
    train_batches(run); /* forgotten */
    mye_fit_begin(fit);
    train_batches(run);
    solve_all(fit, SAMPLES);
    size_t n;
    float *w = tensor(model, "fc1.weight", false, &n), *bias = tensor(model, "fc1.bias", false, &n);
    double a[H][H] = {{0}}, y[H][K] = {{0}}, trace = 0;
    for (int s = 0; s < 3; s++)
        for (int b = 0; b < B; b++) {
            const batch t = batch_of(s);
            double x[N], h[H];
            for (int i = 0; i < N; i++)
                x[i] = (double)mye_random_normal((uint64_t)(5 + s), MYE_STREAM_TEST,
                                                 (uint64_t)(b * N + i));
            layer(w, bias, H, N, x, true, h);
            for (int i = 0; i < H; i++) {
                const double f = (double)t.weight[b] * h[i];
                for (int j = 0; j < H; j++)
                    a[i][j] += f * h[j];
                trace += f * h[i];
                y[i][t.label[b]] += f * (double)t.mix[b];
                y[i][t.other[b]] += f * (1 - (double)t.mix[b]);
            }
        }
    for (int i = 0; i < H; i++)
        a[i][i] += ridge * trace / H;
    eliminate(H, a, y);
    float want[K * H];
    for (int k = 0; k < K; k++)
        for (int i = 0; i < H; i++)
            want[k * H + i] = (float)y[i][k];
    float *got = tensor(model, "fc2.weight", false, &n);
    assert_int_equal(n, K * H);
    assert_true(relative_difference(want, got, n) < 1e-4);
    free(w);
    free(bias);
    free(got);
    mye_fit_free(fit);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* Features are means over the steps, in the order of the weights, whatever the time rule. */
static void time_rules_agree_about_solved_predictors(void **state)
{
    (void)state;
    static const struct {
        const char *time, *loss;
    } rule[] = {{"bptt:mode=s", "ce_mean"},
                {"sltt", "ce_mean"},
                {"sltt", "ce_step"},
                {"sltt:K=1", "ce_step"},
                {"rate:mode=s", "ce_mean"}};
    mye_context *ctx = context(2);
    mye_model *first = cut(ctx, CAFO, "lif", "cafo:fit=closed,ridge=0.1", 2, 12);
    for (int i = 0; i < 5; i++) {
        mye_model *model = cut(ctx, CAFO, "lif", "cafo:fit=closed,ridge=0.1", 2, 12);
        mye_model *solved = i == 0 ? first : model;
        mye_run *run = run_of(ctx, solved, training(rule[i].time, rule[i].loss, 3, B));
        mye_fit *fit = fit_of(ctx, solved, run);
        train_batches(run);
        solve_all(fit, SAMPLES);
        if (i > 0) {
            assert_true(tensors_differ(first, model, "predictor1.fc1.weight", false) < 1e-4);
            assert_true(tensors_differ(first, model, "predictor2.fc1.weight", false) < 1e-4);
            assert_true(tensors_differ(first, model, "fc1.weight", false) < 1e-4);
        }
        mye_fit_free(fit);
        mye_run_free(run);
        mye_model_free(model);
    }
    mye_model_free(first);
    mye_context_free(ctx);
}

/* Fewer samples than features and hardly a ridge: every label is met, so order and layout are right. */
static void solved_predictors_meet_their_labels(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = cut(ctx, CAFO, "relu", "cafo:fit=closed,statistics=batch", 2, 12);
    mye_run *run = run_of(ctx, model, training("bptt", "ce_mean", 1, B));
    mye_fit *fit = fit_of(ctx, model, run);
    step_of(run, B, 5);
    solve_all(fit, B);
    assert_int_equal(step_of(run, B, 5).correct, B);
    mye_fit_free(fit);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void sums_take_what_is_planned(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = cut(ctx, CAFO, "relu", "cafo:fit=closed", 2, 12);
    mye_fit *fit = NULL;
    const size_t before = mye_context_live_bytes(ctx);
    assert_int_equal(mye_fit_create(ctx, model, B, &fit, NULL), MYE_OK);
    assert_int_equal(mye_context_live_bytes(ctx) - before, mye_fit_bytes(model, B));
    mye_fit_free(fit);
    assert_int_equal(mye_context_live_bytes(ctx), before);
    mye_model_free(model);
    model = cut(ctx, CAFO, "relu", "cafo", 2, 12);
    assert_int_equal(mye_fit_bytes(model, B), 0);
    assert_int_equal(mye_fit_create(ctx, model, B, &fit, NULL), MYE_OK);
    assert_null(fit);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictors_are_the_ridge_regression_of_their_features),
        cmocka_unit_test(time_rules_agree_about_solved_predictors),
        cmocka_unit_test(solved_predictors_meet_their_labels),
        cmocka_unit_test(sums_take_what_is_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
static void without_openblas_it_says_so(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut(ctx, CAFO, "relu", "cafo:fit=closed", 2, 12);
    mye_fit *fit = NULL;
    assert_int_equal(mye_fit_create(ctx, model, B, &fit, NULL), MYE_ERR_UNSUPPORTED);
    assert_null(fit);
    mye_model_free(model);
    mye_context_free(ctx);
}
int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_openblas_it_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
