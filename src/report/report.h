/*
 * Reports: self-contained HTML pages from the files of run folders. No scripts, no fonts, no images
 * from elsewhere; drawings are SVG inside the page, colours follow the reader's light or dark theme.
 *
 * What is read. RUN/metrics.jsonl (src/train/metrics.c says what it holds) has one JSON object a
 * line; unknown keys are ignored, missing ones leave their part of the page out. A line that is not
 * JSON (a crash cut it) is skipped. Of an epoch that was written twice the last counts, and so do
 * the last "start" and the last "end", unless the run went on after it.
 *   {"event":"start","version","kernels","threads","config":{key:text},"plan":{"total_bytes",
 *    "kept_bytes","weight_bytes","gradient_bytes","optimiser_bytes","run_bytes","scratch_bytes",
 *    "eval_bytes","loader_bytes","kept_per_neuron_step","macs","cosine_bytes","fit_bytes",
 *    "save_bytes","auxiliary_macs"},"data":{"C","H","W","classes","n_train","n_test"},"model":
 *    {"weights","neurons","nodes","modules","auxiliary_weights"}}
 *   {"event":"epoch","epoch","train_loss","train_accuracy","test_loss","test_accuracy",
 *    "learning_rate","train_s","test_s","images_per_s","processed","rates":{neuron:rate},
 *    "ways":{layer:[forward,data,weights]},"sample":{"samples","forwarded","keep","capped",
 *    "spread","max_weight","mean_age","lr_scale","visited","score_s","sample_s"}}
 *   {"event":"cosine","epoch","rule","reference","batches","samples","cosine","norm_ratio",
 *    "weights_cosine","weights_norm_ratio","layers":{layer:[cosine,norm_ratio]}}
 *   {"event":"end","status":"finished"|"cancelled"|"failed","best_test_accuracy","best_epoch",
 *    "train_s","total_s","images_per_s","planned_bytes","allocated_bytes","peak_rss_bytes",
 *    "data_bytes","message"}
 * RUN/net.yaml is built again for the table of nodes. RUN/eval.json, when `myelin eval --report`
 * left one, has "classes" and "confusion".
 */
#ifndef MYE_REPORT_H
#define MYE_REPORT_H

#include <jansson.h>

#include "base/base.h"
#include "myelin/train.h"

/* ---- drawings (svg.c, svg_bars.c, svg_dots.c, svg_histogram.c); each adds one <svg> to the text ---- */

#define MYE_SERIES_MAX  32
#define MYE_SERIES_COLS 8 /* colours s0..s7 of the style sheet */

typedef struct mye_series {
    const char *name; /* of the legend; NULL: no entry of its own */
    const double *x, *y;
    int n, color;
    bool dashed;
} mye_series;

typedef struct mye_chart {
    const char *title, *unit; /* unit of y: "%" multiplies by 100 */
    const char *x_name;
    int n;
    mye_series series[MYE_SERIES_MAX];
    const double *spread[MYE_SERIES_MAX]; /* y -/+ so much is drawn at each point; NULL: none */
    bool level[MYE_SERIES_MAX];           /* a line across, through the first point */
    bool dotless[MYE_SERIES_MAX];         /* no dots at its points                   */
    bool from_zero;
    bool positive; /* no value is below 0, no share above 1: spreads end there */
    bool doubling; /* both axes by powers of two, y in bytes; what is not above 0 is left out */
    bool x_real;   /* x is no count: ticks may stand between whole numbers */
    /* Only x by powers of two, or by powers of ten with ticks at 1, 2, 5; x above 0 alone is drawn. */
    bool x_doubling, x_decades;
} mye_chart;

void mye_svg_lines(mye_text *out, const mye_chart *chart);

typedef struct mye_bar {
    const char *name;
    char label[48]; /* printed behind the bar */
    double value;
    int color;
} mye_bar;

/* Horizontal bars from zero; those after the 64th are left out. */
void mye_svg_bars(mye_text *out, const char *title, const mye_bar *bar, int n);
/* One bar cut into parts, with a legend: where the memory goes. */
void mye_svg_parts(mye_text *out, const char *title, const mye_bar *part, int n);
/* How many of n values lie where, counts by powers of ten; values that are not finite are left out. */
void mye_svg_histogram(mye_text *out, const char *title, const char *x_name, const double *value,
                       int64_t n);
/* Dots on a plane, x in 0..width from the left, y in 0..height from below; size 1 is a usual dot. */
typedef struct mye_plane {
    const char *title, *x_name, *y_name;
    double width, height;
    int n;
    const float *x, *y, *size;
} mye_plane;
void mye_svg_dots(mye_text *out, const mye_plane *plane);
/* counts [n][n], row = truth; names may be NULL. */
void mye_svg_matrix(mye_text *out, const double *counts, int n, const char *const *names);

/* Writes one drawing, as the functions above add it, as a file of its own: on white, with its colours in
 * it (svg_file.c). Atomic. */
mye_status mye_svg_write(mye_context *ctx, const mye_text *drawing, const char *path,
                         mye_error *err);

/* ---- pages (html.c) ---- */

/* Text with & < > " ' escaped. */
void mye_html_text(mye_text *out, const char *text);
/* The last `max` letters of a name, with … before them when some are left out: what tells names
 * apart is at their end. */
void mye_html_tail(mye_text *out, const char *text, size_t max);
void mye_html_begin(mye_text *out, const char *title);
void mye_html_end(mye_text *out);
/* A card: a number and what it is. `note` may be "". */
void mye_html_card(mye_text *out, const char *value, const char *what, const char *note);
/* "12.3 s", "2:31 min", "1:05 h". Returns out. */
char *mye_html_seconds(double seconds, char *out, size_t size);
/* "1.50 GiB", "–" where it is no number of bytes. Returns out. */
char *mye_html_bytes(double bytes, char *out, size_t size);
/* "1234", "3.4 M". Returns out. */
char *mye_html_count(double value, char *out, size_t size);

/* ---- what was recorded (record.c) ---- */

typedef struct mye_record {
    mye_context *ctx;
    const char *folder;
    json_t *start, *end; /* NULL: not there */
    json_t *eval;        /* of eval.json, NULL: none */
    json_t *epochs;      /* array, ascending, one object an epoch */
    int n_epochs;
    json_t *cosines; /* array of "cosine" lines, ascending by epoch */
    int n_cosines;
    int skipped;  /* lines that could not be read */
    char *config; /* text of config.yaml, NULL: none */
} mye_record;

mye_status mye_record_read(mye_context *ctx, const char *folder, mye_record *out, mye_error *err);
void mye_record_free(mye_record *record);
/* Number of a key, NAN when it is missing. */
double mye_record_number(const json_t *object, const char *key);
/* Text of a key of the start's configuration, "" when missing. */
const char *mye_record_config(const mye_record *record, const char *key, char *out, size_t size);
/* The numbers of a key over the epochs; free with mye_free. NULL without memory. */
double *mye_record_column(const mye_record *record, const char *key);
/* The last epoch's value, NAN without. */
double mye_record_last(const mye_record *record, const char *key);
/* The last comparison of gradients, NULL without. */
const json_t *mye_record_cosine(const mye_record *record);
/* Mean over neurons of the last epoch's firing rates, NAN without. */
double mye_record_rate(const mye_record *record);

/* Writes a finished page to a file (atomic). */
mye_status mye_page_write(mye_context *ctx, mye_text *page, const char *path, mye_error *err);

#endif
