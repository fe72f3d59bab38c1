/*
 * Speed of a layer of LIF neurons over T = 4 steps, in nanoseconds a neuron-step: all steps of a
 * chunk in one pass beside the single passes on chunks (A, B, A, B in one process), forward and
 * backward, with and without the scale and shift of a batch norm in front. Out of cache unless
 * --neurons is small. Then neurons of converted networks, one step at a time, beside the floor of
 * what they move: drive, output, and two floats of state in and out, 24 bytes.
 *
 *   bench_neurons [--kernels avx512] [--neurons 1048576] [--threads 2] [--rounds 9]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "median.h"
#include "myelin/context.h"

#define STEPS      4
#define CHANNELS   64
#define CHUNK      2048
#define MAX_ROUNDS 99

typedef struct layer {
    const mye_kernels *k;
    int64_t n; /* neurons: whole chunks */
    float *x, *g, *dx;
    uint64_t *bits;
    float scale[CHANNELS], shift[CHANNELS];
    mye_lif lif;
    bool norm, fused, backward;
} layer;

static mye_lif_steps steps_of(const layer *a, int64_t i)
{
    mye_lif_steps s = {.lif = &a->lif,
                       .surrogate = MYE_SURROGATE_sigmoid,
                       .a = 4.0f,
                       .n = CHUNK,
                       .steps = STEPS,
                       .first = true,
                       .scale = a->norm ? a->scale : NULL,
                       .shift = a->shift,
                       .period = CHANNELS};
    for (int t = 0; t < STEPS; t++)
        s.x[t] = a->x + t * a->n + i;
    return s;
}

static void fused_chunk(const layer *a, int64_t i)
{
    const mye_lif_steps s = steps_of(a, i);
    uint64_t *bits[STEPS];
    const float *g[STEPS];
    float *dx[STEPS];
    for (int t = 0; t < STEPS; t++) {
        bits[t] = a->bits + (t * a->n + i) / 64;
        g[t] = a->g + t * a->n + i;
        dx[t] = a->dx + t * a->n + i;
    }
    if (a->backward)
        a->k->lif_unscan(&s, NULL, g, dx, false);
    else
        (void)a->k->lif_scan(&s, NULL, bits, NULL);
}

static const float *current(const layer *a, int t, int64_t i, float *buffer)
{
    const float *x = a->x + t * a->n + i;
    if (!a->norm)
        return x;
    a->k->affine(CHUNK / CHANNELS, CHANNELS, x, a->scale, a->shift, buffer);
    return buffer;
}

static void single_chunk(const layer *a, int64_t i)
{
    float u[STEPS][CHUNK], buffer[CHUNK], h[CHUNK], carry[CHUNK] = {0.0f};
    for (int t = 0; t < STEPS; t++) {
        if (t > 0)
            memcpy(u[t], u[t - 1], sizeof u[t]);
        (void)a->k->lif_forward(&a->lif, CHUNK, t == 0, current(a, t, i, buffer), u[t],
                                a->backward ? NULL : a->bits + (t * a->n + i) / 64);
    }
    for (int t = STEPS - 1; t >= 0 && a->backward; t--) {
        a->k->surrogate[MYE_SURROGATE_sigmoid](CHUNK, u[t], a->lif.theta, 4.0f, 0.0f, h);
        a->k->lif_backward(&a->lif, CHUNK, a->g + t * a->n + i, h, u[t], carry,
                           a->dx + t * a->n + i, NULL);
    }
}

#define SHARDS 64

static void run_shard(void *arg, int shard, int lane)
{
    const layer *a = arg;
    const int64_t chunks = a->n / CHUNK;
    (void)lane;
    for (int64_t c = chunks * shard / SHARDS; c < chunks * (shard + 1) / SHARDS; c++)
        (a->fused ? fused_chunk : single_chunk)(a, c * CHUNK);
}

static double time_ns(mye_context *ctx, layer *a, bool fused)
{
    const int repeat = (int)(2000000 / a->n) + 1;
    a->fused = fused;
    const double start = mye_now_s();
    for (int i = 0; i < repeat; i++)
        mye_parallel(ctx, SHARDS, run_shard, a);
    return 1e9 * (mye_now_s() - start) / repeat / (double)(a->n * STEPS);
}

static void bench(mye_context *ctx, layer *a, int rounds)
{
    double fused[MAX_ROUNDS], single[MAX_ROUNDS], ratio[MAX_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        fused[i] = time_ns(ctx, a, true);
        single[i] = time_ns(ctx, a, false);
        ratio[i] = single[i] / fused[i];
    }
    const double f = bench_median(fused, rounds), s = bench_median(single, rounds);
    printf("%-8s %-8s fused %6.3f ns (least %6.3f)  single passes %6.3f ns (least %6.3f)  ratio "
           "%5.2f\n",
           a->backward ? "backward" : "forward", a->norm ? "norm" : "plain", f, fused[0], s,
           single[0], bench_median(ratio, rounds));
}

/* ---- neurons of converted networks ---- */

typedef struct converted {
    const mye_kernels *k;
    int64_t n;
    const float *x;
    float *v, *s, *y;
    mye_transmit how;
    bool copies; /* the floor: the same bytes, no arithmetic */
} converted;

static void converted_shard(void *arg, int shard, int lane)
{
    const converted *a = arg;
    const int64_t from = a->n / CHUNK * shard / SHARDS * CHUNK;
    const int64_t n = a->n / CHUNK * (shard + 1) / SHARDS * CHUNK - from;
    (void)lane;
    if (!a->copies) {
        (void)a->k->transmit(&a->how, n, false, a->x + from, NULL, a->v + from, a->s + from,
                             a->y + from);
        return;
    }
    for (int64_t i = from; i < from + n; i++) {
        a->y[i] = a->x[i];
        a->v[i] += a->x[i];
        a->s[i] += a->x[i];
    }
}

static double converted_ns(mye_context *ctx, converted *a, bool copies)
{
    const int repeat = (int)(4000000 / a->n) + 1;
    a->copies = copies;
    const double start = mye_now_s();
    for (int i = 0; i < repeat; i++)
        mye_parallel(ctx, SHARDS, converted_shard, a);
    return 1e9 * (mye_now_s() - start) / repeat / (double)a->n;
}

static void bench_converted(mye_context *ctx, converted *a, const char *name, int rounds)
{
    double step[MAX_ROUNDS], floor[MAX_ROUNDS], ratio[MAX_ROUNDS];
    memset(a->s, 0, (size_t)a->n * sizeof *a->s);
    for (int i = 0; i < rounds; i++) {
        step[i] = converted_ns(ctx, a, false);
        floor[i] = converted_ns(ctx, a, true);
        memset(a->v, 0, (size_t)a->n * sizeof *a->v);
        memset(a->s, 0, (size_t)a->n * sizeof *a->s);
        ratio[i] = step[i] / floor[i];
    }
    printf("%-8s one step  %6.3f ns  the same bytes alone %6.3f ns  ratio %5.2f\n", name,
           bench_median(step, rounds), bench_median(floor, rounds), bench_median(ratio, rounds));
}

static void bench_all_converted(mye_context *ctx, layer *l, int rounds)
{
    const float most = MYE_TRANSMIT_MOST;
    converted a = {.k = l->k, .n = l->n, .x = l->x, .v = l->g, .s = l->dx, .y = l->dx + l->n};
    a.how = (mye_transmit){.theta = 1.0f, .low = 0.0f, .high = 1.0f};
    bench_converted(ctx, &a, "soft", rounds);
    a.how = (mye_transmit){.theta = 0.0625f, .low = most, .high = most};
    bench_converted(ctx, &a, "aug", rounds);
    a.how.floor = true;
    bench_converted(ctx, &a, "exact", rounds);
}

static float *numbers(int64_t n, float low, float high)
{
    float *x = aligned_alloc(64, (size_t)n * sizeof *x);
    if (!x)
        exit(4);
    for (int64_t i = 0; i < n; i++)
        x[i] = low + (high - low) * (float)((uint64_t)i * 2654435761u >> 20 & 1023) / 1024.0f;
    return x;
}

static int run(mye_context *ctx, int64_t neurons, int rounds)
{
    layer a = {.k = mye_context_table(ctx), .n = (neurons + CHUNK - 1) / CHUNK * CHUNK};
    a.lif = (mye_lif){
        .decay = 0.5f, .gain = 1.0f, .theta = 1.0f, .subtract = 1.0f, .detach_reset = true};
    a.x = numbers(a.n * STEPS, -0.5f, 1.5f);
    a.g = numbers(a.n * STEPS, -1.0f, 1.0f);
    a.dx = numbers(a.n * STEPS, 0.0f, 1.0f);
    a.bits = calloc((size_t)(a.n * STEPS / 64), sizeof *a.bits);
    for (int c = 0; c < CHANNELS; c++)
        a.scale[c] = 1.0f + (float)c / CHANNELS, a.shift[c] = -0.25f;
    printf("kernels %s, %lld neurons, %d steps, %d threads\n", a.k->name, (long long)a.n, STEPS,
           mye_context_threads(ctx));
    for (int i = 0; i < 4 && a.bits; i++) {
        a.backward = i / 2;
        a.norm = i % 2;
        bench(ctx, &a, rounds);
    }
    bench_all_converted(ctx, &a, rounds);
    free(a.x);
    free(a.g);
    free(a.dx);
    free(a.bits);
    return 0;
}

int main(int argc, char **argv)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    int64_t neurons = 1 << 20;
    int rounds = 9;
    options.threads = 2;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kernels") == 0)
            options.kernels = argv[i + 1];
        else if (strcmp(argv[i], "--neurons") == 0)
            neurons = atoll(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            options.threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[i + 1]);
    }
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    mye_context *ctx;
    mye_error err;
    if (neurons < 1 || mye_context_create(&options, &ctx, &err)) {
        (void)fprintf(stderr, "error: %s\n", neurons < 1 ? "no neurons" : err.message);
        return 1;
    }
    const int status = run(ctx, neurons, rounds);
    mye_context_free(ctx);
    return status;
}
