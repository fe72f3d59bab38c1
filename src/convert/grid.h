/*
 * A converted network on a grid of binary fractions. Thresholds become powers of two, weights and
 * biases multiples of one, so that what a layer adds up is exact in single precision in any order.
 */
#ifndef MYE_GRID_H
#define MYE_GRID_H

#include "convert/convert.h"

/* Pixels of networks on a grid are multiples of this. */
#define MYE_GRID_PIXEL 0.015625

typedef struct mye_grid {
    mye_context *ctx;
    const mye_model *model;
    int *unit;       /* [nodes] values are multiples of 2^unit                              */
    double *largest; /* [nodes] largest |input| of a layer that was seen (mye_grid_see)     */
    bool is_binary;  /* every average is over 2^k values where neurons follow               */
    int weight_bits; /* of the largest weight, least over the layers                        */
} mye_grid;

/* Rounds the network's weights and thresholds. most: what sums are to stay exact for, as a multiple of
 * the largest activation of the calibration images (the number of steps, and room). */
mye_status mye_grid_round(const mye_conversion *c, mye_snn *snn, double most, mye_grid *out,
                          mye_error *err);
void mye_grid_free(mye_grid *g);
/* In a look at the quantised network: notes what layers read. Takes a lane and a row as wide as the
 * widest sample. */
void mye_grid_see(mye_grid *g, const mye_pass *p, const mye_node *n, mye_lane *lane, float *row);
/* Did every sum of absolute products stay below 2^24 units, for `gain` times the biases? */
bool mye_grid_was_exact(const mye_grid *g, double gain);

#endif
