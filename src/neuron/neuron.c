/*
 * The driver of all neurons; what it promises is in neuron.h.
 *
 * Work items are (sample, chunk) pairs; each scans its steps alone, so its state stays in cache.
 * Neighbouring items form a shard. Chunks and shards depend on shapes only.
 */
#include "neuron/neuron.h"

#include <assert.h>
#include <string.h>

enum {
    CHUNK_FLOATS = 2048,        /* x, u, h, eps, e, r of a chunk together fit a first-level cache */
    HISTORY_FLOATS = 24 * 1024, /* [T] membranes of a chunk in the backward pass: 96 KiB          */
    SMALLEST_CHUNK = 64,
    SHARD_FLOATS = 16 * 1024, /* neuron-steps that are worth handing to a thread                */
    MAX_SHARDS = 256
};

typedef struct shard_sum {
    int64_t spikes;
    double param[MYE_NEURON_MAX_PARAM];
} shard_sum;

/* One forward or backward of a node. */
typedef struct neuron_op neuron_op;
struct neuron_op {
    const mye_node *n;
    mye_pass *p;
    mye_value *v;
    const mye_neuron_type *type;
    mye_neuron_chunk chunk; /* pattern for all chunks: k, node, coef, smooth */
    mye_chunks chunks;
    int items_per_shard, n_shards;
    int t0, t1;
    int rate_mode;
    double decay, gain; /* rate-based: see rate_coef */
    const float *e;     /* backward_rate */
    shard_sum *sum;     /* [n_shards] */
    void (*run)(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum);
};

static size_t padded(size_t bytes)
{
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

static size_t floats(int64_t n)
{
    return padded((size_t)n * sizeof(float));
}

static float *take_floats(mye_lane *lane, int64_t n)
{
    return mye_lane_take(lane, (size_t)n * sizeof(float));
}

/* Steps that one backward call has in scratch. */
static int history_steps(const mye_node *n, const mye_pass *p)
{
    const int held = p->value[n->index].steps;
    return held < 1 || held > p->T ? p->T : held;
}

static mye_chunks chunks_of(const mye_node *n, const mye_pass *p, mye_op op)
{
    int64_t limit = CHUNK_FLOATS;
    if (op == MYE_OP_BACKWARD && limit * history_steps(n, p) > HISTORY_FLOATS)
        limit = HISTORY_FLOATS / history_steps(n, p);
    return mye_chunks_of(n->shape, limit < SMALLEST_CHUNK ? SMALLEST_CHUNK : limit);
}

/* ---- node functions that plan ---- */

static mye_status neuron_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    n->shape = in[0];
    n->format = n->neuron->spiking ? MYE_BITS : MYE_F32;
    return n->neuron->shape == NULL ? MYE_OK : n->neuron->shape(n, err);
}

static size_t neuron_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    MYE_UNUSED(p);
    MYE_UNUSED(op);
    return padded(MAX_SHARDS * sizeof(shard_sum)) + padded(n->neuron->coef_bytes);
}

static size_t neuron_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const mye_chunks chunks = chunks_of(n, p, op);
    const size_t load = mye_load_lane_bytes(p, n->in[0], chunks.size);
    if (op == MYE_OP_FORWARD) /* x, u, h, eps; probe: floats and bits */
        return load + 5 * floats(chunks.size) + padded((size_t)(chunks.size / 64 + 1) * 8);
    /* x, h, carry, dx; membranes of all steps */
    return load + 4 * floats(chunks.size) + floats(chunks.size * history_steps(n, p));
}

/* ---- running an op ---- */

static void run_shard(void *arg, int shard, int lane)
{
    const neuron_op *op = arg;
    mye_lane *scratch = &op->p->lanes.lane[lane];
    const size_t used = scratch->used;
    const int end = op->p->B * op->chunks.n_chunks;
    int item = shard * op->items_per_shard;
    shard_sum sum = {0};
    for (int i = 0; i < op->items_per_shard && item < end; i++, item++) {
        op->run(op, item / op->chunks.n_chunks, item % op->chunks.n_chunks, scratch, &sum);
        scratch->used = used;
    }
    op->sum[shard] = sum;
}

static neuron_op op_begin(const mye_node *n, mye_pass *p, int t0, int t1, mye_op kind)
{
    neuron_op op = {.n = n, .p = p, .v = &p->value[n->index], .type = n->neuron};
    op.t0 = t0;
    op.t1 = t1;
    op.chunks = chunks_of(n, p, kind);
    op.sum = p->scratch;
    void *coef = (unsigned char *)p->scratch + padded(MAX_SHARDS * sizeof(shard_sum));
    if (op.type->prepare != NULL)
        op.type->prepare(n, coef);
    op.chunk = (mye_neuron_chunk){.k = p->k, .node = n, .coef = coef, .smooth = p->smooth};
    const int64_t items = (int64_t)p->B * op.chunks.n_chunks;
    const int64_t work = op.chunks.size * (t1 - t0);
    int64_t group = (SHARD_FLOATS + work - 1) / work;
    if (group * MAX_SHARDS < items)
        group = (items + MAX_SHARDS - 1) / MAX_SHARDS;
    op.items_per_shard = (int)group;
    op.n_shards = (int)((items + group - 1) / group);
    return op;
}

/* ---- forward ---- */

typedef struct rate_state {
    float *h, *eps, *e, *r;
    double scalar; /* mode 0: eps of this step, the same for all neurons */
} rate_state;

/* eps_t = sum over i <= t of decay^i: restarted for any t0 with the same bits. */
static rate_state rate_begin(const neuron_op *op, mye_at at, mye_lane *lane)
{
    const mye_value *v = op->v;
    const int64_t offset = at.b * v->n + at.i0;
    rate_state s = {.h = take_floats(lane, at.n), .e = v->e + offset, .r = v->r + offset};
    const bool keeps = v->eps != NULL && op->rate_mode != 0;
    assert(keeps || op->t0 == 0 || op->rate_mode == 0);
    s.eps = keeps ? v->eps + offset : take_floats(lane, at.n);
    s.scalar = 1.0;
    for (int t = 0; t < op->t0; t++)
        s.scalar = 1.0 + op->decay * s.scalar;
    if (op->t0 == 0) {
        memset(s.e, 0, (size_t)at.n * sizeof *s.e);
        memset(s.r, 0, (size_t)at.n * sizeof *s.r);
    }
    return s;
}

static void rate_step(const neuron_op *op, const mye_neuron_chunk *c, int t, const float *u,
                      rate_state *s)
{
    if (op->rate_mode == 0 || t == 0)
        for (int64_t i = 0; i < c->n; i++)
            s->eps[i] = (float)s->scalar;
    s->scalar = 1.0 + op->decay * s->scalar;
    op->type->derivative(c, u, s->h);
    op->type->rate_collect(c, u, s->h, s->eps, s->e, s->r);
    if (t != op->p->T - 1)
        return;
    c->k->scale(c->n, (float)(op->gain / op->p->T), s->e, s->e);
    c->k->scale(c->n, (float)(1.0 / op->p->T), s->r, s->r);
}

/* Where the output of a chunk goes. */
static uint64_t *bits_at(const neuron_op *op, mye_at at)
{
    return op->v->format == MYE_BITS ? mye_value_bits(op->p, op->n->index, at.t, at.b) + at.i0 / 64
                                     : NULL;
}

static float *floats_at(const neuron_op *op, mye_at at)
{
    return op->v->format == MYE_F32 ? mye_value_row(op->p, op->n->index, at.t, at.b) + at.i0 : NULL;
}

static void show_probe(const neuron_op *op, mye_at at, const float *u, const uint64_t *bits,
                       const float *out, mye_lane *lane)
{
    const mye_pass *p = op->p;
    p->probe(p->probe_arg, op->n, MYE_PROBE_MEMBRANE, at, u);
    if (bits != NULL) {
        float *spikes = take_floats(lane, at.n);
        p->k->bits_expand(at.n, bits, 0, spikes);
        p->probe(p->probe_arg, op->n, MYE_PROBE_SPIKES, at, spikes);
    } else if (op->type->spiking) { /* smooth */
        p->probe(p->probe_arg, op->n, MYE_PROBE_SPIKES, at, out);
    }
}

/* Input current of a step; x is that of another step of the same chunk, or NULL. */
static const float *current(const neuron_op *op, mye_at at, const float *x, float *buffer,
                            mye_lane *lane)
{
    const int input = op->n->in[0];
    if (x != NULL && op->p->node[input]->is_static)
        return x;
    return mye_load(op->p, input, at, buffer, lane);
}

/* One step of a chunk: output, spike count, probe. */
static void emit(const neuron_op *op, const mye_neuron_chunk *c, mye_at at, const float *x,
                 float *u, mye_lane *lane, shard_sum *sum)
{
    const size_t used = lane->used;
    const bool probed = op->p->probe != NULL && !op->p->repeated;
    uint64_t *bits = bits_at(op, at);
    float *out = floats_at(op, at);
    if (bits == NULL && probed && op->type->spiking && !c->smooth)
        bits = mye_lane_take(lane, (size_t)(at.n + 63) / 64 * sizeof *bits);
    const int64_t spikes = op->type->step(c, x, u, bits, out);
    if (op->v->format == MYE_BITS)
        sum->spikes += spikes;
    if (probed)
        show_probe(op, at, u, bits, out, lane);
    lane->used = used;
}

static void forward_chunk(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_value *v = op->v;
    const bool collects = v->e != NULL && !op->p->repeated;
    mye_at at = mye_chunk_at(&op->chunks, op->t0, b, chunk);
    mye_neuron_chunk c = op->chunk;
    c.n = at.n;
    float *buffer = take_floats(lane, at.n);
    float *u = v->u != NULL ? v->u + b * v->n + at.i0 : take_floats(lane, at.n);
    rate_state rate = {0};
    if (collects)
        rate = rate_begin(op, at, lane);
    const float *x = NULL;
    for (int t = op->t0; t < op->t1; t++) {
        at.t = t;
        c.first = t == 0;
        x = current(op, at, x, buffer, lane);
        emit(op, &c, at, x, u, lane, sum);
        if (collects)
            rate_step(op, &c, t, u, &rate);
    }
}

static void neuron_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    neuron_op op = op_begin(n, p, t0, t1, MYE_OP_FORWARD);
    assert(t0 == 0 || op.v->u != NULL);
    op.run = forward_chunk;
    if (op.v->e != NULL) {
        op.rate_mode = n->neuron->rate_mode(n);
        assert(op.rate_mode >= 0);
        n->neuron->rate_coef(&op.chunk, &op.decay, &op.gain);
    }
    mye_parallel(p->lanes.ctx, op.n_shards, run_shard, &op);
    for (int i = 0; i < op.n_shards && !p->repeated; i++)
        op.v->spikes += op.sum[i].spikes;
}

/* ---- backward ---- */

/* Where dx of a chunk is made: over g when the input's gradient is that very memory. */
static float *dx_at(const neuron_op *op, mye_at at, float *scratch)
{
    const mye_value *in = &op->p->value[op->n->in[0]];
    if (in->grad != NULL && in->grad == op->v->grad)
        return mye_grad_row(op->p, op->n->index, at.t, at.b) + at.i0;
    return scratch;
}

static void put(const neuron_op *op, mye_at at, bool last, const float *dx)
{
    if (mye_grad_wanted(op->p, op->n, 0))
        mye_grad_put(op->p, op->n, 0, at, last, dx);
}

/* Exact BPTT: membranes of all steps again, then down. */
static void backward_history(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const int T = op->t1;
    mye_at at = mye_chunk_at(&op->chunks, 0, b, chunk);
    const int64_t n = at.n;
    mye_neuron_chunk c = op->chunk;
    c.n = n;
    float *buffer = take_floats(lane, n), *h = NULL;
    float *carry = take_floats(lane, n), *scratch = take_floats(lane, n);
    float *u = take_floats(lane, n * T);
    if (op->type->derivative != NULL)
        h = take_floats(lane, n);
    const float *x = NULL;
    for (int t = 0; t < T; t++) {
        at.t = t;
        c.first = t == 0;
        x = current(op, at, x, buffer, lane);
        if (t > 0)
            memcpy(u + n * t, u + n * (t - 1), (size_t)n * sizeof *u);
        op->type->step(&c, x, u + n * t, NULL, NULL);
    }
    memset(carry, 0, (size_t)n * sizeof *carry);
    for (int t = T - 1; t >= 0; t--) {
        at.t = t;
        c.first = t == 0;
        const float *g = mye_grad_row(op->p, op->n->index, t, b) + at.i0;
        float *dx = dx_at(op, at, scratch);
        if (h != NULL)
            op->type->derivative(&c, u + n * t, h);
        if (op->n->n_weights == 0)
            x = NULL;
        else if (t < T - 1)
            x = current(op, at, x, buffer, lane);
        op->type->backward(&c, g, h, u + n * t, t > 0 ? u + n * (t - 1) : NULL, x, carry, dx,
                           sum->param);
        put(op, at, t == T - 1, dx);
    }
}

/* One step without a past or a future (SLTT, OTTT): the membrane of the forward pass. */
static void backward_step(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_value *v = op->v;
    const mye_at at = mye_chunk_at(&op->chunks, op->t0, b, chunk);
    mye_neuron_chunk c = op->chunk;
    c.n = at.n;
    c.first = at.t == 0;
    float *buffer = take_floats(lane, at.n), *h = NULL;
    float *carry = take_floats(lane, at.n), *scratch = take_floats(lane, at.n);
    const float *u = v->u + b * v->n + at.i0, *x = NULL;
    const float *g = mye_grad_row(op->p, op->n->index, at.t, b) + at.i0;
    float *dx = dx_at(op, at, scratch);
    memset(carry, 0, (size_t)at.n * sizeof *carry);
    if (op->type->derivative != NULL) {
        h = take_floats(lane, at.n);
        op->type->derivative(&c, u, h);
    }
    if (op->n->n_weights > 0)
        x = mye_load(op->p, op->n->in[0], at, buffer, lane);
    op->type->backward(&c, g, h, u, NULL, x, carry, dx, sum->param);
    put(op, at, true, dx);
}

static void neuron_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    if (p->value[n->index].grad == NULL || (n->n_weights == 0 && !mye_grad_wanted(p, n, 0)))
        return;
    const bool whole = t0 == 0 && t1 == p->T;
    neuron_op op = op_begin(n, p, t0, t1, MYE_OP_BACKWARD);
    assert(whole || (t1 == t0 + 1 && p->t_base == t0 && op.v->u != NULL));
    op.run = whole ? backward_history : backward_step;
    mye_parallel(p->lanes.ctx, op.n_shards, run_shard, &op);
    for (int w = 0; w < n->n_weights; w++) {
        double sum = 0.0;
        for (int i = 0; i < op.n_shards; i++)
            sum += op.sum[i].param[w];
        n->weight[w].grad[0] += (float)sum;
    }
}

static void backward_rate_chunk(const neuron_op *op, int b, int chunk, mye_lane *lane,
                                shard_sum *sum)
{
    const mye_at at = mye_chunk_at(&op->chunks, 0, b, chunk);
    float *dx = dx_at(op, at, take_floats(lane, at.n));
    const float *g = mye_grad_row(op->p, op->n->index, 0, b) + at.i0;
    MYE_UNUSED(sum);
    if (dx != g)
        memcpy(dx, g, (size_t)at.n * sizeof *dx);
    op->p->k->mul(at.n, op->e + b * op->v->n + at.i0, dx);
    put(op, at, true, dx);
}

void mye_neuron_backward_rate(const mye_node *n, mye_pass *p, const float *e)
{
    if (p->value[n->index].grad == NULL || !mye_grad_wanted(p, n, 0))
        return;
    neuron_op op = op_begin(n, p, 0, 1, MYE_OP_BACKWARD);
    op.e = e;
    op.run = backward_rate_chunk;
    mye_parallel(p->lanes.ctx, op.n_shards, run_shard, &op);
}

const mye_node_type mye_node_neuron = {
    .entry = {.name = "neuron", .brief = "a layer of neurons", .source = ""},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_TIME | MYE_NODE_READS_INPUT | MYE_NODE_GRAD_IN_PLACE,
    .plan_bytes = MYE_NEURON_PLAN_BYTES,
    .shape = neuron_shape,
    .scratch_bytes = neuron_scratch_bytes,
    .lane_bytes = neuron_lane_bytes,
    .forward = neuron_forward,
    .backward = neuron_backward,
};
