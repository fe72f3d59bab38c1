#include "net_fixture.h"

typedef struct good_text {
    const char *text, *row;
} good_text;

static void check_text(mye_context *ctx, int C, int H, int W, const good_text *good)
{
    mye_graph *want = row_graph(ctx, C, H, W, good->row), *got = new_graph(ctx, C, H, W);
    mye_error err = {MYE_OK, "", ""};
    if (mye_notation_read(got, good->text, &err) != MYE_OK)
        fail_msg("%s: %s", good->text, err.message);
    assert_same_graph(got, want, true);
    mye_graph_free(want);
    mye_graph_free(got);
}

static void each_word_means_its_layer(void **state)
{
    static const good_text good[] = {
        {"64C3", "conv2d:channels=64,kernel=3"},
        {"64C1", "conv2d:channels=64,kernel=1"},
        {"64C2s2", "conv2d:channels=64,kernel=2,stride=2"},
        {"64C5s2p0g4", "conv2d:channels=64,kernel=5,padding=0,stride=2,groups=4"},
        {"64C5G4P0S2", "conv2d:channels=64,kernel=5,padding=0,stride=2,groups=4"},
        {"64WC3", "sws_conv2d:channels=64,kernel=3"},
        {"64CT3s2", "conv_transpose2d:channels=64,kernel=3,stride=2"},
        {"BN", "batchnorm"},
        {"AP2", "avgpool:kernel=2"},
        {"MP3s2p1", "maxpool:kernel=3,stride=2,padding=1"},
        {"P2", "maxpool:kernel=2"},
        {"MPD2", "maxpool_differences:kernel=2"},
        {"MPD3s2p1", "maxpool_differences:kernel=3,stride=2,padding=1"},
        {"LIF-MPD2-FC10", "neuron|maxpool_differences:kernel=2|flatten|dense:features=10"},
        {"GAP", "global_avgpool"},
        {"FC10", "flatten|dense:features=10"},
        {"F10", "flatten|dense:features=10"},
        {"10", "flatten|dense:features=10"},
        {"10-20", "flatten|dense:features=10|dense:features=20"},
        {"DO0.5", "dropout:p=0.5"},
        {"FLATTEN", "flatten"},
        {"FLATTEN-FC3", "flatten|dense:features=3"},
        {"ID", "identity"},
        {"SCALE(value=2.74)", "scale:value=2.74"},
        {"READOUT", "readout"},
        {"READOUT(mode=last)", "readout:mode=last"},
        {"LIF", "neuron"},
        {"N", "neuron"},
        {"LIF()", "lif"},
        {"LIF(tau=4)", "lif:tau=4"},
        {"LIF(surrogate=(atan:alpha=3),tau=4)", "lif:surrogate=(atan:alpha=3),tau=4"},
        {"IF", "if"},
        {"PLIF", "plif"},
        {"LIF_SLTT(tau=1.5)", "lif_sltt:tau=1.5"},
        {"tdBN", "batchnorm:gamma=1"},
        {"LEAKY", "leaky"},
        {"ReLU", "relu"},
        {"RELU(cap=6)", "relu:cap=6"},
        {"QCFS(L=8)", "qcfs:L=8"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_text(*state, 3, 8, 8, &good[i]);
}

static void the_usual_network_reads_as_meant(void **state)
{
    const good_text good = {
        "32c3-bn-lif-mp2-64C3-BN-LIF-MP2-FC10",
        "conv2d:channels=32,kernel=3,bias=false|batchnorm|neuron|maxpool:kernel=2|conv2d:channels="
        "64,kernel="
        "3,bias=false|batchnorm|neuron|maxpool:kernel=2|flatten|dense:features=10"};
    check_text(*state, 1, 28, 28, &good);
}

static void a_bias_is_left_out_only_before_batch_norm(void **state)
{
    static const good_text good[] = {
        {"8C3-LIF-BN", "conv2d:channels=8,kernel=3|neuron|batchnorm"},
        {"8C3(bias=true)-BN", "conv2d:channels=8,kernel=3,bias=true|batchnorm"},
        {"8C3(bias=false)-LIF", "conv2d:channels=8,kernel=3,bias=false|neuron"},
        {"FC8-BN-8", "flatten|dense:features=8,bias=false|batchnorm|dense:features=8"},
        {"(BN-8C3)x2",
         "batchnorm|conv2d:channels=8,kernel=3,bias=false|batchnorm|conv2d:channels=8,kernel=3"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_text(*state, 3, 8, 8, &good[i]);
}

static void groups_are_repeated(void **state)
{
    static const good_text good[] = {
        {"(LIF)x3", "neuron|neuron|neuron"},
        {"(LIF-IF)*2-BN", "neuron|if|neuron|if|batchnorm"},
        {"((LIF)X2-IF)x2", "neuron|neuron|if|neuron|neuron|if"},
        {"BN-(LIF(tau=3))x2", "batchnorm|lif:tau=3|lif:tau=3"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_text(*state, 3, 8, 8, &good[i]);
}

static void a_first_number_may_be_the_size_of_the_input(void **state)
{
    const good_text vector = {"784-800-LIF-10", "dense:features=800|neuron|dense:features=10"};
    const good_text image = {"192-10", "flatten|dense:features=10"};
    const good_text other = {"800-10", "dense:features=800|dense:features=10"};
    const good_text only = {"784", "dense:features=784"};
    const good_text twice = {"784-784", "dense:features=784"};
    check_text(*state, 784, 1, 1, &vector);
    check_text(*state, 3, 8, 8, &image);
    check_text(*state, 784, 1, 1, &other);
    check_text(*state, 784, 1, 1, &only);
    check_text(*state, 784, 1, 1, &twice);
}

typedef struct bad_text {
    const char *text, *message, *hint;
} bad_text;

static void errors_name_the_token_and_its_place(void **state)
{
    static const bad_text bad[] = {
        {"", "empty", ""},
        {"-", "position 1", ""},
        {"8C3-", "'' at position 5 of the network: a layer is missing", ""},
        {"8C3--BN", "position 5", ""},
        {"8C3-LIFF-BN", "'LIFF' at position 5", "LIF"},
        {"8C3-BM", "'BM' at position 5", "BN"},
        {"8C3-GAPP-FC10", "'GAPP' at position 5", "GAP"},
        {"C3", "'C3' at position 1 of the network: write this layer as <channels>C<kernel>", ""},
        {"8C", "<channels>C<kernel>", ""},
        {"8C3.5", "'8C3.5' at position 1 of the network: node.kernel wants", ""},
        {"8C3x", "'8C3x' at position 1", ""},
        {"8C3s", "'8C3s' at position 1", ""},
        {"8C3s2s2", "at position 1", ""},
        {"BN-(8C0-BN)x2", "'8C0' at position 5", ""},
        {"0C3", "position 1", ""},
        {"8C3s0", "position 1", ""},
        {"99999999999999999999C3", "position 1", ""},
        {"8C99999999999999999999", "position 1", ""},
        {"8C3s99999999999", "position 1", ""},
        {"BN3", "write this layer as BN", ""},
        {"3BN", "write this layer as BN", ""},
        {"AP", "write this layer as AP<kernel>", ""},
        {"2AP2", "write this layer as AP<kernel>", ""},
        {"AP0", "position 1", ""},
        {"FC", "write this layer as FC<features>", ""},
        {"10FC", "write this layer as FC<features>", ""},
        {"FC0", "position 1", ""},
        {"FC1.5", "position 1", ""},
        {"10s2", "'10s2' at position 1", ""},
        {"8C3-\n", "'?' at position 5", ""},
        {"DO", "DO<probability>", ""},
        {"DO1.5", "position 1", ""},
        {"LIF3", "'LIF3' at position 1", "LIF"},
        {"LIF(tau=2", "parentheses", ""},
        {"LIF)", "parentheses", ""},
        {"LIF(tau=2)x", "'LIF(tau=2)x' at position 1", ""},
        {"BN-LIF(taux=2)", "'LIF(taux=2)' at position 4", "tau"},
        {"(LIF)", "repeated", ""},
        {"(LIF)x0", "repeated", ""},
        {"(LIF)x1001", "repeated", ""},
        {"(LIF)xx3", "repeated", ""},
        {"(LIF)3", "repeated", ""},
        {"(LIF)(IF)x3", "parentheses", ""},
        {"()x3", "position 2", ""},
        {"((((((((((BN)x1)x1)x1)x1)x1)x1)x1)x1)x1)x1", "nested", ""},
        {"((BN)x100)x100", "at most 4096 nodes", ""},
        {"\xff\xfe", "position 1", ""},
        {"8C3(channels=)", "position 1", ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mye_graph *g = new_graph(*state, 3, 8, 8);
        mye_error err = {MYE_OK, "", ""};
        const mye_status st = mye_notation_read(g, bad[i].text, &err);
        if (st == MYE_OK || !strstr(err.message, bad[i].message) || !strstr(err.hint, bad[i].hint))
            fail_msg("'%s' gives '%s', hint '%s'", bad[i].text, err.message, err.hint);
        assert_null(strchr(err.message, '\n'));
        assert_int_equal(mye_notation_read(g, bad[i].text, NULL), st);
        mye_graph_free(g);
    }
}

static void long_options_are_refused(void **state)
{
    char text[600];
    mye_graph *g = new_graph(*state, 3, 8, 8);
    mye_error err = {MYE_OK, "", ""};
    memset(text, 'a', sizeof text);
    memcpy(text, "LIF(", 4);
    text[598] = ')';
    text[599] = '\0';
    assert_int_equal(mye_notation_read(g, text, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "too long"));
    mye_graph_free(g);
}

static void nodes_know_their_place_in_the_text(void **state)
{
    mye_graph *g = new_graph(*state, 3, 8, 8);
    assert_int_equal(mye_notation_read(g, "8C3-BN-LIF", NULL), MYE_OK);
    assert_int_equal(g->node[1].column, 1);
    assert_int_equal(g->node[2].column, 5);
    assert_int_equal(g->node[3].column, 8);
    mye_graph_free(g);
}

static mye_status some_notation(mye_context *ctx, mye_error *err)
{
    mye_graph *g = NULL;
    MYE_TRY(mye_graph_create(ctx, 3, 8, 8, NULL, &g, err));
    const mye_status st =
        mye_notation_read(g, "(8C3-BN-LIF(surrogate=(atan:alpha=3)))x12-GAP-FC10", err);
    mye_graph_free(g);
    return st;
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    fail_every_allocation(some_notation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_means_its_layer),
        cmocka_unit_test(the_usual_network_reads_as_meant),
        cmocka_unit_test(a_bias_is_left_out_only_before_batch_norm),
        cmocka_unit_test(groups_are_repeated),
        cmocka_unit_test(a_first_number_may_be_the_size_of_the_input),
        cmocka_unit_test(errors_name_the_token_and_its_place),
        cmocka_unit_test(long_options_are_refused),
        cmocka_unit_test(nodes_know_their_place_in_the_text),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
