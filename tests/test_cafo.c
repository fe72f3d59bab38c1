/* The network of CaFo against the sizes of the released code. */
#include "net_fixture.h"

#include <math.h>

static mye_model *build(mye_context *ctx, int C, int size, const char *net)
{
    mye_model_options options = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    options.net = net;
    options.C = C;
    options.H = options.W = size;
    options.classes = 10;
    if (mye_model_create(ctx, &options, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

/* Node "<kind><block>"; blocks count from 1. */
static mye_node_info node(const mye_model *model, const char *kind, int block)
{
    char name[32];
    mye_node_info info;
    snprintf(name, sizeof name, "%s%d", kind, block);
    const int index = mye_model_find(model, name);
    if (index < 0)
        fail_msg("there is no node %s", name);
    mye_model_node(model, index, &info);
    return info;
}

static void blocks_end_in_features_of_known_lengths(void **state)
{
    static const struct {
        int C, size, features[3];
    } known[] = {
        {1, 28, {6272, 6272, 4608}},
        {3, 32, {8192, 8192, 8192}},
        {3, 84, {56448, 56448, 51200}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        mye_model *model = build(*state, known[i].C, known[i].size, "cafo");
        for (int b = 0; b < 3; b++) {
            const mye_node_info bn = node(model, "bn", b + 1);
            assert_int_equal(bn.C * bn.H * bn.W, known[i].features[b]);
        }
        assert_int_equal(node(model, "fc", 1).n_weights, 10 * known[i].features[2]);
        mye_model_free(model);
    }
}

static void blocks_have_known_weights_and_work(void **state)
{
    static const int64_t weights[] = {960, 37248, 591360};
    static const double macs[] = {884736, 9437184, 37748736};
    mye_model *model = build(*state, 3, 32, "cafo");
    for (int b = 0; b < 3; b++) {
        const mye_node_info conv = node(model, "conv", b + 1), bn = node(model, "bn", b + 1);
        assert_int_equal(conv.n_weights + bn.n_weights, weights[b]);
        assert_true(conv.macs == macs[b]);
        assert_string_equal(bn.options, "eps=0.0001");
    }
    assert_int_equal(mye_model_weights(model), 960 + 37248 + 591360 + 81920);
    mye_model_free(model);
    model = build(*state, 1, 28, "cafo");
    assert_int_equal(node(model, "conv", 1).n_weights + node(model, "bn", 1).n_weights, 384);
    mye_model_free(model);
}

static void a_block_is_conv_neuron_pool_norm(void **state)
{
    static const char *const ops[] = {"input",     "conv2d",  "neuron", "maxpool",
                                      "batchnorm", "conv2d",  "neuron", "maxpool",
                                      "batchnorm", "flatten", "dense"};
    enum { N = sizeof ops / sizeof ops[0] };
    mye_graph *g = new_graph(*state, 3, 32, 32);
    assert_int_equal(mye_graph_describe(g, "cafo:blocks=2", 10, NULL), MYE_OK);
    assert_true(g->n >= N);
    for (int i = 0; i < N; i++) {
        assert_string_equal(g->node[i].op, ops[i]);
        if (i > 0)
            assert_int_equal(g->node[i].in[0], i - 1);
    }
    mye_graph_free(g);
}

static void options_set_the_channels(void **state)
{
    static const int plain[] = {4, 16, 64, 256, 1024}, half[] = {16, 64, 256};
    mye_model *model = build(*state, 3, 32, "cafo:blocks=5,channels=4");
    for (int b = 0; b < 5; b++)
        assert_int_equal(node(model, "conv", b + 1).C, plain[b]);
    assert_true(mye_model_find(model, "conv6") < 0);
    mye_model_free(model);
    model = build(*state, 3, 32, "cafo:width=0.5");
    for (int b = 0; b < 3; b++)
        assert_int_equal(node(model, "conv", b + 1).C, half[b]);
    mye_model_free(model);
}

/* The largest absolute value of a tensor. */
static double largest(const mye_model *model, const char *name)
{
    const int index = mye_model_tensor_find(model, name);
    mye_tensor_info info;
    assert_true(index >= 0);
    mye_model_tensor(model, index, &info);
    float *values = malloc((size_t)info.count * sizeof *values);
    assert_non_null(values);
    mye_model_get(model, index, values);
    double most = 0.0;
    for (int64_t i = 0; i < info.count; i++)
        most = fmax(most, fabs((double)values[i]));
    free(values);
    return most;
}

/* Blocks that stay random must begin as published: +- 1/sqrt(fan_in), the bias too. */
static void random_blocks_are_uniform(void **state)
{
    static const double fan_in[] = {27, 288, 1152};
    static const char *const names[][2] = {{"conv1.weight", "conv1.bias"},
                                           {"conv2.weight", "conv2.bias"},
                                           {"conv3.weight", "conv3.bias"}};
    mye_model *model = build(*state, 3, 32, "cafo");
    for (int b = 0; b < 3; b++)
        for (int i = 0; i < 2; i++) {
            const double share = largest(model, names[b][i]) * sqrt(fan_in[b]);
            assert_true(share <= 1.0 + 1e-6);
            assert_true(share > (i == 0 ? 0.98 : 0.8)); /* few biases come less near */
        }
    mye_model_free(model);
}

static void images_too_small_are_refused(void **state)
{
    mye_model_options options = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    options.net = "cafo:blocks=5";
    options.C = 1;
    options.H = options.W = 28; /* 28, 14, 7, 3, 1, nothing */
    options.classes = 10;
    assert_int_equal(mye_model_create(*state, &options, &model, &err), MYE_ERR_SHAPE);
    assert_non_null(strstr(err.message, "pool5"));
    assert_null(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_end_in_features_of_known_lengths),
        cmocka_unit_test(blocks_have_known_weights_and_work),
        cmocka_unit_test(a_block_is_conv_neuron_pool_norm),
        cmocka_unit_test(options_set_the_channels),
        cmocka_unit_test(random_blocks_are_uniform),
        cmocka_unit_test(images_too_small_are_refused),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
