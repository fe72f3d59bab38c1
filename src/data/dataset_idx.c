/* Any pair of IDX files. */
#include <stdio.h>
#include <string.h>

#include "data/files.h"
#include "data/generic.h"
#include "data/idx.h"

typedef struct options {
    char images[256], labels[256];
    mye_generic common;
} options;

static const mye_param params[] = {
    {"images", MYE_PARAM_TEXT, offsetof(options, images), 256, "{split}-images-idx3-ubyte", 0, 0,
     NULL, NULL, "", "file of images; {split} becomes train or test"},
    {"labels", MYE_PARAM_TEXT, offsetof(options, labels), 256, "{split}-labels-idx1-ubyte", 0, 0,
     NULL, NULL, "", "file of labels"},
    MYE_GENERIC_PARAMS(options, common),
    {0},
};

static mye_status read_one(mye_context *ctx, const char *dir, const char *pattern,
                           const char *split, mye_array *out, char **path, mye_error *err)
{
    MYE_TRY(mye_generic_file(ctx, dir, pattern, split, path, err));
    return mye_idx_read(ctx, *path, out, err);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    const options *o = opt;
    mye_generic_input in = {.info = info, .self = self, .bytes = bytes};
    mye_status st =
        mye_generic_split(&o->common, "idx", strstr(o->images, "{split}") != NULL, split, &in, err);

    if (st == MYE_OK)
        st = read_one(ctx, dir, o->images, split, &in.images, &in.images_name, err);
    if (st == MYE_OK)
        st = read_one(ctx, dir, o->labels, split, &in.labels, &in.labels_name, err);
    return mye_generic_finish(ctx, st, &in, err);
}

const mye_dataset_type mye_dataset_idx = {
    .entry = {"idx", "any two IDX files, images and labels, plain or .gz", "", params,
              sizeof(options)},
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};
