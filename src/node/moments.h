/*
 * Moments of a convolution's output per channel, added up block by block while it is in cache, so
 * that a batch norm behind it need not read it. Each shard has its own centre, the first value it
 * meets, and double sums of the differences from it; nothing cancels.
 */
#ifndef MYE_MOMENTS_H
#define MYE_MOMENTS_H

#include "node/node.h"

typedef struct mye_moments {
    const mye_kernels *k;
    const mye_conv_shape *s;
    const float *y; /* the whole output, [n][OH][OW][O]               */
    int shards;
    double *slot; /* [shards][4][O]: count, centre, sum d, sum d^2 */
} mye_moments;

size_t mye_moments_bytes(int shards, const mye_conv_shape *s);
size_t mye_moments_lane_bytes(const mye_conv_shape *s); /* of a block */
void mye_moments_begin(const mye_moments *m);
/* mye_conv_done.block; self is the mye_moments. */
void mye_moments_block(void *self, int shard, const mye_conv_block *b, mye_lane *lane);
/* sum [3][O]: sum d, sum d^2 of all shards, and the centre that d is the difference from. */
void mye_moments_end(const mye_moments *m, double *sum);

#endif
