/* Direct feedback alignment: what each block is told, and who notices. */
#include "cafo_support.h"

#include "node/direct_feedback.h"

#define CAFO "cafo:channels=4"

static void the_last_block_and_the_classifier_get_the_exact_gradient(void **state)
{
    (void)state;
    static const char *const exact[] = {"conv3.weight", "conv3.bias", "bn3.weight", "fc1.weight"};
    static const char *const random[] = {"conv1.weight", "conv2.weight", "bn2.bias"};
    mye_context *ctx = context(2);
    mye_model *a = cut(ctx, CAFO, "relu", "global", 2, 12);
    mye_model *b = cut(ctx, CAFO, "relu", "dfa", 2, 12);
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = 1, .B = 6, .training = true};
    mye_run *ra = run_of(ctx, a, o), *rb = run_of(ctx, b, o);
    const double loss = step_of(ra, 6, 5).loss;
    assert_true(step_of(rb, 6, 5).loss == loss);
    assert_int_equal(mye_model_modules(b), 1);
    for (int i = 0; i < 4; i++)
        assert_true(tensors_differ(a, b, exact[i], true) < 1e-6);
    for (int i = 0; i < 3; i++)
        assert_true(tensors_differ(a, b, random[i], true) > 0.1);
    mye_run_free(ra);
    mye_run_free(rb);
    mye_model_free(a);
    mye_model_free(b);
    mye_context_free(ctx);
}

enum { B = 4, N = 8, H1 = 6, K = 10 };

/* dL/db1 = sum over samples of (e B1) relu'(u1), and dL/dW1 = (e B1) relu'(u1) x', in plain sums. */
static void a_block_gets_the_error_through_its_own_random_weights(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut(ctx, "FC6-N-FC5-N-FC10", "relu", "dfa", N, 1);
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = 1, .B = B, .training = true};
    mye_run *run = run_of(ctx, model, o);
    const mye_step_result r = step_of(run, B, 5);
    size_t n;
    float *w = tensor(model, "fc1.weight", false, &n), *bias = tensor(model, "fc1.bias", false, &n);
    float *feedback = tensor(model, "aux0.direct_feedback1.feedback", false, &n);
    assert_int_equal(n, K * H1);
    float dw[H1 * N] = {0}, db[H1] = {0};
    for (int b = 0; b < B; b++) {
        double p[K], sum = 0, x[N];
        for (int k = 0; k < K; k++)
            sum += p[k] = exp((double)r.output[b * K + k]);
        for (int i = 0; i < N; i++)
            x[i] = (double)mye_random_normal(5, MYE_STREAM_TEST, (uint64_t)(b * N + i));
        for (int h = 0; h < H1; h++) {
            double u = (double)bias[h], g = 0;
            for (int i = 0; i < N; i++)
                u += (double)w[h * N + i] * x[i];
            for (int k = 0; k < K && u > 0; k++)
                g += (p[k] / sum - (k == b)) / B * (double)feedback[k * H1 + h];
            db[h] += (float)g;
            for (int i = 0; i < N; i++)
                dw[h * N + i] += (float)(g * x[i]);
        }
    }
    float *gw = tensor(model, "fc1.weight", true, &n), *gb = tensor(model, "fc1.bias", true, &n);
    assert_true(relative_difference(gw, dw, H1 * N) < 1e-5);
    assert_true(relative_difference(gb, db, H1) < 1e-5);
    free(w);
    free(bias);
    free(feedback);
    free(gw);
    free(gb);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- time rules ---- */

static void agree(const char *net, const char *neuron, const char *a, const char *b,
                  const char *loss, int T, double tolerance)
{
    mye_context *ctx = context(2);
    mye_model *model = cut(ctx, net, neuron, "dfa", 2, 12);
    expect_same_on(ctx, model, net, a, b, loss, T, tolerance);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void time_rules_agree_at_one_step(void **state)
{
    (void)state;
    static const char *const rule[] = {"rate", "rate:mode=s", "sltt", "ottt", "bptt:mode=s"};
    for (int i = 0; i < 5; i++)
        agree(CAFO, "lif", "bptt", rule[i], "ce_mean", 1, 2e-4);
}

static void orders_of_a_rule_agree_at_many_steps(void **state)
{
    (void)state;
    static const char *const plain = "8C3-LIF-MP2-12C3-LIF-MP2-FC10";
    agree(CAFO, "lif", "bptt", "bptt:checkpoint=node", "ce_mean", 4, 0);
    agree(plain, "lif", "bptt", "bptt:mode=s", "ce_step", 4, 1e-5);
    agree(plain, "lif", "rate", "rate:mode=s", "ce_mean", 4, 1e-5);
}

/* A neuron that forgets its membrane has nothing that goes from step to step: each step's error must
 * reach its own step, also where one step at a time is at work. */
static void each_step_gets_its_own_error(void **state)
{
    (void)state;
    static const char *const plain = "8C3-N-MP2-12C3-N-MP2-FC10";
    agree(plain, "lif:tau=1", "bptt", "sltt", "ce_step", 4, 1e-5);
    agree(plain, "lif:tau=1", "bptt", "sltt", "ce_mean", 4, 1e-5);
}

/* The factor on the gradient of a rule goes to the feedback too. */
static void a_rules_factor_on_the_gradient_holds_for_all_blocks(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *model = cut(ctx, CAFO, "lif", "dfa", 2, 12);
    double la = 0, lb = 0;
    float *one = gradient(ctx, model, "rate", 4, 5, &la);
    float *part = gradient(ctx, model, "rate:grad_scale=1/T", 4, 5, &lb);
    for (size_t i = 0; i < model->n_params; i++)
        part[i] *= 4;
    assert_true(relative_difference(one, part, model->n_params) < 1e-6);
    free(one);
    free(part);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- beside backpropagation ---- */

static void the_whole_network_backpropagates_through_it(void **state)
{
    (void)state;
    static const char *const rule[] = {"bptt", "rate", "sltt"};
    mye_context *ctx = context(2);
    mye_model *a = cut(ctx, CAFO, "lif", "global", 2, 12);
    mye_model *b = cut(ctx, CAFO, "lif", "dfa", 2, 12);
    for (int i = 0; i < 3; i++) {
        mye_run_options o = {.time = rule[i], .loss = "ce_mean", .T = 3, .B = 6, .training = true};
        mye_run *ra = run_of(ctx, a, o);
        o.whole = true;
        mye_run *rb = run_of(ctx, b, o);
        step_of(ra, 6, 5);
        step_of(rb, 6, 5);
        assert_true(relative_difference(a->grad, b->grad, a->n_params) < 1e-6);
        mye_run_free(ra);
        mye_run_free(rb);
    }
    mye_model_free(a);
    mye_model_free(b);
    mye_context_free(ctx);
}

static void the_network_itself_is_that_without_the_rule(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *a = cut(ctx, CAFO, "lif", "global", 2, 12);
    mye_model *b = cut(ctx, CAFO, "lif", "dfa", 2, 12);
    char *ta = NULL, *tb = NULL;
    assert_int_equal(mye_model_yaml(a, &ta, NULL), MYE_OK);
    assert_int_equal(mye_model_yaml(b, &tb, NULL), MYE_OK);
    assert_string_equal(ta, tb);
    mye_model_text_free(a, ta);
    mye_model_text_free(b, tb);
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = 3, .B = 6};
    mye_run *ra = run_of(ctx, a, o), *rb = run_of(ctx, b, o);
    const mye_step_result x = step_of(ra, 6, 5), y = step_of(rb, 6, 5);
    assert_memory_equal(x.output, y.output, 6 * K * sizeof(float));
    mye_run_free(ra);
    mye_run_free(rb);
    mye_model_free(a);
    mye_model_free(b);
    mye_context_free(ctx);
}

/* ---- refusals ---- */

static void what_direct_feedback_cannot_do_is_refused(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_error err = {0};
    mye_run *run = NULL;
    refused(ctx, "FC10", "dfa", "wants a network with hidden layers");
    mye_model *model = cut(ctx, "FC6-N-FC5-N-FC10", "lif", "dfa", N, 1);
    mye_gradcheck_options check = MYE_GRADCHECK_OPTIONS;
    mye_gradcheck_item *items = NULL;
    int n = 0;
    assert_int_equal(mye_gradcheck(ctx, model, &check, &items, &n, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "hands back is none"));
    const mye_run_options o = {.time = "ide", .loss = "ce_mean", .T = 2, .B = 2, .training = true};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "state of equilibrium"));
    mye_model_free(model);
    mye_context_free(ctx);
}

/* In a network that was written by hand. */
static mye_model *by_hand(mye_context *ctx, int classes, bool behind_neuron)
{
    mye_graph *graph = NULL;
    mye_model *model = NULL;
    int at = 0;
    assert_int_equal(mye_graph_create(ctx, 4, 1, 1, "lif", &graph, NULL), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "dense", &at, NULL, "features=6"), MYE_OK);
    if (behind_neuron)
        assert_int_equal(mye_graph_chain(graph, "neuron", &at, NULL, "%s", ""), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "direct_feedback", &at, NULL, "classes=%d", classes),
                     MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "neuron", &at, NULL, "%s", ""), MYE_OK);
    assert_int_equal(mye_graph_chain(graph, "dense", &at, NULL, "features=10"), MYE_OK);
    assert_int_equal(mye_model_from_graph(graph, true, 1, &model, NULL), MYE_OK);
    return model;
}

static void feedback_that_no_error_reaches_is_refused(void **state)
{
    (void)state;
    static const struct {
        int classes;
        bool behind_neuron;
        const char *words;
    } wrong[] = {{3, true, "made for 3 outputs, and the loss reads 10"},
                 {10, false, "wants a value that changes from step to step"}};
    mye_context *ctx = context(1);
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = 2, .B = 2, .training = true};
    for (int i = 0; i < 2; i++) {
        mye_run *run = NULL;
        mye_error err = {0};
        mye_model *model = by_hand(ctx, wrong[i].classes, wrong[i].behind_neuron);
        assert_true(mye_run_create(ctx, model, &o, &run, &err) != MYE_OK);
        assert_non_null(strstr(err.message, wrong[i].words));
        mye_model_free(model);
    }
    mye_model *model = by_hand(ctx, 10, true);
    mye_run *run = run_of(ctx, model, o);
    size_t n;
    step_of(run, 2, 5);
    float *g = tensor(model, "fc1.weight", true, &n);
    assert_true(cosine(g, g, n) > 0.999); /* not 0 */
    free(g);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_block_and_the_classifier_get_the_exact_gradient),
        cmocka_unit_test(a_block_gets_the_error_through_its_own_random_weights),
        cmocka_unit_test(time_rules_agree_at_one_step),
        cmocka_unit_test(orders_of_a_rule_agree_at_many_steps),
        cmocka_unit_test(each_step_gets_its_own_error),
        cmocka_unit_test(a_rules_factor_on_the_gradient_holds_for_all_blocks),
        cmocka_unit_test(the_whole_network_backpropagates_through_it),
        cmocka_unit_test(the_network_itself_is_that_without_the_rule),
        cmocka_unit_test(what_direct_feedback_cannot_do_is_refused),
        cmocka_unit_test(feedback_that_no_error_reaches_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
