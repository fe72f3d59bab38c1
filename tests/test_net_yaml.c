#include <unistd.h>

#include "net_fixture.h"

static mye_status parse(mye_graph *graph, const char *text, mye_error *err)
{
    return mye_net_yaml_parse(graph, "net.yaml", text, strlen(text), err);
}

static mye_graph *parse_well(mye_context *ctx, int C, int H, int W, const char *text)
{
    mye_graph *graph = new_graph(ctx, C, H, W);
    mye_error err = {MYE_OK, "", ""};
    if (parse(graph, text, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return graph;
}

static void a_sequence_of_nodes_reads_like_notation(void **state)
{
    mye_graph *a = parse_well(*state, 3, 8, 8,
                              "nodes:\n"
                              "  - {op: conv2d, channels: 8, kernel: 3}\n"
                              "  - op: neuron\n"
                              "  - {op: lif, tau: 3, surrogate: {name: atan, alpha: 3}}\n"
                              "  - {op: lif, surrogate: 'atan:alpha=3'}\n"
                              "  - {op: flatten}\n"
                              "  - FC10\n");
    mye_graph *b = new_graph(*state, 3, 8, 8);
    assert_int_equal(mye_notation_read(b,
                                       "8C3-N-LIF(tau=3,surrogate=(atan:alpha=3))-"
                                       "LIF(surrogate=(atan:alpha=3))-10",
                                       NULL),
                     MYE_OK);
    assert_same_graph(a, b, true);
    mye_graph_free(a);
    mye_graph_free(b);
}

static void names_say_what_a_node_reads(void **state)
{
    mye_graph *g = parse_well(*state, 3, 8, 8,
                              "nodes:\n"
                              "  - {name: a, op: identity}\n"
                              "  - {name: b, op: identity, in: a}\n"
                              "  - {name: c, op: identity, in: [a]}\n"
                              "  - {name: d, op: identity, in: input}\n"
                              "  - {name: e, op: add, in: [b, c, d]}\n");
    assert_int_equal(g->node[3].in[0], 1);
    assert_int_equal(g->node[4].in[0], 0);
    assert_int_equal(g->node[5].n_in, 3);
    assert_int_equal(g->node[5].in[2], 4);
    mye_graph_free(g);
}

static void repeats_number_the_names(void **state)
{
    mye_graph *g =
        parse_well(*state, 3, 8, 8,
                   "nodes:\n"
                   "  - {name: layer, repeat: 2, nodes: [{name: x, op: identity}, LIF]}\n"
                   "  - {repeat: 1, nodes: [{repeat: 2, nodes: LIF}]}\n"
                   "  - {repeat: 1, nodes: LIF}\n");
    static const char *const names[] = {"input",
                                        "layer.0.x",
                                        "layer.0.lif1",
                                        "layer.1.x",
                                        "layer.1.lif1",
                                        "block1.0.block1.0.lif1",
                                        "block1.0.block1.1.lif1",
                                        "block2.0.lif1"};
    assert_int_equal(g->n, 8);
    for (int i = 0; i < g->n; i++)
        assert_string_equal(g->node[i].name, names[i]);
    mye_graph_free(g);
}

static void inside_a_repeat_names_are_found_near_first(void **state)
{
    mye_graph *g = parse_well(
        *state, 3, 8, 8,
        "nodes:\n"
        "  - {name: x, op: identity}\n"
        "  - {name: y, op: identity}\n"
        "  - {name: l, repeat: 2, nodes: [{name: x, op: identity}, {op: add, in: [x, y]}]}\n");
    assert_int_equal(g->node[4].in[0], 3);
    assert_int_equal(g->node[4].in[1], 2);
    assert_int_equal(g->node[6].in[0], 5);
    assert_int_equal(g->node[6].in[1], 2);
    mye_graph_free(g);
}

static void branches_make_residual_blocks(void **state)
{
    mye_graph *g = parse_well(*state, 8, 8, 8,
                              "nodes:\n"
                              "  - {name: res, branch: [8C3-BN-LIF-8C3-BN, []], join: add}\n"
                              "  - LIF\n"
                              "  - {branch: [8C1, [8C1, BN], 'LIF']}\n");
    assert_string_equal(g->node[1].name, "res.conv1");
    assert_string_equal(g->node[6].name, "res.add1");
    assert_int_equal(g->node[6].in[0], 5);
    assert_int_equal(g->node[6].in[1], 0);
    assert_string_equal(g->node[7].name, "lif1");
    assert_int_equal(g->node[9].in[0], 7);
    assert_int_equal(g->node[11].in[0], 7);
    assert_string_equal(g->node[12].op, "add");
    assert_int_equal(g->node[12].n_in, 3);
    assert_int_equal(g->node[12].in[1], 10);
    mye_graph_free(g);
}

static void the_file_sets_the_neuron_unless_the_caller_did(void **state)
{
    mye_graph *g = parse_well(*state, 3, 8, 8, "neuron: {name: lif, tau: 3}\nnodes: [N]\n");
    assert_string_equal(g->neuron, "lif:tau=3");
    mye_graph_free(g);
    g = NULL;
    assert_int_equal(mye_graph_create(*state, 3, 8, 8, "if", &g, NULL), MYE_OK);
    assert_int_equal(parse(g, "neuron: lif:tau=3\nnodes: [N]\n", NULL), MYE_OK);
    assert_string_equal(g->neuron, "if");
    mye_graph_free(g);
}

static void the_input_may_be_an_image_or_a_vector(void **state)
{
    mye_graph *g = parse_well(*state, 9, 1, 1, "input: 9\nnodes: FC3\n");
    assert_true(g->flat);
    mye_graph_free(g);
    g = parse_well(*state, 9, 1, 1, "input: 9x1x1\nnodes: FC3\n");
    assert_false(g->flat);
    assert_string_equal(g->node[1].op, "flatten");
    mye_graph_free(g);
    g = parse_well(*state, 3, 8, 8, "input: 3x8x8\nnodes: FC3\n");
    assert_false(g->flat);
    mye_graph_free(g);
}

typedef struct bad_yaml {
    const char *text, *message, *hint;
} bad_yaml;

static void errors_name_file_line_and_column(void **state)
{
    static const bad_yaml bad[] = {
        {"", "net.yaml", ""},
        {"3", "net.yaml:1:1: a network is a mapping", ""},
        {"nodes: [", "net.yaml:", ""},
        {"neuron: lif\n", "net.yaml:1:1: the list 'nodes' is missing", ""},
        {"nodes: []\n", "net.yaml:1:1: the network has no nodes", ""},
        {"nodes: {op: identity}\n", "net.yaml:1:1: a list of nodes", ""},
        {"nodes:\n  - [LIF]\n", "net.yaml:2:5: a node is a mapping", ""},
        {"inptu: 3x8x8\nnodes: [LIF]\n", "net.yaml:1:1: unknown key 'inptu'", "input"},
        {"input: 3x9x9\nnodes: [LIF]\n", "net.yaml:1:1: the network is for an input of 3x9x9", ""},
        {"neuron: liff\nnodes: [LIF]\n", "net.yaml:1:", "lif"},
        {"nodes:\n  - LIF-LIFF\n", "net.yaml:2:5: 'LIFF' at position 5", "LIF"},
        {"nodes:\n  - {name: a}\n", "net.yaml:2:5: a node needs 'op'", ""},
        {"nodes:\n  - {op: [a]}\n", "net.yaml:2:6: 'op' is a word", ""},
        {"nodes:\n  - {op: identiy}\n", "net.yaml:2:6: 'identiy' is neither", "identity"},
        {"nodes:\n  - {op: conv2d, kernle: 3}\n", "net.yaml:2:", "kernel"},
        {"nodes:\n  - {op: conv2d, kernel: x}\n", "net.yaml:2:", ""},
        {"nodes:\n  - {op: neuron, tau: 3}\n", "net.yaml:2:", ""},
        {"nodes:\n  - {op: identity, in: x}\n", "net.yaml:2:20: there is no node 'x'", ""},
        {"nodes:\n  - {op: identity, in: inptu}\n", "net.yaml:2:20: there is no node", "input"},
        {"nodes:\n  - {op: identity, in: {a: b}}\n", "net.yaml:2:20: 'in' is the name", ""},
        {"nodes:\n  - {op: add, in: [[a]]}\n", "net.yaml:2:20: 'in' is the name", ""},
        {"nodes:\n  - {op: identity, in: []}\n", "net.yaml:2:5: ", ""},
        {"nodes:\n  - {op: add, in: [input, input, input, input, input, input, input, input, "
         "input]}\n",
         "net.yaml:2:15: a node reads at most 8", ""},
        {"nodes:\n  - {name: a, op: identity}\n  - {name: a, op: identity}\n",
         "net.yaml:3:5: there are two nodes named 'a'", ""},
        {"nodes:\n  - {name: a, op: identity}\n  - {op: identity, in: input}\n",
         "net.yaml:2:5: no node reads 'a'", ""},
        {"nodes:\n  - {repeat: 0, nodes: LIF}\n", "net.yaml:2:", ""},
        {"nodes:\n  - {repeat: 2}\n", "net.yaml:2:5: the list 'nodes' is missing", ""},
        {"nodes:\n  - {repeat: 2, nodes: []}\n", "net.yaml:2:17: there is nothing to repeat", ""},
        {"nodes:\n  - {repeat: 2, nodes: LIF, nam: x}\n", "net.yaml:2:", "name"},
        {"nodes:\n  - {branch: LIF}\n", "net.yaml:2:6: 'branch' is a sequence", ""},
        {"nodes:\n  - {branch: []}\n", "net.yaml:2:6: 'branch' is a sequence", ""},
        {"nodes:\n  - {branch: [LIF, IF], join: sum}\n", "net.yaml:2:5: 'sum' is neither", ""},
        {"nodes:\n  - {branch: [LIF, IF], join: lif}\n", "net.yaml:2:5: ", ""},
        {"nodes:\n  - {branch: [LIF, IF], jion: add}\n", "net.yaml:2:", "join"},
        {"nodes:\n  - {branch: [LIF, {op: if}]}\n", "net.yaml:2:20: a list of nodes", ""},
        {"nodes:\n  - {repeat: 1000, nodes: [{repeat: 1000, nodes: LIF}]}\n", "at most 4096", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mye_graph *g = new_graph(*state, 3, 8, 8);
        mye_error err = {MYE_OK, "", ""};
        const mye_status st = parse(g, bad[i].text, &err);
        if (st == MYE_OK || !strstr(err.message, bad[i].message) || !strstr(err.hint, bad[i].hint))
            fail_msg("'%s' gives '%s', hint '%s'", bad[i].text, err.message, err.hint);
        assert_null(strchr(err.message, '\n'));
        mye_graph_free(g);
        g = new_graph(*state, 3, 8, 8);
        assert_int_equal(parse(g, bad[i].text, NULL), st);
        mye_graph_free(g);
    }
}

static void deep_names_are_refused(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    mye_error err = {MYE_OK, "", ""};
    assert_int_not_equal(
        parse(g,
              "nodes:\n  - {name: abcdefghijklmnopqrstuvwxyzabcdefghij, repeat: 2, nodes: [{name: "
              "abcdefghijklmnopqrstuvwxyzabcdefghij, branch: [LIF, IF]}]}\n",
              &err),
        MYE_OK);
    assert_non_null(strstr(err.message, "net.yaml:2:"));
    assert_non_null(strstr(err.message, "too long"));
    mye_graph_free(g);
}

static void assert_round_trip(const mye_graph *graph)
{
    mye_text text = {graph->ctx, NULL, 0, 0, false};
    mye_error err = {MYE_OK, "", ""};
    mye_graph *again = new_graph(graph->ctx, graph->C, graph->H, graph->W);
    assert_int_equal(mye_net_yaml_write(graph, &text), MYE_OK);
    if (mye_net_yaml_parse(again, "again", text.data, text.length, &err) != MYE_OK)
        fail_msg("%s\n%s", err.message, text.data);
    assert_same_graph(graph, again, true);
    mye_text_free(&text);
    mye_graph_free(again);
}

static void written_networks_read_back_the_same(void **state)
{
    mye_graph *g =
        parse_well(*state, 3, 8, 8,
                   "neuron: lif:surrogate=(atan:alpha=3),tau=3\n"
                   "nodes:\n"
                   "  - {name: _odd-name/1, op: lif, surrogate: 'atan:alpha=3', tau: 4}\n"
                   "  - {branch: [8C3-BN-N, 8C1-PLIF, [8C1]]}\n"
                   "  - {name: -2, op: identity}\n"
                   "  - {name: .y, op: identity}\n"
                   "  - MP2-DO0.25-READOUT(mode=last)\n");
    assert_round_trip(g);
    mye_graph_free(g);
    g = new_graph(*state, 784, 1, 1);
    assert_int_equal(mye_notation_read(g, "784-800-LIF-10", NULL), MYE_OK);
    assert_round_trip(g);
    mye_graph_free(g);
}

static void every_builder_survives_the_round_trip(void **state)
{
    for (const mye_entry *const *e = mye_kind_net.entries; *e; e++) {
        mye_graph *g = new_graph(*state, 3, 32, 32);
        assert_int_equal(mye_graph_describe(g, (*e)->name, 10, NULL), MYE_OK);
        assert_round_trip(g);
        mye_graph_free(g);
    }
}

static void files_are_read_from_disk(void **state)
{
    static const char text[] = "nodes:\n  - 8C3-LIFF\n";
    char path[] = "net_yaml_test_XXXXXX.yaml";
    const int fd = mkstemps(path, 5);
    mye_error err = {MYE_OK, "", ""};
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    mye_graph *g = new_graph(*state, 3, 8, 8);
    assert_int_not_equal(mye_graph_describe(g, path, 10, &err), MYE_OK);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, ":2:5: "));
    mye_graph_free(g);
    unlink(path);
    g = new_graph(*state, 3, 8, 8);
    assert_int_equal(mye_graph_describe(g, "no/such/net.yaml", 10, &err), MYE_ERR_IO);
    mye_graph_free(g);
}

static mye_status round_trip(mye_context *ctx, mye_error *err)
{
    static const char text[] =
        "neuron: lif:tau=3\nnodes:\n  - {branch: [8C3-BN-N, [{op: lif, surrogate: 'atan:alpha=3'}]]"
        "}\n  - {repeat: 2, nodes: [LIF]}\n";
    mye_graph *g = NULL;
    mye_text out = {ctx, NULL, 0, 0, false};
    MYE_TRY(mye_graph_create(ctx, 8, 8, 8, NULL, &g, err));
    mye_status st = mye_net_yaml_parse(g, "net.yaml", text, sizeof text - 1, err);
    if (st == MYE_OK && mye_net_yaml_write(g, &out) != MYE_OK)
        st = mye_no_memory(err, 1, "the text");
    mye_text_free(&out);
    mye_graph_free(g);
    return st;
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    fail_every_allocation(round_trip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequence_of_nodes_reads_like_notation),
        cmocka_unit_test(names_say_what_a_node_reads),
        cmocka_unit_test(repeats_number_the_names),
        cmocka_unit_test(inside_a_repeat_names_are_found_near_first),
        cmocka_unit_test(branches_make_residual_blocks),
        cmocka_unit_test(the_file_sets_the_neuron_unless_the_caller_did),
        cmocka_unit_test(the_input_may_be_an_image_or_a_vector),
        cmocka_unit_test(errors_name_file_line_and_column),
        cmocka_unit_test(deep_names_are_refused),
        cmocka_unit_test(written_networks_read_back_the_same),
        cmocka_unit_test(every_builder_survives_the_round_trip),
        cmocka_unit_test(files_are_read_from_disk),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
