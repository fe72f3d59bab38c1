/* myelin synapse: single neurons and the spike patterns that they read; a table of subcommands. */
#include "synapse.h"

/* The only place that names all subcommands, in alphabetical order. */
#define SYNAPSE_COMMANDS(X) \
    X(make)                 \
    X(show)

#define SUB(name) &cli_synapse_##name,
static const cli_command *const subs[] = {SYNAPSE_COMMANDS(SUB) NULL};

const cli_command cli_cmd_synapse = {
    .entry = {.name = "synapse",
              .brief = "work with spike patterns, which single neurons read",
              .source = ""},
    .usage = "SUBCOMMAND [options]",
    .details =
        "A pattern is a number of spikes, each with a time, an afferent and a coefficient: how "
        "much it carries. Patterns come from a source ('myelin list pattern') or a file.",
    .examples = "synapse make poisson:patterns=20 --out patterns.npz\n"
                "synapse show patterns.npz --pattern 3",
    .words = "",
    .sub = subs,
};
