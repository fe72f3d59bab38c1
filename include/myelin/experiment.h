/*
 * Experiments with single neurons (myelin/synapse.h): each is an entry of `myelin list experiment` with
 * its options, run over several seeds side by side. What comes out is a study: figures with mean and
 * spread over runs, in panels that a table, a page or JSON can show alike.
 *
 * Source: Yu et al. 2020, Synaptic learning with augmented spikes; set-ups in docs/synapse.md.
 */
#ifndef MYELIN_EXPERIMENT_H
#define MYELIN_EXPERIMENT_H

#include "myelin/synapse.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_study_point {
    double x;
    char *label;     /* of a table's column; NULL: x says it                                  */
    char *unit;      /* of mean and sd; "%": they are shares                                  */
    double mean, sd; /* over runs; sd NAN with one run; mean NAN: never came about            */
    int runs;
} mye_study_point;

typedef struct mye_study_series {
    char *name;
    int n;
    mye_study_point *point;
} mye_study_series;

typedef struct mye_study_panel {
    char *title, *x_name;
    bool is_table; /* points are labelled columns; else a curve over x                      */
    bool is_long;  /* a curve to look at, not to read number by number                      */
    int n_series;
    mye_study_series *series;
} mye_study_panel;

/* Spikes to draw: patterns, or a neuron's answers. */
typedef struct mye_study_raster {
    char *title, *x_name, *y_name;
    double width, height; /* of the plane: x in 0..width, y in 0..height                      */
    int n;
    float *x, *y, *size; /* [n]; size 1: a usual dot                                          */
} mye_study_raster;

/* Belongs to whoever asked for it; free it with mye_study_free. */
typedef struct mye_study {
    mye_context *ctx;
    char *title;   /* one line                                                                */
    char *command; /* the experiment with the options that differ from their defaults         */
    int n_panels, n_rasters;
    mye_study_panel *panel;
    mye_study_raster *raster;
    int classes;       /* 0: no confusion                                                     */
    double *confusion; /* [classes][classes], row = truth                                     */
    char **class_name; /* [classes]                                                           */
    double seconds;
    bool failed; /* while it is made: there was no memory                                     */
} mye_study;

/*
 * Runs an experiment: "capacity:runs=10,load=(1,2,3)". `dir`: where data are looked for first, may be
 * NULL. Errors: MYE_ERR_ARG, those of data, MYE_ERR_NOMEM, MYE_ERR_CANCELLED.
 */
MYE_API mye_status mye_experiment(mye_context *ctx, const char *text, const char *dir,
                                  const mye_callbacks *callbacks, mye_study **out, mye_error *err);
/* The same with the options struct of an entry of kind `experiment`, filled through its table. */
MYE_API mye_status mye_experiment_with(mye_context *ctx, const mye_entry *entry,
                                       const void *options, const char *dir,
                                       const mye_callbacks *callbacks, mye_study **out,
                                       mye_error *err);
MYE_API void mye_study_free(mye_study *study);
/* "99.18 ± 0.03 %"; "-" for what never came about. 64 bytes do. Returns out. */
MYE_API char *mye_study_text(const mye_study_point *point, char *out, size_t size);
/* One page: tables, figures, rasters. */
MYE_API mye_status mye_report_study(mye_context *ctx, const mye_study *study, const char *path,
                                    mye_error *err);
/* Every figure as a file of its own, FOLDER/figure-N.svg in the order of the page; *n: how many. */
MYE_API mye_status mye_report_figures(mye_context *ctx, const mye_study *study, const char *folder,
                                      int *n, mye_error *err);

#ifdef __cplusplus
}
#endif
#endif
