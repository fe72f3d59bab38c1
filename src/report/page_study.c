/* The page of an experiment with single neurons: what it found, drawn and in numbers. */
#include <math.h>
#include <string.h>

#include "myelin/experiment.h"
#include "report/report.h"

static void add_head(mye_text *out, const mye_study_panel *p)
{
    mye_text_add(out, "<table><tr><th>");
    mye_html_text(out, p->is_table ? "" : p->x_name);
    mye_text_add(out, "</th>");
    for (int i = 0; i < p->series[0].n; i++) {
        const mye_study_point *at = &p->series[0].point[i];
        mye_text_add(out, "<th class=\"n\">");
        if (at->label)
            mye_html_text(out, at->label);
        else
            mye_text_add(out, "%.4g", at->x);
        mye_text_add(out, "</th>");
    }
    mye_text_add(out, "</tr>\n");
}

static void add_table(mye_text *out, const mye_study_panel *p)
{
    mye_text_add(out, "<h2>");
    mye_html_text(out, p->title);
    mye_text_add(out, "</h2>\n<div class=\"panel\">");
    add_head(out, p);
    for (int s = 0; s < p->n_series; s++) {
        mye_text_add(out, "<tr><td class=\"w\">");
        mye_html_text(out, p->series[s].name);
        mye_text_add(out, "</td>");
        for (int i = 0; i < p->series[s].n; i++) {
            char text[64];
            mye_text_add(out, "<td class=\"n\">");
            mye_html_text(out, mye_study_text(&p->series[s].point[i], text, sizeof(text)));
            mye_text_add(out, "</td>");
        }
        mye_text_add(out, "</tr>\n");
    }
    mye_text_add(out, "</table></div>\n");
}

/* Points as columns of numbers: x, mean, spread of every series, one after the other. */
static double *columns(mye_context *ctx, const mye_study_panel *p, mye_chart *chart)
{
    size_t n = 0;
    for (int s = 0; s < p->n_series; s++)
        n += (size_t)p->series[s].n;
    double *block = mye_alloc_array(ctx, 3 * n, sizeof(*block)), *at = block;
    for (int s = 0; block && s < p->n_series && s < MYE_SERIES_MAX; s++) {
        const mye_study_series *from = &p->series[s];
        const int k = from->n;
        chart->series[s] =
            (mye_series){.name = from->name, .x = at, .y = at + k, .n = k, .color = s};
        chart->spread[s] = at + 2 * k;
        chart->dotless[s] = p->is_long;
        chart->n = s + 1;
        for (int i = 0; i < k; i++) {
            at[i] = from->point[i].x;
            at[k + i] = from->point[i].mean;
            /* A long curve would drown in its bars. */
            at[2 * k + i] = p->is_long || !isfinite(from->point[i].sd) ? 0 : from->point[i].sd;
        }
        at += 3 * k;
    }
    return block;
}

static bool is_positive(const mye_study_panel *p)
{
    for (int s = 0; s < p->n_series; s++)
        for (int i = 0; i < p->series[s].n; i++)
            if (p->series[s].point[i].mean < 0)
                return false;
    return true;
}

static mye_status draw_curve(mye_text *out, mye_context *ctx, const mye_study_panel *p,
                             mye_error *err)
{
    const bool percent = p->series[0].n > 0 && p->series[0].point[0].unit[0] == '%';
    mye_chart chart = {.title = p->title,
                       .unit = percent ? "%" : "",
                       .x_name = p->x_name,
                       .x_real = true,
                       .from_zero = percent};
    double *block = columns(ctx, p, &chart);
    chart.positive = is_positive(p);
    if (!block)
        return mye_no_memory(err, 0, "a figure");
    mye_svg_lines(out, &chart);
    mye_free(ctx, block);
    return MYE_OK;
}

/* A panel without series has nothing to show. */
static bool is_curve(const mye_study_panel *p)
{
    return !p->is_table && p->n_series > 0;
}

/* Figure number k: curves, then rasters, then the confusion; *there false past the last. */
static mye_status draw_figure(mye_text *out, mye_context *ctx, const mye_study *study, int k,
                              bool *there, mye_error *err)
{
    *there = true;
    for (int i = 0; i < study->n_panels; i++)
        if (is_curve(&study->panel[i]) && k-- == 0)
            return draw_curve(out, ctx, &study->panel[i], err);
    if (k < study->n_rasters) {
        const mye_study_raster *r = &study->raster[k];
        const mye_plane plane = {r->title, r->x_name, r->y_name, r->width, r->height,
                                 r->n,     r->x,      r->y,      r->size};
        mye_svg_dots(out, &plane);
    } else if (k == study->n_rasters && study->classes > 0) {
        mye_svg_matrix(out, study->confusion, study->classes,
                       (const char *const *)study->class_name);
        *there = out->length > 0 || out->failed; /* not with too many classes to tell apart */
    } else {
        *there = false;
    }
    return MYE_OK;
}

static mye_status add_figures(mye_text *out, mye_context *ctx, const mye_study *study,
                              mye_error *err)
{
    bool there = true;
    mye_text_add(out, "<h2>Figures</h2>\n<div class=\"pair\">\n");
    for (int k = 0; there; k++) {
        mye_text one = {.ctx = ctx};
        const mye_status st = draw_figure(&one, ctx, study, k, &there, err);
        if (st == MYE_OK && there)
            mye_text_add(out, "<div class=\"panel\">%s</div>\n", one.data ? one.data : "");
        out->failed = out->failed || one.failed;
        mye_text_free(&one);
        MYE_TRY(st);
    }
    mye_text_add(out, "</div>\n");
    return MYE_OK;
}

mye_status mye_report_figures(mye_context *ctx, const mye_study *study, const char *folder, int *n,
                              mye_error *err)
{
    bool there = true;
    *n = 0;
    while (there) {
        mye_text one = {.ctx = ctx}, path = {.ctx = ctx};
        mye_status st = draw_figure(&one, ctx, study, *n, &there, err);
        mye_text_add(&path, "%s/figure-%d.svg", folder, *n + 1);
        if (st == MYE_OK && path.failed)
            st = mye_no_memory(err, strlen(folder), "a path");
        if (st == MYE_OK && there)
            st = mye_svg_write(ctx, &one, path.data, err);
        *n += st == MYE_OK && there;
        mye_text_free(&one);
        mye_text_free(&path);
        MYE_TRY(st);
    }
    return MYE_OK;
}

static mye_status add_page(mye_text *out, mye_context *ctx, const mye_study *study, mye_error *err)
{
    char seconds[32];
    mye_html_begin(out, study->title);
    mye_text_add(out, "<h1>");
    mye_html_text(out, study->title);
    mye_text_add(out, "</h1>\n<p class=\"say\"><b>");
    mye_html_text(out, study->command);
    mye_text_add(out, "</b>: %s. Numbers are mean ± standard deviation over runs.</p>\n",
                 mye_html_seconds(study->seconds, seconds, sizeof(seconds)));
    for (int i = 0; i < study->n_panels; i++)
        if (study->panel[i].is_table && study->panel[i].n_series > 0)
            add_table(out, &study->panel[i]);
    MYE_TRY(add_figures(out, ctx, study, err));
    for (int i = 0; i < study->n_panels; i++)
        if (is_curve(&study->panel[i]) && !study->panel[i].is_long)
            add_table(out, &study->panel[i]);
    mye_html_end(out);
    return MYE_OK;
}

mye_status mye_report_study(mye_context *ctx, const mye_study *study, const char *path,
                            mye_error *err)
{
    mye_text page = {.ctx = ctx};
    mye_status st = add_page(&page, ctx, study, err);
    if (st == MYE_OK)
        st = mye_page_write(ctx, &page, path, err);
    mye_text_free(&page);
    return st;
}
