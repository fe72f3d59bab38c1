/* Linear algebra by OpenBLAS, when the build has it. */
#include "depth/blas.h"

#ifndef MYELIN_HAVE_LAPACK

mye_status mye_blas_find(const mye_blas **out, mye_error *err)
{
    *out = NULL;
    mye_fail(err, MYE_ERR_UNSUPPORTED, "this build of Myelin has no OpenBLAS for least squares");
    return mye_hint(err, "install libopenblas-dev and build again");
}

#else

#include <cblas.h>

/* LAPACK's own interface is Fortran's; the last argument is the length of the text `uplo`. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *ld, int *info, size_t length);

static void add_product(int m, int n, int k, double alpha, const double *a, const double *b, int ld,
                        double *c, int ldc)
{
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, alpha, a, ld, b, ld, 1.0, c, ldc);
}

static void add_square(bool upper, int n, int k, double alpha, const double *a, int ld, double *c,
                       int ldc)
{
    cblas_dsyrk(CblasRowMajor, upper ? CblasUpper : CblasLower, CblasTrans, n, k, alpha, a, ld, 1.0,
                c, ldc);
}

/* Fortran's columns are our rows, so that its lower triangle is our upper one. */
static bool factor(int n, double *a, int ld)
{
    int info = 0;
    dpotrf_("L", &n, a, &ld, &info, 1);
    return info == 0;
}

static void divide(bool transposed, int n, int k, const double *u, int ld, double *b, int ldb)
{
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, transposed ? CblasTrans : CblasNoTrans,
                CblasNonUnit, n, k, 1.0, u, ld, b, ldb);
}

static int bound_threads(int n)
{
    const int before = openblas_get_num_threads();
    if (before != n)
        openblas_set_num_threads(n);
    return before;
}

mye_status mye_blas_find(const mye_blas **out, mye_error *err)
{
    static const mye_blas openblas = {add_product, add_square, factor, divide, bound_threads};
    MYE_UNUSED(err);
    *out = &openblas;
    return MYE_OK;
}

#endif
