/* Reading the HDF5 file of SHD. */
#include "data/shd_file.h"

void mye_shd_free(mye_shd *shd)
{
    if (!shd->ctx)
        return;
    mye_free(shd->ctx, shd->label);
    mye_free(shd->ctx, shd->start);
    mye_free(shd->ctx, shd->time_s);
    mye_free(shd->ctx, shd->unit);
    *shd = (mye_shd){0};
}

size_t mye_shd_bytes(const mye_shd *shd)
{
    return (size_t)shd->n * sizeof *shd->label + ((size_t)shd->n + 1) * sizeof *shd->start +
           shd->capacity * (sizeof *shd->time_s + sizeof *shd->unit);
}

#ifndef MYELIN_HAVE_HDF5

mye_status mye_shd_read(mye_context *ctx, const char *path, int64_t limit, mye_shd *out,
                        mye_error *err)
{
    MYE_UNUSED(limit);
    *out = (mye_shd){.ctx = ctx};
    mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build of Myelin reads no HDF5", path);
    return mye_hint(err, "install libhdf5-dev and build again");
}

#else

#include <hdf5.h>

typedef struct shd_file {
    hid_t file, times, units; /* below 0: not open */
    hid_t times_type, units_type;
} shd_file;

static mye_status wrong(const char *path, const char *what, mye_error *err)
{
    return mye_fail(err, MYE_ERR_FORMAT, "%s: %s", path, what);
}

/* Length of a one-dimensional array; -1: it is none. */
static int64_t length_of(hid_t array)
{
    const hid_t space = H5Dget_space(array);
    hsize_t n = 0;
    const bool ok = space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
                    H5Sget_simple_extent_dims(space, &n, NULL) == 1;

    if (space >= 0)
        H5Sclose(space);
    return ok && n <= INT32_MAX ? (int64_t)n : -1;
}

static mye_status read_labels(const shd_file *f, const char *path, mye_shd *out, mye_error *err)
{
    const hid_t array = H5Dopen2(f->file, "/labels", H5P_DEFAULT);
    mye_status st = MYE_OK;

    if (array < 0)
        return wrong(path, "it has no array /labels", err);
    out->n = length_of(array);
    if (out->n < 1 || length_of(f->times) != out->n || length_of(f->units) != out->n)
        st = wrong(path, "labels, spikes/times and spikes/units must be lists of one length", err);
    if (st == MYE_OK) {
        out->label = mye_alloc_array(out->ctx, (size_t)out->n, sizeof *out->label);
        out->start = mye_alloc_array(out->ctx, (size_t)out->n + 1, sizeof *out->start);
        if (!out->label || !out->start)
            st = mye_no_memory(err, (size_t)out->n * sizeof *out->start, "samples");
        else if (H5Dread(array, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->label) < 0)
            st = wrong(path, "its labels cannot be read as whole numbers", err);
    }
    H5Dclose(array);
    return st;
}

/* Row i of an array of lists; *out is then libhdf5's until H5Dvlen_reclaim. */
static bool read_row(hid_t array, hid_t type, int64_t i, hid_t one, hvl_t *out)
{
    const hsize_t at = (hsize_t)i, count = 1;
    const hid_t space = H5Dget_space(array);
    const bool ok = space >= 0 &&
                    H5Sselect_hyperslab(space, H5S_SELECT_SET, &at, NULL, &count, NULL) >= 0 &&
                    H5Dread(array, type, one, space, H5P_DEFAULT, out) >= 0;

    if (space >= 0)
        H5Sclose(space);
    return ok;
}

static mye_status reserve(mye_shd *out, size_t more, mye_error *err)
{
    const size_t n = out->start[out->n], wanted = n + more;

    if (wanted <= out->capacity)
        return MYE_OK;
    const size_t capacity = wanted > 2 * out->capacity ? wanted : 2 * out->capacity;
    float *time_s = mye_grow(out->ctx, out->time_s, n * sizeof *time_s, capacity * sizeof *time_s);
    if (time_s)
        out->time_s = time_s;
    uint16_t *unit =
        time_s ? mye_grow(out->ctx, out->unit, n * sizeof *unit, capacity * sizeof *unit) : NULL;
    if (!unit)
        return mye_no_memory(err, capacity * (sizeof *unit + sizeof *time_s), "spikes");
    out->unit = unit;
    out->capacity = capacity;
    return MYE_OK;
}

/* Appends sample i; out->start[out->n] is the number of spikes so far. */
static mye_status add_sample(const char *path, int64_t i, const hvl_t *times, const hvl_t *units,
                             mye_shd *out, mye_error *err)
{
    const size_t from = out->start[out->n];

    if (times->len != units->len)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: sample %lld has %zu times and %zu units", path,
                        (long long)i, times->len, units->len);
    MYE_TRY(reserve(out, times->len, err));
    for (size_t k = 0; k < times->len; k++) {
        out->time_s[from + k] = ((const float *)times->p)[k];
        out->unit[from + k] = ((const uint16_t *)units->p)[k];
    }
    out->n++;
    out->start[out->n] = from + times->len;
    return MYE_OK;
}

static mye_status read_samples(const shd_file *f, const char *path, int64_t n, hid_t one,
                               mye_shd *out, mye_error *err)
{
    mye_status st = MYE_OK;

    out->n = 0;
    for (int64_t i = 0; i < n && st == MYE_OK; i++) {
        hvl_t times = {0, NULL}, units = {0, NULL};
        if (mye_context_cancelled(out->ctx))
            st = mye_fail(err, MYE_ERR_CANCELLED, "reading of spikes was stopped");
        else if (!read_row(f->times, f->times_type, i, one, &times) ||
                 !read_row(f->units, f->units_type, i, one, &units))
            st = mye_fail(err, MYE_ERR_FORMAT, "%s: the spikes of sample %lld cannot be read", path,
                          (long long)i);
        else
            st = add_sample(path, i, &times, &units, out, err);
        H5Dvlen_reclaim(f->times_type, one, H5P_DEFAULT, &times);
        H5Dvlen_reclaim(f->units_type, one, H5P_DEFAULT, &units);
    }
    return st;
}

static mye_status read_file(shd_file *f, const char *path, int64_t limit, mye_shd *out,
                            mye_error *err)
{
    const hsize_t count = 1;

    f->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (f->file < 0)
        return wrong(path, "it is no HDF5 file, or is damaged", err);
    f->times = H5Dopen2(f->file, "/spikes/times", H5P_DEFAULT);
    f->units = H5Dopen2(f->file, "/spikes/units", H5P_DEFAULT);
    if (f->times < 0 || f->units < 0)
        return wrong(path, "it has no arrays /spikes/times and /spikes/units", err);
    f->times_type = H5Tvlen_create(H5T_NATIVE_FLOAT);
    f->units_type = H5Tvlen_create(H5T_NATIVE_UINT16);
    MYE_TRY(read_labels(f, path, out, err));
    const hid_t one = H5Screate_simple(1, &count, NULL);
    const int64_t n = limit > 0 && limit < out->n ? limit : out->n;
    const mye_status st = read_samples(f, path, n, one, out, err);
    H5Sclose(one);
    return st;
}

mye_status mye_shd_read(mye_context *ctx, const char *path, int64_t limit, mye_shd *out,
                        mye_error *err)
{
    shd_file f = {-1, -1, -1, -1, -1};
    H5E_auto2_t print = NULL;
    void *print_to = NULL;

    /* Errors are told by our own sentences, not printed by libhdf5. */
    H5Eget_auto2(H5E_DEFAULT, &print, &print_to);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    *out = (mye_shd){.ctx = ctx};
    const mye_status st = read_file(&f, path, limit, out, err);
    if (f.times_type >= 0)
        H5Tclose(f.times_type);
    if (f.units_type >= 0)
        H5Tclose(f.units_type);
    if (f.times >= 0)
        H5Dclose(f.times);
    if (f.units >= 0)
        H5Dclose(f.units);
    if (f.file >= 0)
        H5Fclose(f.file);
    H5Eset_auto2(H5E_DEFAULT, print, print_to);
    return st;
}

#endif
