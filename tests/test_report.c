/* Pages of runs: what is in them, and that nothing in a run folder can break them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "page_support.h"
#include "report/report.h"

/* ---- an allocator that fails at the n-th call ---- */

typedef struct failing {
    long left; /* calls that still succeed, negative: all */
} failing;

static void *allocate(void *user, size_t bytes)
{
    failing *f = user;
    if (f->left == 0)
        return NULL;
    f->left -= f->left > 0;
    void *block = NULL;
    return posix_memalign(&block, 64, bytes ? bytes : 1) == 0 ? block : NULL;
}

static void release(void *user, void *block)
{
    (void)user;
    free(block);
}

static failing memory;
static mye_context *ctx;
static char root[] = "/tmp/mye_report_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    static const mye_allocator hooks = {allocate, release, &memory};
    memory.left = -1;
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = 1;
    o.allocator = &hooks;
    return mye_context_create(&o, &ctx, NULL) == MYE_OK && mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[200];
    mye_context_free(ctx);
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command) == 0 ? 0 : -1;
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    FILE *f;
    snprintf(path, sizeof(path), "%s/%s", root, folder);
    assert_int_equal(mye_dir_make(path, NULL), MYE_OK);
    snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The page of a folder whose metrics are `text`; free with mye_free. */
static char *page_of(const char *folder, const char *text)
{
    char path[300];
    void *page = NULL;
    size_t bytes = 0;
    mye_error err = {0};
    write_file(folder, "metrics.jsonl", text);
    snprintf(path, sizeof(path), "%s/%s", root, folder);
    assert_int_equal(mye_report_run(ctx, path, &err), MYE_OK);
    snprintf(path, sizeof(path), "%s/%s/report.html", root, folder);
    assert_int_equal(mye_file_read(ctx, path, 1 << 24, &page, &bytes, &err), MYE_OK);
    return page;
}

#define START                                                                                    \
    "{\"event\":\"start\",\"version\":\"0.1.0\",\"config\":{\"net\":\"8C3-BN-LIF-FC10\","        \
    "\"data\":\"fashion-mnist\",\"neuron\":\"lif:tau=2\",\"time\":\"bptt\",\"T\":\"4\","         \
    "\"sample\":\"sadp\","                                                                       \
    "\"batch\":\"64\",\"seed\":\"1\",\"encoder\":\"direct\"},\"plan\":{\"total_bytes\":1048576," \
    "\"kept_bytes\":524288,\"run_bytes\":700000,\"weight_bytes\":348576},"                       \
    "\"data\":{\"C\":1,\"H\":28,\"W\":28,\"n_train\":60000}}\n"
#define EPOCH(n, accuracy)                                                                   \
    "{\"event\":\"epoch\",\"epoch\":" #n ",\"train_loss\":0.5,\"train_accuracy\":0.8,"       \
    "\"test_loss\":0.6,\"test_accuracy\":" #accuracy ",\"learning_rate\":0.1,\"train_s\":2," \
    "\"test_s\":1,\"images_per_s\":1000,\"processed\":1,\"rates\":{\"lif1\":0.25}}\n"
#define END                                                                                    \
    "{\"event\":\"end\",\"status\":\"finished\",\"best_test_accuracy\":0.75,\"best_epoch\":2," \
    "\"train_s\":4,\"total_s\":6,\"images_per_s\":1000,\"planned_bytes\":1048576,"             \
    "\"allocated_bytes\":1048576,\"peak_rss_bytes\":9437184}\n"

#define COSINE(n, value)                                                                      \
    "{\"event\":\"cosine\",\"epoch\":" #n ",\"rule\":\"rate:mode=s\",\"reference\":"          \
    "\"bptt:mode=s\",\"batches\":4,\"samples\":256,\"cosine\":" #value ",\"norm_ratio\":1.5," \
    "\"weights_cosine\":0.625,\"weights_norm_ratio\":null,\"layers\":{\"conv1\":[" #value     \
    ",1.25],\"fc1\":[null,null]}}\n"

/* An epoch of a run with a sample policy. */
#define SAMPLED(n, accuracy, samples, spread, visited)                                            \
    "{\"event\":\"epoch\",\"epoch\":" #n ",\"test_accuracy\":" #accuracy                          \
    ",\"train_s\":2,\"sample\":{\"samples\":" #samples ",\"forwarded\":0,\"keep\":0.375,"         \
    "\"capped\":null,\"spread\":" #spread ",\"max_weight\":1.5,\"mean_age\":null,\"lr_scale\":1," \
    "\"visited\":" #visited ",\"score_s\":0.002,\"sample_s\":61}}\n"
#define POLICY(name, seed)                                                              \
    "{\"event\":\"start\",\"config\":{\"sample\":\"" name "\",\"seed\":\"" #seed "\"}," \
    "\"data\":{\"n_train\":200}}\n"

static void a_page_has_the_numbers_of_its_run(void **state)
{
    (void)state;
    char *page = page_of("whole", START EPOCH(1, 0.5) EPOCH(2, 0.75) END);
    assert_non_null(strstr(page, "8C3-BN-LIF-FC10 on fashion-mnist"));
    assert_non_null(strstr(page, "75.00 %"));
    assert_non_null(strstr(page, "1.00 MiB"));
    assert_non_null(strstr(page, "512.00 KiB"));
    assert_non_null(strstr(page, "9.00 MiB"));
    assert_non_null(strstr(page, "0.250"));
    assert_non_null(strstr(page, "60000 training images"));
    assert_null(strstr(page, "--resume"));
    mye_free(ctx, page);
}

static void a_page_needs_nothing_from_elsewhere(void **state)
{
    (void)state;
    char *page = page_of("alone", START EPOCH(1, 0.5) END);
    assert_stands_alone(page);
    mye_free(ctx, page);
}

static void every_opened_element_is_closed(void **state)
{
    (void)state;
    char *page = page_of("closed", START EPOCH(1, 0.5) EPOCH(2, 0.75) END);
    assert_elements_closed(page);
    mye_free(ctx, page);
}

static void a_cut_last_line_is_left_out(void **state)
{
    (void)state;
    char *page = page_of("cut", START EPOCH(1, 0.5) "{\"event\":\"epoch\",\"epoch\":2,\"tes");
    assert_non_null(strstr(page, "1 line of metrics.jsonl"));
    assert_non_null(strstr(page, "not at its end yet"));
    assert_non_null(strstr(page, "50.00 %"));
    mye_free(ctx, page);
}

static void a_repeated_epoch_replaces_those_from_it_on(void **state)
{
    (void)state;
    mye_record r;
    char path[300];
    write_file("twice", "metrics.jsonl",
               START EPOCH(1, 0.5) EPOCH(2, 0.6)
                   EPOCH(3, 0.7) "{\"event\":\"end\",\"status\":\"cancelled\"}\n"
                                 "{\"event\":\"resume\",\"epoch\":1}\n" EPOCH(2, 0.9));
    snprintf(path, sizeof(path), "%s/twice", root);
    assert_int_equal(mye_record_read(ctx, path, &r, NULL), MYE_OK);
    assert_int_equal(r.n_epochs, 2);
    assert_true(mye_record_last(&r, "test_accuracy") == 0.9);
    assert_null(r.end);
    mye_record_free(&r);
}

static void a_stopped_run_says_how_to_go_on(void **state)
{
    (void)state;
    char *page =
        page_of("stopped", START EPOCH(1, 0.5) "{\"event\":\"end\",\"status\":\"cancelled\"}\n");
    assert_non_null(strstr(page, "was stopped"));
    assert_non_null(strstr(page, "--resume"));
    mye_free(ctx, page);
    page = page_of("failed", START "{\"event\":\"end\",\"status\":\"failed\","
                                   "\"message\":\"NaN in <conv1>\"}\n");
    assert_non_null(strstr(page, "failed. NaN in &lt;conv1&gt;."));
    mye_free(ctx, page);
}

static void compared_gradients_are_shown(void **state)
{
    (void)state;
    char *page = page_of("gradient", START COSINE(0, 0.75) COSINE(1, 0.9) EPOCH(1, 0.5)
                                         COSINE(1, 0.8125) EPOCH(1, 0.6) END);
    assert_non_null(strstr(page, "<h2>Gradient</h2>"));
    assert_non_null(strstr(page, "<b>rate:mode=s</b> beside that of <b>bptt:mode=s</b>"));
    assert_non_null(strstr(page, "conv1</td><td class=\"n\">0.7500</td><td class=\"n\">0.8125<"));
    assert_non_null(strstr(page, "fc1</td><td class=\"n\">–</td>"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "0.9000")); /* written again since */
    mye_free(ctx, page);
    page = page_of("gradient_none", START EPOCH(1, 0.5) END);
    assert_null(strstr(page, "<h2>Gradient</h2>"));
    mye_free(ctx, page);
}

static void hostile_text_is_escaped(void **state)
{
    (void)state;
    char *page = page_of("hostile",
                         "{\"event\":\"start\",\"config\":{\"net\":\"<script>alert('x')</script>\","
                         "\"data\":\"\\\"><img src=x>\",\"neuron\":\"&amp;\"}}\n"
                         "{\"event\":\"epoch\",\"epoch\":1,\"test_accuracy\":0.5,"
                         "\"rates\":{\"</svg><b>\":0.1}}\n");
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "<b>\":"));
    assert_int_equal(page_count(page, "<svg"), page_count(page, "</svg>"));
    assert_non_null(strstr(page, "&amp;amp;"));
    mye_free(ctx, page);
}

static void hostile_numbers_do_no_harm(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"event\":\"epoch\",\"epoch\":1e308,\"test_accuracy\":-1e308,\"train_loss\":1e-308}\n",
        "{\"event\":\"epoch\",\"epoch\":-5,\"test_accuracy\":null,\"rates\":{\"a\":null}}\n",
        "{\"event\":\"epoch\",\"epoch\":1,\"test_accuracy\":\"x\",\"rates\":[1,2]}\n",
        "{\"event\":\"epoch\",\"epoch\":0,\"train_loss\":1e14,\"images_per_s\":-1}\n"
        "{\"event\":\"epoch\",\"epoch\":1,\"train_loss\":-1e14,\"images_per_s\":0}\n",
        START "{\"event\":\"end\",\"train_s\":1e308,\"peak_rss_bytes\":-1,\"status\":7}\n",
        "{\"event\":\"start\",\"plan\":{\"total_bytes\":1e300,\"kept_bytes\":-5,\"run_bytes\":1e40}"
        ","
        "\"data\":{\"C\":1e9,\"H\":-1,\"W\":0.5},\"config\":[]}\n",
        "{\"event\":\"start\",\"plan\":7,\"data\":null,\"config\":{\"T\":[1],\"net\":null}}\n",
        "[1,2]\n\"text\"\n\n\n" START,
        "{\"event\":\"cosine\",\"epoch\":0}\n" START COSINE(1, 1e300) COSINE(2, -1e-300),
        "{\"event\":\"cosine\",\"epoch\":1,\"layers\":[1],\"rule\":7,\"samples\":-1e308}\n" START,
        "{\"event\":\"cosine\",\"epoch\":1,\"layers\":{\"a\":7,\"b\":[],\"c\":[1e308,-1]}}\n" START,
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        mye_free(ctx, page_of("numbers", lines[i]));
}

static void folders_that_are_none_are_refused(void **state)
{
    (void)state;
    char path[300];
    mye_error err = {0};
    snprintf(path, sizeof(path), "%s/nothing", root);
    assert_int_equal(mye_report_run(ctx, path, &err), MYE_ERR_IO);
    assert_non_null(strstr(err.message, "metrics.jsonl"));
    write_file("empty", "metrics.jsonl", "");
    snprintf(path, sizeof(path), "%s/empty", root);
    assert_int_equal(mye_report_run(ctx, path, &err), MYE_ERR_FORMAT);
    assert_int_equal(mye_report_compare(ctx, NULL, 0, "t", path, &err), MYE_ERR_ARG);
}

static void kept_confusion_is_drawn(void **state)
{
    (void)state;
    write_file("eval", "eval.json",
               "{\"classes\":[\"cat\",\"<dog>\"],\"confusion\":[[9,1],[3,7]]}");
    char *page = page_of("eval", START EPOCH(1, 0.5) END);
    assert_non_null(strstr(page, ">Mistakes<"));
    assert_non_null(strstr(page, "&lt;dog&gt;"));
    mye_free(ctx, page);
    write_file("eval", "eval.json", "{\"confusion\":[[\"x\",-1],7]}");
    mye_free(ctx, page_of("eval", START EPOCH(1, 0.5) END));
}

static void what_a_sample_policy_did_is_shown(void **state)
{
    (void)state;
    char *page = page_of("policy", POLICY("sadp:rho=0.5", 1) SAMPLED(1, 0.5, 200, null, 0.5)
                                       SAMPLED(2, 0.6, 80, 0.25, 0.7) END);
    assert_non_null(strstr(page, "<h2>Samples</h2>"));
    assert_non_null(strstr(page, "Chosen by <b>sadp:rho=0.5</b>"));
    assert_non_null(strstr(page, "learned from <b>280 samples</b>, <b>70.0 %</b>"));
    assert_null(strstr(page, "without learning"));
    /* epoch, k(e), M, looked at, spread, max weight, rate, visited, scores, deciding; what is never
     * known has no column */
    assert_non_null(strstr(page, "<td class=\"n\">2</td><td class=\"n\">37.5 %</td>"
                                 "<td class=\"n\">80</td><td class=\"n\">0</td>"
                                 "<td class=\"n\">0.25</td><td class=\"n\">1.5</td>"
                                 "<td class=\"n\">1</td><td class=\"n\">70.0 %</td>"
                                 "<td class=\"n\">2.0 ms</td><td class=\"n\">1:01 min</td></tr>"));
    assert_null(strstr(page, ">capped<"));
    assert_null(strstr(page, "mean age</th>"));
    assert_non_null(strstr(page, "learned from epoch 2: 40%")); /* 80 of 200 */
    assert_non_null(strstr(page, "Spread of the scores"));
    assert_null(strstr(page, "nan"));
    mye_free(ctx, page);
    page = page_of("plain", POLICY("all", 1) SAMPLED(1, 0.5, 200, null, 0.5) END);
    assert_null(strstr(page, "<h2>Samples</h2>"));
    mye_free(ctx, page);
}

/* Rows of one policy at several ratios are one line, `all` is a level. */
static void policies_are_compared_over_what_they_visit(void **state)
{
    (void)state;
    static const char *const metrics[] = {
        POLICY("all", 1) SAMPLED(1, 0.9, 200, null, 1) END,
        POLICY("sadp:rho=0.5,score=loss", 1) SAMPLED(1, 0.8, 100, null, 0.5) END,
        POLICY("sadp:rho=0.5,score=loss", 2) SAMPLED(1, 0.6, 100, null, 0.5) END,
        POLICY("sadp:rho=0.2,score=loss", 1) SAMPLED(1, 0.85, 160, null, 0.8) END,
        POLICY("random:rho=0.2", 1) SAMPLED(1, 0.75, 160, null, 0.8) END};
    char path[5][300], html[300], name[16];
    const char *folder[5];
    void *page = NULL;
    size_t bytes = 0;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "v%d", i);
        write_file(name, "metrics.jsonl", metrics[i]);
        snprintf(path[i], sizeof(path[i]), "%s/%s", root, name);
        folder[i] = path[i];
    }
    snprintf(html, sizeof(html), "%s/visited.html", root);
    assert_int_equal(mye_report_compare(ctx, folder, 5, "t", html, NULL), MYE_OK);
    assert_int_equal(mye_file_read(ctx, html, 1 << 24, &page, &bytes, NULL), MYE_OK);
    assert_non_null(strstr(page, "<th class=\"n\">visited</th>"));
    assert_non_null(strstr(page, "<td class=\"n\">50.0 %</td>"));
    const char *figure = strstr(page, "Test accuracy over the samples learned from");
    assert_non_null(figure);
    /* The mean of two seeds, with a bar; joined with the other ratio; the ratio is not in the name. */
    assert_non_null(strstr(figure, "sadp:score=loss % of all samples in all epochs 50: 70%"));
    assert_non_null(strstr(figure, "sadp:score=loss % of all samples in all epochs 80: 85%"));
    assert_non_null(strstr(figure, "random % of all samples in all epochs 80: 75%"));
    assert_int_equal(page_count(figure, "stroke-opacity"), 1);
    assert_non_null(strstr(figure, "H510")); /* the level of all */
    mye_free(ctx, page);
    assert_int_equal(mye_report_compare(ctx, folder + 1, 2, "t", html, NULL), MYE_OK);
    assert_int_equal(mye_file_read(ctx, html, 1 << 24, &page, &bytes, NULL), MYE_OK);
    assert_null(strstr(page, "samples learned from"));
    mye_free(ctx, page);
}

static void histograms_count_what_is_finite(void **state)
{
    (void)state;
    const double value[] = {0, 0.01, 4, (double)NAN, 4, 4}, none[] = {(double)NAN};
    mye_text out = {.ctx = ctx};
    mye_svg_histogram(&out, "a & b", "score", value, 6);
    assert_non_null(strstr(out.data, "a &amp; b"));
    assert_int_equal(page_count(out.data, "<rect"), 2);
    assert_non_null(strstr(out.data, "0 to 0.1: 2</title>"));
    assert_non_null(strstr(out.data, "3.9 to 4: 3</title>"));
    mye_svg_histogram(&out, "t", "score", none, 1);
    assert_int_equal(page_count(out.data, "<rect"), 2);
    assert_null(strstr(out.data, "nan"));
    assert_null(strstr(out.data, "inf"));
    mye_text_free(&out);
}

static void seeds_of_one_setting_share_a_row(void **state)
{
    (void)state;
    static const char *const names[] = {"c1", "c2", "c3"};
    static const char *const metrics[] = {
        "{\"event\":\"start\",\"config\":{\"time\":\"bptt\",\"T\":\"4\",\"seed\":\"1\"}}\n" EPOCH(
            1, 0.5) COSINE(0, 0.5) COSINE(1, 0.25) END,
        "{\"event\":\"start\",\"config\":{\"time\":\"bptt\",\"T\":\"4\",\"seed\":\"2\"}}\n" EPOCH(
            1, 0.7) COSINE(1, 0.75) END,
        "{\"event\":\"start\",\"config\":{\"time\":\"rate\",\"T\":\"2\",\"seed\":\"1\"}}\n" EPOCH(
            1, 0.9) END};
    char path[3][300], html[300];
    const char *folder[3];
    void *page = NULL;
    size_t bytes = 0;
    for (int i = 0; i < 3; i++) {
        write_file(names[i], "metrics.jsonl", metrics[i]);
        snprintf(path[i], sizeof(path[i]), "%s/%s", root, names[i]);
        folder[i] = path[i];
    }
    snprintf(html, sizeof(html), "%s/compare.html", root);
    assert_int_equal(mye_report_compare(ctx, folder, 3, "A & B", html, NULL), MYE_OK);
    assert_int_equal(mye_file_read(ctx, html, 1 << 24, &page, &bytes, NULL), MYE_OK);
    assert_non_null(strstr(page, "A &amp; B"));
    assert_non_null(strstr(page, "bptt, T=4</td><td class=\"n\">2</td>"));
    assert_non_null(strstr(page, "60.00 ± 14.14 %"));
    /* Gradients too: the mean over the seeds; the third run has none. */
    assert_non_null(strstr(page, "bptt, T=4</td><td class=\"w\">bptt:mode=s</td>"
                                 "<td class=\"n\">0.5000</td><td class=\"n\">1.5000</td>"));
    assert_non_null(strstr(page, "<td>conv1</td><td class=\"n\">0.500 / 1.250</td></tr>"));
    assert_non_null(strstr(page, "<td>fc1</td><td class=\"n\">–</td></tr>"));
    assert_non_null(strstr(page, "rate, T=2</td><td class=\"n\">1</td>"));
    mye_free(ctx, page);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    char path[300];
    mye_status st = MYE_ERR_NOMEM;
    write_file("memory", "config.yaml", "net: x\n");
    write_file("memory", "eval.json", "{\"confusion\":[[9,1],[3,7]]}");
    write_file("memory", "net.yaml", "");
    write_file("memory", "metrics.jsonl",
               START COSINE(1, 0.5) EPOCH(1, 0.5) SAMPLED(2, 0.6, 80, 0.25, 0.7) END);
    snprintf(path, sizeof(path), "%s/memory", root);
    const size_t before = mye_context_live_bytes(ctx);
    for (long n = 0; n < 5000 && st != MYE_OK; n++) {
        mye_error err = {0};
        memory.left = n;
        st = mye_report_run(ctx, path, &err);
        memory.left = -1;
        assert_true(st == MYE_OK || st == MYE_ERR_NOMEM);
        assert_int_equal(mye_context_live_bytes(ctx), before);
    }
    assert_int_equal(st, MYE_OK);
}

static void ticks_are_round_and_values_missing_break_the_line(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {0.113, (double)NAN, 0.347, 0.511};
    mye_text out = {.ctx = ctx};
    mye_chart chart = {.title = "t", .unit = "%", .x_name = "epoch", .n = 1};
    chart.series[0] = (mye_series){"a", x, y, 4, 0, false};
    mye_svg_lines(&out, &chart);
    assert_non_null(strstr(out.data, ">20</text>"));
    assert_non_null(strstr(out.data, ">60%</text>"));
    const char *path = strstr(out.data, " d=\"M");
    assert_non_null(path);
    assert_non_null(strchr(path + 5, 'M')); /* begins anew behind the gap */
    assert_null(strstr(out.data, "nan"));
    mye_text_free(&out);
}

static void a_plan_over_steps_is_drawn_by_doublings(void **state)
{
    (void)state;
    static const char *const method[] = {"bptt", "a&b", "never"};
    static const char *const refusal[] = {NULL, "at T 1: too few", "at T 1: not at all"};
    static const int T[] = {1, 2, 4};
    const double M = 1 << 20, none = (double)NAN;
    const double bytes[] = {256 * M, 512 * M, 4096 * M, none, 300 * M, 300 * M, none, none, none};
    const mye_plan_grid grid = {.title = "net, batch 3",
                                .n_methods = 3,
                                .n_T = 3,
                                .method = method,
                                .T = T,
                                .bytes = bytes,
                                .refusal = refusal};
    char path[300];
    void *page = NULL;
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/plan.html", root);
    mye_status st = MYE_ERR_NOMEM;
    const size_t before = mye_context_live_bytes(ctx);
    for (long n = 0; n < 500 && st != MYE_OK; n++) {
        memory.left = n;
        st = mye_report_plan(ctx, &grid, path, NULL);
        memory.left = -1;
        assert_true(st == MYE_OK || st == MYE_ERR_NOMEM);
        assert_int_equal(mye_context_live_bytes(ctx), before);
    }
    assert_int_equal(mye_file_read(ctx, path, 1 << 20, &page, &size, NULL), MYE_OK);
    assert_non_null(strstr(page, ">256 MiB</text>"));
    assert_non_null(strstr(page, ">4 GiB</text>"));
    assert_non_null(strstr(page, "<td>a&amp;b</td><td class=\"n\">–</td>"));
    assert_non_null(strstr(page, "<b>never</b> at T 1: not at all"));
    assert_int_equal(page_count(page, "<path class"), 2); /* nothing to draw for the third */
    assert_null(strstr(page, "nan"));
    mye_free(ctx, page);
    const mye_plan_grid empty = {.title = "none"};
    assert_int_equal(mye_report_plan(ctx, &empty, path, NULL), MYE_ERR_ARG);
}

static void legends_of_many_lines_take_more_rows(void **state)
{
    (void)state;
    const double x[] = {1, 2}, y[] = {1, 2};
    mye_text out = {.ctx = ctx};
    mye_chart chart = {.title = "t", .unit = "", .x_name = "epoch"};
    char name[20][24];
    for (int i = 0; i < 20; i++) {
        snprintf(name[i], sizeof(name[i]), "bptt:checkpoint=%d", i);
        chart.series[chart.n++] = (mye_series){name[i], x, y, 2, i, false};
    }
    mye_svg_lines(&out, &chart);
    for (int i = 0; i < 20; i++) {
        char text[600];
        snprintf(text, sizeof(text), ">%s</text>", name[i]);
        assert_non_null(strstr(out.data, text));
    }
    assert_null(strstr(out.data, "viewBox=\"0 0 520 300\"")); /* higher than without */
    mye_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_the_numbers_of_its_run),
        cmocka_unit_test(a_page_needs_nothing_from_elsewhere),
        cmocka_unit_test(every_opened_element_is_closed),
        cmocka_unit_test(a_cut_last_line_is_left_out),
        cmocka_unit_test(a_repeated_epoch_replaces_those_from_it_on),
        cmocka_unit_test(a_stopped_run_says_how_to_go_on),
        cmocka_unit_test(compared_gradients_are_shown),
        cmocka_unit_test(a_plan_over_steps_is_drawn_by_doublings),
        cmocka_unit_test(legends_of_many_lines_take_more_rows),
        cmocka_unit_test(hostile_text_is_escaped),
        cmocka_unit_test(hostile_numbers_do_no_harm),
        cmocka_unit_test(folders_that_are_none_are_refused),
        cmocka_unit_test(kept_confusion_is_drawn),
        cmocka_unit_test(what_a_sample_policy_did_is_shown),
        cmocka_unit_test(policies_are_compared_over_what_they_visit),
        cmocka_unit_test(histograms_count_what_is_finite),
        cmocka_unit_test(seeds_of_one_setting_share_a_row),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(ticks_are_round_and_values_missing_break_the_line),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
