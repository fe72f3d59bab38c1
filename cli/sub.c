/* Subcommands: their names, and the one that a word means. */
#include "cli.h"

#include <string.h>

const char *cli_sub_name(const cli_command *sub)
{
    const char *space = strrchr(sub->entry.name, ' ');
    return space ? space + 1 : sub->entry.name;
}

const cli_command *cli_sub_find(const cli_command *command, const char *word)
{
    for (int i = 0; command->sub && command->sub[i]; i++) {
        if (strcmp(cli_sub_name(command->sub[i]), word) == 0)
            return command->sub[i];
    }
    return NULL;
}

int cli_sub_unknown(const cli *app, const cli_command *command, const char *word)
{
    enum { MAX = 32 };
    mye_entry entry[MAX];
    const mye_entry *list[MAX + 1] = {NULL};
    for (int i = 0; command->sub[i] && i < MAX; i++) {
        entry[i] = (mye_entry){.name = cli_sub_name(command->sub[i]), .brief = "", .source = ""};
        list[i] = &entry[i];
    }
    const mye_kind subs = {"subcommand", "", list};
    const mye_entry *found;
    mye_error err = {0};
    mye_kind_entry(&subs, word, &found, &err);
    if (!err.hint[0])
        snprintf(err.hint, sizeof(err.hint), "'myelin %s --help' lists the subcommands",
                 command->entry.name);
    return cli_usage(app, err.hint, "unknown subcommand '%.80s' of '%s'", word,
                     command->entry.name);
}
