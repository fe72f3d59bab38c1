/* Synthetic events of moving pictures: balance, repeatability, labels. */
#include <math.h>

#include "data/moving_digits.h"
#include "event_support.h"

/* A picture of a blot with a tail: no symmetry. */
static void blot(float picture[28 * 28])
{
    memset(picture, 0, 28 * 28 * sizeof *picture);
    for (int y = 5; y < 15; y++)
        for (int x = 4; x < 20 - y / 2; x++)
            picture[28 * y + x] = 0.3f + 0.02f * (float)(x + y);
    for (int y = 15; y < 25; y++)
        picture[28 * y + 6] = 1;
}

static void synthetic_motion_has_as_many_events_of_both_polarities_at_each_pixel(void **state)
{
    static const int dx[] = {1, -1, 0, 1}, dy[] = {0, 0, 1, -1};
    static float picture[28 * 28], frames[34 * 34 * 2];
    const mye_binning b = {.divide = 1};
    const mye_frames_shape s = {1, 2, 34, 34, 34, 34};
    double sum[4];

    (void)state;
    blot(picture);
    for (int k = 0; k < 4; k++) {
        const mye_motion m = {34, 3, 30, dx[k], dy[k], 300000, 0.4};
        mye_events e = {.ctx = NULL}, again = {.ctx = NULL};
        ASSERT_OK(mye_moving_digits_events(picture, 28, 28, &m, "m", &e, &err));
        ASSERT_OK(mye_moving_digits_events(picture, 28, 28, &m, "m", &again, &err));
        assert_true(e.n == again.n && e.n > 2000);
        for (size_t i = 0; i < e.n; i++)
            assert_true(e.event[i].t_us == again.event[i].t_us && e.event[i].x == again.event[i].x);
        mye_binning_count(&b, &e, &s, frames);
        for (int i = 0; i < 34 * 34; i++)
            assert_true(frames[2 * i] == frames[2 * i + 1]);
        sum[k] = sum_of(frames, 34 * 34 * 2);
        mye_events_free(&e);
        mye_events_free(&again);
    }
    assert_true(fabs(sum[0] - sum[1]) < 0.05 * sum[0]); /* right and left */
}

static void synthetic_labels_tell_picture_motion_or_both(void **state)
{
    static const char *const texts[] = {"images=mnist", "images=mnist,label=motion,directions=2",
                                        "images=mnist,label=both"};
    static const int classes[] = {10, 2, 40};
    static float frames[3 * 34 * 34 * 2], other[3 * 34 * 34 * 2];
    mye_context *ctx = make_context(NULL);
    const char *dir = small_mnist("synthetic", 20);

    (void)state;
    for (int k = 0; k < 3; k++) {
        char text[128];
        int label = -1, same = -1;
        snprintf(text, sizeof text, "synthetic-moving-digits:%s,limit=15", texts[k]);
        mye_dataset *data = open_steps(ctx, text, dir, "train", 3);
        const mye_dataset_info *info = mye_dataset_about(data);
        assert_true(info->classes == classes[k] && info->n == 15 && info->H == 34);
        assert_non_null(strstr(info->source, "SYNTHETIC"));
        check_all(data);
        ASSERT_OK(mye_dataset_read(data, 7, frames, &label, &err));
        ASSERT_OK(mye_dataset_read(data, 7, other, &same, &err));
        assert_int_equal(label, same);
        assert_memory_equal(frames, other, sizeof frames);
        if (k != 1)
            assert_int_equal(label / (k == 2 ? 4 : 1), 7);
        if (k == 2)
            assert_string_equal(info->class_names[39], "9 up");
        close_checked(ctx, data);
    }
    check_without_memory("synthetic-moving-digits:images=mnist,label=both", dir);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_motion_has_as_many_events_of_both_polarities_at_each_pixel),
        cmocka_unit_test(synthetic_labels_tell_picture_motion_or_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
