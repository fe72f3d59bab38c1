/* IDE's gradient against the closed form and finite differences of the equilibrium. */
#include "equilibrium_support.h"

/* ---- the closed form ---- */

/* x of the N x N system a x = b, by elimination with pivots. */
static void solve(int n, double *a, double *b)
{
    for (int c = 0; c < n; c++) {
        int p = c;
        for (int r = c; r < n; r++)
            p = fabs(a[r * n + c]) > fabs(a[p * n + c]) ? r : p;
        assert_true(fabs(a[p * n + c]) > 1e-9);
        for (int k = 0; k < n; k++) {
            const double kept = a[c * n + k];
            a[c * n + k] = a[p * n + k];
            a[p * n + k] = kept;
        }
        const double kept = b[c];
        b[c] = b[p];
        b[p] = kept;
        for (int r = 0; r < n; r++) {
            const double f = r == c ? 0 : a[r * n + c] / a[c * n + c];
            for (int k = 0; k < n; k++)
                a[r * n + k] -= f * a[c * n + k];
            b[r] -= f * b[c];
        }
    }
    for (int c = 0; c < n; c++)
        b[c] /= a[c * n + c];
}

/* beta [N0 + N1] of one sample: beta_0 = W^T (beta_1 m_1 / 2); beta_1 = g + F^T (beta_0 m_0 / 2). */
static void exact_beta(const mye_model *model, const float *open0, const float *open1,
                       const float *g, double *beta)
{
    const int n = N0 + N1;
    double a[(N0 + N1) * (N0 + N1)] = {0};
    const float *W = weight(model, "fc2.weight")->data;     /* [N0][N1] */
    const float *F = weight(model, "fb1.fc1.weight")->data; /* [N1][N0] */
    for (int i = 0; i < N0; i++)
        for (int j = 0; j < N1; j++) {
            a[i * n + N0 + j] = -(double)W[i * N1 + j] * (double)open1[j];
            a[(N0 + j) * n + i] = -(double)F[j * N0 + i] * (double)open0[i];
        }
    for (int i = 0; i < n; i++) {
        a[i * n + i] = 1;
        beta[i] = i < N0 ? 0 : (double)g[i - N0];
    }
    solve(n, a, beta);
}

/* Compares a weight's gradient with sum over samples of (beta m / V) times what it reads. */
static void expect_gradient(const mye_model *model, const char *name, int n_in, int n_out,
                            double (*reads)(const void *arg, int b, int i), const void *arg,
                            const double *delta)
{
    const mye_weight *w = weight(model, name);
    double most = 0;
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++) {
            double want = 0;
            for (int b = 0; b < BATCH; b++)
                want += reads(arg, b, i) * delta[b * n_out + j];
            most = fmax(most, fabs(want));
            if (fabs(want - (double)w->grad[i * n_out + j]) > 2e-5)
                fail_msg("%s: %g, not %g", name, (double)w->grad[i * n_out + j], want);
        }
    assert_true(most > 1e-3);
}

static double reads_input(const void *arg, int b, int i)
{
    (void)arg;
    return (double)input_of(b * IN + i);
}

static double reads_rate0(const void *arg, int b, int i)
{
    return (double)((const float *)arg)[b * N0 + i];
}

static double reads_rate1(const void *arg, int b, int i)
{
    return (double)((const float *)arg)[b * N1 + i];
}

static void check_closed_form(const char *time)
{
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, small, IN, 1, 5);
    mye_run *run = run_of(ctx, model, time, 40, BATCH);
    seen *s = calloc(1, sizeof *s);
    train_step(run, BATCH, s);
    const int n0 = node(model, "if1"), n1 = node(model, "if2");
    double delta0[BATCH * N0], delta1[BATCH * N1];
    int open = 0;
    for (int b = 0; b < BATCH; b++) {
        const float *m0 = &s->data[MYE_PROBE_MASK][n0][b * N0];
        const float *m1 = &s->data[MYE_PROBE_MASK][n1][b * N1];
        double beta[N0 + N1];
        exact_beta(model, m0, m1, &s->data[MYE_PROBE_RATE_GRADIENT][n1][b * N1], beta);
        for (int i = 0; i < N0; i++) {
            assert_true(fabs(beta[i] - (double)s->data[MYE_PROBE_BETA][n0][b * N0 + i]) < 2e-5);
            delta0[b * N0 + i] = beta[i] * (double)m0[i];
            open += m0[i] == 0.5f;
        }
        for (int i = 0; i < N1; i++) {
            assert_true(fabs(beta[N0 + i] - (double)s->data[MYE_PROBE_BETA][n1][b * N1 + i]) <
                        2e-5);
            delta1[b * N1 + i] = beta[N0 + i] * (double)m1[i];
        }
    }
    assert_true(open > BATCH);
    const float *a0 = s->data[MYE_PROBE_RATE][n0], *a1 = s->data[MYE_PROBE_RATE][n1];
    expect_gradient(model, "fc1.weight", IN, N0, reads_input, NULL, delta0);
    expect_gradient(model, "fb1.fc1.weight", N1, N0, reads_rate1, a1, delta0);
    expect_gradient(model, "fc2.weight", N0, N1, reads_rate0, a0, delta1);
    free(s);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void ide_solves_the_adjoint_equation(void **state)
{
    (void)state;
    check_closed_form("ide:tolerance=1e-6");
    check_closed_form("ide:tolerance=1e-6,memory=3,iterations=100");
    check_closed_form("ide:tolerance=1e-6,solver=fixed,iterations=200");
}

/* ---- finite differences of the fixed point ---- */

/* Rates by iterating a = clamp(current / 2), then the loss. */
static double loss_at_equilibrium(const mye_model *model)
{
    const float *X = weight(model, "fc1.weight")->data, *bx = weight(model, "fc1.bias")->data;
    const float *F = weight(model, "fb1.fc1.weight")->data;
    const float *bf = weight(model, "fb1.fc1.bias")->data;
    const float *W = weight(model, "fc2.weight")->data, *bw = weight(model, "fc2.bias")->data;
    const float *C = weight(model, "fc3.weight")->data, *bc = weight(model, "fc3.bias")->data;
    double loss = 0;
    for (int b = 0; b < BATCH; b++) {
        double a0[N0] = {0}, a1[N1] = {0}, y[CLASSES], sum = 0;
        for (int round = 0; round < 400; round++) {
            for (int i = 0; i < N0; i++) {
                double c = (double)bx[i] + (double)bf[i];
                for (int j = 0; j < IN; j++)
                    c += (double)X[j * N0 + i] * (double)input_of(b * IN + j);
                for (int j = 0; j < N1; j++)
                    c += (double)F[j * N0 + i] * a1[j];
                a0[i] = fmin(fmax(c / 2, 0), 1);
            }
            for (int i = 0; i < N1; i++) {
                double c = (double)bw[i];
                for (int j = 0; j < N0; j++)
                    c += (double)W[j * N1 + i] * a0[j];
                a1[i] = fmin(fmax(c / 2, 0), 1);
            }
        }
        for (int k = 0; k < CLASSES; k++) {
            y[k] = (double)bc[k];
            for (int i = 0; i < N1; i++)
                y[k] += (double)C[i * CLASSES + k] * a1[i];
            sum += exp(y[k]);
        }
        loss += (log(sum) - y[b % CLASSES]) / BATCH;
    }
    return loss;
}

static void ide_agrees_with_finite_differences_of_the_equilibrium(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, small, IN, 1, 5);
    mye_run *run = run_of(ctx, model, "ide:tolerance=1e-6", 600, BATCH);
    const double loss = train_step(run, BATCH, NULL);
    assert_true(fabs(loss - loss_at_equilibrium(model)) < 2e-2);
    double aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < model->n_trainable; i++) {
        mye_weight *w = model->weight[i];
        for (size_t k = 0; k < w->count; k++) {
            const float kept = w->data[k];
            w->data[k] = kept + 1e-3f;
            const double up = loss_at_equilibrium(model);
            w->data[k] = kept - 1e-3f;
            const double down = loss_at_equilibrium(model);
            w->data[k] = kept;
            const double want = (up - down) / 2e-3, got = (double)w->grad[k];
            aa += want * want;
            bb += got * got;
            ab += want * got;
        }
    }
    print_message("IDE and finite differences: cosine %.5f, ratio %.4f\n", ab / sqrt(aa * bb),
                  sqrt(bb / aa));
    assert_true(ab / sqrt(aa * bb) > 0.999);
    assert_true(fabs(sqrt(bb / aa) - 1) < 0.02);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ide_solves_the_adjoint_equation),
        cmocka_unit_test(ide_agrees_with_finite_differences_of_the_equilibrium),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
