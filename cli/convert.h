/* myelin convert: what its files share. */
#ifndef CLI_CONVERT_H
#define CLI_CONVERT_H

#include "cli.h"
#include "myelin/convert.h"
#include "value_list.h"

/* ---- convert_lists.c: what options say ---- */

enum { CLI_STEPS_MAX = 4096 };

typedef struct cli_convert_steps {
    int n;
    int T[CLI_STEPS_MAX]; /* rising */
} cli_convert_steps;

/* "1,2,4", "1..64" (doublings, and 64), "1..64+1" (every step), and lists of these. */
int cli_convert_steps_read(cli *app, const char *text, cli_convert_steps *out);
/* Entries of a kind with their options, each once, in the form that leaves defaults out. */
int cli_convert_methods_read(cli *app, const mye_kind *kind, const char *text, cli_list *out);
/* "0.5x" into 0.5; 0.01 to 10. */
int cli_convert_share_read(cli *app, const char *text, double *out);
/* Is this the method, with or without options, or a rule for thresholds of that neuron? */
bool cli_convert_is(const char *method, const char *neuron);

/* ---- what a conversion came to ---- */

/* One spiking network. */
typedef struct cli_converted {
    char *label; /* the method as it was asked for */
    char *file;  /* its name in the folder --out   */
    mye_snn *snn;
    mye_convert_result result; /* of measuring it */
    bool is_measured;
} cli_converted;

typedef struct cli_conversion {
    cli *app;
    const char *folder; /* "": nothing is written */
    cli_convert_steps steps;
    mye_conversion *opened;
    const mye_convert_ann *ann;
    int n;
    cli_converted row[VALUES_MAX + 1]; /* one more with levels under a budget */
    const char *proof_method;          /* NULL: no proof was asked for        */
    mye_convert_proof proof;
    bool has_proof;
    mye_convert_budget budget;
    bool has_budget;
} cli_conversion;

/* ---- cmd_convert.c, convert_work.c ---- */

typedef struct cli_convert_options {
    char method[1024], steps[400], data[MYE_METHOD_MAX], data_dir[512], net[2048];
    char normalise[128];
    int input;
    int64_t calibrate, limit, batch, seed, stop_stable;
    double stop_confidence;
    bool verify;
    int64_t verify_images;
    char events[32], out[512];
} cli_convert_options;

/* Everything of one call. */
typedef struct cli_convert_job {
    cli *app;
    cli_convert_options o;
    cli_progress progress; /* of the conversion, which tells it until its end */
    double share;          /* of events; 0: no budget */
    cli_list methods;
    cli_conversion c;
} cli_convert_job;

/* Opens, converts, measures, prints and writes; the exit code. */
int cli_convert_work(cli_convert_job *j);
void cli_convert_free(cli_convert_job *j); /* and what it holds */

/* T that a network is saved for: the first that is good enough, else the last. */
int cli_convert_saved_T(const cli_conversion *c, const cli_converted *row);
/* The first measured point within 0.5 points of the ANN's accuracy, NULL: none. */
const mye_convert_point *cli_convert_reach(const cli_conversion *c, const cli_converted *row);
/* Spike counts of all rows that differ, on the grid. */
int64_t cli_convert_differ(const mye_convert_proof *proof);

/* ---- convert_view.c, convert_cost.c: text ---- */

void cli_convert_print_ann(const cli_conversion *c);
void cli_convert_print_accuracy(const cli_conversion *c);
void cli_convert_print_errors(const cli_conversion *c);
void cli_convert_print_cost(const cli_conversion *c);
void cli_convert_print_steps(const cli_conversion *c);
void cli_convert_print_proof(const cli_conversion *c);
void cli_convert_print_budget(const cli_conversion *c);

/* ---- convert_json.c ---- */

json_t *cli_convert_ann_json(const mye_convert_ann *ann);
json_t *cli_convert_result_json(const cli_conversion *c, const cli_converted *row);
json_t *cli_convert_proof_json(const cli_conversion *c);
json_t *cli_convert_budget_json(const cli_conversion *c);

/* ---- convert_files.c: the folder --out ---- */

/* Refuses a folder that holds something else. Nothing is written. */
int cli_convert_folder_check(const cli *app, const char *folder);
/* Writes all files. */
int cli_convert_folder_write(const cli_conversion *c);

#endif
