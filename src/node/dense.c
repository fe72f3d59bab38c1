/*
 * dense: y = W x + b for each sample. A 1x1 convolution over an image of one pixel whose channels
 * are all elements of the input.
 *
 * Any shape -> vector [features]. The outside world sees W as [features][C*H*W] in C,H,W order.
 */
#include "node/convolution.h"

typedef struct dense_options {
    int64_t features;
    bool bias;
    mye_conv_init init;
} dense_options;

static const mye_param dense_params[] = {
    {.name = "features",
     .type = MYE_PARAM_INT,
     .offset = offsetof(dense_options, features),
     .def = "0",
     .min = 0,
     .max = 16777216,
     .unit = "",
     .help = "output features; must be given"},
    {.name = "bias",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(dense_options, bias),
     .def = "true",
     .unit = "",
     .help = "add a learnable bias"},
    MYE_CONV_INIT_PARAMS(dense_options, init, "uniform"),
    {.name = NULL},
};

static mye_status dense_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const dense_options *o = n->options;
    const int out = (int)o->features;
    const int64_t size = mye_shape_size(*in);
    if (out < 1)
        return mye_fail(err, MYE_ERR_ARG, "node '%s' (dense) wants a number of output features",
                        n->name);
    if ((double)size * out > INT32_MAX)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (dense) from %lld to %d features has more than 2^31 weights",
                        n->name, (long long)size, out);
    mye_conv_shape *s = n->plan;
    *s = (mye_conv_shape){.C = (int)size,
                          .H = 1,
                          .W = 1,
                          .O = out,
                          .OH = 1,
                          .OW = 1,
                          .kh = 1,
                          .kw = 1,
                          .sh = 1,
                          .sw = 1,
                          .groups = 1};
    n->shape = (mye_shape){out, 1, 1, true};
    n->format = MYE_F32;
    const mye_weight weight = {.rank = 2,
                               .dim = {out, (int)size},
                               .c = in->c,
                               .h = in->h,
                               .w = in->w,
                               .layout = MYE_WEIGHT_DENSE};
    return mye_conv_weights(n, weight, o->bias, &o->init, err);
}

static size_t dense_state_bytes(const mye_node *n, const mye_pass *p)
{
    return mye_conv_state_bytes(n, p, n->plan);
}

static size_t dense_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    return mye_conv_scratch_bytes(n, p, n->plan, op);
}

static size_t dense_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    return mye_conv_lane_bytes(n, p, n->plan, op);
}

static void dense_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_conv_forward(n, p, t0, t1, n->plan, n->weight[0].data, mye_conv_place(n, p));
}

static void dense_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_conv_backward(n, p, t0, t1, n->plan, n->weight[0].data, n->weight[0].grad, p->scratch);
}

static void dense_count(const mye_node *n, mye_ops *ops)
{
    ops->macs = mye_conv_macs(n->plan);
}

const mye_node_type mye_node_dense = {
    .entry = {.name = "dense",
              .brief = "y = W x + b for each sample",
              .source = "",
              .params = dense_params,
              .options_size = sizeof(dense_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_READS_INPUT | MYE_NODE_PRODUCT,
    .plan_bytes = sizeof(mye_conv_shape),
    .shape = dense_shape,
    .state_bytes = dense_state_bytes,
    .scratch_bytes = dense_scratch_bytes,
    .lane_bytes = dense_lane_bytes,
    .forward = dense_forward,
    .backward = dense_backward,
    .count = dense_count,
};
