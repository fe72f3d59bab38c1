/* Writing NPZ: what is written is read back, by us and, where it is there, by NumPy. */
#include <zlib.h>

#include "data/npy.h"
#include "data_support.h"

static const float six[6] = {1, -2, 3.5f, 4, 5, 6e-9f};

static mye_npy_values of_floats(void)
{
    return (mye_npy_values){"'" MYE_NPY_ORDER "f4'", 4, 2, {2, 3}, six};
}

static mye_npy_values of_records(const void *data, int64_t n)
{
    return (mye_npy_values){
        "[('t', '" MYE_NPY_ORDER "f8'), ('k', '" MYE_NPY_ORDER "i8')]", 16, 1, {n}, data};
}

static void write_small(mye_context *ctx, const char *path)
{
    const struct {
        double t;
        int64_t k;
    } records[2] = {{0.25, -7}, {1e9, 8}};
    const mye_npy_values floats = of_floats(), pairs = of_records(records, 2);
    const mye_npy_values none = of_records(NULL, 0);
    mye_npz_writer *writer = NULL;

    ASSERT_OK(mye_npz_create(ctx, path, &writer, &err));
    ASSERT_OK(mye_npz_add(writer, "floats", &floats, &err));
    ASSERT_OK(mye_npz_add(writer, "pairs", &pairs, &err));
    ASSERT_OK(mye_npz_add(writer, "none", &none, &err));
    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
    ASSERT_OK(mye_npz_commit(writer, &err));
}

static void what_is_written_is_read_back(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("npz-write"), "a.npz");
    const void *file;
    void *data = NULL, *owned;
    size_t bytes;
    mye_npz npz;
    mye_npy npy;
    mye_array a;

    (void)state;
    write_small(ctx, path);
    ASSERT_OK(mye_file_read(ctx, path, 1 << 20, &data, &bytes, &err));
    ASSERT_OK(mye_npz_open(ctx, "a.npz", data, bytes, &npz, &err));
    assert_int_equal(npz.n, 3);
    assert_true(mye_npz_has(&npz, "none") && !mye_npz_has(&npz, "some"));
    ASSERT_OK(mye_npz_array(&npz, "floats", &a, &err));
    assert_true(a.rank == 2 && a.dim[0] == 2 && a.dim[1] == 3);
    assert_memory_equal(a.data, six, sizeof six);
    mye_array_free(ctx, &a);
    ASSERT_FAILS(mye_npz_array(&npz, "pairs", &a, &err), MYE_ERR_FORMAT,
                 "records of the fields t, k");
    ASSERT_OK(mye_npz_file(&npz, "pairs", &file, &bytes, &owned, &err));
    assert_null(owned);
    ASSERT_OK(mye_npy_open("pairs", file, bytes, &npy, &err));
    assert_true(npy.count == 2 && npy.record == 16 && npy.n_fields == 2);
    assert_true(mye_npy_get(&npy, mye_npy_find(&npy, "k"), 0) == -7);
    assert_true(mye_npy_get(&npy, mye_npy_find(&npy, "t"), 1) == 1e9);
    mye_free(ctx, data);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void the_same_arrays_make_the_same_bytes(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("npz-same"), "a.npz");
    void *data[2];
    size_t bytes[2];

    (void)state;
    for (int k = 0; k < 2; k++) {
        unlink(path);
        write_small(ctx, path);
        ASSERT_OK(mye_file_read(ctx, path, 1 << 20, &data[k], &bytes[k], &err));
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(data[0], data[1], bytes[0]);
    mye_free(ctx, data[0]);
    mye_free(ctx, data[1]);
    mye_context_free(ctx);
}

static void an_abandoned_archive_leaves_nothing(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("npz-abandoned"), "a.npz");
    const mye_npy_values floats = of_floats();
    mye_npz_writer *writer = NULL;
    char temporary[1300];

    (void)state;
    ASSERT_OK(mye_npz_create(ctx, path, &writer, &err));
    ASSERT_OK(mye_npz_add(writer, "floats", &floats, &err));
    mye_npz_abandon(writer);
    mye_npz_abandon(NULL);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(temporary, F_OK), -1);
    ASSERT_FAILS(mye_npz_create(ctx, "/no/such/folder/a.npz", &writer, &err), MYE_ERR_IO,
                 "/no/such");
    assert_null(writer);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void what_does_not_fit_is_refused_in_one_sentence(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("npz-limits"), "a.npz");
    const mye_npy_values large = {"'|u1'", 1, 1, {(int64_t)1 << 32}, six};
    const mye_npy_values deep = {"'|u1'", 1, MYE_ARRAY_RANK + 1, {1}, six};
    const mye_npy_values overflow = {"'|u1'", 8, 2, {INT64_MAX, INT64_MAX}, six};
    const mye_npy_values one = {"'|u1'", 1, 0, {0}, six};
    mye_npz_writer *writer = NULL;
    char name[80];

    (void)state;
    ASSERT_OK(mye_npz_create(ctx, path, &writer, &err));
    ASSERT_FAILS(mye_npz_add(writer, "large", &large, &err), MYE_ERR_UNSUPPORTED,
                 "at most 4 GiB, array 'large' of 4294967296 bytes");
    ASSERT_FAILS(mye_npz_add(writer, "deep", &deep, &err), MYE_ERR_SHAPE, "rank 9");
    ASSERT_FAILS(mye_npz_add(writer, "overflow", &overflow, &err), MYE_ERR_SHAPE, "rank 2");
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    ASSERT_FAILS(mye_npz_add(writer, name, &one, &err), MYE_ERR_ARG, "names below 60 bytes");
    for (int k = 0; k < 64; k++) {
        snprintf(name, sizeof name, "a%d", k);
        ASSERT_OK(mye_npz_add(writer, name, &one, &err));
    }
    ASSERT_FAILS(mye_npz_add(writer, "more", &one, &err), MYE_ERR_ARG, "takes 64 arrays");
    mye_npz_abandon(writer);
    mye_context_free(ctx);
}

static void every_failing_allocation_is_reported(void **state)
{
    const char *path = in_dir(fresh_dir("npz-write-memory"), "a.npz");
    const mye_npy_values floats = of_floats();

    (void)state;
    for (long n = 1;; n++) {
        failing f = {0, 0, 0};
        mye_context *ctx = make_context(&f);
        const long blocks = f.blocks;
        mye_npz_writer *writer = NULL;
        f.calls = 0;
        f.fail_at = n;
        mye_status st = mye_npz_create(ctx, path, &writer, NULL);
        if (st == MYE_OK)
            st = mye_npz_add(writer, "floats", &floats, NULL);
        if (writer && st == MYE_OK)
            st = mye_npz_commit(writer, NULL);
        assert_int_equal(f.blocks, blocks);
        mye_context_free(ctx);
        if (f.calls < n) {
            assert_int_equal(st, MYE_OK);
            break;
        }
        assert_int_equal(st, MYE_ERR_NOMEM);
    }
}

static void numpy_reads_what_we_write(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("npz-numpy"), "a.npz"), *python = numpy_python();
    char command[4096];

    (void)state;
    if (!python) {
        mye_context_free(ctx);
        printf("SKIPPED %s: no python3 with numpy\n", __func__);
        skip();
    }
    write_small(ctx, path);
    mye_context_free(ctx);
    snprintf(command, sizeof command,
             "%s -c \"import numpy as np, zipfile; a = np.load('%s'); "
             "assert sorted(a) == ['floats', 'none', 'pairs'], sorted(a); "
             "assert a['floats'].shape == (2, 3) and a['floats'][0, 1] == -2; "
             "assert a['pairs']['k'].tolist() == [-7, 8] and a['pairs']['t'][1] == 1e9; "
             "assert a['none'].shape == (0,); assert zipfile.ZipFile('%s').testzip() is None\"",
             python, path, path);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_same_arrays_make_the_same_bytes),
        cmocka_unit_test(an_abandoned_archive_leaves_nothing),
        cmocka_unit_test(what_does_not_fit_is_refused_in_one_sentence),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(numpy_reads_what_we_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
