#include "convert/rewrite.h"

#include <string.h>

#include "neuron/neuron.h"

const char *mye_rewrite_op(const mye_node *n)
{
    return n->neuron != NULL ? n->neuron->entry.name : n->type->entry.name;
}

bool mye_rewrite_is(const mye_node *n, const char *op)
{
    return strcmp(mye_rewrite_op(n), op) == 0;
}

mye_status mye_rewrite_begin(const mye_model *from, mye_rewrite *out, mye_error *err)
{
    const mye_graph *g = from->graph;
    const size_t n = (size_t)from->n_nodes;
    mye_context *ctx = from->ctx;
    *out = (mye_rewrite){.from = from};
    MYE_TRY(mye_graph_create(ctx, g->C, g->H, g->W, "relu", &out->graph, err));
    out->graph->flat = g->flat;
    out->to = mye_alloc_array(ctx, n, sizeof *out->to);
    out->same = mye_alloc_array(ctx, n, sizeof *out->same);
    if (out->to == NULL || out->same == NULL)
        return mye_no_memory(err, n * sizeof *out->to, "a rewritten network");
    for (size_t i = 1; i < n; i++)
        out->to[i] = -1;
    return MYE_OK;
}

mye_status mye_rewrite_node(mye_rewrite *r, int i, const char *op, const char *options,
                            mye_error *err)
{
    const mye_node *n = r->from->node[i];
    int in[MYE_NODE_MAX_IN];
    for (int k = 0; k < n->n_in; k++)
        in[k] = r->to[n->in[k]];
    r->same[i] = op == NULL;
    return mye_graph_add(r->graph, n->name, op != NULL ? op : mye_rewrite_op(n),
                         op != NULL ? options : r->from->text[i], n->n_in, in, &r->to[i], err);
}

void mye_rewrite_drop(mye_rewrite *r, int i)
{
    r->to[i] = r->to[r->from->node[i]->in[0]];
}

void mye_rewrite_weights(const mye_node *from, mye_node *to)
{
    for (int k = 0; k < to->n_weights; k++) {
        mye_weight *w = &to->weight[k];
        const mye_weight *old = mye_node_find(from, w->role);
        if (old != NULL && old->count == w->count)
            memcpy(w->data, old->data, w->count * sizeof *w->data);
    }
}

mye_status mye_rewrite_end(mye_rewrite *r, bool static_input, mye_model **out, mye_error *err)
{
    mye_graph *graph = r->graph;
    r->graph = NULL;
    MYE_TRY(mye_model_from_graph(graph, static_input, 1, out, err));
    for (int i = 0; i < r->from->n_nodes; i++)
        if (r->same[i])
            mye_rewrite_weights(r->from->node[i], (*out)->node[r->to[i]]);
    mye_model_drop_gradients(*out);
    return MYE_OK;
}

void mye_rewrite_free(mye_rewrite *r)
{
    mye_graph_free(r->graph);
    if (r->from != NULL) {
        mye_free(r->from->ctx, r->to);
        mye_free(r->from->ctx, r->same);
    }
}
