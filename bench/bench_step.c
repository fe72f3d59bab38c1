/*
 * Time of one training step (forward, loss, backward, SGD) of whole networks on random input, for
 * BPTT and rate-based learning and several T. Rules are interleaved round by round; beside each
 * row stand the multiply-add peak and oneDNN's direct convolution (64->64, 32x32, forward), both
 * measured in the same rounds.
 *
 *   bench_step [--rounds 5] [--case TEXT] [--T N] [--threads N]
 *
 * GFLOP are those of the dense computation that the rule asks for: forward, backward data and
 * backward weights of convolutions and dense layers; the first layer of a direct input counts once
 * and has no backward data; the backward pass of the rate rule counts one step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "myelin/myelin.h"
#include "net/graph.h"
#include "net/run.h"
#include "opponents.h"
#include "peak.h"
#include "step/step.h"

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

typedef struct trained {
    mye_model *model;
    mye_run *run;
    mye_stepper *stepper;
    double gflop, seconds[MAX_ROUNDS];
} trained;

static _Noreturn void die(const mye_error *err)
{
    (void)fprintf(stderr, "error: %s\n", err->message);
    exit(1);
}

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    memcpy(dst, self, (size_t)steps * (size_t)p->B * (size_t)p->value[0].n * sizeof(float));
}

/* Multiply-adds of a step, twice. */
static double step_gflop(const mye_model *model, const workload *w, int rule, int T)
{
    double macs = 0;
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        mye_ops ops = {0};
        if (n->type->count == NULL)
            continue;
        n->type->count(n, &ops);
        const int forward = n->is_static ? 1 : T;
        const int backward = n->is_static || rule == 1 ? 1 : T;
        const bool first = !model->node[n->in[0]]->needs_grad;
        macs += ops.macs * (forward + backward * (first ? 1 : 2));
    }
    return 2e-9 * macs * w->B;
}

static trained make(mye_context *ctx, const workload *w, int rule, int T)
{
    mye_error err;
    trained t = {0};
    mye_model_options mo = MYE_MODEL_OPTIONS;
    mo.net = w->net;
    mo.C = w->C;
    mo.H = mo.W = w->H;
    const mye_run_options ro = {.time = rules[rule],
                                .depth = "global",
                                .loss = "ce_mean",
                                .T = T,
                                .B = w->B,
                                .training = true};
    if (mye_model_create(ctx, &mo, &t.model, &err) || mye_run_create(ctx, t.model, &ro, &t.run, &err) ||
        mye_stepper_create(ctx, t.model, "sgd:lr=0.01", "constant", 1000000, 1000, &t.stepper,
                           &err))
        die(&err);
    t.gflop = step_gflop(t.model, w, rule, T);
    return t;
}

static void drop(trained *t)
{
    mye_stepper_free(t->stepper);
    mye_run_free(t->run);
    mye_model_free(t->model);
}

static double one_step(trained *t, const workload *w, float *image, const int32_t *label)
{
    mye_error err;
    const mye_target target = {.label = label};
    const double start = mye_now_s();
    if (mye_run_step(t->run, w->B, (mye_source){fill, image}, &target, 1, NULL, &err))
        die(&err);
    mye_stepper_apply(t->stepper, 0);
    return mye_now_s() - start;
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
    trained t[RULES];
    double peak[MAX_ROUNDS], other[MAX_ROUNDS], ratio[MAX_ROUNDS];
    float *image = malloc((size_t)w->B * (size_t)(w->C * w->H * w->H) * sizeof *image);
    int32_t label[1024];
    for (int i = 0; i < w->B * w->C * w->H * w->H; i++)
        image[i] = mye_random_normal(1, MYE_STREAM_TEST, (uint64_t)i);
    for (int b = 0; b < w->B; b++)
        label[b] = b % 10;
    for (int r = 0; r < RULES; r++) {
        t[r] = make(ctx, w, r, T);
        one_step(&t[r], w, image, label);
    }
    for (int i = 0; i < rounds; i++) {
        for (int r = 0; r < RULES; r++)
            t[r].seconds[i] = one_step(&t[r], w, image, label);
        ratio[i] = t[0].seconds[i] / t[1].seconds[i];
        peak[i] = bench_peak(ctx);
        other[i] = dnnl_rate(dnnl);
    }
    const double now = bench_median(peak, rounds), theirs = bench_median(other, rounds);
    for (int r = 0; r < RULES; r++) {
        const double s = bench_median(t[r].seconds, rounds);
        printf("%-15s %2d  %-5s %9.2f ms %8.0f images/s %7.2f GFLOP %6.0f GFLOP/s (%2.0f %% of "
               "%.0f; oneDNN conv %.0f) %7.1f MiB",
               w->name, T, rules[r], 1e3 * s, w->B / s, t[r].gflop, t[r].gflop / s,
               100 * t[r].gflop / s / now, now, theirs,
               (double)(mye_run_bytes(t[r].run) + 3 * mye_model_bytes(t[r].model) / 2) / 1048576);
        if (r == 1)
            printf("  bptt/rate %.2f", bench_median(ratio, rounds));
        printf("\n");
    }
    (void)fflush(stdout);
    for (int r = 0; r < RULES; r++)
        drop(&t[r]);
    free(image);
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
    opponent_dnnl(&layer, 64, 0, &dnnl);
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
