/* myelin bench: how long a training step takes here, and how far that is from the peak. */
#include "cli.h"

#include "myelin/bench.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VARIANTS = 32, MAX_ROUNDS = 99 };

typedef struct bench_options {
    char input[32], neuron[MYE_METHOD_MAX], time[512], step[MYE_METHOD_MAX], T[64];
    int64_t classes, batch, rounds;
} bench_options;

#define FIELD(f) offsetof(bench_options, f)

static const mye_param params[] = {
    {.name = "input",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(input),
     .size = 32,
     .def = "3x32x32",
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
     .def = "lif",
     .unit = "METHOD",
     .help = "what plain LIF or N stands for"},
    {.name = "time",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(time),
     .size = 512,
     .def = "bptt rate",
     .unit = "METHODS",
     .help = "time rules, separated by spaces; their steps take turns"},
    {.name = "step",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(step),
     .size = MYE_METHOD_MAX,
     .def = "sgd",
     .unit = "METHOD",
     .help = "optimiser"},
    {.name = "T",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(T),
     .size = 64,
     .def = "4",
     .unit = "STEPS",
     .help = "time steps, several separated by spaces or commas"},
    {.name = "batch",
     .type = MYE_PARAM_INT,
     .offset = FIELD(batch),
     .def = "32",
     .min = 1,
     .max = 65536,
     .unit = "",
     .help = "samples a step"},
    {.name = "rounds",
     .type = MYE_PARAM_INT,
     .offset = FIELD(rounds),
     .def = "7",
     .min = 1,
     .max = MAX_ROUNDS,
     .unit = "",
     .help = "timed steps of each; the median counts"},
    CLI_END,
};

/* One row of the table. */
typedef struct variant {
    char time[MYE_METHOD_MAX];
    int T;
    mye_bench *bench;
    double seconds[MAX_ROUNDS];
} variant;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every rule with every T. */
static int list_variants(const cli *app, const bench_options *o, variant *v, int *n)
{
    char rules[512], steps[64], *keep_rule = NULL, *keep_T = NULL;
    memcpy(rules, o->time, sizeof rules);
    *n = 0;
    for (char *r = strtok_r(rules, " ", &keep_rule); r; r = strtok_r(NULL, " ", &keep_rule)) {
        memcpy(steps, o->T, sizeof steps);
        keep_T = NULL;
        for (char *t = strtok_r(steps, " ,", &keep_T); t; t = strtok_r(NULL, " ,", &keep_T)) {
            const long T = strtol(t, NULL, 10);
            if (T < 1 || T > 4096)
                return cli_usage(app, "", "--T wants whole numbers from 1 to 4096, got '%s'", t);
            if (*n == MAX_VARIANTS || strlen(r) >= MYE_METHOD_MAX)
                return cli_usage(app, "", "bench compares at most %d variants", MAX_VARIANTS);
            v[*n].T = (int)T;
            memcpy(v[(*n)++].time, r, strlen(r) + 1);
        }
    }
    return *n > 0 ? CLI_EXIT_OK : cli_usage(app, "", "--time and --T want at least one entry each");
}

static mye_status create(const cli *app, const bench_options *o, const mye_model_options *model,
                         variant *v, mye_error *err)
{
    mye_plan_options plan = MYE_PLAN_OPTIONS;
    plan.time = v->time;
    plan.step = o->step;
    plan.T = v->T;
    plan.batch = (int)o->batch;
    double warm_s;
    MYE_TRY(mye_bench_create(app->ctx, model, &plan, &v->bench, err));
    return mye_bench_step(v->bench, &warm_s, err);
}

/* The variants take turns, so that a busy moment of the machine meets them all. */
static mye_status measure(const cli *app, const bench_options *o, variant *v, int n, double *peak,
                          mye_error *err)
{
    double peaks[MAX_ROUNDS];
    for (int64_t round = 0; round < o->rounds; round++) {
        for (int i = 0; i < n; i++) {
            MYE_TRY(mye_bench_step(v[i].bench, &v[i].seconds[round], err));
            if (cli_interrupted())
                return mye_fail(err, MYE_ERR_CANCELLED, "the benchmark was interrupted");
        }
        peaks[round] = mye_bench_peak(app->ctx);
    }
    qsort(peaks, (size_t)o->rounds, sizeof *peaks, by_value);
    *peak = peaks[o->rounds / 2];
    for (int i = 0; i < n; i++)
        qsort(v[i].seconds, (size_t)o->rounds, sizeof *v[i].seconds, by_value);
    return MYE_OK;
}

static void print(const cli *app, const bench_options *o, const variant *v, int n, double peak)
{
    cli_table *t = cli_table_new(
        app, "time rule|>T|>median ms|>quartiles|>images/s|>GFLOP|>GFLOP/s|>of peak|>planned");
    for (int i = 0; i < n; i++) {
        const double s = v[i].seconds[o->rounds / 2], gflop = mye_bench_gflop(v[i].bench);
        const double low = v[i].seconds[o->rounds / 4], high = v[i].seconds[o->rounds * 3 / 4];
        const size_t bytes = mye_bench_bytes(v[i].bench);
        if (app->global.json)
            cli_json(json_pack("{s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:I}", "time", v[i].time, "T",
                               v[i].T, "median_s", cli_real(s), "images_per_s",
                               cli_real((double)o->batch / s), "gflop", cli_real(gflop),
                               "gflop_per_s", cli_real(gflop / s), "peak_gflop_per_s",
                               cli_real(peak), "rounds", cli_real((double)o->rounds),
                               "planned_bytes", (json_int_t)bytes));
        cli_cell(t, "%s", v[i].time);
        cli_cell(t, "%d", v[i].T);
        cli_cell(t, "%.2f", 1e3 * s);
        cli_cell(t, "%.2f .. %.2f", 1e3 * low, 1e3 * high);
        cli_cell(t, "%.0f", (double)o->batch / s);
        cli_cell(t, "%.2f", gflop);
        cli_cell(t, "%.1f", gflop / s);
        cli_cell(t, "%s", cli_percent(gflop / s / peak).text);
        cli_cell(t, "%s", cli_bytes(bytes).text);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    if (!app->global.json)
        printf("\n%s kernels, %d threads; multiply-add peak in the same minute %.0f GFLOP/s\n",
               mye_context_kernels(app->ctx), mye_context_threads(app->ctx), peak);
}

static int run(cli *app)
{
    bench_options o;
    mye_error err = {0};
    mye_model_options m = MYE_MODEL_OPTIONS;
    variant *v = cli_memory(MAX_VARIANTS, sizeof *v);
    int n = 0;
    double peak = 0;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK && strcmp(app->word[0], "kernels") == 0) {
        free(v);
        code = cli_open(app, NULL);
        return code == CLI_EXIT_OK ? cli_bench_kernels(app, (int)o.rounds) : code;
    }
    if (code == CLI_EXIT_OK)
        code = cli_shape(app, o.input, &m.C, &m.H, &m.W);
    if (code == CLI_EXIT_OK)
        code = list_variants(app, &o, v, &n);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code == CLI_EXIT_OK) {
        m.net = app->word[0];
        m.neuron = o.neuron;
        m.classes = (int)o.classes;
        mye_status st = MYE_OK;
        for (int i = 0; st == MYE_OK && i < n; i++)
            st = create(app, &o, &m, &v[i], &err);
        if (st == MYE_OK)
            st = measure(app, &o, v, n, &peak, &err);
        code = st == MYE_OK ? CLI_EXIT_OK : cli_fail(app, &err);
        if (st == MYE_OK)
            print(app, &o, v, n, peak);
    }
    for (int i = 0; i < n; i++)
        mye_bench_free(v[i].bench);
    free(v);
    return code;
}

const cli_command cli_cmd_bench = {
    .entry = {.name = "bench",
              .brief = "time training steps of a network on random input",
              .source = "",
              .params = params,
              .options_size = sizeof(bench_options)},
    .usage = "NET | kernels [options]",
    .details =
        "Rules and numbers of steps take turns; each row shows the median, and how much of "
        "the processor's multiply-add peak, measured in between, the dense computation "
        "reached.\n\n`bench kernels` times the ways to compute a layer at several firing rates and "
        "prints below which rate visiting only the spikes is the fastest.",
    .examples = "bench kernels --rounds 5\n"
                "bench vgg11 --T 1,2,4 --time \"bptt rate\"\n"
                "bench 32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10 --input 1x28x28 --batch 64",
    .words = "net",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
