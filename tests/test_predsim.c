/* PredSim: what the classifier reads, and the weights of its two losses. */
#include "depth_support.h"

#include "depth/local_loss.h"

static void classifiers_read_512_values(void **state)
{
    static const struct {
        int C, H, h, w;
    } row[] = {{16, 32, 4, 8}, {32, 16, 4, 4}, {64, 8, 2, 4}, {24, 14, 4, 4}, {8, 8, 8, 8}};
    (void)state;
    mye_context *ctx = context(1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char net[96];
        snprintf(net, sizeof net, "%dC3-BN-RELU-%dC3-BN-RELU-GAP-FC10", row[i].C, row[i].C);
        mye_model *model = cut_model(ctx, (cut_net){net, "relu", "predsim", 3, row[i].H});
        const int64_t read = row[i].C * row[i].h * row[i].w;
        assert_true(read <= 512);
        assert_int_equal(auxiliary_weights(model, 0), read * 10 + 10 + 9 * row[i].C * row[i].C);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* The two losses with beta = 1 and 0 add up to that of any beta in between. */
static void losses_are_mixed_by_beta(void **state)
{
    static const char *const depth[] = {"predsim:beta=1", "predsim:beta=0", "predsim:beta=0.25",
                                        "predsim"};
    double loss[4];
    (void)state;
    mye_context *ctx = context(1);
    for (int i = 0; i < 4; i++) {
        mye_model *model =
            cut_model(ctx, (cut_net){"8C3-BN-RELU-8C3-BN-RELU-GAP-FC10", "relu", depth[i], 3, 8});
        mye_run *run = depth_run(ctx, model, "bptt", 1, 6);
        assert_int_equal(model->module[0].n_heads, 2);
        assert_ptr_equal(model->module[0].head[1].loss, &mye_local_similarity);
        loss[i] = depth_step(run, 6).module_loss[0];
        mye_run_free(run);
        mye_model_free(model);
    }
    assert_true(loss[0] > 0 && loss[1] > 0);
    assert_true(fabs(0.25 * loss[0] + 0.75 * loss[1] - loss[2]) < 1e-6);
    assert_true(fabs(0.01 * loss[0] + 0.99 * loss[1] - loss[3]) < 1e-6);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classifiers_read_512_values),
        cmocka_unit_test(losses_are_mixed_by_beta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
