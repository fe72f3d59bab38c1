/* A run that was planned for a large batch takes every smaller one: shards are cut otherwise then, and
 * may want more room than those of the whole batch. */
#include "rule_support.h"

static float *step_of(mye_context *ctx, mye_model *model, int planned, int B, double *loss)
{
    const mye_run_options o = {
        .time = "bptt", .loss = "ce_mean", .T = 1, .B = planned, .training = true};
    mye_run *run = NULL;
    mye_error err = {0};
    uint64_t seed = 5;
    int32_t label[128];
    mye_step_result r;
    for (int b = 0; b < B; b++)
        label[b] = b % 10;
    const mye_target target = {.label = label};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_OK);
    assert_int_equal(mye_run_step(run, B, (mye_source){fill, &seed}, &target, 3, &r, &err), MYE_OK);
    *loss = r.loss;
    float *copy = malloc(model->n_params * sizeof(float));
    memcpy(copy, model->grad, model->n_params * sizeof(float));
    mye_run_free(run);
    return copy;
}

static void smaller_batches_are_the_same_in_a_larger_run(void **state)
{
    /* What once overwrote its neighbours: sums of a norm behind 256 channels, 80 of 128 images. */
    static const char *const nets[] = {
        "8C3-BN-RELU-AP4-256C3-BN-RELU-256C3-BN-RELU-AP2-FC512-BN-RELU-FC10",
        "8C3-RELU-256C3-BN-RELU-AP4-FC10",
        "8C3-RELU-AP2-8C3-RELU-64C3-RELU-AP4-FC10",
    };
    static const int batch[] = {127, 80, 27, 6, 3, 1};
    mye_context *ctx = context(2);
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        mye_model *model = model_of(ctx, nets[i], 3, 32, true);
        for (size_t k = 0; k < sizeof batch / sizeof *batch; k++) {
            double large = 0, small = 0;
            float *a = step_of(ctx, model, 128, batch[k], &large);
            float *b = step_of(ctx, model, batch[k], batch[k], &small);
            if (!(fabs(large - small) < 1e-5))
                fail_msg("%s, batch %d: losses %g and %g", nets[i], batch[k], large, small);
            /* of one image a norm leaves rounding errors of zero */
            if (batch[k] > 1)
                assert_true(relative_difference(a, b, model->n_params) < 1e-3);
            free(a);
            free(b);
        }
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smaller_batches_are_the_same_in_a_larger_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
