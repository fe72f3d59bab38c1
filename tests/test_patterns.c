/* Sets of spike patterns: building, sentences of errors, copies. */
#include "synapse/patterns.h"
#include "synapse_support.h"

static mye_patterns *create(mye_context *ctx, int32_t units, int32_t classes)
{
    mye_patterns *set = NULL;
    ASSERT_OK(mye_patterns_create(ctx, units, classes, &set, &err));
    return set;
}

static void close_context(mye_context *ctx)
{
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void add(mye_patterns *set, const mye_spike *spike, int64_t n, double window, int32_t label)
{
    const mye_pattern p = {spike, n, window, label, label + 10};
    ASSERT_OK(mye_patterns_add(set, &p, &err));
}

static void a_fresh_set_is_empty_and_numbers_its_classes(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = create(ctx, 7, 3);
    const mye_patterns_info *info = mye_patterns_about(set);
    (void)state;
    assert_true(info->n == 0 && info->spikes == 0 && info->units == 7 && info->classes == 3);
    assert_string_equal(info->class_name[0], "0");
    assert_string_equal(info->class_name[2], "2");
    assert_string_equal(info->source, "");
    ASSERT_OK(mye_patterns_name(set, 2, "two", &err));
    ASSERT_OK(mye_patterns_name(set, 1, info->class_name[2], &err));
    ASSERT_OK(mye_patterns_name(set, 2, info->class_name[2], &err));
    assert_string_equal(info->class_name[1], "two");
    assert_string_equal(info->class_name[2], "two");
    ASSERT_FAILS(mye_patterns_name(set, 3, "x", &err), MYE_ERR_ARG, "classes 0 to 2, got 3");
    ASSERT_FAILS(mye_patterns_name(set, -1, "x", &err), MYE_ERR_ARG, "got -1");
    mye_patterns_free(set);
    mye_patterns_free(NULL);
    close_context(ctx);
}

static void spikes_are_copied_and_sorted(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = create(ctx, 3, 2);
    mye_spike spike[] = {{5, 1, 2}, {1, 2, 0}, {5, 3, 1}, {5, 1, 1}, {0, 4, 2}};
    static const mye_spike sorted[] = {{0, 4, 2}, {1, 2, 0}, {5, 1, 1}, {5, 3, 1}, {5, 1, 2}};
    (void)state;
    add(set, spike, 5, 100, 1);
    add(set, NULL, 0, 0, 0);
    add(set, spike + 1, 1, 3, 1);
    spike[1].t_ms = 77;
    mye_pattern p = mye_patterns_at(set, 0);
    assert_true(p.n == 5 && p.window_ms == 100 && p.label == 1 && p.group == 11);
    for (int i = 0; i < 5; i++)
        assert_true(p.spike[i].t_ms == sorted[i].t_ms && p.spike[i].c == sorted[i].c &&
                    p.spike[i].unit == sorted[i].unit);
    p = mye_patterns_at(set, 1);
    assert_true(p.n == 0 && p.window_ms == 0 && p.label == 0);
    p = mye_patterns_at(set, 2);
    assert_true(p.n == 1 && p.spike[0].t_ms == 1 && p.window_ms == 3);
    assert_true(mye_patterns_about(set)->n == 3 && mye_patterns_about(set)->spikes == 6);
    mye_patterns_free(set);
    close_context(ctx);
}

static void sets_grow_and_say_their_bytes(void **state)
{
    enum { PATTERNS = 3000 };
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = create(ctx, 3000, 1);
    static mye_spike spike[1000];
    (void)state;
    for (int k = 0; k < PATTERNS; k++) {
        for (int i = 0; i < k % 10; i++)
            spike[i] = (mye_spike){i, (float)k, k};
        add(set, spike, k % 10, k, 0);
    }
    for (int k = 0; k < PATTERNS; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        assert_true(p.n == k % 10 && p.window_ms == k);
        for (int i = 0; i < p.n; i++)
            assert_true(p.spike[i].t_ms == i && p.spike[i].c == (float)k && p.spike[i].unit == k);
    }
    const size_t live = mye_context_live_bytes(ctx), said = mye_patterns_about(set)->bytes;
    assert_true(said <= live && said + 200 > live);
    mye_patterns_free(set);
    close_context(ctx);
}

/* A pattern of the set may be added to it again, even when its memory must move. */
static void a_set_takes_its_own_patterns(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = create(ctx, 3, 1);
    const mye_spike spike[] = {{1, 2, 0}, {5, 3, 1}};
    (void)state;
    add(set, spike, 2, 9, 0);
    for (int k = 0; k < 2000; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        ASSERT_OK(mye_patterns_add(set, &p, &err));
    }
    ASSERT_OK(mye_patterns_append(set, set, &err));
    assert_int_equal(mye_patterns_about(set)->n, 4002);
    for (int k = 0; k < 4002; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        assert_true(p.n == 2 && p.spike[0].c == 2 && p.spike[1].t_ms == 5 && p.window_ms == 9);
    }
    mye_patterns_free(set);
    close_context(ctx);
}

static void what_no_pattern_has_is_refused_in_sentences(void **state)
{
    static const struct {
        mye_spike spike;
        const char *words;
    } bad[] = {
        {{-0.5, 1, 0}, "spike 1 of pattern 1 is at -0.5 ms, expected a time from 0"},
        {{NAN, 1, 0}, "spike 1 of pattern 1 is at nan ms"},
        {{INFINITY, 1, 0}, "spike 1 of pattern 1 is at inf ms"},
        {{1, 1, -1}, "spike 1 of pattern 1 is of afferent -1, expected 0 to 2"},
        {{1, 1, 3}, "spike 1 of pattern 1 is of afferent 3, expected 0 to 2"},
        {{1, NAN, 0}, "spike 1 of pattern 1 has coefficient nan, expected a finite number"},
        {{1, INFINITY, 0}, "spike 1 of pattern 1 has coefficient inf"},
    };
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = create(ctx, 3, 2), *none = NULL;
    mye_spike spike[2] = {{3, 1, 0}};
    (void)state;
    add(set, spike, 1, 10, 0);
    for (int i = 0; i < COUNT_OF(bad); i++) {
        spike[1] = bad[i].spike;
        const mye_pattern p = {spike, 2, 10, 0, 0};
        ASSERT_FAILS(mye_patterns_add(set, &p, &err), MYE_ERR_ARG, bad[i].words);
    }
    mye_pattern p = {spike, 1, 10, 2, 0};
    ASSERT_FAILS(mye_patterns_add(set, &p, &err), MYE_ERR_ARG,
                 "pattern 1 has label 2, expected 0 to 1");
    p = (mye_pattern){spike, 1, -1, 0, 0};
    ASSERT_FAILS(mye_patterns_add(set, &p, &err), MYE_ERR_ARG, "window of -1 ms");
    p.window_ms = NAN;
    ASSERT_FAILS(mye_patterns_add(set, &p, &err), MYE_ERR_ARG, "window of nan ms");
    p = (mye_pattern){spike, -1, 1, 0, 0};
    ASSERT_FAILS(mye_patterns_add(set, &p, &err), MYE_ERR_ARG, "-1 spikes");
    assert_true(mye_patterns_about(set)->n == 1 && mye_patterns_about(set)->spikes == 1);
    mye_patterns_free(set);
    ASSERT_FAILS(mye_patterns_create(ctx, 0, 2, &none, &err), MYE_ERR_ARG, "afferents, got 0");
    ASSERT_FAILS(mye_patterns_create(ctx, MYE_UNITS_MAX + 1, 2, &none, &err), MYE_ERR_ARG,
                 "got 1048577");
    ASSERT_FAILS(mye_patterns_create(ctx, 1, 0, &none, &err), MYE_ERR_ARG, "classes, got 0");
    ASSERT_FAILS(mye_patterns_create(ctx, 1, MYE_CLASSES_MAX + 1, &none, &err), MYE_ERR_ARG,
                 "got 4097");
    assert_null(none);
    close_context(ctx);
}

/* ---- copies ---- */

static mye_patterns *three(mye_context *ctx)
{
    mye_patterns *set = create(ctx, 3, 2);
    static const mye_spike spike[] = {{1, 0.5f, 0}, {2, 3, 1}, {2, -4, 2}};
    for (int k = 0; k < 3; k++)
        add(set, spike, k + 1, 10 * (k + 1), k % 2);
    ASSERT_OK(mye_patterns_name(set, 1, "one", &err));
    return set;
}

static void ordinary_copies_have_ones(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = three(ctx), *out = NULL;
    (void)state;
    ASSERT_OK(mye_patterns_ordinary(set, &out, &err));
    assert_true(mye_patterns_about(out)->n == 3 && mye_patterns_about(out)->spikes == 6);
    assert_string_equal(mye_patterns_about(out)->class_name[1], "one");
    for (int k = 0; k < 3; k++) {
        const mye_pattern a = mye_patterns_at(set, k), b = mye_patterns_at(out, k);
        assert_true(a.n == b.n && a.window_ms == b.window_ms && a.label == b.label &&
                    a.group == b.group);
        for (int i = 0; i < a.n; i++)
            assert_true(b.spike[i].c == 1 && b.spike[i].t_ms == a.spike[i].t_ms &&
                        b.spike[i].unit == a.spike[i].unit);
    }
    assert_true(mye_patterns_at(set, 0).spike[0].c == 0.5f);
    mye_patterns_free(set);
    mye_patterns_free(out);
    close_context(ctx);
}

static void choosing_takes_patterns_in_the_order_given(void **state)
{
    static const int64_t index[] = {2, 0, 2, 2}, bad[] = {0, 3}, negative[] = {-1};
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = three(ctx), *out = NULL, *none = NULL;
    (void)state;
    ASSERT_OK(mye_patterns_choose(set, index, 4, &out, &err));
    assert_int_equal(mye_patterns_about(out)->n, 4);
    for (int i = 0; i < 4; i++) {
        const mye_pattern a = mye_patterns_at(set, index[i]), b = mye_patterns_at(out, i);
        assert_true(a.n == b.n && a.window_ms == b.window_ms && a.label == b.label);
        assert_memory_equal(a.spike, b.spike, (size_t)a.n * sizeof *a.spike);
    }
    ASSERT_FAILS(mye_patterns_choose(set, bad, 2, &none, &err), MYE_ERR_ARG,
                 "patterns 0 to 2, got 3");
    ASSERT_FAILS(mye_patterns_choose(set, negative, 1, &none, &err), MYE_ERR_ARG, "got -1");
    assert_null(none);
    ASSERT_OK(mye_patterns_choose(set, NULL, 0, &none, &err));
    assert_int_equal(mye_patterns_about(none)->n, 0);
    mye_patterns_free(none);
    mye_patterns_free(set);
    mye_patterns_free(out);
    close_context(ctx);
}

static void appending_adds_all_patterns(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *a = three(ctx), *b = three(ctx), *small = create(ctx, 2, 2);
    (void)state;
    ASSERT_OK(mye_patterns_append(a, b, &err));
    assert_true(mye_patterns_about(a)->n == 6 && mye_patterns_about(a)->spikes == 12);
    assert_true(mye_patterns_at(a, 5).n == 3 && mye_patterns_at(a, 3).window_ms == 10);
    ASSERT_FAILS(mye_patterns_append(small, b, &err), MYE_ERR_ARG, "afferent 2, expected 0 to 1");
    mye_patterns_free(a);
    mye_patterns_free(b);
    mye_patterns_free(small);
    close_context(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_set_is_empty_and_numbers_its_classes),
        cmocka_unit_test(spikes_are_copied_and_sorted),
        cmocka_unit_test(sets_grow_and_say_their_bytes),
        cmocka_unit_test(a_set_takes_its_own_patterns),
        cmocka_unit_test(what_no_pattern_has_is_refused_in_sentences),
        cmocka_unit_test(ordinary_copies_have_ones),
        cmocka_unit_test(choosing_takes_patterns_in_the_order_given),
        cmocka_unit_test(appending_adds_all_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
