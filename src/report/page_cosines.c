/* The part of a comparison's page about gradients. */
#include "report/page_cosine.h"

#include <math.h>

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

static void depth_chart(mye_text *out, mye_points *p, const mye_page_line *line, int n,
                        int n_groups, int which)
{
    mye_chart chart = {.title = which == MYE_COSINE ? "Cosine, layer by layer, at the end"
                                                    : "Norm ratio, layer by layer, at the end",
                       .unit = "",
                       .x_name = "layer, from the input"};
    for (int g = 0; g < n_groups; g++) {
        const json_t *event[GROUP_RUNS];
        const char *label = "";
        const int found = events_of(line, n, g, event, &label);
        if (found > 0)
            mye_depth_line(&chart, p, event, found, which,
                           (mye_series){.name = label, .color = g, .dashed = g >= MYE_SERIES_COLS});
    }
    mye_chart_panel(out, &chart);
}

static void epoch_chart(mye_text *out, mye_points *p, const mye_page_line *line, int n,
                        const char *title, const char *key)
{
    mye_chart chart = {.title = title, .unit = "", .x_name = "epoch"};
    for (int i = 0; i < n; i++) {
        bool named = false;
        for (int k = 0; k < i; k++)
            named = named || (line[k].group == line[i].group && line[k].record->n_cosines > 0);
        if (line[i].record->n_cosines > 0)
            mye_epoch_line(&chart, p, line[i].record, key,
                           (mye_series){.name = named ? NULL : line[i].label,
                                        .color = line[i].group,
                                        .dashed = line[i].group >= MYE_SERIES_COLS});
    }
    mye_chart_panel(out, &chart);
}

/* Mean of a key over events. */
static double key_mean(const json_t *const *event, int n, const char *key)
{
    double sum = 0;
    int count = 0;
    for (int e = 0; e < n; e++) {
        const double v = mye_record_number(event[e], key);
        sum += isfinite(v) ? v : 0;
        count += isfinite(v);
    }
    return count > 0 ? sum / count : (double)NAN;
}

/* Those that go step by step have a reference that does so too: each row says which. */
static void totals_table(mye_text *out, const mye_page_line *line, int n, int n_groups)
{
    static const char *const key[] = {"cosine", "norm_ratio", "weights_cosine",
                                      "weights_norm_ratio"};
    mye_text_add(out, "<div class=\"panel\" style=\"margin-bottom:14px\"><table><tr><th>run</th>"
                      "<th>reference</th><th class=\"n\">cosine</th><th class=\"n\">norm ratio</th>"
                      "<th class=\"n\">cosine, weights</th>"
                      "<th class=\"n\">norm ratio, weights</th></tr>\n");
    for (int g = 0; g < n_groups; g++) {
        const json_t *event[GROUP_RUNS];
        const char *label = "";
        const int found = events_of(line, n, g, event, &label);
        if (found == 0)
            continue;
        const char *reference = json_string_value(json_object_get(event[0], "reference"));
        mye_text_add(out, "<tr><td class=\"w\">");
        mye_html_text(out, label);
        mye_text_add(out, "</td><td class=\"w\">");
        mye_html_text(out, reference ? reference : "–");
        mye_text_add(out, "</td>");
        for (size_t k = 0; k < sizeof(key) / sizeof(key[0]); k++)
            mye_gradient_cell(out, key_mean(event, found, key[k]));
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div>\n");
}

static void pair_cell(mye_text *out, const json_t *const *event, int n, const char *layer)
{
    const double cosine = mye_gradient_mean(event, n, layer, MYE_COSINE),
                 ratio = mye_gradient_mean(event, n, layer, MYE_NORM_RATIO);
    if (isfinite(cosine) && isfinite(ratio))
        mye_text_add(out, "<td class=\"n\">%.3f / %.3f</td>", cosine, ratio);
    else
        mye_text_add(out, "<td class=\"n\">–</td>");
}

/* Cosine and norm ratio of each layer, groups across. */
static void layer_table(mye_text *out, const mye_page_line *line, int n, int n_groups)
{
    const json_t *event[GROUP_RUNS];
    const char *label = "", *name;
    json_t *pair, *layers = NULL;
    mye_text_add(out, "<details><summary>Layer by layer: cosine / norm ratio</summary>"
                      "<div class=\"panel\"><table><tr><th>layer</th>");
    for (int g = 0; g < n_groups; g++) {
        if (events_of(line, n, g, event, &label) == 0)
            continue;
        layers = layers ? layers : mye_gradient_layers(event[0]);
        mye_text_add(out, "<th class=\"n\">");
        mye_html_text(out, label);
        mye_text_add(out, "</th>");
    }
    mye_text_add(out, "</tr>\n");
    json_object_foreach(layers, name, pair)
    {
        mye_text_add(out, "<tr><td>");
        mye_html_text(out, name);
        mye_text_add(out, "</td>");
        for (int g = 0; g < n_groups; g++) {
            const int found = events_of(line, n, g, event, &label);
            if (found > 0)
                pair_cell(out, event, found, name);
        }
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div></details>\n");
}

static size_t room_for(const mye_page_line *line, int n)
{
    size_t room = 0;
    for (int i = 0; i < n; i++)
        if (line[i].record->n_cosines > 0)
            room += mye_points_of(mye_record_cosine(line[i].record), line[i].record->n_cosines);
    return room;
}

void mye_page_cosines(mye_text *out, mye_context *ctx, const mye_page_line *line, int n,
                      int n_groups)
{
    mye_points p = {0};
    const size_t room = room_for(line, n);
    if (room == 0)
        return;
    p.at = mye_alloc_array(ctx, room, sizeof(*p.at));
    out->failed = out->failed || !p.at;
    if (p.at) {
        mye_text_add(out, "<h2>Gradient</h2>\n<p class=\"say\">Beside that of a reference rule, at "
                          "the same weights on the same held samples, at the end. Cosine 1: the "
                          "same direction. Norm ratio 1: the same length. The reference takes "
                          "memory of its own, which the planned memory on this page leaves out and "
                          "the process peak holds.</p>\n");
        totals_table(out, line, n, n_groups);
        mye_text_add(out, "<div class=\"pair\">\n");
        depth_chart(out, &p, line, n, n_groups, MYE_COSINE);
        depth_chart(out, &p, line, n, n_groups, MYE_NORM_RATIO);
        epoch_chart(out, &p, line, n, "Cosine over the epochs, everything trained", "cosine");
        epoch_chart(out, &p, line, n, "Norm ratio over the epochs", "norm_ratio");
        mye_text_add(out, "</div>\n");
        layer_table(out, line, n, n_groups);
    }
    mye_free(ctx, p.at);
}
