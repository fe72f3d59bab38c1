/* Arguments: options are rows of parameter tables, words are everything else. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const mye_param cli_global_params[] = {
    {.name = "help",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(cli_global, help),
     .def = "no",
     .unit = "",
     .help = "show help and leave"},
    {.name = "version",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(cli_global, version),
     .def = "no",
     .unit = "",
     .help = "show the version and leave"},
    {.name = "quiet",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(cli_global, quiet),
     .def = "no",
     .unit = "",
     .help = "no progress, no remarks"},
    {.name = "json",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(cli_global, json),
     .def = "no",
     .unit = "",
     .help = "one JSON object a line on stdout"},
    {.name = "threads",
     .type = MYE_PARAM_INT,
     .offset = offsetof(cli_global, threads),
     .def = "0",
     .min = 0,
     .max = 256,
     .unit = "N",
     .help = "worker threads, 0 = one per processor"},
    {.name = "kernels",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_global, kernels),
     .size = 16,
     .def = "",
     .unit = "NAME",
     .help = "ref, base, avx2 or avx512; empty = the best this processor has"},
    {.name = "conv",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(cli_global, conv),
     .size = 16,
     .def = "",
     .unit = "WAY",
     .help = "force layers to direct, winograd or spikes; empty = the fastest, chosen by itself"},
    {.name = "color",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(cli_global, color),
     .def = "yes",
     .unit = "",
     .help = "plain text (so does NO_COLOR in the environment)"},
    CLI_END,
};

const mye_param *cli_tables(const cli_command *command, int i, cli_origin *origin)
{
    static const mye_param none[] = {CLI_END};
    *origin = (cli_origin)i;
    if (i == CLI_OWN)
        return command && command->entry.params ? command->entry.params : none;
    if (i == CLI_EXPERIMENT) {
        const mye_entry *entry = command ? cli_experiment_entry(command) : NULL;
        return entry && entry->params ? entry->params : none;
    }
    if (i == CLI_CONFIG)
        return command && command->config ? mye_config_params() : none;
    return i == CLI_GLOBAL ? cli_global_params : NULL;
}

void cli_flag_name(const mye_param *p, char *out, size_t size)
{
    const bool negated =
        p->type == MYE_PARAM_BOOL && (strcmp(p->def, "yes") == 0 || strcmp(p->def, "true") == 0);
    snprintf(out, size, "--%s%s", negated ? "no-" : "", p->name);
    for (char *c = out; *c; c++) {
        if (*c == '_')
            *c = '-';
    }
}

const char *cli_value_name(const mye_param *p)
{
    static const char *const name[] = {
        [MYE_PARAM_BOOL] = "",      [MYE_PARAM_INT] = "N",     [MYE_PARAM_FLOAT] = "X",
        [MYE_PARAM_BYTES] = "SIZE", [MYE_PARAM_TEXT] = "TEXT", [MYE_PARAM_METHOD] = "METHOD",
    };
    if (p->type == MYE_PARAM_CHOICE)
        return p->choices;
    return p->type == MYE_PARAM_TEXT && p->unit && p->unit[0] ? p->unit : name[p->type];
}

/* Is `flag` (without dashes, up to `n` characters) this parameter's name? */
static bool same_name(const mye_param *p, const char *flag, size_t n)
{
    if (strlen(p->name) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (p->name[i] != (flag[i] == '-' ? '_' : flag[i]))
            return false;
    }
    return true;
}

static const mye_param *find(const cli_command *command, const char *flag, size_t n,
                             cli_origin *origin)
{
    const mye_param *table;
    for (int i = 0; (table = cli_tables(command, i, origin)); i++) {
        for (const mye_param *p = table; p->name; p++) {
            if (same_name(p, flag, n))
                return p;
        }
    }
    return NULL;
}

/* Asks the registry for the nearest flag: its error has the hint. */
static int unknown_option(const cli *app, const char *given, size_t n)
{
    enum { MAX = 128 };
    mye_entry entry[MAX];
    char name[MAX][64];
    const mye_entry *list[MAX + 1];
    int count = 0;
    cli_origin origin;
    const mye_param *table;
    for (int i = 0; (table = cli_tables(app->command, i, &origin)); i++) {
        for (const mye_param *p = table; p->name && count < MAX; p++) {
            cli_flag_name(p, name[count], sizeof(name[count]));
            entry[count] = (mye_entry){.name = name[count], .brief = "", .source = ""};
            list[count] = &entry[count];
            count++;
        }
    }
    list[count] = NULL;
    const mye_kind flags = {"option", "", list};
    char *word = cli_format("%.*s", (int)n, given);
    const mye_entry *found;
    mye_error err = {0};
    mye_kind_entry(&flags, word, &found, &err);
    const char *owner = app->command ? app->command->entry.name : "";
    char message[200];
    snprintf(message, sizeof(message), "unknown option '%.80s'%s%s", word, owner[0] ? " for " : "",
             owner);
    const bool has_near = strncmp(err.hint, "did you mean", 12) == 0;
    if (!has_near && app->command && app->command->sub)
        snprintf(err.hint, sizeof(err.hint), "options follow the subcommand: myelin %s WORD %s",
                 owner, word);
    else if (!err.hint[0])
        snprintf(err.hint, sizeof(err.hint), "see 'myelin %s%s--help'", owner, owner[0] ? " " : "");
    const int code = cli_usage(app, err.hint, "%s", message);
    free(word);
    return code;
}

static void remember(cli *app, cli_origin origin, const char *key, const char *value)
{
    cli_setting *s = &app->setting[app->n_settings++];
    s->origin = origin;
    snprintf(s->key, sizeof(s->key), "%s", key);
    s->value = value;
}

/* --set key=value reaches every configuration key. */
static int set_option(cli *app, const char *value)
{
    const char *equals = value ? strchr(value, '=') : NULL;
    if (!equals || equals == value || equals - value >= 64)
        return cli_usage(app, "write --set step.lr=0.05", "'--set' wants key=value, not '%s'",
                         value ? value : "");
    char key[64];
    snprintf(key, sizeof(key), "%.*s", (int)(equals - value), value);
    remember(app, CLI_CONFIG, key, equals + 1);
    return CLI_EXIT_OK;
}

/* One "--name", "--name=value" or "--name value"; *used: 1 when the next argument is the value. */
static int long_option(cli *app, const char *arg, const char *next, int *used)
{
    const char *equals = strchr(arg, '=');
    const size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
    const char *value = equals ? equals + 1 : NULL;
    const bool takes_next = !value && next && strncmp(next, "--", 2) != 0;
    if (app->command && app->command->config && n == 5 && strncmp(arg, "--set", 5) == 0) {
        *used = takes_next;
        return set_option(app, value ? value : takes_next ? next : NULL);
    }
    cli_origin origin;
    const mye_param *p = find(app->command, arg + 2, n - 2, &origin);
    if (!p && n > 5 && strncmp(arg, "--no-", 5) == 0) {
        p = find(app->command, arg + 5, n - 5, &origin);
        if (p && (p->type != MYE_PARAM_BOOL || value))
            p = NULL;
        value = "no";
    }
    if (!p)
        return unknown_option(app, arg, n);
    if (!value && p->type == MYE_PARAM_BOOL)
        value = "yes";
    if (!value && !takes_next && p->type == MYE_PARAM_METHOD)
        value = p->choices;
    if (!value && !takes_next)
        return cli_usage(app, "", "option '%s' needs a value (%s)", arg, cli_value_name(p));
    *used = !value;
    remember(app, origin, p->name, value ? value : next);
    return CLI_EXIT_OK;
}

static int short_option(cli *app, const char *arg)
{
    static const char *const letters[][2] = {{"h", "help"}, {"q", "quiet"}, {"V", "version"}};
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (strcmp(arg + 1, letters[i][0]) == 0) {
            remember(app, CLI_GLOBAL, letters[i][1], "yes");
            return CLI_EXIT_OK;
        }
    }
    return unknown_option(app, arg, strlen(arg));
}

static int word(cli *app, const char *arg)
{
    if (app->command && app->command->sub) {
        const cli_command *sub = cli_sub_find(app->command, arg);
        if (!sub)
            return cli_sub_unknown(app, app->command, arg);
        app->command = sub;
        return CLI_EXIT_OK;
    }
    if (app->command) {
        app->word[app->n_words++] = arg;
        return CLI_EXIT_OK;
    }
    const mye_entry *found;
    mye_error err = {0};
    if (mye_kind_entry(&cli_commands, arg, &found, &err) != MYE_OK)
        return cli_usage(app, err.hint[0] ? err.hint : "'myelin --help' lists the commands",
                         "unknown command '%.80s'", arg);
    for (int i = 0; cli_command_at(i); i++) {
        if (&cli_command_at(i)->entry == found)
            app->command = cli_command_at(i);
    }
    return CLI_EXIT_OK;
}

static int apply_global(cli *app)
{
    mye_error err = {0};
    for (int i = 0; i < app->n_settings; i++) {
        const cli_setting *s = &app->setting[i];
        if (s->origin == CLI_GLOBAL &&
            mye_params_set(cli_global_params, &app->global, s->key, s->value, &err) != MYE_OK)
            return cli_fail(app, &err);
    }
    return CLI_EXIT_OK;
}

int cli_args_read(cli *app, int argc, char **argv)
{
    mye_error err = {0};
    if (mye_params_defaults(cli_global_params, &app->global, &err) != MYE_OK)
        return cli_fail(app, &err);
    app->setting = cli_memory((size_t)argc + 1, sizeof(*app->setting));
    app->word = cli_memory((size_t)argc + 1, sizeof(*app->word));
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        int used = 0, code = CLI_EXIT_OK;
        if (options && strcmp(arg, "--") == 0)
            options = false;
        else if (options && strncmp(arg, "--", 2) == 0)
            code = long_option(app, arg, argv[i + 1], &used);
        else if (options && arg[0] == '-' && arg[1])
            code = short_option(app, arg);
        else
            code = word(app, arg);
        if (code != CLI_EXIT_OK)
            return code;
        i += used;
    }
    return apply_global(app);
}

const mye_entry *cli_experiment_entry(const cli_command *command)
{
    const mye_entry *found = NULL;
    if (command->experiment)
        mye_kind_entry(mye_kind_find("experiment"), command->experiment, &found, NULL);
    return found;
}

/* Defaults of a table, then the settings of that origin. */
static int fill(cli *app, const mye_param *params, cli_origin origin, void *options)
{
    mye_error err = {0};
    mye_status st = mye_params_defaults(params, options, &err);
    for (int i = 0; i < app->n_settings && st == MYE_OK; i++) {
        const cli_setting *s = &app->setting[i];
        if (s->origin == origin)
            st = mye_params_set(params, options, s->key, s->value, &err);
    }
    return st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
}

int cli_options(cli *app, void *options)
{
    return fill(app, app->command->entry.params, CLI_OWN, options);
}

int cli_experiment_options(cli *app, void *options)
{
    return fill(app, cli_experiment_entry(app->command)->params, CLI_EXPERIMENT, options);
}

bool cli_given(const cli *app, const char *key)
{
    for (int i = 0; i < app->n_settings; i++) {
        if (app->setting[i].origin != CLI_GLOBAL && strcmp(app->setting[i].key, key) == 0)
            return true;
    }
    return false;
}
