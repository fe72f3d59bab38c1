/* What `myelin compare` varies: lists of values for configuration keys, and their product. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "cli.h"
#include "value_list.h"

enum { AXIS_MAX = 16 };

typedef cli_list cli_axis;

typedef struct cli_axes {
    int n;
    cli_axis axis[AXIS_MAX];
    cli_axis seeds;      /* repeats, not rows; at least one value */
    cli_setting *single; /* the settings that hold one value      */
    int n_single;
} cli_axes;

/* Sorts the given options into lists and single values. `seeds`, `rho`: of --seeds and --rho, may be
 * "". */
int cli_axes_read(cli *app, const char *seeds, const char *rho, cli_axes *axes);
void cli_axes_free(cli_axes *axes);
int cli_axes_points(const cli_axes *axes);
/* Index into axis i's values of point p: the last axis runs fastest. */
int cli_axes_index(const cli_axes *axes, int point, int i);
/* "bptt, 4" and "bptt-4": the values of a point, to read and as a file name. */
void cli_axes_label(const cli_axes *axes, int point, char *out, size_t size);
void cli_axes_file(const cli_axes *axes, int point, char *out, size_t size);
mye_status cli_axes_apply(const cli_axes *axes, int point, const char *seed, mye_config *config,
                          mye_error *err);

/* What one run came to. Plain numbers: it travels through a pipe. */
typedef struct cli_outcome {
    mye_status status;
    char message[400];
    double accuracy, best_accuracy, images_per_s, train_s, rate;
    double planned, allocated, data, kept, peak_rss;
    double cosine;        /* bytes of planned that the comparison of gradients takes */
    double alone;         /* planned without them                                   */
    double macs, modules; /* multiply-adds of a training step; of the depth rule */
    double visited;       /* samples learned from / (samples times configured epochs) */
    char rates[1024];     /* "lif1 0.205  lif2 0.133": firing rate of each layer */
} cli_outcome;

/* Trains in a process of its own, so that its measured memory is its own. */
void cli_run_apart(cli *app, const mye_config *config, bool resume, cli_outcome *out);

/* ---- compare_log.c: compare.jsonl, one line a run ---- */

/* Takes a reference of gradient (may be NULL). */
json_t *cli_outcome_json(const cli_outcome *o, const char *point, const char *seed,
                         const char *folder, json_t *gradient);
/* What run folder `run` came to, as the comparison in `folder` noted it; false: it did not end
 * well, or is not there. */
bool cli_outcome_read(const char *folder, const char *run, cli_outcome *out);

/* ---- compare_depth.c: where depth rules are compared ---- */

bool cli_depth_is_compared(const cli_axes *axes);
/* Two cells: modules and multiply-adds of a training step, the same in all n runs of a row. */
void cli_depth_cells(cli_table *table, const cli_outcome *outcome, int n);

/* ---- compare_sample.c: where sample policies are compared ---- */

bool cli_sample_is_compared(const cli_axes *axes);
/* Two cells, means over the runs of a row that ended well: share of samples visited, training time. */
void cli_sample_cells(cli_table *table, const cli_outcome *outcome, int n);
/* Each policy of the list that has an option rho becomes one value a ratio. sample NULL: not given. */
int cli_sample_expand(cli *app, cli_axis *sample, const cli_axis *rho);

/* ---- compare_gradient.c: of option cosine ---- */

/* The last comparison of gradients that a run folder recorded (its line of metrics.jsonl), NULL:
 * none. */
json_t *cli_gradient_read(const char *folder);
/* Two cells: cosine and norm ratio, means over n runs (NULL: has none). */
void cli_gradient_cells(cli_table *table, json_t *const *gradient, int n);
/* Layers down, points of the comparison across. gradient [points][seeds] */
void cli_gradient_table(const cli *app, const cli_axes *axes, json_t *const *gradient);

#endif
