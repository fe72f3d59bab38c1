/*
 * The spike-driven way of every kernel table against the reference: random sizes with all tails,
 * all shares of zeros, bits and floats; and the same bits for any number of threads. All buffers are
 * exactly as large as promised, and hold NaN before.
 */
#include "kernel_test.h"

#define MAX_LANES 2

/* ThreadSanitizer makes arithmetic many times slower, and it looks for races, not for tails. */
#ifdef __SANITIZE_THREAD__
#define STRIDE 9
#else
#define STRIDE 1
#endif

/* ---- input that is zero for the most part ---- */

typedef enum kind { SPIKES_AS_BITS, SPIKES, COUNTS, SIGNED, ANY, KINDS } kind;

static float value_of(kind k)
{
    const float any[KINDS] = {1.0f, 1.0f, (float)pick(1, 2), pick(0, 1) ? 1.0f : -1.0f,
                              (float)(int32_t)draw() / 2147483648.0f};
    return any[k];
}

static float *sparse(int64_t n, double density, kind k)
{
    float *x = calloc((size_t)(n > 0 ? n : 1), sizeof *x);
    for (int64_t i = 0; i < n; i++)
        if ((double)(draw() >> 11) * 0x1p-53 < density)
            x[i] = value_of(k);
    return x;
}

typedef struct layer {
    mye_conv_shape s;
    int64_t n, image, inputs, outputs, weights;
    kind kind;
    float *x, *w, *b, *dy, *dx, *dw, *db; /* dx, dw, db: what is there before */
    uint64_t *bits;
} layer;

static void fill_bits(layer *l)
{
    const int64_t words = (l->image + 63) / 64;
    l->bits = calloc((size_t)(words * l->n + 1), sizeof *l->bits);
    for (int64_t i = 0; i < l->n; i++)
        for (int64_t e = 0; e < l->image; e++)
            l->bits[i * words + e / 64] |= (uint64_t)(l->x[i * l->image + e] != 0.0f) << (e % 64);
}

static void layer_make(layer *l, mye_conv_shape s, int64_t n, double density, kind k)
{
    s.OH = (s.H + 2 * s.ph - s.kh) / s.sh + 1;
    s.OW = (s.W + 2 * s.pw - s.kw) / s.sw + 1;
    *l = (layer){.s = s, .n = n, .kind = k, .image = (int64_t)s.H * s.W * s.C};
    l->inputs = n * l->image;
    l->outputs = n * s.OH * s.OW * s.O;
    l->weights = (int64_t)s.kh * s.kw * s.C * s.O;
    l->x = sparse(l->inputs, density, k);
    l->w = floats(l->weights);
    l->b = floats(s.O);
    l->dy = sparse(l->outputs, density, ANY);
    l->dx = floats(l->inputs);
    l->dw = floats(l->weights);
    l->db = floats(s.O);
    fill_bits(l);
}

static void layer_drop(layer *l)
{
    float *const all[] = {l->x, l->w, l->b, l->dy, l->dx, l->dw, l->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    free(l->bits);
}

static void read_rows(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                      mye_lane *lane)
{
    const layer *l = self;
    const size_t row = (size_t)l->s.W * (size_t)l->s.C, used = lane->used;
    float *own = mye_lane_take(lane, row * sizeof *own); /* readers may take scratch as well */
    for (int h = h0; h < h1; h++) {
        memcpy(own, l->x + i * l->image + (int64_t)h * (int64_t)row, row * sizeof *own);
        memcpy(dst + (h - h0) * pitch, own, row * sizeof *own);
    }
    lane->used = used;
}

static const uint64_t *read_bits(const void *self, int64_t i)
{
    const layer *l = self;
    return l->bits + i * ((l->image + 63) / 64);
}

/* ---- running ---- */

typedef struct machine {
    mye_context *ctx;
    mye_lane lane[MAX_LANES];
    mye_run_lanes run;
} machine;

static void machine_open(machine *m, int threads)
{
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = threads;
    assert_int_equal(mye_context_create(&o, &m->ctx, NULL), MYE_OK);
    memset(m->lane, 0, sizeof m->lane);
    m->run = (mye_run_lanes){m->ctx, m->lane};
}

static void machine_lanes(machine *m, const mye_conv_kernels *k, const layer *l, int pass)
{
    const size_t row = (size_t)l->s.W * (size_t)l->s.C * sizeof(float);
    const size_t bytes = k->lane_bytes(&l->s, pass) + (row + 63) / 64 * 64;
    for (int i = 0; i < MAX_LANES; i++) {
        free(m->lane[i].base);
        m->lane[i] = (mye_lane){aligned_alloc(64, (bytes + 63) / 64 * 64), bytes, 0};
        memset(m->lane[i].base, 0xff, bytes);
    }
}

static void machine_close(machine *m)
{
    for (int i = 0; i < MAX_LANES; i++)
        free(m->lane[i].base);
    mye_context_free(m->ctx);
}

typedef struct result {
    float *y, *plain, *dx, *added, *dw, *db;
} result;

static void result_drop(result *r)
{
    float *const all[] = {r->y, r->plain, r->dx, r->added, r->dw, r->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Counts how often each output is handed on, and looks whether it is complete. */
typedef struct watch {
    const layer *l;
    const float *y;
    int shards;
    unsigned char *seen;
} watch;

static void watch_block(void *self, int shard, const mye_conv_block *b, mye_lane *lane)
{
    watch *w = self;
    const mye_conv_shape *s = &w->l->s;
    MYE_UNUSED(lane);
    assert_in_range(shard, 0, w->shards - 1);
    for (int64_t i = b->i0; i < b->i1; i++)
        for (int64_t p = i * s->OH + b->h0; p < i * s->OH + b->h1; p++)
            for (int64_t e = p * s->OW; e < (p + 1) * s->OW; e++)
                for (int c = b->c0; c < b->c1; c++) {
                    assert_true(w->y[e * s->O + c] == w->y[e * s->O + c]); /* was NaN before */
                    w->seen[e * s->O + c]++;
                }
}

static void run_forward(const mye_conv_kernels *k, machine *m, const layer *l, mye_images x,
                        const float *packed, result *r)
{
    watch w = {l, r->y, k->shards(&l->s, l->n), calloc((size_t)l->outputs + 1, 1)};
    const mye_conv_done done = {watch_block, &w};
    machine_lanes(m, k, l, MYE_CONV_FORWARD);
    memset(r->y, 0xff, (size_t)l->outputs * sizeof *r->y);
    k->forward(m->run, &l->s, l->n, x, packed, l->b, r->y, &done);
    for (int64_t e = 0; w.shards > 0 && e < l->outputs; e++)
        assert_int_equal(w.seen[e], 1);
    free(w.seen);
    k->forward(m->run, &l->s, l->n, x, packed, NULL, r->plain, NULL);
}

static const float *pack(const mye_conv_kernels *k, machine *m, const layer *l, int direction,
                         float **owner)
{
    const size_t bytes = k->pack_bytes(&l->s, direction);
    *owner = bytes > 0 ? malloc(bytes) : NULL;
    if (bytes == 0)
        return l->w;
    memset(*owner, 0xff, bytes);
    k->pack(m->run, &l->s, direction, l->w, *owner);
    return *owner;
}

static result run(const mye_conv_kernels *k, machine *m, const layer *l)
{
    const mye_images x = {
        .read = read_rows, .self = l, .bits = l->kind == SPIKES_AS_BITS ? read_bits : NULL};
    result r = {floats(l->outputs),     floats(l->outputs),      floats(l->inputs),
                copy(l->dx, l->inputs), copy(l->dw, l->weights), copy(l->db, l->s.O)};
    float *own;
    for (int pass = 0; pass < MYE_CONV_PASSES; pass++)
        assert_true(k->fits(&l->s, pass));
    run_forward(k, m, l, x, pack(k, m, l, MYE_CONV_FORWARD, &own), &r);
    free(own);
    const float *packed = pack(k, m, l, MYE_CONV_DATA, &own);
    machine_lanes(m, k, l, MYE_CONV_DATA);
    k->backward_data(m->run, &l->s, l->n, l->dy, packed, r.dx, false);
    k->backward_data(m->run, &l->s, l->n, l->dy, packed, r.added, true);
    free(own);
    machine_lanes(m, k, l, MYE_CONV_WEIGHT);
    const size_t bytes = k->scratch_bytes(&l->s, l->n);
    float *scratch = aligned_alloc(64, bytes / 64 * 64 + 64);
    memset(scratch, 0xff, bytes);
    k->backward_weight(m->run, &l->s, l->n, x, l->dy, r.dw, r.db, scratch);
    k->backward_weight(m->run, &l->s, l->n, x, l->dy, r.dw, NULL, scratch);
    free(scratch);
    return r;
}

static void compare(const char *table, const layer *l, const result *got, const result *want,
                    bool exact)
{
    const mye_conv_shape *s = &l->s;
    const double e = exact ? 0.0 : 2e-6; /* of one rounding, in a random walk */
    const double terms = sqrt((double)s->kh * s->kw * (s->C > s->O ? s->C : s->O));
    const double points = 2 * sqrt((double)(l->n * s->OH * s->OW + 1));
    char name[160];
#define CHECK(field, size, tolerance)                                                          \
    (void)snprintf(name, sizeof name,                                                          \
                   "kind %d n %lld C %d H %d W %d O %d k %dx%d s %d,%d p %d,%d: " #field,      \
                   (int)l->kind, (long long)l->n, s->C, s->H, s->W, s->O, s->kh, s->kw, s->sh, \
                   s->sw, s->ph, s->pw);                                                       \
    check_close(table, name, size, got->field, want->field, tolerance)
    CHECK(y, l->outputs, e * terms);
    CHECK(plain, l->outputs, e * terms);
    CHECK(dx, l->inputs, e * terms);
    CHECK(added, l->inputs, e * terms);
    CHECK(dw, l->weights, e * points);
    CHECK(db, s->O, e * points);
#undef CHECK
}

static void check(mye_conv_shape s, int64_t n, double density, kind k)
{
    const mye_kernels *all[8];
    layer l;
    machine one, two;
    layer_make(&l, s, n, density, k);
    machine_open(&one, 1);
    machine_open(&two, 2);
    mye_kernels_all(all);
    result want = run(&mye_kernels_ref.conv[MYE_CONV_DIRECT], &one, &l);
    for (int i = 1; all[i]; i++) {
        const mye_conv_kernels *way = &all[i]->conv[MYE_CONV_SPIKES];
        assert_string_equal(way->name, "spikes");
        result a = run(way, &one, &l), b = run(way, &two, &l);
        compare(all[i]->name, &l, &a, &want, false);
        compare(all[i]->name, &l, &b, &a, true);
        result_drop(&a);
        result_drop(&b);
    }
    result_drop(&want);
    machine_close(&one);
    machine_close(&two);
    layer_drop(&l);
}

/* ---- tests ---- */

static const double densities[] = {0, 0.02, 0.1, 0.5, 1};

static mye_conv_shape square(int C, int size, int O, int k, int stride, int pad)
{
    return (mye_conv_shape){C, size, size, O, 0, 0, k, k, stride, stride, pad, pad, 1};
}

static void spikes_agree_with_the_reference_for_random_shapes(void **unused)
{
    static const int windows[] = {1, 2, 3, 5, 7};
    MYE_UNUSED(unused);
    state = 1;
    for (int i = 0; i < 200; i += STRIDE) {
        mye_conv_shape s = {.C = pick(1, 80), .O = pick(1, 70), .groups = 1};
        s.kh = windows[pick(0, 4)];
        s.kw = windows[pick(0, 4)];
        s.sh = pick(1, 3);
        s.sw = pick(1, 3);
        s.ph = pick(0, s.kh);
        s.pw = pick(0, s.kw);
        s.H = pick(s.kh, s.kh + 6);
        s.W = pick(s.kw, s.kw + 6);
        check(s, pick(1, 5), densities[pick(0, 4)], (kind)(i % KINDS));
    }
}

static void spikes_agree_for_every_tail_of_outputs_and_inputs(void **unused)
{
    MYE_UNUSED(unused);
    state = 2;
    for (int i = 1; i <= 140; i += STRIDE) {
        check(square(3, 4, i, 3, 1, 1), 1, 0.5, (kind)(i % KINDS));
        check(square(i, 3, 5, 3, 1, 1), 2, densities[i % 5], SPIKES_AS_BITS);
    }
}

static void every_kind_of_input_agrees_at_every_density(void **unused)
{
    MYE_UNUSED(unused);
    state = 3;
    for (int k = 0; k < KINDS; k++)
        for (int d = 0; d < 5; d++) {
            check(square(70, 6, 37, 3, 1, 1), 3, densities[d], (kind)k);
            check(square(66, 7, 130, 1, 2, 0), 3, densities[d], (kind)k);
        }
}

static void dense_layers_agree_for_many_rows(void **unused)
{
    MYE_UNUSED(unused);
    state = 4;
    check(square(784, 1, 10, 1, 1, 0), 5, 0.2, ANY);
    check(square(301, 1, 200, 1, 1, 0), 257, 0.1, SPIKES_AS_BITS);
    check(square(7, 1, 3, 1, 1, 0), 1500, 0.5, COUNTS);
    check(square(1000, 1, 3, 1, 1, 0), 700, 0.02, SPIKES_AS_BITS);
    for (int n = 1; n < 40; n += STRIDE)
        check(square(pick(1, 500), 1, pick(1, 300), 1, 1, 0), n, densities[n % 5],
              (kind)(n % KINDS));
}

static void large_layers_are_cut_into_bands_and_parts(void **unused)
{
    MYE_UNUSED(unused);
    state = 5;
    check(square(64, 60, 8, 3, 1, 1), 1, 0.1, SPIKES_AS_BITS);
    check(square(8, 61, 9, 5, 2, 2), 1, 0.5, SPIKES);
    check(square(2, 130, 4, 3, 3, 0), 2, 0.1, ANY);
    check(square(32, 14, 64, 3, 1, 1), 9, 0.1, SPIKES_AS_BITS);
    check(square(160, 4, 170, 3, 1, 1), 20, 0.1, SPIKES_AS_BITS);
    check(square(170, 5, 160, 3, 2, 1), 20, 0.1, COUNTS);
    check(square(400, 3, 20, 5, 1, 2), 3, 0.1, ANY);
    check(square(1, 28, 32, 3, 1, 1), 20, 0.5, SPIKES);
}

static void strides_that_skip_taps_or_inputs_are_handled(void **unused)
{
    MYE_UNUSED(unused);
    state = 6;
    for (int d = 0; d < 5; d++) {
        check(square(5, 8, 6, 1, 2, 0), 3, densities[d], SPIKES_AS_BITS);
        check(square(5, 9, 6, 2, 4, 0), 3, densities[d], SIGNED);
        check(square(5, 12, 6, 2, 5, 0), 2, densities[d], SPIKES_AS_BITS);
        check(square(4, 3, 6, 3, 2, 4), 2, densities[d], ANY);
        check(square(4, 2, 6, 1, 1, 3), 2, densities[d], SPIKES_AS_BITS);
        check(square(4, 3, 6, 1, 3, 4), 2, densities[d], SPIKES_AS_BITS);
        check((mye_conv_shape){3, 9, 4, 5, 0, 0, 1, 7, 3, 1, 0, 3, 1}, 2, densities[d], COUNTS);
        check((mye_conv_shape){3, 1, 40, 5, 0, 0, 1, 5, 1, 2, 0, 2, 1}, 2, densities[d], SPIKES);
    }
}

static void no_images_change_nothing(void **unused)
{
    MYE_UNUSED(unused);
    state = 7;
    check(square(3, 4, 5, 3, 1, 1), 0, 0.5, SPIKES_AS_BITS);
}

static void grouped_layers_do_not_fit(void **unused)
{
    const mye_kernels *all[8];
    mye_conv_shape s = square(4, 6, 4, 3, 1, 1);
    MYE_UNUSED(unused);
    s.OH = s.OW = 6;
    s.groups = 2;
    mye_kernels_all(all);
    for (int i = 1; all[i]; i++)
        for (int pass = 0; pass < MYE_CONV_PASSES; pass++)
            assert_false(all[i]->conv[MYE_CONV_SPIKES].fits(&s, pass));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spikes_agree_with_the_reference_for_random_shapes),
        cmocka_unit_test(spikes_agree_for_every_tail_of_outputs_and_inputs),
        cmocka_unit_test(every_kind_of_input_agrees_at_every_density),
        cmocka_unit_test(dense_layers_agree_for_many_rows),
        cmocka_unit_test(large_layers_are_cut_into_bands_and_parts),
        cmocka_unit_test(strides_that_skip_taps_or_inputs_are_handled),
        cmocka_unit_test(no_images_change_nothing),
        cmocka_unit_test(grouped_layers_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
