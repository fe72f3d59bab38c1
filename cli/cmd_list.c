/* myelin list: kinds, their methods, a method's parameters. */
#include "cli.h"

#include <string.h>

static int list_kinds(const cli *app)
{
    cli_table *t = cli_table_new(app, "kind|>methods|question");
    for (const mye_kind *const *k = mye_kinds(); *k; k++) {
        int n = 0;
        while ((*k)->entries[n])
            n++;
        if (app->global.json)
            cli_json(json_pack("{s:s,s:i,s:s}", "kind", (*k)->name, "methods", n, "question",
                               (*k)->question));
        cli_cell(t, "%s", (*k)->name);
        cli_cell(t, "%d", n);
        cli_cell(t, "%s", (*k)->question);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    if (!app->global.json)
        cli_note(app, "\n'myelin list KIND' shows its methods");
    return CLI_EXIT_OK;
}

static int list_entries(const cli *app, const mye_kind *kind)
{
    cli_table *t = cli_table_new(app, "name|what it is");
    for (const mye_entry *const *e = kind->entries; *e; e++) {
        if (app->global.json)
            cli_json(json_pack("{s:s,s:s,s:s,s:s}", "kind", kind->name, "name", (*e)->name, "brief",
                               (*e)->brief, "source", (*e)->source ? (*e)->source : ""));
        cli_cell(t, "%s", (*e)->name);
        cli_cell(t, "%s", (*e)->brief);
    }
    if (!app->global.json)
        printf("%s%s%s: %s\n\n", cli_paint(app->color_out, "bold"), kind->name,
               cli_plain(app->color_out), kind->question);
    cli_table_print(t, app->global.json ? NULL : stdout);
    if (!app->global.json)
        cli_note(app, "\n'myelin list %s NAME' shows the parameters", kind->name);
    return CLI_EXIT_OK;
}

static json_t *param_json(const mye_param *p)
{
    json_t *object = json_pack("{s:s,s:s,s:s,s:s}", "name", p->name, "default", p->def, "unit",
                               p->unit ? p->unit : "", "help", p->help);
    if (p->type == MYE_PARAM_CHOICE)
        json_object_set_new(object, "choices", json_string(p->choices));
    if (p->min != 0 || p->max != 0) {
        json_object_set_new(object, "min", cli_real(p->min));
        json_object_set_new(object, "max", cli_real(p->max));
    }
    if (p->kind)
        json_object_set_new(object, "kind", json_string(p->kind->name));
    return object;
}

static void range_cell(cli_table *t, const mye_param *p)
{
    if (p->type == MYE_PARAM_CHOICE)
        cli_cell(t, "%s", p->choices);
    else if (p->type == MYE_PARAM_BOOL)
        cli_cell(t, "yes|no");
    else if (p->type == MYE_PARAM_METHOD && p->kind)
        cli_cell(t, "a %s", p->kind->name);
    else if (p->min != 0 || p->max != 0)
        cli_cell(t, "%.12g to %.12g", p->min, p->max);
    else
        cli_cell(t, "%s", p->type == MYE_PARAM_TEXT ? "text" : "any");
}

static int list_params(const cli *app, const mye_kind *kind, const mye_entry *e)
{
    const bool sourced = e->source && e->source[0];
    if (app->global.json) {
        json_t *rows = json_array();
        for (const mye_param *p = e->params; p && p->name; p++)
            json_array_append_new(rows, param_json(p));
        cli_json(json_pack("{s:s,s:s,s:s,s:s,s:o}", "kind", kind->name, "name", e->name, "brief",
                           e->brief, "source", sourced ? e->source : "", "params", rows));
        return CLI_EXIT_OK;
    }
    printf("%s%s%s (%s): %s\n", cli_paint(app->color_out, "bold"), e->name,
           cli_plain(app->color_out), kind->name, e->brief);
    if (sourced)
        printf("source: %s\n", e->source);
    putchar('\n');
    if (!e->params || !e->params->name) {
        printf("no parameters\n");
        return CLI_EXIT_OK;
    }
    cli_table *t = cli_table_new(app, "parameter|default|range|unit|meaning");
    for (const mye_param *p = e->params; p->name; p++) {
        cli_cell(t, "%s", p->name);
        cli_cell(t, "%s", p->def);
        range_cell(t, p);
        cli_cell(t, "%s", p->unit ? p->unit : "");
        cli_cell(t, "%s", p->help);
    }
    cli_table_print(t, stdout);
    cli_note(app, "\nwrite it as %s:%s=%s", e->name, e->params->name,
             e->params->def[0] ? e->params->def : "...");
    return CLI_EXIT_OK;
}

/* The kinds as a kind, so that a wrong name gets the nearest as hint. */
static int no_kind(const cli *app, const char *name)
{
    enum { MAX = 64 };
    mye_entry entry[MAX];
    const mye_entry *list[MAX + 1];
    int n = 0;
    for (const mye_kind *const *k = mye_kinds(); *k && n < MAX; k++, n++) {
        entry[n] = (mye_entry){.name = (*k)->name, .brief = "", .source = ""};
        list[n] = &entry[n];
    }
    list[n] = NULL;
    const mye_kind kinds = {"kind", "", list};
    const mye_entry *found;
    mye_error err = {0};
    mye_kind_entry(&kinds, name, &found, &err);
    return cli_usage(app, err.hint[0] ? err.hint : "'myelin list' shows the kinds",
                     "there is no kind '%.80s'", name);
}

static int run(cli *app)
{
    if (app->n_words == 0)
        return list_kinds(app);
    const mye_kind *kind = mye_kind_find(app->word[0]);
    if (!kind)
        return no_kind(app, app->word[0]);
    if (app->n_words == 1)
        return list_entries(app, kind);
    const mye_entry *entry;
    mye_error err = {0};
    if (mye_kind_entry(kind, app->word[1], &entry, &err) != MYE_OK)
        return cli_fail(app, &err);
    return list_params(app, kind, entry);
}

const cli_command cli_cmd_list = {
    .entry = {.name = "list", .brief = "list methods and their parameters", .source = ""},
    .usage = "[KIND [NAME]]",
    .details = "Without arguments: the kinds. With a kind: its methods. With a method: its "
               "parameters, their ranges and defaults, and the paper it comes from.",
    .examples = "list\n"
                "list time\n"
                "list neuron lif",
    .words = "kind",
    .max_words = 2,
    .run = run,
};
