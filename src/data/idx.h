/*
 * IDX, the format of MNIST: two zero bytes, a type byte, the rank, big-endian 32-bit dimensions,
 * then the values; plain or gzip compressed. Source: http://yann.lecun.com/exdb/mnist/
 */
#ifndef MYE_IDX_H
#define MYE_IDX_H

#include "data/array.h"

/* Parses a whole file in memory; `name` is for messages. Free *out with mye_array_free. */
mye_status mye_idx_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                         mye_array *out, mye_error *err);
/* Reads PATH. */
mye_status mye_idx_read(mye_context *ctx, const char *path, mye_array *out, mye_error *err);

#endif
