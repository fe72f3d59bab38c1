/*
 * Pictures in folders, one for each class. They are decoded when the set is opened and kept as
 * bytes (keep=yes), or decoded whenever they are read.
 */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "data/data.h"
#include "data/files.h"
#include "data/folder.h"
#include "data/image.h"

/* Pictures behind mean and deviation, evenly over the training split. */
#define MEASURE_PICTURES 1000
#define PICTURE_BYTES    ((size_t)1 << 28)
#define SHARD            16

typedef struct options {
    char path[256];
    int64_t size;
    int channels;
    double hold_out;
    bool keep;
} options;

typedef struct picture_set {
    mye_folder folder;
    int size, C;
    size_t picture; /* bytes of one: size * size * C */
    uint8_t *bytes; /* [n][size][size][C]; NULL: read from disk */
} picture_set;

static const mye_param params[] = {
    {"channels", MYE_PARAM_CHOICE, offsetof(options, channels), 0, "rgb", 0, 0, "grey|rgb", NULL,
     "", "one channel or three"},
    {"hold_out", MYE_PARAM_FLOAT, offsetof(options, hold_out), 0, "0.2", 0, 0.9, NULL, NULL, "",
     "share of pictures kept for the test split when there are no folders train and test"},
    {"keep", MYE_PARAM_BOOL, offsetof(options, keep), 0, "yes", 0, 0, NULL, NULL, "",
     "keep the decoded pictures in memory"},
    {"path", MYE_PARAM_TEXT, offsetof(options, path), 256, "", 0, 0, NULL, NULL, "",
     "the folder; empty: the data folder itself"},
    {"size", MYE_PARAM_INT, offsetof(options, size), 0, "32", 1, 4096, NULL, NULL, "pixels",
     "the middle square of each picture is resized to size x size"},
    {0},
};

static mye_status decode_one(const picture_set *set, int64_t i, uint8_t *out, mye_error *err)
{
    mye_context *ctx = set->folder.ctx;
    char *path = mye_folder_path(&set->folder, i);
    void *data = NULL;
    size_t bytes = 0;
    mye_image image = {0};
    mye_status st = path ? MYE_OK : mye_no_memory(err, 0, "a path");

    if (st == MYE_OK)
        st = mye_file_read(ctx, path, PICTURE_BYTES, &data, &bytes, err);
    if (st == MYE_OK)
        st = mye_image_decode(ctx, path, data, bytes, set->C, &image, err);
    if (st == MYE_OK)
        st = mye_image_square(ctx, &image, set->size, out, err);
    mye_image_free(ctx, &image);
    mye_free(ctx, data);
    mye_free(ctx, path);
    return st;
}

/* Decoding of all pictures by the thread pool; the error kept is that of the first bad picture. */
typedef struct decode_job {
    picture_set *set;
    pthread_mutex_t lock;
    int64_t failed; /* index of the picture */
    mye_status status;
    mye_error error;
} decode_job;

static bool is_hopeless(decode_job *job, int64_t i)
{
    pthread_mutex_lock(&job->lock);
    const bool answer = job->status != MYE_OK && job->failed < i;
    pthread_mutex_unlock(&job->lock);
    return answer;
}

static void decode_shard(void *arg, int shard, int lane)
{
    decode_job *job = arg;
    picture_set *set = job->set;
    const int64_t n = set->folder.files.n, start = (int64_t)shard * SHARD;

    MYE_UNUSED(lane);
    for (int64_t i = start; i < n && i < start + SHARD && !is_hopeless(job, i); i++) {
        mye_error error = {0};
        const mye_status st =
            mye_context_cancelled(set->folder.ctx)
                ? mye_fail(&error, MYE_ERR_CANCELLED, "reading of pictures was stopped")
                : decode_one(set, i, set->bytes + (size_t)i * set->picture, &error);
        if (st == MYE_OK)
            continue;
        pthread_mutex_lock(&job->lock);
        if (job->status == MYE_OK || i < job->failed) {
            job->status = st;
            job->error = error;
            job->failed = i;
        }
        pthread_mutex_unlock(&job->lock);
        return;
    }
}

static mye_status decode_all(picture_set *set, mye_error *err)
{
    decode_job job = {.set = set, .status = MYE_OK};
    const int64_t n = set->folder.files.n;

    set->bytes = mye_alloc_array(set->folder.ctx, (size_t)n, set->picture);
    if (!set->bytes)
        return mye_no_memory(err, (size_t)n * set->picture,
                             "pictures; keep=no reads them from disk");
    pthread_mutex_init(&job.lock, NULL);
    mye_parallel(set->folder.ctx, (int)((n + SHARD - 1) / SHARD), decode_shard, &job);
    pthread_mutex_destroy(&job.lock);
    if (job.status != MYE_OK && err)
        *err = job.error;
    return job.status;
}

static mye_status read_bytes(const picture_set *set, int64_t i, uint8_t *out, mye_error *err)
{
    if (!set->bytes)
        return decode_one(set, i, out, err);
    memcpy(out, set->bytes + (size_t)i * set->picture, set->picture);
    return MYE_OK;
}

static mye_status measure(const picture_set *train, mye_dataset_info *info, mye_error *err)
{
    const int64_t n = train->folder.files.n, stride = n / MEASURE_PICTURES + 1;
    double sum[3] = {0}, squares[3] = {0}, count = 0;
    uint8_t *one = mye_alloc(train->folder.ctx, train->picture);
    mye_status st = one ? MYE_OK : mye_no_memory(err, train->picture, "one picture");

    for (int64_t i = 0; st == MYE_OK && i < n; i += stride) {
        st = read_bytes(train, i, one, err);
        for (size_t k = 0; st == MYE_OK && k < train->picture; k++) {
            const double x = one[k] / 255.0;
            sum[k % (size_t)train->C] += x;
            squares[k % (size_t)train->C] += x * x;
        }
        count += (double)train->size * train->size;
    }
    mye_free(train->folder.ctx, one);
    for (int c = 0; st == MYE_OK && c < train->C; c++) {
        const double mean = sum[c] / count, variance = squares[c] / count - mean * mean;
        info->mean[c] = (float)mean;
        info->deviation[c] = variance > 1e-12 ? (float)sqrt(variance) : 1;
    }
    return st;
}

/* Mean and deviation come from the training pictures whatever split is open. */
static mye_status normalisation(const picture_set *set, const char *path, const char *split,
                                double hold_out, mye_dataset_info *info, mye_error *err)
{
    picture_set train = *set;
    mye_status st;

    if (strcmp(split, "train") == 0)
        return measure(set, info, err);
    train.bytes = NULL;
    st = mye_folder_scan(set->folder.ctx, path, "train", hold_out, &train.folder, err);
    if (st == MYE_OK)
        st = measure(&train, info, err);
    mye_folder_free(&train.folder);
    return st;
}

static mye_status fill(picture_set *set, const options *o, const char *path, const char *split,
                       mye_dataset_info *info, size_t *bytes, mye_error *err)
{
    set->size = (int)o->size;
    set->C = o->channels ? 3 : 1;
    set->picture = (size_t)o->size * (size_t)o->size * (size_t)set->C;
    MYE_TRY(mye_folder_scan(set->folder.ctx, path, split, o->hold_out, &set->folder, err));
    if (o->keep)
        MYE_TRY(decode_all(set, err));
    MYE_TRY(normalisation(set, path, split, o->hold_out, info, err));
    info->path = set->folder.root;
    info->licence = info->source = "";
    info->n = set->folder.files.n;
    info->C = set->C;
    info->H = info->W = set->size;
    info->classes = (int)set->folder.classes.n;
    info->class_names = (const char *const *)set->folder.classes.name;
    *bytes = sizeof *set + set->folder.held_bytes;
    *bytes += set->bytes ? (size_t)info->n * set->picture : 0;
    return MYE_OK;
}

static void close_set(mye_context *ctx, void *self)
{
    picture_set *set = self;

    mye_folder_free(&set->folder);
    mye_free(ctx, set->bytes);
    mye_free(ctx, set);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    const options *o = opt;
    picture_set *set;
    char *path = NULL;
    mye_status st;

    if (strcmp(split, "train") != 0 && strcmp(split, "test") != 0 && strcmp(split, "val") != 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "dataset 'folder' has the splits train, test and val, got '%s'", split);
    MYE_TRY(mye_data_locate(ctx, dir, o->path[0] ? o->path : ".", &path, err));
    set = mye_alloc(ctx, sizeof *set);
    if (set) {
        set->folder.ctx = ctx;
        st = fill(set, o, path, split, info, bytes, err);
        if (st == MYE_OK)
            *self = set;
        else
            close_set(ctx, set);
    } else {
        st = mye_no_memory(err, sizeof *set, "a dataset");
    }
    mye_free(ctx, path);
    return st;
}

static mye_status read_sample(const void *self, int64_t i, float *pixels, int *label,
                              mye_error *err)
{
    const picture_set *set = self;
    /* Decoded bytes go into the tail of the caller's floats, then are widened from the front: a byte
     * is always read before its place is overwritten. */
    uint8_t *bytes = (uint8_t *)pixels + 3 * set->picture;

    MYE_TRY(read_bytes(set, i, bytes, err));
    for (size_t k = 0; k < set->picture; k++) {
        const uint8_t byte = bytes[k];
        pixels[k] = (float)(byte / 255.0);
    }
    *label = set->folder.label[i];
    return MYE_OK;
}

const mye_dataset_type mye_dataset_folder = {
    .entry = {"folder", "PNG and JPEG pictures, one subfolder for each class", "", params,
              sizeof(options)},
    .open = open_set,
    .read = read_sample,
    .close = close_set,
};
