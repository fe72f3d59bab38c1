/*
 * One page for several runs. Runs that differ in nothing but seed and folder are one group: they
 * share a colour, and their accuracies are one mean with its deviation.
 */
#include "report/page.h"

#include <math.h>
#include <string.h>

enum { LABEL = 200, VARYING_MAX = 8 };

typedef struct entry {
    mye_record record;
    char label[LABEL]; /* the values of the keys that vary; else the folder's name */
    int group;
    double *x, *test, *loss;
} entry;

typedef struct comparison {
    mye_context *ctx;
    int n, n_groups, n_varying;
    const mye_param *varying[VARYING_MAX];
    entry *run;
} comparison;

static bool varies(const comparison *c, const char *key)
{
    char first[2048], other[2048];
    mye_record_config(&c->run[0].record, key, first, sizeof(first));
    for (int i = 1; i < c->n; i++) {
        if (strcmp(first, mye_record_config(&c->run[i].record, key, other, sizeof(other))) != 0)
            return true;
    }
    return false;
}

static void find_varying(comparison *c)
{
    static const char *const never[] = {"out", "seed", "threads"};
    for (const mye_param *p = mye_config_params(); p->name && c->n_varying < VARYING_MAX; p++) {
        bool asked = true;
        for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
            asked = asked && strcmp(p->name, never[i]) != 0;
        if (asked && varies(c, p->name))
            c->varying[c->n_varying++] = p;
    }
}

/* "bptt, T=4": methods speak for themselves, numbers need their key. */
static void label(comparison *c, entry *e)
{
    char value[LABEL];
    size_t at = 0;
    for (int k = 0; k < c->n_varying && at < LABEL; k++) {
        const mye_param *p = c->varying[k];
        const bool plain = p->type == MYE_PARAM_METHOD || p->type == MYE_PARAM_TEXT;
        mye_record_config(&e->record, p->name, value, sizeof(value));
        const char *before = !value[0] ? "no " : plain ? "" : p->name;
        at += (size_t)snprintf(e->label + at, LABEL - at, "%s%s%s%s", k > 0 ? ", " : "", before,
                               plain || !value[0] ? "" : "=", value[0] ? value : p->name);
    }
    if (at > 0)
        return;
    const char *slash = strrchr(e->record.folder, '/');
    snprintf(e->label, LABEL, "%s", slash && slash[1] ? slash + 1 : e->record.folder);
}

static void find_groups(comparison *c)
{
    for (int i = 0; i < c->n; i++) {
        entry *e = &c->run[i];
        label(c, e);
        e->group = -1;
        for (int k = 0; k < i && e->group < 0 && c->n_varying > 0; k++) {
            if (strcmp(c->run[k].label, e->label) == 0)
                e->group = c->run[k].group;
        }
        if (e->group < 0)
            e->group = c->n_groups++;
    }
}

static mye_status read_all(comparison *c, const char *const *folders, mye_error *err)
{
    for (int i = 0; i < c->n; i++) {
        entry *e = &c->run[i];
        MYE_TRY(mye_record_read(c->ctx, folders[i], &e->record, err));
        e->x = mye_record_column(&e->record, "epoch");
        e->test = mye_record_column(&e->record, "test_accuracy");
        e->loss = mye_record_column(&e->record, "train_loss");
        if (!e->x || !e->test || !e->loss)
            return mye_no_memory(err, (size_t)e->record.n_epochs * 24, "the comparison");
    }
    find_varying(c);
    find_groups(c);
    return MYE_OK;
}

static void free_all(comparison *c)
{
    for (int i = 0; i < c->n && c->run; i++) {
        entry *e = &c->run[i];
        if (!e->record.ctx)
            continue;
        mye_free(c->ctx, e->x);
        mye_free(c->ctx, e->test);
        mye_free(c->ctx, e->loss);
        mye_record_free(&e->record);
    }
    mye_free(c->ctx, c->run);
}

typedef enum measure {
    ACCURACY,
    BEST,
    SPEED,
    TIME,
    VISITED,
    MODULES,
    MACS,
    PLANNED,
    KEPT,
    PEAK,
    RATE,
    MEASURES
} measure;

typedef enum better { MORE, LESS, NEITHER } better;

static const struct {
    const char *head;
    const char *key; /* of the "end" line, NULL: see measured() */
    better better;
    const char *only; /* shown where this key of the configuration varies; NULL: always */
} measures[MEASURES] = {
    [ACCURACY] = {"test accuracy", NULL, MORE},
    [BEST] = {"best epoch", "best_test_accuracy", MORE},
    [SPEED] = {"images/s", "images_per_s", MORE},
    [TIME] = {"training time", "train_s", LESS},
    [VISITED] = {"visited", NULL, NEITHER, "sample"},
    [MODULES] = {"modules", NULL, NEITHER, "depth"},
    [MACS] = {"step MACs", NULL, LESS, "depth"},
    [PLANNED] = {"planned", NULL, LESS},
    [KEPT] = {"kept", NULL, LESS},
    [PEAK] = {"process peak", "peak_rss_bytes", LESS},
    [RATE] = {"firing rate", NULL, NEITHER},
};

/* Planned for the comparison of gradients: the cost of looking on, not of the rule. */
static double for_cosine(const mye_record *r)
{
    const double bytes = mye_record_number(json_object_get(r->start, "plan"), "cosine_bytes");
    return bytes > 0 ? bytes : 0;
}

static double measured(const mye_record *r, measure what)
{
    if (measures[what].key)
        return mye_record_number(r->end, measures[what].key);
    if (what == ACCURACY)
        return mye_record_last(r, "test_accuracy");
    if (what == PLANNED)
        return mye_page_peak(r) - for_cosine(r);
    if (what == VISITED)
        return mye_page_share(r);
    if (what == MODULES)
        return mye_record_number(json_object_get(r->start, "model"), "modules");
    if (what == KEPT || what == MACS)
        return mye_record_number(json_object_get(r->start, "plan"),
                                 what == KEPT ? "kept_bytes" : "macs");
    return mye_record_rate(r);
}

static bool is_shown(const comparison *c, measure what)
{
    return !measures[what].only || varies(c, measures[what].only);
}

/* Mean (and sample deviation) over a group's finished numbers. */
static double group_mean(const comparison *c, int group, measure what, double *deviation)
{
    double sum = 0, squares = 0;
    int n = 0;
    for (int i = 0; i < c->n; i++) {
        const double v = c->run[i].group == group ? measured(&c->run[i].record, what) : (double)NAN;
        if (isfinite(v)) {
            sum += v;
            squares += v * v;
            n++;
        }
    }
    const double mean = n > 0 ? sum / n : (double)NAN;
    const double variance = n > 1 ? (squares - sum * mean) / (n - 1) : 0;
    *deviation = variance > 0 ? sqrt(variance) : 0;
    return mean;
}

static void value_text(measure what, double v, double deviation, char *out, size_t size)
{
    if (!isfinite(v))
        snprintf(out, size, "–");
    else if ((what == ACCURACY || what == BEST) && deviation > 0)
        snprintf(out, size, "%.2f ± %.2f %%", 100 * v, 100 * deviation);
    else if (what == ACCURACY || what == BEST)
        snprintf(out, size, "%.2f %%", 100 * v);
    else if (what == VISITED)
        snprintf(out, size, "%.1f %%", 100 * v);
    else if (what == SPEED || what == MACS || what == MODULES)
        mye_html_count(round(v), out, size);
    else if (what == TIME)
        mye_html_seconds(v, out, size);
    else if (what == RATE)
        snprintf(out, size, "%.3f", v);
    else
        mye_html_bytes(v, out, size);
}

static const char *label_of(const comparison *c, int group)
{
    for (int i = 0; i < c->n; i++) {
        if (c->run[i].group == group)
            return c->run[i].label;
    }
    return "";
}

/* The group that leads by more than the spread over seeds and by more than one part in a hundred
 * of a cost; -1: none stands out. */
static int best_group(const comparison *c, measure what)
{
    const double sign = measures[what].better == MORE ? 1 : -1;
    double first = -INFINITY, second = -INFINITY, noise = 0;
    int best = -1;
    for (int g = 0; g < c->n_groups; g++) {
        double deviation;
        const double v = sign * group_mean(c, g, what, &deviation);
        if (!isfinite(v))
            continue;
        noise = deviation > noise ? deviation : noise;
        if (v > first) {
            second = first;
            first = v;
            best = g;
        } else if (v > second) {
            second = v;
        }
    }
    const double least = what == ACCURACY || what == BEST ? 0 : 0.01 * fabs(first);
    const bool clear = isfinite(second) && first - second > noise && first - second > least;
    return clear && measures[what].better != NEITHER ? best : -1;
}

static void add_table(mye_text *out, const comparison *c)
{
    char text[64];
    mye_text_add(out, "<h2>Result</h2>\n<div class=\"panel\"><table><tr><th>");
    for (int k = 0; k < c->n_varying; k++)
        mye_text_add(out, "%s%s", k > 0 ? ", " : "", c->varying[k]->name);
    mye_text_add(out, "%s</th><th class=\"n\">runs</th>", c->n_varying ? "" : "run");
    for (int m = 0; m < MEASURES; m++)
        if (is_shown(c, (measure)m))
            mye_text_add(out, "<th class=\"n\">%s</th>", measures[m].head);
    mye_text_add(out, "</tr>\n");
    for (int g = 0; g < c->n_groups; g++) {
        int n = 0;
        for (int i = 0; i < c->n; i++)
            n += c->run[i].group == g;
        mye_text_add(out, "<tr><td class=\"w\" style=\"min-width:11em\">");
        mye_html_text(out, label_of(c, g));
        mye_text_add(out, "</td><td class=\"n\">%d</td>", n);
        for (int m = 0; m < MEASURES; m++) {
            double deviation;
            if (!is_shown(c, (measure)m))
                continue;
            const double v = group_mean(c, g, (measure)m, &deviation);
            const bool best = best_group(c, (measure)m) == g;
            value_text((measure)m, v, deviation, text, sizeof(text));
            mye_text_add(out, "<td class=\"n%s\">%s</td>", best ? " best" : "", text);
        }
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out,
                 "</table></div>\n<p class=\"say\" style=\"margin-top:8px\">Accuracy of the last "
                 "epoch; several runs "
                 "of a row differ in their seed, and ± is their sample deviation. Green: ahead "
                 "by more than that.%s%s</p>\n",
                 is_shown(c, VISITED) ? " Visited: samples learned from, as a share of all samples "
                                        "in all configured epochs."
                                      : "",
                 is_shown(c, MACS) ? " Step MACs: multiply-adds of one training step." : "");
}

/* What all runs share. */
static void add_common(mye_text *out, const comparison *c)
{
    static const char *const key[] = {"net",  "data", "neuron", "time",  "depth",
                                      "step", "T",    "batch",  "epochs"};
    char value[2048];
    int n = 0;
    mye_text_add(out, "<p class=\"say\">In all runs: ");
    for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
        mye_record_config(&c->run[0].record, key[i], value, sizeof(value));
        if (!value[0] || varies(c, key[i]))
            continue;
        mye_text_add(out, "%s%s <b>", n++ > 0 ? ", " : "", key[i]);
        mye_html_text(out, value);
        mye_text_add(out, "</b>");
    }
    mye_text_add(out, "%s.</p>\n", n > 0 ? "" : "nothing");
}

static void add_lines(mye_text *out, const comparison *c, const char *title, const char *unit,
                      bool of_loss)
{
    mye_chart chart = {.title = title, .unit = unit, .x_name = "epoch", .from_zero = of_loss};
    bool named[256] = {false};
    for (int i = 0; i < c->n && chart.n < MYE_SERIES_MAX; i++) {
        const entry *e = &c->run[i];
        const bool first = e->group < 256 && !named[e->group];
        if (e->group < 256)
            named[e->group] = true;
        chart.series[chart.n++] =
            (mye_series){first ? e->label : NULL, e->x,     of_loss ? e->loss : e->test,
                         e->record.n_epochs,      e->group, e->group >= MYE_SERIES_COLS};
    }
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_lines(out, &chart);
    mye_text_add(out, "</div>\n");
}

static void add_bars(mye_text *out, const comparison *c, const char *title, measure what)
{
    enum { MAX = 32 };
    mye_bar bar[MAX];
    int n = 0;
    for (int g = 0; g < c->n_groups && n < MAX; g++) {
        double deviation;
        bar[n] = (mye_bar){.name = label_of(c, g), .color = g};
        bar[n].value = group_mean(c, g, what, &deviation);
        value_text(what, bar[n].value, 0, bar[n].label, sizeof(bar[n].label));
        n++;
    }
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_bars(out, title, bar, n);
    mye_text_add(out, "</div>\n");
}

static void add_runs(mye_text *out, const comparison *c)
{
    char seed[32], text[64];
    mye_text_add(out,
                 "<h2>Runs</h2>\n<details><summary>%d folders and their commands</summary>"
                 "<div class=\"panel\"><table><tr><th>folder</th><th class=\"n\">seed</th>"
                 "<th class=\"n\">test accuracy</th><th>command</th></tr>\n",
                 c->n);
    for (int i = 0; i < c->n; i++) {
        const mye_record *r = &c->run[i].record;
        value_text(ACCURACY, measured(r, ACCURACY), 0, text, sizeof(text));
        mye_text_add(out, "<tr><td class=\"w\">");
        mye_html_text(out, r->folder);
        mye_text_add(out, "</td><td class=\"n\">");
        mye_html_text(out, mye_record_config(r, "seed", seed, sizeof(seed)));
        mye_text_add(out, "</td><td class=\"n\">%s</td><td class=\"w\"><code>", text);
        mye_page_command(out, r);
        mye_text_add(out, "</code></td></tr>\n");
    }
    mye_text_add(out, "</table></div></details>\n");
}

/* What pages of several runs say beside accuracy, loss and cost. */
static void add_more(mye_text *out, const comparison *c)
{
    mye_page_line *line = mye_alloc_array(c->ctx, (size_t)c->n, sizeof(*line));
    out->failed = out->failed || !line;
    for (int i = 0; line && i < c->n; i++)
        line[i] = (mye_page_line){c->run[i].label, c->run[i].group, &c->run[i].record};
    if (line && varies(c, "sample"))
        mye_page_visited(out, c->ctx, line, c->n, c->n_groups);
    if (line)
        mye_page_cosines(out, c->ctx, line, c->n, c->n_groups);
    mye_free(c->ctx, line);
}

mye_status mye_report_compare(mye_context *ctx, const char *const *folders, int n,
                              const char *title, const char *path, mye_error *err)
{
    if (n < 1)
        return mye_fail(err, MYE_ERR_ARG, "a comparison needs at least one run folder");
    comparison c = {.ctx = ctx, .n = n};
    mye_text out = {.ctx = ctx};
    c.run = mye_alloc_array(ctx, (size_t)n, sizeof(*c.run));
    if (!c.run)
        return mye_no_memory(err, (size_t)n * sizeof(*c.run), "the comparison");
    mye_status st = read_all(&c, folders, err);
    if (st == MYE_OK) {
        mye_html_begin(&out, title);
        mye_text_add(&out, "<h1>");
        mye_html_text(&out, title);
        mye_text_add(&out, "</h1>\n");
        add_common(&out, &c);
        add_table(&out, &c);
        mye_text_add(&out, "<h2>Learning</h2>\n<div class=\"pair\">\n");
        add_lines(&out, &c, "Test accuracy", "%", false);
        add_lines(&out, &c, "Training loss", "", true);
        mye_text_add(&out, "</div>\n");
        add_more(&out, &c);
        mye_text_add(&out, "<h2>Cost</h2>\n<div class=\"pair\">\n");
        add_bars(&out, &c, "Images a second (more is better)", SPEED);
        add_bars(&out, &c, "Planned memory (less is better)", PLANNED);
        add_bars(&out, &c, "Measured peak of the process, with the data", PEAK);
        add_bars(&out, &c, "Kept for the backward pass", KEPT);
        add_bars(&out, &c, "Spikes a neuron and step", RATE);
        if (is_shown(&c, MACS))
            add_bars(&out, &c, "Multiply-adds of a training step", MACS);
        mye_text_add(&out, "</div>\n");
        add_runs(&out, &c);
        mye_html_end(&out);
        st = mye_page_write(ctx, &out, path, err);
    }
    mye_text_free(&out);
    free_all(&c);
    return st;
}
