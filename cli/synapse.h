/* Parts of `myelin synapse`: its subcommands, and what those share that read spike patterns. */
#ifndef CLI_SYNAPSE_H
#define CLI_SYNAPSE_H

#include "cli.h"
#include "myelin/experiment.h"
#include "myelin/patterns.h"

extern const cli_command cli_synapse_capacity, cli_synapse_causality, cli_synapse_classify,
    cli_synapse_features, cli_synapse_make, cli_synapse_read, cli_synapse_robustness,
    cli_synapse_show;

/* synapse_study.c: what an experiment found, as tables on stdout, as JSON lines. */
void cli_study_print(const cli *app, const mye_study *study);
void cli_study_json(const mye_study *study);
/* The whole study as one object. */
json_t *cli_study_object(const mye_study *study);

/* Where patterns come from; first member of the options of subcommands that read some. */
typedef struct cli_patterns_source {
    char data_dir[512];
    int split;
    int64_t seed;
} cli_patterns_source;

/* The rows of these options. */
#define CLI_PATTERNS_ROWS(options)                                                        \
    {.name = "data_dir",                                                                  \
     .type = MYE_PARAM_TEXT,                                                              \
     .offset = offsetof(options, source.data_dir),                                        \
     .size = 512,                                                                         \
     .def = "",                                                                           \
     .unit = "DIR",                                                                       \
     .help = "where files of the source are looked for first"},                           \
        {.name = "split",                                                                 \
         .type = MYE_PARAM_CHOICE,                                                        \
         .offset = offsetof(options, source.split),                                       \
         .def = "train",                                                                  \
         .choices = "train|test",                                                         \
         .unit = "",                                                                      \
         .help = "which part of the source"},                                             \
    {                                                                                     \
        .name = "seed", .type = MYE_PARAM_INT, .offset = offsetof(options, source.seed),  \
        .def = "1", .min = 0, .max = 1e15, .unit = "", .help = "of what the source draws" \
    }

/* What is known of a set of patterns. */
typedef struct cli_patterns_facts {
    const mye_patterns_info *about;
    int64_t least, most; /* spikes of a pattern                     */
    double mean_c, least_c, most_c;
    double shortest_ms, longest_ms; /* windows                      */
    double last_ms;                 /* of all spikes                */
    int64_t *patterns, *spikes;     /* [classes], owned             */
} cli_patterns_facts;

/* Opens a source (an entry of `myelin list pattern`) or a file, FILE.npz or FILE.npy, which has neither
 * splits nor a seed. Tells what is wrong. */
int cli_patterns_open(cli *app, const char *text, const cli_patterns_source *source,
                      mye_patterns **out);
cli_patterns_facts cli_patterns_look(const mye_patterns *set);
void cli_patterns_facts_free(cli_patterns_facts *facts);
void cli_patterns_print(const cli *app, const cli_patterns_facts *facts);
json_t *cli_patterns_json(const cli_patterns_facts *facts);

#endif
