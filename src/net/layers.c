/* Hidden layers: see layers.h. */
#include "net/layers.h"

#include <string.h>

bool mye_node_is_layer(const mye_node *n)
{
    mye_ops ops = {0};
    if (n->type->count != NULL)
        n->type->count(n, &ops);
    return ops.macs > 0 && n->n_weights > 0;
}

static bool reads(const mye_node *reader, int node)
{
    for (int k = 0; k < reader->n_in; k++)
        if (reader->in[k] == node)
            return true;
    return false;
}

/* The last node of the network itself that reads node i. */
static int last_reader(const mye_model *model, int i)
{
    for (int r = model->n_nodes - 1; r > i; r--)
        if (!model->node[r]->auxiliary && reads(model->node[r], i))
            return r;
    return i;
}

static int readers(const mye_model *model, int i)
{
    int n = 0;
    for (int r = i + 1; r < model->n_nodes; r++)
        n += !model->node[r]->auxiliary && reads(model->node[r], i);
    return n;
}

/* Does a layer end here, as far as the node itself tells? */
static bool ends_layer(const mye_model *model, int i)
{
    const mye_node *n = model->node[i];
    if (n->neuron != NULL)
        return true;
    if (strcmp(n->type->entry.name, "add") != 0)
        return false;
    return readers(model, i) != 1 || model->node[last_reader(model, i)]->neuron == NULL;
}

/* Weightless nodes behind a layer's end belong to it up to where several nodes read one of them. */
static int up_to_branch(const mye_model *model, int end)
{
    for (int i = end + 1; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        if (n->auxiliary)
            continue;
        if (n->neuron != NULL || n->n_weights > 0 || n->n_in != 1 || n->in[0] != i - 1)
            return end;
        if (readers(model, i) > 1)
            return i;
    }
    return end;
}

int mye_model_hidden_layers(const mye_model *model, mye_hidden_layer *out)
{
    int n = 0, first = 1, crossing = 0, last_layer = 0;
    bool has_layer = false, has_neuron = false;
    for (int i = 1; i < model->n_nodes; i++)
        if (!model->node[i]->auxiliary && mye_node_is_layer(model->node[i]))
            last_layer = i;
    for (int i = 1; i < last_layer; i++) {
        const mye_node *node = model->node[i];
        if (node->auxiliary)
            continue;
        has_layer = has_layer || mye_node_is_layer(node);
        has_neuron = has_neuron || node->neuron != NULL;
        const int before = last_reader(model, i - 1);
        crossing = before > crossing ? before : crossing; /* of all nodes before i */
        if (crossing > i || !has_layer || !has_neuron || !ends_layer(model, i))
            continue;
        out[n].first = first;
        i = out[n++].last = up_to_branch(model, i);
        first = i + 1;
        crossing = i;
        has_layer = has_neuron = false;
    }
    return n;
}
