/*
 * input: the value that comes from outside, floats, written by the run before the forward pass.
 * Static when the encoder gives the same values at every step.
 *
 * The shape of a sample is n->in_shape, put there by whoever builds the network; no options.
 */
#include "node/node.h"

static mye_status input_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(in);
    const mye_shape s = n->in_shape;
    if (s.c < 1 || s.h < 1 || s.w < 1)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (input) wants a shape of at least 1x1x1, got %dx%dx%d", n->name,
                        s.c, s.h, s.w);
    if ((double)s.c * s.h * s.w > INT32_MAX)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (input) of shape %dx%dx%d has more than 2^31 elements", n->name,
                        s.c, s.h, s.w);
    n->shape = s;
    n->format = MYE_F32;
    return MYE_OK;
}

const mye_node_type mye_node_input = {
    .entry = {.name = "input", .brief = "the values that come from outside", .source = ""},
    .flags = MYE_NODE_LINEAR,
    .shape = input_shape,
};
