/* What a run folder recorded. */
#include "report/report.h"

#include <math.h>
#include <string.h>

#include "io/jsontext.h"

enum { METRICS_MAX = 1 << 28, SMALL_MAX = 1 << 22 };

static const char *event_of(const json_t *object)
{
    const char *event = json_string_value(json_object_get(object, "event"));
    return event ? event : "";
}

/* Epochs ascend; an epoch written again (after a resume) and those behind it are replaced. */
static void add_epoch(json_t *epochs, json_t *epoch)
{
    const double number = mye_record_number(epoch, "epoch");
    size_t n = json_array_size(epochs);
    while (n > 0 && mye_record_number(json_array_get(epochs, n - 1), "epoch") >= number)
        json_array_remove(epochs, --n);
    json_array_append(epochs, epoch);
}

static void replace(json_t **slot, json_t *object)
{
    json_decref(*slot);
    *slot = json_incref(object);
}

static mye_status read_line(mye_record *r, const char *line, size_t n, mye_error *err)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL;
    json_t *object = NULL;
    size_t blank = 0;
    while (blank < n && strchr(" \t\r", line[blank]))
        blank++;
    if (blank == n)
        return MYE_OK;
    if (mye_json_parse(r->folder, line, n, flags, &object, err) == MYE_ERR_NOMEM)
        return MYE_ERR_NOMEM;
    const char *event = event_of(object);
    if (strcmp(event, "start") == 0)
        replace(&r->start, object);
    else if (strcmp(event, "epoch") == 0 && isfinite(mye_record_number(object, "epoch")))
        add_epoch(r->epochs, object);
    else if (strcmp(event, "cosine") == 0 && isfinite(mye_record_number(object, "epoch")))
        add_epoch(r->cosines, object);
    else if (strcmp(event, "resume") == 0)
        replace(&r->end, NULL);
    else if (strcmp(event, "end") == 0)
        replace(&r->end, object);
    else if (!json_is_object(object))
        r->skipped++;
    json_decref(object);
    return MYE_OK;
}

static mye_status read_metrics(mye_record *r, mye_error *err)
{
    char path[1024];
    void *data = NULL;
    size_t bytes = 0;
    snprintf(path, sizeof(path), "%s/metrics.jsonl", r->folder);
    if (!mye_file_exists(path)) {
        mye_fail(err, MYE_ERR_IO, "'%.200s' is not a run folder: it has no metrics.jsonl",
                 r->folder);
        mye_hint(err, "a run folder is what 'myelin train --out FOLDER' leaves");
        return MYE_ERR_IO;
    }
    MYE_TRY(mye_file_read(r->ctx, path, METRICS_MAX, &data, &bytes, err));
    const char *at = data, *end = at + bytes;
    mye_status status = MYE_OK;
    while (at < end && status == MYE_OK) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const size_t n = (size_t)((line_end ? line_end : end) - at);
        status = read_line(r, at, n, err);
        at += n + 1;
    }
    mye_free(r->ctx, data);
    if (status != MYE_OK)
        return status;
    r->n_epochs = (int)json_array_size(r->epochs);
    r->n_cosines = (int)json_array_size(r->cosines);
    if (!r->start && r->n_epochs == 0)
        return mye_fail(err, MYE_ERR_FORMAT, "%.200s holds no line that a run wrote", path);
    return MYE_OK;
}

/* FOLDER/NAME as text with a NUL at the end, NULL when there is no such file. */
static mye_status read_small(mye_record *r, const char *name, char **text, size_t *bytes,
                             mye_error *err)
{
    char path[1024];
    void *data = NULL;
    *text = NULL;
    snprintf(path, sizeof(path), "%s/%s", r->folder, name);
    if (!mye_file_exists(path))
        return MYE_OK;
    MYE_TRY(mye_file_read(r->ctx, path, SMALL_MAX, &data, bytes, err));
    *text = data;
    return MYE_OK;
}

mye_status mye_record_read(mye_context *ctx, const char *folder, mye_record *out, mye_error *err)
{
    char *eval = NULL;
    size_t bytes = 0;
    *out =
        (mye_record){.ctx = ctx, .folder = folder, .epochs = json_array(), .cosines = json_array()};
    if (!out->epochs || !out->cosines) {
        mye_record_free(out);
        return mye_no_memory(err, sizeof(json_t), "the report");
    }
    mye_status st = read_metrics(out, err);
    if (st == MYE_OK)
        st = read_small(out, "config.yaml", &out->config, &bytes, err);
    if (st == MYE_OK)
        st = read_small(out, "eval.json", &eval, &bytes, err);
    if (eval && mye_json_parse("eval.json", eval, bytes, JSON_DECODE_INT_AS_REAL, &out->eval,
                               err) == MYE_ERR_NOMEM)
        st = MYE_ERR_NOMEM;
    mye_free(ctx, eval);
    if (st != MYE_OK)
        mye_record_free(out);
    return st;
}

void mye_record_free(mye_record *r)
{
    json_decref(r->start);
    json_decref(r->end);
    json_decref(r->eval);
    json_decref(r->epochs);
    json_decref(r->cosines);
    mye_free(r->ctx, r->config);
    *r = (mye_record){0};
}

double mye_record_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *mye_record_config(const mye_record *r, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(json_object_get(r->start, "config"), key);
    out[0] = '\0';
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    else if (json_is_number(value))
        snprintf(out, size, "%.12g", json_number_value(value));
    else if (json_is_boolean(value))
        snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
    return out;
}

double *mye_record_column(const mye_record *r, const char *key)
{
    double *column = mye_alloc_array(r->ctx, (size_t)r->n_epochs, sizeof(*column));
    for (int i = 0; column && i < r->n_epochs; i++)
        column[i] = mye_record_number(json_array_get(r->epochs, (size_t)i), key);
    return column;
}

double mye_record_last(const mye_record *r, const char *key)
{
    if (r->n_epochs == 0)
        return (double)NAN;
    return mye_record_number(json_array_get(r->epochs, (size_t)r->n_epochs - 1), key);
}

const json_t *mye_record_cosine(const mye_record *r)
{
    return r->n_cosines > 0 ? json_array_get(r->cosines, (size_t)r->n_cosines - 1) : NULL;
}

double mye_record_rate(const mye_record *r)
{
    const json_t *last = json_array_get(r->epochs, (size_t)(r->n_epochs > 0 ? r->n_epochs - 1 : 0));
    json_t *rates = json_object_get(last, "rates");
    const char *name;
    json_t *value;
    double sum = 0;
    int n = 0;
    json_object_foreach(rates, name, value)
    {
        if (json_is_number(value)) {
            sum += json_number_value(value);
            n++;
        }
    }
    return n > 0 ? sum / n : (double)NAN;
}
