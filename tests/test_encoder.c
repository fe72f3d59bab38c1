/* Encoders: their equations, and that they are pure functions of image and seed. */
#include <math.h>

#include "data_support.h"

#define N      50
#define STRIDE 64
#define T_MAX  4000

static float image[N];

/* out[t * STRIDE + i] of an encoder given as text. */
static float *encode(const char *text, int T, uint64_t seed)
{
    static float out[T_MAX * STRIDE];
    mye_context *ctx = make_context(NULL);
    mye_method method = {0};
    const mye_encoder_type *type;

    assert_true(T <= T_MAX);
    ASSERT_OK(mye_method_parse(ctx, &mye_kind_encoder, text, &method, &err));
    type = (const mye_encoder_type *)(const void *)method.entry;
    for (size_t k = 0; k < sizeof out / sizeof out[0]; k++)
        out[k] = -7;
    type->encode(method.options, N, image, T, seed, STRIDE, out);
    for (int t = 0; t < (type->is_static ? 1 : T); t++)
        for (int i = N; i < STRIDE; i++)
            assert_true(out[t * STRIDE + i] == -7); /* nothing between the steps */
    if (type->is_static)
        assert_true(out[STRIDE] == -7);
    mye_method_free(ctx, &method);
    mye_context_free(ctx);
    return out;
}

static int ramp(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++)
        image[i] = (float)i / (N - 1);
    return 0;
}

static void direct_is_the_image_itself_written_once(void **state)
{
    (void)state;
    assert_memory_equal(encode("direct", 4, 1), image, sizeof image);
}

static void rate_spikes_with_the_probability_of_the_brightness(void **state)
{
    const float *out = encode("rate", T_MAX, 11);

    (void)state;
    for (int i = 0; i < N; i++) {
        double spikes = 0;
        for (int t = 0; t < T_MAX; t++) {
            assert_true(out[t * STRIDE + i] == 0 || out[t * STRIDE + i] == 1);
            spikes += (double)out[t * STRIDE + i];
        }
        const double p = (double)image[i];
        assert_true(fabs(spikes / T_MAX - p) <= 4.5 * sqrt(p * (1 - p) / T_MAX));
    }
}

static void rate_follows_its_gain_and_its_seed(void **state)
{
    float first[20 * STRIDE];
    double sum = 0;

    (void)state;
    memcpy(first, encode("rate", 20, 5), sizeof first);
    assert_memory_equal(first, encode("rate", 20, 5), sizeof first);
    assert_memory_not_equal(first, encode("rate", 20, 6), sizeof first);
    /* More steps do not change the first ones. */
    assert_memory_equal(first, encode("rate", 40, 5), sizeof first);
    const float *out = encode("rate:gain=0.25", T_MAX, 5);
    for (int t = 0; t < T_MAX; t++)
        sum += (double)out[t * STRIDE + N - 1];
    assert_true(fabs(sum / T_MAX - 0.25) < 0.03);
}

static void latency_spikes_once_and_earlier_for_brighter_pixels(void **state)
{
    static const char *const texts[] = {"latency:theta=0.1", "latency:curve=log,theta=0.1",
                                        "latency:curve=log,theta=0.1,tau=3"};

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        const float *out = encode(texts[k], 16, 1);
        int before = 16;
        for (int i = 0; i < N; i++) {
            int at = -1, spikes = 0;
            for (int t = 0; t < 16; t++)
                if (out[t * STRIDE + i] != 0) {
                    assert_true(out[t * STRIDE + i] == 1);
                    at = t;
                    spikes++;
                }
            assert_true(spikes <= 1);
            if (image[i] <= 0.1f)
                assert_int_equal(spikes, 0);
            if (spikes) {
                assert_true(at <= before);
                before = at;
            }
        }
        assert_int_equal(before, 0);
    }
}

static void latency_puts_the_spike_on_the_step_of_its_equation(void **state)
{
    const float *out;

    (void)state;
    image[0] = 0.5f;
    image[1] = 1;
    image[2] = 0.2f;
    out = encode("latency", 11, 1);
    assert_true(out[5 * STRIDE] == 1 && out[1] == 1 && out[8 * STRIDE + 2] == 1);
    /* tau (ln(x / (x - theta)) + ln(1 - theta)) with x = 0.2, theta = 0.1, tau = 5: 2.94 */
    out = encode("latency:curve=log,theta=0.1,tau=5", 11, 1);
    assert_true(out[3 * STRIDE + 2] == 1);
}

static void phase_is_the_binary_number_of_the_pixel(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++)
        image[i] = (float)((i * 41 % 256) / 255.0);
    const float *out = encode("phase", 16, 1);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int t = 0; t < 16; t++) {
            const float x = out[t * STRIDE + i];
            assert_true(x == 0 || x == ldexpf(1, -(1 + t % 8)));
            assert_true(x == out[(t + 8) % 16 * STRIDE + i]);
            sum += (double)x;
        }
        assert_true(sum == 2 * (i * 41 % 256) / 256.0);
    }
    out = encode("phase:weighted=no,period=4", 4, 1);
    for (int t = 0; t < 4; t++)
        assert_true(out[t * STRIDE] == 0 && (out[t * STRIDE + 1] == 0 || out[t * STRIDE + 1] == 1));
}

static void every_encoder_is_pure_and_in_order(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_encoder.entries; *e; e++) {
        float first[4 * STRIDE];
        memcpy(first, encode((*e)->name, 4, 3), sizeof first);
        assert_memory_equal(first, encode((*e)->name, 4, 3), sizeof first);
        assert_true(!e[1] || strcmp((*e)->name, e[1]->name) < 0);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, ramp)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(direct_is_the_image_itself_written_once),
        TEST(rate_spikes_with_the_probability_of_the_brightness),
        TEST(rate_follows_its_gain_and_its_seed),
        TEST(latency_spikes_once_and_earlier_for_brighter_pixels),
        TEST(latency_puts_the_spike_on_the_step_of_its_equation),
        TEST(phase_is_the_binary_number_of_the_pixel),
        TEST(every_encoder_is_pure_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
