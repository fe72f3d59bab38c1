/* Comparing gradients: what cosine_plan.c, cosine.c and the trainer share. */
#ifndef MYE_COSINE_H
#define MYE_COSINE_H

#include "train/train.h"

/* ---- cosine_plan.c ---- */

/* The reference run beside a training run. */
typedef struct mye_cosine_plan {
    char reference[MYE_METHOD_MAX]; /* its time rule                                            */
    bool lends;                     /* it is the larger one: the training run works in its arena */
    size_t bytes;                   /* of it and of what is kept aside, beside the training run  */
} mye_cosine_plan;

/* A gradient can be compared when it is in the model's block after a step: refuses a time rule that
 * has moved the weights by it already. */
mye_status mye_cosine_check(mye_context *ctx, const char *time, mye_error *err);
/* The rule that `cosine` means beside a run that goes step by step (`per_step`) or not: its own mode
 * is s then, where it has one, so that batch norm sees the same steps in both and only the rules
 * differ. */
mye_status mye_cosine_reference(mye_context *ctx, const char *cosine, bool per_step,
                                char out[MYE_METHOD_MAX], mye_error *err);
/* own: the training run's plan. */
mye_status mye_cosine_plan_make(mye_context *ctx, const mye_model *model,
                                const mye_plan_options *options, const mye_plan *own,
                                mye_cosine_plan *out, mye_error *err);

/* ---- cosine.c ---- */

typedef struct mye_cosine mye_cosine;

/* What a comparison reads. */
typedef struct mye_cosine_setting {
    mye_run *run;       /* the training run                                        */
    mye_run *reference; /* another one on the same model, of at least that batch   */
    mye_input *input;
    mye_loader *loader; /* of held samples, without augmentation                   */
    int64_t n;          /* samples that it may read: the first n of its data set   */
    int batch;          /* of the training run                                     */
    int loaded;         /* of the loader                                           */
    int64_t batches;    /* as many, where there are so many samples                */
    uint64_t seed;
    /* Adds to the target what losses read beside labels; NULL: nothing. */
    void (*target)(const void *self, const float *image, mye_target *target);
    const void *self;
} mye_cosine_setting;

/* What it keeps aside: one gradient and the running statistics. */
size_t mye_cosine_bytes(const mye_model *model);
/* Names and time rules are taken from the runs, which must outlive it. */
mye_status mye_cosine_create(mye_context *ctx, const mye_model *model,
                             const mye_cosine_setting *setting, mye_cosine **out, mye_error *err);
void mye_cosine_free(mye_cosine *c);
/* Compares now; the result stays until the next call. Weights, running statistics, the ways of the
 * layers and what a profile counts are afterwards as they were, also on failure; gradients are not.
 * MYE_ERR_CANCELLED between two batches. */
mye_status mye_cosine_measure(mye_cosine *c, int64_t epoch, const mye_cosine_result **out,
                              mye_error *err);

#endif
