/*
 * Safetensors: named tensors in one file, as other programs read and write them.
 *
 *   8 bytes         length N of the header, little-endian
 *   N bytes         JSON: {"name": {"dtype": "F32", "shape": [..], "data_offsets": [from, to]}, ..,
 *                          "__metadata__": {"key": "text", ..}}
 *   rest            the tensors, without gaps or overlap
 *
 * Files that we write carry the CRC-32C of the data in __metadata__ ("crc32c"); it is checked where
 * it is present. Everything that is read is taken as hostile. Written files are atomic: a crash
 * leaves the old file whole.
 */
#ifndef MYE_SAFETENSORS_H
#define MYE_SAFETENSORS_H

#include "base/base.h"

#define MYE_ST_MAX_RANK 8
/* The format's own limit on the header. */
#define MYE_ST_MAX_HEADER 100000000u

#define MYE_DTYPE_LIST(X) \
    X(BOOL, 1)            \
    X(U8, 1)              \
    X(I8, 1)              \
    X(F8_E5M2, 1)         \
    X(F8_E4M3, 1)         \
    X(I16, 2)             \
    X(U16, 2)             \
    X(F16, 2)             \
    X(BF16, 2)            \
    X(I32, 4)             \
    X(U32, 4)             \
    X(F32, 4)             \
    X(F64, 8)             \
    X(I64, 8)             \
    X(U64, 8)

typedef enum mye_dtype {
#define X(name, size) MYE_DTYPE_##name,
    MYE_DTYPE_LIST(X)
#undef X
        MYE_DTYPE_COUNT
} mye_dtype;

const char *mye_dtype_name(mye_dtype type);
size_t mye_dtype_size(mye_dtype type);
/* One value of F64, F16 or BF16. */
float mye_dtype_to_float(mye_dtype type, const unsigned char *at);

typedef struct mye_st_tensor {
    const char *name;
    mye_dtype dtype;
    int rank;
    int64_t dim[MYE_ST_MAX_RANK];
    int64_t count;
    uint64_t offset, bytes; /* in the data */
} mye_st_tensor;

/* ---- reading (safetensors_read.c) ---- */

typedef struct mye_st mye_st;

/* Reads and checks the header, and the data's CRC where there is one. The file stays open. */
mye_status mye_st_open(mye_context *ctx, const char *path, mye_st **out, mye_error *err);
/* The same from memory, which must outlive the handle. `source` names it in messages. */
mye_status mye_st_open_memory(mye_context *ctx, const char *source, const void *data, size_t bytes,
                              mye_st **out, mye_error *err);
void mye_st_close(mye_st *st);

int mye_st_count(const mye_st *st);
const mye_st_tensor *mye_st_at(const mye_st *st, int i);              /* in the order of the data */
const mye_st_tensor *mye_st_find(const mye_st *st, const char *name); /* or NULL */
const char *mye_st_meta(const mye_st *st, const char *key);           /* or NULL */
const char *mye_st_source(const mye_st *st);
/* Values as floats, from F32, F64, F16 and BF16; other types are refused. out: [count]. */
mye_status mye_st_read_floats(const mye_st *st, const mye_st_tensor *tensor, float *out,
                              mye_error *err);
/* Bytes as they are; the tensor must be of that type and have `count` values. */
mye_status mye_st_read_raw(const mye_st *st, const mye_st_tensor *tensor, mye_dtype type,
                           int64_t count, void *out, mye_error *err);

/* ---- writing (safetensors_write.c) ---- */

typedef struct mye_st_item {
    const char *name;
    mye_dtype dtype;
    int rank;
    int64_t dim[MYE_ST_MAX_RANK];
    const void *data;
    /* Writes what is stored of `data` to out, as many bytes; NULL: data is stored as it is. */
    void (*convert)(const void *self, const void *data, void *out);
    const void *self;
} mye_st_item;

typedef struct mye_st_pair {
    const char *key, *value;
} mye_st_pair;

/* Items that are converted need scratch as large as the largest of them; NULL: it is allocated.
 * The bytes written depend on the arguments only. */
mye_status mye_st_write(mye_context *ctx, const char *path, const mye_st_item *item, int n,
                        const mye_st_pair *meta, int n_meta, void *scratch, mye_error *err);

#endif
