/*
 * The ops that time rules are made of. Each op announces what it reads and writes; in the dry
 * execution that is all it does, in the real one the buffers are bound to their places first.
 */
#include "net/run_internal.h"

#include "base/poison.h"
#include "neuron/neuron.h"
#include "node/feedback.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

bool mye_run_works(const mye_run *run)
{
    return !run->dry && !run->idle && !run->forward_only && !run->failed;
}

static void *slot_pointer_set(mye_value *v, mye_slot slot, void *p)
{
    switch (slot) {
    case MYE_SLOT_DATA:
        return v->data = p;
    case MYE_SLOT_GRAD:
        return v->grad = p;
    case MYE_SLOT_U:
        return v->u = p;
    case MYE_SLOT_E:
        return v->e = p;
    case MYE_SLOT_R:
        return v->r = p;
    case MYE_SLOT_HALF:
        return v->half = p;
    case MYE_SLOT_TRACE:
        return v->trace = p;
    case MYE_SLOT_OUT:
        return v->out = p;
    case MYE_SLOT_DOUT:
        return v->dout = p;
    default:
        return v->eps = p;
    }
}

/* A new stay of the buffer begins at this tick: noted when dry, looked up when real. */
static void begin_stay(mye_run *run, mye_buffer *b, int pass, int node, mye_slot slot)
{
    b->live = true;
    if (!run->dry) {
        b->current = b->current < 0 ? b->head : run->interval[b->current].next;
        assert(b->current >= 0);
        assert(b->bytes <= run->interval[b->current].bytes);
        mye_unpoison(run->arena + run->interval[b->current].offset, b->bytes);
        return;
    }
    if (run->n_intervals == run->cap_intervals) {
        const int cap = run->cap_intervals * 2 + 64;
        mye_interval *grown =
            mye_grow(run->ctx, run->interval, (size_t)run->cap_intervals * sizeof *grown,
                     (size_t)cap * sizeof *grown);
        if (grown == NULL) {
            run->failed = true;
            return;
        }
        run->interval = grown;
        run->cap_intervals = cap;
    }
    const int i = run->n_intervals++;
    size_t bytes = (b->bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
    bytes += bytes > 0 ? MYE_GAP : 0;
    run->interval[i] = (mye_interval){.first = run->tick,
                                      .last = run->tick,
                                      .bytes = bytes,
                                      .next = -1,
                                      .pass = pass,
                                      .node = node,
                                      .slot = slot};
    if (b->tail >= 0)
        run->interval[b->tail].next = i;
    else
        b->head = i;
    b->tail = b->current = i;
}

/* In AddressSanitizer builds a buffer can be touched during its planned stay only. */
void mye_run_end_op(mye_run *run)
{
    for (int i = 0; MYE_GAP > 0 && !run->dry && i < run->n_intervals; i++)
        if (run->interval[i].last == run->tick)
            mye_poison(run->arena + run->interval[i].offset, run->interval[i].bytes);
    run->tick++;
}

void mye_run_keep(mye_run *run, mye_pass *p, int node, mye_slot slot)
{
    const mye_buffer *b = mye_run_buffer(run, p, node, slot);
    if (run->dry && !run->failed && b != NULL && b->live)
        run->interval[b->current].last = INT_MAX;
}

static int pass_index(const mye_run *run, const mye_pass *p)
{
    return &run->pass[0]->pass == p ? 0 : 1;
}

/* Announces one access. Reading what was never written is a mistake of the rule. */
void mye_run_touch(mye_run *run, mye_pass *p, int node, mye_slot slot, bool write)
{
    mye_buffer *b = mye_run_buffer(run, p, node, slot);
    if (b == NULL || run->failed)
        return;
    MYE_UNUSED(write); /* without assertions */
    assert(write || b->live);
    if (!b->live)
        begin_stay(run, b, pass_index(run, p), node, slot);
    if (run->failed)
        return;
    mye_interval *stay = &run->interval[b->current];
    if (run->dry)
        stay->last = run->tick;
    else
        slot_pointer_set(&p->value[node], slot, run->arena + stay->offset);
}

void mye_run_touch_value(mye_run *run, mye_pass *p, int node)
{
    const mye_node *n = p->node[node];
    if (p->traced && mye_run_buffer(run, p, node, MYE_SLOT_TRACE) != NULL) {
        mye_run_touch(run, p, node, MYE_SLOT_TRACE, false);
        return;
    }
    if (n->type->load == NULL) {
        const mye_buffer *half = mye_run_buffer(run, p, node, MYE_SLOT_HALF);
        const bool halved = half != NULL && half->live;
        mye_run_touch(run, p, node, halved ? MYE_SLOT_HALF : MYE_SLOT_DATA, false);
        return;
    }
    for (int k = 0; k < n->n_in; k++)
        mye_run_touch_value(run, p, n->in[k]);
    const int from = mye_feedback_from(n);
    const mye_buffer *last = from < 0 ? NULL : mye_run_buffer(run, p, from, MYE_SLOT_DATA);
    if (last != NULL && last->live) /* not at the first step */
        mye_run_touch(run, p, from, MYE_SLOT_DATA, false);
}

void *mye_run_scratch(mye_run *run, mye_pass *p, size_t bytes)
{
    /* Also with 0 bytes: a smaller last batch may need less, and the order of stays must hold. */
    mye_buffer *b = &run->buffer[run->scratch];
    b->bytes = bytes;
    b->live = false;
    begin_stay(run, b, pass_index(run, p), -1, MYE_SLOT_DATA);
    return run->dry || run->failed ? NULL : run->arena + run->interval[b->current].offset;
}

/* Scratch of a node's op. Planned is what any batch of up to B samples may want: fewer samples are
 * cut into other shards, which may take more. */
static size_t op_scratch(const mye_run *run, mye_pass *p, const mye_node *n, mye_op op)
{
    enum { ALL_UP_TO = 1024 }; /* beyond, shards are as many as they get */
    const int B = p->B;
    if (n->type->scratch_bytes == NULL)
        return 0;
    size_t most = n->type->scratch_bytes(n, p, op);
    for (p->B = 1; run->dry && p->B < B; p->B += p->B < ALL_UP_TO ? 1 : p->B / 16) {
        const size_t bytes = n->type->scratch_bytes(n, p, op);
        most = bytes > most ? bytes : most;
    }
    p->B = B;
    return most;
}

static void begin_op(mye_run *run, mye_pass *p, const mye_node *n, mye_op op)
{
    const size_t own = n->type->lane_bytes != NULL ? n->type->lane_bytes(n, p, op) : 0;
    const size_t told = mye_telling_lane_bytes(run, p, n->index);
    const size_t lane = own > told ? own : told;
    if (run->dry && lane > run->lane_bytes)
        run->lane_bytes = lane;
    p->scratch = mye_run_scratch(run, p, op_scratch(run, p, n, op));
}

/* The same for a backward that may read the output's error, which goes first. */
static void begin_backward_op(mye_run *run, mye_pass *p, const mye_node *n, int t0, int t1)
{
    const size_t error = mye_run_error_bytes(run, p, n);
    if (error == 0) {
        begin_op(run, p, n, MYE_OP_BACKWARD);
        return;
    }
    mye_run_touch_error(run, p, n);
    const size_t lane = n->type->lane_bytes(n, p, MYE_OP_BACKWARD);
    if (run->dry && lane > run->lane_bytes)
        run->lane_bytes = lane;
    unsigned char *room = mye_run_scratch(run, p, error + op_scratch(run, p, n, MYE_OP_BACKWARD));
    p->scratch = room == NULL ? NULL : room + error;
    if (mye_run_works(run))
        mye_run_tell_error(run, p, n, t0, t1, room);
}

void mye_run_set_window(mye_pass *p, int t0)
{
    p->t_base = ((const mye_pass_slots *)p)->window < p->T ? t0 : 0;
}

static void fill_input(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    if (!run->dry)
        run->source.fill(run->source.self, p, t0, t1, mye_value_row(p, node, t0, 0));
}

void mye_run_forward(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    const mye_node *n = p->node[node];
    if ((n->is_static && t0 > 0 && !p->renews) || !mye_run_has(run, node))
        return; /* static: computed at the first step */
    mye_run_set_window(p, t0);
    const bool is_input = n->n_in == 0;
    if (!is_input && n->type->forward == NULL)
        return;
    for (int k = 0; k < n->n_in; k++)
        mye_run_touch_value(run, p, n->in[k]);
    for (mye_slot s = MYE_SLOT_DATA; s < MYE_SLOT_COUNT; s++)
        if (s != MYE_SLOT_GRAD && s != MYE_SLOT_HALF && s != MYE_SLOT_TRACE)
            mye_run_touch(run, p, node, s, true);
    if (is_input)
        fill_input(run, p, node, t0, t1);
    if (n->type->forward != NULL) {
        begin_op(run, p, n, MYE_OP_FORWARD);
        const double start = p->profile ? mye_now_s() : 0;
        if (!run->dry)
            n->type->forward(n, p, n->is_static ? 0 : t0, n->is_static ? 1 : t1);
        if (p->profile && !run->dry)
            p->value[node].spent_s[0] += mye_now_s() - start;
        if (run->watch.node != NULL && !run->dry && !p->repeated)
            run->watch.node(run->watch.self, p, n, t0, t1);
        if (!run->dry && p->smooth && !p->repeated && mye_rate_term_acts(run, node))
            mye_rate_term_count(p, node, t0, t1);
        mye_telling_forward(run, p, node, n->is_static ? 0 : t0, n->is_static ? 1 : t1);
    }
    mye_run_end_op(run);
}

/* Makes sure that the value of `node` can be read. */
static void ensure_value(mye_run *run, mye_pass *p, int node)
{
    const mye_node *n = p->node[node];
    const mye_buffer *b = mye_run_buffer(run, p, node, MYE_SLOT_DATA);
    const bool is_virtual = n->type->load != NULL;
    if (!is_virtual && (b == NULL || b->live))
        return;
    for (int k = 0; k < n->n_in; k++)
        ensure_value(run, p, n->in[k]);
    if (is_virtual)
        return;
    p->repeated = true;
    mye_run_forward(run, p, node, 0, p->T);
    p->repeated = false;
}

void mye_run_recompute(mye_run *run, mye_pass *p, int node)
{
    const mye_node *n = p->node[node];
    if (!(n->type->flags & MYE_NODE_READS_INPUT) ||
        (!p->value[node].grad_written && !mye_rate_term_acts(run, node)))
        return;
    for (int k = 0; k < n->n_in; k++)
        ensure_value(run, p, n->in[k]);
}

/* Announces the reading of a node's gradient: its buffer, or what it is told from. */
static void touch_grad(mye_run *run, mye_pass *p, int node)
{
    const int from = p->value[node].grad_from;
    if (from == 0) {
        mye_run_touch(run, p, node, MYE_SLOT_GRAD, false);
        return;
    }
    touch_grad(run, p, from);
    mye_run_touch_value(run, p, node);
}

/* Inputs whose gradient a node's backward hands on; that of feedback is one more. */
static int inputs_of(const mye_node *n)
{
    return n->n_in + (mye_feedback_from(n) >= 0 ? 1 : 0);
}

/* An input outside the module that is at work gets no gradient. */
static bool wants_gradient(mye_run *run, mye_pass *p, int node)
{
    if ((p->to_layers && p->node[node]->neuron != NULL) || mye_run_stops(p, p->node[node]))
        return false;
    const bool inside = run->at == NULL || node >= run->at->first;
    return inside && mye_run_buffer(run, p, node, MYE_SLOT_GRAD) != NULL;
}

/* The firing-rate regulariser's share of a neuron's gradient, as an op of its own. */
static void add_rate_term(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    if (!mye_rate_term_acts(run, node) || !wants_gradient(run, p, node))
        return;
    mye_run_set_window(p, t0);
    mye_run_touch(run, p, node, MYE_SLOT_GRAD, true);
    if (mye_run_works(run))
        mye_rate_term_add(run, p, node, t0, t1);
    p->value[node].grad_written = true;
    mye_run_end_op(run);
}

void mye_run_backward(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    const mye_node *n = p->node[node];
    if (!mye_run_has(run, node))
        return;
    add_rate_term(run, p, node, t0, t1);
    const bool stops = mye_run_stops(p, n), reached = p->value[node].grad_written || stops;
    if (!reached || n->type->backward == NULL || n->n_in == 0)
        return;
    if (p->value[n->in[0]].grad_from == node) { /* the input's backward asks for it */
        p->value[n->in[0]].grad_written = true;
        return;
    }
    mye_run_set_window(p, t0);
    if (!stops)
        touch_grad(run, p, node);
    const bool rate_neuron = p->rates && n->neuron != NULL;
    const bool reads = rate_neuron ? mye_neuron_rate_reads(n, p) && wants_gradient(run, p, n->in[0])
                                   : (n->type->flags & MYE_NODE_READS_INPUT) && !p->data_only;
    if (rate_neuron)
        mye_run_touch(run, p, node, MYE_SLOT_E, false);
    if (reads)
        for (int k = 0; k < n->n_in; k++)
            mye_run_touch_value(run, p, n->in[k]);
    if (n->neuron != NULL && !rate_neuron)
        mye_run_touch(run, p, node, MYE_SLOT_U, false);
    for (int k = 0; k < inputs_of(n); k++) {
        p->value[n->in[k]].grad = NULL;
        if (wants_gradient(run, p, n->in[k]))
            mye_run_touch(run, p, n->in[k], MYE_SLOT_GRAD, true);
    }
    begin_backward_op(run, p, n, t0, t1);
    mye_telling_backward(run, p, node, n->is_static ? 0 : t0, n->is_static ? 1 : t1);
    const double start = p->profile ? mye_now_s() : 0;
    if (mye_run_works(run) && rate_neuron)
        mye_neuron_backward_rate(n, p, p->value[node].e);
    else if (mye_run_works(run))
        n->type->backward(n, p, n->is_static ? 0 : t0, n->is_static ? 1 : t1);
    if (p->profile && mye_run_works(run))
        p->value[node].spent_s[1] += mye_now_s() - start;
    for (int k = 0; k < inputs_of(n); k++)
        if (wants_gradient(run, p, n->in[k]))
            p->value[n->in[k]].grad_written = true;
    mye_run_end_op(run);
}

void mye_run_op(mye_run *run, const mye_touch *touch, int n,
                void (*work)(const mye_touch *touch, void *arg), void *arg)
{
    for (int i = 0; i < n; i++)
        mye_run_touch(run, touch[i].p, touch[i].node, touch[i].slot, touch[i].write);
    if (mye_run_works(run))
        work(touch, arg);
    mye_run_end_op(run);
}

void mye_run_idle(mye_run *run, bool idle)
{
    run->idle = idle;
}

void mye_run_show_rates(mye_run *run, mye_pass *p)
{
    for (int i = run->at->first; i <= run->at->last; i++) {
        const mye_node *n = p->node[i];
        const mye_value *v = &p->value[i];
        if (n->neuron == NULL || !mye_run_has(run, i))
            continue;
        mye_run_touch(run, p, i, MYE_SLOT_E, false);
        mye_run_touch(run, p, i, MYE_SLOT_R, false);
        for (int b = 0; !run->dry && p->probe != NULL && b < p->B; b++) {
            const mye_at at = {0, b, 0, v->n};
            p->probe(p->probe_arg, n, MYE_PROBE_RATE, at, v->r + b * v->n);
            p->probe(p->probe_arg, n, MYE_PROBE_ELIGIBILITY, at, v->e + b * v->n);
        }
    }
}

void mye_run_drop(mye_run *run, mye_pass *p, int node, mye_slot slot)
{
    mye_buffer *b = mye_run_buffer(run, p, node, slot);
    if (b != NULL)
        b->live = false;
}

void mye_run_begin_backward(mye_run *run, mye_pass *p)
{
    if (run->dry && run->boundary < 0)
        run->boundary = run->tick;
    for (int i = run->at->first; i <= run->at->last; i++) {
        if (run->in_loop && run->sums_static && p->node[i]->is_static)
            continue; /* adds up over the loop */
        p->value[i].grad_written = false;
        mye_run_drop(run, p, i, MYE_SLOT_GRAD);
    }
}
