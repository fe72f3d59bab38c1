/*
 * Loader: a background thread prepares batch b + 1 while the caller works on batch b. Two slots,
 * batch b lives in slot b % 2. What a batch holds is a pure function of (seed, epoch, order, b); the
 * thread only decides when.
 *
 * Everything below `lock` changes under the lock. The thread fills a slot without it, while `is_busy`
 * says so; the order and the weights change only when it is not busy.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "data/augment.h"

#define SLOTS 2

struct mye_loader {
    mye_context *ctx;
    const mye_dataset *data;
    bool is_normalised, drop_last, is_plain; /* plain: not augmented, for now */
    int batch, frames, C, H, W;              /* frames of a sample; an image counts as one */
    size_t image_size, sample_size;
    uint64_t seed;
    mye_augment_list augment;
    float gain[4], offset[4]; /* pixel * gain + offset normalises */
    mye_batch slot[SLOTS];
    float *scratch; /* one sample */
    int64_t *order; /* [capacity] */
    float *weight;  /* [capacity] */
    int64_t capacity;
    unsigned char *block; /* all of the arrays above, but for a grown order */
    bool is_order_grown;
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_bool give_up; /* asks a busy thread to drop its batch */
    bool quit, is_started, is_busy;
    int64_t epoch, n, first, total; /* samples; batch numbers [first, total) */
    int64_t filled, taken;          /* batches prepared and handed out, as numbers */
    mye_status status;
    mye_error error;
};

/* Hands out the arrays; with a NULL base it counts their bytes. */
static void lay_out(mye_arena *arena, size_t sample, int batch, int64_t n, mye_loader *l)
{
    const size_t B = (size_t)batch;

    for (int k = 0; k < SLOTS; k++) {
        mye_batch *s = &l->slot[k];
        s->image = mye_arena_take(arena, B * sample * sizeof *s->image);
        s->label = mye_arena_take(arena, B * sizeof *s->label);
        s->label_b = mye_arena_take(arena, B * sizeof *s->label_b);
        s->mix = mye_arena_take(arena, B * sizeof *s->mix);
        s->index = mye_arena_take(arena, B * sizeof *s->index);
        s->weight = mye_arena_take(arena, B * sizeof *s->weight);
    }
    l->scratch = mye_arena_take(arena, sample * sizeof *l->scratch);
    l->order = mye_arena_take(arena, (size_t)n * sizeof *l->order);
    l->weight = mye_arena_take(arena, (size_t)n * sizeof *l->weight);
}

static size_t array_bytes(size_t sample, int batch, int64_t n)
{
    mye_arena arena = {NULL, 0, 0};
    mye_loader counted;

    lay_out(&arena, sample, batch, n, &counted);
    return arena.used;
}

size_t mye_loader_plan(int frames, int C, int H, int W, int batch, int64_t n)
{
    const mye_dataset_info info = {.frames = frames, .C = C, .H = H, .W = W};

    return sizeof(mye_loader) + array_bytes(mye_dataset_sample_size(&info), batch, n);
}

static void normalise(const mye_loader *l, float *image)
{
    for (const float *end = image + l->sample_size; image < end; image += l->C)
        for (int c = 0; c < l->C; c++)
            image[c] = image[c] * l->gain[c < 4 ? c : 3] + l->offset[c < 4 ? c : 3];
}

static mye_status fill_sample(mye_loader *l, mye_batch *s, int b, int64_t place, mye_error *err)
{
    const int64_t i = l->order[place];
    const uint64_t epoch_seed = mye_random_derive(l->seed, (uint64_t)l->epoch);
    float *image = s->image + (size_t)b * l->sample_size;
    int label = 0;

    MYE_TRY(mye_dataset_read(l->data, i, image, &label, err));
    for (int f = 0; f < l->frames && !l->is_plain; f++) /* one seed: all frames change alike */
        mye_augment_image(&l->augment, l->C, l->H, l->W, mye_random_derive(epoch_seed, (uint64_t)i),
                          image + (size_t)f * l->image_size, l->scratch);
    if (l->is_normalised)
        normalise(l, image);
    s->label[b] = s->label_b[b] = label;
    s->mix[b] = 1;
    s->index[b] = i;
    s->weight[b] = l->weight[place];
    return MYE_OK;
}

static mye_status fill(mye_loader *l, int64_t number, mye_error *err)
{
    mye_batch *s = &l->slot[number % SLOTS];
    const int64_t start = number * l->batch, left = l->n - start;
    /* A tag that no sample has: batches and samples draw from different seeds. */
    const uint64_t batch_seed = mye_random_derive(
        mye_random_derive(mye_random_derive(l->seed, (uint64_t)l->epoch), UINT64_MAX),
        (uint64_t)number);

    s->B = left < l->batch ? (int)left : l->batch;
    for (int b = 0; b < s->B; b++) {
        if (atomic_load(&l->give_up))
            return MYE_ERR_CANCELLED;
        if (mye_context_cancelled(l->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "loading of batch %lld was stopped",
                            (long long)number);
        MYE_TRY(fill_sample(l, s, b, start + b, err));
    }
    if (!l->is_plain)
        mye_augment_batch(&l->augment, l->C, l->frames * l->H, l->W, batch_seed, s, l->scratch);
    return MYE_OK;
}

/* Work is there when the epoch has a batch left and a slot that the caller is not using: the batch
 * handed out last, number taken - 1, stays untouched. */
static bool has_work(const mye_loader *l)
{
    return l->is_started && l->status == MYE_OK && l->filled < l->total &&
           l->filled - l->taken < SLOTS - (l->taken > l->first);
}

static void *run(void *arg)
{
    mye_loader *l = arg;

    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->quit && !has_work(l))
            pthread_cond_wait(&l->changed, &l->lock);
        if (l->quit)
            break;
        const int64_t number = l->filled;
        mye_error error = {0};
        l->is_busy = true;
        pthread_mutex_unlock(&l->lock);
        const mye_status st = fill(l, number, &error);
        pthread_mutex_lock(&l->lock);
        l->is_busy = false;
        if (st == MYE_OK) {
            l->filled++;
        } else if (!atomic_load(&l->give_up)) {
            l->status = st;
            l->error = error;
        }
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* The thread takes no signals: they are the caller's business. */
static mye_status start_thread(mye_loader *l, mye_error *err)
{
    sigset_t all, before;
    int code;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    l->has_thread = code == 0;
    if (code != 0)
        return mye_fail(err, MYE_ERR_NOMEM, "the system gives no thread for loading data: %s",
                        strerror(code));
    return MYE_OK;
}

static mye_status create(mye_loader *l, const mye_loader_options *options, mye_error *err)
{
    const mye_dataset_info *info = mye_dataset_about(l->data);
    const size_t sample = mye_dataset_sample_size(info);
    const size_t bytes = array_bytes(sample, options->batch, info->n);
    mye_arena arena = {NULL, bytes, 0};

    l->is_normalised = options->normalise;
    l->drop_last = options->drop_last;
    l->batch = options->batch;
    l->seed = options->seed;
    l->frames = info->frames > 0 ? info->frames : 1;
    l->C = info->C;
    l->H = info->H;
    l->W = info->W;
    l->image_size = (size_t)info->C * (size_t)info->H * (size_t)info->W;
    l->sample_size = sample;
    l->capacity = info->n;
    for (int c = 0; c < 4; c++) {
        l->gain[c] = 1 / info->deviation[c];
        l->offset[c] = -info->mean[c] / info->deviation[c];
    }
    MYE_TRY(mye_augment_parse(l->ctx, options->augment, l->C, l->H, l->W, &l->augment, err));
    if (info->frames > 0)
        MYE_TRY(mye_augment_check_frames(&l->augment, err));
    l->block = mye_alloc(l->ctx, bytes);
    if (!l->block)
        return mye_no_memory(err, bytes, "the data loader");
    arena.base = l->block;
    lay_out(&arena, sample, l->batch, info->n, l);
    return start_thread(l, err);
}

mye_status mye_loader_create(mye_context *ctx, const mye_dataset *data,
                             const mye_loader_options *options, mye_loader **out, mye_error *err)
{
    mye_loader *l;
    mye_status st;

    *out = NULL;
    if (options->batch < 1 || options->batch > 1 << 20)
        return mye_fail(err, MYE_ERR_ARG, "the batch must hold 1 to %d samples, got %d", 1 << 20,
                        options->batch);
    l = mye_alloc(ctx, sizeof *l);
    if (!l)
        return mye_no_memory(err, sizeof *l, "the data loader");
    l->ctx = ctx;
    l->data = data;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    atomic_init(&l->give_up, false);
    st = create(l, options, err);
    if (st == MYE_OK)
        *out = l;
    else
        mye_loader_free(l);
    return st;
}

/* Returns with the lock held and the thread idle: it drops the batch that it was filling. */
static void stop_epoch(mye_loader *l)
{
    atomic_store(&l->give_up, true);
    pthread_mutex_lock(&l->lock);
    l->is_started = false;
    while (l->is_busy)
        pthread_cond_wait(&l->changed, &l->lock);
    atomic_store(&l->give_up, false);
}

void mye_loader_augment(mye_loader *l, bool on)
{
    stop_epoch(l);
    l->is_plain = !on;
    pthread_mutex_unlock(&l->lock);
}

/* Room for an order longer than the dataset: sampling with replacement. The thread is idle. */
static mye_status reserve_order(mye_loader *l, int64_t n, mye_error *err)
{
    int64_t *order;
    float *weight;

    if (n <= l->capacity)
        return MYE_OK;
    order = mye_alloc_array(l->ctx, (size_t)n, sizeof *order);
    weight = mye_alloc_array(l->ctx, (size_t)n, sizeof *weight);
    if (!order || !weight) {
        mye_free(l->ctx, order);
        mye_free(l->ctx, weight);
        return mye_no_memory(err, (size_t)n * (sizeof *order + sizeof *weight), "an epoch's order");
    }
    if (l->is_order_grown) {
        mye_free(l->ctx, l->order);
        mye_free(l->ctx, l->weight);
    }
    l->order = order;
    l->weight = weight;
    l->capacity = n;
    l->is_order_grown = true;
    return MYE_OK;
}

static mye_status check_order(const mye_loader *l, const int64_t *order, const float *weight,
                              int64_t n, mye_error *err)
{
    const int64_t samples = mye_dataset_about(l->data)->n;

    for (int64_t i = 0; i < n; i++) {
        if (order[i] < 0 || order[i] >= samples)
            return mye_fail(err, MYE_ERR_ARG, "place %lld of the order is sample %lld of %lld",
                            (long long)i, (long long)order[i], (long long)samples);
        if (weight && !isfinite(weight[i]))
            return mye_fail(err, MYE_ERR_ARG,
                            "place %lld of the order has a weight that is not a "
                            "finite number",
                            (long long)i);
    }
    return MYE_OK;
}

mye_status mye_loader_start(mye_loader *l, int64_t epoch, const int64_t *order, const float *weight,
                            int64_t n, int64_t first_batch, mye_error *err)
{
    const int64_t total = n < 0 ? 0 : l->drop_last ? n / l->batch : (n - 1 + l->batch) / l->batch;
    mye_status st;

    if (n < 0 || epoch < 0 || first_batch < 0 || first_batch > total)
        return mye_fail(err, MYE_ERR_ARG,
                        "an epoch of %lld samples has %lld batches; cannot start "
                        "epoch %lld at batch %lld",
                        (long long)n, (long long)total, (long long)epoch, (long long)first_batch);
    MYE_TRY(check_order(l, order, weight, n, err));
    stop_epoch(l);
    st = reserve_order(l, n, err);
    if (st == MYE_OK) {
        for (int64_t i = 0; i < n; i++) {
            l->order[i] = order[i];
            l->weight[i] = weight ? weight[i] : 1.0f;
        }
        l->epoch = epoch;
        l->n = n;
        l->total = total;
        l->first = l->filled = l->taken = first_batch;
        l->status = MYE_OK;
        l->is_started = true;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return st;
}

/* Under the lock: gives back the last batch, waits for the next. */
static mye_status next_locked(mye_loader *l, const mye_batch **out, mye_error *err)
{
    if (!l->is_started)
        return mye_fail(err, MYE_ERR_STATE, "mye_loader_next was called before mye_loader_start");
    if (mye_context_cancelled(l->ctx))
        return mye_fail(err, MYE_ERR_CANCELLED, "loading of batch %lld was stopped",
                        (long long)l->taken);
    if (l->taken == l->total)
        return MYE_OK;
    while (l->filled == l->taken && l->status == MYE_OK)
        pthread_cond_wait(&l->changed, &l->lock);
    if (l->filled == l->taken) {
        if (err)
            *err = l->error;
        return l->status;
    }
    *out = &l->slot[l->taken++ % SLOTS];
    pthread_cond_broadcast(&l->changed);
    return MYE_OK;
}

mye_status mye_loader_next(mye_loader *l, const mye_batch **out, mye_error *err)
{
    mye_status st;

    *out = NULL;
    pthread_mutex_lock(&l->lock);
    st = next_locked(l, out, err);
    pthread_mutex_unlock(&l->lock);
    return st;
}

void mye_loader_free(mye_loader *l)
{
    if (!l)
        return;
    if (l->has_thread) {
        stop_epoch(l);
        l->quit = true;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    if (l->is_order_grown) {
        mye_free(l->ctx, l->order);
        mye_free(l->ctx, l->weight);
    }
    mye_free(l->ctx, l->block);
    mye_free(l->ctx, l);
}
