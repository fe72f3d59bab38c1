/*
 * NPZ writer: the part of the zip format (APPNOTE.TXT, PKWARE) that NumPy reads. Arrays are stored as
 * they are, all with the date 1980-01-01, so that the same arrays make the same bytes.
 */
#include <string.h>
#include <zlib.h>

#include "data/files.h"
#include "data/npy.h"

#define LOCAL_BYTES 30
#define ENTRY_BYTES 46
#define END_BYTES   22
#define ENTRY_MAX   64
#define NAME_BYTES  64
#define FIRST_DAY   0x21 /* 1980-01-01: zip counts from there */

/* An array that was written. */
typedef struct entry {
    char name[NAME_BYTES]; /* "spikes.npy" */
    uint32_t crc, bytes, local;
} entry;

struct mye_npz_writer {
    mye_context *ctx;
    mye_file *file;
    char *path;
    uint64_t at; /* bytes written */
    int n;
    entry entry[ENTRY_MAX];
};

static unsigned char *put(unsigned char *p, uint64_t value, int bytes)
{
    for (int k = 0; k < bytes; k++, value >>= 8)
        *p++ = (unsigned char)value;
    return p;
}

/* What local header and directory say alike: from the version on. */
static unsigned char *put_facts(unsigned char *p, const entry *e)
{
    p = put(p, 20, 2); /* wants version 2.0     */
    p = put(p, 0, 4);  /* no flags, stored      */
    p = put(p, (uint64_t)FIRST_DAY << 16, 4);
    p = put(p, e->crc, 4);
    p = put(p, e->bytes, 4);
    p = put(p, e->bytes, 4);
    p = put(p, strlen(e->name), 2);
    return put(p, 0, 2); /* nothing extra */
}

static mye_status write_bytes(mye_npz_writer *w, const void *data, size_t bytes, mye_error *err)
{
    w->at += bytes;
    return bytes > 0 ? mye_file_write(w->file, data, bytes, err) : MYE_OK;
}

mye_status mye_npz_create(mye_context *ctx, const char *path, mye_npz_writer **out, mye_error *err)
{
    mye_npz_writer *w = mye_alloc(ctx, sizeof *w);
    mye_status st;

    *out = NULL;
    if (!w)
        return mye_no_memory(err, sizeof *w, path);
    w->ctx = ctx;
    w->path = mye_strdup(ctx, path);
    st = w->path ? mye_file_create(ctx, path, &w->file, err)
                 : mye_no_memory(err, strlen(path), "the name of a file");
    if (st == MYE_OK)
        *out = w;
    else
        mye_npz_abandon(w);
    return st;
}

/* A directory of ENTRY_MAX names has less than 16 KiB. */
static mye_status check_room(const mye_npz_writer *w, const char *array, size_t bytes,
                             mye_error *err)
{
    if (w->n == ENTRY_MAX || strlen(array) + sizeof ".npy" > NAME_BYTES)
        return mye_fail(err, MYE_ERR_ARG,
                        "%s: an archive takes %d arrays with names below %d bytes, not '%.80s'",
                        w->path, ENTRY_MAX, NAME_BYTES - 4, array);
    if (bytes > UINT32_MAX || w->at + bytes > UINT32_MAX - (1 << 14))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: an archive takes at most 4 GiB, array '%s' of %zu bytes would end "
                        "at %llu",
                        w->path, array, bytes, (unsigned long long)(w->at + bytes));
    return MYE_OK;
}

mye_status mye_npz_add(mye_npz_writer *w, const char *array, const mye_npy_values *values,
                       mye_error *err)
{
    unsigned char local[LOCAL_BYTES + NAME_BYTES] = "PK\3\4", *p = local + 4;
    char head[MYE_NPY_HEAD];
    size_t head_bytes, bytes;
    entry *e = &w->entry[w->n];

    MYE_TRY(mye_npy_head(w->path, values, head, &head_bytes, &bytes, err));
    MYE_TRY(check_room(w, array, bytes, err));
    snprintf(e->name, sizeof e->name, "%s.npy", array);
    e->crc = (uint32_t)crc32_z(0, (const Bytef *)head, head_bytes);
    if (bytes > 0)
        e->crc = (uint32_t)crc32_z(e->crc, values->data, bytes);
    e->bytes = (uint32_t)(head_bytes + bytes);
    e->local = (uint32_t)w->at;
    w->n++;
    p = put_facts(p, e);
    memcpy(p, e->name, strlen(e->name));
    MYE_TRY(write_bytes(w, local, LOCAL_BYTES + strlen(e->name), err));
    MYE_TRY(write_bytes(w, head, head_bytes, err));
    return write_bytes(w, values->data, bytes, err);
}

static mye_status write_entry(mye_npz_writer *w, const entry *e, mye_error *err)
{
    unsigned char record[ENTRY_BYTES + NAME_BYTES] = "PK\1\2", *p = record + 4;

    p = put_facts(put(p, 20, 2), e);
    p = put(p, 0, 10); /* no comment, one part, no attributes */
    p = put(p, e->local, 4);
    memcpy(p, e->name, strlen(e->name));
    return write_bytes(w, record, ENTRY_BYTES + strlen(e->name), err);
}

static mye_status write_directory(mye_npz_writer *w, mye_error *err)
{
    unsigned char end[END_BYTES] = "PK\5\6", *p = end + 8;
    const uint64_t start = w->at;

    for (int k = 0; k < w->n; k++)
        MYE_TRY(write_entry(w, &w->entry[k], err));
    p = put(put(p, (uint64_t)w->n, 2), (uint64_t)w->n, 2);
    put(put(p, w->at - start, 4), start, 4);
    return write_bytes(w, end, END_BYTES, err);
}

mye_status mye_npz_commit(mye_npz_writer *w, mye_error *err)
{
    mye_status st = write_directory(w, err);

    if (st == MYE_OK) {
        mye_file *file = w->file;
        w->file = NULL;
        st = mye_file_commit(file, err);
    }
    mye_npz_abandon(w);
    return st;
}

void mye_npz_abandon(mye_npz_writer *w)
{
    if (!w)
        return;
    mye_file_abandon(w->file);
    mye_free(w->ctx, w->path);
    mye_free(w->ctx, w);
}
