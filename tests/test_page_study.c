/* The page of an experiment, and its figures as files, from a study made by hand. */
#include <math.h>
#include <sys/stat.h>

#include "data_support.h"
#include "page_support.h"
#include "report/report.h"
#include "synapse/study.h"

static const mye_panel_kind table = {"accuracy <b>", "", true, false};
static const mye_panel_kind curve = {"over noise & more", "sd, \"ms\"", false, false};
static const mye_panel_kind trace = {"potential", "ms", false, true};

static mye_study *begin(mye_context *ctx)
{
    mye_study *s = mye_study_begin(ctx, "Study of <i>");
    assert_non_null(s);
    s->command = mye_strdup(ctx, "classify:runs=2,patterns=(a&b;<c>)");
    s->seconds = 12.5;
    return s;
}

/* All that a page can show, with what a hostile file may have named. */
static mye_study *make(mye_context *ctx)
{
    static const double share[] = {0.9, 0.8}, epochs[] = {3, 4}, never[] = {NAN, NAN};
    static const double counts[] = {5, 0, 1, 4};
    static const char *const names[] = {"<svg>", "yes & no"};
    mye_study *s = begin(ctx);
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "augmented" : "<script>alert(1)</script>";
        mye_study_add(s, &table, name, 0, "test", "%", share, 2);
        mye_study_add(s, &table, name, 1, "epochs <", "", epochs, 2);
        mye_study_add(s, &table, name, 2, "never", "ms", never, 2);
        mye_study_add(s, &curve, name, 0, NULL, "%", share, 2);
        mye_study_add(s, &curve, name, 2.5, NULL, "%", never, 2);
        mye_study_add(s, &curve, name, 10, NULL, "%", share, 1);
        for (int k = 0; k < 50; k++)
            mye_study_put(s, &trace, name, k, sin(k) - 0.5);
    }
    mye_study_plane(s, "spikes of <0>", "ms", "afferent & co", 500, 40);
    for (int k = 0; k < 20; k++)
        mye_study_dot(s, 25 * k, 2 * k, k % 3);
    mye_study_confusion(s, 2, counts, names);
    ASSERT_OK(mye_study_check(s, &err));
    return s;
}

/* Free with mye_free. */
static char *text_of(mye_context *ctx, const char *path)
{
    static void *text;
    size_t bytes = 0;
    ASSERT_OK(mye_file_read(ctx, path, 1 << 24, &text, &bytes, &err));
    return text;
}

static char *page_of(mye_context *ctx, const mye_study *s)
{
    char path[1300];
    snprintf(path, sizeof(path), "%s", in_dir(fresh_dir("page_study"), "report.html"));
    ASSERT_OK(mye_report_study(ctx, s, path, &err));
    return text_of(ctx, path);
}

static void close_all(mye_context *ctx, mye_study *s, char *text)
{
    mye_free(ctx, text);
    mye_study_free(s);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void a_page_is_whole_and_stands_alone(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = make(ctx);
    char *page = page_of(ctx, s);
    (void)state;
    assert_elements_closed(page);
    assert_numbers_only(page);
    assert_stands_alone(page);
    close_all(ctx, s, page);
}

static void names_are_escaped(void **state)
{
    static const char *const raw[] = {"<script",   "of <i>", "<c>",    "a&b",      "accuracy <b>",
                                      "epochs <<", "of <0>", "& more", "yes & no", "& co"};
    mye_context *ctx = make_context(NULL);
    mye_study *s = make(ctx);
    char *page = page_of(ctx, s);
    (void)state;
    for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++)
        if (strstr(page, raw[i]))
            fail_msg("'%s' stands on the page", raw[i]);
    assert_non_null(strstr(page, "<title>Study of &lt;i&gt;"));
    assert_non_null(strstr(page, "<h1>Study of &lt;i&gt;</h1>"));
    assert_non_null(strstr(page, "patterns=(a&amp;b;&lt;c&gt;)</b>: 12.5 s."));
    close_all(ctx, s, page);
}

static void tables_hold_means_and_spreads(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = make(ctx);
    char *page = page_of(ctx, s);
    (void)state;
    const char *at = strstr(page, "<h2>accuracy &lt;b&gt;</h2>");
    assert_non_null(at);
    assert_non_null(
        strstr(at, "<th></th><th class=\"n\">test</th><th class=\"n\">epochs &lt;</th>"));
    assert_non_null(strstr(at, "augmented</td><td class=\"n\">85.0 ± 7.1 %</td>"
                               "<td class=\"n\">3.50 ± 0.71</td><td class=\"n\">-</td></tr>"));
    /* A curve to read is a table too, behind the figures; one to look at is not. */
    const char *figures = strstr(page, "<h2>Figures</h2>");
    const char *numbers = strstr(page, "<h2>over noise &amp; more</h2>");
    assert_true(figures && numbers && at < figures && figures < numbers);
    assert_non_null(strstr(numbers, "<th class=\"n\">0</th><th class=\"n\">2.5</th>"
                                    "<th class=\"n\">10</th>"));
    assert_non_null(strstr(numbers, "augmented</td><td class=\"n\">85.0 ± 7.1 %</td>"
                                    "<td class=\"n\">-</td><td class=\"n\">90.00 %</td></tr>"));
    assert_null(strstr(page, "<h2>potential"));
    close_all(ctx, s, page);
}

static void curves_rasters_and_confusion_are_drawn(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = make(ctx);
    char *page = page_of(ctx, s);
    (void)state;
    assert_int_equal(page_count(page, "<svg "), 4);
    const char *first = strstr(page, "aria-label=\"over noise &amp; more\"");
    const char *second = strstr(page, "aria-label=\"potential\"");
    const char *third = strstr(page, "aria-label=\"spikes of &lt;0&gt;\"");
    assert_true(first && second && third && first < second && second < third);
    /* A value that is missing breaks the line: two strokes begin, none goes on. */
    const char *path = strstr(first, "d=\"M");
    assert_non_null(path);
    const char *end = strchr(path + 4, '"');
    int moves = 0, lines = 0;
    for (const char *at = path; at < end; at++) {
        moves += *at == 'M';
        lines += *at == 'L';
    }
    assert_true(moves == 2 && lines == 0);
    /* A dot for each spike, but for those of no size. */
    const char *closed = strstr(third, "</svg>");
    int dots = 0;
    for (const char *at = strstr(third, "<circle"); at && at < closed;
         at = strstr(at + 1, "<circle"))
        dots++;
    assert_int_equal(dots, 13);
    close_all(ctx, s, page);
}

static void what_is_no_number_is_drawn_nowhere(void **state)
{
    static const double v[] = {NAN, INFINITY, -INFINITY, 1e300};
    mye_context *ctx = make_context(NULL);
    mye_study *s = begin(ctx);
    (void)state;
    for (int i = 0; i < 4; i++) {
        mye_study_put(s, &curve, "a", i, v[i]);
        mye_study_put(s, &trace, "a", v[i], i);
        mye_study_put(s, &trace, "b", i, v[i]);
    }
    mye_study_plane(s, "dots", "x", "y", 10, 10);
    for (int i = 0; i < 4; i++) {
        mye_study_dot(s, v[i], 1, 1);
        mye_study_dot(s, 1, v[i], 1);
        mye_study_dot(s, 1, 1, v[i]);
    }
    mye_study_plane(s, "a plane of no size", "x", "y", 0, 0);
    mye_study_dot(s, 0, 0, 1);
    char *page = page_of(ctx, s);
    assert_elements_closed(page);
    assert_numbers_only(page);
    close_all(ctx, s, page);
}

static void an_empty_study_has_a_page_without_figures(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = begin(ctx);
    int n = 7;
    (void)state;
    char *page = page_of(ctx, s);
    assert_elements_closed(page);
    assert_int_equal(page_count(page, "<svg"), 0);
    assert_int_equal(page_count(page, "<table"), 0);
    ASSERT_OK(mye_report_figures(ctx, s, fresh_dir("page_study"), &n, &err));
    assert_int_equal(n, 0);
    close_all(ctx, s, page);
}

/* A panel that no one put a point into. */
static void an_empty_panel_does_no_harm(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = begin(ctx);
    (void)state;
    mye_study_put(s, &curve, "a", 1, 1);
    mye_study_put(s, &table, "a", 1, 1);
    mye_study_panel empty[2] = {s->panel[0], s->panel[1]}, *full = s->panel;
    for (int i = 0; i < 2; i++) {
        empty[i].n_series = 0;
        empty[i].series = NULL;
    }
    s->panel = empty;
    char *page = page_of(ctx, s);
    assert_elements_closed(page);
    s->panel = full;
    close_all(ctx, s, page);
}

/* ---- figures as files ---- */

static void a_confusion_of_many_classes_is_no_figure(void **state)
{
    enum { MANY = 65 };
    static double counts[MANY * MANY];
    static const char *names[MANY];
    (void)state;
    for (int n = MANY - 1; n <= MANY; n++) {
        mye_context *ctx = make_context(NULL);
        mye_study *s = begin(ctx);
        int figures = 7;
        for (int i = 0; i < n; i++)
            names[i] = "a";
        mye_study_confusion(s, n, counts, names);
        char *page = page_of(ctx, s);
        assert_int_equal(page_count(page, "<svg"), n < MANY);
        assert_int_equal(page_count(page, "<div class=\"panel\">"), n < MANY);
        ASSERT_OK(mye_report_figures(ctx, s, fresh_dir("page_study"), &figures, &err));
        assert_int_equal(figures, n < MANY);
        close_all(ctx, s, page);
    }
}

static void figures_are_files_that_stand_alone(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = make(ctx);
    char folder[1100];
    int n = 0;
    (void)state;
    snprintf(folder, sizeof(folder), "%s", fresh_dir("page_study"));
    ASSERT_OK(mye_report_figures(ctx, s, folder, &n, &err));
    assert_int_equal(n, 4);
    for (int i = 1; i <= n; i++) {
        char name[40];
        snprintf(name, sizeof(name), "figure-%d.svg", i);
        char *figure = text_of(ctx, in_dir(folder, name));
        assert_int_equal(strncmp(figure, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=", 48),
                         0);
        assert_int_equal(page_count(figure, "<svg"), 1);
        assert_int_equal(page_count(figure, "xmlns"), 1);
        assert_int_equal(page_count(figure, "<style>"), 1);
        assert_elements_closed(figure);
        assert_numbers_only(figure);
        assert_null(strstr(figure, "<script"));
        assert_null(strstr(figure, "var(")); /* colours of the page are not there */
        mye_free(ctx, figure);
    }
    assert_int_equal(access(in_dir(folder, "figure-5.svg"), F_OK), -1);
    close_all(ctx, s, NULL);
}

static int files_in(const char *folder)
{
    char command[1300], line[40] = "";
    snprintf(command, sizeof(command), "ls -A '%s' | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    pclose(pipe);
    return atoi(line);
}

static void where_nothing_can_be_written_nothing_is_left(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = make(ctx);
    char folder[1050], path[1100];
    int n = 7;
    (void)state;
    snprintf(folder, sizeof(folder), "%s", fresh_dir("page_study"));
    snprintf(path, sizeof(path), "%.1000s/none", folder);
    ASSERT_FAILS(mye_report_figures(ctx, s, path, &n, &err), MYE_ERR_IO, "none/figure-1.svg");
    assert_int_equal(n, 0);
    ASSERT_FAILS(mye_report_study(ctx, s, in_dir(path, "report.html"), &err), MYE_ERR_IO,
                 "none/report.html");
    /* A folder stands where the third figure wants to be. */
    assert_int_equal(mkdir(in_dir(folder, "figure-3.svg"), 0777), 0);
    ASSERT_FAILS(mye_report_figures(ctx, s, folder, &n, &err), MYE_ERR_IO, "figure-3.svg");
    assert_int_equal(n, 2);
    assert_int_equal(files_in(folder), 3); /* nothing half written beside them */
    if (access("/dev/full", W_OK) == 0)
        ASSERT_FAILS(mye_report_study(ctx, s, "/dev/full/report.html", &err), MYE_ERR_IO, "full");
    close_all(ctx, s, NULL);
}

static void refused_memory_is_told_and_leaves_nothing(void **state)
{
    failing requests = {0};
    mye_context *ctx = make_context(&requests);
    mye_study *s = make(ctx);
    const long blocks = requests.blocks;
    char folder[1100], path[1200];
    mye_status st = MYE_ERR_NOMEM;
    long k = 0;
    (void)state;
    snprintf(folder, sizeof(folder), "%s", fresh_dir("page_study"));
    snprintf(path, sizeof(path), "%s/report.html", folder);
    while (st != MYE_OK) {
        mye_error why = {0};
        int n;
        requests.calls = 0;
        requests.fail_at = ++k;
        st = mye_report_study(ctx, s, path, &why);
        assert_true(st == MYE_OK || access(path, F_OK) != 0);
        if (st == MYE_OK)
            st = mye_report_figures(ctx, s, folder, &n, &why);
        requests.fail_at = 0;
        if (st != MYE_OK && (st != MYE_ERR_NOMEM || !why.message[0]))
            fail_msg("request %ld: %s: %s", k, mye_status_name(st), why.message);
        assert_int_equal(requests.blocks, blocks);
        unlink(path);
    }
    print_message("%ld requests\n", k - 1);
    assert_true(k > 10);
    close_all(ctx, s, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_whole_and_stands_alone),
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(tables_hold_means_and_spreads),
        cmocka_unit_test(curves_rasters_and_confusion_are_drawn),
        cmocka_unit_test(what_is_no_number_is_drawn_nowhere),
        cmocka_unit_test(an_empty_study_has_a_page_without_figures),
        cmocka_unit_test(an_empty_panel_does_no_harm),
        cmocka_unit_test(a_confusion_of_many_classes_is_no_figure),
        cmocka_unit_test(figures_are_files_that_stand_alone),
        cmocka_unit_test(where_nothing_can_be_written_nothing_is_left),
        cmocka_unit_test(refused_memory_is_told_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
