/*
 * Sample axis: which examples are visited. One policy = one file + one line in sample_list.inc.
 *
 * At the beginning of an epoch a policy writes the order of the samples and a weight for each one's
 * loss; after each batch it is told what the run found out about its samples. It may first ask for
 * forward passes over samples of its choice (a survey), and it may choose within batches: then the
 * loader brings pools, and of each pool the policy picks a batch.
 *
 * The ratio that is pruned, `rho`, counts the whole run: of N samples and E epochs, (1 - rho) N E are
 * trained on, full epochs at the beginning and the end included (data_pruning.md section 1).
 */
#ifndef MYE_SAMPLE_H
#define MYE_SAMPLE_H

#include "net/run.h"

/* What a policy works on. */
typedef struct mye_sample_facts {
    int64_t n;      /* samples                                          */
    int64_t epochs; /* of the run, as configured                        */
    int batch;      /* samples of a training step                       */
    uint64_t seed;
    int classes;
    const int32_t *label; /* [n]; NULL unless the policy wants labels         */
    bool has_batch_norm;  /* statistics of the samples that are visited count */
    double dense_share;   /* of the trained weights: those of dense layers    */
    int64_t n_feature;    /* of the last layer's input; 0: not known          */
} mye_sample_facts;

/* What is known of samples that a step visited. */
typedef struct mye_sample_view {
    int B;
    const int64_t *index; /* [B] */
    mye_told told;
    bool forward_only; /* a survey, or a pool: nothing was learned                         */
    double seconds;    /* the step took; 0: not known                                       */
} mye_sample_view;

/* The samples of an epoch. On entry: order and weight have room (`room` of the rule), weights are 1,
 * lr_scale is 1, all else is 0. */
typedef struct mye_sample_epoch {
    int64_t *order;
    float *weight;
    void *work; /* work_bytes of the rule, for the time of the call                             */
    int64_t n;
    double lr_scale; /* on the learning rate of the epoch                                    */
    /* for the log; NAN: has no meaning for this policy */
    double keep;       /* share that the schedule wanted, k(e)                        */
    double capped;     /* samples that are visited for certain, pi = 1                */
    double spread;     /* Rhat = (sum s)^2 / (n sum s^2) of the scores s              */
    double max_weight; /* filled in by the sampler                                   */
    double mean_age;   /* epochs since a score was last renewed, mean                 */
} mye_sample_epoch;

/* Of a pool, which samples are trained on, with which weights. */
typedef struct mye_sample_pick {
    int n;         /* at most the batch                                                      */
    int *at;       /* [batch] positions in the pool; one may stand there several times       */
    float *weight; /* [batch], 1 on entry                                                  */
    void *work;    /* work_bytes of the rule, for the time of the call                        */
} mye_sample_pick;

typedef struct mye_sample_rule {
    mye_entry entry;
    bool (*wants_labels)(const void *options); /* mye_sample_facts.label; NULL: no */
    /* Refuses what has no meaning. NULL: ranges are enough. */
    mye_status (*check)(const void *options, const mye_sample_facts *f, mye_error *err);
    /* Epochs of the run, where it is not as configured; NULL: is. */
    int64_t (*epochs)(const void *options, int64_t epochs);
    size_t (*state_bytes)(const void *options, const mye_sample_facts *f); /* NULL: none */
    /* Fills the state that a run begins with; may read files. A run that goes on loads its own state
     * afterwards. NULL: all bytes 0. */
    mye_status (*open)(mye_context *ctx, const void *options, const mye_sample_facts *f,
                       void *state, mye_error *err);
    /* Memory beside the state that is there during a survey, 0 at first, and in no checkpoint. NULL:
     * none */
    size_t (*scratch_bytes)(const void *options, const mye_sample_facts *f);
    size_t (*work_bytes)(const void *options, const mye_sample_facts *f); /* NULL: none */
    int64_t (*room)(const void *options, const mye_sample_facts *f); /* longest order; NULL: n */
    /* MYE_TELL_... of training steps (surveys), NULL: nothing but the loss. */
    unsigned (*tells)(const void *options, const mye_sample_facts *f);
    unsigned (*survey_tells)(const void *options, const mye_sample_facts *f);
    /* Samples of a forward pass that renews running statistics before each test; NULL: none. */
    int64_t (*statistics)(const void *options, const mye_sample_facts *f);
    /* May it give weights other than 1, at all? NULL: no. */
    bool (*weighs)(const void *options);
    /* Samples that it wants to see, as they are in the data set, in forward pass `pass` (from 0) before
     * the epoch is decided: writes their order (room for n), returns how many; 0: no more. scratch is NULL in pass 0, and goes
     * when 0 is returned: what it holds has to be in the state then. NULL: no surveys. */
    int64_t (*survey)(const void *options, const mye_sample_facts *f, void *state, void *scratch,
                      int64_t epoch, int pass, int64_t *order);
    /* Decides. Pure function of (options, facts, state, epoch), which may change the state. */
    void (*epoch)(const void *options, const mye_sample_facts *f, void *state, int64_t epoch,
                  mye_sample_epoch *out);
    /* Told after each batch and of each pass of a survey; NULL: does not learn from scores. */
    void (*observe)(const void *options, const mye_sample_facts *f, void *state, void *scratch,
                    int64_t epoch, const mye_sample_view *v);
    /* Samples of a pool; NULL or 0: batches are trained on as they come. */
    int (*pool)(const void *options, const mye_sample_facts *f);
    /* Does the policy want to see the next pool, with survey_tells? If not, the pool's first samples are
     * the batch. NULL: yes. */
    bool (*looks)(const void *options, const mye_sample_facts *f, const void *state);
    void (*pick)(const void *options, const mye_sample_facts *f, void *state, uint64_t seed,
                 const mye_sample_view *v, mye_sample_pick *out);
    /* Scores of the samples for export, [n], in the state, or NULL: none yet; NAN: not seen. */
    const float *(*scores)(const void *options, const mye_sample_facts *f, const void *state);
} mye_sample_rule;
extern const mye_kind mye_kind_sample;

/*
 * Sampler: a policy at work. For bit-exact resume in the middle of an epoch it keeps the policy's state
 * as it was when the epoch was decided beside the present one: the epoch's order is made again from
 * the former.
 */
typedef struct mye_sampler mye_sampler;
mye_status mye_sampler_create(mye_context *ctx, const char *policy, const mye_sample_facts *facts,
                              mye_sampler **out, mye_error *err);
void mye_sampler_free(mye_sampler *s);
unsigned mye_sampler_tells(const mye_sampler *s, bool survey);
bool mye_sampler_weighs(const mye_sampler *s);
int64_t mye_sampler_statistics(const mye_sampler *s);
int mye_sampler_pool(const mye_sampler *s);     /* 0: none */
bool mye_sampler_surveys(const mye_sampler *s); /* forward passes beside training steps? */

/* The samples of pass `pass` of the survey before `epoch`; returns how many, 0: no more, -1: no
 * memory. The order belongs to the sampler. Pass 0 begins the epoch, also where there is no survey: one
 * that was begun already and not trained in (it was stopped) begins with the state it had. */
int64_t mye_sampler_survey(mye_sampler *s, int64_t epoch, int pass, const int64_t **order);
/* Decides the samples of `epoch` (from 0). The result belongs to the sampler. */
const mye_sample_epoch *mye_sampler_epoch(mye_sampler *s, int64_t epoch);
void mye_sampler_observe(mye_sampler *s, int64_t epoch, const mye_sample_view *v);
bool mye_sampler_looks(const mye_sampler *s);
void mye_sampler_pick(mye_sampler *s, uint64_t seed, const mye_sample_view *v,
                      mye_sample_pick *out);
/* [n], NAN where not known; NULL: the policy has none. */
const float *mye_sampler_scores(const mye_sampler *s);
/* For checkpoints: the state when the epoch was decided, then the present one, each half of the
 * bytes; NULL and 0 for policies without state. */
void *mye_sampler_state(mye_sampler *s, size_t *bytes);
/* After both were loaded: makes the order of `epoch` again and goes on from the present state. */
const mye_sample_epoch *mye_sampler_restore(mye_sampler *s, int64_t epoch);

/* What a policy asks for, before there is data and memory: for plans and configurations. */
typedef struct mye_sample_wants {
    int64_t epochs;
    unsigned tells, survey_tells;
    int pool;     /* samples of a pool, 0: none */
    int64_t room; /* longest order              */
    bool labels, weighs, surveys;
    size_t bytes; /* of a sampler */
} mye_sample_wants;
mye_status mye_sample_ask(mye_context *ctx, const char *policy, const mye_sample_facts *facts,
                          mye_sample_wants *out, mye_error *err);

#endif
