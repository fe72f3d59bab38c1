/* Datasets: opening by name, reading, measuring. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/data.h"
#include "data/dataset_list.inc"

/* Samples behind the mean and deviation of a dataset that has no published ones. */
#define MEASURE_SAMPLES 10000

struct mye_dataset {
    mye_context *ctx;
    const mye_dataset_type *type;
    mye_dataset_info info;
    void *self;
    size_t bytes;      /* of self and of the names below         */
    const char **name; /* numbers as class names, when made here */
};

#define DECLARE(name) extern const mye_dataset_type mye_dataset_##name;
MYE_DATASET_LIST(DECLARE)
#define ENTRY(name) &mye_dataset_##name.entry,
static const mye_entry *const entries[] = {MYE_DATASET_LIST(ENTRY) NULL};
const mye_kind mye_kind_dataset = {"dataset", "Which examples are learned?", entries};

/* Sums of up to `limit` samples, every stride-th. */
static mye_status measure(mye_context *ctx, const mye_dataset *data, int64_t limit, int64_t stride,
                          mye_dataset_stats *out, mye_error *err)
{
    const int C = data->info.C, used = C < 4 ? C : 4;
    const size_t area = mye_dataset_sample_size(&data->info) / (size_t)C;
    double sum[4] = {0}, squares[4] = {0};
    float *pixels = mye_alloc_array(ctx, area * (size_t)C, sizeof *pixels);
    mye_status st = MYE_OK;

    memset(out, 0, sizeof *out);
    out->minimum = INFINITY;
    out->maximum = -INFINITY;
    if (!pixels)
        return mye_no_memory(err, area * (size_t)C * sizeof *pixels, "one image");
    for (int64_t i = 0; st == MYE_OK && i < data->info.n && out->n < limit; i += stride) {
        int label = 0;
        st = mye_context_cancelled(ctx) ? mye_fail(err, MYE_ERR_CANCELLED, "measuring was stopped")
                                        : mye_dataset_read(data, i, pixels, &label, err);
        for (size_t k = 0; st == MYE_OK && k < area * (size_t)C; k++) {
            const int c = (int)(k % (size_t)C) < used ? (int)(k % (size_t)C) : used - 1;
            sum[c] += (double)pixels[k];
            squares[c] += (double)pixels[k] * (double)pixels[k];
            out->minimum = pixels[k] < out->minimum ? pixels[k] : out->minimum;
            out->maximum = pixels[k] > out->maximum ? pixels[k] : out->maximum;
        }
        out->n += st == MYE_OK;
        if (label >= 0 && label < (int)(sizeof out->per_class / sizeof out->per_class[0]))
            out->per_class[label]++;
    }
    mye_free(ctx, pixels);
    for (int c = 0; c < used && out->n > 0; c++) {
        const double n = (double)out->n * (double)area * (c == 3 ? C - 3 : 1);
        const double variance = squares[c] / n - sum[c] / n * (sum[c] / n);
        out->mean[c] = sum[c] / n;
        out->deviation[c] = variance > 0 ? sqrt(variance) : 0;
    }
    return st;
}

mye_status mye_dataset_measure(mye_context *ctx, const mye_dataset *data, int64_t limit,
                               mye_dataset_stats *out, mye_error *err)
{
    return measure(ctx, data, limit, 1, out, err);
}

static void take_normalisation(mye_dataset_info *info, const mye_dataset_stats *stats)
{
    for (int c = 0; c < 4 && c < info->C; c++) {
        info->mean[c] = (float)stats->mean[c];
        /* A constant channel carries nothing: it becomes 0, not infinite. */
        info->deviation[c] = stats->deviation[c] > 1e-6 ? (float)stats->deviation[c] : 1;
    }
}

/* Measured on the training split even when another one is open: both must be shifted alike. */
static mye_status find_normalisation(mye_dataset *data, const void *options, const char *dir,
                                     const char *split, mye_error *err)
{
    mye_dataset train = {.ctx = data->ctx, .type = data->type, .info.frames = data->info.frames};
    const mye_dataset *from = data;
    mye_dataset_stats *stats = mye_alloc(data->ctx, sizeof *stats);
    mye_status st = MYE_OK;

    if (!stats)
        return mye_no_memory(err, sizeof *stats, "statistics");
    if (strcmp(split, "train") != 0) {
        st = data->type->open(data->ctx, options, dir, "train", &train.info, &train.self,
                              &train.bytes, err);
        if (st == MYE_OK)
            from = &train;
        else if (st == MYE_ERR_IO) /* a test split alone: better its own numbers than none */
            st = MYE_OK;
    }
    if (st == MYE_OK && (from->info.C != data->info.C || from->info.H != data->info.H ||
                         from->info.W != data->info.W))
        st = mye_fail(err, MYE_ERR_FORMAT,
                      "%s: samples of the splits differ, %dx%dx%d in train and %dx%dx%d in %s",
                      data->info.path, from->info.H, from->info.W, from->info.C, data->info.H,
                      data->info.W, data->info.C, split);
    if (st == MYE_OK) {
        const int64_t n = from->info.n;
        st = measure(data->ctx, from, MEASURE_SAMPLES, n / MEASURE_SAMPLES + 1, stats, err);
    }
    if (st == MYE_OK) {
        take_normalisation(&data->info, stats);
        if (from->info.classes > data->info.classes)
            data->info.classes = from->info.classes;
    }
    if (train.self)
        data->type->close(data->ctx, train.self);
    mye_free(data->ctx, stats);
    return st;
}

/* "0", "1", ... for a dataset whose classes have no names; pointers and texts in one block. */
static mye_status number_classes(mye_dataset *data, mye_error *err)
{
    enum { WIDTH = 24 };
    const size_t n = (size_t)data->info.classes, size = n * (sizeof(char *) + WIDTH);
    char *text;

    data->name = mye_alloc(data->ctx, size);
    if (!data->name)
        return mye_no_memory(err, size, "class names");
    text = (char *)(data->name + n);
    for (size_t k = 0; k < n; k++, text += WIDTH) {
        snprintf(text, WIDTH, "%zu", k);
        data->name[k] = text;
    }
    data->info.class_names = data->name;
    data->bytes += size;
    return MYE_OK;
}

/* Counts of events keep their meaning: the frames' own options scale them. */
static void leave_frames(mye_dataset_info *info)
{
    for (int c = 0; c < 4; c++) {
        info->mean[c] = 0;
        info->deviation[c] = 1;
    }
}

static mye_status open_method(mye_dataset *data, const mye_method *method, const char *dir,
                              const char *split, int T, mye_error *err)
{
    data->type = (const mye_dataset_type *)(const void *)method->entry;
    data->info.name = method->entry->name;
    if (data->type->has_frames)
        data->info.frames = T > 0 ? T : MYE_FRAMES_DEFAULT;
    MYE_TRY(data->type->open(data->ctx, method->options, dir, split, &data->info, &data->self,
                             &data->bytes, err));
    if (data->info.frames > 0)
        leave_frames(&data->info);
    if (data->info.deviation[0] <= 0)
        MYE_TRY(find_normalisation(data, method->options, dir, split, err));
    for (int c = 1; c < 4; c++)
        if (c >= data->info.C) {
            data->info.mean[c] = data->info.mean[c - 1];
            data->info.deviation[c] = data->info.deviation[c - 1];
        }
    return data->info.class_names ? MYE_OK : number_classes(data, err);
}

mye_status mye_dataset_open(mye_context *ctx, const char *text, const char *dir, const char *split,
                            mye_dataset **out, mye_error *err)
{
    return mye_dataset_open_steps(ctx, text, dir, split, 0, out, err);
}

mye_status mye_dataset_open_steps(mye_context *ctx, const char *text, const char *dir,
                                  const char *split, int T, mye_dataset **out, mye_error *err)
{
    mye_dataset *data;
    mye_method method = {0};
    mye_status st;

    *out = NULL;
    if (T < 0 || T > MYE_FRAMES_MAX)
        return mye_fail(err, MYE_ERR_ARG, "a data set gives 1 to %d frames, got %d", MYE_FRAMES_MAX,
                        T);
    MYE_TRY(mye_method_parse(ctx, &mye_kind_dataset, text, &method, err));
    data = mye_alloc(ctx, sizeof *data);
    if (!data) {
        mye_method_free(ctx, &method);
        return mye_no_memory(err, sizeof *data, "a dataset");
    }
    data->ctx = ctx;
    st = open_method(data, &method, dir, split, T, err);
    mye_method_free(ctx, &method);
    if (st == MYE_OK)
        *out = data;
    else
        mye_dataset_free(data);
    return st;
}

void mye_dataset_free(mye_dataset *data)
{
    if (!data)
        return;
    if (data->self)
        data->type->close(data->ctx, data->self);
    mye_free(data->ctx, data->name);
    mye_free(data->ctx, data);
}

const mye_dataset_info *mye_dataset_about(const mye_dataset *data)
{
    return &data->info;
}

mye_status mye_dataset_read(const mye_dataset *data, int64_t i, float *pixels, int *label,
                            mye_error *err)
{
    if (i < 0 || i >= data->info.n)
        return mye_fail(err, MYE_ERR_ARG, "%s: sample %lld of %lld does not exist", data->info.name,
                        (long long)i, (long long)data->info.n);
    return data->type->read(data->self, i, pixels, label, err);
}

size_t mye_dataset_sample_size(const mye_dataset_info *info)
{
    return (size_t)(info->frames > 0 ? info->frames : 1) * (size_t)info->H * (size_t)info->W *
           (size_t)info->C;
}

/* Without times: the events are the counts in the frames. */
static mye_status count_frames(const mye_dataset *data, int64_t i, mye_recording_info *out,
                               mye_error *err)
{
    const size_t size = mye_dataset_sample_size(&data->info);
    float *pixels = mye_alloc_array(data->ctx, size, sizeof *pixels);
    double sum = 0;
    int label;

    if (!pixels)
        return mye_no_memory(err, size * sizeof *pixels, "the frames of a sample");
    const mye_status st = mye_dataset_read(data, i, pixels, &label, err);
    for (size_t k = 0; st == MYE_OK && k < size; k++)
        sum += (double)pixels[k];
    mye_free(data->ctx, pixels);
    *out = (mye_recording_info){sum < 9e15 ? (int64_t)sum : INT64_MAX, 0, -1};
    return st;
}

mye_status mye_dataset_recording(const mye_dataset *data, int64_t i, mye_recording_info *out,
                                 mye_error *err)
{
    memset(out, 0, sizeof *out);
    if (data->info.frames == 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: its samples are images, not recordings",
                        data->info.name);
    if (i < 0 || i >= data->info.n)
        return mye_fail(err, MYE_ERR_ARG, "%s: sample %lld of %lld does not exist", data->info.name,
                        (long long)i, (long long)data->info.n);
    return data->type->recording ? data->type->recording(data->self, i, out, err)
                                 : count_frames(data, i, out, err);
}

size_t mye_dataset_bytes(const mye_dataset *data)
{
    return sizeof *data + data->bytes;
}
