/* Images held in memory. */
#include <string.h>

#include "data/images.h"

#define SIDE_MAX  65536
#define IMAGE_MAX ((size_t)1 << 28)

mye_images *mye_images_create(mye_context *ctx, const char *path)
{
    mye_images *set = mye_alloc(ctx, sizeof *set);

    if (!set)
        return NULL;
    set->ctx = ctx;
    set->path = mye_strdup(ctx, path);
    set->held_bytes = sizeof *set + strlen(path) + 1;
    for (int k = 0; k < 256; k++)
        set->table[k] = (float)(k / 255.0);
    if (set->path)
        return set;
    mye_images_close(ctx, set);
    return NULL;
}

mye_status mye_images_shape(mye_images *set, const char *name, int64_t n, int64_t H, int64_t W,
                            int64_t C, mye_error *err)
{
    size_t size, total;

    if (n < 1)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: it holds no sample", name);
    if (H < 1 || W < 1 || C < 1 || H > SIDE_MAX || W > SIDE_MAX * 16 || C > SIDE_MAX ||
        !mye_size_mul((size_t)(H * W), (size_t)C, &size) || size > IMAGE_MAX ||
        !mye_size_mul(size, (size_t)n, &total) || (uint64_t)n > PTRDIFF_MAX / sizeof(int32_t))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: images of %lldx%lldx%lld cannot be used", name,
                        (long long)H, (long long)W, (long long)C);
    set->n = n;
    set->H = (int)H;
    set->W = (int)W;
    set->C = (int)C;
    set->image_size = size;
    set->label = mye_alloc_array(set->ctx, (size_t)n, sizeof *set->label);
    if (!set->label)
        return mye_no_memory(err, (size_t)n * sizeof *set->label, name);
    set->held_bytes += (size_t)n * sizeof *set->label;
    return MYE_OK;
}

mye_status mye_images_reserve(mye_images *set, const char *name, int64_t n, int64_t H, int64_t W,
                              int64_t C, mye_error *err)
{
    MYE_TRY(mye_images_shape(set, name, n, H, W, C, err));
    const size_t total = (size_t)n * set->image_size;
    set->bytes = mye_alloc(set->ctx, total);
    if (!set->bytes)
        return mye_no_memory(err, total, name);
    set->held_bytes += total;
    return MYE_OK;
}

void mye_images_describe(const mye_images *set, mye_dataset_info *info, size_t *bytes)
{
    info->path = set->path;
    info->n = set->n;
    info->frames = set->frames;
    info->C = set->C;
    info->H = set->H;
    info->W = set->W;
    info->classes = set->classes;
    *bytes = set->held_bytes;
}

mye_status mye_images_read(const void *self, int64_t i, float *pixels, int *label, mye_error *err)
{
    const mye_images *set = self;
    const size_t start = (size_t)i * set->image_size;

    MYE_UNUSED(err);
    if (set->bytes)
        for (size_t k = 0; k < set->image_size; k++)
            pixels[k] = set->table[set->bytes[start + k]];
    else
        memcpy(pixels, set->values + start, set->image_size * sizeof *pixels);
    *label = set->label[i];
    return MYE_OK;
}

void mye_images_close(mye_context *ctx, void *self)
{
    mye_images *set = self;

    if (!set)
        return;
    mye_free(ctx, set->path);
    mye_free(ctx, set->bytes);
    mye_free(ctx, set->values);
    mye_free(ctx, set->label);
    mye_free(ctx, set);
}
