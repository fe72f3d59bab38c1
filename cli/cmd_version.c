/* myelin version. */
#include "cli.h"

#include "myelin/myelin.h"

typedef struct version_options {
    bool features;
} version_options;

static const mye_param params[] = {
    {.name = "features",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(version_options, features),
     .def = "no",
     .unit = "",
     .help = "which optional parts this build has"},
    CLI_END,
};

static int run(cli *app)
{
    const bool features = app->command == &cli_cmd_version && cli_given(app, "features");
    if (app->global.json) {
        json_t *parts = json_object();
        for (const mye_feature *f = mye_features(); f->name; f++)
            json_object_set_new(parts, f->name, json_boolean(f->present));
        cli_json(json_pack("{s:s,s:o}", "version", mye_version(), "features", parts));
        return CLI_EXIT_OK;
    }
    printf("myelin %s\n", mye_version());
    for (const mye_feature *f = mye_features(); features && f->name; f++)
        printf("  %s %s\n", f->present ? "with   " : "without", f->name);
    return CLI_EXIT_OK;
}

const cli_command cli_cmd_version = {
    .entry = {.name = "version",
              .brief = "show the version and the optional parts",
              .source = "",
              .params = params,
              .options_size = sizeof(version_options)},
    .usage = "[--features]",
    .details = "",
    .examples = "version --features",
    .words = "",
    .run = run,
};
