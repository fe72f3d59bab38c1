/*
 * The Winograd way of every kernel table against the reference: all sizes with tails of tiles and
 * channels, every padding, and the same bits for any number of threads.
 */
#include "conv_test.h"

#define WINOGRAD MYE_CONV_WINOGRAD

static void winograd_fits_3x3_windows_of_stride_1_without_groups(void **unused)
{
    const mye_kernels *all[8];
    MYE_UNUSED(unused);
    mye_kernels_all(all);
    for (int i = 1; all[i]; i++) {
        const mye_conv_kernels *k = &all[i]->conv[WINOGRAD];
        mye_conv_shape s = square(8, 6, 8, 3, 1, 1);
        for (int pass = 0; pass < MYE_CONV_PASSES; pass++)
            assert_true(k->fits(&s, pass));
        s.groups = 2;
        assert_false(k->fits(&s, MYE_CONV_FORWARD));
        s = square(8, 6, 8, 3, 2, 1);
        assert_false(k->fits(&s, MYE_CONV_DATA));
        s = square(8, 6, 8, 5, 1, 1);
        assert_false(k->fits(&s, MYE_CONV_WEIGHT));
        s = square(8, 6, 8, 3, 1, 1);
        s.kw = 1;
        assert_false(k->fits(&s, MYE_CONV_FORWARD));
    }
}

static void winograd_agrees_with_the_reference_for_random_shapes(void **unused)
{
    MYE_UNUSED(unused);
    state = 11;
    for (int i = 0; i < 100; i += STRIDE) {
        mye_conv_shape s = square(pick(1, 40), 0, pick(1, 70), 3, 1, 0);
        s.ph = pick(0, 3);
        s.pw = pick(0, 3);
        s.H = pick(s.ph == 0 ? 3 : 1, 11);
        s.W = pick(s.pw == 0 ? 3 : 1, 11);
        conv_check(WINOGRAD, s, pick(1, 5));
    }
}

static void winograd_agrees_for_every_tail_of_channels(void **unused)
{
    MYE_UNUSED(unused);
    state = 12;
    for (int i = 1; i <= 66; i += STRIDE) {
        conv_check(WINOGRAD, square(3, 5, i, 3, 1, 1), 1);
        conv_check(WINOGRAD, square(i, 4, 5, 3, 1, 1), 2);
    }
}

static void winograd_agrees_for_every_size_and_padding(void **unused)
{
    MYE_UNUSED(unused);
    state = 13;
    for (int pad = 0; pad <= 5; pad++)
        for (int size = pad == 0 ? 3 : 1; size <= 9; size += STRIDE)
            conv_check(WINOGRAD, square(4, size, 6, 3, 1, pad), 2);
}

static void winograd_cuts_many_tiles_and_channels_into_blocks(void **unused)
{
    MYE_UNUSED(unused);
    state = 14;
    conv_check(WINOGRAD, square(8, 45, 9, 3, 1, 1), 1); /* bands of an image      */
    conv_check(WINOGRAD, (mye_conv_shape){3, 5, 230, 4, 0, 0, 3, 3, 1, 1, 1, 1, 1}, 1);
    conv_check(WINOGRAD, square(5, 8, 33, 3, 1, 1), 31);   /* groups of images      */
    conv_check(WINOGRAD, square(300, 4, 7, 3, 1, 1), 5);   /* several chunks of K   */
    conv_check(WINOGRAD, square(140, 4, 300, 3, 1, 1), 3); /* panels together     */
    conv_check(WINOGRAD, square(530, 4, 40, 3, 1, 1), 2);
}

static void winograd_leaves_everything_as_it_is_without_images(void **unused)
{
    MYE_UNUSED(unused);
    state = 15;
    conv_check(WINOGRAD, square(3, 4, 5, 3, 1, 1), 0);
}

/* ---- blocks of finished outputs ---- */

typedef struct finished {
    const mye_conv_shape *s;
    const float *y;
    int *times, *shard; /* [n][OH][OW][O]: told of, and by which shard */
    int shards;
} finished;

static void note(void *self, int shard, const mye_conv_block *b, mye_lane *lane)
{
    const finished *f = self;
    const mye_conv_shape *s = f->s;
    MYE_UNUSED(lane);
    for (int64_t i = b->i0; i < b->i1; i++)
        for (int h = b->h0; h < b->h1; h++)
            for (int w = 0; w < s->OW; w++)
                for (int c = b->c0; c < b->c1; c++) {
                    const int64_t at = ((i * s->OH + h) * s->OW + w) * s->O + c;
                    f->times[at] += f->y[at] < 1e9f; /* false for what is not yet written */
                    f->shard[at] = shard;
                }
}

static void check_blocks(mye_conv_shape shape, int64_t n)
{
    const mye_kernels *all[8];
    conv_case c;
    machine m;
    conv_make(&c, shape, n);
    machine_open(&m, 2);
    mye_kernels_all(all);
    for (int i = 1; all[i]; i++) {
        const mye_conv_kernels *k = &all[i]->conv[WINOGRAD];
        const image_source source = {c.x, &c.s};
        const mye_images x = {.read = read_rows, .self = &source};
        float *own, *y = floats(c.outputs);
        finished f = {.s = &c.s, .y = y, .shards = k->shards(&c.s, n)};
        f.times = calloc((size_t)c.outputs, sizeof *f.times);
        f.shard = calloc((size_t)c.outputs, sizeof *f.shard);
        memset(y, 0xff, (size_t)c.outputs * sizeof *y);
        const float *packed = conv_packed(k, &m, &c, 0, &own);
        conv_lanes(k, &m, &c, 0);
        const mye_conv_done done = {note, &f};
        k->forward(m.run, &c.s, n, x, packed, c.b, y, &done);
        for (int64_t at = 0; at < c.outputs; at++) {
            assert_int_equal(f.times[at], 1);
            assert_in_range(f.shard[at], 0, f.shards - 1);
        }
        free(own);
        free(y);
        free(f.times);
        free(f.shard);
    }
    machine_close(&m);
    conv_drop(&c);
}

static void winograd_tells_of_every_output_once_when_it_is_complete(void **unused)
{
    MYE_UNUSED(unused);
    state = 16;
    check_blocks(square(4, 9, 70, 3, 1, 1), 3);
    check_blocks(square(4, 45, 9, 3, 1, 0), 2);
    check_blocks(square(9, 4, 200, 3, 1, 1), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winograd_fits_3x3_windows_of_stride_1_without_groups),
        cmocka_unit_test(winograd_agrees_with_the_reference_for_random_shapes),
        cmocka_unit_test(winograd_agrees_for_every_tail_of_channels),
        cmocka_unit_test(winograd_agrees_for_every_size_and_padding),
        cmocka_unit_test(winograd_cuts_many_tiles_and_channels_into_blocks),
        cmocka_unit_test(winograd_leaves_everything_as_it_is_without_images),
        cmocka_unit_test(winograd_tells_of_every_output_once_when_it_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
