/* Files in one folder for each class. */
#include <string.h>
#include <sys/stat.h>

#include "data/class_files.h"

/* A block of exactly its length, so that held_bytes is what is allocated. */
static char *join(mye_context *ctx, const char *a, const char *b)
{
    const size_t n = strlen(a) + strlen(b) + 2;
    char *path = mye_alloc(ctx, n);

    if (path)
        snprintf(path, n, "%s/%s", a, b);
    return path;
}

/* The sorted files of one class that are kept. */
static mye_status list_class(mye_context *ctx, const char *root, const char *name, int label,
                             bool (*accept)(const char *path),
                             void (*keep)(const void *arg, int label, int64_t n, bool *kept),
                             const void *arg, mye_names *out, mye_error *err)
{
    char *folder = join(ctx, root, name);
    bool *kept = NULL;
    int64_t to = 0;
    mye_status st =
        folder ? mye_names_list(out, folder, accept, err) : mye_no_memory(err, 0, "a path");

    mye_free(ctx, folder);
    if (st != MYE_OK || !keep || out->n == 0)
        return st;
    kept = mye_alloc_array(ctx, (size_t)out->n, sizeof *kept);
    if (!kept)
        return mye_no_memory(err, (size_t)out->n * sizeof *kept, "a list of files");
    keep(arg, label, out->n, kept);
    for (int64_t i = 0; i < out->n; i++) {
        if (kept[i])
            out->name[to++] = out->name[i];
        else
            mye_free(ctx, out->name[i]);
    }
    out->n = to;
    mye_free(ctx, kept);
    return MYE_OK;
}

/* Classes take turns. */
static mye_status interleave(const mye_names *list, const char *const *classes, int n_classes,
                             mye_class_files *out, mye_error *err)
{
    int64_t n = 0;

    for (int k = 0; k < n_classes; k++)
        n += list[k].n;
    out->label = mye_alloc_array(out->ctx, (size_t)n, sizeof *out->label);
    if (!out->label)
        return mye_no_memory(err, (size_t)n * sizeof *out->label, "labels");
    for (int64_t i = 0; out->files.n < n; i++)
        for (int k = 0; k < n_classes; k++) {
            if (i >= list[k].n)
                continue;
            out->label[out->files.n] = k;
            MYE_TRY(mye_names_add(&out->files, join(out->ctx, classes[k], list[k].name[i]), err));
            out->held_bytes += strlen(out->files.name[out->files.n - 1]) + 1;
        }
    out->held_bytes += (size_t)n * sizeof *out->label;
    out->held_bytes += (size_t)out->files.capacity * sizeof *out->files.name;
    return MYE_OK;
}

/* For plans: what reading a file may take. A file that cannot be looked at is told of when it is read. */
static mye_status find_largest(mye_class_files *files, mye_error *err)
{
    for (int64_t i = 0; i < files->files.n; i++) {
        char *path = mye_class_files_path(files, i);
        struct stat info;
        if (!path)
            return mye_no_memory(err, 0, "a path");
        if (stat(path, &info) == 0 && info.st_size > 0 && (size_t)info.st_size > files->largest)
            files->largest = (size_t)info.st_size;
        mye_free(files->ctx, path);
    }
    return MYE_OK;
}

mye_status mye_class_files_scan(mye_context *ctx, const char *root, const char *const *classes,
                                int n_classes, bool (*accept)(const char *path),
                                void (*keep)(const void *arg, int label, int64_t n, bool *kept),
                                const void *arg, const char *what, mye_class_files *out,
                                mye_error *err)
{
    mye_names *list = mye_alloc_array(ctx, (size_t)n_classes, sizeof *list);
    mye_status st = MYE_OK;

    *out = (mye_class_files){.ctx = ctx, .files = {.ctx = ctx}};
    if (!list)
        return mye_no_memory(err, (size_t)n_classes * sizeof *list, "a list of files");
    out->root = mye_strdup(ctx, root);
    if (!out->root)
        st = mye_no_memory(err, 0, "a path");
    else
        out->held_bytes = strlen(root) + 1;
    for (int k = 0; k < n_classes && st == MYE_OK; k++) {
        list[k].ctx = ctx;
        st = list_class(ctx, root, classes[k], k, accept, keep, arg, &list[k], err);
    }
    if (st == MYE_OK)
        st = interleave(list, classes, n_classes, out, err);
    if (st == MYE_OK && out->files.n == 0)
        st = mye_fail(err, MYE_ERR_IO, "%s: its class folders hold no %s", root, what);
    if (st == MYE_OK)
        st = find_largest(out, err);
    for (int k = 0; k < n_classes; k++)
        if (list[k].ctx)
            mye_names_free(&list[k]);
    mye_free(ctx, list);
    return st;
}

char *mye_class_files_path(const mye_class_files *files, int64_t i)
{
    return join(files->ctx, files->root, files->files.name[i]);
}

void mye_class_files_limit(mye_class_files *files, int64_t limit)
{
    while (limit > 0 && files->files.n > limit) {
        char *name = files->files.name[--files->files.n];
        files->held_bytes -= strlen(name) + 1;
        mye_free(files->ctx, name);
    }
}

void mye_class_files_free(mye_class_files *files)
{
    if (!files->ctx)
        return;
    mye_names_free(&files->files);
    mye_free(files->ctx, files->label);
    mye_free(files->ctx, files->root);
    *files = (mye_class_files){0};
}
