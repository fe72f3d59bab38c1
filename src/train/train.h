/* What the files of src/train share: trainer, evaluation, classifier, run folder, checkpoint. */
#ifndef MYE_TRAIN_INTERNAL_H
#define MYE_TRAIN_INTERNAL_H

#include "base/base.h"
#include "data/data.h"
#include "myelin/train.h"
#include "net/graph.h"
#include "net/run.h"
#include "sample/sample.h"
#include "step/step.h"

/* ---- config_train.c ---- */

/* Is `net` a YAML file (as opposed to notation or a builder)? */
bool mye_config_net_is_file(const char *net);
/* As mye_config_read, from text. */
mye_status mye_config_parse(mye_context *ctx, mye_config *config, const char *source,
                            const char *text, mye_error *err);

/* ---- input.c: images or frames to the steps of a run ---- */

typedef struct mye_input {
    mye_context *ctx;
    mye_method method;
    const mye_encoder_type *type;
    bool is_static; /* the input is the same at every step                */
    int64_t n;      /* values of an image or frame                        */
    int64_t sample; /* values of a sample: n, or frames * n               */
    int frames, T;  /* frames: 0 for images, else T                       */
    float *scratch; /* [threads][T][n], for rules that ask for a part of the steps */
    /* the batch at work */
    int B;
    const float *image;   /* [B][n], or frames [B][T][n]             */
    const int64_t *index; /* [B] position in the data set, or NULL: 0 */
    uint64_t seed;
} mye_input;

/* For samples of `frames` frames (0: images) of n values. Refuses frames that are not T, and an
 * encoder other than direct for frames. */
mye_status mye_input_create(mye_context *ctx, const char *encoder, int frames, int64_t n, int T,
                            mye_input *out, mye_error *err);
void mye_input_free(mye_input *in);
/* Scratch that an encoder wants beside the run. */
size_t mye_input_bytes(const mye_input *in);
/* A run's source of B images. What is random depends on seed and index alone. */
mye_source mye_input_source(mye_input *in, int B, const float *image, const int64_t *index,
                            uint64_t seed);

/* ---- plan.c ---- */

/* Do the weights of a module move as soon as its gradient is there? Then modules share one block of
 * gradients. Not where gradients of all modules are wanted side by side. */
bool mye_plan_is_immediate(const mye_model *model, const mye_plan_options *options);

/* ---- trainer_sample.c ---- */

/* What a sample policy works on. */
mye_sample_facts mye_sample_facts_of(const mye_model *m, int64_t n, int64_t epochs, int batch,
                                     uint64_t seed);
/* A batch that is picked out of a pool. */
size_t mye_pool_bytes(int frames, int C, int H, int W, int batch);

/* ---- profile.c ---- */

/* One row for each node of a run that was told to profile and trained on `images` samples. */
int mye_profile_rows(mye_run *run, double images, mye_profile_row *row);

/* ---- runfolder.c ---- */

#define MYE_PATH_MAX 1024

/* FOLDER/NAME; an error when it is too long. */
mye_status mye_path_join(const char *folder, const char *name, char out[MYE_PATH_MAX],
                         mye_error *err);
/* Puts a folder's name into config->out where it is empty; makes the folder; refuses one that
 * holds a run already. */
mye_status mye_folder_make(mye_config *config, mye_error *err);
/* config.yaml, net.yaml and README.txt. */
mye_status mye_folder_describe(mye_context *ctx, const mye_config *config, const mye_model *model,
                               mye_error *err);
/* A small text file, atomically. */
mye_status mye_text_write(mye_context *ctx, const char *path, const char *text, mye_error *err);

/* ---- metrics.c: metrics.jsonl ---- */

typedef struct mye_metrics mye_metrics;
/* FOLDER/metrics.jsonl for appending. */
mye_status mye_metrics_open(mye_context *ctx, const char *folder, mye_metrics **out,
                            mye_error *err);
void mye_metrics_close(mye_metrics *m);

/* What is known when a run begins. */
typedef struct mye_metrics_start {
    const mye_config *config;
    const mye_plan *plan;
    const mye_model *model;
    const mye_dataset_info *data;
    int64_t n_train, n_test;
} mye_metrics_start;
mye_status mye_metrics_begin(mye_metrics *m, const mye_metrics_start *start, mye_error *err);
mye_status mye_metrics_resume(mye_metrics *m, int64_t epoch, int64_t batch, mye_error *err);
mye_status mye_metrics_epoch(mye_metrics *m, const mye_epoch_result *r, mye_error *err);
mye_status mye_metrics_cosine(mye_metrics *m, const mye_cosine_result *r, mye_error *err);
/* status: "finished", "cancelled" or "failed" (then with the error's message). */
mye_status mye_metrics_end(mye_metrics *m, const char *status, int64_t epochs,
                           const mye_train_result *r, const char *message, mye_error *err);

/* Totals of the epochs that are already there. */
typedef struct mye_metrics_totals {
    double train_s, test_s, images;
    double visited, forwarded; /* samples trained on; looked at beside that */
} mye_metrics_totals;
/* Drops what was written after `epochs` finished epochs (-1: everything), and half lines. */
mye_status mye_metrics_prune(mye_context *ctx, const char *folder, int64_t epochs,
                             mye_metrics_totals *out, mye_error *err);

/* ---- checkpoint.c ---- */

/* What a run must remember to go on bit for bit, beside weights and optimiser. No times: the same
 * training gives the same bytes. */
typedef struct mye_progress_state {
    int64_t epoch;   /* finished epochs                                       */
    int64_t batch;   /* finished batches of the next one                      */
    int64_t seen;    /* samples in them                                       */
    int64_t correct; /* of those                                              */
    int64_t best_epoch;
    double loss_sum; /* over samples                                          */
    double best_accuracy;
} mye_progress_state;

typedef struct mye_checkpoint {
    mye_context *ctx;
    mye_model *model;
    mye_stepper *stepper; /* NULL: weights only */
    mye_sampler *sampler;
    mye_run *run;
    struct mye_pipeline *pipeline; /* in place of the run; NULL: none */
    mye_progress_state *state;
    const mye_config *config;
    const mye_dataset_info *data; /* input shape, normalisation, classes */
    bool for_inference;           /* saving: without auxiliary nodes      */
} mye_checkpoint;

/* Saving uses the model's gradients as scratch: they are those of a step that is done. */
mye_status mye_checkpoint_save(const mye_checkpoint *c, const char *path, mye_error *err);
/* Fills model, stepper, sampler and state. Refuses a checkpoint of another network or of settings
 * that would not continue the same run. */
mye_status mye_checkpoint_load(const mye_checkpoint *c, const char *path, mye_error *err);

/* What a checkpoint says of its model's input. */
typedef struct mye_checkpoint_input {
    int C, H, W, classes;
    int frames; /* 0: images */
    float mean[4], deviation[4];
} mye_checkpoint_input;
struct mye_st;
mye_status mye_checkpoint_describe(mye_context *ctx, const struct mye_st *st, mye_config *config,
                                   mye_checkpoint_input *input, mye_error *err);

/* ---- weights_file.c ---- */

/* Items for a model's weights, with or without those of auxiliary nodes; returns how many. item: room
 * for model->n_weights. */
struct mye_st_item;
int mye_weight_items(const mye_model *model, bool auxiliary, struct mye_st_item *item);
/* Reads all weights; checks names and shapes of all before it changes any. */
mye_status mye_weights_read(mye_context *ctx, mye_model *model, const struct mye_st *st,
                            mye_error *err);
/* Room for the largest weight: the gradient block where it is large enough, else new memory. */
float *mye_weight_scratch(mye_context *ctx, mye_model *model, bool *is_new);

/* ---- teller.c: progress of one pass over a data set ---- */

/* Says nothing without callbacks or a phase. `done` and `total` of mye_teller_tell, which fits
 * mye_tester.progress, are in units of `batch` of the n samples. */
typedef struct mye_teller {
    const mye_callbacks *callbacks;
    const char *phase;
    int64_t n, batch;
    double begin_s, last_s;
} mye_teller;

void mye_teller_tell(void *self, int64_t done, int64_t total, double loss, double accuracy);

/* ---- tester.c: one pass over a data set without learning ---- */

/* (pixel - mean) / deviation as the loader computes it, to the bit. Channel c counts as min(c, 3). */
typedef struct mye_normalise {
    int C;
    float gain[4], offset[4];
} mye_normalise;

mye_normalise mye_normalise_of(int C, const float mean[4], const float deviation[4]);
void mye_normalise_apply(const mye_normalise *norm, int64_t n, const float *pixels, float *out);

typedef struct mye_tester {
    mye_context *ctx;
    const mye_model *model;
    mye_run *run;
    mye_input *input;
    mye_loader *loader;
    int64_t n;    /* samples: the first n of the data set */
    int64_t over; /* not 0: n samples evenly spread over the first so many */
    int64_t from; /* the first of them, where they are not spread          */
    int T, batch;
    uint64_t seed;
    const mye_normalise *norm; /* not NULL: the loader's images are normalised into `image` */
    float *image;              /* [batch][input->sample] */
    /* Not NULL: changes n normalised values. */
    void (*adjust)(const void *adjuster, int64_t n, float *image);
    const void *adjuster;
    void (*progress)(void *self, int64_t done, int64_t total, double loss, double accuracy);
    void *self;
    /* results */
    int64_t seen, correct;
    double loss_sum;
    int64_t *confusion; /* [classes][classes] or NULL */
    int classes;
    double *rate; /* [mye_rate_count] spikes per neuron and step */
    /* while it runs: the batch at work, which begins with sample number `seen` */
    const mye_batch *batch_at;
} mye_tester;

/* Seed of what is random in the encoding of test images. */
uint64_t mye_test_seed(const mye_config *config);
mye_status mye_tester_run(mye_tester *t, mye_error *err);
/* Neuron nodes of the network whose firing rate is known: those whose spikes are counted. */
int mye_rate_count(const mye_model *model);
void mye_rate_names(const mye_model *model, const char **name);

#endif
