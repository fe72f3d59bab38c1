/*
 * Any bytes as a safetensors file: the tensors cover the data without gaps, every one is read, as
 * numbers and as bytes, and what a checkpoint says of itself.
 */
#include <stdlib.h>

#include "io/safetensors.h"
#include "limited.h"
#include "train/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tensor(mye_context *ctx, const mye_st *st, const mye_st_tensor *t)
{
    mye_error err;
    float *values = mye_alloc_array(ctx, (size_t)t->count, sizeof *values);
    unsigned char *raw = mye_alloc(ctx, t->bytes);
    if (mye_st_find(st, t->name) != t)
        abort();
    if (values != NULL)
        (void)mye_st_read_floats(st, t, values, &err);
    if (raw != NULL && mye_st_read_raw(st, t, t->dtype, t->count, raw, &err) != MYE_OK)
        abort();
    mye_free(ctx, values);
    mye_free(ctx, raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_context *ctx = limited_context();
    mye_st *st = NULL;
    mye_error err = {0};
    mye_config config;
    mye_checkpoint_input input;
    if (mye_st_open_memory(ctx, "fuzz", data, size, &st, &err) == MYE_OK) {
        uint64_t end = 0;
        for (int i = 0; i < mye_st_count(st); i++) {
            if (mye_st_at(st, i)->offset != end)
                abort();
            end += mye_st_at(st, i)->bytes;
            read_tensor(ctx, st, mye_st_at(st, i));
        }
        if (end > size)
            abort();
        if (mye_config_default(&config, &err) == MYE_OK)
            (void)mye_checkpoint_describe(ctx, st, &config, &input, &err);
        mye_st_close(st);
    } else if (err.message[0] == '\0') {
        abort();
    }
    limited_free(ctx);
    return 0;
}
