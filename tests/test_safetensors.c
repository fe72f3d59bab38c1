/* Safetensors: round trip, other programs' files, every kind of damage, want of memory. */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>

#include "data_support.h"
#include "io/safetensors.h"

/* A file in memory: header text and data. */
typedef struct image {
    unsigned char bytes[4096];
    size_t n;
} image;

static image make_image(const char *header, const void *data, size_t bytes)
{
    image f = {.n = 8 + strlen(header) + bytes};
    assert_true(f.n <= sizeof f.bytes);
    for (int i = 0; i < 8; i++)
        f.bytes[i] = (unsigned char)((uint64_t)strlen(header) >> (8 * i));
    memcpy(f.bytes + 8, header, strlen(header));
    if (bytes > 0)
        memcpy(f.bytes + 8 + strlen(header), data, bytes);
    return f;
}

static void assert_refused(const char *header, size_t data_bytes, const char *words)
{
    static const unsigned char zero[512];
    mye_context *ctx = make_context(NULL);
    const image f = make_image(header, zero, data_bytes);
    mye_st *st = NULL;
    ASSERT_FAILS(mye_st_open_memory(ctx, "bad.safetensors", f.bytes, f.n, &st, &err),
                 MYE_ERR_FORMAT, words);
    assert_null(st);
    mye_context_free(ctx);
}

/* ---- what is written is read ---- */

static const float matrix[6] = {1, 2, 3, 4, 5, -0.5f};
static const int64_t counts[3] = {7, -8, INT64_MAX};
static const unsigned char letters[5] = {'h', 'e', 'l', 'l', 'o'};

static void transpose(const void *self, const void *data, void *out)
{
    const float *x = data;
    float *y = out;
    (void)self;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            y[j * 2 + i] = x[i * 3 + j];
}

static const mye_st_item items[] = {
    {.name = "counts", .dtype = MYE_DTYPE_I64, .rank = 1, .dim = {3}, .data = counts},
    {.name = "conv1.weight", .dtype = MYE_DTYPE_F32, .rank = 2, .dim = {2, 3}, .data = matrix},
    {.name = "turned",
     .dtype = MYE_DTYPE_F32,
     .rank = 2,
     .dim = {3, 2},
     .data = matrix,
     .convert = transpose},
    {.name = "scalar", .dtype = MYE_DTYPE_F32, .rank = 0, .data = matrix},
    {.name = "empty", .dtype = MYE_DTYPE_F32, .rank = 2, .dim = {0, 4}, .data = matrix},
    {.name = "letters", .dtype = MYE_DTYPE_U8, .rank = 1, .dim = {5}, .data = letters},
};
static const mye_st_pair meta[] = {{"config", "net: \"a\"\nT: 4\n"}, {"odd", "a \xff b"}};

static const char *write_sample(mye_context *ctx)
{
    static char path[1200];
    snprintf(path, sizeof path, "%s", in_dir(fresh_dir("safetensors"), "a.safetensors"));
    ASSERT_OK(mye_st_write(ctx, path, items, 6, meta, 2, NULL, &err));
    return path;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    mye_st *st = NULL;
    float x[6];
    int64_t n[3];
    unsigned char text[5];
    ASSERT_OK(mye_st_open(ctx, write_sample(ctx), &st, &err));
    assert_int_equal(mye_st_count(st), 6);
    assert_string_equal(mye_st_meta(st, "config"), "net: \"a\"\nT: 4\n");
    assert_string_equal(mye_st_meta(st, "odd"), "a ? b");
    assert_null(mye_st_meta(st, "none"));
    assert_null(mye_st_find(st, "none"));
    ASSERT_OK(mye_st_read_floats(st, mye_st_find(st, "conv1.weight"), x, &err));
    assert_memory_equal(x, matrix, sizeof x);
    ASSERT_OK(mye_st_read_floats(st, mye_st_find(st, "turned"), x, &err));
    assert_true(x[0] == 1 && x[1] == 4 && x[2] == 2 && x[5] == -0.5f);
    ASSERT_OK(mye_st_read_raw(st, mye_st_find(st, "counts"), MYE_DTYPE_I64, 3, n, &err));
    assert_memory_equal(n, counts, sizeof n);
    ASSERT_OK(mye_st_read_raw(st, mye_st_find(st, "letters"), MYE_DTYPE_U8, 5, text, &err));
    assert_memory_equal(text, letters, sizeof text);
    assert_int_equal(mye_st_find(st, "scalar")->count, 1);
    assert_int_equal(mye_st_find(st, "empty")->count, 0);
    ASSERT_OK(mye_st_read_floats(st, mye_st_find(st, "empty"), x, &err));
    mye_st_close(st);
    mye_context_free(ctx);
}

static void the_same_contents_give_the_same_bytes(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    void *a = NULL, *b = NULL;
    size_t n = 0, m = 0;
    ASSERT_OK(mye_file_read(ctx, write_sample(ctx), 1 << 20, &a, &n, &err));
    ASSERT_OK(mye_file_read(ctx, write_sample(ctx), 1 << 20, &b, &m, &err));
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    assert_int_equal(((unsigned char *)a)[0] % 8, 0); /* the data is aligned */
    mye_free(ctx, a);
    mye_free(ctx, b);
    mye_context_free(ctx);
}

static void other_number_types_are_read_as_floats(void **state)
{
    (void)state;
    static const char header[] =
        "{\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[6],\"data_offsets\":[16,28]},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[28,32]},"
        "\"i\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[32,36]}}   ";
    const double wide[2] = {0.25, -3e300};
    const uint16_t half[6] = {0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x8000};
    const uint16_t brain[2] = {0x3f80, 0xc2f7};
    unsigned char data[36] = {0};
    memcpy(data, wide, 16);
    memcpy(data + 16, half, 12);
    memcpy(data + 28, brain, 4);
    const image f = make_image(header, data, sizeof data);
    mye_context *ctx = make_context(NULL);
    mye_st *st = NULL;
    float x[6];
    ASSERT_OK(mye_st_open_memory(ctx, "types", f.bytes, f.n, &st, &err));
    ASSERT_OK(mye_st_read_floats(st, mye_st_find(st, "d"), x, &err));
    assert_true(x[0] == 0.25f && isinf(x[1]) && x[1] < 0);
    ASSERT_OK(mye_st_read_floats(st, mye_st_find(st, "h"), x, &err));
    assert_true(x[0] == 1 && x[1] == -2 && x[2] == 0x1p-24f && x[3] == 65504);
    assert_true(isinf(x[4]) && x[4] < 0 && x[5] == 0 && signbit(x[5]));
    ASSERT_OK(mye_st_read_floats(st, mye_st_find(st, "b"), x, &err));
    assert_true(x[0] == 1 && x[1] == -123.5f);
    ASSERT_FAILS(mye_st_read_floats(st, mye_st_find(st, "i"), x, &err), MYE_ERR_UNSUPPORTED, "I32");
    ASSERT_FAILS(mye_st_read_raw(st, mye_st_find(st, "i"), MYE_DTYPE_I64, 1, x, &err),
                 MYE_ERR_FORMAT, "wants 1 values of I64");
    mye_st_close(st);
    mye_context_free(ctx);
}

/* ---- damage ---- */

#define T1 "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"

static void headers_that_lie_are_refused(void **state)
{
    (void)state;
    assert_refused("", 0, "no JSON");
    assert_refused("[]", 0, "not a mapping");
    assert_refused("{", 0, "no JSON");
    assert_refused("{} x", 0, "no JSON");
    assert_refused("{\"a\":1}", 0, "wants dtype");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "wants dtype");
    assert_refused(T1 "[0,8],\"x\":1}}", 8, "wants dtype");
    assert_refused("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "F33");
    assert_refused("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "shape");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
                   "whole numbers");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4,
                   "whole numbers");
    assert_refused(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
        "up to 8");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],"
                   "\"data_offsets\":[0,0]}}",
                   0, "larger than the file");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],"
                   "\"data_offsets\":[0,0]}}",
                   0, "JSON");
    assert_refused(T1 "[0,4]}}", 8, "disagree");
    assert_refused(T1 "[0,16]}}", 8, "behind the end");
    assert_refused(T1 "[8,0]}}", 8, "rising");
    assert_refused(T1 "[0]}}", 8, "rising");
    assert_refused(T1 "[0,8,8]}}", 8, "rising");
    assert_refused(T1 "[-8,0]}}", 8, "rising");
    assert_refused(T1 "[0,8]}}", 12, "bytes behind the last tensor");
    assert_refused(T1 "[4,12]}}", 12, "gap");
    assert_refused(T1 "[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
                   "overlaps");
    assert_refused(T1 "[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16,
                   "duplicate");
    assert_refused("{\"__metadata__\":[]}", 0, "__metadata__");
    assert_refused("{\"__metadata__\":{\"a\":1}}", 0, "not a text");
    assert_refused("{\"__metadata__\":{\"crc32c\":\"00000001\"}}", 0, "checksum");
}

static void files_that_are_cut_off_are_refused(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    void *data = NULL;
    size_t bytes = 0;
    ASSERT_OK(mye_file_read(ctx, write_sample(ctx), 1 << 20, &data, &bytes, &err));
    for (size_t n = 0; n < bytes; n++) {
        /* A block of exactly n bytes, so that reading behind its end shows. */
        unsigned char *part = malloc(n + (n == 0));
        mye_st *st = NULL;
        assert_non_null(part);
        memcpy(part, data, n);
        assert_int_equal(mye_st_open_memory(ctx, "cut", part, n, &st, NULL), MYE_ERR_FORMAT);
        assert_null(st);
        free(part);
    }
    mye_free(ctx, data);
    mye_context_free(ctx);
}

static void every_flipped_bit_of_the_data_is_found(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    void *data = NULL;
    size_t bytes = 0;
    ASSERT_OK(mye_file_read(ctx, write_sample(ctx), 1 << 20, &data, &bytes, &err));
    unsigned char *p = data;
    const size_t header = 8 + (size_t)p[0] + 256 * (size_t)p[1];
    for (size_t i = 0; i < bytes * 8; i++) {
        mye_st *st = NULL;
        p[i / 8] ^= (unsigned char)(1u << i % 8);
        const mye_status status = mye_st_open_memory(ctx, "flipped", p, bytes, &st, NULL);
        if (i / 8 >= header)
            assert_int_equal(status, MYE_ERR_FORMAT);
        mye_st_close(st); /* a changed header may still be a good one */
        p[i / 8] ^= (unsigned char)(1u << i % 8);
    }
    mye_free(ctx, data);
    mye_context_free(ctx);
}

static void what_is_no_plain_file_is_refused(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    mye_st *st = NULL;
    ASSERT_FAILS(mye_st_open(ctx, "/nowhere/at.all", &st, &err), MYE_ERR_IO, "/nowhere/at.all");
    ASSERT_FAILS(mye_st_open(ctx, "/tmp", &st, &err), MYE_ERR_IO, "plain file");
    ASSERT_FAILS(mye_st_open(ctx, "/dev/zero", &st, &err), MYE_ERR_IO, "plain file");
    ASSERT_FAILS(mye_st_write(ctx, "/nowhere/at.all", items, 6, meta, 2, NULL, &err), MYE_ERR_IO,
                 "/nowhere/at.all");
    mye_context_free(ctx);
}

/* ---- memory, death ---- */

static void want_of_memory_leaves_nothing_behind(void **state)
{
    (void)state;
    failing memory = {0};
    mye_context *ctx = make_context(&memory);
    const char *path = write_sample(ctx);
    const long blocks = memory.blocks;
    mye_status status = MYE_ERR_NOMEM;
    for (long n = 1; status != MYE_OK && n < 200; n++) {
        mye_st *st = NULL;
        memory.calls = 0;
        memory.fail_at = n;
        status = mye_st_write(ctx, path, items, 6, meta, 2, NULL, NULL);
        if (status == MYE_OK)
            status = mye_st_open(ctx, path, &st, NULL);
        memory.fail_at = 0;
        assert_true(status == MYE_OK || status == MYE_ERR_NOMEM);
        mye_st_close(st);
        assert_int_equal(memory.blocks, blocks);
        ASSERT_OK(mye_st_open(ctx, path, &st, &err)); /* the file stays whole */
        mye_st_close(st);
    }
    assert_int_equal(status, MYE_OK);
    mye_context_free(ctx);
}

static void die(const void *self, const void *data, void *out)
{
    int *left = (int *)(uintptr_t)self;
    if ((*left)-- == 0)
        kill(getpid(), SIGKILL);
    memcpy(out, data, sizeof matrix);
}

/* The writer is killed while it computes the checksum, and while it writes. */
static void a_writer_that_is_killed_leaves_the_old_file(void **state)
{
    (void)state;
    mye_context *ctx = make_context(NULL);
    const char *path = write_sample(ctx);
    for (int n = 0; n < 2; n++) {
        int left = n, how = 0;
        mye_st_item item = items[1];
        item.convert = die;
        item.self = &left;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            mye_st_write(ctx, path, &item, 1, NULL, 0, NULL, NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        mye_st *st = NULL;
        ASSERT_OK(mye_st_open(ctx, path, &st, &err));
        assert_int_equal(mye_st_count(st), 6);
        mye_st_close(st);
    }
    /* What the dead left behind is in nobody's way. */
    ASSERT_OK(mye_st_write(ctx, path, items, 6, meta, 2, NULL, &err));
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_same_contents_give_the_same_bytes),
        cmocka_unit_test(other_number_types_are_read_as_floats),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(files_that_are_cut_off_are_refused),
        cmocka_unit_test(every_flipped_bit_of_the_data_is_found),
        cmocka_unit_test(what_is_no_plain_file_is_refused),
        cmocka_unit_test(want_of_memory_leaves_nothing_behind),
        cmocka_unit_test(a_writer_that_is_killed_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
