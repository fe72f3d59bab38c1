/*
 * scale: y = value * gain * x. `gain` is a learnable scalar when the option `learn` is set, else 1.
 * Weight-standardised networks multiply spikes by 2.74 to restore unit variance, and their
 * residual blocks by a learned gain that starts at 0.
 *
 *   dL/dx = value gain dL/dy;   dL/dgain = value sum x dL/dy
 *
 * Any shape; virtual. Source: Xiao et al. 2022 (OTTT), weight-standardised residual blocks.
 */
#include "node/elementwise.h"

typedef struct scale_options {
    double value, initial;
    bool learn;
} scale_options;

static const mye_param scale_params[] = {
    {.name = "value",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(scale_options, value),
     .def = "1",
     .unit = "",
     .help = "constant factor"},
    {.name = "learn",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(scale_options, learn),
     .def = "false",
     .unit = "",
     .help = "multiply by a learnable scalar too"},
    {.name = "initial",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(scale_options, initial),
     .def = "1",
     .unit = "",
     .help = "initial value of the learnable scalar"},
    {.name = NULL},
};

static mye_status scale_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const scale_options *o = n->options;
    n->shape = in[0];
    n->format = MYE_F32;
    if (!o->learn)
        return MYE_OK;
    const mye_weight gain = {
        .role = "gain", .trainable = true, .init = MYE_INIT_CONSTANT, .gain = o->initial};
    return mye_node_weight(n, &gain, err);
}

static float factor(const mye_node *n)
{
    const scale_options *o = n->options;
    return o->learn ? (float)o->value * n->weight[0].data[0] : (float)o->value;
}

static const float *scale_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                               mye_lane *lane)
{
    p->k->scale(at.n, factor(n), mye_load(p, n->in[0], at, dst, lane), dst);
    return dst;
}

typedef struct scale_backward_arg {
    const mye_node *n;
    const mye_pass *p;
    float a;
    double *sum; /* [MYE_CHUNK_SHARDS] of x dL/dy; NULL: no learnable gain */
} scale_backward_arg;

static void scale_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const scale_backward_arg *s = arg;
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)at.n * sizeof *buffer);
    const float *g = mye_grad_row(s->p, s->n->index, at.t, at.b) + at.i0;
    if (s->sum != NULL) {
        const float *x = mye_load(s->p, s->n->in[0], at, buffer, lane);
        double sum = 0;
        for (int64_t i = 0; i < at.n; i++)
            sum += (double)g[i] * (double)x[i];
        s->sum[shard] += sum;
    }
    if (mye_grad_wanted(s->p, s->n, 0)) {
        float *dx = mye_grad_place(s->p, s->n, 0, at, last, buffer);
        s->p->k->scale(at.n, s->a, g, dx);
        mye_grad_put(s->p, s->n, 0, at, last, dx);
    }
    lane->used = mark;
}

static void scale_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const scale_options *o = n->options;
    float *dgain = o->learn && !p->data_only ? n->weight[0].grad : NULL;
    scale_backward_arg s = {n, p, factor(n), dgain != NULL ? p->scratch : NULL};
    for (int i = 0; s.sum != NULL && i < MYE_CHUNK_SHARDS; i++)
        s.sum[i] = 0;
    mye_each_chunk(n, p, t0, t1, scale_chunk, &s);
    if (dgain == NULL)
        return;
    double sum = 0;
    for (int i = 0; i < MYE_CHUNK_SHARDS; i++)
        sum += s.sum[i];
    dgain[0] += (float)(o->value * sum);
}

static size_t scale_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    MYE_UNUSED(n);
    MYE_UNUSED(p);
    return op == MYE_OP_BACKWARD ? mye_double_bytes(MYE_CHUNK_SHARDS) : 0;
}

static size_t scale_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t size = mye_node_chunks(n).size;
    if (op == MYE_OP_FORWARD)
        return 0;
    return mye_float_bytes(size) + mye_load_lane_bytes(p, n->in[0], size);
}

const mye_node_type mye_node_scale = {
    .entry = {.name = "scale",
              .brief = "its input times a constant, and a learnable scalar",
              .source = "Xiao et al. 2022 (OTTT)",
              .params = scale_params,
              .options_size = sizeof(scale_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_READS_INPUT | MYE_NODE_GRAD_IN_PLACE,
    .shape = scale_shape,
    .scratch_bytes = scale_scratch_bytes,
    .lane_bytes = scale_lane_bytes,
    .load = scale_load,
    .backward = scale_backward,
};
