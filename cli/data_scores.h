/* myelin data scores: hard samples, and samples that may be labelled wrong. */
#ifndef CLI_DATA_SCORES_H
#define CLI_DATA_SCORES_H

#include "cli.h"

typedef struct cli_scores_options {
    const char *run;        /* run folder, or checkpoint file */
    const char *data_dir;   /* "": that of the run         */
    const char *csv, *html; /* files to write, "": none     */
    int64_t limit, count;   /* samples looked at (0: all), listed */
} cli_scores_options;

int cli_data_scores(cli *app, const cli_scores_options *o);

#endif
