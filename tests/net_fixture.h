/*
 * What the tests of src/net share: a context whose n-th allocation can be made to fail, and
 * comparison of graphs. Include after cmocka's headers.
 */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/graph.h"
#include "neuron/neuron.h"

typedef struct memory {
    int calls, fail_at; /* fail_at: from 1; 0: never   */
    int live;           /* blocks                      */
    size_t most;        /* bytes of a block, 0: any    */
} memory;

static inline void *memory_allocate(void *user, size_t bytes)
{
    memory *m = user;
    if (++m->calls == m->fail_at || (m->most && bytes > m->most))
        return NULL;
    void *block = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    m->live += block != NULL;
    return block;
}

static inline void memory_release(void *user, void *block)
{
    memory *m = user;
    m->live -= block != NULL;
    free(block);
}

static inline mye_context *context_with(memory *m)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    const mye_allocator hooks = {memory_allocate, memory_release, m};
    mye_context *ctx = NULL;
    options.threads = 1;
    options.allocator = m ? &hooks : NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    return ctx;
}

static inline int context_setup(void **state)
{
    *state = context_with(NULL);
    return 0;
}

static inline int context_teardown(void **state)
{
    mye_context *ctx = *state;
    const size_t left = mye_context_live_bytes(ctx);
    mye_context_free(ctx);
    (void)left;
    return 0;
}

static inline mye_graph *new_graph(mye_context *ctx, int C, int H, int W)
{
    mye_graph *graph = NULL;
    assert_int_equal(mye_graph_create(ctx, C, H, W, NULL, &graph, NULL), MYE_OK);
    return graph;
}

/* Asserts that both graphs have the same nodes; `names`: their names too. */
static inline void assert_same_graph(const mye_graph *a, const mye_graph *b, bool names)
{
    assert_int_equal(a->n, b->n);
    assert_string_equal(a->neuron, b->neuron);
    assert_int_equal(a->flat, b->flat);
    for (int i = 0; i < a->n; i++) {
        const mye_graph_node *x = &a->node[i], *y = &b->node[i];
        if (names)
            assert_string_equal(x->name, y->name);
        assert_string_equal(x->op, y->op);
        assert_string_equal(x->options, y->options);
        assert_int_equal(x->n_in, y->n_in);
        assert_memory_equal(x->in, y->in, sizeof x->in);
    }
}

/* A graph of nodes in a row: "conv2d:channels=8,kernel=3|batchnorm|neuron". */
static inline mye_graph *row_graph(mye_context *ctx, int C, int H, int W, const char *row)
{
    mye_graph *graph = new_graph(ctx, C, H, W);
    mye_error err = {MYE_OK, "", ""};
    int at = 0;
    for (const char *p = row; *p;) {
        char op[32], options[MYE_METHOD_MAX] = "";
        const size_t length = strcspn(p, "|"), name = strcspn(p, ":|");
        snprintf(op, sizeof op, "%.*s", (int)name, p);
        if (name < length)
            snprintf(options, sizeof options, "%.*s", (int)(length - name - 1), p + name + 1);
        if (mye_graph_add(graph, NULL, op, options, 1, &at, &at, &err) != MYE_OK)
            fail_msg("%s", err.message);
        p += length + (p[length] == '|');
    }
    return graph;
}

/* Runs `work` with the 1st, 2nd, ... allocation failing until it succeeds. */
static inline void fail_every_allocation(mye_status (*work)(mye_context *ctx, mye_error *err))
{
    for (int n = 1;; n++) {
        memory m = {0, 0, 0, 0};
        mye_error err = {MYE_OK, "", ""};
        mye_context *ctx = context_with(&m);
        const int live = m.live;
        m.fail_at = m.calls + n;
        const mye_status st = work(ctx, &err);
        assert_int_equal(m.live, live);
        const bool reached = m.calls >= m.fail_at;
        mye_context_free(ctx);
        if (st == MYE_OK && !reached)
            return;
        assert_int_equal(st, MYE_ERR_NOMEM);
        assert_int_equal(err.code, MYE_ERR_NOMEM);
    }
}

#endif
