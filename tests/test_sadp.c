/* SADP on scores that are made up: data_pruning.md T5, T8, T9, T10, and every option. */
#include "sampler_support.h"

enum { N = 2000, DIM = 24 };

/* T10, first half; T8. */
static void first_epochs_are_full_and_equal_scores_weigh_alike(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 20, 50);
    mye_sampler *s = sampler_of("sadp:rho=0.5", &f);
    float score[N];
    static int count[N];
    for (int i = 0; i < N; i++)
        score[i] = 0.7f;
    expect_plain(mye_sampler_epoch(s, 0), &f, 0);
    assert_true(isnan(mye_sampler_scores(s)[0])); /* not seen yet */
    observe_all(s, 0, N, score);
    memset(count, 0, sizeof count);
    for (int e = 1; e < 20; e++) {
        const mye_sample_epoch *now = mye_sampler_epoch(s, e);
        assert_int_equal(now->n, (int)(9.0 / 19 * N) / 50 * 50);
        assert_true(now->max_weight == 1 && fabs(now->spread - 1) < 1e-12);
        for (int64_t i = 0; i < now->n; i++) {
            assert_true(now->weight[i] == 1);
            count[now->order[i]]++;
        }
    }
    /* 19 draws of about 0.45: uniform within what chance allows */
    int least = 19, most = 0;
    for (int i = 0; i < N; i++) {
        least = count[i] < least ? count[i] : least;
        most = count[i] > most ? count[i] : most;
    }
    assert_true(least >= 1 && most <= 18);
    mye_sampler_free(s);
}

/* Vectors that stand for gradients: length = score, random direction. */
static float gradient[N][DIM];

static void make_gradients(const float *score)
{
    for (int i = 0; i < N; i++) {
        double length = 0;
        for (int k = 0; k < DIM; k++) {
            gradient[i][k] = mye_random_normal(13, MYE_STREAM_TEST, (uint64_t)(i * DIM + k)) + 0.4f;
            length += (double)gradient[i][k] * (double)gradient[i][k];
        }
        for (int k = 0; k < DIM; k++)
            gradient[i][k] *= score[i] / (float)sqrt(length);
    }
}

/* 200 draws of one epoch: |mean - g|^2 draws / variance, and the variance itself. */
typedef struct moments {
    double bias, variance;
} moments;

static moments monte_carlo(const char *policy, const float *score, bool weighted)
{
    enum { DRAWS = 200 };
    static double mean[DIM], square, g[DIM];
    memset(mean, 0, sizeof mean);
    memset(g, 0, sizeof g);
    square = 0;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < DIM; k++)
            g[k] += (double)gradient[i][k] / N;
    for (int d = 0; d < DRAWS; d++) {
        mye_sample_facts f = facts_of(N, 1000, 50);
        f.seed = (uint64_t)d;
        mye_sampler *s = sampler_of(policy, &f);
        observe_all(s, 0, N, score);
        const mye_sample_epoch *e = mye_sampler_epoch(s, 1);
        double sum[DIM] = {0};
        for (int64_t i = 0; i < e->n; i++)
            for (int k = 0; k < DIM; k++)
                sum[k] += (weighted ? (double)e->weight[i] : 1) * (double)gradient[e->order[i]][k] /
                          (double)e->n;
        for (int k = 0; k < DIM; k++) {
            mean[k] += sum[k] / DRAWS;
            square += (sum[k] - g[k]) * (sum[k] - g[k]) / DRAWS;
        }
        mye_sampler_free(s);
    }
    double bias = 0;
    for (int k = 0; k < DIM; k++)
        bias += (mean[k] - g[k]) * (mean[k] - g[k]);
    return (moments){bias * DRAWS / (square - bias), square - bias};
}

/* T5 and T9. */
static void weighted_gradients_are_unbiased(void **unused)
{
    MYE_UNUSED(unused);
    static const char policy[] = "sadp:rho=0.7,warm=0,anneal=0";
    static double q[N], pi[N];
    static float score[N];
    make_scores(N, score);
    make_gradients(score);
    const moments with = monte_carlo(policy, score, true),
                  without = monte_carlo(policy, score, false);
    if (with.bias < 0.4 || with.bias > 2)
        fail_msg("B = %g with weights", with.bias);
    if (without.bias < 50)
        fail_msg("B = %g without weights", without.bias);
    double sum = 0, formula = 0, uniform = 0;
    int64_t capped;
    for (int i = 0; i < N; i++)
        sum += (double)score[i];
    for (int i = 0; i < N; i++)
        q[i] = 0.8 * (double)score[i] / sum + 0.2 / N;
    mye_draw_water_fill(q, N, 600, pi, &capped);
    for (int i = 0; i < N; i++) {
        const double squared = (double)score[i] * (double)score[i] / N / N;
        formula += squared * (1 / pi[i] - 1);
        uniform += squared * (1 / 0.3 - 1);
    }
    if (fabs(with.variance / formula - 1) > 0.15)
        fail_msg("variance %g, by the formula %g", with.variance, formula);
    assert_true(formula < 0.6 * uniform);
    const moments random = monte_carlo("random:rho=0.7", score, true);
    assert_true(random.bias > 0.4 && random.bias < 2 && random.variance > 1.5 * with.variance);
}

/* T6 on the policy: exact size, frequencies, capped samples always. */
static void samples_are_drawn_as_often_as_they_should(void **unused)
{
    MYE_UNUSED(unused);
    enum { DRAWS = 2000, FEW = 200 };
    const mye_sample_facts f = facts_of(FEW, DRAWS + 1, 20);
    mye_sampler *s = sampler_of("sadp:rho=0.6,warm=0,anneal=0,alpha=0.05", &f);
    static float score[FEW];
    static int count[FEW];
    static double pi[FEW];
    memset(count, 0, sizeof count);
    make_scores(FEW, score);
    observe_all(s, 0, FEW, score);
    int64_t n_capped = 0;
    for (int d = 1; d <= DRAWS; d++) {
        const mye_sample_epoch *e = mye_sampler_epoch(s, d);
        assert_int_equal(e->n, 80);
        n_capped = (int64_t)e->capped;
        for (int64_t i = 0; i < e->n; i++) {
            count[e->order[i]]++;
            pi[e->order[i]] = 0.4 / (double)e->weight[i];
        }
    }
    assert_true(n_capped > 5);
    int64_t always = 0;
    for (int i = 0; i < FEW; i++) {
        const double sigma = sqrt(DRAWS * pi[i] * (1 - pi[i]));
        assert_true(fabs(count[i] - DRAWS * pi[i]) <= 5 * sigma + 0.01);
        always += count[i] == DRAWS;
    }
    assert_int_equal(always, n_capped);
    mye_sampler_free(s);
}

static void state_brings_the_same_samples_back(void **unused)
{
    MYE_UNUSED(unused);
    static float score[N];
    static int32_t label[N];
    mye_sample_facts f = facts_of(N, 30, 32);
    make_scores(N, score);
    for (int i = 0; i < N; i++)
        label[i] = i * i % 10;
    f.label = label;
    expect_resumes("sadp:rho=0.5", &f, 3, score);
    expect_resumes("sadp:rho=0.5,beta=0.3,schedule=adaptive,stratify=yes,cost=0.5", &f, 4, score);
}

/* rho = 0 is policy `all`. */
static void ratio_zero_is_all(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 5, 32);
    mye_sampler *s = sampler_of("sadp:rho=0", &f);
    static float score[N];
    make_scores(N, score);
    for (int e = 0; e < 5; e++) {
        expect_plain(mye_sampler_epoch(s, e), &f, e);
        observe_all(s, e, N, score);
    }
    assert_int_equal(mye_sampler_tells(s, false), 0);
    assert_false(mye_sampler_weighs(s));
    mye_sampler_free(s);
}

/* Visits of a whole run. */
static double visits(const char *policy, const mye_sample_facts *f, float fall)
{
    mye_sampler *s = sampler_of(policy, f);
    static float score[N], now[N];
    double sum = 0;
    make_scores(N, score);
    for (int e = 0; e < f->epochs; e++) {
        for (int i = 0; i < N; i++) /* ever fewer samples have a gradient */
            now[i] = powf(score[i], 0.3f + fall * (float)e / (float)f->epochs);
        sum += (double)visit(s, e, now, NULL);
    }
    mye_sampler_free(s);
    return sum / (double)f->n / (double)f->epochs;
}

static void budgets_count_the_whole_run(void **unused)
{
    MYE_UNUSED(unused);
    mye_sample_facts f = facts_of(N, 20, 10);
    for (int norm = 0; norm < 2; norm++) {
        f.has_batch_norm = norm;
        assert_true(fabs(visits("sadp:rho=0.3", &f, 0) - 0.7) < 0.006);
        assert_true(fabs(visits("sadp:rho=0.7", &f, 1) - 0.3) < 0.006);
        assert_true(fabs(visits("sadp:rho=0.5,schedule=adaptive", &f, 1) - 0.5) < 0.01);
        assert_true(fabs(visits("sadp:rho=0.6,warm=3,anneal=2", &f, 0) - 0.4) < 0.006);
    }
}

/* Adaptive: more samples while scores are alike, and none of the epochs below a twentieth. */
static void adaptive_schedule_follows_the_scores(void **unused)
{
    MYE_UNUSED(unused);
    const mye_sample_facts f = facts_of(N, 20, 10);
    mye_sampler *s = sampler_of("sadp:rho=0.5,schedule=adaptive,warm=1,anneal=0", &f);
    static float score[N], now[N];
    int64_t n[20];
    make_scores(N, score);
    for (int e = 0; e < 20; e++) {
        for (int i = 0; i < N; i++)
            now[i] = powf(score[i], 0.2f + 0.06f * (float)e);
        n[e] = visit(s, e, now, NULL);
        assert_true(n[e] >= N / 20);
    }
    assert_true(n[2] > n[10] + N / 50 && n[10] > n[18]);
    mye_sampler_free(s);
}

/* Sum of the weights over the samples, and the learning rate's factor, of one pruned epoch. */
typedef struct effect {
    double mean, largest, lr_scale, first_score;
    int64_t n, statistics;
} effect;

static effect effect_of(const char *policy, const mye_sample_facts *f)
{
    mye_sampler *s = sampler_of(policy, f);
    static float score[N], later[N];
    effect out = {0};
    make_scores(N, score);
    observe_all(s, 0, N, score);
    for (int i = 0; i < N; i++)
        later[i] = score[i] + 1;
    observe_all(s, 1, N, later);
    const mye_sample_epoch *e = mye_sampler_epoch(s, 2);
    for (int64_t i = 0; i < e->n; i++) {
        out.mean += (double)e->weight[i] / (double)e->n;
        out.largest = fmax(out.largest, (double)e->weight[i]);
    }
    out.n = e->n;
    out.lr_scale = e->lr_scale;
    out.statistics = mye_sampler_statistics(s);
    out.first_score = (double)mye_sampler_scores(s)[0] - (double)score[0];
    mye_sampler_free(s);
    return out;
}

static void options_act(void **unused)
{
    MYE_UNUSED(unused);
    mye_sample_facts f = facts_of(N, 10, 10);
    const effect mean = effect_of("sadp:rho=0.5,anneal=0", &f),
                 sum = effect_of("sadp:rho=0.5,anneal=0,weight=sum", &f),
                 fast = effect_of("sadp:rho=0.5,anneal=0,gamma=1", &f),
                 half = effect_of("sadp:rho=0.5,anneal=0,kappa=0.5", &f),
                 none = effect_of("sadp:rho=0.5,anneal=0,kappa=0", &f),
                 even = effect_of("sadp:rho=0.5,anneal=0,alpha=1", &f),
                 flatter = effect_of("sadp:rho=0.5,anneal=0,power=0.5", &f),
                 slow = effect_of("sadp:rho=0.5,anneal=0,beta=0.25", &f),
                 flat = effect_of("sadp:rho=0.5,anneal=0,score=uniform", &f);
    const double share = (double)mean.n / N;
    assert_true(fabs(mean.mean - 1) < 0.1 && mean.largest <= 5 && mean.lr_scale == 1);
    assert_true(fabs(sum.mean * share / mean.mean - 1) < 1e-5 && sum.lr_scale == 1);
    assert_true(fabs(fast.lr_scale * share - 1) < 1e-9 && fast.mean == mean.mean);
    assert_true(fabs(half.mean - 1) < 1e-5 && half.largest < mean.largest && half.largest > 1);
    assert_true(none.largest == 1 && even.largest == 1 && flat.largest == 1);
    assert_true(flatter.largest < mean.largest && flatter.largest > 1);
    assert_true(fabs(mean.first_score - 1) < 1e-5 && fabs(slow.first_score - 0.25) < 1e-5);
    assert_int_equal(mean.statistics, 0); /* no batch norm */
    f.has_batch_norm = true;
    assert_int_equal(effect_of("sadp:rho=0.5,anneal=0,statistics=500", &f).statistics, 500);
    assert_int_equal(effect_of("sadp:rho=0.5,anneal=1", &f).statistics, 0);
}

/* Classes keep their shares to within a sample. */
static void classes_are_balanced(void **unused)
{
    MYE_UNUSED(unused);
    mye_sample_facts f = facts_of(N, 10, 10);
    static int32_t label[N];
    static float score[N];
    int count[10] = {0};
    for (int i = 0; i < N; i++) {
        label[i] = i % 10;
        score[i] = 1;
    }
    f.label = label;
    mye_sampler *s = sampler_of("sadp:rho=0.5,warm=0,anneal=0,stratify=yes", &f);
    observe_all(s, 0, N, score);
    const mye_sample_epoch *e = mye_sampler_epoch(s, 1);
    for (int64_t i = 0; i < e->n; i++)
        count[label[e->order[i]]]++;
    for (int k = 0; k < 10; k++)
        assert_true(abs(count[k] - 100) <= 1);
    mye_sampler_free(s);
}

/* Section 3.7: what costs more is visited less; the share of the cost may be measured. */
static void costly_samples_are_visited_less(void **unused)
{
    MYE_UNUSED(unused);
    static const char *const policy[] = {"sadp:rho=0.5,warm=0,anneal=0,score=uniform,cost=1",
                                         "sadp:rho=0.5,warm=0,anneal=0,score=uniform,measure=yes"};
    for (int k = 0; k < 2; k++) {
        mye_context *ctx = make_context(NULL);
        const mye_sample_facts f = facts_of(N, 400, 10);
        mye_sampler *s = sampler_of(policy[k], &f);
        for (int at = 0; at < N; at += 10) { /* samples from 1000 on fire nine times as much */
            int64_t index[10];
            float one[10], spikes[10];
            for (int b = 0; b < 10; b++) {
                index[b] = at + b;
                one[b] = 1;
                spikes[b] = at < 1000 ? 100 : 900;
            }
            const mye_sample_view v = {.B = 10,
                                       .index = index,
                                       .told = {.loss = one, .spikes = spikes},
                                       .seconds = 1e-5 * (double)spikes[0]};
            mye_sampler_observe(s, 0, &v);
        }
        int cheap = 0, dear = 0;
        for (int e = 1; e < 100; e++) {
            const mye_sample_epoch *now = mye_sampler_epoch(s, e);
            for (int64_t i = 0; i < now->n; i++) {
                cheap += now->order[i] < 1000;
                dear += now->order[i] >= 1000;
            }
        }
        /* pi ~ 0.8 / sqrt(cost) + 0.2: 3 to 1 becomes (0.8 1.5 + 0.2) / (0.8 0.5 + 0.2) */
        const double ratio = (double)cheap / dear;
        if (fabs(ratio - 1.4 / 0.6) > 0.1)
            fail_msg("%s: %d cheap, %d costly visits, ratio %g", policy[k], cheap, dear, ratio);
        mye_sampler_free(s);
        mye_context_free(ctx);
    }
    mye_context *ctx = make_context(NULL);
    const mye_sample_facts f = facts_of(N, 10, 10);
    mye_sampler *s = NULL;
    ASSERT_FAILS(mye_sampler_create(ctx, "sadp:cost=0.5,measure=yes", &f, &s, &err), MYE_ERR_ARG,
                 "got both");
    mye_context_free(ctx);
}

/* The score follows the weights of the network, where it is not given. */
static void scores_are_chosen_by_the_network(void **unused)
{
    MYE_UNUSED(unused);
    static const struct {
        const char *policy;
        double dense;
        unsigned tells;
    } want[] = {{"sadp", 0.2, MYE_TELL_READOUT},
                {"sadp", 0.9, MYE_TELL_LAYERS},
                {"sadp:score=out", 0.9, MYE_TELL_READOUT},
                {"sadp:score=delta", 0.1, MYE_TELL_LAYERS},
                {"sadp:score=count", 0.1, MYE_TELL_ERROR | MYE_TELL_SPIKES},
                {"sadp:score=el2n", 0.1, MYE_TELL_ERROR},
                {"sadp:score=loss", 0.1, 0},
                {"sadp:score=loss,cost=0.5", 0.1, MYE_TELL_SPIKES}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        mye_sample_facts f = facts_of(N, 10, 10);
        f.dense_share = want[i].dense;
        mye_sampler *s = sampler_of(want[i].policy, &f);
        assert_int_equal(mye_sampler_tells(s, false), want[i].tells);
        mye_sampler_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_epochs_are_full_and_equal_scores_weigh_alike),
        cmocka_unit_test(weighted_gradients_are_unbiased),
        cmocka_unit_test(samples_are_drawn_as_often_as_they_should),
        cmocka_unit_test(state_brings_the_same_samples_back),
        cmocka_unit_test(ratio_zero_is_all),
        cmocka_unit_test(budgets_count_the_whole_run),
        cmocka_unit_test(adaptive_schedule_follows_the_scores),
        cmocka_unit_test(options_act),
        cmocka_unit_test(classes_are_balanced),
        cmocka_unit_test(costly_samples_are_visited_less),
        cmocka_unit_test(scores_are_chosen_by_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
