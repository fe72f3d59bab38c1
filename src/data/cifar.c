/* Binary CIFAR files. */
#include <string.h>

#include "data/cifar.h"
#include "data/files.h"

#define FILES_MAX 8
#define AREA      (MYE_CIFAR_SIDE * MYE_CIFAR_SIDE)

typedef struct batch_file {
    char *path;
    void *data;
    size_t bytes;
    int64_t n;
} batch_file;

mye_status mye_cifar_count(const mye_cifar_form *form, const char *name, size_t bytes, int64_t *n,
                           mye_error *err)
{
    const size_t record = (size_t)form->label_bytes + MYE_CIFAR_PIXELS;

    if (bytes == 0 || bytes % record != 0)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected records of %zu bytes, got %zu bytes",
                        name, record, bytes);
    *n = (int64_t)(bytes / record);
    return MYE_OK;
}

mye_status mye_cifar_decode(const mye_cifar_form *form, const char *name, const void *data,
                            size_t bytes, uint8_t *pixels, int32_t *label, mye_error *err)
{
    const uint8_t *record = data;
    int64_t n = 0;

    MYE_TRY(mye_cifar_count(form, name, bytes, &n, err));
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *plane = record + form->label_bytes;
        label[i] = record[form->label_at];
        if (label[i] >= form->classes)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: label of record %lld is %d, expected 0 to %d",
                            name, (long long)i, (int)label[i], form->classes - 1);
        for (int p = 0; p < AREA; p++)
            for (int c = 0; c < 3; c++)
                *pixels++ = plane[c * AREA + p];
        record = plane + MYE_CIFAR_PIXELS;
    }
    return MYE_OK;
}

/* The files one after the other into a set with room for all; then the limit. */
static mye_status decode_files(const mye_cifar_form *form, batch_file *file, int n_files,
                               mye_images *set, mye_error *err)
{
    int64_t at = 0;

    for (int k = 0; k < n_files; k++) {
        MYE_TRY(mye_cifar_decode(form, file[k].path, file[k].data, file[k].bytes,
                                 set->bytes + (size_t)at * MYE_CIFAR_PIXELS, set->label + at, err));
        at += file[k].n;
        mye_free(set->ctx, file[k].data);
        file[k].data = NULL;
    }
    return MYE_OK;
}

static mye_status read_files(mye_context *ctx, const mye_cifar_form *form, const char *folder,
                             const char *const *files, batch_file *file, int *n_files, int64_t *n,
                             mye_error *err)
{
    *n = 0;
    for (*n_files = 0; files[*n_files] && *n_files < FILES_MAX; ++*n_files) {
        batch_file *f = &file[*n_files];
        f->path = mye_data_path(ctx, folder, files[*n_files]);
        if (!f->path)
            return mye_no_memory(err, 0, "a path");
        MYE_TRY(mye_file_read(ctx, f->path, MYE_DATA_FILE_MAX, &f->data, &f->bytes, err));
        MYE_TRY(mye_cifar_count(form, f->path, f->bytes, &f->n, err));
        *n += f->n;
    }
    return MYE_OK;
}

mye_status mye_cifar_open(mye_context *ctx, const mye_cifar_form *form, const char *folder,
                          const char *const *files, int64_t limit, mye_images **out, mye_error *err)
{
    batch_file file[FILES_MAX] = {{0}};
    mye_images *set = mye_images_create(ctx, folder);
    int n_files = 0;
    int64_t n = 0;
    mye_status st;

    *out = NULL;
    if (!set)
        return mye_no_memory(err, sizeof *set, "a dataset");
    st = read_files(ctx, form, folder, files, file, &n_files, &n, err);
    if (st == MYE_OK)
        st = mye_images_reserve(set, folder, n, MYE_CIFAR_SIDE, MYE_CIFAR_SIDE, 3, err);
    if (st == MYE_OK)
        st = decode_files(form, file, n_files, set, err);
    for (int k = 0; k < FILES_MAX; k++) {
        mye_free(ctx, file[k].path);
        mye_free(ctx, file[k].data);
    }
    if (st != MYE_OK) {
        mye_images_close(ctx, set);
        return st;
    }
    if (limit > 0 && limit < set->n)
        set->n = limit;
    set->classes = form->classes;
    *out = set;
    return MYE_OK;
}
