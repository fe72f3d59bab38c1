/* myelin data: what a data set holds, whether it is whole, how it looks, what is hard in it. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data_scores.h"
#include "event_stats.h"
#include "preview.h"

typedef struct data_options {
    char data_dir[512], csv[512], html[512];
    int split;
    int64_t limit, count, width, T;
} data_options;

static const mye_param params[] = {
    {.name = "data_dir",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(data_options, data_dir),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "where to look first"},
    {.name = "split",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(data_options, split),
     .def = "train",
     .choices = "train|test",
     .unit = "",
     .help = "which part"},
    {.name = "limit",
     .type = MYE_PARAM_INT,
     .offset = offsetof(data_options, limit),
     .def = "0",
     .min = 0,
     .max = 1e12,
     .unit = "samples",
     .help = "stats, scores: look at so many only; 0 = all"},
    {.name = "count",
     .type = MYE_PARAM_INT,
     .offset = offsetof(data_options, count),
     .def = "0",
     .min = 0,
     .max = 1000,
     .unit = "images",
     .help = "preview, scores: how many; 0 = 8 and 20"},
    {.name = "width",
     .type = MYE_PARAM_INT,
     .offset = offsetof(data_options, width),
     .def = "0",
     .min = 0,
     .max = 200,
     .unit = "columns",
     .help = "preview: of one image; 0 = as it is"},
    {.name = "T",
     .type = MYE_PARAM_INT,
     .offset = offsetof(data_options, T),
     .def = "0",
     .min = 0,
     .max = 4096,
     .unit = "frames",
     .help = "event data: frames of a sample; 0 = 10"},
    {.name = "csv",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(data_options, csv),
     .size = 512,
     .def = "",
     .unit = "FILE",
     .help = "scores: write all samples to this table"},
    {.name = "html",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(data_options, html),
     .size = 512,
     .def = "",
     .unit = "FILE",
     .help = "scores: write a page with pictures of those listed"},
    CLI_END,
};

static const char *const split_name[] = {"train", "test"};

static mye_status open_split(const cli *app, const data_options *o, int split, mye_dataset **data,
                             mye_error *err)
{
    return mye_dataset_open_steps(app->ctx, app->word[1], o->data_dir, split_name[split], (int)o->T,
                                  data, err);
}

static const char *known(const char *text)
{
    return text && text[0] ? text : "unknown";
}

static json_t *info_json(const mye_dataset_info *a, const char *split, size_t bytes)
{
    json_t *classes = json_array();
    for (int i = 0; i < a->classes && a->class_names; i++)
        json_array_append_new(classes, json_string(a->class_names[i]));
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:i,s:[i,i,i],s:I,s:o}", "name", a->name, "split",
                     split, "path", a->path ? a->path : "", "licence", a->licence ? a->licence : "",
                     "source", a->source ? a->source : "", "samples", (json_int_t)a->n, "frames",
                     a->frames, "shape", a->C, a->H, a->W, "memory_bytes", (json_int_t)bytes,
                     "classes", classes);
}

static int info(cli *app, const data_options *o)
{
    for (int split = 0; split < 2; split++) {
        mye_error err = {0};
        mye_dataset *data = NULL;
        if (open_split(app, o, split, &data, &err) != MYE_OK)
            return cli_fail(app, &err);
        const mye_dataset_info *a = mye_dataset_about(data);
        if (app->global.json) {
            cli_json(info_json(a, split_name[split], mye_dataset_bytes(data)));
        } else if (split == 0) {
            printf("%s%s%s\n", cli_paint(app->color_out, "bold"), a->name,
                   cli_plain(app->color_out));
            printf("  place    %s\n  shape    ", a->path);
            if (a->frames > 0)
                printf("%d frames of ", a->frames);
            printf("%dx%dx%d\n  classes  %d:", a->C, a->H, a->W, a->classes);
            for (int i = 0; i < a->classes && i < 20 && a->class_names; i++)
                printf("%s %s", i > 0 ? "," : "", a->class_names[i]);
            printf("%s\n  licence  %s\n  source   %s\n", a->classes > 20 ? ", ..." : "",
                   known(a->licence), known(a->source));
        }
        if (!app->global.json)
            printf("  %-7s  %lld samples, %s in memory\n", split_name[split], (long long)a->n,
                   cli_bytes(mye_dataset_bytes(data)).text);
        mye_dataset_free(data);
    }
    return CLI_EXIT_OK;
}

/* Reads every sample; the first wrong one ends it. */
static mye_status check(const cli *app, const mye_dataset *data, mye_error *err)
{
    const mye_dataset_info *a = mye_dataset_about(data);
    const size_t size = mye_dataset_sample_size(a);
    const float most = a->frames > 0 ? 3e38f : 1.0f; /* counts have no limit */
    float *pixels = cli_memory(size, sizeof(*pixels));
    mye_status st = MYE_OK;
    for (int64_t i = 0; i < a->n && st == MYE_OK; i++) {
        int label = -1;
        st = mye_dataset_read(data, i, pixels, &label, err);
        if (st == MYE_OK && (label < 0 || label >= a->classes))
            st = mye_fail(err, MYE_ERR_FORMAT, "sample %lld of %s has label %d, not 0 to %d",
                          (long long)i, a->name, label, a->classes - 1);
        for (size_t k = 0; k < size && st == MYE_OK; k++) {
            if (!(pixels[k] >= 0.0f && pixels[k] <= most))
                st = mye_fail(err, MYE_ERR_FORMAT, "sample %lld of %s has a pixel outside 0 to %g",
                              (long long)i, a->name, (double)most);
        }
        if (mye_context_cancelled(app->ctx))
            st = mye_fail(err, MYE_ERR_CANCELLED, "stopped");
    }
    free(pixels);
    return st;
}

static int verify(cli *app, const data_options *o)
{
    for (int split = 0; split < 2; split++) {
        mye_error err = {0};
        mye_dataset *data = NULL;
        mye_status st = open_split(app, o, split, &data, &err);
        if (st == MYE_OK)
            st = check(app, data, &err);
        if (st != MYE_OK) {
            mye_dataset_free(data);
            return cli_fail(app, &err);
        }
        const mye_dataset_info *a = mye_dataset_about(data);
        if (app->global.json)
            cli_json(json_pack("{s:s,s:s,s:I,s:b}", "name", a->name, "split", split_name[split],
                               "samples", (json_int_t)a->n, "ok", 1));
        else
            printf("%sok%s  %s %s: %lld samples read, labels and pixels in range\n",
                   cli_paint(app->color_out, "green"), cli_plain(app->color_out), a->name,
                   split_name[split], (long long)a->n);
        mye_dataset_free(data);
    }
    return CLI_EXIT_OK;
}

static void stats_json(const mye_dataset_info *a, const mye_dataset_stats *s)
{
    json_t *mean = json_array(), *deviation = json_array(), *classes = json_array();
    for (int c = 0; c < a->C && c < 4; c++) {
        json_array_append_new(mean, cli_real(s->mean[c]));
        json_array_append_new(deviation, cli_real(s->deviation[c]));
    }
    for (int k = 0; k < a->classes && k < 1024; k++)
        json_array_append_new(classes, json_integer(s->per_class[k]));
    cli_json(json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o}", "name", a->name, "samples",
                       (json_int_t)s->n, "mean", mean, "deviation", deviation, "minimum",
                       cli_real((double)s->minimum), "maximum", cli_real((double)s->maximum),
                       "per_class", classes));
}

static void stats_table(const cli *app, const mye_dataset_info *a, const mye_dataset_stats *s)
{
    printf("%s: %lld samples, pixels from %.4f to %.4f\n\n", a->name, (long long)s->n,
           (double)s->minimum, (double)s->maximum);
    cli_table *t = cli_table_new(app, "channel|>mean|>deviation");
    for (int c = 0; c < a->C && c < 4; c++) {
        cli_cell(t, "%d", c);
        cli_cell(t, "%.4f", s->mean[c]);
        cli_cell(t, "%.4f", s->deviation[c]);
    }
    cli_table_print(t, stdout);
    putchar('\n');
    t = cli_table_new(app, "class|name|>samples|>share");
    for (int k = 0; k < a->classes && k < 1024; k++) {
        cli_cell(t, "%d", k);
        cli_cell(t, "%s", a->class_names ? a->class_names[k] : "");
        cli_cell(t, "%lld", (long long)s->per_class[k]);
        cli_cell(t, "%s", cli_percent((double)s->per_class[k] / (double)(s->n ? s->n : 1)).text);
    }
    cli_table_print(t, stdout);
}

static int stats(cli *app, const data_options *o)
{
    mye_error err = {0};
    mye_dataset *data = NULL;
    mye_dataset_stats s;
    cli_events events = {0};
    mye_status st = open_split(app, o, o->split, &data, &err);
    if (st == MYE_OK)
        st = mye_dataset_measure(app->ctx, data, o->limit > 0 ? o->limit : INT64_MAX, &s, &err);
    const bool has_events = st == MYE_OK && mye_dataset_about(data)->frames > 0;
    if (has_events)
        st = cli_events_measure(app, data, s.n, &events, &err);
    if (st == MYE_OK && app->global.json)
        stats_json(mye_dataset_about(data), &s);
    else if (st == MYE_OK)
        stats_table(app, mye_dataset_about(data), &s);
    if (st == MYE_OK && has_events)
        cli_events_print(app, &events);
    mye_dataset_free(data);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

static int preview(cli *app, const data_options *o)
{
    mye_error err = {0};
    mye_dataset *data = NULL;
    if (open_split(app, o, o->split, &data, &err) != MYE_OK)
        return cli_fail(app, &err);
    const mye_status st =
        cli_preview(app, data, o->count > 0 ? (int)o->count : 8, (int)o->width, &err);
    mye_dataset_free(data);
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

/* Options that only some of the words know are not passed over in silence. */
static int check_options(const cli *app, bool is_scores)
{
    static const char *const of_scores[] = {"csv", "html", NULL};
    static const char *const of_others[] = {"split", "width", "T", NULL};
    for (const char *const *key = is_scores ? of_others : of_scores; *key; key++) {
        if (cli_given(app, *key))
            return cli_usage(app, "myelin data --help", "'data %s' has no option --%s",
                             app->word[0], *key);
    }
    return CLI_EXIT_OK;
}

static int scores(cli *app, const data_options *o)
{
    const cli_scores_options options = {.run = app->word[1],
                                        .data_dir = o->data_dir,
                                        .csv = o->csv,
                                        .html = o->html,
                                        .limit = o->limit,
                                        .count = o->count > 0 ? o->count : 20};
    return cli_data_scores(app, &options);
}

static int run(cli *app)
{
    static const struct {
        const char *name;
        int (*run)(cli *app, const data_options *o);
    } action[] = {{"info", info},
                  {"preview", preview},
                  {"scores", scores},
                  {"stats", stats},
                  {"verify", verify}};
    data_options o;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = check_options(app, strcmp(app->word[0], "scores") == 0);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    for (size_t i = 0; i < sizeof(action) / sizeof(action[0]); i++) {
        if (strcmp(action[i].name, app->word[0]) == 0)
            return action[i].run(app, &o);
    }
    return cli_usage(app, "myelin data info|preview|stats|verify NAME, or myelin data scores RUN",
                     "'data' cannot '%.80s'", app->word[0]);
}

const cli_command cli_cmd_data = {
    .entry = {.name = "data",
              .brief = "look at data sets",
              .source = "",
              .params = params,
              .options_size = sizeof(data_options)},
    .usage = "info|preview|stats|verify NAME | scores RUN [options]",
    .details =
        "info: shape, classes, origin and licence. verify: reads every sample. stats: mean, "
        "deviation and samples per class. preview: draws a few images in the terminal; of event "
        "data the frames of a few samples in order, brighter events red, darker ones blue. "
        "NAME is a method: 'myelin list dataset'. "
        "scores: shows the training set of a run folder (or of a checkpoint) to its network, and "
        "lists the hardest samples, by the score of training where the sample policy had one "
        "(RUN/scores.csv), else by loss; and the suspicious ones, whose label may be wrong: the "
        "network answers with another class.",
    .examples = "data info fashion-mnist\n"
                "data preview cifar10 --count 4\n"
                "data stats mnist --split test --json\n"
                "data preview nmnist --T 6 --count 2\n"
                "# hard samples, and labels that may be wrong, with their pictures\n"
                "data scores runs/a --count 40 --html samples.html --csv samples.csv",
    .words = "data",
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
