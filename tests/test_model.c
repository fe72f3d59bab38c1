#include <math.h>

#include "net_fixture.h"

static mye_status try_build(mye_context *ctx, int C, int H, int W, const char *net, mye_model **out,
                            mye_error *err)
{
    mye_model_options options = MYE_MODEL_OPTIONS;
    options.net = net;
    options.C = C;
    options.H = H;
    options.W = W;
    return mye_model_create(ctx, &options, out, err);
}

static mye_model *build(mye_context *ctx, int C, int H, int W, const char *net)
{
    mye_model *model = NULL;
    mye_error err = {MYE_OK, "", ""};
    if (try_build(ctx, C, H, W, net, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static mye_node_info node(const mye_model *model, const char *name)
{
    mye_node_info info;
    const int i = mye_model_find(model, name);
    if (i < 0)
        fail_msg("there is no node %s", name);
    mye_model_node(model, i, &info);
    return info;
}

static void nodes_tell_shape_weights_and_work(void **state)
{
    mye_model *m = build(*state, 3, 32, 32, "16C3s2-BN-LIF-MP2-FC10");
    const mye_node_info conv = node(m, "conv1"), bn = node(m, "bn1"), lif = node(m, "lif1");
    const mye_node_info pool = node(m, "pool1"), fc = node(m, "fc1");
    assert_string_equal(conv.op, "conv2d");
    assert_int_equal(conv.C, 16);
    assert_int_equal(conv.H, 16);
    assert_int_equal(conv.W, 16);
    assert_int_equal(conv.n_weights, 16 * 3 * 9);
    assert_true(conv.macs == 16.0 * 3 * 9 * 256);
    assert_false(conv.is_spiking);
    assert_int_equal(bn.n_weights, 32);
    assert_true(bn.is_virtual);
    assert_string_equal(lif.op, "lif");
    assert_true(lif.is_spiking);
    assert_int_equal(pool.H, 8);
    assert_int_equal(fc.n_weights, 16 * 64 * 10 + 10);
    assert_int_equal(mye_model_weights(m), 16 * 27 + 32 + 16 * 640 + 10);
    assert_int_equal(mye_model_neurons(m), 16 * 256);
    assert_int_equal(mye_model_classes(m), 10);
    assert_int_equal(node(m, "readout1").C, 10);
    assert_int_equal(mye_model_find(m, "conv2"), -1);
    mye_model_free(m);
}

static void only_what_precedes_time_is_static(void **state)
{
    mye_model *m = build(*state, 3, 8, 8, "8C3-BN-LIF-8C3-BN-LIF-FC10");
    assert_true(node(m, "input").is_static);
    assert_true(node(m, "conv1").is_static);
    assert_true(node(m, "bn1").is_static);
    assert_false(node(m, "lif1").is_static);
    assert_false(node(m, "conv2").is_static);
    mye_model_free(m);
    mye_graph *g = row_graph(*state, 3, 8, 8, "conv2d:channels=8,kernel=3|neuron");
    assert_int_equal(mye_model_from_graph(g, false, 1, &m, NULL), MYE_OK);
    assert_false(node(m, "input").is_static);
    assert_false(node(m, "conv1").is_static);
    mye_model_free(m);
}

static void gradients_and_uses_are_counted(void **state)
{
    mye_graph *g = row_graph(*state, 8, 8, 8,
                             "maxpool:kernel=2|neuron|conv2d:channels=8,"
                             "kernel=3|neuron");
    mye_model *m = NULL;
    int in[2] = {2, 2}, at;
    assert_int_equal(mye_graph_add(g, "sum", "add", "", 2, in, &at, NULL), MYE_OK);
    in[0] = 4;
    in[1] = at;
    assert_int_equal(mye_graph_add(g, "out", "add", "", 2, in, &at, NULL), MYE_OK);
    assert_int_equal(mye_model_from_graph(g, true, 1, &m, NULL), MYE_OK);
    assert_int_equal(m->node[2]->n_consumers, 3);
    assert_int_equal(m->node[0]->n_consumers, 1);
    assert_false(m->node[0]->needs_grad);
    assert_false(m->node[2]->needs_grad);
    assert_true(m->node[3]->needs_grad);
    assert_true(m->node[6]->needs_grad);
    assert_int_equal(m->output, 7);
    assert_string_equal(m->node[7]->type->entry.name, "readout");
    mye_model_free(m);
}

static void a_given_readout_stays_the_only_one(void **state)
{
    mye_model *m = build(*state, 3, 8, 8, "FC10-READOUT(mode=last)");
    assert_int_equal(mye_model_nodes(m), 4);
    assert_string_equal(node(m, "readout1").options, "mode=last");
    mye_model_free(m);
}

static void the_default_neuron_shows_its_options(void **state)
{
    mye_model_options options = MYE_MODEL_OPTIONS;
    mye_model *m = NULL;
    options.net = "FC10-LIF-FC10";
    options.neuron = "lif:tau=3";
    assert_int_equal(mye_model_create(*state, &options, &m, NULL), MYE_OK);
    assert_string_equal(node(m, "lif1").options, "tau=3");
    mye_model_free(m);
}

/* ---- weights ---- */

static void blocks_are_aligned_and_trainable_ones_first(void **state)
{
    mye_model *m = build(*state, 3, 8, 8, "5C3-BN-LIF-7C3-BN-LIF-FC3");
    size_t params = 0;
    assert_int_equal(m->n_weights, mye_model_tensors(m));
    for (int i = 0; i < m->n_weights; i++) {
        const mye_weight *w = m->weight[i];
        assert_int_equal((uintptr_t)w->data % 64, 0);
        assert_int_equal(w->trainable, i < m->n_trainable);
        if (w->trainable) {
            assert_true(w->data >= m->param && w->data + w->count <= m->param + m->n_params);
            assert_int_equal(w->grad - m->grad, w->data - m->param);
            params += w->count;
        } else {
            assert_null(w->grad);
            assert_true(w->data >= m->buffer && w->data + w->count <= m->buffer + m->n_buffers);
        }
    }
    assert_int_equal(params, mye_model_weights(m));
    assert_int_equal(mye_model_bytes(m), 4 * (2 * m->n_params + m->n_buffers));
    mye_model_free(m);
}

static void tensors_are_found_by_name(void **state)
{
    mye_model *m = build(*state, 3, 8, 8, "8C3-BN-LIF-FC10");
    mye_tensor_info info;
    const int i = mye_model_tensor_find(m, "conv1.weight");
    assert_true(i >= 0);
    mye_model_tensor(m, i, &info);
    assert_string_equal(info.name, "conv1.weight");
    assert_int_equal(info.rank, 4);
    assert_int_equal(info.dim[0], 8);
    assert_int_equal(info.dim[1], 3);
    assert_int_equal(info.dim[2], 3);
    assert_int_equal(info.count, 216);
    assert_true(info.trainable);
    assert_true(info.decay);
    mye_model_tensor(m, mye_model_tensor_find(m, "fc1.bias"), &info);
    assert_false(info.decay);
    mye_model_tensor(m, mye_model_tensor_find(m, "bn1.running_mean"), &info);
    assert_false(info.trainable);
    assert_int_equal(mye_model_tensor_find(m, "conv1.bias"), -1);
    mye_model_free(m);
}

/* Every value outside has exactly one place inside, and comes back. */
static void check_permutation(mye_model *m, int i)
{
    const mye_weight *w = m->weight[i];
    float *out = calloc(w->count, sizeof *out), *back = calloc(w->count, sizeof *back);
    int *seen = calloc(w->count, sizeof *seen);
    for (size_t j = 0; j < w->count; j++)
        out[j] = (float)j;
    mye_model_set(m, i, out);
    mye_model_get(m, i, back);
    assert_memory_equal(out, back, w->count * sizeof *out);
    for (size_t j = 0; j < w->count; j++)
        seen[(size_t)w->data[j]]++;
    for (size_t j = 0; j < w->count; j++)
        assert_int_equal(seen[j], 1);
    free(out);
    free(back);
    free(seen);
}

static void layouts_are_permutations(void **state)
{
    mye_model *m = build(*state, 6, 5, 7, "8C3g2-BN-LIF-4C1-PLIF-FC11-FC3");
    for (int i = 0; i < mye_model_tensors(m); i++)
        check_permutation(m, i);
    mye_model_free(m);
}

static void layouts_are_what_the_kernels_want(void **state)
{
    mye_model *m = build(*state, 2, 3, 4, "5C3-LIF-FC7");
    const int conv = mye_model_tensor_find(m, "conv1.weight");
    const int fc = mye_model_tensor_find(m, "fc1.weight");
    float *w = calloc(7 * 60, sizeof *w);
    w[((4 * 2 + 1) * 3 + 2) * 3 + 1] = 1.0f; /* o 4, c 1, y 2, x 1 */
    mye_model_set(m, conv, w);
    assert_true(m->weight[conv]->data[((2 * 3 + 1) * 2 + 1) * 5 + 4] == 1.0f);
    memset(w, 0, 7 * 60 * sizeof *w);
    w[6 * 60 + (3 * 3 + 2) * 4 + 1] = 1.0f; /* o 6, c 3, h 2, w 1 of 5x3x4 */
    mye_model_set(m, fc, w);
    assert_true(m->weight[fc]->data[((2 * 4 + 1) * 5 + 3) * 7 + 6] == 1.0f);
    free(w);
    mye_model_free(m);
}

static void gradients_come_out_like_weights(void **state)
{
    mye_model *m = build(*state, 2, 3, 4, "5C3-BN-LIF-FC7");
    const int conv = mye_model_tensor_find(m, "conv1.weight");
    const int mean = mye_model_tensor_find(m, "bn1.running_mean");
    float w[90], g[90], zero[5] = {1.0f, 1.0f, 1.0f, 1.0f, 1.0f};
    mye_model_get(m, conv, w);
    memcpy(m->weight[conv]->grad, m->weight[conv]->data, sizeof w);
    mye_model_get_grad(m, conv, g);
    assert_memory_equal(w, g, sizeof w);
    mye_model_get_grad(m, mean, zero);
    for (int i = 0; i < 5; i++)
        assert_true(zero[i] == 0.0f);
    mye_model_free(m);
}

static void initial_values_follow_the_declared_spread(void **state)
{
    mye_model *m = build(*state, 64, 8, 8, "64C3-BN-LIF-FC10");
    for (int i = 0; i < m->n_weights; i++) {
        const mye_weight *w = m->weight[i];
        double sum = 0.0, squares = 0.0, most = 0.0;
        for (size_t j = 0; j < w->count; j++) {
            const double x = (double)w->data[j];
            sum += x;
            squares += x * x;
            most = fmax(most, fabs(x));
        }
        const double n = (double)w->count, spread = sqrt(squares / n);
        if (w->init == MYE_INIT_CONSTANT) {
            assert_true(fabs(sum / n - w->gain) < 1e-6);
        } else if (w->count > 1000) {
            const double want = w->gain / (w->init == MYE_INIT_NORMAL ? 1.0 : sqrt((double)w->fan));
            assert_true(fabs(spread / want - 1.0) < 0.05);
            assert_true(fabs(sum / n) < 0.1 * want);
        }
        if (w->init == MYE_INIT_KAIMING_UNIFORM)
            assert_true(most <= w->gain * sqrt(3.0 / (double)w->fan) * (1.0 + 1e-6));
    }
    mye_model_free(m);
}

static mye_model *build_seeded(int threads, uint64_t seed, mye_context **ctx)
{
    mye_context_options context = MYE_CONTEXT_OPTIONS;
    mye_model_options options = MYE_MODEL_OPTIONS;
    mye_model *m = NULL;
    context.threads = threads;
    assert_int_equal(mye_context_create(&context, ctx, NULL), MYE_OK);
    options.net = "64C3-BN-LIF-64C3-BN-LIF-FC10";
    options.seed = seed;
    assert_int_equal(mye_model_create(*ctx, &options, &m, NULL), MYE_OK);
    return m;
}

static void the_seed_alone_decides_the_initial_values(void **state)
{
    mye_context *ctx[3];
    (void)state;
    mye_model *a = build_seeded(1, 5, &ctx[0]), *b = build_seeded(3, 5, &ctx[1]);
    mye_model *c = build_seeded(1, 6, &ctx[2]);
    assert_memory_equal(a->param, b->param, a->n_params * sizeof(float));
    assert_true(memcmp(a->param, c->param, a->n_params * sizeof(float)) != 0);
    mye_model_free(a);
    mye_model_free(b);
    mye_model_free(c);
    for (int i = 0; i < 3; i++)
        mye_context_free(ctx[i]);
}

/* ---- YAML ---- */

static void yaml_text_builds_the_same_model(void **state)
{
    mye_model *m = build(*state, 3, 32, 32, "sew-resnet18:width=0.1");
    mye_graph *g = new_graph(*state, 3, 32, 32);
    char *text = NULL;
    mye_model *again = NULL;
    assert_int_equal(mye_model_yaml(m, &text, NULL), MYE_OK);
    assert_int_equal(mye_net_yaml_parse(g, "text", text, strlen(text), NULL), MYE_OK);
    assert_same_graph(g, m->graph, true);
    assert_int_equal(mye_model_from_graph(g, true, 1, &again, NULL), MYE_OK);
    assert_int_equal(m->n_params, again->n_params);
    assert_memory_equal(m->param, again->param, m->n_params * sizeof(float));
    mye_model_text_free(m, text);
    mye_model_free(again);
    mye_model_free(m);
}

/* ---- errors ---- */

static void impossible_shapes_name_the_node(void **state)
{
    static const char *const bad[][2] = {
        {"8C3-MP2-MP2-MP2-MP2", "pool4"},
        {"8C9p0", "conv1"},
        {"8C3g2", "conv1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mye_model *m = NULL;
        mye_error err = {MYE_OK, "", ""};
        assert_int_equal(try_build(*state, 3, 8, 8, bad[i][0], &m, &err), MYE_ERR_SHAPE);
        assert_null(m);
        if (!strstr(err.message, bad[i][1]))
            fail_msg("'%s' does not name %s", err.message, bad[i][1]);
    }
}

static void different_shapes_cannot_be_added(void **state)
{
    static const char text[] = "nodes:\n  - branch: [8C3, 8C3s2]\n";
    mye_graph *g = new_graph(*state, 3, 8, 8);
    mye_model *m = NULL;
    mye_error err = {MYE_OK, "", ""};
    assert_int_equal(mye_net_yaml_parse(g, "net.yaml", text, sizeof text - 1, NULL), MYE_OK);
    assert_int_equal(mye_model_from_graph(g, true, 1, &m, &err), MYE_ERR_SHAPE);
    assert_non_null(strstr(err.message, "net.yaml:2:5: "));
    assert_non_null(strstr(err.message, "add1"));
}

static void a_network_needs_nodes(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    mye_model *m = NULL;
    assert_int_equal(mye_model_from_graph(g, true, 1, &m, NULL), MYE_ERR_ARG);
    assert_null(m);
    mye_model_free(NULL);
}

static void enormous_layers_are_refused(void **state)
{
    memory small = {0, 0, 0, 1 << 24};
    mye_model *m = NULL;
    mye_error err = {MYE_OK, "", ""};
    (void)state;
    mye_context *ctx = context_with(&small);
    assert_int_equal(try_build(ctx, 2000000000, 1, 1, "FC16000000", &m, &err), MYE_ERR_SHAPE);
    assert_int_equal(try_build(ctx, 100, 1, 1, "FC1000000-FC2000", &m, &err), MYE_ERR_NOMEM);
    assert_null(m);
    mye_context_free(ctx);
}

static mye_status some_model(mye_context *ctx, mye_error *err)
{
    mye_model *m = NULL;
    char *text = NULL;
    MYE_TRY(try_build(ctx, 3, 8, 8, "8C3-BN-LIF(surrogate=(atan:alpha=3))-MP2-PLIF-FC10", &m, err));
    const mye_status st = mye_model_yaml(m, &text, err);
    mye_model_text_free(m, text);
    mye_model_free(m);
    return st;
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    fail_every_allocation(some_model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_tell_shape_weights_and_work),
        cmocka_unit_test(only_what_precedes_time_is_static),
        cmocka_unit_test(gradients_and_uses_are_counted),
        cmocka_unit_test(a_given_readout_stays_the_only_one),
        cmocka_unit_test(the_default_neuron_shows_its_options),
        cmocka_unit_test(blocks_are_aligned_and_trainable_ones_first),
        cmocka_unit_test(tensors_are_found_by_name),
        cmocka_unit_test(layouts_are_permutations),
        cmocka_unit_test(layouts_are_what_the_kernels_want),
        cmocka_unit_test(gradients_come_out_like_weights),
        cmocka_unit_test(initial_values_follow_the_declared_spread),
        cmocka_unit_test(the_seed_alone_decides_the_initial_values),
        cmocka_unit_test(yaml_text_builds_the_same_model),
        cmocka_unit_test(impossible_shapes_name_the_node),
        cmocka_unit_test(different_shapes_cannot_be_added),
        cmocka_unit_test(a_network_needs_nodes),
        cmocka_unit_test(enormous_layers_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
