/* Common part of the generic array formats. */
#include <string.h>

#include "data/files.h"
#include "data/generic.h"

mye_status mye_generic_split(const mye_generic *o, const char *name, bool has_pattern,
                             const char *split, mye_generic_input *in, mye_error *err)
{
    bool is_train;

    MYE_TRY(mye_data_split(name, split, &is_train, err));
    if (has_pattern && o->hold_out > 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "%s: hold_out=%g and a file name with {split} exclude "
                        "each other",
                        name, o->hold_out);
    if (!has_pattern && o->hold_out <= 0 && !is_train) {
        mye_fail(err, MYE_ERR_ARG, "%s: there is no test split, because no name contains {split}",
                 name);
        mye_hint(err,
                 "write the names as x_{split}, or set hold_out=0.2 to keep a fifth for tests");
        return MYE_ERR_ARG;
    }
    in->plan = (mye_images_plan){.layout = (mye_layout)o->layout,
                                 .low = o->low,
                                 .high = o->high,
                                 .limit = o->limit,
                                 .classes = o->classes,
                                 .hold_out = o->hold_out,
                                 .is_train = is_train};
    return MYE_OK;
}

mye_status mye_generic_file(mye_context *ctx, const char *dir, const char *pattern,
                            const char *split, char **path, mye_error *err)
{
    char *file;
    mye_status st;

    if (!pattern[0])
        return mye_fail(err, MYE_ERR_ARG, "a dataset file has an empty name");
    file = mye_data_expand(ctx, pattern, split);
    if (!file)
        return mye_no_memory(err, 0, "a path");
    st = mye_data_locate(ctx, dir, file, path, err);
    mye_free(ctx, file);
    if (st != MYE_ERR_IO || strcmp(split, "test") != 0 || !strstr(pattern, "{split}"))
        return st;
    file = mye_data_expand(ctx, pattern, "t10k");
    if (!file)
        return mye_no_memory(err, 0, "a path");
    /* The first message stays: it names the usual spelling. */
    if (mye_data_locate(ctx, dir, file, path, NULL) == MYE_OK)
        st = MYE_OK;
    mye_free(ctx, file);
    return st;
}

static mye_status make_set(mye_context *ctx, mye_generic_input *in, mye_error *err)
{
    mye_images *set = mye_images_create(ctx, in->path ? in->path : in->images_name);
    mye_status st;

    if (!set)
        return mye_no_memory(err, sizeof *set, "a dataset");
    in->plan.images_name = in->images_name;
    in->plan.labels_name = in->labels_name;
    st = mye_images_fill(set, &in->plan, &in->images, &in->labels, err);
    if (st != MYE_OK) {
        mye_images_close(ctx, set);
        return st;
    }
    mye_images_describe(set, in->info, in->bytes);
    in->info->licence = in->info->source = "";
    *in->self = set;
    return MYE_OK;
}

mye_status mye_generic_finish(mye_context *ctx, mye_status st, mye_generic_input *in,
                              mye_error *err)
{
    if (st == MYE_OK)
        st = make_set(ctx, in, err);
    mye_array_free(ctx, &in->images);
    mye_array_free(ctx, &in->labels);
    mye_free(ctx, in->images_name);
    mye_free(ctx, in->labels_name);
    mye_free(ctx, in->path);
    return st;
}
