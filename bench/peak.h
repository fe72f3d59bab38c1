/* The processor's multiply-add peak, measured now: the ceiling beside every figure. */
#ifndef MYE_BENCH_PEAK_H
#define MYE_BENCH_PEAK_H

#include "base/base.h"

/* GFLOP/s of single-precision multiply-adds on all threads of the context; 0: cannot be probed. */
double bench_peak(mye_context *ctx);
/* Sorts x and returns its median. */
double bench_median(double *x, int n);

#endif
