/*
 * Every kernel table of this processor against the reference: random sizes with all tails, unaligned
 * starts, sizes 0 and 1; and the same bits for any number of threads. All buffers are exactly as
 * large as promised, so that a sanitizer build finds every step outside.
 */
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

static void machine_open(machine *m, int threads)
{
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = threads;
    assert_int_equal(mye_context_create(&o, &m->ctx, NULL), MYE_OK);
    memset(m->lane, 0, sizeof m->lane);
    m->run = (mye_run_lanes){m->ctx, m->lane};
}

static void machine_lanes(machine *m, size_t bytes)
{
    for (int i = 0; i < MAX_LANES; i++) {
        free(m->lane[i].base);
        m->lane[i] = (mye_lane){aligned_alloc(64, (bytes + 63) / 64 * 64), bytes, 0};
        memset(m->lane[i].base, 0xff, bytes); /* NaN: nothing may rely on old content */
    }
}

static void machine_close(machine *m)
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

static void read_rows(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                      mye_lane *lane)
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

static void conv_make(conv_case *c, mye_conv_shape s, int64_t n)
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

static void conv_drop(conv_case *c)
{
    float *const all[] = {c->x, c->w, c->b, c->dy, c->dx, c->dw, c->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

typedef struct conv_result {
    float *y, *plain, *dx, *added, *dw, *db;
} conv_result;

static void result_drop(conv_result *r)
{
    float *const all[] = {r->y, r->plain, r->dx, r->added, r->dw, r->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static const float *conv_packed(const mye_kernels *k, machine *m, const conv_case *c, int direction,
                                float **owner)
{
    const size_t bytes = k->conv[MYE_CONV_DIRECT].pack_bytes(&c->s, direction);
    if (bytes == 0) {
        *owner = NULL;
        return c->w;
    }
    *owner = malloc(bytes);
    memset(*owner, 0xff, bytes);
    k->conv[MYE_CONV_DIRECT].pack(m->run, &c->s, direction, c->w, *owner);
    return *owner;
}

static void conv_lanes(const mye_kernels *k, machine *m, const conv_case *c, int pass)
{
    const size_t row = (size_t)c->s.W * (size_t)c->s.C * sizeof(float);
    machine_lanes(m, k->conv[MYE_CONV_DIRECT].lane_bytes(&c->s, pass) + (row + 63) / 64 * 64);
}

/* floats_too: the images lie in memory as well, one after another. */
static conv_result conv_run(const mye_kernels *k, machine *m, const conv_case *c, bool floats_too)
{
    const image_source source = {c->x, &c->s};
    const mye_images x = {.read = read_rows, .self = &source, .floats = floats_too ? c->x : NULL};
    conv_result r = {floats(c->outputs),     floats(c->outputs),      floats(c->inputs),
                     copy(c->dx, c->inputs), copy(c->dw, c->weights), copy(c->db, c->s.O)};
    float *own;
    const float *packed = conv_packed(k, m, c, 0, &own);
    conv_lanes(k, m, c, 0);
    k->conv[MYE_CONV_DIRECT].forward(m->run, &c->s, c->n, x, packed, c->b, r.y, NULL);
    k->conv[MYE_CONV_DIRECT].forward(m->run, &c->s, c->n, x, packed, NULL, r.plain, NULL);
    free(own);
    packed = conv_packed(k, m, c, 1, &own);
    conv_lanes(k, m, c, 1);
    k->conv[MYE_CONV_DIRECT].backward_data(m->run, &c->s, c->n, c->dy, packed, r.dx, false);
    k->conv[MYE_CONV_DIRECT].backward_data(m->run, &c->s, c->n, c->dy, packed, r.added, true);
    free(own);
    conv_lanes(k, m, c, 2);
    const size_t bytes = k->conv[MYE_CONV_DIRECT].scratch_bytes(&c->s, c->n);
    float *scratch = aligned_alloc(64, bytes / 64 * 64 + 64);
    memset(scratch, 0xff, bytes);
    k->conv[MYE_CONV_DIRECT].backward_weight(m->run, &c->s, c->n, x, c->dy, r.dw, r.db, scratch);
    free(scratch);
    return r;
}

static void conv_compare(const char *table, const conv_case *c, const conv_result *got,
                         const conv_result *want, bool exact)
{
    const mye_conv_shape *s = &c->s;
    const double e = exact ? 0.0 : 1e-6; /* of one rounding, in a random walk */
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

static void conv_check(mye_conv_shape s, int64_t n)
{
    const mye_kernels *all[8];
    conv_case c;
    machine one, two;
    conv_make(&c, s, n);
    machine_open(&one, 1);
    machine_open(&two, 2);
    mye_kernels_all(all);
    conv_result want = conv_run(&mye_kernels_ref, &one, &c, false);
    for (int i = 1; all[i]; i++) {
        conv_result a = conv_run(all[i], &one, &c, false), b = conv_run(all[i], &two, &c, true);
        conv_compare(all[i]->name, &c, &a, &want, false);
        conv_compare(all[i]->name, &c, &b, &a, true);
        result_drop(&a);
        result_drop(&b);
    }
    result_drop(&want);
    machine_close(&one);
    machine_close(&two);
    conv_drop(&c);
}

static mye_conv_shape square(int C, int size, int O, int k, int stride, int pad)
{
    return (mye_conv_shape){C, size, size, O, 0, 0, k, k, stride, stride, pad, pad, 1};
}

static void convolution_agrees_with_the_reference_for_random_shapes(void **unused)
{
    static const int windows[] = {1, 2, 3, 5, 7};
    MYE_UNUSED(unused);
    state = 1;
    for (int i = 0; i < 150; i += STRIDE) {
        mye_conv_shape s = {.C = pick(1, 40), .O = pick(1, 70), .groups = 1};
        s.kh = windows[pick(0, 4)];
        s.kw = windows[pick(0, 4)];
        s.sh = pick(1, 3);
        s.sw = pick(1, 3);
        s.ph = pick(0, s.kh);
        s.pw = pick(0, s.kw);
        s.H = pick(s.kh, s.kh + 6);
        s.W = pick(s.kw, s.kw + 6);
        conv_check(s, pick(1, 5));
    }
}

static void convolution_agrees_for_every_tail_of_outputs_and_inputs(void **unused)
{
    MYE_UNUSED(unused);
    state = 2;
    for (int i = 1; i <= 68; i += STRIDE) {
        conv_check(square(3, 4, i, 3, 1, 1), 1);
        conv_check(square(i, 3, 5, 3, 1, 1), 2);
    }
}

static void convolution_agrees_for_groups(void **unused)
{
    MYE_UNUSED(unused);
    state = 3;
    for (int i = 0; i < 40; i += STRIDE) {
        const int groups = pick(2, 9), depthwise = pick(0, 1);
        const int per = depthwise ? 1 : pick(1, 9);
        mye_conv_shape s = square(groups * per, pick(3, 8), groups * (depthwise ? 1 : pick(1, 9)),
                                  pick(1, 3), pick(1, 2), pick(0, 1));
        s.groups = groups;
        conv_check(s, pick(1, 4));
    }
}

static void dense_layers_agree_for_many_rows(void **unused)
{
    MYE_UNUSED(unused);
    state = 4;
    conv_check(square(784, 1, 10, 1, 1, 0), 5);
    conv_check(square(301, 1, 200, 1, 1, 0), 257);
    conv_check(square(7, 1, 3, 1, 1, 0), 1500);
    for (int n = 1; n < 40; n += STRIDE)
        conv_check(square(pick(1, 500), 1, pick(1, 100), 1, 1, 0), n);
}

static void large_images_are_cut_into_bands(void **unused)
{
    MYE_UNUSED(unused);
    state = 5;
    conv_check(square(64, 60, 8, 3, 1, 1), 1);
    conv_check(square(8, 61, 9, 5, 2, 2), 1);
    conv_check(square(2, 130, 4, 3, 3, 0), 2);
    conv_check(square(32, 14, 64, 3, 1, 1), 9);
    conv_check(square(160, 4, 170, 3, 1, 1), 20);
    conv_check(square(1, 28, 32, 3, 1, 1), 20);
}

static void strides_that_skip_taps_or_inputs_are_handled(void **unused)
{
    MYE_UNUSED(unused);
    state = 6;
    conv_check(square(5, 8, 6, 1, 2, 0), 3);  /* window smaller than the stride */
    conv_check(square(5, 9, 6, 2, 4, 0), 3);  /* inputs that no output sees     */
    conv_check(square(5, 12, 6, 2, 5, 0), 2); /* a rest at the right edge       */
    conv_check(square(4, 3, 6, 3, 2, 4), 2);  /* more padding than window       */
    conv_check(square(4, 2, 6, 1, 1, 3), 2);
    conv_check((mye_conv_shape){3, 9, 4, 5, 0, 0, 1, 7, 3, 1, 0, 3, 1}, 2);
}

static void no_images_change_nothing(void **unused)
{
    MYE_UNUSED(unused);
    state = 7;
    conv_check(square(3, 4, 5, 3, 1, 1), 0);
}

static void tables_are_found_by_name_and_the_best_without_one(void **unused)
{
    const mye_kernels *all[8], *found;
    mye_error err;
    MYE_UNUSED(unused);
    mye_kernels_all(all);
    for (int i = 0; all[i]; i++) {
        assert_int_equal(mye_kernels_find(all[i]->name, &found, NULL), MYE_OK);
        assert_ptr_equal(found, all[i]);
        assert_int_equal(mye_kernels_find(NULL, &found, NULL), MYE_OK);
        if (!all[i + 1])
            assert_ptr_equal(found, all[i]);
    }
    assert_int_equal(mye_kernels_find("mmx", &found, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "mmx"));
    assert_non_null(strstr(err.hint, "base"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_agrees_with_the_reference_for_random_shapes),
        cmocka_unit_test(convolution_agrees_for_every_tail_of_outputs_and_inputs),
        cmocka_unit_test(convolution_agrees_for_groups),
        cmocka_unit_test(dense_layers_agree_for_many_rows),
        cmocka_unit_test(large_images_are_cut_into_bands),
        cmocka_unit_test(strides_that_skip_taps_or_inputs_are_handled),
        cmocka_unit_test(no_images_change_nothing),
        cmocka_unit_test(tables_are_found_by_name_and_the_best_without_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
