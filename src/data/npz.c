/*
 * NPZ reader: the part of the zip format (APPNOTE.TXT, PKWARE) that NumPy writes. Sizes come from the
 * central directory: NumPy's local headers may carry zip64 fields although nothing is that large.
 */
#include <string.h>
#include <zlib.h>

#include "data/inflate.h"
#include "data/npy.h"

#define END_BYTES       22
#define ENTRY_BYTES     46
#define LOCAL_BYTES     30
#define COMMENT_MAX     65535
#define METHOD_STORED   0
#define METHOD_DEFLATED 8
#define FLAG_ENCRYPTED  1

typedef struct entry {
    const char *name;
    size_t name_bytes;
    unsigned flags, method;
    uint32_t crc;
    size_t packed, unpacked, local;
} entry;

static unsigned get16(const unsigned char *p)
{
    return (unsigned)(p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool has_mark(const unsigned char *p, unsigned char a, unsigned char b)
{
    return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

mye_status mye_npz_open(mye_context *ctx, const char *name, const void *data, size_t bytes,
                        mye_npz *out, mye_error *err)
{
    const unsigned char *p = data, *end = NULL;

    *out = (mye_npz){ctx, name, data, bytes, 0, 0, 0};
    /* The end record stands before a comment whose length it gives; nothing may follow. */
    for (size_t back = END_BYTES; !end && back <= bytes && back <= END_BYTES + COMMENT_MAX; back++)
        if (has_mark(p + bytes - back, 5, 6) && get16(p + bytes - back + 20) == back - END_BYTES)
            end = p + bytes - back;
    if (!end)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected a zip archive, got %zu bytes without a directory at the end",
                        name, bytes);
    out->n = (int)get16(end + 10);
    out->directory_bytes = get32(end + 12);
    out->directory = get32(end + 16);
    if (out->directory == UINT32_MAX || out->directory_bytes == UINT32_MAX || out->n == 0xffff)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: zip64 archives are not supported; save the arrays as .npy files",
                        name);
    if (get16(end + 4) != 0 || get16(end + 6) != 0 || get16(end + 8) != get16(end + 10))
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: the archive has more than one part", name);
    if (out->directory > (size_t)(end - p) ||
        out->directory_bytes > (size_t)(end - p) - out->directory)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: the directory lies outside of the file", name);
    return MYE_OK;
}

/* Entry at *at of the directory; moves *at on. False when it does not fit there. */
static bool next_entry(const mye_npz *npz, size_t *at, entry *e)
{
    const unsigned char *p = npz->data + npz->directory + *at;
    const size_t left = npz->directory_bytes - *at;
    size_t size;

    if (left < ENTRY_BYTES || !has_mark(p, 1, 2))
        return false;
    *e = (entry){.name = (const char *)p + ENTRY_BYTES,
                 .name_bytes = get16(p + 28),
                 .flags = get16(p + 8),
                 .method = get16(p + 10),
                 .crc = get32(p + 16),
                 .packed = get32(p + 20),
                 .unpacked = get32(p + 24),
                 .local = get32(p + 42)};
    size = ENTRY_BYTES + e->name_bytes + get16(p + 30) + get16(p + 32);
    if (size > left)
        return false;
    *at += size;
    return true;
}

static bool is_called(const entry *e, const char *array)
{
    const size_t n = strlen(array);

    if (e->name_bytes < n || memcmp(e->name, array, n) != 0)
        return false;
    return e->name_bytes == n || (e->name_bytes == n + 4 && memcmp(e->name + n, ".npy", 4) == 0);
}

bool mye_npz_name(const mye_npz *npz, int k, char *out, size_t size)
{
    size_t at = 0, n;
    entry e;

    if (k >= npz->n)
        return false;
    do {
        if (!next_entry(npz, &at, &e))
            return false;
    } while (k-- > 0);
    n = e.name_bytes;
    if (n > 4 && memcmp(e.name + n - 4, ".npy", 4) == 0)
        n -= 4;
    n = n < size - 1 ? n : size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = e.name[i];
    for (size_t i = 0; i < n; i++) /* names of hostile files go into messages */
        if ((unsigned char)out[i] < 0x20 || (unsigned char)out[i] == 0x7f)
            out[i] = '?';
    out[n] = '\0';
    return true;
}

static mye_status no_such_array(const mye_npz *npz, const char *array, mye_error *err)
{
    char list[160] = "", name[48];
    size_t used = 0;

    for (int k = 0; mye_npz_name(npz, k, name, sizeof name); k++) {
        const size_t n = strlen(name);
        if (used + n + 3 > sizeof list)
            break;
        memcpy(list + used, used ? ", " : "", used ? 2 : 0);
        used += used ? 2 : 0;
        memcpy(list + used, name, n + 1);
        used += n;
    }
    return mye_fail(err, MYE_ERR_FORMAT, "%s: it holds no array '%s', but %s", npz->name, array,
                    list[0] ? list : "none at all");
}

/* Checks an entry and finds its packed bytes. */
static mye_status find_bytes(const mye_npz *npz, const char *array, const entry *e,
                             const unsigned char **out, mye_error *err)
{
    const unsigned char *local = npz->data + e->local;
    size_t head;

    if (e->packed == UINT32_MAX || e->unpacked == UINT32_MAX || e->local == UINT32_MAX)
        return mye_fail(
            err, MYE_ERR_UNSUPPORTED,
            "%s: array '%s' is stored as zip64, which is not supported; save it as .npy", npz->name,
            array);
    if (e->flags & FLAG_ENCRYPTED)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: array '%s' is encrypted", npz->name, array);
    if (e->method != METHOD_STORED && e->method != METHOD_DEFLATED)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: array '%s' is compressed by method %u, expected stored or deflated",
                        npz->name, array, e->method);
    if (e->local > npz->bytes || npz->bytes - e->local < LOCAL_BYTES || !has_mark(local, 3, 4))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: array '%s' is not where the directory says",
                        npz->name, array);
    head = LOCAL_BYTES + get16(local + 26) + get16(local + 28);
    if (npz->bytes - e->local < head || npz->bytes - e->local - head < e->packed)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: array '%s' ends after the file's %zu bytes",
                        npz->name, array, npz->bytes);
    if (e->method == METHOD_STORED ? e->packed != e->unpacked
                                   : e->unpacked / MYE_INFLATE_RATIO > e->packed)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: array '%s' cannot hold %zu bytes in %zu",
                        npz->name, array, e->unpacked, e->packed);
    *out = local + head;
    return MYE_OK;
}

/* Entry of this name; *found: false when there is none. */
static mye_status find_entry(const mye_npz *npz, const char *array, entry *e, bool *found,
                             mye_error *err)
{
    size_t at = 0;

    *found = false;
    for (int k = 0; k < npz->n; k++) {
        if (!next_entry(npz, &at, e))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: entry %d of the directory is damaged",
                            npz->name, k);
        *found = is_called(e, array);
        if (*found)
            break;
    }
    return MYE_OK;
}

bool mye_npz_has(const mye_npz *npz, const char *array)
{
    bool found;
    entry e;

    return find_entry(npz, array, &e, &found, NULL) == MYE_OK && found;
}

mye_status mye_npz_file(const mye_npz *npz, const char *array, const void **data, size_t *bytes,
                        void **owned, mye_error *err)
{
    const unsigned char *packed = NULL;
    bool found;
    entry e;
    mye_status st = MYE_OK;

    *owned = NULL;
    MYE_TRY(find_entry(npz, array, &e, &found, err));
    if (!found)
        return no_such_array(npz, array, err);
    MYE_TRY(find_bytes(npz, array, &e, &packed, err));
    *data = packed;
    *bytes = e.unpacked;
    if (e.method == METHOD_DEFLATED) {
        *data = *owned = mye_alloc(npz->ctx, e.unpacked);
        if (!*owned)
            return mye_no_memory(err, e.unpacked, npz->name);
        st = mye_inflate_exact(MYE_INFLATE_RAW, npz->name, packed, e.packed, *owned, e.unpacked,
                               err);
    }
    if (st == MYE_OK && crc32_z(0, *data, e.unpacked) != e.crc)
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: array '%s' has a wrong checksum", npz->name, array);
    if (st != MYE_OK) {
        mye_free(npz->ctx, *owned);
        *owned = NULL;
    }
    return st;
}

mye_status mye_npz_array(const mye_npz *npz, const char *array, mye_array *out, mye_error *err)
{
    const void *data;
    void *owned;
    size_t bytes;
    mye_status st;

    memset(out, 0, sizeof *out);
    MYE_TRY(mye_npz_file(npz, array, &data, &bytes, &owned, err));
    st = mye_npy_parse(npz->ctx, npz->name, data, bytes, out, err);
    mye_free(npz->ctx, owned);
    return st;
}
