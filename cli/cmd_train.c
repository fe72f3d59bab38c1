/* myelin train: one run, from a configuration to a folder. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct train_options {
    bool resume, print_config;
} train_options;

static const mye_param params[] = {
    {.name = "resume",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(train_options, resume),
     .def = "no",
     .unit = "",
     .help = "go on in the run folder where the run was stopped"},
    {.name = "print_config",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(train_options, print_config),
     .def = "no",
     .unit = "",
     .help = "print the resolved configuration as YAML and leave"},
    CLI_END,
};

static const char *value_of(const cli *app, const char *key)
{
    const char *value = NULL;
    for (int i = 0; i < app->n_settings; i++) {
        if (app->setting[i].origin == CLI_CONFIG && strcmp(app->setting[i].key, key) == 0)
            value = app->setting[i].value;
    }
    return value;
}

/* A folder stands for its config.yaml; --resume without a file looks into --out. */
static int configure(cli *app, const train_options *o, mye_config *config)
{
    struct stat info;
    const char *file = app->n_words > 0 ? app->word[0] : o->resume ? value_of(app, "out") : NULL;
    if (o->resume && !file)
        return cli_usage(app, "write: myelin train runs/a --resume", "--resume needs a run folder");
    const bool is_folder = file && stat(file, &info) == 0 && S_ISDIR(info.st_mode);
    const char *out = value_of(app, "out");
    if (o->resume && is_folder && out && strcmp(out, file) != 0)
        return cli_usage(app, "leave --out away: the run goes on in its own folder",
                         "--resume of '%.100s' cannot write to '%.100s'", file, out);
    char *path = is_folder ? cli_format("%s/config.yaml", file) : NULL;
    const int code = cli_config(app, path ? path : file, config);
    free(path);
    if (code == CLI_EXIT_OK && o->resume && is_folder)
        snprintf(config->out, sizeof(config->out), "%s", file);
    return code;
}

static int print_config(const cli *app, const mye_config *config)
{
    mye_error err = {0};
    char *text = NULL;
    if (mye_config_text(app->ctx, config, &text, &err) != MYE_OK)
        return cli_fail(app, &err);
    fputs(text, stdout);
    mye_text_release(app->ctx, text);
    return CLI_EXIT_OK;
}

static void print_summary(const cli *app, const mye_train_result *r)
{
    if (app->global.json) {
        cli_json(json_pack("{s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:s}", "event", "end",
                           "best_test_accuracy", cli_real(r->best_test_accuracy), "best_epoch",
                           (json_int_t)r->best_epoch, "planned_bytes", (json_int_t)r->planned_bytes,
                           "allocated_bytes", (json_int_t)r->allocated_bytes, "peak_rss_bytes",
                           (json_int_t)r->peak_rss_bytes, "data_bytes", (json_int_t)r->data_bytes,
                           "train_s", cli_real(r->train_s), "total_s", cli_real(r->total_s),
                           "images_per_s", cli_real(r->images_per_s), "folder",
                           r->folder ? r->folder : ""));
        return;
    }
    const char *bold = cli_paint(app->color_out, "bold"), *plain = cli_plain(app->color_out);
    printf("%stest accuracy  %s%s%s (best, epoch %lld)", app->global.quiet ? "" : "\n", bold,
           cli_percent(r->best_test_accuracy).text, plain, (long long)r->best_epoch);
    if (r->last.epoch > 0) /* 0: there was nothing left to train */
        printf(", %s (last)", cli_percent(r->last.test_accuracy).text);
    putchar('\n');
    printf("time           %s in all, %s training, %s images/s\n", cli_seconds(r->total_s).text,
           cli_seconds(r->train_s).text, cli_count(r->images_per_s).text);
    printf("memory         %s planned, %s allocated with %s of data; process peak %s\n",
           cli_bytes(r->planned_bytes).text, cli_bytes(r->allocated_bytes).text,
           cli_bytes(r->data_bytes).text, cli_bytes(r->peak_rss_bytes).text);
    printf("folder         %s (report.html, best.safetensors, config.yaml)\n",
           r->folder ? r->folder : "");
}

static void print_start(const cli *app, mye_trainer *trainer)
{
    const mye_config *c = mye_trainer_config(trainer);
    const mye_plan *plan = mye_trainer_plan(trainer);
    const mye_model *model = mye_trainer_model(trainer);
    const int64_t auxiliary = mye_model_auxiliary_weights(model);
    const int modules = mye_model_modules(model);
    cli_note(app, "%s on %s: %s weights, %s neurons, T %lld, batch %lld; %s; %d thread%s, %s",
             c->net, c->data, cli_count((double)(mye_model_weights(model) - auxiliary)).text,
             cli_count((double)mye_model_neurons(model)).text, (long long)c->T, (long long)c->batch,
             c->time, mye_context_threads(app->ctx), mye_context_threads(app->ctx) == 1 ? "" : "s",
             mye_context_kernels(app->ctx));
    if (modules > 1)
        cli_note(app,
                 "%s: %d modules; auxiliary nodes have %s weights more and %s of %s "
                 "multiply-adds of a step",
                 c->depth, modules, cli_count((double)auxiliary).text,
                 cli_count(plan->auxiliary_macs).text, cli_count(plan->macs).text);
    cli_note(app, "%s planned; folder %s", cli_bytes(plan->total_bytes).text, c->out);
}

static void print_profile(const cli *app, mye_trainer *trainer)
{
    const int most = mye_model_nodes(mye_trainer_model(trainer));
    mye_profile_row *row = cli_memory((size_t)most, sizeof *row);
    if (!app->global.json)
        putchar('\n');
    cli_profile(app, row, mye_trainer_profile(trainer, row));
    free(row);
}

static int train(cli *app, const mye_config *config, bool resume)
{
    mye_error err = {0};
    mye_trainer *trainer = NULL;
    mye_train_result result = {0};
    cli_progress progress;
    cli_progress_init(&progress, app, true);
    progress.n_epochs = config->epochs;
    mye_status st =
        mye_trainer_create(app->ctx, config, resume, &progress.callbacks, &trainer, &err);
    if (st == MYE_OK) {
        print_start(app, trainer);
        st = mye_trainer_run(trainer, &result, &err);
    }
    cli_progress_clear(&progress);
    const char *folder = trainer ? mye_trainer_config(trainer)->out : config->out;
    if (st == MYE_OK)
        print_summary(app, &result);
    if (st == MYE_OK && mye_trainer_config(trainer)->profile)
        print_profile(app, trainer);
    else if (st == MYE_ERR_CANCELLED)
        fprintf(stderr, "stopped; go on with: myelin train %s --resume\n", folder);
    const int code = st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
    mye_trainer_free(trainer);
    return code;
}

static int run(cli *app)
{
    train_options o;
    mye_config config;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = configure(app, &o, &config);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, &config);
    if (code != CLI_EXIT_OK)
        return code;
    return o.print_config ? print_config(app, &config) : train(app, &config, o.resume);
}

const cli_command cli_cmd_train = {
    .entry = {.name = "train",
              .brief = "train a network",
              .source = "",
              .params = params,
              .options_size = sizeof(train_options)},
    .usage = "[CONFIG.yaml | RUN] [options]",
    .details =
        "Trains a spiking neural network and leaves a run folder that explains itself: "
        "report.html, "
        "config.yaml, metrics.jsonl and the weights. Values come from the defaults, then from the "
        "file, then from the options. Ctrl-C finishes the step and saves; --resume goes on from "
        "there, bit for bit.",
    .examples = "train --data fashion-mnist --epochs 3\n"
                "train --net 32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10 --T 4 --time rate --out runs/a\n"
                "# change one parameter of a method\n"
                "train recipe.yaml --step sgd:lr=0.05 --set neuron.tau=1.5\n"
                "# where the time goes, node by node\n"
                "train --epochs 1 --profile\n"
                "# after Ctrl-C\n"
                "train runs/a --resume",
    .words = "file",
    .max_words = 1,
    .config = true,
    .run = run,
};
