/* CaFo: predictors that learn apart from one another on blocks that stand still, and their vote. */
#include "cafo_support.h"

enum { K = 10, B = 6 };

#define CAFO "cafo:channels=4"

/* ---- what the rule makes of a network ---- */

static void predictors_read_features_of_known_lengths(void **state)
{
    (void)state;
    static const struct {
        int C, size, features[3];
    } known[] = {{1, 28, {6272, 6272, 4608}}, {3, 32, {8192, 8192, 8192}}};
    static const char *const name[] = {"predictor1.fc1.weight", "predictor2.fc1.weight",
                                       "fc1.weight"};
    mye_context *ctx = context(1);
    for (int i = 0; i < 2; i++) {
        mye_model *model = cut(ctx, "cafo", "relu", "cafo", known[i].C, known[i].size);
        int64_t learn = 0;
        assert_int_equal(mye_model_modules(model), 3);
        for (int b = 0; b < 3; b++) {
            mye_tensor_info info;
            mye_model_tensor(model, mye_model_tensor_find(model, name[b]), &info);
            assert_int_equal(info.count, K * known[i].features[b]);
            assert_true(info.trainable);
            learn += info.count;
        }
        assert_int_equal(mye_model_weights(model), learn); /* blocks are frozen */
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* Blocks begin as those of the network without the rule. */
static void blocks_begin_as_without_the_rule(void **state)
{
    (void)state;
    static const char *const name[] = {"conv1.weight", "conv2.weight", "conv3.bias", "fc1.weight"};
    mye_context *ctx = context(1);
    mye_model *plain = cut(ctx, CAFO, "relu", "global", 2, 12);
    static const char *const rule[] = {"cafo", "cafo:blocks=dfa", "dfa"};
    for (int r = 0; r < 3; r++) {
        mye_model *model = cut(ctx, CAFO, "relu", rule[r], 2, 12);
        for (int i = 0; i < 4; i++)
            assert_true(tensors_differ(plain, model, name[i], false) == 0);
        mye_model_free(model);
    }
    mye_model_free(plain);
    mye_context_free(ctx);
}

/* ---- losses and votes ---- */

static void equal_weights_give_the_known_losses(void **state)
{
    (void)state;
    static const struct {
        const char *loss;
        double value;
    } known[] = {{"ce_mean", 2.302585}, {"sparsemax_mean", 0.45}};
    mye_context *ctx = context(1);
    mye_model *model = cut(ctx, CAFO, "relu", "cafo", 2, 12);
    set_all(model, "predictor1.fc1.weight", 1);
    set_all(model, "predictor2.fc1.weight", 1);
    set_all(model, "fc1.weight", 1);
    for (int i = 0; i < 2; i++) {
        mye_run *run = run_of(ctx, model, training("bptt", known[i].loss, 1, B));
        const mye_step_result r = step_of(run, B, 5);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(r.module_loss[k] - known[i].value) < 1e-5);
        mye_run_free(run);
    }
    mye_model_free(model);
    mye_context_free(ctx);
}

static void add_softmax(const double *z, double *sum)
{
    double total = 0;
    for (int k = 0; k < K; k++)
        total += exp(z[k]);
    for (int k = 0; k < K; k++)
        sum[k] += exp(z[k]) / total;
}

static void answers_are_sums_of_softmax(void **state)
{
    (void)state;
    enum { N = 8, H = 6, G = 5 };
    mye_context *ctx = context(1);
    mye_model *model = cut(ctx, "FC6-N-FC5-N-FC10", "relu", "cafo", N, 1);
    mye_run *run =
        run_of(ctx, model, (mye_run_options){.time = "bptt", .loss = "ce_mean", .T = 1, .B = B});
    const mye_step_result r = step_of(run, B, 5);
    static const char *const name[] = {"fc1.weight", "fc1.bias", "predictor1.fc1.weight",
                                       "fc2.weight", "fc2.bias", "fc3.weight",
                                       "fc3.bias"};
    float *w[7];
    size_t n;
    for (int i = 0; i < 7; i++)
        w[i] = tensor(model, name[i], false, &n);
    for (int b = 0; b < B; b++) {
        double x[N], h[H], g[G], z[K], sum[K] = {0};
        for (int i = 0; i < N; i++)
            x[i] = (double)mye_random_normal(5, MYE_STREAM_TEST, (uint64_t)(b * N + i));
        layer(w[0], w[1], H, N, x, true, h);
        layer(w[2], NULL, K, H, h, false, z);
        add_softmax(z, sum);
        layer(w[3], w[4], G, H, h, true, g);
        layer(w[5], w[6], K, G, g, false, z);
        add_softmax(z, sum);
        for (int k = 0; k < K; k++)
            assert_true(fabs(sum[k] - (double)r.output[b * K + k]) < 1e-5);
    }
    for (int i = 0; i < 7; i++)
        free(w[i]);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* More blocks than one sum has inputs; every vote adds up to 1. */
static void every_block_has_a_vote(void **state)
{
    (void)state;
    static const char *const rule[] = {"cafo", "cafo:vote=sparsemax", "cafo:blocks=dfa"};
    static const struct {
        const char *net;
        int blocks;
    } of[] = {{"FC6-N-FC10", 1},
              {"FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC10", 10},
              {"FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC6-N-FC10", 8}};
    mye_context *ctx = context(1);
    for (int i = 0; i < 9; i++) {
        mye_model *model = cut(ctx, of[i / 3].net, "relu", rule[i % 3], 8, 1);
        mye_run *run = run_of(ctx, model,
                              (mye_run_options){.time = "bptt", .loss = "ce_mean", .T = 1, .B = B});
        const mye_step_result r = step_of(run, B, 5);
        for (int b = 0; b < B; b++) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += (double)r.output[b * K + k];
            assert_true(fabs(sum - of[i / 3].blocks) < 1e-5);
        }
        mye_run_free(run);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* ---- independence ---- */

/* Three steps down the gradient. */
static void learn(mye_context *ctx, mye_model *model)
{
    mye_run *run = run_of(ctx, model, training("bptt", "ce_mean", 1, B));
    for (uint64_t s = 0; s < 3; s++) {
        step_of(run, B, 5 + s);
        for (size_t i = 0; i < model->n_params; i++)
            model->param[i] -= 0.5f * model->grad[i];
    }
    mye_run_free(run);
}

static void predictors_do_not_notice_one_another(void **state)
{
    (void)state;
    static const char *const name[] = {"predictor1.fc1.weight", "predictor2.fc1.weight",
                                       "fc1.weight"};
    mye_context *ctx = context(2);
    for (int other = 0; other < 3; other++) {
        mye_model *a = cut(ctx, CAFO, "relu", "cafo", 2, 12);
        mye_model *b = cut(ctx, CAFO, "relu", "cafo", 2, 12);
        set_all(b, name[other], 0.5f);
        learn(ctx, a);
        learn(ctx, b);
        for (int i = 0; i < 3; i++)
            assert_true((tensors_differ(a, b, name[i], false) == 0) == (i != other));
        mye_model_free(a);
        mye_model_free(b);
    }
    mye_context_free(ctx);
}

static void random_blocks_stay_as_they_are(void **state)
{
    (void)state;
    static const char *const name[] = {"conv1.weight", "conv1.bias",   "conv2.weight",
                                       "bn1.weight",   "conv3.weight", "bn3.bias"};
    mye_context *ctx = context(2);
    mye_model *a = cut(ctx, CAFO, "relu", "cafo", 2, 12);
    mye_model *b = cut(ctx, CAFO, "relu", "cafo", 2, 12);
    learn(ctx, b);
    assert_true(tensors_differ(a, b, "predictor1.fc1.weight", false) > 0);
    for (int i = 0; i < 6; i++) {
        size_t n;
        float *x = tensor(a, name[i], false, &n), *y = tensor(b, name[i], false, &n);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
    }
    mye_model_free(a);
    mye_model_free(b);
    mye_context_free(ctx);
}

/* With blocks that learn by direct feedback, these learn as they do alone. */
static void predictors_only_look_on_while_blocks_learn(void **state)
{
    (void)state;
    static const char *const name[] = {"conv1.weight", "bn2.weight", "conv3.weight", "fc1.weight"};
    mye_context *ctx = context(2);
    mye_model *a = cut(ctx, CAFO, "lif", "dfa", 2, 12);
    mye_model *b = cut(ctx, CAFO, "lif", "cafo:blocks=dfa", 2, 12);
    assert_int_equal(mye_model_modules(b), 3);
    static const char *const rule[] = {"bptt", "rate", "sltt", "bptt:checkpoint=node"};
    for (int r = 0; r < 4; r++) {
        mye_run *ra = run_of(ctx, a, training(rule[r], "ce_mean", 3, B));
        mye_run *rb = run_of(ctx, b, training(rule[r], "ce_mean", 3, B));
        step_of(ra, B, 5);
        step_of(rb, B, 5);
        for (int i = 0; i < 4; i++)
            if (tensors_differ(a, b, name[i], true) > 1e-6)
                fail_msg("%s, %s: %g", rule[r], name[i], tensors_differ(a, b, name[i], true));
        mye_run_free(ra);
        mye_run_free(rb);
    }
    mye_model_free(a);
    mye_model_free(b);
    mye_context_free(ctx);
}

/* ---- time rules ---- */

/* A predictor is linear: its gradient is sum_t e_t' f_t for every rule that sees the same features. */
static void time_rules_agree_about_predictors_of_spiking_blocks(void **state)
{
    (void)state;
    static const struct {
        const char *net, *a, *b, *loss;
        double tolerance;
    } pair[] = {{"8C3-BN-LIF-AP2-12C3-BN-LIF-AP2-FC10", "bptt", "rate", "ce_mean", 1e-5},
                {CAFO, "bptt", "bptt:checkpoint=node", "ce_mean", 0},
                {CAFO, "bptt", "bptt:keep=bf16", "ce_mean", 2e-2},
                {CAFO, "bptt:mode=s", "sltt", "ce_mean", 1e-5},
                {CAFO, "bptt:mode=s", "sltt", "ce_step", 1e-5},
                {CAFO, "bptt:mode=s", "ottt:variant=A", "ce_step", 1e-5},
                {"8C3-LIF-MP2-12C3-LIF-MP2-FC10", "bptt", "sltt", "sparsemax_mean", 1e-5},
                {"8C3-LIF-AP2-12C3-LIF-AP2-FC10", "bptt", "rate:output=rates", "ce_mean", 1e-5}};
    mye_context *ctx = context(2);
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        mye_model *model = cut(ctx, pair[i].net, "lif", "cafo", 2, 12);
        double la = 0, lb = 0;
        float *ga = gradient_of(ctx, model, pair[i].a, pair[i].loss, 4, 5, &la);
        float *gb = gradient_of(ctx, model, pair[i].b, pair[i].loss, 4, 5, &lb);
        const double d = relative_difference(ga, gb, model->n_params);
        if (d > pair[i].tolerance || fabs(la - lb) > pair[i].tolerance)
            fail_msg("%s and %s differ by %g, losses %g, %g", pair[i].a, pair[i].b, d, la, lb);
        free(ga);
        free(gb);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* ---- statistics ---- */

/* Half of the samples alone, and among the others: only with statistics=batch it matters. */
static void statistics_of_the_batch_depend_on_the_neighbours(void **state)
{
    (void)state;
    static const char *const rule[] = {"cafo", "cafo:statistics=batch"};
    mye_context *ctx = context(1);
    for (int i = 0; i < 2; i++) {
        mye_model *model = cut(ctx, CAFO, "relu", rule[i], 2, 12);
        mye_run *run = run_of(ctx, model,
                              (mye_run_options){.time = "bptt", .loss = "ce_mean", .T = 1, .B = B});
        float alone[B / 2 * K];
        memcpy(alone, step_of(run, B / 2, 5).output, sizeof alone);
        const double d =
            relative_difference(alone, step_of(run, B, 5).output, sizeof alone / sizeof *alone);
        assert_true(i == 0 ? d == 0 : d > 1e-3);
        mye_run *train = run_of(ctx, model, training("bptt", "ce_mean", 1, B));
        float seen[B * K];
        memcpy(seen, step_of(train, B, 5).output, sizeof seen);
        const double parity = relative_difference(seen, step_of(run, B, 5).output, B * K);
        assert_true(i == 0 ? parity > 1e-3 : parity < 1e-5); /* at test time as in training */
        mye_run_free(run);
        mye_run_free(train);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

/* ---- refusals ---- */

static void what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_error err = {0};
    mye_run *run = NULL;
    refused(ctx, "FC10", "cafo", "wants a network with hidden layers");
    refused(ctx, CAFO, "cafo:blocks=dfa,fit=closed", "fit=closed wants blocks=random");
    refused(ctx, "8C3-LIF-FC10", "cafo:fit=closed", "'fc1' (dense with bias)");
    refused(ctx, "8C3-LIF-FC12-FC10", "cafo:fit=closed", "got 'fc1' (dense) before it");
    mye_model *model = cut(ctx, CAFO, "lif", "cafo:fit=closed", 2, 12);
    const mye_run_options o = training("ottt:variant=O", "ce_step", 2, B);
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "solved when all samples are seen"));
    mye_gradcheck_options check = MYE_GRADCHECK_OPTIONS;
    mye_gradcheck_item *items = NULL;
    int n = 0;
    assert_int_equal(mye_gradcheck(ctx, model, &check, &items, &n, &err), MYE_ERR_UNSUPPORTED);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictors_read_features_of_known_lengths),
        cmocka_unit_test(blocks_begin_as_without_the_rule),
        cmocka_unit_test(equal_weights_give_the_known_losses),
        cmocka_unit_test(answers_are_sums_of_softmax),
        cmocka_unit_test(every_block_has_a_vote),
        cmocka_unit_test(predictors_do_not_notice_one_another),
        cmocka_unit_test(random_blocks_stay_as_they_are),
        cmocka_unit_test(predictors_only_look_on_while_blocks_learn),
        cmocka_unit_test(time_rules_agree_about_predictors_of_spiking_blocks),
        cmocka_unit_test(statistics_of_the_batch_depend_on_the_neighbours),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
