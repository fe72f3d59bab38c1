/*
 * stop: y = x, and no gradient goes back: what reads it learns without what it reads. Virtual.
 *
 * Any shape; no options. Nothing before it makes a gradient of its value necessary.
 */
#include "node/elementwise.h"

static mye_status stop_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(err);
    n->shape = in[0];
    n->format = MYE_F32;
    n->needs_grad = false; /* not inherited */
    return MYE_OK;
}

const mye_node_type mye_node_stop = {
    .entry = {.name = "stop", .brief = "passes its input on, and no gradient back", .source = ""},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_SAME | MYE_NODE_STOP,
    .shape = stop_shape,
    .load = mye_same_load,
};
