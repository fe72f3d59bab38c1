/* myelin: the command table and what happens around a command. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The only place that names all commands, in alphabetical order. */
#define CLI_COMMANDS(X) \
    X(bench)            \
    X(compare)          \
    X(completion)       \
    X(convert)          \
    X(data)             \
    X(doctor)           \
    X(eval)             \
    X(gradcheck)        \
    X(help)             \
    X(list)             \
    X(man)              \
    X(plan)             \
    X(report)           \
    X(show)             \
    X(synapse)          \
    X(train)            \
    X(verify)           \
    X(version)

#define DECLARE(name) extern const cli_command cli_cmd_##name;
CLI_COMMANDS(DECLARE)
#define ENTRY(name) &cli_cmd_##name.entry,
static const mye_entry *const entries[] = {CLI_COMMANDS(ENTRY) NULL};
#define COMMAND(name) &cli_cmd_##name,
static const cli_command *const commands[] = {CLI_COMMANDS(COMMAND) NULL};

const mye_kind cli_commands = {"command", "what should myelin do?", entries};

const cli_command *cli_command_at(int i)
{
    return commands[i];
}

static const cli_command *find_command(const char *name)
{
    for (int i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->entry.name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int run_help(cli *app)
{
    if (app->n_words == 0) {
        cli_help(app);
        return CLI_EXIT_OK;
    }
    const cli_command *command = find_command(app->word[0]);
    if (!command)
        return cli_usage(app, "'myelin --help' lists the commands", "unknown command '%.80s'",
                         app->word[0]);
    if (app->n_words > 1 && !command->sub)
        return cli_usage(app, "usage: myelin help [COMMAND]", "unexpected argument '%.80s'",
                         app->word[1]);
    if (app->n_words > 1) {
        const cli_command *sub = cli_sub_find(command, app->word[1]);
        if (!sub)
            return cli_sub_unknown(app, command, app->word[1]);
        command = sub;
    }
    cli_help_command(app, command);
    return CLI_EXIT_OK;
}

const cli_command cli_cmd_help = {
    .entry = {.name = "help", .brief = "show help for a command", .source = ""},
    .usage = "[COMMAND [SUBCOMMAND]]",
    .details = "",
    .examples = "help train\n"
                "help synapse make",
    .words = "command",
    .max_words = 2,
    .run = run_help,
};

static void look_at_terminal(cli *app)
{
    const char *plain = getenv("NO_COLOR"), *term = getenv("TERM");
    const bool color = !(plain && plain[0]) && !(term && strcmp(term, "dumb") == 0);
    struct winsize size = {0};
    const bool out = isatty(STDOUT_FILENO) == 1;
    app->color_out = color && out;
    app->color_err = color && isatty(STDERR_FILENO) == 1;
    if (out)
        app->columns =
            ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

/* Help is shown even when the rest of the line is wrong. */
static int show_help(cli *app, int argc, char **argv)
{
    const cli_command *command = NULL, *sub = NULL;
    for (int i = 1; i < argc && !sub; i++) {
        if (!command)
            command = find_command(argv[i]);
        else
            sub = cli_sub_find(command, argv[i]);
    }
    if (command)
        cli_help_command(app, sub ? sub : command);
    else
        cli_help(app);
    return CLI_EXIT_OK;
}

static int dispatch(cli *app)
{
    const cli_command *command = app->command;
    if (app->global.version)
        return cli_cmd_version.run(app);
    if (!command) {
        cli_help(app);
        return CLI_EXIT_USAGE;
    }
    if (command->sub) {
        cli_help_command(app, command);
        return CLI_EXIT_USAGE;
    }
    const char *name = command->entry.name;
    char hint[160];
    snprintf(hint, sizeof(hint), "usage: myelin %s %s", name, command->usage);
    if (app->n_words < command->min_words)
        return cli_usage(app, hint, "'myelin %s' needs %s", name,
                         command->min_words - app->n_words > 1 ? "more words" : "one more word");
    if (app->n_words > command->max_words)
        return cli_usage(app, hint, "unexpected argument '%.80s'", app->word[command->max_words]);
    return command->run(app);
}

int main(int argc, char **argv)
{
    cli app = {0};
    look_at_terminal(&app);
    if (asks_for_help(argc, argv))
        return show_help(&app, argc, argv);
    int code = cli_args_read(&app, argc, argv);
    if (!app.global.color)
        app.color_out = app.color_err = false;
    if (code == CLI_EXIT_OK)
        code = dispatch(&app);
    if (app.ctx)
        cli_close(&app);
    free(app.setting);
    free(app.word);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("error: cannot write to standard output\n", stderr);
        return code ? code : CLI_EXIT_FAILED;
    }
    return code;
}
