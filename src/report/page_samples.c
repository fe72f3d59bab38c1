/* The part of a run's page that says which samples were visited, epoch by epoch. */
#include "report/page.h"

#include <math.h>
#include <string.h>

typedef enum form { COUNT, SHARE, PLAIN, SECONDS } form;

/* Columns of the log; those that have no meaning for the policy are left out. */
static const struct {
    const char *key, *head;
    form as;
} columns[] = {
    {"keep", "k(e)", SHARE},
    {"samples", "samples M", COUNT},
    {"forwarded", "looked at", COUNT},
    {"capped", "capped", COUNT},
    {"spread", "spread R&#770;", PLAIN},
    {"max_weight", "max weight", PLAIN},
    {"mean_age", "mean age", PLAIN},
    {"lr_scale", "rate ×", PLAIN},
    {"visited", "visited", SHARE},
    {"score_s", "scores", SECONDS},
    {"sample_s", "deciding", SECONDS},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static double value_of(const mye_record *r, int epoch, const char *key)
{
    const json_t *line = json_array_get(r->epochs, (size_t)epoch);
    return mye_record_number(json_object_get(line, "sample"), key);
}

bool mye_page_takes_all(const mye_record *r)
{
    char policy[MYE_METHOD_MAX];
    mye_record_config(r, "sample", policy, sizeof(policy));
    policy[strcspn(policy, ":")] = '\0';
    return !policy[0] || strcmp(policy, "all") == 0;
}

static bool is_known(const mye_record *r, const char *key)
{
    for (int e = 0; e < r->n_epochs; e++)
        if (isfinite(value_of(r, e, key)))
            return true;
    return false;
}

/* Deciding takes milliseconds, scores may take minutes. */
static char *time_text(double seconds, char *out, size_t size)
{
    if (!(seconds < 0.1))
        return mye_html_seconds(seconds, out, size);
    snprintf(out, size, "%.1f ms", 1e3 * seconds);
    return out;
}

static void cell(mye_text *out, double value, form as)
{
    char text[32];
    mye_text_add(out, "<td class=\"n\">");
    if (!isfinite(value))
        mye_text_add(out, "–");
    else if (as == SHARE)
        mye_text_add(out, "%.1f %%", 100 * value);
    else if (as == COUNT)
        mye_text_add(out, "%.0f", value);
    else if (as == SECONDS)
        mye_text_add(out, "%s", time_text(value, text, sizeof(text)));
    else
        mye_text_add(out, "%.3g", value);
    mye_text_add(out, "</td>");
}

static void add_log(mye_text *out, const mye_record *r)
{
    bool known[COLUMNS];
    mye_text_add(out, "<details><summary>Epoch by epoch</summary><div class=\"panel\"><table>"
                      "<tr><th class=\"n\">epoch</th>");
    for (int c = 0; c < COLUMNS; c++) {
        known[c] = is_known(r, columns[c].key);
        if (known[c])
            mye_text_add(out, "<th class=\"n\">%s</th>", columns[c].head);
    }
    mye_text_add(out, "</tr>\n");
    for (int e = 0; e < r->n_epochs; e++) {
        const json_t *line = json_array_get(r->epochs, (size_t)e);
        mye_text_add(out, "<tr><td class=\"n\">%.0f</td>", mye_record_number(line, "epoch"));
        for (int c = 0; c < COLUMNS; c++)
            if (known[c])
                cell(out, value_of(r, e, columns[c].key), columns[c].as);
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(
        out, "</table></div><p class=\"say\">k(e): share that the policy's schedule wanted. Looked "
             "at: forward passes beside training. "
             "Capped: samples that are visited for certain. R&#770; = (&Sigma;s)² / (n &Sigma;s²) "
             "of the scores s: 1 where all samples are alike. Max weight: of a sample's loss. Mean "
             "age: epochs since a score was renewed.</p></details>\n");
}

/* A key of the log, scaled, as y of a line. */
static mye_series line_of(const mye_record *r, const char *key, double scale, double *y)
{
    for (int e = 0; e < r->n_epochs; e++)
        y[e] = scale * value_of(r, e, key);
    return (mye_series){.y = y, .n = r->n_epochs};
}

static void add_chart(mye_text *out, mye_chart *chart, const double *x)
{
    chart->x_name = "epoch";
    chart->from_zero = true;
    for (int s = 0; s < chart->n; s++) {
        chart->series[s].x = x;
        chart->series[s].color = s;
    }
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_lines(out, chart);
    mye_text_add(out, "</div>\n");
}

/* room: for three columns. */
static void add_charts(mye_text *out, const mye_record *r, const double *x, double *room)
{
    const double n_train = mye_record_number(json_object_get(r->start, "data"), "n_train");
    const int n = r->n_epochs;
    mye_chart share = {.title = "Samples of an epoch", .unit = "%"};
    mye_chart spread = {.title = "Spread of the scores", .unit = ""};
    share.series[share.n] = line_of(r, "samples", 1 / n_train, room);
    share.series[share.n++].name = "learned from";
    share.series[share.n] = line_of(r, "visited", 1, room + n);
    share.series[share.n++].name = "of the run, so far";
    spread.series[spread.n++] = line_of(r, "spread", 1, room + 2 * n);
    mye_text_add(out, "<div class=\"pair\">\n");
    add_chart(out, &share, x);
    if (is_known(r, "spread"))
        add_chart(out, &spread, x);
    mye_text_add(out, "</div>\n");
}

static double sum_of(const mye_record *r, const char *key)
{
    double sum = 0;
    for (int e = 0; e < r->n_epochs; e++) {
        const double v = value_of(r, e, key);
        sum += isfinite(v) ? v : 0;
    }
    return sum;
}

void mye_page_samples(mye_text *out, const mye_record *r)
{
    char policy[MYE_METHOD_MAX], number[32];
    if (mye_page_takes_all(r) || !is_known(r, "samples"))
        return;
    double *x = mye_record_column(r, "epoch");
    double *room = mye_alloc_array(r->ctx, 3 * (size_t)r->n_epochs, sizeof(*room));
    out->failed = out->failed || !x || !room;
    mye_text_add(out, "<h2>Samples</h2>\n<p class=\"say\">Chosen by <b>");
    mye_html_text(out, mye_record_config(r, "sample", policy, sizeof(policy)));
    mye_text_add(out, "</b>. The network learned from <b>%s samples</b>",
                 mye_html_count(sum_of(r, "samples"), number, sizeof(number)));
    const double visited = value_of(r, r->n_epochs - 1, "visited");
    if (isfinite(visited))
        mye_text_add(out, ", <b>%.1f %%</b> of all samples in all configured epochs",
                     100 * visited);
    if (sum_of(r, "forwarded") > 0)
        mye_text_add(out, ", and looked at <b>%s more</b> without learning",
                     mye_html_count(sum_of(r, "forwarded"), number, sizeof(number)));
    mye_text_add(out, ".");
    const double seconds = sum_of(r, "score_s") + sum_of(r, "sample_s");
    if (seconds > 0)
        mye_text_add(out, " Scores and decisions took <b>%s</b>.",
                     time_text(seconds, number, sizeof(number)));
    mye_text_add(out, "</p>\n");
    if (x && room)
        add_charts(out, r, x, room);
    add_log(out, r);
    mye_free(r->ctx, x);
    mye_free(r->ctx, room);
}
