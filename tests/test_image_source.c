/* Images of data sets as spike patterns: the source `image`. */
#include "image_support.h"

#include "myelin/patterns.h"

/* Two grey images of 2 x 3 pixels. */
static const float grey[] = {0, 0.5f, 1, 0.25f, 0, 0, /* */ 0.75f, 0, 0, 0, 0, 0.125f};
/* One image of 1 x 2 pixels in three colours. */
static const float coloured[] = {0.25f, 0.5f, 0.75f, 1, 0, 0.125f};

static mye_context *with_threads(int threads)
{
    const mye_context_options options = {.threads = threads};
    mye_context *ctx = NULL;
    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    return ctx;
}

static const char *grey_dir(void)
{
    return small_images("image-grey", "(2, 2, 3, 1)", grey, sizeof grey, 2);
}

static void every_value_is_an_afferent_and_every_image_a_pattern(void **state)
{
    static const mye_spike first[] = {{0, 0.25f, 3}, {2, 0.5f, 1}, {4, 1, 2}};
    static const mye_spike second[] = {{0, 0.75f, 0}, {4, 0.125f, 5}};
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;
    (void)state;
    ASSERT_OK(mye_patterns_open(ctx, "image:data=npy", grey_dir(), "train", 1, &set, &err));
    const mye_patterns_info *info = mye_patterns_about(set);
    assert_int_equal(info->n, 2);
    assert_int_equal(info->units, 6);
    assert_int_equal(info->classes, 2);
    assert_int_equal(info->spikes, 5);
    for (int k = 0; k < 2; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        const mye_spike *wanted = k == 0 ? first : second;
        assert_int_equal(p.n, k == 0 ? 3 : 2);
        assert_int_equal(p.label, k);
        assert_true(p.window_ms == 6);
        for (int64_t i = 0; i < p.n; i++) {
            assert_int_equal(p.spike[i].unit, wanted[i].unit);
            assert_true(p.spike[i].t_ms == wanted[i].t_ms && p.spike[i].c == wanted[i].c);
        }
    }
    mye_patterns_free(set);
    mye_context_free(ctx);
}

static void each_colour_is_a_map(void **state)
{
    static const float c[] = {0.25f, 1, 0.5f, 0.75f, 0.125f}; /* afferents 0, 1, 2, 4, 5 */
    static const int32_t unit[] = {0, 1, 2, 4, 5};
    const char *dir = small_images("image-colour", "(1, 1, 2, 3)", coloured, sizeof coloured, 1);
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;
    (void)state;
    ASSERT_OK(mye_patterns_open(ctx, "image:data=(npy:layout=nhwc),code=(augmented:step=0)", dir,
                                "train", 1, &set, &err));
    const mye_pattern p = mye_patterns_at(set, 0);
    assert_int_equal(mye_patterns_about(set)->units, 6);
    assert_int_equal(p.n, 5);
    for (int64_t i = 0; i < p.n; i++) {
        assert_int_equal(p.spike[i].unit, unit[i]);
        assert_true(p.spike[i].c == c[i] && p.spike[i].t_ms == 0);
    }
    mye_patterns_free(set);
    mye_context_free(ctx);
}

static void assert_same(const mye_patterns *a, const mye_patterns *b)
{
    assert_int_equal(mye_patterns_about(a)->n, mye_patterns_about(b)->n);
    assert_int_equal(mye_patterns_about(a)->spikes, mye_patterns_about(b)->spikes);
    for (int64_t k = 0; k < mye_patterns_about(a)->n; k++) {
        const mye_pattern p = mye_patterns_at(a, k), q = mye_patterns_at(b, k);
        assert_int_equal(p.n, q.n);
        assert_int_equal(p.label, q.label);
        for (int64_t i = 0; i < p.n; i++)
            assert_true(p.spike[i].t_ms == q.spike[i].t_ms && p.spike[i].c == q.spike[i].c &&
                        p.spike[i].unit == q.spike[i].unit);
    }
}

static void patterns_do_not_depend_on_the_number_of_threads(void **state)
{
    static const char *const text[] = {"image:feature=gabor",
                                       "image:code=latency,feature=(gabor:orientations=2)",
                                       "image:code=phase"};
    const char *dir = small_mnist("image-threads", 60);
    (void)state;
    for (int k = 0; k < 3; k++) {
        mye_patterns *first = NULL;
        mye_context *one = with_threads(1);
        ASSERT_OK(mye_patterns_open(one, text[k], dir, "train", 1, &first, &err));
        for (int threads = 2; threads < 5; threads++) {
            mye_context *ctx = with_threads(threads);
            mye_patterns *set = NULL;
            ASSERT_OK(mye_patterns_open(ctx, text[k], dir, "train", 1, &set, &err));
            assert_same(first, set);
            mye_patterns_free(set);
            mye_context_free(ctx);
        }
        mye_patterns_free(first);
        mye_context_free(one);
    }
}

static void more_images_than_one_round_stay_in_order(void **state)
{
    enum { N = 2500 }; /* rounds hold 1024 at most */
    static float value[N];
    static unsigned char label[N];
    const char *dir = fresh_dir("image-rounds");
    mye_context *ctx = with_threads(2);
    mye_patterns *set = NULL;
    (void)state;
    for (int k = 0; k < N; k++) {
        value[k] = (float)(k + 1) / N;
        label[k] = (unsigned char)(k % 7);
    }
    write_npy(in_dir(dir, "x_train.npy"), "<f4", "(2500, 1, 1, 1)", value, sizeof value);
    write_npy(in_dir(dir, "y_train.npy"), "|u1", "(2500,)", label, sizeof label);
    ASSERT_OK(mye_patterns_open(ctx, "image:data=npy,code=(augmented:theta=0)", dir, "train", 1,
                                &set, &err));
    assert_int_equal(mye_patterns_about(set)->n, N);
    for (int64_t k = 0; k < N; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        assert_int_equal(p.label, k % 7);
        assert_true(p.n == 1 && p.spike[0].c == value[k]);
    }
    mye_patterns_free(set);
    mye_context_free(ctx);
}

static void what_is_no_image_is_refused(void **state)
{
    const char *dir = small_mnist("image-refused", 10);
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;
    (void)state;
    ASSERT_FAILS(
        mye_patterns_open(ctx, "image:data=synthetic-moving-digits", dir, "test", 1, &set, &err),
        MYE_ERR_UNSUPPORTED, "wants images, but synthetic-moving-digits has events in 10");
    assert_null(set);
    ASSERT_FAILS(mye_patterns_open(ctx, "image:code=latencies", dir, "test", 1, &set, &err),
                 MYE_ERR_ARG, "latencies");
    ASSERT_FAILS(mye_patterns_open(ctx, "image:feature=(gabor:stride=29,pool=29)", dir, "test", 1,
                                   &set, &err),
                 MYE_ERR_SHAPE, "at least 29 x 29, got 28 x 28");
    ASSERT_FAILS(mye_patterns_open(ctx, "image:data=npy", dir, "test", 1, &set, &err), MYE_ERR_IO,
                 "x_test.npy");
    mye_context_cancel(ctx);
    ASSERT_FAILS(mye_patterns_open(ctx, "image", dir, "test", 1, &set, &err), MYE_ERR_CANCELLED,
                 "stopped");
    assert_null(set);
    mye_context_free(ctx);
}

static void without_memory_nothing_is_left_behind(void **state)
{
    const char *dir = grey_dir();
    (void)state;
    for (long n = 1;; n++) {
        failing f = {0};
        mye_context *ctx = make_context(&f);
        mye_patterns *set = NULL;
        mye_error err = {0};
        const long before = f.blocks;
        f.fail_at = f.calls + n;
        const mye_status st =
            mye_patterns_open(ctx, "image:data=npy,feature=(gabor:size=3,stride=2,pool=2)", dir,
                              "train", 1, &set, &err);
        f.fail_at = 0;
        mye_patterns_free(set);
        assert_int_equal(f.blocks, before);
        mye_context_free(ctx);
        if (st == MYE_OK)
            break;
        assert_int_equal(st, MYE_ERR_NOMEM);
    }
}

/* The whole of a real data set: how many spikes there are, and their classes. */
static void a_real_data_set_is_read(void **state)
{
    mye_context *ctx = with_threads(2);
    mye_patterns *set = NULL;
    (void)state;
    SKIP_WITHOUT(FASHION_DIR);
    ASSERT_OK(mye_patterns_open(ctx, "image:data=fashion-mnist,feature=gabor", NULL, "test", 1,
                                &set, &err));
    const mye_patterns_info *info = mye_patterns_about(set);
    assert_int_equal(info->n, 10000);
    assert_int_equal(info->units, 784);
    assert_int_equal(info->classes, 10);
    assert_string_equal(info->class_name[9], "Ankle boot");
    assert_string_equal(info->source, "image:data=fashion-mnist,feature=gabor");
    assert_true(info->spikes > 100 * info->n && info->spikes < 600 * info->n);
    mye_patterns_free(set);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_an_afferent_and_every_image_a_pattern),
        cmocka_unit_test(each_colour_is_a_map),
        cmocka_unit_test(patterns_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(more_images_than_one_round_stay_in_order),
        cmocka_unit_test(what_is_no_image_is_refused),
        cmocka_unit_test(without_memory_nothing_is_left_behind),
        cmocka_unit_test(a_real_data_set_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
