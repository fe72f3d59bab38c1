/* Passes and their buffers: what each node's value is, what it stores, whose memory a gradient shares. */
#include "net/run_internal.h"

#include "neuron/neuron.h"
#include "node/feedback.h"

int mye_run_add_buffer(mye_run *run, size_t bytes)
{
    if (run->n_buffers == run->cap_buffers) {
        const int cap = run->cap_buffers * 2 + 128;
        mye_buffer *grown =
            mye_grow(run->ctx, run->buffer, (size_t)run->cap_buffers * sizeof *grown,
                     (size_t)cap * sizeof *grown);
        if (grown == NULL) {
            run->failed = true;
            return -1;
        }
        run->buffer = grown;
        run->cap_buffers = cap;
    }
    run->buffer[run->n_buffers] = (mye_buffer){bytes, -1, -1, -1, false};
    return run->n_buffers++;
}

static int *slot_index(mye_pass *p, int node, mye_slot slot)
{
    return &((mye_pass_slots *)p)->buffer[node * MYE_SLOT_COUNT + (int)slot];
}

void mye_run_need(mye_run *run, mye_pass *p, int node, mye_slot slot, size_t bytes)
{
    if (!run->failed && mye_run_has(run, node))
        *slot_index(p, node, slot) = mye_run_add_buffer(run, bytes);
}

void mye_run_share(mye_run *run, mye_pass *pa, int node, mye_slot a, mye_pass *pb, mye_slot b)
{
    if (!run->failed)
        *slot_index(pa, node, a) = *slot_index(pb, node, b);
}

/* May the gradient of some input of n live where n's own gradient is? Then which input, else -1. */
static int aliased_input(const mye_run *run, const mye_pass *p, const mye_node *n)
{
    if (!(n->type->flags & MYE_NODE_GRAD_IN_PLACE))
        return -1;
    for (int k = 0; k < n->n_in; k++) {
        const mye_node *in = p->node[n->in[k]];
        const mye_value *a = &p->value[n->index], *b = &p->value[in->index];
        const bool in_step = n->is_static == in->is_static || p->T == 1;
        if (in->n_consumers == 1 && a->steps == b->steps && a->n == b->n && in->needs_grad &&
            in_step && !mye_run_is_head(run, in->index))
            return k;
    }
    return -1;
}

static bool same_module(const mye_run *run, int a, int b)
{
    for (int i = 0; i < run->n_modules; i++) {
        const mye_module *m = &run->module[i];
        if ((a >= m->first && a <= m->last) != (b >= m->first && b <= m->last))
            return false;
    }
    return !mye_run_is_head(run, a);
}

/* The node that tells the gradient of neuron n, so that it needs no memory; 0: none. */
static int grad_teller(const mye_run *run, const mye_pass *p, const mye_node *n)
{
    if (n->neuron == NULL || n->n_consumers != 1 || run->options.rate_strength > 0)
        return 0; /* the term of the firing rates is added to a gradient in memory */
    for (int i = n->index + 1; i < p->n_nodes; i++) {
        const mye_node *reader = p->node[i];
        if (reader->n_in == 1 && reader->in[0] == n->index)
            return reader->type->tells_grad != NULL && reader->type->tells_grad(reader) &&
                           same_module(run, n->index, i)
                       ? i
                       : 0;
    }
    return 0;
}

/* Notes the stored values that node i, of module k, reads of earlier modules. */
static void note_crossing(const mye_run *run, mye_pass *p, int k, int i)
{
    const mye_node *n = p->node[i];
    for (int j = 0; j < n->n_in; j++) {
        const int in = n->in[j];
        if (p->node[in]->type->load != NULL)
            note_crossing(run, p, k, in);
        else if (run->model->node_module[in] < k)
            p->value[in].crosses = true;
    }
}

static void describe_value(const mye_run *run, mye_pass *p, int window, const mye_node *n)
{
    mye_value *v = &p->value[n->index];
    v->n = mye_shape_size(n->shape);
    v->steps = n->is_static || p->T == 1 ? 1 : window;
    v->format = p->rates || run->options.smooth ? MYE_F32 : n->format;
    v->row = v->format == MYE_BITS ? (v->n + 63) / 64 : v->n;
    v->grad_from = grad_teller(run, p, n);
}

static void plan_buffers(mye_run *run, mye_pass *p)
{
    const bool grads = run->options.training;
    for (int i = 0; i < p->n_nodes && !run->failed; i++) {
        const mye_node *n = p->node[i];
        const mye_value *v = &p->value[i];
        const size_t cells = (size_t)v->steps * (size_t)run->options.B;
        const size_t word = v->format == MYE_BITS ? sizeof(uint64_t) : sizeof(float);
        if (n->type->load == NULL)
            mye_run_need(run, p, i, MYE_SLOT_DATA, cells * (size_t)v->row * word);
        if (grads && v->grad_from == 0 &&
            (n->needs_grad || (n->n_in == 0 && run->options.input_grad)))
            mye_run_need(run, p, i, MYE_SLOT_GRAD, cells * (size_t)v->n * sizeof(float));
    }
    for (int i = p->n_nodes - 1; grads && i >= 0; i--) {
        const int k = aliased_input(run, p, p->node[i]);
        if (k < 0 || run->failed || p->value[i].grad_from != 0)
            continue;
        const int in = p->node[i]->in[k];
        *slot_index(p, in, MYE_SLOT_GRAD) = *slot_index(p, i, MYE_SLOT_GRAD);
        p->value[in].grad_alias = true;
    }
}

/* Packing costs as much as a few images: it is repeated for larger batches, whose layers are better
 * off with Winograd's way, whose packed weights are four times as large. */
#define FEW_SAMPLES 16

static bool keeps_packed(const mye_run *run)
{
    const mye_run_options *o = &run->options;
    return o->keep_packed && !o->training && (o->int8 || o->B < FEW_SAMPLES);
}

/* Ways that layers may go. The gradient check and `exact` keep to the direct one. */
static unsigned allowed_ways(const mye_run *run)
{
    const unsigned direct = 1u << MYE_CONV_DIRECT;
    const int forced = mye_context_way(run->ctx);
    const unsigned also = run->options.int8 ? 1u << MYE_CONV_INT8 : 0;
    if (run->options.exact || run->options.smooth)
        return direct | also;
    if (forced != MYE_CONV_ANY)
        return direct | 1u << forced | also;
    return direct | 1u << MYE_CONV_SPIKES | also |
           (keeps_packed(run) ? 0 : 1u << MYE_CONV_WINOGRAD);
}

static int forced_way(const mye_run *run)
{
    if (run->options.int8)
        return MYE_CONV_INT8;
    return run->options.exact ? MYE_CONV_DIRECT : mye_context_way(run->ctx);
}

mye_pass *mye_run_add_pass(mye_run *run, int T, int window)
{
    const int n_nodes = run->model->n_nodes;
    mye_pass_slots *rp = mye_alloc(run->ctx, sizeof *rp);
    if (rp == NULL) {
        run->failed = true;
        return NULL;
    }
    run->pass[run->n_passes++] = rp;
    rp->window = window;
    rp->buffer = mye_alloc_array(run->ctx, (size_t)n_nodes * MYE_SLOT_COUNT, sizeof(int));
    mye_pass *p = &rp->pass;
    *p = (mye_pass){
        .lanes = {run->ctx, run->lane},
        .k = mye_context_table(run->ctx),
        .node = run->model->node,
        .n_nodes = n_nodes,
        .T = T,
        .B = run->options.B,
        .window = window,
        .training = run->options.training,
        .smooth = run->options.smooth,
        .rates = run->n_passes > 1,
        .backprop = run->options.whole,
        .ways = allowed_ways(run),
        .forced = forced_way(run),
        .keep_packed = keeps_packed(run),
        .profile = run->options.profile,
        .value = mye_alloc_array(run->ctx, (size_t)n_nodes, sizeof(mye_value)),
    };
    if (rp->buffer == NULL || p->value == NULL) {
        run->failed = true;
        return NULL;
    }
    for (int i = 0; i < n_nodes * MYE_SLOT_COUNT; i++)
        rp->buffer[i] = -1;
    for (int i = 0; i < n_nodes; i++)
        describe_value(run, p, window, p->node[i]);
    for (int i = 0; i < n_nodes; i++)
        if (mye_feedback_from(p->node[i]) >= 0)
            p->value[mye_feedback_from(p->node[i])].fed_back = true;
    for (int i = 0; i < n_nodes; i++)
        note_crossing(run, p, run->model->node_module[i], i);
    plan_buffers(run, p);
    return p;
}
