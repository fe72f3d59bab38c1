/* myelin gradcheck: the gradient of a network against finite differences. */
#include "cli.h"

#include "myelin/verify.h"

typedef struct gradcheck_options {
    char input[32], neuron[MYE_METHOD_MAX], time[MYE_METHOD_MAX], depth[MYE_METHOD_MAX],
        loss[MYE_METHOD_MAX];
    int64_t classes, T, batch, entries, seed;
    double step, tolerance;
} gradcheck_options;

#define FIELD(f) offsetof(gradcheck_options, f)

static const mye_param params[] = {
    {.name = "input",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(input),
     .size = 32,
     .def = "1x8x8",
     .unit = "CxHxW",
     .help = "shape of one input"},
    {.name = "classes",
     .type = MYE_PARAM_INT,
     .offset = FIELD(classes),
     .def = "10",
     .min = 0,
     .max = 1e6,
     .unit = "",
     .help = "outputs of a named network; 0 = as the description says"},
    {.name = "neuron",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(neuron),
     .size = MYE_METHOD_MAX,
     .def = "lif:detach_reset=no",
     .unit = "METHOD",
     .help = "what plain LIF or N stands for; resets must not be detached"},
    {.name = "time",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(time),
     .size = MYE_METHOD_MAX,
     .def = "bptt",
     .unit = "METHOD",
     .help = "time rule"},
    {.name = "depth",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(depth),
     .size = MYE_METHOD_MAX,
     .def = "global",
     .unit = "METHOD",
     .help = "depth rule; each module's weights are held against its own loss"},
    {.name = "loss",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(loss),
     .size = MYE_METHOD_MAX,
     .def = "ce_mean",
     .unit = "METHOD",
     .help = "loss"},
    {.name = "T",
     .type = MYE_PARAM_INT,
     .offset = FIELD(T),
     .def = "3",
     .min = 1,
     .max = 64,
     .unit = "steps",
     .help = "time steps"},
    {.name = "batch",
     .type = MYE_PARAM_INT,
     .offset = FIELD(batch),
     .def = "2",
     .min = 1,
     .max = 64,
     .unit = "samples",
     .help = "random samples"},
    {.name = "entries",
     .type = MYE_PARAM_INT,
     .offset = FIELD(entries),
     .def = "12",
     .min = 1,
     .max = 1e6,
     .unit = "",
     .help = "entries of each weight that are moved"},
    {.name = "step",
     .type = MYE_PARAM_FLOAT,
     .offset = FIELD(step),
     .def = "0.01",
     .min = 1e-6,
     .max = 1,
     .unit = "",
     .help = "of the central difference"},
    {.name = "tolerance",
     .type = MYE_PARAM_FLOAT,
     .offset = FIELD(tolerance),
     .def = "0.02",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "relative to the weight's largest derivative"},
    {.name = "seed",
     .type = MYE_PARAM_INT,
     .offset = FIELD(seed),
     .def = "1",
     .min = 0,
     .max = 1e15,
     .unit = "",
     .help = "of weights and samples"},
    CLI_END,
};

static int print(const cli *app, const mye_gradcheck_item *item, int n)
{
    int failed = 0;
    cli_table *t = cli_table_new(app, "|weight|>entries|>largest|>difference");
    for (int i = 0; i < n; i++) {
        failed += !item[i].passed;
        if (app->global.json)
            cli_json(json_pack("{s:s,s:I,s:o,s:o,s:b}", "weight", item[i].name, "entries",
                               (json_int_t)item[i].checked, "largest", cli_real(item[i].largest),
                               "error", cli_real(item[i].error), "passed", item[i].passed));
        cli_cell(t, "%s%s%s", cli_paint(app->color_out, item[i].passed ? "green" : "red"),
                 item[i].passed ? "ok" : "FAIL", cli_plain(app->color_out));
        cli_cell(t, "%s", item[i].name);
        cli_cell(t, "%lld", (long long)item[i].checked);
        cli_cell(t, "%.3e", item[i].largest);
        cli_cell(t, "%.1e", item[i].error);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    if (!app->global.json)
        printf("\n%d of %d weights agree with finite differences\n", n - failed, n);
    return failed ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}

static mye_status check(const cli *app, const gradcheck_options *o, mye_model *model,
                        mye_gradcheck_item **item, int *n, mye_error *err)
{
    mye_gradcheck_options options = MYE_GRADCHECK_OPTIONS;
    options.time = o->time;
    options.loss = o->loss;
    options.T = (int)o->T;
    options.batch = (int)o->batch;
    options.entries = (int)o->entries;
    options.step = o->step;
    options.tolerance = o->tolerance;
    options.seed = (uint64_t)o->seed;
    return mye_gradcheck(app->ctx, model, &options, item, n, err);
}

static int run(cli *app)
{
    gradcheck_options o;
    mye_error err = {0};
    mye_model_options m = MYE_MODEL_OPTIONS;
    mye_model *model = NULL;
    mye_gradcheck_item *item = NULL;
    int n = 0;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK)
        code = cli_shape(app, o.input, &m.C, &m.H, &m.W);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code != CLI_EXIT_OK)
        return code;
    m.net = app->word[0];
    m.neuron = o.neuron;
    m.classes = (int)o.classes;
    m.seed = (uint64_t)o.seed;
    m.depth = o.depth;
    mye_status st = mye_model_create(app->ctx, &m, &model, &err);
    if (st == MYE_OK)
        st = check(app, &o, model, &item, &n, &err);
    code = st == MYE_OK ? print(app, item, n) : cli_fail(app, &err);
    mye_gradcheck_free(app->ctx, item);
    mye_model_free(model);
    return code;
}

const cli_command cli_cmd_gradcheck = {
    .entry = {.name = "gradcheck",
              .brief = "compare the gradient of a network with finite differences",
              .source = "",
              .params = params,
              .options_size = sizeof(gradcheck_options)},
    .usage = "NET [options]",
    .details = "Spikes are replaced by the surrogate's primitive, so that the loss has a "
               "derivative; then every checked entry is moved a little both ways.",
    .examples = "gradcheck 8C3-BN-LIF-MP2-FC10\n"
                "gradcheck 4C3-LIF-FC10 --T 5 --entries 50\n"
                "gradcheck 4C3-LIF-4C3-LIF-4C3-LIF-FC10 --depth auglocal:a=1",
    .words = "net",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
