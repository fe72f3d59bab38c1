/* ONNX files that cannot be read: each gives one sentence and the right code. */
#include "onnx_support.h"

#ifdef MYELIN_HAVE_ONNX

static mye_context *ctx;

static int setup(void **state)
{
    (void)state;
    ctx = make_context(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    const bool clean = mye_context_live_bytes(ctx) == 0;
    mye_context_free(ctx);
    return clean ? 0 : -1;
}

/* x [N,2] - MatMul w [2,3] - y: the graph without its tensor. */
static pb small_graph(void)
{
    pb g = graph_of("N,2");
    add_node(&g, "MatMul", "fc", "x w", "y", "");
    return g;
}

static pb small_model(void)
{
    pb g = small_graph();
    add_floats(&g, "w", "2,3", 6);
    return model_of(&g, 13);
}

static void refuse_graph(const pb *graph, mye_status wanted, const char *words)
{
    const pb file = model_of(graph, 13);
    assert_refused(ctx, &file, wanted, words);
}

/* ---- bytes ---- */

static void every_truncation_is_refused(void **state)
{
    mye_model *model = NULL;
    pb whole = small_model(), part;
    (void)state;
    ASSERT_OK(read_pb(ctx, &whole, &model, &err));
    mye_model_free(model);
    for (size_t n = 0; n < whole.n; n++) {
        mye_error err = {0};
        part = whole;
        part.n = n;
        const mye_status st = read_pb(ctx, &part, &model, &err);
        assert_true(st == MYE_ERR_FORMAT || st == MYE_ERR_UNSUPPORTED);
        assert_sentence(&err);
    }
}

/* A flipped bit may still be a network; if not there is a sentence. */
static void every_flipped_bit_is_a_network_or_a_sentence(void **state)
{
    void *data = NULL;
    size_t n = 0;
    int refused = 0;
    (void)state;
    ASSERT_OK(
        mye_file_read(ctx, MYELIN_SOURCE_DIR "/tests/onnx/mobile.onnx", 1 << 20, &data, &n, &err));
    unsigned char *bytes = data;
    for (size_t i = 0; i < n; i += 2) {
        mye_error err = {0};
        mye_model *model = NULL;
        const unsigned char bit = (unsigned char)(1u << (i / 2 % 8));
        bytes[i] ^= bit;
        if (mye_onnx_read_memory(ctx, "net.onnx", data, n, true, &model, &err) != MYE_OK) {
            assert_sentence(&err);
            refused++;
        }
        mye_model_free(model);
        bytes[i] ^= bit;
    }
    assert_true(refused > 500);
    mye_free(ctx, data);
}

static void bytes_that_are_no_messages_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } row[] = {
        {"", 0, "empty"},
        {"\x7f"
         "ELF\2\1\1",
         7, "damaged"},
        {"nodes:\n  - FC10\n", 16, "damaged"},
        {"\x3a\xff\xff\xff\xff\x0f\x0a", 7, "longer than what is left"},
        {"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "ends early"},
        {"\x3b\x3c", 2, "type that cannot be"},
        {"\x38\x01", 2, "type that cannot be"}, /* the graph is a number */
        {"\x02\x00", 2, "number that cannot be"},
        {"\x08\x08\x08\x08", 4, "there twice"},
        {"\x12\x02"
         "a\0",
         4, "byte of 0"},
        {"\x08\x08", 2, "no graph"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        pb file = {.n = row[i].n};
        memcpy(file.data, row[i].bytes, row[i].n);
        assert_refused(ctx, &file, MYE_ERR_FORMAT, row[i].words);
    }
}

/* Graphs in attributes of nodes of graphs ..., until no pb can hold more. */
static void deep_nesting_costs_no_stack(void **state)
{
    static pb inner, outer, node, attribute;
    (void)state;
    inner = graph_of("N,2");
    for (int depth = 0; depth < 40; depth++) {
        memset(&attribute, 0, sizeof attribute);
        memset(&node, 0, sizeof node);
        memset(&outer, 0, sizeof outer);
        put_message(&attribute, 6, &inner);
        put_message(&node, 5, &attribute);
        put_message(&outer, 1, &node);
        inner = outer;
    }
    refuse_graph(&inner, MYE_ERR_FORMAT, "too deeply");
}

/* Two bytes for a message, a million times. */
static void many_messages_are_refused_before_memory_is_taken(void **state)
{
    const size_t n = 5u << 20;
    mye_error err = {0};
    mye_model *model = NULL;
    unsigned char *data = malloc(n);
    (void)state;
    assert_non_null(data);
    data[0] = 0x3a;
    for (int i = 0; i < 4; i++)
        data[1 + i] = (unsigned char)(((n - 5) >> (7 * i) & 0x7f) | (i < 3 ? 0x80 : 0));
    for (size_t i = 5; i < n; i++)
        data[i] = (i - 5) % 2 ? 0 : 0x0a;
    data[n - 1] = 0;
    assert_int_equal(mye_onnx_read_memory(ctx, "net.onnx", data, n, true, &model, &err),
                     MYE_ERR_FORMAT);
    assert_sentence(&err);
    free(data);
}

/* ---- tensors ---- */

static void tensors_that_contradict_themselves_are_refused(void **state)
{
    static const struct {
        const char *dims;
        int type, listed; /* floats in float_data */
        size_t raw;       /* bytes; 0: none       */
        mye_status status;
        const char *words;
    } row[] = {
        {"2,3", TYPE_FLOAT, 0, 20, MYE_ERR_FORMAT, "'w'|24 bytes|20"},
        {"2,3", TYPE_FLOAT, 0, 0, MYE_ERR_FORMAT, "'w'|6 values|0"},
        {"2,3", TYPE_FLOAT, 5, 0, MYE_ERR_FORMAT, "'w'|6 values|5"},
        {"2,3", TYPE_FLOAT, 6, 24, MYE_ERR_FORMAT, "'w'"},
        {"2,3", TYPE_DOUBLE, 0, 24, MYE_ERR_FORMAT, "48 bytes"},
        {"2,3", TYPE_DOUBLE, 6, 0, MYE_ERR_FORMAT, "'w'"},
        {"2,-3", TYPE_FLOAT, 0, 24, MYE_ERR_FORMAT, "negative"},
        {"2,4611686018427387905", TYPE_FLOAT, 0, 24, MYE_ERR_FORMAT, "too large"},
        {"65536,65536,65536,65536", TYPE_FLOAT, 0, 24, MYE_ERR_FORMAT, "too large"},
        {"1,1,1,1,1,1,1,2,3", TYPE_FLOAT, 0, 24, MYE_ERR_FORMAT, "9 dimensions"},
        {"2,3", 8, 0, 24, MYE_ERR_UNSUPPORTED, "type 8"},
        {"2,3", 0, 0, 24, MYE_ERR_UNSUPPORTED, "type 0"},
        {"2,3", TYPE_INT64, 0, 48, MYE_ERR_UNSUPPORTED, "whole numbers"},
        {"3,2", TYPE_FLOAT, 0, 24, MYE_ERR_SHAPE, "'fc' (MatMul)|3x2|2 features"},
        {"6", TYPE_FLOAT, 0, 24, MYE_ERR_SHAPE, "1 dimensions"},
        {"2,0", TYPE_FLOAT, 0, 0, MYE_ERR_SHAPE, "'fc'"},
    };
    static const unsigned char zeros[64];
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        pb g = small_graph(), t = tensor_of("w", row[i].type, row[i].dims);
        for (int k = 0; k < row[i].listed; k++)
            put_float(&t, 4, 1.0f);
        if (row[i].raw > 0)
            put_bytes(&t, 9, zeros, row[i].raw);
        put_message(&g, 5, &t);
        refuse_graph(&g, row[i].status, row[i].words);
    }
}

static void data_in_other_files_is_refused_with_the_tensor(void **state)
{
    pb g = small_graph(), t = tensor_of("w", TYPE_FLOAT, "2,3"), entry = {0};
    (void)state;
    put_text(&entry, 1, "location");
    put_text(&entry, 2, "weights.bin");
    put_message(&t, 13, &entry);
    put_int(&t, 14, 1);
    put_message(&g, 5, &t);
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'w'|another file");
}

static void values_that_are_not_finite_are_refused(void **state)
{
    const float w[6] = {1, 2, INFINITY, 4, 5, 6}, zero = 0;
    pb g = small_graph();
    (void)state;
    add_tensor(&g, "w", TYPE_FLOAT, "2,3", w, sizeof w);
    refuse_graph(&g, MYE_ERR_FORMAT, "'fc' (MatMul)|not finite");
    g = graph_of("N,2");
    add_tensor(&g, "zero", TYPE_FLOAT, "", &zero, 4);
    add_node(&g, "Div", "by", "x zero", "y", "");
    refuse_graph(&g, MYE_ERR_FORMAT, "'by' (Div)|not finite");
}

/* ---- the graph ---- */

static void names_must_be_known_once_and_in_order(void **state)
{
    pb g = small_graph();
    (void)state;
    refuse_graph(&g, MYE_ERR_FORMAT, "'fc' (MatMul)|'w'|neither"); /* no tensor w */
    add_floats(&g, "w", "2,3", 6);
    add_floats(&g, "w", "2,3", 6);
    refuse_graph(&g, MYE_ERR_FORMAT, "two values have the name 'w'");

    g = small_graph();
    add_floats(&g, "w", "2,3", 6);
    add_node(&g, "Relu", "again", "x", "y", "");
    refuse_graph(&g, MYE_ERR_FORMAT, "two values have the name 'y'");

    g = graph_of("N,2");
    add_node(&g, "Relu", "r", "y", "y", "");
    refuse_graph(&g, MYE_ERR_FORMAT, "'r' (Relu)|'y'|no earlier node"); /* a cycle of one */

    g = graph_of("N,2");
    add_node(&g, "Relu", "one", "b", "y", "");
    add_node(&g, "Relu", "two", "x", "b", "");
    refuse_graph(&g, MYE_ERR_FORMAT, "'one' (Relu)|'b'|no earlier node");

    g = graph_of("N,2");
    add_node(&g, "Relu", "r", "x", "x", "");
    refuse_graph(&g, MYE_ERR_FORMAT, "two values have the name 'x'");

    g = graph_of("N,2");
    add_node(&g, "Relu", "r", "x", "z", "");
    refuse_graph(&g, MYE_ERR_FORMAT, "no node makes the output 'y'");

    g = graph_of("N,2");
    add_node(&g, "Relu", "r", "", "y", "");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'r' (Relu)|1 to 1");
}

static void one_input_and_one_output_of_known_shape_are_wanted(void **state)
{
    static const struct {
        const char *dims;
        mye_status status;
        const char *words;
    } row[] = {
        {"N,3,H,8", MYE_ERR_UNSUPPORTED, "dimension 2"},
        {"N,C", MYE_ERR_UNSUPPORTED, "dimension 1"},
        {"N,3,8", MYE_ERR_SHAPE, "3 dimensions"},
        {"N,3,8,8,8", MYE_ERR_SHAPE, "5 dimensions"},
        {"", MYE_ERR_SHAPE, "0 dimensions"},
        {"N,0", MYE_ERR_SHAPE, "is 0"},
        {"N,-2", MYE_ERR_SHAPE, "is -2"},
        {"N,65536,65536,2", MYE_ERR_SHAPE, "2^31"},
        {"N,99999999999", MYE_ERR_SHAPE, "99999999999"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        pb g = graph_of(row[i].dims);
        add_node(&g, "Relu", "r", "x", "y", "");
        refuse_graph(&g, row[i].status, row[i].words);
    }
    pb g = small_graph();
    add_value(&g, 11, "w", TYPE_FLOAT, "2,3"); /* fine where it is a tensor, else an input */
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "one input|'x'|'w'");
    g = small_graph();
    add_floats(&g, "w", "2,3", 6);
    add_value(&g, 12, "w", TYPE_FLOAT, "2,3");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "one output|2");
    g = (pb){0};
    add_value(&g, 11, "x", TYPE_INT64, "N,2");
    add_value(&g, 12, "x", TYPE_INT64, "N,2");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'x'|floats");
    g = (pb){0};
    add_value(&g, 12, "y", TYPE_FLOAT, "N,2");
    refuse_graph(&g, MYE_ERR_FORMAT, "no input");
    g = (pb){0};
    add_value(&g, 11, "x", TYPE_FLOAT, "N,2");
    add_value(&g, 12, "x", TYPE_FLOAT, "N,2");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "the output 'x'|input itself");
    g = graph_of("N,3,8,8");
    add_node(&g, "Relu", "r", "x", "y", "");
    refuse_graph(&g, MYE_ERR_SHAPE, "the output 'y'|3x8x8");
}

static void operator_sets_have_bounds(void **state)
{
    const pb g = small_graph();
    pb file = model_of(&g, 6);
    (void)state;
    assert_refused(ctx, &file, MYE_ERR_UNSUPPORTED, "opset 7 to|6");
    file = model_of(&g, 99);
    assert_refused(ctx, &file, MYE_ERR_UNSUPPORTED, "99");
    file = (pb){0};
    put_message(&file, 7, &g);
    assert_refused(ctx, &file, MYE_ERR_UNSUPPORTED, "opset 7 to|0");
}

/* ---- operators ---- */

static void operators_that_we_lack_are_named(void **state)
{
    static const char *const op[] = {
        "LSTM",
        "GRU",
        "RNN",
        "Sigmoid",
        "Tanh",
        "ConvTranspose",
        "Resize",
        "Upsample",
        "LeakyRelu",
        "PRelu",
        "Elu",
        "Selu",
        "HardSwish",
        "HardSigmoid",
        "Erf",
        "Gelu",
        "Pow",
        "Sqrt",
        "Exp",
        "Split",
        "Expand",
        "Where",
        "ReduceMax",
        "ReduceSum",
        "GlobalMaxPool",
        "LRN",
        "InstanceNormalization",
        "LayerNormalization",
        "If",
        "Loop",
        "Einsum",
        "QuantizeLinear",
    };
    (void)state;
    for (size_t i = 0; i < sizeof op / sizeof op[0]; i++) {
        char words[80];
        pb g = graph_of("N,3,8,8");
        add_node(&g, op[i], "the/node", "x", "y", "");
        snprintf(words, sizeof words, "node 'the/node' (%s)|not supported|Conv, Gemm", op[i]);
        refuse_graph(&g, MYE_ERR_UNSUPPORTED, words);
    }
    pb g = graph_of("N,3,8,8"), n = node_of("Relu", "r", "x", "y", "");
    put_text(&n, 7, "com.microsoft");
    put_message(&g, 1, &n);
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'r' (Relu)");
    g = graph_of("N,3,8,8");
    add_node(&g, "Sig\nmoid", "", "x", "y", ""); /* unnamed: what it makes */
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'y' (Sig?moid)");
}

/* One node "it" that reads x [1,4,8,8] and constants, with attributes that would not be the same. */
static void what_would_not_compute_the_same_is_refused(void **state)
{
    static const struct {
        const char *op, *inputs, *attributes;
        mye_status status;
        const char *words;
    } row[] = {
        {"Conv", "x w", "dilations=2,2", MYE_ERR_UNSUPPORTED, "dilations"},
        {"Conv", "x w", "pads=1,0,0,1", MYE_ERR_UNSUPPORTED, "unequally"},
        {"Conv", "x w", "auto_pad=SAME_UPPER strides=2,2", MYE_ERR_UNSUPPORTED, "unequally"},
        {"Conv", "x w", "auto_pad=SAME_UPPER pads=1,1,1,1", MYE_ERR_FORMAT, "both"},
        {"Conv", "x w", "auto_pad=OTHER", MYE_ERR_UNSUPPORTED, "OTHER"},
        {"Conv", "x w", "group=2", MYE_ERR_SHAPE, "2 groups"},
        {"Conv", "x w", "group=0", MYE_ERR_SHAPE, "0 groups"},
        {"Conv", "x w", "group=1.5", MYE_ERR_FORMAT, "'group'"},
        {"Conv", "x w", "strides=0,1", MYE_ERR_UNSUPPORTED, "'strides'"},
        {"Conv", "x w", "strides=1,", MYE_ERR_UNSUPPORTED, "two directions"},
        {"Conv", "x w", "strides=2,2 strides=1,1", MYE_ERR_FORMAT, "two attributes"},
        {"Conv", "x w", "kernel_shape=5,5", MYE_ERR_FORMAT, "kernel_shape"},
        {"Conv", "x w", "pads=2000,0,2000,0", MYE_ERR_UNSUPPORTED, "padding"},
        {"Conv", "x w", "activation=Relu", MYE_ERR_UNSUPPORTED, "'activation'"},
        {"Conv", "x w m", "", MYE_ERR_SHAPE, "bias of 2"},
        {"Conv", "x w1", "", MYE_ERR_UNSUPPORTED, "3 dimensions"},
        {"Conv", "x w3", "", MYE_ERR_UNSUPPORTED, "5 dimensions"},
        {"Conv", "x wide", "", MYE_ERR_SHAPE, "larger than its padded input"},
        {"Conv", "x x", "", MYE_ERR_UNSUPPORTED, "constant floats|computed"},
        {"Conv", "w w", "", MYE_ERR_UNSUPPORTED, "reads the constant 'w'"},
        {"Gemm", "x w", "", MYE_ERR_SHAPE, "4 dimensions, but 2"},
        {"MatMul", "x w", "", MYE_ERR_SHAPE, "4 dimensions, but 2"},
        {"BatchNormalization", "x m m m m", "training_mode=1", MYE_ERR_UNSUPPORTED,
         "training_mode"},
        {"BatchNormalization", "x m m m m", "spatial=0", MYE_ERR_UNSUPPORTED, "spatial"},
        {"BatchNormalization", "x m m m s", "", MYE_ERR_SHAPE, "running_var of 4"},
        {"BatchNormalization", "x m m m low", "", MYE_ERR_FORMAT, "variance"},
        {"Clip", "x s", "", MYE_ERR_UNSUPPORTED, "only [0, something"},
        {"Clip", "x", "max=6.0", MYE_ERR_UNSUPPORTED, "only [0, something"}, /* no Relu in front */
        {"Clip", "x", "min=0.0 max=-1.0", MYE_ERR_UNSUPPORTED, "only [0, something"},
        {"Clip", "x", "min=0.0 max=2000000.0", MYE_ERR_UNSUPPORTED, "cap"},
        {"AveragePool", "x", "kernel_shape=3,3 pads=1,1,1,1", MYE_ERR_UNSUPPORTED,
         "count_include_pad"},
        {"AveragePool", "x", "kernel_shape=3,3 strides=2,2 ceil_mode=1", MYE_ERR_UNSUPPORTED,
         "ceil_mode"},
        {"AveragePool", "x", "", MYE_ERR_FORMAT, "kernel_shape"},
        {"AveragePool", "x", "kernel_shape=2,2,2", MYE_ERR_UNSUPPORTED, "two directions"},
        {"AveragePool", "x", "kernel_shape=9,9", MYE_ERR_SHAPE, "larger than its padded input"},
        {"MaxPool", "x", "kernel_shape=2,2 pads=2,2,2,2", MYE_ERR_UNSUPPORTED, "half its kernel"},
        {"MaxPool", "x", "kernel_shape=2,2 storage_order=1", MYE_ERR_UNSUPPORTED, "storage_order"},
        {"MaxPool", "x", "kernel_shape=2,2 dilations=1,2", MYE_ERR_UNSUPPORTED, "dilations"},
        {"ReduceMean", "x", "axes=1,2", MYE_ERR_UNSUPPORTED, "axes 2 and 3"},
        {"ReduceMean", "x one", "", MYE_ERR_UNSUPPORTED, "axes 2 and 3"},
        {"Pad", "x", "mode=reflect", MYE_ERR_UNSUPPORTED, "zeros"},
        {"Pad", "x", "pads=0,0,1,1,0,0,1,1 value=1.0", MYE_ERR_UNSUPPORTED, "zeros"},
        {"Pad", "x", "pads=0,0,1,1,0,0,2,1", MYE_ERR_UNSUPPORTED, "equal zeros"},
        {"Pad", "x", "pads=0,1,0,0,0,1,0,0", MYE_ERR_UNSUPPORTED, "equal zeros"},
        {"Pad", "x", "pads=0,0,-1,0,0,0,-1,0", MYE_ERR_UNSUPPORTED, "'pads'"},
        {"Pad", "x one", "", MYE_ERR_SHAPE, "8"},
        {"Flatten", "x", "axis=2", MYE_ERR_UNSUPPORTED, "axis = 1"},
        {"Reshape", "x one", "", MYE_ERR_UNSUPPORTED, "[samples, -1]"},
        {"Reshape", "x x", "", MYE_ERR_UNSUPPORTED, "whole numbers"},
        {"Reshape", "x zeros", "allowzero=1", MYE_ERR_UNSUPPORTED, "[samples, -1]"},
        {"Shape", "x", "start=3 end=1", MYE_ERR_FORMAT, "dimensions 3 to 1"},
        {"Shape", "x", "end=9", MYE_ERR_FORMAT, "dimensions 0 to 9"},
        {"Dropout", "x s yes", "", MYE_ERR_UNSUPPORTED, "training mode"},
        {"Concat", "x x", "axis=1", MYE_ERR_UNSUPPORTED, "joins 'x'"},
        {"Gather", "one one", "", MYE_ERR_FORMAT, "entry 1 of 1"},
        {"Unsqueeze", "one", "axes=0,", MYE_ERR_UNSUPPORTED, "axis 0"},
        {"Transpose", "x", "", MYE_ERR_UNSUPPORTED, "whole numbers"},
        {"Transpose", "one", "", MYE_ERR_UNSUPPORTED, "matrices"},
        {"Slice", "x one one", "", MYE_ERR_UNSUPPORTED, "whole numbers"},
        {"Slice", "one one one one", "", MYE_ERR_UNSUPPORTED, "axis 0"},
        {"Cast", "x", "to=1", MYE_ERR_UNSUPPORTED, "whole numbers"},
        {"Cast", "one", "to=1", MYE_ERR_UNSUPPORTED, "type 1"},
        {"ConstantOfShape", "one", "", MYE_ERR_UNSUPPORTED, "at most 8"},
        {"Reshape", "one one", "", MYE_ERR_UNSUPPORTED, "[-1, columns]"},
        {"Constant", "", "value=1.0", MYE_ERR_FORMAT, "no tensor"},
        {"Constant", "", "", MYE_ERR_FORMAT, "0 values"},
        {"Softmax", "x", "", MYE_ERR_SHAPE, "4 dimensions, but 2"},
        {"Mul", "x x", "", MYE_ERR_UNSUPPORTED, "two computed values"},
        {"Div", "s x", "", MYE_ERR_UNSUPPORTED, "divides by"},
        {"Add", "x w1", "", MYE_ERR_UNSUPPORTED, "one for each"},
        {"Add", "x m", "", MYE_ERR_UNSUPPORTED, "one for each"}, /* along the width */
        {"Add", "x w", "", MYE_ERR_UNSUPPORTED, "one for each"},
    };
    const int64_t one = 1, zeros[2] = {0, 0};
    const float low[4] = {1, 1, -1, 1};
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char words[160];
        pb g = graph_of("1,4,8,8");
        add_floats(&g, "w", "2,4,3,3", 72);
        add_floats(&g, "w1", "2,4,3", 24);
        add_floats(&g, "w3", "2,4,3,1,1", 24);
        add_floats(&g, "wide", "1,4,9,1", 36);
        add_floats(&g, "m", "4", 4);
        add_floats(&g, "s", "1", 1);
        add_tensor(&g, "low", TYPE_FLOAT, "4", low, sizeof low);
        add_whole(&g, "one", "1", &one, 1);
        add_whole(&g, "zeros", "2", zeros, 2);
        add_whole(&g, "yes", "", &one, 1);
        add_node(&g, row[i].op, "it", row[i].inputs, "a", row[i].attributes);
        add_node(&g, "GlobalAveragePool", "", "a", "b", "");
        add_node(&g, "Flatten", "", "b", "y", "");
        snprintf(words, sizeof words, "node 'it' (%s)|%s", row[i].op, row[i].words);
        refuse_graph(&g, row[i].status, words);
    }
}

/* What a node does to the next. */
static void what_cannot_follow_is_refused(void **state)
{
    pb g = graph_of("N,4,8,8");
    (void)state;
    add_node(&g, "Pad", "p", "x", "a", "pads=0,0,1,1,0,0,1,1");
    add_node(&g, "MaxPool", "it", "a", "y", "kernel_shape=2,2");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'it' (MaxPool)|behind a Pad");

    g = graph_of("N,4,8,8");
    add_node(&g, "Flatten", "", "x", "a", "");
    add_node(&g, "Softmax", "it", "a", "b", "");
    add_node(&g, "Relu", "", "b", "y", "");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'it' (Softmax)|last node");

    g = graph_of("N,4,8,8");
    add_node(&g, "MaxPool", "", "x", "a", "kernel_shape=2,2 strides=2,2");
    add_node(&g, "Add", "it", "a x", "y", "");
    refuse_graph(&g, MYE_ERR_SHAPE, "'it' (Add)|4x4x4|4x8x8");

    g = graph_of("N,4,8,8");
    add_node(&g, "MaxPool", "it", "x", "a b", "kernel_shape=2,2");
    add_node(&g, "Add", "", "a b", "y", "");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'it' (MaxPool)|second output 'b'");

    g = graph_of("N,4,8,8");
    add_floats(&g, "m", "256", 256);
    add_node(&g, "Flatten", "", "x", "a", "");
    add_node(&g, "BatchNormalization", "it", "a m m m m", "y", "");
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "'it' (BatchNormalization)|flattened image");

    g = graph_of("N,1");
    char from[16] = "x", to[16];
    for (int i = 0; i < 200; i++, memcpy(from, to, sizeof from)) {
        snprintf(to, sizeof to, "v%d", i);
        add_node(&g, "Add", "", "x x", to, "");
    }
    add_node(&g, "Relu", "", from, "y", "");
    const pb file = model_of(&g, 13); /* 199 of them are needed by nobody */
    mye_model *model = NULL;
    ASSERT_OK(read_pb(ctx, &file, &model, &err));
    assert_int_equal(model->n_nodes, 4);
    mye_model_free(model);
}

/* A constant for a million channels, made again by each of 20 nodes. */
static void a_small_file_cannot_take_all_memory(void **state)
{
    pb g = graph_of("N,1048576");
    char from[16] = "x", to[16];
    (void)state;
    add_floats(&g, "s", "1", 1);
    for (int i = 0; i < 20; i++, memcpy(from, to, sizeof from)) {
        char inputs[32];
        snprintf(to, sizeof to, "v%d", i);
        if (i == 19)
            memcpy(to, "y", 2);
        snprintf(inputs, sizeof inputs, "%s s", from);
        add_node(&g, "Add", "", inputs, to, "");
    }
    refuse_graph(&g, MYE_ERR_UNSUPPORTED, "64 MB|too much");
    assert_true(mye_context_peak_bytes(ctx) < (size_t)100 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_file_cannot_take_all_memory),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_a_network_or_a_sentence),
        cmocka_unit_test(bytes_that_are_no_messages_are_refused),
        cmocka_unit_test(deep_nesting_costs_no_stack),
        cmocka_unit_test(many_messages_are_refused_before_memory_is_taken),
        cmocka_unit_test(tensors_that_contradict_themselves_are_refused),
        cmocka_unit_test(data_in_other_files_is_refused_with_the_tensor),
        cmocka_unit_test(values_that_are_not_finite_are_refused),
        cmocka_unit_test(names_must_be_known_once_and_in_order),
        cmocka_unit_test(one_input_and_one_output_of_known_shape_are_wanted),
        cmocka_unit_test(operator_sets_have_bounds),
        cmocka_unit_test(operators_that_we_lack_are_named),
        cmocka_unit_test(what_would_not_compute_the_same_is_refused),
        cmocka_unit_test(what_cannot_follow_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

#else

int main(void)
{
    printf("SKIPPED: this build has no ONNX reader\n");
    return 77;
}

#endif
