/*
 * sws_conv2d: a convolution whose weights are standardised per output channel (scaled weight
 * standardisation), so that networks train without batch norm:
 *
 *   v = gain (w - m) / s,   s = sqrt(n var + eps)
 *
 * over the n = C/groups * kh * kw weights of an output channel; m their mean, var their unbiased
 * variance; gain [channels], learnable, 1 at first. With z = w - m, k = n/(n-1), G = dL/dv:
 *
 *   dL/dgain = sum G z / s;   dL/dw = gain/s (G - mean G - z k sum(G z) / s^2)
 *
 * Shapes and options as conv2d, `eps`, `gain`. Source: Brock et al. 2021; Xiao et al. 2022 (OTTT).
 */
#include <math.h>
#include <string.h>

#include "node/convolution.h"

typedef struct sws_options {
    mye_conv_options conv; /* first: MYE_CONV_PARAMS count on it */
    double eps;
    bool gain;
} sws_options;

static const mye_param sws_params[] = {
    MYE_CONV_PARAMS,
    MYE_CONV_INIT_PARAMS(sws_options, conv.init, "kaiming_out"),
    {.name = "eps",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(sws_options, eps),
     .def = "0.0001",
     .min = 1e-12,
     .max = 1,
     .unit = "",
     .help = "added to the scaled variance of the weights"},
    {.name = "gain",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(sws_options, gain),
     .def = "true",
     .unit = "",
     .help = "learn a factor per output channel"},
    {.name = NULL},
};

static int64_t fan_of(const mye_conv_shape *s)
{
    return (int64_t)(s->C / s->groups) * s->kh * s->kw;
}

static mye_status sws_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const sws_options *o = n->options;
    mye_conv_shape *s = n->plan;
    MYE_TRY(mye_conv_shape_of(n, in, &o->conv, s, err));
    if (fan_of(s) < 2)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (sws_conv2d) wants at least 2 weights per output channel, got 1",
                        n->name);
    const mye_weight weight = {
        .rank = 4, .dim = {s->O, s->C / s->groups, s->kh, s->kw}, .layout = MYE_WEIGHT_CONV};
    MYE_TRY(mye_conv_weights(n, weight, o->conv.bias, &o->conv.init, err));
    if (!o->gain)
        return MYE_OK;
    const mye_weight gain = {.role = "gain",
                             .rank = 4,
                             .dim = {s->O, 1, 1, 1},
                             .trainable = true,
                             .init = MYE_INIT_CONSTANT,
                             .gain = 1};
    return mye_node_weight(n, &gain, err);
}

/* ---- standardisation, in blocks of output channels ---- */

#define BLOCK 64

typedef struct sws_arg {
    const mye_weight *weight, *gain; /* gain NULL: 1                          */
    int64_t fan;
    int O;
    double eps;
    float *v;       /* [fan][O] standardised weights, written                  */
    const float *G; /* [fan][O] their gradient: backward                       */
} sws_arg;

typedef struct moments {
    double mean[BLOCK], s[BLOCK];
} moments;

/* Mean and s of channels [o, o + n). */
static void channel_moments(const sws_arg *a, int o, int n, moments *m)
{
    double square[BLOCK] = {0};
    memset(m->mean, 0, sizeof m->mean);
    for (int64_t i = 0; i < a->fan; i++)
        for (int j = 0; j < n; j++)
            m->mean[j] += (double)a->weight->data[i * a->O + o + j];
    for (int j = 0; j < n; j++)
        m->mean[j] /= (double)a->fan;
    for (int64_t i = 0; i < a->fan; i++)
        for (int j = 0; j < n; j++) {
            const double z = (double)a->weight->data[i * a->O + o + j] - m->mean[j];
            square[j] += z * z;
        }
    const double k = (double)a->fan / (double)(a->fan - 1);
    for (int j = 0; j < n; j++)
        m->s[j] = sqrt(square[j] * k + a->eps);
}

static double gain_of(const sws_arg *a, int o)
{
    return a->gain != NULL ? (double)a->gain->data[o] : 1;
}

static void standardise_block(void *arg, int shard, int lane)
{
    const sws_arg *a = arg;
    const int o = shard * BLOCK, n = a->O - o < BLOCK ? a->O - o : BLOCK;
    MYE_UNUSED(lane);
    moments m;
    channel_moments(a, o, n, &m);
    for (int64_t i = 0; i < a->fan; i++)
        for (int j = 0; j < n; j++) {
            const double z = (double)a->weight->data[i * a->O + o + j] - m.mean[j];
            a->v[i * a->O + o + j] = (float)(gain_of(a, o + j) * z / m.s[j]);
        }
}

/* From the gradient of v to those of w and gain. */
static void gradient_block(void *arg, int shard, int lane)
{
    const sws_arg *a = arg;
    const int o = shard * BLOCK, n = a->O - o < BLOCK ? a->O - o : BLOCK;
    const double k = (double)a->fan / (double)(a->fan - 1);
    MYE_UNUSED(lane);
    moments m;
    double sum[BLOCK] = {0}, product[BLOCK] = {0};
    channel_moments(a, o, n, &m);
    for (int64_t i = 0; i < a->fan; i++)
        for (int j = 0; j < n; j++) {
            const double G = (double)a->G[i * a->O + o + j];
            sum[j] += G;
            product[j] += G * ((double)a->weight->data[i * a->O + o + j] - m.mean[j]);
        }
    for (int64_t i = 0; i < a->fan; i++)
        for (int j = 0; j < n; j++) {
            const int64_t at = i * a->O + o + j;
            const double z = (double)a->weight->data[at] - m.mean[j], s = m.s[j];
            const double centred = (double)a->G[at] - sum[j] / (double)a->fan;
            a->weight->grad[at] +=
                (float)(gain_of(a, o + j) / s * (centred - z * k * product[j] / (s * s)));
        }
    for (int j = 0; a->gain != NULL && j < n; j++)
        a->gain->grad[o + j] += (float)(product[j] / m.s[j]);
}

/* Scratch, or the place of kept weights: v, its gradient (backward), then the convolution's own. */
static size_t weight_bytes(const mye_node *n)
{
    return mye_float_bytes((int64_t)n->weight[0].count);
}

static sws_arg sws_arg_of(const mye_node *n, const mye_pass *p)
{
    const sws_options *o = n->options;
    const mye_conv_shape *s = n->plan;
    const sws_arg a = {.weight = &n->weight[0],
                       .gain = mye_node_find(n, "gain"),
                       .fan = fan_of(s),
                       .O = s->O,
                       .eps = o->eps,
                       .v = mye_conv_place(n, p)};
    return a;
}

static void sws_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    sws_arg a = sws_arg_of(n, p);
    if (!p->keep_packed || p->value[n->index].packed == 0) /* else v is kept too */
        mye_parallel(p->lanes.ctx, (a.O + BLOCK - 1) / BLOCK, standardise_block, &a);
    mye_conv_forward(n, p, t0, t1, n->plan, a.v, a.v + weight_bytes(n) / sizeof(float));
}

static void sws_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    sws_arg a = sws_arg_of(n, p);
    const int blocks = (a.O + BLOCK - 1) / BLOCK;
    const size_t stride = weight_bytes(n) / sizeof(float);
    float *G = a.v + stride;
    const bool wanted = n->weight[0].grad != NULL && !p->data_only;
    memset(G, 0, weight_bytes(n));
    mye_parallel(p->lanes.ctx, blocks, standardise_block, &a);
    mye_conv_backward(n, p, t0, t1, n->plan, a.v, wanted ? G : NULL, G + stride);
    a.G = G;
    if (wanted)
        mye_parallel(p->lanes.ctx, blocks, gradient_block, &a);
}

static size_t sws_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const size_t own = weight_bytes(n) * (op == MYE_OP_BACKWARD ? 2 : 1);
    return (p->keep_packed ? 0 : own) + mye_conv_scratch_bytes(n, p, n->plan, op);
}

static size_t sws_state_bytes(const mye_node *n, const mye_pass *p)
{
    return p->keep_packed ? weight_bytes(n) + mye_conv_state_bytes(n, p, n->plan) : 0;
}

static size_t sws_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    return mye_conv_lane_bytes(n, p, n->plan, op);
}

static void sws_count(const mye_node *n, mye_ops *ops)
{
    ops->macs = mye_conv_macs(n->plan);
}

const mye_node_type mye_node_sws_conv2d = {
    .entry = {.name = "sws_conv2d",
              .brief = "convolution with standardised weights, for networks without batch norm",
              .source = "Brock et al. 2021; Xiao et al. 2022 (OTTT)",
              .params = sws_params,
              .options_size = sizeof(sws_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_READS_INPUT | MYE_NODE_PRODUCT,
    .plan_bytes = sizeof(mye_conv_shape),
    .shape = sws_shape,
    .state_bytes = sws_state_bytes,
    .scratch_bytes = sws_scratch_bytes,
    .lane_bytes = sws_lane_bytes,
    .forward = sws_forward,
    .backward = sws_backward,
    .count = sws_count,
};
