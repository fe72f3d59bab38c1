/* NPY reader and writer. */
#include <string.h>

#include "data/files.h"
#include "data/npy.h"

/* "t, unit" of records. */
static mye_status refuse_records(const mye_npy *npy, mye_error *err)
{
    char list[200] = "";
    size_t used = 0;

    for (int k = 0; k < npy->n_fields && used < sizeof list; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", k > 0 ? ", " : "",
                                 npy->field[k].name);
    return mye_fail(err, MYE_ERR_FORMAT,
                    "%s: expected an array of numbers, got records of the fields %s", npy->name,
                    list);
}

mye_status mye_npy_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                         mye_array *out, mye_error *err)
{
    mye_npy npy;
    size_t size;

    memset(out, 0, sizeof *out);
    MYE_TRY(mye_npy_open(name, data, bytes, &npy, err));
    if (npy.field[0].name[0])
        return refuse_records(&npy, err);
    size = npy.count * npy.record;
    out->data = mye_alloc(ctx, size);
    if (!out->data)
        return mye_no_memory(err, size, name);
    memcpy(out->data, npy.data, size);
    out->type = npy.field[0].type;
    out->rank = npy.rank;
    out->count = npy.count;
    memcpy(out->dim, npy.dim, sizeof out->dim);
    if (npy.field[0].is_swapped)
        mye_array_swap(out);
    if (npy.is_fortran && mye_array_from_fortran(ctx, out, err) != MYE_OK) {
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

mye_status mye_npy_head(const char *name, const mye_npy_values *values, char out[MYE_NPY_HEAD],
                        size_t *bytes, size_t *data_bytes, mye_error *err)
{
    size_t n = 10, count;

    if (values->rank < 0 || values->rank > MYE_ARRAY_RANK ||
        !mye_shape_measure(values->rank, values->dim, values->size, &count, data_bytes))
        return mye_fail(err, MYE_ERR_SHAPE, "%s: an array of rank %d cannot be written", name,
                        values->rank);
    n += (size_t)snprintf(out + n, MYE_NPY_HEAD - n,
                          "{'descr': %s, 'fortran_order': False, 'shape': (", values->descr);
    for (int k = 0; k < values->rank; k++)
        n += (size_t)snprintf(out + n, MYE_NPY_HEAD - n, "%lld,%s", (long long)values->dim[k],
                              k + 1 < values->rank ? " " : "");
    n += (size_t)snprintf(out + n, MYE_NPY_HEAD - n, "), }");
    /* Spaces up to a multiple of 64 with the closing newline: the values are aligned. */
    while (n % 64 != 63)
        out[n++] = ' ';
    out[n++] = '\n';
    memcpy(out, "\x93NUMPY\x01", 8); /* and a zero: version 1.0 */
    out[8] = (char)((n - 10) & 0xff);
    out[9] = (char)((n - 10) >> 8);
    *bytes = n;
    return MYE_OK;
}

mye_status mye_npy_write_values(mye_context *ctx, const char *path, const mye_npy_values *values,
                                mye_error *err)
{
    char head[MYE_NPY_HEAD];
    mye_file *file = NULL;
    size_t n, bytes;

    MYE_TRY(mye_npy_head(path, values, head, &n, &bytes, err));
    MYE_TRY(mye_file_create(ctx, path, &file, err));
    mye_status st = mye_file_write(file, head, n, err);
    if (st == MYE_OK && bytes > 0)
        st = mye_file_write(file, values->data, bytes, err);
    if (st == MYE_OK)
        return mye_file_commit(file, err);
    mye_file_abandon(file);
    return st;
}

mye_status mye_npy_write(mye_context *ctx, const char *path, const mye_array_type *type, int rank,
                         const int64_t *dim, const void *data, mye_error *err)
{
    char descr[16];
    mye_npy_values values = {.descr = descr, .size = type->size, .rank = rank, .data = data};

    snprintf(descr, sizeof descr, "'%s%s'", type->size > 1 ? MYE_NPY_ORDER : "|", type->code);
    for (int k = 0; k < rank && k < MYE_ARRAY_RANK; k++)
        values.dim[k] = dim[k];
    return mye_npy_write_values(ctx, path, &values, err);
}
