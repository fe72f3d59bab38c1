/* myelin completion: a completion script for bash, generated from the tables. */
#include "cli.h"

#include <string.h>

static void flags(const cli_command *command)
{
    cli_origin origin;
    const mye_param *table;
    for (int i = 0; (table = cli_tables(command, i, &origin)); i++) {
        for (const mye_param *p = table; p->name; p++) {
            char flag[64];
            cli_flag_name(p, flag, sizeof(flag));
            printf("%s ", flag);
        }
    }
    if (command->config)
        fputs("--set ", stdout);
}

/* The words that a value may be: choices, or the names of methods. */
static void values(const mye_param *p)
{
    if (p->type == MYE_PARAM_CHOICE) {
        for (const char *c = p->choices; *c; c++)
            putchar(*c == '|' ? ' ' : *c);
    } else if (p->type == MYE_PARAM_METHOD && p->kind) {
        for (const mye_entry *const *e = p->kind->entries; *e; e++)
            printf("%s ", (*e)->name);
    }
}

/* A command's name as a pattern of case. */
static void pattern(const cli_command *command)
{
    const char *quote = strchr(command->entry.name, ' ') ? "\"" : "";
    printf("        %s%s%s", quote, command->entry.name, quote);
}

static void value_cases(const cli_command *command)
{
    cli_origin origin;
    const mye_param *table;
    for (int i = 0; (table = cli_tables(command, i, &origin)); i++) {
        for (const mye_param *p = table; p->name; p++) {
            if (p->type != MYE_PARAM_CHOICE && (p->type != MYE_PARAM_METHOD || !p->kind))
                continue;
            char flag[64];
            cli_flag_name(p, flag, sizeof(flag));
            pattern(command);
            printf(":%s) words=\"", flag);
            values(p);
            printf("\" ;;\n");
        }
    }
    for (int i = 0; command->sub && command->sub[i]; i++)
        value_cases(command->sub[i]);
}

static void kind_names(void)
{
    for (const mye_kind *const *k = mye_kinds(); *k; k++)
        printf("%s ", (*k)->name);
}

static void entry_names(const char *kind_name)
{
    const mye_kind *kind = mye_kind_find(kind_name);
    for (const mye_entry *const *e = kind ? kind->entries : NULL; e && *e; e++)
        printf("%s ", (*e)->name);
}

static void first_words(const char *what)
{
    if (strcmp(what, "kind") == 0)
        kind_names();
    else if (strcmp(what, "net") == 0)
        entry_names("net");
    else if (strcmp(what, "data") == 0)
        fputs("info preview scores stats verify ", stdout);
    else if (strcmp(what, "command") == 0)
        for (int i = 0; cli_command_at(i); i++)
            printf("%s ", cli_command_at(i)->entry.name);
    else if (strcmp(what, "shell") == 0)
        fputs("bash", stdout);
    else if (strcmp(what, "pattern") == 0)
        entry_names("pattern");
    else if (strcmp(what, "page") == 0)
        fputs("config", stdout);
}

static void word_cases(const cli_command *command)
{
    pattern(command);
    fputs(") flags=\"", stdout);
    flags(command);
    fputs("\"; words=\"", stdout);
    for (int i = 0; command->sub && command->sub[i]; i++)
        printf("%s ", cli_sub_name(command->sub[i]));
    if (command->words)
        first_words(command->words);
    fputs("\" ;;\n", stdout);
    for (int i = 0; command->sub && command->sub[i]; i++)
        word_cases(command->sub[i]);
}

/* The first word after a command that has subcommands is one of them. */
static void sub_cases(void)
{
    for (int i = 0; cli_command_at(i); i++) {
        if (cli_command_at(i)->sub)
            printf("    %s) for word in \"${COMP_WORDS[@]:2:COMP_CWORD-2}\"; do\n"
                   "        case \"$word\" in -*) ;; *) command=\"$command $word\"; break ;; esac\n"
                   "        done ;;\n",
                   cli_command_at(i)->entry.name);
    }
}

static int run(cli *app)
{
    if (strcmp(app->word[0], "bash") != 0)
        return cli_usage(app, "the only shell so far is bash", "no completion for '%.80s'",
                         app->word[0]);
    fputs("# bash completion for myelin; use: source <(myelin completion bash)\n"
          "_myelin()\n{\n"
          "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
          "    local command=\"${COMP_WORDS[1]}\" words=\"\" flags=\"\" word\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"",
          stdout);
    first_words("command");
    fputs("--help --version\"\n        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "        return\n    fi\n    case \"$command\" in\n",
          stdout);
    sub_cases();
    fputs("    esac\n    case \"$command:$prev\" in\n", stdout);
    for (int i = 0; cli_command_at(i); i++)
        value_cases(cli_command_at(i));
    fputs("    esac\n    if [ -z \"$words\" ]; then\n        case \"$command\" in\n", stdout);
    for (int i = 0; cli_command_at(i); i++)
        word_cases(cli_command_at(i));
    fputs("        esac\n    fi\n"
          "    case \"$cur\" in -*) words=\"$flags\" ;; esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "}\n"
          "complete -o default -F _myelin myelin\n",
          stdout);
    return CLI_EXIT_OK;
}

const cli_command cli_cmd_completion = {
    .entry = {.name = "completion", .brief = "print a completion script", .source = ""},
    .usage = "bash",
    .details = "",
    .examples = "# in ~/.bashrc: source <(myelin completion bash)\n"
                "completion bash > /etc/bash_completion.d/myelin",
    .words = "shell",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
