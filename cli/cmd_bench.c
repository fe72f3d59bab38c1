/* myelin bench: how long a step takes here, and how far that is from the peak. */
#include "bench_input.h"

#include <stdlib.h>
#include <string.h>

/* Warm-up: the first steps find cold caches and kernels that are still being chosen. */
enum { MAX_VARIANTS = 32, MAX_ROUNDS = 999, WARM_STEPS = 3, REAL_BATCHES = 4 };

typedef struct bench_options {
    char input[32], neuron[MYE_METHOD_MAX], time[512], depth[512], loss[MYE_METHOD_MAX],
        step[MYE_METHOD_MAX], T[64];
    char weights[512], data[MYE_METHOD_MAX], data_dir[512];
    int64_t classes, batch, rounds;
    bool infer, int8, exact, profile, serve;
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
    {.name = "depth",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(depth),
     .size = 512,
     .def = "global",
     .unit = "METHODS",
     .help = "depth rules, separated by spaces"},
    {.name = "loss",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(loss),
     .size = MYE_METHOD_MAX,
     .def = "ce_mean",
     .unit = "METHOD",
     .help = "loss; one of each step (ce_step) spares sltt and ottt a second forward pass"},
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
    {.name = "weights",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(weights),
     .size = 512,
     .def = "",
     .unit = "FILE",
     .help = "checkpoint to take the weights from; empty: fresh weights"},
    {.name = "data",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(data),
     .size = MYE_METHOD_MAX,
     .def = "",
     .unit = "METHOD",
     .help = "data set whose first training images are used; empty: noise"},
    {.name = "data_dir",
     .type = MYE_PARAM_TEXT,
     .offset = FIELD(data_dir),
     .size = 512,
     .def = "",
     .unit = "DIR",
     .help = "folder of the data set; empty: the usual places"},
    {.name = "infer",
     .type = MYE_PARAM_BOOL,
     .offset = FIELD(infer),
     .def = "false",
     .unit = "",
     .help = "time inference instead of training: forward only"},
    {.name = "int8",
     .type = MYE_PARAM_BOOL,
     .offset = FIELD(int8),
     .def = "no",
     .unit = "",
     .help = "with --infer: 8-bit weights in layers that read spikes"},
    {.name = "exact",
     .type = MYE_PARAM_BOOL,
     .offset = FIELD(exact),
     .def = "no",
     .unit = "",
     .help = "layers go the direct way only"},
    {.name = "profile",
     .type = MYE_PARAM_BOOL,
     .offset = FIELD(profile),
     .def = "no",
     .unit = "",
     .help = "print the time of each node, of the first variant"},
    {.name = "serve",
     .type = MYE_PARAM_BOOL,
     .offset = FIELD(serve),
     .def = "false",
     .unit = "",
     .help = "time as many steps as each line of standard input says"},
    CLI_END,
};

/* One row of the table. */
typedef struct variant {
    char time[MYE_METHOD_MAX], depth[MYE_METHOD_MAX];
    int T;
    mye_bench *bench;
    double seconds[MAX_ROUNDS];
} variant;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every time rule with every T, for one depth rule. */
static int list_rules(const cli *app, const bench_options *o, const char *depth, variant *v, int *n)
{
    char rules[512], steps[64], *keep_rule = NULL, *keep_T = NULL;
    memcpy(rules, o->time, sizeof rules);
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
            snprintf(v[*n].depth, sizeof v[*n].depth, "%s", depth);
            memcpy(v[(*n)++].time, r, strlen(r) + 1);
        }
    }
    return CLI_EXIT_OK;
}

static int list_variants(const cli *app, const bench_options *o, variant *v, int *n)
{
    char depths[512], *keep = NULL;
    memcpy(depths, o->depth, sizeof depths);
    *n = 0;
    for (char *d = strtok_r(depths, " ", &keep); d; d = strtok_r(NULL, " ", &keep)) {
        if (strlen(d) >= MYE_METHOD_MAX)
            return cli_usage(app, "", "the depth rule '%.40s...' is too long", d);
        const int code = list_rules(app, o, d, v, n);
        if (code != CLI_EXIT_OK)
            return code;
    }
    return *n > 0 ? CLI_EXIT_OK
                  : cli_usage(app, "", "--time, --depth and --T want at least one entry each");
}

static mye_status create(const cli *app, const bench_options *o, const mye_model_options *asked,
                         const mye_bench_input *input, variant *v, mye_error *err)
{
    mye_plan_options plan = MYE_PLAN_OPTIONS;
    mye_model_options model = *asked;
    model.depth = v->depth;
    plan.time = v->time;
    plan.step = o->infer ? NULL : o->step;
    plan.loss = o->loss;
    plan.T = v->T;
    plan.batch = (int)o->batch;
    plan.exact = o->exact;
    plan.int8 = o->int8;
    plan.keep_packed = o->infer;
    return mye_bench_create(app->ctx, &model, &plan, input, &v->bench, err);
}

static mye_status warm(const variant *v, double *loss, mye_error *err)
{
    double seconds;
    for (int i = 0; i < WARM_STEPS; i++) {
        MYE_TRY(mye_bench_step(v->bench, &seconds, err));
        if (i == 0)
            *loss = mye_bench_loss(v->bench);
    }
    return MYE_OK;
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

/* The peak of memory over what the process had before the first model. */
static size_t memory_bytes(size_t idle)
{
    const size_t peak = cli_peak_bytes();
    return peak > idle ? peak - idle : 0;
}

static void print_json(const bench_options *o, const variant *v, double peak, size_t memory)
{
    const double s = v->seconds[o->rounds / 2], gflop = mye_bench_gflop(v->bench);
    cli_json(json_pack(
        "{s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I}", "time", v->time, "depth", v->depth,
        "T", v->T, "median_s", cli_real(s), "low_s", cli_real(v->seconds[o->rounds / 4]), "high_s",
        cli_real(v->seconds[o->rounds * 3 / 4]), "images_per_s", cli_real((double)o->batch / s),
        "gflop", cli_real(gflop), "gflop_per_s", cli_real(gflop / s), "peak_gflop_per_s",
        cli_real(peak), "rounds", cli_real((double)o->rounds), "planned_bytes",
        (json_int_t)mye_bench_bytes(v->bench), "memory_bytes", (json_int_t)memory));
}

static void print(const cli *app, const bench_options *o, const variant *v, int n, double peak,
                  size_t memory)
{
    cli_table *t = cli_table_new(
        app, "time rule|>T|>median ms|>quartiles|>images/s|>GFLOP|>GFLOP/s|>of peak|>planned");
    for (int i = 0; i < n; i++) {
        const double s = v[i].seconds[o->rounds / 2], gflop = mye_bench_gflop(v[i].bench);
        const double low = v[i].seconds[o->rounds / 4], high = v[i].seconds[o->rounds * 3 / 4];
        if (app->global.json)
            print_json(o, &v[i], peak, memory);
        const bool is_cut = strcmp(v[i].depth, "global") != 0;
        cli_cell(t, "%s%s%s", v[i].time, is_cut ? ", " : "", is_cut ? v[i].depth : "");
        cli_cell(t, "%d", v[i].T);
        cli_cell(t, "%.2f", 1e3 * s);
        cli_cell(t, "%.2f .. %.2f", 1e3 * low, 1e3 * high);
        cli_cell(t, "%.0f", (double)o->batch / s);
        cli_cell(t, "%.2f", gflop);
        cli_cell(t, "%.1f", gflop / s);
        cli_cell(t, "%s", cli_percent(gflop / s / peak).text);
        cli_cell(t, "%s", cli_bytes(mye_bench_bytes(v[i].bench)).text);
    }
    cli_table_print(t, app->global.json ? NULL : stdout);
    if (!app->global.json)
        printf("\n%s kernels, %d threads; multiply-add peak in the same minute %.0f GFLOP/s; peak "
               "memory of the process over its idle %s\n",
               mye_context_kernels(app->ctx), mye_context_threads(app->ctx), peak,
               cli_bytes(memory).text);
}

/*
 * For programs that let several processes take turns: prints a line when all is warm, then answers
 * each line of standard input, the number of steps to time, with one of JSON.
 */
static mye_status serve(const cli *app, variant *v, double first_loss, size_t idle, mye_error *err)
{
    char line[64];
    cli_json(json_pack("{s:b,s:o,s:o}", "ready", true, "loss", cli_real(first_loss),
                       "peak_gflop_per_s", cli_real(mye_bench_peak(app->ctx))));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) && !cli_interrupted()) {
        line[strcspn(line, "\n")] = '\0';
        const long n = strtol(line, NULL, 10);
        if (n < 1 || n > MAX_ROUNDS)
            return mye_fail(err, MYE_ERR_ARG, "--serve wants 1 to %d steps a line, got '%.20s'",
                            MAX_ROUNDS, line);
        for (long i = 0; i < n; i++)
            MYE_TRY(mye_bench_step(v->bench, &v->seconds[i], err));
        qsort(v->seconds, (size_t)n, sizeof *v->seconds, by_value);
        cli_json(json_pack("{s:o,s:o,s:I,s:I}", "median_s", cli_real(v->seconds[n / 2]), "loss",
                           cli_real(mye_bench_loss(v->bench)), "memory_bytes",
                           (json_int_t)memory_bytes(idle), "process_bytes",
                           (json_int_t)cli_peak_bytes()));
        (void)fflush(stdout);
    }
    return MYE_OK;
}

static void print_profile(const cli *app, const variant *v)
{
    mye_profile_row *row = cli_memory((size_t)mye_bench_nodes(v->bench), sizeof *row);
    if (!app->global.json)
        putchar('\n');
    cli_profile(app, row, mye_bench_profile(v->bench, row));
    free(row);
}

static mye_status bench_all(const cli *app, const bench_options *o, mye_model_options *model,
                            cli_images *images, variant *v, int n, mye_error *err)
{
    const size_t idle = cli_resident_bytes();
    double peak = 0, loss = 0;
    if (*o->data)
        MYE_TRY(cli_images_read(app, o->data, o->data_dir, v[0].T, o->batch * REAL_BATCHES, model,
                                images, err));
    const mye_bench_input input = {*o->weights ? o->weights : NULL,
                                   images->image,
                                   images->label,
                                   images->n,
                                   o->profile,
                                   images->frames};
    for (int i = 0; i < n; i++)
        MYE_TRY(create(app, o, model, &input, &v[i], err));
    cli_restart_peak(); /* reading data and weights is not a part of a step */
    for (int i = 0; i < n; i++)
        MYE_TRY(warm(&v[i], &loss, err));
    if (o->serve)
        return serve(app, v, loss, idle, err);
    MYE_TRY(measure(app, o, v, n, &peak, err));
    print(app, o, v, n, peak, memory_bytes(idle));
    if (o->profile)
        print_profile(app, v);
    return MYE_OK;
}

static int read_options(cli *app, const bench_options *o, mye_model_options *model, variant *v,
                        int *n)
{
    int code = cli_shape(app, o->input, &model->C, &model->H, &model->W);
    if (code == CLI_EXIT_OK)
        code = list_variants(app, o, v, n);
    if (code == CLI_EXIT_OK && o->serve && *n > 1)
        code = cli_usage(app, "", "--serve times one time rule with one T: give --time and --T");
    if (code == CLI_EXIT_OK && o->int8 && !o->infer)
        code = cli_usage(app, "add --infer", "--int8 is for inference: gradients want all bits");
    model->net = app->word[0];
    model->neuron = o->neuron;
    model->classes = (int)o->classes;
    return code;
}

static int run(cli *app)
{
    bench_options o;
    mye_error err = {0};
    mye_model_options model = MYE_MODEL_OPTIONS;
    cli_images images = {0};
    variant *v = cli_memory(MAX_VARIANTS, sizeof *v);
    int n = 0;
    int code = cli_options(app, &o);
    if (code == CLI_EXIT_OK && strcmp(app->word[0], "kernels") == 0) {
        free(v);
        code = cli_open(app, NULL);
        return code == CLI_EXIT_OK ? cli_bench_kernels(app, (int)o.rounds) : code;
    }
    if (code == CLI_EXIT_OK)
        code = read_options(app, &o, &model, v, &n);
    if (code == CLI_EXIT_OK)
        code = cli_open(app, NULL);
    if (code == CLI_EXIT_OK && bench_all(app, &o, &model, &images, v, n, &err) != MYE_OK)
        code = cli_fail(app, &err);
    for (int i = 0; i < n; i++)
        mye_bench_free(v[i].bench);
    free(images.image);
    free(images.label);
    free(v);
    return code;
}

const cli_command cli_cmd_bench = {
    .entry = {.name = "bench",
              .brief = "time training or inference steps of a network",
              .source = "",
              .params = params,
              .options_size = sizeof(bench_options)},
    .usage = "NET | kernels [options]",
    .details =
        "Rules and numbers of steps take turns; each row shows the median, and how much of "
        "the processor's multiply-add peak, measured in between, the dense computation "
        "reached. Memory is the peak of the process over its size before the first network; "
        "it tells most with one row. With --serve, myelin prints a line of JSON when it is "
        "warm, then answers each line of standard input, a number of steps, with their "
        "median time.\n\n`bench kernels` times the ways to compute a layer at several firing "
        "rates and prints below which rate visiting only the spikes is the fastest.",
    .examples =
        "bench kernels --rounds 5\n"
        "bench vgg11 --T 1,2,4 --time \"bptt rate\"\n"
        "bench resnet20 --neuron relu --T 1 --time bptt --depth \"global auglocal:a=2 dgl\"\n"
        "bench 32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10 --input 1x28x28 --batch 64\n"
        "bench resnet18 --data cifar10 --weights runs/a/last.safetensors --infer --int8\n"
        "bench vgg11 --time rate --profile",
    .words = "net",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
