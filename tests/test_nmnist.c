/* N-MNIST: a small set written here, damaged files, and the real recordings where they are. */
#include <math.h>

#include "event_support.h"

static void nmnist_frames_follow_the_steps_asked_for(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = small_nmnist("nmnist", 3);
    mye_dataset *data = open_steps(ctx, "nmnist", dir, "train", 7);
    const mye_dataset_info *info = mye_dataset_about(data);
    mye_recording_info about;

    (void)state;
    assert_true(info->frames == 7 && info->C == 2 && info->H == 34 && info->W == 34);
    assert_true(info->n == 30 && info->classes == 10 && info->mean[0] == 0);
    assert_true(info->deviation[3] == 1);
    assert_true(check_all(data) == 10 * (40 + 41 + 42));
    ASSERT_OK(mye_dataset_recording(data, 29, &about, &err));
    assert_true(about.events == 42 && about.duration_us == 41000 && about.dropped == 0);
    close_checked(ctx, data);
    data = open_steps(ctx, "nmnist", dir, "test", 0);
    assert_int_equal(mye_dataset_about(data)->frames, 10);
    close_checked(ctx, data);
    data = open_steps(ctx, "nmnist:frames=4,polarity=merged,size=17,limit=10", dir, "train", 7);
    info = mye_dataset_about(data);
    assert_true(info->frames == 4 && info->C == 1 && info->H == 17 && info->n == 10);
    static float frames[4 * 17 * 17];
    for (int i = 0, label; i < 10; i++) { /* classes take turns */
        ASSERT_OK(mye_dataset_read(data, i, frames, &label, &err));
        assert_int_equal(label, i);
    }
    close_checked(ctx, data);
    data = open_steps(ctx, "nmnist:bin=window,window=4000,rest=drop", dir, "train", 5);
    check_all(data);
    ASSERT_OK(mye_dataset_recording(data, 0, &about, &err));
    assert_true(about.events == 40 && about.dropped == 20);
    close_checked(ctx, data);
    mye_context_free(ctx);
}

static void bad_nmnist_folders_and_files_are_told_of(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = small_nmnist("nmnist-bad", 1);
    mye_dataset *data = NULL;
    static float frames[2 * 2 * 34 * 34];
    int label;

    (void)state;
    ASSERT_FAILS(mye_dataset_open(ctx, "nmnist", "/no/such/dir", "train", &data, &err), MYE_ERR_IO,
                 "nmnist: not found");
    ASSERT_FAILS(mye_dataset_open(ctx, "nmnist", dir, "val", &data, &err), MYE_ERR_ARG, "'val'");
    ASSERT_FAILS(mye_dataset_open(ctx, "nmnist:size=35", dir, "train", &data, &err), MYE_ERR_ARG,
                 "at most the camera's 34 pixels, got 35");
    ASSERT_FAILS(mye_dataset_open_steps(ctx, "nmnist", dir, "train", 5000, &data, &err),
                 MYE_ERR_ARG, "got 5000");
    write_file(in_dir(dir, "Train/3/00001.bin"), "", 0);
    write_file(in_dir(dir, "Train/4/00001.bin"), "123456", 6);
    write_file(in_dir(dir, "Train/5/00001.bin"), "\xff\x01\x01\x01\x01", 5);
    data = open_steps(ctx, "nmnist", dir, "train", 2);
    ASSERT_FAILS(mye_dataset_read(data, 3, frames, &label, &err), MYE_ERR_FORMAT,
                 "Train/3/00001.bin: the recording holds no event");
    ASSERT_FAILS(mye_dataset_read(data, 4, frames, &label, &err), MYE_ERR_FORMAT,
                 "6 bytes are no whole number");
    ASSERT_FAILS(mye_dataset_read(data, 5, frames, &label, &err), MYE_ERR_FORMAT, "column 255");
    ASSERT_OK(mye_dataset_read(data, 6, frames, &label, &err));
    mye_recording_info about;
    ASSERT_FAILS(mye_dataset_recording(data, 10, &about, &err), MYE_ERR_ARG, "sample 10 of 10");
    mye_dataset_free(data);
    assert_int_equal(system("rm -r " MYELIN_BINARY_DIR "/tests/nmnist-bad/Train/7"), 0);
    ASSERT_FAILS(mye_dataset_open(ctx, "nmnist", dir, "train", &data, &err), MYE_ERR_IO,
                 "Train/7: cannot open the folder");
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
    check_without_memory("nmnist", small_nmnist("nmnist-memory", 1));
}

static void real_nmnist_conserves_its_events(void **state)
{
    (void)state;
    SKIP_WITHOUT(shared_dir("nmnist"));
    static const char *const texts[] = {"nmnist", "nmnist:bin=count",
                                        "nmnist:bin=window,window=25000",
                                        "nmnist:bin=window,window=10000,rest=drop"};
    mye_context *ctx = make_context(NULL);
    double events[4];
    for (int k = 0; k < 4; k++) {
        mye_dataset *data = open_steps(ctx, texts[k], shared_dir("nmnist"), "test", 10);
        assert_int_equal(mye_dataset_about(data)->n, 100);
        events[k] = check_all(data);
        assert_true(events[k] == events[0]);
        close_checked(ctx, data);
    }
    mye_context_free(ctx);
}

/* Augmentation that moves or mixes is linear: with one draw for all frames, their sum over time is the
 * one frame of T = 1, changed by the same draw. */
static void all_frames_of_a_sample_change_alike(void **state)
{
    enum { AREA = 34 * 34 * 2, N = 20 };
    static float sum[2][N][AREA];
    static const char *const augment[] = {"roll:pixels=3 flip", "crop:pad=3 mixup"};
    const char *dir = small_nmnist("nmnist-augment", 2);
    mye_context *ctx = make_context(NULL);
    int64_t order[N];

    (void)state;
    for (int i = 0; i < N; i++)
        order[i] = i;
    for (int a = 0; a < 2; a++) {
        for (int k = 0; k < 2; k++) {
            const int T = k ? 4 : 1;
            mye_dataset *data = open_steps(ctx, "nmnist", dir, "train", T);
            const mye_loader_options o = {augment[a], true, N, false, 7};
            const size_t before = mye_context_live_bytes(ctx);
            mye_loader *l = NULL;
            const mye_batch *batch = NULL;
            ASSERT_OK(mye_loader_create(ctx, data, &o, &l, &err));
            assert_int_equal(mye_context_live_bytes(ctx) - before,
                             mye_loader_plan(T, 2, 34, 34, N, N));
            ASSERT_OK(mye_loader_start(l, 1, order, NULL, N, 0, &err));
            ASSERT_OK(mye_loader_next(l, &batch, &err));
            memset(sum[k], 0, sizeof sum[k]);
            for (int b = 0; b < N; b++)
                for (int i = 0; i < T * AREA; i++)
                    sum[k][b][i % AREA] += batch->image[b * T * AREA + i];
            mye_loader_free(l);
            mye_dataset_free(data);
        }
        for (int b = 0; b < N; b++)
            for (int i = 0; i < AREA; i++)
                assert_true(fabsf(sum[0][b][i] - sum[1][b][i]) < 1e-4f);
    }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nmnist_frames_follow_the_steps_asked_for),
        cmocka_unit_test(bad_nmnist_folders_and_files_are_told_of),
        cmocka_unit_test(all_frames_of_a_sample_change_alike),
        cmocka_unit_test(real_nmnist_conserves_its_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
