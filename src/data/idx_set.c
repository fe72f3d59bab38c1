/* A split of images in two IDX files. */
#include "data/idx_set.h"
#include "data/files.h"
#include "data/idx.h"

static mye_status read_pair(mye_context *ctx, const char *image_path, const char *label_path,
                            const mye_images_plan *plan, mye_images *set, mye_error *err)
{
    mye_images_plan named = *plan;
    mye_array images, labels;
    mye_status st;

    MYE_TRY(mye_idx_read(ctx, image_path, &images, err));
    st = mye_idx_read(ctx, label_path, &labels, err);
    if (st != MYE_OK) {
        mye_array_free(ctx, &images);
        return st;
    }
    named.images_name = image_path;
    named.labels_name = label_path;
    return mye_images_fill(set, &named, &images, &labels, err);
}

mye_status mye_idx_set_open(mye_context *ctx, const char *folder, const char *images,
                            const char *labels, const mye_images_plan *plan, mye_images **out,
                            mye_error *err)
{
    char *image_path = mye_data_path(ctx, folder, images);
    char *label_path = mye_data_path(ctx, folder, labels);
    mye_images *set = mye_images_create(ctx, folder);
    mye_status st;

    *out = NULL;
    if (!image_path || !label_path || !set)
        st = mye_no_memory(err, 0, "a dataset");
    else
        st = read_pair(ctx, image_path, label_path, plan, set, err);
    mye_free(ctx, image_path);
    mye_free(ctx, label_path);
    if (st == MYE_OK)
        *out = set;
    else
        mye_images_close(ctx, set);
    return st;
}

mye_status mye_mnist_open(mye_context *ctx, const char *folder, bool is_train, int64_t limit,
                          mye_images **out, mye_error *err)
{
    const mye_images_plan plan = {.limit = limit, .classes = 10, .layout = MYE_LAYOUT_NHWC};
    mye_images *set;

    MYE_TRY(mye_idx_set_open(
        ctx, folder, is_train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte",
        is_train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", &plan, &set, err));
    if (set->H != 28 || set->W != 28 || set->C != 1) {
        mye_fail(err, MYE_ERR_FORMAT, "%s: expected images of 28x28, got %dx%d", folder, set->H,
                 set->W);
        mye_images_close(ctx, set);
        return MYE_ERR_FORMAT;
    }
    *out = set;
    return MYE_OK;
}
