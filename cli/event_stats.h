/* How many events the recordings of a data set hold, and how long they are. */
#ifndef CLI_EVENT_STATS_H
#define CLI_EVENT_STATS_H

#include "cli.h"

#include "myelin/data.h"

/* Events of the samples that were measured. */
typedef struct cli_events {
    double mean, mean_ms, per_frame;
    int64_t least, most, dropped;
} cli_events;

/* Reads the first n samples of event data. */
mye_status cli_events_measure(const cli *app, const mye_dataset *data, int64_t n, cli_events *s,
                              mye_error *err);
void cli_events_print(const cli *app, const cli_events *s);

#endif
