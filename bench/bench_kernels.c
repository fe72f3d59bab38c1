/*
 * Speed of the convolution kernels, each layer and pass in turn with the opponents' (A, B, A, B in
 * one process), beside a probe of the processor's multiply-add peak in the same minute.
 *
 *   bench_kernels [--kernels avx512] [--threads 2] [--rounds 9] [--case TEXT] [--images N]
 *                 [--pass 0|1|2] [--way direct|winograd|spikes|int8] [--density D]
 *
 * --density: the input is spikes, of which the share D is set, handed on as bits; backward data,
 * the share D of the output's gradient is not 0.
 *
 * Prints GFLOP/s (medians) and the median of the ratios of neighbouring runs: opponent's time by
 * ours, so above 1 we are faster. Packing of weights is counted for dense layers (the opponent
 * packs in every call, too) and left out for convolutions (the opponent's weights lie ready).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "median.h"
#include "opponents.h"

#define MAX_ROUNDS 99

typedef struct bench {
    const mye_kernels *k;
    mye_context *ctx;
    mye_lane lane[256];
    mye_run_lanes run;
    int threads, rounds;
    const char *way; /* NULL: every way that fits */
    double density;  /* 0: the input is floats    */
} bench;

typedef struct layer {
    const char *name;
    int n;
    mye_conv_shape s;
} layer;

#define CONV(C, O, size, k, stride)                                                                \
    {                                                                                              \
        C, size, size, O, ((size) + (k) / 2 * 2 - (k)) / (stride) + 1,                             \
            ((size) + (k) / 2 * 2 - (k)) / (stride) + 1, k, k, stride, stride, (k) / 2, (k) / 2, 1 \
    }

static const layer layers[] = {
    {"64->64 32x32", 64, CONV(64, 64, 32, 3, 1)},
    {"128->128 16x16", 64, CONV(128, 128, 16, 3, 1)},
    {"256->256 8x8", 64, CONV(256, 256, 8, 3, 1)},
    {"512->512 4x4", 64, CONV(512, 512, 4, 3, 1)},
    {"64->64 32x32", 128, CONV(64, 64, 32, 3, 1)},
    {"128->128 16x16", 256, CONV(128, 128, 16, 3, 1)},
    {"256->256 8x8", 256, CONV(256, 256, 8, 3, 1)},
    {"512->512 4x4", 256, CONV(512, 512, 4, 3, 1)},
    {"3->64 32x32", 64, CONV(3, 64, 32, 3, 1)},
    {"64->128 32x32 stride 2", 64, CONV(64, 128, 32, 3, 2)},
    {"256->512 8x8 stride 2", 64, CONV(256, 512, 8, 3, 2)},
    {"64->128 32x32 1x1 stride 2", 64, CONV(64, 128, 32, 1, 2)},
    {"1->32 28x28", 64, CONV(1, 32, 28, 3, 1)},
    {"32->64 14x14", 256, CONV(32, 64, 14, 3, 1)},
    {"dense 3136->10", 256, CONV(3136, 10, 1, 1, 1)},
    {"dense 784->800", 128, CONV(784, 800, 1, 1, 1)},
    {"dense 784->800", 512, CONV(784, 800, 1, 1, 1)},
    {"dense 800->10", 512, CONV(800, 10, 1, 1, 1)},
    {"dense 512->512", 256, CONV(512, 512, 1, 1, 1)},
};

static float *numbers(size_t n)
{
    const size_t page = (size_t)1 << 21;
    float *x = aligned_alloc(page, (n * sizeof *x + page) / page * page);
    if (!x)
        exit(4);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(i * 2654435761u >> 20 & 1023) / 1024.0f - 0.5f;
    return x;
}

/* ---- our side ---- */

typedef struct image_source {
    const float *data;
    const uint64_t *bits;
    const mye_conv_shape *s;
} image_source;

static int64_t image_words(const mye_conv_shape *s)
{
    return ((int64_t)s->H * s->W * s->C + 63) / 64;
}

static const uint64_t *image_bits(const void *self, int64_t i)
{
    const image_source *src = self;
    return src->bits + i * image_words(src->s);
}

static void read_rows(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                      mye_lane *lane)
{
    const image_source *src = self;
    const size_t row = (size_t)src->s->W * (size_t)src->s->C;
    MYE_UNUSED(lane);
    for (int h = h0; h < h1; h++)
        memcpy(dst + (h - h0) * pitch,
               src->data + ((size_t)i * (size_t)src->s->H + (size_t)h) * row, row * sizeof *dst);
}

typedef struct ours {
    bench *b;
    const layer *l;
    const mye_conv_kernels *k;
    int pass;
    float *x, *w, *y, *packed, *scratch;
    uint64_t *bits; /* NULL: floats */
    bool pack;
} ours;

static void ours_pack(const ours *o)
{
    const mye_conv_kernels *k = o->k;
    if (k->pack_bytes(&o->l->s, o->pass) > 0)
        k->pack(o->b->run, &o->l->s, o->pass, o->w, o->packed);
}

static void ours_run(const ours *o)
{
    const mye_conv_kernels *k = o->k;
    const mye_conv_shape *s = &o->l->s;
    const image_source source = {o->x, o->bits, s};
    const mye_images images = {read_rows, &source, o->bits ? image_bits : NULL,
                               o->bits ? NULL : o->x};
    const float *packed = o->pass < 2 && k->pack_bytes(s, o->pass) > 0 ? o->packed : o->w;
    if (o->pack && o->pass < 2)
        ours_pack(o);
    if (o->pass == 0)
        k->forward(o->b->run, s, o->l->n, images, packed, NULL, o->y, NULL);
    else if (o->pass == 1)
        k->backward_data(o->b->run, s, o->l->n, o->y, packed, o->x, false);
    else
        k->backward_weight(o->b->run, s, o->l->n, images, o->y, o->w, NULL, o->scratch);
}

/* Spikes of the wanted density in x, and as bits. */
static void fill_spikes(ours *o)
{
    const mye_conv_shape *s = &o->l->s;
    const int64_t words = image_words(s), size = (int64_t)s->H * s->W * s->C;
    o->bits = calloc((size_t)(words * o->l->n), sizeof *o->bits);
    if (!o->bits)
        exit(4);
    for (int64_t i = 0; i < o->l->n; i++)
        for (int64_t e = 0; e < size; e++) {
            const bool on = (double)mye_random_uniform(1, MYE_STREAM_TEST,
                                                       (uint64_t)(i * size + e)) < o->b->density;
            o->x[i * size + e] = on ? 1.0f : 0.0f;
            o->bits[i * words + e / 64] |= (uint64_t)on << (e % 64);
        }
}

static void thin_gradient(ours *o)
{
    const mye_conv_shape *s = &o->l->s;
    const int64_t size = (int64_t)o->l->n * s->OH * s->OW * s->O;
    for (int64_t e = 0; e < size; e++)
        if ((double)mye_random_uniform(2, MYE_STREAM_TEST, (uint64_t)e) >= o->b->density)
            o->y[e] = 0.0f;
}

static void ours_open(ours *o, bench *b, const layer *l, const mye_conv_kernels *k, int pass)
{
    const mye_conv_shape *s = &l->s;
    const size_t n = (size_t)l->n;
    *o = (ours){.b = b, .l = l, .k = k, .pass = pass, .pack = s->H == 1};
    o->x = numbers(n * (size_t)(s->H * s->W * s->C));
    o->y = numbers(n * (size_t)(s->OH * s->OW * s->O));
    o->w = numbers((size_t)(s->kh * s->kw * s->C * s->O));
    o->scratch = numbers(pass == 2 ? k->scratch_bytes(s, l->n) / sizeof(float) : 1);
    o->packed = numbers(pass < 2 ? k->pack_bytes(s, pass) / sizeof(float) : 1);
    const size_t bytes = k->lane_bytes(s, pass) + MYE_ALIGN;
    for (int i = 0; i < b->threads; i++)
        b->lane[i] = (mye_lane){(unsigned char *)numbers(bytes / sizeof(float)), bytes, 0};
    if (b->density > 0)
        fill_spikes(o);
    if (b->density > 0 && pass == MYE_CONV_DATA)
        thin_gradient(o);
    if (pass < 2)
        ours_pack(o);
}

static void ours_close(ours *o)
{
    float *const all[] = {o->x, o->w, o->y, o->packed, o->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    free(o->bits);
    for (int i = 0; i < o->b->threads; i++)
        free(o->b->lane[i].base);
}

/* ---- rounds ---- */

static void bench_pass(bench *b, const layer *l, const mye_conv_kernels *k, int pass)
{
    static const char *const passes[] = {"forward", "backward data", "backward weights"};
    const mye_conv_shape *s = &l->s;
    double ours_s[MAX_ROUNDS], theirs_s[MAX_ROUNDS], ratio[MAX_ROUNDS];
    const double flops = 2.0 * l->n * s->OH * s->OW * s->O * s->C * s->kh * s->kw;
    /* OpenBLAS's threads spin this long after their work; ours should not compete with them. */
    const struct timespec settle = {0, 150000000};
    ours o;
    opponent them = {0};
    ours_open(&o, b, l, k, pass);
    bool any = opponent_openblas(s, l->n, pass, o.x, o.w, o.y, &them);
    if (!any)
        any = opponent_dnnl(s, l->n, pass, k == &b->k->conv[MYE_CONV_WINOGRAD], &them);
    const int repeat = flops < 4e9 ? (int)(4e9 / flops) : 1;
    for (int i = 0; i < b->rounds; i++) {
        ours_run(&o); /* warms up */
        double start = mye_now_s();
        for (int turn = 0; turn < repeat; turn++)
            ours_run(&o);
        ours_s[i] = (mye_now_s() - start) / repeat;
        if (!any)
            continue;
        them.run(them.self);
        start = mye_now_s();
        for (int turn = 0; turn < repeat; turn++)
            them.run(them.self);
        theirs_s[i] = (mye_now_s() - start) / repeat;
        ratio[i] = theirs_s[i] / ours_s[i];
        (void)nanosleep(&settle, NULL);
    }
    printf("%-28s %4d %-16s %-8s %7.1f GFLOP/s", l->name, l->n, passes[pass], k->name,
           1e-9 * flops / bench_median(ours_s, b->rounds));
    if (any) {
        const double middle = bench_median(ratio, b->rounds);
        printf("  %-8s %7.1f  ratio %.3f (%.3f .. %.3f)", them.name,
               1e-9 * flops / bench_median(theirs_s, b->rounds), middle, ratio[b->rounds / 4],
               ratio[b->rounds * 3 / 4]);
    }
    printf("\n");
    (void)fflush(stdout);
    if (any)
        them.drop(them.self);
    ours_close(&o);
}

int main(int argc, char **argv)
{
    bench b = {.threads = 2, .rounds = 9};
    const char *kernels = NULL, *only = "";
    int images = 0, pass = -1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kernels") == 0)
            kernels = argv[i + 1];
        else if (strcmp(argv[i], "--threads") == 0)
            b.threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--rounds") == 0)
            b.rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--case") == 0)
            only = argv[i + 1];
        else if (strcmp(argv[i], "--images") == 0)
            images = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--pass") == 0)
            pass = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--way") == 0)
            b.way = argv[i + 1];
        else if (strcmp(argv[i], "--density") == 0)
            b.density = atof(argv[i + 1]);
    }
    b.threads = b.threads < 1 ? 1 : b.threads > 256 ? 256 : b.threads;
    b.rounds = b.rounds < 1 ? 1 : b.rounds > MAX_ROUNDS ? MAX_ROUNDS : b.rounds;
    opponents_settle(argv, b.threads);
    mye_error err;
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = b.threads;
    if (mye_context_create(&options, &b.ctx, &err) || mye_kernels_find(kernels, &b.k, &err)) {
        (void)fprintf(stderr, "error: %s\n", err.message);
        return 1;
    }
    b.run = (mye_run_lanes){b.ctx, b.lane};
    printf("kernels %s, %d threads, %d rounds\n", b.k->name, b.threads, b.rounds);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const layer *l = &layers[i];
        if (!strstr(l->name, only) || (images > 0 && l->n != images))
            continue;
        printf("multiply-add peak now %.0f GFLOP/s\n", mye_bench_peak(b.ctx));
        for (int p = 0; p < MYE_CONV_PASSES; p++)
            for (int way = 0; (pass < 0 || p == pass) && way < MYE_CONV_WAYS; way++) {
                const mye_conv_kernels *k = &b.k->conv[way];
                const bool wanted = !b.way || !k->name || strcmp(b.way, k->name) == 0;
                const bool has_input = way != MYE_CONV_INT8 || b.density > 0; /* bits only */
                if (k->name && wanted && has_input && k->fits(&l->s, p))
                    bench_pass(&b, l, k, p);
            }
    }
    mye_context_free(b.ctx);
    return 0;
}
