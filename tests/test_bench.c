/* The benchmark's steps do what training and inference do, with what they are given. */
#include "myelin/bench.h"

#include "data_support.h"
#include "myelin/train.h"

enum { B = 2, IMAGES = 5, SIZE = 2 * 4 * 4 };

static const mye_model_options model = {"4C3-BN-LIF-FC3", NULL, 2, 4, 4, 3, 1, true, NULL, false};

/* Images of a trained look: no two alike. */
static mye_bench_input some_images(float *image, int32_t *label)
{
    for (int i = 0; i < IMAGES * SIZE; i++)
        image[i] = mye_random_normal(3, MYE_STREAM_TEST, (uint64_t)i);
    for (int i = 0; i < IMAGES; i++)
        label[i] = i % 3;
    return (mye_bench_input){.image = image, .label = label, .n = IMAGES};
}

static mye_bench *make(mye_context *ctx, const char *step, const mye_bench_input *input)
{
    mye_bench *bench = NULL;
    mye_plan_options plan = MYE_PLAN_OPTIONS;
    plan.step = step;
    plan.batch = B;
    ASSERT_OK(mye_bench_create(ctx, &model, &plan, input, &bench, &err));
    return bench;
}

static double loss_of_step(mye_bench *bench)
{
    double seconds = -1;
    ASSERT_OK(mye_bench_step(bench, &seconds, &err));
    assert_true(seconds >= 0);
    return mye_bench_loss(bench);
}

static void whole_batches_are_taken_in_turn(void **state)
{
    (void)state;
    float image[IMAGES * SIZE];
    int32_t label[IMAGES];
    const mye_bench_input input = some_images(image, label);
    mye_context *ctx = make_context(NULL);
    mye_bench *bench = make(ctx, NULL, &input);
    const double first = loss_of_step(bench), second = loss_of_step(bench);
    assert_true(first != second);
    assert_true(loss_of_step(bench) == first); /* the fifth image is no batch */
    assert_true(loss_of_step(bench) == second);
    mye_bench_free(bench);
    mye_context_free(ctx);
}

static void training_steps_learn_and_cost_more_than_inference(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    mye_bench *trains = make(ctx, "sgd:lr=0.1", NULL), *infers = make(ctx, NULL, NULL);
    const double first = loss_of_step(trains);
    for (int i = 0; i < 20; i++)
        loss_of_step(trains);
    assert_true(loss_of_step(trains) < first);
    assert_true(mye_bench_gflop(trains) > 2 * mye_bench_gflop(infers));
    assert_true(mye_bench_bytes(trains) > mye_bench_bytes(infers));
    mye_bench_free(trains);
    mye_bench_free(infers);
    mye_context_free(ctx);
}

static void weights_come_from_a_file(void **state)
{
    (void)state;
    char path[1100];
    snprintf(path, sizeof path, "%s/w.safetensors", fresh_dir("bench_weights"));
    mye_context *ctx = make_context(NULL);
    mye_model_options other = model;
    mye_model *made = NULL;
    other.seed = 7;
    ASSERT_OK(mye_model_create(ctx, &other, &made, &err));
    ASSERT_OK(mye_weights_save(ctx, made, path, &err));
    mye_model_free(made);
    const mye_bench_input input = {.weights = path};
    mye_bench *fresh = make(ctx, NULL, NULL), *loaded = make(ctx, NULL, &input);
    assert_true(loss_of_step(fresh) != loss_of_step(loaded));
    mye_bench_free(fresh);
    mye_bench_free(loaded);
    mye_context_free(ctx);
}

static void what_cannot_be_timed_is_refused(void **state)
{
    (void)state;
    float image[IMAGES * SIZE];
    int32_t label[IMAGES];
    mye_bench_input input = some_images(image, label);
    mye_context *ctx = make_context(NULL);
    mye_plan_options plan = MYE_PLAN_OPTIONS;
    mye_bench *bench = NULL;
    plan.batch = IMAGES + 1;
    ASSERT_FAILS(mye_bench_create(ctx, &model, &plan, &input, &bench, &err), MYE_ERR_ARG,
                 "at least a batch of 6 images, got 5");
    plan.batch = B;
    label[3] = 3;
    ASSERT_FAILS(mye_bench_create(ctx, &model, &plan, &input, &bench, &err), MYE_ERR_ARG,
                 "image 3 has label 3");
    input = (mye_bench_input){.weights = "/no/such/file"};
    ASSERT_FAILS(mye_bench_create(ctx, &model, &plan, &input, &bench, &err), MYE_ERR_IO,
                 "/no/such/file");
    assert_null(bench);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_batches_are_taken_in_turn),
        cmocka_unit_test(training_steps_learn_and_cost_more_than_inference),
        cmocka_unit_test(weights_come_from_a_file),
        cmocka_unit_test(what_cannot_be_timed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
