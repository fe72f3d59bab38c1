/* Small things that the benchmarks share. */
#ifndef MYE_BENCH_MEDIAN_H
#define MYE_BENCH_MEDIAN_H

#include "myelin/myelin.h"

/* Sorts x and returns its median. */
double bench_median(double *x, int n);

#endif
