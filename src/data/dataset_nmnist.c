/*
 * N-MNIST: MNIST digits moved before an ATIS camera in three saccades. Train/<digit>/<number>.bin and
 * Test/<digit>/<number>.bin; the list of files is kept, and a file is decoded whenever it is read.
 */
#include <string.h>

#include "data/class_files.h"
#include "data/event_set.h"
#include "data/files.h"

#define SIDE       34
#define FILE_BYTES ((size_t)1 << 26)

typedef struct options {
    mye_binning binning;
    int64_t limit, size;
} options;

typedef struct nmnist {
    mye_event_set events; /* first */
    mye_class_files files;
} nmnist;

static const mye_param params[] = {
    MYE_BINNING_PARAMS(options, binning),
    MYE_BINNING_POLARITY(options, binning),
    MYE_EVENT_SIZE_PARAM(options, size),
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first recordings of the split, the classes in turn; 0 = all"},
    {0},
};

static const char *const classes[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const folders[] = {"nmnist", "N-MNIST", "NMNIST", NULL};
static const mye_data_search search = {
    .name = "nmnist",
    .folders = folders,
    .mark = "Train",
    .hint = "unpack N-MNIST, with its folders Train and Test, and name the folder with --data-dir "
            "or MYELIN_DATA",
};

static bool is_recording(const char *path)
{
    const size_t n = strlen(path);

    return n > 4 && strcmp(path + n - 4, ".bin") == 0;
}

static mye_status decode(const void *self, int64_t i, mye_events *out, mye_error *err)
{
    const nmnist *set = self;
    mye_context *ctx = set->events.ctx;
    char *path = mye_class_files_path(&set->files, i);
    void *data = NULL;
    size_t bytes = 0;
    mye_status st = path ? mye_file_read(ctx, path, FILE_BYTES, &data, &bytes, err)
                         : mye_no_memory(err, 0, "a path");

    if (st == MYE_OK)
        st = mye_atis_decode(path, data, bytes, SIDE, SIDE, out, err);
    mye_free(ctx, data);
    mye_free(ctx, path);
    return st;
}

static mye_status fill(void *self, const void *opt, const char *folder, bool is_train,
                       mye_dataset_info *info, size_t *bytes, mye_error *err)
{
    nmnist *set = self;
    const options *o = opt;
    mye_context *ctx = set->events.ctx;
    char *root = mye_data_path(ctx, folder, is_train ? "Train" : "Test");
    const mye_status st = root ? mye_class_files_scan(ctx, root, classes, 10, is_recording, NULL,
                                                      NULL, ".bin recording", &set->files, err)
                               : mye_no_memory(err, 0, "a path");

    mye_free(ctx, root);
    MYE_TRY(st);
    mye_class_files_limit(&set->files, o->limit);
    MYE_TRY(mye_event_set_camera(&set->events, &o->binning, info->frames, SIDE, o->size, err));
    set->events.n = set->files.files.n;
    set->events.label = set->files.label;
    set->events.decode = decode;
    mye_event_set_describe(&set->events, info);
    info->path = set->files.root;
    info->classes = 10;
    info->class_names = classes;
    info->licence = "CC BY-SA 4.0";
    info->source = "G. Orchard et al., https://www.garrickorchard.com/datasets/n-mnist";
    info->read_bytes = mye_events_read_bytes(set->files.largest, 5);
    *bytes = sizeof *set + set->files.held_bytes;
    return MYE_OK;
}

static void close_set(mye_context *ctx, void *self)
{
    nmnist *set = self;

    mye_class_files_free(&set->files);
    mye_free(ctx, set);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    static const mye_event_opening how = {&search, "Test", sizeof(nmnist), fill, close_set};
    return mye_event_set_open(ctx, &how, opt, dir, split, info, self, bytes, err);
}

const mye_dataset_type mye_dataset_nmnist = {
    .entry = {"nmnist", "events: MNIST digits before a moving camera, 34x34, 60000 + 10000",
              "Orchard et al. 2015, Frontiers in Neuroscience 9:437", params, sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_event_set_read,
    .recording = mye_event_set_recording,
    .close = close_set,
};
