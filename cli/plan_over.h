/* myelin plan --compare time: time rules side by side, for one number of steps or over several. */
#ifndef CLI_PLAN_OVER_H
#define CLI_PLAN_OVER_H

#include "cli.h"

enum { CLI_PLAN_T_MAX = 32, CLI_PLAN_ROWS_MAX = 64 };

typedef struct cli_steps {
    int n;
    int T[CLI_PLAN_T_MAX];
    bool is_list;
} cli_steps;

/* Takes the numbers of --T out of the settings, which keep the first: a list, one number (is_list
 * false), or, without --T, 1, 2, 4 ... 64. */
int cli_steps_read(cli *app, cli_steps *steps);
/* The methods that a table of time rules shows; `given` is added where it is none of them. Returns
 * how many. */
int cli_time_rows(const char *given, char row[CLI_PLAN_ROWS_MAX][MYE_METHOD_MAX]);
/* Planned peaks, rules down and steps across; a page too, unless `html` is "". */
int cli_plan_over(const cli *app, const mye_model *model, const mye_plan_options *base,
                  const cli_steps *steps, const char *net, const char *html);

#endif
