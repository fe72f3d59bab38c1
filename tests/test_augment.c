/* Augmentations: each does what it says, stays in the image, and depends on its seed only. */
#include <math.h>

#include "data/augment.h"
#include "data_support.h"

enum { C = 3, H = 10, W = 12, SIZE = C * H * W };

static float original[SIZE], image[SIZE], scratch[SIZE];

static int fill(void **state)
{
    (void)state;
    for (int k = 0; k < SIZE; k++)
        original[k] = (float)(k + 1) / (SIZE + 1);
    return 0;
}

static mye_augment_list parse(const char *text)
{
    mye_context *ctx = make_context(NULL);
    mye_augment_list list;

    ASSERT_OK(mye_augment_parse(ctx, text, C, H, W, &list, &err));
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
    return list;
}

static const float *apply(const char *text, uint64_t seed)
{
    const mye_augment_list list = parse(text);

    memcpy(image, original, sizeof image);
    mye_augment_image(&list, C, H, W, seed, image, scratch);
    return image;
}

static float pixel(const float *x, int h, int w, int c)
{
    return x[(h * W + w) * C + c];
}

static void flip_exchanges_left_and_right(void **state)
{
    int flipped = 0;

    (void)state;
    apply("flip:p=1", 1);
    for (int h = 0; h < H; h++)
        for (int w = 0; w < W; w++)
            for (int c = 0; c < C; c++)
                assert_true(pixel(image, h, w, c) == pixel(original, h, W - 1 - w, c));
    for (uint64_t seed = 0; seed < 1000; seed++)
        flipped += memcmp(apply("flip", seed), original, sizeof image) != 0;
    assert_in_range(flipped, 430, 570);
    assert_memory_equal(apply("flip:p=0", 3), original, sizeof image);
}

/* The shift that explains the image, found by the one channel value that is unique. */
static bool is_shifted(const float *x, int dy, int dx, int border)
{
    for (int h = 0; h < H; h++)
        for (int w = 0; w < W; w++) {
            int y = h + dy, v = w + dx;
            const bool inside = y >= 0 && y < H && v >= 0 && v < W;
            if (border == 1) {
                y = y < 0 ? -y : y >= H ? 2 * H - 2 - y : y;
                v = v < 0 ? -v : v >= W ? 2 * W - 2 - v : v;
            } else if (border == 2) {
                y = y < 0 ? 0 : y >= H ? H - 1 : y;
                v = v < 0 ? 0 : v >= W ? W - 1 : v;
            }
            const float wanted = border || inside ? pixel(original, y, v, 1) : 0;
            if (pixel(x, h, w, 1) != wanted)
                return false;
        }
    return true;
}

static void crop_shifts_by_every_distance_up_to_its_padding(void **state)
{
    static const char *const texts[] = {"crop:pad=2", "crop:pad=2,border=reflect",
                                        "crop:pad=2,border=edge"};

    (void)state;
    for (int border = 0; border < 3; border++) {
        int count[5][5] = {{0}};
        for (uint64_t seed = 0; seed < 1000; seed++) {
            int found = 0;
            apply(texts[border], seed);
            for (int dy = -2; dy <= 2; dy++)
                for (int dx = -2; dx <= 2; dx++)
                    if (is_shifted(image, dy, dx, border)) {
                        count[dy + 2][dx + 2]++;
                        found++;
                    }
            assert_int_equal(found, 1);
        }
        for (int k = 0; k < 25; k++)
            assert_in_range(count[k / 5][k % 5], 15, 80);
    }
}

static void cutout_covers_one_square_that_may_hang_over(void **state)
{
    int least = SIZE, most = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        int covered = 0;
        apply("cutout:size=4", seed);
        for (int k = 0; k < SIZE; k++) {
            assert_true(image[k] == 0 || image[k] == original[k]);
            covered += image[k] == 0;
        }
        least = covered < least ? covered : least;
        most = covered > most ? covered : most;
    }
    assert_int_equal(most, 16 * C);
    assert_int_equal(least, 4 * C); /* the centre in the corner: a quarter remains inside */
    apply("cutout:size=4,holes=3,fill=0.5", 1);
    assert_true(memcmp(image, original, sizeof image) != 0);
}

static void noise_has_its_deviation_and_stays_in_range(void **state)
{
    double squares = 0;
    int n = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        apply("noise:sigma=0.01", seed);
        for (int k = 20; k < SIZE - 20; k++, n++)
            squares += (double)(image[k] - original[k]) * (double)(image[k] - original[k]);
    }
    assert_true(fabs(sqrt(squares / n) - 0.01) < 3e-4);
    apply("noise:sigma=5", 1);
    for (int k = 0; k < SIZE; k++)
        assert_true(image[k] >= 0 && image[k] <= 1);
}

static void a_list_applies_in_order_and_depends_on_its_seed_only(void **state)
{
    static float first[SIZE];

    (void)state;
    memcpy(first, apply("crop:pad=3 flip\tcutout noise", 9), sizeof first);
    assert_memory_equal(first, apply("  crop:pad=3   flip cutout noise ", 9), sizeof first);
    assert_memory_not_equal(first, apply("crop:pad=3 flip cutout noise", 10), sizeof first);
    assert_memory_equal(apply("", 1), original, sizeof image);
    assert_int_equal(parse(NULL).n, 0);
}

static void mixup_blends_pairs_and_says_so(void **state)
{
    enum { B = 6 };
    static float batch_image[B * SIZE], before[B * SIZE];
    int32_t label[B], label_b[B];
    float mix[B];
    mye_batch batch = {
        .B = B, .image = batch_image, .label = label, .label_b = label_b, .mix = mix};
    const mye_augment_list list = parse("mixup:alpha=0.7");

    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        for (int k = 0; k < B * SIZE; k++)
            before[k] = batch_image[k] = mye_random_uniform(seed, MYE_STREAM_TEST, (uint64_t)k);
        for (int i = 0; i < B; i++) {
            label[i] = label_b[i] = i;
            mix[i] = 1;
        }
        mye_augment_batch(&list, C, H, W, seed, &batch, scratch);
        for (int i = 0; i < B; i++) {
            const float *a = before + i * SIZE, *b = before + label_b[i] * SIZE;
            assert_int_equal(label[i], i);
            assert_true(mix[i] >= 0 && mix[i] <= 1 && mix[i] == mix[0]);
            for (int k = 0; k < SIZE; k++)
                assert_true(fabsf(batch_image[i * SIZE + k] -
                                  (mix[i] * a[k] + (1 - mix[i]) * b[k])) < 1e-6f);
        }
    }
}

/* Mean 1/2 and variance 1 / (4 (2 alpha + 1)) of Beta(alpha, alpha). */
static void mixup_draws_from_the_beta_distribution(void **state)
{
    static const char *const texts[] = {"mixup:alpha=0.2", "mixup", "mixup:alpha=4"};
    static const double alpha[] = {0.2, 1, 4};

    (void)state;
    for (int k = 0; k < 3; k++) {
        const mye_augment_list list = parse(texts[k]);
        double sum = 0, squares = 0;
        for (uint64_t seed = 0; seed < 4000; seed++) {
            float mix[1] = {1};
            int32_t label[1] = {0}, label_b[1] = {0};
            mye_batch batch = {
                .B = 1, .image = image, .label = label, .label_b = label_b, .mix = mix};
            mye_augment_batch(&list, C, H, W, seed, &batch, scratch);
            sum += (double)mix[0];
            squares += (double)mix[0] * (double)mix[0];
        }
        const double mean = sum / 4000, variance = squares / 4000 - mean * mean;
        assert_true(fabs(mean - 0.5) < 0.03);
        assert_true(fabs(variance * 4 * (2 * alpha[k] + 1) - 1) < 0.08);
    }
}

static void wrong_lists_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_augment_list list;
    char longest[400];

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[399] = '\0';
    ASSERT_FAILS(mye_augment_parse(ctx, "flop", C, H, W, &list, &err), MYE_ERR_ARG, "flop");
    ASSERT_FAILS(mye_augment_parse(ctx, "flip:p=2", C, H, W, &list, &err), MYE_ERR_ARG, "p");
    ASSERT_FAILS(mye_augment_parse(ctx, "crop:pad=10", C, H, W, &list, &err), MYE_ERR_ARG, "10x12");
    ASSERT_FAILS(mye_augment_parse(ctx, longest, C, H, W, &list, &err), MYE_ERR_ARG, "longer");
    ASSERT_FAILS(mye_augment_parse(ctx, "flip flip flip flip flip flip flip flip flip", C, H, W,
                                   &list, &err),
                 MYE_ERR_ARG, "at most 8");
    mye_context_free(ctx);
}

static void every_augmentation_is_usable_and_in_order(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_augment.entries; *e; e++) {
        const mye_augment_list list = parse((*e)->name);
        assert_true((list.type[0]->apply != NULL) != (list.type[0]->apply_batch != NULL));
        assert_true((*e)->options_size <= MYE_AUGMENT_OPTIONS);
        assert_true(!e[1] || strcmp((*e)->name, e[1]->name) < 0);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, fill)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flip_exchanges_left_and_right),
        TEST(crop_shifts_by_every_distance_up_to_its_padding),
        TEST(cutout_covers_one_square_that_may_hang_over),
        TEST(noise_has_its_deviation_and_stays_in_range),
        TEST(a_list_applies_in_order_and_depends_on_its_seed_only),
        TEST(mixup_blends_pairs_and_says_so),
        TEST(mixup_draws_from_the_beta_distribution),
        TEST(wrong_lists_are_refused),
        TEST(every_augmentation_is_usable_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
