/* The ANN as it is converted: batch norms in the layers before them, nothing random, no scaling of
 * the input outside the network where its pixels come as spikes. */
#ifndef MYE_FOLD_H
#define MYE_FOLD_H

#include "net/graph.h"

typedef struct mye_fold_options {
    bool static_input;
    /* Not NULL: the new network takes pixels in [0, 1] and does (pixel - mean) / deviation itself, for
     * C channels (channel c counts as min(c, 3)). */
    const float *mean, *deviation;
} mye_fold_options;

/*
 * w' = w g / s and b' = (b - mu) g / s + beta with s = sqrt(var + eps), for a batch norm that alone
 * reads a convolution or dense layer; every other one becomes a depthwise convolution 1x1. So does the
 * scaling of the input, unless the one layer that reads it has no padding, and takes it over. Dropout
 * and identities vanish. *folded: batch norms that went into the layer before them.
 * MYE_ERR_UNSUPPORTED for nodes without a counterpart in a spiking network (named): those that are not
 * linear, other than relu, qcfs and maxpool.
 */
mye_status mye_fold(const mye_model *from, const mye_fold_options *options, mye_model **out,
                    int *folded, mye_error *err);

/* Is the node an activation that conversion replaces? */
bool mye_is_activation(const mye_node *n);

#endif
