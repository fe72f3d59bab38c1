#include "net_fixture.h"

#include <math.h>

static mye_status try_build(mye_context *ctx, int C, int H, int W, const char *net, int classes,
                            mye_model **out, mye_error *err)
{
    mye_model_options options = MYE_MODEL_OPTIONS;
    options.net = net;
    options.C = C;
    options.H = H;
    options.W = W;
    options.classes = classes;
    return mye_model_create(ctx, &options, out, err);
}

static mye_model *build(mye_context *ctx, int C, int H, int W, const char *net, int classes)
{
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    if (try_build(ctx, C, H, W, net, classes, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static double total_macs(const mye_model *model)
{
    double macs = 0.0;
    mye_node_info info;
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_model_node(model, i, &info);
        macs += info.macs;
    }
    return macs;
}

typedef struct known_net {
    const char *net;
    int C, H, W, classes;
    int64_t weights;
    double macs; /* 0: not checked */
} known_net;

static void weights_and_work_are_those_of_the_papers(void **state)
{
    static const known_net known[] = {
        {"resnet20", 3, 32, 32, 10, 272474, 40813184.0},
        {"resnet32", 3, 32, 32, 10, 466906, 69124736.0},
        {"resnet56", 3, 32, 32, 10, 855770, 0.0},
        {"resnet110", 3, 32, 32, 10, 1730714, 253149824.0},
        {"resnet18", 3, 32, 32, 10, 11173962, 0.0},
        {"resnet18", 3, 32, 32, 100, 11220132, 0.0},
        {"resnet18:stem=imagenet", 3, 224, 224, 1000, 11689512, 1814073344.0},
        {"resnet34:stem=imagenet", 3, 224, 224, 1000, 21797672, 3663761408.0},
        {"resnet50:stem=imagenet", 3, 224, 224, 1000, 25557032, 4089184256.0},
        {"resnet101:stem=imagenet", 3, 224, 224, 1000, 44549160, 0.0},
        {"sew-resnet18", 3, 32, 32, 10, 11173962, 0.0},
        {"mlp", 1, 28, 28, 10, 784 * 800 + 800 + 800 * 10 + 10, 635200.0},
        {"mlp:hidden=800-400,bn=true", 1, 28, 28, 10,
         784 * 800 + 2 * 800 + 800 * 400 + 2 * 400 + 400 * 10 + 10, 0.0},
        {"mnist-cnn", 1, 28, 28, 10, 25 * 12 + 2 * 12 + 25 * 12 * 64 + 2 * 64 + 16 * 64 * 10 + 10,
         24 * 24 * 25 * 12 + 8 * 8 * 25 * 12 * 64 + 16 * 64 * 10},
        {"fashion-cnn:bn=no", 1, 28, 28, 10,
         26 * 32 + (25 * 32 + 1) * 64 + (16 * 64 + 1) * 1024 + 1025 * 10,
         24 * 24 * 25 * 32 + 8 * 8 * 25 * 32 * 64 + 16 * 64 * 1024 + 1024 * 10},
        {"cifar-cnn", 3, 32, 32, 10,
         9 * (3 * 96 + 96 * 256 + 256 * 384 + 384 * 384 + 384 * 256) + 64 * 256 * 1024 +
             1024 * 1024 + 1024 * 10 + 10 + 2 * (96 + 256 + 384 + 384 + 256 + 1024 + 1024),
         9.0 * (1024 * (3 * 96 + 96 * 256) + 256 * 256 * 384 + 64 * (384 * 384 + 384 * 256)) +
             64 * 256 * 1024 + 1024 * 1024 + 1024 * 10},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const known_net *k = &known[i];
        mye_model *model = build(*state, k->C, k->H, k->W, k->net, k->classes);
        if (mye_model_weights(model) != k->weights)
            fail_msg("%s has %lld weights, not %lld", k->net, (long long)mye_model_weights(model),
                     (long long)k->weights);
        if (k->macs > 0.0 && total_macs(model) != k->macs)
            fail_msg("%s takes %.0f multiply-adds, not %.0f", k->net, total_macs(model), k->macs);
        assert_int_equal(mye_model_classes(model), k->classes);
        mye_model_free(model);
    }
}

static int64_t vgg_weights(int in, const int *channels, int n, int features, int classes)
{
    int64_t total = (int64_t)features * classes + classes;
    for (int i = 0; i < n; i++) {
        total += 9LL * in * channels[i] + 3LL * channels[i]; /* bias, BN's two */
        in = channels[i];
    }
    return total;
}

static void vgg_has_the_layers_of_the_papers(void **state)
{
    static const int c11[] = {64, 128, 256, 512, 512, 512, 512, 512};
    static const int c13[] = {64, 64, 128, 128, 256, 256, 512, 512, 512, 512};
    static const int c19[] = {64,  64,  128, 128, 256, 256, 256, 256,
                              512, 512, 512, 512, 512, 512, 512, 512};
    static const int csnn[] = {64, 128, 256, 256, 512, 512, 512, 512};
    mye_model *model = build(*state, 3, 32, 32, "vgg11", 10);
    assert_int_equal(mye_model_weights(model), vgg_weights(3, c11, 8, 512, 10));
    mye_model_free(model);
    model = build(*state, 3, 32, 32, "vgg13:pool=max", 10);
    assert_int_equal(mye_model_weights(model), vgg_weights(3, c13, 10, 512, 10));
    mye_model_free(model);
    model = build(*state, 3, 32, 32, "vgg19", 10);
    assert_int_equal(mye_model_weights(model), vgg_weights(3, c19, 16, 512, 10));
    mye_model_free(model);
    model = build(*state, 2, 48, 48, "vggsnn", 10);
    assert_int_equal(mye_model_weights(model), vgg_weights(2, csnn, 8, 4608, 10));
    mye_model_free(model);
}

static void options_change_the_layers(void **state)
{
    mye_model *a = build(*state, 3, 32, 32, "vgg5:norm=none,width=0.25,hidden=100-50", 10);
    assert_int_equal(mye_model_weights(a), 9 * 3 * 16 + 16 + 9 * 16 * 32 + 32 + 9 * 32 * 32 + 32 +
                                               8 * 8 * 32 * 100 + 100 + 100 * 50 + 50 + 50 * 10 +
                                               10);
    mye_model_free(a);
    a = build(*state, 3, 32, 32, "vgg11-ws:width=0.125,dropout=0.2,head=flatten", 10);
    assert_true(mye_model_find(a, "drop1") > 0);
    assert_true(mye_model_find(a, "scale8") > 0);
    assert_true(mye_model_find(a, "bn1") < 0);
    assert_true(mye_model_find(a, "gap1") < 0);
    mye_model_free(a);
    a = build(*state, 3, 32, 32, "resnet20:width=0.1", 10);
    mye_node_info info;
    mye_model_node(a, mye_model_find(a, "layer3.0.conv1"), &info);
    assert_int_equal(info.C, 8);
    mye_model_free(a);
}

/* As the notation writes them; the neuron is the default one. */
static void networks_for_conversion_are_those_of_the_notation(void **state)
{
    static const struct {
        const char *net, *text;
        int C, size;
    } same[] = {
        {"mnist-cnn", "12C5p0-BN-N-AP2-64C5p0-BN-N-AP2-FC10", 1, 28},
        {"fashion-cnn", "32C5p0-BN-N-AP2-64C5p0-BN-N-AP2-FC1024-N-FC10", 1, 28},
        {"fashion-cnn:bn=no", "32C5p0-N-AP2-64C5p0-N-AP2-FC1024-N-FC10", 1, 28},
        {"cifar-cnn",
         "96C3p1-BN-N-256C3p1-BN-N-AP2-384C3p1-BN-N-AP2-384C3p1-BN-N-256C3p1-BN-N-"
         "FC1024-BN-N-FC1024-BN-N-FC10",
         3, 32},
        {"cifar-cnn:bn=no,width=0.125",
         "16C3p1-N-32C3p1-N-AP2-48C3p1-N-AP2-48C3p1-N-32C3p1-N-FC128-N-FC128-N-FC10", 3, 32},
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        mye_graph *a = new_graph(*state, same[i].C, same[i].size, same[i].size);
        mye_graph *b = new_graph(*state, same[i].C, same[i].size, same[i].size);
        assert_int_equal(mye_graph_describe(a, same[i].net, 10, NULL), MYE_OK);
        assert_int_equal(mye_graph_describe(b, same[i].text, 10, NULL), MYE_OK);
        assert_same_graph(a, b, true);
        mye_graph_free(a);
        mye_graph_free(b);
    }
}

typedef struct known_shape {
    const char *net, *node;
    int C, H, W;
} known_shape;

static void stages_have_their_shapes(void **state)
{
    static const known_shape known[] = {
        {"resnet18:width=0.125", "layer1.1.add1", 8, 32, 32},
        {"resnet18:width=0.125", "layer2.0.shortcut.conv1", 16, 16, 16},
        {"resnet18:width=0.125", "layer4.1.lif2", 64, 4, 4},
        {"resnet18:stem=imagenet,width=0.125", "layer1.0.conv1", 8, 8, 8},
        {"resnet19:width=0.125", "layer1.2.add1", 16, 32, 32},
        {"resnet19:width=0.125", "layer3.1.add1", 64, 8, 8},
        {"resnet19:width=0.125", "fc1", 32, 1, 1},
        {"resnet20", "layer2.0.add1", 32, 16, 16},
        {"resnet20", "layer3.2.lif2", 64, 8, 8},
        {"sew-resnet18:width=0.125", "layer3.0.shortcut.lif1", 32, 8, 8},
        {"preact-resnet18:width=0.125", "layer4.0.shortcut", 64, 4, 4},
        {"preact-resnet18:width=0.125", "layer4.1.add1", 64, 4, 4},
        {"vgg11:width=0.125", "lif8", 64, 2, 2},
        {"vgg13:width=0.125", "lif10", 64, 2, 2},
        {"vgg16:width=0.125", "lif13", 64, 2, 2},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        mye_model *model = build(*state, 3, 32, 32, known[i].net, 10);
        const int index = mye_model_find(model, known[i].node);
        mye_node_info info;
        if (index < 0)
            fail_msg("%s has no node %s", known[i].net, known[i].node);
        mye_model_node(model, index, &info);
        if (info.C != known[i].C || info.H != known[i].H || info.W != known[i].W)
            fail_msg("%s %s is %dx%dx%d", known[i].net, known[i].node, info.C, info.H, info.W);
        mye_model_free(model);
    }
}

static void the_blocks_are_joined_as_defined(void **state)
{
    mye_graph *g = new_graph(*state, 3, 32, 32);
    assert_int_equal(mye_graph_describe(g, "sew-resnet18", 10, NULL), MYE_OK);
    int add = mye_graph_find(g, "layer1.0.add1");
    assert_int_equal(g->node[add].in[0], mye_graph_find(g, "layer1.0.lif2"));
    assert_int_equal(g->node[add].in[1], mye_graph_find(g, "lif1"));
    assert_int_equal(g->node[mye_graph_find(g, "layer1.1.conv1")].in[0], add);
    mye_graph_free(g);
    g = new_graph(*state, 3, 32, 32);
    assert_int_equal(mye_graph_describe(g, "preact-resnet18", 10, NULL), MYE_OK);
    add = mye_graph_find(g, "layer1.0.add1");
    assert_int_equal(g->node[add].in[0], mye_graph_find(g, "layer1.0.conv2"));
    assert_int_equal(g->node[add].in[1], mye_graph_find(g, "layer1.0.lif1"));
    assert_int_equal(g->node[mye_graph_find(g, "layer2.0.shortcut")].in[0],
                     mye_graph_find(g, "layer2.0.lif1"));
    mye_graph_free(g);
    g = new_graph(*state, 3, 32, 32);
    assert_int_equal(mye_graph_describe(g, "resnet20", 10, NULL), MYE_OK);
    add = mye_graph_find(g, "layer2.0.add1");
    assert_int_equal(g->node[add].in[0], mye_graph_find(g, "layer2.0.bn2"));
    assert_int_equal(g->node[add].in[1], mye_graph_find(g, "layer2.0.shortcut.bn1"));
    assert_int_equal(g->node[mye_graph_find(g, "layer2.0.lif2")].in[0], add);
    mye_graph_free(g);
}

/* beta^2 = 1, 1.04, 1.08, .. in the first stage; behind a block that changes shape 1.04 again. */
static void blocks_without_norm_scale_by_the_expected_variance(void **state)
{
    static const struct {
        const char *block;
        double variance;
    } known[] = {{"layer1.0", 1},    {"layer1.1", 1.04}, {"layer1.2", 1.08}, {"layer2.0", 1.12},
                 {"layer2.1", 1.04}, {"layer2.2", 1.08}, {"layer3.0", 1.16}, {"layer3.1", 1.04}};
    mye_graph *g = new_graph(*state, 3, 32, 32);
    assert_int_equal(mye_graph_describe(g, "nf-resnet34", 10, NULL), MYE_OK);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char name[64], options[64];
        snprintf(name, sizeof name, "%s.scale1", known[i].block);
        snprintf(options, sizeof options, "value=%.9g", 1 / sqrt(known[i].variance));
        const mye_graph_node *n = &g->node[mye_graph_find(g, name)];
        assert_string_equal(known[i].variance == 1 ? "value=1" : n->options, options);
    }
    mye_graph_free(g);
    g = new_graph(*state, 3, 32, 32);
    assert_int_equal(mye_graph_describe(g, "nf-resnet50", 10, NULL), MYE_OK);
    const int add = mye_graph_find(g, "layer1.0.add1");
    assert_int_equal(g->node[add].in[1], mye_graph_find(g, "layer1.0.shortcut"));
    assert_int_equal(g->node[mye_graph_find(g, "layer1.1.add1")].in[1], add);
    assert_int_equal(g->node[mye_graph_find(g, "layer1.0.shortcut")].in[0],
                     mye_graph_find(g, "layer1.0.scale2"));
    mye_graph_free(g);
}

static void the_default_neuron_decides_everywhere(void **state)
{
    for (const mye_entry *const *e = mye_kind_net.entries; *e; e++) {
        mye_graph *g = new_graph(*state, 3, 32, 32);
        int n = 0;
        assert_int_equal(mye_graph_describe(g, (*e)->name, 10, NULL), MYE_OK);
        for (int i = 0; i < g->n; i++) {
            n += strcmp(g->node[i].op, "neuron") == 0;
            assert_null(mye_neuron_type_find(g->node[i].op));
        }
        assert_true(n > 0);
        mye_graph_free(g);
    }
}

typedef struct bad_net {
    const char *net;
    int classes;
    const char *message, *hint;
} bad_net;

static void wrong_descriptions_are_refused(void **state)
{
    static const bad_net bad[] = {
        {"resnet18", 0, "number of classes", ""},
        {"resnet19x", 10, "resnet19x", "did you mean the network 'resnet19'"},
        {"vgg11:widht=2", 10, "widht", "width"},
        {"vgg11:width=0", 10, "width", ""},
        {"mlp:hidden=800-", 10, "missing", ""},
        {"mlp:hidden=x", 10, "not a list", ""},
        {"mlp:hidden=0", 10, "not a list", ""},
        {"mlp:hidden=99999999999999", 10, "not a list", ""},
        {"vgg11:hidden=1-2-3-4-5-6-7-8-9", 10, "more than 8", ""},
        {"mnist-cnn:hidden=8", 10, "hidden", "width"},
        {"", 10, "empty", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mye_graph *g = new_graph(*state, 3, 32, 32);
        mye_error err = {MYE_OK, "", ""};
        const mye_status st = mye_graph_describe(g, bad[i].net, bad[i].classes, &err);
        if (st != MYE_ERR_ARG || !strstr(err.message, bad[i].message) ||
            !strstr(err.hint, bad[i].hint))
            fail_msg("'%s' gives '%s', hint '%s'", bad[i].net, err.message, err.hint);
        mye_graph_free(g);
    }
}

static void images_too_small_for_a_network_are_refused(void **state)
{
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    assert_int_equal(try_build(*state, 1, 8, 8, "vgg16", 10, &model, &err), MYE_ERR_SHAPE);
    assert_non_null(strstr(err.message, "pool4"));
    assert_null(model);
}

static void builders_are_sorted_and_described(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_net.entries; *e; e++) {
        assert_true((*e)->brief[0]);
        assert_non_null((*e)->source);
        if (e[1])
            assert_true(strcmp(e[0]->name, e[1]->name) < 0);
    }
}

static mye_status small_networks(mye_context *ctx, mye_error *err)
{
    static const char *const nets[] = {"sew-resnet18:width=0.1", "mlp:hidden=8,bn=true",
                                       "vgg5:width=0.1,hidden=8,dropout=0.1",
                                       "cifar-cnn:width=0.1"};
    mye_status st = MYE_OK;
    for (int i = 0; i < 4 && st == MYE_OK; i++) {
        mye_graph *g = NULL;
        MYE_TRY(mye_graph_create(ctx, 3, 16, 16, NULL, &g, err));
        st = mye_graph_describe(g, nets[i], 10, err);
        mye_graph_free(g);
    }
    return st;
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    fail_every_allocation(small_networks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_and_work_are_those_of_the_papers),
        cmocka_unit_test(vgg_has_the_layers_of_the_papers),
        cmocka_unit_test(options_change_the_layers),
        cmocka_unit_test(networks_for_conversion_are_those_of_the_notation),
        cmocka_unit_test(stages_have_their_shapes),
        cmocka_unit_test(the_blocks_are_joined_as_defined),
        cmocka_unit_test(blocks_without_norm_scale_by_the_expected_variance),
        cmocka_unit_test(the_default_neuron_decides_everywhere),
        cmocka_unit_test(wrong_descriptions_are_refused),
        cmocka_unit_test(images_too_small_for_a_network_are_refused),
        cmocka_unit_test(builders_are_sorted_and_described),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
