#include <string.h>

#include "base/base.h"
#include "cmocka_all.h"
#include "small_tables.h"

static run_options options;
static mye_error err;

static int fresh(void **state)
{
    (void)state;
    memset(&options, 0xff, sizeof options);
    return mye_params_defaults(run_params, &options, &err) == MYE_OK ? 0 : -1;
}

static void set(const char *key, const char *value)
{
    if (mye_params_set(run_params, &options, key, value, &err) != MYE_OK)
        fail_msg("%s", err.message);
}

static void refuse(const char *key, const char *value, const char *message, const char *hint)
{
    const run_options before = options;
    assert_int_equal(mye_params_set(run_params, &options, key, value, &err), MYE_ERR_ARG);
    assert_string_equal(err.message, message);
    assert_string_equal(err.hint, hint);
    assert_memory_equal(&before, &options, sizeof before);
    assert_int_equal(mye_params_set(run_params, &options, key, value, NULL), MYE_ERR_ARG);
}

static void expect(const char *key, const char *value)
{
    char text[MYE_METHOD_MAX];
    if (mye_params_get(run_params, &options, key, text, sizeof text, &err) != MYE_OK)
        fail_msg("%s", err.message);
    assert_string_equal(text, value);
}

static void defaults_fill_every_field(void **state)
{
    (void)state;
    assert_true(options.flip);
    assert_int_equal(options.steps, 4);
    assert_int_equal(options.any, -3);
    assert_true(options.lr == 0.1 && options.free == -1e-3);
    assert_int_equal(options.memory, 512 << 20);
    assert_int_equal(options.order, 1);
    assert_string_equal(options.out, "runs/a");
    assert_string_equal(options.neuron, "lif");
    assert_string_equal(options.extra, "");
}

static void values_are_written_so_that_they_read_back(void **state)
{
    static const char *const pairs[][2] = {
        {"flip", "false"},
        {"T", "1024"},
        {"any", "-9223372036854775808"},
        {"lr", "inf"},
        {"lr", "0.30000000000000004"},
        {"free", "-1e-300"},
        {"memory", "3G"},
        {"memory", "1000"},
        {"memory", "0"},
        {"order", "random"},
        {"out", "a b,c:(d"},
        {"neuron", "lif:tau=3.5,surrogate=(atan:alpha=4)"},
        {"neuron", "if"},
        {"extra", "lif:note=(x, y)"},
        {"extra", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        set(pairs[i][0], pairs[i][1]);
        expect(pairs[i][0], pairs[i][1]);
    }
    set("flip", "on");
    expect("flip", "true");
    set("memory", "1.5GiB");
    expect("memory", "1536M");
    set("lr", "1e-1");
    expect("lr", "0.1");
}

static void methods_become_canonical(void **state)
{
    (void)state;
    set("neuron", " ( lif: tau = 2.0 , surrogate = (atan:alpha=3.00), hard=yes ) ");
    expect("neuron", "lif:hard=true,surrogate=(atan:alpha=3)");
    set("neuron", "lif:surrogate=atan");
    expect("neuron", "lif");
}

static void dotted_keys_reach_into_methods(void **state)
{
    (void)state;
    set("neuron.tau", "5");
    set("neuron.surrogate.alpha", "7");
    expect("neuron", "lif:tau=5,surrogate=(atan:alpha=7)");
    expect("neuron.surrogate.alpha", "7");
    expect("neuron.hard", "false");
    set("neuron.surrogate", "plain");
    expect("neuron", "lif:tau=5,surrogate=plain");
}

static void wrong_values_name_key_range_and_value(void **state)
{
    (void)state;
    refuse("flip", "maybe", "flip wants true or false, got 'maybe'", "");
    refuse("T", "0", "T wants a whole number in [1, 1024], got '0'", "");
    refuse("T", "1.5", "T wants a whole number in [1, 1024], got '1.5'", "");
    refuse("any", "99999999999999999999", "any wants a whole number, got '99999999999999999999'",
           "");
    refuse("lr", "-1", "lr wants a number in [0, inf], got '-1'", "");
    refuse("lr", "nan", "lr wants a number in [0, inf], got 'nan'", "");
    refuse("free", "inf", "free wants a number, got 'inf'", "");
    refuse("memory", "12X", "memory wants a size such as 512M in [0, inf], got '12X'", "");
    refuse("order", "stp", "order wants one of step|layer|random, got 'stp'",
           "did you mean 'step'?");
    refuse("order", "", "order wants one of step|layer|random, got ''", "");
    refuse("out", "0123456789abcdef", "out wants at most 15 bytes, got 16 ('0123456789abcdef...')",
           "");
    refuse("neuron.tau", "0.5", "neuron.tau wants a number in [1, inf], got '0.5'", "");
    refuse("neuron", "lif:tau=0.5", "neuron.tau wants a number in [1, inf], got '0.5'", "");
    refuse("neuron", "lif:surrogate=(atan:alpha=0)",
           "neuron.surrogate.alpha wants a number in [0.001, 100], got '0'", "");
    refuse("tight", "lif:tau=3", "tight: the text of 'lif' has 9 bytes, at most 7 fit", "");
    refuse("neuron.note", "a)", "neuron: note of 'lif' has parentheses that do not match in 'a)'",
           "");
    refuse("T", "a\nb", "T wants a whole number in [1, 1024], got 'a?b'", "");
}

static void wrong_keys_get_the_nearest_name(void **state)
{
    (void)state;
    refuse("nueron", "if", "unknown key 'nueron'", "did you mean 'neuron'?");
    refuse("zzzzzzzz", "1", "unknown key 'zzzzzzzz'",
           "known: flip, T, any, lr, free, memory, order, out, neuron, extra, tight");
    refuse("neuron.tua", "1", "unknown key 'neuron.tua'", "did you mean 'tau'?");
    refuse("neuron", "lif:tua=3", "unknown key 'neuron.tua'", "did you mean 'tau'?");
    refuse("T.x", "1", "unknown key 'T.x': T is a single value", "");
    refuse("extra.tau", "1", "extra has no parameters, because no neuron is chosen", "");
    refuse("tight.tau", "1", "unknown key 'tight.tau' of a method without parameters", "");
    refuse("neuron", "", "neuron wants a name, got nothing", "");
    refuse("", "1", "unknown key ''",
           "known: flip, T, any, lr, free, memory, order, out, neuron, extra, tight");
}

static void a_small_buffer_is_refused_not_cut(void **state)
{
    char text[4];
    (void)state;
    assert_int_equal(mye_params_get(run_params, &options, "out", text, sizeof text, &err),
                     MYE_ERR_ARG);
    assert_string_equal(err.message, "out has 6 bytes, more than the 3 that fit here");
    assert_int_equal(mye_params_get(run_params, &options, "no", text, sizeof text, &err),
                     MYE_ERR_ARG);
}

static const mye_kind kind_endless;
static const mye_param endless_params[] = {
    {"self", MYE_PARAM_METHOD, 0, 64, "endless", 0, 0, NULL, &kind_endless, "", "itself"},
    {.name = NULL},
};
static const mye_entry endless = {"endless", "", "", endless_params, 64};
static const mye_entry *const endless_entries[] = {&endless, NULL};
static const mye_kind kind_endless = {"endless", "", endless_entries};

static void tables_that_recurse_or_have_wrong_defaults_are_refused(void **state)
{
    static const mye_param wrong[] = {
        {"x", MYE_PARAM_INT, 0, 0, "11", 1, 10, NULL, NULL, "", ""},
        {.name = NULL},
    };
    char field[64];
    (void)state;
    assert_int_equal(mye_params_defaults(endless_params, field, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "more than 8 methods inside each other"));
    assert_int_equal(mye_params_defaults(wrong, field, &err), MYE_ERR_ARG);
    assert_string_equal(err.message, "x wants a whole number in [1, 10], got '11'");
    assert_int_equal(mye_params_defaults(NULL, NULL, &err), MYE_OK);
}

static void very_long_keys_and_values_are_safe(void **state)
{
    static char text[5000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(mye_params_set(run_params, &options, text, text, &err), MYE_ERR_ARG);
    assert_int_equal(mye_params_set(run_params, &options, "neuron", text, &err), MYE_ERR_ARG);
    assert_int_equal(mye_params_set(run_params, &options, "T", text, &err), MYE_ERR_ARG);
    memset(text, '.', sizeof text - 1);
    assert_int_equal(mye_params_set(run_params, &options, text, text, &err), MYE_ERR_ARG);
    memset(text, '(', sizeof text - 1);
    assert_int_equal(mye_params_set(run_params, &options, "neuron", text, &err), MYE_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_fill_every_field, fresh),
        cmocka_unit_test_setup(values_are_written_so_that_they_read_back, fresh),
        cmocka_unit_test_setup(methods_become_canonical, fresh),
        cmocka_unit_test_setup(dotted_keys_reach_into_methods, fresh),
        cmocka_unit_test_setup(wrong_values_name_key_range_and_value, fresh),
        cmocka_unit_test_setup(wrong_keys_get_the_nearest_name, fresh),
        cmocka_unit_test_setup(a_small_buffer_is_refused_not_cut, fresh),
        cmocka_unit_test_setup(tables_that_recurse_or_have_wrong_defaults_are_refused, fresh),
        cmocka_unit_test_setup(very_long_keys_and_values_are_safe, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
