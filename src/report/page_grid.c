/* The page of a plan: peaks of several methods over the number of time steps. */
#include "report/page.h"

#include <math.h>

static bool has_value(const mye_plan_grid *g, int m)
{
    for (int t = 0; t < g->n_T; t++) {
        if (isfinite(g->bytes[m * g->n_T + t]))
            return true;
    }
    return false;
}

static mye_status add_figure(mye_text *out, mye_context *ctx, const mye_plan_grid *g,
                             mye_error *err)
{
    mye_chart chart = {.title = "Planned peak over time steps",
                       .unit = "",
                       .x_name = "time steps",
                       .doubling = true};
    const size_t bytes = (size_t)g->n_T * sizeof(double);
    double *x = mye_alloc(ctx, bytes);
    if (!x)
        return mye_no_memory(err, bytes, "a figure");
    for (int t = 0; t < g->n_T; t++)
        x[t] = g->T[t];
    for (int m = 0; m < g->n_methods && chart.n < MYE_SERIES_MAX; m++) {
        if (!has_value(g, m))
            continue;
        const int color = chart.n;
        chart.series[chart.n++] = (mye_series){.name = g->method[m],
                                               .x = x,
                                               .y = g->bytes + m * g->n_T,
                                               .n = g->n_T,
                                               .color = color,
                                               .dashed = color >= MYE_SERIES_COLS};
    }
    mye_text_add(out, "<div class=\"panel\" style=\"max-width:720px\">\n");
    mye_svg_lines(out, &chart);
    mye_text_add(out, "</div>\n");
    mye_free(ctx, x);
    return MYE_OK;
}

static void add_grid(mye_text *out, const mye_plan_grid *g)
{
    char text[64];
    mye_text_add(out, "<h2>Peak</h2>\n<div class=\"panel\"><table><tr><th>time steps</th>");
    for (int t = 0; t < g->n_T; t++)
        mye_text_add(out, "<th class=\"n\">%d</th>", g->T[t]);
    mye_text_add(out, "</tr>\n");
    for (int m = 0; m < g->n_methods; m++) {
        mye_text_add(out, "<tr><td>");
        mye_html_text(out, g->method[m]);
        mye_text_add(out, "</td>");
        for (int t = 0; t < g->n_T; t++)
            mye_text_add(out, "<td class=\"n\">%s</td>",
                         mye_html_bytes(g->bytes[m * g->n_T + t], text, sizeof(text)));
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div>\n");
    for (int m = 0; m < g->n_methods; m++) {
        if (!g->refusal[m])
            continue;
        mye_text_add(out, "<p class=\"say\" style=\"margin-top:8px\"><b>");
        mye_html_text(out, g->method[m]);
        mye_text_add(out, "</b> ");
        mye_html_text(out, g->refusal[m]);
        mye_text_add(out, "</p>\n");
    }
}

mye_status mye_report_plan(mye_context *ctx, const mye_plan_grid *g, const char *path,
                           mye_error *err)
{
    if (g->n_methods < 1 || g->n_T < 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "a page of plans wants methods and time steps, got %d, %d", g->n_methods,
                        g->n_T);
    mye_text out = {.ctx = ctx};
    mye_html_begin(&out, g->title);
    mye_text_add(&out, "<h1>");
    mye_html_text(&out, g->title);
    mye_text_add(&out,
                 "</h1>\n<p class=\"say\">Memory of a training step, counted by the code that "
                 "would allocate it. The data set comes on top.</p>\n");
    mye_status st = add_figure(&out, ctx, g, err);
    if (st == MYE_OK) {
        add_grid(&out, g);
        mye_html_end(&out);
        st = mye_page_write(ctx, &out, path, err);
    }
    mye_text_free(&out);
    return st;
}
