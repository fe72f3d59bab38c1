/*
 * Survey: forward passes over training samples that nothing is learned from, by an inference run that
 * may be smaller than a batch. What it tells of single samples is collected for the whole batch.
 */
#ifndef MYE_SURVEY_H
#define MYE_SURVEY_H

#include "train/train.h"

typedef struct mye_survey {
    mye_context *ctx;
    mye_run *run; /* inference, with the tells that are wanted */
    mye_input *input;
    int run_batch;
    unsigned char *block;
    float *loss, *error, *spikes, *confidence, *error_vector,
        *feature; /* [batch]...; NULL: not told */
    bool *right;
    const float *output; /* [run's batch][n_classes] of the run's last step; belongs to the run */
    int n_classes;
    int64_t n_feature;
} mye_survey;

/* For batches of up to `batch`, whatever the run's own is; the run outlives it. */
mye_status mye_survey_create(mye_context *ctx, mye_run *run, mye_input *input, int batch,
                             mye_survey *out, mye_error *err);
size_t mye_survey_bytes(const mye_model *model, unsigned tells, int batch);
void mye_survey_free(mye_survey *s);

typedef struct mye_survey_batch {
    int B;
    const float *image;
    const int64_t *index;
    const int32_t *label;
    const int32_t *label_b; /* of mixup, or NULL */
    const float *mix;       /* or NULL           */
    uint64_t seed, epoch_seed;
} mye_survey_batch;
mye_status mye_survey_look(mye_survey *s, const mye_survey_batch *b, mye_error *err);
/* Of the batch that was looked at last. */
mye_told mye_survey_told(const mye_survey *s);

#endif
