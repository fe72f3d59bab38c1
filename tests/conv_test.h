/* Any way to compute a convolution, of any table, against the reference: shared by its tests. */
#ifndef MYE_CONV_TEST_H
#define MYE_CONV_TEST_H

#include "kernel_test.h"

#define MAX_LANES 3

/* ThreadSanitizer makes arithmetic many times slower, and it looks for races, not for tails. */
#ifdef __SANITIZE_THREAD__
#define STRIDE 9
#else
#define STRIDE 1
#endif

typedef struct machine {
    mye_context *ctx;
    mye_lane lane[MAX_LANES];
    mye_run_lanes run;
} machine;

static inline void machine_open(machine *m, int threads)
{
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = threads;
    assert_int_equal(mye_context_create(&o, &m->ctx, NULL), MYE_OK);
    memset(m->lane, 0, sizeof m->lane);
    m->run = (mye_run_lanes){m->ctx, m->lane};
}

static inline void machine_lanes(machine *m, size_t bytes)
{
    for (int i = 0; i < MAX_LANES; i++) {
        free(m->lane[i].base);
        m->lane[i] = (mye_lane){aligned_alloc(64, (bytes + 63) / 64 * 64), bytes, 0};
        memset(m->lane[i].base, 0xff, bytes); /* NaN: nothing may rely on old content */
    }
}

static inline void machine_close(machine *m)
{
    for (int i = 0; i < MAX_LANES; i++)
        free(m->lane[i].base);
    mye_context_free(m->ctx);
}

/* ---- convolution ---- */

typedef struct image_source {
    const float *data;
    const mye_conv_shape *s;
} image_source;

static inline void read_rows(const void *self, int64_t i, int h0, int h1, float *dst,
                             ptrdiff_t pitch, mye_lane *lane)
{
    const image_source *src = self;
    const size_t row = (size_t)src->s->W * (size_t)src->s->C;
    const size_t used = lane->used;
    float *own = mye_lane_take(lane, row * sizeof *own); /* readers may take scratch as well */
    for (int h = h0; h < h1; h++) {
        memcpy(own, src->data + ((size_t)i * (size_t)src->s->H + (size_t)h) * row,
               row * sizeof *own);
        memcpy(dst + (h - h0) * pitch, own, row * sizeof *own);
    }
    lane->used = used;
}

typedef struct conv_case {
    mye_conv_shape s;
    int64_t n, inputs, outputs, weights;
    float *x, *w, *b, *dy, *dx, *dw, *db; /* dx, dw, db: what is there before */
} conv_case;

static inline void conv_make(conv_case *c, mye_conv_shape s, int64_t n)
{
    s.OH = (s.H + 2 * s.ph - s.kh) / s.sh + 1;
    s.OW = (s.W + 2 * s.pw - s.kw) / s.sw + 1;
    c->s = s;
    c->n = n;
    c->inputs = n * s.H * s.W * s.C;
    c->outputs = n * s.OH * s.OW * s.O;
    c->weights = (int64_t)s.kh * s.kw * (s.C / s.groups) * s.O;
    c->x = floats(c->inputs);
    c->w = floats(c->weights);
    c->b = floats(s.O);
    c->dy = floats(c->outputs);
    c->dx = floats(c->inputs);
    c->dw = floats(c->weights);
    c->db = floats(s.O);
}

static inline void conv_drop(conv_case *c)
{
    float *const all[] = {c->x, c->w, c->b, c->dy, c->dx, c->dw, c->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

typedef struct conv_result {
    float *y, *plain, *dx, *added, *dw, *db;
} conv_result;

static inline void result_drop(conv_result *r)
{
    float *const all[] = {r->y, r->plain, r->dx, r->added, r->dw, r->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static inline const float *conv_packed(const mye_conv_kernels *k, machine *m, const conv_case *c,
                                       int direction, float **owner)
{
    const size_t bytes = k->pack_bytes(&c->s, direction);
    if (bytes == 0) {
        *owner = NULL;
        return c->w;
    }
    *owner = aligned_alloc(MYE_ALIGN, (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN);
    memset(*owner, 0xff, bytes);
    k->pack(m->run, &c->s, direction, c->w, *owner);
    return *owner;
}

static inline void conv_lanes(const mye_conv_kernels *k, machine *m, const conv_case *c, int pass)
{
    const size_t row = (size_t)c->s.W * (size_t)c->s.C * sizeof(float);
    machine_lanes(m, k->lane_bytes(&c->s, pass) + (row + 63) / 64 * 64);
}

/* floats_too: the images lie in memory as well, one after another. */
static inline conv_result conv_run(const mye_conv_kernels *k, machine *m, const conv_case *c,
                                   bool floats_too)
{
    const image_source source = {c->x, &c->s};
    const mye_images x = {.read = read_rows, .self = &source, .floats = floats_too ? c->x : NULL};
    conv_result r = {floats(c->outputs),     floats(c->outputs),      floats(c->inputs),
                     copy(c->dx, c->inputs), copy(c->dw, c->weights), copy(c->db, c->s.O)};
    float *own;
    const float *packed = conv_packed(k, m, c, 0, &own);
    conv_lanes(k, m, c, 0);
    k->forward(m->run, &c->s, c->n, x, packed, c->b, r.y, NULL);
    k->forward(m->run, &c->s, c->n, x, packed, NULL, r.plain, NULL);
    free(own);
    packed = conv_packed(k, m, c, 1, &own);
    conv_lanes(k, m, c, 1);
    k->backward_data(m->run, &c->s, c->n, c->dy, packed, r.dx, false);
    k->backward_data(m->run, &c->s, c->n, c->dy, packed, r.added, true);
    free(own);
    conv_lanes(k, m, c, 2);
    const size_t bytes = k->scratch_bytes(&c->s, c->n);
    float *scratch = aligned_alloc(64, bytes / 64 * 64 + 64);
    memset(scratch, 0xff, bytes);
    k->backward_weight(m->run, &c->s, c->n, x, c->dy, r.dw, r.db, scratch);
    free(scratch);
    return r;
}

/* e: of one rounding, in a random walk */
static inline void conv_compare(const char *table, const conv_case *c, const conv_result *got,
                                const conv_result *want, double e)
{
    const mye_conv_shape *s = &c->s;
    const double terms = sqrt((double)s->kh * s->kw * (s->C > s->O ? s->C : s->O));
    const double points = sqrt((double)(c->n * s->OH * s->OW + 1));
    char name[160];
#define CHECK(field, size, tolerance)                                                          \
    (void)snprintf(name, sizeof name,                                                          \
                   "n %lld C %d H %d W %d O %d k %dx%d s %d,%d p %d,%d g %d: " #field,         \
                   (long long)c->n, s->C, s->H, s->W, s->O, s->kh, s->kw, s->sh, s->sw, s->ph, \
                   s->pw, s->groups);                                                          \
    check_close(table, name, size, got->field, want->field, tolerance)
    CHECK(y, c->outputs, e * terms);
    CHECK(plain, c->outputs, e * terms);
    CHECK(dx, c->inputs, e * terms);
    CHECK(added, c->inputs, e * terms);
    CHECK(dw, c->weights, e * points);
    CHECK(db, c->s.O, e * points);
#undef CHECK
}

static inline void conv_check(mye_conv_way way, mye_conv_shape s, int64_t n)
{
    const double e = way == MYE_CONV_WINOGRAD ? 4e-6 : 1e-6; /* its transforms round, too */
    const mye_kernels *all[8];
    conv_case c;
    machine one, two;
    conv_make(&c, s, n);
    machine_open(&one, 1);
    machine_open(&two, 2);
    mye_kernels_all(all);
    conv_result want = conv_run(&mye_kernels_ref.conv[MYE_CONV_DIRECT], &one, &c, false);
    for (int i = 1; all[i]; i++) {
        const mye_conv_kernels *k = &all[i]->conv[way];
        conv_result a = conv_run(k, &one, &c, false), b = conv_run(k, &two, &c, true);
        conv_compare(all[i]->name, &c, &a, &want, e);
        conv_compare(all[i]->name, &c, &b, &a, 0.0);
        result_drop(&a);
        result_drop(&b);
    }
    result_drop(&want);
    machine_close(&one);
    machine_close(&two);
    conv_drop(&c);
}

static inline mye_conv_shape square(int C, int size, int O, int k, int stride, int pad)
{
    return (mye_conv_shape){C, size, size, O, 0, 0, k, k, stride, stride, pad, pad, 1};
}

#endif
