/* What a trained network says of each sample: which are hard for it, which may be labelled wrong. */
#include <math.h>
#include <string.h>

#include "sample/draw.h"
#include "sample/scores_file.h"
#include "train/classifier.h"
#include "train/survey.h"

/* A sample is suspicious where the network is this sure of another class. */
static const float doubtful = 0.1f, sure = 0.9f;

/* ---- memory ---- */

void mye_scores_free(mye_context *ctx, mye_scores *s)
{
    if (!s)
        return;
    mye_free(ctx, (void *)(uintptr_t)s->row);
    mye_free(ctx, (void *)(uintptr_t)s->hardest);
    mye_free(ctx, (void *)(uintptr_t)s->suspicious);
    *s = (mye_scores){0};
}

/* ---- looking ---- */

/* A look at a data set: a run of the classifier's network that tells of single samples. */
typedef struct looking {
    mye_classifier *c;
    mye_run *run;
    mye_survey survey;
    mye_loader *loader;
    mye_teller who;
    mye_sample_score *row;
    int64_t n, seen, right;
    double loss_sum;
} looking;

static mye_status open_run(looking *l, mye_error *err)
{
    mye_classifier *c = l->c;
    mye_run_options options = mye_classifier_run_options(c);
    options.tells = MYE_TELL_ERROR | MYE_TELL_CONFIDENCE;
    MYE_TRY(mye_run_create(c->ctx, c->net.model, &options, &l->run, err));
    return mye_survey_create(c->ctx, l->run, &c->net.input, c->options.batch, &l->survey, err);
}

static mye_status open_data(looking *l, const mye_dataset *data, mye_error *err)
{
    const mye_loader_options options = {
        .augment = "", .batch = l->c->options.batch, .seed = (uint64_t)l->c->net.config.seed};
    mye_context *ctx = l->c->ctx;
    MYE_TRY(mye_loader_create(ctx, data, &options, &l->loader, err));
    int64_t *order = mye_alloc_array(ctx, (size_t)l->n, sizeof *order);
    if (order == NULL)
        return mye_no_memory(err, (size_t)l->n * sizeof *order, "the order of samples");
    for (int64_t i = 0; i < l->n; i++)
        order[i] = i;
    const mye_status status = mye_loader_start(l->loader, 0, order, NULL, l->n, 0, err);
    mye_free(ctx, order);
    return status;
}

/* Probability of class k among K outputs. */
static float probability(const float *output, int K, int k)
{
    double top = (double)output[0], sum = 0;
    for (int i = 1; i < K; i++)
        top = (double)output[i] > top ? (double)output[i] : top;
    for (int i = 0; i < K; i++)
        sum += exp((double)output[i] - top);
    return (float)(exp((double)output[k] - top) / sum);
}

static void take_row(looking *l, const mye_batch *batch, int b)
{
    const mye_told told = mye_survey_told(&l->survey);
    const float *output = l->survey.output + (size_t)b * (size_t)told.n_classes;
    const int label = batch->label[b];
    int best = 0;
    for (int k = 1; k < told.n_classes; k++)
        best = output[k] > output[best] ? k : best;
    l->row[batch->index[b]] = (mye_sample_score){
        .sample = batch->index[b],
        .label = label,
        .predicted = best,
        .loss = told.loss[b],
        .error = told.error[b],
        .confidence = told.confidence[b],
        .label_probability =
            best == label ? told.confidence[b] : probability(output, told.n_classes, label),
        .score = NAN};
    l->seen++;
    l->right += best == label;
    l->loss_sum += (double)told.loss[b];
}

static mye_status look_at(looking *l, const mye_batch *batch, mye_error *err)
{
    mye_classifier *c = l->c;
    const float *image = batch->image;
    if (c->image != NULL) {
        mye_normalise_apply(&c->norm, batch->B * c->net.input.sample, batch->image, c->image);
        image = c->image;
    }
    const uint64_t seed = mye_test_seed(&c->net.config);
    const mye_survey_batch b = {.B = batch->B,
                                .image = image,
                                .index = batch->index,
                                .label = batch->label,
                                .seed = seed,
                                .epoch_seed = seed};
    MYE_TRY(mye_survey_look(&l->survey, &b, err));
    for (int i = 0; i < batch->B; i++)
        take_row(l, batch, i);
    mye_teller_tell(&l->who, l->seen, l->n, l->loss_sum / (double)l->seen,
                    (double)l->right / (double)l->seen);
    return MYE_OK;
}

static mye_status look_at_all(looking *l, mye_error *err)
{
    l->who.begin_s = mye_now_s();
    for (;;) {
        const mye_batch *batch = NULL;
        if (mye_context_cancelled(l->c->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped while looking at the samples");
        MYE_TRY(mye_loader_next(l->loader, &batch, err));
        if (!batch)
            return MYE_OK;
        MYE_TRY(look_at(l, batch, err));
    }
}

/* ---- ranks ---- */

/* Which number of a sample, the larger the earlier; what is not known comes last. */
static float hardness(const mye_sample_score *r, bool is_scored)
{
    const float x = is_scored ? r->score : r->loss;
    return isnan(x) && is_scored ? -1 : x;
}

static mye_status rank(mye_context *ctx, mye_scores *s, int64_t *hardest, int64_t *suspicious,
                       mye_error *err)
{
    float *key = mye_alloc_array(ctx, (size_t)s->n, sizeof *key);
    if (key == NULL)
        return mye_no_memory(err, (size_t)s->n * sizeof *key, "the ranks of samples");
    for (int64_t i = 0; i < s->n; i++)
        key[i] = hardness(&s->row[i], s->is_scored);
    mye_draw_rank(key, s->n, hardest);
    for (int64_t i = 0; i < s->n; i++) {
        key[i] = s->row[i].confidence - s->row[i].label_probability;
        s->n_suspicious += s->row[i].label_probability < doubtful && s->row[i].confidence > sure;
    }
    mye_draw_rank(key, s->n, suspicious);
    mye_free(ctx, key);
    return MYE_OK;
}

/* ---- the whole ---- */

static mye_status make_room(mye_context *ctx, int64_t n, mye_sample_score **row, int64_t **hardest,
                            int64_t **suspicious, mye_scores *out, mye_error *err)
{
    *row = mye_alloc_array(ctx, (size_t)n, sizeof **row);
    *hardest = mye_alloc_array(ctx, (size_t)n, sizeof **hardest);
    *suspicious = mye_alloc_array(ctx, (size_t)n, sizeof **suspicious);
    *out = (mye_scores){.n = n, .row = *row, .hardest = *hardest, .suspicious = *suspicious};
    return *row && *hardest && *suspicious
               ? MYE_OK
               : mye_no_memory(err, (size_t)n * sizeof **row, "what is known of the samples");
}

static mye_status look(looking *l, const mye_dataset *data, mye_error *err)
{
    mye_status status = open_run(l, err);
    if (status == MYE_OK)
        status = open_data(l, data, err);
    if (status == MYE_OK)
        status = look_at_all(l, err);
    mye_loader_free(l->loader);
    mye_survey_free(&l->survey);
    mye_run_free(l->run);
    return status;
}

/* The scores of training, for those samples that have one. */
static mye_status read_scores(mye_context *ctx, const char *path, looking *l, int64_t *n_scored,
                              mye_error *err)
{
    float *score = mye_alloc_array(ctx, (size_t)l->n, sizeof *score);
    if (score == NULL)
        return mye_no_memory(err, (size_t)l->n * sizeof *score, "the scores of samples");
    const mye_status status = mye_scores_read(ctx, path, MYE_SCORES_SOME, l->n, score, err);
    for (int64_t i = 0; i < l->n && status == MYE_OK; i++)
        if (score[i] >= 0) {
            l->row[i].score = score[i];
            *n_scored += 1;
        }
    mye_free(ctx, score);
    return status;
}

mye_status mye_score_samples(mye_context *ctx, mye_classifier *c, const mye_dataset *data,
                             const mye_score_options *options, const mye_callbacks *callbacks,
                             mye_scores *out, mye_error *err)
{
    static const mye_score_options plain = MYE_SCORE_OPTIONS;
    const mye_score_options *o = options ? options : &plain;
    const int64_t all = mye_dataset_about(data)->n;
    int64_t *hardest = NULL, *suspicious = NULL;
    *out = (mye_scores){0};
    if (o->limit < 0)
        return mye_fail(err, MYE_ERR_ARG, "a limit of at least 0 samples is wanted, got %lld",
                        (long long)o->limit);
    looking l = {.c = c, .who = {.callbacks = callbacks, .phase = "look", .batch = 1}};
    l.n = o->limit > 0 && o->limit < all ? o->limit : all;
    l.who.n = l.n;
    MYE_TRY(mye_trained_check(&c->net, mye_dataset_about(data), err));
    mye_status status = make_room(ctx, l.n, &l.row, &hardest, &suspicious, out, err);
    if (status == MYE_OK)
        status = look(&l, data, err);
    if (status == MYE_OK && o->file != NULL)
        status = read_scores(ctx, o->file, &l, &out->n_scored, err);
    if (status == MYE_OK) {
        out->is_scored = out->n_scored > 0;
        out->accuracy = (double)l.right / (double)l.n;
        out->loss = l.loss_sum / (double)l.n;
        status = rank(ctx, out, hardest, suspicious, err);
    }
    if (status != MYE_OK)
        mye_scores_free(ctx, out);
    return status;
}
