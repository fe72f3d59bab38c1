/*
 * DVS-Gesture: 29 people, 11 gestures of hands and arms before a DVS128. AEDAT 3.1 recordings with
 * about 11 trials each; NAME_labels.csv says when they begin and end. Opening reads every recording
 * once and remembers where in the file a trial is; reading a sample decodes only that part.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "data/event_set.h"
#include "data/files.h"
#include "data/gesture_files.h"

#define SIDE       128
#define FILE_BYTES ((size_t)1 << 32)
#define TEXT_BYTES ((size_t)1 << 20)
#define TRIALS     256 /* of one recording, at most */

typedef struct options {
    mye_binning binning;
    int64_t limit, size;
} options;

typedef struct trial {
    int64_t file; /* in names */
    mye_gesture_trial at;
    mye_aedat3_span span;
} trial;

typedef struct gesture {
    mye_event_set events; /* first */
    char *root;
    mye_names names;
    trial *trial; /* [capacity] */
    int64_t capacity;
} gesture;

static const mye_param params[] = {
    MYE_BINNING_PARAMS(options, binning),
    MYE_BINNING_POLARITY(options, binning),
    MYE_EVENT_SIZE_PARAM(options, size),
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first trials of the split; 0 = all"},
    {0},
};

static const char *const classes[MYE_GESTURE_CLASSES] = {"hand clapping",
                                                         "right hand wave",
                                                         "left hand wave",
                                                         "right arm clockwise",
                                                         "right arm counter clockwise",
                                                         "left arm clockwise",
                                                         "left arm counter clockwise",
                                                         "arm roll",
                                                         "air drums",
                                                         "air guitar",
                                                         "other gestures"};
static const char *const folders[] = {"dvs-gesture", "DvsGesture", "DVS128Gesture",
                                      "DVS128Gesture/extract/DvsGesture", NULL};
static const mye_data_search search = {
    .name = "dvs-gesture",
    .folders = folders,
    .mark = "trials_to_train.txt",
    .hint = "unpack DvsGesture.tar.gz, and name its folder with --data-dir or MYELIN_DATA",
};

/* Part of a file, as it is now. */
static mye_status read_part(mye_context *ctx, const char *path, mye_aedat3_span span, void **data,
                            mye_error *err)
{
    const size_t bytes = span.to - span.from;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t done = 0;
    mye_status st = MYE_OK;

    if (fd < 0)
        return mye_fail(err, MYE_ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    *data = mye_alloc(ctx, bytes);
    if (!*data)
        st = mye_no_memory(err, bytes, path);
    while (st == MYE_OK && done < bytes) {
        const ssize_t n = pread(fd, (char *)*data + done, bytes - done, (off_t)(span.from + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            st = mye_fail(err, MYE_ERR_FORMAT, "%s: it has become shorter since it was opened",
                          path);
        else if (errno != EINTR)
            st = mye_fail(err, MYE_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    }
    close(fd);
    return st;
}

static mye_status decode(const void *self, int64_t i, mye_events *out, mye_error *err)
{
    const gesture *set = self;
    mye_context *ctx = set->events.ctx;
    const trial *t = &set->trial[i];
    const size_t bytes = t->span.to - t->span.from;
    char *path = mye_data_path(ctx, set->root, set->names.name[t->file]);
    void *data = NULL;
    mye_status st =
        path ? read_part(ctx, path, t->span, &data, err) : mye_no_memory(err, 0, "a path");

    if (st == MYE_OK)
        st = mye_aedat3_decode(path, data, bytes, (mye_aedat3_span){0, bytes}, t->at.start_us,
                               t->at.end_us, SIDE, SIDE, out, err);
    mye_free(ctx, data);
    mye_free(ctx, path);
    return st;
}

/* Appends the trials of one recording. */
static mye_status add_trials(gesture *set, int64_t file, const mye_gesture_trial *at,
                             const mye_aedat3_span *span, int n, mye_error *err)
{
    mye_context *ctx = set->events.ctx;

    if (set->events.n + n > set->capacity) {
        const int64_t old = set->capacity, more = 2 * old + n;
        trial *grown =
            mye_grow(ctx, set->trial, (size_t)old * sizeof *grown, (size_t)more * sizeof *grown);
        if (!grown)
            return mye_no_memory(err, (size_t)more * sizeof *grown, "trials");
        set->trial = grown;
        set->capacity = more;
    }
    for (int k = 0; k < n; k++)
        set->trial[set->events.n++] = (trial){file, at[k], span[k]};
    return MYE_OK;
}

static mye_status index_trials(gesture *set, int64_t file, const char *path, const char *labels,
                               mye_error *err)
{
    mye_context *ctx = set->events.ctx;
    mye_gesture_trial at[TRIALS];
    mye_aedat3_span span[TRIALS];
    int64_t start[TRIALS], end[TRIALS];
    int n = 0;
    void *data = NULL;
    size_t bytes = 0;

    MYE_TRY(mye_file_read(ctx, labels, TEXT_BYTES, &data, &bytes, err));
    mye_status st = mye_gesture_labels(labels, data, TRIALS, at, &n, err);
    mye_free(ctx, data);
    MYE_TRY(st);
    for (int k = 0; k < n; k++) {
        start[k] = at[k].start_us;
        end[k] = at[k].end_us;
    }
    MYE_TRY(mye_file_read(ctx, path, FILE_BYTES, &data, &bytes, err));
    st = mye_aedat3_index(path, data, bytes, n, start, end, span, err);
    mye_free(ctx, data);
    for (int k = 0; st == MYE_OK && k < n; k++)
        if (span[k].to == 0)
            st = mye_fail(err, MYE_ERR_FORMAT, "%s: trial %d, from %lld to %lld us, holds no event",
                          path, k + 1, (long long)start[k], (long long)end[k]);
    return st == MYE_OK ? add_trials(set, file, at, span, n, err) : st;
}

/* NAME.aedat and NAME_labels.csv. */
static mye_status index_file(gesture *set, int64_t file, mye_error *err)
{
    mye_context *ctx = set->events.ctx;
    const char *name = set->names.name[file];
    mye_text path = {.ctx = ctx}, labels = {.ctx = ctx};
    mye_status st;

    mye_text_add(&path, "%s/%s", set->root, name);
    mye_text_add(&labels, "%s/%.*s_labels.csv", set->root, (int)(strrchr(name, '.') - name), name);
    if (mye_context_cancelled(ctx))
        st = mye_fail(err, MYE_ERR_CANCELLED, "reading of recordings was stopped");
    else if (path.failed || labels.failed)
        st = mye_no_memory(err, 0, "a path");
    else
        st = index_trials(set, file, path.data, labels.data, err);
    mye_text_free(&path);
    mye_text_free(&labels);
    return st;
}

static mye_status read_list(gesture *set, bool is_train, mye_error *err)
{
    mye_context *ctx = set->events.ctx;
    char *path =
        mye_data_path(ctx, set->root, is_train ? "trials_to_train.txt" : "trials_to_test.txt");
    void *data = NULL;
    size_t bytes = 0;
    mye_status st = path ? mye_file_read(ctx, path, TEXT_BYTES, &data, &bytes, err)
                         : mye_no_memory(err, 0, "a path");

    if (st == MYE_OK)
        st = mye_gesture_list(path, data, &set->names, err);
    for (int64_t i = 0; st == MYE_OK && i < set->names.n; i++)
        st = index_file(set, i, err);
    if (st == MYE_OK && set->events.n == 0)
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: its recordings hold no trial", path);
    mye_free(ctx, data);
    mye_free(ctx, path);
    return st;
}

static mye_status fill(void *self, const void *opt, const char *folder, bool is_train,
                       mye_dataset_info *info, size_t *bytes, mye_error *err)
{
    gesture *set = self;
    const options *o = opt;
    set->names.ctx = set->events.ctx;
    set->root = mye_strdup(set->events.ctx, folder); /* of exactly its length */
    if (set->root == NULL)
        return mye_no_memory(err, 0, "a path");
    MYE_TRY(read_list(set, is_train, err));
    if (o->limit > 0 && o->limit < set->events.n)
        set->events.n = o->limit;
    const size_t n = (size_t)set->events.n;
    set->events.label = mye_alloc_array(set->events.ctx, n, sizeof *set->events.label);
    if (!set->events.label)
        return mye_no_memory(err, n * sizeof *set->events.label, "labels");
    size_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t length = set->trial[i].span.to - set->trial[i].span.from;
        set->events.label[i] = set->trial[i].at.label;
        largest = length > largest ? length : largest;
    }
    set->events.decode = decode;
    MYE_TRY(mye_event_set_camera(&set->events, &o->binning, info->frames, SIDE, o->size, err));
    mye_event_set_describe(&set->events, info);
    info->path = set->root;
    info->classes = MYE_GESTURE_CLASSES;
    info->class_names = classes;
    info->licence = "CC BY 4.0";
    info->source = "A. Amir et al., https://research.ibm.com/interactive/dvsgesture";
    info->read_bytes = mye_events_read_bytes(largest, 8);
    *bytes = sizeof *set + strlen(set->root) + 1 + n * sizeof *set->events.label +
             (size_t)set->capacity * sizeof *set->trial +
             (size_t)set->names.capacity * sizeof *set->names.name;
    for (int64_t i = 0; i < set->names.n; i++)
        *bytes += strlen(set->names.name[i]) + 1;
    return MYE_OK;
}

static void close_set(mye_context *ctx, void *self)
{
    gesture *set = self;

    mye_names_free(&set->names);
    mye_free(ctx, set->events.label);
    mye_free(ctx, set->trial);
    mye_free(ctx, set->root);
    mye_free(ctx, set);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    static const mye_event_opening how = {&search, NULL, sizeof(gesture), fill, close_set};
    return mye_event_set_open(ctx, &how, opt, dir, split, info, self, bytes, err);
}

const mye_dataset_type mye_dataset_dvs_gesture = {
    .entry = {"dvs-gesture", "events: 11 gestures before an event camera, 128x128, 1176 + 288",
              "Amir et al. 2017, CVPR: A low power, fully event-based gesture recognition system",
              params, sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_event_set_read,
    .recording = mye_event_set_recording,
    .close = close_set,
};
