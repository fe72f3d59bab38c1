/* Inside of the experiment `classify`. */
#ifndef MYE_CLASSIFY_H
#define MYE_CLASSIFY_H

#include "synapse/trial.h"

enum { MYE_CLASSIFY_SOURCES = 8, MYE_CLASSIFY_CURVE = 64 };
enum { MYE_SPIKES_BOTH, MYE_SPIKES_AUGMENTED, MYE_SPIKES_ORDINARY };

typedef struct mye_classify_options {
    mye_learn_options learn;
    char patterns[2048], readout[MYE_METHOD_MAX], test_noise[512], snr[128], save[512];
    int spikes;
    int64_t neurons, folds, runs, seed;
} mye_classify_options;

/* Figures of one source and kind of spikes; columns hold one number for each run and fold. */
typedef struct mye_classify_column {
    char name[MYE_METHOD_MAX + 16];
    double *test, *train, *epochs, *converged, *spikes, *seconds; /* [jobs]                  */
    double *noisy;                                                /* [tests][jobs]           */
    double wrong[MYE_CLASSIFY_CURVE];                             /* sum over jobs           */
} mye_classify_column;

typedef struct mye_classify {
    mye_context *ctx;
    const mye_classify_options *o;
    const char *dir;
    const mye_callbacks *callbacks;
    mye_study *out;
    int n_sources, n_columns, jobs, n_tests;
    char source[MYE_CLASSIFY_SOURCES][MYE_METHOD_MAX];
    mye_classify_column column[2 * MYE_CLASSIFY_SOURCES];
    mye_numbers snr;
    int n_noises;
    char noise[MYE_NUMBERS_MAX][MYE_METHOD_MAX];
    double *numbers; /* all columns */
    int64_t learned; /* groups that have, of n_columns * jobs */
    double begin_s;
    double *confusion;
} mye_classify;

/* Does column c carry coefficients? */
bool mye_classify_is_augmented(const mye_classify *w, int c);
/* The source of column c. */
const char *mye_classify_source(const mye_classify *w, int c);

/* ---- classify_sets.c ---- */

/* The source with another ratio of sound to noise; MYE_ERR_ARG where it has none. */
mye_status mye_classify_snr(const mye_classify *w, const char *source, double snr, char *out,
                            size_t size, mye_error *err);
mye_status mye_classify_open(const mye_classify *w, const char *source, const char *split, int run,
                             mye_patterns **out, mye_error *err);
/* MYE_ERR_ARG where a fold has nothing to test on or to learn from. */
mye_status mye_classify_check_folds(const mye_classify *w, const mye_patterns *set, mye_error *err);
/* Cuts a set in two: what fold number `fold` tests on, and the rest. Free both. */
mye_status mye_classify_fold(const mye_classify *w, const mye_patterns *set, int64_t fold,
                             mye_patterns **train, mye_patterns **test, mye_error *err);

/* ---- classify_job.c ---- */

/* Both kinds of spikes of one source, on the same patterns, which are ordinary ones afterwards; figures
 * go to column[..][job]. */
mye_status mye_classify_job(mye_classify *w, int source, mye_patterns *train, mye_patterns *test,
                            int job, int run, mye_error *err);

#endif
