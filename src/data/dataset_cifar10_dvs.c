/*
 * CIFAR10-DVS: CIFAR-10 pictures moved on a screen before a DVS128. One folder for each class, with
 * AEDAT 2.0 recordings, or with .npz files of frames as SpikingJelly writes them (array `frames`,
 * [T, 2, H, W]).
 *
 * There is no official split. Chosen: of each class a tenth is for tests, drawn from its sorted
 * list of files by a fixed permutation (seed `split_seed`), so that both splits are the same always.
 */
#include <string.h>

#include "data/class_files.h"
#include "data/event_set.h"
#include "data/files.h"
#include "data/npy.h"

#define SIDE       128
#define FILE_BYTES ((size_t)1 << 28)
#define CLASSES    10

enum { FILES_AUTO, FILES_AEDAT, FILES_NPZ };

typedef struct options {
    mye_binning binning;
    int64_t limit, size, split_seed;
    int files;
} options;

typedef struct cifar10_dvs {
    mye_event_set events; /* first */
    mye_class_files files;
} cifar10_dvs;

static const mye_param params[] = {
    MYE_BINNING_PARAMS(options, binning),
    MYE_BINNING_POLARITY(options, binning),
    MYE_EVENT_SIZE_PARAM(options, size),
    {"files", MYE_PARAM_CHOICE, offsetof(options, files), 0, "auto", 0, 0, "auto|aedat|npz", NULL,
     "", "recordings, or frames; auto: recordings where there are any"},
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first recordings of the split, the classes in turn; 0 = all"},
    {"split_seed", MYE_PARAM_INT, offsetof(options, split_seed), 0, "0", 0, 1e15, NULL, NULL, "",
     "seed of the draw of a tenth of each class for tests"},
    {0},
};

static const char *const classes[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};
static const char *const folders[] = {"cifar10-dvs", "CIFAR10DVS", "CIFAR10-DVS",
                                      "CIFAR10DVS/extract", NULL};
static const mye_data_search search = {
    .name = "cifar10-dvs",
    .folders = folders,
    .mark = "airplane",
    .hint = "unpack the ten class folders of CIFAR10-DVS, and name their folder with --data-dir or "
            "MYELIN_DATA",
};

static bool ends_in(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);

    return n > m && strcmp(path + n - m, end) == 0;
}

static bool is_aedat(const char *path)
{
    return ends_in(path, ".aedat");
}

static bool is_npz(const char *path)
{
    return ends_in(path, ".npz");
}

/* The first tenth of a permutation of a class's files is for tests; at least one where there are two. */
typedef struct split_rule {
    uint64_t seed;
    bool is_train;
} split_rule;

static void keep(const void *arg, int label, int64_t n, bool *kept)
{
    const split_rule *rule = arg;
    const int64_t tests = n / 10 > 0 ? n / 10 : n > 1;

    for (int64_t i = 0; i < n; i++)
        kept[i] = rule->is_train;
    /* Draws without replacement: the k-th of those that are left, n * tests steps in all. */
    for (int64_t k = 0; k < tests; k++) {
        int64_t skip = (int64_t)mye_random_below(
            rule->seed, MYE_STREAM_SHUFFLE, (uint64_t)label << 40 | (uint64_t)k, (uint64_t)(n - k));
        int64_t at = 0;
        while (kept[at] != rule->is_train || skip-- > 0)
            at++;
        kept[at] = !rule->is_train;
    }
}

static mye_status read_file(const cifar10_dvs *set, int64_t i, char **path, void **data,
                            size_t *bytes, mye_error *err)
{
    *path = mye_class_files_path(&set->files, i);
    return *path ? mye_file_read(set->events.ctx, *path, FILE_BYTES, data, bytes, err)
                 : mye_no_memory(err, 0, "a path");
}

static mye_status decode(const void *self, int64_t i, mye_events *out, mye_error *err)
{
    const cifar10_dvs *set = self;
    char *path = NULL;
    void *data = NULL;
    size_t bytes = 0;
    mye_status st = read_file(set, i, &path, &data, &bytes, err);

    if (st == MYE_OK)
        st = mye_aedat2_decode(path, data, bytes, out, err);
    mye_free(set->events.ctx, data);
    mye_free(set->events.ctx, path);
    return st;
}

/* ---- frames in .npz files ---- */

static mye_status read_frames(const cifar10_dvs *set, int64_t i, mye_array *out, mye_error *err)
{
    char *path = NULL;
    void *data = NULL;
    size_t bytes = 0;
    mye_npz npz;
    mye_status st = read_file(set, i, &path, &data, &bytes, err);

    if (st == MYE_OK)
        st = mye_npz_open(set->events.ctx, path, data, bytes, &npz, err);
    if (st == MYE_OK)
        st = mye_npz_array(&npz, "frames", out, err);
    if (st == MYE_OK && out->rank != 4) {
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: expected frames [T, C, H, W], got rank %d", path,
                      out->rank);
        mye_array_free(set->events.ctx, out);
    }
    mye_free(set->events.ctx, data);
    mye_free(set->events.ctx, path);
    return st;
}

/* [T, C, H, W] to [T][H][W][C]. */
static mye_status take_frames(const cifar10_dvs *set, int64_t i, const mye_array *a, float *out,
                              mye_error *err)
{
    const mye_frames_shape *s = &set->events.shape;
    const size_t area = (size_t)s->H * (size_t)s->W, C = (size_t)s->C;

    if (a->dim[0] != s->T || a->dim[1] != s->C || a->dim[2] != s->H || a->dim[3] != s->W)
        return mye_fail(
            err, MYE_ERR_FORMAT,
            "%s: its frames are %lldx%lldx%lldx%lld, those of the first file %dx%dx%dx%d",
            set->files.files.name[i], (long long)a->dim[0], (long long)a->dim[1],
            (long long)a->dim[2], (long long)a->dim[3], s->T, s->C, s->H, s->W);
    for (size_t k = 0; k < a->count; k++) {
        const size_t t = k / (area * C), c = k / area % C, pixel = k % area;
        const double x = a->type->get(a->data, k);
        if (!(x >= 0 && x <= 1e9))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: value %zu of its frames is %g, no count",
                            set->files.files.name[i], k, x);
        out[(t * area + pixel) * C + c] = (float)x;
    }
    return MYE_OK;
}

static mye_status fill_frames(const void *self, int64_t i, float *counts, mye_error *err)
{
    const cifar10_dvs *set = self;
    mye_array array = {0};

    MYE_TRY(read_frames(set, i, &array, err));
    const mye_status st = take_frames(set, i, &array, counts, err);
    mye_array_free(set->events.ctx, &array);
    return st;
}

/* The first file says how many frames there are, and how large. */
static mye_status shape_from_first(cifar10_dvs *set, const options *o, mye_error *err)
{
    mye_array a = {0};

    MYE_TRY(read_frames(set, 0, &a, err));
    const bool ok = a.dim[0] >= 1 && a.dim[0] <= MYE_FRAMES_MAX && a.dim[1] >= 1 && a.dim[1] <= 2 &&
                    a.dim[2] >= 1 && a.dim[2] <= 1024 && a.dim[3] >= 1 && a.dim[3] <= 1024;
    set->events.binning = o->binning;
    if (ok)
        set->events.shape = (mye_frames_shape){
            .T = (int)a.dim[0], .C = (int)a.dim[1], .H = (int)a.dim[2], .W = (int)a.dim[3]};
    mye_array_free(set->events.ctx, &a);
    if (!ok)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected frames [T, C, H, W] with T to %d, C 1 or 2, sides to 1024",
                        set->files.files.name[0], MYE_FRAMES_MAX);
    set->events.fill = fill_frames;
    /* Frames are binned already: what changes binning would be ignored. */
    if (o->size > 0 || o->binning.frames > 0 || o->binning.by || o->binning.polarity)
        return mye_fail(
            err, MYE_ERR_ARG,
            "cifar10-dvs: bin, frames, polarity and size are for recordings, but %s holds "
            "frames",
            set->files.root);
    return MYE_OK;
}

/* ---- opening ---- */

static mye_status scan(cifar10_dvs *set, const options *o, const char *folder, bool is_train,
                       bool *is_frames, mye_error *err)
{
    const split_rule rule = {.seed = (uint64_t)o->split_seed, .is_train = is_train};
    mye_context *ctx = set->events.ctx;
    mye_status st = MYE_ERR_IO;

    if (o->files != FILES_NPZ)
        st = mye_class_files_scan(ctx, folder, classes, CLASSES, is_aedat, keep, &rule,
                                  ".aedat recording", &set->files, err);
    *is_frames = o->files == FILES_NPZ || (o->files == FILES_AUTO && st == MYE_ERR_IO);
    if (*is_frames) {
        mye_class_files_free(&set->files);
        st = mye_class_files_scan(ctx, folder, classes, CLASSES, is_npz, keep, &rule,
                                  ".aedat recording or .npz file", &set->files, err);
    }
    return st;
}

static mye_status fill(void *self, const void *opt, const char *folder, bool is_train,
                       mye_dataset_info *info, size_t *bytes, mye_error *err)
{
    cifar10_dvs *set = self;
    const options *o = opt;
    bool is_frames;

    MYE_TRY(scan(set, o, folder, is_train, &is_frames, err));
    mye_class_files_limit(&set->files, o->limit);
    set->events.n = set->files.files.n;
    set->events.label = set->files.label;
    set->events.decode = decode;
    if (is_frames)
        MYE_TRY(shape_from_first(set, o, err));
    else
        MYE_TRY(mye_event_set_camera(&set->events, &o->binning, info->frames, SIDE, o->size, err));
    mye_event_set_describe(&set->events, info);
    info->path = set->files.root;
    info->classes = CLASSES;
    info->class_names = classes;
    info->licence = "CC BY 4.0";
    info->source = "H. Li et al., https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671";
    info->read_bytes = mye_events_read_bytes(set->files.largest, 8);
    *bytes = sizeof *set + set->files.held_bytes;
    return MYE_OK;
}

static void close_set(mye_context *ctx, void *self)
{
    cifar10_dvs *set = self;

    mye_class_files_free(&set->files);
    mye_free(ctx, set);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    static const mye_event_opening how = {&search, NULL, sizeof(cifar10_dvs), fill, close_set};
    return mye_event_set_open(ctx, &how, opt, dir, split, info, self, bytes, err);
}

const mye_dataset_type mye_dataset_cifar10_dvs = {
    .entry = {"cifar10-dvs", "events: CIFAR-10 before an event camera, 128x128, 10000 in all",
              "Li et al. 2017, Frontiers in Neuroscience 11:309", params, sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_event_set_read,
    .recording = mye_event_set_recording,
    .close = close_set,
};
