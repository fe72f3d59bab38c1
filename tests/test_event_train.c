/* Training on frames of events: memory, threads, resuming, inference, and what is refused. */
#include <math.h>

#include "event_support.h"
#include "train/train.h"
#include "train_support.h"

/* A small N-MNIST whose digits differ by their row: easy to learn. */
static mye_config event_config(const char *dir, const char *out)
{
    mye_config c;

    ASSERT_OK(mye_config_default(&c, &err));
    set(&c, "net", "8C5s2-BN-LIF-AP2-FC10");
    set(&c, "data", "nmnist");
    set(&c, "data_dir", dir);
    set(&c, "augment", "roll:pixels=1");
    set(&c, "step", "sgd:lr=0.05");
    set(&c, "T", "5");
    set(&c, "batch", "16");
    set(&c, "epochs", "3");
    set(&c, "out", out);
    return c;
}

static const char *events_dir(void)
{
    static char dir[1024];

    if (!dir[0])
        snprintf(dir, sizeof dir, "%s", small_nmnist("event-train", 8));
    return dir;
}

static void frames_are_learned_with_any_number_of_threads_and_rule(void **state)
{
    static const char *const rules[] = {"bptt", "rate"};

    (void)state;
    for (int rule = 0; rule < 2; rule++) {
        char out[2][1024];
        for (int k = 0; k < 2; k++) {
            char name[32];
            snprintf(name, sizeof name, "event_train_%d", k);
            run_dir(name, out[k]);
            mye_config c = event_config(events_dir(), out[k]);
            set(&c, "time", rules[rule]);
            set(&c, "epochs", "12");
            mye_train_result r;
            ASSERT_OK(train(&c, false, 1 + 2 * k, NULL, &r, &err));
            assert_true(r.best_test_accuracy > 0.6);
        }
        assert_true(same_file(out[0], out[1], "last.safetensors"));
    }
}

static void planned_bytes_cover_frames_and_their_decoding(void **state)
{
    char out[1024];
    mye_train_result r;

    (void)state;
    run_dir("event_plan", out);
    mye_config c = event_config(events_dir(), out);
    set(&c, "net", "16C5-BN-LIF-AP2-FC10");
    set(&c, "epochs", "1");
    ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
    const double planned = (double)(r.planned_bytes + r.data_bytes);
    assert_true(fabs((double)r.allocated_bytes - planned) < 200000);
    assert_true(planned > 2e6);
}

static void cancel(void *user, const mye_progress *p)
{
    if (p->epoch == 2 && p->done >= 2 && strcmp(p->phase, "train") == 0)
        mye_context_cancel(user);
}

static void a_resumed_run_on_frames_ends_with_the_same_bytes(void **state)
{
    const mye_callbacks stop = {.progress = cancel};
    char whole[1024], parts[1024];

    (void)state;
    run_dir("event_whole", whole);
    run_dir("event_parts", parts);
    mye_config c = event_config(events_dir(), whole);
    ASSERT_OK(train(&c, false, 2, NULL, NULL, &err));
    set(&c, "out", parts);
    assert_int_equal(train(&c, false, 2, &stop, NULL, NULL), MYE_ERR_CANCELLED);
    ASSERT_OK(train(&c, true, 1, NULL, NULL, &err));
    assert_true(same_file(whole, parts, "last.safetensors"));
}

/* mye_infer on frames read by hand gives the accuracy of mye_evaluate. */
static void a_classifier_of_frames_infers_and_evaluates_alike(void **state)
{
    mye_context *ctx = threads_context(1);
    const mye_infer_options options = {.batch = 1};
    char out[1024];
    mye_classifier *k = NULL;
    mye_dataset *data = NULL, *wrong = NULL;
    mye_eval_result result;
    static float frames[5 * 34 * 34 * 2];
    int64_t right = 0;

    (void)state;
    run_dir("event_infer", out);
    mye_config c = event_config(events_dir(), out);
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    ASSERT_OK(mye_classifier_open(ctx, out, &options, &k, &err));
    ASSERT_OK(mye_dataset_open_steps(ctx, "nmnist", events_dir(), "test", 5, &data, &err));
    ASSERT_OK(mye_evaluate(ctx, k, data, NULL, &result, &err));
    for (int i = 0; i < 80; i++) {
        float score[10];
        int label, best = 0;
        ASSERT_OK(mye_dataset_read(data, i, frames, &label, &err));
        ASSERT_OK(mye_infer(k, 1, frames, score, &err));
        for (int j = 1; j < 10; j++)
            best = score[j] > score[best] ? j : best;
        right += best == label;
    }
    assert_true(fabs(result.accuracy - (double)right / 80) < 1e-9);
    mye_eval_free(ctx, &result);
    ASSERT_OK(mye_dataset_open_steps(ctx, "nmnist", events_dir(), "test", 4, &wrong, &err));
    ASSERT_FAILS(mye_evaluate(ctx, k, wrong, NULL, &result, &err), MYE_ERR_SHAPE,
                 "wants 5 frames of a sample, data set 'nmnist' has 4");
    mye_dataset_free(wrong);
    mye_dataset_free(data);
    mye_classifier_free(k);
    mye_context_free(ctx);
}

static void steps_of_a_run_are_the_frames_in_order(void **state)
{
    mye_context *ctx = threads_context(1);
    mye_input input;
    float frames[2][3][4], dst[3][2][4];
    mye_value value = {.n = 4, .steps = 3};
    mye_pass pass = {.B = 2, .T = 3, .value = &value};

    (void)state;
    for (int b = 0; b < 2; b++)
        for (int t = 0; t < 3; t++)
            for (int i = 0; i < 4; i++)
                frames[b][t][i] = (float)(100 * b + 10 * t + i);
    ASSERT_OK(mye_input_create(ctx, "direct", 3, 4, 3, &input, &err));
    assert_false(input.is_static);
    const mye_source source = mye_input_source(&input, 2, &frames[0][0][0], NULL, 1);
    source.fill(source.self, &pass, 0, 3, &dst[0][0][0]);
    for (int t = 0; t < 3; t++)
        for (int b = 0; b < 2; b++)
            assert_memory_equal(dst[t][b], frames[b][t], sizeof dst[t][b]);
    source.fill(source.self, &pass, 2, 3, &dst[0][0][0]); /* a part of the steps */
    assert_memory_equal(dst[0][1], frames[1][2], sizeof dst[0][1]);
    mye_input_free(&input);
    mye_context_free(ctx);
}

static void what_has_no_meaning_for_frames_is_refused(void **state)
{
    char out[1024];

    (void)state;
    run_dir("event_refused", out);
    mye_config c = event_config(events_dir(), out);
    set(&c, "encoder", "rate");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_UNSUPPORTED,
                 "encoder 'rate' makes steps of an image");
    set(&c, "encoder", "direct");
    set(&c, "augment", "noise");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_UNSUPPORTED, "'noise'");
    set(&c, "augment", "");
    set(&c, "data", "nmnist:frames=7");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_SHAPE, "have 7 frames, but T is 5");
    set(&c, "T", "7");
    set(&c, "epochs", "1");
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_learned_with_any_number_of_threads_and_rule),
        cmocka_unit_test(planned_bytes_cover_frames_and_their_decoding),
        cmocka_unit_test(a_resumed_run_on_frames_ends_with_the_same_bytes),
        cmocka_unit_test(a_classifier_of_frames_infers_and_evaluates_alike),
        cmocka_unit_test(steps_of_a_run_are_the_frames_in_order),
        cmocka_unit_test(what_has_no_meaning_for_frames_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
