/*
 * Feedback: the only edge of a graph that goes backwards. A node `feedback` names a later node; the
 * name is looked up when the whole graph is known, beside the node first, then further out.
 */
#include "node/feedback.h"

#include <string.h>

#include "net/graph.h"
#include "node/elementwise.h"

int mye_graph_from(const mye_graph *graph, int i)
{
    const mye_graph_node *node = &graph->node[i];
    if (strcmp(node->op, mye_node_feedback.entry.name) != 0 ||
        strncmp(node->options, "from=", 5) != 0)
        return -1;
    const char *name = node->options + 5;
    size_t length = strlen(node->name);
    do {
        char full[2 * sizeof node->name];
        while (length > 0 && node->name[length - 1] != '.')
            length--;
        snprintf(full, sizeof full, "%.*s%.*s", (int)length, node->name, (int)sizeof node->name - 1,
                 name);
        const int found = mye_graph_find(graph, full);
        if (found >= 0)
            return found;
    } while (length-- > 0);
    return -1;
}

int mye_model_feedback(const mye_model *model, int i)
{
    for (i++; i < model->n_nodes; i++)
        if (mye_feedback_from(model->node[i]) >= 0)
            return i;
    return -1;
}

static mye_status check_from(const mye_node *n, const mye_node *from, mye_error *err)
{
    const mye_shape a = n->shape, b = from->shape;
    if (from->index <= n->index)
        return mye_fail(err, MYE_ERR_ARG,
                        "node '%s' (feedback) wants a later node, got '%s', which stands before it",
                        n->name, from->name);
    if (from->type->load != NULL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "node '%s' (feedback) wants a node that stores its value, a layer or "
                        "neurons, got '%s' (%s)",
                        n->name, from->name, from->type->entry.name);
    if (!mye_shape_same(a, b))
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (feedback) adds values of one shape, got %dx%dx%d from '%s' and "
                        "%dx%dx%d from '%s'",
                        n->name, a.c, a.h, a.w, n->name, b.c, b.h, b.w, from->name);
    if (from->is_static)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "node '%s' (feedback) wants a node behind neurons, got '%s', which is the "
                        "same at every step",
                        n->name, from->name);
    return MYE_OK;
}

mye_status mye_model_link(mye_model *model, mye_error *err)
{
    for (int i = 0; i < model->n_nodes; i++) {
        mye_node *n = model->node[i];
        if (n->type != &mye_node_feedback)
            continue;
        const mye_feedback_options *o = n->options;
        const int from = mye_graph_from(model->graph, i);
        if (from < 0)
            return mye_fail(err, MYE_ERR_ARG,
                            "node '%s' (feedback) names no node of the network: from is '%s'",
                            n->name, o->from);
        MYE_TRY(check_from(n, model->node[from], err));
        n->in[n->n_in] = from;
        model->node[from]->n_consumers++;
    }
    return MYE_OK;
}
