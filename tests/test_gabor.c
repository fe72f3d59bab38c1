/* Oriented filters on images drawn by hand. */
#include "image_support.h"

#define SIDE 24

/* A line of width 3 through the middle of cell (3, 3), at an angle to the x axis; C colours. */
static void draw_line(double angle, int C, float bright, float dark, float *image)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        const double x = i % SIDE - 13.5, y = i / SIDE - 13.5;
        const double away = fabs(y * cos(angle) - x * sin(angle));
        for (int c = 0; c < C; c++)
            image[i * C + c] = away < 1.5 ? bright : dark;
    }
}

/* The strongest map at that cell. */
static int strongest(const mye_maps *m, const float *found)
{
    const int cell = m->H / 2 * m->W + m->W / 2;
    int best = 0;
    for (int k = 1; k < m->C; k++)
        if (found[k * m->H * m->W + cell] > found[best * m->H * m->W + cell])
            best = k;
    return best;
}

#define FIND(text, C)                                                                          \
    find_features(text, (mye_maps){C, SIDE, SIDE}, image, found, sizeof found / sizeof *found, \
                  &maps)

static float image[SIDE * SIDE * 3], found[1 << 16];
static mye_maps maps;

static void a_bar_answers_in_the_map_of_its_orientation(void **state)
{
    (void)state;
    for (int o = 0; o < 8; o++) {
        /* Orientation o has its u axis, across the bar, at pi o / 8. */
        const double along = 3.14159265358979 * (0.5 + o / 8.0);
        draw_line(along, 1, 1, 0, image);
        FIND("gabor:lobes=bar,orientations=8,pooling=max,gain=0.5", 1);
        assert_int_equal(maps.C, 16);
        assert_int_equal(maps.H, 6);
        assert_int_equal(maps.W, 6);
        assert_int_equal(strongest(&maps, found), 2 * o); /* on */
        draw_line(along, 1, 0, 1, image);
        FIND("gabor:lobes=bar,orientations=8,pooling=max,gain=0.5", 1);
        assert_int_equal(strongest(&maps, found), 2 * o + 1); /* off: dark on bright */
    }
}

static void an_edge_answers_by_its_side(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < SIDE * SIDE; i++)
            image[i] = (i % SIDE >= SIDE / 2 + 2) != side; /* bright to the right, to the left */
        FIND("gabor:lobes=edge,gain=0.5", 1);
        assert_int_equal(maps.C, 8);
        assert_int_equal(strongest(&maps, found), side);
        FIND("gabor:gain=0.5", 1); /* bars first, then edges */
        assert_int_equal(maps.C, 16);
        assert_int_equal(strongest(&maps, found), 8 + side);
    }
}

static void an_even_grey_answers_nowhere(void **state)
{
    (void)state;
    FIND("gabor", 1);
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = 0.5f;
    FIND("gabor:size=5,pool=4", 1); /* cell (2, 2) sees no border of the image */
    for (int k = 0; k < maps.C; k++)
        assert_true(found[(k * maps.H + 2) * maps.W + 2] < 1e-3f);
    memset(image, 0, sizeof image);
    FIND("gabor", 1);
    for (int64_t i = 0; i < mye_maps_size(&maps); i++)
        assert_true(found[i] == 0);
}

/* One bright pixel, no pooling, no rivals: the answers are the filter itself, turned around. */
static void the_filter_is_the_equation(void **state)
{
    enum { K = 5, M = SIDE / 2 };
    const double sigma = 2.0 * K / 9, lambda = 2.0 * K / 3;
    double g[K * K], mean = 0, sum = 0, energy = 0;
    (void)state;
    memset(image, 0, sizeof image);
    image[M * SIDE + M] = 1;
    FIND("gabor:size=5,lobes=edge,orientations=1,pool=1,stride=1,rivalry=0,contrast=1000,gain=100",
         1);
    for (int i = 0; i < K * K; i++) {
        const double x = i % K - K / 2, y = i / K - K / 2;
        g[i] = exp(-(x * x + 0.49 * y * y) / (2 * sigma * sigma)) *
               sin(2 * 3.14159265358979324 * x / lambda);
        mean += g[i] / (K * K);
    }
    for (int i = 0; i < K * K; i++)
        sum += fabs(g[i] - mean);
    for (int i = 0; i < K * K; i++)
        energy += pow(2 * (g[i] - mean) / sum, 2);
    for (int i = 0; i < K * K; i++) {
        /* The filter that looks from (y, x) meets the pixel at (M - y, M - x) from its middle. */
        const int at = (M - (i / K - K / 2)) * SIDE + M - (i % K - K / 2);
        const double r = 2 * (g[i] - mean) / sum;
        const double answer = (double)(found[at] - found[SIDE * SIDE + at]); /* on - off */
        const double exact = 100 * r / 1000; /* less the energy around: below 0.3 in 1000 */
        assert_true(fabs(answer - exact) <= 1e-3 * fabs(exact) + 1e-6);
    }
    assert_true(energy < 1);
}

static void weak_rivals_fall_silent(void **state)
{
    int before = 0, after = 0;
    (void)state;
    draw_line(0.3, 1, 1, 0, image);
    FIND("gabor:rivalry=0", 1);
    for (int64_t i = 0; i < mye_maps_size(&maps); i++)
        before += found[i] > 0;
    FIND("gabor:rivalry=0.9", 1);
    for (int64_t i = 0; i < mye_maps_size(&maps); i++) {
        after += found[i] > 0;
        assert_true(found[i] >= 0 && found[i] <= 1);
    }
    assert_true(after > 0 && after < before);
}

/* Contrast is divided out; the sum of pooled answers is kept. */
static void half_the_contrast_answers_nearly_as_much(void **state)
{
    float full[16];
    (void)state;
    draw_line(0, 1, 1, 0, image);
    FIND("gabor:contrast=1e-6", 1);
    for (int k = 0; k < 16; k++)
        full[k] = found[(k * maps.H + 3) * maps.W + 3];
    draw_line(0, 1, 0.5f, 0, image);
    FIND("gabor:contrast=1e-6", 1);
    for (int k = 0; k < 16; k++)
        assert_true(fabsf(found[(k * maps.H + 3) * maps.W + 3] - full[k]) < 1e-4f);
}

static void colours_and_scales_and_odd_sizes_fit(void **state)
{
    (void)state;
    draw_line(0, 3, 1, 0, image);
    FIND("gabor:scales=2,pooling=max,gain=1,stride=5,pool=7,size=6", 3);
    assert_int_equal(maps.C, 32);
    assert_int_equal(maps.H, 4); /* 24 / 5 */
    float grey[SIDE * SIDE], *colour = malloc(sizeof found);
    mye_maps same;
    assert_non_null(colour);
    memcpy(colour, found, sizeof found);
    draw_line(0, 1, 1, 0, grey);
    find_features("gabor:scales=2,pooling=max,gain=1,stride=5,pool=7,size=6",
                  (mye_maps){1, SIDE, SIDE}, grey, found, sizeof found / sizeof *found, &same);
    for (int64_t i = 0; i < mye_maps_size(&maps); i++)
        assert_true(fabsf(found[i] - colour[i]) < 1e-5f);
    free(colour);
}

static void what_does_not_fit_is_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_method method = {0};
    mye_feature_plan plan = {.in = {1, 3, 30}};
    (void)state;
    ASSERT_OK(mye_method_parse(ctx, &mye_kind_feature, "gabor", &method, &err));
    const mye_feature_type *type = (const mye_feature_type *)(const void *)method.entry;
    ASSERT_FAILS(type->plan(method.options, &plan, &err), MYE_ERR_SHAPE,
                 "at least 4 x 4, got 3 x 30");
    mye_method_free(ctx, &method);
    ASSERT_OK(mye_method_parse(ctx, &mye_kind_feature, "gabor:pool=3", &method, &err));
    ASSERT_FAILS(type->plan(method.options, &plan, &err), MYE_ERR_ARG, "stride is 4");
    mye_method_free(ctx, &method);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_answers_in_the_map_of_its_orientation),
        cmocka_unit_test(an_edge_answers_by_its_side),
        cmocka_unit_test(an_even_grey_answers_nowhere),
        cmocka_unit_test(the_filter_is_the_equation),
        cmocka_unit_test(weak_rivals_fall_silent),
        cmocka_unit_test(half_the_contrast_answers_nearly_as_much),
        cmocka_unit_test(colours_and_scales_and_odd_sizes_fit),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
