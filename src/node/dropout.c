/*
 * dropout: y = m x / (1 - p), m = 0 with probability p, else 1; the identity in evaluation.
 * One mask serves all steps (as the spiking literature has it), or each step has its own
 * (`per_step`). The masks are bits, drawn in forward() as a function of the training step's seed,
 * node, sample, element [and step], and kept for the backward pass. Virtual.
 *
 * Any shape. Never static: with `per_step` a static input has different values at each step.
 */
#include <string.h>

#include "node/elementwise.h"

typedef struct dropout_options {
    double p;
    bool per_step;
} dropout_options;

static const mye_param dropout_params[] = {
    {.name = "p",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(dropout_options, p),
     .def = "0.5",
     .min = 0,
     .max = 0.999,
     .unit = "",
     .help = "probability that an element is set to 0"},
    {.name = "per_step",
     .type = MYE_PARAM_BOOL,
     .offset = offsetof(dropout_options, per_step),
     .def = "false",
     .unit = "",
     .help = "draw a mask for every step instead of one for all"},
    {.name = NULL},
};

static mye_status dropout_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(err);
    n->shape = in[0];
    n->format = MYE_F32;
    return MYE_OK;
}

static int64_t mask_words(const mye_node *n)
{
    return (mye_shape_size(n->shape) + 63) / 64;
}

static size_t dropout_state_bytes(const mye_node *n, const mye_pass *p)
{
    const dropout_options *o = n->options;
    const int64_t masks = (int64_t)(o->per_step ? p->T : 1) * p->B;
    return (size_t)(masks * mask_words(n)) * sizeof(uint64_t);
}

static uint64_t *mask_of(const mye_node *n, const mye_pass *p, int t, int b)
{
    const dropout_options *o = n->options;
    const int64_t mask = (int64_t)(o->per_step ? t : 0) * p->B + b;
    return (uint64_t *)p->value[n->index].state + mask * mask_words(n);
}

typedef struct dropout_arg {
    const mye_node *n;
    const mye_pass *p;
} dropout_arg;

static void draw_mask(void *arg, int t, int b, mye_lane *lane)
{
    const dropout_arg *d = arg;
    const dropout_options *o = d->n->options;
    MYE_UNUSED(lane);
    const uint64_t tag = o->per_step ? (uint64_t)t + 1 : 0;
    const uint64_t seed =
        mye_random_derive(mye_random_derive(d->p->seed, (uint64_t)d->n->index), tag);
    const uint32_t threshold = (uint32_t)(o->p * 4294967296.0);
    const int64_t size = mye_shape_size(d->n->shape);
    uint64_t *mask = mask_of(d->n, d->p, t, b);
    memset(mask, 0, (size_t)mask_words(d->n) * sizeof *mask);
    for (int64_t i = 0; i < size; i += 4) {
        uint32_t word[4];
        mye_random_block(seed, MYE_STREAM_DROPOUT, ((uint64_t)b << 32) + (uint64_t)i / 4, word);
        for (int64_t j = 0; j < 4 && i + j < size; j++)
            mask[(i + j) / 64] |= (uint64_t)(word[j] >= threshold) << ((i + j) % 64);
    }
}

static void dropout_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    const dropout_options *o = n->options;
    /* The masks stay for the whole run: a repeated pass finds them. */
    if (!p->training || p->repeated)
        return;
    dropout_arg d = {n, p};
    if (o->per_step)
        mye_each_image(n, p, t0, t1, draw_mask, &d);
    else if (t0 == 0)
        mye_each_image(n, p, 0, 1, draw_mask, &d);
}

/* y = m x / (1 - p) for a chunk; y may equal x. */
static void apply_mask(const mye_node *n, const mye_pass *p, mye_at at, const float *x, float *y)
{
    const dropout_options *o = n->options;
    const uint64_t *mask = mask_of(n, p, at.t, at.b);
    float keep[256];
    p->k->scale(at.n, (float)(1 / (1 - o->p)), x, y);
    for (int64_t i = 0; i < at.n; i += 256) {
        const int64_t m = at.n - i < 256 ? at.n - i : 256;
        p->k->bits_expand(m, mask, at.i0 + i, keep);
        p->k->mul(m, keep, y + i);
    }
}

static const float *dropout_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                                 mye_lane *lane)
{
    const float *x = mye_load(p, n->in[0], at, dst, lane);
    if (!p->training)
        return x;
    apply_mask(n, p, at, x, dst);
    return dst;
}

static void dropout_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const dropout_arg *d = arg;
    MYE_UNUSED(shard);
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)at.n * sizeof *buffer);
    const float *g = mye_grad_row(d->p, d->n->index, at.t, at.b) + at.i0;
    float *dx = mye_grad_place(d->p, d->n, 0, at, last, buffer);
    apply_mask(d->n, d->p, at, g, dx);
    mye_grad_put(d->p, d->n, 0, at, last, dx);
    lane->used = mark;
}

static void dropout_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    dropout_arg d = {n, p};
    if (!p->training)
        mye_same_backward(n, p, t0, t1);
    else if (mye_grad_wanted(p, n, 0))
        mye_each_chunk(n, p, t0, t1, dropout_chunk, &d);
}

static size_t dropout_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    MYE_UNUSED(p);
    return op == MYE_OP_BACKWARD ? mye_float_bytes(mye_node_chunks(n).size) : 0;
}

const mye_node_type mye_node_dropout = {
    .entry = {.name = "dropout",
              .brief = "sets random elements to 0 while training",
              .source = "",
              .params = dropout_params,
              .options_size = sizeof(dropout_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_GRAD_IN_PLACE | MYE_NODE_TIME,
    .shape = dropout_shape,
    .state_bytes = dropout_state_bytes,
    .lane_bytes = dropout_lane_bytes,
    .forward = dropout_forward,
    .load = dropout_load,
    .backward = dropout_backward,
};
