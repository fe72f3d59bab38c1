/* myelin man: manual pages as scdoc source, generated from the same tables as --help. */
#include "cli.h"

#include <ctype.h>
#include <string.h>

/* Text with everything escaped that scdoc would take for markup. */
static void text(const char *s)
{
    for (; *s; s++) {
        if (strchr("\\*_#[]|<>+.~`'-", *s) && *s != '-' && *s != '\'' && *s != '.')
            putchar('\\');
        putchar(*s == '\n' ? ' ' : *s);
    }
}

static void upper(const char *s)
{
    for (; *s; s++)
        putchar(toupper((unsigned char)*s));
}

static void option(const mye_param *p)
{
    char flag[64];
    cli_flag_name(p, flag, sizeof(flag));
    const char *value = cli_value_name(p);
    printf("*%s*", flag);
    if (value[0]) {
        fputs(" _", stdout);
        text(value);
        putchar('_');
    }
    fputs("\n\t", stdout);
    text(p->help);
    if (p->def[0] && p->type != MYE_PARAM_BOOL) {
        fputs(". Default: ", stdout);
        text(p->def);
    }
    fputs(".\n\n", stdout);
}

static void examples(const char *s)
{
    if (!s[0])
        return;
    fputs("Examples:\n\n```\n", stdout);
    while (*s) {
        const size_t n = strcspn(s, "\n");
        printf("%s%.*s\n", s[0] == '#' ? "" : "myelin ", (int)n, s);
        s += n + (s[n] == '\n');
    }
    fputs("```\n\n", stdout);
}

static void command(const cli_command *c)
{
    printf("## %s\n\n*myelin %s* ", c->entry.name, c->entry.name);
    text(c->usage);
    fputs("\n\n", stdout);
    text(c->entry.brief);
    fputs(".\n\n", stdout);
    if (c->details[0]) {
        text(c->details);
        fputs("\n\n", stdout);
    }
    const mye_entry *experiment = cli_experiment_entry(c);
    for (const mye_param *p = c->entry.params; p && p->name; p++)
        option(p);
    for (const mye_param *p = experiment ? experiment->params : NULL; p && p->name; p++)
        option(p);
    if (c->config)
        fputs("Every key of *myelin-config*(5) is an option too, and *--set* _KEY=VALUE_ reaches "
              "all of them.\n\n",
              stdout);
    examples(c->examples);
    for (int i = 0; c->sub && c->sub[i]; i++)
        command(c->sub[i]);
}

static int man_tool(void)
{
    fputs("myelin(1)\n\n# NAME\n\nmyelin - train spiking neural networks\n\n# SYNOPSIS\n\n"
          "*myelin* _COMMAND_ \\[options\\]\n\n# DESCRIPTION\n\nResults go to standard output, "
          "progress and messages to standard error. A message is one line that begins with "
          "\"error:\", often followed by one that begins with \"hint:\".\n\n# COMMANDS\n\n",
          stdout);
    for (int i = 0; cli_command_at(i); i++)
        command(cli_command_at(i));
    fputs("# OPTIONS OF EVERY COMMAND\n\n", stdout);
    for (const mye_param *p = cli_global_params; p->name; p++)
        option(p);
    fputs("# EXIT STATUS\n\n"
          "*0*\n\tsuccess\n\n*1*\n\tthe work failed\n\n*2*\n\twrong usage\n\n"
          "*3*\n\tbad data or file\n\n*4*\n\tnot enough memory\n\n"
          "*130*\n\tstopped with Ctrl-C; the state was saved\n\n"
          "# ENVIRONMENT\n\n*MYELIN\\_DATA*\n\tfolder with one folder for each data set\n\n"
          "*MYELIN\\_KERNELS*\n\tset of kernels, as *--kernels*\n\n"
          "*NO\\_COLOR*\n\twhen set, plain text\n\n# SEE ALSO\n\n*myelin-config*(5)\n",
          stdout);
    return CLI_EXIT_OK;
}

static void range(const mye_param *p)
{
    if (p->type == MYE_PARAM_CHOICE) {
        fputs(" One of ", stdout);
        text(p->choices);
        putchar('.');
    } else if (p->type == MYE_PARAM_METHOD && p->kind) {
        printf(" A method of the kind *%s*, below.", p->kind->name);
        if (p->choices)
            printf(" The option without a value means *%s*.", p->choices);
    } else if (p->min != 0 || p->max != 0) {
        printf(" From %.12g to %.12g.", p->min, p->max);
    }
    if (p->unit && p->unit[0]) {
        fputs(" Unit: ", stdout);
        text(p->unit);
        putchar('.');
    }
}

static void key(const mye_param *p)
{
    putchar('*');
    text(p->name);
    fputs("*\n\t", stdout);
    text(p->help);
    putchar('.');
    range(p);
    fputs(" Default: ", stdout);
    text(p->def[0] ? p->def : "empty");
    fputs(".\n\n", stdout);
}

static int man_config(void)
{
    fputs("myelin-config(5)\n\n# NAME\n\nmyelin-config - keys and methods of a training run\n\n"
          "# DESCRIPTION\n\nA configuration is a YAML file with one key a line. The same keys are "
          "options of *myelin train*, with dashes for underscores. A method is written as its "
          "name, with parameters as name:key=value,key=value or as a mapping "
          "{name: sgd, lr: 0.1}.\n\n# KEYS\n\n",
          stdout);
    for (const mye_param *p = mye_config_params(); p->name; p++)
        key(p);
    for (const mye_kind *const *k = mye_kinds(); *k; k++) {
        fputs("# KIND: ", stdout);
        upper((*k)->name);
        fputs("\n\n", stdout);
        text((*k)->question);
        fputs("\n\n", stdout);
        for (const mye_entry *const *e = (*k)->entries; *e; e++) {
            fputs("## ", stdout);
            text((*e)->name);
            fputs("\n\n", stdout);
            text((*e)->brief);
            fputs(".", stdout);
            if ((*e)->source && (*e)->source[0]) {
                fputs(" Source: ", stdout);
                text((*e)->source);
                putchar('.');
            }
            fputs("\n\n", stdout);
            for (const mye_param *p = (*e)->params; p && p->name; p++)
                key(p);
        }
    }
    fputs("# SEE ALSO\n\n*myelin*(1)\n", stdout);
    return CLI_EXIT_OK;
}

static int run(cli *app)
{
    if (app->n_words == 0)
        return man_tool();
    if (strcmp(app->word[0], "config") == 0)
        return man_config();
    return cli_usage(app, "myelin man | myelin man config", "there is no page '%.80s'",
                     app->word[0]);
}

const cli_command cli_cmd_man = {
    .entry = {.name = "man", .brief = "print the manual pages as scdoc source", .source = ""},
    .usage = "[config]",
    .details = "Without an argument myelin(1); with 'config' myelin-config(5): every key, every "
               "method, every parameter.",
    .examples = "man | scdoc > myelin.1\n"
                "man config | scdoc | man -l -",
    .words = "page",
    .max_words = 1,
    .run = run,
};
