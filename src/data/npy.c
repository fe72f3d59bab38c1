/* NPY reader and writer. */
#include <stdio.h>
#include <string.h>

#include "data/files.h"
#include "data/npy.h"

#define MAGIC     "\x93NUMPY"
#define MAGIC_LEN 6

/* What stands in the header's dictionary. */
typedef struct header {
    char descr[16];
    bool is_fortran, has_descr, has_order, has_shape;
    mye_array array;
} header;

/* Position in the header's text; it never passes `end`. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_space(cursor *c)
{
    while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
        c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    const size_t n = strlen(word);

    skip_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

/* A text in single or double quotes, shorter than `size`. */
static bool take_string(cursor *c, char *out, size_t size)
{
    size_t n = 0;
    char quote;

    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    quote = *c->at++;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (n + 1 >= size)
            return false;
        out[n++] = *c->at;
    }
    out[n] = '\0';
    return c->at++ < c->end;
}

static bool take_number(cursor *c, int64_t *out)
{
    const char *start;

    skip_space(c);
    start = c->at;
    for (*out = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, *c->at - '0', out))
            return false;
    return c->at > start;
}

/* "()", "(3,)", "(3, 4)" or "(3, 4,)". */
static bool take_shape(cursor *c, mye_array *array)
{
    if (!take(c, '('))
        return false;
    while (!take(c, ')')) {
        if (array->rank == MYE_ARRAY_RANK || !take_number(c, &array->dim[array->rank]))
            return false;
        array->rank++;
        if (!take(c, ','))
            return take(c, ')');
    }
    return true;
}

static bool take_pair(cursor *c, header *h)
{
    char key[16];

    if (!take_string(c, key, sizeof key) || !take(c, ':'))
        return false;
    if (strcmp(key, "descr") == 0 && !h->has_descr)
        return h->has_descr = take_string(c, h->descr, sizeof h->descr);
    if (strcmp(key, "fortran_order") == 0 && !h->has_order) {
        h->has_order = true;
        h->is_fortran = take_word(c, "True");
        return h->is_fortran || take_word(c, "False");
    }
    if (strcmp(key, "shape") == 0 && !h->has_shape)
        return h->has_shape = take_shape(c, &h->array);
    return false;
}

static bool take_header(cursor *c, header *h)
{
    if (!take(c, '{'))
        return false;
    while (!take(c, '}')) {
        if (!take_pair(c, h))
            return false;
        if (!take(c, ',')) {
            if (!take(c, '}'))
                return false;
            break;
        }
    }
    skip_space(c);
    return c->at == c->end && h->has_descr && h->has_order && h->has_shape;
}

/* Finds the header's text in the file. */
static mye_status find_header(const char *name, const unsigned char *p, size_t bytes, cursor *out,
                              mye_error *err)
{
    size_t start, length;

    if (bytes < MAGIC_LEN + 4 || memcmp(p, MAGIC, MAGIC_LEN) != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected an NPY file (\\x93NUMPY), got %zu other bytes", name, bytes);
    if (p[6] < 1 || p[6] > 3)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: expected NPY version 1 to 3, got %d.%d",
                        name, p[6], p[7]);
    start = p[6] == 1 ? 10 : 12;
    if (bytes < start)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: the file ends inside its header", name);
    length = p[8] | (size_t)p[9] << 8;
    if (p[6] > 1)
        length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (length > bytes - start)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected a header of %zu bytes, got %zu", name,
                        length, bytes - start);
    out->at = (const char *)p + start;
    out->end = out->at + length;
    return MYE_OK;
}

/* "<f4", ">i8", "|u1", "=f8": a byte order and a code. */
static mye_status find_type(const char *name, header *h, bool *is_swapped, mye_error *err)
{
    const char order = h->descr[0];

    h->array.type = order ? mye_array_type_find(h->descr + 1) : NULL;
    if (!h->array.type || !strchr("<>|=", order))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: values of type '%s' cannot be read, only u1 to u8, i1 to i8, f4, f8",
                        name, h->descr);
    *is_swapped = order == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
    return MYE_OK;
}

mye_status mye_npy_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                         mye_array *out, mye_error *err)
{
    header h = {.is_fortran = false};
    cursor c = {NULL, NULL};
    size_t want = 0, got;
    bool is_swapped = false;

    memset(out, 0, sizeof *out);
    MYE_TRY(find_header(name, data, bytes, &c, err));
    got = bytes - (size_t)(c.end - (const char *)data);
    if (!take_header(&c, &h))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: its header is not the dictionary of one array of rank 0 to %d", name,
                        MYE_ARRAY_RANK);
    MYE_TRY(find_type(name, &h, &is_swapped, err));
    if (!mye_array_measure(&h.array, &want))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: its shape is larger than any memory", name);
    if (want != got)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected %zu bytes of values, got %zu", name,
                        want, got);
    h.array.data = mye_alloc(ctx, want);
    if (!h.array.data)
        return mye_no_memory(err, want, name);
    memcpy(h.array.data, (const char *)data + (bytes - got), want);
    if (is_swapped)
        mye_array_swap(&h.array);
    *out = h.array;
    if (h.is_fortran && mye_array_from_fortran(ctx, out, err) != MYE_OK) {
        mye_array_free(ctx, out);
        return MYE_ERR_NOMEM;
    }
    return MYE_OK;
}

mye_status mye_npy_read(mye_context *ctx, const char *path, mye_array *out, mye_error *err)
{
    void *data = NULL;
    size_t bytes = 0;
    mye_status st;

    memset(out, 0, sizeof *out);
    MYE_TRY(mye_file_read(ctx, path, MYE_DATA_FILE_MAX, &data, &bytes, err));
    st = mye_npy_parse(ctx, path, data, bytes, out, err);
    mye_free(ctx, data);
    return st;
}

mye_status mye_npy_write(mye_context *ctx, const char *path, const mye_array_type *type, int rank,
                         const int64_t *dim, const void *data, mye_error *err)
{
    char head[384];
    mye_array array = {.type = type, .rank = rank};
    mye_file *file = NULL;
    size_t bytes = 0;
    int n = 10;

    for (int k = 0; k < rank && rank <= MYE_ARRAY_RANK; k++)
        array.dim[k] = dim[k];
    if (rank < 0 || rank > MYE_ARRAY_RANK || !mye_array_measure(&array, &bytes))
        return mye_fail(err, MYE_ERR_SHAPE, "%s: an array of rank %d cannot be written", path,
                        rank);
    n += snprintf(head + n, sizeof head - (size_t)n,
                  "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                  type->size > 1 ? '<' : '|', type->code);
    for (int k = 0; k < rank; k++)
        n += snprintf(head + n, sizeof head - (size_t)n, "%lld,%s", (long long)dim[k],
                      k + 1 < rank ? " " : "");
    n += snprintf(head + n, sizeof head - (size_t)n, "), }");
    /* Spaces up to a multiple of 64 with the closing newline: the values are aligned. */
    while (n % 64 != 63)
        head[n++] = ' ';
    head[n++] = '\n';
    memcpy(head, MAGIC "\x01", MAGIC_LEN + 2);
    head[8] = (char)((n - 10) & 0xff);
    head[9] = (char)((n - 10) >> 8);
    MYE_TRY(mye_file_create(ctx, path, &file, err));
    mye_status st = mye_file_write(file, head, (size_t)n, err);
    if (st == MYE_OK && bytes > 0)
        st = mye_file_write(file, data, bytes, err);
    if (st == MYE_OK)
        return mye_file_commit(file, err);
    mye_file_abandon(file);
    return st;
}
