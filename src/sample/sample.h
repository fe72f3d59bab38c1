/*
 * Sample axis: which examples are visited. One policy = one file + one line in sample_list.inc.
 */
#ifndef MYE_SAMPLE_H
#define MYE_SAMPLE_H

#include "base/base.h"

typedef struct mye_sample_rule {
    mye_entry entry;
    size_t (*state_bytes)(const void *options, int64_t n); /* NULL: none */
    /* The samples of an epoch: order (room for n) and weights (room for n, handed over as 1). Pure
     * function of (state, seed, epoch), which may change the state. Returns how many. */
    int64_t (*epoch)(const void *options, void *state, int64_t n, uint64_t seed, int64_t epoch,
                     int64_t epochs, int64_t *order, float *weight);
    /* Told after each batch; NULL: does not learn from scores. */
    void (*observe)(const void *options, void *state, int B, const int64_t *index,
                    const float *loss);
} mye_sample_rule;
extern const mye_kind mye_kind_sample;

/*
 * Sampler: a policy at work on n samples. For bit-exact resume in the middle of an epoch it keeps
 * the policy's state as it was when the epoch began beside the present one: the epoch's order is
 * made again from the former.
 */
typedef struct mye_sampler mye_sampler;
mye_status mye_sampler_create(mye_context *ctx, const char *policy, int64_t n, uint64_t seed,
                              int64_t epochs, mye_sampler **out, mye_error *err);
void mye_sampler_free(mye_sampler *s);
/* Decides the samples of `epoch` (from 0). Order and weights belong to the sampler. */
int64_t mye_sampler_epoch(mye_sampler *s, int64_t epoch, const int64_t **order,
                          const float **weight);
void mye_sampler_observe(mye_sampler *s, int B, const int64_t *index, const float *loss);
/* For checkpoints: the state at the beginning of the epoch, then the present one, each half of the
 * bytes; NULL and 0 for policies without state. */
void *mye_sampler_state(mye_sampler *s, size_t *bytes);
/* After both were loaded: makes the order of `epoch` again and goes on from the present state. */
int64_t mye_sampler_restore(mye_sampler *s, int64_t epoch, const int64_t **order,
                            const float **weight);
size_t mye_sampler_bytes(const mye_sampler *s); /* allocated */

#endif
