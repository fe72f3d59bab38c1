/* Two NumPy files: images and labels. */
#include <string.h>

#include "data/generic.h"
#include "data/npy.h"

typedef struct options {
    char images[256], labels[256];
    mye_generic common;
} options;

static const mye_param params[] = {
    {"images", MYE_PARAM_TEXT, offsetof(options, images), 256, "x_{split}.npy", 0, 0, NULL, NULL,
     "", "file of images; {split} becomes train or test"},
    {"labels", MYE_PARAM_TEXT, offsetof(options, labels), 256, "y_{split}.npy", 0, 0, NULL, NULL,
     "", "file of labels"},
    MYE_GENERIC_PARAMS(options, common),
    {0},
};

static mye_status read_one(mye_context *ctx, const char *dir, const char *pattern,
                           const char *split, mye_array *out, char **path, mye_error *err)
{
    MYE_TRY(mye_generic_file(ctx, dir, pattern, split, path, err));
    return mye_npy_read(ctx, *path, out, err);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    const options *o = opt;
    mye_generic_input in = {.info = info, .self = self, .bytes = bytes};
    mye_status st =
        mye_generic_split(&o->common, "npy", strstr(o->images, "{split}") != NULL, split, &in, err);

    if (st == MYE_OK)
        st = read_one(ctx, dir, o->images, split, &in.images, &in.images_name, err);
    if (st == MYE_OK)
        st = read_one(ctx, dir, o->labels, split, &in.labels, &in.labels_name, err);
    return mye_generic_finish(ctx, st, &in, err);
}

const mye_dataset_type mye_dataset_npy = {
    .entry = {"npy", "two NumPy files, images and labels", "", params, sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};
