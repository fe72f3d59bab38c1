/*
 * Ridge regression in closed form over samples that come in pieces:
 *
 *     (F'F + r I) W = F'Y,    r = ridge * mean(diag(F'F))
 *
 * with features F [N][D] and targets Y [N][K]. Source: the closed-form predictors of CaFo (Zhao et
 * al., "The Cascaded Forward Algorithm for Neural Network Training", 2023), which solve
 * W = (F'F)^-1 F'Y without a ridge.
 *
 * F'F and F'Y are formed in float64. Products in float32, summed in float64 by tiles of 256 samples,
 * take two thirds of the time (200 against 127 GFLOP/s on two cores with AVX-512), but change F'F as
 * much as a ridge of 4e-7 (in norm; 20000 samples of 1024 features), near the usual 1e-6; and 60000
 * samples of 6272 features take 20 to 25 s as it is. Samples are first gathered in a tile of fixed size, so W does not depend on how
 * they were cut into pieces, nor on the number of threads, by a single bit.
 *
 * Needs OpenBLAS (libopenblas-dev when Myelin is built). It works on the context's threads; those
 * that OpenBLAS would start itself are held at one for the process during a call, and put back.
 */
#ifndef MYE_LEAST_SQUARES_H
#define MYE_LEAST_SQUARES_H

#include "base/base.h"

typedef struct mye_least_squares mye_least_squares;

/* All bytes that mye_least_squares_create takes; the later calls take none. Of these the matrices
 * are 8 (D^2 + D + D K + max(256 (D + K), D K)). 0 when D or K is out of range. */
size_t mye_least_squares_bytes(int64_t D, int64_t K);

/* D features and K targets, both in [1, 2^28]. MYE_ERR_UNSUPPORTED without OpenBLAS, MYE_ERR_SHAPE,
 * MYE_ERR_NOMEM. */
mye_status mye_least_squares_create(mye_context *ctx, int64_t D, int64_t K, mye_least_squares **out,
                                    mye_error *err);
void mye_least_squares_free(mye_least_squares *ls);

/* Forgets all samples. */
void mye_least_squares_clear(mye_least_squares *ls);

/* Adds n samples: features [n][D], targets [n][K]. */
void mye_least_squares_add(mye_least_squares *ls, const float *features, const float *targets,
                           int64_t n);

/* The same with one-hot targets: label[i] in [0, K), else MYE_ERR_ARG and nothing is added. */
mye_status mye_least_squares_add_labels(mye_least_squares *ls, const float *features,
                                        const int32_t *label, int64_t n, mye_error *err);

/*
 * W [D][K] for a ridge >= 0. Where F'F with this ridge cannot be factored (features that are always
 * zero or repeat each other), ten times as much is tried, from 1e-12, until it can; `used` (may be
 * NULL) is the ridge of the solution. More samples may be added afterwards, and other ridges solved.
 * MYE_ERR_STATE without samples, MYE_ERR_NUMERIC when the features are all zero or not finite.
 */
mye_status mye_least_squares_solve(mye_least_squares *ls, double ridge, float *W, double *used,
                                   mye_error *err);

#endif
