/* Noise on spikes: statistics of each kind, and what it depends on. */
#include "synapse_support.h"

enum { SPIKES = 20000, UNITS = 50 };

/* One pattern of many spikes of coefficient 1 in the middle of a long window. */
static mye_patterns *many_spikes(mye_context *ctx, int copies, float c)
{
    static mye_spike spike[SPIKES];
    mye_patterns *set = NULL;
    ASSERT_OK(mye_patterns_create(ctx, UNITS, 2, &set, &err));
    for (int i = 0; i < SPIKES; i++)
        spike[i] = (mye_spike){1000 + i, c, i % UNITS};
    for (int k = 0; k < copies; k++) {
        const mye_pattern p = {spike, SPIKES, 30000, k % 2, k};
        ASSERT_OK(mye_patterns_add(set, &p, &err));
    }
    return set;
}

static mye_patterns *with_noise(const mye_patterns *set, const char *noise, uint64_t seed,
                                int64_t copy)
{
    mye_patterns *out = NULL;
    ASSERT_OK(mye_patterns_noise(set, noise, seed, copy, &out, &err));
    assert_int_equal(mye_patterns_about(out)->n, mye_patterns_about(set)->n);
    return out;
}

static void close_context(mye_context *ctx)
{
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static bool same(const mye_pattern *a, const mye_pattern *b)
{
    bool equal = a->n == b->n && a->window_ms == b->window_ms;
    for (int64_t i = 0; equal && i < a->n; i++)
        equal = a->spike[i].t_ms == b->spike[i].t_ms && a->spike[i].c == b->spike[i].c &&
                a->spike[i].unit == b->spike[i].unit;
    return equal;
}

/* A spike's index is its unit here, so that it is known again after sorting. */
static void jitter_is_normal_and_reflected_at_the_beginning(void **state)
{
    mye_context *ctx = make_context(NULL);
    static mye_spike spike[SPIKES];
    mye_patterns *set = NULL;
    double sum = 0, square = 0, fourth = 0, early = 0, early_square = 0;
    (void)state;
    ASSERT_OK(mye_patterns_create(ctx, SPIKES, 1, &set, &err));
    for (int i = 0; i < SPIKES; i++)
        spike[i] = (mye_spike){i % 2 ? 1000 : 0, 2, i};
    const mye_pattern p = {spike, SPIKES, 2000, 0, 0};
    ASSERT_OK(mye_patterns_add(set, &p, &err));
    mye_patterns *out = with_noise(set, "jitter:sd=3", 5, 0);
    const mye_pattern q = mye_patterns_at(out, 0);
    assert_true(q.n == SPIKES && q.window_ms == 2000);
    for (int i = 0; i < SPIKES; i++) {
        const mye_spike *s = &q.spike[i];
        const double off = s->t_ms - (s->unit % 2 ? 1000 : 0);
        assert_true(s->t_ms >= 0 && s->c == 2);
        assert_true(i == 0 || s->t_ms >= s[-1].t_ms);
        if (s->unit % 2) {
            sum += off;
            square += off * off;
            fourth += off * off * off * off;
        } else {
            early += off;
            early_square += off * off;
        }
    }
    const double n = SPIKES / 2.0;
    assert_true(fabs(sum / n) < 0.1);
    assert_true(fabs(sqrt(square / n) / 3 - 1) < 0.03);
    assert_true(fabs(fourth / n / 81 - 3) < 0.25);
    assert_true(fabs(early / n - 3 * sqrt(2 / 3.14159265)) < 0.06);
    assert_true(fabs(sqrt(early_square / n) / 3 - 1) < 0.03);
    mye_patterns_free(out);
    out = with_noise(set, "jitter:sd=0", 5, 0);
    const mye_pattern kept = mye_patterns_at(set, 0), zero = mye_patterns_at(out, 0);
    assert_true(same(&kept, &zero));
    mye_patterns_free(out);
    mye_patterns_free(set);
    close_context(ctx);
}

static void deletion_takes_its_share(void **state)
{
    static const double share[] = {0, 0.1, 0.7, 1};
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = many_spikes(ctx, 1, 1);
    (void)state;
    for (int i = 0; i < 4; i++) {
        char text[40];
        int of_unit[UNITS] = {0};
        snprintf(text, sizeof text, "delete:share=%g", share[i]);
        mye_patterns *out = with_noise(set, text, 5, 0);
        const mye_pattern q = mye_patterns_at(out, 0);
        const double kept = (double)q.n / SPIKES, sd = sqrt(share[i] * (1 - share[i]) / SPIKES);
        assert_true(fabs(kept - (1 - share[i])) <= 4 * sd);
        for (int64_t k = 0; k < q.n; k++) {
            assert_int_equal(q.spike[k].unit, ((int)q.spike[k].t_ms - 1000) % UNITS);
            of_unit[q.spike[k].unit]++;
        }
        for (int u = 0; u < UNITS; u++)
            assert_true(fabs(of_unit[u] * (double)UNITS / SPIKES - kept) < 0.15);
        mye_patterns_free(out);
    }
    mye_patterns_free(set);
    close_context(ctx);
}

/* 50 afferents of 4 Hz over 30 s: 6000 spikes, uniform over time and afferents. */
static void insertion_is_a_poisson_process_on_every_afferent(void **state)
{
    enum { COPIES = 40 };
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;
    double sum = 0, square = 0, half = 0;
    int of_unit[UNITS] = {0};
    (void)state;
    ASSERT_OK(mye_patterns_create(ctx, UNITS, 1, &set, &err));
    for (int k = 0; k < COPIES; k++) {
        const mye_pattern p = {NULL, 0, 30000, 0, 0};
        ASSERT_OK(mye_patterns_add(set, &p, &err));
    }
    mye_patterns *out = with_noise(set, "insert:rate=4", 5, 0);
    for (int k = 0; k < COPIES; k++) {
        const mye_pattern q = mye_patterns_at(out, k);
        sum += (double)q.n;
        square += ((double)q.n - 6000) * ((double)q.n - 6000);
        for (int64_t i = 0; i < q.n; i++) {
            assert_true(q.spike[i].c == 1 && q.spike[i].t_ms < 30000);
            of_unit[q.spike[i].unit]++;
            half += q.spike[i].t_ms < 15000;
        }
    }
    assert_true(fabs(sum / COPIES - 6000) < 4 * sqrt(6000.0 / COPIES));
    assert_true(square / COPIES > 6000 * 0.4 && square / COPIES < 6000 * 1.9);
    assert_true(fabs(half / sum - 0.5) < 0.006);
    for (int u = 0; u < UNITS; u++)
        assert_true(fabs(of_unit[u] / (sum / UNITS) - 1) < 0.07);
    mye_patterns_free(out);
    out = with_noise(set, "insert:rate=0", 5, 0);
    assert_int_equal(mye_patterns_about(out)->spikes, 0);
    mye_patterns_free(out);
    mye_patterns_free(set);
    close_context(ctx);
}

static void coefficients_change_and_do_not_change_sign(void **state)
{
    mye_context *ctx = make_context(NULL);
    (void)state;
    for (int c = -1; c <= 1; c++) {
        mye_patterns *set = many_spikes(ctx, 1, (float)c);
        mye_patterns *out = with_noise(set, "coefficient:sd=0.6", 5, 0);
        const mye_pattern q = mye_patterns_at(out, 0);
        double sum = 0, square = 0, zero = 0;
        assert_int_equal(q.n, SPIKES);
        for (int i = 0; i < SPIKES; i++) {
            const double x = (double)q.spike[i].c;
            assert_true(c < 0 || x >= 0);
            sum += x - c;
            square += (x - c) * (x - c);
            zero += x == 0;
        }
        if (c < 0) { /* not clipped: a sign that is in use may change */
            assert_true(fabs(sum / SPIKES) < 0.02);
            assert_true(fabs(sqrt(square / SPIKES) / 0.6 - 1) < 0.03);
        } else { /* share below 0: Phi(-c / 0.6) */
            const double below = 0.5 * erfc(c / 0.6 / sqrt(2));
            assert_true(fabs(zero / SPIKES - below) < 0.015);
            assert_true(c == 1 || fabs(square / SPIKES - 0.18) < 0.01);
        }
        mye_patterns_free(out);
        mye_patterns_free(set);
    }
    close_context(ctx);
}

static void noise_depends_on_seed_pattern_and_copy_alone(void **state)
{
    static const char *const kinds[] = {"jitter:sd=1", "delete:share=0.5", "insert:rate=1",
                                        "coefficient:sd=0.2", "jitter delete insert"};
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = many_spikes(ctx, 3, 1), *one = NULL;
    static const int64_t first[] = {0};
    (void)state;
    ASSERT_OK(mye_patterns_choose(set, first, 1, &one, &err));
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        mye_patterns *v[5] = {with_noise(set, kinds[i], 1, 0), with_noise(set, kinds[i], 1, 0),
                              with_noise(set, kinds[i], 2, 0), with_noise(set, kinds[i], 1, 1),
                              with_noise(one, kinds[i], 1, 0)};
        mye_pattern p[5];
        for (int x = 0; x < 5; x++)
            p[x] = mye_patterns_at(v[x], 0);
        const mye_pattern second = mye_patterns_at(v[0], 1);
        assert_true(same(&p[0], &p[1]) && same(&p[0], &p[4]));
        assert_true(!same(&p[0], &p[2]) && !same(&p[0], &p[3]) && !same(&p[2], &p[3]));
        assert_true(!same(&p[0], &second));
        assert_true(second.label == 1 && second.group == 1);
        for (int x = 0; x < 5; x++)
            mye_patterns_free(v[x]);
    }
    mye_patterns_free(one);
    mye_patterns_free(set);
    close_context(ctx);
}

static void two_of_a_kind_draw_on_their_own(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = many_spikes(ctx, 1, 1);
    (void)state;
    mye_patterns *out = with_noise(set, "  delete:share=0.5   delete:share=0.5 ", 5, 0);
    const double kept = (double)mye_patterns_about(out)->spikes / SPIKES;
    assert_true(fabs(kept - 0.25) < 0.015);
    mye_patterns_free(out);
    out = with_noise(set, "", 5, 0);
    assert_int_equal(mye_patterns_about(out)->spikes, SPIKES);
    mye_patterns_free(out);
    mye_patterns_free(set);
    set = many_spikes(ctx, 1, -1);
    out = with_noise(set, "coefficient:sd=0.6 coefficient:sd=0.6", 5, 0);
    const mye_pattern q = mye_patterns_at(out, 0);
    double square = 0;
    for (int i = 0; i < SPIKES; i++)
        square += ((double)q.spike[i].c + 1) * ((double)q.spike[i].c + 1);
    assert_true(fabs(sqrt(square / SPIKES / 2) / 0.6 - 1) < 0.03);
    mye_patterns_free(out);
    mye_patterns_free(set);
    close_context(ctx);
}

/* What is taught with noise: a course in order, drawn from its seed alone. */
static void noise_at_a_desk_leaves_a_course_in_order(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = many_spikes(ctx, 1, 1);
    const mye_pattern p = mye_patterns_at(set, 0);
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_lesson lesson;
    mye_desk desk;
    mye_course c;
    double last[2] = {0};
    (void)state;
    options.noise = "jitter:sd=20 insert:rate=2";
    ASSERT_OK(mye_lesson_open(ctx, &options, &lesson, &err));
    ASSERT_OK(mye_desk_open(&lesson, UNITS, 10, &desk, &err));
    for (uint64_t seed = 0; seed < 2; seed++) {
        ASSERT_OK(mye_desk_course(&lesson, &desk, &p, seed, &c, &err));
        assert_true(c.n_spikes > SPIKES + 2000 && c.n <= c.n_spikes);
        for (int64_t k = 1; k < c.n; k++)
            assert_true(mye_course_time(&c, k) > mye_course_time(&c, k - 1));
        last[seed] = mye_course_time(&c, c.n - 1);
    }
    assert_true(last[0] != last[1]);
    ASSERT_OK(mye_desk_course(&lesson, &desk, &p, 0, &c, &err));
    assert_true(mye_course_time(&c, c.n - 1) == last[0]);
    mye_desk_close(&desk);
    mye_lesson_close(&lesson);
    mye_patterns_free(set);
    close_context(ctx);
}

static void lists_of_noise_are_refused_in_sentences(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = many_spikes(ctx, 1, 1), *out = NULL;
    (void)state;
    ASSERT_FAILS(mye_patterns_noise(set, "jitter hiss", 1, 0, &out, &err), MYE_ERR_ARG,
                 "unknown noise 'hiss'");
    ASSERT_FAILS(mye_patterns_noise(set, "delete:share=1.5", 1, 0, &out, &err), MYE_ERR_ARG,
                 "share");
    ASSERT_FAILS(mye_patterns_noise(set, "jitter:sd=-1", 1, 0, &out, &err), MYE_ERR_ARG, "sd");
    ASSERT_FAILS(mye_patterns_noise(set,
                                    "delete delete delete delete delete delete delete delete "
                                    "delete",
                                    1, 0, &out, &err),
                 MYE_ERR_ARG, "a list of at most 8 methods");
    mye_patterns_free(set);
    ASSERT_OK(mye_patterns_create(ctx, MYE_UNITS_MAX, 1, &set, &err));
    const mye_pattern p = {NULL, 0, 1e6, 0, 0};
    ASSERT_OK(mye_patterns_add(set, &p, &err));
    ASSERT_FAILS(mye_patterns_noise(set, "insert:rate=1", 1, 0, &out, &err), MYE_ERR_ARG,
                 "would add 1.05e+09 spikes to a pattern");
    assert_null(out);
    mye_patterns_free(set);
    close_context(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jitter_is_normal_and_reflected_at_the_beginning),
        cmocka_unit_test(deletion_takes_its_share),
        cmocka_unit_test(insertion_is_a_poisson_process_on_every_afferent),
        cmocka_unit_test(coefficients_change_and_do_not_change_sign),
        cmocka_unit_test(noise_depends_on_seed_pattern_and_copy_alone),
        cmocka_unit_test(two_of_a_kind_draw_on_their_own),
        cmocka_unit_test(noise_at_a_desk_leaves_a_course_in_order),
        cmocka_unit_test(lists_of_noise_are_refused_in_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
