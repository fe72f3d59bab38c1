/* DVS-Gesture: trials of AEDAT 3.1 recordings, and the text files beside them. */
#include "data/gesture_files.h"
#include "event_support.h"

static void write_gestures(const char *dir)
{
    static const char *const name[] = {"user01_a", "user02_b"};
    static const char labels[] = "class,startTime_usec,endTime_usec\r\n"
                                 "1,100,1000\r\n11,2000,3000\r\n\r\n5,3000,5000\n";
    char path[64];

    for (int k = 0; k < 2; k++) {
        static bytes f;
        f.n = 0;
        put_text(&f, aedat3_header);
        for (int packet = 0; packet < 10; packet++) {
            put_aedat3_packet(&f, 1, 8, 0, 5);
            for (int i = 0; i < 5; i++)
                put_aedat3(&f, 12 * packet + i, 100 + k, i % 2, 1,
                           (uint32_t)(500 * packet + 100 * i));
        }
        snprintf(path, sizeof path, "%s.aedat", name[k]);
        write_file(in_dir(dir, path), f.data, f.n);
        snprintf(path, sizeof path, "%s_labels.csv", name[k]);
        write_file(in_dir(dir, path), labels, sizeof labels - 1);
    }
    write_file(in_dir(dir, "trials_to_train.txt"), "user01_a.aedat\n\n", 16);
    write_file(in_dir(dir, "trials_to_test.txt"), "user02_b.aedat", 14);
}

static void gestures_are_cut_from_recordings_by_their_labels(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("gesture");
    static const int label_of[] = {0, 10, 4}, events_of[] = {9, 10, 20};

    (void)state;
    write_gestures(dir);
    for (int split = 0; split < 2; split++) {
        mye_dataset *data =
            open_steps(ctx, "dvs-gesture:size=32", dir, split ? "test" : "train", 4);
        const mye_dataset_info *info = mye_dataset_about(data);
        static float frames[4 * 32 * 32 * 2];
        assert_true(info->n == 3 && info->classes == 11 && info->H == 32 && info->frames == 4);
        for (int i = 0; i < 3; i++) {
            mye_recording_info about;
            int label = -1;
            ASSERT_OK(mye_dataset_read(data, i, frames, &label, &err));
            ASSERT_OK(mye_dataset_recording(data, i, &about, &err));
            assert_int_equal(label, label_of[i]);
            assert_int_equal(about.events, events_of[i]);
        }
        check_all(data);
        close_checked(ctx, data);
    }
    check_without_memory("dvs-gesture:size=16", dir);
    mye_dataset *data = NULL;
    write_file(in_dir(dir, "user01_a_labels.csv"), "class\n1,6000,7000\n", 18);
    ASSERT_FAILS(mye_dataset_open(ctx, "dvs-gesture", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "trial 1, from 6000 to 7000 us, holds no event");
    write_file(in_dir(dir, "user01_a_labels.csv"), "class\n12,1,2\n", 13);
    ASSERT_FAILS(mye_dataset_open(ctx, "dvs-gesture", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "user01_a_labels.csv:2: expected a class from 1 to 11");
    write_file(in_dir(dir, "trials_to_train.txt"), "../x.aedat\n", 11);
    ASSERT_FAILS(mye_dataset_open(ctx, "dvs-gesture", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "trials_to_train.txt:1: expected the name");
    mye_context_free(ctx);
}

static void lines_of_labels_are_checked(void **state)
{
    static const char *const bad[] = {
        "1,2",   "1,2,3,4", "0,1,2",   "1,5,5", "1,-1,5",
        "x,1,2", "1,,2",    "1,1,2 3", ",,",    "99999999999999999999,1,2"};
    mye_gesture_trial trial[2];
    int n;

    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ASSERT_FAILS(mye_gesture_labels("f", bad[k], 2, trial, &n, &err), MYE_ERR_FORMAT, "f:1:");
    ASSERT_FAILS(mye_gesture_labels("f", "1,1,2\n2,2,3\n3,3,4", 2, trial, &n, &err), MYE_ERR_FORMAT,
                 "more than 2 trials");
    ASSERT_OK(mye_gesture_labels("f", " 1,1,2 \n", 2, trial, &n, &err));
    assert_true(n == 1 && trial[0].label == 0 && trial[0].start_us == 1 && trial[0].end_us == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gestures_are_cut_from_recordings_by_their_labels),
        cmocka_unit_test(lines_of_labels_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
