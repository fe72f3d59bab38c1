/*
 * Loops over the spans of a pass: what stays from one visit to the next, what is forgotten, and how
 * one dry visit plans all of them. Ops that only such loops need stand here too.
 *
 * The dry execution notes, for every buffer, the stay it was in before the visit and after it. In
 * the real one each visit but the last begins again at the stays before, so the stays of one visit
 * serve all. What was written before the loop and is still alive behind the visit keeps its place
 * until the loop's end.
 */
#include "net/run_internal.h"

#include "net/rules.h"
#include "node/elementwise.h"

#include <assert.h>

/* ---- the notes of the dry execution ---- */

static mye_span_loop *add_loop(mye_run *run)
{
    const size_t n = (size_t)run->n_loops, ints = 2 * (size_t)run->n_buffers;
    mye_span_loop *grown =
        mye_grow(run->ctx, run->loop, n * sizeof *grown, (n + 1) * sizeof *grown);
    if (grown == NULL) {
        run->failed = true;
        return NULL;
    }
    run->loop = grown;
    mye_span_loop *loop = &run->loop[n];
    *loop = (mye_span_loop){.begin = mye_alloc_array(run->ctx, ints, sizeof(int))};
    if (loop->begin == NULL) {
        run->failed = true;
        return NULL;
    }
    loop->end = loop->begin + run->n_buffers;
    run->n_loops++;
    return loop;
}

void mye_run_spans_free(mye_run *run)
{
    for (int i = 0; i < run->n_loops; i++)
        mye_free(run->ctx, run->loop[i].begin);
    mye_free(run->ctx, run->loop);
}

static void note(const mye_run *run, int *stay)
{
    for (int i = 0; i < run->n_buffers; i++)
        stay[i] = run->buffer[i].current;
}

static void go_to(mye_run *run, const int *stay, int tick)
{
    for (int i = 0; i < run->n_buffers; i++)
        run->buffer[i].current = stay[i];
    run->tick = tick;
}

/* ---- what stays, what goes ---- */

static bool has_moving_reader(const mye_pass *p, int node)
{
    for (int i = node + 1; i < p->n_nodes; i++)
        for (int k = 0; k < p->node[i]->n_in; k++)
            if (p->node[i]->in[k] == node && !p->node[i]->is_static)
                return true;
    return false;
}

/* What lives through the whole loop begins before it. */
static void begin_carried(mye_run *run, mye_pass *p)
{
    static const mye_slot carried[] = {MYE_SLOT_U,     MYE_SLOT_E,   MYE_SLOT_R,   MYE_SLOT_EPS,
                                       MYE_SLOT_TRACE, MYE_SLOT_OUT, MYE_SLOT_DOUT};
    for (int i = 0; i < p->n_nodes; i++) {
        for (size_t k = 0; k < sizeof carried / sizeof *carried; k++)
            mye_run_touch(run, p, i, carried[k], true);
        if (p->value[i].fed_back)
            mye_run_touch(run, p, i, MYE_SLOT_DATA, true);
        if (!run->sums_static || !p->node[i]->is_static)
            continue;
        p->value[i].grad_written = false;
        mye_run_drop(run, p, i, MYE_SLOT_GRAD);
        if (has_moving_reader(p, i))
            mye_run_touch(run, p, i, MYE_SLOT_GRAD, true);
    }
}

static void forget(mye_run *run, mye_pass *p)
{
    for (int i = 0; i < p->n_nodes; i++) {
        if (p->node[i]->is_static && (run->sums_static || !run->options.training))
            continue;
        p->value[i].grad_written = false;
        mye_run_drop(run, p, i, MYE_SLOT_GRAD);
        if ((!p->node[i]->is_static || p->renews) && !p->value[i].fed_back)
            mye_run_drop(run, p, i, MYE_SLOT_DATA);
    }
}

/* What is alive now must not lose its place to an earlier part of the next visit. */
static void keep_until_now(mye_run *run, const mye_span_loop *loop)
{
    for (int i = 0; i < run->n_buffers; i++) {
        const mye_buffer *b = &run->buffer[i];
        if (!b->live || b->current < 0)
            continue;
        MYE_UNUSED(loop); /* without assertions */
        assert(i == run->scratch || run->interval[b->current].first < loop->tick_begin);
        run->interval[b->current].last = run->tick;
    }
}

/* ---- the loop ---- */

int mye_run_first_span(mye_run *run, mye_pass *p, bool sums)
{
    run->sums_static = sums;
    begin_carried(run, p);
    mye_run_end_op(run);
    run->in_loop = true;
    if (!run->dry || run->failed)
        return 0;
    mye_span_loop *loop = add_loop(run);
    if (loop != NULL) {
        loop->tick_begin = run->tick;
        note(run, loop->begin);
    }
    return 0;
}

int mye_run_next_span(mye_run *run, mye_pass *p, int t)
{
    forget(run, p);
    run->buffer[run->scratch].live = false;
    if (run->failed)
        return p->T;
    mye_span_loop *loop = &run->loop[run->at_loop];
    t = mye_run_span_end(p, t);
    if (run->dry) {
        keep_until_now(run, loop);
        note(run, loop->end);
        loop->tick_end = run->tick;
    } else if (t < p->T && run->stopped == 0) {
        go_to(run, loop->begin, loop->tick_begin);
        return t;
    }
    go_to(run, loop->end, loop->tick_end);
    mye_run_end_op(run);
    run->in_loop = false;
    run->at_loop++;
    return p->T;
}

int mye_run_span_end(const mye_pass *p, int t)
{
    return t + p->window < p->T ? t + p->window : p->T;
}

/* ---- traces ---- */

void mye_run_backward_traced(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    p->traced = true;
    mye_run_backward(run, p, node, t0, t1);
    p->traced = false;
}

typedef struct trace_work {
    const mye_pass *p;
    int node, t;
    float decay;
} trace_work;

static void add_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const trace_work *w = arg;
    const mye_value *v = &w->p->value[w->node];
    float *trace = v->trace + at.b * v->n + at.i0;
    MYE_UNUSED(last);
    MYE_UNUSED(shard);
    if (w->t == 0) {
        mye_load_into(w->p, w->node, at, trace, lane);
        return;
    }
    const size_t used = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)at.n * sizeof *buffer);
    const float *x = mye_load(w->p, w->node, at, buffer, lane);
    w->p->k->scale(at.n, w->decay, trace, trace);
    w->p->k->add(at.n, x, trace);
    lane->used = used;
}

void mye_run_trace(mye_run *run, mye_pass *p, int node, int t, double decay)
{
    const size_t lane = mye_float_bytes(mye_node_chunks(p->node[node]).size);
    if (!mye_run_has(run, node))
        return;
    if (run->dry && lane > run->lane_bytes)
        run->lane_bytes = lane;
    mye_run_touch(run, p, node, MYE_SLOT_DATA, false);
    mye_run_touch(run, p, node, MYE_SLOT_TRACE, true);
    trace_work w = {p, node, t, (float)decay};
    if (!run->dry && !run->failed)
        mye_each_chunk(p->node[node], p, t, t + 1, add_chunk, &w);
    mye_run_end_op(run);
}

/* ---- weights that move within a step ---- */

void mye_run_move(mye_run *run)
{
    if (run->dry || run->forward_only)
        return;
    run->move(run->mover, -1);
    mye_run_clear_gradient(run->model);
}

void mye_run_forward_steps(mye_run *run, int steps)
{
    run->forward_steps = steps;
}

void mye_run_backward_steps(mye_run *run, int steps)
{
    run->backward_steps = steps;
}

void mye_run_forward_twice(mye_run *run)
{
    run->twice = true;
}

void mye_run_scale_loss(mye_run *run, double factor)
{
    run->loss_factor = factor;
}

bool mye_run_loss_is_per_step(const mye_run *run)
{
    return ((const mye_loss *)run->loss.entry)->per_step;
}

bool mye_run_is_dry(const mye_run *run)
{
    return run->dry;
}
