/* Reference cases of other implementations, through the code path of training. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "myelin/myelin.h"

static mye_context *context(int threads)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    return ctx;
}

/* Runs one file; prints what failed. */
static bool passes(mye_context *ctx, const char *path)
{
    mye_verify_result r;
    mye_error err = {0};
    if (mye_verify_file(ctx, path, NULL, &r, &err) != MYE_OK) {
        print_error("%s: %s\n", path, err.message);
        return false;
    }
    if (!r.passed)
        print_error("%s failed: %s\n", path, r.message);
    for (int i = 0; i < r.n_items; i++)
        if (!r.item[i].passed)
            print_error("  %s: off by %g of %g\n", r.item[i].what, r.item[i].error,
                        r.item[i].largest);
    const bool passed = r.passed && r.n_items > 0;
    mye_verify_free(ctx, &r);
    return passed;
}

/* Every .json file of a folder; returns how many there were, -1: no such folder. */
static int run_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return -1;
    mye_context *ctx = context(2);
    int n = 0, failed = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot == NULL || strcmp(dot, ".json") != 0)
            continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        failed += !passes(ctx, path);
        n++;
    }
    closedir(dir);
    mye_context_free(ctx);
    assert_int_equal(failed, 0);
    return n;
}

static void shared_folder(const char *name, int cases)
{
    const char *shared = getenv("MYELIN_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/golden/%s",
             shared != NULL ? shared : MYELIN_SOURCE_DIR "/../shared", name);
    const int n = run_folder(path);
    if (n < 0) {
        print_message("SKIPPED: no folder %s\n", path);
        skip();
    }
    assert_true(n >= cases);
}

static void cases_in_the_project_pass(void **state)
{
    (void)state;
    assert_int_equal(run_folder(MYELIN_SOURCE_DIR "/tests/golden/bptt"), 13);
    assert_int_equal(run_folder(MYELIN_SOURCE_DIR "/tests/golden/dsr"), 2);
    assert_int_equal(run_folder(MYELIN_SOURCE_DIR "/tests/golden/rate"), 13);
    assert_int_equal(run_folder(MYELIN_SOURCE_DIR "/tests/golden/sltt"), 7);
    assert_int_equal(run_folder(MYELIN_SOURCE_DIR "/tests/golden/ottt"), 7);
    assert_int_equal(run_folder(MYELIN_SOURCE_DIR "/tests/golden/spide"), 4);
}

static void all_bptt_cases_pass(void **state)
{
    (void)state;
    shared_folder("bptt", 13);
}

static void all_dsr_cases_pass(void **state)
{
    (void)state;
    shared_folder("dsr", 2);
}

static void all_rate_cases_pass(void **state)
{
    (void)state;
    shared_folder("rate", 13);
}

static void all_spide_cases_pass(void **state)
{
    (void)state;
    shared_folder("spide", 4);
}

/* A check that cannot fail is none: the same file with one number changed must not pass. */
static void a_changed_gradient_is_noticed(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    void *text = NULL;
    FILE *in = fopen(MYELIN_SOURCE_DIR "/tests/golden/bptt/mlp_lif_soft_detach_sigmoid.json", "rb");
    assert_non_null(in);
    text = calloc(1, 1 << 16);
    const size_t n = fread(text, 1, (1 << 16) - 1, in);
    fclose(in);
    char *grads = strstr(text, "\"grads\": {");
    if (grads == NULL)
        grads = strstr(text, "\"grads\":{");
    assert_non_null(grads);
    char *data = strstr(grads, "\"data\"");
    assert_non_null(data);
    data = strchr(data, '[') + 1;
    while (*data == ' ' || *data == '-')
        data++;
    *data = *data == '0' ? '3' : '0';
    const char *path = MYELIN_BINARY_DIR "/changed.json";
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fwrite(text, 1, n, out);
    fclose(out);
    free(text);
    mye_verify_result r;
    assert_int_equal(mye_verify_file(ctx, path, NULL, &r, NULL), MYE_OK);
    assert_false(r.passed);
    mye_verify_free(ctx, &r);
    remove(path);
    mye_context_free(ctx);
}

static void a_file_that_is_no_case_is_refused_with_its_name(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_verify_result r;
    mye_error err = {0};
    assert_int_equal(mye_verify_file(ctx, "/nonexistent.json", NULL, &r, &err), MYE_ERR_IO);
    assert_non_null(strstr(err.message, "/nonexistent.json"));
    const char *path = MYELIN_BINARY_DIR "/no_case.json";
    static const char *const texts[] = {"", "[1,2]", "{\"schema\":2}", "{\"schema\":1}",
                                        "{\"schema\":1,\"name\":\"x\",\"rule\":{},\"graph\":[],"
                                        "\"T\":1,\"batch\":1,\"classes\":2}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        fputs(texts[i], out);
        fclose(out);
        assert_int_equal(mye_verify_file(ctx, path, NULL, &r, &err), MYE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "no_case.json"));
    }
    remove(path);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_in_the_project_pass),
        cmocka_unit_test(all_bptt_cases_pass),
        cmocka_unit_test(all_dsr_cases_pass),
        cmocka_unit_test(all_rate_cases_pass),
        cmocka_unit_test(all_spide_cases_pass),
        cmocka_unit_test(a_changed_gradient_is_noticed),
        cmocka_unit_test(a_file_that_is_no_case_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
