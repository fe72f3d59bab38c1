/* Studies: what experiments found, panel by panel. */
#include "synapse/study.h"

#include <math.h>
#include <string.h>

/* Lists have room for 4, 8, 16 .. elements: the least that holds n. */
static size_t room_of(int n)
{
    size_t room = n > 0 ? 4 : 0;
    while (room < (size_t)n)
        room *= 2;
    return room;
}

/* The list of n elements with room for one more; NULL when there is no memory. */
static void *one_more(mye_study *s, void *block, int n, size_t size)
{
    if (room_of(n) > (size_t)n)
        return block;
    void *grown = mye_grow(s->ctx, block, (size_t)n * size, room_of(n + 1) * size);
    s->failed = s->failed || !grown;
    return grown;
}

static char *keep(mye_study *s, const char *text)
{
    if (!text)
        return NULL;
    char *copy = mye_strdup(s->ctx, text);
    s->failed = s->failed || !copy;
    return copy;
}

mye_study *mye_study_begin(mye_context *ctx, const char *title)
{
    mye_study *s = mye_alloc(ctx, sizeof(*s));
    if (!s)
        return NULL;
    s->ctx = ctx;
    s->title = keep(s, title);
    return s;
}

static mye_study_panel *find_panel(mye_study *s, const mye_panel_kind *kind)
{
    for (int i = 0; i < s->n_panels; i++)
        if (strcmp(s->panel[i].title, kind->title) == 0)
            return &s->panel[i];
    mye_study_panel *grown = one_more(s, s->panel, s->n_panels, sizeof(*grown));
    if (!grown)
        return NULL;
    s->panel = grown;
    mye_study_panel *p = &grown[s->n_panels++];
    *p = (mye_study_panel){.title = keep(s, kind->title),
                           .x_name = keep(s, kind->x_name),
                           .is_table = kind->is_table,
                           .is_long = kind->is_long};
    return s->failed ? NULL : p;
}

static mye_study_series *find_series(mye_study *s, mye_study_panel *p, const char *name)
{
    for (int i = 0; i < p->n_series; i++)
        if (strcmp(p->series[i].name, name) == 0)
            return &p->series[i];
    mye_study_series *grown = one_more(s, p->series, p->n_series, sizeof(*grown));
    if (!grown)
        return NULL;
    p->series = grown;
    grown[p->n_series] = (mye_study_series){.name = keep(s, name)};
    return &grown[p->n_series++];
}

static void add_point(mye_study *s, const mye_panel_kind *panel, const char *series,
                      const mye_study_point *point)
{
    mye_study_panel *p = !s || s->failed ? NULL : find_panel(s, panel);
    mye_study_series *line = p ? find_series(s, p, series) : NULL;
    mye_study_point *grown = line ? one_more(s, line->point, line->n, sizeof(*grown)) : NULL;
    if (!grown)
        return;
    line->point = grown;
    grown[line->n] = *point;
    grown[line->n].label = keep(s, point->label);
    grown[line->n].unit = keep(s, point->unit);
    line->n++;
}

void mye_study_add(mye_study *s, const mye_panel_kind *panel, const char *series, double x,
                   const char *label, const char *unit, const double *value, int n)
{
    char column[64], in[16];
    double sum = 0, squares = 0;
    int there = 0;
    for (int i = 0; i < n; i++) {
        sum += isfinite(value[i]) ? value[i] : 0;
        there += isfinite(value[i]) != 0;
    }
    const double mean = there > 0 ? sum / there : (double)NAN;
    for (int i = 0; i < n; i++)
        squares += isfinite(value[i]) ? (value[i] - mean) * (value[i] - mean) : 0;
    snprintf(column, sizeof(column), "%s", label ? label : "");
    snprintf(in, sizeof(in), "%s", unit);
    const mye_study_point point = {.x = x,
                                   .label = label ? column : NULL,
                                   .unit = in,
                                   .mean = mean,
                                   .sd = there > 1 ? sqrt(squares / (there - 1)) : (double)NAN,
                                   .runs = there};
    add_point(s, panel, series, &point);
}

void mye_study_put(mye_study *s, const mye_panel_kind *panel, const char *series, double x,
                   double value)
{
    mye_study_add(s, panel, series, x, NULL, "", &value, 1);
}

void mye_study_plane(mye_study *s, const char *title, const char *x_name, const char *y_name,
                     double width, double height)
{
    mye_study_raster *grown =
        !s || s->failed ? NULL : one_more(s, s->raster, s->n_rasters, sizeof(*grown));
    if (!grown)
        return;
    s->raster = grown;
    grown[s->n_rasters++] = (mye_study_raster){.title = keep(s, title),
                                               .x_name = keep(s, x_name),
                                               .y_name = keep(s, y_name),
                                               .width = width,
                                               .height = height};
}

static bool push(mye_study *s, float **list, int n, double value)
{
    float *grown = one_more(s, *list, n, sizeof(float));
    if (!grown)
        return false;
    *list = grown;
    grown[n] = (float)value;
    return true;
}

void mye_study_dot(mye_study *s, double x, double y, double size)
{
    if (!s || s->failed || s->n_rasters == 0)
        return;
    mye_study_raster *r = &s->raster[s->n_rasters - 1];
    r->n += push(s, &r->x, r->n, x) && push(s, &r->y, r->n, y) && push(s, &r->size, r->n, size);
}

void mye_study_confusion(mye_study *s, int classes, const double *counts, const char *const *names)
{
    const size_t n = (size_t)classes;
    if (!s || s->failed || s->confusion)
        return;
    s->confusion = mye_alloc_array(s->ctx, n * n, sizeof(*s->confusion));
    s->class_name = mye_alloc_array(s->ctx, n, sizeof(*s->class_name));
    s->failed = !s->confusion || !s->class_name;
    if (s->failed)
        return;
    s->classes = classes;
    memcpy(s->confusion, counts, n * n * sizeof(*counts));
    for (int i = 0; i < classes; i++)
        s->class_name[i] = keep(s, names[i]);
}

mye_status mye_study_check(const mye_study *s, mye_error *err)
{
    return s && !s->failed ? MYE_OK
                           : mye_no_memory(err, sizeof(*s), "the figures of an experiment");
}

static void free_panel(mye_context *ctx, mye_study_panel *p)
{
    for (int k = 0; k < p->n_series; k++) {
        for (int i = 0; i < p->series[k].n; i++) {
            mye_free(ctx, p->series[k].point[i].label);
            mye_free(ctx, p->series[k].point[i].unit);
        }
        mye_free(ctx, p->series[k].point);
        mye_free(ctx, p->series[k].name);
    }
    mye_free(ctx, p->series);
    mye_free(ctx, p->title);
    mye_free(ctx, p->x_name);
}

static void free_raster(mye_context *ctx, mye_study_raster *r)
{
    mye_free(ctx, r->title);
    mye_free(ctx, r->x_name);
    mye_free(ctx, r->y_name);
    mye_free(ctx, r->x);
    mye_free(ctx, r->y);
    mye_free(ctx, r->size);
}

void mye_study_free(mye_study *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n_panels; i++)
        free_panel(s->ctx, &s->panel[i]);
    for (int i = 0; i < s->n_rasters; i++)
        free_raster(s->ctx, &s->raster[i]);
    for (int i = 0; i < s->classes; i++)
        mye_free(s->ctx, s->class_name[i]);
    mye_free(s->ctx, s->panel);
    mye_free(s->ctx, s->raster);
    mye_free(s->ctx, s->class_name);
    mye_free(s->ctx, s->confusion);
    mye_free(s->ctx, s->title);
    mye_free(s->ctx, s->command);
    mye_free(s->ctx, s);
}
