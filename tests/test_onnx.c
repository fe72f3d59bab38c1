/* ONNX files that can be read: what PyTorch exported gives PyTorch's logits, and small ones written
 * here. tests/onnx/make.py made the files; $MYELIN_ONNX_DIR names another folder of them. */
#include "onnx_support.h"

#ifdef MYELIN_HAVE_ONNX

static const char *folder(void)
{
    const char *from = getenv("MYELIN_ONNX_DIR");
    return from != NULL ? from : MYELIN_SOURCE_DIR "/tests/onnx";
}

static const char *file_of(const char *name, const char *suffix)
{
    static char path[1200];
    snprintf(path, sizeof path, "%s/%s%s", folder(), name, suffix);
    return path;
}

/* Largest difference between our logits and the file's, over the largest logit. */
static double difference(const char *name, mye_model **out, mye_context *ctx)
{
    mye_array x = {0}, y = {0};
    double most = 0, scale = 0;
    ASSERT_OK(mye_onnx_read(ctx, file_of(name, ".onnx"), true, out, &err));
    ASSERT_OK(mye_npy_read(ctx, file_of(name, ".input.npy"), &x, &err));
    ASSERT_OK(mye_npy_read(ctx, file_of(name, ".logits.npy"), &y, &err));
    float *scores = scores_of(ctx, *out, (int)x.dim[0], x.data);
    for (size_t i = 0; i < y.count; i++) {
        const double wanted = (double)((const float *)y.data)[i];
        most = fmax(most, fabs((double)scores[i] - wanted));
        scale = fmax(scale, fabs(wanted));
    }
    assert_true(y.count == (size_t)(x.dim[0] * mye_model_classes(*out)));
    free(scores);
    mye_array_free(ctx, &x);
    mye_array_free(ctx, &y);
    printf("%s: %.2g of the largest logit\n", name, most / scale);
    return most / scale;
}

static void exported_networks_give_the_logits_of_pytorch(void **state)
{
    static const char *const name[] = {"vgg", "vgg_bn", "resnet", "mobile", "padded", "mlp"};
    (void)state;
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        mye_context *ctx = make_context(NULL);
        mye_model *model = NULL;
        if (!(difference(name[i], &model, ctx) < 1e-4))
            fail_msg("%s differs", name[i]);
        mye_model_free(model);
        assert_int_equal(mye_context_live_bytes(ctx), 0);
        mye_context_free(ctx);
    }
}

static void layers_have_readable_names_and_options(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_model *model = NULL;
    (void)state;
    ASSERT_OK(mye_onnx_read(ctx, file_of("vgg_bn", ".onnx"), true, &model, &err));
    assert_string_equal(model->graph->neuron, "relu");
    assert_node(model, "conv1", "conv2d", "channels=8");
    assert_node(model, "bn1", "batchnorm", "");
    assert_node(model, "relu1", "neuron", "");
    assert_node(model, "pool1", "maxpool", "");
    assert_node(model, "conv2", "conv2d", "channels=12,bias=false");
    assert_node(model, "pool2", "avgpool", "");
    assert_node(model, "conv3", "conv2d", "channels=16,kernel_w=1,stride_w=2,padding=0");
    assert_node(model, "pool3", "maxpool", "kernel=3,stride=1,padding=1");
    assert_node(model, "flatten1", "flatten", "");
    assert_node(model, "fc2", "dense", "features=10");
    assert_string_equal(model->graph->node[model->graph->n - 1].op, "readout");
    mye_model_free(model);
    model = NULL;
    ASSERT_OK(mye_onnx_read(ctx, file_of("mobile", ".onnx"), false, &model, &err));
    assert_node(model, "norm1", "conv2d", "channels=3,kernel=1,groups=3");
    assert_node(model, "conv1", "conv2d", "channels=8,stride=2"); /* the Pad is its padding */
    assert_node(model, "relu1", "relu", "cap=6");
    assert_node(model, "pool1", "avgpool", "kernel=3,stride=1,padding=1");
    assert_int_equal(mye_graph_find(model->graph, "norm2"), -1); /* Sub and Div are one */
    assert_int_equal(mye_graph_find(model->graph, "relu4"), -1); /* Relu and Clip too */
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- small files ---- */

/* Scores of one sample of ones, checked against `wanted`. */
static void assert_scores(const pb *file, const double *wanted, int n)
{
    mye_context *ctx = make_context(NULL);
    mye_model *model = NULL;
    float ones[256];
    for (int i = 0; i < 256; i++)
        ones[i] = 1.0f;
    ASSERT_OK(read_pb(ctx, file, &model, &err));
    assert_int_equal(mye_model_classes(model), n);
    float *scores = scores_of(ctx, model, 1, ones);
    for (int i = 0; i < n; i++)
        if (!(fabs((double)scores[i] - wanted[i]) < 1e-5))
            fail_msg("score %d is %g, not %g", i, (double)scores[i], wanted[i]);
    free(scores);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void gemm_scales_and_turns_its_weights(void **state)
{
    const float w[6] = {1, 2, 3, 4, 5, 6}, b[3] = {1, 0, -1};
    const double wanted[3] = {0.5 * 5 + 2, 0.5 * 7, 0.5 * 9 - 2};
    pb g = graph_of("N,2");
    (void)state;
    add_tensor(&g, "w", TYPE_FLOAT, "2,3", w, sizeof w);
    add_tensor(&g, "b", TYPE_FLOAT, "1,3", b, sizeof b);
    add_node(&g, "Gemm", "fc", "x w b", "y", "alpha=0.5 beta=2.0");
    const pb file = model_of(&g, 13);
    assert_scores(&file, wanted, 3);
}

/* The number 1.5 in every way in which a tensor may hold it. */
static void weights_come_in_every_type_of_floats(void **state)
{
    const float f = 1.5f;
    const double d = 1.5, wanted = 1.5;
    const unsigned char half[2] = {0x00, 0x3e}, bfloat[2] = {0xc0, 0x3f};
    const struct {
        int type;
        const void *raw;
        size_t bytes;
        unsigned field; /* of the list, not packed */
    } row[] = {
        {TYPE_FLOAT, &f, 4, 0},      {TYPE_DOUBLE, &d, 8, 0},     {TYPE_HALF, half, 2, 0},
        {TYPE_BFLOAT, bfloat, 2, 0}, {TYPE_FLOAT, &f, 4, 4},      {TYPE_DOUBLE, &d, 8, 10},
        {TYPE_HALF, half, 2, 5},     {TYPE_BFLOAT, bfloat, 2, 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        pb g = graph_of("N,1"), t = tensor_of("w", row[i].type, "1,1");
        if (row[i].field == 0)
            put_bytes(&t, 9, row[i].raw, row[i].bytes);
        else if (row[i].field == 5)
            put_int(&t, 5,
                    ((const unsigned char *)row[i].raw)[0] | ((const unsigned char *)row[i].raw)[1]
                                                                 << 8);
        else
            put_bytes(&t, row[i].field, row[i].raw, row[i].bytes); /* packed */
        put_message(&g, 5, &t);
        add_node(&g, "MatMul", "fc", "x w", "y", "");
        const pb file = model_of(&g, 13);
        assert_scores(&file, &wanted, 1);
    }
}

/* (3 - x / 2) * 4 + 1 of ones, for each of 2 channels: 11. */
static void arithmetic_with_constants_is_exact(void **state)
{
    const float two = 2, three[2] = {3, 3}, four = 4, one = 1;
    const double wanted[2] = {11, 11};
    pb g = graph_of("N,2,4,4");
    (void)state;
    add_tensor(&g, "two", TYPE_FLOAT, "", &two, 4);
    add_tensor(&g, "three", TYPE_FLOAT, "1,2,1,1", three, 8);
    add_tensor(&g, "four", TYPE_FLOAT, "1", &four, 4);
    add_tensor(&g, "one", TYPE_FLOAT, "1,1,1", &one, 4);
    add_node(&g, "Div", "", "x two", "a", "");
    add_node(&g, "Sub", "", "three a", "b", "");
    add_node(&g, "Mul", "", "four b", "c", "");
    add_node(&g, "Add", "", "c one", "d", "");
    add_node(&g, "GlobalAveragePool", "", "d", "e", "");
    add_node(&g, "Flatten", "", "e", "f", "");
    add_node(&g, "Softmax", "", "f", "y", "axis=1");
    const pb file = model_of(&g, 13);
    assert_scores(&file, wanted, 2);
}

/* Values that somebody else reads too keep what they are. */
static void a_shared_value_takes_no_bias_of_one_reader(void **state)
{
    const float w[1] = {2}, b[1] = {10};
    const double wanted[1] = {2 + 12};
    pb g = graph_of("N,1");
    (void)state;
    add_tensor(&g, "w", TYPE_FLOAT, "1,1", w, sizeof w);
    add_tensor(&g, "b", TYPE_FLOAT, "1", b, sizeof b);
    add_node(&g, "MatMul", "", "x w", "a", "");
    add_node(&g, "Identity", "", "a", "same", "");
    add_node(&g, "Add", "", "same b", "c", "");
    add_node(&g, "Add", "", "a c", "y", "");
    const pb file = model_of(&g, 13);
    assert_scores(&file, wanted, 1);
}

/* 5x5 ones, a 3x3 kernel of ones, stride 2: SAME sees 4, 6 or 9 pixels, VALID 9. */
static void automatic_padding_is_as_in_the_definition(void **state)
{
    const double same = (4 * 4 + 4 * 6 + 9) / 9.0, valid = 9;
    float w[9];
    (void)state;
    for (int i = 0; i < 9; i++)
        w[i] = 1;
    for (int k = 0; k < 3; k++) {
        static const char *const mode[] = {"SAME_UPPER", "SAME_LOWER", "VALID"};
        char attributes[64];
        pb g = graph_of("1,1,5,5");
        snprintf(attributes, sizeof attributes, "strides=2,2 auto_pad=%s", mode[k]);
        add_tensor(&g, "w", TYPE_FLOAT, "1,1,3,3", w, sizeof w);
        add_node(&g, "Conv", "", "x w", "a", attributes);
        add_node(&g, "ReduceMean", "", "a", "y", "axes=-1,-2 keepdims=0");
        const pb file = model_of(&g, 13);
        assert_scores(&file, k < 2 ? &same : &valid, 1);
    }
}

/* As newer exporters write x.flatten(1): Shape of one dimension, and a target in which 0 would be 0. */
static void targets_of_reshape_have_many_spellings(void **state)
{
    static const struct {
        const char *shape, *attributes;
        int64_t target; /* the constant's first number */
    } row[] = {
        {"start=0 end=1", "allowzero=1", -1},
        {"start=-4 end=-3", "", -1},
        {"end=1", "", 2 * 3 * 3},
        {NULL, "", 0},
        {NULL, "allowzero=1", 1},
        {NULL, "", -1},
    };
    const double wanted[2] = {9, 9};
    float w[2 * 18] = {0};
    (void)state;
    for (int i = 0; i < 9; i++)
        w[2 * i] = w[2 * (9 + i) + 1] = 1;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const int64_t pair[2] = {row[i].target, row[i].target == -1 ? 18 : -1};
        pb g = graph_of(row[i].shape ? "N,2,3,3" : "1,2,3,3");
        add_tensor(&g, "w", TYPE_FLOAT, "18,2", w, sizeof w);
        add_whole(&g, "t", row[i].shape ? "1" : "2", pair, row[i].shape ? 1 : 2);
        if (row[i].shape) {
            add_node(&g, "Shape", "", "x", "n", row[i].shape);
            add_node(&g, "Concat", "", "n t", "to", "axis=0");
        }
        add_node(&g, "Reshape", "", row[i].shape ? "x to" : "x t", "a", row[i].attributes);
        add_node(&g, "MatMul", "", "a w", "y", "");
        const pb file = model_of(&g, 18);
        assert_scores(&file, wanted, 2);
    }
}

/* Batch norm, rectifiers and sums need no convolution in front; what nobody needs may be anything. */
static void what_the_output_does_not_need_is_left_out(void **state)
{
    const float scale[1] = {3}, shift[1] = {1}, mean[1] = {2}, variance[1] = {4}, cap = 0.25f,
                zero = 0;
    const double wanted[1] = {0.5}; /* 3 (1 - 2) / 2 + 1 = -0.5; 0 and 0.25 twice */
    pb g = graph_of("N,1");
    (void)state;
    add_tensor(&g, "s", TYPE_FLOAT, "1", scale, 4);
    add_tensor(&g, "b", TYPE_FLOAT, "1", shift, 4);
    add_tensor(&g, "m", TYPE_FLOAT, "1", mean, 4);
    add_tensor(&g, "v", TYPE_FLOAT, "1", variance, 4);
    add_tensor(&g, "cap", TYPE_FLOAT, "", &cap, 4);
    add_tensor(&g, "zero", TYPE_FLOAT, "", &zero, 4);
    add_node(&g, "BatchNormalization", "", "x s b m v", "n", "epsilon=0.0000001");
    add_node(&g, "LSTM", "", "n", "nobody", "");
    add_node(&g, "Relu", "", "n", "nothing", "");
    add_node(&g, "Clip", "", "x zero cap", "c", "");
    add_node(&g, "Add", "", "c nothing", "d", "");
    add_node(&g, "Add", "", "c d", "e", "");
    add_node(&g, "Dropout", "", "e", "y", "");
    const pb file = model_of(&g, 13);
    assert_scores(&file, wanted, 1);
}

/* ---- memory and files ---- */

static void running_out_of_memory_anywhere_is_one_error(void **state)
{
    failing requests = {0};
    mye_context *ctx = make_context(&requests);
    const long blocks = requests.blocks;
    mye_status status = MYE_ERR_NOMEM;
    long n = 1;
    (void)state;
    for (; status != MYE_OK && n < 20000; n++) {
        mye_error err = {0};
        mye_model *model = NULL;
        requests.calls = 0;
        requests.fail_at = n;
        status = mye_onnx_read(ctx, file_of("mobile", ".onnx"), true, &model, &err);
        requests.fail_at = 0;
        if (status != MYE_OK && status != MYE_ERR_NOMEM)
            fail_msg("allocation %ld: %s: %s", n, mye_status_name(status), err.message);
        assert_true(status == MYE_OK || model == NULL);
        mye_model_free(model);
        assert_int_equal(requests.blocks, blocks);
    }
    assert_int_equal(status, MYE_OK);
    assert_true(n > 100);
    mye_context_free(ctx);
}

static void a_missing_file_is_named(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_model *model = NULL;
    (void)state;
    ASSERT_FAILS(mye_onnx_read(ctx, "/nowhere/net.onnx", true, &model, &err), MYE_ERR_IO,
                 "/nowhere/net.onnx");
    assert_null(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exported_networks_give_the_logits_of_pytorch),
        cmocka_unit_test(layers_have_readable_names_and_options),
        cmocka_unit_test(gemm_scales_and_turns_its_weights),
        cmocka_unit_test(weights_come_in_every_type_of_floats),
        cmocka_unit_test(arithmetic_with_constants_is_exact),
        cmocka_unit_test(a_shared_value_takes_no_bias_of_one_reader),
        cmocka_unit_test(automatic_padding_is_as_in_the_definition),
        cmocka_unit_test(targets_of_reshape_have_many_spellings),
        cmocka_unit_test(what_the_output_does_not_need_is_left_out),
        cmocka_unit_test(running_out_of_memory_anywhere_is_one_error),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void a_build_without_the_reader_says_so(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_model *model = NULL;
    mye_error err = {0};
    (void)state;
    assert_int_equal(
        mye_onnx_read(ctx, MYELIN_SOURCE_DIR "/tests/onnx/mlp.onnx", true, &model, &err),
        MYE_ERR_UNSUPPORTED);
    assert_sentence(&err);
    assert_non_null(strstr(err.message, "no ONNX reader"));
    assert_non_null(strstr(err.hint, "libonnx-dev"));
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_build_without_the_reader_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
