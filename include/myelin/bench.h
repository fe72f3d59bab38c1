/*
 * Timing of training or inference steps, beside the processor's measured multiply-add peak.
 * Figures on a shared machine mean little alone: interleave what you compare, take medians.
 */
#ifndef MYELIN_BENCH_H
#define MYELIN_BENCH_H

#include "myelin/plan.h"
#include "myelin/train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_bench mye_bench;

/* What the steps work on. A zeroed one: fresh weights and noise. */
typedef struct mye_bench_input {
    const char *weights;  /* safetensors file, or NULL                                           */
    const float *image;   /* [n][H][W][C] as the network sees it, or NULL; must outlive the bench */
    const int32_t *label; /* [n] in [0, classes)                                                  */
    int64_t n;            /* whole batches are taken in turn; at least one                        */
    bool profile;         /* measure the time of each node                                        */
    int frames; /* image is [n][frames][H][W][C], and T must be frames; 0: one image for all T      */
} mye_bench_input;

/* A model of its own with everything that a step needs, planned as `plan` says; without an
 * optimiser (plan->step NULL) its steps are inference. input NULL: as a zeroed one. */
MYE_API mye_status mye_bench_create(mye_context *ctx, const mye_model_options *model,
                                    const mye_plan_options *plan, const mye_bench_input *input,
                                    mye_bench **out, mye_error *err);
MYE_API void mye_bench_free(mye_bench *bench);
/* Runs one step (forward and loss; in training backward and optimiser too); returns its seconds. */
MYE_API mye_status mye_bench_step(mye_bench *bench, double *seconds, mye_error *err);
MYE_API double mye_bench_loss(const mye_bench *bench); /* of the last step */
/* Where the time of all steps so far went (profile): one row for each node; returns mye_bench_nodes. */
MYE_API int mye_bench_nodes(const mye_bench *bench);
MYE_API int mye_bench_profile(const mye_bench *bench, mye_profile_row *row);
/*
 * Thousand million operations (two per multiply-add) of the dense computation that the step asks
 * for: forward, backward data and backward weights of convolutions and dense layers. Static layers
 * count once, the first layer has no backward data, rate-based learning has one backward step.
 */
MYE_API double mye_bench_gflop(const mye_bench *bench);
MYE_API size_t mye_bench_bytes(const mye_bench *bench); /* the plan's total */
/* Peak of multiply-adds on all threads of the context, GFLOP/s, measured now (about 50 ms). */
MYE_API double mye_bench_peak(mye_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
