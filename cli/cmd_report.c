/* myelin report: pages from run folders. */
#include "cli.h"

#include <string.h>

typedef struct report_options {
    char out[512], title[200];
} report_options;

static const mye_param params[] = {
    {.name = "out",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(report_options, out),
     .size = 512,
     .def = "",
     .unit = "FILE.html",
     .help = "where the page of several runs goes; default compare.html"},
    {.name = "title",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(report_options, title),
     .size = 200,
     .def = "Comparison of runs",
     .unit = "TEXT",
     .help = "heading of the page of several runs"},
    CLI_END,
};

/* Without the slashes that completion leaves at the end. */
static int name_length(const char *folder)
{
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    return (int)n;
}

static int run(cli *app)
{
    report_options o;
    mye_error err = {0};
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    for (int i = 0; i < app->n_words; i++) {
        if (mye_report_run(app->ctx, app->word[i], &err) != MYE_OK)
            return cli_fail(app, &err);
        if (app->global.json)
            cli_json(json_pack("{s:s}", "folder", app->word[i]));
        else
            printf("%.*s/report.html\n", name_length(app->word[i]), app->word[i]);
    }
    if (app->n_words < 2 && !o.out[0])
        return CLI_EXIT_OK;
    const char *path = o.out[0] ? o.out : "compare.html";
    if (mye_report_compare(app->ctx, app->word, app->n_words, o.title, path, &err) != MYE_OK)
        return cli_fail(app, &err);
    if (app->global.json)
        cli_json(json_pack("{s:s}", "page", path));
    else
        printf("%s\n", path);
    return CLI_EXIT_OK;
}

const cli_command cli_cmd_report = {
    .entry = {.name = "report",
              .brief = "write the pages of run folders",
              .source = "",
              .params = params,
              .options_size = sizeof(report_options)},
    .usage = "RUN... [options]",
    .details = "Writes RUN/report.html for each run and, for several, one page that sets them side "
               "by side. Pages need nothing else: no server, no network.",
    .examples = "report runs/a\n"
                "report runs/a runs/b --title \"BPTT against rates\" --out compare.html",
    .words = "run",
    .min_words = 1,
    .max_words = 1000,
    .run = run,
};
