#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/jsontext.h"
#include "io/safetensors.h"

#define CHUNK_BYTES ((size_t)1 << 16)

struct mye_st {
    mye_context *ctx;
    char *source;
    int fd;                      /* -1: memory */
    const unsigned char *memory; /* NULL: fd   */
    uint64_t data_begin, data_bytes;
    json_t *header; /* owns the tensors' names */
    mye_st_tensor *tensor;
    int n;
};

/* ---- bytes ---- */

static mye_status read_at(const mye_st *st, uint64_t at, void *out, size_t bytes, mye_error *err)
{
    unsigned char *to = out;
    if (st->memory) {
        memcpy(to, st->memory + at, bytes);
        return MYE_OK;
    }
    while (bytes > 0) {
        const ssize_t n = pread(st->fd, to, bytes, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mye_fail(err, MYE_ERR_IO, "cannot read '%s': %s", st->source, strerror(errno));
        if (n == 0)
            return mye_fail(err, MYE_ERR_IO, "'%s' became shorter while it was read", st->source);
        to += n;
        at += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return MYE_OK;
}

static mye_status bad(const mye_st *st, mye_error *err, const char *what)
{
    return mye_fail(err, MYE_ERR_FORMAT, "'%s' is no safetensors file: %s", st->source, what);
}

/* ---- header ---- */

static mye_status bad_tensor(const mye_st *st, const char *name, mye_error *err, const char *what)
{
    return mye_fail(err, MYE_ERR_FORMAT, "'%s': tensor '%.80s': %s", st->source, name, what);
}

static bool parse_dtype(const char *text, mye_dtype *out)
{
    for (int i = 0; text && i < MYE_DTYPE_COUNT; i++)
        if (strcmp(mye_dtype_name((mye_dtype)i), text) == 0) {
            *out = (mye_dtype)i;
            return true;
        }
    return false;
}

/* A whole number from 0, or -1. */
static int64_t whole(const json_t *value)
{
    const json_int_t n = json_is_integer(value) ? json_integer_value(value) : -1;
    return n >= 0 ? (int64_t)n : -1;
}

/* Shape into dim, rank, count; the count of values is bounded by the data. */
static mye_status parse_shape(const mye_st *st, const json_t *shape, mye_st_tensor *t,
                              mye_error *err)
{
    const size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > MYE_ST_MAX_RANK)
        return bad_tensor(st, t->name, err, "its shape wants up to 8 numbers");
    const uint64_t most = st->data_bytes / mye_dtype_size(t->dtype);
    uint64_t count = 1;
    bool is_empty = false;
    t->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        t->dim[i] = whole(json_array_get(shape, i));
        if (t->dim[i] < 0)
            return bad_tensor(st, t->name, err, "its shape wants whole numbers from 0");
        is_empty = is_empty || t->dim[i] == 0;
    }
    for (size_t i = 0; i < rank && !is_empty; i++) {
        if ((uint64_t)t->dim[i] > most / count)
            return bad_tensor(st, t->name, err, "its shape is larger than the file");
        count *= (uint64_t)t->dim[i];
    }
    t->count = is_empty ? 0 : (int64_t)count;
    return MYE_OK;
}

static mye_status parse_tensor(const mye_st *st, const json_t *value, mye_st_tensor *t,
                               mye_error *err)
{
    if (!json_is_object(value) || json_object_size(value) != 3)
        return bad_tensor(st, t->name, err, "wants dtype, shape and data_offsets");
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    if (!parse_dtype(dtype, &t->dtype))
        return mye_fail(err, MYE_ERR_FORMAT, "'%s': tensor '%.80s': unknown dtype '%.20s'",
                        st->source, t->name, dtype ? dtype : "");
    MYE_TRY(parse_shape(st, json_object_get(value, "shape"), t, err));
    const json_t *offsets = json_object_get(value, "data_offsets");
    const int64_t from = whole(json_array_get(offsets, 0)), to = whole(json_array_get(offsets, 1));
    if (json_array_size(offsets) != 2 || from < 0 || to < from)
        return bad_tensor(st, t->name, err, "data_offsets wants two rising numbers");
    if ((uint64_t)to > st->data_bytes)
        return bad_tensor(st, t->name, err, "its data ends behind the end of the file");
    t->offset = (uint64_t)from;
    t->bytes = (uint64_t)(to - from);
    if (t->bytes != (uint64_t)t->count * mye_dtype_size(t->dtype))
        return bad_tensor(st, t->name, err, "its shape and data_offsets disagree");
    return MYE_OK;
}

static int by_offset(const void *a, const void *b)
{
    const mye_st_tensor *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static mye_status check_metadata(const mye_st *st, json_t *meta, mye_error *err)
{
    const char *key;
    json_t *value;
    if (!json_is_object(meta))
        return bad(st, err, "__metadata__ is not a mapping");
    json_object_foreach(meta, key, value)
    {
        if (!json_is_string(value))
            return mye_fail(err, MYE_ERR_FORMAT, "'%s': __metadata__ '%.80s' is not a text",
                            st->source, key);
    }
    return MYE_OK;
}

/* The tensors cover the data from its beginning to its end, each byte once. */
static mye_status check_cover(const mye_st *st, mye_error *err)
{
    uint64_t end = 0;
    for (int i = 0; i < st->n; i++) {
        const mye_st_tensor *t = &st->tensor[i];
        if (t->offset < end)
            return bad_tensor(st, t->name, err, "its data overlaps another tensor");
        if (t->offset > end)
            return bad_tensor(st, t->name, err, "there is a gap before its data");
        end = t->offset + t->bytes;
    }
    if (end != st->data_bytes)
        return bad(st, err, "there are bytes behind the last tensor");
    return MYE_OK;
}

static mye_status parse_header(mye_st *st, const char *text, size_t bytes, mye_error *err)
{
    /* Other writers pad the header with blanks, which JSON allows. */
    MYE_TRY(mye_json_parse(st->source, text, bytes, JSON_REJECT_DUPLICATES, &st->header, err));
    if (!json_is_object(st->header))
        return bad(st, err, "its header is not a mapping");
    const size_t n = json_object_size(st->header);
    st->tensor = mye_alloc_array(st->ctx, n, sizeof *st->tensor);
    if (!st->tensor)
        return mye_no_memory(err, n * sizeof *st->tensor, "the list of tensors");
    const char *key;
    json_t *value;
    json_object_foreach(st->header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            MYE_TRY(check_metadata(st, value, err));
            continue;
        }
        mye_st_tensor *t = &st->tensor[st->n++];
        t->name = key;
        MYE_TRY(parse_tensor(st, value, t, err));
    }
    if (st->n > 1)
        qsort(st->tensor, (size_t)st->n, sizeof *st->tensor, by_offset);
    return check_cover(st, err);
}

static mye_status read_header(mye_st *st, uint64_t file_bytes, mye_error *err)
{
    unsigned char head[8];
    if (file_bytes < sizeof head)
        return bad(st, err, "it is shorter than 8 bytes");
    MYE_TRY(read_at(st, 0, head, sizeof head, err));
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | head[i];
    if (n > MYE_ST_MAX_HEADER || n > file_bytes - sizeof head)
        return bad(st, err, "its header is longer than the file or 100 MB");
    st->data_begin = sizeof head + n;
    st->data_bytes = file_bytes - st->data_begin;
    char *text = mye_alloc(st->ctx, (size_t)n);
    if (!text)
        return mye_no_memory(err, (size_t)n, "the header of a safetensors file");
    mye_status status = read_at(st, sizeof head, text, (size_t)n, err);
    if (status == MYE_OK)
        status = parse_header(st, text, (size_t)n, err);
    mye_free(st->ctx, text);
    return status;
}

static mye_status check_crc(const mye_st *st, mye_error *err)
{
    const char *want = mye_st_meta(st, "crc32c");
    if (!want)
        return MYE_OK;
    unsigned char *chunk = mye_alloc(st->ctx, CHUNK_BYTES);
    if (!chunk)
        return mye_no_memory(err, CHUNK_BYTES, "checking a file");
    mye_status status = MYE_OK;
    uint32_t crc = 0;
    for (uint64_t at = 0; at < st->data_bytes && status == MYE_OK; at += CHUNK_BYTES) {
        const uint64_t left = st->data_bytes - at;
        const size_t n = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        status = read_at(st, st->data_begin + at, chunk, n, err);
        crc = mye_crc32c(crc, chunk, n);
    }
    mye_free(st->ctx, chunk);
    char have[16];
    snprintf(have, sizeof have, "%08x", (unsigned)crc);
    if (status == MYE_OK && strcmp(have, want) != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "'%s' is damaged: the checksum of its data is %s, its header says %.16s",
                        st->source, have, want);
    return status;
}

/* ---- open and close ---- */

/* NULL for want of memory; err says so. */
static mye_st *create(mye_context *ctx, const char *source, mye_error *err)
{
    mye_st *st = mye_alloc(ctx, sizeof *st);
    char *name = mye_strdup(ctx, source);
    if (!st || !name) {
        mye_free(ctx, st);
        mye_free(ctx, name);
        mye_no_memory(err, sizeof *st + strlen(source), "a safetensors file");
        return NULL;
    }
    st->ctx = ctx;
    st->fd = -1;
    st->source = name;
    return st;
}

static mye_status open_file(mye_st *st, uint64_t *bytes, mye_error *err)
{
    struct stat about;
    do
        st->fd = open(st->source, O_RDONLY | O_CLOEXEC);
    while (st->fd < 0 && errno == EINTR);
    if (st->fd < 0 || fstat(st->fd, &about) != 0)
        return mye_fail(err, MYE_ERR_IO, "cannot open '%s': %s", st->source, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return mye_fail(err, MYE_ERR_IO, "cannot read '%s': it is not a plain file", st->source);
    *bytes = (uint64_t)about.st_size;
    return MYE_OK;
}

mye_status mye_st_open(mye_context *ctx, const char *path, mye_st **out, mye_error *err)
{
    uint64_t bytes = 0;
    mye_st *st = create(ctx, path, err);
    *out = NULL;
    if (!st)
        return MYE_ERR_NOMEM;
    mye_status status = open_file(st, &bytes, err);
    if (status == MYE_OK)
        status = read_header(st, bytes, err);
    if (status == MYE_OK)
        status = check_crc(st, err);
    if (status != MYE_OK) {
        mye_st_close(st);
        return status;
    }
    *out = st;
    return MYE_OK;
}

mye_status mye_st_open_memory(mye_context *ctx, const char *source, const void *data, size_t bytes,
                              mye_st **out, mye_error *err)
{
    mye_st *st = create(ctx, source, err);
    *out = NULL;
    if (!st)
        return MYE_ERR_NOMEM;
    st->memory = data;
    mye_status status = read_header(st, bytes, err);
    if (status == MYE_OK)
        status = check_crc(st, err);
    if (status != MYE_OK) {
        mye_st_close(st);
        return status;
    }
    *out = st;
    return MYE_OK;
}

void mye_st_close(mye_st *st)
{
    if (!st)
        return;
    if (st->fd >= 0)
        close(st->fd);
    json_decref(st->header);
    mye_free(st->ctx, st->tensor);
    mye_free(st->ctx, st->source);
    mye_free(st->ctx, st);
}

/* ---- contents ---- */

int mye_st_count(const mye_st *st)
{
    return st->n;
}

const mye_st_tensor *mye_st_at(const mye_st *st, int i)
{
    return &st->tensor[i];
}

const mye_st_tensor *mye_st_find(const mye_st *st, const char *name)
{
    for (int i = 0; i < st->n; i++)
        if (strcmp(st->tensor[i].name, name) == 0)
            return &st->tensor[i];
    return NULL;
}

const char *mye_st_meta(const mye_st *st, const char *key)
{
    return json_string_value(json_object_get(json_object_get(st->header, "__metadata__"), key));
}

const char *mye_st_source(const mye_st *st)
{
    return st->source;
}

mye_status mye_st_read_raw(const mye_st *st, const mye_st_tensor *tensor, mye_dtype type,
                           int64_t count, void *out, mye_error *err)
{
    if (tensor->dtype != type || tensor->count != count)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "'%s': tensor '%.80s' wants %lld values of %s, got %lld of %s", st->source,
                        tensor->name, (long long)count, mye_dtype_name(type),
                        (long long)tensor->count, mye_dtype_name(tensor->dtype));
    return read_at(st, st->data_begin + tensor->offset, out, (size_t)tensor->bytes, err);
}

mye_status mye_st_read_floats(const mye_st *st, const mye_st_tensor *tensor, float *out,
                              mye_error *err)
{
    const mye_dtype type = tensor->dtype;
    const uint64_t begin = st->data_begin + tensor->offset;
    if (type == MYE_DTYPE_F32)
        return read_at(st, begin, out, (size_t)tensor->bytes, err);
    if (type != MYE_DTYPE_F64 && type != MYE_DTYPE_F16 && type != MYE_DTYPE_BF16)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "'%s': tensor '%.80s' is %s; weights want F32, F64, F16 or BF16",
                        st->source, tensor->name, mye_dtype_name(type));
    unsigned char chunk[4096];
    const size_t size = mye_dtype_size(type);
    for (uint64_t at = 0; at < tensor->bytes; at += sizeof chunk) {
        const uint64_t left = tensor->bytes - at;
        const size_t n = left < sizeof chunk ? (size_t)left : sizeof chunk;
        MYE_TRY(read_at(st, begin + at, chunk, n, err));
        for (size_t i = 0; i < n; i += size)
            *out++ = mye_dtype_to_float(type, chunk + i);
    }
    return MYE_OK;
}
