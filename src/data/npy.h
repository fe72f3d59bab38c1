/*
 * NPY, the array file of NumPy (format 1 to 3), and NPZ, a zip archive of them.
 * Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * Read: u1..u8, i1..i8, f4, f8 of either byte order, C or Fortran order, rank 0 to 8; the result is
 * always in C order. Written: version 1.0, little endian, C order.
 */
#ifndef MYE_NPY_H
#define MYE_NPY_H

#include "data/array.h"

/* Parses a whole file in memory; `name` is for messages. Free *out with mye_array_free. */
mye_status mye_npy_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                         mye_array *out, mye_error *err);
mye_status mye_npy_read(mye_context *ctx, const char *path, mye_array *out, mye_error *err);
/* Writes an array of the given type; the file appears whole or not at all. */
mye_status mye_npy_write(mye_context *ctx, const char *path, const mye_array_type *type, int rank,
                         const int64_t *dim, const void *data, mye_error *err);

/* An NPZ archive in memory. */
typedef struct mye_npz {
    mye_context *ctx;
    const char *name; /* for messages; the caller's */
    const unsigned char *data;
    size_t bytes;
    size_t directory, directory_bytes; /* place of the central directory */
    int n;                             /* entries */
} mye_npz;

/* Finds the directory of an archive. `data` and `name` must outlive *out, which owns nothing. */
mye_status mye_npz_open(mye_context *ctx, const char *name, const void *data, size_t bytes,
                        mye_npz *out, mye_error *err);
/* The array called `array` (file ARRAY.npy). An unknown name lists those that are there. */
mye_status mye_npz_array(const mye_npz *npz, const char *array, mye_array *out, mye_error *err);
/* Name of entry k without .npy, as far as it fits; false past the end or when damaged. */
bool mye_npz_name(const mye_npz *npz, int k, char *out, size_t size);

#endif
