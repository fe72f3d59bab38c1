/* metrics.jsonl when a run goes on: what the checkpoint does not know is dropped. */
#include <jansson.h>
#include <string.h>

#include "train/train.h"

#define MAX_BYTES ((size_t)1 << 28)

static double value_of(const json_t *line, const char *key)
{
    return json_number_value(json_object_get(line, key));
}

static bool keep_line(const char *text, size_t bytes, int64_t epochs, mye_metrics_totals *totals)
{
    json_t *line = json_loadb(text, bytes, 0, NULL);
    const char *event = json_string_value(json_object_get(line, "event"));
    const int64_t epoch = json_integer_value(json_object_get(line, "epoch"));
    bool keep = false;
    if (event && strcmp(event, "epoch") == 0) {
        keep = epoch >= 1 && epoch <= epochs;
        if (keep) {
            totals->train_s += value_of(line, "train_s");
            totals->test_s += value_of(line, "test_s");
            totals->images += value_of(line, "train_s") * value_of(line, "images_per_s");
        }
    } else if (event) {
        const bool is_start = strcmp(event, "start") == 0;
        keep = epochs >= 0 && (is_start || (strcmp(event, "resume") == 0 && epoch <= epochs));
    }
    json_decref(line);
    return keep;
}

static mye_status copy_lines(const char *text, size_t bytes, int64_t epochs, mye_file *file,
                             mye_metrics_totals *totals, mye_error *err)
{
    const char *end = text + bytes;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        /* A line without its end was cut off by a crash. */
        if (!stop)
            break;
        if (keep_line(text, (size_t)(stop - text), epochs, totals))
            MYE_TRY(mye_file_write(file, text, (size_t)(stop - text) + 1, err));
        text = stop + 1;
    }
    return MYE_OK;
}

mye_status mye_metrics_prune(mye_context *ctx, const char *folder, int64_t epochs,
                             mye_metrics_totals *out, mye_error *err)
{
    char path[MYE_PATH_MAX];
    void *text = NULL;
    size_t bytes = 0;
    mye_file *file = NULL;
    *out = (mye_metrics_totals){0};
    MYE_TRY(mye_path_join(folder, "metrics.jsonl", path, err));
    if (!mye_file_exists(path))
        return MYE_OK;
    MYE_TRY(mye_file_read(ctx, path, MAX_BYTES, &text, &bytes, err));
    mye_status status = mye_file_create(ctx, path, &file, err);
    if (status == MYE_OK) {
        status = copy_lines(text, bytes, epochs, file, out, err);
        if (status == MYE_OK)
            status = mye_file_commit(file, err);
        else
            mye_file_abandon(file);
    }
    mye_free(ctx, text);
    return status;
}
