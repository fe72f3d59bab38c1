/* Spikes of a group as patterns: coefficients of impulses, layers on layers, threads. */
#include <string.h>

#include "synapse_support.h"

static mye_context *open_context(int threads)
{
    const mye_context_options options = {.threads = threads};
    mye_context *ctx = NULL;
    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    return ctx;
}

/* Neurons with the weights of pattern Q, threshold 0.5. */
static mye_synapse *make(mye_context *ctx, const char *psp, int neurons)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_synapse *s = NULL;
    options.psp = psp;
    options.theta = 0.5;
    ASSERT_OK(mye_synapse_create(ctx, Q_UNITS, neurons, &options, &s, &err));
    for (int m = 0; m < neurons; m++)
        memcpy(mye_synapse_weights(s) + (size_t)m * Q_UNITS, q_weights, sizeof(q_weights));
    return s;
}

static mye_patterns *pattern_q(mye_context *ctx, int copies)
{
    mye_patterns *set = NULL;
    ASSERT_OK(mye_patterns_create(ctx, Q_UNITS, 2, &set, &err));
    ASSERT_OK(mye_patterns_name(set, 1, "second", &err));
    for (int i = 0; i < copies; i++) {
        const mye_pattern p = {q_spikes, COUNT_OF(q_spikes), 200, i % 2, i + 5};
        ASSERT_OK(mye_patterns_add(set, &p, &err));
    }
    return set;
}

/* T5b of the specification: two spikes at 35 and at 62 ms are one of coefficient 2 each. */
static void impulses_emit_coefficients(void **state)
{
    static const double t[] = {5, 12, 15, 30, 35, 62, 65};
    static const float c[] = {1, 1, 1, 1, 2, 2, 1};
    mye_context *ctx = open_context(1);
    mye_synapse *s = make(ctx, "exp:tau_m=20", 1);
    mye_patterns *in = pattern_q(ctx, 2), *out = NULL;
    (void)state;
    ASSERT_OK(mye_synapse_emit(s, in, &out, &err));
    const mye_patterns_info *info = mye_patterns_about(out);
    assert_int_equal(info->n, 2);
    assert_int_equal(info->units, 1);
    assert_string_equal(info->class_name[1], "second");
    for (int k = 0; k < 2; k++) {
        const mye_pattern p = mye_patterns_at(out, k);
        assert_int_equal(p.n, COUNT_OF(t));
        assert_int_equal(p.label, k);
        assert_int_equal(p.group, k + 5);
        assert_true(p.window_ms == 200);
        for (int i = 0; i < COUNT_OF(t); i++) {
            assert_true(p.spike[i].t_ms == t[i]);
            assert_true(p.spike[i].c == c[i]);
        }
    }
    mye_patterns_free(in);
    mye_patterns_free(out);
    mye_synapse_free(s);
    mye_context_free(ctx);
}

/* A second layer reads coefficient k as k spikes of one time. */
static void layers_read_what_layers_emit(void **state)
{
    mye_context *ctx = open_context(1);
    mye_synapse *first = make(ctx, "exp:tau_m=20", 1), *second = NULL;
    mye_patterns *in = pattern_q(ctx, 1), *between = NULL, *out = NULL;
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    double spike[64];
    mye_spike apart[64];
    int n = 0, times = 0;
    (void)state;
    options.psp = "exp:tau_m=20";
    ASSERT_OK(mye_synapse_create(ctx, 1, 1, &options, &second, &err));
    mye_synapse_weights(second)[0] = 0.7;
    ASSERT_OK(mye_synapse_emit(first, in, &between, &err));
    ASSERT_OK(mye_synapse_emit(second, between, &out, &err));
    const mye_pattern q = mye_patterns_at(in, 0);
    ASSERT_OK(mye_synapse_spikes(first, &q, 0, spike, 64, &n, &err));
    for (int i = 0; i < n; i++)
        apart[i] = (mye_spike){spike[i], 1, 0};
    const mye_pattern one_by_one = {apart, n, 200, 0, 0};
    ASSERT_OK(mye_synapse_spikes(second, &one_by_one, 0, spike, 64, &times, &err));
    const mye_pattern got = mye_patterns_at(out, 0);
    double sum = 0;
    for (int64_t i = 0; i < got.n; i++)
        sum += (double)got.spike[i].c;
    assert_true(times > 0 && sum == times);
    assert_true(got.spike[0].t_ms == spike[0]);
    mye_patterns_free(in);
    mye_patterns_free(between);
    mye_patterns_free(out);
    mye_synapse_free(first);
    mye_synapse_free(second);
    mye_context_free(ctx);
}

/* More patterns than a round, on one thread and on three. */
static void threads_do_not_matter(void **state)
{
    const int copies = 1100, neurons = 3;
    mye_patterns *out[2];
    mye_context *ctx[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        ctx[i] = open_context(i == 0 ? 1 : 3);
        mye_synapse *s = make(ctx[i], "double-exp", neurons);
        mye_patterns *in = pattern_q(ctx[i], copies);
        mye_synapse_weights(s)[1] = 0.3; /* neuron 0 differs */
        ASSERT_OK(mye_synapse_emit(s, in, &out[i], &err));
        mye_patterns_free(in);
        mye_synapse_free(s);
    }
    assert_int_equal(mye_patterns_about(out[0])->n, copies);
    assert_int_equal(mye_patterns_about(out[0])->spikes, mye_patterns_about(out[1])->spikes);
    for (int k = 0; k < copies; k++) {
        const mye_pattern a = mye_patterns_at(out[0], k), b = mye_patterns_at(out[1], k);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.spike, b.spike, (size_t)a.n * sizeof(*a.spike));
    }
    for (int i = 0; i < 2; i++) {
        mye_patterns_free(out[i]);
        mye_context_free(ctx[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impulses_emit_coefficients),
        cmocka_unit_test(layers_read_what_layers_emit),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
