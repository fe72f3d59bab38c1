/*
 * The few operations of dense linear algebra that closed-form learning needs, on one thread each:
 * callers cut their work into blocks for the context's own threads, so that results do not depend
 * on their number. All matrices are float64 and row-major; `ld` is the distance between two rows.
 */
#ifndef MYE_BLAS_H
#define MYE_BLAS_H

#include "base/base.h"

typedef struct mye_blas {
    /* C [m][n] += alpha A' B with A [k][m] and B [k][n]. */
    void (*add_product)(int m, int n, int k, double alpha, const double *a, const double *b, int ld,
                        double *c, int ldc);
    /* The lower or upper triangle of C [n][n], with its diagonal, += alpha A' A with A [k][n]. */
    void (*add_square)(bool upper, int n, int k, double alpha, const double *a, int ld, double *c,
                       int ldc);
    /* A = U' U in place, reading and writing the upper triangle only; false: not positive definite. */
    bool (*factor)(int n, double *a, int ld);
    /* B [n][k] becomes the X of U X = B, or of U' X = B when `transposed`. */
    void (*divide)(bool transposed, int n, int k, const double *u, int ld, double *b, int ldb);
    /* Bounds the threads that the library starts by itself; returns the bound before. It holds for
     * the whole process: put it back. */
    int (*bound_threads)(int n);
} mye_blas;

/* The operations of OpenBLAS. MYE_ERR_UNSUPPORTED in a build without it. */
mye_status mye_blas_find(const mye_blas **out, mye_error *err);

#endif
