/*
 * A bench for neurons: a pass of two nodes built by hand, an input that holds floats and a neuron
 * node that reads it. Everything is public to the test: data, gradients, membranes, rates.
 */
#ifndef NEURONBENCH_H
#define NEURONBENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neuron/neuron.h"

typedef struct bench_options {
    const char *neuron; /* "lif:tau=2"                                    */
    const char *kernels;
    mye_shape shape;
    int T, B, threads;
    bool static_input, smooth, floats, in_place, spans, rates, keeps_u;
} bench_options;

/* One 37-neuron sample in odd places, three samples, five steps. */
#define BENCH_OPTIONS                                            \
    {                                                            \
        .shape = {37, 1, 1, false}, .T = 5, .B = 3, .threads = 1 \
    }

enum { INPUT, NEURON };

typedef struct bench {
    bench_options o;
    mye_context *ctx;
    mye_method method;
    mye_node node[2];
    mye_node *nodes[2];
    mye_value value[2];
    mye_pass pass;
    mye_lane lane[8];
    int64_t n;         /* neurons of a sample                                */
    float *x, *g, *dx; /* [T][B][n]; x, dx [B][n] when static; dx may be g   */
    float *u, *s;      /* [T][B][n] as the probe saw them                    */
    float w, dw;       /* PLIF's                                             */
} bench;

static inline int64_t bench_size(const bench *b)
{
    return b->n * b->o.B * b->o.T;
}

static inline void *bench_alloc(bench *b, size_t bytes)
{
    void *block = mye_alloc(b->ctx, bytes);
    assert_non_null(block);
    return block;
}

static inline float *bench_floats(bench *b, int64_t n)
{
    return bench_alloc(b, (size_t)n * sizeof(float));
}

static void bench_probe(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at,
                        const float *x)
{
    bench *b = arg;
    float *all = kind == MYE_PROBE_MEMBRANE ? b->u : b->s;
    (void)n;
    memcpy(all + ((int64_t)at.t * b->o.B + at.b) * b->n + at.i0, x, (size_t)at.n * sizeof *x);
}

static inline void bench_node(bench *b, mye_error *err)
{
    mye_node *n = &b->node[NEURON];
    const mye_kind *kind = &mye_kind_neuron;
    assert_int_equal(mye_method_parse(b->ctx, kind, b->o.neuron, &b->method, err), MYE_OK);
    n->type = &mye_node_neuron;
    n->neuron = mye_neuron_type_find(b->method.entry->name);
    assert_non_null(n->neuron);
    n->options = b->method.options;
    n->plan = bench_alloc(b, mye_node_neuron.plan_bytes);
    n->index = NEURON;
    n->n_in = 1;
    n->in[0] = INPUT;
    n->in_shape = b->o.shape;
    n->needs_grad = true;
    n->ctx = b->ctx;
    snprintf(n->name, sizeof n->name, "neuron");
}

static inline void bench_input(bench *b)
{
    static const mye_node_type input_type = {.entry = {.name = "bench input"}};
    mye_node *n = &b->node[INPUT];
    n->type = &input_type;
    n->shape = b->o.shape;
    n->needs_grad = true;
    n->is_static = b->o.static_input;
    n->n_consumers = 1;
    n->ctx = b->ctx;
    snprintf(n->name, sizeof n->name, "input");
}

/* Scratch as planned, to the byte, with a guard behind it. */
static inline void bench_scratch(bench *b)
{
    size_t lane = 0, scratch = 0;
    for (int op = MYE_OP_FORWARD; op <= (int)MYE_OP_BACKWARD; op++) {
        const mye_node *n = &b->node[NEURON];
        const size_t l = mye_node_neuron.lane_bytes(n, &b->pass, (mye_op)op);
        const size_t s = mye_node_neuron.scratch_bytes(n, &b->pass, (mye_op)op);
        lane = l > lane ? l : lane;
        scratch = s > scratch ? s : scratch;
    }
    for (int i = 0; i < b->o.threads; i++) {
        b->lane[i].base = bench_alloc(b, lane + 64);
        b->lane[i].cap = lane;
        memset(b->lane[i].base, 0x7f, lane + 64); /* huge floats: unwritten scratch shows */
    }
    b->pass.scratch = bench_alloc(b, scratch);
    memset(b->pass.scratch, 0x7f, scratch);
}

static inline void bench_values(bench *b)
{
    const bench_options *o = &b->o;
    const int64_t sample = (int64_t)o->B * b->n;
    mye_value *in = &b->value[INPUT], *out = &b->value[NEURON];
    in->format = MYE_F32;
    in->steps = o->static_input ? 1 : o->T;
    in->n = in->row = out->n = out->row = b->n;
    in->data = b->x = bench_floats(b, in->steps * sample);
    out->steps = o->T;
    out->format = o->floats || o->smooth ? MYE_F32 : b->node[NEURON].format;
    if (out->format == MYE_BITS)
        out->row = (b->n + 63) / 64;
    out->data = bench_alloc(b, (size_t)(o->T * o->B * out->row) * 8);
    out->grad = b->g = bench_floats(b, o->T * sample);
    in->grad = b->dx = o->in_place ? b->g : bench_floats(b, in->steps * sample);
    in->grad_alias = o->in_place;
    b->u = bench_floats(b, o->T * sample);
    b->s = bench_floats(b, o->T * sample);
    if (o->spans || o->keeps_u)
        out->u = bench_floats(b, sample);
    if (o->rates) {
        out->e = bench_floats(b, sample);
        out->r = bench_floats(b, sample);
        if (o->spans)
            out->eps = bench_floats(b, sample);
    }
}

/* x: normal around 0.5; g: normal. The same for every bench of one shape. */
static inline void bench_data(bench *b)
{
    const int64_t n = b->n * b->o.B * b->value[INPUT].steps;
    for (int64_t i = 0; i < n; i++)
        b->x[i] = 0.5f + 0.7f * mye_random_normal(1, MYE_STREAM_TEST, (uint64_t)i);
    for (int64_t i = 0; i < bench_size(b); i++)
        b->g[i] = mye_random_normal(2, MYE_STREAM_TEST, (uint64_t)i);
}

static inline void bench_open(bench *b, const bench_options *options)
{
    mye_error err = {0};
    memset(b, 0, sizeof *b);
    b->o = *options;
    mye_context_options co = MYE_CONTEXT_OPTIONS;
    co.threads = options->threads;
    co.kernels = options->kernels;
    assert_int_equal(mye_context_create(&co, &b->ctx, &err), MYE_OK);
    b->n = mye_shape_size(options->shape);
    bench_input(b);
    bench_node(b, &err);
    mye_node *n = &b->node[NEURON];
    if (mye_node_neuron.shape(n, &b->o.shape, &err) != MYE_OK)
        fail_msg("%s", err.message);
    if (n->n_weights > 0) {
        b->w = (float)n->weight[0].gain;
        n->weight[0].data = &b->w;
        n->weight[0].grad = &b->dw;
    }
    b->nodes[INPUT] = &b->node[INPUT];
    b->nodes[NEURON] = n;
    b->pass = (mye_pass){.lanes = {b->ctx, b->lane},
                         .k = mye_context_table(b->ctx),
                         .node = b->nodes,
                         .n_nodes = 2,
                         .T = options->T,
                         .B = options->B,
                         .training = true,
                         .smooth = options->smooth,
                         .value = b->value};
    bench_values(b);
    bench_scratch(b);
    bench_data(b);
}

static inline void bench_close(bench *b)
{
    for (int i = 0; i < b->o.threads; i++) {
        assert_int_equal(b->lane[i].used, 0);
        for (size_t j = 0; j < 64; j++)
            assert_int_equal(b->lane[i].base[b->lane[i].cap + j], 0x7f);
        mye_free(b->ctx, b->lane[i].base);
    }
    mye_value *out = &b->value[NEURON];
    void *blocks[] = {b->pass.scratch,
                      out->data,
                      b->x,
                      b->g,
                      b->o.in_place ? NULL : b->dx,
                      b->u,
                      b->s,
                      out->u,
                      out->e,
                      out->r,
                      out->eps,
                      b->node[NEURON].plan,
                      b->node[NEURON].weight};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        mye_free(b->ctx, blocks[i]);
    mye_method_free(b->ctx, &b->method);
    mye_context_free(b->ctx);
}

/* Whole forward, or step by step; with the probe on, u and s are filled. */
static inline void bench_forward(bench *b, bool probed)
{
    b->pass.probe = probed ? bench_probe : NULL;
    b->pass.probe_arg = b;
    b->value[NEURON].spikes = 0;
    if (!b->o.spans) {
        mye_node_neuron.forward(&b->node[NEURON], &b->pass, 0, b->o.T);
        return;
    }
    for (int t = 0; t < b->o.T; t++)
        mye_node_neuron.forward(&b->node[NEURON], &b->pass, t, t + 1);
}

static inline void bench_backward(bench *b)
{
    b->dw = 0.0f;
    b->value[INPUT].grad_written = false;
    mye_node_neuron.backward(&b->node[NEURON], &b->pass, 0, b->o.T);
}

/* Output as floats, whatever the format. */
static inline float bench_out(const bench *b, int64_t i)
{
    const mye_value *v = &b->value[NEURON];
    if (v->format == MYE_F32)
        return ((const float *)v->data)[i];
    const uint64_t *row = (const uint64_t *)v->data + i / b->n * v->row;
    const int64_t j = i % b->n;
    return (row[j / 64] >> (j % 64) & 1) != 0 ? 1.0f : 0.0f;
}

static inline float bench_x(const bench *b, int64_t i)
{
    return b->x[b->o.static_input ? i % (b->n * b->o.B) : i];
}

#endif
