/* myelin synapse capacity, causality, classify, features, robustness: experiments of the library. */
#include "synapse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct experiment_options {
    char data_dir[512], out[512];
} experiment_options;

#define OUT_ROW                                                                             \
    {                                                                                       \
        .name = "out", .type = MYE_PARAM_TEXT, .offset = offsetof(experiment_options, out), \
        .size = 512, .def = "", .unit = "DIR",                                              \
        .help = "write a page, its figures (SVG) and numbers (JSON) to this folder"         \
    }

/* Of experiments that draw all they need, and of those that may read data. */
static const mye_param of_drawn[] = {OUT_ROW, CLI_END};
static const mye_param of_data[] = {
    {.name = "data_dir",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(experiment_options, data_dir),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "where data are looked for first"},
    OUT_ROW,
    CLI_END,
};

/* ---- the folder ---- */

/* Puts `text` into quotes where a shell wants them; free it. */
static char *quoted(const char *text)
{
    if (!strpbrk(text, " ;()&|<>$*?\"\\'"))
        return cli_format("%s", text);
    char *out = cli_memory(4 * strlen(text) + 3, 1), *to = out;
    *to++ = '\'';
    for (; *text; text++) {
        const bool is_quote = *text == '\'';
        memcpy(to, is_quote ? "'\\''" : text, is_quote ? 4 : 1);
        to += is_quote ? 4 : 1;
    }
    *to = '\'';
    return out;
}

/* What was asked for, as a shell takes it. */
static char *command_line(const cli *app)
{
    char *line = cli_format("myelin %s", app->command->entry.name);
    for (int i = 0; i < app->n_settings; i++) {
        char *value = quoted(app->setting[i].value);
        char *longer = cli_format("%s --%s=%s", line, app->setting[i].key, value);
        free(value);
        free(line);
        line = longer;
    }
    return line;
}

/* Figures of an earlier study that had more of them. */
static void remove_figures(const char *folder, int n)
{
    for (bool there = true; there; n++) {
        char *path = cli_format("%s/figure-%d.svg", folder, n + 1);
        there = unlink(path) == 0;
        free(path);
    }
}

static mye_status write_folder(const cli *app, const char *folder, const mye_study *study,
                               mye_error *err)
{
    char *page = cli_format("%s/report.html", folder);
    char *line = command_line(app);
    char *readme = cli_format("%s\n\nreport.html    figures and tables, for a browser\n"
                              "figure-N.svg   the figures, for papers and slides\n"
                              "study.json     the numbers: mean, sd and runs of every point\n",
                              line);
    int figures = 0;
    mye_status st = mye_report_study(app->ctx, study, page, err);
    if (st == MYE_OK)
        st = mye_report_figures(app->ctx, study, folder, &figures, err);
    if (st == MYE_OK)
        remove_figures(folder, figures);
    if (st == MYE_OK)
        st = cli_folder_write_json(folder, "study.json", cli_study_object(study), err);
    if (st == MYE_OK)
        st = cli_folder_write(folder, "README.txt", readme, err);
    if (st == MYE_OK && !app->global.json)
        printf("page  %s\n", page);
    free(readme);
    free(line);
    free(page);
    return st;
}

/* ---- the work ---- */

static mye_status work(cli *app, const experiment_options *o, const mye_entry *entry,
                       const void *options, mye_error *err)
{
    cli_progress progress;
    mye_study *study = NULL;
    const bool was_there = access(o->out, F_OK) == 0;
    if (o->out[0])
        MYE_TRY(cli_folder_make(o->out, err));
    cli_progress_init(&progress, app, false);
    progress.about = entry->name;
    mye_status st =
        mye_experiment_with(app->ctx, entry, options, o->data_dir[0] ? o->data_dir : NULL,
                            &progress.callbacks, &study, err);
    cli_progress_clear(&progress);
    if (st != MYE_OK && o->out[0] && !was_there)
        rmdir(o->out);
    if (st != MYE_OK)
        return st;
    if (app->global.json) {
        cli_study_json(study);
    } else {
        cli_study_print(app, study);
        cli_note(app, "%s in all", cli_seconds(study->seconds).text);
    }
    if (o->out[0])
        st = write_folder(app, o->out, study, err);
    mye_study_free(study);
    return st;
}

static int run(cli *app)
{
    experiment_options o = {0};
    mye_error err = {0};
    const mye_entry *entry = cli_experiment_entry(app->command);
    void *options = cli_memory(1, entry->options_size);
    int code = cli_options(app, &o);
    for (size_t n = strlen(o.out); n > 1 && o.out[n - 1] == '/'; n--)
        o.out[n - 1] = '\0';
    if (code == CLI_EXIT_OK)
        code = cli_experiment_options(app, options);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code == CLI_EXIT_OK && work(app, &o, entry, options, &err) != MYE_OK)
        code = cli_fail(app, &err);
    free(options);
    return code;
}

#define EXPERIMENT(word, table, says, tells, shows)            \
    const cli_command cli_synapse_##word = {                   \
        .entry = {.name = "synapse " #word,                    \
                  .brief = says,                               \
                  .source = "",                                \
                  .params = table,                             \
                  .options_size = sizeof(experiment_options)}, \
        .usage = "[options]",                                  \
        .details = tells,                                      \
        .examples = shows,                                     \
        .words = "",                                           \
        .experiment = #word,                                   \
        .run = run,                                            \
    }

EXPERIMENT(capacity, of_drawn, "how many random patterns a neuron tells apart",
           "Teaches single neurons random patterns by heart, more and more for each afferent, and "
           "tells up to where it works: with spike times alone, with times and coefficients, with "
           "coefficients alone.",
           "synapse capacity\n"
           "synapse capacity --units 200 --load 2,2.5,3 --epochs 5000 --out runs/capacity");

EXPERIMENT(causality, of_drawn, "learn to fire at given times",
           "Teaches a neuron to fire at given times in a pattern of noise (rule psd), and shows "
           "which afferents it made their causes: weights over the lag between their spike and the "
           "wanted one.",
           "synapse causality\n"
           "synapse causality --spikes 1,2,4,8,16 --units 800 --out runs/causality");

EXPERIMENT(classify, of_data, "learn the classes of patterns, images, sounds or a file",
           "Trains groups of neurons on the training patterns of a source and tests them on the "
           "others, over several runs: with ordinary spikes and, with everything else the same, "
           "with coefficients. Sources with options: 'myelin list pattern NAME'.",
           "synapse classify --readout levels:step=1\n"
           "# one neuron, four classes told by the number of its spikes\n"
           "synapse classify --patterns poisson:classes=4,patterns=12 --rule mst --readout levels "
           "--epochs 1000\n"
           "# your own patterns, ten parts in turn\n"
           "synapse classify --patterns file:path=patterns.npz --folds 10 --out runs/mine");

EXPERIMENT(features, of_drawn, "find features in a stream from one number for all of it",
           "Short features come back in a stream of background. The neuron is told how many spikes "
           "a whole trial is worth, not which feature is worth what, nor when it comes.",
           "synapse features --trials 3000 --tasks 1x1,5x1..5\n"
           "synapse features --rule peak --out runs/features");

EXPERIMENT(robustness, of_data, "how noise on spikes hurts",
           "Patterns are learned by heart and then read with noise on times and coefficients, with "
           "spikes lost or added. --train-noise adds curves of neurons that learned with noise.",
           "synapse robustness\n"
           "synapse robustness --train-noise jitter:sd=3 --rule tempotron:margin=0.2\n"
           "synapse robustness --noise \"jitter=1,2,4;delete=0.1,0.2\" --out runs/noise");
