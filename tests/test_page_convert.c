/* The page of a conversion, from made-up results. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing.h"
#include "myelin/convert.h"
#include "page_support.h"
#include "report/report.h"

enum { POINTS = 4, LAYERS = 3, CURVE = 8, RESULTS = 3 };

static failing memory;
static mye_context *ctx;
static char path[] = "/tmp/mye_page_convert_XXXXXX";

/* ---- what is on the page ---- */

static const mye_convert_activation activation[LAYERS] = {
    {"relu1", 9216, 5.625, 2.75, 1.8125, 0.25, 0.5},
    {"relu2", 2048, 8.25, 4.375, 2.6875, 0.375, 0.625},
    {"r<3>", 128, 7.375, 4.8125, 3.1875, 0.5, 0.75}};

static const mye_convert_ann ann = {.source = "runs/a",
                                    .data = "fashion-mnist",
                                    .input = "direct",
                                    .n = 10000,
                                    .calibrated = 1000,
                                    .accuracy = 0.9035,
                                    .unfolded_accuracy = 0.9036,
                                    .fold_error = 1.5e-6,
                                    .n_folded = 2,
                                    .macs = 2.5e6,
                                    .n_layers = LAYERS,
                                    .layer = activation};

/* One method: its points get within half a point of the ANN at point `from`. */
typedef struct made {
    mye_convert_result result;
    mye_convert_point point[POINTS];
    mye_convert_layer layer[LAYERS];
    double error[POINTS], events[POINTS], magnitude[POINTS], curve[CURVE];
} made;

static made method[RESULTS];
static const mye_convert_result *results[RESULTS];

static void make(made *m, const char *name, int from)
{
    *m = (made){.result = {.method = name,
                           .n = 10000,
                           .error_images = 100,
                           .n_points = POINTS,
                           .n_layers = LAYERS,
                           .n_curve = CURVE,
                           .point = m->point,
                           .layer = m->layer,
                           .curve = m->curve,
                           .stable = 3.25,
                           .reaches = from < POINTS ? 1 << from : 0,
                           .images_per_s = 1234}};
    for (int i = 0; i < POINTS; i++) {
        const int T = 1 << i;
        m->point[i] = (mye_convert_point){.T = T,
                                          .accuracy = i < from ? 0.25 + 0.125 * i : 0.9 + 0.001 * i,
                                          .agreement = 0.9375,
                                          .events = 2000.0 * T,
                                          .negative = 500.0 * T,
                                          .magnitude = 6000.0 * T,
                                          .sop = 100000.0 * T,
                                          .macs = 250000,
                                          .energy_ac = 1.15 + 0.09 * T,
                                          .energy_mac = 1.15 + 0.46 * T};
        m->error[i] = 0.125 / T;
        m->events[i] = 1000.0 * T;
        m->magnitude[i] = 3000.0 * T;
    }
    for (int i = 0; i < CURVE; i++)
        m->curve[i] = 0.25 + 0.0625 * i;
    for (int i = 0; i < LAYERS; i++)
        m->layer[i] = (mye_convert_layer){.name = activation[i].name,
                                          .neurons = activation[i].neurons,
                                          .theta_min = 0.25,
                                          .theta_max = i == 1 ? 0.75 : 0.25,
                                          .error = m->error,
                                          .events = m->events,
                                          .magnitude = m->magnitude,
                                          .activation = i == 2 ? 0 : 0.25};
}

static mye_verify_row proof_row[] = {{1, 6000000, 0, 3, 0}, {8, 6345678, 0, 7, 1}};
static mye_convert_proof proof = {
    .images = 256, .is_exact = true, .weight_bits = 9, .n_rows = 2, .row = proof_row};
static mye_level_row level[] = {{"n1", 8, 16}, {"n<2>", 5, 16}};
static mye_convert_budget budget = {
    .events = 1500, .before = 3000, .error = 0.125, .error_before = 0.0625, 2, level};

static int set_up(void **state)
{
    (void)state;
    const mye_allocator hooks = failing_hooks(&memory);
    mye_context_options o = MYE_CONTEXT_OPTIONS;
    o.threads = 1;
    o.allocator = &hooks;
    const int file = mkstemp(path);
    make(&method[0], "max", POINTS);
    make(&method[1], "p99.9:v0=0.5", 2);
    make(&method[2], "aug:levels=16,v0=0.5", 0);
    for (int i = 0; i < RESULTS; i++)
        results[i] = &method[i].result;
    return file >= 0 && close(file) == 0 && mye_context_create(&o, &ctx, NULL) == MYE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mye_context_free(ctx);
    return unlink(path);
}

/* Free with mye_free. */
static char *page_of(int n, const mye_convert_proof *p, const mye_convert_budget *b)
{
    void *page = NULL;
    size_t bytes = 0;
    mye_error err = {0};
    assert_int_equal(mye_report_convert(ctx, &ann, results, n, p, b, path, &err), MYE_OK);
    assert_int_equal(mye_file_read(ctx, path, 1 << 24, &page, &bytes, &err), MYE_OK);
    return page;
}

/* ---- tests ---- */

static void every_opened_element_is_closed(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, &proof, &budget);
    assert_elements_closed(page);
    assert_stands_alone(page);
    assert_numbers_only(page);
    assert_null(strstr(page, "r<3>"));
    assert_non_null(strstr(page, "n&lt;2&gt;"));
    mye_free(ctx, page);
}

static void accuracies_stand_at_their_steps(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, NULL, NULL);
    assert_non_null(strstr(page, "<th>T</th><th class=\"n\">1</th><th class=\"n\">2</th>"
                                 "<th class=\"n\">4</th><th class=\"n\">8</th></tr>"));
    /* Only the first point within half a point of the ANN is marked. */
    assert_non_null(strstr(page, "p99.9:v0=0.5</td><td class=\"n\">25.00</td>"
                                 "<td class=\"n\">37.50</td><td class=\"n best\">90.20</td>"
                                 "<td class=\"n\">90.30</td></tr>"));
    assert_non_null(strstr(page, "the ANN has 90.35."));
    assert_non_null(strstr(page, "At T = 1 <b>aug</b> is a sparse, quantised ANN"));
    mye_free(ctx, page);
    page = page_of(2, NULL, NULL);
    assert_null(strstr(page, "quantised"));
    mye_free(ctx, page);
}

static void costs_stand_beside_the_anns(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, NULL, NULL);
    /* 2.5 M multiply-adds of 4.6 pJ are 11.5 uJ; with coefficients 1.61 uJ is 14.00 % of that. */
    assert_non_null(strstr(page, ">11.50</td>"));
    assert_non_null(strstr(page, "<td class=\"n\">2000</td><td class=\"n\">25.00 %</td>"
                                 "<td class=\"n\">6000</td><td class=\"n\">100 k</td>"
                                 "<td class=\"n\">250 k</td><td class=\"n\">1.24</td>"
                                 "<td class=\"n\">1.61</td><td class=\"n\">14.00 %</td></tr>"));
    /* A method that never reaches has its last point only; the others two. */
    const char *cost = strstr(page, "<h2>Cost</h2>"), *steps = strstr(page, "<h2>Steps</h2>");
    assert_true(cost && steps && cost < steps);
    int rows = 0;
    for (const char *at = strstr(cost, "<td class=\"n\">25.00 %</td>"); at && at < steps;
         at = strstr(at + 1, "<td class=\"n\">25.00 %</td>"))
        rows++;
    assert_int_equal(rows, 5);
    assert_non_null(strstr(steps, "max</td><td class=\"n\">–</td><td class=\"n\">3.25</td>"
                                  "<td class=\"n\">93.75 %</td>"));
    mye_free(ctx, page);
}

static void figures_have_steps_by_doublings_and_events_by_decades(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, NULL, NULL);
    const char *over_steps = strstr(page, "aria-label=\"Accuracy over time steps\""),
               *over_events = strstr(page, "aria-label=\"Accuracy over events\"");
    assert_true(over_steps && over_events && over_steps < over_events);
    /* The curve's points, not those of the table, carry the line. */
    assert_non_null(strstr(over_steps, "max time steps T 3: 37.5%</title>"));
    assert_non_null(strstr(over_events, "aug:levels=16,v0=0.5 events an image 16000: 90.3%<"));
    assert_non_null(strstr(over_events, ">2 k</text>"));
    assert_non_null(strstr(over_events, ">10 k</text>"));
    assert_non_null(strstr(over_steps, "H510\"")); /* the ANN, across */
    assert_null(strstr(page, "<title>ANN"));       /* without a dot */
    mye_free(ctx, page);
}

static void errors_are_shares_of_the_mean_activation(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, NULL, NULL);
    /* 0.125 / 8 of 0.25; a layer that is never active has none. */
    assert_non_null(strstr(page, "max</td><td class=\"n\">6.25 %</td><td class=\"n\">6.25 %</td>"
                                 "<td class=\"n\">–</td></tr>"));
    assert_non_null(strstr(page, "0.25 … 0.75"));
    mye_free(ctx, page);
}

static void the_proof_counts_all_steps(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, &proof, NULL);
    assert_non_null(strstr(page, "<b>0 of 12\u202f345\u202f678 spike counts differ</b>"));
    assert_non_null(strstr(page, "not luck"));
    mye_free(ctx, page);
    proof.is_exact = false;
    page = page_of(RESULTS, &proof, NULL);
    assert_null(strstr(page, "not luck"));
    assert_non_null(strstr(page, "not certain"));
    mye_free(ctx, page);
    proof_row[1].differ = 1234;
    page = page_of(RESULTS, &proof, NULL);
    assert_non_null(strstr(page, "<b>1234 of"));
    assert_non_null(strstr(page, "fault of the conversion"));
    mye_free(ctx, page);
    proof_row[1].differ = 0;
    proof.is_exact = true;
    page = page_of(RESULTS, NULL, NULL);
    assert_null(strstr(page, "Exactness"));
    mye_free(ctx, page);
}

static void levels_of_a_budget_are_drawn(void **state)
{
    (void)state;
    char *page = page_of(RESULTS, NULL, &budget);
    assert_non_null(strstr(page, "<b>1500</b> an image in place of <b>3000</b>"));
    assert_non_null(strstr(page, ">5 chosen</text>"));
    assert_non_null(strstr(page, "n&lt;2&gt;</td><td class=\"n\">5</td><td class=\"n\">16</td>"));
    mye_free(ctx, page);
    page = page_of(RESULTS, NULL, NULL);
    assert_null(strstr(page, "budget"));
    mye_free(ctx, page);
}

static void networks_that_have_no_line_are_told(void **state)
{
    (void)state;
    const mye_convert_result *many[MYE_SERIES_MAX];
    void *page = NULL;
    size_t bytes = 0;
    for (int n = MYE_SERIES_MAX - 1; n <= MYE_SERIES_MAX; n++) {
        for (int i = 0; i < n; i++)
            many[i] = results[i % RESULTS];
        assert_int_equal(mye_report_convert(ctx, &ann, many, n, NULL, NULL, path, NULL), MYE_OK);
        assert_int_equal(mye_file_read(ctx, path, 1 << 24, &page, &bytes, NULL), MYE_OK);
        assert_int_equal(page_count(page, "the first 31 of 32 networks"), n == MYE_SERIES_MAX);
        mye_free(ctx, page);
    }
}

/* What cannot be drawn is left out, and nothing is printed that is no number. */
static void missing_numbers_do_no_harm(void **state)
{
    (void)state;
    const double saved = method[0].point[1].accuracy;
    method[0].point[1].accuracy = method[0].point[0].events = (double)NAN;
    method[0].point[2].events = 0;
    method[0].error[1] = (double)INFINITY;
    method[1].result.n_curve = 0;
    method[1].result.n_layers = 1;
    method[2].result.n_points = 0;
    char *page = page_of(RESULTS, NULL, NULL);
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf"));
    /* Without a curve the points are drawn. */
    assert_non_null(strstr(page, "p99.9:v0=0.5 time steps T 4: 90.2%</title>"));
    mye_free(ctx, page);
    make(&method[0], "max", POINTS);
    make(&method[1], "p99.9:v0=0.5", 2);
    make(&method[2], "aug:levels=16,v0=0.5", 0);
    assert_true(method[0].point[1].accuracy == saved);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    mye_status st = MYE_ERR_NOMEM;
    long n = 0;
    const size_t before = mye_context_live_bytes(ctx);
    while (n < 500 && st != MYE_OK) {
        mye_error err = {0};
        memory.fail_at = memory.calls + ++n;
        st = mye_report_convert(ctx, &ann, results, RESULTS, &proof, &budget, path, &err);
        memory.fail_at = 0;
        assert_true(st == MYE_OK || st == MYE_ERR_NOMEM);
        assert_int_equal(mye_context_live_bytes(ctx), before);
    }
    assert_int_equal(st, MYE_OK);
    assert_true(n > 5); /* figures, bars and text did ask */
}

static void a_page_without_results_is_refused(void **state)
{
    (void)state;
    mye_error err = {0};
    assert_int_equal(mye_report_convert(ctx, &ann, NULL, 0, NULL, NULL, path, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "wants results"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opened_element_is_closed),
        cmocka_unit_test(accuracies_stand_at_their_steps),
        cmocka_unit_test(costs_stand_beside_the_anns),
        cmocka_unit_test(figures_have_steps_by_doublings_and_events_by_decades),
        cmocka_unit_test(errors_are_shares_of_the_mean_activation),
        cmocka_unit_test(the_proof_counts_all_steps),
        cmocka_unit_test(levels_of_a_budget_are_drawn),
        cmocka_unit_test(networks_that_have_no_line_are_told),
        cmocka_unit_test(missing_numbers_do_no_harm),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(a_page_without_results_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
