/*
 * Timing of one layer (convolution or dense) computed in different ways on spikes of a given firing
 * rate: what the choice of ways is based on. Interleave what you compare, take medians.
 */
#ifndef MYELIN_BENCH_LAYER_H
#define MYELIN_BENCH_LAYER_H

#include "myelin/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Square images [C,H,H] and windows, padding kernel / 2. H 1 and kernel 1: a dense layer. */
typedef struct mye_layer_shape {
    int C, H, O, kernel, stride;
    int images; /* time steps times batch */
} mye_layer_shape;

typedef enum mye_layer_pass {
    MYE_LAYER_FORWARD,
    MYE_LAYER_DATA,  /* gradient of the input, from a dense gradient of the output */
    MYE_LAYER_WEIGHT /* gradient of the weights                                    */
} mye_layer_pass;

typedef struct mye_layer_bench mye_layer_bench;

/* Sizes must be positive, MYE_ERR_ARG else. */
MYE_API mye_status mye_layer_bench_create(mye_context *ctx, const mye_layer_shape *shape,
                                          mye_layer_bench **out, mye_error *err);
MYE_API void mye_layer_bench_free(mye_layer_bench *b);
/* New input: spikes, of which the share `rate` in [0, 1] is set. */
MYE_API void mye_layer_bench_fill(mye_layer_bench *b, double rate);
/* Name of way i, "" where this context's kernels lack it; NULL after the last. */
MYE_API const char *mye_layer_bench_way(const mye_layer_bench *b, int i);
/* Can the way compute this pass of this layer on spikes? */
MYE_API bool mye_layer_bench_fits(const mye_layer_bench *b, int way, mye_layer_pass pass);
/* Computes a pass once, packing included; returns its seconds. The way must fit. */
MYE_API double mye_layer_bench_run(mye_layer_bench *b, int way, mye_layer_pass pass);
/* What the choice of ways estimates, in a unit that is the same for all ways and passes. */
MYE_API double mye_layer_bench_cost(const mye_layer_bench *b, int way, mye_layer_pass pass,
                                    double rate);
/* Thousand million operations of a pass, dense. */
MYE_API double mye_layer_bench_gflop(const mye_layer_bench *b);

#ifdef __cplusplus
}
#endif
#endif
