/* The figures of a conversion's page. */
#include "report/page_convert.h"

#include <math.h>

/* The last colour is the ANN's; lines of methods take turns with the others. */
enum { METHOD_COLORS = MYE_SERIES_COLS - 1, ANN_COLOR = METHOD_COLORS };

/* A figure under construction with room for its coordinates. */
typedef struct figure {
    mye_chart chart;
    double *room;
    size_t used;
} figure;

static size_t points_of(const mye_page_conversion *c)
{
    size_t n = 2;
    for (int i = 0; i < c->n; i++) {
        const mye_convert_result *r = c->result[i];
        n += (size_t)r->n_curve + (size_t)r->n_points + (size_t)r->n_layers;
    }
    return n;
}

static mye_status begin(figure *f, const mye_page_conversion *c, mye_error *err)
{
    const size_t n = 2 * points_of(c);
    f->room = mye_alloc_array(c->ctx, n, sizeof(*f->room));
    return f->room ? MYE_OK : mye_no_memory(err, n * sizeof(*f->room), "a figure");
}

static double *take(figure *f, int n)
{
    double *values = f->room + f->used;
    f->used += (size_t)n;
    return values;
}

static void add_line(figure *f, const char *name, int method, const double *x, const double *y,
                     int n)
{
    if (n < 1 || f->chart.n >= MYE_SERIES_MAX - 1) /* one is kept for the ANN */
        return;
    f->chart.series[f->chart.n++] = (mye_series){.name = name,
                                                 .x = x,
                                                 .y = y,
                                                 .n = n,
                                                 .color = method % METHOD_COLORS,
                                                 .dashed = method >= METHOD_COLORS};
}

/* The ANN's accuracy, across. A level has to begin within the range of x to leave that as it is. */
static void add_ann(figure *f, const mye_page_conversion *c)
{
    mye_chart *chart = &f->chart;
    if (chart->n == 0)
        return;
    double *at = take(f, 2);
    at[0] = chart->series[0].x[0];
    at[1] = c->ann->accuracy;
    chart->level[chart->n] = chart->dotless[chart->n] = true;
    chart->series[chart->n++] = (mye_series){
        .name = "ANN", .x = at, .y = at + 1, .n = 1, .color = ANN_COLOR, .dashed = true};
}

static void end(mye_text *out, const mye_page_conversion *c, figure *f)
{
    mye_text_add(out, "<div class=\"panel\">\n");
    mye_svg_lines(out, &f->chart);
    mye_text_add(out, "</div>\n");
    mye_free(c->ctx, f->room);
}

/* After every step where that was recorded, else at the steps of the table. */
static mye_status over_steps(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    figure f = {.chart = {.title = "Accuracy over time steps",
                          .unit = "%",
                          .x_name = "time steps T",
                          .x_doubling = true}};
    MYE_TRY(begin(&f, c, err));
    for (int i = 0; i < c->n; i++) {
        const mye_convert_result *r = c->result[i];
        const int n = r->n_curve > 0 ? r->n_curve : r->n_points;
        double *x = take(&f, n), *y = take(&f, n);
        for (int k = 0; k < n; k++) {
            x[k] = r->n_curve > 0 ? k + 1 : r->point[k].T;
            y[k] = r->n_curve > 0 ? r->curve[k] : r->point[k].accuracy;
        }
        add_line(&f, r->method, i, x, y, n);
    }
    add_ann(&f, c);
    end(out, c, &f);
    return MYE_OK;
}

static mye_status over_events(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    figure f = {.chart = {.title = "Accuracy over events",
                          .unit = "%",
                          .x_name = "events an image",
                          .x_decades = true}};
    MYE_TRY(begin(&f, c, err));
    for (int i = 0; i < c->n; i++) {
        const mye_convert_result *r = c->result[i];
        double *x = take(&f, r->n_points), *y = take(&f, r->n_points);
        for (int k = 0; k < r->n_points; k++) {
            x[k] = r->point[k].events;
            y[k] = r->point[k].accuracy;
        }
        add_line(&f, r->method, i, x, y, r->n_points);
    }
    add_ann(&f, c);
    end(out, c, &f);
    return MYE_OK;
}

mye_status mye_page_convert_accuracy(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    mye_text_add(out, "<div class=\"pair\">\n");
    MYE_TRY(over_steps(out, c, err));
    MYE_TRY(over_events(out, c, err));
    mye_text_add(out, "</div>\n");
    return MYE_OK;
}

static mye_status error_over_steps(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    figure f = {.chart = {.title = "Conversion error of the last neurons",
                          .unit = "%",
                          .x_name = "time steps T",
                          .from_zero = true,
                          .x_doubling = true}};
    MYE_TRY(begin(&f, c, err));
    for (int i = 0; i < c->n; i++) {
        const mye_convert_result *r = c->result[i];
        double *x = take(&f, r->n_points), *y = take(&f, r->n_points);
        for (int k = 0; k < r->n_points; k++) {
            x[k] = r->point[k].T;
            y[k] = r->n_layers > 0 ? mye_page_convert_share(&r->layer[r->n_layers - 1], k)
                                   : (double)NAN;
        }
        add_line(&f, r->method, i, x, y, r->n_points);
    }
    end(out, c, &f);
    return MYE_OK;
}

static mye_status error_along_layers(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    char title[80];
    const mye_convert_result *first = c->result[0];
    snprintf(title, sizeof(title), "Conversion error along the network, T = %d",
             first->n_points > 0 ? first->point[first->n_points - 1].T : 0);
    figure f = {.chart = {.title = title,
                          .unit = "%",
                          .x_name = "layer of neurons, from the input",
                          .from_zero = true}};
    MYE_TRY(begin(&f, c, err));
    for (int i = 0; i < c->n; i++) {
        const mye_convert_result *r = c->result[i];
        double *x = take(&f, r->n_layers), *y = take(&f, r->n_layers);
        for (int k = 0; k < r->n_layers; k++) {
            x[k] = k + 1;
            y[k] = r->n_points > 0 ? mye_page_convert_share(&r->layer[k], r->n_points - 1)
                                   : (double)NAN;
        }
        add_line(&f, r->method, i, x, y, r->n_layers);
    }
    end(out, c, &f);
    return MYE_OK;
}

mye_status mye_page_convert_errors(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    mye_text_add(out, "<div class=\"pair\">\n");
    MYE_TRY(error_over_steps(out, c, err));
    MYE_TRY(error_along_layers(out, c, err));
    mye_text_add(out, "</div>\n");
    return MYE_OK;
}

mye_status mye_page_convert_levels(mye_text *out, const mye_page_conversion *c, mye_error *err)
{
    const mye_convert_budget *b = c->budget;
    const int n = 2 * b->n_layers;
    mye_bar *bar = mye_alloc_array(c->ctx, (size_t)n + 1, sizeof(*bar));
    if (!bar)
        return mye_no_memory(err, ((size_t)n + 1) * sizeof(*bar), "the bars of the levels");
    for (int i = 0; i < n; i++) {
        const mye_level_row *row = &b->layer[i / 2];
        const bool is_chosen = i % 2;
        bar[i] = (mye_bar){.name = is_chosen ? "" : row->name,
                           .value = is_chosen ? row->levels : row->before,
                           .color = is_chosen ? 0 : ANN_COLOR};
        snprintf(bar[i].label, sizeof(bar[i].label), "%.4g%s", bar[i].value,
                 is_chosen ? " chosen" : "");
    }
    mye_text_add(out, "<div class=\"panel\" style=\"max-width:560px\">\n");
    mye_svg_bars(out, "Levels of each layer: of the method (grey), chosen under the budget", bar,
                 n);
    mye_text_add(out, "</div>\n");
    mye_free(c->ctx, bar);
    return MYE_OK;
}
