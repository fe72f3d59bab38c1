/* What trainer.c (making), trainer_run.c (the loop) and trainer_tell.c (what it tells) share. */
#ifndef MYE_TRAINER_H
#define MYE_TRAINER_H

#include "train/cosine.h"
#include "train/fit.h"
#include "train/pipeline.h"
#include "train/survey.h"
#include "train/train.h"

struct mye_trainer {
    mye_context *ctx;
    mye_config config;
    mye_callbacks callbacks;
    bool is_resumed;
    bool is_immediate; /* each module moves as soon as it has its gradient */

    mye_dataset *train, *test;
    int64_t n_train, n_test; /* samples in use                                */
    int64_t per_epoch;       /* batches of an epoch that visits all of them   */
    int eval_batch;
    mye_model *model;
    mye_plan plan;
    mye_input input; /* of both runs, which never work at the same time */
    mye_run *run, *test_run;
    mye_pipeline *pipeline;            /* in place of the run, with option pipeline           */
    mye_input flowing;                 /* of the batch that the pipeline's first group is at  */
    mye_cosine_plan beside;            /* of the reference run, with option cosine            */
    mye_run *reference;                /* NULL without                                        */
    mye_cosine *cosine;                /* NULL without                                        */
    const mye_cosine_result *compared; /* the last comparison, NULL: none yet       */
    mye_fit *fit;                      /* NULL: no weights are solved                         */
    mye_loader *loader, *test_loader;
    mye_sampler *sampler;
    int64_t epochs;           /* of the run: the sample policy may want fewer than configured */
    int32_t *label;           /* [n_train], NULL unless the policy wants them                 */
    mye_survey survey;        /* with a policy that looks at samples beside training          */
    unsigned char *pool;      /* memory of the next two                                       */
    mye_batch picked;         /* out of a pool                                                */
    int *pick_at;             /* [batch]                                                      */
    mye_sample_epoch decided; /* the epoch at work                                            */
    int64_t forwarded;        /* samples looked at in it beside training                      */
    double score_s, sample_s; /* spent on scores, on deciding                                 */
    mye_stepper *stepper;
    double norm; /* of the last gradient that moved the weights */

    mye_progress_state state;
    bool is_midway; /* state.batch belongs to an epoch of an earlier session */
    mye_metrics *metrics;
    mye_metrics_totals totals;

    /* the session */
    double begin_s, told_s;
    double begin_epochs;   /* epochs (with fraction) done when it began */
    int64_t epoch_batches; /* of the epoch at work */
    double epoch_s;        /* when its training began */
    int64_t epoch_images;  /* trained in it by this session */

    int n_rates;
    const char **rate_name;
    double *rate;
    int n_ways;
    mye_layer_way *way;
    int64_t session_images; /* trained since it began, for the profile */
    mye_epoch_result last;
};

mye_checkpoint mye_trainer_checkpoint(mye_trainer *t);
/* What losses that compare with the image read; nothing where samples are frames. */
void mye_trainer_show_image(const mye_trainer *t, const float *image, mye_target *target);
/* Moves the weights by the gradient in the model's block; self is the trainer. */
void mye_trainer_move(void *self, int module);

/* trainer.c: of the training run, without profile. */
mye_run_options mye_trainer_run_options(const mye_trainer *t);

/* trainer_tell.c */
void mye_trainer_tell(mye_trainer *t, const char *phase, int64_t done, int64_t total, double loss,
                      double accuracy);
void mye_trainer_note(const mye_trainer *t, const char *format, ...) MYE_PRINTF(2, 3);
/* Totals of the run so far. */
void mye_trainer_result(mye_trainer *t, mye_train_result *out);
/* MYE_ERR_NUMERIC: names the step and the first tensor that is not finite. */
mye_status mye_trainer_not_finite(const mye_trainer *t, const char *what, double value,
                                  mye_error *err);

/* trainer_cosine.c: both are called with option cosine only. */

/* The reference run: before the training run where it lends its memory, else behind it. */
mye_status mye_trainer_make_reference(mye_trainer *t, mye_error *err);
mye_status mye_trainer_make_cosine(mye_trainer *t, mye_error *err);
/* Compares gradients after `epoch` epochs, and tells. */
mye_status mye_trainer_compare(mye_trainer *t, int64_t epoch, mye_error *err);

/* trainer_pipeline.c */

/* Makes the pipeline, where there is to be one. */
mye_status mye_trainer_make_pipeline(mye_trainer *t, mye_error *err);
/* Trains the epoch's batches, from where the loader is. */
mye_status mye_trainer_flow(mye_trainer *t, mye_error *err);

/* trainer_run.c: what a batch adds to the state. */
mye_status mye_trainer_count_batch(mye_trainer *t, const mye_pipeline_result *r, mye_error *err);
double mye_trainer_mean_loss(const mye_trainer *t);
double mye_trainer_accuracy(const mye_trainer *t);
mye_status mye_trainer_cancelled(const mye_trainer *t, mye_error *err);
/* Of the next batch: seed and epoch_seed, its place in the schedule. */
mye_pipeline_batch mye_trainer_batch(mye_trainer *t, const mye_batch *batch, int64_t position);

/* trainer_sample.c */

mye_status mye_trainer_make_sampler(mye_trainer *t, mye_error *err);
void mye_trainer_free_sampler(mye_trainer *t);
/* The samples of the epoch, with what the policy wants to see before. */
mye_status mye_trainer_decide(mye_trainer *t, const mye_sample_epoch **out, mye_error *err);
/* What is logged of an epoch that is done; adds to the totals. */
mye_epoch_sample mye_trainer_sampled(mye_trainer *t);
/* OUT/scores.csv, where the policy has scores. */
mye_status mye_trainer_export_scores(const mye_trainer *t, mye_error *err);

/* trainer_look.c */

/* Behind the test run. */
mye_status mye_trainer_make_survey(mye_trainer *t, mye_error *err);
/* All that the policy wants to see before it decides; begins the sampler's epoch. */
mye_status mye_trainer_survey(mye_trainer *t, mye_error *err);
/* Where batches are pools: *batch becomes what the policy picks of it. */
mye_status mye_trainer_pick(mye_trainer *t, const mye_batch **batch, mye_error *err);
/* Renews running statistics, where the policy wants it. */
mye_status mye_trainer_statistics(mye_trainer *t, mye_error *err);

/* trainer_fit.c */

/* Nothing where no weights are solved. Behind the training run. */
mye_status mye_trainer_make_fit(mye_trainer *t, mye_error *err);
/* Solves them from the samples of the epoch. */
mye_status mye_trainer_solve(mye_trainer *t, mye_error *err);

/* profile.c: the layers that multiply, and how they are computed now. */
mye_status mye_trainer_make_ways(mye_trainer *t, mye_error *err);
void mye_trainer_read_ways(mye_trainer *t);

#endif
