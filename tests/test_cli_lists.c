/* Lists on the command line: values with options, time steps, methods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "convert.h"
#include "myelin/myelin.h"

static cli app;

static int set_up(void **state)
{
    (void)state;
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = 1;
    return mye_context_create(&o, &app.ctx, NULL) == MYE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mye_context_free(app.ctx);
    return 0;
}

/* The values of a text, joined by '|'. */
static void values_are(const char *text, const char *expected)
{
    char joined[400] = "";
    cli_list list = {.key = "x"};
    assert_int_equal(cli_list_add(&app, &list, text), CLI_EXIT_OK);
    for (int i = 0; i < list.n; i++) {
        const size_t n = strlen(joined);
        snprintf(joined + n, sizeof(joined) - n, "%s%s", i > 0 ? "|" : "", list.value[i]);
    }
    assert_string_equal(joined, expected);
    cli_list_free(&list);
}

static void values_keep_the_options_of_their_methods(void **state)
{
    (void)state;
    values_are("max", "max");
    values_are("max,p99.9,ter,aug", "max|p99.9|ter|aug");
    values_are("aug:levels=16,v0=0.5,exact:levels=4,v0=0.5,max",
               "aug:levels=16,v0=0.5|exact:levels=4,v0=0.5|max");
    values_are("a:x=(b:c=1,d=2),e", "a:x=(b:c=1,d=2)|e");
    values_are("a,b;c,d", "a,b|c,d");
    values_are("a,,b", "a||b");
}

static void spaces_before_a_value_are_left_out(void **state)
{
    (void)state;
    values_are(" a, b,c", "a|b|c");
    values_are("a;  b:x=1, y=2", "a|b:x=1, y=2");
}

static void file_names_are_plain(void **state)
{
    (void)state;
    char name[64], cut[6];
    cli_list_file("aug:levels=16,v0=0.5", name, sizeof(name));
    assert_string_equal(name, "aug-levels-16-v0-0.5");
    cli_list_file("../x (y)", name, sizeof(name));
    assert_string_equal(name, "..-x-y-");
    cli_list_file("p99.9 at 0.5x", cut, sizeof(cut));
    assert_string_equal(cut, "p99.9");
}

/* The steps of a text, "" where it is refused. */
static void steps_are(const char *text, const char *expected)
{
    char joined[200] = "";
    cli_convert_steps steps;
    const int code = cli_convert_steps_read(&app, text, &steps);
    assert_int_equal(code, expected[0] ? CLI_EXIT_OK : CLI_EXIT_USAGE);
    for (int i = 0; code == CLI_EXIT_OK && i < steps.n; i++) {
        const size_t n = strlen(joined);
        snprintf(joined + n, sizeof(joined) - n, "%s%d", i > 0 ? " " : "", steps.T[i]);
    }
    assert_string_equal(joined, expected);
}

static void steps_are_numbers_and_ranges(void **state)
{
    (void)state;
    steps_are("4", "4");
    steps_are("1,2,3,4,6,8", "1 2 3 4 6 8");
    steps_are("1..64", "1 2 4 8 16 32 64");
    steps_are("3..20", "3 6 12 20"); /* the end belongs to it */
    steps_are("1..5+1", "1 2 3 4 5");
    steps_are("4..17+4,32..64", "4 8 12 16 17 32 64");
    steps_are("2048..4096", "2048 4096");
    cli_convert_steps steps;
    assert_int_equal(cli_convert_steps_read(&app, "1..4096+1", &steps), CLI_EXIT_OK);
    assert_int_equal(steps.n, CLI_STEPS_MAX);
    assert_int_equal(steps.T[CLI_STEPS_MAX - 1], 4096);
}

static void wrong_steps_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "a",
                                        "1,",
                                        ",1",
                                        "1;2",
                                        "1 2",
                                        "0",
                                        "-1",
                                        "4097",
                                        "1.5",
                                        "2,1",
                                        "2,2",
                                        "4..2",
                                        "4..4",
                                        "1..",
                                        "..4",
                                        "1...4",
                                        "1..4+",
                                        "1..4+0",
                                        "1..4x2",
                                        "1..8,4",
                                        "1..8,8",
                                        "99999999999999999999",
                                        "1..4+1+1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        steps_are(wrong[i], "");
}

/* Any kind will do: this one has options. */
static void methods_lose_their_defaults_and_stand_once(void **state)
{
    (void)state;
    const mye_kind *kind = mye_kind_find("neuron");
    cli_list list;
    assert_int_equal(cli_convert_methods_read(&app, kind, "lif:tau=4,theta=1,relu", &list),
                     CLI_EXIT_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.value[0], "lif:tau=4");
    assert_string_equal(list.value[1], "relu");
    cli_list_free(&list);
    static const char *const wrong[] = {"lif,lif:theta=1", "lif,,relu", "",
                                        "lif,nonsense",    "lif:tau=x", "lif:nonsense=1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(cli_convert_methods_read(&app, kind, wrong[i], &list), CLI_EXIT_USAGE);
        cli_list_free(&list);
    }
}

static void neurons_of_methods_are_known(void **state)
{
    (void)state;
    assert_true(cli_convert_is("exact", "exact"));
    assert_true(cli_convert_is("exact:levels=16", "exact"));
    assert_true(cli_convert_is("max:v0=0.5,neuron=exact", "exact"));
    assert_true(cli_convert_is("max:neuron=exact,v0=0.5", "exact"));
    assert_false(cli_convert_is("exacter", "exact"));
    assert_false(cli_convert_is("max", "exact"));
    assert_false(cli_convert_is("max:neuron=exacter", "exact"));
    assert_false(cli_convert_is("max:neuron=aug", "exact"));
}

static void shares_have_an_x(void **state)
{
    (void)state;
    double share = 0;
    assert_int_equal(cli_convert_share_read(&app, "0.5x", &share), CLI_EXIT_OK);
    assert_true(share == 0.5);
    assert_int_equal(cli_convert_share_read(&app, "2x", &share), CLI_EXIT_OK);
    assert_true(share == 2);
    static const char *const wrong[] = {"",   "x",   "0.5",  "0.5 x", "0.5xx", "-1x",
                                        "0x", "11x", "nanx", "infx",  " 1x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(cli_convert_share_read(&app, wrong[i], &share), CLI_EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_the_options_of_their_methods),
        cmocka_unit_test(spaces_before_a_value_are_left_out),
        cmocka_unit_test(file_names_are_plain),
        cmocka_unit_test(steps_are_numbers_and_ranges),
        cmocka_unit_test(wrong_steps_are_refused),
        cmocka_unit_test(methods_lose_their_defaults_and_stand_once),
        cmocka_unit_test(neurons_of_methods_are_known),
        cmocka_unit_test(shares_have_an_x),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
