/* AugLocal: depths, selection, parameters, multiply-adds and memory as the specification computed them
 * from the authors' rule, and a = n - 1 as backpropagation. */
#include "depth_support.h"

#include "depth/auglocal.h"
#include "net/layers.h"
#include "net/rules.h"

/* ---- depths ---- */

/* "3x6 2x6": a value and how often it follows. */
static void expect_depths(int n, int a, const char *list)
{
    const int K = n - a;
    int l = 0, depth, count, used;
    for (const char *p = list; sscanf(p, "%dx%d%n", &depth, &count, &used) == 2; p += used)
        for (int i = 0; i < count; i++, l++)
            if (mye_auglocal_depth(a, K, l, 0.5) != depth)
                fail_msg("n %d, a %d: a_%d is %d, wanted %d", n, a, l,
                         mye_auglocal_depth(a, K, l, 0.5), depth);
    assert_int_equal(l, K - 1);
}

static void depths_fall_in_a_pyramid(void **state)
{
    static const struct {
        int n, a;
        const char *list;
    } row[] = {
        {10, 1, "1x8"},
        {10, 2, "2x7"},
        {10, 3, "3x3 2x3"},
        {10, 4, "4x2 3x2 2x1"},
        {10, 5, "5x1 4x2 3x1"},
        {10, 6, "6x1 5x1 4x1"},
        {10, 7, "7x1 4x1"},
        {16, 1, "1x14"},
        {16, 2, "2x13"},
        {16, 3, "3x6 2x6"},
        {16, 4, "4x4 3x6 2x1"},
        {16, 5, "5x3 4x4 3x3"},
        {16, 6, "6x2 5x3 4x4"},
        {16, 7, "7x2 6x2 5x2 4x2"},
        {16, 8, "8x1 7x2 6x2 5x1 4x1"},
        {28, 1, "1x26"},
        {28, 2, "2x25"},
        {28, 3, "3x12 2x12"},
        {28, 4, "4x8 3x14 2x1"},
        {28, 5, "5x6 4x10 3x6"},
        {28, 6, "6x5 5x7 4x9"},
        {28, 7, "7x4 6x6 5x6 4x4"},
        {28, 8, "8x3 7x5 6x5 5x5 4x1"},
        {55, 1, "1x53"},
        {55, 2, "2x52"},
        {55, 3, "3x25 2x26"},
        {55, 4, "4x17 3x32 2x1"},
        {55, 5, "5x12 4x25 3x12"},
        {55, 6, "6x10 5x19 4x19"},
        {55, 7, "7x8 6x16 5x15 4x8"},
        {55, 8, "8x7 7x13 6x13 5x12 4x1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        expect_depths(row[i].n, row[i].a, row[i].list);
    assert_int_equal(mye_auglocal_depth(5, 2, 0, 0.5), 5); /* K = 2 divides by nothing */
    assert_int_equal(mye_auglocal_depth(8, 20, 10, 0.0), 8);
}

/* ---- selection ---- */

/* "0:5,10,15 1:6,10,15": layer and what is selected for it, at the depth that the pyramid gives. */
static void expect_selected(int n, int a, bool pyramid, const char *list)
{
    char text[512], *end = NULL;
    snprintf(text, sizeof text, "%s", list);
    for (char *item = strtok_r(text, " ", &end); item; item = strtok_r(NULL, " ", &end)) {
        int index[MYE_AUGLOCAL_MAX], used = 0, i = 0, wanted;
        const int l = atoi(item);
        const int depth = pyramid ? mye_auglocal_depth(a, n - a, l, 0.5) : a;
        const int count = mye_auglocal_select(n, l, depth, index);
        char *p = strchr(item, ':') + 1;
        for (; sscanf(p, "%d%n", &wanted, &used) == 1; p += used + (p[used] == ','), i++)
            if (i >= count || index[i] != wanted)
                fail_msg("n %d, a %d, layer %d: selected %d, wanted %d", n, a, l,
                         i < count ? index[i] : -1, wanted);
        assert_int_equal(i, count);
    }
}

static void layers_are_selected_evenly_ties_to_even(void **state)
{
    (void)state;
    expect_selected(16, 1, true, "0:15 5:15 13:15");
    expect_selected(16, 2, true,
                    "0:8,15 1:8,15 2:8,15 3:9,15 4:10,15 5:10,15 6:10,15 7:11,15 8:12,15 9:12,15 "
                    "10:12,15 11:13,15 12:14,15");
    expect_selected(16, 3, true,
                    "0:5,10,15 1:6,10,15 2:6,11,15 3:7,11,15 4:8,11,15 5:8,12,15 6:10,15 7:11,15 "
                    "8:12,15 9:12,15 10:12,15 11:13,15");
    expect_selected(16, 4, true,
                    "0:4,8,11,15 1:4,8,12,15 2:5,8,12,15 3:6,9,12,15 4:8,11,15 5:8,12,15 6:9,12,15 "
                    "7:10,12,15 8:10,13,15 9:11,13,15 10:12,15");
    expect_selected(16, 5, true,
                    "0:3,6,9,12,15 1:4,7,9,12,15 2:5,7,10,12,15 3:6,9,12,15 4:7,10,12,15 "
                    "5:8,10,12,15 6:8,10,13,15 7:10,12,15 8:10,13,15 9:11,13,15");
    expect_selected(55, 3, true,
                    "0:18,36,54 1:19,36,54 10:25,39,54 18:30,42,54 24:34,44,54 25:40,54 50:52,54");
    expect_selected(55, 5, true,
                    "0:11,22,32,43,54 1:12,22,33,43,54 9:18,27,36,45,54 10:19,28,36,45,54 "
                    "18:27,36,45,54 30:36,42,48,54 36:40,45,50,54 48:50,52,54");
    expect_selected(10, 2, true, "0:4,9 1:5,9 2:6,9 3:6,9 4:6,9 5:7,9 6:8,9");
    expect_selected(10, 3, true, "0:3,6,9 1:4,6,9 2:4,7,9 3:6,9 4:6,9 5:7,9");
    expect_selected(17, 4, false,
                    "0:4,8,12,16 2:6,9,12,16 5:8,10,13,16 9:11,12,14,16 12:13,14,15,16 13:14,15,16 "
                    "15:16");
}

static void the_last_is_always_selected_and_indices_rise(void **state)
{
    (void)state;
    for (int n = 2; n < 210; n += 3)
        for (int a = 1; a <= 16; a++)
            for (int l = 0; l < n - 1; l++) {
                int index[MYE_AUGLOCAL_MAX];
                const int count = mye_auglocal_select(n, l, a, index);
                assert_int_equal(index[count - 1], n - 1);
                assert_true(index[0] > l);
                for (int i = 1; i < count; i++)
                    assert_true(index[i] > index[i - 1]);
            }
}

/* ---- what becomes of networks ---- */

static void hidden_layers_are_those_of_the_paper(void **state)
{
    static const struct {
        const char *net;
        int H, n;
    } row[] = {{"resnet20", 32, 10},
               {"resnet32", 32, 16},
               {"resnet56", 32, 28},
               {"resnet110", 32, 55},
               {"resnet18:stem=imagenet", 224, 9},
               {"resnet34:stem=imagenet", 224, 17},
               {"resnet50:stem=imagenet", 224, 17},
               {"resnet101:stem=imagenet", 224, 34},
               {"vgg19", 32, 16},
               {"vgg13", 32, 10},
               {"mlp:hidden=64-32-16", 8, 3}};
    (void)state;
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        mye_model *model = cut_model(ctx, (cut_net){row[i].net, "relu", "global", 3, row[i].H});
        mye_hidden_layer layer[512];
        assert_true(model->n_nodes < 512);
        if (mye_model_hidden_layers(model, layer) != row[i].n)
            fail_msg("%s has %d hidden layers, wanted %d", row[i].net,
                     mye_model_hidden_layers(model, layer), row[i].n);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

typedef struct totals {
    const char *net, *depth;
    int64_t weights, auxiliary;
    double macs, auxiliary_macs; /* millions, forward */
    double ratio;                /* of training; 0: not given */
    int64_t elements;            /* of the largest module     */
} totals;

static const totals expected[] = {
    {"resnet20", "global", 272474, 0, 40.81, 0, 1, 392192},
    {"resnet20", "auglocal:a=1", 272474, 443344, 40.81, 63.97, 2.44, 163840},
    {"resnet20", "auglocal:a=2", 272474, 633286, 40.81, 54.53, 2.22, 143360},
    {"resnet20", "auglocal:a=3", 272474, 598140, 40.81, 60.30, 2.38, 176128},
    {"resnet20", "auglocal:a=5", 272474, 634024, 40.81, 67.11, 2.58, 225280},
    {"resnet32", "global", 466906, 0, 69.12, 0, 1, 621568},
    {"resnet32", "auglocal:a=1", 466906, 806412, 69.12, 104.87, 2.37, 163840},
    {"resnet32", "auglocal:a=2", 466906, 1341058, 69.12, 104.87, 2.38, 143360},
    {"resnet32", "auglocal:a=3", 466906, 1511608, 69.12, 123.74, 2.67, 176128},
    {"resnet32", "auglocal:a=4", 466906, 1705390, 69.12, 152.05, 0, 225280},
    {"resnet32", "auglocal:a=5", 466906, 1684388, 69.12, 171.97, 3.38, 258048},
    {"resnet32", "auglocal:a=8", 466906, 1689798, 69.12, 189.27, 0, 339968},
    {"resnet110", "global", 1730714, 0, 253.15, 0, 1, 2112512},
    {"resnet110", "auglocal:a=1", 1730714, 3166354, 253.15, 370.71, 2.30, 163840},
    {"resnet110", "auglocal:a=2", 1730714, 5941576, 253.15, 432.05, 2.55, 143360},
    {"resnet110", "auglocal:a=3", 1730714, 7240702, 253.15, 540.57, 2.98, 176128},
    {"resnet110", "auglocal:a=5", 1730714, 10279466, 253.15, 866.16, 4.27, 258048},
};

static void check_totals(const totals *e, const mye_model *model, const mye_plan *p, double bp)
{
    const double macs = forward_macs(model, false, -1) / 1e6;
    const double auxiliary = forward_macs(model, true, -1) / 1e6;
    if (mye_model_weights(model) - mye_model_auxiliary_weights(model) != e->weights ||
        mye_model_auxiliary_weights(model) != e->auxiliary ||
        auxiliary_weights(model, -1) != e->auxiliary)
        fail_msg("%s, %s: %lld weights, of these %lld auxiliary", e->net, e->depth,
                 (long long)mye_model_weights(model),
                 (long long)mye_model_auxiliary_weights(model));
    if (fabs(macs - e->macs) > 0.006 || fabs(auxiliary - e->auxiliary_macs) > 0.006)
        fail_msg("%s, %s: %.3f and %.3f million multiply-adds", e->net, e->depth, macs, auxiliary);
    if (e->ratio > 0 && fabs(p->macs / bp - e->ratio) > 0.006)
        fail_msg("%s, %s: trains at %.3f times the multiply-adds", e->net, e->depth, p->macs / bp);
}

static void totals_are_those_of_the_specification(void **state)
{
    enum { B = 128 };
    (void)state;
    mye_context *ctx = context(1);
    double bp = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const totals *e = &expected[i];
        mye_model *model = cut_model(ctx, (cut_net){e->net, "relu", e->depth, 3, 32});
        const mye_run_options o = {
            .time = "bptt", .loss = "ce_mean", .T = 1, .B = B, .training = true};
        mye_plan p;
        assert_int_equal(mye_run_count(ctx, model, &o, &p, NULL), MYE_OK);
        bp = strcmp(e->depth, "global") == 0 ? p.macs : bp;
        check_totals(e, model, &p, bp);
        /* Spec 1.8 counts what is kept. Ours is that, and the gradients that pass through a module
         * while it goes back: at most two values of a block at full size. */
        const double elements = (double)p.arena_bytes / (4.0 * B);
        print_message("%s %s: %.0f elements, %.3f of the specification's\n", e->net, e->depth,
                      elements, elements / (double)e->elements);
        assert_true(elements > 0.95 * (double)e->elements);
        assert_true(elements < (double)e->elements + 2 * 16 * 32 * 32 + 512);
        mye_plan_free(ctx, &p);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void auxiliary_networks_are_those_of_the_specification(void **state)
{
    static const struct {
        const char *depth;
        int first, last;
        int64_t weights;
        double macs; /* millions, 0: not given */
    } row[] = {
        {"auglocal:a=1", 0, 5, 48266, 12.059},  {"auglocal:a=1", 6, 10, 58506, 3.671},
        {"auglocal:a=1", 11, 13, 74762, 4.719}, {"auglocal:a=2", 0, 5, 72906, 0},
        {"auglocal:a=2", 6, 6, 76938, 0},       {"auglocal:a=2", 7, 10, 132362, 0},
        {"auglocal:a=2", 11, 12, 148618, 0},    {"auglocal:a=3", 0, 0, 77578, 0},
        {"auglocal:a=3", 1, 1, 91466, 0},       {"auglocal:a=3", 2, 5, 146890, 0},
        {"auglocal:a=3", 6, 6, 76938, 0},       {"auglocal:a=3", 7, 10, 132362, 0},
        {"auglocal:a=3", 11, 11, 148618, 0},
    };
    (void)state;
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        mye_model *model = cut_model(ctx, (cut_net){"resnet32", "relu", row[i].depth, 3, 32});
        for (int k = row[i].first; k <= row[i].last; k++) {
            if (auxiliary_weights(model, k) != row[i].weights)
                fail_msg("%s, module %d: %lld", row[i].depth, k,
                         (long long)auxiliary_weights(model, k));
            if (row[i].macs > 0 && fabs(forward_macs(model, true, k) / 1e6 - row[i].macs) > 0.0015)
                fail_msg("%s, module %d: %.4f", row[i].depth, k,
                         forward_macs(model, true, k) / 1e6);
        }
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* Sides of the blocks of an auxiliary network. */
static void expect_sides(mye_context *ctx, cut_net net, int module, const char *op, const int *side,
                         int n)
{
    mye_model *model = cut_model(ctx, net);
    int found = 0;
    for (int i = 0; i < mye_model_nodes(model); i++) {
        mye_node_info info;
        mye_model_node(model, i, &info);
        if (!info.is_auxiliary || info.module != module || strcmp(info.op, op) != 0)
            continue;
        assert_true(found < n);
        if (info.H != side[found])
            fail_msg("%s %s, module %d: '%s' has side %d, wanted %d", net.net, net.depth, module,
                     info.name, info.H, side[found]);
        found++;
    }
    assert_int_equal(found, n);
    mye_model_free(model);
}

static void images_shrink_as_widths_grow(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    const cut_net a1 = {"resnet32", "relu", "auglocal:a=1", 3, 32};
    const cut_net a2 = {"resnet32", "relu", "auglocal:a=2", 3, 32};
    const cut_net exact = {"resnet32", "relu", "auglocal:a=1,down=exact", 3, 32};
    expect_sides(ctx, a1, 0, "add", (const int[]){16}, 1); /* the second halving is lost */
    expect_sides(ctx, exact, 0, "add", (const int[]){16}, 1);
    expect_sides(ctx, a2, 0, "add", (const int[]){16, 8}, 2);
    expect_sides(ctx, a2, 6, "add", (const int[]){16, 8}, 2);
    expect_sides(ctx, a2, 7, "add", (const int[]){8, 8}, 2);
    expect_sides(ctx, a2, 11, "add", (const int[]){8, 8}, 2);
    /* VGG19: one pool for 64 -> 512; two where the first copy has 256. */
    const cut_net vgg2 = {"vgg19:pool=max", "relu", "auglocal:a=2", 3, 32};
    const cut_net vgg3 = {"vgg19:pool=max", "relu", "auglocal:a=3", 3, 32};
    expect_sides(ctx, vgg2, 0, "maxpool", (const int[]){16}, 1);
    expect_sides(ctx, vgg2, 0, "conv2d", (const int[]){16, 16}, 2);
    expect_sides(ctx, vgg3, 0, "maxpool", (const int[]){16, 8}, 2);
    mye_context_free(ctx);
}

static void all_families_can_be_cut(void **state)
{
    static const cut_net nets[] = {
        {"resnet18:width=0.125", "relu", "auglocal:a=2", 3, 32},
        {"resnet50:width=0.125,stem=imagenet", "relu", "auglocal:a=2,top=layer,tau=0", 3, 64},
        {"preact-resnet18:width=0.125", "lif", "auglocal:a=2", 3, 32},
        {"sew-resnet18:width=0.125", "lif", "auglocal:a=2", 3, 32},
        {"nf-resnet18:width=0.125", "lif", "auglocal:a=2", 3, 32},
        {"vgg11:width=0.125", "lif", "auglocal:a=3", 3, 32},
        {"mlp:hidden=32-32-16", "lif", "auglocal:a=1", 1, 8},
        {"8C3s2-BN-LIF-16C3s2-BN-LIF-16C3-BN-LIF-FC10", "lif", "auglocal:a=1", 2, 16},
        {"resnet20:width=0.5", "relu", "auglocal:a=2,select=sequential", 3, 32},
        {"resnet20:width=0.5", "relu", "auglocal:a=2,select=repeat", 3, 32},
        {"resnet20:width=0.5", "relu", "auglocal:a=2,select=conv1x1", 3, 32},
        {"resnet20:width=0.5", "relu", "auglocal:a=2,select=conv3x3,widen=2", 3, 32},
        {"resnet20:width=0.5", "relu", "auglocal:a=2,modules=3,widen=2", 3, 32},
    };
    (void)state;
    mye_context *ctx = context(2);
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        const int T = strcmp(nets[i].neuron, "relu") == 0 ? 1 : 2;
        mye_model *model = cut_model(ctx, nets[i]);
        mye_run *run = depth_run(ctx, model, "bptt", T, 2);
        const mye_step_result r = depth_step(run, 2);
        assert_true(mye_model_modules(model) > 1);
        for (int k = 0; k < mye_model_modules(model); k++)
            if (!(r.module_loss[k] > 0) || !isfinite(r.module_loss[k]))
                fail_msg("%s, %s: module %d has loss %g", nets[i].net, nets[i].depth, k,
                         r.module_loss[k]);
        mye_run_free(run);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* ---- with all layers behind it, it is backpropagation ---- */

static void a_of_all_layers_is_backpropagation(void **state)
{
    static const char *const nets[][3] = {{"resnet20:width=0.5", "relu", "auglocal:a=9"},
                                          {"vgg11:width=0.125", "lif", "auglocal:a=7"}};
    (void)state;
    mye_context *ctx = context(2);
    for (int i = 0; i < 2; i++) {
        mye_model *a = cut_model(ctx, (cut_net){nets[i][0], nets[i][1], "global", 3, 32});
        mye_model *b = cut_model(ctx, (cut_net){nets[i][0], nets[i][1], nets[i][2], 3, 32});
        assert_int_equal(mye_model_modules(b), 1);
        assert_int_equal(a->n_params, b->n_params);
        mye_run *ra = depth_run(ctx, a, "bptt", i == 0 ? 1 : 2, 4);
        mye_run *rb = depth_run(ctx, b, "bptt", i == 0 ? 1 : 2, 4);
        assert_true(depth_step(ra, 4).loss == depth_step(rb, 4).loss);
        assert_memory_equal(a->grad, b->grad, a->n_params * sizeof(float));
        assert_memory_equal(a->param, b->param, a->n_params * sizeof(float));
        mye_run_free(ra);
        mye_run_free(rb);
        mye_model_free(a);
        mye_model_free(b);
    }
    mye_context_free(ctx);
}

/* ---- refusals ---- */

static void what_cannot_be_cut_is_refused(void **state)
{
    static const struct {
        cut_net net;
        const char *says;
    } row[] = {
        {{"resnet20", "relu", "auglocal:a=10", 3, 32}, "wants a from 1 to 9"},
        {{"FC10", "relu", "auglocal", 1, 8}, "wants a network with hidden layers"},
        {{"FC8-FB(FC8)-IF-FC8-IF-FC10", "if", "auglocal:a=1", 1, 8}, "cuts it"},
        {{"mlp:hidden=8-8-8", "relu", "auglocal:a=1,select=conv3x3", 1, 8}, "got a vector"},
        {{"resnet20", "relu", "auglocal:a=2,modules=9", 3, 32}, "at most 8 modules"},
    };
    (void)state;
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        mye_error err = {0};
        assert_null(try_cut(ctx, row[i].net, &err));
        if (strstr(err.message, row[i].says) == NULL)
            fail_msg("%s, %s: %s", row[i].net.net, row[i].net.depth, err.message);
    }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depths_fall_in_a_pyramid),
        cmocka_unit_test(layers_are_selected_evenly_ties_to_even),
        cmocka_unit_test(the_last_is_always_selected_and_indices_rise),
        cmocka_unit_test(hidden_layers_are_those_of_the_paper),
        cmocka_unit_test(totals_are_those_of_the_specification),
        cmocka_unit_test(auxiliary_networks_are_those_of_the_specification),
        cmocka_unit_test(images_shrink_as_widths_grow),
        cmocka_unit_test(all_families_can_be_cut),
        cmocka_unit_test(a_of_all_layers_is_backpropagation),
        cmocka_unit_test(what_cannot_be_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
