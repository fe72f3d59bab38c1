/*
 * The driver of all neurons; what it promises is in neuron.h.
 *
 * Work items are (sample, chunk) pairs; each scans its steps alone, so its state stays in cache.
 * Neighbouring items form a shard. Chunks and shards depend on shapes only.
 */
#include <assert.h>
#include <string.h>

#include "neuron/neuron_parts.h"
#include "node/elementwise.h"

enum {
    CHUNK_FLOATS = 2048,        /* x, u, h, eps, e, r of a chunk together fit a first-level cache */
    HISTORY_FLOATS = 24 * 1024, /* [T] membranes of a chunk in the backward pass: 96 KiB          */
    SMALLEST_CHUNK = 64,
    SHARD_FLOATS = 16 * 1024, /* neuron-steps that are worth handing to a thread                */
    MAX_SHARDS = 256,
    MAX_NORM_SHARDS = 64 /* when each has the sums of a batch norm */
};

static size_t padded(size_t bytes)
{
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
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
    const int held = history_steps(n, p) * mye_neuron_planes(n);
    if (op == MYE_OP_BACKWARD && limit * held > HISTORY_FLOATS)
        limit = HISTORY_FLOATS / held;
    return mye_chunks_of(n->shape, limit < SMALLEST_CHUNK ? SMALLEST_CHUNK : limit);
}

/* ---- node functions that plan ---- */

static mye_status neuron_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    n->shape = in[0];
    n->format = n->neuron->spiking ? MYE_BITS : MYE_F32;
    n->scaled = n->neuron->amplitude != NULL;
    return n->neuron->shape == NULL ? MYE_OK : n->neuron->shape(n, err);
}

static size_t neuron_scratch_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const size_t bytes = padded(MAX_SHARDS * sizeof(shard_sum)) + padded(n->neuron->coef_bytes);
    const bool sums = op == MYE_OP_BACKWARD && mye_fused_sums(n, p, 0, 1);
    return bytes + (sums ? mye_double_bytes(MAX_NORM_SHARDS * 3 * (int64_t)n->in_shape.c) : 0);
}

int mye_neuron_planes(const mye_node *n)
{
    return n->neuron->planes > 1 ? n->neuron->planes : 1;
}

size_t mye_neuron_state_bytes(const mye_node *n, int B)
{
    return (size_t)mye_neuron_planes(n) * (size_t)B * (size_t)mye_shape_size(n->shape) *
           sizeof(float);
}

bool mye_neuron_counts(const mye_node *n)
{
    return n->neuron != NULL &&
           (n->neuron->events || (n->neuron->spiking && n->format == MYE_BITS));
}

static size_t neuron_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t size = chunks_of(n, p, op).size;
    const int64_t more = mye_neuron_planes(n) - 1; /* of state, and of what is carried back */
    const size_t load = mye_load_lane_bytes(p, n->in[0], size), floats = mye_float_bytes(size);
    const size_t fused = mye_fused_lane_bytes(n, p, size, op);
    size_t bytes = load + 5 * floats + mye_float_bytes(more * size);
    /* forward: x, u, h, eps; probe: floats and bits */
    if (op == MYE_OP_FORWARD)
        bytes += padded((size_t)(size / 64 + 1) * 8);
    else /* x, g, h, carry, dx; membranes of all steps */
        bytes += mye_float_bytes(size * (1 + more) * history_steps(n, p)) +
                 mye_grad_lane_bytes(p, n->index, size);
    return bytes > fused ? bytes : fused;
}

/* ---- running an op ---- */

static void run_shard(void *arg, int shard, int lane)
{
    const neuron_op *op = arg;
    mye_lane *scratch = &op->p->lanes.lane[lane];
    const size_t used = scratch->used;
    const int end = op->p->B * op->chunks.n_chunks;
    int item = shard * op->items_per_shard;
    shard_sum sum = {.norm = NULL};
    if (op->norm_sum != NULL)
        sum.norm = op->norm_sum + (int64_t)shard * 3 * op->norm->shape.c;
    for (int i = 0; i < op->items_per_shard && item < end; i++, item++) {
        op->run(op, item / op->chunks.n_chunks, item % op->chunks.n_chunks, scratch, &sum);
        scratch->used = used;
    }
    op->sum[shard] = sum;
}

static void share_out(neuron_op *op, int most)
{
    const int64_t items = (int64_t)op->p->B * op->chunks.n_chunks;
    const int64_t work = op->chunks.size * (op->t1 - op->t0);
    int64_t group = (SHARD_FLOATS + work - 1) / work;
    if (group * most < items)
        group = (items + most - 1) / most;
    op->items_per_shard = (int)group;
    op->n_shards = (int)((items + group - 1) / group);
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
    op.fused = op.type->fuse != NULL && op.type->fuse(&op.chunk, &op.steps);
    op.norm = mye_fused_norm(n, p);
    share_out(&op, MAX_SHARDS);
    return op;
}

/* The op adds up what the batch norm in front needs for its backward pass. */
static void take_norm_sums(neuron_op *op)
{
    const int64_t size = 3 * (int64_t)op->norm->shape.c;
    unsigned char *scratch = op->p->scratch;
    scratch += padded(MAX_SHARDS * sizeof(shard_sum)) + padded(op->type->coef_bytes);
    op->norm_sum = (double *)(void *)scratch;
    share_out(op, MAX_NORM_SHARDS);
    memset(op->norm_sum, 0, (size_t)(op->n_shards * size) * sizeof *op->norm_sum);
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
    rate_state s = {.h = mye_take_floats(lane, at.n), .e = v->e + offset, .r = v->r + offset};
    const bool keeps = v->eps != NULL && op->rate_mode != 0;
    assert(keeps || op->t0 == 0 || op->rate_mode == 0);
    s.eps = keeps ? v->eps + offset : mye_take_floats(lane, at.n);
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
        float *spikes = mye_take_floats(lane, at.n);
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
    if (op->v->format == MYE_BITS || (op->type->events && !c->smooth))
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
    c.i0 = at.i0;
    const int planes = mye_neuron_planes(op->n);
    float *buffer = mye_take_floats(lane, at.n);
    float *u =
        v->u != NULL ? v->u + (b * v->n + at.i0) * planes : mye_take_floats(lane, at.n * planes);
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
    const bool shown = p->probe != NULL && !p->repeated;
    if (n->scaled)
        op.v->amplitude = n->neuron->amplitude(&op.chunk);
    op.run = op.fused && !shown && op.v->format == MYE_BITS ? mye_fused_forward : forward_chunk;
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
    const int64_t n = at.n, state = n * mye_neuron_planes(op->n);
    mye_neuron_chunk c = op->chunk;
    c.n = n;
    c.i0 = at.i0;
    float *buffer = mye_take_floats(lane, n), *gbuffer = mye_take_floats(lane, n), *h = NULL;
    float *carry = mye_take_floats(lane, state), *scratch = mye_take_floats(lane, n);
    float *u = mye_take_floats(lane, state * T);
    if (op->type->derivative != NULL)
        h = mye_take_floats(lane, n);
    const float *x = NULL;
    for (int t = 0; t < T; t++) {
        at.t = t;
        c.first = t == 0;
        x = current(op, at, x, buffer, lane);
        if (t > 0)
            memcpy(u + state * t, u + state * (t - 1), (size_t)state * sizeof *u);
        op->type->step(&c, x, u + state * t, NULL, NULL);
    }
    memset(carry, 0, (size_t)state * sizeof *carry);
    for (int t = T - 1; t >= 0; t--) {
        at.t = t;
        c.first = t == 0;
        const float *g = mye_grad_load(op->p, op->n->index, at, gbuffer, lane);
        float *dx = dx_at(op, at, scratch);
        if (h != NULL)
            op->type->derivative(&c, u + state * t, h);
        if (op->n->n_weights == 0)
            x = NULL;
        else if (t < T - 1)
            x = current(op, at, x, buffer, lane);
        op->type->backward(&c, g, h, u + state * t, t > 0 ? u + state * (t - 1) : NULL, x, carry,
                           dx, sum->param);
        put(op, at, t == T - 1, dx);
    }
}

/* One step without a past or a future (SLTT, OTTT): the membrane of the forward pass. */
static void backward_step(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_value *v = op->v;
    const mye_at at = mye_chunk_at(&op->chunks, op->t0, b, chunk);
    mye_neuron_chunk c = op->chunk;
    const int64_t planes = mye_neuron_planes(op->n);
    c.n = at.n;
    c.i0 = at.i0;
    c.first = at.t == 0;
    float *buffer = mye_take_floats(lane, at.n), *gbuffer = mye_take_floats(lane, at.n), *h = NULL;
    float *carry = mye_take_floats(lane, at.n * planes), *scratch = mye_take_floats(lane, at.n);
    const float *u = v->u + (b * v->n + at.i0) * planes, *x = NULL;
    const float *g = mye_grad_load(op->p, op->n->index, at, gbuffer, lane);
    float *dx = dx_at(op, at, scratch);
    memset(carry, 0, (size_t)(at.n * planes) * sizeof *carry);
    if (op->type->derivative != NULL) {
        h = mye_take_floats(lane, at.n);
        op->type->derivative(&c, u, h);
    }
    if (op->n->n_weights > 0)
        x = mye_load(op->p, op->n->in[0], at, buffer, lane);
    op->type->backward(&c, g, h, u, NULL, x, carry, dx, sum->param);
    put(op, at, true, dx);
}

static void neuron_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    if (!mye_grad_known(p, n->index) || (n->n_weights == 0 && !mye_grad_wanted(p, n, 0)))
        return;
    const bool whole = t0 == 0 && t1 == p->T;
    neuron_op op = op_begin(n, p, t0, t1, MYE_OP_BACKWARD);
    assert(whole || (t1 == t0 + 1 && p->t_base == t0 && op.v->u != NULL));
    op.run = whole ? backward_history : backward_step;
    if (n->neuron->mean_backward != NULL)
        op.run = mye_mean_backward;
    else if (op.fused && n->n_weights == 0 && t1 - t0 <= MYE_LIF_STEPS) {
        op.run = mye_fused_backward;
        if (mye_fused_sums(n, p, t0, t1))
            take_norm_sums(&op);
    }
    mye_parallel(p->lanes.ctx, op.n_shards, run_shard, &op);
    if (op.norm_sum != NULL)
        mye_fused_sums_end(&op);
    for (int w = 0; w < n->n_weights; w++) {
        if (n->weight[w].grad == NULL)
            continue;
        double sum = 0.0;
        for (int i = 0; i < op.n_shards; i++)
            sum += op.sum[i].param[w];
        n->weight[w].grad[0] += (float)sum;
    }
}

double mye_neuron_decay(const mye_node *n)
{
    _Alignas(MYE_ALIGN) unsigned char coef[512];
    const mye_neuron_chunk chunk = {.node = n, .coef = coef};
    double decay = 0, gain = 0;
    assert(n->neuron->coef_bytes <= sizeof coef);
    if (n->neuron->rate_coef == NULL)
        return 0;
    if (n->neuron->prepare != NULL)
        n->neuron->prepare(n, coef);
    n->neuron->rate_coef(&chunk, &decay, &gain);
    return decay;
}

bool mye_neuron_rate_reads(const mye_node *n, const mye_pass *p)
{
    return mye_fused_sums(n, p, 0, 1);
}

void mye_neuron_backward_rate(const mye_node *n, mye_pass *p, const float *e)
{
    if (!mye_grad_known(p, n->index) || !mye_grad_wanted(p, n, 0))
        return;
    neuron_op op = op_begin(n, p, 0, 1, MYE_OP_BACKWARD);
    op.e = e;
    op.run = mye_fused_backward_rate;
    if (mye_neuron_rate_reads(n, p))
        take_norm_sums(&op);
    mye_parallel(p->lanes.ctx, op.n_shards, run_shard, &op);
    if (op.norm_sum != NULL)
        mye_fused_sums_end(&op);
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
