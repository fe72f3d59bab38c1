/* The activations of networks that are to be converted: QCFS, and ReLU with a cap. */
#include "neuronbench.h"

#include "net/graph.h"
#include "net/run.h"
#include "neuron/qcfs.h"

#define G 0.75f /* the gradient that comes from behind */

/* One neuron, one step. */
typedef struct seen {
    float y, dx, dw;
} seen;

static seen of_one(const char *neuron, float x, bool smooth, const float *w)
{
    bench b;
    bench_options o = BENCH_OPTIONS;
    o.neuron = neuron;
    o.shape = (mye_shape){1, 1, 1, false};
    o.T = o.B = 1;
    o.smooth = smooth;
    bench_open(&b, &o);
    b.x[0] = x;
    b.g[0] = G;
    if (w != NULL)
        b.w = *w;
    bench_forward(&b, false);
    bench_backward(&b);
    const seen s = {bench_out(&b, 0), b.dx[0], b.dw};
    bench_close(&b);
    return s;
}

/* Many neurons, one step. */
static void open_many(bench *b, const char *neuron, int threads, bool in_place)
{
    bench_options o = BENCH_OPTIONS;
    o.neuron = neuron;
    o.shape = (mye_shape){24, 13, 11, false};
    o.T = 1;
    o.threads = threads;
    o.in_place = in_place;
    bench_open(b, &o);
}

/* ---- ReLU with a cap ---- */

static void a_capped_relu_lies_between_zero_and_its_cap(void **state)
{
    static const struct {
        const char *neuron;
        float x, y;
        bool passes;
    } row[] = {
        {"relu:cap=6", -1, 0, false},         {"relu:cap=6", 0, 0, false},
        {"relu:cap=6", 0.5f, 0.5f, true},     {"relu:cap=6", 5.75f, 5.75f, true},
        {"relu:cap=6", 6, 6, false},          {"relu:cap=6", 7, 6, false},
        {"relu:cap=0.5", 0.75f, 0.5f, false}, {"relu:cap=0", 1e6f, 1e6f, true},
        {"relu", 1e6f, 1e6f, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const seen s = of_one(row[i].neuron, row[i].x, false, NULL);
        if (s.y != row[i].y || s.dx != (row[i].passes ? G : 0.0f))
            fail_msg("%s at %g: %g, gradient %g", row[i].neuron, (double)row[i].x, (double)s.y,
                     (double)s.dx);
    }
}

/* Between the kinks the slope is exact in dyadic numbers. */
static void the_gradient_of_a_capped_relu_is_its_slope(void **state)
{
    const float d = 1.0f / 64;
    (void)state;
    for (int i = -40; i < 80; i++) {
        const float x = (float)i / 16 + 1.0f / 32; /* never nearer to 0 or 2.5 than 1/32 */
        const seen s = of_one("relu:cap=2.5", x, false, NULL),
                   up = of_one("relu:cap=2.5", x + d, false, NULL),
                   down = of_one("relu:cap=2.5", x - d, false, NULL);
        assert_true(s.dx == G * (up.y - down.y) / (2 * d));
    }
}

/* ---- QCFS ---- */

/* lambda = 8, L = 4: a level is worth 2, and begins 1 below its value. */
static void levels_and_gradients_are_exact_in_dyadic_numbers(void **state)
{
    static const struct {
        float x, y;
        bool inside;
        float dlambda; /* for a gradient of 1 */
    } row[] = {
        {-100, 0, false, 0},
        {-1.125f, 0, false, 0},
        {-1, 0, true, 0.125f},
        {-0.5f, 0, true, 0.0625f},
        {0, 0, true, 0},
        {0.875f, 0, true, -0.109375f},
        {1, 2, true, 0.125f},
        {2, 2, true, 0},
        {2.875f, 2, true, -0.109375f},
        {3, 4, true, 0.125f},
        {5.5f, 6, true, 0.0625f},
        {6.875f, 6, true, -0.109375f},
        {7, 8, true, 0.125f},
        {8.875f, 8, true, -0.109375f},
        {9, 8, false, 1},
        {1000, 8, false, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const seen s = of_one("qcfs", row[i].x, false, NULL);
        if (s.y != row[i].y || s.dx != (row[i].inside ? G : 0.0f) || s.dw != G * row[i].dlambda)
            fail_msg("x = %g: y %g, dx %g, dlambda %g", (double)row[i].x, (double)s.y, (double)s.dx,
                     (double)s.dw);
    }
}

typedef struct truth {
    double y, dx, dlambda; /* for a gradient of 1 */
    bool near_jump;
} truth;

/* The equations as they are written. */
static truth formula(double x, double lambda, double L)
{
    const double z = x * L / lambda + 0.5, q = floor(z) / L;
    const double clipped = q < 0 ? 0 : q > 1 ? 1 : q;
    truth t = {.y = lambda * clipped, .near_jump = fabs(z - round(z)) < 1e-4};
    if (q >= 0 && q <= 1) {
        t.dx = 1;
        t.dlambda = q - x / lambda;
    } else if (q > 1) {
        t.dlambda = 1;
    }
    return t;
}

static void compare_with_formula(const char *neuron, double lambda, double L)
{
    bench b;
    open_many(&b, neuron, 1, false);
    for (int64_t i = 0; i < bench_size(&b); i++) {
        b.x[i] *= (float)lambda;
        if (formula((double)b.x[i], lambda, L).near_jump)
            b.x[i] += (float)(0.01 * lambda / L);
    }
    bench_forward(&b, false);
    bench_backward(&b);
    double sum = 0, size = 0;
    for (int64_t i = 0; i < bench_size(&b); i++) {
        const truth t = formula((double)b.x[i], lambda, L);
        const double g = (double)b.g[i];
        if (fabs((double)bench_out(&b, i) - t.y) > 1e-6 * lambda || (double)b.dx[i] != g * t.dx)
            fail_msg("%s at %.9g: %.9g, formula %.9g", neuron, (double)b.x[i],
                     (double)bench_out(&b, i), t.y);
        sum += g * t.dlambda;
        size += fabs(g * t.dlambda);
    }
    assert_true(size > 0);
    if (fabs(sum - (double)b.dw) > 1e-6 * size)
        fail_msg("%s: dlambda %.9g, formula %.9g", neuron, (double)b.dw, sum);
    bench_close(&b);
}

static void values_and_gradients_are_those_of_the_formula(void **state)
{
    static const int levels[] = {1, 2, 3, 4, 7, 8, 16, 100, 256};
    static const char *const lambdas[] = {"8", "1", "0.3", "2.71828"};
    (void)state;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        for (size_t k = 0; k < sizeof lambdas / sizeof *lambdas; k++) {
            char neuron[64];
            snprintf(neuron, sizeof neuron, "qcfs:L=%d,lambda=%s", levels[i], lambdas[k]);
            compare_with_formula(neuron, (double)(float)atof(lambdas[k]), levels[i]);
        }
}

/* With the floor passed straight through, a level is x / lambda and a constant while lambda moves. */
static double held_level(double x, double lambda, double at, double L)
{
    const double q = floor(x * L / at + 0.5) / L;
    if (q < 0 || q > 1)
        return lambda * (q < 0 ? 0 : 1);
    return lambda * (x / lambda + (q - x / at));
}

static void the_gradient_of_lambda_is_that_of_the_held_level(void **state)
{
    const double d = 1e-4;
    (void)state;
    for (int i = -30; i < 90; i++) {
        const double x = i / 32.0 + 0.011;
        const seen s = of_one("qcfs:L=4,lambda=2", (float)x, false, NULL);
        const double slope = (held_level(x, 2 + d, 2, 4) - held_level(x, 2 - d, 2, 4)) / (2 * d);
        if (fabs((double)s.dw - (double)G * slope) > 1e-5)
            fail_msg("x = %g: dlambda %g, slope %g", x, (double)s.dw, (double)G * slope);
    }
}

/* Smooth mode: clip(x, 0, lambda), whose true derivatives the same lines compute. */
static void smooth_gradients_equal_finite_differences(void **state)
{
    const float d = 1.0f / 128;
    (void)state;
    for (int i = -20; i < 60; i++) {
        const float x = (float)i / 16 + 1.0f / 32, lambda = 2, more = lambda + d, less = lambda - d;
        const char *neuron = "qcfs:L=4,lambda=2";
        const seen s = of_one(neuron, x, true, NULL);
        assert_true(s.y == (x < 0 ? 0 : x > lambda ? lambda : x));
        const double dx =
            (double)(of_one(neuron, x + d, true, NULL).y - of_one(neuron, x - d, true, NULL).y) /
            (2 * (double)d);
        const double dw =
            (double)(of_one(neuron, x, true, &more).y - of_one(neuron, x, true, &less).y) /
            (2 * (double)d);
        assert_true(fabs((double)s.dx - (double)G * dx) < 1e-5);
        assert_true(fabs((double)s.dw - (double)G * dw) < 1e-5);
    }
}

static void a_lambda_that_is_not_positive_counts_as_the_least(void **state)
{
    static const float bad[] = {-3, 0, 1e-6f};
    const float least = (float)MYE_QCFS_LEAST;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const seen high = of_one("qcfs", 1, false, &bad[i]),
                   low = of_one("qcfs", -1, false, &bad[i]);
        assert_true(high.y == least && low.y == 0);
        assert_true(high.dw == G && low.dw == 0); /* what pushes it up reaches the weight */
    }
}

static void threads_and_memory_in_place_change_no_bit(void **state)
{
    bench a, b;
    (void)state;
    open_many(&a, "qcfs:L=8,lambda=1.5", 1, false);
    open_many(&b, "qcfs:L=8,lambda=1.5", 2, true);
    bench_forward(&a, false);
    bench_forward(&b, false);
    bench_backward(&a);
    bench_backward(&b);
    for (int64_t i = 0; i < bench_size(&a); i++)
        assert_true(bench_out(&a, i) == bench_out(&b, i) && a.dx[i] == b.g[i]);
    assert_true(a.dw == b.dw && a.dw != 0);
    bench_close(&a);
    bench_close(&b);
}

/* What makes the activation useful: T = L steps of a neuron with soft reset, threshold lambda, that
 * begins at half of it and is given x at each, send h(x) on average. Dyadic: to the last bit. */
static void as_many_steps_of_a_spiking_neuron_as_levels_send_the_same(void **state)
{
    (void)state;
    for (int L = 1; L <= 16; L *= 2) {
        char neuron[64];
        snprintf(neuron, sizeof neuron, "qcfs:L=%d,lambda=4", L);
        for (int i = -128; i < 640; i++) {
            const float x = (float)i / 128;
            float v = 2, sent = 0;
            for (int t = 0; t < L; t++) {
                v += x;
                sent += v >= 4 ? 4.0f : 0.0f;
                v -= v >= 4 ? 4.0f : 0.0f;
            }
            assert_true(of_one(neuron, x, false, NULL).y == sent / (float)L);
        }
    }
}

/* ---- in a network ---- */

static mye_model *model_of(mye_context *ctx, const char *net)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    mye_error err = {0};
    o.net = net;
    o.C = 1;
    o.H = o.W = 4;
    o.static_input = true;
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static void a_network_has_a_lambda_for_each_layer(void **state)
{
    mye_context *ctx = NULL;
    (void)state;
    assert_int_equal(mye_context_create(NULL, &ctx, NULL), MYE_OK);
    mye_model *model = model_of(ctx, "FC6-QCFS(L=8)-FC6-QCFS(lambda=2)-FC10");
    static const struct {
        const char *node, *weight;
        float lambda;
        int L;
    } row[] = {{"qcfs1", "qcfs1.lambda", 8, 8}, {"qcfs2", "qcfs2.lambda", 2, 4}};
    for (int i = 0; i < 2; i++) {
        const mye_node *n = model->node[mye_model_find(model, row[i].node)];
        const mye_weight *w = mye_node_find(n, "lambda");
        assert_non_null(w);
        assert_string_equal(w->name, row[i].weight);
        assert_true(w->trainable && w->decay && w->count == 1 && w->rank == 0);
        assert_true(w->data[0] == row[i].lambda && mye_qcfs_lambda(n) == row[i].lambda);
        assert_int_equal(mye_qcfs_levels(n), row[i].L);
    }
    mye_model_free(model);
    mye_context_free(ctx);
}

static void more_steps_than_one_are_refused(void **state)
{
    mye_context *ctx = NULL;
    (void)state;
    assert_int_equal(mye_context_create(NULL, &ctx, NULL), MYE_OK);
    mye_model *model = model_of(ctx, "FC6-QCFS-FC10");
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = 2, .B = 1, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "qcfs"));
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capped_relu_lies_between_zero_and_its_cap),
        cmocka_unit_test(the_gradient_of_a_capped_relu_is_its_slope),
        cmocka_unit_test(levels_and_gradients_are_exact_in_dyadic_numbers),
        cmocka_unit_test(values_and_gradients_are_those_of_the_formula),
        cmocka_unit_test(the_gradient_of_lambda_is_that_of_the_held_level),
        cmocka_unit_test(smooth_gradients_equal_finite_differences),
        cmocka_unit_test(a_lambda_that_is_not_positive_counts_as_the_least),
        cmocka_unit_test(threads_and_memory_in_place_change_no_bit),
        cmocka_unit_test(as_many_steps_of_a_spiking_neuron_as_levels_send_the_same),
        cmocka_unit_test(a_network_has_a_lambda_for_each_layer),
        cmocka_unit_test(more_steps_than_one_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
