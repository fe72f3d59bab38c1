/*
 * SHD, the Spiking Heidelberg Digits: spoken digits in two languages as spikes of a model of the inner
 * ear. shd_train.h5 and shd_test.h5; frames are 1 x units x 1.
 */
#include <string.h>

#include "data/event_set.h"
#include "data/files.h"
#include "data/shd_file.h"
#include "data/spikes.h"

#define UNITS   700
#define CLASSES 20

typedef struct options {
    mye_binning binning;
    int64_t limit, units;
} options;

typedef struct shd {
    mye_event_set events; /* first */
    mye_shd file;
    char *path;
} shd;

static const mye_param params[] = {
    MYE_BINNING_PARAMS(options, binning),
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first samples of the split; 0 = all"},
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "700", 1, UNITS, NULL, NULL, "units",
     "width of a frame; the spikes of neighbouring units are added up"},
    {0},
};

static const char *const classes[CLASSES] = {
    "zero", "one",  "two",  "three", "four", "five",  "six",   "seven",  "eight", "nine",
    "null", "eins", "zwei", "drei",  "vier", "fuenf", "sechs", "sieben", "acht",  "neun"};
static const char *const folders[] = {"shd", "SHD", NULL};
static const mye_data_search search = {
    .name = "shd",
    .folders = folders,
    .mark = "shd_train.h5",
    .hint = "put shd_train.h5 and shd_test.h5 into a folder and name it with --data-dir or "
            "MYELIN_DATA",
};

static mye_status decode(const void *self, int64_t i, mye_events *out, mye_error *err)
{
    const shd *set = self;
    const size_t from = set->file.start[i], n = set->file.start[i + 1] - from;

    return mye_spikes_decode(set->path, n, set->file.time_s + from, set->file.unit + from, UNITS,
                             out, err);
}

static mye_status check_labels(const shd *set, mye_error *err)
{
    for (int64_t i = 0; i < set->file.n; i++)
        if (set->file.label[i] < 0 || set->file.label[i] >= CLASSES)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: label %lld is %d, expected 0 to %d",
                            set->path, (long long)i, set->file.label[i], CLASSES - 1);
    return MYE_OK;
}

static mye_status fill(void *self, const void *opt, const char *folder, bool is_train,
                       mye_dataset_info *info, size_t *bytes, mye_error *err)
{
    shd *set = self;
    const options *o = opt;
    mye_context *ctx = set->events.ctx;
    char *path = mye_data_path(ctx, folder, is_train ? search.mark : "shd_test.h5");
    set->path = path ? mye_strdup(ctx, path) : NULL; /* of exactly its length */
    mye_free(ctx, path);
    if (set->path == NULL)
        return mye_no_memory(err, 0, "a path");
    size_t largest = 0;

    MYE_TRY(mye_shd_read(set->events.ctx, set->path, o->limit, &set->file, err));
    MYE_TRY(check_labels(set, err));
    for (int64_t i = 0; i < set->file.n; i++) {
        const size_t n = set->file.start[i + 1] - set->file.start[i];
        largest = n > largest ? n : largest;
    }
    set->events.binning = o->binning;
    set->events.shape = (mye_frames_shape){.T = mye_binning_frames(&o->binning, info->frames),
                                           .C = 1,
                                           .H = 1,
                                           .W = (int)o->units,
                                           .source_W = UNITS,
                                           .source_H = 1};
    set->events.n = set->file.n;
    set->events.label = set->file.label;
    set->events.decode = decode;
    mye_event_set_describe(&set->events, info);
    info->path = set->path;
    info->classes = CLASSES;
    info->class_names = classes;
    info->licence = "CC BY 4.0";
    info->source =
        "B. Cramer et al., https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/";
    info->read_bytes = 2 * largest * sizeof(mye_event);
    *bytes = sizeof *set + strlen(set->path) + 1 + mye_shd_bytes(&set->file);
    return MYE_OK;
}

static void close_set(mye_context *ctx, void *self)
{
    shd *set = self;

    mye_shd_free(&set->file);
    mye_free(ctx, set->path);
    mye_free(ctx, set);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    static const mye_event_opening how = {&search, "shd_test.h5", sizeof(shd), fill, close_set};
    return mye_event_set_open(ctx, &how, opt, dir, split, info, self, bytes, err);
}

const mye_dataset_type mye_dataset_shd = {
    .entry = {"shd", "spikes of an inner ear: spoken digits, 700 units, 8156 + 2264",
              "Cramer et al. 2020, IEEE TNNLS: The Heidelberg spiking data sets", params,
              sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_event_set_read,
    .recording = mye_event_set_recording,
    .close = close_set,
};
