/* IDX reader. */
#include <string.h>

#include "data/files.h"
#include "data/idx.h"
#include "data/inflate.h"

#define HEAD_MAX (4 + 4 * MYE_ARRAY_RANK)

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The first n bytes of the plain or compressed file. */
static bool take_head(const void *data, size_t bytes, unsigned char *out, size_t n)
{
    if (mye_is_gzip(data, bytes))
        return mye_inflate_head(MYE_INFLATE_GZIP, data, bytes, out, n);
    if (bytes < n)
        return false;
    memcpy(out, data, n);
    return true;
}

/* Reads type and dimensions; *head is the number of bytes before the values. */
static mye_status parse_head(const char *name, const void *data, size_t bytes, mye_array *out,
                             size_t *head, mye_error *err)
{
    unsigned char p[HEAD_MAX];

    if (!take_head(data, bytes, p, 4))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected an IDX file, got %zu bytes that hold no header", name, bytes);
    if (p[0] != 0 || p[1] != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected an IDX file (first bytes 00 00), got %02x %02x", name, p[0],
                        p[1]);
    out->type = mye_array_type_idx(p[2]);
    out->rank = p[3];
    if (!out->type)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: IDX type byte %02x is unknown", name, p[2]);
    if (out->rank < 1 || out->rank > MYE_ARRAY_RANK)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected 1 to %d dimensions, got %d", name,
                        MYE_ARRAY_RANK, out->rank);
    *head = 4 + 4 * (size_t)out->rank;
    if (!take_head(data, bytes, p, *head))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: the file ends inside its header", name);
    for (int k = 0; k < out->rank; k++)
        out->dim[k] = big_endian(p + 4 + 4 * k);
    return MYE_OK;
}

static mye_status inflate_values(mye_context *ctx, const char *name, const void *data, size_t bytes,
                                 size_t head, size_t want, mye_array *out, mye_error *err)
{
    /* Header and values come from one stream: inflate both, then move the values to the front. */
    unsigned char *whole = mye_alloc(ctx, head + want);
    mye_status st;

    if (!whole)
        return mye_no_memory(err, head + want, name);
    st = mye_inflate_exact(MYE_INFLATE_GZIP, name, data, bytes, whole, head + want, err);
    if (st != MYE_OK) {
        mye_free(ctx, whole);
        return st;
    }
    memmove(whole, whole + head, want);
    out->data = whole;
    return MYE_OK;
}

static mye_status copy_values(mye_context *ctx, const char *name, const unsigned char *values,
                              size_t want, mye_array *out, mye_error *err)
{
    out->data = mye_alloc(ctx, want);
    if (!out->data)
        return mye_no_memory(err, want, name);
    memcpy(out->data, values, want);
    return MYE_OK;
}

mye_status mye_idx_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                         mye_array *out, mye_error *err)
{
    size_t head = 0, want, room;

    memset(out, 0, sizeof *out);
    MYE_TRY(parse_head(name, data, bytes, out, &head, err));
    if (!mye_size_mul(bytes, mye_is_gzip(data, bytes) ? MYE_INFLATE_RATIO : 1, &room))
        room = SIZE_MAX;
    if (!mye_array_measure(out, &want) || want > room)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: its header promises more values than a file of %zu bytes can hold",
                        name, bytes);
    if (mye_is_gzip(data, bytes)) {
        MYE_TRY(inflate_values(ctx, name, data, bytes, head, want, out, err));
    } else {
        if (bytes != head + want)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: expected %zu bytes, got %zu", name,
                            head + want, bytes);
        MYE_TRY(copy_values(ctx, name, (const unsigned char *)data + head, want, out, err));
    }
    mye_array_swap(out);
    return MYE_OK;
}

mye_status mye_idx_read(mye_context *ctx, const char *path, mye_array *out, mye_error *err)
{
    void *data = NULL;
    size_t bytes;
    mye_status st;

    memset(out, 0, sizeof *out);
    MYE_TRY(mye_file_read(ctx, path, MYE_DATA_FILE_MAX, &data, &bytes, err));
    st = mye_idx_parse(ctx, path, data, bytes, out, err);
    mye_free(ctx, data);
    return st;
}
