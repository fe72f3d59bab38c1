/* What a run tells of single samples: sums that ops add to, and the numbers made of them. */
#ifndef MYE_RUN_TOLD_H
#define MYE_RUN_TOLD_H

#include "net/run.h"

typedef struct mye_telling {
    int *slot;     /* [n_nodes] row of `norm` of a layer whose gradient is measured, or -1 */
    bool *is_read; /* [n_nodes] is it the layer that a head reads?                         */
    int n_slots;
    int feature; /* node whose input is the feature, 0: none                           */
    int64_t n_feature;
    float *norm;     /* [n_slots][B] sums of norms of the spans' gradients                 */
    double *squares; /* [B] scratch */
    float *error, *readout, *layers, *spikes, *confidence; /* [B], NULL: not wanted     */
    bool *right;                                           /* [B]                       */
    float *error_vector, *features;                        /* [B][K], [B][n_feature]     */
    double spent_s;
} mye_telling;

/* Which layers are measured; refuses what cannot be told. Behind parsing. */
mye_status mye_telling_prepare(mye_run *run, mye_error *err);
void mye_telling_free(mye_run *run);
/* Its arrays, from the run's state. */
void mye_telling_place(mye_run *run, mye_arena *arena);
/* Does the head's loss write a gradient, also in inference? */
bool mye_telling_wants_errors(const mye_run *run);

/* Around a step: everything begins at 0; the numbers of n samples. */
void mye_telling_begin(mye_run *run, int n);
void mye_telling_end(mye_run *run, int n, const mye_target *target);
/* Behind the forward op of a node, before the backward op, behind the loss of the output's head. */
void mye_telling_forward(mye_run *run, mye_pass *p, int node, int t0, int t1);
void mye_telling_backward(mye_run *run, mye_pass *p, int node, int t0, int t1);
void mye_telling_loss(mye_run *run, const mye_value *v, int t0, int t1);
/* Scratch of a lane that these take, while dry. */
size_t mye_telling_lane_bytes(const mye_run *run, const mye_pass *p, int node);
/* Confidence in the best of K outputs, and whether it is the label. */
void mye_telling_answer(mye_run *run, int b, const float *output, int K, int best, bool right);

#endif
