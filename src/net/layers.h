/*
 * Hidden layers: the smallest parts that a network can be cut into, each with one value at its end
 * that all later nodes go through: a convolution or dense layer with what follows up to its neuron,
 * or a residual block (AugLocal's unit; Ma et al., ICLR 2024).
 */
#ifndef MYE_LAYERS_H
#define MYE_LAYERS_H

#include "net/graph.h"

typedef struct mye_hidden_layer {
    int first, last; /* nodes; the value of `last` is the layer's output */
} mye_hidden_layer;

/* A node that multiplies by weights. */
bool mye_node_is_layer(const mye_node *n);
/*
 * The hidden layers of a network in forward order, at most n_nodes of them; what is behind the last
 * one is the classifier. Auxiliary nodes are left out. Returns how many.
 *
 * A layer ends at a neuron, or at the sum of a residual block that no neuron follows directly, when
 * layers follow that read nothing older. Pooling belongs to the next layer, but where a residual
 * block branches off behind it, to the one before.
 */
int mye_model_hidden_layers(const mye_model *model, mye_hidden_layer *out);

#endif
