/* Networks with feedback: how they are written, what they compute, what is refused. */
#include "net_fixture.h"

#include <math.h>

#include "net/run.h"
#include "node/feedback.h"

static mye_model *model_of(mye_context *ctx, const char *net, int C, int H)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = C;
    o.H = o.W = H;
    o.static_input = true;
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static void notation_puts_feedback_layers_behind_the_last_neurons(void **state)
{
    mye_model *model = model_of(*state, "8C3s2-FB(8CT3s2)-LIF-8C3s2-LIF-FC10", 2, 16);
    static const char *const names[] = {"input", "conv1",      "fb1",      "lif1", "conv2",
                                        "lif2",  "fb1.convt1", "flatten1", "fc1",  "readout1"};
    static const int in[] = {-1, 0, 1, 2, 3, 4, 5, 5, 7, 8};
    assert_int_equal(model->n_nodes, 10);
    for (int i = 0; i < 10; i++) {
        assert_string_equal(model->node[i]->name, names[i]);
        if (i > 0)
            assert_int_equal(model->node[i]->in[0], in[i]);
    }
    assert_int_equal(mye_feedback_from(model->node[2]), 6);
    assert_int_equal(mye_model_feedback(model, -1), 2);
    assert_int_equal(mye_model_feedback(model, 2), -1);
    mye_model_free(model);
}

static void several_feedbacks_find_their_layers(void **state)
{
    mye_model *model =
        model_of(*state, "FC8-FB(FC8)-IF-FC6-FB()-IF-FC4-FB(FC4)-IF-FC6-IF-FC3", 5, 1);
    int found = 0;
    static const char *const from[] = {"fb1.fc1", "if4", "fb3.fc1"};
    for (int i = mye_model_feedback(model, -1); i >= 0; i = mye_model_feedback(model, i), found++) {
        const mye_node *source = model->node[mye_feedback_from(model->node[i])];
        assert_string_equal(source->name, from[found]);
        assert_true(source->index > i);
        if (source->neuron == NULL)
            assert_string_equal(model->node[source->in[0]]->name, "if4");
    }
    assert_int_equal(found, 3);
    mye_model_free(model);
}

static void yaml_writes_feedback_and_reads_it_again(void **state)
{
    mye_context *ctx = *state;
    mye_model *model = model_of(ctx, "8C3-FB(8C3)-LIF-FC10", 2, 8);
    char *yaml = NULL;
    assert_int_equal(mye_model_yaml(model, &yaml, NULL), MYE_OK);
    mye_graph *graph = new_graph(ctx, 2, 8, 8);
    mye_error err = {MYE_OK, "", ""};
    if (mye_net_yaml_parse(graph, "it", yaml, strlen(yaml), &err) != MYE_OK)
        fail_msg("%s\n%s", err.message, yaml);
    assert_same_graph(model->graph, graph, true);
    mye_graph_free(graph);
    mye_model_text_free(model, yaml);
    mye_model_free(model);
}

/* A name is looked for beside the node first, then further out. */
static void yaml_finds_names_in_blocks(void **state)
{
    static const char yaml[] =
        "nodes:\n"
        "  - FC6\n"
        "  - {name: b, repeat: 1, nodes: [{op: feedback, from: back}, {op: if, name: s},"
        " {op: feedback, from: far}, {op: if, name: z}, {op: dense, features: 6, name: back}]}\n"
        "  - {op: dense, features: 6, in: b.0.z, name: far}\n"
        "  - {op: dense, features: 3, in: b.0.z}\n";
    mye_graph *graph = new_graph(*state, 4, 1, 1);
    mye_error err = {MYE_OK, "", ""};
    if (mye_net_yaml_parse(graph, "it", yaml, strlen(yaml), &err) != MYE_OK)
        fail_msg("%s", err.message);
    mye_model *model = NULL;
    if (mye_model_from_graph(graph, true, 1, &model, &err) != MYE_OK)
        fail_msg("%s", err.message);
    int i = mye_model_feedback(model, -1);
    assert_string_equal(model->node[mye_feedback_from(model->node[i])]->name, "b.0.back");
    i = mye_model_feedback(model, i);
    assert_string_equal(model->node[mye_feedback_from(model->node[i])]->name, "far");
    mye_model_free(model);
}

static void expect_refused(mye_context *ctx, const char *net, const char *words)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = 3;
    o.H = o.W = 8;
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    assert_int_not_equal(mye_model_create(ctx, &o, &model, &err), MYE_OK);
    if (strstr(err.message, words) == NULL)
        fail_msg("'%s' is not in: %s", words, err.message);
}

static void what_cannot_be_fed_back_is_refused_with_a_sentence(void **state)
{
    expect_refused(*state, "8C3-FB(6C3)-LIF-FC10", "8x8x8 from 'fb1' and 6x8x8 from 'fb1.conv1'");
    expect_refused(*state, "8C3-FB(8C3-BN)-LIF-FC10", "stores its value");
    expect_refused(*state, "8C3-LIF-FC10-FB(FC10)", "neurons behind it");
    expect_refused(*state, "8C3-FB(FB(8C3))-LIF-FC10", "inside an FB");
    expect_refused(*state, "8C3-FB-LIF-FC10", "FB(layers)");
    expect_refused(*state, "8C3-FB(8C3)-LIF", "behind its last neurons");
    expect_refused(*state, "8C3-FEEDBACK-LIF-FC10", "no layer or neuron");
}

static mye_status build_nodes(mye_context *ctx, const char *from, mye_error *err)
{
    mye_graph *graph = new_graph(ctx, 4, 1, 1);
    mye_model *model = NULL;
    int at = 0;
    char text[100];
    snprintf(text, sizeof text, "from=%s", from);
    assert_int_equal(mye_graph_add(graph, "a", "dense", "features=4", 1, &at, &at, err), MYE_OK);
    assert_int_equal(mye_graph_add(graph, "f", "feedback", from[0] ? text : "", 1, &at, &at, err),
                     MYE_OK);
    assert_int_equal(mye_graph_add(graph, "s", "if", "", 1, &at, &at, err), MYE_OK);
    const mye_status st = mye_model_from_graph(graph, true, 1, &model, err);
    mye_model_free(model);
    return st;
}

static void a_name_that_is_none_or_stands_before_is_refused(void **state)
{
    mye_error err = {MYE_OK, "", ""};
    assert_int_equal(build_nodes(*state, "s", &err), MYE_OK);
    assert_int_equal(build_nodes(*state, "nobody", &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "from is 'nobody'"));
    assert_int_equal(build_nodes(*state, "", &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "names no node"));
    assert_int_equal(build_nodes(*state, "a", &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "stands before it"));
}

/* ---- what it computes ---- */

enum { T = 9, B = 3, N_IN = 5, N = 6, K = 3 };

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    (void)self;
    (void)t0;
    (void)t1;
    for (int64_t i = 0; i < (int64_t)p->B * p->value[0].n; i++)
        dst[i] = mye_random_normal(3, MYE_STREAM_TEST, (uint64_t)i);
}

static const float *weight(const mye_model *model, const char *name)
{
    const int i = mye_model_tensor_find(model, name);
    assert_true(i >= 0);
    return model->weight[i]->data; /* dense: [in][out] */
}

/* The same network, step by step in plain loops: mean output of sample b. */
static void simulate(const mye_model *model, const float *x, double *out)
{
    const float *w = weight(model, "fc1.weight"), *bias = weight(model, "fc1.bias");
    const float *back = weight(model, "fb1.fc1.weight"), *back_bias = weight(model, "fb1.fc1.bias");
    const float *head = weight(model, "fc2.weight"), *head_bias = weight(model, "fc2.bias");
    double v[N] = {0}, s[N] = {0};
    for (int k = 0; k < K; k++)
        out[k] = 0;
    for (int t = 0; t < T; t++) {
        double current[N];
        for (int i = 0; i < N; i++) {
            current[i] = (double)bias[i];
            for (int j = 0; j < N_IN; j++)
                current[i] += (double)w[j * N + i] * (double)x[j];
            for (int j = 0; j < N && t > 0; j++)
                current[i] += (double)back[j * N + i] * s[j];
            current[i] += t > 0 ? (double)back_bias[i] : 0;
        }
        for (int i = 0; i < N; i++) {
            v[i] += current[i];
            s[i] = v[i] >= 1;
            v[i] -= 2 * s[i];
        }
        for (int k = 0; k < K; k++) {
            out[k] += (double)head_bias[k] / T;
            for (int i = 0; i < N; i++)
                out[k] += (double)head[i * K + k] * s[i] / T;
        }
    }
}

static void inference_adds_what_was_one_step_before(void **state)
{
    mye_context *ctx = *state;
    mye_model *model =
        model_of(ctx, "FC6-FB(FC6(init=normal,init_gain=0.7))-IF(subtract=2)-FC3", N_IN, 1);
    const mye_run_options o = {.time = "spide", .loss = "ce_mean", .T = T, .B = B};
    mye_run *run = NULL;
    mye_error err = {MYE_OK, "", ""};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s", err.message);
    mye_step_result r;
    assert_int_equal(mye_run_step(run, B, (mye_source){fill, NULL}, NULL, 1, &r, NULL), MYE_OK);
    float x[B * N_IN];
    bool fires = false;
    for (int i = 0; i < B * N_IN; i++)
        x[i] = mye_random_normal(3, MYE_STREAM_TEST, (uint64_t)i);
    for (int b = 0; b < B; b++) {
        double want[K];
        simulate(model, x + b * N_IN, want);
        for (int k = 0; k < K; k++) {
            assert_true(fabs(want[k] - (double)r.output[b * K + k]) < 1e-5);
            fires = fires || fabs(want[k] - (double)weight(model, "fc2.bias")[k]) > 0.1;
        }
    }
    assert_true(fires);
    mye_run_free(run);
    mye_model_free(model);
}

static void rules_not_made_for_feedback_refuse_it(void **state)
{
    mye_context *ctx = *state;
    mye_model *model = model_of(ctx, "FC6-FB(FC6)-IF-FC3", N_IN, 1);
    const mye_kind *kind = mye_kind_find("time");
    for (const mye_entry *const *e = kind->entries; *e != NULL; e++) {
        const mye_run_options o = {
            .time = (*e)->name, .loss = "ce_mean", .T = 2, .B = 1, .training = true};
        mye_run *run = NULL;
        mye_error err = {MYE_OK, "", ""};
        const bool takes = strcmp((*e)->name, "spide") == 0 || strcmp((*e)->name, "ide") == 0;
        assert_int_equal(mye_run_create(ctx, model, &o, &run, &err),
                         takes ? MYE_OK : MYE_ERR_UNSUPPORTED);
        if (!takes) {
            assert_non_null(strstr(err.message, (*e)->name));
            assert_non_null(strstr(err.message, "fb1"));
        }
        mye_run_free(run);
    }
    mye_model_free(model);
}

static mye_status build_small(mye_context *ctx, mye_error *err)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    o.net = "4C3s2-FB(4CT3s2)-IF-4C3s2-IF-FC10";
    o.C = 1;
    o.H = o.W = 8;
    mye_status st = mye_model_create(ctx, &o, &model, err);
    static const char *const rules[] = {"spide:T_B=3", "ide:iterations=3"};
    for (int i = 0; i < 2 && st == MYE_OK; i++) {
        const mye_run_options ro = {
            .time = rules[i], .loss = "ce_mean", .T = 2, .B = 2, .training = true};
        mye_run *run = NULL;
        st = mye_run_create(ctx, model, &ro, &run, err);
        mye_run_free(run);
    }
    mye_model_free(model);
    return st;
}

static void a_failing_allocation_leaks_nothing(void **state)
{
    (void)state;
    fail_every_allocation(build_small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notation_puts_feedback_layers_behind_the_last_neurons),
        cmocka_unit_test(several_feedbacks_find_their_layers),
        cmocka_unit_test(yaml_writes_feedback_and_reads_it_again),
        cmocka_unit_test(yaml_finds_names_in_blocks),
        cmocka_unit_test(what_cannot_be_fed_back_is_refused_with_a_sentence),
        cmocka_unit_test(a_name_that_is_none_or_stands_before_is_refused),
        cmocka_unit_test(inference_adds_what_was_one_step_before),
        cmocka_unit_test(rules_not_made_for_feedback_refuse_it),
        cmocka_unit_test(a_failing_allocation_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
