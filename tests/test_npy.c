/* NPY and NPZ: reading what NumPy writes, refusing the rest in one sentence. */
#include <zlib.h>

#include "data/npy.h"
#include "data_support.h"

/* A file in memory: header dictionary and values. */
typedef struct blob {
    unsigned char data[1 << 14];
    size_t n;
} blob;

static void add(blob *b, const void *data, size_t n)
{
    assert_true(b->n + n <= sizeof b->data);
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

static void add_number(blob *b, uint64_t x, int bytes)
{
    for (int k = 0; k < bytes; k++, x >>= 8)
        add(b, &(unsigned char){(unsigned char)x}, 1);
}

static blob *npy(int version, const char *dict, const void *values, size_t n)
{
    static blob b;

    b.n = 0;
    add(&b, "\x93NUMPY", 6);
    add_number(&b, (uint64_t)version, 2);
    add_number(&b, strlen(dict), version == 1 ? 2 : 4);
    add(&b, dict, strlen(dict));
    add(&b, values, n);
    return &b;
}

static mye_status parse(mye_context *ctx, const blob *b, mye_array *out, mye_error *err)
{
    return mye_npy_parse(ctx, "x.npy", b->data, b->n, out, err);
}

static void every_type_and_byte_order_is_read(void **state)
{
    static const char *const codes[] = {"u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"};
    mye_context *ctx = make_context(NULL);

    (void)state;
    for (size_t k = 0; k < 10; k++)
        for (int big = 0; big < 2; big++) {
            const mye_array_type *type = mye_array_type_find(codes[k]);
            unsigned char values[3 * 8] = {0};
            char dict[128];
            mye_array a;
            for (int i = 0; i < 3; i++) { /* 5, 6, 7 in each type, little endian */
                const float f4 = (float)(5 + i);
                const double f8 = 5 + i;
                unsigned char *p = values + (size_t)i * type->size;
                if (type->is_integer)
                    *p = (unsigned char)(5 + i);
                else
                    memcpy(p, type->size == 4 ? (const void *)&f4 : &f8, type->size);
                for (size_t b = 0; big && b < type->size / 2; b++) {
                    const unsigned char swap = p[b];
                    p[b] = p[type->size - 1 - b];
                    p[type->size - 1 - b] = swap;
                }
            }
            snprintf(dict, sizeof dict,
                     "{'descr': '%c%s', 'fortran_order': False, 'shape': (3,), }", big ? '>' : '<',
                     codes[k]);
            ASSERT_OK(parse(ctx, npy(1, dict, values, 3 * type->size), &a, &err));
            assert_int_equal(a.rank, 1);
            for (size_t i = 0; i < 3; i++)
                assert_true(a.type->get(a.data, i) == 5.0 + (double)i);
            mye_array_free(ctx, &a);
        }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void fortran_order_becomes_c_order(void **state)
{
    const unsigned char values[24] = {0, 12, 4, 16, 8,  20, 1, 13, 5, 17, 9,  21,
                                      2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23};
    mye_context *ctx = make_context(NULL);
    mye_array a;

    (void)state;
    /* np.arange(24).reshape(2, 3, 4) saved with order='F' */
    ASSERT_OK(parse(
        ctx, npy(2, "{'shape': (2, 3, 4), 'fortran_order': True, 'descr': '|u1'}\n", values, 24),
        &a, &err));
    for (int k = 0; k < 24; k++)
        assert_int_equal(((const uint8_t *)a.data)[k], k);
    mye_array_free(ctx, &a);
    mye_context_free(ctx);
}

static void scalars_and_empty_arrays_are_arrays(void **state)
{
    mye_context *ctx = make_context(NULL);
    const double x = 2.5;
    mye_array a;

    (void)state;
    ASSERT_OK(parse(ctx, npy(3, "{\"descr\":\"<f8\",\"fortran_order\":False,\"shape\":()}", &x, 8),
                    &a, &err));
    assert_int_equal(a.rank, 0);
    assert_true(a.count == 1 && a.type->get(a.data, 0) == 2.5);
    mye_array_free(ctx, &a);
    ASSERT_OK(parse(ctx, npy(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 0)}", &x, 0),
                    &a, &err));
    assert_int_equal(a.count, 0);
    mye_array_free(ctx, &a);
    mye_context_free(ctx);
}

/* A header before n bytes of zeros, and what is said of it. */
typedef struct damaged {
    const char *dict;
    size_t n;
    mye_status status;
    const char *words;
} damaged;

static void damaged_arrays_are_refused_in_one_sentence(void **state)
{
#define SHAPED(shape) "{'descr': '<f4', 'fortran_order': False, 'shape': " shape "}"
    static const damaged cases[] = {
        {SHAPED("(2,)"), 7, MYE_ERR_FORMAT, "expected 8 bytes of values, got 7"},
        {SHAPED("(2,)"), 9, MYE_ERR_FORMAT, "expected 8 bytes of values, got 9"},
        {SHAPED("(4294967296, 4294967296)"), 8, MYE_ERR_FORMAT, "larger than any memory"},
        {SHAPED("(99999999999999999999,)"), 8, MYE_ERR_FORMAT, "dictionary"},
        {SHAPED("(1,1,1,1,1,1,1,1,1)"), 4, MYE_ERR_FORMAT, "dictionary"},
        {SHAPED("(-1,)"), 4, MYE_ERR_FORMAT, "dictionary"},
        {SHAPED("(1,"), 4, MYE_ERR_FORMAT, "dictionary"},
        {SHAPED("(1) x"), 4, MYE_ERR_FORMAT, "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False}", 4, MYE_ERR_FORMAT, "dictionary"},
        {"{'descr': '<f4', 'descr': '<f4'}", 4, MYE_ERR_FORMAT, "dictionary"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, MYE_ERR_UNSUPPORTED, "<c8"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, MYE_ERR_UNSUPPORTED, "|O"},
        {"{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,)}", 8,
         MYE_ERR_FORMAT, "got records of the fields a, b"},
        {"{'descr': '", 0, MYE_ERR_FORMAT, "dictionary"},
        {"", 0, MYE_ERR_FORMAT, "dictionary"},
    };
    static const unsigned char zeros[16];
    mye_context *ctx = make_context(NULL);
    mye_array a;

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        ASSERT_FAILS(parse(ctx, npy(1, cases[k].dict, zeros, cases[k].n), &a, &err),
                     cases[k].status, cases[k].words);
    ASSERT_FAILS(parse(ctx, npy(9, SHAPED("(1,)"), zeros, 4), &a, &err), MYE_ERR_UNSUPPORTED,
                 "version 1 to 3");
    for (size_t n = 0; n < npy(2, SHAPED("(4,)"), zeros, 16)->n; n++) {
        blob *cut = npy(2, SHAPED("(4,)"), zeros, 16);
        cut->n = n;
        assert_int_equal(parse(ctx, cut, &a, NULL), MYE_ERR_FORMAT);
    }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

#define RECORDS(fields) "{'descr': [" fields "], 'fortran_order': False, 'shape': (2,)}"

static void records_are_read_field_by_field(void **state)
{
    /* what np.dtype('u1, >i4, f8', align=True) saves: gaps after the first field and the second */
    static const char dict[] =
        RECORDS("('a', '|u1'), ('', '|V3'), ('b', '>i4'), ('', '|V8'), ('c', '<f8')");
    unsigned char values[2 * 24] = {[0] = 200, [7] = 5, [24] = 3, [28] = 0xff, [29] = 0xff};
    const double c[2] = {2.5, -1};
    mye_npy file;

    (void)state;
    memcpy(values + 16, &c[0], 8);
    memcpy(values + 40, &c[1], 8);
    values[30] = 0xff;
    values[31] = 0xfe;
    const blob *b = npy(1, dict, values, sizeof values);
    ASSERT_OK(mye_npy_open("x.npy", b->data, b->n, &file, &err));
    assert_true(file.count == 2 && file.record == 24 && file.n_fields == 3);
    assert_true(mye_npy_find(&file, "b") == 1 && mye_npy_find(&file, "d") == -1);
    assert_true(mye_npy_get(&file, 0, 0) == 200 && mye_npy_get(&file, 0, 1) == 3);
    assert_true(mye_npy_get(&file, 1, 0) == 5 && mye_npy_get(&file, 1, 1) == -2);
    assert_true(mye_npy_get(&file, 2, 0) == 2.5 && mye_npy_get(&file, 2, 1) == -1);
}

static void damaged_records_are_refused_in_one_sentence(void **state)
{
    static const damaged cases[] = {
        {RECORDS("('a', '<f4')"), 7, MYE_ERR_FORMAT, "expected 8 bytes of values, got 7"},
        {RECORDS("('a', '<f4'), ('a', '<f4')"), 16, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('', '<f4')"), 8, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('', '|V4')"), 8, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS(""), 8, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('a', '<f4', (3,))"), 24, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('a', [('b', '<f4')])"), 8, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("(('title', 'a'), '<f4')"), 8, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('a', '<f4'"), 8, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('a', '<f4') ('b', '<f4')"), 16, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('', '|V9999999999999999999'), ('a', '|u1')"), 2, MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('', '|V9223372036854775807'), ('', '|V9223372036854775807'), ('a', '<f4')"), 4,
         MYE_ERR_FORMAT, "dictionary"},
        {RECORDS("('', '|V9223372036854775807'), ('a', '|u1')"), 2, MYE_ERR_FORMAT,
         "larger than any memory"},
        {RECORDS("('a', '<f4'), ('word', '<U5')"), 8, MYE_ERR_UNSUPPORTED,
         "field 'word' of type '<U5' cannot be read"},
    };
    static const unsigned char zeros[32];
    mye_npy file;

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const blob *b = npy(1, cases[k].dict, zeros, cases[k].n);
        ASSERT_FAILS(mye_npy_open("x.npy", b->data, b->n, &file, &err), cases[k].status,
                     cases[k].words);
    }
}

static void what_is_written_is_read_back(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("npy"), "written.npy");
    const float values[6] = {1, -2, 3.5f, 4, 5, 6e-9f};
    const int64_t dim[] = {2, 3};
    mye_array a;

    (void)state;
    ASSERT_OK(mye_npy_write(ctx, path, mye_array_type_find("f4"), 2, dim, values, &err));
    ASSERT_OK(mye_npy_read(ctx, path, &a, &err));
    assert_true(a.rank == 2 && a.dim[0] == 2 && a.dim[1] == 3);
    assert_string_equal(a.type->code, "f4");
    assert_memory_equal(a.data, values, sizeof values);
    mye_array_free(ctx, &a);
    ASSERT_OK(mye_npy_write(ctx, path, mye_array_type_find("u1"), 0, dim, "\x07", &err));
    ASSERT_OK(mye_npy_read(ctx, path, &a, &err));
    assert_true(a.rank == 0 && a.type->get(a.data, 0) == 7);
    mye_array_free(ctx, &a);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

/* ---- archives ---- */

typedef struct member {
    const char *name;
    const blob *content;
    bool deflated;
    size_t local, packed;
    uint32_t crc;
} member;

static void add_member(blob *zip, member *m)
{
    static unsigned char packed[1 << 14];
    z_stream z = {0};

    m->local = zip->n;
    m->crc = (uint32_t)crc32(0, m->content->data, (uInt)m->content->n);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)m->content->data;
    z.avail_in = (uInt)m->content->n;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    m->packed = m->deflated ? z.total_out : m->content->n;
    deflateEnd(&z);
    add(zip, "PK\3\4", 4);
    add_number(zip, 45, 2);
    add_number(zip, 0, 2);
    add_number(zip, m->deflated ? 8 : 0, 2);
    add_number(zip, 0, 4);
    add_number(zip, m->crc, 4);
    add_number(zip, UINT32_MAX, 4); /* as NumPy: sizes only in the zip64 field, unused */
    add_number(zip, UINT32_MAX, 4);
    add_number(zip, strlen(m->name), 2);
    add_number(zip, 20, 2);
    add(zip, m->name, strlen(m->name));
    add_number(zip, 1, 2);
    add_number(zip, 16, 2);
    add_number(zip, m->content->n, 8);
    add_number(zip, m->packed, 8);
    add(zip, m->deflated ? packed : m->content->data, m->packed);
}

static const blob *archive(member *members, int n)
{
    static blob zip;
    size_t start;

    zip.n = 0;
    for (int k = 0; k < n; k++)
        add_member(&zip, &members[k]);
    start = zip.n;
    for (int k = 0; k < n; k++) {
        add(&zip, "PK\1\2", 4);
        add_number(&zip, 45, 2);
        add_number(&zip, 45, 2);
        add_number(&zip, 0, 2);
        add_number(&zip, members[k].deflated ? 8 : 0, 2);
        add_number(&zip, 0, 4);
        add_number(&zip, members[k].crc, 4);
        add_number(&zip, members[k].packed, 4);
        add_number(&zip, members[k].content->n, 4);
        add_number(&zip, strlen(members[k].name), 2);
        add_number(&zip, 0, 12);
        add_number(&zip, members[k].local, 4);
        add(&zip, members[k].name, strlen(members[k].name));
    }
    const size_t end = zip.n;
    add(&zip, "PK\5\6", 4);
    add_number(&zip, 0, 4);
    add_number(&zip, (uint64_t)n, 2);
    add_number(&zip, (uint64_t)n, 2);
    add_number(&zip, end - start, 4);
    add_number(&zip, start, 4);
    add_number(&zip, 0, 2);
    return &zip;
}

/* x_train: 4 planar colour images of 5x6; y_train: i8 labels; the test split has 2. */
static const blob *small_npz(bool deflated)
{
    static blob parts[4];
    static const char *const names[] = {"x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"};
    unsigned char x[4 * 90], y[4 * 8] = {0};
    member members[4];

    for (int k = 0; k < 360; k++)
        x[k] = (unsigned char)(k % 256);
    for (int k = 0; k < 4; k++)
        y[8 * k] = (unsigned char)(k % 3);
    parts[0] = *npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 3, 5, 6), }", x, 360);
    parts[1] = *npy(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }", y, 32);
    parts[2] = *npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 5, 6), }", x, 180);
    parts[3] = *npy(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", y, 16);
    for (int k = 0; k < 4; k++)
        members[k] = (member){.name = names[k], .content = &parts[k], .deflated = deflated};
    return archive(members, 4);
}

static void archives_stored_and_deflated_become_datasets(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("npz");
    float pixels[90];
    int label = -1;

    (void)state;
    for (int deflated = 0; deflated < 2; deflated++) {
        const blob *zip = small_npz(deflated);
        mye_dataset *data = NULL, *test = NULL;
        write_file(in_dir(dir, "data.npz"), zip->data, zip->n);
        ASSERT_OK(mye_dataset_open(ctx, "npz", dir, "train", &data, &err));
        const mye_dataset_info *info = mye_dataset_about(data);
        assert_true(info->n == 4 && info->C == 3 && info->H == 5 && info->W == 6);
        assert_int_equal(info->classes, 3);
        ASSERT_OK(mye_dataset_read(data, 3, pixels, &label, &err));
        assert_int_equal(label, 0);
        for (int p = 0; p < 30; p++)
            for (int c = 0; c < 3; c++)
                assert_true(pixels[3 * p + c] == (float)((270 + 30 * c + p) % 256 / 255.0));
        ASSERT_OK(mye_dataset_open(ctx, "npz", dir, "test", &test, &err));
        assert_int_equal(mye_dataset_about(test)->n, 2);
        assert_int_equal(mye_dataset_about(test)->classes, 3);
        mye_dataset_free(data);
        mye_dataset_free(test);
    }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void damaged_archives_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    blob zip = *small_npz(true);
    mye_npz npz;
    mye_array a;

    (void)state;
    for (size_t n = 0; n < zip.n; n++)
        assert_int_equal(mye_npz_open(ctx, "x.npz", zip.data, n, &npz, NULL), MYE_ERR_FORMAT);
    ASSERT_OK(mye_npz_open(ctx, "x.npz", zip.data, zip.n, &npz, &err));
    ASSERT_FAILS(mye_npz_array(&npz, "images", &a, &err), MYE_ERR_FORMAT,
                 "no array 'images', but x_train, y_train, x_test, y_test");
    zip.data[80] ^= 0xff; /* inside the first member's packed bytes */
    assert_int_equal(mye_npz_array(&npz, "x_train", &a, NULL), MYE_ERR_FORMAT);
    zip = *small_npz(false);
    zip.data[200] ^= 1;
    ASSERT_OK(mye_npz_open(ctx, "x.npz", zip.data, zip.n, &npz, &err));
    ASSERT_FAILS(mye_npz_array(&npz, "x_train", &a, &err), MYE_ERR_FORMAT, "checksum");
    memset(zip.data + zip.n - 6, 0xff, 4);
    ASSERT_FAILS(mye_npz_open(ctx, "x.npz", zip.data, zip.n, &npz, &err), MYE_ERR_UNSUPPORTED,
                 "zip64");
    zip = *small_npz(false);
    zip.data[zip.n - 4] = 0x7f; /* the directory far away */
    ASSERT_FAILS(mye_npz_open(ctx, "x.npz", zip.data, zip.n, &npz, &err), MYE_ERR_FORMAT,
                 "outside");
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void write_arrays(mye_context *ctx, const char *dir, const char *split, const float *x,
                         int64_t n)
{
    const int64_t dim[] = {n, 3};
    int32_t y[8];
    char name[64];

    for (int i = 0; i < 8; i++)
        y[i] = i % 2;
    snprintf(name, sizeof name, "x_%s.npy", split);
    ASSERT_OK(mye_npy_write(ctx, in_dir(dir, name), mye_array_type_find("f4"), 2, dim, x, &err));
    snprintf(name, sizeof name, "y_%s.npy", split);
    ASSERT_OK(mye_npy_write(ctx, in_dir(dir, name), mye_array_type_find("i4"), 1, dim, y, &err));
}

static void features_outside_of_the_range_are_refused_with_the_remedy(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("features");
    const float x[12] = {-2, 0, 1, 2, 3, 4, 6, 5, 4, 3, 2, 1};
    mye_dataset *data = NULL;
    mye_error reason = {0};
    float pixels[3];
    int label;

    (void)state;
    write_arrays(ctx, dir, "train", x, 4);
    assert_int_equal(mye_dataset_open(ctx, "npy", dir, "train", &data, &reason), MYE_ERR_FORMAT);
    assert_non_null(strstr(reason.message, "expected values from 0 to 1, got -2 to 6"));
    assert_non_null(strstr(reason.hint, "low=-2,high=6"));
    ASSERT_OK(mye_dataset_open(ctx, "npy:low=-2,high=6", dir, "train", &data, &err));
    ASSERT_OK(mye_dataset_read(data, 2, pixels, &label, &err));
    assert_true(pixels[0] == 1 && pixels[1] == 0.875f && pixels[2] == 0.75f && label == 0);
    mye_dataset_free(data);
    mye_context_free(ctx);
}

/* [N, T, C, H, W] becomes T frames [H][W][C] of plain counts, from bytes and from floats. */
static void arrays_of_rank_5_are_frames_of_counts(void **state)
{
    enum { N = 3, T = 2, C = 2, H = 3, W = 4, SIZE = T * C * H * W };
    static const char *const types[] = {"u1", "f4"};
    const int64_t dim[] = {N, T, C, H, W};
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("frames");
    const int32_t labels[N] = {2, 0, 1};
    uint8_t bytes[N * SIZE];
    float values[N * SIZE], frames[SIZE];

    (void)state;
    for (int i = 0; i < N * SIZE; i++)
        values[i] = bytes[i] = (uint8_t)(i * 7 % 23);
    for (int k = 0; k < 2; k++) {
        mye_dataset *data = NULL;
        mye_recording_info about;
        int label = -1;
        ASSERT_OK(mye_npy_write(ctx, in_dir(dir, "x_train.npy"), mye_array_type_find(types[k]), 5,
                                dim, k ? (const void *)values : bytes, &err));
        ASSERT_OK(mye_npy_write(ctx, in_dir(dir, "y_train.npy"), mye_array_type_find("i4"), 1, dim,
                                labels, &err));
        ASSERT_OK(mye_dataset_open_steps(ctx, "npy", dir, "train", 9, &data, &err));
        const mye_dataset_info *info = mye_dataset_about(data);
        assert_true(info->frames == T && info->C == C && info->H == H && info->W == W);
        assert_true(info->mean[0] == 0 && info->deviation[0] == 1 && info->classes == 3);
        ASSERT_OK(mye_dataset_read(data, 1, frames, &label, &err));
        double sum = 0;
        for (int t = 0; t < T; t++)
            for (int c = 0; c < C; c++)
                for (int p = 0; p < H * W; p++) {
                    const float x = values[SIZE + (t * C + c) * H * W + p];
                    assert_true(frames[(t * H * W + p) * C + c] == x);
                    sum += (double)x;
                }
        ASSERT_OK(mye_dataset_recording(data, 1, &about, &err));
        assert_true((double)about.events == sum && about.duration_us == -1 && label == 0);
        mye_dataset_free(data);
    }
    values[5] = -1;
    ASSERT_OK(mye_npy_write(ctx, in_dir(dir, "x_train.npy"), mye_array_type_find("f4"), 5, dim,
                            values, &err));
    mye_dataset *data = NULL;
    ASSERT_FAILS(mye_dataset_open(ctx, "npy", dir, "train", &data, &err), MYE_ERR_FORMAT, "got -1");
    mye_context_free(ctx);
}

static void every_failing_allocation_is_reported(void **state)
{
    const char *dir = fresh_dir("npz-memory");
    static const char *const texts[] = {"npz", "npy:hold_out=0,low=-2,high=6"};
    const float x[12] = {-2, 0, 1, 2, 3, 4, 6, 5, 4, 3, 2, 1};
    const blob *zip = small_npz(true);
    mye_context *writer = make_context(NULL);

    (void)state;
    write_file(in_dir(dir, "data.npz"), zip->data, zip->n);
    write_arrays(writer, dir, "train", x, 4);
    write_arrays(writer, dir, "test", x, 2);
    mye_context_free(writer);
    for (size_t k = 0; k < 2; k++)
        for (long n = 1;; n++) {
            failing f = {0, 0, 0};
            mye_context *ctx = make_context(&f);
            const long blocks = f.blocks;
            mye_dataset *data = NULL;
            f.calls = 0;
            f.fail_at = n;
            const mye_status st = mye_dataset_open(ctx, texts[k], dir, "test", &data, NULL);
            mye_dataset_free(data);
            assert_int_equal(f.blocks, blocks);
            mye_context_free(ctx);
            if (f.calls < n) {
                assert_int_equal(st, MYE_OK);
                break;
            }
            /* A failure is reported, or harmless: a list of places for a message nobody needs. */
            assert_true(st == MYE_ERR_NOMEM || st == MYE_OK);
            assert_true(n < 300);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_and_byte_order_is_read),
        cmocka_unit_test(fortran_order_becomes_c_order),
        cmocka_unit_test(scalars_and_empty_arrays_are_arrays),
        cmocka_unit_test(damaged_arrays_are_refused_in_one_sentence),
        cmocka_unit_test(records_are_read_field_by_field),
        cmocka_unit_test(damaged_records_are_refused_in_one_sentence),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(archives_stored_and_deflated_become_datasets),
        cmocka_unit_test(damaged_archives_are_refused),
        cmocka_unit_test(features_outside_of_the_range_are_refused_with_the_remedy),
        cmocka_unit_test(arrays_of_rank_5_are_frames_of_counts),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
