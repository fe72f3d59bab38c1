/*
 * A converted network on a grid of binary fractions. Thresholds become powers of two, weights and
 * biases multiples of one, so that what a layer adds up is exact in single precision in any order.
 * How coarse the grid must be is learned from a look at the network: the largest sum of |w| |x| + |b|
 * that any output of a layer has, added up over the steps. Drives, potentials and what was sent
 * stay below it.
 */
#ifndef MYE_GRID_H
#define MYE_GRID_H

#include "convert/convert.h"

/* Pixels of networks on a grid are multiples of this. */
#define MYE_GRID_PIXEL 0.015625

typedef struct mye_grid {
    mye_context *ctx;
    const mye_model *model; /* whose nodes these are */
    int *unit;              /* [nodes] values are multiples of 2^unit                             */
    double *sum;            /* [nodes] largest sum of sizes at a layer, added up over the steps   */
    double *total;          /* [nodes] so far, of the batch at work                               */
    bool is_binary;         /* every average is over 2^k values where neurons follow              */
    int weight_bits;        /* of the largest weight, least over the layers                       */
    float *input, *weight, *packed, *output; /* room for a batch at the widest layer              */
    mye_lane *lane;
} mye_grid;

/* For networks of the shape of `model`, in batches of up to `batch` images. */
mye_status mye_grid_create(const mye_model *model, int batch, mye_grid *out, mye_error *err);
void mye_grid_free(mye_grid *g);
/* Behind the forward of a node, of steps [t0, t1), in a run that goes the direct way: notes the sums. */
void mye_grid_see(mye_grid *g, const mye_pass *p, const mye_node *n, int t0, int t1);
void mye_grid_forget(mye_grid *g);
/* Rounds weights, biases and thresholds so that sums up to `room` times those seen are exact. The same
 * for every network of that shape with the same weights. */
void mye_grid_round(mye_grid *g, mye_snn *snn, double room);
/* Was every sum seen since forgetting exact? */
bool mye_grid_was_exact(const mye_grid *g);

#endif
