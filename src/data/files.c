/* Searching data files. */
#include <stdlib.h>
#include <string.h>

#include "data/files.h"

/* The search, and the list of places for the message when it fails. */
typedef struct finder {
    mye_context *ctx;
    const char *mark; /* file in the folder; NULL: the path itself is wanted */
    char *found;
    mye_text tried;
    bool no_memory;
} finder;

static char *join(mye_context *ctx, const char *a, const char *b, const char *c)
{
    mye_text text = {.ctx = ctx};

    mye_text_add(&text, "%s%s%s", a, b, c);
    if (!text.failed)
        return text.data;
    mye_text_free(&text);
    return NULL;
}

/* Takes over `path` (may be NULL: no memory); true when the search is over. */
static bool try_path(finder *f, char *path)
{
    bool is_there;

    if (!path) {
        f->no_memory = true;
        return true;
    }
    if (f->mark) {
        char *mark = mye_data_path(f->ctx, path, f->mark);
        f->no_memory = !mark;
        is_there = mark && (mye_file_exists(mark) || mye_dir_exists(mark));
        mye_free(f->ctx, mark);
    } else {
        is_there = mye_file_exists(path) || mye_dir_exists(path);
    }
    if (is_there) {
        f->found = path;
        return true;
    }
    mye_text_add(&f->tried, "%s%s", f->tried.length ? ", " : "", path);
    mye_free(f->ctx, path);
    return f->no_memory;
}

/* BASE/<folder> for each usual name, then BASE itself. */
static bool try_base(finder *f, const char *base, const char *const *folders)
{
    if (!base || !base[0])
        return false;
    for (; folders && *folders; folders++)
        if (try_path(f, join(f->ctx, base, "/", *folders)))
            return true;
    return try_path(f, join(f->ctx, base, "", ""));
}

static mye_status finish(finder *f, const char *what, const char *hint, char **out, mye_error *err)
{
    mye_status st = MYE_OK;

    *out = f->found;
    if (!f->found && (f->no_memory || f->tried.failed)) {
        st = mye_no_memory(err, 0, "a path");
    } else if (!f->found) {
        st = mye_fail(err, MYE_ERR_IO, "%s: not found; looked in %.300s", what,
                      f->tried.length ? f->tried.data : "no folder, because none was given");
        if (hint && hint[0])
            mye_hint(err, "%s", hint);
    }
    mye_text_free(&f->tried);
    return st;
}

mye_status mye_data_find(mye_context *ctx, const mye_data_search *search, const char *dir,
                         char **out, mye_error *err)
{
    finder f = {.ctx = ctx, .mark = search->mark, .tried = {.ctx = ctx}};
    bool done =
        try_base(&f, dir, search->folders) || try_base(&f, getenv("MYELIN_DATA"), search->folders);

    for (const char *const *place = search->places; !done && place && *place; place++)
        done = try_path(&f, mye_strdup(ctx, *place));
    return finish(&f, search->name, search->hint, out, err);
}

static bool try_file(finder *f, const char *base, const char *slash, const char *file)
{
    char *path;

    if (!base)
        return false;
    path = join(f->ctx, base, slash, file);
    if (path && !mye_file_exists(path) && !mye_dir_exists(path)) {
        char *packed = join(f->ctx, path, ".gz", "");
        f->no_memory = !packed;
        if (packed && mye_file_exists(packed)) {
            mye_free(f->ctx, path);
            f->found = packed;
            return true;
        }
        mye_free(f->ctx, packed);
    }
    return try_path(f, path);
}

mye_status mye_data_locate(mye_context *ctx, const char *dir, const char *file, char **out,
                           mye_error *err)
{
    finder f = {.ctx = ctx, .tried = {.ctx = ctx}};

    if (file[0] == '/')
        try_file(&f, "", "", file);
    else if (!try_file(&f, dir, "/", file) && !try_file(&f, getenv("MYELIN_DATA"), "/", file))
        try_file(&f, "", "", file);
    return finish(&f, file, "give the folder, or a path that begins with /", out, err);
}

char *mye_data_path(mye_context *ctx, const char *folder, const char *file)
{
    char *plain = join(ctx, folder, "/", file), *packed;

    if (!plain || mye_file_exists(plain) || mye_dir_exists(plain))
        return plain;
    packed = join(ctx, plain, ".gz", "");
    if (!packed || mye_file_exists(packed)) {
        mye_free(ctx, plain);
        return packed;
    }
    mye_free(ctx, packed);
    return plain;
}

char *mye_data_expand(mye_context *ctx, const char *pattern, const char *split)
{
    static const char word[] = "{split}";
    mye_text text = {.ctx = ctx};
    const char *at;

    while ((at = strstr(pattern, word))) {
        mye_text_add_bytes(&text, pattern, (size_t)(at - pattern));
        mye_text_add(&text, "%s", split);
        pattern = at + sizeof word - 1;
    }
    mye_text_add(&text, "%s", pattern);
    if (!text.failed && text.data)
        return text.data;
    mye_text_free(&text);
    return NULL;
}

mye_status mye_data_split(const char *name, const char *split, bool *is_train, mye_error *err)
{
    *is_train = strcmp(split, "train") == 0;
    if (*is_train || strcmp(split, "test") == 0)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG, "dataset '%s' has the splits train and test, got '%s'", name,
                    split);
}
