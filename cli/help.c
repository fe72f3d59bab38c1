/* Help texts, all of them made from the tables. */
#include "cli.h"

#include <string.h>

enum { FLAG_COLUMN = 26 };

static int help_width(const cli *app)
{
    return app->columns >= 40 ? (app->columns < 100 ? app->columns : 100) : 80;
}

void cli_wrap(FILE *out, const char *text, int at, int indent, int width)
{
    bool first = true;
    while (*text) {
        const size_t n = strcspn(text, " \n");
        char word[512];
        snprintf(word, sizeof(word), "%.*s", (int)n, text);
        const int w = cli_text_width(word);
        if (!first && at + 1 + w > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            putc(' ', out);
            at++;
        }
        fputs(word, out);
        at += w;
        first = false;
        text += n;
        if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        text += *text != '\0';
    }
}

static void heading(const cli *app, const char *text)
{
    printf("%s%s%s\n", cli_paint(app->color_out, "bold"), text, cli_plain(app->color_out));
}

/* "(default 64; see 'myelin list time')" or nothing. */
static void option_remark(const mye_param *p, char *out, size_t size)
{
    char list[160] = "";
    const bool has_default = p->def[0] && p->type != MYE_PARAM_BOOL;
    if (p->type == MYE_PARAM_METHOD && p->kind)
        snprintf(list, sizeof(list), "%s%ssee 'myelin list %s'", p->choices ? p->choices : "",
                 p->choices ? " if left out; " : "", p->kind->name);
    out[0] = '\0';
    if (has_default || list[0])
        snprintf(out, size, " (%s%s%s%s)", has_default ? "default " : "", has_default ? p->def : "",
                 has_default && list[0] ? "; " : "", list);
}

static void option_row(const cli *app, const mye_param *p)
{
    char flag[64], left[160], right[600], remark[400];
    cli_flag_name(p, flag, sizeof(flag));
    option_remark(p, remark, sizeof(remark));
    const char *value = cli_value_name(p);
    const bool is_long = strlen(value) > 14; /* choices that go into the text */
    snprintf(left, sizeof(left), "  %s%s%s", flag, value[0] ? " " : "", is_long ? "WORD" : value);
    snprintf(right, sizeof(right), "%s%s%s%s", p->help, is_long ? ": " : "", is_long ? value : "",
             remark);
    int at = cli_text_width(left);
    printf("%s%s%s", cli_paint(app->color_out, "cyan"), left, cli_plain(app->color_out));
    if (at + 2 > FLAG_COLUMN) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", FLAG_COLUMN - at, "");
    cli_wrap(stdout, right, FLAG_COLUMN, FLAG_COLUMN, help_width(app));
    putchar('\n');
}

static void option_rows(const cli *app, const mye_param *table, const char *title)
{
    if (!table->name)
        return;
    putchar('\n');
    heading(app, title);
    for (const mye_param *p = table; p->name; p++)
        option_row(app, p);
}

static void examples(const cli *app, const char *text)
{
    if (!text[0])
        return;
    putchar('\n');
    heading(app, "examples:");
    while (*text) {
        const size_t n = strcspn(text, "\n");
        if (text[0] == '#')
            printf("  %s%.*s%s\n", cli_paint(app->color_out, "dim"), (int)n, text,
                   cli_plain(app->color_out));
        else
            printf("  myelin %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

/* "  make        writes ...", a row of a list of commands. */
static void command_row(const cli *app, const char *name, const char *brief)
{
    printf("  %s%-12s%s", cli_paint(app->color_out, "cyan"), name, cli_plain(app->color_out));
    cli_wrap(stdout, brief, 14, 14, help_width(app));
    putchar('\n');
}

void cli_help(const cli *app)
{
    cli_wrap(stdout, "myelin trains spiking neural networks on the machine that you have.", 0, 0,
             help_width(app));
    printf("\n\n");
    heading(app, "usage:");
    printf("  myelin COMMAND [options]\n\n");
    heading(app, "commands:");
    for (int i = 0; cli_command_at(i); i++) {
        const mye_entry *e = &cli_command_at(i)->entry;
        command_row(app, e->name, e->brief);
    }
    option_rows(app, cli_global_params, "options of every command:");
    examples(app, "train --data fashion-mnist --epochs 3\n"
                  "plan --net vgg11 --input 3x32x32 --time rate\n"
                  "list time\n"
                  "train --help");
}

void cli_help_command(const cli *app, const cli_command *command)
{
    const int width = help_width(app);
    cli_origin origin;
    printf("myelin %s: ", command->entry.name);
    cli_wrap(stdout, command->entry.brief, 10, 2, width);
    printf("\n\n");
    heading(app, "usage:");
    printf("  myelin %s%s%s\n", command->entry.name, command->usage[0] ? " " : "", command->usage);
    if (command->details[0]) {
        putchar('\n');
        cli_wrap(stdout, command->details, 0, 0, width);
        putchar('\n');
    }
    if (command->sub) {
        putchar('\n');
        heading(app, "subcommands:");
    }
    for (int i = 0; command->sub && command->sub[i]; i++)
        command_row(app, cli_sub_name(command->sub[i]), command->sub[i]->entry.brief);
    option_rows(app, cli_tables(command, CLI_OWN, &origin), "options:");
    option_rows(app, cli_tables(command, CLI_EXPERIMENT, &origin), "the experiment:");
    option_rows(app, cli_tables(command, CLI_CONFIG, &origin),
                "configuration (each is a key of the YAML file; --set KEY=VALUE reaches all):");
    if (command->config)
        printf("  Parameters follow a method's name: --step sgd:lr=0.1,momentum=0.9\n");
    examples(app, command->examples);
    if (command->sub)
        printf("\nOptions of a subcommand: myelin %s SUBCOMMAND --help", command->entry.name);
    printf("\nOptions of every command (--json, --quiet, --threads, ...): myelin --help\n");
}
