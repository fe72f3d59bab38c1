/*
 * A symmetric matrix in both triangles of one square: sums of products collect in the lower one,
 * its Cholesky factor is made in the upper one. Blocks of fixed size go to the context's threads,
 * so that no bit depends on their number.
 */
#ifndef MYE_GRAM_H
#define MYE_GRAM_H

#include "depth/blas.h"

typedef struct mye_gram {
    mye_context *ctx;
    const mye_blas *blas;
    int D;        /* rows and columns                             */
    double *a;    /* [D][D]                                       */
    double *diag; /* [D]: the diagonal of the sums while factored */
} mye_gram;

/* Lower triangle += X' X with X [n][D], rows `ld` apart. */
void mye_gram_add(const mye_gram *g, const double *x, int n, int ld);

/* out [D][K] += X' Z with X [n][D] and Z [n][K], rows of both `ld` apart. */
void mye_gram_add_targets(const mye_gram *g, const double *x, const double *z, int n, int ld, int K,
                          double *out);

/* Copies the diagonal of the sums to `diag`, since the factor takes its place. */
void mye_gram_keep_diagonal(const mye_gram *g);

/* The upper triangle becomes U of U'U = sums + shift I, whatever it held before; the lower one
 * stays but for the diagonal. False when this is not positive definite to the precision of
 * float64; another shift may be tried at once. */
bool mye_gram_factor(const mye_gram *g, double shift);

/* Behind mye_gram_factor: b [D][K] becomes the X of U'U X = b. */
void mye_gram_divide(const mye_gram *g, double *b, int K);

/* Puts the diagonal of the sums back. */
void mye_gram_restore_diagonal(const mye_gram *g);

#endif
