/*
 * NPY, the array file of NumPy (format 1 to 3), and NPZ, a zip archive of them.
 * Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * Read: u1..u8, i1..i8, f4, f8 of either byte order, C or Fortran order, rank 0 to 8; the result is
 * always in C order. So are records of such numbers, with gaps between them or none. Written:
 * version 1.0, the machine's byte order, C order.
 */
#ifndef MYE_NPY_H
#define MYE_NPY_H

#include "data/array.h"

#define MYE_NPY_FIELDS 16  /* of a record           */
#define MYE_NPY_HEAD   768 /* bytes of what we write */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MYE_NPY_ORDER "<"
#else
#define MYE_NPY_ORDER ">"
#endif

/* Where a number stands in a record. */
typedef struct mye_npy_field {
    char name[64]; /* "": the value of a plain array, which is its only field */
    const mye_array_type *type;
    size_t offset;
    bool is_swapped;
} mye_npy_field;

/* A file in memory, looked at: its values stay where they are, in the file's order. */
typedef struct mye_npy {
    const char *name; /* for messages; the caller's */
    int rank, n_fields;
    int64_t dim[MYE_ARRAY_RANK];
    bool is_fortran;
    mye_npy_field field[MYE_NPY_FIELDS];
    size_t count, record; /* records; bytes of one */
    const unsigned char *data;
} mye_npy;

/* Reads the header and compares it with the bytes that are there. `data` and `name` must outlive *out,
 * which owns nothing. */
mye_status mye_npy_open(const char *name, const void *data, size_t bytes, mye_npy *out,
                        mye_error *err);
/* Number of a field, -1: there is none of this name. */
int mye_npy_find(const mye_npy *npy, const char *field);
/* A field of record i, 0 .. count - 1. */
double mye_npy_get(const mye_npy *npy, int field, size_t i);

/* Parses a whole file in memory; `name` is for messages. Free *out with mye_array_free. */
mye_status mye_npy_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                         mye_array *out, mye_error *err);
mye_status mye_npy_read(mye_context *ctx, const char *path, mye_array *out, mye_error *err);

/* What is written: values in C order and the machine's byte order. */
typedef struct mye_npy_values {
    const char *descr; /* as it stands in the header: "'<f4'", "[('t', '<f8'), ('unit', '<i4')]" */
    size_t size;       /* bytes of one value */
    int rank;
    int64_t dim[MYE_ARRAY_RANK];
    const void *data;
} mye_npy_values;

/* What stands before the values in a file; descr has at most 400 bytes. */
mye_status mye_npy_head(const char *name, const mye_npy_values *values, char out[MYE_NPY_HEAD],
                        size_t *bytes, size_t *data_bytes, mye_error *err);
/* The file appears whole or not at all. */
mye_status mye_npy_write_values(mye_context *ctx, const char *path, const mye_npy_values *values,
                                mye_error *err);
/* The same for an array of the given type. */
mye_status mye_npy_write(mye_context *ctx, const char *path, const mye_array_type *type, int rank,
                         const int64_t *dim, const void *data, mye_error *err);

/* An NPZ archive in memory (npz.c). */
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
/* The file behind an array: its bytes are those of the archive, or, where it was packed, *owned, which
 * the caller frees (else NULL). */
mye_status mye_npz_file(const mye_npz *npz, const char *array, const void **data, size_t *bytes,
                        void **owned, mye_error *err);
/* Is there an array of this name? */
bool mye_npz_has(const mye_npz *npz, const char *array);
/* Name of entry k without .npy, as far as it fits; false past the end or when damaged. */
bool mye_npz_name(const mye_npz *npz, int k, char *out, size_t size);

/* An archive that is written (npz_write.c): arrays one after the other, not packed, at most 4 GiB. */
typedef struct mye_npz_writer mye_npz_writer;
mye_status mye_npz_create(mye_context *ctx, const char *path, mye_npz_writer **out, mye_error *err);
mye_status mye_npz_add(mye_npz_writer *writer, const char *array, const mye_npy_values *values,
                       mye_error *err);
/* The file appears whole or not at all. Frees in any case. */
mye_status mye_npz_commit(mye_npz_writer *writer, mye_error *err);
void mye_npz_abandon(mye_npz_writer *writer); /* NULL is fine */

#endif
