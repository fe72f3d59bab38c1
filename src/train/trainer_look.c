/*
 * What a trainer does with samples beside training on them: surveys and pools, which the test run looks
 * at, and the pass that renews running statistics.
 */
#include <string.h>

#include "train/trainer.h"

/* ---- memory ---- */

static void lay_out(mye_batch *p, int **at, size_t sample, size_t batch, mye_arena *arena)
{
    p->image = mye_arena_take(arena, batch * sample * sizeof *p->image);
    p->label = mye_arena_take(arena, batch * sizeof *p->label);
    p->label_b = mye_arena_take(arena, batch * sizeof *p->label_b);
    p->mix = mye_arena_take(arena, batch * sizeof *p->mix);
    p->weight = mye_arena_take(arena, batch * sizeof *p->weight);
    p->index = mye_arena_take(arena, batch * sizeof *p->index);
    *at = mye_arena_take(arena, batch * sizeof **at);
}

size_t mye_pool_bytes(int frames, int C, int H, int W, int batch)
{
    const mye_dataset_info info = {.frames = frames, .C = C, .H = H, .W = W};
    mye_arena arena = {NULL, SIZE_MAX, 0};
    mye_batch counted;
    int *at;
    lay_out(&counted, &at, mye_dataset_sample_size(&info), (size_t)batch, &arena);
    return arena.used + MYE_ALIGN;
}

mye_status mye_trainer_make_survey(mye_trainer *t, mye_error *err)
{
    const int pool = mye_sampler_pool(t->sampler), batch = (int)t->config.batch;
    const mye_dataset_info *d = mye_dataset_about(t->train);
    if (mye_sampler_surveys(t->sampler))
        MYE_TRY(mye_survey_create(t->ctx, t->test_run, &t->input, pool > 0 ? pool : batch,
                                  &t->survey, err));
    if (pool == 0)
        return MYE_OK;
    const size_t bytes = mye_pool_bytes(d->frames, d->C, d->H, d->W, batch);
    t->pool = mye_alloc(t->ctx, bytes);
    if (t->pool == NULL)
        return mye_no_memory(err, bytes, "the samples of a pool");
    mye_arena arena = {t->pool, bytes, 0};
    lay_out(&t->picked, &t->pick_at, mye_dataset_sample_size(d), (size_t)batch, &arena);
    return MYE_OK;
}

/* ---- surveys ---- */

/* The test run looks at a batch of training samples, as many at a time as it takes. */
static mye_status look(mye_trainer *t, const mye_batch *batch, mye_error *err)
{
    const uint64_t epoch_seed =
        mye_random_derive((uint64_t)t->config.seed, (uint64_t)t->state.epoch);
    const mye_survey_batch b = {.B = batch->B,
                                .image = batch->image,
                                .index = batch->index,
                                .label = batch->label,
                                .label_b = batch->label_b,
                                .mix = batch->mix,
                                .seed = mye_random_derive((uint64_t)t->config.seed, UINT64_MAX - 2),
                                .epoch_seed = epoch_seed};
    t->forwarded += batch->B;
    return mye_survey_look(&t->survey, &b, err);
}

/* Samples as they are: an augmented one is another each time, and a mixed one has no class. */
static mye_status survey_pass(mye_trainer *t, const int64_t *order, int64_t n, mye_error *err)
{
    int64_t done = 0;
    t->told_s = 0; /* the first batch of a pass is always told */
    mye_loader_augment(t->loader, false);
    MYE_TRY(mye_loader_start(t->loader, t->state.epoch, order, NULL, n, 0, err));
    for (;;) {
        const mye_batch *batch = NULL;
        if (mye_context_cancelled(t->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped before epoch %lld was begun",
                            (long long)t->state.epoch + 1);
        MYE_TRY(mye_loader_next(t->loader, &batch, err));
        if (!batch)
            return MYE_OK;
        MYE_TRY(look(t, batch, err));
        const mye_sample_view view = {.B = batch->B,
                                      .index = batch->index,
                                      .told = mye_survey_told(&t->survey),
                                      .forward_only = true};
        mye_sampler_observe(t->sampler, t->state.epoch, &view);
        done += batch->B;
        mye_trainer_tell(t, "look", done, n, 0, 0);
    }
}

mye_status mye_trainer_survey(mye_trainer *t, mye_error *err)
{
    for (int pass = 0;; pass++) {
        const int64_t *order;
        const int64_t n = mye_sampler_survey(t->sampler, t->state.epoch, pass, &order);
        if (n < 0)
            return mye_no_memory(err, 0, "the sample policy's survey");
        mye_loader_augment(t->loader, true);
        if (n == 0)
            return MYE_OK;
        MYE_TRY(survey_pass(t, order, n, err));
    }
}

/* ---- pools ---- */

static void copy_sample(const mye_trainer *t, const mye_batch *from, int at, mye_batch *to, int b)
{
    const size_t sample = mye_dataset_sample_size(mye_dataset_about(t->train));
    memcpy(to->image + (size_t)b * sample, from->image + (size_t)at * sample,
           sample * sizeof *to->image);
    to->label[b] = from->label[at];
    to->label_b[b] = from->label_b[at];
    to->mix[b] = from->mix[at];
    to->index[b] = from->index[at];
}

mye_status mye_trainer_pick(mye_trainer *t, const mye_batch **batch, mye_error *err)
{
    const mye_batch *pool = *batch;
    mye_batch *p = &t->picked;
    const int most = (int)t->config.batch;
    if (mye_sampler_pool(t->sampler) == 0)
        return MYE_OK;
    mye_sample_pick pick = {
        .n = pool->B < most ? pool->B : most, .at = t->pick_at, .weight = p->weight};
    for (int b = 0; b < most; b++) {
        pick.at[b] = b;
        pick.weight[b] = 1;
    }
    if (mye_sampler_looks(t->sampler)) {
        const double begin = mye_now_s();
        MYE_TRY(look(t, pool, err));
        const mye_sample_view view = {.B = pool->B,
                                      .index = pool->index,
                                      .told = mye_survey_told(&t->survey),
                                      .forward_only = true};
        mye_sampler_pick(t->sampler, (uint64_t)mye_stepper_counter(t->stepper), &view, &pick);
        t->score_s += mye_now_s() - begin;
    }
    p->B = pick.n;
    for (int b = 0; b < pick.n; b++)
        copy_sample(t, pool, pick.at[b], p, b);
    *batch = p;
    return MYE_OK;
}

/* ---- running statistics ---- */

static mye_batch part_of(const mye_trainer *t, const mye_batch *whole, int at, int n)
{
    const size_t sample = mye_dataset_sample_size(mye_dataset_about(t->train));
    return (mye_batch){.B = n,
                       .image = whole->image + (size_t)at * sample,
                       .label = whole->label + at,
                       .label_b = whole->label_b + at,
                       .mix = whole->mix + at,
                       .index = whole->index + at,
                       .weight = whole->weight + at};
}

/* The loader's batch may be a pool: the run takes it in parts. *parts counts them over all batches. */
static mye_status add_statistics(mye_trainer *t, const mye_batch *batch, int64_t *parts,
                                 mye_error *err)
{
    const int most = (int)t->config.batch;
    for (int at = 0; at < batch->B; at += most) {
        const mye_batch part = part_of(t, batch, at, batch->B - at < most ? batch->B - at : most);
        const mye_pipeline_batch b = mye_trainer_batch(t, &part, 0);
        const mye_source source = mye_input_source(&t->input, b.B, b.image, b.index, b.epoch_seed);
        const double share = 1.0 / (double)++*parts;
        MYE_TRY(mye_run_statistics(t->run, b.B, source, &b.target, b.seed, share, err));
        t->forwarded += b.B;
    }
    return MYE_OK;
}

mye_status mye_trainer_statistics(mye_trainer *t, mye_error *err)
{
    const int64_t wanted = mye_sampler_statistics(t->sampler);
    const int64_t n = wanted < t->n_train ? wanted : t->n_train;
    if (n == 0)
        return MYE_OK;
    int64_t *order = mye_alloc_array(t->ctx, (size_t)t->n_train, sizeof *order);
    if (order == NULL)
        return mye_no_memory(err, (size_t)t->n_train * sizeof *order, "the order of samples");
    mye_random_permutation(mye_random_derive((uint64_t)t->config.seed, UINT64_MAX - 3),
                           MYE_STREAM_SHUFFLE, (uint64_t)t->state.epoch << 40, t->n_train, order);
    mye_status status = mye_loader_start(t->loader, t->state.epoch, order, NULL, n, 0, err);
    mye_free(t->ctx, order);
    for (int64_t parts = 0; status == MYE_OK;) {
        const mye_batch *batch = NULL;
        status = mye_loader_next(t->loader, &batch, err);
        if (status != MYE_OK || batch == NULL)
            break;
        status = add_statistics(t, batch, &parts, err);
    }
    return status;
}
