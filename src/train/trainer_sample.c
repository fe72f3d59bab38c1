/* The sample policy within a trainer: facts, deciding, what is logged and exported. */
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

void mye_trainer_free_sampler(mye_trainer *t)
{
    mye_survey_free(&t->survey);
    mye_sampler_free(t->sampler);
    mye_free(t->ctx, t->label);
    mye_free(t->ctx, t->pool);
}

/* ---- an epoch ---- */

mye_status mye_trainer_decide(mye_trainer *t, const mye_sample_epoch **out, mye_error *err)
{
    const double begin = mye_now_s();
    t->forwarded = 0;
    t->score_s = t->run != NULL ? -mye_run_told_s(t->run) : 0;
    if (t->is_midway) {
        *out = mye_sampler_restore(t->sampler, t->state.epoch);
    } else {
        MYE_TRY(mye_trainer_survey(t, err));
        *out = mye_sampler_epoch(t->sampler, t->state.epoch);
    }
    t->sample_s = mye_now_s() - begin;
    t->decided = **out;
    return MYE_OK;
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
