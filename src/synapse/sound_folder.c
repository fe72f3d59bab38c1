/*
 * Sound files in folders, one for each class: PATH/CLASS/FILE, or PATH/train/CLASS/FILE and
 * PATH/test/CLASS/FILE. A number with a hyphen at the beginning of a file's name ("3-12345-A.wav",
 * as in ESC-50) is its fold and its group.
 */
#include <stdlib.h>
#include <string.h>

#include "data/class_files.h"
#include "data/files.h"
#include "synapse/sound.h"

typedef struct options {
    char path[160];
    int64_t fold;
    double hold_out;
} options;

static const mye_param params[] = {
    {"fold", MYE_PARAM_INT, offsetof(options, fold), 0, "0", 0, 1000, NULL, NULL, "",
     "files whose name begins with this number and a hyphen are the test split; 0: hold_out says"},
    {"hold_out", MYE_PARAM_FLOAT, offsetof(options, hold_out), 0, "0.2", 0, 0.9, NULL, NULL, "",
     "share of files kept for the test split when there are no folders train and test"},
    {"path", MYE_PARAM_TEXT, offsetof(options, path), sizeof(((options *)NULL)->path), "", 0, 0,
     NULL, NULL, "", "the folder; empty: the data folder itself"},
    {0},
};

/* What decides the split of a file. */
typedef struct splitter {
    int64_t fold;
    double hold_out;
    bool is_divided, is_train; /* is_divided: the folder has done it */
} splitter;

/* The number before a hyphen, or 0. */
static int32_t fold_of(const char *name)
{
    const size_t n = strspn(name, "0123456789");
    return n > 0 && n < 6 && name[n] == '-' ? atoi(name) : 0;
}

static bool belongs(const splitter *how, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    if (how->is_divided)
        return true;
    if (how->fold > 0)
        return (fold_of(name) == how->fold) != how->is_train;
    const uint32_t hash = mye_crc32c(0, path, strlen(path));
    const float draw = mye_random_uniform(0, MYE_STREAM_SHUFFLE, hash);
    return ((double)draw < how->hold_out) != how->is_train;
}

static mye_status add_files(const char *root, const splitter *how, mye_sounds *out, mye_error *err)
{
    mye_class_files found;
    mye_status st = mye_class_files_scan(out->ctx, root, (const char *const *)out->classes.name,
                                         (int)out->classes.n, mye_sound_is_file, NULL, NULL,
                                         "sound files (.wav, .flac, .ogg)", &found, err);
    for (int64_t i = 0; st == MYE_OK && i < found.files.n; i++) {
        const char *name = found.files.name[i];
        if (belongs(how, name))
            st = mye_sounds_add_file(out, root, name, found.label[i],
                                     fold_of(strrchr(name, '/') + 1), err);
    }
    if (st == MYE_OK && out->n == 0)
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: none of its files belongs to the %s split", root,
                      how->is_train ? "train" : "test");
    mye_class_files_free(&found);
    return st;
}

/* Classes are the subfolders of `names`, files lie in those of `root`. */
static mye_status scan(const char *names, const char *root, const splitter *how, mye_sounds *out,
                       mye_error *err)
{
    MYE_TRY(mye_names_list(&out->classes, names, mye_dir_exists, err));
    if (out->classes.n < 1 || out->classes.n > MYE_CLASSES_MAX)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected a subfolder for each class, got %lld",
                        names, (long long)out->classes.n);
    return add_files(root, how, out, err);
}

static mye_status open_sounds(const void *opt, const mye_source_request *ask, mye_sounds *out,
                              mye_error *err)
{
    const options *o = opt;
    mye_text train = {.ctx = out->ctx}, split = {.ctx = out->ctx};
    char *path = NULL;
    MYE_TRY(mye_data_locate(out->ctx, ask->dir, o->path[0] ? o->path : ".", &path, err));
    mye_text_add(&train, "%s/train", path);
    mye_text_add(&split, "%s/%s", path, ask->split);
    mye_status st = MYE_OK;
    if (train.failed || split.failed) {
        st = mye_no_memory(err, 0, "a path");
    } else {
        splitter how = {o->fold, o->hold_out, mye_dir_exists(train.data),
                        strcmp(ask->split, "train") == 0};
        st = how.is_divided ? scan(train.data, split.data, &how, out, err)
                            : scan(path, path, &how, out, err);
    }
    mye_text_free(&train);
    mye_text_free(&split);
    mye_free(out->ctx, path);
    return st;
}

extern const mye_sound_type mye_sound_folder;
const mye_sound_type mye_sound_folder = {
    .entry = {"folder", "sound files, one subfolder for each class", "", params, sizeof(options)},
    .open = open_sounds,
    .read = mye_sounds_read_file,
};
