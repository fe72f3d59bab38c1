/* Writing the graph that is trained: see cutter.h. */
#include "depth/cutter.h"

#include <string.h>

mye_status mye_cutter_begin(mye_cutter *c, const mye_model *net, mye_graph *out, mye_error *err)
{
    const size_t n = (size_t)net->n_nodes;
    *c = (mye_cutter){.net = net, .out = out, .copied = 1};
    out->added = true; /* all but what is copied */
    const int feedback = mye_model_feedback(net, -1);
    if (feedback >= 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "feedback '%s' wants the whole network, and depth rule '%s' cuts it",
                        net->node[feedback]->name, out->depth.entry->name);
    c->layer = mye_alloc_array(net->ctx, n, sizeof *c->layer);
    c->at = mye_alloc_array(net->ctx, n, sizeof *c->at);
    if (!c->layer || !c->at)
        return mye_no_memory(err, n * sizeof *c->layer, "the list of hidden layers");
    c->n = mye_model_hidden_layers(net, c->layer);
    if (c->n == 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "depth rule '%s' wants a network with hidden layers (a layer, then a "
                        "neuron, then more layers), got one without",
                        out->depth.entry->name);
    return MYE_OK;
}

void mye_cutter_end(mye_cutter *c)
{
    mye_free(c->net->ctx, c->layer);
    mye_free(c->net->ctx, c->at);
}

static mye_status copy_node(mye_cutter *c, int i, mye_error *err)
{
    const mye_graph_node *from = &c->net->graph->node[i];
    int in[MYE_NODE_MAX_IN];
    for (int k = 0; k < from->n_in; k++)
        in[k] = c->at[from->in[k]];
    MYE_TRY(
        mye_graph_add(c->out, from->name, from->op, from->options, from->n_in, in, &c->at[i], err));
    c->out->node[c->at[i]].line = from->line;
    c->out->node[c->at[i]].column = from->column;
    return MYE_OK;
}

mye_status mye_cutter_copy(mye_cutter *c, int last, mye_error *err)
{
    mye_status st = MYE_OK;
    c->out->prefix[0] = '\0';
    c->out->added = false;
    for (; st == MYE_OK && c->copied <= last; c->copied++)
        st = copy_node(c, c->copied, err);
    c->out->added = true;
    return st;
}

int mye_cutter_block_end(const mye_cutter *c, int layer)
{
    const mye_model *net = c->net;
    int end = c->layer[layer].last;
    for (int i = end + 1; i < net->output; i++) {
        const mye_node *n = net->node[i];
        if (n->neuron != NULL || mye_node_is_layer(n) || n->n_in != 1 || n->in[0] != end ||
            net->node[end]->n_consumers != 1)
            break;
        end = i;
    }
    return end;
}

int mye_cutter_branch(mye_cutter *c, int module, int layer)
{
    c->out->auxiliary = true;
    snprintf(c->out->prefix, sizeof c->out->prefix, "aux%d.", module);
    return c->at[c->layer[layer].last];
}

void mye_cutter_branch_end(mye_cutter *c)
{
    c->out->auxiliary = false;
    c->out->prefix[0] = '\0';
}

mye_status mye_cutter_readout(mye_cutter *c, int *at, mye_error *err)
{
    const mye_graph_node *own = &c->net->graph->node[c->net->output];
    return mye_graph_add(c->out, NULL, own->op, own->options, 1, at, at, err);
}

mye_status mye_cutter_classifier(mye_cutter *c, bool norm, int *at, mye_error *err)
{
    if (!mye_graph_is_flat(c->out, *at)) {
        MYE_TRY(mye_graph_chain(c->out, "global_avgpool", at, err, "%s", ""));
        MYE_TRY(mye_graph_chain(c->out, "flatten", at, err, "%s", ""));
    }
    if (norm)
        MYE_TRY(mye_graph_chain(c->out, "batchnorm", at, err, "%s", ""));
    MYE_TRY(mye_graph_chain(c->out, "dense", at, err, "features=%d", mye_cutter_classes(c)));
    return mye_cutter_readout(c, at, err);
}

mye_shape mye_cutter_shape(const mye_cutter *c, int layer)
{
    return c->net->node[c->layer[layer].last]->shape;
}

int mye_cutter_classes(const mye_cutter *c)
{
    return (int)mye_shape_size(c->net->node[c->net->output]->shape);
}
