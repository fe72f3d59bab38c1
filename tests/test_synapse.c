/* Groups of neurons: the public side, teaching and its independence of threads. */
#include "synapse_support.h"

/* ---- the public side of one neuron ---- */

static void one_neuron_answers_as_the_specification_says(void **state)
{
    static const double times[] = {10, 20, 50, 70},
                        unreset[] = {0.472201160, 1.469410823, 1.839599219, 2.146482278},
                        fired[] = {15.463568, 33.140450, 37.586578, 65.000529, 70.781801};
    static const double direction[] = {2.872944, 0.840666, 0.960439, 1.141008};
    mye_context *ctx = make_context(NULL);
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_synapse *s = NULL;
    double v[4], t[8] = {0}, theta, g[Q_UNITS];
    int n;
    (void)state;
    ASSERT_OK(mye_synapse_create(ctx, Q_UNITS, 2, &options, &s, &err));
    memcpy(mye_synapse_weights(s) + Q_UNITS, q_weights, sizeof q_weights);
    ASSERT_OK(mye_synapse_spikes(s, &q_pattern, 1, t, 3, &n, &err));
    assert_true(n == 5 && t[3] == 0);
    ASSERT_OK(mye_synapse_spikes(s, &q_pattern, 1, t, 8, &n, &err));
    for (int i = 0; i < 5; i++)
        ASSERT_NEAR(t[i], fired[i], 1e-7);
    ASSERT_OK(mye_synapse_potential(s, &q_pattern, 1, times, 4, v, &err));
    for (int i = 0; i < 4; i++) {
        double want = unreset[i];
        for (int k = 0; k < 5; k++)
            want -= t[k] < times[i] ? exp(-(times[i] - t[k]) / 20) : 0;
        ASSERT_NEAR(v[i], want, 1e-8);
    }
    ASSERT_OK(mye_synapse_critical(s, &q_pattern, 1, 2, &theta, g, &err));
    ASSERT_NEAR(theta, 1.839680158, 1e-9);
    for (int i = 0; i < Q_UNITS; i++)
        ASSERT_NEAR(g[i], direction[i], 1e-6);
    ASSERT_OK(mye_synapse_critical(s, &q_pattern, 1, 2, &theta, NULL, &err));
    ASSERT_FAILS(mye_synapse_critical(s, &q_pattern, 1, 0, &theta, g, &err), MYE_ERR_NUMERIC,
                 "fires 0 times");
    ASSERT_FAILS(mye_synapse_spikes(s, &q_pattern, 2, t, 8, &n, &err), MYE_ERR_ARG,
                 "neurons 0 to 1, got 2");
    ASSERT_FAILS(mye_synapse_spikes(s, &q_pattern, -1, t, 8, &n, &err), MYE_ERR_ARG, "got -1");
    const mye_spike far = {1, 1, 4};
    const mye_pattern bad = {&far, 1, 9, 0, 0};
    ASSERT_FAILS(mye_synapse_potential(s, &bad, 1, times, 4, v, &err), MYE_ERR_ARG, "afferent 4");
    mye_synapse_free(s);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void responses_are_those_of_each_neuron(void **state)
{
    static double v_max[B_PATTERNS * B_NEURONS];
    static int32_t count[B_PATTERNS * B_NEURONS];
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    bench b;
    (void)state;
    options.init_mean = 0.06;
    options.init_sd = 0.1;
    for (int threads = 1; threads <= 3; threads++) {
        bench_open(&b, threads, &options);
        ASSERT_OK(mye_synapse_respond(b.s, b.set, &(mye_responses){v_max, NULL}, &err));
        ASSERT_OK(mye_synapse_respond(b.s, b.set, &(mye_responses){NULL, count}, &err));
        for (int k = 0; k < B_PATTERNS; k++)
            for (int m = 0; m < B_NEURONS; m++) {
                const mye_pattern p = mye_patterns_at(b.set, k);
                double theta, t;
                int n;
                ASSERT_OK(mye_synapse_spikes(b.s, &p, m, &t, 1, &n, &err));
                assert_int_equal(count[k * B_NEURONS + m], n);
                ASSERT_OK(mye_synapse_critical(b.s, &p, m, 1, &theta, NULL, &err));
                assert_true(v_max[k * B_NEURONS + m] == theta);
            }
        bench_close(&b);
    }
}

/* ---- teaching ---- */

static void any_number_of_threads_learns_the_same(void **state)
{
    static const char *const rules[] = {"mst:tolerance=1e-4", "peak", "tempotron:margin=0.1"};
    static const int batches[] = {1, 32, 7};
    (void)state;
    for (int r = 0; r < COUNT_OF(rules); r++)
        for (int k = 0; k < COUNT_OF(batches); k++) {
            double first[B_UNITS * B_NEURONS];
            mye_synapse_epoch last = {0};
            for (int threads = 1; threads <= 3; threads++) {
                mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
                bench b;
                options.rule = rules[r];
                options.batch = batches[k];
                options.epochs = 3;
                options.noise = k == 2 ? "jitter:sd=1 insert:rate=1 delete" : "";
                options.average = r == 1;
                bench_open(&b, threads, &options);
                ASSERT_OK(bench_train(&b, NULL, &err));
                const mye_synapse_epoch e = b.result.curve[b.result.epochs - 1];
                if (threads == 1) {
                    memcpy(first, mye_synapse_weights(b.s), sizeof first);
                    last = e;
                }
                assert_memory_equal(first, mye_synapse_weights(b.s), sizeof first);
                assert_true(e.wrong == last.wrong && e.near == last.near && e.epoch == last.epoch);
                bench_close(&b);
            }
        }
}

static void seeds_and_noise_make_a_difference(void **state)
{
    double w[4][B_UNITS * B_NEURONS];
    (void)state;
    for (int i = 0; i < 4; i++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        bench b;
        options.rule = "peak";
        options.epochs = 3;
        options.init_sd = 0; /* order and noise alone */
        options.seed = i == 1 ? 2 : 1;
        options.noise = i == 2 ? "jitter:sd=1" : "";
        bench_open(&b, 2, &options);
        ASSERT_OK(bench_train(&b, NULL, &err));
        memcpy(w[i], mye_synapse_weights(b.s), sizeof w[i]);
        bench_close(&b);
    }
    assert_memory_equal(w[0], w[3], sizeof w[0]);
    assert_true(memcmp(w[0], w[1], sizeof w[0]) != 0 && memcmp(w[0], w[2], sizeof w[0]) != 0);
}

/* What neuron m would learn from all patterns with the weights it has. */
static void sum_of_directions(const bench *b, const char *rule, int m, double *sum)
{
    stand s;
    stand_open(&s, "double-exp", rule, 1, B_UNITS);
    memcpy(s.w, mye_synapse_weights(b->s) + m * B_UNITS, B_UNITS * sizeof(double));
    memset(sum, 0, B_UNITS * sizeof(double));
    for (int k = 0; k < B_PATTERNS; k++) {
        const mye_pattern p = mye_patterns_at(b->set, k);
        double d[B_UNITS];
        stand_show(&s, p.spike, p.n, p.window_ms);
        stand_learn(&s, b->count[k * B_NEURONS + m], NULL, d);
        for (int i = 0; i < B_UNITS; i++)
            sum[i] += d[i];
    }
    stand_close(&s);
}

static void a_batch_is_the_sum_of_its_mistakes(void **state)
{
    static const char *const rules[] = {"mst", "tempotron"};
    double want[B_NEURONS][B_UNITS];
    (void)state;
    for (int r = 0; r < 2; r++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        bench b;
        options.rule = rules[r];
        options.move = "plain";
        options.batch = 1000; /* all patterns, more than there are */
        options.epochs = 1;
        bench_open(&b, 2, &options);
        for (int m = 0; m < B_NEURONS; m++) {
            sum_of_directions(&b, rules[r], m, want[m]);
            for (int i = 0; i < B_UNITS; i++)
                want[m][i] = mye_synapse_weights(b.s)[m * B_UNITS + i] + 1e-3 * want[m][i];
        }
        ASSERT_OK(bench_train(&b, NULL, &err));
        for (int m = 0; m < B_NEURONS; m++)
            for (int i = 0; i < B_UNITS; i++)
                ASSERT_NEAR(mye_synapse_weights(b.s)[m * B_UNITS + i], want[m][i], 1e-12);
        bench_close(&b);
    }
}

static void teaching_ends_when_nothing_is_wrong_or_near(void **state)
{
    static const int batches[] = {1, 8};
    (void)state;
    for (int k = 0; k < 4; k++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        bench b;
        int32_t count[B_PATTERNS * B_NEURONS];
        double w[B_UNITS * B_NEURONS];
        options.rule = k < 2 ? "mst:tolerance=1e-5" : "tempotron:margin=0.05";
        options.batch = batches[k % 2];
        options.epochs = 3000;
        options.lambda = 3e-3;
        options.move = "momentum:mu=0.5";
        bench_open(&b, 2, &options);
        for (int i = 0; k > 1 && i < B_PATTERNS * B_NEURONS; i++)
            b.count[i] = b.count[i] > 1;
        ASSERT_OK(bench_train(&b, NULL, &err));
        print_message("%s, batch %d: %lld epochs\n", options.rule, options.batch,
                      (long long)b.result.epochs);
        assert_true(b.result.converged && b.result.epochs > 1 && b.result.epochs < 3000);
        for (int64_t e = 0; e < b.result.epochs; e++) {
            const mye_synapse_epoch *at = &b.result.curve[e];
            assert_true(at->epoch == e + 1 && at->lambda == 3e-3);
            assert_true((at->wrong > 0 || at->near > 0) == (e + 1 < b.result.epochs));
        }
        memcpy(w, mye_synapse_weights(b.s), sizeof w);
        ASSERT_OK(mye_synapse_respond(b.s, b.set, &(mye_responses){NULL, count}, &err));
        for (int i = 0; i < B_PATTERNS * B_NEURONS; i++)
            assert_true(k < 2 ? count[i] == b.count[i] : (count[i] > 0) == b.count[i]);
        mye_synapse_result_free(b.ctx, &b.result);
        ASSERT_OK(bench_train(&b, NULL, &err)); /* nothing is left to learn */
        assert_true(b.result.converged && b.result.epochs == 1);
        assert_memory_equal(w, mye_synapse_weights(b.s), sizeof w);
        bench_close(&b);
    }
}

/* With a batch of everything weights move once an epoch, at its end. */
static void averages_are_of_weights_after_each_presentation(void **state)
{
    enum { EPOCHS = 3 };
    double w[EPOCHS + 1][B_UNITS * B_NEURONS];
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    bench b;
    (void)state;
    options.rule = "mst";
    options.batch = B_PATTERNS;
    for (int e = 0; e <= EPOCHS; e++) {
        options.epochs = e < EPOCHS ? e + 1 : EPOCHS;
        options.average = e == EPOCHS;
        bench_open(&b, 1, &options);
        ASSERT_OK(bench_train(&b, NULL, &err));
        memcpy(w[e], mye_synapse_weights(b.s), sizeof w[e]);
        bench_close(&b);
    }
    bench_open(&b, 1, &options);
    const double *first = mye_synapse_weights(b.s);
    for (int i = 0; i < B_UNITS * B_NEURONS; i++) {
        double mean = (B_PATTERNS - 1) * first[i];
        for (int e = 0; e < EPOCHS; e++)
            mean += (e < EPOCHS - 1 ? B_PATTERNS : 1) * w[e][i];
        ASSERT_NEAR(w[EPOCHS][i], mean / (B_PATTERNS * EPOCHS), 1e-12);
    }
    bench_close(&b);
}

/* One pattern, so that each epoch is a presentation; it is never right. */
static void averages_of_single_presentations_count_each(void **state)
{
    enum { EPOCHS = 4 };
    static const int64_t one[] = {7};
    double w[EPOCHS + 1][B_UNITS * B_NEURONS];
    (void)state;
    for (int e = 0; e <= EPOCHS; e++) {
        mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
        mye_patterns *set = NULL;
        bench b;
        options.epochs = e < EPOCHS ? e + 1 : EPOCHS;
        options.average = e == EPOCHS;
        options.rule = "peak";
        bench_open(&b, 1, &options);
        ASSERT_OK(mye_patterns_choose(b.set, one, 1, &set, &err));
        mye_patterns_free(b.set);
        b.set = set;
        for (int m = 0; m < B_NEURONS; m++)
            b.count[m] = 1000;
        ASSERT_OK(bench_train(&b, NULL, &err));
        memcpy(w[e], mye_synapse_weights(b.s), sizeof w[e]);
        bench_close(&b);
    }
    for (int i = 0; i < B_UNITS * B_NEURONS; i++)
        ASSERT_NEAR(w[EPOCHS][i], (w[0][i] + w[1][i] + w[2][i] + w[3][i]) / 4, 1e-12);
}

/* Weights go on; momentum and means do not. */
static void teaching_again_begins_anew_but_for_the_weights(void **state)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    bench a, b;
    (void)state;
    options.epochs = 2;
    options.average = true;
    bench_open(&a, 1, &options);
    bench_open(&b, 1, &options);
    ASSERT_OK(bench_train(&a, NULL, &err));
    mye_synapse_result_free(a.ctx, &a.result);
    memcpy(mye_synapse_weights(b.s), mye_synapse_weights(a.s),
           B_UNITS * B_NEURONS * sizeof(double));
    ASSERT_OK(bench_train(&a, NULL, &err));
    ASSERT_OK(bench_train(&b, NULL, &err));
    assert_memory_equal(mye_synapse_weights(a.s), mye_synapse_weights(b.s),
                        B_UNITS * B_NEURONS * sizeof(double));
    bench_close(&a);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_neuron_answers_as_the_specification_says),
        cmocka_unit_test(responses_are_those_of_each_neuron),
        cmocka_unit_test(any_number_of_threads_learns_the_same),
        cmocka_unit_test(seeds_and_noise_make_a_difference),
        cmocka_unit_test(a_batch_is_the_sum_of_its_mistakes),
        cmocka_unit_test(teaching_ends_when_nothing_is_wrong_or_near),
        cmocka_unit_test(averages_of_single_presentations_count_each),
        cmocka_unit_test(teaching_again_begins_anew_but_for_the_weights),
        cmocka_unit_test(averages_are_of_weights_after_each_presentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
