/*
 * Sample axis: which examples are visited. One policy = one file + one line in sample_list.inc.
 */
#ifndef MYE_SAMPLE_H
#define MYE_SAMPLE_H

#include "base/base.h"

typedef struct mye_sample_rule {
    mye_entry entry;
    size_t (*state_bytes)(const void *options, int64_t n); /* NULL: none */
    /* The samples of an epoch: order (room for n), weights (NULL: 1). Pure function of (state, seed,
     * epoch). Returns how many. */
    int64_t (*epoch)(const void *options, void *state, int64_t n, uint64_t seed, int64_t epoch,
                     int64_t epochs, int64_t *order, float *weight);
    /* Told after each batch; NULL: does not learn from scores. */
    void (*observe)(const void *options, void *state, int B, const int64_t *index,
                    const float *loss);
} mye_sample_rule;
extern const mye_kind mye_kind_sample;

#endif
