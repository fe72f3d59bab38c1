/*
 * conv2d: y[o] = sum over window and input channels of w[o][c][kh][kw] x[c], plus bias[o].
 * Cross-correlation with zero padding, as in other frameworks; `groups` splits the channels.
 *
 * [C,H,W] -> [channels,OH,OW], OH = floor((H + 2 padding - kernel) / stride) + 1. The default padding,
 * half the kernel, keeps H and W for odd kernels at stride 1.
 */
#include "node/convolution.h"

static const mye_param conv2d_params[] = {
    MYE_CONV_PARAMS,
    MYE_CONV_INIT_PARAMS(mye_conv_options, init, "uniform"),
    {.name = NULL},
};

static mye_status conv2d_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const mye_conv_options *o = n->options;
    mye_conv_shape *s = n->plan;
    MYE_TRY(mye_conv_shape_of(n, in, o, s, err));
    const mye_weight weight = {
        .rank = 4, .dim = {s->O, s->C / s->groups, s->kh, s->kw}, .layout = MYE_WEIGHT_CONV};
    return mye_conv_weights(n, weight, o->bias, &o->init, err);
}

static size_t conv2d_state_bytes(const mye_node *n, const mye_pass *p)
{
    return mye_conv_state_bytes(n, p, n->plan);
}

static size_t conv2d_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    return mye_conv_scratch_bytes(n, p, n->plan, op);
}

static size_t conv2d_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    return mye_conv_lane_bytes(n, p, n->plan, op);
}

static void conv2d_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_conv_forward(n, p, t0, t1, n->plan, n->weight[0].data, mye_conv_place(n, p));
}

static void conv2d_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_conv_backward(n, p, t0, t1, n->plan, n->weight[0].data, n->weight[0].grad, p->scratch);
}

static void conv2d_count(const mye_node *n, mye_ops *ops)
{
    ops->macs = mye_conv_macs(n->plan);
}

const mye_node_type mye_node_conv2d = {
    .entry = {.name = "conv2d",
              .brief = "convolution over an image",
              .source = "",
              .params = conv2d_params,
              .options_size = sizeof(mye_conv_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_READS_INPUT | MYE_NODE_PRODUCT,
    .plan_bytes = sizeof(mye_conv_shape),
    .shape = conv2d_shape,
    .state_bytes = conv2d_state_bytes,
    .scratch_bytes = conv2d_scratch_bytes,
    .lane_bytes = conv2d_lane_bytes,
    .forward = conv2d_forward,
    .backward = conv2d_backward,
    .count = conv2d_count,
};
