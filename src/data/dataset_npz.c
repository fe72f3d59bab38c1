/* One NumPy archive with the images and labels of both splits. */
#include <string.h>

#include "data/files.h"
#include "data/generic.h"
#include "data/npy.h"

typedef struct options {
    char file[256], images[64], labels[64];
    mye_generic common;
} options;

static const mye_param params[] = {
    {"file", MYE_PARAM_TEXT, offsetof(options, file), 256, "data.npz", 0, 0, NULL, NULL, "",
     "the archive; {split} becomes train or test"},
    {"images", MYE_PARAM_TEXT, offsetof(options, images), 64, "x_{split}", 0, 0, NULL, NULL, "",
     "array of images; {split} becomes train or test"},
    {"labels", MYE_PARAM_TEXT, offsetof(options, labels), 64, "y_{split}", 0, 0, NULL, NULL, "",
     "array of labels"},
    MYE_GENERIC_PARAMS(options, common),
    {0},
};

/* Array `pattern` of the archive; *name becomes FILE:ARRAY for messages. */
static mye_status read_one(const mye_npz *npz, const char *pattern, const char *split,
                           mye_array *out, char **name, mye_error *err)
{
    char *array = mye_data_expand(npz->ctx, pattern, split);
    mye_text text = {.ctx = npz->ctx};
    mye_status st;

    if (!array)
        return mye_no_memory(err, 0, "the name of an array");
    mye_text_add(&text, "%s:%s", npz->name, array);
    *name = text.data;
    st = text.failed ? mye_no_memory(err, 0, "the name of an array")
                     : mye_npz_array(npz, array, out, err);
    mye_free(npz->ctx, array);
    return st;
}

static mye_status read_both(mye_context *ctx, const options *o, const char *split,
                            mye_generic_input *in, mye_error *err)
{
    void *data = NULL;
    size_t bytes = 0;
    mye_npz npz;
    mye_status st;

    MYE_TRY(mye_file_read(ctx, in->path, MYE_DATA_FILE_MAX, &data, &bytes, err));
    st = mye_npz_open(ctx, in->path, data, bytes, &npz, err);
    if (st == MYE_OK)
        st = read_one(&npz, o->images, split, &in->images, &in->images_name, err);
    if (st == MYE_OK)
        st = read_one(&npz, o->labels, split, &in->labels, &in->labels_name, err);
    mye_free(ctx, data);
    return st;
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    const options *o = opt;
    mye_generic_input in = {.info = info, .self = self, .bytes = bytes};
    const bool has_pattern = strstr(o->file, "{split}") || strstr(o->images, "{split}");
    mye_status st = mye_generic_split(&o->common, "npz", has_pattern, split, &in, err);

    if (st == MYE_OK)
        st = mye_generic_file(ctx, dir, o->file, split, &in.path, err);
    if (st == MYE_OK)
        st = read_both(ctx, o, split, &in, err);
    return mye_generic_finish(ctx, st, &in, err);
}

const mye_dataset_type mye_dataset_npz = {
    .entry = {"npz", "a NumPy archive with images and labels", "", params, sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_images_read,
    .close = mye_images_close,
};
