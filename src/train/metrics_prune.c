/* metrics.jsonl when a run goes on: what the checkpoint does not know is dropped. */
#include <string.h>

#include "io/jsontext.h"
#include "train/train.h"

#define MAX_BYTES ((size_t)1 << 28)

static double value_of(const json_t *line, const char *key)
{
    return json_number_value(json_object_get(line, key));
}

/* What cannot be read is kept: it is not ours to throw away. */
static bool keep_line(const json_t *line, int64_t epochs, mye_metrics_totals *totals)
{
    const char *event = json_string_value(json_object_get(line, "event"));
    const int64_t epoch = json_integer_value(json_object_get(line, "epoch"));
    if (epochs < 0 || !event)
        return epochs >= 0;
    if (strcmp(event, "epoch") == 0) {
        if (epoch < 1 || epoch > epochs)
            return false;
        totals->train_s += value_of(line, "train_s");
        totals->test_s += value_of(line, "test_s");
        totals->images += value_of(line, "train_s") * value_of(line, "images_per_s");
        totals->visited += value_of(json_object_get(line, "sample"), "samples");
        totals->forwarded += value_of(json_object_get(line, "sample"), "forwarded");
    }
    if (strcmp(event, "cosine") == 0)
        return epoch <= epochs;
    return strcmp(event, "end") != 0 && (strcmp(event, "resume") != 0 || epoch <= epochs);
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
        json_t *line = NULL;
        if (mye_json_parse("", text, (size_t)(stop - text), 0, &line, err) == MYE_ERR_NOMEM)
            return MYE_ERR_NOMEM;
        const bool keep = keep_line(line, epochs, totals);
        json_decref(line);
        if (keep)
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
