/* The parts of pages about gradients: cosine and norm ratio, over depth and over epochs. */
#include "report/page.h"

#include <math.h>
#include <string.h>

enum { COSINE, RATIO }; /* places in a layer's pair */

static json_t *layers_of(const json_t *event)
{
    return json_object_get(event, "layers");
}

static double number_of(const json_t *pair, int which)
{
    const json_t *value = json_array_get(pair, (size_t)which);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void number_cell(mye_text *out, double v)
{
    if (isfinite(v))
        mye_text_add(out, "<td class=\"n\">%.4f</td>", v);
    else
        mye_text_add(out, "<td class=\"n\">–</td>");
}

static void panel(mye_text *out, const mye_chart *chart)
{
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_lines(out, chart);
    mye_text_add(out, "</div>\n");
}

/* ---- points ---- */

/* Room for the points of a page's lines, handed out piece by piece. */
typedef struct points {
    double *at;
    size_t used;
} points;

static double *take(points *p, size_t n)
{
    double *at = p->at + p->used;
    p->used += n;
    return at;
}

/* A line over the layers of events: the mean of those that have the layer. */
static void add_depth_line(mye_chart *chart, points *p, const json_t *const *event, int n_events,
                           int which, mye_series series)
{
    json_t *layers = layers_of(event[0]);
    const size_t n = json_object_size(layers);
    double *x = take(p, n), *y = take(p, n);
    const char *name;
    json_t *pair;
    int i = 0;
    json_object_foreach(layers, name, pair)
    {
        double sum = 0;
        int count = 0;
        for (int e = 0; e < n_events; e++) {
            const double v = number_of(json_object_get(layers_of(event[e]), name), which);
            sum += isfinite(v) ? v : 0;
            count += isfinite(v);
        }
        x[i] = i + 1;
        y[i++] = count > 0 ? sum / count : (double)NAN;
    }
    series.x = x;
    series.y = y;
    series.n = i;
    if (chart->n < MYE_SERIES_MAX)
        chart->series[chart->n++] = series;
}

static void add_epoch_line(mye_chart *chart, points *p, const mye_record *r, const char *key,
                           mye_series series)
{
    double *x = take(p, (size_t)r->n_cosines), *y = take(p, (size_t)r->n_cosines);
    for (int e = 0; e < r->n_cosines; e++) {
        const json_t *event = json_array_get(r->cosines, (size_t)e);
        x[e] = mye_record_number(event, "epoch");
        y[e] = mye_record_number(event, key);
    }
    series.x = x;
    series.y = y;
    series.n = r->n_cosines;
    if (chart->n < MYE_SERIES_MAX)
        chart->series[chart->n++] = series;
}

/* ---- one run ---- */

static void run_charts(mye_text *out, const mye_record *r, points *p)
{
    const json_t *first = json_array_get(r->cosines, 0), *last = mye_record_cosine(r);
    mye_chart depth[2] = {
        {.title = "Cosine, layer by layer", .unit = "", .x_name = "layer, from the input"},
        {.title = "Norm ratio, layer by layer", .unit = "", .x_name = "layer, from the input"}};
    mye_chart over[2] = {{.title = "Cosine over the epochs", .unit = "", .x_name = "epoch"},
                         {.title = "Norm ratio over the epochs", .unit = "", .x_name = "epoch"}};
    static const char *const key[2][2] = {{"cosine", "weights_cosine"},
                                          {"norm_ratio", "weights_norm_ratio"}};
    mye_text_add(out, "<div class=\"pair\">\n");
    for (int k = 0; k < 2; k++) {
        if (r->n_cosines > 1)
            add_depth_line(&depth[k], p, &first, 1, k,
                           (mye_series){.name = "at first", .color = 1, .dashed = true});
        add_depth_line(&depth[k], p, &last, 1, k, (mye_series){.name = "at the end", .color = 0});
        panel(out, &depth[k]);
    }
    for (int k = 0; k < 2; k++) {
        add_epoch_line(&over[k], p, r, key[k][0],
                       (mye_series){.name = "everything trained", .color = 0});
        add_epoch_line(&over[k], p, r, key[k][1],
                       (mye_series){.name = "layers' weights", .color = 2});
        panel(out, &over[k]);
    }
    mye_text_add(out, "</div>\n");
}

static void run_table(mye_text *out, const mye_record *r)
{
    json_t *last = layers_of(mye_record_cosine(r));
    const json_t *first = layers_of(json_array_get(r->cosines, 0));
    const char *name;
    json_t *pair;
    mye_text_add(out,
                 "<details><summary>%d layers</summary><div class=\"panel\"><table><tr>"
                 "<th>layer</th><th class=\"n\">cosine at first</th>"
                 "<th class=\"n\">at the end</th><th class=\"n\">norm ratio at first</th>"
                 "<th class=\"n\">at the end</th></tr>\n",
                 (int)json_object_size(last));
    json_object_foreach(last, name, pair)
    {
        const json_t *before = json_object_get(first, name);
        mye_text_add(out, "<tr><td class=\"w\">");
        mye_html_text(out, name);
        mye_text_add(out, "</td>");
        for (int k = 0; k < 2; k++) {
            number_cell(out, number_of(before, k));
            number_cell(out, number_of(pair, k));
        }
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div></details>\n");
}

static void say_what(mye_text *out, const json_t *event)
{
    const char *rule = json_string_value(json_object_get(event, "rule"));
    const char *reference = json_string_value(json_object_get(event, "reference"));
    mye_text_add(out, "<p class=\"say\">The gradient of <b>");
    mye_html_text(out, rule ? rule : "–");
    mye_text_add(out, "</b> beside that of <b>");
    mye_html_text(out, reference ? reference : "–");
    mye_text_add(out,
                 "</b>: same weights, same %.0f held samples, same loss. Cosine 1: the same "
                 "direction. Norm ratio 1: the same length.</p>\n",
                 fabs(mye_record_number(event, "samples")));
}

void mye_page_cosine(mye_text *out, const mye_record *r)
{
    const json_t *last = mye_record_cosine(r);
    if (!last)
        return;
    const json_t *first = json_array_get(r->cosines, 0);
    points p = {0};
    const size_t room =
        4 * (json_object_size(layers_of(first)) + json_object_size(layers_of(last))) +
        8 * (size_t)r->n_cosines;
    p.at = mye_alloc_array(r->ctx, room, sizeof(*p.at));
    out->failed = out->failed || !p.at;
    if (p.at) {
        mye_text_add(out, "<h2>Gradient</h2>\n");
        say_what(out, last);
        run_charts(out, r, &p);
        run_table(out, r);
    }
    mye_free(r->ctx, p.at);
}

/* ---- several runs ---- */

enum { GROUP_RUNS = 64 };

/* The last events of a group's runs, and its label. */
static int events_of(const mye_page_line *line, int n, int group, const json_t **event,
                     const char **label)
{
    int found = 0;
    for (int i = 0; i < n && found < GROUP_RUNS; i++)
        if (line[i].group == group && mye_record_cosine(line[i].record)) {
            *label = line[i].label;
            event[found++] = mye_record_cosine(line[i].record);
        }
    return found;
}

static void depth_chart(mye_text *out, points *p, const mye_page_line *line, int n, int n_groups,
                        int which)
{
    mye_chart chart = {.title = which == COSINE ? "Cosine, layer by layer, at the end"
                                                : "Norm ratio, layer by layer, at the end",
                       .unit = "",
                       .x_name = "layer, from the input"};
    for (int g = 0; g < n_groups; g++) {
        const json_t *event[GROUP_RUNS];
        const char *label = "";
        const int found = events_of(line, n, g, event, &label);
        if (found > 0)
            add_depth_line(&chart, p, event, found, which,
                           (mye_series){.name = label, .color = g, .dashed = g >= MYE_SERIES_COLS});
    }
    panel(out, &chart);
}

static void epoch_chart(mye_text *out, points *p, const mye_page_line *line, int n,
                        const char *title, const char *key)
{
    mye_chart chart = {.title = title, .unit = "", .x_name = "epoch"};
    for (int i = 0; i < n; i++) {
        bool named = false;
        for (int k = 0; k < i; k++)
            named = named || (line[k].group == line[i].group && line[k].record->n_cosines > 0);
        if (line[i].record->n_cosines > 0)
            add_epoch_line(&chart, p, line[i].record, key,
                           (mye_series){.name = named ? NULL : line[i].label,
                                        .color = line[i].group,
                                        .dashed = line[i].group >= MYE_SERIES_COLS});
    }
    panel(out, &chart);
}

/* Which rule stands beside which: those that go step by step have a reference that does so too. */
static void say_pairs(mye_text *out, const mye_page_line *line, int n, int n_groups)
{
    mye_text_add(out, "<p class=\"say\">Cosine and norm ratio of each run's gradient to that of a "
                      "reference, at the same weights on the same held samples: ");
    int said = 0;
    for (int g = 0; g < n_groups; g++) {
        const json_t *event[GROUP_RUNS];
        const char *label = "";
        if (events_of(line, n, g, event, &label) == 0)
            continue;
        const char *reference = json_string_value(json_object_get(event[0], "reference"));
        mye_text_add(out, "%s<b>", said++ > 0 ? "; " : "");
        mye_html_text(out, label);
        mye_text_add(out, "</b> to ");
        mye_html_text(out, reference ? reference : "–");
    }
    mye_text_add(out, ".</p>\n");
}

static size_t room_for(const mye_page_line *line, int n)
{
    size_t room = 0;
    for (int i = 0; i < n; i++)
        room += 4 * json_object_size(layers_of(mye_record_cosine(line[i].record))) +
                4 * (size_t)line[i].record->n_cosines;
    return room;
}

void mye_page_cosines(mye_text *out, mye_context *ctx, const mye_page_line *line, int n,
                      int n_groups)
{
    points p = {0};
    const size_t room = room_for(line, n);
    if (room == 0)
        return;
    p.at = mye_alloc_array(ctx, room, sizeof(*p.at));
    out->failed = out->failed || !p.at;
    if (p.at) {
        mye_text_add(out, "<h2>Gradient</h2>\n");
        say_pairs(out, line, n, n_groups);
        mye_text_add(out, "<div class=\"pair\">\n");
        depth_chart(out, &p, line, n, n_groups, COSINE);
        depth_chart(out, &p, line, n, n_groups, RATIO);
        epoch_chart(out, &p, line, n, "Cosine over the epochs, everything trained", "cosine");
        epoch_chart(out, &p, line, n, "Norm ratio over the epochs", "norm_ratio");
        mye_text_add(out, "</div>\n");
    }
    mye_free(ctx, p.at);
}
