#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cmocka_all.h"
#include "failing.h"

static const char *word(const void *arg, size_t i)
{
    const char *const *words = arg;
    return words[i];
}

static void nearest_finds_typing_errors_only(void **state)
{
    static const char *const words[] = {"sgd", "adam", "adamw", "clars", "fashion-mnist", NULL};
    (void)state;
    assert_string_equal(mye_nearest("sdg", word, words), "sgd");
    assert_string_equal(mye_nearest("SGD", word, words), "sgd");
    assert_string_equal(mye_nearest("adma", word, words), "adam");
    assert_string_equal(mye_nearest("clar", word, words), "clars");
    assert_string_equal(mye_nearest("fashion_mnst", word, words), "fashion-mnist");
    assert_string_equal(mye_nearest("fashonmist", word, words), "fashion-mnist");
    assert_null(mye_nearest("xy", word, words));
    assert_null(mye_nearest("tempotron", word, words));
    assert_null(mye_nearest("", word, words));
    char longer[500];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_null(mye_nearest(longer, word, words));
}

static void integers_are_whole_texts(void **state)
{
    static const char *const wrong[] = {"",    "-",    "+",   " 1",  "1 ",
                                        "1.0", "0x10", "1e3", "--1", "9223372036854775808"};
    int64_t x;
    (void)state;
    assert_true(mye_parse_int("-9223372036854775808", &x) && x == INT64_MIN);
    assert_true(mye_parse_int("+7", &x) && x == 7);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mye_parse_int(wrong[i], &x));
}

static void doubles_are_whole_texts(void **state)
{
    static const char *const wrong[] = {"",    "-",     " 1",  "1 ",       "0x1p3", "nan",
                                        "1,5", "1e",    "e5",  "infinity", "1e999", "-1e999",
                                        ".",   "1.2.3", "1-2", "INF"};
    double x;
    (void)state;
    assert_true(mye_parse_double("-.5e-1", &x) && x == -0.05);
    assert_true(mye_parse_double("inf", &x) && isinf(x) && x > 0);
    assert_true(mye_parse_double("-inf", &x) && isinf(x) && x < 0);
    assert_true(mye_parse_double("1e-400", &x) && x == 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mye_parse_double(wrong[i], &x));
}

static void sizes_have_binary_units(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } right[] = {
        {"0", 0},
        {"1024", 1024},
        {"512M", 512 << 20},
        {"1.5GiB", 1610612736},
        {"2g", (int64_t)2 << 30},
        {"3 KB", 3072},
        {"7B", 7},
        {"8191P", (int64_t)8191 << 50},
        {"0.5", 1},
    };
    static const char *const wrong[] = {"",      "M",    "-1",   "1X",  "1 MM",       "1.2.3M",
                                        "8192P", "1KiX", "1e3M", "inf", "9999999.9P", "1  K"};
    int64_t x;
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(mye_parse_bytes(right[i].text, &x));
        assert_int_equal(x, right[i].bytes);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mye_parse_bytes(wrong[i], &x));
}

static void sizes_are_written_with_two_decimals(void **state)
{
    char out[32];
    (void)state;
    assert_string_equal(mye_format_bytes(0, out, sizeof out), "0 B");
    assert_string_equal(mye_format_bytes(1023, out, sizeof out), "1023 B");
    assert_string_equal(mye_format_bytes(1024, out, sizeof out), "1.00 KiB");
    assert_string_equal(mye_format_bytes(1610612736, out, sizeof out), "1.50 GiB");
    assert_string_equal(mye_format_bytes((1 << 20) - 1, out, sizeof out), "1.00 MiB");
    assert_string_equal(mye_format_bytes(UINT64_MAX, out, sizeof out), "16.00 EiB");
}

static void booleans_are_words(void **state)
{
    bool x;
    (void)state;
    assert_true(mye_parse_bool("yes", &x) && x);
    assert_true(mye_parse_bool("off", &x) && !x);
    assert_false(mye_parse_bool("", &x));
    assert_false(mye_parse_bool("2", &x));
}

static void numbers_are_written_shortest(void **state)
{
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {0, "0"},
        {-0.0, "-0"},
        {0.1, "0.1"},
        {100000, "100000"},
        {1e20, "1e20"},
        {1e-6, "1e-6"},
        {0.00001, "0.00001"},
        {-1.5, "-1.5"},
        {123456789012345, "123456789012345"},
        {5e-324, "5e-324"},
        {1.0 / 3, "0.3333333333333333"},
        {1.25e-7, "1.25e-7"},
    };
    char out[40];
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_string_equal(mye_format_double(known[i].value, out, sizeof out), known[i].text);
    assert_string_equal(mye_format_double(HUGE_VAL, out, sizeof out), "inf");
    assert_string_equal(mye_format_double(-HUGE_VAL, out, sizeof out), "-inf");
}

static void every_double_reads_back_to_the_same_bits(void **state)
{
    char out[40];
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t bits = mye_random_u64(1, MYE_STREAM_TEST, i);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        assert_true(mye_parse_double(mye_format_double(value, out, sizeof out), &back));
        assert_memory_equal(&value, &back, sizeof value);
    }
}

static void numbers_do_not_follow_the_locale(void **state)
{
    char out[40];
    double x;
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
        skip();
    assert_string_equal(mye_format_double(1.5, out, sizeof out), "1.5");
    assert_true(mye_parse_double("1.5", &x) && x == 1.5);
    setlocale(LC_NUMERIC, "C");
}

static void text_grows_and_survives_a_full_memory(void **state)
{
    failing f = {0};
    const mye_allocator hooks = failing_hooks(&f);
    mye_context *ctx;
    (void)state;
    assert_int_equal(
        mye_context_create(&(mye_context_options){.threads = 1, .allocator = &hooks}, &ctx, NULL),
        MYE_OK);
    mye_text text = {.ctx = ctx};
    for (int i = 0; i < 1000; i++)
        mye_text_add(&text, "%d,", i);
    mye_text_add_bytes(&text, "end", 3);
    assert_false(text.failed);
    assert_int_equal(text.length, strlen(text.data));
    assert_string_equal(text.data + text.length - 7, "999,end");
    f.fail_at = f.calls + 1;
    for (int i = 0; i < 1000; i++)
        mye_text_add_bytes(&text, "more", 4);
    assert_true(text.failed);
    mye_text_add(&text, "ignored");
    mye_text_free(&text);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
    assert_int_equal(f.blocks, 0);
}

static void messages_are_one_clean_line(void **state)
{
    mye_error err;
    char longer[1000];
    (void)state;
    assert_int_equal(mye_fail(&err, MYE_ERR_ARG, "a\nb\tc%c", 1), MYE_ERR_ARG);
    assert_string_equal(err.message, "a?b?c?");
    mye_hint(&err, "do\nthis");
    assert_string_equal(err.hint, "do?this");
    mye_fail(&err, MYE_ERR_IO, "again: %s", err.message); /* the argument is the target */
    assert_string_equal(err.message, "again: a?b?c?");
    assert_string_equal(err.hint, "");
    for (size_t i = 0; i + 2 < sizeof longer; i += 2)
        memcpy(longer + i, "\xc3\xa4", 3);
    mye_fail(&err, MYE_ERR_IO, "x%s", longer);
    assert_string_equal(err.message + strlen(err.message) - 5, "\xc3\xa4...");
    assert_int_equal(mye_fail(NULL, MYE_ERR_NOMEM, "x"), MYE_ERR_NOMEM);
    assert_int_equal(mye_hint(NULL, "x"), MYE_OK);
    assert_string_equal(mye_status_name(MYE_ERR_CANCELLED), "MYE_ERR_CANCELLED");
    assert_string_equal(mye_status_name(MYE_OK), "MYE_OK");
    assert_string_equal(mye_status_name((mye_status)99), "MYE_ERR_UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_finds_typing_errors_only),
        cmocka_unit_test(integers_are_whole_texts),
        cmocka_unit_test(doubles_are_whole_texts),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(sizes_are_written_with_two_decimals),
        cmocka_unit_test(booleans_are_words),
        cmocka_unit_test(numbers_are_written_shortest),
        cmocka_unit_test(every_double_reads_back_to_the_same_bits),
        cmocka_unit_test(numbers_do_not_follow_the_locale),
        cmocka_unit_test(text_grows_and_survives_a_full_memory),
        cmocka_unit_test(messages_are_one_clean_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
