/* myelin eval: how good a trained network is. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct eval_options {
    char data[MYE_METHOD_MAX], data_dir[512];
    int split;
    int64_t batch;
    bool report;
} eval_options;

static const mye_param params[] = {
    {.name = "data",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(eval_options, data),
     .size = MYE_METHOD_MAX,
     .def = "",
     .unit = "METHOD",
     .help = "another data set than that of the run"},
    {.name = "data_dir",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(eval_options, data_dir),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "where to look first"},
    {.name = "split",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(eval_options, split),
     .def = "test",
     .choices = "train|test",
     .unit = "",
     .help = "which part"},
    {.name = "batch",
     .type = MYE_PARAM_INT,
     .offset = offsetof(eval_options, batch),
     .def = "64",
     .min = 1,
     .max = 65536,
     .unit = "samples",
     .help = "samples at a time"},
    {.name = "report",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(eval_options, report),
     .def = "no",
     .unit = "",
     .help = "keep the result in the run folder and show it in its report.html"},
    CLI_END,
};

static json_t *result_json(const mye_eval_result *r, const mye_dataset_info *about)
{
    json_t *rates = json_object(), *confusion = json_array(), *classes = json_array();
    for (int i = 0; i < r->n_rates; i++)
        json_object_set_new(rates, r->rate_name[i], cli_real(r->rate[i]));
    for (int i = 0; i < r->classes; i++) {
        json_t *row = json_array();
        for (int k = 0; k < r->classes; k++)
            json_array_append_new(row, json_integer(r->confusion[i * r->classes + k]));
        json_array_append_new(confusion, row);
        json_array_append_new(classes, json_string(about->class_names[i]));
    }
    return json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "data", about->name, "samples",
                     (json_int_t)r->n, "accuracy", cli_real(r->accuracy), "loss", cli_real(r->loss),
                     "images_per_s", cli_real(r->images_per_s), "rates", rates, "classes", classes,
                     "confusion", confusion);
}

/* RUN/eval.json, which the report reads. */
static mye_status keep(const cli *app, const mye_eval_result *r, const mye_dataset_info *about,
                       mye_error *err)
{
    json_t *json = result_json(r, about);
    char *path = cli_format("%s/eval.json", app->word[0]);
    FILE *f = fopen(path, "w");
    const bool ok = f && json_dumpf(json, f, JSON_COMPACT) == 0 && fputc('\n', f) != EOF;
    const bool closed = !f || fclose(f) == 0;
    mye_status st = MYE_OK;
    if (!ok || !closed)
        st = mye_fail(err, MYE_ERR_IO, "cannot write '%s'", path);
    json_decref(json);
    free(path);
    return st == MYE_OK ? mye_report_run(app->ctx, app->word[0], err) : st;
}

/* Rows are the truth; the last columns name what a class is mistaken for most. */
static void print_confusion(const cli *app, const mye_eval_result *r, const mye_dataset_info *about)
{
    cli_table *t = cli_table_new(app, "class|>samples|>right|most often taken for");
    for (int i = 0; i < r->classes; i++) {
        const int64_t *row = r->confusion + (size_t)i * (size_t)r->classes;
        int64_t n = 0;
        int worst = -1;
        for (int k = 0; k < r->classes; k++) {
            n += row[k];
            if (k != i && row[k] > 0 && (worst < 0 || row[k] > row[worst]))
                worst = k;
        }
        cli_cell(t, "%s", about->class_names[i]);
        cli_cell(t, "%lld", (long long)n);
        cli_cell(t, "%s", n ? cli_percent((double)row[i] / (double)n).text : "-");
        if (worst >= 0)
            cli_cell(t, "%s (%lld)", about->class_names[worst], (long long)row[worst]);
        else
            cli_cell(t, "%s", "");
    }
    cli_table_print(t, stdout);
}

static void print_matrix(const cli *app, const mye_eval_result *r)
{
    char columns[512] = "truth \\ answer";
    for (int k = 0; k < r->classes; k++) {
        const size_t n = strlen(columns);
        snprintf(columns + n, sizeof(columns) - n, "|>%d", k);
    }
    cli_table *t = cli_table_new(app, columns);
    for (int i = 0; i < r->classes; i++) {
        cli_cell(t, "%d", i);
        for (int k = 0; k < r->classes; k++)
            cli_cell(t, "%lld", (long long)r->confusion[i * r->classes + k]);
    }
    cli_table_print(t, stdout);
}

static void print_text(const cli *app, const mye_eval_result *r, const mye_dataset_info *about)
{
    printf("accuracy  %s%s%s of %lld samples, loss %.4f, %s images/s\n\n",
           cli_paint(app->color_out, "bold"), cli_percent(r->accuracy).text,
           cli_plain(app->color_out), (long long)r->n, r->loss, cli_count(r->images_per_s).text);
    print_confusion(app, r, about);
    if (r->classes <= 20) {
        putchar('\n');
        print_matrix(app, r);
    }
    if (r->n_rates > 0) {
        putchar('\n');
        cli_table *t = cli_table_new(app, "neurons|>spikes a neuron and step");
        for (int i = 0; i < r->n_rates; i++) {
            cli_cell(t, "%s", r->rate_name[i]);
            cli_cell(t, "%.4f", r->rate[i]);
        }
        cli_table_print(t, stdout);
    }
}

static mye_status evaluate(cli *app, const eval_options *o, mye_classifier *c, mye_error *err)
{
    static const char *const split[] = {"train", "test"};
    const mye_config *config = mye_classifier_config(c);
    mye_dataset *data = NULL;
    mye_eval_result result = {0};
    cli_progress progress;
    cli_progress_init(&progress, app, false);
    mye_status st = mye_dataset_open(app->ctx, o->data[0] ? o->data : config->data,
                                     o->data_dir[0] ? o->data_dir : config->data_dir,
                                     split[o->split], &data, err);
    if (st == MYE_OK)
        st = mye_evaluate(app->ctx, c, data, &progress.callbacks, &result, err);
    cli_progress_clear(&progress);
    if (st == MYE_OK && app->global.json)
        cli_json(result_json(&result, mye_dataset_about(data)));
    else if (st == MYE_OK)
        print_text(app, &result, mye_dataset_about(data));
    if (st == MYE_OK && o->report)
        st = keep(app, &result, mye_dataset_about(data), err);
    mye_eval_free(app->ctx, &result);
    mye_dataset_free(data);
    return st;
}

static int run(cli *app)
{
    eval_options o;
    mye_error err = {0};
    mye_classifier *c = NULL;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    mye_status st = mye_classifier_open(app->ctx, app->word[0], (int)o.batch, &c, &err);
    if (st == MYE_OK)
        st = evaluate(app, &o, c, &err);
    mye_classifier_free(c);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

const cli_command cli_cmd_eval = {
    .entry = {.name = "eval",
              .brief = "accuracy, confusion and firing rates of a trained network",
              .source = "",
              .params = params,
              .options_size = sizeof(eval_options)},
    .usage = "RUN|FILE.safetensors [options]",
    .details = "Runs the best weights of a run folder, or those of a checkpoint, over a data set.",
    .examples = "eval runs/a\n"
                "eval runs/a/last.safetensors --split train --json\n"
                "# put the confusion matrix into runs/a/report.html\n"
                "eval runs/a --report",
    .words = "run",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
