/* Elementwise passes and neurons of every kernel table against the reference. */
#include "kernel_test.h"

typedef void (*with_kernels)(const mye_kernels *k, int64_t n, int at);

/* Calls check for every table, for all short sizes and some longer, at unaligned starts. */
static void each_size(uint64_t seed, with_kernels check)
{
    const mye_kernels *all[8];
    mye_kernels_all(all);
    state = seed;
    for (int i = 1; all[i]; i++) {
        for (int n = 0; n < 150; n++)
            check(all[i], n, n % 5);
        check(all[i], 1000, 3);
        check(all[i], 4099, 1);
    }
}

static void check_bits(const mye_kernels *k, int64_t n, int at)
{
    const int64_t first = at * 29, n_words = (first + n + 63) / 64;
    uint64_t *bits = malloc((size_t)(n_words + 1) * sizeof *bits);
    for (int64_t i = 0; i < n_words; i++)
        bits[i] = draw();
    uint64_t *exact = realloc(bits, (size_t)(n_words > 0 ? n_words : 1) * sizeof *bits);
    float *got = floats(n), *want = floats(n);
    k->bits_expand(n, exact, first, got);
    mye_kernels_ref.bits_expand(n, exact, first, want);
    check_close(k->name, "bits_expand", n, got, want, 0.0);
    assert_int_equal(k->bits_count(n_words, exact), mye_kernels_ref.bits_count(n_words, exact));
    assert_int_equal(k->bits_shared(n_words, exact, exact), k->bits_count(n_words, exact));
    uint64_t *other = malloc((size_t)(n_words + 1) * sizeof *other);
    for (int64_t i = 0; i < n_words; i++)
        other[i] = draw();
    assert_int_equal(k->bits_shared(n_words, exact, other),
                     mye_kernels_ref.bits_shared(n_words, exact, other));
    free(other);
    free(exact);
    free(got);
    free(want);
}

static void bits_expand_and_count_from_any_first_bit(void **unused)
{
    MYE_UNUSED(unused);
    each_size(10, check_bits);
}

/* Any bits as a float, every other time halfway between two bfloat16. */
static float draw_float(void)
{
    uint32_t bits = (uint32_t)draw();
    float x;
    if (bits & 1)
        bits = (bits & 0xffff0000u) | 0x8000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void check_bf16(const mye_kernels *k, int64_t n, int at)
{
    float *x = floats(n + at), *back = floats(n + at);
    uint16_t *got = calloc((size_t)(n + at + 1), sizeof *got), *want = calloc((size_t)(n + 1), 2);
    for (int64_t i = 0; i < n; i++)
        x[at + i] = draw_float();
    k->bf16_pack(n, x + at, got + at);
    mye_kernels_ref.bf16_pack(n, x + at, want);
    assert_memory_equal(got + at, want, (size_t)n * sizeof *got);
    k->bf16_expand(n, got + at, back + at);
    mye_kernels_ref.bf16_expand(n, got + at, x + at);
    assert_memory_equal(back + at, x + at, (size_t)n * sizeof *x);
    mye_kernels_ref.bf16_pack(n, x + at, want); /* what is bfloat16 already stays */
    assert_memory_equal(got + at, want, (size_t)n * sizeof *got);
    free(x);
    free(back);
    free(got);
    free(want);
}

static void bf16_rounds_to_the_nearest_and_ties_to_even(void **unused)
{
    MYE_UNUSED(unused);
    const float x[] = {0, -0.0f, 1, 0x1.01p0f, 0x1.03p0f, 0x1.010002p0f, 0x1.fffffep127f, INFINITY};
    const uint16_t y[] = {0, 0x8000, 0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7f80};
    uint16_t got[8];
    mye_kernels_ref.bf16_pack(8, x, got);
    assert_memory_equal(got, y, sizeof y);
    each_size(18, check_bf16);
}

static void run_optimisers(const mye_kernels *k, int64_t n, const float *g, float *w, float *m,
                           float *v)
{
    const mye_sgd sgd = {0.1f, 0.5f, 0.01f, 0.9f, false},
                  nesterov = {0.1f, 0.5f, 0.01f, 0.9f, true};
    const mye_adam adam = {0.01f, 0.5f, 0.01f, 0.99f, 0.9f, 0.1f, 0.99f, 0.01f, 1.5f, 1e-3f};
    k->sgd(&sgd, n, g, w, NULL);
    k->sgd(&sgd, n, g, w, m);
    k->sgd(&nesterov, n, g, w, m);
    k->adam(&adam, n, g, w, m, v);
}

static void check_optimisers(const mye_kernels *k, int64_t n, int at)
{
    float *g = floats(n + at), *a = floats(3 * n), *b = copy(a, 3 * n);
    for (int64_t i = 2 * n; i < 3 * n; i++) /* second moments */
        a[i] = b[i] = fabsf(a[i]);
    run_optimisers(k, n, g + at, a, a + n, a + 2 * n);
    run_optimisers(&mye_kernels_ref, n, g + at, b, b + n, b + 2 * n);
    check_close(k->name, "sgd, adam", 3 * n, a, b, 1e-6);
    assert_true(k->sum_squares(n, g + at) == mye_kernels_ref.sum_squares(n, g + at));
    assert_true(k->dot(n, g + at, a + n) == mye_kernels_ref.dot(n, g + at, a + n));
    free(g);
    free(a);
    free(b);
}

static void optimisers_agree_and_squares_add_up_to_the_same_bits(void **unused)
{
    MYE_UNUSED(unused);
    each_size(19, check_optimisers);
}

static void run_arithmetic(const mye_kernels *k, int64_t n, const float *x, float *y)
{
    k->add(n, x, y);
    k->axpy(n, -0.3f, x, y);
    k->mul(n, x, y);
    k->scale(n, 1.7f, y, y);
}

static void check_arithmetic(const mye_kernels *k, int64_t n, int at)
{
    float *x = floats(n + at), *y = floats(n + at), *z = copy(y, n + at);
    run_arithmetic(k, n, x + at, y + at);
    run_arithmetic(&mye_kernels_ref, n, x + at, z + at);
    check_close(k->name, "add, axpy, mul, scale", n + at, y, z, 5e-7);
    free(x);
    free(y);
    free(z);
}

static void add_axpy_mul_and_scale_agree(void **unused)
{
    MYE_UNUSED(unused);
    each_size(11, check_arithmetic);
}

/* rows x C of each pass; out holds 3 rows x C, then 5 C sums. */
static void run_rows(const mye_kernels *k, int64_t rows, int64_t C, const float *x, const float *g,
                     const float *p, float *out)
{
    float *sum = out + 3 * rows * C;
    k->affine(rows, C, x, p, p + C, out);
    memcpy(out + rows * C, x, (size_t)(rows * C) * sizeof *x);
    k->affine(rows, C, out + rows * C, p, p + C, out + rows * C);
    memcpy(out + 2 * rows * C, g, (size_t)(rows * C) * sizeof *x);
    k->affine2(rows, C, out + 2 * rows * C, x, p, p + C, p + 2 * C, out + 2 * rows * C);
    k->norm_sums(rows, C, C, x, p, sum, sum + C);
    k->norm_grad_sums(rows, C, g, x, p, sum + 2 * C, sum + 3 * C, sum + 4 * C);
    k->column_sums(rows, C, x, sum + 5 * C);
}

static void check_rows(const mye_kernels *k, int64_t C, int at)
{
    const int64_t rows = C > 200 ? 3 : (C * 7 + at) % 40, size = 3 * rows * C + 6 * C;
    float *x = floats(rows * C + at), *g = floats(rows * C + at), *p = floats(3 * C);
    float *got = floats(size), *want = copy(got, size);
    run_rows(k, rows, C, x + at, g + at, p, got);
    run_rows(&mye_kernels_ref, rows, C, x + at, g + at, p, want);
    check_close(k->name, "row passes", size, got, want, 3e-6);
    free(x);
    free(g);
    free(p);
    free(got);
    free(want);
}

static void passes_over_rows_of_channels_agree(void **unused)
{
    MYE_UNUSED(unused);
    each_size(12, check_rows);
}

/* ---- neurons ---- */

static mye_lif random_lif(void)
{
    mye_lif p = {.decay = 0.7f, .gain = 0.9f, .offset = 0.05f, .theta = 0.4f, .subtract = 0.45f};
    p.reset = -0.1f;
    p.start = 0.2f;
    p.hard = pick(0, 1);
    p.strict = pick(0, 1);
    p.detach_reset = pick(0, 1);
    p.late = pick(0, 2) == 0;
    return p;
}

static void check_forward(const mye_kernels *k, int64_t n, int at)
{
    const mye_lif p = random_lif();
    const size_t n_words = (size_t)(n + 63) / 64;
    float *x = floats(n + at), *u = floats(n + at), *v = copy(u, n + at), *s = floats(n);
    uint64_t *a = malloc(n_words * 8 + 1), *b = malloc(n_words * 8 + 1);
    if (n > 0) { /* on the threshold */
        x[at] = 0.0f;
        u[at] = v[at] = p.theta;
    }
    for (int t = 0; t < 4; t++) {
        const int64_t fired = k->lif_forward(&p, n, t == 0, x + at, u + at, t == 2 ? NULL : a);
        const int64_t want =
            mye_kernels_ref.lif_forward(&p, n, t == 0, x + at, v + at, t == 2 ? NULL : b);
        check_close(k->name, "lif_forward", n, u + at, v + at, 0.0);
        assert_int_equal(fired, want);
        assert_memory_equal(a, b, n_words * 8);
    }
    k->lif_fire(&p, n, u + at, s);
    for (int64_t i = 0; i < n; i++)
        assert_true((s[i] == 1.0f) == (b[i / 64] >> (i % 64) & 1));
    free(x);
    free(u);
    free(v);
    free(s);
    free(a);
    free(b);
}

static void membranes_and_spikes_are_bit_identical_to_the_reference(void **unused)
{
    MYE_UNUSED(unused);
    each_size(13, check_forward);
    each_size(14, check_forward);
}

static void check_backward(const mye_kernels *k, int64_t n, int at)
{
    const mye_lif p = random_lif();
    const bool keep = pick(0, 1), in_place = pick(0, 1);
    float *g = floats(n + at), *h = floats(n + at), *u = floats(n + at);
    float *carry[2] = {0}, *du[2] = {0}, *dx[2] = {0};
    for (int i = 0; i < 2; i++) {
        carry[i] = i ? copy(carry[0], n + at) : floats(n + at);
        du[i] = i ? copy(du[0], n) : floats(n);
        dx[i] = i ? floats(n + at) : in_place ? copy(g, n + at) : floats(n + at);
    }
    k->lif_backward(&p, n, in_place ? dx[0] + at : g + at, h + at, u + at, carry[0] + at,
                    dx[0] + at, keep ? du[0] : NULL);
    mye_kernels_ref.lif_backward(&p, n, g + at, h + at, u + at, carry[1] + at, dx[1] + at,
                                 keep ? du[1] : NULL);
    check_close(k->name, "carry", n + at, carry[0], carry[1], 2e-7);
    check_close(k->name, "dx", n, dx[0] + at, dx[1] + at, 2e-7);
    check_close(k->name, "du", n, du[0], du[1], 2e-7);
    for (int i = 0; i < 2; i++) {
        free(carry[i]);
        free(du[i]);
        free(dx[i]);
    }
    free(g);
    free(h);
    free(u);
}

static void gradients_of_neurons_agree_for_every_kind_of_reset(void **unused)
{
    MYE_UNUSED(unused);
    each_size(15, check_backward);
    each_size(16, check_backward);
}

static void check_collect(const mye_kernels *k, int64_t n, int at)
{
    const mye_lif p = random_lif();
    float *u = floats(n + at), *h = floats(n + at), *got = floats(3 * n), *want = copy(got, 3 * n);
    for (int mode = 0; mode < 4; mode++) {
        k->rate_collect(&p, mode, n, u + at, h + at, got, got + n, got + 2 * n);
        mye_kernels_ref.rate_collect(&p, mode, n, u + at, h + at, want, want + n, want + 2 * n);
        check_close(k->name, "rate_collect", 3 * n, got, want, 1e-6);
    }
    free(u);
    free(h);
    free(got);
    free(want);
}

static void rates_and_their_derivatives_are_collected_alike(void **unused)
{
    MYE_UNUSED(unused);
    each_size(17, check_collect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_expand_and_count_from_any_first_bit),
        cmocka_unit_test(bf16_rounds_to_the_nearest_and_ties_to_even),
        cmocka_unit_test(optimisers_agree_and_squares_add_up_to_the_same_bits),
        cmocka_unit_test(add_axpy_mul_and_scale_agree),
        cmocka_unit_test(passes_over_rows_of_channels_agree),
        cmocka_unit_test(membranes_and_spikes_are_bit_identical_to_the_reference),
        cmocka_unit_test(gradients_of_neurons_agree_for_every_kind_of_reset),
        cmocka_unit_test(rates_and_their_derivatives_are_collected_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
