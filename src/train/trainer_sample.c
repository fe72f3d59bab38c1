/* The sample policy within a trainer: facts, surveys, pools, statistics, what is logged and exported. */
#include <math.h>
#include <string.h>

#include "train/trainer.h"

/* ---- facts ---- */

mye_sample_facts mye_sample_facts_of(const mye_model *m, int64_t n, int64_t epochs, int batch,
                                     uint64_t seed)
{
    mye_sample_facts f = {.n = n,
                          .epochs = epochs,
                          .batch = batch,
                          .seed = seed,
                          .classes = mye_model_classes(m),
                          .n_feature = mye_model_feature_size(m)};
    double dense = 0, all = 0;
    for (int i = 0; i < m->n_nodes; i++) {
        const mye_node *node = m->node[i];
        f.has_batch_norm |= strcmp(node->type->entry.name, "batchnorm") == 0;
        for (int k = 0; k < node->n_weights; k++) {
            if (!node->weight[k].trainable)
                continue;
            all += (double)node->weight[k].count;
            if (strcmp(node->type->entry.name, "dense") == 0)
                dense += (double)node->weight[k].count;
        }
    }
    f.dense_share = all > 0 ? dense / all : 0;
    return f;
}

static mye_status read_labels(mye_trainer *t, mye_error *err)
{
    const size_t size = mye_dataset_sample_size(mye_dataset_about(t->train));
    float *pixels = mye_alloc_array(t->ctx, size, sizeof *pixels);
    t->label = mye_alloc_array(t->ctx, (size_t)t->n_train, sizeof *t->label);
    mye_status status = pixels != NULL && t->label != NULL
                            ? MYE_OK
                            : mye_no_memory(err, (size_t)t->n_train * 4, "the labels");
    for (int64_t i = 0; i < t->n_train && status == MYE_OK; i++) {
        int label = 0;
        status = mye_dataset_read(t->train, i, pixels, &label, err);
        t->label[i] = label;
    }
    mye_free(t->ctx, pixels);
    return status;
}

/* What the other axes cannot do with this policy. */
static mye_status check(const mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    if (mye_sampler_pool(t->sampler) > 0 && c->pipeline > 1)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "sample '%s' looks at the samples with the weights of the moment before it "
                        "picks a batch, and a pipeline has several batches at work: set pipeline "
                        "to 1",
                        c->sample);
    if (mye_sampler_statistics(t->sampler) > 0 && c->pipeline > 1)
        return mye_fail(
            err, MYE_ERR_UNSUPPORTED,
            "sample '%s' renews running statistics with a pass over %lld samples, and a "
            "pipeline has no run of the whole network: set its option statistics to 0, "
            "or anneal to at least 1",
            c->sample, (long long)mye_sampler_statistics(t->sampler));
    for (int k = 0; k < t->model->n_modules && mye_sampler_weighs(t->sampler); k++)
        if (t->model->module[k].fit.node != 0)
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "sample '%s' weights the losses of samples, and depth '%s' solves node "
                            "'%s' in closed form, without a loss",
                            c->sample, c->depth,
                            t->model->node[t->model->module[k].fit.node]->name);
    return MYE_OK;
}

mye_status mye_trainer_make_sampler(mye_trainer *t, mye_error *err)
{
    const mye_config *c = &t->config;
    mye_sample_facts f =
        mye_sample_facts_of(t->model, t->n_train, c->epochs, (int)c->batch, (uint64_t)c->seed);
    mye_sample_wants wants;
    MYE_TRY(mye_sample_ask(t->ctx, c->sample, &f, &wants, err));
    t->epochs = wants.epochs;
    if (wants.labels)
        MYE_TRY(read_labels(t, err));
    f.label = t->label;
    MYE_TRY(mye_sampler_create(t->ctx, c->sample, &f, &t->sampler, err));
    return check(t, err);
}

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

void mye_trainer_free_sampler(mye_trainer *t)
{
    mye_survey_free(&t->survey);
    mye_sampler_free(t->sampler);
    mye_free(t->ctx, t->label);
    mye_free(t->ctx, t->pool);
}

/* ---- forward passes beside training ---- */

/* The test run looks at a batch of training samples, as many at a time as it takes. */
static mye_status look(mye_trainer *t, const mye_batch *batch, mye_error *err)
{
    const uint64_t epoch_seed =
        mye_random_derive((uint64_t)t->config.seed, (uint64_t)t->state.epoch);
    const mye_survey_batch b = {.B = batch->B,
                                .image = batch->image,
                                .index = batch->index,
                                .label = batch->label,
                                .seed = mye_random_derive((uint64_t)t->config.seed, UINT64_MAX - 2),
                                .epoch_seed = epoch_seed};
    t->forwarded += batch->B;
    return mye_survey_look(&t->survey, &b, err);
}

static mye_status survey_pass(mye_trainer *t, const int64_t *order, int64_t n, mye_error *err)
{
    int64_t done = 0;
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

/* All that the policy wants to see before it decides. */
static mye_status survey(mye_trainer *t, mye_error *err)
{
    for (int pass = 0;; pass++) {
        const int64_t *order;
        const int64_t n = mye_sampler_survey(t->sampler, t->state.epoch, pass, &order);
        if (n < 0)
            return mye_no_memory(err, 0, "the sample policy's survey");
        if (n == 0)
            return MYE_OK;
        MYE_TRY(survey_pass(t, order, n, err));
    }
}

mye_status mye_trainer_decide(mye_trainer *t, const mye_sample_epoch **out, mye_error *err)
{
    const double begin = mye_now_s();
    t->forwarded = 0;
    t->score_s = t->run != NULL ? -mye_run_told_s(t->run) : 0;
    if (t->is_midway) {
        *out = mye_sampler_restore(t->sampler, t->state.epoch);
    } else {
        MYE_TRY(survey(t, err));
        *out = mye_sampler_epoch(t->sampler, t->state.epoch);
    }
    t->sample_s = mye_now_s() - begin;
    t->decided = **out;
    return MYE_OK;
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
    for (int64_t k = 0; status == MYE_OK; k++) {
        const mye_batch *batch = NULL;
        status = mye_loader_next(t->loader, &batch, err);
        if (status != MYE_OK || batch == NULL)
            break;
        const mye_pipeline_batch b = mye_trainer_batch(t, batch, 0);
        const mye_source source = mye_input_source(&t->input, b.B, b.image, b.index, b.epoch_seed);
        status =
            mye_run_statistics(t->run, b.B, source, &b.target, b.seed, 1.0 / (double)(k + 1), err);
        t->forwarded += b.B;
    }
    return status;
}

/* ---- log and export ---- */

mye_epoch_sample mye_trainer_sampled(mye_trainer *t)
{
    const mye_sample_epoch *d = &t->decided;
    const double all = (double)t->n_train * (double)t->config.epochs;
    t->totals.visited += (double)t->state.seen;
    t->totals.forwarded += (double)t->forwarded;
    return (mye_epoch_sample){.keep = d->keep,
                              .samples = t->state.seen,
                              .forwarded = t->forwarded,
                              .capped = d->capped,
                              .spread = d->spread,
                              .max_weight = d->max_weight,
                              .mean_age = d->mean_age,
                              .lr_scale = d->lr_scale,
                              .visited = all > 0 ? t->totals.visited / all : 0,
                              .score_s = t->score_s + (t->run != NULL ? mye_run_told_s(t->run) : 0),
                              .sample_s = t->sample_s};
}

mye_status mye_trainer_export_scores(const mye_trainer *t, mye_error *err)
{
    const float *score = mye_sampler_scores(t->sampler);
    char path[MYE_PATH_MAX];
    mye_text text = {.ctx = t->ctx};
    if (score == NULL)
        return MYE_OK;
    mye_text_add(&text, "sample,score\n");
    for (int64_t i = 0; i < t->n_train; i++)
        mye_text_add(&text, "%lld,%.9g\n", (long long)i, (double)score[i]);
    mye_status status = text.failed ? mye_no_memory(err, text.length, "the scores of samples")
                                    : mye_path_join(t->config.out, "scores.csv", path, err);
    if (status == MYE_OK)
        status = mye_text_write(t->ctx, path, text.data, err);
    mye_text_free(&text);
    return status;
}
