/*
 * The part of a comparison that sets sample policies side by side: test accuracy over the share of
 * samples that was learned from. A point is a row of the comparison (mean over its seeds); rows that
 * differ in nothing but the ratio rho are one line; training on everything is a level.
 */
#include "report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 200 };

typedef struct point {
    char name[NAME]; /* of its line */
    double x, y, around;
    bool all;
} point;

double mye_page_share(const mye_record *r)
{
    const json_t *line = json_array_get(r->epochs, (size_t)(r->n_epochs - (r->n_epochs > 0)));
    return mye_record_number(json_object_get(line, "sample"), "visited");
}

/* Leaves "rho=..." out of a method that is the first `length` letters of a text: of
 * "sadp:rho=0.5,score=loss" there remains "sadp:score=loss". */
static void drop_rho(char *text, size_t length)
{
    char *at = strstr(text, "rho="), *end = text + length;
    if (!at || at == text || at >= end || !strchr(":,", at[-1]))
        return;
    char *rest = at + strcspn(at, ",");
    if (rest < end)
        memmove(at, rest + 1, strlen(rest + 1) + 1);
    else
        memmove(at - 1, end, strlen(end) + 1);
}

/* A row's label with the ratio left out. */
static void name_line(point *p, const mye_page_line *row)
{
    char policy[MYE_METHOD_MAX];
    mye_record_config(row->record, "sample", policy, sizeof(policy));
    snprintf(p->name, NAME, "%s", row->label);
    char *found = policy[0] ? strstr(p->name, policy) : NULL;
    if (found)
        drop_rho(found, strlen(policy));
}

/* Means over the runs of a group; false: none has both numbers. */
static bool make_point(const mye_page_line *line, int n, int group, point *p)
{
    double x = 0, y = 0, squares = 0;
    int count = 0;
    for (int i = 0; i < n; i++) {
        const double share = mye_page_share(line[i].record);
        const double accuracy = mye_record_last(line[i].record, "test_accuracy");
        if (line[i].group != group || !isfinite(share) || !isfinite(accuracy))
            continue;
        if (count++ == 0) {
            name_line(p, &line[i]);
            p->all = mye_page_takes_all(line[i].record);
        }
        x += share;
        y += accuracy;
        squares += accuracy * accuracy;
    }
    if (count == 0)
        return false;
    p->x = 100 * x / count;
    p->y = y / count;
    const double variance = count > 1 ? (squares - y * p->y) / (count - 1) : 0;
    p->around = variance > 0 ? sqrt(variance) : 0;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const point *p = a, *q = b;
    const int order = strcmp(p->name, q->name);
    return order ? order : (p->x > q->x) - (p->x < q->x);
}

/* The coordinates of points, column by column. */
typedef struct columns {
    double *x, *y, *around;
    int used;
} columns;

static void put(columns *c, double x, double y, double around)
{
    c->x[c->used] = x;
    c->y[c->used] = y;
    c->around[c->used++] = around;
}

/* Points [from, to) are a line. */
static void add_line(mye_chart *chart, columns *c, const point *p, int from, int to)
{
    const int first = c->used, at = chart->n++;
    for (int i = from; i < to; i++)
        put(c, p[i].x, p[i].y, p[i].around);
    chart->series[at] = (mye_series){.name = p[from].name,
                                     .x = c->x + first,
                                     .y = c->y + first,
                                     .n = c->used - first,
                                     .color = at,
                                     .dashed = p[from].all};
    chart->spread[at] = c->around + first;
    chart->level[at] = p[from].all;
}

static void draw(mye_text *out, columns *c, const point *p, int n)
{
    mye_chart chart = {.title = "Test accuracy over the samples learned from",
                       .unit = "%",
                       .x_name = "% of all samples in all epochs"};
    for (int i = 0; i < n && chart.n < MYE_SERIES_MAX;) {
        int to = i + 1;
        while (to < n && strcmp(p[to].name, p[i].name) == 0)
            to++;
        add_line(&chart, c, p, i, to);
        i = to;
    }
    mye_text_add(out,
                 "<h2>Samples</h2>\n<p class=\"say\">What is left of the accuracy when a policy "
                 "learns from a part of the samples only: the mean over the seeds, bars are their "
                 "sample deviation. Points of a policy at several ratios are joined; the dashed "
                 "level is training on everything.</p>\n<div class=\"panel\" "
                 "style=\"max-width:760px\">\n");
    mye_svg_lines(out, &chart);
    mye_text_add(out, "</div>\n");
}

void mye_page_visited(mye_text *out, mye_context *ctx, const mye_page_line *line, int n,
                      int n_groups)
{
    const size_t room = (size_t)n_groups;
    point *p = mye_alloc_array(ctx, room, sizeof(*p));
    double *block = mye_alloc_array(ctx, 3 * room, sizeof(*block));
    columns c = {0};
    int count = 0;
    out->failed = out->failed || !p || !block;
    if (p && block) {
        c = (columns){.x = block, .y = block + room, .around = block + 2 * room};
        for (int g = 0; g < n_groups; g++)
            count += make_point(line, n, g, &p[count]);
        qsort(p, (size_t)count, sizeof(*p), by_place);
        if (count > 0)
            draw(out, &c, p, count);
    }
    mye_free(ctx, block);
    mye_free(ctx, p);
}
