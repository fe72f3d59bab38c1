/* What page_cosine.c (one run) and page_cosines.c (several) share: lines over depth and epochs. */
#ifndef MYE_REPORT_PAGE_COSINE_H
#define MYE_REPORT_PAGE_COSINE_H

#include "report/page.h"

/* Places in a layer's pair. */
enum { MYE_COSINE, MYE_NORM_RATIO };

/* {layer: [cosine, norm ratio]} of a "cosine" line. */
json_t *mye_gradient_layers(const json_t *event);
/* Mean of one layer's number over events, without those that lack it; NAN: all do. */
double mye_gradient_mean(const json_t *const *event, int n, const char *layer, int which);
/* A cell with a number. */
void mye_gradient_cell(mye_text *out, double value);

/* Room for the points of a page's lines, handed out piece by piece. */
typedef struct mye_points {
    double *at;
    size_t used;
} mye_points;

/* Points that the two lines of a run's events over depth and the two over its epochs take. */
size_t mye_points_of(const json_t *event, int n_epochs);
/* A line over the layers of the first event: the mean over all. */
void mye_depth_line(mye_chart *chart, mye_points *p, const json_t *const *event, int n_events,
                    int which, mye_series series);
void mye_epoch_line(mye_chart *chart, mye_points *p, const mye_record *r, const char *key,
                    mye_series series);
void mye_chart_panel(mye_text *out, const mye_chart *chart);

#endif
