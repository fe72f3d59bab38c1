/* Timing of one layer's ways: see myelin/bench_layer.h. */
#include "myelin/bench_layer.h"

#include <string.h>

#include "kernel/kernel.h"

struct mye_layer_bench {
    mye_context *ctx;
    const mye_kernels *k;
    mye_conv_shape s;
    int64_t n, words; /* images; words of an image's bits */
    float *x, *w, *y, *packed, *scratch;
    uint64_t *bits;
    unsigned char *lanes;
    mye_lane lane[256];
    int threads;
};

/* ---- the input ---- */

static const uint64_t *image_bits(const void *self, int64_t i)
{
    const mye_layer_bench *b = self;
    return b->bits + i * b->words;
}

static void read_rows(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                      mye_lane *lane)
{
    const mye_layer_bench *b = self;
    const int64_t row = (int64_t)b->s.W * b->s.C;
    MYE_UNUSED(lane);
    for (int h = h0; h < h1; h++, dst += pitch)
        b->k->bits_expand(row, image_bits(b, i), h * row, dst);
}

void mye_layer_bench_fill(mye_layer_bench *b, double rate)
{
    const int64_t size = (int64_t)b->s.H * b->s.W * b->s.C;
    memset(b->bits, 0, (size_t)(b->n * b->words) * sizeof *b->bits);
    for (int64_t i = 0; i < b->n; i++)
        for (int64_t e = 0; e < size; e++) {
            const uint64_t at = (uint64_t)(i * size + e);
            const bool on = (double)mye_random_uniform(1, MYE_STREAM_TEST, at) < rate;
            b->bits[i * b->words + e / 64] |= (uint64_t)on << (e % 64);
        }
}

/* ---- memory ---- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

typedef struct sizes {
    size_t packed, scratch, lane;
} sizes;

static sizes most(const mye_layer_bench *b)
{
    sizes m = {0, 0, 0};
    for (int way = 0; way < MYE_CONV_WAYS; way++)
        for (int pass = 0; pass < MYE_CONV_PASSES; pass++) {
            const mye_conv_kernels *k = &b->k->conv[way];
            if (!mye_layer_bench_fits(b, way, (mye_layer_pass)pass))
                continue;
            m.lane = larger(m.lane, k->lane_bytes(&b->s, pass));
            if (pass == MYE_CONV_WEIGHT)
                m.scratch = larger(m.scratch, k->scratch_bytes(&b->s, b->n));
            else
                m.packed = larger(m.packed, k->pack_bytes(&b->s, pass));
        }
    m.lane = (m.lane + MYE_ALIGN) / MYE_ALIGN * MYE_ALIGN;
    return m;
}

static void fill_floats(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = mye_random_uniform(2, MYE_STREAM_TEST, i) - 0.5f;
}

static mye_status allocate(mye_layer_bench *b, mye_error *err)
{
    const mye_conv_shape *s = &b->s;
    const size_t n = (size_t)b->n, x = n * (size_t)s->H * (size_t)s->W * (size_t)s->C;
    const size_t y = n * (size_t)s->OH * (size_t)s->OW * (size_t)s->O;
    const size_t w = (size_t)s->kh * (size_t)s->kw * (size_t)s->C * (size_t)s->O;
    const sizes m = most(b);
    b->threads = mye_context_threads(b->ctx);
    b->x = mye_alloc_big(b->ctx, x * sizeof(float));
    b->y = mye_alloc_big(b->ctx, y * sizeof(float));
    b->w = mye_alloc_big(b->ctx, w * sizeof(float));
    b->packed = mye_alloc_big(b->ctx, m.packed);
    b->scratch = mye_alloc_big(b->ctx, m.scratch);
    b->bits = mye_alloc_array(b->ctx, n * (size_t)b->words, sizeof *b->bits);
    b->lanes = mye_alloc_big(b->ctx, m.lane * (size_t)b->threads);
    if (!b->x || !b->y || !b->w || !b->packed || !b->scratch || !b->bits || !b->lanes)
        return mye_no_memory(err, (x + y + w) * sizeof(float), "the tensors of a layer");
    for (int i = 0; i < b->threads; i++)
        b->lane[i] = (mye_lane){b->lanes + (size_t)i * m.lane, m.lane, 0};
    fill_floats(b->y, y);
    fill_floats(b->w, w);
    return MYE_OK;
}

mye_status mye_layer_bench_create(mye_context *ctx, const mye_layer_shape *o, mye_layer_bench **out,
                                  mye_error *err)
{
    *out = NULL;
    if (o->C < 1 || o->H < 1 || o->O < 1 || o->kernel < 1 || o->stride < 1 || o->images < 1)
        return mye_fail(err, MYE_ERR_ARG, "a layer's sizes must be positive");
    mye_layer_bench *b = mye_alloc(ctx, sizeof *b);
    if (b == NULL)
        return mye_no_memory(err, sizeof *b, "a benchmark");
    const int pad = o->kernel / 2, size = (o->H + 2 * pad - o->kernel) / o->stride + 1;
    b->ctx = ctx;
    b->k = mye_context_table(ctx);
    b->n = o->images;
    b->s = (mye_conv_shape){o->C,      o->H,      o->H,      o->O, size, size, o->kernel,
                            o->kernel, o->stride, o->stride, pad,  pad,  1};
    b->words = ((int64_t)o->C * o->H * o->H + 63) / 64;
    const mye_status status = allocate(b, err);
    if (status != MYE_OK)
        mye_layer_bench_free(b);
    else
        *out = b;
    return status;
}

void mye_layer_bench_free(mye_layer_bench *b)
{
    if (b == NULL)
        return;
    mye_free(b->ctx, b->x);
    mye_free(b->ctx, b->y);
    mye_free(b->ctx, b->w);
    mye_free(b->ctx, b->packed);
    mye_free(b->ctx, b->scratch);
    mye_free(b->ctx, b->bits);
    mye_free(b->ctx, b->lanes);
    mye_free(b->ctx, b);
}

/* ---- running ---- */

const char *mye_layer_bench_way(const mye_layer_bench *b, int i)
{
    if (i >= MYE_CONV_WAYS)
        return NULL;
    return b->k->conv[i].name != NULL ? b->k->conv[i].name : "";
}

bool mye_layer_bench_fits(const mye_layer_bench *b, int way, mye_layer_pass pass)
{
    const mye_conv_kernels *k = &b->k->conv[way];
    return k->name != NULL && k->fits(&b->s, (int)pass);
}

double mye_layer_bench_run(mye_layer_bench *b, int way, mye_layer_pass pass)
{
    const mye_conv_kernels *k = &b->k->conv[way];
    const mye_images x = {.read = read_rows, .self = b, .bits = image_bits};
    const mye_run_lanes r = {b->ctx, b->lane};
    const float *packed = b->w;
    const double start = mye_now_s();
    if (pass != MYE_LAYER_WEIGHT && k->pack_bytes(&b->s, (int)pass) > 0) {
        k->pack(r, &b->s, (int)pass, b->w, b->packed);
        packed = b->packed;
    }
    if (pass == MYE_LAYER_FORWARD)
        k->forward(r, &b->s, b->n, x, packed, NULL, b->y, NULL);
    else if (pass == MYE_LAYER_DATA)
        k->backward_data(r, &b->s, b->n, b->y, packed, b->x, false);
    else
        k->backward_weight(r, &b->s, b->n, x, b->y, b->w, NULL, b->scratch);
    return mye_now_s() - start;
}

double mye_layer_bench_cost(const mye_layer_bench *b, int way, mye_layer_pass pass, double rate)
{
    return b->k->conv[way].cost(&b->s, b->n, (int)pass, pass == MYE_LAYER_DATA ? 1 : rate);
}

double mye_layer_bench_gflop(const mye_layer_bench *b)
{
    const mye_conv_shape *s = &b->s;
    return 2e-9 * (double)b->n * s->OH * s->OW * s->O * s->C * s->kh * s->kw;
}
