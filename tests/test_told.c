/*
 * What a run tells of single samples, against the gradients of runs that see one sample each:
 * data_pruning.md T1, T2, T3, for every kind of rule, and under weights.
 */
#include "rule_support.h"

enum { MOST = 60 };

typedef struct setting {
    const char *net, *time, *loss, *depth, *neuron;
    int T, C, H;
    bool is_static;
} setting;

/* Sample `first + b` of an endless set of noise, whatever the batch. */
typedef struct noise {
    int first;
    float level; /* samples differ in contrast too */
} noise;

static void fill_noise(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const noise *from = self;
    const int64_t n = p->value[0].n;
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    for (int t = 0; t < steps; t++)
        for (int b = 0; b < p->B; b++)
            for (int64_t i = 0; i < n; i++) {
                const uint64_t sample = (uint64_t)(from->first + b), step = (uint64_t)(t0 + t);
                const float level = 0.3f + from->level * (float)(sample % 7);
                *dst++ = level * mye_random_normal(sample, MYE_STREAM_TEST,
                                                   step * (uint64_t)n + (uint64_t)i);
            }
}

static int32_t label_of(int sample)
{
    return (int32_t)(sample * 7 % 10);
}

static mye_model *make_model(mye_context *ctx, const setting *s)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = s->net;
    o.C = s->C;
    o.H = o.W = s->H;
    o.static_input = s->is_static;
    if (s->neuron != NULL)
        o.neuron = s->neuron;
    if (s->depth != NULL)
        o.depth = s->depth;
    mye_model *model = NULL;
    mye_error err = {0};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", s->net, err.message);
    return model;
}

static mye_run *make_run(mye_context *ctx, const mye_model *model, const setting *s, int B,
                         unsigned tells)
{
    const mye_run_options o = {.time = s->time,
                               .loss = s->loss,
                               .T = s->T,
                               .B = B,
                               .training = true,
                               .exact = true,
                               .tells = tells};
    mye_run *run = NULL;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s, %s: %s", s->net, s->time, err.message);
    return run;
}

/* Norm of the gradient in the weights of nodes of these types. */
static double norm_in_model(const mye_model *m, const char *type)
{
    double sum = 0;
    for (int i = 0; i < m->n_nodes; i++) {
        const mye_node *n = m->node[i];
        const bool is_layer = (n->type->flags & MYE_NODE_PRODUCT) != 0;
        for (int k = 0; k < n->n_weights && is_layer; k++) {
            const mye_weight *w = &n->weight[k];
            if (w->grad == NULL || (type != NULL && strcmp(n->type->entry.name, type) != 0))
                continue;
            for (size_t j = 0; j < w->count; j++)
                sum += (double)w->grad[j] * (double)w->grad[j];
        }
    }
    return sqrt(sum);
}

typedef struct truth {
    double readout[MOST], layers[MOST];
} truth;

static void brute_force(mye_context *ctx, const mye_model *model, const setting *s, int first,
                        int n, truth *out)
{
    mye_run *run = make_run(ctx, model, s, 1, 0);
    for (int b = 0; b < n; b++) {
        noise from = {first + b, 0.4f};
        const int32_t label = label_of(first + b);
        const mye_target target = {.label = &label};
        mye_error err = {0};
        assert_int_equal(
            mye_run_step(run, 1, (mye_source){fill_noise, &from}, &target, 3, NULL, &err), MYE_OK);
        out->layers[b] = norm_in_model(model, NULL);
        out->readout[b] = norm_in_model(model, "dense");
    }
    mye_run_free(run);
}

/* Told of samples [first, first + n) in one batch, with uneven weights. */
static mye_told tell(mye_run *run, int first, int n, mye_step_result *r)
{
    static int32_t label[MOST];
    static float weight[MOST];
    noise from = {first, 0.4f};
    for (int b = 0; b < n; b++) {
        label[b] = label_of(first + b);
        weight[b] = 0.25f + (float)(b % 5);
    }
    const mye_target target = {.label = label, .weight = weight};
    mye_error err = {0};
    assert_int_equal(mye_run_step(run, n, (mye_source){fill_noise, &from}, &target, 3, r, &err),
                     MYE_OK);
    return r->told;
}

typedef struct closeness {
    double least, most; /* told over true, of all samples */
} closeness;

static void widen(closeness *c, double told, double true_norm)
{
    const double ratio = told / true_norm;
    assert_true(true_norm > 0);
    c->least = fmin(c->least, ratio);
    c->most = fmax(c->most, ratio);
}

static void measure(const setting *s, int samples, closeness *readout, closeness *layers)
{
    mye_context *ctx = context(2);
    mye_model *model = make_model(ctx, s);
    mye_run *run = make_run(ctx, model, s, MOST, MYE_TELL_READOUT | MYE_TELL_LAYERS);
    *readout = *layers = (closeness){INFINITY, 0};
    for (int first = 0; first < samples; first += MOST) {
        const int n = samples - first < MOST ? samples - first : MOST;
        truth t;
        mye_step_result r;
        const mye_told told = tell(run, first, n, &r);
        brute_force(ctx, model, s, first, n, &t);
        for (int b = 0; b < n; b++) {
            widen(readout, (double)told.readout[b], t.readout[b]);
            widen(layers, (double)told.layers[b], t.layers[b]);
        }
    }
    assert_true(mye_run_told_s(run) > 0);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void expect_exact(const char *what, closeness c, double tolerance)
{
    if (c.least < 1 - tolerance || c.most > 1 + tolerance)
        fail_msg("%s: told over true norm in [%.9g, %.9g]", what, c.least, c.most);
}

static void expect_bound(const char *what, closeness c, double most)
{
    if (c.least < 1 - 1e-5 || c.most > most)
        fail_msg("%s: told over true norm in [%.9g, %.9g], wanted [1, %g]", what, c.least, c.most,
                 most);
}

/* T1: 300 samples; the readout is the only dense layer. */
static void readout_norm_is_exact(void **unused)
{
    MYE_UNUSED(unused);
    static const setting with[] = {
        {"8C3-LIF-MP2-8C3s2-LIF-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 8, true},
        {"8C3-LIF-GAP-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 8, false},
        {"8C3-LIF-AP2-FC10", "bptt:checkpoint=node", "ce_step", NULL, NULL, 4, 2, 8, true},
        {"8C3-LIF-MP2-FC10", "rate", "ce_mean", NULL, NULL, 4, 2, 8, true},
    };
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        closeness readout, layers;
        measure(&with[i], i == 0 ? 300 : 60, &readout, &layers);
        expect_exact(with[i].net, readout, 1e-5);
    }
}

/* T3: all layers dense, T of 1, 4 and 8; float input and spikes. */
static void dense_layers_are_exact(void **unused)
{
    MYE_UNUSED(unused);
    static const int steps[] = {1, 4, 8};
    for (int i = 0; i < 6; i++) {
        const setting s = {
            "FC33-LIF-FC70-LIF-FC10", "bptt", "ce_mean", NULL, NULL, steps[i % 3], 1, 6, i < 3};
        closeness readout, layers;
        measure(&s, 60, &readout, &layers);
        expect_exact(s.net, layers, 1e-5);
    }
}

/* T2: convolutions get the bound, never below; few places exact. */
static void convolutions_are_bounded(void **unused)
{
    MYE_UNUSED(unused);
    static const setting bounded[] = {
        {"8C3-LIF-8C3s2-LIF-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 9, true},
        {"8C5s2-LIF-8C3-LIF-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 10, false},
        {"6C3s3p0-LIF-6C1-LIF-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 12, true},
        {"8C3-LIF-MP2-8C3g4-LIF-FC10", "rate", "ce_mean", NULL, NULL, 4, 2, 8, true},
    };
    for (size_t i = 0; i < sizeof bounded / sizeof *bounded; i++) {
        closeness readout, layers;
        measure(&bounded[i], i == 0 ? 300 : 60, &readout, &layers);
        expect_bound(bounded[i].net, layers, 12);
        assert_true(layers.most > 1.001);
    }
    const setting few = {"8C3s2-LIF-8C3-LIF-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 4, true};
    closeness readout, layers;
    measure(&few, 60, &readout, &layers);
    expect_exact("2x2 pixels, 4 steps", layers, 1e-5);
}

/* Step by step: norms of steps are added, so never below, and equal at T = 1. */
static void rules_of_single_steps_are_bounded(void **unused)
{
    MYE_UNUSED(unused);
    static const char *const rule[] = {"sltt", "ottt"};
    for (size_t i = 0; i < 2; i++)
        for (int T = 1; T <= 4; T += 3) {
            const setting s = {
                "FC40-LIF-FC30-LIF-FC10", rule[i], "ce_step", NULL, NULL, T, 1, 6, true};
            closeness readout, layers;
            measure(&s, 60, &readout, &layers);
            if (T == 1)
                expect_exact(rule[i], layers, 1e-5);
            else
                expect_bound(rule[i], layers, 2.01);
        }
}

/* Section 5: of all modules, each by its own auxiliary classifier; those read dense layers only. */
static void modules_add_in_squares(void **unused)
{
    MYE_UNUSED(unused);
    static const char *const depth[] = {"auglocal:a=2", "greedy", "global"};
    for (size_t i = 0; i < 3; i++) {
        const setting s = {
            "8C3-LIF-8C3s2-LIF-8C3-LIF-FC10", "bptt", "ce_mean", depth[i], NULL, 4, 2, 8, true};
        closeness readout, layers;
        measure(&s, 60, &readout, &layers);
        expect_bound(depth[i], layers, 12);
        expect_exact(depth[i], readout, 1e-5);
    }
}

/* Largest singular value of the dense layer's weight, by power iteration. */
static double spectral_norm(const mye_node *n)
{
    const int O = n->weight[0].dim[0], I = n->weight[0].dim[1];
    double x[512] = {0}, y[512], norm = 0;
    assert_true(O <= 512 && I <= 512);
    for (int i = 0; i < I; i++)
        x[i] = 1 + 0.01 * i;
    for (int round = 0; round < 300; round++) {
        double length = 0;
        for (int i = 0; i < I; i++)
            length += x[i] * x[i];
        norm = 0;
        for (int o = 0; o < O; o++) {
            y[o] = 0;
            for (int i = 0; i < I; i++)
                y[o] += (double)n->weight[0].data[i * O + o] * x[i] / sqrt(length);
            norm += y[o] * y[o];
        }
        for (int i = 0; i < I; i++) {
            x[i] = 0;
            for (int o = 0; o < O; o++)
                x[i] += (double)n->weight[0].data[i * O + o] * y[o];
        }
    }
    return sqrt(norm);
}

static double squares_of_sample(const mye_model *m, int sample)
{
    double sum = 0;
    const int64_t n = mye_shape_size(m->node[0]->shape);
    for (int64_t i = 0; i < n; i++) {
        const double x = (0.3 + 0.4 * (sample % 7)) *
                         (double)mye_random_normal((uint64_t)sample, MYE_STREAM_TEST, (uint64_t)i);
        sum += x * x;
    }
    return sum;
}

/* (F), from what is told: error and spikes. One hidden layer, membranes that keep 0.5, a surrogate of
 * height 1. */
static void errors_and_spikes_bound_the_gradient(void **unused)
{
    MYE_UNUSED(unused);
    const setting s = {
        "FC40-LIF-FC10", "bptt", "ce_mean", NULL, "lif:tau=2,surrogate=triangle", 4, 1, 6, true};
    mye_context *ctx = context(1);
    mye_model *model = make_model(ctx, &s);
    mye_run *run = make_run(ctx, model, &s, MOST, MYE_TELL_ERROR | MYE_TELL_SPIKES);
    mye_step_result r;
    truth t;
    const mye_told told = tell(run, 0, MOST, &r);
    brute_force(ctx, model, &s, 0, MOST, &t);
    const mye_node *last = model->node[model->output];
    while (!(last->type->flags & MYE_NODE_PRODUCT))
        last = model->node[last->in[0]];
    const double lambda = 0.5, rho = (1 - pow(lambda, 4)) / (1 - lambda) * spectral_norm(last);
    double spikes = 0;
    for (int b = 0; b < MOST; b++) {
        const double input = squares_of_sample(model, b) + 1;
        const double bound =
            (double)told.error[b] * sqrt(rho * rho * input + (double)told.spikes[b] / 4 + 1);
        spikes += (double)told.spikes[b];
        if (bound < t.layers[b])
            fail_msg("sample %d: bound %g below %g", b, bound, t.layers[b]);
    }
    const mye_pass *p = mye_run_pass(run);
    double counted = 0;
    for (int i = 0; i < p->n_nodes; i++)
        counted += (double)p->value[i].spikes;
    assert_true(spikes > 0 && spikes == counted);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* Telling looks on: the gradient is the same to the bit. */
static void telling_changes_nothing(void **unused)
{
    MYE_UNUSED(unused);
    static const char *const rule[] = {"bptt", "rate", "sltt", "ottt", "bptt:checkpoint=block"};
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        const bool steps = strcmp(rule[i], "sltt") == 0;
        const setting s = {"8C3-BN-LIF-MP2-8C3-BN-LIF-FC10",
                           rule[i],
                           steps ? "ce_step" : "ce_mean",
                           NULL,
                           NULL,
                           4,
                           2,
                           8,
                           true};
        mye_context *ctx = context(2);
        mye_model *model = make_model(ctx, &s);
        mye_run *plain = make_run(ctx, model, &s, MOST, 0);
        mye_run *telling = make_run(ctx, model, &s, MOST, 31);
        mye_step_result r;
        tell(plain, 0, MOST, &r);
        float *kept = malloc(model->n_params * sizeof *kept);
        memcpy(kept, model->grad, model->n_params * sizeof *kept);
        const mye_told told = tell(telling, 0, MOST, &r);
        assert_memory_equal(kept, model->grad, model->n_params * sizeof *kept);
        int64_t right = 0;
        for (int b = 0; b < MOST; b++) {
            assert_true(told.confidence[b] > 0.1f - 1e-6f && told.confidence[b] <= 1.0f);
            assert_true(told.error[b] > 0 && told.readout[b] > told.error[b] * 0.999f);
            right += told.right[b];
        }
        assert_int_equal(right, r.correct);
        free(kept);
        mye_run_free(plain);
        mye_run_free(telling);
        mye_model_free(model);
        mye_context_free(ctx);
    }
}

static void refuses_what_has_no_layer(void **unused)
{
    MYE_UNUSED(unused);
    const setting s = {"LIF", "bptt", "ce_mean", NULL, NULL, 2, 10, 1, false};
    mye_context *ctx = context(1);
    mye_model *model = make_model(ctx, &s);
    const mye_run_options o = {.time = "bptt",
                               .loss = "ce_mean",
                               .T = 2,
                               .B = 4,
                               .training = true,
                               .tells = MYE_TELL_READOUT};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "dense"));
    mye_model_free(model);
    mye_context_free(ctx);
}

/* Batch statistics of forward passes alone: their plain mean, and no weight moves. */
static void statistics_are_renewed(void **unused)
{
    MYE_UNUSED(unused);
    const setting s = {"4C3-BN-LIF-FC10", "bptt", "ce_mean", NULL, NULL, 4, 2, 8, true};
    mye_context *ctx = context(2);
    mye_model *model = make_model(ctx, &s);
    mye_run *run = make_run(ctx, model, &s, MOST, 0);
    const mye_node *norm = model->node[2];
    const float *mean = mye_node_find(norm, "running_mean")->data;
    double sum[4] = {0};
    float *params = malloc(model->n_params * sizeof *params);
    memcpy(params, model->param, model->n_params * sizeof *params);
    for (int k = 0; k < 3; k++) { /* each batch alone */
        noise from = {k * MOST, 0.4f};
        int32_t label[MOST] = {0};
        const mye_target target = {.label = label};
        mye_error err = {0};
        assert_int_equal(
            mye_run_statistics(run, MOST, (mye_source){fill_noise, &from}, &target, 3, 1, &err),
            MYE_OK);
        for (int c = 0; c < 4; c++)
            sum[c] += (double)mean[c];
    }
    for (int k = 0; k < 3; k++) {
        noise from = {k * MOST, 0.4f};
        int32_t label[MOST] = {0};
        const mye_target target = {.label = label};
        assert_int_equal(mye_run_statistics(run, MOST, (mye_source){fill_noise, &from}, &target, 3,
                                            1.0 / (k + 1), NULL),
                         MYE_OK);
    }
    for (int c = 0; c < 4; c++)
        assert_true(fabs(sum[c] / 3 - (double)mean[c]) < 1e-6 && mean[c] != 0);
    assert_memory_equal(params, model->param, model->n_params * sizeof *params);
    free(params);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readout_norm_is_exact),
        cmocka_unit_test(dense_layers_are_exact),
        cmocka_unit_test(convolutions_are_bounded),
        cmocka_unit_test(rules_of_single_steps_are_bounded),
        cmocka_unit_test(modules_add_in_squares),
        cmocka_unit_test(errors_and_spikes_bound_the_gradient),
        cmocka_unit_test(telling_changes_nothing),
        cmocka_unit_test(refuses_what_has_no_layer),
        cmocka_unit_test(statistics_are_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
