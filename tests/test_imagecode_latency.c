/* The latency code of images. */
#include "image_support.h"

#include "data/data.h"

static void the_larger_the_value_the_earlier_its_spike(void **state)
{
    const float value[] = {1, 0.75f, 0.5f, 0.0625f, 0.04f, 0};
    const double t_ms[] = {0, 12.5, 25, 46.875};
    mye_spike spike[6];
    double window_ms;
    (void)state;
    assert_int_equal(
        encode_maps("latency:resolution=0", (mye_maps){1, 2, 3}, value, spike, &window_ms), 4);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(spike[k].unit, k);
        assert_true(spike[k].c == 1);
        assert_true(spike[k].t_ms == t_ms[k]);
    }
    assert_true(window_ms == 50);
}

static void times_are_rounded_to_the_resolution(void **state)
{
    const float value[] = {1, 0.75f, 0.5f, 0.0625f};
    const double t_ms[] = {0, 6, 10, 18}; /* of 0, 5, 10, 18.75 */
    mye_spike spike[4];
    double window_ms;
    (void)state;
    assert_int_equal(
        encode_maps("latency:T=20,resolution=2", (mye_maps){1, 1, 4}, value, spike, &window_ms), 4);
    for (int k = 0; k < 4; k++)
        assert_true(spike[k].t_ms == t_ms[k]);
}

static void spikes_can_carry_the_value_besides(void **state)
{
    const float value[] = {1, 0.75f, 0.01f, 2, NAN}; /* 2: a pixel as it should not be */
    const double t_ms[] = {0, 5, 0};
    const float c[] = {1, 0.75f, 1};
    mye_spike spike[5];
    double window_ms;
    (void)state;
    assert_int_equal(
        encode_maps("latency:T=20,value=yes", (mye_maps){1, 1, 5}, value, spike, &window_ms), 3);
    for (int k = 0; k < 3; k++) {
        assert_true(spike[k].t_ms == t_ms[k]);
        assert_true(spike[k].c == c[k]);
    }
}

/* The encoder of networks, one step a millisecond. */
static void times_are_those_of_the_encoder_of_networks(void **state)
{
    enum { N = 256, T = 51 };
    static float value[N], step[T * N];
    static mye_spike spike[N];
    mye_context *ctx = make_context(NULL);
    mye_method method = {0};
    double window_ms;
    (void)state;
    for (int i = 0; i < N; i++)
        value[i] = (float)i / (N - 1);
    ASSERT_OK(mye_method_parse(ctx, &mye_kind_encoder, "latency", &method, &err));
    ((const mye_encoder_type *)(const void *)method.entry)
        ->encode(method.options, N, value, T, 1, N, step);
    const int64_t n = encode_maps("latency", (mye_maps){1, 16, 16}, value, spike, &window_ms);
    float all = 0;
    for (int k = 0; k < T * N; k++)
        all += step[k];
    assert_int_equal(n, (int64_t)all);
    for (int64_t k = 0; k < n; k++)
        assert_true(step[(int)spike[k].t_ms * N + spike[k].unit] == 1);
    mye_method_free(ctx, &method);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_larger_the_value_the_earlier_its_spike),
        cmocka_unit_test(times_are_rounded_to_the_resolution),
        cmocka_unit_test(spikes_can_carry_the_value_besides),
        cmocka_unit_test(times_are_those_of_the_encoder_of_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
