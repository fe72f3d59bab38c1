/*
 * direct_feedback: y = x. Backward, its input gets the error of the network's output through fixed random
 * weights, whatever the layers behind it say:
 *
 *   dL/dx_i = sum over k of e_k B[k][i],   e = dL/d(output), from the pass (output_grad)
 *
 * B [classes][N] is a buffer, role "feedback": normal, each row of length 1, drawn from the network's
 * seed or, where it is not 0, from the option `seed`. Any shape; options classes, seed. Virtual.
 *
 * Static nodes get the sum over the rows that output_grad has. Where the pass does not know
 * output_grad, or it has another number of classes, the gradient is 0.
 *
 * In a pass of backpropagation (`backprop`) it hands on what its readers say, as identity does: that is
 * what its gradients are compared with.
 *
 * dx = e B is the backward data pass of a dense layer with weights B. Source: Noekland 2016,
 * arXiv 1609.01596 (direct feedback alignment).
 */
#include "node/direct_feedback.h"

#include <string.h>

#include "node/elementwise.h"

static const mye_param direct_params[] = {
    {.name = "classes",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_direct_feedback_options, classes),
     .def = "0",
     .min = 0,
     .max = 16777216,
     .unit = "",
     .help = "outputs of the network; must be given"},
    {.name = "seed",
     .type = MYE_PARAM_INT,
     .offset = offsetof(mye_direct_feedback_options, seed),
     .def = "0",
     .min = 0,
     .max = 2147483647,
     .unit = "",
     .help = "of the random weights, 0 = that of the network"},
    {.name = NULL},
};

static mye_status direct_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const mye_direct_feedback_options *o = n->options;
    const int64_t size = mye_shape_size(*in);
    if (o->classes < 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (direct_feedback) wants a number of classes, got %lld", n->name,
                        (long long)o->classes);
    if ((double)size * (double)o->classes > INT32_MAX)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (direct_feedback) from %lld classes to %lld elements has more "
                        "than 2^31 weights",
                        n->name, (long long)o->classes, (long long)size);
    n->shape = *in;
    n->format = MYE_F32;
    mye_conv_shape *s = n->plan;
    *s = (mye_conv_shape){(int)size, 1, 1, (int)o->classes, 1, 1, 1, 1, 1, 1, 0, 0, 1};
    const mye_weight feedback = {.role = "feedback",
                                 .rank = 2,
                                 .dim = {(int)o->classes, (int)size},
                                 .c = in->c,
                                 .h = in->h,
                                 .w = in->w,
                                 .layout = MYE_WEIGHT_DENSE,
                                 .init = MYE_INIT_UNIT_ROWS,
                                 .seed = (uint64_t)o->seed};
    return mye_node_weight(n, &feedback, err);
}

static const float *row_of(const mye_pass *p, int t)
{
    const int row = p->output_grad_steps == 1 ? 0 : t;
    return p->output_grad + row * p->B * p->output_classes;
}

/* The error of a static value: the rows' sum, in `sum` where there are several. */
static const float *static_error(const mye_pass *p, float *sum)
{
    const int64_t n = p->B * p->output_classes;
    if (p->output_grad_steps == 1)
        return p->output_grad;
    memcpy(sum, p->output_grad, (size_t)n * sizeof *sum);
    for (int t = 1; t < p->output_grad_steps; t++)
        p->k->add(n, row_of(p, t), sum);
    return sum;
}

static const float *packed_weight(const mye_node *n, const mye_pass *p)
{
    const mye_conv_kernels *way = &p->k->conv[MYE_CONV_DIRECT];
    if (way->pack_bytes(n->plan, MYE_CONV_DATA) == 0)
        return n->weight[0].data;
    way->pack(p->lanes, n->plan, MYE_CONV_DATA, n->weight[0].data, p->scratch);
    return p->scratch;
}

/* Scratch: the packed weights, then the error of a static value. */
static size_t packed_bytes(const mye_node *n, const mye_pass *p)
{
    const size_t bytes = p->k->conv[MYE_CONV_DIRECT].pack_bytes(n->plan, MYE_CONV_DATA);
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

static void random_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const mye_conv_shape *s = n->plan;
    const int steps = mye_node_steps(n, t0, t1);
    const int64_t image = (int64_t)p->B * s->C;
    bool accumulate;
    float *dx = mye_grad_target(p, n, 0, t0, &accumulate);
    if (dx == NULL)
        return;
    if (p->output_grad == NULL || p->output_classes != s->O) {
        if (!accumulate)
            memset(dx, 0, (size_t)(steps * image) * sizeof *dx);
        return;
    }
    unsigned char *behind = p->scratch;
    float *sum = (float *)(void *)(behind + packed_bytes(n, p));
    const float *weight = packed_weight(n, p);
    for (int i = 0; i < steps; i++)
        p->k->conv[MYE_CONV_DIRECT].backward_data(
            p->lanes, s, p->B, n->is_static ? static_error(p, sum) : row_of(p, t0 + i), weight,
            dx + i * image, accumulate);
}

static void direct_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    if (p->backprop)
        mye_same_backward(n, p, t0, t1);
    else
        random_backward(n, p, t0, t1);
}

static size_t direct_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_conv_shape *s = n->plan;
    const int64_t error = n->is_static ? (int64_t)p->B * s->O : 0;
    return op == MYE_OP_BACKWARD ? packed_bytes(n, p) + mye_float_bytes(error) : 0;
}

static size_t direct_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    return op == MYE_OP_BACKWARD ? p->k->conv[MYE_CONV_DIRECT].lane_bytes(n->plan, MYE_CONV_DATA)
                                 : 0;
}

const mye_node_type mye_node_direct_feedback = {
    .entry = {.name = "direct_feedback",
              .brief = "passes its input on; back goes the output's error by random weights",
              .source = "Noekland 2016 (direct feedback alignment)",
              .params = direct_params,
              .options_size = sizeof(mye_direct_feedback_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_SAME | MYE_NODE_STOP,
    .plan_bytes = sizeof(mye_conv_shape),
    .shape = direct_shape,
    .scratch_bytes = direct_scratch_bytes,
    .lane_bytes = direct_lane_bytes,
    .load = mye_same_load,
    .backward = direct_backward,
};
