/*
 * feedback: y_t = x_t + z_{t-1}, z the value of a *later* node of the same shape; at the first step
 * there is no z. The only node that may name a later one. Virtual; floats.
 *
 * Any shape; option `from`, the name of that node. z is read where its node stores it, before that
 * node computes its next step: so a network with feedback goes step by step.
 *
 * Source: Xiao et al. 2021, arXiv 2109.14247, eq. 4: the feedback connection of a spiking network.
 */
#include "node/feedback.h"

#include "node/elementwise.h"

static const mye_param feedback_params[] = {
    {.name = "from",
     .type = MYE_PARAM_TEXT,
     .offset = offsetof(mye_feedback_options, from),
     .size = sizeof((mye_feedback_options *)NULL)->from,
     .def = "",
     .unit = "",
     .help = "later node whose value of the step before is added; must be given"},
    {.name = NULL},
};

static mye_status feedback_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    MYE_UNUSED(err);
    n->shape = in[0];
    n->format = MYE_F32;
    return MYE_OK;
}

static const float *feedback_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                                  mye_lane *lane)
{
    if (at.t == 0)
        return mye_load(p, n->in[0], at, dst, lane);
    const size_t mark = lane->used;
    float *last = mye_lane_take(lane, (size_t)at.n * sizeof *last);
    mye_at before = at;
    before.t--; /* where one step is held, that is the step before still */
    mye_load_into(p, n->in[0], at, dst, lane);
    p->k->add(at.n, mye_load(p, mye_feedback_from(n), before, last, lane), dst);
    lane->used = mark;
    return dst;
}

typedef struct feedback_arg {
    const mye_node *n;
    const mye_pass *p;
} feedback_arg;

static void feedback_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const feedback_arg *a = arg;
    MYE_UNUSED(shard);
    MYE_UNUSED(lane);
    const float *g = mye_grad_row(a->p, a->n->index, at.t, at.b) + at.i0;
    for (int k = 0; k <= a->n->n_in; k++)
        if (mye_grad_wanted(a->p, a->n, k))
            mye_grad_put(a->p, a->n, k, at, last, g);
}

/* One step: what z's node gets belongs to the step before (rules that take feedback see to it). */
static void feedback_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    feedback_arg a = {n, p};
    mye_each_chunk(n, p, t0, t1, feedback_chunk, &a);
}

const mye_node_type mye_node_feedback = {
    .entry = {.name = "feedback",
              .brief = "its input, and what a later node had at the step before",
              .source = "Xiao et al. 2021, arXiv 2109.14247",
              .params = feedback_params,
              .options_size = sizeof(mye_feedback_options)},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_LINEAR | MYE_NODE_GRAD_IN_PLACE | MYE_NODE_TIME,
    .shape = feedback_shape,
    .load = feedback_load,
    .backward = feedback_backward,
};
