/* Random sources of patterns: rates, times, coefficients, labels. */
#include "synapse/draws.h"
#include "synapse_support.h"

static mye_patterns *open_source(mye_context *ctx, const char *text, const char *split,
                                 uint64_t seed)
{
    mye_patterns *set = NULL;
    ASSERT_OK(mye_patterns_open(ctx, text, NULL, split, seed, &set, &err));
    return set;
}

static void close_context(mye_context *ctx)
{
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

typedef struct moments {
    double n, mean, square, low, high;
} moments;

static moments coefficients(const mye_patterns *set)
{
    moments m = {.low = INFINITY, .high = -INFINITY};
    for (int64_t k = 0; k < mye_patterns_about(set)->n; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        for (int64_t i = 0; i < p.n; i++) {
            const double c = (double)p.spike[i].c;
            m.n++;
            m.mean += c;
            m.square += c * c;
            m.low = fmin(m.low, c);
            m.high = fmax(m.high, c);
        }
    }
    m.mean /= m.n;
    m.square /= m.n;
    return m;
}

static void check_coefficients(mye_context *ctx, const char *source)
{
    char text[120];
    snprintf(text, sizeof text, "%s,coefficient=one", source);
    mye_patterns *set = open_source(ctx, text, "train", 1);
    moments m = coefficients(set);
    assert_true(m.low == 1 && m.high == 1);
    mye_patterns_free(set);
    snprintf(text, sizeof text, "%s,coefficient=uniform", source);
    set = open_source(ctx, text, "train", 1);
    m = coefficients(set);
    assert_true(m.low >= 0 && m.low < 0.01 && m.high <= 2 && m.high > 1.99);
    assert_true(fabs(m.mean - 1) < 0.02 && fabs(m.square - 4.0 / 3) < 0.03);
    mye_patterns_free(set);
    snprintf(text, sizeof text, "%s,coefficient=normal", source);
    set = open_source(ctx, text, "train", 1);
    m = coefficients(set);
    assert_true(fabs(m.mean) < 0.03 && fabs(m.square - 1) < 0.04 && m.high > 3 && m.low < -3);
    mye_patterns_free(set);
}

static void both_sources_draw_the_coefficients_that_are_asked_for(void **state)
{
    mye_context *ctx = make_context(NULL);
    (void)state;
    check_coefficients(ctx, "poisson:patterns=10");
    check_coefficients(ctx, "single:patterns=30");
    close_context(ctx);
}

static void poisson_spikes_have_their_rate(void **state)
{
    enum { UNITS = 200, PATTERNS = 60 };
    mye_context *ctx = make_context(NULL);
    mye_patterns *set =
        open_source(ctx, "poisson:units=200,patterns=60,classes=3,rate=10,window=800", "train", 1);
    double sum = 0, square = 0, intervals = 0, long_ones = 0, time = 0;
    int64_t of_unit[UNITS] = {0};
    (void)state;
    assert_true(mye_patterns_about(set)->n == PATTERNS && mye_patterns_about(set)->classes == 3);
    assert_true(mye_patterns_about(set)->units == UNITS);
    for (int k = 0; k < PATTERNS; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        double last[UNITS];
        int count[UNITS] = {0};
        assert_true(p.label == k % 3 && p.window_ms == 800 && p.group == 0);
        for (int i = 0; i < p.n; i++) {
            const mye_spike *s = &p.spike[i];
            assert_true(s->t_ms >= 0 && s->t_ms < 800 && (i == 0 || s->t_ms >= s[-1].t_ms));
            if (s->t_ms < 600 && count[s->unit] > 0 && last[s->unit] < 400) {
                intervals++; /* begun by 400 and ended by 600: exp(-2) are longer than that */
                long_ones += s->t_ms - last[s->unit] > 100;
            }
            last[s->unit] = s->t_ms;
            count[s->unit]++;
            of_unit[s->unit]++;
            time += s->t_ms;
        }
        for (int u = 0; u < UNITS; u++) {
            sum += count[u];
            square += (count[u] - 8.0) * (count[u] - 8.0);
        }
    }
    const double n = (double)UNITS * PATTERNS;
    assert_true(fabs(sum / n - 8) < 4 * sqrt(8 / n));
    assert_true(fabs(square / n / 8 - 1) < 0.06); /* variance is the mean */
    assert_true(fabs(time / sum / 400 - 1) < 0.01);
    for (int u = 0; u < UNITS; u++)
        assert_true(fabs((double)of_unit[u] / PATTERNS - 8) < 2);
    assert_true(long_ones / intervals > 0.2 && long_ones / intervals < 0.4);
    mye_patterns_free(set);
    set = open_source(ctx, "poisson:rate=0,patterns=2", "train", 1);
    assert_true(mye_patterns_about(set)->n == 2 && mye_patterns_about(set)->spikes == 0);
    mye_patterns_free(set);
    close_context(ctx);
}

static void single_spikes_have_the_times_that_are_asked_for(void **state)
{
    static const char *const times[] = {"random", "shared", "equal"};
    mye_context *ctx = make_context(NULL);
    (void)state;
    for (int t = 0; t < 3; t++) {
        char text[80];
        double at[100], sum = 0;
        int ones = 0, equal = 0;
        snprintf(text, sizeof text, "single:units=100,patterns=200,window=300,times=%s", times[t]);
        mye_patterns *set = open_source(ctx, text, "train", 1);
        for (int k = 0; k < 200; k++) {
            const mye_pattern p = mye_patterns_at(set, k);
            bool seen[100] = {false};
            assert_true(p.n == 100 && p.window_ms == 300);
            for (int i = 0; i < 100; i++) {
                const mye_spike *s = &p.spike[i];
                assert_false(seen[s->unit]);
                seen[s->unit] = true;
                assert_true(s->t_ms >= 0 && s->t_ms < 300);
                equal += k > 0 && s->t_ms == at[s->unit];
                at[s->unit] = s->t_ms;
                sum += s->t_ms;
                assert_true(t < 2 || s->t_ms == 0);
            }
            ones += p.label;
        }
        assert_int_equal(equal, t == 0 ? 0 : 199 * 100);
        assert_true(t == 2 || fabs(sum / 20000 - 150) < (t ? 30 : 3));
        assert_true(abs(ones - 100) < 30 && mye_patterns_about(set)->classes == 2);
        mye_patterns_free(set);
    }
    close_context(ctx);
}

static bool same(const mye_patterns *a, const mye_patterns *b)
{
    bool equal = mye_patterns_about(a)->spikes == mye_patterns_about(b)->spikes;
    for (int64_t k = 0; equal && k < mye_patterns_about(a)->n; k++) {
        const mye_pattern p = mye_patterns_at(a, k), q = mye_patterns_at(b, k);
        equal = p.n == q.n && p.label == q.label;
        for (int64_t i = 0; equal && i < p.n; i++)
            equal = p.spike[i].t_ms == q.spike[i].t_ms && p.spike[i].c == q.spike[i].c &&
                    p.spike[i].unit == q.spike[i].unit;
    }
    return equal;
}

/* Pattern k does not depend on how many there are. */
static void sources_depend_on_their_seed_alone(void **state)
{
    static const char *const text[][2] = {{"poisson:patterns=4", "poisson:patterns=9"},
                                          {"single:patterns=4", "single:patterns=9"}};
    static const int64_t first[] = {0, 1, 2, 3};
    mye_context *ctx = make_context(NULL);
    (void)state;
    for (int t = 0; t < 2; t++) {
        mye_patterns *a = open_source(ctx, text[t][0], "train", 1),
                     *b = open_source(ctx, text[t][0], "test", 1),
                     *c = open_source(ctx, text[t][0], "train", 2),
                     *more = open_source(ctx, text[t][1], "train", 1), *chosen = NULL;
        ASSERT_OK(mye_patterns_choose(more, first, 4, &chosen, &err));
        assert_true(same(a, b) && same(a, chosen) && !same(a, c));
        assert_string_equal(mye_patterns_about(a)->source, text[t][0]);
        mye_patterns_free(a);
        mye_patterns_free(b);
        mye_patterns_free(c);
        mye_patterns_free(more);
        mye_patterns_free(chosen);
    }
    close_context(ctx);
}

static void what_no_source_has_is_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;
    (void)state;
    ASSERT_FAILS(mye_patterns_open(ctx, "poisson", NULL, "valid", 1, &set, &err), MYE_ERR_ARG,
                 "splits train and test, got 'valid'");
    ASSERT_FAILS(mye_patterns_open(ctx, "gauss", NULL, "train", 1, &set, &err), MYE_ERR_ARG,
                 "unknown pattern 'gauss'");
    ASSERT_FAILS(mye_patterns_open(ctx, "poisson:units=0", NULL, "train", 1, &set, &err),
                 MYE_ERR_ARG, "units");
    ASSERT_FAILS(mye_patterns_open(ctx, "single:times=often", NULL, "train", 1, &set, &err),
                 MYE_ERR_ARG, "times");
    assert_null(set);
    close_context(ctx);
}

/* Mean and variance of a Poisson number are its mean. */
static void poisson_numbers_have_their_moments(void **state)
{
    static const double means[] = {0, 0.5, 4, 60};
    (void)state;
    for (int i = 0; i < 4; i++) {
        enum { DRAWS = 20000 };
        mye_draws d = mye_draws_begin(3, (uint64_t)i);
        double sum = 0, square = 0;
        for (int k = 0; k < DRAWS; k++) {
            const double x = (double)mye_draws_poisson(&d, means[i]);
            sum += x;
            square += (x - means[i]) * (x - means[i]);
        }
        assert_true(fabs(sum / DRAWS - means[i]) <= 4 * sqrt(means[i] / DRAWS));
        assert_true(fabs(square / DRAWS - means[i]) <= 0.05 * means[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sources_draw_the_coefficients_that_are_asked_for),
        cmocka_unit_test(poisson_spikes_have_their_rate),
        cmocka_unit_test(single_spikes_have_the_times_that_are_asked_for),
        cmocka_unit_test(sources_depend_on_their_seed_alone),
        cmocka_unit_test(what_no_source_has_is_refused),
        cmocka_unit_test(poisson_numbers_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
