/*
 * Training: a configuration, a trainer, a run folder.
 *
 * The configuration is one flat struct driven by one parameter table: YAML keys, `--set`, command
 * line flags and documentation are the same names. A run folder holds
 *   config.yaml        the resolved configuration; `myelin train config.yaml` repeats the run
 *   net.yaml           the graph
 *   metrics.jsonl      one JSON object per epoch (and one "start", one "end")
 *   last.safetensors   weights, optimiser, counters and configuration of the last epoch
 *   best.safetensors   the same of the epoch with the best test accuracy
 *   scores.csv         last score of each training sample, where the sample policy has scores
 *   report.html        curves and firing rates, self-contained
 *   scores.csv         score of each training sample, where the sample policy has scores
 *   README.txt         what these files are
 */
#ifndef MYELIN_TRAIN_H
#define MYELIN_TRAIN_H

#include "myelin/data.h"
#include "myelin/network.h"
#include "myelin/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_config {
    /* what is trained */
    char net[2048];
    char neuron[MYE_METHOD_MAX];
    char data[MYE_METHOD_MAX];
    char data_dir[512];
    char encoder[MYE_METHOD_MAX];
    char augment[MYE_METHOD_MAX];
    /* the axes */
    char time[MYE_METHOD_MAX];
    char depth[MYE_METHOD_MAX];
    char sample[MYE_METHOD_MAX];
    char step[MYE_METHOD_MAX];
    char schedule[MYE_METHOD_MAX];
    char loss[MYE_METHOD_MAX];
    /* numbers */
    int64_t T, batch, epochs, eval_batch;
    double clip; /* gradient norm; 0 = off                                         */
    double rate_strength, rate_target; /* firing rates above the target cost loss; 0 = off   */
    char cosine[MYE_METHOD_MAX]; /* time rule whose gradient is compared; "" = off           */
    int64_t pipeline;            /* groups of modules on threads of their own; 1: none     */
    int64_t cosine_batches;      /* held batches of that comparison                          */
    int64_t seed, threads;
    int64_t limit_train, limit_test; /* use only so many samples; 0 = all                      */
    int64_t memory; /* refuse (or fit) above so many bytes; 0 = no limit              */
    bool drop_last;
    bool exact;       /* layers in one fixed order of sums, whatever their input            */
    bool profile;     /* measure the time of each node                                      */
    char kernels[16]; /* "" = best                                                      */
    char out[512];    /* run folder; "" = runs/<date>-<net>-<time>                      */
    char init[512];   /* checkpoint to start from; "" = fresh weights                   */
} mye_config;

/* The parameter table of mye_config (ends with a NULL name). */
MYE_API const mye_param *mye_config_params(void);
MYE_API mye_status mye_config_default(mye_config *config, mye_error *err);
/* Applies a YAML file (unknown keys are errors with line and column). */
MYE_API mye_status mye_config_read(mye_context *ctx, mye_config *config, const char *path,
                                   mye_error *err);
/* One key, dotted keys reach into methods: "step.lr". */
MYE_API mye_status mye_config_set(mye_config *config, const char *key, const char *value,
                                  mye_error *err);
/*
 * What a configuration plans: the training run, and, when the data sets' sizes are known (n_train,
 * n_test samples; 0: planned without data), the test run and the loaders beside it. Strings point
 * into the configuration.
 */
MYE_API mye_plan_options mye_config_plan(const mye_config *config, int64_t n_train, int64_t n_test);
/* YAML text of every key, with comments from the table; free with free_text. */
MYE_API mye_status mye_config_text(mye_context *ctx, const mye_config *config, char **out,
                                   mye_error *err);
MYE_API void mye_text_release(mye_context *ctx, char *text);

/* What a training run tells while it works. Numbers are of the epoch so far. */
typedef struct mye_progress {
    const char *phase;     /* "train", "test", "save" */
    int64_t epoch, epochs; /* from 1 */
    int64_t done, total;   /* batches of this phase */
    double loss, accuracy; /* accuracy in 0..1 */
    double images_per_s;
    double elapsed_s, left_s; /* of the whole run; left_s < 0: not known yet */
} mye_progress;

/* How a layer's passes are computed: "direct", "winograd", "spikes"; "" where it has not yet run. */
typedef struct mye_layer_way {
    const char *layer, *forward, *data, *weight;
} mye_layer_way;

/* What the sample policy did in an epoch. NAN: has no meaning for the policy. */
typedef struct mye_epoch_sample {
    double keep;              /* share of the training set that the policy's schedule wanted    */
    int64_t samples;          /* visits that were learned from                                  */
    int64_t forwarded;        /* forward passes beside: surveys, pools, running statistics      */
    double capped;            /* samples that are visited for certain                           */
    double spread;            /* (sum s)^2 / (n sum s^2) of the scores: 1 where all are alike   */
    double max_weight;        /* largest weight of a sample's loss                              */
    double mean_age;          /* epochs since a sample's score was renewed                      */
    double lr_scale;          /* factor on the learning rate                                    */
    double visited;           /* visits so far, as a share of (samples times configured epochs) */
    double score_s, sample_s; /* spent on scores of samples, on deciding which are visited */
} mye_epoch_sample;

typedef struct mye_epoch_result {
    int64_t epoch;
    double train_loss, train_accuracy, test_loss, test_accuracy;
    double learning_rate;
    double train_s, test_s, images_per_s; /* images_per_s: of training */
    double processed;                     /* fraction of the training set that was visited */
    mye_epoch_sample sample;
    int n_rates;
    const char *const *rate_name; /* neurons' names             */
    const double *rate;           /* spikes per neuron and step */
    int n_ways;
    const mye_layer_way *way; /* how layers were computed last */
} mye_epoch_result;

/*
 * The gradient of the run's time rule (g) beside that of a reference rule (r): at the same weights,
 * on the same held batches of test samples, with the same loss and the same dropout. Both numbers
 * are taken batch by batch and averaged over the batches:
 *
 *   cosine = <g, r> / (|g| |r|)       norm_ratio = |g| / |r|
 *
 * A batch on which one of them has no meaning (a norm is 0) is left out; NAN: all were.
 */
typedef struct mye_layer_cosine {
    const char *layer; /* convolution or dense layer: its weight, without bias */
    double cosine, norm_ratio;
} mye_layer_cosine;

typedef struct mye_cosine_result {
    int64_t epoch;                /* finished epochs; 0: before the first step            */
    const char *rule, *reference; /* time rules, as they were run                         */
    int batches;
    int64_t samples;                           /* in all batches                           */
    double cosine, norm_ratio;                 /* of everything that is trained            */
    double weights_cosine, weights_norm_ratio; /* of the layers' weights as one vector     */
    int n_layers;
    const mye_layer_cosine *layer; /* in the order of the network */
} mye_cosine_result;

typedef struct mye_callbacks {
    void (*progress)(void *user, const mye_progress *p); /* several times a second at most */
    void (*epoch)(void *user, const mye_epoch_result *r);
    void (*note)(void *user, const char *line); /* one-line remarks */
    void *user;
    void (*cosine)(void *user, const mye_cosine_result *r); /* with option cosine: see there */
} mye_callbacks;

typedef struct mye_train_result {
    mye_epoch_result last; /* of the last epoch; pointers belong to the trainer */
    double best_test_accuracy;
    int64_t best_epoch;
    double train_s, total_s, images_per_s; /* images_per_s: over all epochs */
    double visited;   /* samples learned from, as a share of (samples times configured epochs) */
    double forwarded; /* samples that were looked at beside that                               */
    size_t planned_bytes;   /* plan.total_bytes                                  */
    size_t allocated_bytes; /* most that the context had allocated               */
    size_t peak_rss_bytes;  /* of the process, as the system says                */
    size_t data_bytes;      /* the data set in memory                            */
    const char *folder;
    const mye_cosine_result *cosine; /* the last of this session; NULL: none was made           */
} mye_train_result;

/* Where the time of training steps went; of option `profile`. */
typedef struct mye_profile_row {
    const char *node, *op;
    double forward_s, backward_s, weight_s; /* backward_s holds weight_s: the weights' gradient */
    double forward_gflop, data_gflop, weight_gflop; /* of the dense computation               */
    mye_layer_way way;
} mye_profile_row;

typedef struct mye_trainer mye_trainer;

/* Opens data, builds the model, plans and allocates; makes the run folder with its first checkpoint.
 * `resume`: continue in config->out; read config->out/config.yaml into the config first. Only epochs,
 * eval_batch, limit_test, data_dir, threads, memory and kernels may differ from the
 * checkpoint's. Threads and kernels are those of ctx: make it from the configuration. */
MYE_API mye_status mye_trainer_create(mye_context *ctx, const mye_config *config, bool resume,
                                      const mye_callbacks *callbacks, mye_trainer **out,
                                      mye_error *err);
/* Trains to the last epoch. MYE_ERR_CANCELLED after mye_context_cancel: the step was finished and
 * the state saved; resume continues bit for bit. */
MYE_API mye_status mye_trainer_run(mye_trainer *trainer, mye_train_result *out, mye_error *err);
MYE_API const mye_config *mye_trainer_config(const mye_trainer *trainer);
MYE_API const mye_plan *mye_trainer_plan(const mye_trainer *trainer);
MYE_API mye_model *mye_trainer_model(mye_trainer *trainer);
/* One row for each node; returns how many. `row`: room for as many as the model has nodes. */
MYE_API int mye_trainer_profile(const mye_trainer *trainer, mye_profile_row *row);
MYE_API void mye_trainer_free(mye_trainer *trainer);

/* ---- inference ---- */

/*
 * A model with its input encoding, ready to classify. Everything is planned and allocated when it is
 * opened; packed weights stay from call to call. A classifier serves one thread at a time.
 *
 * int8: layers whose input is spikes use 8-bit weights, with one scale for each output channel.
 * Everything else - the first layer (pixels), layers behind average pooling or an addition,
 * normalisation, neurons - stays in 32-bit floats. Scores differ a little; measure it with
 * mye_evaluate or `myelin eval --int8`.
 */
typedef struct mye_classifier mye_classifier;
typedef struct mye_infer_options {
    int batch; /* images of a call, at most     */
    int T;     /* time steps; 0: as in training */
    bool int8; /* 8-bit weights                 */
} mye_infer_options;

#define MYE_INFER_OPTIONS \
    {                     \
        1, 0, false       \
    }

/* From a checkpoint file, or a run folder: its best checkpoint, else its last. options may be NULL. */
MYE_API mye_status mye_classifier_open(mye_context *ctx, const char *path,
                                       const mye_infer_options *options, mye_classifier **out,
                                       mye_error *err);
/* Another scaling of pixels than the file's (ONNX files have none): "data" as the data set has it, "none",
 * or "MEAN/DEVIATION" with a number each or one for each channel ("0.5/0.25"); NULL or "": as it is.
 * MYE_ERR_ARG for other text, MYE_ERR_UNSUPPORTED where the encoder takes pixels as they are. */
MYE_API mye_status mye_classifier_normalise(mye_classifier *c, const char *how,
                                            const mye_dataset_info *data, mye_error *err);
MYE_API const mye_config *mye_classifier_config(const mye_classifier *c);
MYE_API const mye_model *mye_classifier_model(const mye_classifier *c);
/* Classifies: pixels [n][H][W][C] in [0, 1], or frames of events [n][T][H][W][C]; scores [n][classes], the largest is the answer (outputs
 * collapsed over time as the readout says); n at most `batch`. Allocates nothing. */
MYE_API mye_status mye_infer(mye_classifier *c, int n, const float *pixels, float *scores,
                             mye_error *err);
MYE_API void mye_classifier_free(mye_classifier *c);

typedef struct mye_eval_result {
    int64_t n;
    double accuracy, loss, images_per_s;
    int classes;
    int64_t *confusion; /* [classes][classes], row = truth; free with mye_eval_free */
    int n_rates;
    const char *const *rate_name; /* of the classifier's model */
    double *rate;
    double latency_s;       /* of mye_infer with one image: median            */
    int n_layers, n_int8;   /* layers with weights; of these, with 8-bit ones */
    size_t allocated_bytes; /* of the classifier's run                        */
} mye_eval_result;
MYE_API mye_status mye_evaluate(mye_context *ctx, mye_classifier *c, const mye_dataset *data,
                                const mye_callbacks *callbacks, mye_eval_result *out,
                                mye_error *err);
MYE_API void mye_eval_free(mye_context *ctx, mye_eval_result *r);

/* ---- samples that are hard, or labelled wrong ---- */

/* What a network says of one sample; probabilities are the softmax of its output's mean over time. */
typedef struct mye_sample_score {
    int64_t sample;          /* position in the data set                                     */
    int label, predicted;    /* classes: of the data set, of the network                     */
    float loss;              /* the sample's own, as the run's loss says                     */
    float error;             /* sum over steps of |dloss/d(output)|; with ce_mean |softmax - y| */
    float confidence;        /* probability of `predicted`, 0..1                             */
    float label_probability; /* probability of `label`, 0..1                                 */
    float score;             /* of the sample policy while training, from 0; NAN: not known  */
} mye_sample_score;

typedef struct mye_score_options {
    int64_t limit;    /* look at the first so many samples; 0 = all                              */
    const char *file; /* scores.csv of a run folder ("sample,score"), for `score`; NULL: none    */
} mye_score_options;

#define MYE_SCORE_OPTIONS \
    {                     \
        0, NULL           \
    }

typedef struct mye_scores {
    int64_t n;                   /* samples that were looked at                                  */
    const mye_sample_score *row; /* [n], row i is sample i                                       */
    /*
     * [n] positions in row. hardest: by falling score of training where one is known, else by falling
     * loss (is_scored says which). suspicious: by falling confidence - label_probability, which is 0
     * where the network agrees with the label: examples whose label may be wrong come first.
     */
    const int64_t *hardest, *suspicious;
    bool is_scored;
    int64_t n_scored;     /* samples with a score of training                                     */
    int64_t n_suspicious; /* label_probability below 0.1 and confidence above 0.9 (another class) */
    double accuracy, loss;
} mye_scores;

/*
 * A forward pass over samples of `data` as they are (no augmentation), usually the training set that
 * the classifier learned. Errors: MYE_ERR_SHAPE where the classifier wants other samples,
 * MYE_ERR_ARG for a negative limit, MYE_ERR_IO and MYE_ERR_FORMAT for the file of scores,
 * MYE_ERR_NOMEM, MYE_ERR_CANCELLED. options and callbacks (progress only) may be NULL. Free with
 * mye_scores_free. Error norm: Paul et al., Deep Learning on a Data Diet, NeurIPS 2021 (EL2N).
 * Confident disagreement as a sign of label noise: Northcutt et al., Confident Learning, JAIR 2021.
 */
MYE_API mye_status mye_score_samples(mye_context *ctx, mye_classifier *c, const mye_dataset *data,
                                     const mye_score_options *options,
                                     const mye_callbacks *callbacks, mye_scores *out,
                                     mye_error *err);
MYE_API void mye_scores_free(mye_context *ctx, mye_scores *scores);

/* ---- checkpoints ---- */

/* Loads the weights of a safetensors file into a model of the same tensors (names, shapes). It may
 * lack those of nodes that the model's depth rule has added to the network; they stay as they are. */
MYE_API mye_status mye_weights_load(mye_context *ctx, mye_model *model, const char *path,
                                    mye_error *err);
MYE_API mye_status mye_weights_save(mye_context *ctx, const mye_model *model, const char *path,
                                    mye_error *err);

/* ---- reports ---- */

/* Writes FOLDER/report.html from the files of a run folder. */
MYE_API mye_status mye_report_run(mye_context *ctx, const char *folder, mye_error *err);
/* Planned peaks of several methods over the number of time steps. */
typedef struct mye_plan_grid {
    const char *title; /* what is planned: "resnet18, batch 64" */
    int n_methods, n_T;
    const char *const *method;
    const int *T;
    const double *bytes;        /* [n_methods][n_T]; NAN: refused                 */
    const char *const *refusal; /* [n_methods] why, NULL where nothing was refused */
} mye_plan_grid;
/* A page with them as figure (both axes by doublings) and table. */
MYE_API mye_status mye_report_plan(mye_context *ctx, const mye_plan_grid *grid, const char *path,
                                   mye_error *err);
/* A page with the `count` hardest and most suspicious samples, their pictures (of events the sum of
 * the frames) and a histogram of the scores. `title` is a heading: which run. */
MYE_API mye_status mye_report_scores(mye_context *ctx, const mye_scores *scores,
                                     const mye_dataset *data, int count, const char *title,
                                     const char *path, mye_error *err);
/* One page that sets several run folders side by side. */
MYE_API mye_status mye_report_compare(mye_context *ctx, const char *const *folders, int n,
                                      const char *title, const char *path, mye_error *err);

#ifdef __cplusplus
}
#endif
#endif
