/* DGL and the greedy baseline: sizes of the auxiliary networks, and what they are on vectors. */
#include "depth_support.h"

/* One hidden layer of C channels on an H x H image, another one, a classifier. */
static mye_model *with_head(mye_context *ctx, int C, int H, const char *depth)
{
    char net[96];
    snprintf(net, sizeof net, "%dC3-BN-RELU-%dC3-BN-RELU-GAP-FC10", C, C);
    return cut_model(ctx, (cut_net){net, "relu", depth, 3, H});
}

static void heads_have_the_sizes_of_the_specification(void **state)
{
    static const struct {
        int C, H;
        int64_t weights;
        double macs;
    } row[] = {{16, 32, 9962, 57984}, {32, 16, 37834, 83200}, {64, 8, 147338, 182784}};
    (void)state;
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        mye_model *model = with_head(ctx, row[i].C, row[i].H, "dgl");
        assert_int_equal(auxiliary_weights(model, 0), row[i].weights);
        assert_true(forward_macs(model, true, 0) == row[i].macs);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void resnet32_has_fifteen_heads(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut_model(ctx, (cut_net){"resnet32", "relu", "dgl", 3, 32});
    assert_int_equal(mye_model_modules(model), 16);
    assert_int_equal(mye_model_auxiliary_weights(model), 838294);
    assert_true(fabs(forward_macs(model, true, -1) - 1.5e6) < 0.05e6);
    mye_model_free(model);
    model = cut_model(ctx, (cut_net){"resnet32", "relu", "dgl:modules=4", 3, 32});
    assert_int_equal(mye_model_modules(model), 4);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void small_images_and_vectors_have_smaller_heads(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = with_head(ctx, 16, 4, "dgl"); /* a quarter of the side is one pixel */
    assert_int_equal(auxiliary_weights(model, 0),
                     3 * (16 * 16 + 32) + 2 * (16 * 16 + 32) + 16 * 10 + 10);
    mye_model_free(model);
    model = cut_model(ctx, (cut_net){"FC24-RELU-FC16-RELU-FC10", "relu", "dgl", 1, 8});
    assert_int_equal(auxiliary_weights(model, 0), 2 * (24 * 24 + 48) + 24 * 10 + 10);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void greedy_is_a_linear_classifier_behind_the_average(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut_model(ctx, (cut_net){"resnet20", "relu", "greedy", 3, 32});
    assert_int_equal(mye_model_modules(model), 10);
    for (int k = 0; k < 9; k++) {
        const int C = k < 4 ? 16 : k < 7 ? 32 : 64;
        assert_int_equal(auxiliary_weights(model, k), C * 10 + 10);
    }
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_have_the_sizes_of_the_specification),
        cmocka_unit_test(resnet32_has_fifteen_heads),
        cmocka_unit_test(small_images_and_vectors_have_smaller_heads),
        cmocka_unit_test(greedy_is_a_linear_classifier_behind_the_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
