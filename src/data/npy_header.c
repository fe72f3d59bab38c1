/* The header of an NPY file: a dictionary as Python writes it. */
#include <string.h>

#include "data/npy.h"

#define MAGIC     "\x93NUMPY"
#define MAGIC_LEN 6

/* What stands in the header's dictionary. */
typedef struct header {
    mye_npy *npy;
    char odd_type[32]; /* the first type that no number has; "" = none */
    char odd_name[32]; /* its field                                    */
    bool has_descr, has_order, has_shape;
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
static bool take_shape(cursor *c, mye_npy *npy)
{
    if (!take(c, '('))
        return false;
    while (!take(c, ')')) {
        if (npy->rank == MYE_ARRAY_RANK || !take_number(c, &npy->dim[npy->rank]))
            return false;
        npy->rank++;
        if (!take(c, ','))
            return take(c, ')');
    }
    return true;
}

/* Adds a field of type "<f4", ">i8", "|u1", "=f8": a byte order and a code. */
static bool add_field(header *h, const char *name, const char *type)
{
    mye_npy *npy = h->npy;
    mye_npy_field *f = &npy->field[npy->n_fields];

    if (npy->n_fields == MYE_NPY_FIELDS || mye_npy_find(npy, name) >= 0)
        return false;
    f->type = type[0] && strchr("<>|=", type[0]) ? mye_array_type_find(type + 1) : NULL;
    f->is_swapped = type[0] == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
    f->offset = npy->record;
    snprintf(f->name, sizeof f->name, "%s", name);
    npy->n_fields++;
    if (!f->type && !h->odd_type[0]) {
        snprintf(h->odd_type, sizeof h->odd_type, "%.31s", type[0] ? type : "?");
        snprintf(h->odd_name, sizeof h->odd_name, "%.31s", name);
    }
    return !__builtin_add_overflow(npy->record, f->type ? f->type->size : 1, &npy->record);
}

/* "|V4", which NumPy writes where a record has a gap. */
static bool add_gap(header *h, const char *type)
{
    cursor c = {type + 2, type + strlen(type)};
    int64_t bytes;

    return strncmp(type, "|V", 2) == 0 && take_number(&c, &bytes) && c.at == c.end &&
           !__builtin_add_overflow(h->npy->record, (size_t)bytes, &h->npy->record);
}

/* One field of a record: ('name', '<f4') or ('', '|V4'). */
static bool take_field(cursor *c, header *h)
{
    char name[sizeof h->npy->field->name], type[32];

    if (!take(c, '(') || !take_string(c, name, sizeof name) || !take(c, ',') ||
        !take_string(c, type, sizeof type))
        return false;
    take(c, ',');
    return take(c, ')') && (name[0] ? add_field(h, name, type) : add_gap(h, type));
}

/* The type of the values: '<f4', or a list of fields. */
static bool take_descr(cursor *c, header *h)
{
    char type[32];

    if (!take(c, '['))
        return take_string(c, type, sizeof type) && add_field(h, "", type);
    while (!take(c, ']')) {
        if (!take_field(c, h))
            return false;
        if (!take(c, ','))
            return take(c, ']') && h->npy->n_fields > 0;
    }
    return h->npy->n_fields > 0;
}

static bool take_pair(cursor *c, header *h)
{
    char key[16];

    if (!take_string(c, key, sizeof key) || !take(c, ':'))
        return false;
    if (strcmp(key, "descr") == 0 && !h->has_descr)
        return h->has_descr = take_descr(c, h);
    if (strcmp(key, "fortran_order") == 0 && !h->has_order) {
        h->has_order = true;
        h->npy->is_fortran = take_word(c, "True");
        return h->npy->is_fortran || take_word(c, "False");
    }
    if (strcmp(key, "shape") == 0 && !h->has_shape)
        return h->has_shape = take_shape(c, h->npy);
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

static mye_status check_types(const char *name, const header *h, mye_error *err)
{
    if (!h->odd_type[0])
        return MYE_OK;
    return mye_fail(err, MYE_ERR_UNSUPPORTED,
                    "%s: %s%s%s of type '%s' cannot be read, only u1 to u8, i1 to i8, f4, f8", name,
                    h->odd_name[0] ? "field '" : "values", h->odd_name, h->odd_name[0] ? "'" : "",
                    h->odd_type);
}

mye_status mye_npy_open(const char *name, const void *data, size_t bytes, mye_npy *out,
                        mye_error *err)
{
    header h = {.npy = out};
    cursor c = {NULL, NULL};
    size_t want = 0, got;

    *out = (mye_npy){.name = name};
    MYE_TRY(find_header(name, data, bytes, &c, err));
    got = bytes - (size_t)(c.end - (const char *)data);
    if (!take_header(&c, &h))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: its header is not the dictionary of one array of rank 0 to %d, of "
                        "numbers or of records of at most %d numbers",
                        name, MYE_ARRAY_RANK, MYE_NPY_FIELDS);
    MYE_TRY(check_types(name, &h, err));
    if (!mye_shape_measure(out->rank, out->dim, out->record, &out->count, &want))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: its shape is larger than any memory", name);
    if (want != got)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected %zu bytes of values, got %zu", name,
                        want, got);
    out->data = (const unsigned char *)data + (bytes - got);
    return MYE_OK;
}

int mye_npy_find(const mye_npy *npy, const char *field)
{
    for (int k = 0; k < npy->n_fields; k++)
        if (strcmp(npy->field[k].name, field) == 0)
            return k;
    return -1;
}

double mye_npy_get(const mye_npy *npy, int field, size_t i)
{
    const mye_npy_field *f = &npy->field[field];
    const unsigned char *p = npy->data + i * npy->record + f->offset;
    unsigned char value[8];

    for (size_t k = 0; k < f->type->size; k++)
        value[k] = p[f->is_swapped ? f->type->size - 1 - k : k];
    return f->type->get(value, 0);
}
