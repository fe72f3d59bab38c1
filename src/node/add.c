/*
 * add: y = x_0 + x_1 + ... , elementwise. The sum of a residual block, also of spikes (SEW: the
 * values are then small integers). Virtual; floats.
 *
 * 2 to 8 inputs of one shape; no options. A static input may stand beside one that is not.
 */
#include "node/elementwise.h"

static mye_status add_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    for (int k = 1; k < n->n_in; k++)
        if (!mye_shape_same(in[0], in[k]))
            return mye_fail(
                err, MYE_ERR_SHAPE,
                "node '%s' (add) wants inputs of one shape, got %dx%dx%d%s and %dx%dx%d%s", n->name,
                in[0].c, in[0].h, in[0].w, in[0].flat ? " (flat)" : "", in[k].c, in[k].h, in[k].w,
                in[k].flat ? " (flat)" : "");
    n->shape = in[0];
    n->format = MYE_F32;
    return MYE_OK;
}

static const float *add_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                             mye_lane *lane)
{
    const size_t mark = lane->used;
    float *other = mye_lane_take(lane, (size_t)at.n * sizeof *other);
    mye_load_into(p, n->in[0], at, dst, lane);
    for (int k = 1; k < n->n_in; k++)
        p->k->add(at.n, mye_load(p, n->in[k], at, other, lane), dst);
    lane->used = mark;
    return dst;
}

const mye_node_type mye_node_add = {
    .entry = {.name = "add", .brief = "sum of its inputs", .source = ""},
    .min_in = 2,
    .max_in = MYE_NODE_MAX_IN,
    .flags = MYE_NODE_LINEAR | MYE_NODE_GRAD_IN_PLACE,
    .shape = add_shape,
    .load = add_load,
    .backward = mye_same_backward,
};
