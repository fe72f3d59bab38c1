/*
 * Any bytes as a safetensors file. What is accepted must cover its data without gaps, and every
 * tensor must be readable.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint64_t read_tensor(const mye_st *st, const mye_st_tensor *t)
{
    mye_error err;
    const bool is_float = t->dtype == MYE_DTYPE_F32 || t->dtype == MYE_DTYPE_F64 ||
                          t->dtype == MYE_DTYPE_F16 || t->dtype == MYE_DTYPE_BF16;
    /* Blocks of exactly the size that is needed, so that a sanitizer sees one byte too many. */
    float *values = malloc((size_t)t->count * sizeof *values + 1);
    unsigned char *bytes = malloc((size_t)t->bytes + 1);
    must(values && bytes);
    const mye_status status =
        is_float ? mye_st_read_floats(st, t, values, &err) : MYE_ERR_UNSUPPORTED;
    must(status == (is_float ? MYE_OK : MYE_ERR_UNSUPPORTED));
    must(mye_st_read_raw(st, t, t->dtype, t->count, bytes, &err) == MYE_OK);
    free(values);
    free(bytes);
    return t->bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_st *st;
    mye_error err;
    uint64_t bytes = 0;
    if (mye_st_open_memory(NULL, "fuzz", data, size, &st, &err) != MYE_OK)
        return 0;
    for (int i = 0; i < mye_st_count(st); i++) {
        const mye_st_tensor *t = mye_st_at(st, i);
        must(t->offset == bytes);
        must(mye_st_find(st, t->name) == t);
        bytes += read_tensor(st, t);
    }
    must(bytes <= size);
    mye_st_close(st);
    return 0;
}
