/* The parts of pages about gradients: cosine and norm ratio, over depth and over epochs. */
#include "report/page_cosine.h"

#include <math.h>

json_t *mye_gradient_layers(const json_t *event)
{
    return json_object_get(event, "layers");
}

static double number_of(const json_t *pair, int which)
{
    const json_t *value = json_array_get(pair, (size_t)which);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

double mye_gradient_mean(const json_t *const *event, int n, const char *layer, int which)
{
    double sum = 0;
    int count = 0;
    for (int e = 0; e < n; e++) {
        const double v = number_of(json_object_get(mye_gradient_layers(event[e]), layer), which);
        sum += isfinite(v) ? v : 0;
        count += isfinite(v);
    }
    return count > 0 ? sum / count : (double)NAN;
}

void mye_gradient_cell(mye_text *out, double v)
{
    if (isfinite(v))
        mye_text_add(out, "<td class=\"n\">%.4f</td>", v);
    else
        mye_text_add(out, "<td class=\"n\">–</td>");
}

void mye_chart_panel(mye_text *out, const mye_chart *chart)
{
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_lines(out, chart);
    mye_text_add(out, "</div>\n");
}

/* ---- points ---- */

static double *take(mye_points *p, size_t n)
{
    double *at = p->at + p->used;
    p->used += n;
    return at;
}

size_t mye_points_of(const json_t *event, int n_epochs)
{
    return 4 * json_object_size(mye_gradient_layers(event)) + 4 * (size_t)n_epochs;
}

void mye_depth_line(mye_chart *chart, mye_points *p, const json_t *const *event, int n_events,
                    int which, mye_series series)
{
    json_t *layers = mye_gradient_layers(event[0]);
    const size_t n = json_object_size(layers);
    double *x = take(p, n), *y = take(p, n);
    const char *name;
    json_t *pair;
    int i = 0;
    json_object_foreach(layers, name, pair)
    {
        x[i] = i + 1;
        y[i++] = mye_gradient_mean(event, n_events, name, which);
    }
    series.x = x;
    series.y = y;
    series.n = i;
    if (chart->n < MYE_SERIES_MAX)
        chart->series[chart->n++] = series;
}

void mye_epoch_line(mye_chart *chart, mye_points *p, const mye_record *r, const char *key,
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

static void run_charts(mye_text *out, const mye_record *r, mye_points *p)
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
            mye_depth_line(&depth[k], p, &first, 1, k,
                           (mye_series){.name = "at first", .color = 1, .dashed = true});
        mye_depth_line(&depth[k], p, &last, 1, k, (mye_series){.name = "at the end", .color = 0});
        mye_chart_panel(out, &depth[k]);
    }
    for (int k = 0; k < 2; k++) {
        mye_epoch_line(&over[k], p, r, key[k][0],
                       (mye_series){.name = "everything trained", .color = 0});
        mye_epoch_line(&over[k], p, r, key[k][1],
                       (mye_series){.name = "layers' weights", .color = 2});
        mye_chart_panel(out, &over[k]);
    }
    mye_text_add(out, "</div>\n");
}

static void run_table(mye_text *out, const mye_record *r)
{
    json_t *last = mye_gradient_layers(mye_record_cosine(r));
    const json_t *first = mye_gradient_layers(json_array_get(r->cosines, 0));
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
            mye_gradient_cell(out, number_of(before, k));
            mye_gradient_cell(out, number_of(pair, k));
        }
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div></details>\n");
}

/* The reference always goes through the whole network. */
static void say_what(mye_text *out, const mye_record *r, const json_t *event)
{
    const json_t *model = json_object_get(r->start, "model");
    const bool is_cut = mye_record_number(model, "modules") > 1;
    const char *rule = json_string_value(json_object_get(event, "rule"));
    const char *reference = json_string_value(json_object_get(event, "reference"));
    mye_text_add(out, "<p class=\"say\">The gradient of <b>");
    mye_html_text(out, rule ? rule : "–");
    mye_text_add(out, "</b>%s beside that of <b>", is_cut ? " inside modules" : "");
    mye_html_text(out, reference ? reference : "–");
    mye_text_add(out, "</b>%s", is_cut ? " through the whole network" : "");
    mye_text_add(out,
                 ": same weights, same %.0f held samples, same loss. Cosine 1: the same "
                 "direction. Norm ratio 1: the same length.</p>\n",
                 fabs(mye_record_number(event, "samples")));
}

void mye_page_cosine(mye_text *out, const mye_record *r)
{
    const json_t *last = mye_record_cosine(r);
    if (!last)
        return;
    const json_t *first = json_array_get(r->cosines, 0);
    mye_points p = {0};
    const size_t room = mye_points_of(first, r->n_cosines) + mye_points_of(last, r->n_cosines);
    p.at = mye_alloc_array(r->ctx, room, sizeof(*p.at));
    out->failed = out->failed || !p.at;
    if (p.at) {
        mye_text_add(out, "<h2>Gradient</h2>\n");
        say_what(out, r, last);
        run_charts(out, r, &p);
        run_table(out, r);
    }
    mye_free(r->ctx, p.at);
}
