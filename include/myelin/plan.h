/*
 * Plan: all memory of a training step, known before it starts, without data. The same code that
 * counts here allocates later; the two numbers are equal.
 */
#ifndef MYELIN_PLAN_H
#define MYELIN_PLAN_H

#include "myelin/network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_plan_row {
    const char *node, *op; /* of the model                                                   */
    int C, H, W;
    size_t weight_bytes; /* weights, their gradients and buffers                           */
    size_t kept_bytes;   /* values kept from the forward to the backward pass, and state   */
    size_t work_bytes;   /* values and gradients that live for a part of the step          */
    double macs;         /* one sample, one step                                           */
    bool is_auxiliary;   /* serves the loss of a module; no part of inference              */
} mye_plan_row;

typedef struct mye_plan {
    size_t weight_bytes;    /* weights and running statistics                                 */
    size_t gradient_bytes;  /* where modules learn one after the other, of the largest one     */
    size_t optimiser_bytes; /* state of the step policy                                       */
    size_t kept_bytes;      /* sum of the rows; what the backward pass needs                  */
    size_t run_bytes;       /* the run's arena: kept and transient, placed by lifetime        */
    size_t arena_bytes;     /* the arena alone: the test run uses it too when it fits in      */
    size_t packet_bytes;    /* of the run: what groups of modules hand on (pipeline); else 0   */
    size_t scratch_bytes;   /* scratch of all threads                                         */
    size_t eval_bytes;      /* what the run that tests after each epoch takes beside that     */
    size_t loader_bytes;    /* batches in preparation, order of samples (0 without data)      */
    size_t cosine_bytes;    /* the reference run and copies that compare gradients            */
    size_t fit_bytes;       /* sums that weights are solved from, where a rule solves them    */
    size_t save_bytes;      /* to write a checkpoint, where gradients leave no room for it    */
    size_t total_bytes;     /* all of it                                                      */
    double kept_per_neuron_step; /* bytes, of kept values, per spiking neuron and time step    */
    double macs;           /* dense multiply-adds of one training step (forward + backward)     */
    double auxiliary_macs; /* of these, in nodes that only serve the losses of modules          */
    int modules;           /* that are trained apart from one another; 1: backpropagation     */
    bool per_step;         /* the time rule goes step by step: batch norm sees one at a time */
    int n_rows;
    mye_plan_row *row;
} mye_plan;

typedef struct mye_plan_options {
    const char *time; /* "bptt", "rate:mode=S" ...                        */
    const char *step; /* "sgd:momentum=0.9"; NULL: no optimiser (inference) */
    const char *loss; /* "ce_mean"                                        */
    int T, batch;
    int eval_batch;          /* samples of the test run beside training; 0: none            */
    int64_t n_train, n_test; /* samples of the data sets; 0: planned without them           */
    bool exact;              /* layers go the direct way only                               */
    bool int8;               /* inference: 8-bit weights where the input is spikes          */
    bool keep_packed;        /* inference: packed weights stay                              */
    double rate_strength;    /* of the firing-rate term of the loss; 0: none                */
    int frames;              /* of a sample of event data (mye_dataset_info); 0: images     */
    size_t read_bytes;       /* to decode a sample (mye_dataset_info)                       */
    const char *cosine;      /* time rule whose gradient is compared; NULL or "": none      */
    int pipeline;            /* groups of modules, each on threads of its own; 0 or 1: none */
    const char *sample;      /* sample policy; NULL: all                                    */
    int64_t epochs;          /* of the run, for the sample policy                           */
} mye_plan_options;

#define MYE_PLAN_OPTIONS                                                                         \
    {                                                                                            \
        "bptt", "sgd", "ce_mean", 4, 64, 0, 0, 0, false, false, false, 0, 0, 0, NULL, 0, NULL, 1 \
    }

MYE_API mye_status mye_plan_make(mye_context *ctx, const mye_model *model,
                                 const mye_plan_options *options, mye_plan *out, mye_error *err);
/*
 * Finds settings that fit into `bytes`: the largest batch, halving from options->batch, and with
 * the time rule bptt checkpoint=node as soon as the asked batch does not fit as it is. Changes
 * options; a changed time rule is written to `time` [MYE_METHOD_MAX], where options->time then
 * points. MYE_ERR_NOMEM when even one sample does not fit; the message has the smallest plan.
 */
MYE_API mye_status mye_plan_fit(mye_context *ctx, const mye_model *model, mye_plan_options *options,
                                char *time, size_t bytes, mye_plan *out, mye_error *err);
/* Line i of a table of time rules: every rule with its defaults, and behind it with those options
 * that make a difference ("bptt", "bptt:mode=s" ...). false: there are fewer. */
MYE_API bool mye_time_variant(int i, char out[MYE_METHOD_MAX]);
/* The same of depth rules. Where one number orders the variants of a rule, the default stands among
 * them ("auglocal:a=1", "auglocal:a=2" ...) and not before them. */
MYE_API bool mye_depth_variant(int i, char out[MYE_METHOD_MAX]);
MYE_API void mye_plan_free(mye_context *ctx, mye_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
