/* SHD: an HDF5 file written here, or the sentence of a build without HDF5. */
#include "event_support.h"

#ifdef MYELIN_HAVE_HDF5
#include <hdf5.h>
#endif

#ifdef MYELIN_HAVE_HDF5
enum { SHD_SAMPLES = 5 };

/* Sample i has 10 + i spikes, of units 100 i and on, at every hundredth of a second; as in the real
 * files times are 16-bit or, here, 32-bit floats, and units 16-bit integers. */
static void write_shd(const char *path, int classes, bool is_uneven)
{
    const hsize_t n = SHD_SAMPLES;
    float time_s[SHD_SAMPLES][20];
    uint16_t unit[SHD_SAMPLES][20], label[SHD_SAMPLES];
    hvl_t times[SHD_SAMPLES], units[SHD_SAMPLES];

    for (int i = 0; i < SHD_SAMPLES; i++) {
        for (int k = 0; k < 20; k++) {
            time_s[i][k] = 0.01f * (float)k;
            unit[i][k] = (uint16_t)(100 * i + k);
        }
        label[i] = (uint16_t)(i * 4 % classes);
        times[i] = (hvl_t){10 + (size_t)i, time_s[i]};
        units[i] = (hvl_t){10 + (size_t)i + is_uneven, unit[i]};
    }
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t group = H5Gcreate2(file, "spikes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, &n, NULL);
    const hid_t list_f = H5Tvlen_create(H5T_IEEE_F32LE), list_u = H5Tvlen_create(H5T_STD_U16LE);
    const hid_t a =
        H5Dcreate2(group, "times", list_f, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t b =
        H5Dcreate2(group, "units", list_u, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t c =
        H5Dcreate2(file, "labels", H5T_STD_U16LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(a, list_f, H5S_ALL, H5S_ALL, H5P_DEFAULT, times) >= 0);
    assert_true(H5Dwrite(b, list_u, H5S_ALL, H5S_ALL, H5P_DEFAULT, units) >= 0);
    assert_true(H5Dwrite(c, H5T_STD_U16LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, label) >= 0);
    H5Dclose(a);
    H5Dclose(b);
    H5Dclose(c);
    H5Tclose(list_f);
    H5Tclose(list_u);
    H5Sclose(space);
    H5Gclose(group);
    assert_true(H5Fclose(file) >= 0);
}

static void shd_is_read_from_hdf5(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("shd");
    static float frames[5 * 70];
    mye_dataset *data;
    int label = -1;

    (void)state;
    write_shd(in_dir(dir, "shd_train.h5"), 20, false);
    write_shd(in_dir(dir, "shd_test.h5"), 20, false);
    data = open_steps(ctx, "shd:units=70", dir, "train", 5);
    const mye_dataset_info *info = mye_dataset_about(data);
    assert_true(info->n == SHD_SAMPLES && info->C == 1 && info->H == 1 && info->W == 70);
    assert_true(info->classes == 20 && info->frames == 5);
    assert_true(check_all(data) == 10 + 11 + 12 + 13 + 14);
    ASSERT_OK(mye_dataset_read(data, 2, frames, &label, &err));
    assert_int_equal(label, 8);
    assert_true(frames[20] == 3); /* units 200, 201, 202 of the first fifth: 3 of 12 spikes */
    close_checked(ctx, data);
    data = open_steps(ctx, "shd:limit=2", dir, "test", 5);
    assert_true(mye_dataset_about(data)->n == 2 && mye_dataset_about(data)->W == 700);
    mye_dataset_free(data);
    check_without_memory("shd", dir);
    write_shd(in_dir(dir, "shd_train.h5"), 20, true);
    ASSERT_FAILS(mye_dataset_open(ctx, "shd", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "sample 0 has 10 times and 11 units");
    write_file(in_dir(dir, "shd_train.h5"), "no HDF5", 7);
    ASSERT_FAILS(mye_dataset_open(ctx, "shd", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "no HDF5 file");
    H5Fclose(H5Fcreate(in_dir(dir, "shd_train.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    ASSERT_FAILS(mye_dataset_open(ctx, "shd", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "no arrays /spikes/times");
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}
#else
static void shd_is_refused_without_hdf5(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("shd");
    mye_dataset *data;

    (void)state;
    write_file(in_dir(dir, "shd_train.h5"), "x", 1);
    ASSERT_FAILS(mye_dataset_open(ctx, "shd", dir, "train", &data, &err), MYE_ERR_UNSUPPORTED,
                 "reads no HDF5");
    mye_context_free(ctx);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef MYELIN_HAVE_HDF5
        cmocka_unit_test(shd_is_read_from_hdf5),
#else
        cmocka_unit_test(shd_is_refused_without_hdf5),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
