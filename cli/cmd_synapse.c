/* myelin synapse: single neurons and the spike patterns that they read; a table of subcommands. */
#include "synapse.h"

/* The only place that names all subcommands, in alphabetical order. */
#define SYNAPSE_COMMANDS(X) \
    X(capacity)             \
    X(causality)            \
    X(classify)             \
    X(features)             \
    X(make)                 \
    X(read)                 \
    X(robustness)           \
    X(show)

#define SUB(name) &cli_synapse_##name,
static const cli_command *const subs[] = {SYNAPSE_COMMANDS(SUB) NULL};

const cli_command cli_cmd_synapse = {
    .entry = {.name = "synapse",
              .brief = "single neurons that learn to read spike patterns",
              .source = ""},
    .usage = "SUBCOMMAND [options]",
    .details =
        "A pattern is a number of spikes, each with a time, an afferent and a coefficient: how "
        "much it carries. Patterns come from a source ('myelin list pattern': random ones, images, "
        "sounds) or a file. classify learns their classes; capacity, causality, features and "
        "robustness are the experiments of the papers behind it; read takes neurons that were "
        "kept; make and show deal with files of patterns.",
    .examples = "synapse classify --readout levels:step=1\n"
                "synapse capacity --units 100 --load 1,2,3\n"
                "synapse make poisson:patterns=20 --out patterns.npz\n"
                "synapse show patterns.npz --pattern 3",
    .words = "",
    .sub = subs,
};
