/* myelin verify: reference cases, computed elsewhere, through the code that trains. */
#include "cli.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "myelin/verify.h"

typedef struct verify_options {
    double rtol, atol;
    bool items;
} verify_options;

static const mye_param params[] = {
    {.name = "rtol",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(verify_options, rtol),
     .def = "-1",
     .min = -1,
     .max = 1,
     .unit = "",
     .help = "allowed difference, relative to the largest entry; -1 = 1e-3"},
    {.name = "atol",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(verify_options, atol),
     .def = "-1",
     .min = -1,
     .max = 1,
     .unit = "",
     .help = "allowed difference, absolute; -1 = 1e-5"},
    {.name = "items",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(verify_options, items),
     .def = "no",
     .unit = "",
     .help = "show every compared quantity"},
    CLI_END,
};

typedef struct tally {
    cli *app;
    const verify_options *options;
    cli_table *table;
    int passed, failed, refused, code;
} tally;

static json_t *result_json(const mye_verify_result *r, bool items)
{
    json_t *o = json_pack("{s:s,s:s,s:b,s:b,s:s,s:o,s:o,s:o,s:o}", "file", r->file, "name", r->name,
                          "passed", r->passed, "refused", r->refused, "message", r->message, "loss",
                          cli_real(r->worst_loss), "output", cli_real(r->worst_output), "gradient",
                          cli_real(r->worst_gradient), "other", cli_real(r->worst_other));
    json_t *list = json_array();
    for (int i = 0; i < r->n_items && items; i++) {
        const mye_verify_item *m = &r->item[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:o,s:o,s:o,s:b}", "what", m->what, "error",
                                        cli_real(m->error), "relative", cli_real(m->relative),
                                        "allowed", cli_real(m->allowed), "passed", m->passed));
    }
    json_object_set_new(o, "items", list);
    return o;
}

static void row(cli_table *t, bool color, bool passed, bool refused, const char *name,
                const double *worst, const char *note)
{
    const char *word = refused ? "skip" : passed ? "ok" : "FAIL";
    cli_cell(t, "%s%s%s",
             cli_paint(color, refused  ? "yellow"
                              : passed ? "green"
                                       : "red"),
             word, cli_plain(color));
    cli_cell(t, "%s", name);
    for (int i = 0; i < 4; i++) {
        char *number = cli_format("%.1e", worst[i]);
        cli_cell(t, "%s", refused ? "-" : number);
        free(number);
    }
    cli_cell(t, "%s", note);
}

static void add(tally *t, const mye_verify_result *r)
{
    const bool color = t->app->color_out;
    const double worst[] = {r->worst_loss, r->worst_output, r->worst_gradient, r->worst_other};
    t->passed += r->passed && !r->refused;
    t->refused += r->refused;
    t->failed += !r->passed && !r->refused;
    if (t->app->global.json) {
        cli_json(result_json(r, t->options->items));
        return;
    }
    row(t->table, color, r->passed, r->refused, r->name[0] ? r->name : r->file, worst, r->message);
    for (int i = 0; i < r->n_items; i++) {
        const mye_verify_item *m = &r->item[i];
        if (!t->options->items && m->passed)
            continue;
        cli_cell(t->table, "%s", m->passed ? "" : "  >");
        cli_cell(t->table, "  %s", m->what);
        for (int k = 0; k < 3; k++)
            cli_cell(t->table, "%s", "");
        cli_cell(t->table, "%.1e", m->error);
        cli_cell(t->table, "allowed %.1e", m->allowed);
    }
}

static void file(tally *t, const char *path)
{
    const mye_verify_options o = {t->options->rtol, t->options->atol};
    mye_verify_result r = {0};
    mye_error err = {0};
    if (mye_verify_file(t->app->ctx, path, &o, &r, &err) != MYE_OK) {
        t->code = cli_fail(t->app, &err);
        return;
    }
    add(t, &r);
    mye_verify_free(t->app->ctx, &r);
}

static int is_case(const struct dirent *e)
{
    const size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' &&
           (n < 6 || !strchr(e->d_name, '.') || strcmp(e->d_name + n - 5, ".json") == 0);
}

static void path(tally *t, const char *name, bool asked)
{
    struct stat info;
    if (stat(name, &info) != 0 || !S_ISDIR(info.st_mode)) {
        const size_t n = strlen(name);
        if (asked || (n > 5 && strcmp(name + n - 5, ".json") == 0))
            file(t, name);
        return;
    }
    struct dirent **entry = NULL;
    const int n = scandir(name, &entry, is_case, alphasort);
    for (int i = 0; i < n; i++) {
        char *inner = cli_format("%s/%s", name, entry[i]->d_name);
        if (!mye_context_cancelled(t->app->ctx))
            path(t, inner, false);
        free(inner);
        free(entry[i]);
    }
    free(entry);
}

static int run(cli *app)
{
    verify_options o;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    tally t = {.app = app, .options = &o};
    t.table = cli_table_new(app, "|case|>loss|>output|>gradient|>other|");
    for (int i = 0; i < app->n_words; i++)
        path(&t, app->word[i], true);
    const bool any = t.passed + t.failed + t.refused > 0;
    cli_table_print(t.table, app->global.json ? NULL : stdout);
    if (!app->global.json && any)
        printf("\n%d passed, %d failed, %d not in this build (largest relative differences)\n",
               t.passed, t.failed, t.refused);
    if (t.code == CLI_EXIT_OK && !any)
        return cli_usage(app, "a case is a .json file", "no reference cases found");
    if (mye_context_cancelled(app->ctx))
        return CLI_EXIT_INTERRUPTED;
    return t.code ? t.code : t.failed ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}

const cli_command cli_cmd_verify = {
    .entry = {.name = "verify",
              .brief = "check the arithmetic against reference cases",
              .source = "",
              .params = params,
              .options_size = sizeof(verify_options)},
    .usage = "FILE|DIR... [options]",
    .details = "A reference case holds a small network, its weights and input, and what another "
               "implementation computed from them. Folders are searched for .json files.",
    .examples = "verify tests/golden\n"
                "verify case.json --items",
    .words = "file",
    .min_words = 1,
    .max_words = 10000,
    .run = run,
};
