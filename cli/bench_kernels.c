/*
 * myelin bench kernels: each way to compute a layer, at several firing rates; and the rate below
 * which visiting only the spikes is faster: as measured now, and as the choice of ways estimates it.
 */
#include "cli.h"

#include "myelin/bench_layer.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WAYS = 8, MAX_ROUNDS = 99 };

static const double rates[] = {0.02, 0.05, 0.1, 0.2, 0.3, 0.5};
enum { N_RATES = sizeof rates / sizeof *rates };

typedef struct layer {
    const char *name;
    mye_layer_shape shape;
} layer;

static const layer layers[] = {
    {"64 to 64, 32x32", {64, 32, 64, 3, 1, 128}},
    {"128 to 128, 16x16", {128, 16, 128, 3, 1, 128}},
    {"256 to 256, 8x8", {256, 8, 256, 3, 1, 128}},
    {"512 to 512, 4x4", {512, 4, 512, 3, 1, 128}},
    {"32 to 64, 14x14", {32, 14, 64, 3, 1, 256}},
    {"64 to 128, 32x32, stride 2", {64, 32, 128, 3, 2, 128}},
    {"64 to 128, 32x32, 1x1, stride 2", {64, 32, 128, 1, 2, 128}},
    {"64 to 64, 16x16, 5x5", {64, 16, 64, 5, 1, 128}},
    {"dense 800 to 800", {800, 1, 800, 1, 1, 512}},
};

/* One pass of one layer: seconds of each way at each rate, medians. */
typedef struct measured {
    double seconds[MAX_WAYS][N_RATES]; /* 0: the way does not fit */
} measured;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The ways take turns, so that a busy moment of the machine meets them all. */
static void measure_rate(mye_layer_bench *b, mye_layer_pass pass, int rounds, int rate, measured *m)
{
    double s[MAX_WAYS][MAX_ROUNDS];
    for (int round = -1; round < rounds; round++) /* the first warms up */
        for (int way = 0; way < MAX_WAYS && mye_layer_bench_way(b, way); way++)
            if (mye_layer_bench_fits(b, way, pass)) {
                const double seconds = mye_layer_bench_run(b, way, pass);
                s[way][round < 0 ? 0 : round] = seconds;
            }
    for (int way = 0; way < MAX_WAYS && mye_layer_bench_way(b, way); way++) {
        m->seconds[way][rate] = 0;
        if (!mye_layer_bench_fits(b, way, pass))
            continue;
        qsort(s[way], (size_t)rounds, sizeof(double), by_value);
        m->seconds[way][rate] = s[way][rounds / 2];
    }
}

static int find_way(const mye_layer_bench *b, const char *name)
{
    for (int way = 0; way < MAX_WAYS && mye_layer_bench_way(b, way); way++)
        if (strcmp(mye_layer_bench_way(b, way), name) == 0)
            return way;
    return -1;
}

static const char *const dense[] = {"direct", "winograd"};
enum { N_DENSE = sizeof dense / sizeof *dense };

/* The fastest of the ways that do not depend on the rate. */
static double dense_s(const mye_layer_bench *b, const measured *m, int rate)
{
    double best = 0;
    for (int i = 0; i < N_DENSE; i++) {
        const int way = find_way(b, dense[i]);
        const double s = way >= 0 ? m->seconds[way][rate] : 0;
        if (s > 0 && (best == 0 || s < best))
            best = s;
    }
    return best;
}

/* Rate at which both cost the same, between the rates that were measured; 0 and 1: never, always. */
static double crossing(const mye_layer_bench *b, const measured *m, int spikes)
{
    double last = 0, last_gain = 0;
    for (int i = 0; i < N_RATES; i++) {
        const double gain = dense_s(b, m, i) - m->seconds[spikes][i];
        if (gain < 0)
            return i == 0 ? 0 : last + (rates[i] - last) * last_gain / (last_gain - gain);
        last = rates[i];
        last_gain = gain;
    }
    return 1;
}

/* The same of the estimates. */
static double estimated(const mye_layer_bench *b, mye_layer_pass pass, int spikes)
{
    for (int percent = 1; percent <= 100; percent++) {
        const double rate = percent / 100.0;
        for (int i = 0; i < N_DENSE; i++) {
            const int way = find_way(b, dense[i]);
            if (way >= 0 && mye_layer_bench_fits(b, way, pass) &&
                mye_layer_bench_cost(b, way, pass, rate) <
                    mye_layer_bench_cost(b, spikes, pass, rate))
                return (percent - 1) / 100.0;
        }
    }
    return 1;
}

static void add_row(cli_table *t, const layer *l, const mye_layer_bench *b, mye_layer_pass pass,
                    const measured *m)
{
    const double gflop = mye_layer_bench_gflop(b);
    const int spikes = find_way(b, "spikes");
    cli_cell(t, "%s", l->name);
    cli_cell(t, "%s", pass == MYE_LAYER_FORWARD ? "forward" : "weights");
    for (size_t i = 0; i < (size_t)N_DENSE; i++) {
        const int way = find_way(b, dense[i]);
        const double s = way >= 0 ? m->seconds[way][N_RATES - 1] : 0;
        char *text = s > 0 ? cli_format("%.0f", gflop / s) : cli_format("-");
        cli_cell(t, "%s", text);
        free(text);
    }
    if (spikes < 0) { /* this table lacks them */
        for (int i = 0; i < N_RATES + 2; i++)
            cli_cell(t, "-");
        return;
    }
    for (int i = 0; i < N_RATES; i++)
        cli_cell(t, "%.0f", gflop / m->seconds[spikes][i]);
    const double at = crossing(b, m, spikes);
    cli_cell(t, "%s", at < 1 ? cli_percent(at).text : "over 50 %");
    cli_cell(t, "%s", cli_percent(estimated(b, pass, spikes)).text);
}

static void print_json(const layer *l, const mye_layer_bench *b, mye_layer_pass pass,
                       const measured *m)
{
    const int spikes = find_way(b, "spikes");
    json_t *ways = json_object();
    for (int way = 0; way < MAX_WAYS && mye_layer_bench_way(b, way); way++) {
        json_t *list = json_array();
        for (int i = 0; i < N_RATES && m->seconds[way][i] > 0; i++)
            json_array_append_new(list, cli_real(mye_layer_bench_gflop(b) / m->seconds[way][i]));
        if (json_array_size(list) > 0)
            json_object_set(ways, mye_layer_bench_way(b, way), list);
        json_decref(list);
    }
    json_t *at = json_array();
    for (int i = 0; i < N_RATES; i++)
        json_array_append_new(at, cli_real(rates[i]));
    cli_json(json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}", "layer", l->name, "pass",
                       pass == MYE_LAYER_FORWARD ? "forward" : "weights", "rates", at,
                       "gflop_per_s", ways, "crossover_rate",
                       cli_real(spikes >= 0 ? crossing(b, m, spikes) : 0), "estimated_rate",
                       cli_real(spikes >= 0 ? estimated(b, pass, spikes) : 0)));
}

static mye_status bench_layer(const cli *app, const layer *l, int rounds, cli_table *t,
                              mye_error *err)
{
    static const mye_layer_pass passes[] = {MYE_LAYER_FORWARD, MYE_LAYER_WEIGHT};
    measured m[2];
    mye_layer_bench *b;
    const mye_status status = mye_layer_bench_create(app->ctx, &l->shape, &b, err);
    if (status != MYE_OK)
        return status;
    memset(m, 0, sizeof m);
    for (int rate = 0; rate < N_RATES && !cli_interrupted(); rate++) {
        mye_layer_bench_fill(b, rates[rate]);
        for (int pass = 0; pass < 2; pass++)
            measure_rate(b, passes[pass], rounds, rate, &m[pass]);
    }
    for (int pass = 0; pass < 2 && !cli_interrupted(); pass++) {
        if (app->global.json)
            print_json(l, b, passes[pass], &m[pass]);
        add_row(t, l, b, passes[pass], &m[pass]);
    }
    mye_layer_bench_free(b);
    return cli_interrupted() ? mye_fail(err, MYE_ERR_CANCELLED, "the benchmark was interrupted")
                             : MYE_OK;
}

int cli_bench_kernels(const cli *app, int rounds)
{
    mye_error err = {0};
    mye_status status = MYE_OK;
    if (rounds > MAX_ROUNDS)
        rounds = MAX_ROUNDS;
    cli_table *t = cli_table_new(app, "layer|pass|>direct|>winograd|>2 %|>5 %|>10 %|>20 %|>30 %|"
                                      ">50 %|>crosses at|>estimated");
    for (size_t i = 0; i < sizeof layers / sizeof *layers && status == MYE_OK; i++)
        status = bench_layer(app, &layers[i], rounds, t, &err);
    cli_table_print(t, status == MYE_OK && !app->global.json ? stdout : NULL);
    if (status != MYE_OK)
        return cli_fail(app, &err);
    if (!app->global.json)
        printf("\nGFLOP/s of the dense computation, %s kernels, %d threads, medians of %d; the "
               "columns with %% are\nspike-driven kernels at that firing rate. Below \"crosses "
               "at\" they are the fastest; the choice\nin training goes by \"estimated\".\n",
               mye_context_kernels(app->ctx), mye_context_threads(app->ctx), rounds);
    return CLI_EXIT_OK;
}
