/* Loader: what comes out, in which order, and that it can be stopped anywhere. */
#include <math.h>

#include "data_support.h"

#define N 23

typedef struct bench {
    mye_context *ctx;
    mye_dataset *data;
} bench;

static int set_up(void **state)
{
    bench *b = calloc(1, sizeof *b);

    b->ctx = make_context(NULL);
    ASSERT_OK(mye_dataset_open(b->ctx, "mnist", small_mnist("loader", N), "train", &b->data, &err));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bench *b = *state;

    mye_dataset_free(b->data);
    assert_int_equal(mye_context_live_bytes(b->ctx), 0);
    mye_context_free(b->ctx);
    free(b);
    return 0;
}

static mye_loader *make(const bench *b, const char *augment, bool normalise, int batch, bool drop)
{
    const mye_loader_options o = {augment, normalise, batch, drop, 7};
    mye_loader *l = NULL;

    ASSERT_OK(mye_loader_create(b->ctx, b->data, &o, &l, &err));
    return l;
}

static const int64_t *backwards(void)
{
    static int64_t order[N];

    for (int i = 0; i < N; i++)
        order[i] = N - 1 - i;
    return order;
}

static void start(mye_loader *l, int64_t epoch, int64_t n, int64_t first)
{
    ASSERT_OK(mye_loader_start(l, epoch, backwards(), NULL, n, first, &err));
}

static const mye_batch *next(mye_loader *l)
{
    const mye_batch *batch = NULL;

    ASSERT_OK(mye_loader_next(l, &batch, &err));
    return batch;
}

/* A number that any change of a batch's content changes. */
static uint32_t digest(const mye_batch *b)
{
    const size_t B = (size_t)b->B;
    uint32_t crc = mye_crc32c(0, b->image, B * 784 * sizeof *b->image);

    crc = mye_crc32c(crc, b->label, B * sizeof *b->label);
    crc = mye_crc32c(crc, b->label_b, B * sizeof *b->label_b);
    crc = mye_crc32c(crc, b->mix, B * sizeof *b->mix);
    crc = mye_crc32c(crc, b->index, B * sizeof *b->index);
    return mye_crc32c(crc, b->weight, B * sizeof *b->weight);
}

static void batches_hold_the_samples_in_the_callers_order(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "", false, 5, false);
    const mye_batch *batch;
    float pixels[784];
    int64_t seen = 0;
    int label;

    start(l, 0, N, 0);
    for (int k = 0; (batch = next(l)); k++) {
        assert_int_equal(batch->B, k < 4 ? 5 : 3);
        for (int i = 0; i < batch->B; i++, seen++) {
            assert_int_equal(batch->index[i], N - 1 - seen);
            ASSERT_OK(mye_dataset_read(b->data, batch->index[i], pixels, &label, &err));
            assert_int_equal(batch->label[i], label);
            assert_int_equal(batch->label_b[i], label);
            assert_true(batch->mix[i] == 1 && batch->weight[i] == 1);
            assert_memory_equal(batch->image + 784 * i, pixels, sizeof pixels);
        }
    }
    assert_int_equal(seen, N);
    assert_null(next(l));
    mye_loader_free(l);
}

static void weights_follow_their_samples_and_the_last_batch_can_be_dropped(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, NULL, false, 5, true);
    const int64_t order[] = {3, 3, 1, 0, 2, 4, 3};
    const float weight[] = {1, 2, 3, 4, 5, 6, 7};
    const mye_batch *batch;

    ASSERT_OK(mye_loader_start(l, 0, order, weight, 7, 0, &err));
    batch = next(l);
    for (int i = 0; i < 5; i++)
        assert_true(batch->weight[i] == weight[i] && batch->index[i] == order[i]);
    assert_null(next(l));
    mye_loader_free(l);
}

static void normalised_batches_use_the_datasets_numbers(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "", true, N, false);
    const mye_dataset_info *info = mye_dataset_about(b->data);
    float pixels[784];
    const mye_batch *batch;
    int label;

    start(l, 0, N, 0);
    batch = next(l);
    ASSERT_OK(mye_dataset_read(b->data, N - 1, pixels, &label, &err));
    for (int k = 0; k < 784; k++)
        assert_true(fabsf(batch->image[k] - (pixels[k] - info->mean[0]) / info->deviation[0]) <
                    1e-5f);
    mye_loader_free(l);
}

static void batches_depend_on_seed_epoch_and_number_only(void **state)
{
    const bench *b = *state;
    const char *augment = "crop:pad=3 flip cutout:size=6 noise mixup";
    mye_loader *l = make(b, augment, true, 4, false), *other;
    uint32_t first[6], other_epoch = 0;
    const mye_batch *batch;

    start(l, 3, N, 0);
    for (int k = 0; k < 6; k++)
        first[k] = digest(next(l));
    assert_null(next(l));
    start(l, 4, N, 0);
    other_epoch = digest(next(l));
    assert_int_not_equal(other_epoch, first[0]);
    /* A new loader that resumes at any batch gives the same ones. */
    for (int from = 0; from <= 6; from++) {
        other = make(b, augment, true, 4, false);
        start(other, 3, N, from);
        for (int k = from; k < 6; k++) {
            if (k % 2)
                usleep(300); /* another rhythm of caller and thread */
            batch = next(other);
            assert_int_equal(digest(batch), first[k]);
        }
        assert_null(next(other));
        mye_loader_free(other);
    }
    mye_loader_free(l);
}

static void a_sample_is_augmented_alike_wherever_it_stands(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "crop flip", false, 4, false),
               *m = make(b, "crop flip", false, 7, false);
    const int64_t order[] = {5, 9, 11, 2}, turned[] = {2, 1, 11, 9, 5};
    const mye_batch *x, *y;

    ASSERT_OK(mye_loader_start(l, 1, order, NULL, 4, 0, &err));
    ASSERT_OK(mye_loader_start(m, 1, turned, NULL, 5, 0, &err));
    x = next(l);
    y = next(m);
    assert_memory_equal(x->image, y->image + 4 * 784, 784 * sizeof(float));
    assert_memory_equal(x->image + 3 * 784, y->image, 784 * sizeof(float));
    mye_loader_free(l);
    mye_loader_free(m);
}

static void the_batch_in_hand_stays_untouched_until_the_next_call(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "flip", false, 4, false);
    const mye_batch *batch;
    uint32_t before;

    start(l, 0, N, 0);
    while ((batch = next(l))) {
        before = digest(batch);
        usleep(2000);
        assert_int_equal(digest(batch), before);
    }
    mye_loader_free(l);
}

static void planned_bytes_are_the_allocated_bytes(void **state)
{
    const bench *b = *state;

    for (int batch = 1; batch < 40; batch += 13) {
        const size_t before = mye_context_live_bytes(b->ctx);
        mye_loader *l = make(b, batch % 2 ? "crop cutout" : "", true, batch, false);
        assert_int_equal(mye_context_live_bytes(b->ctx) - before,
                         mye_loader_plan(0, 1, 28, 28, batch, N));
        start(l, 0, N, 0);
        while (next(l))
            continue;
        assert_int_equal(mye_context_live_bytes(b->ctx) - before,
                         mye_loader_plan(0, 1, 28, 28, batch, N));
        mye_loader_free(l);
        assert_int_equal(mye_context_live_bytes(b->ctx), before);
    }
}

static void a_loader_can_be_freed_or_restarted_at_any_moment(void **state)
{
    const bench *b = *state;

    for (int round = 0; round < 60; round++) {
        mye_loader *l = make(b, "crop flip mixup", true, 1 + round % 5, false);
        if (round % 7 != 0)
            start(l, round, N, 0);
        for (int k = 0; k < round % 4 && round % 7 != 0; k++)
            next(l);
        if (round % 3 == 0)
            start(l, round + 1, N - 2, 1);
        if (round % 2)
            usleep((unsigned)round * 10);
        mye_loader_free(l);
    }
    mye_loader_free(NULL);
}

static void cancelling_ends_the_epoch_and_resuming_allows_another(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "", false, 4, false);
    const mye_batch *batch = NULL;

    start(l, 0, N, 0);
    assert_non_null(next(l));
    mye_context_cancel(b->ctx);
    ASSERT_FAILS(mye_loader_next(l, &batch, &err), MYE_ERR_CANCELLED, "stopped");
    assert_null(batch);
    mye_context_resume(b->ctx);
    start(l, 0, N, 0);
    assert_non_null(next(l));
    mye_loader_free(l);
}

static void wrong_orders_and_calls_are_refused(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "", false, 4, false);
    const int64_t bad[] = {0, 1, N};
    const float nan_weight[] = {1, NAN, 1};
    const mye_batch *batch = NULL;
    const mye_loader_options zero = {.batch = 0}, unknown = {.augment = "crop flipp", .batch = 1};
    const mye_loader_options wide = {.augment = "crop:pad=28", .batch = 1};
    mye_loader *none = NULL;

    ASSERT_FAILS(mye_loader_next(l, &batch, &err), MYE_ERR_STATE, "mye_loader_start");
    ASSERT_FAILS(mye_loader_start(l, 0, bad, NULL, 3, 0, &err), MYE_ERR_ARG, "sample 23 of 23");
    ASSERT_FAILS(mye_loader_start(l, 0, backwards(), nan_weight, 3, 0, &err), MYE_ERR_ARG,
                 "weight");
    ASSERT_FAILS(mye_loader_start(l, 0, backwards(), NULL, N, 7, &err), MYE_ERR_ARG, "6 batches");
    ASSERT_FAILS(mye_loader_create(b->ctx, b->data, &zero, &none, &err), MYE_ERR_ARG, "got 0");
    ASSERT_FAILS(mye_loader_create(b->ctx, b->data, &unknown, &none, &err), MYE_ERR_ARG, "flipp");
    ASSERT_FAILS(mye_loader_create(b->ctx, b->data, &wide, &none, &err), MYE_ERR_ARG, "28x28");
    start(l, 0, 0, 0);
    assert_null(next(l));
    mye_loader_free(l);
}

static void an_order_longer_than_the_dataset_is_fine(void **state)
{
    const bench *b = *state;
    mye_loader *l = make(b, "", false, 10, false);
    int64_t order[100];
    const mye_batch *batch;
    int64_t seen = 0;

    for (int i = 0; i < 100; i++)
        order[i] = i * 5 % N;
    for (int64_t n = 60; n <= 100; n += 40, seen = 0) {
        ASSERT_OK(mye_loader_start(l, 0, order, NULL, n, 0, &err));
        while ((batch = next(l)))
            for (int i = 0; i < batch->B; i++)
                assert_int_equal(batch->index[i], order[seen++]);
        assert_int_equal(seen, n);
    }
    mye_loader_free(l);
}

static void failing_allocations_are_reported_and_leak_nothing(void **state)
{
    const bench *b = *state;
    const mye_loader_options o = {"crop flip", true, 4, false, 1};
    const char *dir = small_mnist("loader", N);

    (void)b;
    for (long n = 1;; n++) {
        failing f = {0, 0, 0};
        mye_context *ctx = make_context(&f);
        mye_dataset *data = NULL;
        mye_loader *l = NULL;
        int64_t order[50] = {0};
        mye_status st;
        ASSERT_OK(mye_dataset_open(ctx, "mnist", dir, "train", &data, &err));
        const long blocks = f.blocks;
        f.calls = 0;
        f.fail_at = n;
        st = mye_loader_create(ctx, data, &o, &l, NULL);
        if (st == MYE_OK)
            st = mye_loader_start(l, 0, order, NULL, 50, 0, NULL);
        mye_loader_free(l);
        assert_int_equal(f.blocks, blocks);
        mye_dataset_free(data);
        mye_context_free(ctx);
        if (f.calls < n) {
            assert_int_equal(st, MYE_OK);
            break;
        }
        /* A failure is reported, or harmless: a list of places for a message nobody needs. */
        assert_true(st == MYE_ERR_NOMEM || st == MYE_OK);
        assert_true(n < 50);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(batches_hold_the_samples_in_the_callers_order),
        TEST(weights_follow_their_samples_and_the_last_batch_can_be_dropped),
        TEST(normalised_batches_use_the_datasets_numbers),
        TEST(batches_depend_on_seed_epoch_and_number_only),
        TEST(a_sample_is_augmented_alike_wherever_it_stands),
        TEST(the_batch_in_hand_stays_untouched_until_the_next_call),
        TEST(planned_bytes_are_the_allocated_bytes),
        TEST(a_loader_can_be_freed_or_restarted_at_any_moment),
        TEST(cancelling_ends_the_epoch_and_resuming_allows_another),
        TEST(wrong_orders_and_calls_are_refused),
        TEST(an_order_longer_than_the_dataset_is_fine),
        TEST(failing_allocations_are_reported_and_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
