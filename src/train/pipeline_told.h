/* What the groups of a pipeline tell of the samples of a batch, put together. */
#ifndef MYE_PIPELINE_TOLD_H
#define MYE_PIPELINE_TOLD_H

#include "net/run.h"

typedef struct mye_told_sum {
    float *loss, *error, *readout, *layers, *spikes, *confidence; /* [B] */
    double *squares[2];                                           /* [B] of readout, layers */
    bool *right;
    unsigned tells;
} mye_told_sum;

/* Takes its arrays for B samples; with an arena that only counts: their bytes. */
void mye_told_sum_place(mye_told_sum *s, unsigned tells, int B, mye_arena *arena);
void mye_told_sum_begin(mye_told_sum *s, int B);
/* After a group's step: norms of its layers add in squares, spikes as they are; what the last group says
 * of the output stands. */
void mye_told_sum_add(mye_told_sum *s, const mye_run *run, const mye_target *target, int B,
                      bool is_last);
mye_told mye_told_sum_get(const mye_told_sum *s);

#endif
