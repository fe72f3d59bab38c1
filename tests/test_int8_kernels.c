/*
 * Convolutions with 8-bit weights: the reference against the definition, every table of this
 * processor against the reference - the same bits -, for any number of threads. All buffers are
 * exactly as large as promised.
 */
#include "kernel_test.h"

#if defined(__x86_64__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
#define MYE_ISA avx512
#include "kernel/vec/vec.h" /* the tile of that set */
#pragma GCC pop_options
#endif

#define MAX_LANES 2

#ifdef __SANITIZE_THREAD__
#define CASES 12
#else
#define CASES 150
#endif

typedef struct bit_images {
    const uint64_t *word;
    int64_t words; /* of an image */
} bit_images;

static const uint64_t *image_bits(const void *self, int64_t i)
{
    const bit_images *b = self;
    return b->word + i * b->words;
}

typedef struct int8_case {
    mye_conv_shape s;
    int64_t n, inputs, outputs, weights; /* inputs: of an image; outputs: of all */
    bit_images images;
    uint64_t *word;
    float *w, *b;
} int8_case;

static int8_case make_case(mye_conv_shape s, int64_t n, int percent)
{
    s.groups = 1;
    s.OH = (s.H + 2 * s.ph - s.kh) / s.sh + 1;
    s.OW = (s.W + 2 * s.pw - s.kw) / s.sw + 1;
    int8_case c = {.s = s,
                   .n = n,
                   .inputs = (int64_t)s.H * s.W * s.C,
                   .outputs = n * s.OH * s.OW * s.O,
                   .weights = (int64_t)s.kh * s.kw * s.C * s.O};
    c.images.words = (c.inputs + 63) / 64;
    c.word = calloc((size_t)(n * c.images.words), sizeof *c.word);
    c.images.word = c.word;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < c.inputs; k++)
            if (pick(0, 99) < percent)
                c.word[i * c.images.words + k / 64] |= (uint64_t)1 << (k % 64);
    c.w = floats(c.weights);
    c.b = floats(s.O);
    return c;
}

static void drop_case(int8_case *c)
{
    free(c->word);
    free(c->w);
    free(c->b);
}

/* ---- a run with exactly the promised memory ---- */

typedef struct seen_blocks {
    const mye_conv_shape *s;
    int shards;
    unsigned char *seen; /* [n][OH][OW][O] */
} seen_blocks;

static void see_block(void *self, int shard, const mye_conv_block *b, mye_lane *lane)
{
    const seen_blocks *t = self;
    MYE_UNUSED(lane);
    assert_in_range(shard, 0, t->shards - 1);
    for (int64_t i = b->i0; i < b->i1; i++)
        for (int h = b->h0; h < b->h1; h++)
            for (int w = 0; w < t->s->OW; w++)
                for (int o = b->c0; o < b->c1; o++)
                    t->seen[((i * t->s->OH + h) * t->s->OW + w) * t->s->O + o]++;
}

static float *run_case(const mye_kernels *k, const int8_case *c, int threads, const float *bias)
{
    const mye_conv_kernels *way = &k->conv[MYE_CONV_INT8];
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&o, &ctx, NULL), MYE_OK);
    mye_lane lane[MAX_LANES];
    const mye_run_lanes run = {ctx, lane};
    const size_t bytes = way->lane_bytes(&c->s, MYE_CONV_FORWARD);
    for (int i = 0; i < MAX_LANES; i++)
        lane[i] = (mye_lane){aligned_alloc(64, (bytes + 63) / 64 * 64), bytes, 0};
    float *packed = malloc(way->pack_bytes(&c->s, MYE_CONV_FORWARD));
    float *y = floats(c->outputs);
    way->pack(run, &c->s, MYE_CONV_FORWARD, c->w, packed);
    const mye_images x = {.self = &c->images, .bits = image_bits};
    seen_blocks seen = {&c->s, way->shards(&c->s, c->n), calloc(1, (size_t)c->outputs)};
    const mye_conv_done done = {see_block, &seen};
    way->forward(run, &c->s, c->n, x, packed, bias, y, seen.shards > 0 ? &done : NULL);
    for (int64_t i = 0; seen.shards > 0 && i < c->outputs; i++)
        assert_int_equal(seen.seen[i], 1);
    free(seen.seen);
    free(packed);
    for (int i = 0; i < MAX_LANES; i++) {
        assert_int_equal(lane[i].used, 0);
        free(lane[i].base);
    }
    mye_context_free(ctx);
    return y;
}

/* ---- tests ---- */

/* sum over taps of w where there is a spike, in double, of weights w. */
static double sum_at(const int8_case *c, const double *w, int64_t at)
{
    const mye_conv_shape *s = &c->s;
    const int o = (int)(at % s->O), ow = (int)(at / s->O % s->OW);
    const int oh = (int)(at / s->O / s->OW % s->OH);
    const uint64_t *word = image_bits(&c->images, at / s->O / s->OW / s->OH);
    double sum = 0;
    for (int tap = 0; tap < s->kh * s->kw; tap++) {
        const int h = oh * s->sh - s->ph + tap / s->kw, v = ow * s->sw - s->pw + tap % s->kw;
        for (int k = 0; h >= 0 && h < s->H && v >= 0 && v < s->W && k < s->C; k++) {
            const int64_t bit = ((int64_t)h * s->W + v) * s->C + k;
            if (word[bit / 64] >> (bit % 64) & 1)
                sum += w[((int64_t)tap * s->C + k) * s->O + o];
        }
    }
    return sum;
}

/* The nearest multiples of max |w| / 127 of each output channel. */
static double *rounded_weights(const int8_case *c)
{
    const int O = c->s.O;
    double *q = malloc((size_t)c->weights * sizeof *q);
    for (int o = 0; o < O; o++) {
        double largest = 0;
        for (int64_t i = o; i < c->weights; i += O)
            largest = fmax(largest, fabs((double)c->w[i]));
        for (int64_t i = o; i < c->weights; i += O)
            q[i] = largest > 0 ? rint((double)c->w[i] / largest * 127) * largest / 127 : 0;
    }
    return q;
}

static mye_conv_shape random_shape(void)
{
    mye_conv_shape s = {.C = pick(0, 3) ? pick(1, 70) : pick(100, 300),
                        .H = pick(1, 9),
                        .W = pick(1, 9),
                        .O = pick(1, 70)};
    s.kh = pick(1, 4);
    s.kw = pick(0, 1) ? s.kh : pick(1, 4);
    s.sh = pick(1, 3);
    s.sw = pick(1, 3);
    s.ph = pick(s.H < s.kh ? (s.kh - s.H + 1) / 2 : 0, 3);
    s.pw = pick(s.W < s.kw ? (s.kw - s.W + 1) / 2 : 0, 3);
    return s;
}

static void the_reference_rounds_the_weights_and_nothing_else(void **unused)
{
    MYE_UNUSED(unused);
    state = 1;
    for (int i = 0; i < CASES / 3; i++) {
        int8_case c = make_case(random_shape(), pick(1, 3), pick(0, 60));
        double *q = rounded_weights(&c);
        float *y = run_case(&mye_kernels_ref, &c, 1, c.b), *want = floats(c.outputs);
        for (int64_t k = 0; k < c.outputs; k++)
            want[k] = (float)(sum_at(&c, q, k) + (double)c.b[k % c.s.O]);
        check_close("ref", "int8", c.outputs, y, want, 1e-5);
        free(q);
        free(y);
        free(want);
        drop_case(&c);
    }
}

static void check_tables(const int8_case *c)
{
    const mye_kernels *all[8];
    mye_kernels_all(all);
    float *want = run_case(&mye_kernels_ref, c, 1, c->b);
    float *plain = run_case(&mye_kernels_ref, c, 1, NULL);
    for (int t = 0; all[t]; t++)
        for (int threads = 1; threads <= MAX_LANES; threads++) {
            float *y = run_case(all[t], c, threads, c->b), *z = run_case(all[t], c, threads, NULL);
            if (memcmp(y, want, (size_t)c->outputs * sizeof *y) != 0 ||
                memcmp(z, plain, (size_t)c->outputs * sizeof *z) != 0)
                fail_msg(
                    "%s, %d threads: %dx%dx%d to %d, window %dx%d, stride %d %d, padding %d %d",
                    all[t]->name, threads, c->s.C, c->s.H, c->s.W, c->s.O, c->s.kh, c->s.kw,
                    c->s.sh, c->s.sw, c->s.ph, c->s.pw);
            free(y);
            free(z);
        }
    free(want);
    free(plain);
}

static void every_table_gives_the_bits_of_the_reference(void **unused)
{
    MYE_UNUSED(unused);
    state = 2;
    for (int i = 0; i < CASES; i++) {
        int8_case c = make_case(random_shape(), pick(1, 9),
                                pick(0, 1)   ? pick(0, 8)
                                : pick(0, 3) ? pick(9, 50)
                                             : 100);
        check_tables(&c);
        drop_case(&c);
    }
}

/* Larger than a block of scratch; several bands, groups and shares of the output channels. */
static void large_layers_are_cut_into_blocks_without_a_seam(void **unused)
{
    MYE_UNUSED(unused);
    state = 3;
    const mye_conv_shape shapes[] = {
        {.C = 6, .H = 70, .W = 40, .O = 40, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1},
        {.C = 260, .H = 20, .W = 60, .O = 33, .kh = 1, .kw = 1, .sh = 2, .sw = 2},
        {.C = 128, .H = 4, .W = 4, .O = 200, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int8_case c = make_case(shapes[i], i == 2 ? 20 : 2, 20);
        check_tables(&c);
        drop_case(&c);
    }
}

/* All inputs spike and all weights are the largest: partial sums of 16 bits must not overflow. */
static void dense_layers_add_thousands_of_the_largest_weight(void **unused)
{
    MYE_UNUSED(unused);
    state = 4;
    const mye_conv_shape s = {
        .C = 5003, .H = 1, .W = 1, .O = 19, .kh = 1, .kw = 1, .sh = 1, .sw = 1};
    int8_case c = make_case(s, 13, 100);
    for (int64_t i = 0; i < c.weights; i++)
        c.w[i] = i % s.O % 2 ? -127.0f : 127.0f;
    const mye_kernels *all[8];
    mye_kernels_all(all);
    for (int t = 0; all[t]; t++) {
        float *y = run_case(all[t], &c, 2, NULL);
        for (int64_t i = 0; i < c.outputs; i++)
            assert_true(y[i] == (i % s.O % 2 ? -127.0f : 127.0f) * 5003.0f);
        free(y);
    }
    drop_case(&c);
}

static void a_channel_without_weights_gives_its_bias(void **unused)
{
    MYE_UNUSED(unused);
    state = 5;
    const mye_conv_shape s = {.C = 9, .H = 3, .W = 3, .O = 5, .kh = 3, .kw = 3, .sh = 1, .sw = 1};
    int8_case c = make_case(s, 1, 100);
    memset(c.w, 0, (size_t)c.weights * sizeof *c.w);
    const mye_kernels *all[8];
    mye_kernels_all(all);
    for (int t = 0; all[t]; t++) {
        float *y = run_case(all[t], &c, 1, c.b);
        for (int64_t i = 0; i < c.outputs; i++)
            assert_true(y[i] == c.b[i % s.O]);
        free(y);
    }
    drop_case(&c);
}

static void only_forward_without_groups_fits(void **unused)
{
    MYE_UNUSED(unused);
    const mye_kernels *all[8];
    mye_conv_shape s = {.C = 8,
                        .H = 3,
                        .W = 3,
                        .O = 8,
                        .OH = 1,
                        .OW = 1,
                        .kh = 3,
                        .kw = 3,
                        .sh = 1,
                        .sw = 1,
                        .groups = 1};
    mye_kernels_all(all);
    for (int t = 0; all[t]; t++) {
        const mye_conv_kernels *way = &all[t]->conv[MYE_CONV_INT8];
        s.groups = 1;
        assert_true(way->fits(&s, MYE_CONV_FORWARD));
        assert_false(way->fits(&s, MYE_CONV_DATA));
        assert_false(way->fits(&s, MYE_CONV_WEIGHT));
        assert_true(way->cost(&s, 4, MYE_CONV_FORWARD, 0.1) > 0);
        s.groups = 2;
        assert_false(way->fits(&s, MYE_CONV_FORWARD));
    }
}

/* What is best on this processor hides the rest from the tests above. */
#if defined(MYE_ISA)
enum { SEGS = 2, STEPS = 300 };

typedef struct sums_case {
    uint8_t a[TILE_ROWS + SEGS * STEPS * 4];
    int8_t b[SEGS * STEPS * 4 * TILE_COLS];
    float *scale, *bias;
} sums_case;

static void check_sums(const sums_case *c, int rows, int width)
{
    static int32_t list[2][SEGS * STEPS + INT8_SLACK];
    float y[4][TILE_ROWS][TILE_COLS] = {0};
    mye_int8_tile t = {.pitch = STEPS * 4,
                       .rows = rows,
                       .width = width,
                       .segs = SEGS,
                       .n = STEPS,
                       .b = c->b,
                       .out = {c->scale, c->bias}};
    mye_int8_sparse z = {.pitch = STEPS * 4,
                         .width = width,
                         .segs = SEGS,
                         .n = STEPS,
                         .b = c->b,
                         .out = {c->scale, c->bias},
                         .step = list[0],
                         .four = list[1]};
    for (int k = 0; k < 4; k++) {
        for (int r = 0; r < rows; r++) {
            z.a = t.a[r] = c->a + r;
            z.y = t.y[r] = y[k][r];
            if (k == 2)
                MYE_VEC(int8_sparse)(&z);
            if (k == 3)
                MYE_VEC(int8_sparse_wide)(&z);
        }
        if (k == 0)
            MYE_VEC(int8_tile)(&t);
        if (k == 1)
            MYE_VEC(int8_tile_wide)(&t);
        assert_memory_equal(y[k], y[0], sizeof y[0]);
    }
}
#endif

static void tiles_and_lists_give_the_same_bits_with_either_instruction(void **unused)
{
    MYE_UNUSED(unused);
#if defined(MYE_ISA)
    const mye_kernels *table;
    if (mye_kernels_find("avx512", &table, NULL) != MYE_OK || !__builtin_cpu_supports("avx512vnni"))
        skip();
    static sums_case c;
    state = 6;
    for (size_t i = 0; i < sizeof c.a; i++)
        c.a[i] = (uint8_t)(draw() & 1);
    for (size_t i = 0; i < sizeof c.b; i++)
        c.b[i] = (int8_t)pick(-127, 127);
    c.scale = floats(TILE_COLS);
    c.bias = floats(TILE_COLS);
    for (int rows = 1; rows <= TILE_ROWS; rows++)
        for (int width = 1; width <= TILE_COLS; width++)
            check_sums(&c, rows, width);
    free(c.scale);
    free(c.bias);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_rounds_the_weights_and_nothing_else),
        cmocka_unit_test(every_table_gives_the_bits_of_the_reference),
        cmocka_unit_test(large_layers_are_cut_into_blocks_without_a_seam),
        cmocka_unit_test(dense_layers_add_thousands_of_the_largest_weight),
        cmocka_unit_test(a_channel_without_weights_gives_its_bias),
        cmocka_unit_test(tiles_and_lists_give_the_same_bits_with_either_instruction),
        cmocka_unit_test(only_forward_without_groups_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
