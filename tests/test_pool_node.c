/* Pooling nodes against the definition, ties, bits, gradients. */
#include "nodebench.h"

typedef struct window {
    int k, s, p;    /* vertical   */
    int kw, sw, pw; /* horizontal */
} window;

static bench *pool_bench(const char *op, window w, mye_shape shape, bool bits)
{
    char text[128];
    bench *q = bench_create((bench_setup){.T = 2, .B = 2, .shape = shape, .bits = bits});
    snprintf(text, sizeof text,
             "%s:kernel=%d,stride=%d,padding=%d,kernel_w=%d,stride_w=%d,padding_w=%d", op, w.k, w.s,
             w.p, w.kw, w.sw, w.pw);
    bench_add(q, text, 0);
    bench_build(q);
    return q;
}

/* Few different values, so that windows have ties; the same as bits where the input is bits. */
static void fill_with_ties(bench *q, int values)
{
    const mye_value *in = &q->value[0];
    for (int t = 0; t < 2; t++)
        for (int b = 0; b < 2; b++)
            for (int64_t i = 0; i < in->n; i++) {
                const uint64_t at = (uint64_t)(((t * 2 + b) * in->n) + i);
                const uint64_t v = mye_random_below(3, MYE_STREAM_TEST, at, (uint64_t)values);
                if (in->format == MYE_BITS)
                    mye_value_bits(&q->pass, 0, t, b)[i / 64] |= (v & 1) << (i % 64);
                else
                    mye_value_row(&q->pass, 0, t, b)[i] = (float)v;
            }
}

/* Position of the first maximum of a window, as the definition says it. */
static int64_t first_max(const float *x, mye_shape s, window w, int oh, int ow, int c)
{
    int64_t best = -1;
    for (int i = 0; i < w.k; i++)
        for (int j = 0; j < w.kw; j++) {
            const int h = oh * w.s - w.p + i, col = ow * w.sw - w.pw + j;
            if (h < 0 || h >= s.h || col < 0 || col >= s.w)
                continue;
            const int64_t at = ((int64_t)h * s.w + col) * s.c + c;
            if (best < 0 || x[at] > x[best])
                best = at;
        }
    return best;
}

static void check_max_row(bench *q, mye_shape s, window w, int t, int b)
{
    const mye_shape out = q->node[1].shape;
    const int64_t n = q->value[0].n;
    float *want = calloc((size_t)n, sizeof *want), *x = malloc((size_t)n * sizeof *x);
    const float *g = mye_grad_row(&q->pass, 1, t, b);
    memcpy(x, bench_row(q, 0, t, b), (size_t)n * sizeof *x);
    const float *y = bench_row(q, 1, t, b);
    for (int oh = 0; oh < out.h; oh++)
        for (int ow = 0; ow < out.w; ow++)
            for (int c = 0; c < s.c; c++) {
                const int64_t at = first_max(x, s, w, oh, ow, c);
                const int64_t o = ((int64_t)oh * out.w + ow) * s.c + c;
                assert_true(y[o] == x[at]);
                want[at] += g[o];
            }
    assert_floats_near("gradient", mye_grad_row(&q->pass, 0, t, b), want, (size_t)n, 1e-6);
    free(want);
    free(x);
}

/* Where the gradient of the input may be virtual, its chunks are the gradient. */
static void check_told_grad(bench *q)
{
    const mye_node *n = q->list[1];
    const mye_shape s = q->node[0].shape;
    if (n->type->tells_grad == NULL || !n->type->tells_grad(n))
        return;
    for (int64_t limit = 64; limit < 5000; limit *= 4) {
        const mye_chunks chunks = mye_chunks_of(s, limit);
        const size_t bytes = n->type->grad_lane_bytes(n, &q->pass, chunks.size);
        float *got = bench_take(q, (size_t)chunks.size * sizeof *got);
        for (int j = 0; j < chunks.n_chunks * 4; j++) {
            const mye_at at = mye_chunk_at(&chunks, j % 2, j / 2 % 2, j / 4);
            mye_lane lane = {mye_alloc(q->ctx, bytes), bytes, 0};
            n->type->load_grad(n, &q->pass, at, got, &lane);
            assert_memory_equal(got, mye_grad_row(&q->pass, 0, at.t, at.b) + at.i0,
                                (size_t)at.n * sizeof *got);
            mye_free(q->ctx, lane.base);
        }
    }
}

static void max_pooling_takes_the_first_maximum_of_each_window(void **state)
{
    MYE_UNUSED(state);
    static const window windows[] = {{2, 2, 0, 2, 2, 0}, {3, 2, 1, 3, 2, 1}, {3, 1, 1, 3, 1, 1},
                                     {2, 1, 0, 2, 1, 0}, {2, 3, 1, 2, 3, 1}, {2, 2, 0, 3, 1, 1},
                                     {1, 1, 0, 2, 2, 0}, {3, 3, 0, 2, 2, 0}};
    static const int channels[] = {1, 5, 8, 32, 64, 100, 192};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        for (size_t j = 0; j < sizeof channels / sizeof *channels; j++)
            for (int bits = 0; bits < 2; bits++) {
                const mye_shape s = {channels[j], 7, i % 2 == 0 ? 8 : 6, false};
                bench *q = pool_bench("maxpool", windows[i], s, bits == 1);
                assert_int_equal(q->value[1].format, bits == 1 ? MYE_BITS : MYE_F32);
                fill_with_ties(q, bits == 1 ? 2 : 3);
                bench_forward(q);
                bench_backward(q);
                for (int t = 0; t < 2; t++)
                    for (int b = 0; b < 2; b++)
                        check_max_row(q, s, windows[i], t, b);
                check_told_grad(q);
                bench_free(q);
            }
}

static void padding_never_wins(void **state)
{
    MYE_UNUSED(state);
    const mye_shape s = {3, 4, 4, false};
    bench *q = pool_bench("maxpool", (window){3, 2, 1, 3, 2, 1}, s, false);
    for (int64_t i = 0; i < 4 * q->value[0].n; i++)
        ((float *)q->value[0].data)[i] = -1;
    bench_forward(q);
    for (int64_t i = 0; i < 4 * q->value[1].n; i++)
        assert_true(((float *)q->value[1].data)[i] == -1);
    bench_free(q);
}

static void unused_bits_of_pooled_spikes_stay_zero(void **state)
{
    MYE_UNUSED(state);
    bench *q =
        pool_bench("maxpool", (window){2, 2, 0, 2, 2, 0}, (mye_shape){10, 6, 6, false}, true);
    memset(q->value[0].data, 0xff, (size_t)(4 * q->value[0].row) * 8);
    bench_forward(q);
    for (int t = 0; t < 2; t++)
        assert_int_equal(q->pass.k->bits_count(q->value[1].row, mye_value_bits(&q->pass, 1, t, 1)),
                         90);
    bench_free(q);
}

static void average_pooling_counts_the_padding(void **state)
{
    MYE_UNUSED(state);
    bench *q =
        pool_bench("avgpool", (window){3, 2, 1, 3, 2, 1}, (mye_shape){2, 4, 4, false}, false);
    for (int64_t i = 0; i < 4 * q->value[0].n; i++)
        ((float *)q->value[0].data)[i] = 1;
    bench_forward(q);
    const float *y = q->value[1].data;
    assert_true(fabs((double)y[0] - 4.0 / 9) < 1e-6);
    assert_true(fabs((double)y[2] - 6.0 / 9) < 1e-6);
    assert_true(fabs((double)y[6] - 1) < 1e-6);
    bench_free(q);
}

static void check_gradients(const char *text, mye_shape shape, bool is_static)
{
    bench *q = bench_create((bench_setup){.T = 2, .B = 2, .shape = shape, .is_static = is_static});
    bench_add(q, "identity", bench_add(q, text, bench_add(q, "scale:value=0.5", 0)));
    bench_build(q);
    /* Far enough apart for the differences not to change the maximum. */
    for (int64_t i = 0; i < q->value[0].steps * 2 * q->value[0].n; i++)
        ((float *)q->value[0].data)[i] = (float)(i * 37 % 101) / 16;
    bench_check_gradients(q);
    bench_free(q);
}

static void pooling_gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    static const char *const texts[] = {"maxpool:kernel=2",
                                        "maxpool:kernel=3,stride=2,padding=1",
                                        "avgpool:kernel=2",
                                        "avgpool:kernel=3,stride=1,padding=1",
                                        "avgpool:kernel=1,kernel_w=2",
                                        "global_avgpool"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int is_static = 0; is_static < 2; is_static++)
            check_gradients(texts[i], (mye_shape){3, 5, 4, false}, is_static == 1);
}

static void two_readers_of_one_value_add_their_gradients(void **state)
{
    MYE_UNUSED(state);
    static const char *const ops[] = {"maxpool:kernel=2", "avgpool:kernel=2"};
    bench *q = bench_create((bench_setup){.T = 2, .B = 1, .shape = {3, 4, 4, false}});
    const int a = bench_add(q, ops[0], 0), b = bench_add(q, ops[1], 0);
    const int both = bench_join(q, "add", a, b);
    const int whole = bench_add(q, "global_avgpool", 0),
              mean = bench_add(q, "global_avgpool", both);
    bench_join(q, "add", whole, mean);
    bench_build(q);
    for (int64_t i = 0; i < 2 * q->value[0].n; i++)
        ((float *)q->value[0].data)[i] = (float)(i * 37 % 101) / 16;
    bench_check_gradients(q);
    bench_free(q);
}

static void windows_that_do_not_fit_are_refused(void **state)
{
    MYE_UNUSED(state);
    static const struct {
        const char *text, *word;
        mye_shape shape;
    } cases[] = {
        {"maxpool:kernel=5", "larger than its padded input", {3, 4, 8, false}},
        {"avgpool:kernel=3,padding=2", "at most half its kernel", {3, 4, 8, false}},
        {"maxpool", "wants an image", {3, 4, 8, true}},
        {"maxpool_differences:kernel=5", "larger than its padded input", {3, 4, 8, false}},
        {"maxpool_differences", "wants an image", {3, 4, 8, true}},
        {"global_avgpool", "wants an image", {3, 4, 8, true}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = cases[i].shape});
        mye_error err;
        const int in = 0;
        assert_int_equal(bench_try(q, cases[i].text, 1, &in, &err), -1);
        assert_non_null(strstr(err.message, cases[i].word));
        bench_free(q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pooling_takes_the_first_maximum_of_each_window),
        cmocka_unit_test(padding_never_wins),
        cmocka_unit_test(unused_bits_of_pooled_spikes_stay_zero),
        cmocka_unit_test(average_pooling_counts_the_padding),
        cmocka_unit_test(pooling_gradients_match_finite_differences),
        cmocka_unit_test(two_readers_of_one_value_add_their_gradients),
        cmocka_unit_test(windows_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
