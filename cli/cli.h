/*
 * The command line: what every command shares. A command is one file cmd_<name>.c with one table;
 * its options are a parameter table like any other, so parsing, help, completion and the man page
 * come from the same rows. Results go to stdout, everything else to stderr.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "myelin/context.h"
#include "myelin/error.h"
#include "myelin/registry.h"
#include "myelin/train.h"

#define CLI_EXIT_OK          0
#define CLI_EXIT_FAILED      1
#define CLI_EXIT_USAGE       2
#define CLI_EXIT_DATA        3
#define CLI_EXIT_MEMORY      4
#define CLI_EXIT_INTERRUPTED 130

typedef struct cli cli;

/* ---- commands ---- */

typedef struct cli_command {
    mye_entry entry;      /* name ("data", of a subcommand "synapse make"), brief, options      */
    const char *usage;    /* what follows "myelin NAME"                                       */
    const char *details;  /* paragraphs for --help; "" = none                                 */
    const char *examples; /* one command a line, without "myelin "; "# text" explains         */
    const char *words;    /* what the words are, for completion: "file", "net", "kind", ...   */
    int min_words, max_words;
    bool config; /* every configuration key is an option too                         */
    const char
        *experiment; /* parameters of this entry of kind `experiment` are options too; NULL */
    /* What the first word chooses, alphabetical, NULL-terminated, each with options of its own;
     * NULL: none. A command that has them has no options and is not run. */
    const struct cli_command *const *sub;
    int (*run)(cli *app);
} cli_command;

/* All commands, alphabetical, NULL-terminated; as a kind of the registry, for nearest names. */
extern const mye_kind cli_commands;
extern const cli_command cli_cmd_version;
const cli_command *cli_command_at(int i); /* NULL after the last */

/* ---- subcommands (sub.c) ---- */

/* The subcommand of that name ("make"), or NULL. */
const cli_command *cli_sub_find(const cli_command *command, const char *word);
/* Says that there is none, with the nearest. */
int cli_sub_unknown(const cli *app, const cli_command *command, const char *word);
/* The name of a subcommand without the command's: "make". */
const char *cli_sub_name(const cli_command *sub);

/* ---- arguments (args.c) ---- */

typedef enum cli_origin { CLI_OWN, CLI_EXPERIMENT, CLI_CONFIG, CLI_GLOBAL } cli_origin;

typedef struct cli_setting {
    cli_origin origin;
    char key[64];
    const char *value;
} cli_setting;

typedef struct cli_global {
    bool help, version, quiet, json, color;
    int64_t threads;
    char kernels[16], conv[16];
} cli_global;

struct cli {
    const cli_command *command;
    cli_global global;
    int n_settings, n_words;
    cli_setting *setting;
    const char **word; /* arguments that are no options, without the command */
    bool color_out, color_err;
    int columns;      /* of the terminal on stdout, 0: none */
    mye_context *ctx; /* opened by cli_open */
};

extern const mye_param cli_global_params[];

/* bench_kernels.c: `bench kernels`. */
int cli_bench_kernels(const cli *app, int rounds);

/* Prints the time of each node. */
void cli_profile(const cli *app, const mye_profile_row *row, int n);

int cli_args_read(cli *app, int argc, char **argv);
/* Fills a command's own options: defaults, then what was given. */
int cli_options(cli *app, void *options);
/* The entry whose parameters are options of a command too; NULL: none. */
const mye_entry *cli_experiment_entry(const cli_command *command);
/* Fills the options of that entry; `options` is of its size. */
int cli_experiment_options(cli *app, void *options);
/* Was this option (own, or configuration key) given? */
bool cli_given(const cli *app, const char *key);
/* "--data-dir" out of "data_dir". */
void cli_flag_name(const mye_param *p, char *out, size_t size);
/* What stands for the value in help texts; "" for switches. */
const char *cli_value_name(const mye_param *p);
/* Table i of the options that the running command accepts, NULL after the last. */
const mye_param *cli_tables(const cli_command *command, int i, cli_origin *origin);

/* ---- set-up (setup.c) ---- */

/* Opens the context from the global options, or from a configuration, and catches Ctrl-C. */
int cli_open(cli *app, const mye_config *config);
void cli_close(cli *app);
bool cli_interrupted(void);
/* Default, then `file` (NULL: none), then the options in their order. */
int cli_config(cli *app, const char *file, mye_config *config);
/* "3x32x32" into three numbers. */
int cli_shape(cli *app, const char *text, int *C, int *H, int *W);
/* Refuses encoders that make steps of an image where the samples are frames (0: images). */
int cli_encoder(cli *app, const mye_config *config, int frames);
/* The model that a configuration describes for inputs of this shape. */
mye_status cli_model_build(const cli *app, const mye_config *config, const int shape[3], int frames,
                           int classes, mye_model **model, mye_error *err);
/* The same with what cli_encoder refuses; tells what is wrong. */
int cli_model(cli *app, const mye_config *config, const int shape[3], int frames, int classes,
              mye_model **model);

/* ---- help (help.c) ---- */

void cli_help(const cli *app); /* all commands */
void cli_help_command(const cli *app, const cli_command *command);
/* Prints text wrapped to the terminal's width with hanging indent; at: column already used. */
void cli_wrap(FILE *out, const char *text, int at, int indent, int width);

/* ---- output (output.c) ---- */

/* Prints "error: ..." and "hint: ..."; returns the exit code of the status. */
int cli_fail(const cli *app, const mye_error *err);
int cli_usage(const cli *app, const char *hint, const char *format, ...) MYE_PRINTF(3, 4);
void cli_note(const cli *app, const char *format, ...) MYE_PRINTF(2, 3);
/* Escape sequence when the stream is coloured, else "": "1" bold, "2" dim, "32" green ... */
const char *cli_paint(bool color, const char *code);
const char *cli_plain(bool color);
/* Memory or exit 4. */
void *cli_memory(size_t count, size_t size);
char *cli_format(const char *format, ...) MYE_PRINTF(1, 2);
/* Short texts; each returns out. */
typedef struct cli_short {
    char text[48];
} cli_short;
cli_short cli_bytes(uint64_t bytes);   /* "1.50 GiB"    */
cli_short cli_seconds(double seconds); /* "2:31", "8.2 s" */
cli_short cli_count(double value);     /* "1 204", "3.4 M" */
cli_short cli_percent(double share);   /* "91.2 %"      */
/* One JSON object on one line; takes the reference. */
void cli_json(json_t *object);
/* JSON number, null where it is not finite. */
json_t *cli_real(double value);

/* mkdir -p, and whether files can be written there (folder.c): before the work, so that none is lost
 * where they cannot be. */
mye_status cli_folder_make(const char *folder, mye_error *err);
/* Writes text to FOLDER/NAME: under a temporary name first, so that a full disk does not cost the file
 * of before. */
mye_status cli_folder_write(const char *folder, const char *name, const char *text, mye_error *err);
/* The same with a JSON object, indented; takes the reference. */
mye_status cli_folder_write_json(const char *folder, const char *name, json_t *object,
                                 mye_error *err);

/* ---- tables (table.c) ---- */

typedef struct cli_table cli_table;
/* Columns separated by '|': "name|>bytes" ('>': right-aligned). The last column wraps. */
cli_table *cli_table_new(const cli *app, const char *columns);
void cli_cell(cli_table *table, const char *format, ...) MYE_PRINTF(2, 3);
/* A line across before the next row (totals). */
void cli_table_rule(cli_table *table);
/* Prints (out NULL: does not) and frees. */
void cli_table_print(cli_table *table, FILE *out);
/* Columns that UTF-8 text takes on a terminal; escape sequences take none. */
int cli_text_width(const char *text);

/* ---- progress (progress.c) ---- */

typedef struct cli_progress {
    const cli *app;
    bool bar; /* a terminal: one line that is redrawn */
    bool off;
    bool epochs; /* print a line per epoch to stdout     */
    int64_t n_epochs;
    double last_s; /* when a line was printed              */
    bool dirty;    /* the bar is on the screen             */
    /* What is worked on where that is no training: stands in front, and loss and accuracy, which have
     * no meaning then, are left out; NULL: it is. */
    const char *about;
    mye_callbacks callbacks;
} cli_progress;
void cli_progress_init(cli_progress *progress, const cli *app, bool epochs);
void cli_progress_clear(cli_progress *progress);
json_t *cli_epoch_json(const mye_epoch_result *r);
json_t *cli_cosine_json(const mye_cosine_result *r);

/* ---- shared by commands ---- */

void cli_plan_print(const cli *app, const mye_model *model, const mye_plan *plan,
                    const mye_plan_options *options, const char *depth);
json_t *cli_plan_json(const mye_model *model, const mye_plan *plan);
/* The modules that a depth rule made, one a line. */
void cli_modules_print(const cli *app, const mye_model *model);
void cli_modules_json(const mye_model *model);

#define CLI_END      \
    {                \
        .name = NULL \
    }

#endif
