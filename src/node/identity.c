/*
 * identity: y = x. Virtual: it stores nothing. A name for a shortcut of a residual block.
 *
 * Any shape; no options.
 */
#include "node/elementwise.h"

static mye_status identity_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(err);
    n->shape = in[0];
    n->format = MYE_F32;
    return MYE_OK;
}

const mye_node_type mye_node_identity = {
    .entry = {.name = "identity", .brief = "passes its input on", .source = ""},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_GRAD_IN_PLACE | MYE_NODE_SAME,
    .shape = identity_shape,
    .load = mye_same_load,
    .backward = mye_same_backward,
};
