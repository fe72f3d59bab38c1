/* Lines of the tables of rules: every rule is there, and no line says the same as another. */
#include "cmocka_all.h"

#include "myelin/context.h"
#include "myelin/plan.h"

#include <stdio.h>
#include <string.h>

typedef bool (*variant)(int i, char out[MYE_METHOD_MAX]);

enum { LINES_MAX = 64 };

/* Canonical texts of all lines, in which options with their default value are left out. */
static int canonical(mye_context *ctx, const char *kind, variant at,
                     char out[LINES_MAX][MYE_METHOD_MAX])
{
    char line[MYE_METHOD_MAX];
    int n = 0;
    for (; at(n, line); n++) {
        mye_method method;
        mye_error err;
        assert_true(n < LINES_MAX);
        if (mye_method_parse(ctx, mye_kind_find(kind), line, &method, &err) != MYE_OK)
            fail_msg("%s: %s", line, err.message);
        assert_int_equal(mye_method_text(&method, false, out[n], MYE_METHOD_MAX, &err), MYE_OK);
        mye_method_free(ctx, &method);
    }
    assert_false(at(n + 1, line));
    return n;
}

static void check(const char *kind, variant at)
{
    char line[LINES_MAX][MYE_METHOD_MAX];
    const mye_context_options one = {.threads = 1};
    mye_context *ctx;
    assert_int_equal(mye_context_create(&one, &ctx, NULL), MYE_OK);
    const int n = canonical(ctx, kind, at, line);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(line[i], line[k]);
    for (const mye_entry *const *e = mye_kind_find(kind)->entries; *e; e++) {
        int defaults = 0;
        for (int i = 0; i < n; i++)
            defaults += strcmp(line[i], (*e)->name) == 0;
        if (defaults != 1)
            fail_msg("%s '%s' has %d lines with its defaults", kind, (*e)->name, defaults);
    }
    mye_context_free(ctx);
}

static void every_time_rule_has_a_line_with_its_defaults(void **state)
{
    (void)state;
    check("time", mye_time_variant);
}

static void every_depth_rule_has_a_line_with_its_defaults(void **state)
{
    (void)state;
    check("depth", mye_depth_variant);
}

static void auglocal_counts_up(void **state)
{
    char line[MYE_METHOD_MAX], expected[MYE_METHOD_MAX];
    int a = 0;
    (void)state;
    for (int i = 0; mye_depth_variant(i, line); i++) {
        if (strncmp(line, "auglocal", 8) != 0)
            continue;
        snprintf(expected, sizeof expected, "auglocal:a=%d", ++a);
        assert_string_equal(line, expected);
    }
    assert_int_equal(a, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_time_rule_has_a_line_with_its_defaults),
        cmocka_unit_test(every_depth_rule_has_a_line_with_its_defaults),
        cmocka_unit_test(auglocal_counts_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
