/*
 * Pipeline: the modules of a cut network in groups, each group on a thread of its own. Modules hand
 * values on and get nothing back, so while one group is at a batch the group before is at the next
 * one. Every module sees the same batches in the same order as it would alone, and moves its weights
 * behind each: the numbers are those of training one batch after the other, bit for bit.
 *
 * Groups are consecutive modules of about the same number of multiply-adds. Between two groups waits
 * a bounded queue of packets. This is the way to many machines too: a group needs its weights, its
 * state of the step rule and packets, nothing else.
 */
#ifndef MYE_PIPELINE_H
#define MYE_PIPELINE_H

#include "train/train.h"

typedef struct mye_pipeline mye_pipeline;

/* Groups at most, and packets for each: one at work, one that waits. */
enum { MYE_PIPELINE_MAX = 64, MYE_PIPELINE_PER_STAGE = 2 };

typedef struct mye_pipeline_options {
    mye_run_options
        run;        /* of the whole training run; immediate, first_module, n_modules are set here */
    int stages;     /* groups: 1 to the number of modules                        */
    int threads;    /* of each group                                             */
    int64_t sample; /* values of a sample as it is copied */
    double clip;    /* of the gradient norm of each module; 0: none              */
} mye_pipeline_options;

/* One batch; arrays are copied. */
typedef struct mye_pipeline_batch {
    int B;
    const float *image;   /* [B][sample]; target.image may be the same           */
    const int64_t *index; /* [B] or NULL                                         */
    mye_target target;
    uint64_t seed, epoch_seed; /* of the step; of the epoch, for `fill`               */
    mye_stepper_time when;     /* of the step rule                                    */
} mye_pipeline_batch;

typedef struct mye_pipeline_result {
    double loss, norm; /* norm: of all modules' gradients                    */
    int64_t correct;
    int B;
    double seconds; /* of the step; 0: not known                                     */
    mye_told told;  /* of each sample; this and index until the next call            */
    const int64_t *index;
} mye_pipeline_result;

/* How the first group fills the network's input from a batch that waits in a packet: asked once for
 * each step, by that group's thread. */
typedef mye_source (*mye_pipeline_source)(void *self, const mye_pipeline_batch *batch);

/* Model and stepper must outlive it; the model's gradients must not be shared between modules.
 * MYE_ERR_ARG for more stages than modules, MYE_ERR_UNSUPPORTED for rules that hold one time step at a
 * time, MYE_ERR_NOMEM. */
mye_status mye_pipeline_create(mye_context *ctx, const mye_model *model, const mye_stepper *stepper,
                               const mye_pipeline_options *options, mye_pipeline_source source,
                               void *self, mye_pipeline **out, mye_error *err);
/* Options for a plan's settings and the run that it is for. Refuses what makes no pipeline. */
mye_status mye_pipeline_setting(mye_context *ctx, const mye_model *model, const mye_plan_options *o,
                                const mye_run_options *run, mye_pipeline_options *out,
                                mye_error *err);
/* What it would take, in place of a run's: `out` as mye_run_count fills it, for all groups. */
mye_status mye_pipeline_count(mye_context *ctx, const mye_model *model,
                              const mye_pipeline_options *options, mye_plan *out, mye_error *err);
/* Waits until all batches are through. */
void mye_pipeline_free(mye_pipeline *p);
/* Is there room for another batch? If not, a result has to be taken first. */
bool mye_pipeline_has_room(const mye_pipeline *p);
void mye_pipeline_put(mye_pipeline *p, const mye_pipeline_batch *batch);
/* The next result, in the order of the batches; waits for it. false: no batch is under way. A group
 * that failed passes its error on with the result. */
bool mye_pipeline_take(mye_pipeline *p, mye_pipeline_result *out, mye_status *status,
                       mye_error *err);
/* First module of a stage; of `stages`: the number of modules. */
int mye_pipeline_first(const mye_pipeline *p, int index);
/* The run that a node belongs to. */
mye_run *mye_pipeline_run(const mye_pipeline *p, int node);
/* Bytes that the groups allocated, packets left out: those are the context's. */
size_t mye_pipeline_bytes(const mye_pipeline *p);
/* As mye_run_ways_get and _set, for all nodes. */
size_t mye_pipeline_ways_bytes(const mye_pipeline *p);
void mye_pipeline_ways_get(const mye_pipeline *p, uint8_t *ways);
void mye_pipeline_ways_set(mye_pipeline *p, const uint8_t *ways);

/* ---- pipeline_groups.c ---- */

/* Refuses numbers of groups that the model does not have. */
mye_status mye_pipeline_check(const mye_model *model, const mye_pipeline_options *o,
                              mye_error *err);
/* Each group takes modules until its share of the multiply-adds is reached, and leaves one for each group
 * behind it: first[i] is the first of group i, first[stages] the number of modules. */
void mye_pipeline_divide(const mye_model *model, int stages, int *first);
/* Options of the run of group i. */
mye_run_options mye_pipeline_stage(const mye_pipeline_options *o, const int *first, int i);

#endif
