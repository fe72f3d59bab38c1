/* myelin eval: how good a trained network is. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct eval_options {
    char data[MYE_METHOD_MAX], data_dir[512], normalise[128];
    int split;
    int64_t batch, T;
    bool int8, report;
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
    {.name = "normalise",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(eval_options, normalise),
     .size = 128,
     .def = "",
     .unit = "HOW",
     .help = "scaling of pixels: data, none or MEAN/DEVIATION (0.5/0.25); empty: as the file says, "
             "none for ONNX"},
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
    {.name = "T",
     .type = MYE_PARAM_INT,
     .offset = offsetof(eval_options, T),
     .def = "0",
     .min = 0,
     .max = 4096,
     .unit = "steps",
     .help = "time steps; 0: as in training"},
    {.name = "int8",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(eval_options, int8),
     .def = "no",
     .unit = "",
     .help = "8-bit weights where a layer reads spikes, beside 32-bit ones"},
    {.name = "report",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(eval_options, report),
     .def = "no",
     .unit = "",
     .help = "keep the result in the run folder and show it in its report.html"},
    CLI_END,
};

/* A network may have more outputs than the data has classes: such an output has its number only. */
static const char *class_name(const mye_dataset_info *about, int k, char number[16])
{
    if (k < about->classes)
        return about->class_names[k];
    snprintf(number, 16, "%d", k);
    return number;
}

static json_t *result_json(const mye_eval_result *r, const mye_dataset_info *about)
{
    json_t *rates = json_object(), *confusion = json_array(), *classes = json_array();
    for (int i = 0; i < r->n_rates; i++)
        json_object_set_new(rates, r->rate_name[i], cli_real(r->rate[i]));
    for (int i = 0; i < r->classes; i++) {
        char number[16];
        json_t *row = json_array();
        for (int k = 0; k < r->classes; k++)
            json_array_append_new(row, json_integer(r->confusion[i * r->classes + k]));
        json_array_append_new(confusion, row);
        json_array_append_new(classes, json_string(class_name(about, i, number)));
    }
    return json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:i,s:i,s:I}", "data", about->name,
                     "samples", (json_int_t)r->n, "accuracy", cli_real(r->accuracy), "loss",
                     cli_real(r->loss), "images_per_s", cli_real(r->images_per_s), "rates", rates,
                     "classes", classes, "confusion", confusion, "latency_s",
                     cli_real(r->latency_s), "layers", r->n_layers, "int8_layers", r->n_int8,
                     "run_bytes", (json_int_t)r->allocated_bytes);
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
        char number[16];
        int worst = -1;
        for (int k = 0; k < r->classes; k++) {
            n += row[k];
            if (k != i && row[k] > 0 && (worst < 0 || row[k] > row[worst]))
                worst = k;
        }
        cli_cell(t, "%s", class_name(about, i, number));
        cli_cell(t, "%lld", (long long)n);
        cli_cell(t, "%s", n ? cli_percent((double)row[i] / (double)n).text : "-");
        if (worst >= 0)
            cli_cell(t, "%s (%lld)", class_name(about, worst, number), (long long)row[worst]);
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

/* The same network with 32-bit and with 8-bit weights. */
static void print_weights(const cli *app, const mye_eval_result *plain, const mye_eval_result *int8)
{
    const mye_eval_result *const both[] = {plain, int8};
    printf("8-bit weights in %d of %d layers: those that read spikes\n", int8->n_int8,
           int8->n_layers);
    cli_table *t =
        cli_table_new(app, "weights|>accuracy|>loss|>images/s|>one image|>memory of run");
    for (int i = 0; i < 2; i++) {
        const mye_eval_result *r = both[i];
        cli_cell(t, "%s", i ? "8 bits" : "32 bits");
        cli_cell(t, "%.2f %%", 100 * r->accuracy);
        cli_cell(t, "%.4f", r->loss);
        cli_cell(t, "%s", cli_count(r->images_per_s).text);
        cli_cell(t, "%.2f ms", 1e3 * r->latency_s);
        cli_cell(t, "%s", cli_bytes(r->allocated_bytes).text);
    }
    cli_table_print(t, stdout);
    putchar('\n');
}

/* Opens the network and the data set that it was trained on, and evaluates. */
static mye_status evaluate(cli *app, const eval_options *o, bool int8, mye_classifier **c,
                           mye_dataset **data, mye_eval_result *out, mye_error *err)
{
    static const char *const split[] = {"train", "test"};
    mye_infer_options options = MYE_INFER_OPTIONS;
    options.batch = (int)o->batch;
    options.T = (int)o->T;
    options.int8 = int8;
    mye_status st = mye_classifier_open(app->ctx, app->word[0], &options, c, err);
    if (st == MYE_OK && !*data) {
        const mye_config *config = mye_classifier_config(*c);
        if (!o->data[0] && !config->data[0])
            return mye_fail(err, MYE_ERR_ARG,
                            "'%.300s' does not say which data its network was trained on: name "
                            "them with --data",
                            app->word[0]);
        st = mye_dataset_open_steps(app->ctx, o->data[0] ? o->data : config->data,
                                    o->data_dir[0] ? o->data_dir : config->data_dir,
                                    split[o->split], (int)config->T, data, err);
    }
    if (st == MYE_OK)
        st = mye_classifier_normalise(*c, o->normalise, mye_dataset_about(*data), err);
    if (st != MYE_OK)
        return st;
    cli_progress progress;
    cli_progress_init(&progress, app, false);
    st = mye_evaluate(app->ctx, *c, *data, &progress.callbacks, out, err);
    cli_progress_clear(&progress);
    return st;
}

/* `plain`: the result with 32-bit weights to compare with, or NULL. */
static mye_status show(const cli *app, const eval_options *o, const mye_eval_result *r,
                       const mye_eval_result *plain, const mye_dataset_info *about, mye_error *err)
{
    if (app->global.json) {
        json_t *json = result_json(r, about);
        if (plain)
            json_object_set_new(json, "float", result_json(plain, about));
        cli_json(json);
    } else {
        if (plain)
            print_weights(app, plain, r);
        print_text(app, r, about);
    }
    return o->report ? keep(app, r, about, err) : MYE_OK;
}

static int run(cli *app)
{
    eval_options o;
    mye_error err = {0};
    mye_classifier *c = NULL, *plain = NULL;
    mye_dataset *data = NULL;
    mye_eval_result result = {0}, compared = {0};
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    mye_status st = MYE_OK;
    if (o.int8)
        st = evaluate(app, &o, false, &plain, &data, &compared, &err);
    if (st == MYE_OK)
        st = evaluate(app, &o, o.int8, &c, &data, &result, &err);
    if (st == MYE_OK)
        st = show(app, &o, &result, o.int8 ? &compared : NULL, mye_dataset_about(data), &err);
    mye_eval_free(app->ctx, &result);
    mye_eval_free(app->ctx, &compared);
    mye_dataset_free(data);
    mye_classifier_free(plain);
    mye_classifier_free(c);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

const cli_command cli_cmd_eval = {
    .entry = {.name = "eval",
              .brief = "accuracy, confusion and firing rates of a trained network",
              .source = "",
              .params = params,
              .options_size = sizeof(eval_options)},
    .usage = "RUN|FILE.safetensors|FILE.onnx [options]",
    .details = "Runs the best weights of a run folder, or those of a checkpoint, over a data set.",
    .examples = "eval runs/a\n"
                "eval runs/a/last.safetensors --split train --json\n"
                "eval net.onnx --data fashion-mnist --normalise 0.286/0.353\n"
                "# what 8-bit weights cost and bring\n"
                "eval runs/a --int8 --batch 256\n"
                "# put the confusion matrix into runs/a/report.html\n"
                "eval runs/a --report",
    .words = "run",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
