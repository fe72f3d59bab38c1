#include "net_fixture.h"

static void names_are_made_from_op_and_number(void **state)
{
    mye_graph *g = row_graph(*state, 3, 8, 8,
                             "conv2d:channels=8,kernel=3|batchnorm|neuron|conv2d:channels=8,kernel="
                             "3|neuron|if|maxpool:kernel=2|flatten|dense:features=4");
    static const char *const names[] = {"input", "conv1", "bn1",   "lif1",     "conv2",
                                        "lif2",  "if1",   "pool1", "flatten1", "fc1"};
    for (int i = 0; i < g->n; i++)
        assert_string_equal(g->node[i].name, names[i]);
    mye_graph_free(g);
}

static void made_up_names_avoid_given_ones(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    int at = 0;
    assert_int_equal(mye_graph_add(g, "lif7", "neuron", "", 1, &at, &at, NULL), MYE_OK);
    assert_int_equal(mye_graph_add(g, NULL, "neuron", "", 1, &at, &at, NULL), MYE_OK);
    assert_string_equal(g->node[at].name, "lif8");
    mye_graph_free(g);
}

static void the_prefix_stands_before_every_name(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    int at = 0;
    snprintf(g->prefix, sizeof g->prefix, "layer2.0.");
    assert_int_equal(mye_graph_chain(g, "neuron", &at, NULL, "%s", ""), MYE_OK);
    assert_int_equal(mye_graph_add(g, "out", "neuron", "", 1, &at, &at, NULL), MYE_OK);
    assert_int_equal(mye_graph_find(g, "layer2.0.lif1"), 1);
    assert_int_equal(mye_graph_find(g, "layer2.0.out"), 2);
    assert_int_equal(mye_graph_find(g, "out"), -1);
    mye_graph_free(g);
}

typedef struct bad_node {
    const char *name, *op, *options;
    int n_in, in;
    const char *message;
} bad_node;

static void wrong_nodes_are_refused_with_a_reason(void **state)
{
    static const bad_node bad[] = {
        {"a", "identity", "", 1, 0, "two nodes named 'a'"},
        {"b c", "identity", "", 1, 0, "letters, digits"},
        {"b", "convolution", "", 1, 0, "'convolution' is neither"},
        {"b", "conv2d", "channels=8,kernel=3,colour=2", 1, 0, "colour"},
        {"b", "conv2d", "channels=-8,kernel=3", 1, 0, "channels"},
        {"b", "lif", "tau=lots", 1, 0, "tau"},
        {"b", "neuron", "tau=2", 1, 0, "takes no options"},
        {"b", "identity", "", 1, 2, "reads node 2"},
        {"b", "identity", "", 1, -1, "reads node -1"},
        {"b", "identity", "", 0, 0, "reads"},
        {"b", "input", "", 0, 0, "first node"},
    };
    mye_graph *g = new_graph(*state, 3, 8, 8);
    int at = 0;
    assert_int_equal(mye_graph_add(g, "a", "identity", "", 1, &at, &at, NULL), MYE_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const bad_node *b = &bad[i];
        mye_error err = {MYE_OK, "", ""};
        assert_int_equal(mye_graph_add(g, b->name, b->op, b->options, b->n_in, &b->in, NULL, &err),
                         MYE_ERR_ARG);
        if (!strstr(err.message, b->message))
            fail_msg("'%s' does not say '%s'", err.message, b->message);
        assert_int_equal(g->n, 2);
    }
    mye_graph_free(g);
}

static void an_unknown_op_gets_the_nearest_as_hint(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    mye_error err = {MYE_OK, "", ""};
    int at = 0;
    assert_int_equal(mye_graph_add(g, NULL, "batchnrm", "", 1, &at, NULL, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.hint, "batchnorm"));
    mye_graph_free(g);
}

static void names_and_options_have_a_longest_length(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    char name[100], options[600];
    int at = 0;
    memset(name, 'x', sizeof name);
    name[99] = '\0';
    memset(options, ',', sizeof options);
    options[599] = '\0';
    assert_int_equal(mye_graph_add(g, name, "identity", "", 1, &at, NULL, NULL), MYE_ERR_ARG);
    assert_int_equal(mye_graph_add(g, NULL, "conv2d", options, 1, &at, NULL, NULL), MYE_ERR_ARG);
    assert_int_equal(mye_graph_chain(g, "conv2d", &at, NULL, "%s", options), MYE_ERR_ARG);
    memset(g->prefix, 'p', sizeof g->prefix - 1);
    name[20] = '\0';
    assert_int_equal(mye_graph_add(g, name, "identity", "", 1, &at, NULL, NULL), MYE_ERR_ARG);
    mye_graph_free(g);
}

static void the_number_of_nodes_is_limited(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    int at = 0, n = 0;
    char name[16];
    mye_status st = MYE_OK;
    for (; st == MYE_OK && n < 10000; n++) {
        snprintf(name, sizeof name, "n%d", n);
        st = mye_graph_add(g, name, "identity", "", 1, &at, &at, NULL);
    }
    assert_int_equal(st, MYE_ERR_UNSUPPORTED);
    assert_int_equal(g->n, 4096);
    mye_graph_free(g);
}

static void the_default_neuron_is_put_in_for_plain_neurons(void **state)
{
    mye_graph *g = row_graph(*state, 3, 8, 8, "neuron|lif:tau=4");
    const mye_kind *kind;
    char text[MYE_METHOD_MAX + 32];
    assert_int_equal(mye_graph_set_neuron(g, "lif:tau=3", NULL), MYE_OK);
    assert_int_equal(mye_graph_method(g, 1, &kind, text, sizeof text, NULL), MYE_OK);
    assert_string_equal(text, "lif:tau=3");
    assert_ptr_equal(kind, &mye_kind_neuron);
    assert_int_equal(mye_graph_method(g, 2, &kind, text, sizeof text, NULL), MYE_OK);
    assert_string_equal(text, "lif:tau=4");
    assert_int_equal(mye_graph_method(g, 2, &kind, text, 4, NULL), MYE_ERR_ARG);
    assert_int_equal(mye_graph_set_neuron(g, "lif:tau=0.1,", NULL), MYE_ERR_ARG);
    assert_string_equal(g->neuron, "lif:tau=3");
    mye_graph_free(g);
}

static void impossible_inputs_are_refused(void **state)
{
    mye_graph *g = NULL;
    mye_error err = {MYE_OK, "", ""};
    assert_int_equal(mye_graph_create(*state, 0, 8, 8, NULL, &g, &err), MYE_ERR_SHAPE);
    assert_int_equal(mye_graph_create(*state, 3, 8, -1, NULL, &g, &err), MYE_ERR_SHAPE);
    assert_int_equal(mye_graph_create(*state, 60000, 60000, 1, NULL, &g, &err), MYE_ERR_SHAPE);
    assert_int_equal(mye_graph_create(*state, 3, 8, 8, "liff", &g, &err), MYE_ERR_ARG);
    assert_null(g);
}

static void vectors_are_known_from_the_ops(void **state)
{
    mye_graph *g = row_graph(*state, 3, 8, 8, "neuron|flatten|neuron|dense:features=4|neuron");
    assert_false(mye_graph_is_flat(g, 1));
    assert_true(mye_graph_is_flat(g, 3));
    assert_true(mye_graph_is_flat(g, 5));
    mye_graph_free(g);
    g = new_graph(*state, 9, 1, 1);
    assert_true(mye_graph_is_flat(g, 0));
    mye_graph_free(g);
}

static mye_status some_graph(mye_context *ctx, mye_error *err)
{
    mye_graph *g = NULL;
    int at = 0;
    MYE_TRY(mye_graph_create(ctx, 3, 8, 8, "lif:tau=3", &g, err));
    mye_status st = MYE_OK;
    for (int i = 0; i < 40 && st == MYE_OK; i++)
        st = mye_graph_chain(g, "conv2d", &at, err, "channels=%d,kernel=3", i + 1);
    mye_graph_free(g);
    return st;
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    fail_every_allocation(some_graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_made_from_op_and_number),
        cmocka_unit_test(made_up_names_avoid_given_ones),
        cmocka_unit_test(the_prefix_stands_before_every_name),
        cmocka_unit_test(wrong_nodes_are_refused_with_a_reason),
        cmocka_unit_test(an_unknown_op_gets_the_nearest_as_hint),
        cmocka_unit_test(names_and_options_have_a_longest_length),
        cmocka_unit_test(the_number_of_nodes_is_limited),
        cmocka_unit_test(the_default_neuron_is_put_in_for_plain_neurons),
        cmocka_unit_test(impossible_inputs_are_refused),
        cmocka_unit_test(vectors_are_known_from_the_ops),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
