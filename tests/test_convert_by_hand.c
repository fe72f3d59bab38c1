/* Neurons of conversion on the specification's network of two layers, worked out by hand. */
#include "train_support.h"

#include <math.h>

#include "net/run.h"
#include "neuron/transmit.h"

typedef struct net_row {
    double theta;
    int T;
    const char *neuron;
    int S[4];
    double out[2];
    int events;
} net_row;

static const net_row net_rows[] = {
    {1, 4, "soft", {3, 1, 1, 4}, {-.6875, .875}, 9},
    {1, 4, "ter", {3, 1, 1, 4}, {-.6875, .875}, 11},
    {1, 4, "aug", {3, 1, 1, 5}, {-.9375, 1.125}, 11},
    {1, 4, "exact", {3, 1, 1, 5}, {-.9375, 1.125}, 11},
    {1, 16, "soft", {11, 5, 1, 16}, {-.875, .96875}, 33},
    {1, 16, "ter", {11, 5, 1, 16}, {-.875, .96875}, 37},
    {1, 16, "aug", {11, 5, 1, 17}, {-.9375, 1.03125}, 33},
    {1, 16, "exact", {11, 5, 1, 17}, {-.9375, 1.03125}, 40},
    {1, 64, "soft", {44, 21, 2, 64}, {-.90625, .984375}, 131},
    {1, 64, "ter", {44, 21, 1, 64}, {-.921875, .9921875}, 140},
    {1, 64, "aug", {44, 21, 1, 69}, {-1, 1.0703125}, 121},
    {1, 64, "exact", {44, 21, 1, 69}, {-1, 1.0703125}, 142},
    {.25, 4, "soft", {4, 4, 0, 4}, {NAN, NAN}, -1},
    {.25, 4, "aug", {11, 5, 1, 17}, {-.9375, 1.03125}, 13},
    {.25, 4, "exact", {11, 5, 1, 17}, {-.9375, 1.03125}, 15},
    {.0625, 1, "soft", {1, 1, 0, 0}, {NAN, NAN}, -1},
    {.0625, 1, "aug", {11, 5, 1, 17}, {-.9375, 1.03125}, 4},
    {.0625, 1, "exact", {11, 5, 1, 17}, {-.9375, 1.03125}, 4},
    {.0625, 4, "aug", {44, 21, 1, 69}, {-1, 1.0703125}, 13},
    {.0625, 4, "exact", {44, 21, 1, 69}, {-1, 1.0703125}, 15},
    {.0625, 16, "aug", {176, 84, 4, 274}, {-.9921875, 1.0625}, 52},
    {.0625, 16, "exact", {176, 84, 4, 274}, {-.9921875, 1.0625}, 60},
};

static const float W1[] = {1, -.5f, .25f, .75f}, b1[] = {.125f, -.25f};
static const float W2[] = {.5f, -1, 1.5f, .5f}, b2[] = {0, -.125f};
static const float W3[] = {1, -1, -.5f, 1}, b3[] = {.0625f, 0};

static void fill_two(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    (void)self;
    for (int t = 0; t < steps; t++) {
        dst[2 * t] = .8125f;
        dst[2 * t + 1] = .5f;
    }
}

/* The three layers; scale[l] multiplies what layer l reads, and divides what it puts out. */
static mye_model *by_hand(mye_context *ctx, const char *neuron, double theta, const float *scale)
{
    static const float *const W[] = {W1, W2, W3}, *const b[] = {b1, b2, b3};
    char net[200];
    snprintf(net, sizeof net, "FC2-%s(theta=%.17g,v0=0.5)-FC2-%s(theta=%.17g,v0=0.5)-FC2", neuron,
             theta, neuron, theta);
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = 2;
    o.H = o.W = 1;
    o.static_input = true;
    mye_model *model = NULL;
    ASSERT_OK(mye_model_create(ctx, &o, &model, &err));
    int layer = 0;
    for (int i = 0; i < model->n_nodes; i++) {
        mye_weight *w = mye_node_find(model->node[i], "weight");
        if (w == NULL)
            continue;
        mye_weight_import(w, W[layer], w->data);
        mye_weight *bias = mye_node_find(model->node[i], "bias");
        memcpy(bias->data, b[layer], 2 * sizeof(float));
        for (int k = 0; k < 4; k++)
            w->data[k] *= scale[layer] / scale[layer + 1];
        for (int k = 0; k < 2; k++)
            bias->data[k] /= scale[layer + 1];
        layer++;
    }
    assert_int_equal(layer, 3);
    return model;
}

typedef struct tally {
    double S[4];
    int events, layers;
} tally;

static void add_spikes(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    tally *s = self;
    if (!mye_transmit_is(n))
        return;
    const int layer = n->index == 2 ? 0 : 1; /* input, fc, neuron, fc, neuron, ... */
    for (int t = t0; t < t1; t++)
        for (int i = 0; i < 2; i++) {
            const double y = (double)mye_value_row(p, n->index, t, 0)[i];
            s->S[2 * layer + i] += y / (double)n->weight[0].data[0];
            s->events += y != 0;
        }
}

static tally run_by_hand(mye_context *ctx, const mye_model *model, int T, float out[2])
{
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = T, .B = 1, .stepwise = true};
    mye_run *run = NULL;
    tally s = {{0}, 0, 0};
    mye_step_result r;
    ASSERT_OK(mye_run_create(ctx, model, &o, &run, &err));
    mye_run_set_watch(run, (mye_watch){.node = add_spikes, .self = &s});
    ASSERT_OK(mye_run_step(run, 1, (mye_source){fill_two, NULL}, NULL, 0, &r, &err));
    out[0] = r.output[0];
    out[1] = r.output[1];
    mye_run_free(run);
    return s;
}

static const float plain[] = {1, 1, 1, 1};

static void a_small_network_sends_what_the_equations_say(void **state)
{
    mye_context *ctx = threads_context(1);
    (void)state;
    for (size_t i = 0; i < sizeof net_rows / sizeof *net_rows; i++) {
        const net_row *r = &net_rows[i];
        mye_model *model = by_hand(ctx, r->neuron, r->theta, plain);
        float out[2];
        const tally s = run_by_hand(ctx, model, r->T, out);
        for (int k = 0; k < 4; k++)
            if (s.S[k] != r->S[k])
                fail_msg("%s, theta %g, T %d: S[%d] = %g, expected %d", r->neuron, r->theta, r->T,
                         k, s.S[k], r->S[k]);
        if (r->events >= 0) {
            assert_int_equal(s.events, r->events);
            assert_true((double)out[0] == r->out[0] && (double)out[1] == r->out[1]);
        }
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* Weights that are divided by thresholds, thresholds of 1, spikes of 1: the same, to the bit. */
static void both_forms_of_weights_agree_to_the_bit(void **state)
{
    static const char *const neuron[] = {"hard", "soft", "burst", "ter", "aug", "exact"};
    mye_context *ctx = threads_context(1);
    (void)state;
    for (size_t i = 0; i < sizeof neuron / sizeof *neuron; i++)
        for (double theta = .125; theta <= 2; theta *= 4) {
            /* fc1 reads the input; fc2 and fc3 read spikes of 1 that stand for theta */
            const float scale[] = {1, (float)theta, (float)theta, 1};
            mye_model *own = by_hand(ctx, neuron[i], theta, plain);
            mye_model *normal = by_hand(ctx, neuron[i], 1, scale);
            float a[2], b[2];
            const tally s = run_by_hand(ctx, own, 16, a), t = run_by_hand(ctx, normal, 16, b);
            assert_memory_equal(s.S, t.S, sizeof s.S);
            assert_int_equal(s.events, t.events);
            assert_memory_equal(a, b, sizeof a);
            mye_model_free(own);
            mye_model_free(normal);
        }
    mye_context_free(ctx);
}

/* The same weights with ReLU. */
static void the_activations(double a[4])
{
    const double x[2] = {.8125, .5};
    const double h[2] = {x[0] * 1 + x[1] * -.5 + .125, x[0] * .25 + x[1] * .75 - .25};
    a[0] = fmax(0, h[0]);
    a[1] = fmax(0, h[1]);
    a[2] = fmax(0, .5 * a[0] - a[1]);
    a[3] = fmax(0, 1.5 * a[0] + .5 * a[1] - .125);
}

static void outputs_come_nearer_as_one_over_T(void **state)
{
    static const char *const neuron[] = {"aug", "exact"};
    mye_context *ctx = threads_context(1);
    double a[4];
    the_activations(a);
    assert_true(a[0] == .6875 && a[1] == .328125 && a[2] == .015625 && a[3] == 1.0703125);
    (void)state;
    for (int i = 0; i < 2; i++) {
        mye_model *model = by_hand(ctx, neuron[i], 1, plain);
        for (int T = 1; T <= 1024; T *= 4) {
            float out[2];
            const tally s = run_by_hand(ctx, model, T, out);
            for (int k = 0; k < 4; k++) /* an error of one threshold in each of two layers */
                assert_true(fabs(s.S[k] / T - a[k]) < 4.0 / T);
            assert_true(fabs((double)out[0] + .9921875) < 8.0 / T);
            assert_true(fabs((double)out[1] - 1.0625) < 8.0 / T);
        }
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_network_sends_what_the_equations_say),
        cmocka_unit_test(both_forms_of_weights_agree_to_the_bit),
        cmocka_unit_test(outputs_come_nearer_as_one_over_T),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
