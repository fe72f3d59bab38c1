/*
 * flatten: [C,H,W] seen as one vector of C*H*W features. Virtual, and no element moves: storage
 * stays channels-last; whoever shows the vector to the outside world puts it in C,H,W order, and
 * the weights of a dense layer behind it are stored in the order of the input.
 *
 * Any shape; no options.
 */
#include "node/elementwise.h"

static mye_status flatten_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(err);
    n->shape = in[0];
    n->shape.flat = true;
    n->format = MYE_F32;
    return MYE_OK;
}

const mye_node_type mye_node_flatten = {
    .entry = {.name = "flatten", .brief = "an image as one vector", .source = ""},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_GRAD_IN_PLACE | MYE_NODE_SAME,
    .shape = flatten_shape,
    .load = mye_same_load,
    .backward = mye_same_backward,
};
