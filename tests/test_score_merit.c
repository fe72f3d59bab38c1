/*
 * Scores against the true norms of 2,000 samples' gradients, on Fashion-MNIST after training
 * (data_pruning.md T4). Figure of merit: R(s) / R_opt, by how much sampling in proportion to s has a
 * larger second moment than by the norms themselves. Spearman correlation is printed, and decides
 * nothing: it is near 1 for all of them.
 */
#include "myelin/network.h"
#include "net/graph.h"
#include "sample/score.h"
#include "sampler_support.h"
#include "step/step.h"

enum { TRAIN = 6000, LOOK = 2000, PIXELS = 784, B = 50 };

static float pixels[TRAIN][PIXELS];
static int32_t label[TRAIN];

static void read_data(mye_context *ctx)
{
    mye_dataset *data = NULL;
    ASSERT_OK(mye_dataset_open(ctx, "fashion-mnist", FASHION_DIR, "train", &data, &err));
    for (int i = 0; i < TRAIN; i++) {
        int of = 0;
        ASSERT_OK(mye_dataset_read(data, i, pixels[i], &of, &err));
        label[i] = of;
        for (int k = 0; k < PIXELS; k++)
            pixels[i][k] = (pixels[i][k] - 0.286f) / 0.353f;
    }
    mye_dataset_free(data);
}

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int first = *(const int *)self;
    MYE_UNUSED(t0);
    MYE_UNUSED(t1);
    memcpy(dst, pixels[first], (size_t)p->B * sizeof pixels[0]);
}

static mye_told step(mye_run *run, int first, int n)
{
    const mye_target target = {.label = label + first};
    mye_step_result r;
    ASSERT_OK(mye_run_step(run, n, (mye_source){fill, &first}, &target, 1, &r, &err));
    return r.told;
}

static mye_run *run_of(mye_context *ctx, const mye_model *m, int batch, unsigned tells)
{
    const mye_run_options o = {
        .time = "bptt", .loss = "ce_mean", .T = 4, .B = batch, .training = true, .tells = tells};
    mye_run *run = NULL;
    ASSERT_OK(mye_run_create(ctx, m, &o, &run, &err));
    return run;
}

static void learn(mye_context *ctx, mye_model *m)
{
    mye_stepper *s = NULL;
    mye_run *run = run_of(ctx, m, B, 0);
    ASSERT_OK(
        mye_stepper_create(ctx, m, "sgd:lr=0.03,momentum=0.9", "constant", 1000, 120, &s, &err));
    for (int k = 0; k < 3 * TRAIN / B; k++) {
        step(run, k * B % TRAIN, B);
        mye_stepper_apply(s, 0);
    }
    mye_stepper_free(s);
    mye_run_free(run);
}

static float score[6][LOOK];
static double norm[LOOK];

static void look(mye_context *ctx, const mye_model *m)
{
    unsigned tells = 0;
    for (int k = 0; k < 6; k++)
        tells |= mye_score_tells((mye_score)k);
    mye_run *many = run_of(ctx, m, B, tells), *one = run_of(ctx, m, 1, 0);
    for (int first = 0; first < LOOK; first += B) {
        const mye_told told = step(many, first, B);
        for (int b = 0; b < B; b++)
            for (int k = 0; k < 6; k++)
                score[k][first + b] = mye_score_of((mye_score)k, &told, b);
    }
    for (int i = 0; i < LOOK; i++) {
        double sum = 0;
        step(one, i, 1);
        for (size_t k = 0; k < m->n_params; k++)
            sum += (double)m->grad[k] * (double)m->grad[k];
        norm[i] = sqrt(sum);
    }
    mye_run_free(many);
    mye_run_free(one);
}

/* R(s) / R_opt = (sum s) (sum g^2 / s) / (sum g)^2 */
static double merit(const float *s)
{
    double sum = 0, over = 0, norms = 0;
    for (int i = 0; i < LOOK; i++) {
        const double at_least = (double)s[i] > 1e-12 ? (double)s[i] : 1e-12;
        sum += at_least;
        over += norm[i] * norm[i] / at_least;
        norms += norm[i];
    }
    return sum * over / (norms * norms);
}

static double spearman(const float *s)
{
    static float truth[LOOK];
    static int64_t a[LOOK], b[LOOK];
    static double rank[LOOK];
    double sum = 0;
    for (int i = 0; i < LOOK; i++)
        truth[i] = (float)norm[i];
    mye_draw_rank(s, LOOK, a);
    mye_draw_rank(truth, LOOK, b);
    for (int i = 0; i < LOOK; i++)
        rank[a[i]] = i;
    for (int i = 0; i < LOOK; i++)
        sum += (rank[b[i]] - i) * (rank[b[i]] - i);
    return 1 - 6 * sum / ((double)LOOK * ((double)LOOK * LOOK - 1));
}

static void table(const char *net, double merits[6])
{
    static const char *const name[] = {"out", "delta", "count", "el2n", "loss", "uniform"};
    mye_context *ctx = NULL;
    const mye_context_options options = {.threads = 2};
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *m = NULL;
    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    o.net = net;
    o.neuron = "lif:tau=2,reset=hard,surrogate=triangle";
    o.C = 1;
    o.H = o.W = 28;
    o.classes = 10;
    o.static_input = true;
    ASSERT_OK(mye_model_create(ctx, &o, &m, &err));
    read_data(ctx);
    learn(ctx, m);
    look(ctx, m);
    printf("%s\n  score    R/R_opt  Spearman\n", net);
    for (int k = 0; k < 6; k++) {
        merits[k] = merit(score[k]);
        printf("  %-8s %7.3f  %8.3f\n", name[k], merits[k], spearman(score[k]));
    }
    mye_model_free(m);
    mye_context_free(ctx);
}

static void convolutions_want_the_readout(void **unused)
{
    MYE_UNUSED(unused);
    double r[6];
    SKIP_WITHOUT(FASHION_DIR);
    table("12C3s2-LIF-24C3s2-LIF-FC10", r);
    assert_true(r[MYE_SCORE_OUT] <= 1.03);
    assert_true(r[MYE_SCORE_OUT] <= r[MYE_SCORE_EL2N] + 1e-3);
    assert_true(r[MYE_SCORE_EL2N] <= r[MYE_SCORE_LOSS]);
    assert_true(r[MYE_SCORE_UNIFORM] >= 2);
}

static void dense_networks_want_all_layers(void **unused)
{
    MYE_UNUSED(unused);
    double r[6];
    SKIP_WITHOUT(FASHION_DIR);
    table("FC200-LIF-FC200-LIF-FC10", r);
    assert_true(r[MYE_SCORE_DELTA] <= 1.02);
    assert_true(r[MYE_SCORE_DELTA] < r[MYE_SCORE_OUT]);
    assert_true(r[MYE_SCORE_EL2N] <= r[MYE_SCORE_LOSS]);
    assert_true(r[MYE_SCORE_UNIFORM] >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_want_the_readout),
        cmocka_unit_test(dense_networks_want_all_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
