/* The page of one run: what was run, how it went, where time and memory went, how to repeat it. */
#include "report/report.h"

#include <math.h>
#include <string.h>

#include "report/page.h"

static void say(mye_text *out, const char *before, const char *value, const char *after)
{
    mye_text_add(out, "%s<b>", before);
    mye_html_text(out, value);
    mye_text_add(out, "</b>%s", after);
}

static void say_key(mye_text *out, const mye_record *r, const char *before, const char *key,
                    const char *after)
{
    char value[2048];
    if (!mye_record_config(r, key, value, sizeof(value))[0])
        return;
    say(out, before, value, after);
}

/* Which modules a depth rule made; nothing where credit flows through the whole network. */
static void add_modules(mye_text *out, const mye_record *r)
{
    const json_t *model = json_object_get(r->start, "model");
    const json_t *plan = json_object_get(r->start, "plan");
    const double modules = mye_record_number(model, "modules");
    const double auxiliary = mye_record_number(model, "auxiliary_weights");
    const double own = mye_record_number(model, "weights") - auxiliary;
    const double macs = mye_record_number(plan, "macs");
    const double auxiliary_macs = mye_record_number(plan, "auxiliary_macs");
    char number[32];
    if (!(modules > 1) || !isfinite(own))
        return;
    mye_text_add(
        out,
        "<p class=\"say\">The network is cut into <b>%.0f modules</b>, each with a loss of its "
        "own. Auxiliary nodes, which only these losses want, have <b>%s weights</b>",
        modules, mye_html_count(auxiliary, number, sizeof(number)));
    mye_text_add(out, " beside the network's %s", mye_html_count(own, number, sizeof(number)));
    if (auxiliary_macs >= 0 && macs > 0)
        mye_text_add(out, ", and take <b>%.0f %%</b> of the multiply-adds of a training step",
                     100 * auxiliary_macs / macs);
    mye_text_add(out, ". Inference does without them.</p>\n");
}

/* What was run, in words. */
static void add_words(mye_text *out, const mye_record *r)
{
    char number[32];
    const double train_n = mye_record_number(json_object_get(r->start, "data"), "n_train");
    mye_text_add(out, "<p class=\"say\">");
    say_key(out, r, "A network of ", "neuron", " neurons ");
    say_key(out, r, "learned ", "data", "");
    if (isfinite(train_n))
        mye_text_add(out, " (%.0f training images)", train_n);
    say_key(out, r, " with ", "T", " time steps a sample");
    say_key(out, r, " and batches of ", "batch", "");
    snprintf(number, sizeof(number), "%d", r->n_epochs);
    say(out, ", for ", number, r->n_epochs == 1 ? " epoch.</p>\n" : " epochs.</p>\n");
    mye_text_add(out, "<p class=\"say\">");
    say_key(out, r, "Credit flows through time by ", "time", ", ");
    say_key(out, r, "through layers by ", "depth", "; ");
    say_key(out, r, "examples: ", "sample", "; ");
    say_key(out, r, "weights move by ", "step", ", ");
    say_key(out, r, "schedule ", "schedule", "; ");
    say_key(out, r, "loss ", "loss", ".");
    say_key(out, r, " Images are encoded by ", "encoder", "");
    say_key(out, r, ", changed by ", "augment", "");
    mye_text_add(out, ".</p>\n");
}

/* What stands between the run and its end. */
static void add_warnings(mye_text *out, const mye_record *r)
{
    const char *status = json_string_value(json_object_get(r->end, "status"));
    const char *message = json_string_value(json_object_get(r->end, "message"));
    if (!r->end || (status && strcmp(status, "finished") != 0)) {
        mye_text_add(out, "<div class=\"warn\">This run %s.",
                     !r->end                            ? "is not at its end yet"
                     : strcmp(status, "cancelled") == 0 ? "was stopped"
                                                        : "failed");
        if (message) {
            mye_text_add(out, " ");
            mye_html_text(out, message);
            mye_text_add(out, ".");
        }
        mye_text_add(out, " Go on with <code>myelin train ");
        mye_html_text(out, r->folder);
        mye_text_add(out, " --resume</code></div>\n");
    }
    if (r->skipped > 0)
        mye_text_add(out,
                     "<div class=\"warn\">%d line%s of metrics.jsonl could not be read and "
                     "%s left out.</div>\n",
                     r->skipped, r->skipped == 1 ? "" : "s", r->skipped == 1 ? "was" : "were");
}

static void percent_card(mye_text *out, double share, const char *what, const char *note)
{
    char value[32];
    if (isfinite(share))
        snprintf(value, sizeof(value), "%.2f %%", 100 * share);
    else
        snprintf(value, sizeof(value), "–");
    mye_html_card(out, value, what, note);
}

static void bytes_card(mye_text *out, double bytes, const char *what, const char *note)
{
    char value[32];
    if (isfinite(bytes) && bytes >= 0)
        mye_html_card(out, mye_html_bytes(bytes, value, sizeof(value)), what, note);
}

/* Numbers of a run that is still going are summed up from its epochs. */
static double sum_of(mye_text *out, const mye_record *r, const char *key)
{
    double *column = mye_record_column(r, key), sum = 0;
    out->failed = out->failed || !column;
    for (int i = 0; column && i < r->n_epochs; i++)
        sum += isfinite(column[i]) ? column[i] : 0;
    mye_free(r->ctx, column);
    return sum;
}

static void add_cards(mye_text *out, const mye_record *r)
{
    char note[64], text[32], more[32];
    int best = -1;
    double *test = mye_record_column(r, "test_accuracy");
    out->failed = out->failed || !test;
    for (int i = 0; test && i < r->n_epochs; i++)
        best = isfinite(test[i]) && (best < 0 || test[i] > test[best]) ? i : best;
    mye_text_add(out, "<div class=\"cards\">\n");
    snprintf(note, sizeof(note), "epoch %d", best + 1);
    percent_card(out, best >= 0 ? test[best] : (double)NAN, "best test accuracy",
                 best >= 0 ? note : "");
    percent_card(out, mye_record_last(r, "test_accuracy"), "last test accuracy", "");
    mye_free(r->ctx, test);
    const double train_s =
        r->end ? mye_record_number(r->end, "train_s") : sum_of(out, r, "train_s");
    snprintf(
        note, sizeof(note), "%s an epoch",
        mye_html_seconds(r->n_epochs ? train_s / r->n_epochs : (double)NAN, more, sizeof(more)));
    mye_html_card(out, mye_html_seconds(train_s, text, sizeof(text)), "training time", note);
    const double speed =
        r->end ? mye_record_number(r->end, "images_per_s") : mye_record_last(r, "images_per_s");
    mye_html_card(out, mye_html_count(round(speed), text, sizeof(text)), "images a second",
                  "training");
    const json_t *plan = json_object_get(r->start, "plan");
    bytes_card(out, mye_page_peak(r), "planned memory", "known before the start");
    bytes_card(out, mye_record_number(r->end, "peak_rss_bytes"), "process peak",
               "measured, with the data");
    bytes_card(out, mye_record_number(plan, "kept_bytes"), "kept for backward", "in each step");
    const double rate = mye_record_rate(r);
    snprintf(text, sizeof(text), "%.3f", rate);
    if (isfinite(rate))
        mye_html_card(out, text, "mean firing rate", "spikes a neuron and step");
    mye_text_add(out, "</div>\n");
}

static void chart_panel(mye_text *out, const mye_chart *chart)
{
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_lines(out, chart);
    mye_text_add(out, "</div>\n");
}

/* One panel with one or two columns of the epochs. */
static void add_columns(mye_text *out, const mye_record *r, mye_chart *chart, const char *train,
                        const char *test)
{
    double *x = mye_record_column(r, "epoch");
    double *a = train ? mye_record_column(r, train) : NULL;
    double *b = test ? mye_record_column(r, test) : NULL;
    out->failed = out->failed || !x || (train && !a) || (test && !b);
    if (b)
        chart->series[chart->n++] = (mye_series){"test", x, b, r->n_epochs, 0, false};
    if (a)
        chart->series[chart->n++] = (mye_series){"train", x, a, r->n_epochs, 1, false};
    chart->x_name = "epoch";
    if (!out->failed)
        chart_panel(out, chart);
    mye_free(r->ctx, x);
    mye_free(r->ctx, a);
    mye_free(r->ctx, b);
}

static void add_curves(mye_text *out, const mye_record *r)
{
    mye_text_add(out, "<h2>Learning</h2>\n<div class=\"pair\">\n");
    mye_chart accuracy = {.title = "Accuracy", .unit = "%"};
    add_columns(out, r, &accuracy, "train_accuracy", "test_accuracy");
    mye_chart loss = {.title = "Loss", .unit = "", .from_zero = true};
    add_columns(out, r, &loss, "train_loss", "test_loss");
    mye_chart rate = {.title = "Learning rate", .unit = "", .from_zero = true};
    add_columns(out, r, &rate, NULL, "learning_rate");
    mye_chart speed = {.title = "Training speed, images a second", .unit = "", .from_zero = true};
    add_columns(out, r, &speed, NULL, "images_per_s");
    mye_text_add(out, "</div>\n");
}

/* A line for each layer's rate over the epochs, and bars of the last epoch. */
static void add_rates(mye_text *out, const mye_record *r)
{
    json_t *rates = json_object_get(
        json_array_get(r->epochs, (size_t)(r->n_epochs - (r->n_epochs > 0))), "rates");
    const size_t n = json_object_size(rates), cells = n * (size_t)r->n_epochs;
    if (n == 0)
        return;
    mye_bar *bar = mye_alloc_array(r->ctx, n, sizeof(*bar));
    double *y = mye_alloc_array(r->ctx, cells, sizeof(*y)), *x = mye_record_column(r, "epoch");
    mye_chart chart = {
        .title = "Firing rate over the epochs", .unit = "", .x_name = "epoch", .from_zero = true};
    const char *name;
    json_t *value;
    int i = 0;
    out->failed = out->failed || !bar || !y || !x;
    json_object_foreach(rates, name, value)
    {
        if (out->failed)
            break;
        bar[i] = (mye_bar){.name = name, .value = json_number_value(value), .color = 0};
        snprintf(bar[i].label, sizeof(bar[i].label), "%.4f", bar[i].value);
        double *line = y + (size_t)i * (size_t)r->n_epochs;
        for (int e = 0; e < r->n_epochs; e++)
            line[e] = mye_record_number(
                json_object_get(json_array_get(r->epochs, (size_t)e), "rates"), name);
        if (chart.n < MYE_SERIES_COLS)
            chart.series[chart.n++] = (mye_series){name, x, line, r->n_epochs, i, false};
        i++;
    }
    if (!out->failed) {
        mye_text_add(out, "<h2>Firing rates</h2>\n<p class=\"say\">Spikes a neuron and time step "
                          "on the training images. Fewer spikes, less work.</p>\n"
                          "<div class=\"pair\">\n<div class=\"panel\">\n");
        mye_svg_bars(out, "Last epoch, by layer", bar, (int)n);
        mye_text_add(out, "</div>\n");
        chart_panel(out, &chart);
        mye_text_add(out, "</div>\n");
    }
    mye_free(r->ctx, x);
    mye_free(r->ctx, y);
    mye_free(r->ctx, bar);
}

static void add_confusion(mye_text *out, const mye_record *r)
{
    enum { MAX = 64 };
    const json_t *rows = json_object_get(r->eval, "confusion");
    const json_t *classes = json_object_get(r->eval, "classes");
    const size_t n = json_array_size(rows);
    const char *name[MAX] = {0};
    if (n == 0 || n > MAX)
        return;
    double *count = mye_alloc_array(r->ctx, n * n, sizeof(*count));
    for (size_t i = 0; count && i < n; i++) {
        name[i] = json_string_value(json_array_get(classes, i));
        for (size_t k = 0; k < n; k++) {
            const double value = json_number_value(json_array_get(json_array_get(rows, i), k));
            count[i * n + k] = value > 0 ? value : 0;
        }
    }
    out->failed = out->failed || !count;
    if (count) {
        mye_text_add(out, "<h2>Mistakes</h2>\n<div class=\"panel\" style=\"max-width:640px\">\n");
        mye_svg_matrix(out, count, (int)n, name);
        mye_text_add(out, "</div>\n");
    }
    mye_free(r->ctx, count);
}

/* A method with every parameter: "sgd:lr=0.1,momentum=0.9,...". */
static mye_status whole_method(const mye_record *r, const mye_param *p, char *value, size_t size)
{
    mye_method method = {0};
    char whole[1024];
    if (p->type != MYE_PARAM_METHOD)
        return MYE_OK;
    MYE_TRY(mye_method_parse(r->ctx, p->kind, value, &method, NULL));
    if (mye_method_text(&method, true, whole, sizeof(whole), NULL) == MYE_OK)
        snprintf(value, size, "%s", whole);
    mye_method_free(r->ctx, &method);
    return MYE_OK;
}

static void add_settings(mye_text *out, const mye_record *r)
{
    char value[2048];
    mye_text_add(out, "<details><summary>Every setting</summary><div class=\"panel\"><table>\n");
    for (const mye_param *p = mye_config_params(); p->name; p++) {
        mye_record_config(r, p->name, value, sizeof(value));
        if (whole_method(r, p, value, sizeof(value)) == MYE_ERR_NOMEM)
            out->failed = true;
        mye_text_add(out, "<tr><th>%s</th><td class=\"w\">", p->name);
        mye_html_text(out, value[0] ? value : "–");
        mye_text_add(out, "</td><td>");
        mye_html_text(out, p->help);
        mye_text_add(out, "</td></tr>\n");
    }
    mye_text_add(out, "</table></div></details>\n");
}

static void add_repeat(mye_text *out, const mye_record *r)
{
    mye_text_add(out, "<h2>Repeat it</h2>\n<pre>");
    mye_page_command(out, r);
    mye_text_add(out, "</pre>\n<p class=\"say\" style=\"margin-top:8px\">or, with every key: "
                      "<code>myelin train ");
    mye_html_text(out, r->folder);
    mye_text_add(out, "/config.yaml --out ANOTHER</code>. The same seed gives the same bits, on "
                      "any number of threads.</p>\n");
    add_settings(out, r);
    if (!r->config)
        return;
    mye_text_add(out, "<details><summary>config.yaml</summary><pre>");
    mye_html_text(out, r->config);
    mye_text_add(out, "</pre></details>\n");
}

mye_status mye_report_run(mye_context *ctx, const char *folder, mye_error *err)
{
    mye_record r;
    MYE_TRY(mye_record_read(ctx, folder, &r, err));
    mye_text out = {.ctx = ctx};
    char net[2048], data[MYE_METHOD_MAX], title[256], path[1024];
    mye_record_config(&r, "net", net, sizeof(net));
    mye_record_config(&r, "data", data, sizeof(data));
    snprintf(title, sizeof(title), "%.150s%s%.80s", net[0] ? net : folder, data[0] ? " on " : "",
             data);
    mye_html_begin(&out, title);
    mye_text_add(&out, "<h1>");
    mye_html_text(&out, title);
    mye_text_add(&out, "</h1>\n");
    add_words(&out, &r);
    add_modules(&out, &r);
    add_warnings(&out, &r);
    add_cards(&out, &r);
    if (r.n_epochs > 0) {
        add_curves(&out, &r);
        add_rates(&out, &r);
        mye_page_samples(&out, &r);
    }
    mye_page_cosine(&out, &r);
    add_confusion(&out, &r);
    mye_page_plan(&out, &r);
    mye_page_ways(&out, &r);
    add_repeat(&out, &r);
    mye_html_end(&out);
    snprintf(path, sizeof(path), "%s/report.html", folder);
    const mye_status st = mye_page_write(ctx, &out, path, err);
    mye_text_free(&out);
    mye_record_free(&r);
    return st;
}
