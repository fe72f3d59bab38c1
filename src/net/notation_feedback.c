/*
 * FB(layers): a feedback node, and the layers that make what it adds. They read the last neurons of
 * the text, which are known at its end only; so the layers are read then, and moved to their place
 * right behind those neurons. The node is named fb1, its layers fb1.conv1 and so on.
 */
#include "net/notation.h"

#include <string.h>

#include "neuron/neuron.h"

static int last_neuron(const mye_graph *graph, int first)
{
    int i = graph->n - 1;
    while (i >= first && strcmp(graph->node[i].op, "neuron") != 0 &&
           mye_neuron_type_find(graph->node[i].op) == NULL)
        i--;
    return i < first ? -1 : i;
}

static void swap_nodes(mye_graph_node *a, mye_graph_node *b)
{
    const mye_graph_node kept = *a;
    *a = *b;
    *b = kept;
}

static void reverse(mye_graph_node *node, int n)
{
    for (int i = 0; i < n / 2; i++)
        swap_nodes(&node[i], &node[n - 1 - i]);
}

/* Nodes [tail, moved) and [moved, n) change places. */
static void rotate(mye_graph *graph, int tail, int moved)
{
    const int before = moved - tail, after = graph->n - moved;
    reverse(graph->node + tail, before);
    reverse(graph->node + moved, after);
    reverse(graph->node + tail, before + after);
    for (int i = tail; i < graph->n; i++)
        for (int k = 0; k < graph->node[i].n_in; k++) {
            int *in = &graph->node[i].in[k];
            if (*in >= tail)
                *in += *in < moved ? after : -before;
        }
}

/* The layers of one FB behind node `neuron`; *at: the node that makes what is fed back. */
static mye_status read_layers(mye_notation *r, const mye_notation_feedback *f, int neuron, int *at)
{
    mye_graph *graph = r->graph;
    const size_t length = strlen(graph->prefix), open = (size_t)r->n_feedback;
    const char *name = graph->node[f->node].name;
    const int n = snprintf(graph->prefix, sizeof graph->prefix, "%s.", name);
    if (n < 0 || (size_t)n >= sizeof graph->prefix) {
        graph->prefix[length] = '\0';
        return mye_notation_fail(r, f->begin, f->end, "the names of these layers are too long");
    }
    r->at = neuron;
    if (f->begin < f->end)
        MYE_TRY(mye_notation_items(r, f->begin, f->end));
    MYE_TRY(mye_notation_settle(r, false));
    graph->prefix[length] = '\0';
    *at = r->at;
    if ((size_t)r->n_feedback != open)
        return mye_notation_fail(r, f->begin, f->end, "there is no FB inside an FB");
    return MYE_OK;
}

static mye_status name_source(mye_notation *r, const mye_notation_feedback *f, int from)
{
    mye_graph_node *node = &r->graph->node[f->node];
    const char *name = r->graph->node[from].name;
    const int n = snprintf(node->options, sizeof node->options, "from=%s", name);
    if (n < 0 || (size_t)n >= sizeof node->options)
        return mye_notation_fail(r, f->begin, f->end, "the name of this layer is too long");
    return MYE_OK;
}

mye_status mye_notation_close(mye_notation *r, int first)
{
    const int end = r->at, n = r->n_feedback;
    int neuron = last_neuron(r->graph, first), last = end;
    for (int i = 0; i < n; i++) {
        const mye_notation_feedback f = r->feedback[i];
        const int tail = neuron + 1, moved = r->graph->n;
        int from = 0;
        if (neuron < f.node)
            return mye_notation_fail(r, f.begin, f.end, "FB wants neurons behind it");
        MYE_TRY(read_layers(r, &f, neuron, &from));
        const int added = r->graph->n - moved;
        if (tail < moved && added > 0) {
            rotate(r->graph, tail, moved);
            from -= from >= moved ? moved - tail : 0;
            last += last >= tail ? added : 0;
        }
        MYE_TRY(name_source(r, &f, from));
    }
    r->at = last;
    return MYE_OK;
}
