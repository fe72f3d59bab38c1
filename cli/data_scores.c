/* myelin data scores: hard samples, and samples that may be labelled wrong. */
#include "data_scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *class_name(const mye_dataset_info *a, int k)
{
    return k < a->classes && a->class_names ? a->class_names[k] : "?";
}

/* ---- what is printed ---- */

static json_t *row_json(const mye_sample_score *r)
{
    return json_pack("{s:I,s:i,s:i,s:o,s:o,s:o,s:o,s:o}", "sample", (json_int_t)r->sample, "label",
                     r->label, "predicted", r->predicted, "loss", cli_real((double)r->loss),
                     "error", cli_real((double)r->error), "confidence",
                     cli_real((double)r->confidence), "label_probability",
                     cli_real((double)r->label_probability), "score", cli_real((double)r->score));
}

static json_t *list_json(const mye_scores *s, const int64_t *order, int64_t n)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < n; i++)
        json_array_append_new(list, row_json(&s->row[order[i]]));
    return list;
}

/* The first of the suspicious whose label the network does not share, at most `most`. */
static int64_t suspects(const mye_scores *s, int64_t most)
{
    int64_t n = 0;
    for (; n < most && n < s->n; n++) {
        const mye_sample_score *r = &s->row[s->suspicious[n]];
        if (r->predicted == r->label)
            break;
    }
    return n;
}

static void print_json(const cli_scores_options *o, const mye_scores *s, const mye_dataset_info *a,
                       int64_t n)
{
    json_t *classes = json_array();
    for (int k = 0; k < a->classes; k++)
        json_array_append_new(classes, json_string(class_name(a, k)));
    cli_json(json_pack("{s:s,s:s,s:I,s:I,s:o,s:o,s:s,s:I,s:o,s:o,s:o}", "run", o->run, "data",
                       a->name, "samples", (json_int_t)s->n, "scored", (json_int_t)s->n_scored,
                       "accuracy", cli_real(s->accuracy), "loss", cli_real(s->loss), "by",
                       s->is_scored ? "score" : "loss", "doubted", (json_int_t)s->n_suspicious,
                       "classes", classes, "hardest", list_json(s, s->hardest, n), "suspicious",
                       list_json(s, s->suspicious, suspects(s, n))));
}

static void print_list(const cli *app, const mye_scores *s, const mye_dataset_info *a,
                       const int64_t *order, int64_t n)
{
    cli_table *t = cli_table_new(app, s->is_scored ? ">sample|label|network "
                                                     "says|>loss|>error|>p(says)|>p(label)|>score"
                                                   : ">sample|label|network "
                                                     "says|>loss|>error|>p(says)|>p(label)");
    for (int64_t i = 0; i < n; i++) {
        const mye_sample_score *r = &s->row[order[i]];
        cli_cell(t, "%lld", (long long)r->sample);
        cli_cell(t, "%s", class_name(a, r->label));
        cli_cell(t, "%s", class_name(a, r->predicted));
        cli_cell(t, "%.3f", (double)r->loss);
        cli_cell(t, "%.3f", (double)r->error);
        cli_cell(t, "%.3f", (double)r->confidence);
        cli_cell(t, "%.3f", (double)r->label_probability);
        if (s->is_scored && isnan(r->score))
            cli_cell(t, "-");
        else if (s->is_scored)
            cli_cell(t, "%.4g", (double)r->score);
    }
    cli_table_print(t, stdout);
}

static void print_text(const cli *app, const cli_scores_options *o, const mye_scores *s,
                       const mye_dataset_info *a, int64_t n)
{
    const int64_t doubted = suspects(s, n);
    printf("%lld samples of %s, seen by %s: %s agree with their label, mean loss %.4f\n",
           (long long)s->n, a->name, o->run, cli_percent(s->accuracy).text, s->loss);
    printf("\n%shardest%s by %s\n", cli_paint(app->color_out, "bold"), cli_plain(app->color_out),
           s->is_scored ? "the score of training (RUN/scores.csv)" : "loss");
    print_list(app, s, a, s->hardest, n);
    printf("\n%ssuspicious%s: the network answers with another class than the label\n"
           "%lld %s below 10 %% for the label and above 90 %% for another class\n",
           cli_paint(app->color_out, "bold"), cli_plain(app->color_out), (long long)s->n_suspicious,
           s->n_suspicious == 1 ? "sample is" : "samples are");
    if (doubted > 0)
        print_list(app, s, a, s->suspicious, doubted);
}

/* ---- files ---- */

static void csv_row(FILE *f, const mye_sample_score *r)
{
    fprintf(f, "%lld,%d,%d,%.9g,%.9g,%.9g,", (long long)r->sample, r->label, r->predicted,
            (double)r->loss, (double)r->error, (double)r->confidence);
    if (!isnan(r->score))
        fprintf(f, "%.9g", (double)r->score);
    fputc('\n', f);
}

static mye_status write_csv(const char *path, const mye_scores *s, mye_error *err)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return mye_fail(err, MYE_ERR_IO, "cannot write '%.300s'", path);
    fputs("sample,label,predicted,loss,error,confidence,score\n", f);
    for (int64_t i = 0; i < s->n; i++)
        csv_row(f, &s->row[i]);
    const bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return mye_fail(err, MYE_ERR_IO, "cannot write '%.300s': the disk may be full", path);
    return MYE_OK;
}

static mye_status write_files(const cli *app, const cli_scores_options *o, const mye_scores *s,
                              const mye_dataset *data, mye_error *err)
{
    mye_status st = o->csv[0] ? write_csv(o->csv, s, err) : MYE_OK;
    if (st == MYE_OK && o->html[0]) {
        char *title = cli_format("Samples of %s", o->run);
        st = mye_report_scores(app->ctx, s, data, (int)o->count, title, o->html, err);
        free(title);
    }
    if (st != MYE_OK || app->global.json)
        return st;
    if (o->csv[0])
        printf("\ntable  %s\n", o->csv);
    if (o->html[0])
        printf("%spage   %s\n", o->csv[0] ? "" : "\n", o->html);
    return MYE_OK;
}

/* ---- the look ---- */

/* The training set as the run saw it: with its T and its limit. */
static mye_status look(cli *app, const cli_scores_options *o, mye_classifier *c, mye_dataset **data,
                       mye_scores *out, mye_error *err)
{
    const mye_config *config = mye_classifier_config(c);
    MYE_TRY(mye_dataset_open_steps(app->ctx, config->data,
                                   o->data_dir[0] ? o->data_dir : config->data_dir, "train",
                                   (int)config->T, data, err));
    char *file = cli_format("%s/scores.csv", o->run);
    mye_score_options options = MYE_SCORE_OPTIONS;
    options.limit = config->limit_train;
    if (o->limit > 0 && (options.limit == 0 || o->limit < options.limit))
        options.limit = o->limit;
    options.file = access(file, R_OK) == 0 ? file : NULL;
    cli_progress progress;
    cli_progress_init(&progress, app, false);
    const mye_status st =
        mye_score_samples(app->ctx, c, *data, &options, &progress.callbacks, out, err);
    cli_progress_clear(&progress);
    free(file);
    return st;
}

int cli_data_scores(cli *app, const cli_scores_options *o)
{
    mye_error err = {0};
    mye_classifier *c = NULL;
    mye_dataset *data = NULL;
    mye_scores scores = {0};
    mye_infer_options options = MYE_INFER_OPTIONS;
    options.batch = 64;
    mye_status st = mye_classifier_open(app->ctx, o->run, &options, &c, &err);
    if (st == MYE_OK)
        st = look(app, o, c, &data, &scores, &err);
    if (st == MYE_OK) {
        const int64_t n = o->count < scores.n ? o->count : scores.n;
        if (app->global.json)
            print_json(o, &scores, mye_dataset_about(data), n);
        else
            print_text(app, o, &scores, mye_dataset_about(data), n);
        st = write_files(app, o, &scores, data, &err);
    }
    mye_scores_free(app->ctx, &scores);
    mye_dataset_free(data);
    mye_classifier_free(c);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}
