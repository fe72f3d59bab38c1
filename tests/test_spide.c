/* SPIDE and IDE: their gradient against the closed form and finite differences, the backward
 * neurons, masks, norms, dropout, memory, and what they refuse. */
#include "cmocka_all.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "myelin/myelin.h"
#include "net/graph.h"
#include "net/run.h"

static mye_context *context(int threads)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    return ctx;
}

static mye_model *model_of(mye_context *ctx, const char *net, int C, int H, uint64_t seed)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = C;
    o.H = o.W = H;
    o.static_input = true;
    o.seed = seed;
    mye_model *model = NULL;
    mye_error err = {0};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static mye_run *run_of(mye_context *ctx, const mye_model *model, const char *time, int T, int B)
{
    const mye_run_options o = {
        .time = time, .depth = "global", .loss = "ce_mean", .T = T, .B = B, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s: %s", time, err.message);
    return run;
}

static float input_of(int64_t i)
{
    return mye_random_normal(11, MYE_STREAM_TEST, (uint64_t)i);
}

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    (void)self;
    (void)t0;
    (void)t1;
    for (int64_t i = 0; i < (int64_t)p->B * p->value[0].n; i++)
        dst[i] = input_of(i);
}

/* What the probe saw: [kind][node], rows of the batch; backward spikes [step][B][n]. */
typedef struct seen {
    int B;
    float data[MYE_PROBE_KINDS][16][4096];
} seen;

static void probe(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at, const float *x)
{
    seen *s = arg;
    const int64_t size = mye_shape_size(n->shape);
    const int64_t to = ((int64_t)at.t * s->B + at.b) * size + at.i0;
    if (kind == MYE_PROBE_MEMBRANE || kind == MYE_PROBE_SPIKES || to + at.n > 4096)
        return;
    memcpy(&s->data[kind][n->index][to], x, (size_t)at.n * sizeof *x);
}

static double train_step(mye_run *run, int B, seen *s)
{
    int32_t label[64];
    const int K = mye_model_classes(mye_run_model(run));
    for (int b = 0; b < B; b++)
        label[b] = b % K;
    const mye_target target = {.label = label};
    mye_step_result r;
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        s->B = B;
        mye_run_pass(run)->probe = probe;
        mye_run_pass(run)->probe_arg = s;
    }
    assert_int_equal(mye_run_step(run, B, (mye_source){fill, NULL}, &target, 3, &r, NULL), MYE_OK);
    return r.loss;
}

static float *gradient(mye_context *ctx, mye_model *model, const char *time, int T, int B)
{
    mye_run *run = run_of(ctx, model, time, T, B);
    train_step(run, B, NULL);
    float *copy = malloc(model->n_params * sizeof(float));
    memcpy(copy, model->grad, model->n_params * sizeof(float));
    mye_run_free(run);
    return copy;
}

static double cosine(const float *a, const float *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
        ab += (double)a[i] * (double)b[i];
    }
    assert_true(aa > 0 && bb > 0);
    return ab / sqrt(aa * bb);
}

static mye_weight *weight(const mye_model *model, const char *name)
{
    const int i = mye_model_tensor_find(model, name);
    assert_true(i >= 0);
    return model->weight[i];
}

static int node(const mye_model *model, const char *name)
{
    const int i = mye_model_find(model, name);
    assert_true(i >= 0);
    return i;
}

/* ---- the closed form ---- */

enum { N0 = 7, N1 = 6, IN = 5, CLASSES = 3, BATCH = 4 };

/* Strong feedback, so that it matters. */
static const char small[] =
    "FC7(init=normal,init_gain=1.2)-FB(FC7(init=normal,init_gain=0.8))-IF(subtract=2)-"
    "FC6(init=normal,init_gain=1)-IF(subtract=2)-FC3(init=normal,init_gain=1)";

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

static void spide_tends_to_ide_as_its_steps_grow(void **state)
{
    (void)state;
    static const char *const rules[] = {"spide:scale=1,T_B=8", "spide:scale=1,T_B=40",
                                        "spide:scale=1,T_B=1000"};
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, small, IN, 1, 5);
    float *exact = gradient(ctx, model, "ide:tolerance=1e-6", 40, BATCH);
    double last = 0;
    for (int i = 0; i < 3; i++) {
        float *g = gradient(ctx, model, rules[i], 40, BATCH);
        const double c = cosine(g, exact, model->n_params);
        print_message("%s: cosine %.5f with IDE\n", rules[i], c);
        assert_true(c > last);
        last = c;
        free(g);
    }
    assert_true(last > 0.999);
    free(exact);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void grad_scale_is_the_factor_that_it_says(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, small, IN, 1, 5);
    float *one = gradient(ctx, model, "spide:scale=16,T_B=20", 20, BATCH);
    float *released = gradient(ctx, model, "spide:scale=16,T_B=20,grad_scale=scale", 20, BATCH);
    double most = 0;
    for (size_t i = 0; i < model->n_params; i++) {
        assert_true(fabsf(16 * one[i] - released[i]) < 1e-4f);
        most = fmax(most, fabs((double)released[i]));
    }
    assert_true(most > 0.1);
    free(one);
    free(released);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- neurons ---- */

/* One layer without feedback: its backward neurons are driven by g alone. */
static void check_ternary_spikes(const char *net, double lambda)
{
    enum { STEPS = 25 };
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, net, IN, 1, 2);
    mye_run *run = run_of(ctx, model, "spide:T_B=25,scale=10,threshold=0.75,amplitude=1.25", 12, 2);
    seen *s = calloc(1, sizeof *s);
    train_step(run, 2, s);
    int up = 0, down = 0, i0 = 2; /* input, dense, neuron */
    for (int i = 0; i < 2 * N0; i++) {
        const double g = (double)s->data[MYE_PROBE_RATE_GRADIENT][i0][i];
        double u = 0, beta = 0, full = 0;
        for (int t = 0; t < STEPS; t++) {
            u += g;
            const double spike = u >= 0.75 ? 1.25 : u <= -0.75 ? -1.25 : 0;
            const double got = (double)s->data[MYE_PROBE_BACKWARD_SPIKE][i0][t * 2 * N0 + i];
            assert_true(fabs(got - spike) < 1e-6);
            u = lambda * (u - spike);
            beta = lambda * beta + spike;
            full = lambda * full + 1;
            up += spike > 0;
            down += spike < 0;
        }
        assert_true(fabs(beta / full - (double)s->data[MYE_PROBE_BETA][i0][i]) < 1e-5);
    }
    assert_true(up > 0 && down > 0);
    free(s);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void backward_neurons_fire_ternary_spikes(void **state)
{
    (void)state;
    check_ternary_spikes("FC7-IF(subtract=2)-FC3", 1.0);
    check_ternary_spikes("FC7-LIF(lambda=0.75,subtract=2)-FC3", 0.75);
}

/* A decaying average of ones is 1 only up to rounding: counts decide. */
static void a_neuron_that_always_fires_is_masked_by_counts(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, "FC7-LIF(lambda=0.95,subtract=2)-FC3", IN, 1, 2);
    mye_weight *w = weight(model, "fc1.weight"), *bias = weight(model, "fc1.bias");
    memset(w->data, 0, w->count * sizeof(float));
    for (int i = 0; i < N0; i++) /* three silent, one always, the others between */
        bias->data[i] = i < 3 ? -1.0f : i == 3 ? 4.0f : 0.3f * (float)i;
    mye_run *run = run_of(ctx, model, "spide:T_B=10", 15, 2);
    seen *s = calloc(1, sizeof *s);
    train_step(run, 2, s);
    for (int i = 0; i < N0; i++) {
        const float rate = s->data[MYE_PROBE_RATE][2][i], mask = s->data[MYE_PROBE_MASK][2][i];
        assert_true(mask == (i < 4 ? 0.0f : 0.5f));
        assert_true(i < 3 ? rate == 0.0f : i == 3 ? fabsf(rate - 1) < 1e-5f : rate < 1);
        assert_true(i >= 4 || bias->grad[i] == 0.0f);
    }
    free(s);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- norm, dropout ---- */

static double norm_of(const mye_weight *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->count; i++)
        sum += (double)w->data[i] * (double)w->data[i];
    return sqrt(sum);
}

static void feedback_weights_are_held_to_their_norm(void **state)
{
    (void)state;
    static const char *const rules[] = {"spide:T_B=5,norm=0.5", "ide:norm=0.5", "spide:T_B=5"};
    for (int i = 0; i < 3; i++) {
        mye_context *ctx = context(1);
        mye_model *model = model_of(ctx, small, IN, 1, 5);
        const double other = norm_of(weight(model, "fc2.weight"));
        const double before = norm_of(weight(model, "fb1.fc1.weight"));
        float *g = gradient(ctx, model, rules[i], 5, BATCH);
        const double after = norm_of(weight(model, "fb1.fc1.weight"));
        assert_true(before > 0.6);
        assert_true(i == 2 ? after == before : fabs(after - 0.5) < 1e-5);
        assert_true(norm_of(weight(model, "fc2.weight")) == other);
        free(g);
        mye_model_free(model);
        mye_context_free(ctx);
    }
}

static void dropout_has_one_mask_in_both_stages(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx,
                                "FC64-FB(FC64)-IF(subtract=2)-DO0.5-FC64-DO0.5-IF(subtract=2)-"
                                "FC3",
                                IN, 1, 5);
    mye_run *run = run_of(ctx, model, "spide:T_B=5", 5, BATCH);
    train_step(run, BATCH, NULL);
    for (int k = 1; k <= 2; k++) {
        const int i = node(model, k == 1 ? "drop1" : "drop2");
        const uint64_t *a = mye_run_pass(run)->value[i].state;
        const uint64_t *b = mye_run_rate_pass(run)->value[i].state;
        assert_memory_equal(a, b, BATCH * sizeof *a);
        assert_true(a[0] != 0 && a[0] != UINT64_MAX);
    }
    /* What never reaches the layer has no weight gradient. */
    const uint64_t *mask = mye_run_pass(run)->value[node(model, "drop1")].state;
    const mye_weight *w = weight(model, "fc2.weight");
    int silent = 0;
    for (int i = 0; i < 64; i++) {
        bool dropped = true;
        for (int b = 0; b < BATCH; b++)
            dropped = dropped && !(mask[b] >> i & 1);
        for (int j = 0; j < 64 && dropped; j++)
            assert_true(w->grad[i * 64 + j] == 0.0f);
        silent += dropped;
    }
    assert_true(silent > 0);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- threads and memory ---- */

static const char *const nets[] = {
    "8C3s2-FB(8CT3s2)-IF(subtract=2)-8C3s2-IF(subtract=2)-FC10",
    "8C3-BN-FB(8C3)-LIF(lambda=0.9,subtract=2)-DO0.2-8C3-LIF(lambda=0.9,subtract=2)-AP2-FC10",
    "6C3-IF(subtract=2)-AP2-IF(subtract=2)-6C3-IF(subtract=2)-AP2-FC20-IF(subtract=2)-FC10",
    "FC20-FB(FC20)-IF(subtract=2)-FC12-FB()-IF(subtract=2)-FC12-IF(subtract=2)-FC10",
};
static const char *const rules[] = {"spide:T_B=12", "ide", "ide:solver=fixed"};

static void one_and_two_threads_give_the_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        for (int r = 0; r < 3; r++) {
            float *g[2];
            size_t n = 0;
            for (int k = 0; k < 2; k++) {
                mye_context *ctx = context(1 + k);
                mye_model *model = model_of(ctx, nets[i], 2, 12, 3);
                g[k] = gradient(ctx, model, rules[r], 6, 9);
                n = model->n_params;
                mye_model_free(model);
                mye_context_free(ctx);
            }
            assert_memory_equal(g[0], g[1], n * sizeof(float));
            double size = 0;
            for (size_t j = 0; j < n; j++)
                size += fabs((double)g[0][j]);
            assert_true(size > 0 && isfinite(size));
            free(g[0]);
            free(g[1]);
        }
}

static mye_plan plan_of(mye_context *ctx, const mye_model *model, const char *time, int T)
{
    const mye_run_options o = {
        .time = time, .depth = "global", .loss = "ce_mean", .T = T, .B = 4, .training = true};
    mye_plan plan;
    assert_int_equal(mye_run_count(ctx, model, &o, &plan, NULL), MYE_OK);
    mye_run *run = run_of(ctx, model, time, T, 4);
    assert_int_equal(plan.run_bytes + plan.scratch_bytes, mye_run_bytes(run));
    train_step(run, 4, NULL);
    train_step(run, 3, NULL); /* a smaller last batch finds its memory too */
    mye_run_free(run);
    return plan;
}

static void memory_is_what_was_planned_for_any_number_of_steps(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (int i = 0; i < 4; i++) {
        mye_model *model = model_of(ctx, nets[i], 2, 12, 3);
        mye_plan a = plan_of(ctx, model, "spide:T_B=6", 3);
        mye_plan b = plan_of(ctx, model, "spide:T_B=60", 30);
        assert_int_equal(a.arena_bytes, b.arena_bytes);
        assert_int_equal(a.kept_bytes, b.kept_bytes);
        mye_plan c = plan_of(ctx, model, "ide:iterations=3", 3);
        mye_plan d = plan_of(ctx, model, "ide:iterations=20", 30);
        assert_int_equal(c.arena_bytes, d.arena_bytes);
        mye_plan_free(ctx, &a);
        mye_plan_free(ctx, &b);
        mye_plan_free(ctx, &c);
        mye_plan_free(ctx, &d);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* ---- what is refused ---- */

static void what_has_no_equilibrium_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"8C3-IF-MP2-FC10", "linear in the rates, got node 'pool1' (maxpool)"},
        {"8C3-IF-8C3-BN-IF-FC10", "'bn1' (batchnorm)"},
        {"FC8-PLIF-FC10", "plif"},
        {"FC8-IF(reset=hard)-FC10", "soft reset"},
        {"FC8-LIF(decay_input=yes)-FC10", "not decayed"},
        {"FC8-LIF(lambda=0.9)-FC8-IF-FC10", "one decay"},
        {"FC8-IF-DO0.5(per_step=yes)-FC10", "'drop1' (dropout)"},
        {"8C3-FB(8C3)-SCALE(value=2)-IF-FC10", "straight to neurons"},
        {"FC10", "with neurons"},
    };
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int r = 0; r < 2; r++) {
            mye_model *model = model_of(ctx, cases[i][0], 2, 8, 3);
            const mye_run_options o = {.time = r == 0 ? "spide" : "ide",
                                       .depth = "global",
                                       .loss = "ce_mean",
                                       .T = 2,
                                       .B = 2,
                                       .training = true};
            mye_run *run = NULL;
            mye_error err = {0};
            assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
            if (strstr(err.message, cases[i][1]) == NULL || strstr(err.message, o.time) == NULL)
                fail_msg("%s: %s", cases[i][0], err.message);
            mye_model_free(model);
        }
    mye_context_free(ctx);
}

static void settings_without_meaning_are_refused(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, small, IN, 1, 3);
    mye_run_options o = {.time = "spide",
                         .depth = "global",
                         .loss = "ce_mean",
                         .T = 2,
                         .B = 2,
                         .training = true,
                         .smooth = true};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no smooth form"));
    o.smooth = false;
    o.rate_strength = 0.1;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "firing-rate term"));
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ide_solves_the_adjoint_equation),
        cmocka_unit_test(ide_agrees_with_finite_differences_of_the_equilibrium),
        cmocka_unit_test(spide_tends_to_ide_as_its_steps_grow),
        cmocka_unit_test(grad_scale_is_the_factor_that_it_says),
        cmocka_unit_test(backward_neurons_fire_ternary_spikes),
        cmocka_unit_test(a_neuron_that_always_fires_is_masked_by_counts),
        cmocka_unit_test(feedback_weights_are_held_to_their_norm),
        cmocka_unit_test(dropout_has_one_mask_in_both_stages),
        cmocka_unit_test(one_and_two_threads_give_the_same_bits),
        cmocka_unit_test(memory_is_what_was_planned_for_any_number_of_steps),
        cmocka_unit_test(what_has_no_equilibrium_is_refused_with_a_sentence),
        cmocka_unit_test(settings_without_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
