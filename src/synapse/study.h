/* Making a study. A failure to allocate is kept in `failed`; later calls do nothing, nor do those with
 * NULL. */
#ifndef MYE_STUDY_H
#define MYE_STUDY_H

#include "base/base.h"
#include "myelin/experiment.h"

/* An empty one; NULL without memory. */
mye_study *mye_study_begin(mye_context *ctx, const char *title);
/* Panels are made by their first point, in the order of their first points; so are series. */
typedef struct mye_panel_kind {
    const char *title, *x_name;
    bool is_table, is_long;
} mye_panel_kind;
/* Mean and spread of n values; those that are NAN (never came about) are left out. */
void mye_study_add(mye_study *s, const mye_panel_kind *panel, const char *series, double x,
                   const char *label, const char *unit, const double *value, int n);
/* One number without spread. */
void mye_study_put(mye_study *s, const mye_panel_kind *panel, const char *series, double x,
                   double value);
/* Begins a raster; dots go to the last one. */
void mye_study_plane(mye_study *s, const char *title, const char *x_name, const char *y_name,
                     double width, double height);
void mye_study_dot(mye_study *s, double x, double y, double size);
/* The first one counts. */
void mye_study_confusion(mye_study *s, int classes, const double *counts, const char *const *names);
/* MYE_ERR_NOMEM when anything failed. */
mye_status mye_study_check(const mye_study *s, mye_error *err);

#endif
