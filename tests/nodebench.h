/*
 * A bench for nodes: a pass over a few nodes, built by hand. Node 0 is an input; the last node is
 * the output, and the objective is sum of coef * output, so the gradient of the output is coef.
 * Scratch and lanes have exactly the planned bytes; everything begins as NaN, so that what is read
 * but never written shows.
 */
#ifndef MYE_NODEBENCH_H
#define MYE_NODEBENCH_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/node.h"

#define BENCH_NODES 12

typedef struct bench {
    mye_context *ctx;
    mye_lane lane[256], reader; /* reader: for the bench's own loads */
    mye_node node[BENCH_NODES], *list[BENCH_NODES];
    mye_value value[BENCH_NODES];
    mye_pass pass;
    float *coef;        /* [steps][B][n] of the output */
    bool alias;         /* gradients share memory where they may */
    size_t empty_bytes; /* live bytes of the context alone */
    void *block[256];
    int n_blocks;
} bench;

typedef struct bench_setup {
    int T, B, threads;
    mye_shape shape;
    bool is_static, bits; /* of the input */
    bool alias;
    const char *kernels;
} bench_setup;

static inline float bench_draw(uint64_t stream, uint64_t i)
{
    return 2 * mye_random_uniform(7, MYE_STREAM_TEST + stream, i) - 1;
}

/* Memory that begins as NaN. */
static inline void *bench_take(bench *q, size_t bytes)
{
    void *block = mye_alloc(q->ctx, bytes);
    assert_non_null(block);
    memset(block, 0xff, bytes);
    assert_true(q->n_blocks < 256);
    return q->block[q->n_blocks++] = block;
}

static inline bench *bench_create(bench_setup s)
{
    bench *q = calloc(1, sizeof *q);
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_error err;
    options.threads = s.threads > 0 ? s.threads : 1;
    options.kernels = s.kernels;
    if (mye_context_create(&options, &q->ctx, &err) != MYE_OK)
        fail_msg("%s", err.message);
    q->empty_bytes = mye_context_live_bytes(q->ctx);
    q->pass.lanes.ctx = q->ctx;
    q->pass.lanes.lane = q->lane;
    q->pass.k = mye_context_table(q->ctx);
    q->pass.node = q->list;
    q->pass.value = q->value;
    q->pass.T = s.T;
    q->pass.ways = 1u << MYE_CONV_DIRECT;
    q->pass.B = s.B;
    q->pass.training = true;
    q->pass.seed = 11;
    q->alias = s.alias;
    mye_node *in = &q->node[0];
    in->type = mye_node_type_find("input");
    in->in_shape = s.shape;
    in->ctx = q->ctx;
    in->is_static = s.is_static;
    in->needs_grad = true;
    snprintf(in->name, sizeof in->name, "input");
    assert_int_equal(in->type->shape(in, NULL, &err), MYE_OK);
    in->format = s.bits ? MYE_BITS : MYE_F32;
    q->list[0] = in;
    q->pass.n_nodes = 1;
    return q;
}

/* Appends a node, as a user would write it; -1 and *err when its shape is refused. */
static inline int bench_try(bench *q, const char *text, int n_in, const int *in, mye_error *err)
{
    mye_node *n = &q->node[q->pass.n_nodes];
    mye_method method;
    mye_shape shapes[MYE_NODE_MAX_IN];
    assert_true(q->pass.n_nodes < BENCH_NODES);
    memset(n, 0, sizeof *n);
    if (mye_method_parse(q->ctx, &mye_kind_node, text, &method, err) != MYE_OK)
        fail_msg("%s: %s", text, err->message);
    n->type = mye_node_type_find(method.entry->name);
    n->options = method.options;
    n->plan = mye_alloc(q->ctx, n->type->plan_bytes);
    n->index = q->pass.n_nodes;
    n->ctx = q->ctx;
    n->n_in = n_in;
    n->needs_grad = true;
    n->is_static = !(n->type->flags & MYE_NODE_TIME);
    snprintf(n->name, sizeof n->name, "%s%d", method.entry->name, n->index);
    for (int k = 0; k < n_in; k++) {
        n->in[k] = in[k];
        shapes[k] = q->node[in[k]].shape;
        n->is_static = n->is_static && q->node[in[k]].is_static;
    }
    n->in_shape = shapes[0];
    n->format = q->node[in[0]].format;
    q->list[n->index] = n;
    q->pass.n_nodes++;
    if (n->type->shape(n, shapes, err) != MYE_OK)
        return -1;
    for (int k = 0; k < n_in; k++)
        q->node[in[k]].n_consumers++;
    return n->index;
}

static inline int bench_add(bench *q, const char *text, int in)
{
    mye_error err;
    const int index = bench_try(q, text, 1, &in, &err);
    if (index < 0)
        fail_msg("%s", err.message);
    return index;
}

static inline int bench_join(bench *q, const char *text, int in0, int in1)
{
    mye_error err;
    const int in[2] = {in0, in1}, index = bench_try(q, text, 2, in, &err);
    if (index < 0)
        fail_msg("%s", err.message);
    return index;
}

static inline void bench_weights(bench *q, mye_node *n)
{
    for (int k = 0; k < n->n_weights; k++) {
        mye_weight *w = &n->weight[k];
        w->data = bench_take(q, w->count * sizeof(float));
        w->grad = w->trainable ? bench_take(q, w->count * sizeof(float)) : NULL;
        for (size_t i = 0; i < w->count; i++)
            w->data[i] = w->init == MYE_INIT_CONSTANT ? (float)w->gain
                                                      : bench_draw((uint64_t)n->index * 8 + k, i);
    }
}

static inline void bench_value(bench *q, mye_node *n)
{
    mye_value *v = &q->value[n->index];
    v->format = n->format;
    v->steps = n->is_static ? 1 : q->pass.T;
    v->n = mye_shape_size(n->shape);
    v->row = v->format == MYE_BITS ? (v->n + 63) / 64 : v->n;
    const size_t rows = (size_t)v->steps * (size_t)q->pass.B;
    if (n->type->load == NULL)
        v->data = bench_take(q, rows * (size_t)v->row * (v->format == MYE_BITS ? 8 : 4));
    v->grad = bench_take(q, rows * (size_t)v->n * sizeof(float));
    if (n->type->state_bytes != NULL)
        v->state = bench_take(q, n->type->state_bytes(n, &q->pass));
}

/* One memory for a gradient and that of the only consumer, where the consumer allows it. */
static inline void bench_alias(bench *q, mye_node *n)
{
    mye_node *in = q->list[n->in[0]];
    if (!(n->type->flags & MYE_NODE_GRAD_IN_PLACE) || in->n_consumers != 1 ||
        in->is_static != n->is_static)
        return;
    q->value[in->index].grad = q->value[n->index].grad;
    q->value[in->index].grad_alias = true;
}

/* Exactly the planned scratch for one op. */
static inline void bench_scratch(bench *q, const mye_node *n, mye_op op)
{
    const mye_node_type *type = n->type;
    const size_t bytes = type->scratch_bytes ? type->scratch_bytes(n, &q->pass, op) : 0;
    const size_t lane = type->lane_bytes ? type->lane_bytes(n, &q->pass, op) : 0;
    q->pass.scratch = mye_alloc(q->ctx, bytes);
    memset(q->pass.scratch, 0xff, bytes);
    for (int i = 0; i < mye_context_threads(q->ctx); i++) {
        q->lane[i] = (mye_lane){mye_alloc(q->ctx, lane), lane, 0};
        memset(q->lane[i].base, 0xff, lane);
    }
}

static inline void bench_unscratch(bench *q)
{
    mye_free(q->ctx, q->pass.scratch);
    for (int i = 0; i < mye_context_threads(q->ctx); i++)
        mye_free(q->ctx, q->lane[i].base);
}

/* Call after the last node was added: memory, random weights, input and coefficients. */
static inline void bench_build(bench *q)
{
    for (int i = 0; i < q->pass.n_nodes; i++) {
        bench_weights(q, q->list[i]);
        bench_value(q, q->list[i]);
    }
    for (int i = q->pass.n_nodes - 1; i > 0 && q->alias; i--)
        bench_alias(q, q->list[i]);
    const mye_value *out = &q->value[q->pass.n_nodes - 1], *in = &q->value[0];
    const size_t outputs = (size_t)(out->steps * q->pass.B * out->n);
    q->coef = bench_take(q, outputs * sizeof(float));
    for (size_t i = 0; i < outputs; i++)
        q->coef[i] = bench_draw(1000, i);
    if (in->format == MYE_F32)
        for (int64_t i = 0; i < in->steps * q->pass.B * in->n; i++)
            ((float *)in->data)[i] = bench_draw(1001, (uint64_t)i);
    else
        memset(in->data, 0, (size_t)(in->steps * q->pass.B * in->row) * 8);
    q->reader = (mye_lane){bench_take(q, 1 << 22), 1 << 22, 0};
}

static inline void bench_free(bench *q)
{
    for (int i = 0; i < q->n_blocks; i++)
        mye_free(q->ctx, q->block[i]);
    for (int i = 0; i < q->pass.n_nodes; i++) {
        mye_method method = {&q->node[i].type->entry, q->node[i].options};
        mye_method_free(q->ctx, &method);
        mye_free(q->ctx, q->node[i].plan);
        mye_free(q->ctx, q->node[i].weight);
    }
    assert_int_equal(mye_context_live_bytes(q->ctx), q->empty_bytes);
    mye_context_free(q->ctx);
    free(q);
}

/* ---- running ---- */

static inline void bench_forward(bench *q)
{
    for (int i = 0; i < q->pass.n_nodes; i++) {
        const mye_node *n = q->list[i];
        if (n->type->forward == NULL)
            continue;
        bench_scratch(q, n, MYE_OP_FORWARD);
        n->type->forward(n, &q->pass, 0, n->is_static ? 1 : q->pass.T);
        bench_unscratch(q);
    }
}

static inline void bench_backward(bench *q)
{
    const int last = q->pass.n_nodes - 1;
    const mye_value *out = &q->value[last];
    for (int i = 0; i <= last; i++) {
        q->value[i].grad_written = false;
        for (int k = 0; k < q->node[i].n_weights; k++)
            if (q->node[i].weight[k].grad)
                memset(q->node[i].weight[k].grad, 0, q->node[i].weight[k].count * sizeof(float));
    }
    memcpy(out->grad, q->coef, (size_t)(out->steps * q->pass.B * out->n) * sizeof(float));
    for (int i = last; i > 0; i--) {
        const mye_node *n = q->list[i];
        bench_scratch(q, n, MYE_OP_BACKWARD);
        n->type->backward(n, &q->pass, 0, n->is_static ? 1 : q->pass.T);
        bench_unscratch(q);
        for (int k = 0; k < n->n_in; k++)
            q->value[n->in[k]].grad_written = true;
    }
}

/* A node's row (t, b), until the next call. */
static inline const float *bench_row(bench *q, int node, int t, int b)
{
    const int64_t n = q->value[node].n;
    const mye_at at = {t, b, 0, n};
    q->reader.used = 0;
    float *row = mye_lane_take(&q->reader, (size_t)n * sizeof *row);
    mye_load_into(&q->pass, node, at, row, &q->reader);
    return row;
}

static inline double bench_objective(bench *q)
{
    const int last = q->pass.n_nodes - 1;
    double sum = 0;
    bench_forward(q);
    for (int t = 0; t < q->value[last].steps; t++)
        for (int b = 0; b < q->pass.B; b++) {
            const float *y = bench_row(q, last, t, b);
            const int64_t n = q->value[last].n;
            for (int64_t i = 0; i < n; i++)
                sum += (double)y[i] * (double)q->coef[((int64_t)t * q->pass.B + b) * n + i];
        }
    return sum;
}

/* Central differences at up to 60 entries of x against the gradient. */
static inline void bench_compare(bench *q, const char *what, float *x, const float *grad,
                                 size_t count, double tolerance)
{
    const float step = 1.0f / 128;
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(grad[i]))
            fail_msg("gradient of %s[%zu] was not written", what, i);
        largest = fmax(largest, fabs((double)grad[i]));
    }
    const size_t stride = count > 60 ? count / 60 | 1 : 1;
    for (size_t i = 0; i < count; i += stride) {
        const float before = x[i];
        x[i] = before + step;
        const double up = bench_objective(q);
        x[i] = before - step;
        const double down = bench_objective(q);
        x[i] = before;
        const double want = (up - down) / (2 * (double)step);
        if (fabs(want - (double)grad[i]) > tolerance * fmax(largest, 0.1))
            fail_msg("gradient of %s[%zu of %zu]: %.7g, finite difference %.7g (largest %.3g)",
                     what, i, count, (double)grad[i], want, largest);
    }
}

/* Checks the gradients of the input (unless bits) and of every trainable weight. */
static inline void bench_check_gradients(bench *q)
{
    mye_value *in = &q->value[0];
    const size_t inputs = (size_t)(in->steps * q->pass.B * in->n);
    bench_forward(q);
    bench_backward(q);
    float *grad = bench_take(q, inputs * sizeof *grad);
    memcpy(grad, in->grad, inputs * sizeof *grad);
    if (in->format == MYE_F32)
        bench_compare(q, "input", in->data, grad, inputs, 2e-3);
    for (int i = 0; i < q->pass.n_nodes; i++)
        for (int k = 0; k < q->node[i].n_weights; k++) {
            mye_weight *w = &q->node[i].weight[k];
            if (w->trainable)
                bench_compare(q, w->name, w->data, w->grad, w->count, 2e-3);
        }
}

static inline void assert_floats_equal(const char *what, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(a[i] == b[i]))
            fail_msg("%s[%zu of %zu]: %.9g and %.9g", what, i, n, (double)a[i], (double)b[i]);
}

static inline void assert_floats_near(const char *what, const float *a, const float *b, size_t n,
                                      double tolerance)
{
    double largest = 1e-6;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance * largest))
            fail_msg("%s[%zu of %zu]: %.9g and %.9g", what, i, n, (double)a[i], (double)b[i]);
}

#endif
