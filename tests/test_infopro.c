/* InfoPro: work of its heads, how their weights change with depth, and the image that it wants. */
#include "depth_support.h"

#include "depth/local_loss.h"

static void heads_cost_what_the_specification_says(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut_model(ctx, (cut_net){"resnet32", "relu", "infopro", 3, 32});
    assert_int_equal(mye_model_modules(model), 16);
    assert_true(fabs(forward_macs(model, true, -1) - 84.1e6) < 0.2e6);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void weights_go_from_image_to_label(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut_model(ctx, (cut_net){"resnet20", "relu", "infopro", 3, 32});
    for (int k = 0; k < 9; k++) {
        const mye_module *m = &model->module[k];
        const double r = k / 8.0;
        assert_true(fabs(m->head[0].weight - (0.05 * (1 - r) + 0.5 * r)) < 1e-12);
        assert_true(fabs(m->head[1].weight - (5 * (1 - r) + 0.2 * r)) < 1e-12);
        assert_null(m->head[0].loss);
        assert_ptr_equal(m->head[1].loss, &mye_local_reconstruction);
    }
    mye_model_free(model);
    model = cut_model(ctx, (cut_net){"resnet20", "relu", "infopro:head=contrast", 3, 32});
    assert_ptr_equal(model->module[0].head[0].loss, &mye_local_supcon);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void images_are_wanted(void **state)
{
    static int32_t label[2] = {0, 1};
    uint64_t seed = 1;
    mye_error err = {0};
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model =
        cut_model(ctx, (cut_net){"8C3-BN-RELU-8C3-BN-RELU-GAP-FC10", "relu", "infopro", 3, 8});
    mye_run *run = depth_run(ctx, model, "bptt", 1, 2);
    const mye_target target = {.label = label};
    assert_int_equal(mye_run_step(run, 2, (mye_source){fill, &seed}, &target, 1, NULL, &err),
                     MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "wants images"));
    mye_run_free(run);
    mye_model_free(model);
    assert_null(try_cut(ctx, (cut_net){"FC8-RELU-FC8-RELU-FC10", "relu", "infopro", 1, 8}, &err));
    assert_non_null(strstr(err.message, "wants hidden layers that are images"));
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_cost_what_the_specification_says),
        cmocka_unit_test(weights_go_from_image_to_label),
        cmocka_unit_test(images_are_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
