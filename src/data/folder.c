/* Finding the pictures of a split. */
#include <string.h>

#include "data/folder.h"
#include "data/image.h"
#include "data/images.h"

static char *join(mye_context *ctx, const char *a, const char *b)
{
    mye_text text = {.ctx = ctx};

    mye_text_add(&text, "%s/%s", a, b);
    if (!text.failed) {
        /* A copy of the exact length: the bytes held are counted. */
        char *path = mye_strdup(ctx, text.data);
        mye_text_free(&text);
        return path;
    }
    mye_text_free(&text);
    return NULL;
}

static bool is_picture(const char *path)
{
    return mye_image_has_suffix(path) && mye_file_exists(path);
}

/* *out = PATH/NAME when it is a folder, else NULL. */
static mye_status subfolder(mye_context *ctx, const char *path, const char *name, char **out,
                            mye_error *err)
{
    *out = join(ctx, path, name);
    if (!*out)
        return mye_no_memory(err, 0, "a path");
    if (!mye_dir_exists(*out)) {
        mye_free(ctx, *out);
        *out = NULL;
    }
    return MYE_OK;
}

/* Where the pictures and where the class names are; *is_divided when there are split folders. */
static mye_status find_roots(mye_folder *f, const char *path, const char *split, char **names,
                             bool *is_divided, mye_error *err)
{
    mye_context *ctx = f->ctx;

    MYE_TRY(subfolder(ctx, path, "train", names, err));
    *is_divided = *names != NULL;
    if (!*is_divided) {
        *names = mye_strdup(ctx, path);
        f->root = mye_strdup(ctx, path);
        return *names && f->root ? MYE_OK : mye_no_memory(err, 0, "a path");
    }
    MYE_TRY(subfolder(ctx, path, split, &f->root, err));
    if (!f->root && strcmp(split, "test") == 0)
        MYE_TRY(subfolder(ctx, path, "val", &f->root, err));
    if (!f->root)
        return mye_fail(err, MYE_ERR_IO, "%s: there is a folder train, but none for the split %s",
                        path, split);
    return MYE_OK;
}

static bool belongs(const char *name, bool is_train, double hold_out)
{
    const uint32_t hash = mye_crc32c(0, name, strlen(name));

    return ((double)mye_random_uniform(0, MYE_STREAM_SHUFFLE, hash) < hold_out) != is_train;
}

/* Pictures of CLASS and of CLASS/images, as Tiny ImageNet has them; share < 0: all. */
static mye_status list_class(mye_folder *f, const char *class_name, bool is_train, double share,
                             mye_error *err)
{
    mye_names found = {.ctx = f->ctx};
    char *folder = NULL;
    char inner[512];
    mye_status st;

    MYE_TRY(subfolder(f->ctx, f->root, class_name, &folder, err));
    if (!folder)
        return MYE_OK; /* a class without pictures in this split */
    snprintf(inner, sizeof inner, "%.255s/images", class_name);
    st = mye_names_list(&found, folder, is_picture, err);
    mye_free(f->ctx, folder);
    folder = NULL;
    if (st == MYE_OK && found.n == 0) {
        st = subfolder(f->ctx, f->root, inner, &folder, err);
        if (folder) {
            class_name = inner;
            st = mye_names_list(&found, folder, is_picture, err);
        }
        mye_free(f->ctx, folder);
    }
    for (int64_t k = 0; st == MYE_OK && k < found.n; k++) {
        char *name = join(f->ctx, class_name, found.name[k]);
        if (name && share >= 0 && !belongs(name, is_train, share))
            mye_free(f->ctx, name);
        else
            st = mye_names_add(&f->files, name, err);
    }
    mye_names_free(&found);
    return st;
}

static mye_status list_files(mye_folder *f, bool is_train, double share, mye_error *err)
{
    int64_t *end = mye_alloc_array(f->ctx, (size_t)f->classes.n, sizeof *end);
    mye_status st = end ? MYE_OK : mye_no_memory(err, 0, "a list of files");

    for (int64_t k = 0; st == MYE_OK && k < f->classes.n; k++) {
        st = list_class(f, f->classes.name[k], is_train, share, err);
        end[k] = f->files.n;
    }
    if (st == MYE_OK && f->files.n == 0)
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: its subfolders hold no PNG or JPEG pictures",
                      f->root);
    if (st == MYE_OK) {
        f->label = mye_alloc_array(f->ctx, (size_t)f->files.n, sizeof *f->label);
        if (!f->label)
            st = mye_no_memory(err, (size_t)f->files.n * sizeof *f->label, "labels");
    }
    for (int64_t i = 0, k = 0; st == MYE_OK && i < f->files.n; i++) {
        while (i >= end[k])
            k++;
        f->label[i] = (int32_t)k;
    }
    mye_free(f->ctx, end);
    return st;
}

static size_t names_bytes(const mye_names *names)
{
    size_t bytes = (size_t)names->capacity * sizeof *names->name;

    for (int64_t k = 0; k < names->n; k++)
        bytes += strlen(names->name[k]) + 1;
    return bytes;
}

mye_status mye_folder_scan(mye_context *ctx, const char *path, const char *split, double hold_out,
                           mye_folder *out, mye_error *err)
{
    const bool is_train = strcmp(split, "train") == 0;
    bool is_divided = false;
    char *names = NULL;
    mye_status st;

    *out = (mye_folder){.ctx = ctx, .classes = {.ctx = ctx}, .files = {.ctx = ctx}};
    st = find_roots(out, path, split, &names, &is_divided, err);
    if (st == MYE_OK && !is_divided && strcmp(split, "val") == 0)
        st = mye_fail(err, MYE_ERR_ARG, "%s: without a folder train the splits are train and test",
                      path);
    if (st == MYE_OK)
        st = mye_names_list(&out->classes, names, mye_dir_exists, err);
    mye_free(ctx, names);
    if (st == MYE_OK && (out->classes.n < 1 || out->classes.n > MYE_CLASSES_MAX))
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: expected a subfolder for each class, got %lld",
                      path, (long long)out->classes.n);
    if (st == MYE_OK)
        st = list_files(out, is_train, is_divided ? -1 : hold_out, err);
    if (st == MYE_OK)
        out->held_bytes = strlen(out->root) + 1 + names_bytes(&out->classes) +
                          names_bytes(&out->files) + (size_t)out->files.n * sizeof *out->label;
    return st;
}

char *mye_folder_path(const mye_folder *folder, int64_t i)
{
    return join(folder->ctx, folder->root, folder->files.name[i]);
}

void mye_folder_free(mye_folder *folder)
{
    mye_free(folder->ctx, folder->root);
    mye_names_free(&folder->classes);
    mye_names_free(&folder->files);
    mye_free(folder->ctx, folder->label);
    *folder = (mye_folder){.ctx = folder->ctx};
}
