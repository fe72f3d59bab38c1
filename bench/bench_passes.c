/*
 * Speed of the elementwise passes and neurons, in nanoseconds per element on one thread, beside the
 * reference (A, B, A, B in one process).
 *
 *   bench_passes [--kernels avx512] [--elements 16384] [--rounds 9]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "median.h"

#define MAX_ROUNDS 99
#define CHANNELS   64

typedef struct data {
    int64_t n;
    float *x, *y, *g, *h, *u, *v;
    uint64_t *bits;
    mye_lif lif;
} data;

typedef void (*pass_fn)(const mye_kernels *k, const data *d);

static void pass_expand(const mye_kernels *k, const data *d)
{
    k->bits_expand(d->n, d->bits, 0, d->y);
}

static void pass_forward(const mye_kernels *k, const data *d)
{
    (void)k->lif_forward(&d->lif, d->n, false, d->x, d->u, d->bits);
}

static void pass_backward(const mye_kernels *k, const data *d)
{
    k->lif_backward(&d->lif, d->n, d->g, d->h, d->u, d->v, d->y, NULL);
}

static void pass_collect(const mye_kernels *k, const data *d)
{
    k->rate_collect(&d->lif, 1, d->n, d->u, d->h, d->v, d->y, d->g);
}

static void pass_affine(const mye_kernels *k, const data *d)
{
    k->affine(d->n / CHANNELS, CHANNELS, d->x, d->u, d->v, d->y);
}

static void pass_affine2(const mye_kernels *k, const data *d)
{
    k->affine2(d->n / CHANNELS, CHANNELS, d->g, d->x, d->u, d->v, d->h, d->y);
}

static void pass_sums(const mye_kernels *k, const data *d)
{
    k->norm_sums(d->n / CHANNELS, CHANNELS, CHANNELS, d->x, d->u, d->y, d->g);
}

static void pass_grad_sums(const mye_kernels *k, const data *d)
{
    k->norm_grad_sums(d->n / CHANNELS, CHANNELS, d->x, d->h, d->u, d->y, d->g, d->v);
}

static void pass_columns(const mye_kernels *k, const data *d)
{
    k->column_sums(d->n / CHANNELS, CHANNELS, d->x, d->y);
}

static void pass_add(const mye_kernels *k, const data *d)
{
    k->add(d->n, d->x, d->y);
}

static double time_ns(const mye_kernels *k, const data *d, pass_fn pass, int surrogate)
{
    const int repeat = (int)(4000000 / d->n) + 1;
    const double start = mye_now_s();
    for (int i = 0; i < repeat; i++) {
        if (pass)
            pass(k, d);
        else
            k->surrogate[surrogate](d->n, d->u, 1.0f, 2.0f, 0.01f, d->h);
    }
    return 1e9 * (mye_now_s() - start) / repeat / (double)d->n;
}

static void refill(const data *d)
{
    float *const all[] = {d->x, d->y, d->g, d->h, d->u, d->v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int64_t k = 0; k < d->n; k++)
            all[i][k] = (float)((uint64_t)k * 2654435761u >> 20 & 1023) / 1024.0f;
}

static void bench(const char *name, const mye_kernels *k, const data *d, pass_fn pass,
                  int surrogate, int rounds)
{
    double fast[MAX_ROUNDS], slow[MAX_ROUNDS], ratio[MAX_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        refill(d);
        fast[i] = time_ns(k, d, pass, surrogate);
        refill(d);
        slow[i] = time_ns(&mye_kernels_ref, d, pass, surrogate);
        ratio[i] = slow[i] / fast[i];
    }
    printf("%-24s %7.3f ns  ref %7.3f ns  ratio %6.1f\n", name, bench_median(fast, rounds),
           bench_median(slow, rounds), bench_median(ratio, rounds));
}

static float *numbers(int64_t n)
{
    float *x = aligned_alloc(64, ((size_t)n * sizeof *x + 63) / 64 * 64);
    if (!x)
        exit(4);
    return x;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        pass_fn pass;
    } passes[] = {
        {"bits_expand", pass_expand},    {"lif_forward", pass_forward},
        {"lif_backward", pass_backward}, {"rate_collect", pass_collect},
        {"affine", pass_affine},         {"affine2", pass_affine2},
        {"norm_sums", pass_sums},        {"norm_grad_sums", pass_grad_sums},
        {"column_sums", pass_columns},   {"add", pass_add},
    };
    static const char *const surrogates[] = {
#define X(name) "surrogate " #name,
        MYE_SURROGATE_LIST(X)
#undef X
    };
    const char *kernels = NULL;
    int rounds = 9;
    data d = {.n = 16384};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kernels") == 0)
            kernels = argv[i + 1];
        else if (strcmp(argv[i], "--elements") == 0)
            d.n = atoll(argv[i + 1]) / CHANNELS * CHANNELS;
        else if (strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[i + 1]);
    }
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    const mye_kernels *k;
    mye_error err;
    if (d.n < CHANNELS || mye_kernels_find(kernels, &k, &err)) {
        (void)fprintf(stderr, "error: %s\n", d.n < CHANNELS ? "too few elements" : err.message);
        return 1;
    }
    float **const all[] = {&d.x, &d.y, &d.g, &d.h, &d.u, &d.v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        *all[i] = numbers(d.n);
    d.bits = calloc((size_t)d.n / 64 + 1, 8);
    d.lif = (mye_lif){.decay = 0.5f, .gain = 1.0f, .theta = 1.0f, .subtract = 1.0f};
    printf("kernels %s, %lld elements, 1 thread\n", k->name, (long long)d.n);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        bench(passes[i].name, k, &d, passes[i].pass, 0, rounds);
    for (int i = 0; i < MYE_SURROGATE_COUNT; i++)
        bench(surrogates[i], k, &d, NULL, i, rounds);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(*all[i]);
    free(d.bits);
    return 0;
}
