/* What inference runs tell of single samples, against the same by hand; surveys in parts. */
#include <math.h>

#include "net/run.h"
#include "net_fixture.h"
#include "train/survey.h"
#include "train_support.h"

enum { C = 2, H = 8, N = C * H * H, F = 4, K = 5, MOST = 130 };

/* F < K, so that the outputs say what the features were. */
#define NET      "conv2d:channels=4|batchnorm|lif|global_avgpool|flatten|dense:features=5"
#define PLAIN    "conv2d:channels=4|lif|global_avgpool|flatten|dense:features=5"
#define ALL_TOLD (MYE_TELL_ERROR | MYE_TELL_CONFIDENCE | MYE_TELL_VECTORS | MYE_TELL_SPIKES)

static float pixel(int t, int b, int i)
{
    return 4 * mye_random_uniform(7, MYE_STREAM_TEST, (uint64_t)((t * MOST + b) * N + i)) - 1;
}

static void fill_input(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    MYE_UNUSED(self);
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    for (int t = 0; t < steps; t++)
        for (int b = 0; b < p->B; b++)
            for (int i = 0; i < N; i++)
                *dst++ = pixel(t0 + t, b, i);
}

static const mye_source source = {.fill = fill_input};

static const int32_t *labels(void)
{
    static int32_t label[MOST];
    for (int b = 0; b < MOST; b++)
        label[b] = b % K;
    return label;
}

static mye_model *model_of(mye_context *ctx, const char *net, bool is_static)
{
    mye_model *model = NULL;
    ASSERT_OK(mye_model_from_graph(row_graph(ctx, C, H, H, net), is_static, 3, &model, &err));
    return model;
}

static mye_run *run_of(mye_context *ctx, const mye_model *model, int T, int B, unsigned tells)
{
    const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = T, .B = B, .tells = tells};
    mye_run *run = NULL;
    ASSERT_OK(mye_run_create(ctx, model, &o, &run, &err));
    return run;
}

/* ---- by hand ---- */

static void softmax(const float *o, double p[K])
{
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < K; k++)
        most = fmax(most, (double)o[k]);
    for (int k = 0; k < K; k++)
        sum += p[k] = exp((double)o[k] - most);
    for (int k = 0; k < K; k++)
        p[k] /= sum;
}

static void assert_near(double got, double expected)
{
    if (!(fabs(got - expected) <= 2e-5 * (1 + fabs(expected))))
        fail_msg("expected %.9g, got %.9g", expected, got);
}

/* Sample b, whose target is the distribution y. */
static void check_errors(const mye_told *told, const float *output, int b, const double y[K],
                         int label)
{
    double p[K], square = 0, loss = 0;
    int best = 0;
    softmax(output + b * K, p);
    for (int k = 0; k < K; k++) {
        best = p[k] > p[best] ? k : best;
        square += (p[k] - y[k]) * (p[k] - y[k]);
        loss -= y[k] * log(p[k]);
        if (told->error_vector != NULL)
            assert_near((double)told->error_vector[b * K + k], p[k] - y[k]);
    }
    assert_near((double)told->loss[b], loss);
    assert_near((double)told->error[b], sqrt(square));
    if (told->confidence == NULL)
        return;
    assert_near((double)told->confidence[b], p[best]);
    assert_int_equal(told->right[b], best == label);
}

/* The dense layer's weights times the features are the mean output. */
static void check_features(const mye_model *model, const mye_told *told, const float *output, int B)
{
    float w[K * F], bias[K];
    int found = 0;
    double all = 0;
    for (int i = 0; i < mye_model_tensors(model); i++) {
        mye_tensor_info info;
        mye_model_tensor(model, i, &info);
        if (info.count == K * F || info.count == K)
            mye_model_get(model, i, info.count == K ? bias : w);
        found += info.count == K * F || info.count == K;
    }
    assert_int_equal(found, 2);
    assert_int_equal(told->n_feature, F);
    assert_int_equal(told->n_classes, K);
    for (int b = 0; b < B; b++)
        for (int k = 0; k < K; k++) {
            double sum = (double)bias[k];
            for (int i = 0; i < F; i++) {
                sum += (double)w[k * F + i] * (double)told->feature[b * F + i];
                all += (double)told->feature[b * F + i];
            }
            assert_near(sum, (double)output[b * K + k]);
        }
    assert_true(all > 0.05 * B); /* there were spikes */
}

static void check_run(const char *net, bool is_static, int T, int B)
{
    mye_context *ctx = threads_context(2);
    mye_model *model = model_of(ctx, net, is_static);
    mye_run *run = run_of(ctx, model, T, B, ALL_TOLD);
    const mye_target target = {.label = labels()};
    mye_step_result r;
    const int sizes[] = {B, 2, B}; /* nothing is left of the step before */
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(mye_run_step(run, sizes[i], source, &target, 1, &r, &err));
        for (int b = 0; b < sizes[i]; b++) {
            double y[K] = {0};
            y[target.label[b]] = 1;
            check_errors(&r.told, r.output, b, y, target.label[b]);
        }
        check_features(model, &r.told, r.output, sizes[i]);
    }
    double spikes = 0; /* those that a pass counts for firing rates are the same */
    for (int b = 0; b < B; b++)
        spikes += (double)r.told.spikes[b];
    const mye_pass *p = mye_run_pass(run);
    for (int i = 0; i < p->n_nodes; i++)
        spikes -= p->node[i]->neuron != NULL ? (double)p->value[i].spikes : 0;
    if (strstr(net, "lif") != NULL)
        assert_near(spikes, 0);
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void inference_tells_errors_confidence_and_features(void **state)
{
    (void)state;
    check_run(NET, false, 4, 7);    /* all steps at once       */
    check_run(NET, false, 4, 64);   /* two at a time           */
    check_run(NET, false, 3, MOST); /* one at a time           */
    check_run(NET, true, 4, 7);     /* the same image each step */
    check_run("flatten|dense:features=4|relu|dense:features=5", true, 1, 7); /* all is static */
}

static void training_tells_the_same_errors(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(1);
    mye_model *model = model_of(ctx, PLAIN, false);
    float weight[9], error[9], loss[9], confidence[9];
    for (int b = 0; b < 9; b++)
        weight[b] = 0.5f + (float)b;
    mye_target target = {.label = labels()};
    mye_run *run = run_of(ctx, model, 3, 9, MYE_TELL_ERROR | MYE_TELL_CONFIDENCE);
    mye_step_result r;
    ASSERT_OK(mye_run_step(run, 9, source, &target, 1, &r, &err));
    memcpy(error, r.told.error, sizeof error);
    memcpy(loss, r.told.loss, sizeof loss);
    memcpy(confidence, r.told.confidence, sizeof confidence);
    mye_run_options o = *mye_run_asked(run);
    mye_run_free(run);
    o.training = true;
    target.weight = weight; /* of no consequence for what is told */
    ASSERT_OK(mye_run_create(ctx, model, &o, &run, &err));
    ASSERT_OK(mye_run_step(run, 9, source, &target, 1, &r, &err));
    for (int b = 0; b < 9; b++) {
        assert_near((double)r.told.error[b], (double)error[b]);
        assert_near((double)r.told.loss[b], (double)loss[b]);
        assert_near((double)r.told.confidence[b], (double)confidence[b]);
    }
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

/* A survey of 9 samples by a run for `most` of them, mixed with others. */
static void check_survey(int most)
{
    mye_context *ctx = threads_context(1);
    mye_model *model = model_of(ctx, NET, true);
    mye_run *run = run_of(ctx, model, 2, most, ALL_TOLD), *whole = run_of(ctx, model, 2, 9, 0);
    mye_input input;
    mye_survey s;
    mye_step_result r;
    float image[9 * N], mix[9];
    int32_t other[9];
    for (int b = 0; b < 9; b++) {
        other[b] = (b + 2) % K;
        mix[b] = 0.1f * (float)(b + 1);
        for (int i = 0; i < N; i++)
            image[b * N + i] = pixel(0, b, i);
    }
    ASSERT_OK(mye_input_create(ctx, "direct", 0, N, 2, &input, &err));
    ASSERT_OK(mye_survey_create(ctx, run, &input, 9, &s, &err));
    const mye_survey_batch batch = {
        .B = 9, .image = image, .label = labels(), .label_b = other, .mix = mix};
    ASSERT_OK(mye_survey_look(&s, &batch, &err));
    ASSERT_OK(
        mye_run_step(whole, 9, mye_input_source(&input, 9, image, NULL, 0), NULL, 0, &r, &err));
    const mye_told told = mye_survey_told(&s);
    for (int b = 0; b < 9; b++) {
        double y[K] = {0};
        y[labels()[b]] += (double)mix[b];
        y[other[b]] += 1 - (double)mix[b];
        check_errors(&told, r.output, b, y, labels()[b]);
        assert_true(told.spikes[b] > 0);
    }
    check_features(model, &told, r.output, 9);
    mye_survey_free(&s);
    mye_input_free(&input);
    mye_run_free(run);
    mye_run_free(whole);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void a_survey_in_parts_tells_the_same(void **state)
{
    (void)state;
    check_survey(9);
    check_survey(4);
    check_survey(1);
    check_survey(16);
}

static void assert_no_run(const char *net, bool training, unsigned tells, mye_status wanted,
                          const char *words)
{
    mye_context *ctx = threads_context(1);
    mye_model *model = model_of(ctx, net, true);
    const mye_run_options o = {
        .time = "bptt", .loss = "ce_mean", .T = 1, .B = 2, .training = training, .tells = tells};
    mye_run *run = NULL;
    ASSERT_FAILS(mye_run_create(ctx, model, &o, &run, &err), wanted, words);
    assert_null(run);
    mye_model_free(model);
    mye_context_free(ctx);
}

static void what_cannot_be_told_is_refused(void **state)
{
    (void)state;
    assert_no_run("global_avgpool|flatten", false, MYE_TELL_VECTORS, MYE_ERR_UNSUPPORTED,
                  "made of no convolution or dense layer");
    assert_no_run(NET, false, MYE_TELL_READOUT, MYE_ERR_ARG, "inference makes no gradient");
    assert_no_run(NET, false, MYE_TELL_LAYERS, MYE_ERR_ARG, "inference makes no gradient");
    assert_no_run(NET, true, MYE_TELL_VECTORS, MYE_ERR_ARG, "told by inference runs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inference_tells_errors_confidence_and_features),
        cmocka_unit_test(training_tells_the_same_errors),
        cmocka_unit_test(a_survey_in_parts_tells_the_same),
        cmocka_unit_test(what_cannot_be_told_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
