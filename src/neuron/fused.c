/*
 * The fused way through a neuron node: one pass over memory for all steps of a chunk, with the
 * scale and shift of a batch norm in front applied on the way and, backward, the sums that batch
 * norm needs next added up while the gradient is in cache. The same bits as the general way.
 */
#include <assert.h>
#include <string.h>

#include "neuron/neuron_parts.h"
#include "node/batchnorm_parts.h"

/* ---- what is fused ---- */

const mye_node *mye_fused_norm(const mye_node *n, const mye_pass *p)
{
    const mye_node *norm = p->node[n->in[0]];
    if (norm->type != &mye_node_batchnorm)
        return NULL;
    const mye_node *x = p->node[norm->in[0]];
    if (x->type->load != NULL || p->value[x->index].format != MYE_F32)
        return NULL;
    /* A pattern of channels is made for one row of statistics only. */
    return mye_batchnorm_rows(norm, p) == 1 || norm->shape.c % 64 == 0 ? norm : NULL;
}

bool mye_fused_sums(const mye_node *n, const mye_pass *p, int t0, int t1)
{
    const mye_node *norm = mye_fused_norm(n, p);
    if (norm == NULL || norm->n_consumers != 1 || !norm->needs_grad)
        return false;
    /* Span by span, the gradient of a static value is whole behind the last span only. */
    const bool in_parts = norm->is_static && p->window < p->T;
    return !in_parts && mye_batchnorm_together(norm, p, t0, t1);
}

static int most_steps(const mye_pass *p)
{
    return p->T < MYE_LIF_STEPS ? p->T : MYE_LIF_STEPS;
}

/* What the pass reads: the input, or what lies behind its batch norm. */
static const mye_node *source_of(const mye_node *n, const mye_pass *p)
{
    const mye_node *norm = mye_fused_norm(n, p);
    return p->node[norm != NULL ? norm->in[0] : n->in[0]];
}

/* Steps whose input must be computed, or made floats again, into scratch. */
static int buffered_steps(const mye_node *n, const mye_pass *p)
{
    const mye_node *x = source_of(n, p);
    const mye_value *v = &p->value[x->index];
    const bool stored = x->type->load == NULL && v->format == MYE_F32 && v->half_after == 0;
    if (stored)
        return 0;
    return x->is_static ? 1 : most_steps(p);
}

size_t mye_fused_lane_bytes(const mye_node *n, const mye_pass *p, int64_t chunk, mye_op op)
{
    const mye_node *norm = mye_fused_norm(n, p);
    const size_t floats = mye_float_bytes(chunk), steps = (size_t)most_steps(p);
    size_t bytes = (size_t)buffered_steps(n, p) * floats;
    if (bytes > 0)
        bytes += mye_load_lane_bytes(p, n->in[0], chunk);
    if (norm != NULL && norm->shape.c % 64 != 0)
        bytes += 2 * floats; /* pattern */
    if (op == MYE_OP_FORWARD)
        return bytes + 2 * floats; /* u, eps */
    if (norm != NULL)
        bytes += mye_float_bytes(3 * (int64_t)norm->shape.c);
    bytes += steps * floats; /* dx */
    if (p->value[n->index].grad_from != 0)
        bytes += steps * floats + mye_grad_lane_bytes(p, n->index, chunk);
    return bytes;
}

/* ---- inputs of a chunk ---- */

/* Scale and shift of the chunk's channels, repeated until they begin with a word of spikes. */
static void set_pattern(const neuron_op *op, mye_at at, mye_lif_steps *s, mye_lane *lane)
{
    const mye_batchnorm_state state = mye_batchnorm_state_of(op->norm, op->p);
    const int64_t C = op->norm->shape.c;
    const mye_norm_part ch = mye_norm_channels(op->norm, at);
    const int64_t first = mye_norm_row(&state, (int)C, at.t) + ch.c0;
    s->scale = state.scale + first;
    s->shift = state.shift + first;
    s->period = ch.width;
    s->pitch = state.rows == 1 ? 0 : C;
    if (ch.rows == 1 || C % 64 == 0)
        return;
    while (s->period % 64 != 0)
        s->period += C;
    s->period = s->period < at.n ? s->period : at.n;
    float *scale = mye_take_floats(lane, s->period), *shift = mye_take_floats(lane, s->period);
    for (int64_t i = 0; i < s->period; i++) {
        scale[i] = s->scale[i % C];
        shift[i] = s->shift[i % C];
    }
    s->scale = scale;
    s->shift = shift;
}

/* Where the input of steps at.t on is, computed where it is not stored. */
static void set_inputs(const neuron_op *op, mye_at at, mye_lif_steps *s, mye_lane *lane)
{
    const mye_pass *p = op->p;
    const mye_node *x = source_of(op->n, p);
    const bool buffered = buffered_steps(op->n, p) > 0;
    for (int k = 0; k < s->steps; k++, at.t++) {
        if (k > 0 && x->is_static)
            s->x[k] = s->x[0];
        else
            s->x[k] =
                mye_load(p, x->index, at, buffered ? mye_take_floats(lane, at.n) : NULL, lane);
    }
}

/* ---- forward ---- */

typedef struct fused_rates {
    mye_lif_rates rates;
    float eps_of[MYE_LIF_STEPS];
    double scalar; /* mode 0: eps of the next step */
} fused_rates;

static void rates_begin(const neuron_op *op, int64_t offset, float *eps, fused_rates *f)
{
    const mye_value *v = op->v;
    f->rates = (mye_lif_rates){
        .mode = op->rate_mode, .eps_of = f->eps_of, .e = v->e + offset, .r = v->r + offset};
    if (op->rate_mode != 0)
        f->rates.eps = v->eps != NULL ? v->eps + offset : eps;
    assert(op->t0 == 0 || op->rate_mode == 0 || v->eps != NULL);
    f->scalar = 1.0;
    for (int t = 0; t < op->t0; t++)
        f->scalar = 1.0 + op->decay * f->scalar;
}

static const mye_lif_rates *rates_of(const neuron_op *op, int t, int steps, fused_rates *f)
{
    const bool last = t + steps == op->p->T;
    for (int k = 0; k < steps; k++) {
        f->eps_of[k] = (float)f->scalar;
        f->scalar = 1.0 + op->decay * f->scalar;
    }
    f->rates.e_scale = last ? (float)(op->gain / op->p->T) : 1.0f;
    f->rates.r_scale = last ? (float)(1.0 / op->p->T) : 1.0f;
    return &f->rates;
}

void mye_fused_forward(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_value *v = op->v;
    const mye_pass *p = op->p;
    const bool collects = v->e != NULL && !p->repeated;
    const bool once = op->t1 - op->t0 <= MYE_LIF_STEPS;
    mye_at at = mye_chunk_at(&op->chunks, op->t0, b, chunk);
    const int64_t offset = at.b * v->n + at.i0;
    mye_lif_steps s = op->steps;
    fused_rates rates;
    uint64_t *bits[MYE_LIF_STEPS];
    float *kept = once ? NULL : mye_take_floats(lane, at.n);
    float *u = v->u != NULL ? v->u + offset : kept;
    if (collects)
        rates_begin(op, offset, once ? NULL : mye_take_floats(lane, at.n), &rates);
    const size_t used = lane->used;
    s.n = at.n;
    for (int t = op->t0; t < op->t1; t += s.steps, lane->used = used) {
        at.t = t;
        s.steps = op->t1 - t < MYE_LIF_STEPS ? op->t1 - t : MYE_LIF_STEPS;
        s.first = t == 0;
        if (op->norm != NULL)
            set_pattern(op, at, &s, lane);
        set_inputs(op, at, &s, lane);
        for (int k = 0; k < s.steps; k++)
            bits[k] = mye_value_bits(p, op->n->index, t + k, b) + at.i0 / 64;
        sum->spikes +=
            p->k->lif_scan(&s, u, bits, collects ? rates_of(op, t, s.steps, &rates) : NULL);
    }
}

/* ---- backward ---- */

/* Adds the chunk's share to the sums of the batch norm in front: g is its gradient. */
static void add_norm_sums(const neuron_op *op, mye_at at, const float *g, const float *x,
                          mye_lane *lane, double *sum)
{
    const mye_batchnorm_state state = mye_batchnorm_state_of(op->norm, op->p);
    const mye_norm_part ch = mye_norm_channels(op->norm, at);
    const int64_t C = op->norm->shape.c, w = ch.width;
    const float *center = state.mean + mye_norm_row(&state, (int)C, at.t) + ch.c0;
    const size_t used = lane->used;
    float *part = mye_take_floats(lane, 3 * w);
    memset(part, 0, (size_t)(3 * w) * sizeof *part);
    op->p->k->norm_grad_sums(ch.rows, w, g, x, center, part, part + w, part + 2 * w);
    for (int i = 0; i < 3; i++)
        for (int64_t c = 0; c < w; c++)
            sum[i * C + ch.c0 + c] += (double)part[i * w + c];
    lane->used = used;
}

void mye_fused_sums_end(const neuron_op *op)
{
    const int64_t size = 3 * (int64_t)op->norm->shape.c;
    double *sum = mye_batchnorm_state_of(op->norm, op->p).sum;
    memcpy(sum, op->norm_sum, (size_t)size * sizeof *sum);
    for (int shard = 1; shard < op->n_shards; shard++)
        for (int64_t i = 0; i < size; i++)
            sum[i] += op->norm_sum[shard * size + i];
    op->p->value[op->norm->index].summed = true;
}

/* Where the gradient of step at.t of the input is made: in its place, or in scratch when it must be
 * added to what is there. */
static float *place_of(const neuron_op *op, mye_at at, bool *adds, mye_lane *lane)
{
    float *place = mye_grad_target(op->p, op->n, 0, at.t, adds);
    if (*adds)
        return mye_take_floats(lane, at.n);
    return place + at.b * op->p->value[op->n->in[0]].n + at.i0;
}

void mye_fused_backward(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_value *v = op->v;
    const mye_pass *p = op->p;
    const bool whole = op->t0 == 0 && op->t1 == p->T, once = p->node[op->n->in[0]]->is_static;
    const mye_at first = mye_chunk_at(&op->chunks, op->t0, b, chunk);
    const float *u = whole ? NULL : v->u + b * v->n + first.i0, *g[MYE_LIF_STEPS];
    float *dx[MYE_LIF_STEPS];
    bool adds = false;
    mye_lif_steps s = op->steps;
    s.n = first.n;
    s.steps = op->t1 - op->t0;
    s.first = true;
    if (whole && op->norm != NULL)
        set_pattern(op, first, &s, lane);
    if (whole || op->norm_sum != NULL)
        set_inputs(op, first, &s, lane);
    mye_at at = first;
    for (int k = 0; k < s.steps; k++, at.t++) {
        float *buffer = v->grad_from != 0 ? mye_take_floats(lane, at.n) : NULL;
        g[k] = mye_grad_load(p, op->n->index, at, buffer, lane);
        dx[k] = k > 0 && once ? NULL : place_of(op, at, &adds, lane);
    }
    p->k->lif_unscan(&s, u, g, dx, once);
    for (int k = once ? 0 : s.steps - 1; k >= 0; k--) {
        at.t = op->t0 + k;
        if (adds)
            mye_grad_put(p, op->n, 0, at, true, dx[k]);
        if (op->norm_sum != NULL)
            add_norm_sums(op, at, dx[k], s.x[k], lane, sum->norm);
    }
}

void mye_fused_backward_rate(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_pass *p = op->p;
    const mye_at at = mye_chunk_at(&op->chunks, 0, b, chunk);
    bool adds;
    float *dx = place_of(op, at, &adds, lane);
    const float *g = mye_grad_load(p, op->n->index, at, dx, lane);
    if (g != dx)
        memcpy(dx, g, (size_t)at.n * sizeof *dx);
    p->k->mul(at.n, op->e + b * op->v->n + at.i0, dx);
    if (adds)
        mye_grad_put(p, op->n, 0, at, true, dx);
    if (op->norm_sum != NULL)
        add_norm_sums(op, at, dx, mye_value_row(p, op->norm->in[0], 0, b) + at.i0, lane, sum->norm);
}
