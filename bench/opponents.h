/* The libraries that the kernels are measured against, behind one small interface. */
#ifndef MYE_BENCH_OPPONENTS_H
#define MYE_BENCH_OPPONENTS_H

#include "kernel/kernel.h"

typedef struct opponent {
    void (*run)(void *self); /* one pass, complete when it returns */
    void (*drop)(void *self);
    void *self;
    const char *name;
} opponent;

/* Convolution by oneDNN, direct or by Winograd's way, in the layout that it likes best. pass: 0
 * forward, 1 backward data, 2 backward weights. False when oneDNN is not there or cannot. */
bool opponent_dnnl(const mye_conv_shape *s, int64_t n, int pass, bool winograd, opponent *out);
/* The product of a dense layer's pass by OpenBLAS; x [n][C], w [C][O], y [n][O]. */
bool opponent_openblas(const mye_conv_shape *s, int64_t n, int pass, float *x, float *w, float *y,
                       opponent *out);
/* Before anything else in main: both sides get the same threads, and an opponent that waits must not
 * spin beside us. May start the program anew. */
void opponents_settle(char **argv, int threads);

#endif
