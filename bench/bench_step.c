/*
 * Time of one training step (forward, loss, backward, SGD) of whole networks on random input, for
 * BPTT and rate-based learning and several T. Rules are interleaved round by round; beside each
 * row stand the multiply-add peak and oneDNN's direct convolution (64->64, 32x32, forward), both
 * measured in the same rounds.
 *
 *   bench_step [--rounds 5] [--case TEXT] [--T N] [--threads N]
 *
 * What counts as GFLOP is said in myelin/bench.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "median.h"
#include "myelin/myelin.h"
#include "opponents.h"

enum { MAX_ROUNDS = 51, RULES = 2 };

static const char *const rules[RULES] = {"bptt", "rate"};

typedef struct workload {
    const char *name, *net;
    int C, H, B, max_T;
} workload;

static const workload workloads[] = {
    {"MLP 784-800-10", "FC800-LIF-FC10", 1, 28, 128, 16},
    {"demo CNN", "32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10", 1, 28, 64, 16},
    {"VGG-11", "vgg11", 3, 32, 32, 16},
    {"ResNet-18", "resnet18", 3, 32, 32, 16},
};

static _Noreturn void die(const mye_error *err)
{
    (void)fprintf(stderr, "error: %s\n", err->message);
    exit(1);
}

static mye_bench *make(mye_context *ctx, const workload *w, int rule, int T)
{
    mye_error err;
    mye_bench *bench = NULL;
    mye_model_options model = MYE_MODEL_OPTIONS;
    model.net = w->net;
    model.C = w->C;
    model.H = model.W = w->H;
    mye_plan_options plan = MYE_PLAN_OPTIONS;
    plan.time = rules[rule];
    plan.step = "sgd:lr=0.01";
    plan.T = T;
    plan.batch = w->B;
    if (mye_bench_create(ctx, &model, &plan, NULL, &bench, &err))
        die(&err);
    return bench;
}

static double one_step(mye_bench *bench)
{
    mye_error err;
    double seconds = 0;
    if (mye_bench_step(bench, &seconds, &err))
        die(&err);
    return seconds;
}

/* oneDNN's rate in GFLOP/s on one well-known layer, NULL-safe. */
static double dnnl_rate(const opponent *o)
{
    if (o->run == NULL)
        return 0;
    const double start = mye_now_s();
    o->run(o->self);
    return 4.83184 / (mye_now_s() - start);
}

static void bench_case(mye_context *ctx, const workload *w, int T, int rounds, const opponent *dnnl)
{
    mye_bench *bench[RULES];
    double seconds[RULES][MAX_ROUNDS], peak[MAX_ROUNDS], other[MAX_ROUNDS], ratio[MAX_ROUNDS];
    for (int r = 0; r < RULES; r++) {
        bench[r] = make(ctx, w, r, T);
        one_step(bench[r]);
    }
    for (int i = 0; i < rounds; i++) {
        for (int r = 0; r < RULES; r++)
            seconds[r][i] = one_step(bench[r]);
        ratio[i] = seconds[0][i] / seconds[1][i];
        peak[i] = mye_bench_peak(ctx);
        other[i] = dnnl_rate(dnnl);
    }
    const double now = bench_median(peak, rounds), theirs = bench_median(other, rounds);
    for (int r = 0; r < RULES; r++) {
        const double s = bench_median(seconds[r], rounds), gflop = mye_bench_gflop(bench[r]);
        printf("%-15s %2d  %-5s %9.2f ms %8.0f images/s %7.2f GFLOP %6.0f GFLOP/s (%2.0f %% of "
               "%.0f; oneDNN conv %.0f) %7.1f MiB",
               w->name, T, rules[r], 1e3 * s, w->B / s, gflop, gflop / s, 100 * gflop / s / now,
               now, theirs, (double)mye_bench_bytes(bench[r]) / 1048576);
        if (r == 1)
            printf("  bptt/rate %.2f", bench_median(ratio, rounds));
        printf("\n");
    }
    (void)fflush(stdout);
    for (int r = 0; r < RULES; r++)
        mye_bench_free(bench[r]);
}

int main(int argc, char **argv)
{
    int rounds = 5, only_T = 0, threads = 2;
    const char *only = "";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--case") == 0)
            only = argv[i + 1];
        else if (strcmp(argv[i], "--T") == 0)
            only_T = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            threads = atoi(argv[i + 1]);
    }
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    opponents_settle(argv, threads);
    mye_error err;
    mye_context *ctx = NULL;
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    if (mye_context_create(&options, &ctx, &err))
        die(&err);
    opponent dnnl = {0};
    const mye_conv_shape layer = {64, 32, 32, 64, 32, 32, 3, 3, 1, 1, 1, 1, 1};
    opponent_dnnl(&layer, 64, 0, false, &dnnl);
    printf("kernels %s, %d threads, %d rounds, medians\n", mye_context_kernels(ctx), threads,
           rounds);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        for (int T = 1; T <= workloads[i].max_T; T *= 2)
            if (strstr(workloads[i].name, only) != NULL && (only_T == 0 || only_T == T))
                bench_case(ctx, &workloads[i], T, rounds, &dnnl);
    if (dnnl.run != NULL)
        dnnl.drop(dnnl.self);
    mye_context_free(ctx);
    return 0;
}
