/* CIFAR10-DVS: AEDAT 2.0 recordings, files of frames, and the split. */
#include "event_support.h"

static const char *const cifar_class[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};

static void class_folder(const char *dir, int k, char path[1200])
{
    snprintf(path, 1200, "%s/%s", dir, cifar_class[k]);
    ASSERT_OK(mye_dir_make(path, &err));
}

static void cifar10_dvs_keeps_a_tenth_of_each_class_for_tests(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("cifar10-dvs");
    char folder[1200], path[1400];
    double events[2];

    (void)state;
    for (int k = 0; k < 10; k++) {
        class_folder(dir, k, folder);
        for (int i = 0; i < 20; i++) { /* file i has i + 1 events */
            static bytes f;
            f.n = 0;
            put_text(&f, aedat2_header);
            for (int e = 0; e <= i; e++)
                put_aedat2(&f, k, i, e % 2, (uint32_t)(10 * e));
            snprintf(path, sizeof path, "%s/cifar10_%s_%d.aedat", folder, cifar_class[k], i);
            write_file(path, f.data, f.n);
        }
    }
    for (int seed = 0; seed < 3; seed++) {
        char text[64];
        snprintf(text, sizeof text, "cifar10-dvs:split_seed=%d", seed);
        mye_dataset *train = open_steps(ctx, text, dir, "train", 2);
        mye_dataset *test = open_steps(ctx, text, dir, "test", 2);
        assert_int_equal(mye_dataset_about(train)->n, 180);
        assert_int_equal(mye_dataset_about(test)->n, 20);
        events[0] = check_all(train);
        events[1] = check_all(test);
        assert_true(events[0] + events[1] == 10 * 210);
        mye_dataset_free(test);
        close_checked(ctx, train);
    }
    check_without_memory("cifar10-dvs:size=32,limit=3", dir);
    mye_context_free(ctx);
}

/* An .npz archive, stored, with one array `frames` of bytes [T, C, H, W]. */
static void write_npz(const char *path, const int dim[4], int fill)
{
    static bytes npy, zip;
    char header[119];
    const int count = dim[0] * dim[1] * dim[2] * dim[3];

    npy.n = zip.n = 0;
    put(&npy, "\x93NUMPY\x01\x00\x76\x00", 10);
    snprintf(header, sizeof header, "%-117s\n",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 4, 3), }");
    char shape[40];
    snprintf(shape, sizeof shape, "(%d, %d, %d, %d)", dim[0], dim[1], dim[2], dim[3]);
    memcpy(strstr(header, "(2"), shape, 12);
    put(&npy, header, 118);
    for (int i = 0; i < count; i++)
        put_big(&npy, (uint32_t)((i + fill) % 5), 1);

    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < npy.n; i++) {
        crc ^= npy.data[i];
        for (int b = 0; b < 8; b++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    crc = ~crc;
    for (int central = 0; central < 2; central++) {
        const size_t start = zip.n;
        put_text(&zip, central ? "PK\x01\x02" : "PK\x03\x04");
        if (central)
            put_little(&zip, 20, 2);
        put_little(&zip, 20, 2);
        put_little(&zip, 0, 4); /* flags, stored */
        put_little(&zip, 0, 4); /* time, date */
        put_little(&zip, crc, 4);
        put_little(&zip, (uint32_t)npy.n, 4);
        put_little(&zip, (uint32_t)npy.n, 4);
        put_little(&zip, 10, 2);
        put_little(&zip, 0, 2);
        if (central) {
            put_little(&zip, 0, 4);
            put_little(&zip, 0, 2);
            put_little(&zip, 0, 4);
            put_little(&zip, 0, 4); /* place of the file */
        }
        put_text(&zip, "frames.npy");
        if (!central) {
            put(&zip, npy.data, npy.n);
            continue;
        }
        const size_t length = zip.n - start;
        put_text(&zip, "PK\x05\x06");
        put_little(&zip, 0, 4);
        put_little(&zip, 1, 2);
        put_little(&zip, 1, 2);
        put_little(&zip, (uint32_t)length, 4);
        put_little(&zip, (uint32_t)start, 4);
        put_little(&zip, 0, 2);
    }
    write_file(path, zip.data, zip.n);
}

static void cifar10_dvs_reads_files_of_frames(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("cifar10-frames");
    const int dim[] = {2, 2, 4, 3}, other[] = {2, 2, 3, 4};
    char folder[1200], path[1400];
    mye_dataset *data;
    float frames[48];
    int label = -1;

    (void)state;
    for (int k = 0; k < 10; k++) {
        class_folder(dir, k, folder);
        for (int i = 0; i < 2; i++) {
            snprintf(path, sizeof path, "%s/%d.npz", folder, i);
            write_npz(path, dim, 0);
        }
    }
    data = open_steps(ctx, "cifar10-dvs:value=binary", dir, "train", 9);
    const mye_dataset_info *info = mye_dataset_about(data);
    assert_true(info->frames == 2 && info->C == 2 && info->H == 4 && info->W == 3 && info->n == 10);
    ASSERT_OK(mye_dataset_read(data, 4, frames, &label, &err));
    assert_int_equal(label, 4);
    for (int t = 0; t < 2; t++)
        for (int c = 0; c < 2; c++)
            for (int p = 0; p < 12; p++) {
                const int i = (t * 2 + c) * 12 + p;
                assert_true(frames[(t * 12 + p) * 2 + c] == (float)(i % 5 > 0));
            }
    close_checked(ctx, data);
    data = open_steps(ctx, "cifar10-dvs", dir, "train", 9);
    check_all(data);
    mye_recording_info about;
    ASSERT_OK(mye_dataset_recording(data, 0, &about, &err));
    assert_int_equal(about.duration_us, -1);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/truck/%d.npz", dir, i);
        write_npz(path, other, 0);
    }
    ASSERT_FAILS(mye_dataset_read(data, 9, frames, &label, &err), MYE_ERR_FORMAT,
                 "its frames are 2x2x3x4, those of the first file 2x2x4x3");
    mye_dataset_free(data);
    ASSERT_FAILS(mye_dataset_open(ctx, "cifar10-dvs:bin=count", dir, "train", &data, &err),
                 MYE_ERR_ARG, "holds frames");
    ASSERT_FAILS(mye_dataset_open(ctx, "cifar10-dvs:files=aedat", dir, "train", &data, &err),
                 MYE_ERR_IO, "hold no .aedat recording");
    check_without_memory("cifar10-dvs", dir);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar10_dvs_keeps_a_tenth_of_each_class_for_tests),
        cmocka_unit_test(cifar10_dvs_reads_files_of_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
