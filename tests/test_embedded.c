/* Features in a stream of background. */
#include "synapse/embedded.h"

#include "synapse_support.h"

enum { UNITS = 50, FEATURES = 6 };

static mye_scene usual(void)
{
    return (mye_scene){.units = UNITS,
                       .features = FEATURES,
                       .rate_hz = 20,
                       .feature_ms = 50,
                       .coefficient = MYE_DRAW_UNIFORM,
                       .seed = 7};
}

typedef struct stage {
    mye_context *ctx;
    mye_scene scene;
    mye_noisy trial;
    int occurs[FEATURES];
} stage;

static void stage_open(stage *s, const mye_scene *scene)
{
    *s = (stage){.ctx = make_context(NULL), .scene = *scene};
    s->trial.ctx = s->ctx;
    ASSERT_OK(mye_scene_open(s->ctx, &s->scene, &err));
    assert_int_equal(mye_patterns_about(s->scene.feature)->n, scene->features);
}

static void stage_trial(stage *s, uint64_t number, double ms, double mean)
{
    mye_draws draws = mye_draws_begin(1, number);
    ASSERT_OK(mye_scene_trial(&s->scene, &draws, ms, mean, s->occurs, &s->trial, &err));
}

static void stage_close(stage *s)
{
    mye_free(s->ctx, s->trial.spike);
    mye_scene_close(&s->scene);
    assert_null(s->scene.feature);
    assert_int_equal(mye_context_live_bytes(s->ctx), 0);
    mye_context_free(s->ctx);
}

static void background_has_its_rate(void **state)
{
    static const double rate[] = {5, 200};
    (void)state;
    for (int i = 0; i < COUNT_OF(rate); i++) {
        mye_scene scene = usual();
        double c = 0;
        int of_unit[UNITS] = {0};
        stage s;
        scene.rate_hz = rate[i];
        stage_open(&s, &scene);
        mye_draws draws = mye_draws_begin(3, 1);
        const double seconds = 2000 / rate[i], wanted = rate[i] * UNITS * seconds;
        ASSERT_OK(mye_scene_background(&s.scene, &draws, 500, 1000 * seconds, &s.trial, &err));
        assert_true(fabs((double)s.trial.n - wanted) < 5 * sqrt(wanted));
        for (int64_t k = 0; k < s.trial.n; k++) {
            const mye_spike *p = &s.trial.spike[k];
            assert_true(p->t_ms >= (k > 0 ? p[-1].t_ms : 500) && p->t_ms < 500 + 1000 * seconds);
            assert_true(p->unit >= 0 && p->unit < UNITS && p->c >= 0 && p->c < 2);
            of_unit[p->unit]++;
            c += (double)p->c;
        }
        assert_true(fabs(c / (double)s.trial.n - 1) < 5 / sqrt(3 * (double)s.trial.n));
        for (int u = 0; u < UNITS; u++)
            assert_true(fabs(of_unit[u] - 2000.0) < 5 * sqrt(2000));
        stage_close(&s);
    }
}

/* Feature f of the scene stands in the trial, spike by spike, beginning at spike k. */
static bool stands_at(const stage *s, int f, int64_t k)
{
    const mye_pattern p = mye_patterns_at(s->scene.feature, f);
    if (p.n == 0 || k + p.n > s->trial.n)
        return false;
    const double from = s->trial.spike[k].t_ms - p.spike[0].t_ms;
    for (int64_t i = 0; i < p.n; i++) {
        const mye_spike *at = &s->trial.spike[k + i];
        if (at->unit != p.spike[i].unit || at->c != p.spike[i].c ||
            fabs(at->t_ms - from - p.spike[i].t_ms) > 1e-9)
            return false;
    }
    return true;
}

static void features_are_inserted_whole_and_as_often_as_told(void **state)
{
    const mye_scene scene = usual();
    int total = 0;
    stage s;
    (void)state;
    stage_open(&s, &scene);
    for (uint64_t number = 0; number < 20; number++) {
        int found[FEATURES] = {0}, all = 0;
        stage_trial(&s, number, 400, 1);
        for (int64_t k = 0; k < s.trial.n; k++)
            for (int f = 0; f < FEATURES; f++)
                found[f] += stands_at(&s, f, k);
        for (int f = 0; f < FEATURES; f++) {
            assert_int_equal(found[f], s.occurs[f]);
            all += s.occurs[f];
        }
        ASSERT_NEAR(s.trial.window_ms, 400 + 50 * all, 1e-9);
        for (int64_t k = 1; k < s.trial.n; k++)
            assert_true(s.trial.spike[k].t_ms >= s.trial.spike[k - 1].t_ms);
        assert_true(s.trial.spike[0].t_ms >= 0 &&
                    s.trial.spike[s.trial.n - 1].t_ms < s.trial.window_ms);
        total += all;
    }
    assert_true(total > 60);
    stage_close(&s);
}

static void occurrences_are_poisson(void **state)
{
    enum { TRIALS = 4000 };
    static const double mean[] = {0.5, 3};
    const mye_scene scene = usual();
    stage s;
    (void)state;
    stage_open(&s, &scene);
    for (int i = 0; i < COUNT_OF(mean); i++) {
        double sum = 0, squares = 0, none = 0;
        const int n = TRIALS * FEATURES;
        for (uint64_t number = 0; number < TRIALS; number++) {
            stage_trial(&s, number, 1, mean[i]);
            for (int f = 0; f < FEATURES; f++) {
                sum += s.occurs[f];
                squares += s.occurs[f] * s.occurs[f];
                none += s.occurs[f] == 0;
            }
        }
        const double m = sum / n, variance = squares / n - m * m, p0 = exp(-mean[i]);
        assert_true(fabs(m - mean[i]) < 5 * sqrt(mean[i] / n));
        assert_true(fabs(variance - mean[i]) < 5 * mean[i] * sqrt((2 + 1 / mean[i]) / n));
        assert_true(fabs(none / n - p0) < 5 * sqrt(p0 * (1 - p0) / n));
    }
    stage_close(&s);
}

/* Features have the rate of the background, so that counting spikes does not find them. */
static void features_have_the_rate_of_the_background(void **state)
{
    mye_scene scene = usual();
    stage s;
    (void)state;
    scene.features = 2000;
    stage_open(&s, &scene);
    const mye_patterns_info *info = mye_patterns_about(s.scene.feature);
    const double wanted = 2000 * 20 * 0.05 * UNITS;
    assert_true(fabs((double)info->spikes - wanted) < 5 * sqrt(wanted));
    for (int64_t k = 0; k < 2000; k++) {
        const mye_pattern p = mye_patterns_at(s.scene.feature, k);
        assert_true(p.n == 0 || (p.spike[0].t_ms >= 0 && p.spike[p.n - 1].t_ms < 50));
        assert_true(p.window_ms == 50);
    }
    stage_close(&s);
}

static void same_times_differ_in_coefficients_alone(void **state)
{
    mye_scene scene = usual();
    stage s;
    (void)state;
    scene.same_times = true;
    stage_open(&s, &scene);
    const mye_pattern first = mye_patterns_at(s.scene.feature, 0);
    assert_true(first.n > 10);
    for (int f = 1; f < FEATURES; f++) {
        const mye_pattern p = mye_patterns_at(s.scene.feature, f);
        int differ = 0;
        assert_int_equal(p.n, first.n);
        for (int64_t i = 0; i < p.n; i++) {
            assert_true(p.spike[i].t_ms == first.spike[i].t_ms);
            assert_int_equal(p.spike[i].unit, first.spike[i].unit);
            differ += p.spike[i].c != first.spike[i].c;
        }
        assert_true(differ > p.n / 2);
    }
    stage_close(&s);
    /* Without coefficients nothing tells them apart; with times of their own they differ. */
    scene.coefficient = MYE_DRAW_ONES;
    stage_open(&s, &scene);
    const mye_pattern a = mye_patterns_at(s.scene.feature, 0),
                      b = mye_patterns_at(s.scene.feature, 5);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.spike, b.spike, (size_t)a.n * sizeof(*a.spike));
    stage_close(&s);
    scene.same_times = false;
    stage_open(&s, &scene);
    const mye_pattern c = mye_patterns_at(s.scene.feature, 0),
                      d = mye_patterns_at(s.scene.feature, 5);
    assert_true(c.n != d.n || memcmp(c.spike, d.spike, (size_t)c.n * sizeof(*c.spike)) != 0);
    stage_close(&s);
}

static void a_scene_is_drawn_from_its_seed(void **state)
{
    mye_scene scene = usual();
    stage a, b, c;
    (void)state;
    stage_open(&a, &scene);
    stage_open(&b, &scene);
    scene.seed = 8;
    stage_open(&c, &scene);
    stage_trial(&b, 9, 100, 2); /* what was drawn before does not matter */
    stage_trial(&a, 5, 400, 2);
    stage_trial(&b, 5, 400, 2);
    stage_trial(&c, 5, 400, 2);
    assert_int_equal(a.trial.n, b.trial.n);
    assert_memory_equal(a.trial.spike, b.trial.spike, (size_t)a.trial.n * sizeof(*a.trial.spike));
    assert_memory_equal(a.occurs, b.occurs, sizeof(a.occurs));
    assert_true(a.trial.n != c.trial.n || memcmp(a.trial.spike, c.trial.spike,
                                                 (size_t)a.trial.n * sizeof(*a.trial.spike)) != 0);
    stage_trial(&b, 6, 400, 2);
    assert_true(a.trial.window_ms != b.trial.window_ms || a.trial.n != b.trial.n);
    stage_close(&a);
    stage_close(&b);
    stage_close(&c);
}

static void refused_memory_leaves_nothing(void **state)
{
    failing requests = {0};
    mye_context *ctx = make_context(&requests);
    const long blocks = requests.blocks;
    mye_status st = MYE_ERR_NOMEM;
    long n = 0;
    (void)state;
    while (st != MYE_OK) {
        mye_scene scene = usual();
        mye_noisy trial = {.ctx = ctx};
        mye_error why = {0};
        int occurs[FEATURES];
        mye_draws draws = mye_draws_begin(1, 1);
        requests.calls = 0;
        requests.fail_at = ++n;
        st = mye_scene_open(ctx, &scene, &why);
        if (st == MYE_OK)
            st = mye_scene_trial(&scene, &draws, 1000, 3, occurs, &trial, &why);
        requests.fail_at = 0;
        assert_true(st == MYE_OK || (st == MYE_ERR_NOMEM && why.message[0]));
        mye_free(ctx, trial.spike);
        mye_scene_close(&scene);
        assert_int_equal(requests.blocks, blocks);
    }
    print_message("%ld requests\n", n - 1);
    assert_true(n > 10);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(background_has_its_rate),
        cmocka_unit_test(features_are_inserted_whole_and_as_often_as_told),
        cmocka_unit_test(occurrences_are_poisson),
        cmocka_unit_test(features_have_the_rate_of_the_background),
        cmocka_unit_test(same_times_differ_in_coefficients_alone),
        cmocka_unit_test(a_scene_is_drawn_from_its_seed),
        cmocka_unit_test(refused_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
