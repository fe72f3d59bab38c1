/*
 * Copies of hidden layers, for auxiliary networks: the same nodes behind another value, with widths
 * and strides of their own (AugLocal: only type and width are taken over, weights are not shared).
 */
#ifndef MYE_CLONE_H
#define MYE_CLONE_H

#include "depth/cutter.h"

/* The end of a branch that copies are added to. */
typedef struct mye_tip {
    int at;       /* node of out                                                   */
    int channels; /* of its value                                                  */
    int h, w;     /* and its size; 1 x 1 for vectors                               */
} mye_tip;

/* What a rule of widths counts: channels of the first layer on a hidden layer's main path (of a
 * bottleneck its inner width). */
int mye_layer_width(const mye_cutter *c, int layer);
/* Is the layer made of dense layers? Is it a residual block? */
bool mye_layer_is_dense(const mye_cutter *c, int layer);
bool mye_layer_is_residual(const mye_cutter *c, int layer);
/* Does the network halve images by pooling between layers, and never by a stride? */
bool mye_layers_are_pooled(const mye_cutter *c);
/* Adds a copy of hidden layer `layer` behind the tip: its main path with `stride` at the first
 * convolution that looks at more than one pixel (or at the first), channels times `widen`; its
 * shortcut as it is where shapes agree, else as the network's projections are made (conv1x1 - BN
 * where it has none). Pooling in front of the layer is left out. MYE_ERR_UNSUPPORTED for a layer
 * that is neither a chain nor a block with one sum of two. */
mye_status mye_clone_layer(mye_cutter *c, int layer, int stride, int widen, mye_tip *tip,
                           mye_error *err);
/* Adds a copy of the network's first pooling between layers, or a 2x2 max pool. */
mye_status mye_clone_pool(mye_cutter *c, mye_tip *tip, mye_error *err);

#endif
