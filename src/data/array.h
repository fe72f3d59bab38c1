/*
 * Arrays read from files (IDX, NPY, NPZ): one owned block in C order and the machine's byte order.
 * The parsers work on memory, so that tests and fuzzers reach them without files; they treat every
 * byte as hostile: sizes are multiplied with overflow checks and bounded by the bytes that are there.
 */
#ifndef MYE_ARRAY_H
#define MYE_ARRAY_H

#include "base/base.h"

#define MYE_ARRAY_RANK 8

typedef struct mye_array_type {
    const char *code;       /* as NPY writes it without byte order: "u1", "f4"      */
    size_t size;            /* bytes of one element                                 */
    unsigned char idx_code; /* type byte of an IDX file, 0: IDX has none            */
    bool is_integer;
    double (*get)(const void *data, size_t i);
} mye_array_type;

typedef struct mye_array {
    const mye_array_type *type;
    int rank;
    int64_t dim[MYE_ARRAY_RANK];
    size_t count; /* product of the dimensions; 1 for rank 0 */
    void *data;   /* count * type->size bytes, 64-byte aligned, owned */
} mye_array;

/* Type of a code as in the tables above, or NULL. */
const mye_array_type *mye_array_type_find(const char *code);
const mye_array_type *mye_array_type_idx(unsigned char idx_code);
/* Elements of a shape, and their bytes at `size` each; false when a dimension is negative or the
 * bytes overflow. */
bool mye_shape_measure(int rank, const int64_t *dim, size_t size, size_t *count, size_t *bytes);
/* Fills count from rank and dim; false when a dimension is negative or the bytes overflow. */
bool mye_array_measure(mye_array *array, size_t *bytes);
/* Reverses the bytes of every element: big-endian files. */
void mye_array_swap(mye_array *array);
/* Copies values stored in Fortran order into C order. */
mye_status mye_array_from_fortran(mye_context *ctx, mye_array *array, mye_error *err);
void mye_array_free(mye_context *ctx, mye_array *array);

/* a * b into *out; false on overflow. */
bool mye_size_mul(size_t a, size_t b, size_t *out);

#endif
