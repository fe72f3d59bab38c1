/* Parts of the page of a conversion: see mye_report_convert. */
#ifndef MYE_REPORT_PAGE_CONVERT_H
#define MYE_REPORT_PAGE_CONVERT_H

#include <math.h>

#include "myelin/convert.h"
#include "report/report.h"

/* What the page is made of. */
typedef struct mye_page_conversion {
    mye_context *ctx;
    const mye_convert_ann *ann;
    const mye_convert_result *const *result;
    int n;
    const mye_convert_proof *proof;   /* NULL: not asked for */
    const mye_convert_budget *budget; /* NULL: not asked for */
} mye_page_conversion;

/* ---- page_convert_figures.c ---- */

/* Two figures side by side: accuracy over steps, and over events. */
mye_status mye_page_convert_accuracy(mye_text *out, const mye_page_conversion *c, mye_error *err);
/* Conversion error over steps and along the layers. */
mye_status mye_page_convert_errors(mye_text *out, const mye_page_conversion *c, mye_error *err);
/* Levels of the layers before and under the budget, as many as bars have room for. */
mye_status mye_page_convert_levels(mye_text *out, const mye_page_conversion *c, mye_error *err);

/* ---- page_convert_tables.c ---- */

void mye_page_convert_accuracy_table(mye_text *out, const mye_page_conversion *c);
void mye_page_convert_cost_table(mye_text *out, const mye_page_conversion *c);
void mye_page_convert_steps_table(mye_text *out, const mye_page_conversion *c);
void mye_page_convert_error_table(mye_text *out, const mye_page_conversion *c);

/* ---- page_convert_more.c ---- */

void mye_page_convert_layers(mye_text *out, const mye_page_conversion *c);
void mye_page_convert_proof(mye_text *out, const mye_convert_proof *proof);
void mye_page_convert_level_table(mye_text *out, const mye_convert_budget *budget);
void mye_page_convert_ann(mye_text *out, const mye_convert_ann *ann);
/* "12 345 678" with narrow spaces. Returns out. */
char *mye_page_convert_number(int64_t value, char *out, size_t size);
/* Cell with "12.34 %", with microjoules; "–" where it is no number. */
void mye_page_convert_percent(mye_text *out, double share);
void mye_page_convert_energy(mye_text *out, double microjoule);
/* Cell with a count. */
void mye_page_convert_count(mye_text *out, double value);

/* The point of T steps, NULL: it was not measured. */
static inline const mye_convert_point *mye_page_convert_point(const mye_convert_result *r, int T)
{
    for (int i = 0; i < r->n_points; i++) {
        if (r->point[i].T == T)
            return &r->point[i];
    }
    return NULL;
}

/* The first point from which the ANN's accuracy less 0.5 points is there, NULL: none. */
static inline const mye_convert_point *mye_page_convert_reach(const mye_convert_ann *ann,
                                                              const mye_convert_result *r)
{
    for (int i = 0; i < r->n_points; i++) {
        if (r->point[i].accuracy >= ann->accuracy - 0.005)
            return &r->point[i];
    }
    return NULL;
}

/* Error of a layer as a share of its mean activation, NAN where that is 0. */
static inline double mye_page_convert_share(const mye_convert_layer *layer, int point)
{
    return layer->activation > 0 ? layer->error[point] / layer->activation : (double)NAN;
}

#endif
