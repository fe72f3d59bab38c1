/* Studies: what is put into them, in which order, and memory that runs out. */
#include "synapse/study.h"

#include <math.h>

#include "data_support.h"

static const mye_panel_kind table = {"accuracy", "", true, false};
static const mye_panel_kind curve = {"over noise", "ms", false, false};
static const mye_panel_kind trace = {"potential", "ms", false, true};

static void close_study(mye_context *ctx, mye_study *s)
{
    mye_study_free(s);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void means_and_spreads_leave_out_what_never_came_about(void **state)
{
    static const double some[] = {2, NAN, 4, INFINITY, 9}, none[] = {NAN, NAN}, same[] = {7, 7};
    mye_context *ctx = make_context(NULL);
    mye_study *s = mye_study_begin(ctx, "t");
    (void)state;
    mye_study_add(s, &curve, "some", 1, NULL, "ms", some, 5);
    mye_study_add(s, &curve, "none", 1, NULL, "ms", none, 2);
    mye_study_add(s, &curve, "one", 1, NULL, "ms", some, 2);
    mye_study_add(s, &curve, "same", 1, NULL, "ms", same, 2);
    mye_study_add(s, &curve, "empty", 1, NULL, "ms", NULL, 0);
    ASSERT_OK(mye_study_check(s, &err));
    const mye_study_series *line = s->panel[0].series;
    assert_true(line[0].point->mean == 5 && line[0].point->runs == 3);
    assert_true(fabs(line[0].point->sd - sqrt((9 + 1 + 16) / 2.0)) < 1e-15);
    assert_true(isnan(line[1].point->mean) && isnan(line[1].point->sd));
    assert_int_equal(line[1].point->runs, 0);
    assert_true(line[2].point->mean == 2 && isnan(line[2].point->sd) && line[2].point->runs == 1);
    assert_true(line[3].point->mean == 7 && line[3].point->sd == 0);
    assert_true(isnan(line[4].point->mean) && line[4].point->runs == 0);
    close_study(ctx, s);
}

static void points_are_told_as_exactly_as_their_spread_allows(void **state)
{
    static const struct {
        double mean, sd;
        char unit[8];
        const char *text;
    } p[] = {
        {0.9918, 0.0003, "%", "99.18 ± 0.03 %"},
        {0.5, NAN, "%", "50.00 %"},
        {1, 0, "%", "100.00 ± 0.00 %"},
        {0.613, 0.127, "%", "61 ± 13 %"},
        {4, NAN, "epochs", "4 epochs"},
        {4.5, NAN, "", "4.500"},
        {32.2, 16.4, "", "32 ± 16"},
        {-7.123, 0.71, "ms", "-7.12 ± 0.71 ms"},
        {12345.6, 1234.5, "", "12346 ± 1234"},
        {-0.01234, NAN, "s", "-0.01234 s"},
        {1e-9, NAN, "s", "0.000000 s"},
        {NAN, NAN, "%", "-"},
        {NAN, 1, "ms", "-"},
        {INFINITY, NAN, "ms", "-"},
    };
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
        char unit[8];
        memcpy(unit, p[i].unit, sizeof(unit));
        const mye_study_point point = {.mean = p[i].mean, .sd = p[i].sd, .unit = unit};
        assert_ptr_equal(mye_study_text(&point, text, sizeof(text)), text);
        assert_string_equal(text, p[i].text);
    }
    const mye_study_point large = {.mean = 1e300, .sd = 1e300, .unit = (char[]){"ms"}};
    assert_true(strlen(mye_study_text(&large, text, 20)) == 19);
}

static void panels_and_series_stand_in_the_order_of_their_first_points(void **state)
{
    static const double v[] = {0.5};
    mye_context *ctx = make_context(NULL);
    mye_study *s = mye_study_begin(ctx, "Title");
    char label[] = "test", unit[] = "%";
    (void)state;
    mye_study_add(s, &curve, "b", 3, NULL, "", v, 1);
    mye_study_add(s, &table, "a", 0, label, unit, v, 1);
    mye_study_add(s, &curve, "a", 1, NULL, "", v, 1);
    mye_study_put(s, &trace, "a", 2, -1.5);
    for (int i = 0; i < 9; i++) /* past the room of four and of eight */
        mye_study_add(s, &curve, "b", 10 - i, NULL, "", v, 1);
    label[0] = unit[0] = 'x'; /* texts are copies */
    ASSERT_OK(mye_study_check(s, &err));
    assert_string_equal(s->title, "Title");
    assert_int_equal(s->n_panels, 3);
    assert_string_equal(s->panel[0].title, "over noise");
    assert_string_equal(s->panel[0].x_name, "ms");
    assert_true(!s->panel[0].is_table && !s->panel[0].is_long);
    assert_true(s->panel[1].is_table && !s->panel[1].is_long);
    assert_true(!s->panel[2].is_table && s->panel[2].is_long);
    assert_int_equal(s->panel[0].n_series, 2);
    assert_string_equal(s->panel[0].series[0].name, "b");
    assert_string_equal(s->panel[0].series[1].name, "a");
    assert_int_equal(s->panel[0].series[0].n, 10);
    assert_int_equal(s->panel[0].series[1].n, 1);
    for (int i = 0; i < 9; i++)
        assert_true(s->panel[0].series[0].point[i + 1].x == 10 - i);
    assert_null(s->panel[0].series[0].point[0].label);
    assert_string_equal(s->panel[1].series[0].point[0].label, "test");
    assert_string_equal(s->panel[1].series[0].point[0].unit, "%");
    assert_true(s->panel[2].series[0].point[0].mean == -1.5);
    close_study(ctx, s);
}

static void dots_go_to_the_last_raster(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_study *s = mye_study_begin(ctx, "t");
    (void)state;
    mye_study_dot(s, 1, 1, 1); /* there is none yet */
    mye_study_plane(s, "first", "ms", "afferent", 100, 10);
    for (int i = 0; i < 21; i++)
        mye_study_dot(s, i, 2 * i, 0.5);
    mye_study_plane(s, "second", "s", "epoch", 5, 6);
    mye_study_dot(s, 4, 3, 2);
    ASSERT_OK(mye_study_check(s, &err));
    assert_int_equal(s->n_rasters, 2);
    assert_int_equal(s->raster[0].n, 21);
    assert_int_equal(s->raster[1].n, 1);
    assert_true(s->raster[0].width == 100 && s->raster[0].height == 10);
    assert_string_equal(s->raster[1].y_name, "epoch");
    for (int i = 0; i < 21; i++)
        assert_true(s->raster[0].x[i] == (float)i && s->raster[0].y[i] == 2 * (float)i &&
                    s->raster[0].size[i] == 0.5f);
    assert_true(s->raster[1].x[0] == 4 && s->raster[1].y[0] == 3 && s->raster[1].size[0] == 2);
    close_study(ctx, s);
}

static void the_first_confusion_counts(void **state)
{
    static const double counts[] = {3, 1, 0, 2}, other[] = {9};
    static const char *const names[] = {"no", "yes"};
    mye_context *ctx = make_context(NULL);
    mye_study *s = mye_study_begin(ctx, "t");
    (void)state;
    mye_study_confusion(s, 2, counts, names);
    mye_study_confusion(s, 1, other, names);
    ASSERT_OK(mye_study_check(s, &err));
    assert_int_equal(s->classes, 2);
    assert_memory_equal(s->confusion, counts, sizeof(counts));
    assert_string_equal(s->class_name[1], "yes");
    close_study(ctx, s);
}

/* Nothing of it does harm, and it is told in the end. */
static void a_study_that_was_never_begun_is_out_of_memory(void **state)
{
    static const double v[] = {1};
    static const char *const names[] = {"a"};
    (void)state;
    mye_study_add(NULL, &table, "a", 0, "b", "", v, 1);
    mye_study_put(NULL, &curve, "a", 0, 1);
    mye_study_plane(NULL, "a", "b", "c", 1, 1);
    mye_study_dot(NULL, 0, 0, 1);
    mye_study_confusion(NULL, 1, v, names);
    ASSERT_FAILS(mye_study_check(NULL, &err), MYE_ERR_NOMEM, "not enough memory");
    mye_study_free(NULL);
}

static mye_study *make_all(mye_context *ctx)
{
    static const double v[] = {1, 2, 3, 4};
    static const char *const names[] = {"no", "yes"};
    mye_study *s = mye_study_begin(ctx, "t");
    for (int i = 0; i < 5; i++) {
        mye_study_add(s, &table, "a", i, "column", "%", v, 4);
        mye_study_put(s, &trace, i % 2 ? "even" : "odd", i, i);
        mye_study_plane(s, "a", "b", "c", 1, 1);
        mye_study_dot(s, i, i, 1);
    }
    for (int i = 0; i < 9; i++)
        mye_study_dot(s, i, i, 1);
    mye_study_confusion(s, 2, v, names);
    return s;
}

static void every_refused_allocation_is_told_and_nothing_leaks(void **state)
{
    failing requests = {0};
    mye_context *ctx = make_context(&requests);
    const long blocks = requests.blocks;
    mye_status st = MYE_ERR_NOMEM;
    long n = 0;
    (void)state;
    while (st != MYE_OK) {
        mye_error why = {0};
        requests.calls = 0;
        requests.fail_at = ++n;
        mye_study *s = make_all(ctx);
        requests.fail_at = 0;
        st = mye_study_check(s, &why);
        if (st != MYE_OK && (st != MYE_ERR_NOMEM || !strstr(why.message, "not enough memory")))
            fail_msg("request %ld: %s", n, why.message);
        mye_study_free(s);
        assert_int_equal(requests.blocks, blocks);
        assert_int_equal(mye_context_live_bytes(ctx), 0);
    }
    print_message("%ld requests\n", n - 1);
    assert_true(n > 60);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_and_spreads_leave_out_what_never_came_about),
        cmocka_unit_test(points_are_told_as_exactly_as_their_spread_allows),
        cmocka_unit_test(panels_and_series_stand_in_the_order_of_their_first_points),
        cmocka_unit_test(dots_go_to_the_last_raster),
        cmocka_unit_test(the_first_confusion_counts),
        cmocka_unit_test(a_study_that_was_never_begun_is_out_of_memory),
        cmocka_unit_test(every_refused_allocation_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
