/*
 * metrics.jsonl: one JSON object a line, appended with one write and flushed to disk, so that a
 * crash costs at most the line at work. "event" tells the lines apart; new keys go at the end.
 *
 *   start   version, kernels, threads, time (UTC), config {key: text}, plan {..._bytes, macs,
 *           auxiliary_macs}, data {name, path, C, H, W, frames, classes, n_train, n_test}, model
 *           {weights (all), neurons, nodes, modules, auxiliary_weights}
 *   epoch   epoch, train_loss, train_accuracy, test_loss, test_accuracy, learning_rate, train_s,
 *           test_s, images_per_s, processed, rates {neuron: spikes per neuron and step},
 *           ways {layer: [forward, data, weights], how it was computed last}, sample {samples,
 *           forwarded, keep, capped, spread, max_weight, mean_age, lr_scale, visited, score_s,
 *           sample_s}: see mye_epoch_sample
 *   cosine  epoch (finished; 0: before the first step), rule, reference, batches, samples, cosine,
 *           norm_ratio, weights_cosine, weights_norm_ratio, layers {layer: [cosine, norm_ratio]};
 *           stands before the line of its epoch
 *   resume  epoch (finished before), batch, time
 *   end     status (finished | cancelled | failed), epochs, best_test_accuracy, best_epoch,
 *           train_s, total_s, images_per_s, planned_bytes, allocated_bytes, peak_rss_bytes,
 *           data_bytes, message (failed only)
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/jsontext.h"
#include "myelin/myelin.h"
#include "train/train.h"

struct mye_metrics {
    mye_context *ctx;
    char path[MYE_PATH_MAX];
};

mye_status mye_metrics_open(mye_context *ctx, const char *folder, mye_metrics **out, mye_error *err)
{
    *out = NULL;
    mye_metrics *m = mye_alloc(ctx, sizeof *m);
    if (!m)
        return mye_no_memory(err, sizeof *m, "the metrics");
    m->ctx = ctx;
    const mye_status status = mye_path_join(folder, "metrics.jsonl", m->path, err);
    if (status != MYE_OK) {
        mye_metrics_close(m);
        return status;
    }
    *out = m;
    return MYE_OK;
}

void mye_metrics_close(mye_metrics *m)
{
    if (m)
        mye_free(m->ctx, m);
}

/* ---- appending ---- */

static mye_status write_line(const mye_metrics *m, const mye_text *line, mye_error *err)
{
    const int fd = open(m->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return mye_fail(err, MYE_ERR_IO, "cannot open '%s': %s", m->path, strerror(errno));
    size_t done = 0;
    int error = 0;
    while (done < line->length && error == 0) {
        const ssize_t n = write(fd, line->data + done, line->length - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            error = errno;
    }
    if (error == 0 && fsync(fd) != 0 && errno != EINVAL)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0)
        return MYE_OK;
    mye_fail(err, MYE_ERR_IO, "cannot write '%s': %s", m->path, strerror(error));
    if (error == ENOSPC)
        mye_hint(err, "free some space, then continue with --resume");
    return MYE_ERR_IO;
}

/* Takes the object over. */
static mye_status append(const mye_metrics *m, json_t *object, mye_error *err)
{
    mye_text line = {.ctx = m->ctx};
    mye_status status;
    const bool ok = mye_json_add(&line, object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    mye_text_add(&line, "\n");
    if (!ok || line.failed)
        status = mye_no_memory(err, line.length, "a line of metrics");
    else
        status = write_line(m, &line, err);
    mye_text_free(&line);
    return status;
}

/* JSON has no NaN. */
static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *utf8(const char *text)
{
    json_t *value = json_string(text);
    return value ? value : json_string("?");
}

static json_t *now_text(void)
{
    char text[32];
    struct tm tm;
    const time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(text);
}

/* ---- start ---- */

static json_t *config_object(const mye_config *config)
{
    json_t *object = json_object();
    char value[sizeof config->net];
    bool failed = false;
    for (const mye_param *p = mye_config_params(); p->name; p++)
        if (mye_params_get(mye_config_params(), config, p->name, value, sizeof value, NULL) ==
            MYE_OK)
            failed |= json_object_set_new(object, p->name, utf8(value)) != 0;
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *plan_object(const mye_plan *plan)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:o}",
        "total_bytes", (json_int_t)plan->total_bytes, "weight_bytes",
        (json_int_t)plan->weight_bytes, "gradient_bytes", (json_int_t)plan->gradient_bytes,
        "optimiser_bytes", (json_int_t)plan->optimiser_bytes, "kept_bytes",
        (json_int_t)plan->kept_bytes, "run_bytes", (json_int_t)plan->run_bytes, "scratch_bytes",
        (json_int_t)plan->scratch_bytes, "eval_bytes", (json_int_t)plan->eval_bytes, "loader_bytes",
        (json_int_t)plan->loader_bytes, "kept_per_neuron_step", number(plan->kept_per_neuron_step),
        "macs", number(plan->macs), "cosine_bytes", (json_int_t)plan->cosine_bytes, "fit_bytes",
        (json_int_t)plan->fit_bytes, "save_bytes", (json_int_t)plan->save_bytes, "auxiliary_macs",
        number(plan->auxiliary_macs));
}

static json_t *data_object(const mye_metrics_start *s)
{
    const mye_dataset_info *d = s->data;
    return json_pack("{s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:I, s:I}", "name", utf8(d->name), "path",
                     utf8(d->path), "C", d->C, "H", d->H, "W", d->W, "frames", d->frames, "classes",
                     d->classes, "n_train", (json_int_t)s->n_train, "n_test",
                     (json_int_t)s->n_test);
}

mye_status mye_metrics_begin(mye_metrics *m, const mye_metrics_start *s, mye_error *err)
{
    json_t *model =
        json_pack("{s:I, s:I, s:i, s:i, s:I}", "weights", (json_int_t)mye_model_weights(s->model),
                  "neurons", (json_int_t)mye_model_neurons(s->model), "nodes",
                  mye_model_nodes(s->model), "modules", mye_model_modules(s->model),
                  "auxiliary_weights", (json_int_t)mye_model_auxiliary_weights(s->model));
    json_t *line = json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "event", "start",
                             "version", mye_version(), "kernels", mye_context_kernels(m->ctx),
                             "threads", mye_context_threads(m->ctx), "time", now_text(), "config",
                             config_object(s->config), "plan", plan_object(s->plan), "data",
                             data_object(s), "model", model);
    return append(m, line, err);
}

/* ---- resume, epoch, end ---- */

mye_status mye_metrics_resume(mye_metrics *m, int64_t epoch, int64_t batch, mye_error *err)
{
    return append(m,
                  json_pack("{s:s, s:I, s:I, s:o}", "event", "resume", "epoch", (json_int_t)epoch,
                            "batch", (json_int_t)batch, "time", now_text()),
                  err);
}

/* {"conv1": ["direct", "", "spikes"], ...}: forward, data, weights */
static json_t *ways_object(const mye_epoch_result *r)
{
    json_t *ways = json_object();
    for (int i = 0; i < r->n_ways; i++) {
        const mye_layer_way *w = &r->way[i];
        if (json_object_set_new(ways, w->layer,
                                json_pack("[s, s, s]", w->forward, w->data, w->weight)) != 0) {
            json_decref(ways);
            return NULL;
        }
    }
    return ways;
}

static json_t *sample_object(const mye_epoch_sample *s)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "samples",
                     (json_int_t)s->samples, "forwarded", (json_int_t)s->forwarded, "keep",
                     number(s->keep), "capped", number(s->capped), "spread", number(s->spread),
                     "max_weight", number(s->max_weight), "mean_age", number(s->mean_age),
                     "lr_scale", number(s->lr_scale), "visited", number(s->visited), "score_s",
                     number(s->score_s), "sample_s", number(s->sample_s));
}

mye_status mye_metrics_epoch(mye_metrics *m, const mye_epoch_result *r, mye_error *err)
{
    json_t *rates = json_object();
    bool failed = false;
    for (int i = 0; i < r->n_rates; i++)
        failed |= json_object_set_new(rates, r->rate_name[i], number(r->rate[i])) != 0;
    if (failed) {
        json_decref(rates);
        return mye_no_memory(err, 0, "a line of metrics");
    }
    json_t *line = json_pack(
        "{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "event", "epoch",
        "epoch", (json_int_t)r->epoch, "train_loss", number(r->train_loss), "train_accuracy",
        number(r->train_accuracy), "test_loss", number(r->test_loss), "test_accuracy",
        number(r->test_accuracy), "learning_rate", number(r->learning_rate), "train_s",
        number(r->train_s), "test_s", number(r->test_s), "images_per_s", number(r->images_per_s),
        "processed", number(r->processed), "rates", rates, "ways", ways_object(r), "sample",
        sample_object(&r->sample));
    return append(m, line, err);
}

mye_status mye_metrics_cosine(mye_metrics *m, const mye_cosine_result *r, mye_error *err)
{
    json_t *layers = json_object();
    bool failed = layers == NULL;
    for (int i = 0; i < r->n_layers && !failed; i++) {
        const mye_layer_cosine *l = &r->layer[i];
        json_t *pair = json_pack("[o, o]", number(l->cosine), number(l->norm_ratio));
        failed = json_object_set_new(layers, l->layer, pair) != 0;
    }
    if (failed) {
        json_decref(layers);
        return mye_no_memory(err, 0, "a line of metrics");
    }
    json_t *line = json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:o, s:o, s:o, s:o, s:o}", "event",
                             "cosine", "epoch", (json_int_t)r->epoch, "rule", r->rule, "reference",
                             r->reference, "batches", r->batches, "samples", (json_int_t)r->samples,
                             "cosine", number(r->cosine), "norm_ratio", number(r->norm_ratio),
                             "weights_cosine", number(r->weights_cosine), "weights_norm_ratio",
                             number(r->weights_norm_ratio), "layers", layers);
    return append(m, line, err);
}

mye_status mye_metrics_end(mye_metrics *m, const char *status, int64_t epochs,
                           const mye_train_result *r, const char *message, mye_error *err)
{
    json_t *line = json_pack(
        "{s:s, s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "event", "end", "status",
        status, "epochs", (json_int_t)epochs, "best_test_accuracy", number(r->best_test_accuracy),
        "best_epoch", (json_int_t)r->best_epoch, "train_s", number(r->train_s), "total_s",
        number(r->total_s), "images_per_s", number(r->images_per_s), "planned_bytes",
        (json_int_t)r->planned_bytes, "allocated_bytes", (json_int_t)r->allocated_bytes,
        "peak_rss_bytes", (json_int_t)r->peak_rss_bytes, "data_bytes", (json_int_t)r->data_bytes);
    if (line && message)
        json_object_set_new(line, "message", utf8(message));
    return append(m, line, err);
}
