/*
 * conv_transpose2d: the adjoint of conv2d. Each input pixel x[i] adds w[i][c][kh][kw] x[i] to the
 * window that it stands for; plus bias[c]. So an image grows where conv2d with the same options
 * shrinks one: feedback from a small image to a large one.
 *
 * [I,H,W] -> [channels,OH,OW], OH = (H - 1) stride - 2 padding + kernel + output_padding. The default
 * output_padding, stride - 1, with the default padding makes OH = stride H for odd kernels. Weights
 * are [I][channels/groups][kh][kw] outside.
 *
 * `s` is the shape of the convolution whose adjoint this is: its input is our output. So forward is
 * its backward data pass, and the gradient of our input its forward pass. The direct way only.
 */
#include <string.h>

#include "node/convolution.h"

typedef struct transpose_options {
    mye_conv_options conv; /* first: MYE_CONV_PARAMS */
    int64_t output_padding, output_padding_w;
} transpose_options;

static const mye_param transpose_params[] = {
    MYE_CONV_PARAMS,
    {.name = "output_padding",
     .type = MYE_PARAM_INT,
     .offset = offsetof(transpose_options, output_padding),
     .def = "-1",
     .min = -1,
     .max = 1023,
     .unit = "",
     .help = "rows that no window reaches in full, -1 = stride - 1"},
    {.name = "output_padding_w",
     .type = MYE_PARAM_INT,
     .offset = offsetof(transpose_options, output_padding_w),
     .def = "-1",
     .min = -1,
     .max = 1023,
     .unit = "",
     .help = "columns of that kind, -1 = as output_padding"},
    MYE_CONV_INIT_PARAMS(transpose_options, conv.init, "uniform"),
    {.name = NULL},
};

/* ---- shape ---- */

static int64_t grown(int size, int k, int stride, int padding, int64_t more)
{
    return (int64_t)(size - 1) * stride - 2 * padding + k + more;
}

static mye_status check_sizes(const mye_node *n, const mye_shape *in, const mye_conv_shape *s,
                              int64_t oh, int64_t ow, mye_error *err)
{
    if (in->flat && (in->h > 1 || in->w > 1))
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (conv_transpose2d) wants an image, got a flattened one of "
                        "%dx%dx%d",
                        n->name, in->c, in->h, in->w);
    if (s->C < 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (conv_transpose2d) wants a number of output channels", n->name);
    if (s->C % s->groups != 0 || s->O % s->groups != 0)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (conv_transpose2d) cannot split %d input and %d output channels "
                        "into %d groups",
                        n->name, s->O, s->C, s->groups);
    if (oh < 1 || ow < 1 || (double)oh * (double)ow * s->C > INT32_MAX ||
        (double)s->kh * s->kw * (s->C / s->groups) * s->O > INT32_MAX)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (conv_transpose2d) makes an image of %lldx%lld from %dx%d: it "
                        "wants 1 to 2^31 elements and weights",
                        n->name, (long long)oh, (long long)ow, in->h, in->w);
    return MYE_OK;
}

static mye_status declare_weights(mye_node *n, const mye_conv_shape *s, mye_error *err)
{
    const transpose_options *o = n->options;
    const mye_weight weight = {
        .rank = 4, .dim = {s->O, s->C / s->groups, s->kh, s->kw}, .layout = MYE_WEIGHT_CONV};
    MYE_TRY(mye_conv_weights(n, weight, false, &o->conv.init, err));
    const mye_weight bias = {.role = "bias", .rank = 1, .dim = {s->C}, .trainable = true};
    return o->conv.bias ? mye_node_weight(n, &bias, err) : MYE_OK;
}

static mye_status transpose_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    const transpose_options *o = n->options;
    mye_conv_shape *s = n->plan;
    *s = (mye_conv_shape){.C = (int)o->conv.channels, .O = in->c, .OH = in->h, .OW = in->w};
    mye_conv_window(&o->conv, s);
    const int64_t more = o->output_padding < 0 ? s->sh - 1 : o->output_padding;
    int64_t more_w = o->output_padding < 0 ? s->sw - 1 : o->output_padding;
    more_w = o->output_padding_w < 0 ? more_w : o->output_padding_w;
    if (more >= s->sh || more_w >= s->sw)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (conv_transpose2d) wants an output_padding below its stride "
                        "%dx%d, got %lldx%lld",
                        n->name, s->sh, s->sw, (long long)more, (long long)more_w);
    const int64_t oh = grown(in->h, s->kh, s->sh, s->ph, more);
    const int64_t ow = grown(in->w, s->kw, s->sw, s->pw, more_w);
    MYE_TRY(check_sizes(n, in, s, oh, ow, err));
    s->H = (int)oh;
    s->W = (int)ow;
    n->shape = (mye_shape){s->C, s->H, s->W, in->flat};
    n->format = MYE_F32;
    return declare_weights(n, s, err);
}

/* ---- memory: the input as floats (later a gradient of its), packed weights, partial sums ---- */

static const mye_conv_kernels *way_of(const mye_pass *p)
{
    return &p->k->conv[MYE_CONV_DIRECT];
}

static size_t input_bytes(const mye_node *n, const mye_pass *p)
{
    return mye_float_bytes((int64_t)p->value[n->index].steps * p->B * p->value[n->in[0]].n);
}

static size_t rounded(size_t bytes)
{
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

static size_t transpose_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_conv_shape *s = n->plan;
    const mye_conv_kernels *way = way_of(p);
    const int64_t images = (int64_t)p->value[n->index].steps * p->B;
    const size_t packed =
        way->pack_bytes(s, op == MYE_OP_FORWARD ? MYE_CONV_DATA : MYE_CONV_FORWARD);
    const size_t sums = op == MYE_OP_FORWARD ? 0 : rounded(way->scratch_bytes(s, images));
    return input_bytes(n, p) + rounded(packed) + sums;
}

static size_t transpose_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_conv_shape *s = n->plan;
    const mye_conv_kernels *way = way_of(p);
    const size_t read = mye_load_lane_bytes(p, n->in[0], (int64_t)s->OW * s->O);
    const size_t first = way->lane_bytes(s, op == MYE_OP_FORWARD ? MYE_CONV_DATA : MYE_CONV_WEIGHT);
    const size_t second = op == MYE_OP_FORWARD ? 0 : way->lane_bytes(s, MYE_CONV_FORWARD);
    const size_t most = first > second ? first : second;
    return rounded(most > read ? most : read);
}

static void *behind(void *base, size_t bytes)
{
    return (unsigned char *)base + bytes;
}

/* ---- passes ---- */

typedef struct copy_arg {
    const mye_node *n;
    const mye_pass *p;
    int t0;
    float *to;
} copy_arg;

static void copy_image(void *arg, int t, int b, mye_lane *lane)
{
    const copy_arg *a = arg;
    const mye_conv_shape *s = a->n->plan;
    const int64_t row = (int64_t)s->OW * s->O;
    float *to = a->to + ((int64_t)(t - a->t0) * a->p->B + b) * row * s->OH;
    for (int h = 0; h < s->OH; h++)
        mye_load_into(a->p, a->n->in[0], (mye_at){t, b, h * row, row}, to + h * row, lane);
}

/* The input of steps [t0, t1) as floats: where it is stored, or in scratch. */
static const float *input_floats(const mye_node *n, const mye_pass *p, int t0, int t1)
{
    const mye_node_images reader = {p, n->in[0], t0, false};
    const mye_images x = mye_images_of(&reader);
    if (x.floats != NULL)
        return x.floats;
    copy_arg a = {n, p, t0, p->scratch};
    mye_each_image(n, p, t0, t1, copy_image, &a);
    return p->scratch;
}

static void transpose_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const mye_conv_shape *s = n->plan;
    const mye_conv_kernels *way = way_of(p);
    const mye_weight *bias = mye_node_find(n, "bias");
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B;
    const float *x = input_floats(n, p, t0, t1), *weight = n->weight[0].data;
    float *y = mye_value_row(p, n->index, t0, 0), *packed = behind(p->scratch, input_bytes(n, p));
    if (way->pack_bytes(s, MYE_CONV_DATA) > 0) {
        way->pack(p->lanes, s, MYE_CONV_DATA, weight, packed);
        weight = packed;
    }
    for (int64_t i = 0; bias != NULL && i < images * s->H * s->W; i++)
        memcpy(y + i * s->C, bias->data, (size_t)s->C * sizeof *y);
    way->backward_data(p->lanes, s, images, x, weight, y, bias != NULL);
}

/* Images that lie in memory one after another. */
typedef struct plain_images {
    const float *data;
    int64_t row, size; /* floats of a row, of an image */
} plain_images;

static void plain_read(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                       mye_lane *lane)
{
    const plain_images *x = self;
    MYE_UNUSED(lane);
    for (int h = h0; h < h1; h++, dst += pitch)
        memcpy(dst, x->data + i * x->size + h * x->row, (size_t)x->row * sizeof *dst);
}

static void weight_gradients(const mye_node *n, const mye_pass *p, int t0, int t1, mye_images g,
                             float *sums)
{
    const mye_conv_shape *s = n->plan;
    const mye_weight *bias = mye_node_find(n, "bias");
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B, area = (int64_t)s->H * s->W;
    way_of(p)->backward_weight(p->lanes, s, images, g, input_floats(n, p, t0, t1),
                               n->weight[0].grad, NULL, sums);
    for (int64_t i = 0; bias != NULL && i < images; i++)
        p->k->column_sums(area, s->C, g.floats + i * area * s->C, bias->grad);
}

/* The gradient of the input, made in its place, or in scratch where it must be added. */
static void input_gradient(const mye_node *n, const mye_pass *p, int t0, int t1, mye_images g,
                           float *packed)
{
    const mye_conv_shape *s = n->plan;
    const mye_conv_kernels *way = way_of(p);
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B;
    const float *weight = n->weight[0].data;
    bool accumulate;
    float *dx = mye_grad_target(p, n, 0, t0, &accumulate);
    if (way->pack_bytes(s, MYE_CONV_FORWARD) > 0) {
        way->pack(p->lanes, s, MYE_CONV_FORWARD, weight, packed);
        weight = packed;
    }
    float *to = accumulate ? p->scratch : dx;
    way->forward(p->lanes, s, images, g, weight, NULL, to, NULL);
    if (accumulate)
        p->k->add(images * p->value[n->in[0]].n, to, dx);
}

static void transpose_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const mye_conv_shape *s = n->plan;
    const float *grad = mye_grad_row(p, n->index, t0, 0);
    const int64_t row = (int64_t)s->W * s->C;
    const plain_images plain = {grad, row, row * s->H};
    const mye_images g = {plain_read, &plain, NULL, grad};
    float *packed = behind(p->scratch, input_bytes(n, p));
    float *sums = behind(packed, rounded(way_of(p)->pack_bytes(s, MYE_CONV_FORWARD)));
    if (n->weight[0].grad != NULL && !p->data_only)
        weight_gradients(n, p, t0, t1, g, sums);
    if (mye_grad_wanted(p, n, 0))
        input_gradient(n, p, t0, t1, g, packed);
}

static void transpose_count(const mye_node *n, mye_ops *ops)
{
    ops->macs = mye_conv_macs(n->plan);
}

const mye_node_type mye_node_conv_transpose2d = {
    .entry = {.name = "conv_transpose2d",
              .brief = "the adjoint of conv2d: makes images larger",
              .source = "",
              .params = transpose_params,
              .options_size = sizeof(transpose_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_READS_INPUT,
    .plan_bytes = sizeof(mye_conv_shape),
    .shape = transpose_shape,
    .scratch_bytes = transpose_scratch_bytes,
    .lane_bytes = transpose_lane_bytes,
    .forward = transpose_forward,
    .backward = transpose_backward,
    .count = transpose_count,
};
