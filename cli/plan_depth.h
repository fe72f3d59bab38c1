/* myelin plan --compare depth: what cutting a network into modules saves and costs. */
#ifndef CLI_PLAN_DEPTH_H
#define CLI_PLAN_DEPTH_H

#include "cli.h"

/* What is planned for: one sample, its frames (0: an image) and classes. */
typedef struct cli_plan_sample {
    int shape[3], frames, classes;
} cli_plan_sample;

/* One line for backpropagation through all layers, for each checkpoint rule as its rival on memory,
 * and for each depth rule. A network that cannot be built at all is an error. */
int cli_plan_depth(cli *app, const mye_config *config, const cli_plan_sample *sample,
                   const mye_plan_options *base);

#endif
