/* OTTT: the double sum that defines it, identities with BPTT and SLTT, weights that move within a
 * step, and how far each rule's gradient points from BPTT's. */
#include "rule_support.h"

static const char *const nets[] = {
    "8C3-BN-LIF-MP2-12C3-BN-LIF-AP2-FC16-LIF-FC10",
    "8WC3-LIF-SCALE(value=2.74)-AP2-8WC3-LIF-SCALE(value=2.74)-AP2-FC10",
    "resnet20:width=0.5",
};
static const char *const variants[] = {"ottt", "ottt:first=trace"};

static void at_one_step_ottt_is_bptt(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int v = 0; v < 2; v++)
            for (int is_static = 0; is_static < 2; is_static++)
                expect_same(nets[i], is_static, "bptt", variants[v], "ce_mean", 1, 1e-5);
}

static void without_decay_ottt_is_bptt_and_sltt(void **state)
{
    (void)state;
    static const char *const forgetful[] = {
        "8C3-BN-LIF(lambda=0)-MP2-12WC3-LIF(lambda=0)-SCALE(value=2.74)-AP2-FC10",
        "8C3-LIF(lambda=0)-DO0.3-8C3-LIF(lambda=0)-DO0.2-FC10",
    };
    for (int i = 0; i < 2; i++)
        for (int v = 0; v < 2; v++)
            for (int is_static = 0; is_static < 2; is_static++) {
                const char *net = forgetful[i];
                expect_same(net, is_static, "bptt:mode=s", variants[v], "ce_step", 4, 2e-5);
                expect_same(net, is_static, "sltt", variants[v], "ce_mse:a=0.05", 4, 1e-6);
            }
}

/* ---- the double sum ---- */

enum { N_IN = 3, HIDDEN = 6, N_OUT = 10, T = 5, B = 2 };
#define LAMBDA 0.5

typedef struct layer {
    double w[16][16], b[16];
} layer;

static layer read_layer(const mye_node *n, int out, int in)
{
    layer l;
    float w[256], b[16];
    mye_weight_export(mye_node_find(n, "weight"), mye_node_find(n, "weight")->data, w);
    mye_weight_export(mye_node_find(n, "bias"), mye_node_find(n, "bias")->data, b);
    for (int o = 0; o < out; o++) {
        l.b[o] = (double)b[o];
        for (int i = 0; i < in; i++)
            l.w[o][i] = (double)w[o * in + i];
    }
    return l;
}

static double slope(double u)
{
    const double p = 1 / (1 + exp(-4 * (u - 1)));
    return 4 * p * (1 - p);
}

/* dL/dW2 and dL/dW1 of IN-HIDDEN-LIF-OUT by the definition: for each pair of steps k <= t,
 * delta_t (x) lambda^(t-k) value_k; the first layer with value_t alone or likewise. */
static void double_sum(const layer *l1, const layer *l2, double x[T][B][N_IN], const int32_t *label,
                       bool first_traced, double g1[HIDDEN][N_IN], double g2[N_OUT][HIDDEN])
{
    double s[T][HIDDEN], u[T][HIDDEN], d2[T][N_OUT], d1[T][HIDDEN];
    memset(g1, 0, sizeof(double) * HIDDEN * N_IN);
    memset(g2, 0, sizeof(double) * N_OUT * HIDDEN);
    for (int b = 0; b < B; b++) {
        double v[HIDDEN] = {0};
        for (int t = 0; t < T; t++) {
            double o[N_OUT], sum = 0;
            for (int h = 0; h < HIDDEN; h++) {
                u[t][h] = LAMBDA * v[h] + l1->b[h];
                for (int i = 0; i < N_IN; i++)
                    u[t][h] += l1->w[h][i] * x[t][b][i];
                s[t][h] = u[t][h] >= 1;
                v[h] = u[t][h] - s[t][h];
            }
            for (int c = 0; c < N_OUT; c++) {
                o[c] = l2->b[c];
                for (int h = 0; h < HIDDEN; h++)
                    o[c] += l2->w[c][h] * s[t][h];
                sum += exp(o[c]);
            }
            for (int c = 0; c < N_OUT; c++)
                d2[t][c] = (exp(o[c]) / sum - (c == label[b])) / (B * T);
            for (int h = 0; h < HIDDEN; h++) {
                d1[t][h] = 0;
                for (int c = 0; c < N_OUT; c++)
                    d1[t][h] += l2->w[c][h] * d2[t][c] * slope(u[t][h]);
            }
        }
        for (int t = 0; t < T; t++)
            for (int k = 0; k <= t; k++) {
                const double share = pow(LAMBDA, t - k), first = first_traced ? share : k == t;
                for (int h = 0; h < HIDDEN; h++) {
                    for (int c = 0; c < N_OUT; c++)
                        g2[c][h] += share * d2[t][c] * s[k][h];
                    for (int i = 0; i < N_IN; i++)
                        g1[h][i] += first * d1[t][h] * x[k][b][i];
                }
            }
    }
}

static double gradient_error(const mye_node *n, const double *expected, int count)
{
    float stored[256];
    double error = 0, largest = 0;
    mye_weight_export(mye_node_find(n, "weight"), mye_node_find(n, "weight")->grad, stored);
    for (int i = 0; i < count; i++) {
        error = fmax(error, fabs((double)stored[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    assert_true(largest > 1e-3);
    return error / largest;
}

static void check_double_sum(mye_context *ctx, int v, bool is_static)
{
    mye_model *model =
        model_of(ctx, "FC6-LIF(lambda=0.5,surrogate=sigmoid:alpha=4)-FC10", N_IN, 1, is_static);
    const mye_node *first = model->node[1], *second = model->node[3];
    for (int i = 0; i < model->n_nodes; i++)
        for (int w = 0; w < model->node[i]->n_weights; w++)
            for (size_t k = 0; k < model->node[i]->weight[w].count; k++)
                model->node[i]->weight[w].data[k] *= 2.0f;
    double x[T][B][N_IN], g1[HIDDEN][N_IN], g2[N_OUT][HIDDEN], loss;
    for (int t = 0; t < T; t++)
        for (int b = 0; b < B; b++)
            for (int i = 0; i < N_IN; i++) {
                const int row = b * N_IN + i, at = is_static ? row : t * B * N_IN + row;
                x[t][b][i] = (double)mye_random_normal(5, MYE_STREAM_TEST, (uint64_t)at);
            }
    const int32_t label[B] = {0, 1};
    const layer l1 = read_layer(first, HIDDEN, N_IN), l2 = read_layer(second, N_OUT, HIDDEN);
    double_sum(&l1, &l2, x, label, v == 1, g1, g2);
    free(gradient_of(ctx, model, variants[v], "ce_step", T, B, &loss));
    const double e1 = gradient_error(first, g1[0], HIDDEN * N_IN);
    const double e2 = gradient_error(second, g2[0], N_OUT * HIDDEN);
    if (e1 > 1e-5 || e2 > 1e-5)
        fail_msg("%s: off by %g and %g", variants[v], e1, e2);
    mye_model_free(model);
}

static void gradients_are_the_defining_double_sum(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    for (int v = 0; v < 2; v++)
        for (int is_static = 0; is_static < 2; is_static++)
            check_double_sum(ctx, v, is_static);
    mye_context_free(ctx);
}

/* ---- weights that move within a step ---- */

typedef struct mover {
    mye_model *model;
    int moves;
} mover;

static void move(void *self, int module)
{
    MYE_UNUSED(module); /* all of them */
    mover *m = self;
    for (size_t i = 0; i < m->model->n_params; i++) {
        m->model->param[i] -= 0.1f * m->model->grad[i];
        m->model->grad[i] = 0;
    }
    *m->model->grad_is_clear = true;
    m->moves++;
}

/* Weights after one step with the rule, moved by plain gradient descent. */
static float *weights_after(const char *net, const char *time, int steps, bool is_static,
                            int *moves)
{
    mye_context *ctx = context(2);
    mye_model *model = model_of(ctx, net, 2, 12, is_static);
    const mye_run_options o = {
        .time = time, .loss = "ce_step", .T = steps, .B = 4, .training = true};
    mye_run *run = NULL;
    uint64_t seed = 5;
    const int32_t label[4] = {0, 1, 2, 3};
    const mye_target target = {.label = label};
    mover m = {model, 0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    mye_run_set_move(run, move, &m);
    assert_int_equal(mye_run_step(run, 4, (mye_source){fill_frame, &seed}, &target, 1, NULL, NULL),
                     MYE_OK);
    if (!mye_run_moves(run))
        move(&m, -1);
    *moves = m.moves;
    float *copy = malloc(model->n_params * sizeof(float));
    memcpy(copy, model->param, model->n_params * sizeof(float));
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
    return copy;
}

static size_t params_of(const char *net)
{
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, net, 2, 12, true);
    const size_t n = model->n_params;
    mye_model_free(model);
    mye_context_free(ctx);
    return n;
}

static void variant_O_moves_the_weights_at_every_step(void **state)
{
    (void)state;
    int moves;
    for (int i = 0; i < 2; i++) {
        const size_t n = params_of(nets[i]);
        float *a = weights_after(nets[i], "ottt", 1, true, &moves);
        assert_int_equal(moves, 1);
        float *o = weights_after(nets[i], "ottt:variant=O", 1, true, &moves);
        assert_int_equal(moves, 1);
        assert_true(relative_difference(a, o, n) < 1e-6);
        free(a);
        free(o);
        /* Static values follow the moved weights: the same as frames that are given anew. */
        float *once = weights_after(nets[i], "ottt:variant=O", 4, true, &moves);
        assert_int_equal(moves, 4);
        float *frames = weights_after(nets[i], "ottt:variant=O", 4, false, &moves);
        const double d = relative_difference(once, frames, n);
        if (d > 1e-5)
            fail_msg("%s: off by %g", nets[i], d);
        free(once);
        free(frames);
    }
}

static void variant_O_wants_a_mover_and_a_loss_of_each_step(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = model_of(ctx, "FC8-LIF-FC10", 2, 1, true);
    mye_run_options o = {
        .time = "ottt:variant=O", .loss = "ce_mean", .T = 2, .B = 2, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "wants a loss of each step (ce_step, ce_mse)"));
    o.loss = "ce_step";
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_OK);
    uint64_t seed = 1;
    const int32_t label[2] = {0, 1};
    const mye_target target = {.label = label};
    assert_int_equal(mye_run_step(run, 2, (mye_source){fill, &seed}, &target, 1, NULL, &err),
                     MYE_ERR_STATE);
    assert_non_null(strstr(err.message, "moves the weights at every time step"));
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- where gradients point (training_rules.md section 11) ---- */

typedef struct direction {
    const char *rule;
    double cosine_from, ratio_from, ratio_to;
} direction;

/* Toy images of ten classes: a wave whose direction and length tell the class, and noise. */
static void fill_waves(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const uint64_t seed = *(const uint64_t *)self;
    (void)t0;
    (void)t1;
    for (int b = 0; b < p->B; b++) {
        const int c = b % 10;
        for (int i = 0; i < 16 * 16 * 3; i++, dst++) {
            const double x = i / 3 % 16, y = i / 48, angle = 0.6 * c, k = 0.4 + 0.15 * (c % 3);
            *dst = (float)sin(k * (x * cos(angle) + y * sin(angle)) + 2.1 * (i % 3)) +
                   0.3f * mye_random_normal(seed, MYE_STREAM_TEST, (uint64_t)(b * 768 + i));
        }
    }
}

/* Over the weights of layers alone; every rule with the loss and the batch norm of its reference. */
static void check_direction(const char *neuron, int steps, const direction *d)
{
    mye_context *ctx = context(2);
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = "32C3-BN-LIF-AP2-64C3-BN-LIF-AP2-64C3-BN-LIF-AP2-FC10";
    o.neuron = neuron;
    o.C = 3;
    o.H = o.W = 16;
    mye_model *model = NULL;
    assert_int_equal(mye_model_create(ctx, &o, &model, NULL), MYE_OK);
    source_fill = fill_waves;
    const bool by_step = strcmp(d->rule, "rate") != 0;
    double loss, aa = 0, bb = 0, ab = 0;
    float *a =
        gradient_of(ctx, model, by_step ? "bptt:mode=s" : "bptt", "ce_mean", steps, 16, &loss);
    float *b = gradient_of(ctx, model, d->rule, "ce_mean", steps, 16, &loss);
    source_fill = fill;
    for (int w = 0; w < model->n_weights; w++) {
        const mye_weight *x = model->weight[w];
        for (size_t i = 0; x->decay && i < x->count; i++) {
            const double p = (double)a[x->data - model->param + (ptrdiff_t)i];
            const double q = (double)b[x->data - model->param + (ptrdiff_t)i];
            aa += p * p;
            bb += q * q;
            ab += p * q;
        }
    }
    const double cosine = ab / sqrt(aa * bb), ratio = sqrt(bb / aa);
    print_message("%s, T = %d, %s: cosine %.4f, norm ratio %.3f\n", neuron, steps, d->rule, cosine,
                  ratio);
    assert_true(cosine > d->cosine_from);
    assert_true(ratio > d->ratio_from && ratio < d->ratio_to);
    free(a);
    free(b);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void gradients_point_where_the_reference_table_says(void **state)
{
    (void)state;
    static const char *const little = "lif:lambda=0.2,surrogate=sigmoid:alpha=4";
    static const char *const much = "lif:lambda=0.5,surrogate=sigmoid:alpha=4";
    static const struct {
        const char *const *neuron;
        int T;
        direction rule[3];
    } rows[] = {
        {&little,
         4,
         {{"rate", 0.99, 0.95, 1.05}, {"sltt", 0.98, 0.78, 0.92}, {"ottt", 0.975, 0.9, 1.05}}},
        {&little,
         8,
         {{"rate", 0.99, 0.95, 1.05}, {"sltt", 0.975, 0.75, 0.9}, {"ottt", 0.97, 0.9, 1.05}}},
        {&much,
         4,
         {{"rate", 0.985, 0.95, 1.1}, {"sltt", 0.92, 0.55, 0.7}, {"ottt", 0.9, 0.83, 1.05}}},
        {&much,
         8,
         {{"rate", 0.99, 0.95, 1.1}, {"sltt", 0.87, 0.43, 0.65}, {"ottt", 0.85, 0.77, 1.1}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int r = 0; r < 3; r++)
            check_direction(*rows[i].neuron, rows[i].T, &rows[i].rule[r]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_one_step_ottt_is_bptt),
        cmocka_unit_test(without_decay_ottt_is_bptt_and_sltt),
        cmocka_unit_test(gradients_are_the_defining_double_sum),
        cmocka_unit_test(variant_O_moves_the_weights_at_every_step),
        cmocka_unit_test(variant_O_wants_a_mover_and_a_loss_of_each_step),
        cmocka_unit_test(gradients_point_where_the_reference_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
