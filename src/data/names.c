/* Sorted lists of names. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "data/names.h"

mye_status mye_names_add(mye_names *names, char *name, mye_error *err)
{
    if (!name)
        return mye_no_memory(err, 0, "a list of files");
    if (names->n == names->capacity) {
        const int64_t capacity = names->capacity ? 2 * names->capacity : 64;
        char **more = mye_grow(names->ctx, names->name, (size_t)names->n * sizeof *more,
                               (size_t)capacity * sizeof *more);
        if (!more) {
            mye_free(names->ctx, name);
            return mye_no_memory(err, (size_t)capacity * sizeof *more, "a list of files");
        }
        names->name = more;
        names->capacity = capacity;
    }
    names->name[names->n++] = name;
    return MYE_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mye_status add_entry(mye_names *names, const char *folder, const char *entry,
                            bool (*accept)(const char *path), mye_error *err)
{
    mye_text path = {.ctx = names->ctx};
    mye_status st = MYE_OK;

    if (entry[0] == '.')
        return MYE_OK;
    mye_text_add(&path, "%s/%s", folder, entry);
    if (path.failed)
        st = mye_no_memory(err, 0, "a path");
    else if (accept(path.data))
        st = mye_names_add(names, mye_strdup(names->ctx, entry), err);
    mye_text_free(&path);
    return st;
}

mye_status mye_names_list(mye_names *names, const char *folder, bool (*accept)(const char *path),
                          mye_error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    mye_status st = MYE_OK;

    if (!dir)
        return mye_fail(err, MYE_ERR_IO, "%s: cannot open the folder: %s", folder, strerror(errno));
    while (st == MYE_OK && (entry = readdir(dir)))
        st = add_entry(names, folder, entry->d_name, accept, err);
    closedir(dir);
    if (names->n > 1)
        qsort(names->name, (size_t)names->n, sizeof *names->name, by_bytes);
    return st;
}

void mye_names_free(mye_names *names)
{
    for (int64_t k = 0; k < names->n; k++)
        mye_free(names->ctx, names->name[k]);
    mye_free(names->ctx, names->name);
    names->name = NULL;
    names->n = names->capacity = 0;
}
