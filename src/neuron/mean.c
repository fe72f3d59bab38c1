/*
 * The backward pass of neurons that stand for a function of the mean of their input over the steps:
 * two weighted sums over the steps, then one gradient that all steps share. What neuron.h says of
 * mean_backward is done here.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "neuron/neuron_parts.h"

/* sum of decay^i over 0 <= i < T */
static double sum_of_powers(double decay, int T)
{
    return decay == 1.0 ? T : (1.0 - pow(decay, T)) / (1.0 - decay);
}

/* Weighted means of the input and, times T, of the gradient. The weights of all steps add up to 1. */
static void take_means(const neuron_op *op, mye_at at, float *x_mean, float *g_mean, mye_lane *lane)
{
    const mye_pass *p = op->p;
    const int T = op->t1, input = op->n->in[0];
    const bool once = p->node[input]->is_static;
    const double decay = op->type->mean_decay(op->n->options);
    double weight = 1.0 / sum_of_powers(decay, T); /* of the last step */
    float *buffer = mye_take_floats(lane, at.n);
    memset(g_mean, 0, (size_t)at.n * sizeof *g_mean);
    if (once)
        mye_load_into(p, input, at, x_mean, lane);
    else
        memset(x_mean, 0, (size_t)at.n * sizeof *x_mean);
    for (int t = T - 1; t >= 0; t--, weight *= decay) {
        at.t = t;
        if (!once)
            p->k->axpy(at.n, (float)weight, mye_load(p, input, at, buffer, lane), x_mean);
        p->k->axpy(at.n, (float)(weight * T), mye_grad_load(p, op->n->index, at, buffer, lane),
                   g_mean);
    }
}

void mye_mean_backward(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum)
{
    const mye_pass *p = op->p;
    const int T = op->t1;
    mye_at at = mye_chunk_at(&op->chunks, 0, b, chunk);
    mye_neuron_chunk c = op->chunk;
    c.n = at.n;
    assert(op->t0 == 0 && T == p->T);
    float *x = mye_take_floats(lane, at.n), *g = mye_take_floats(lane, at.n);
    float *dx = mye_take_floats(lane, at.n);
    take_means(op, at, x, g, lane);
    op->type->mean_backward(&c, x, g, dx, sum->param);
    if (!mye_grad_wanted(p, op->n, 0))
        return;
    if (p->node[op->n->in[0]]->is_static) { /* the sum of T equal parts */
        mye_grad_put(p, op->n, 0, at, true, dx);
        return;
    }
    p->k->scale(at.n, 1.0f / (float)T, dx, dx);
    for (int t = T - 1; t >= 0; t--) {
        at.t = t;
        mye_grad_put(p, op->n, 0, at, t == T - 1, dx);
    }
}
