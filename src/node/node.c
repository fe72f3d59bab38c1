/* The registry of nodes, and the declaration of weights. */
#include <math.h>
#include <string.h>

#include "node/node.h"
#include "node/node_list.inc"

#define X(name) extern const mye_node_type mye_node_##name;
MYE_NODE_LIST(X)
#undef X

static const mye_node_type *const node_types[] = {
#define X(name) &mye_node_##name,
    MYE_NODE_LIST(X)
#undef X
        NULL};

static const mye_entry *const node_entries[] = {
#define X(name) &mye_node_##name.entry,
    MYE_NODE_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_node = {
    .name = "node",
    .question = "What does a layer compute?",
    .entries = node_entries,
};

const mye_node_type *mye_node_type_find(const char *name)
{
    for (const mye_node_type *const *type = node_types; *type != NULL; type++)
        if (strcmp((*type)->entry.name, name) == 0)
            return *type;
    return NULL;
}

mye_weight *mye_node_find(const mye_node *n, const char *role)
{
    for (int i = 0; i < n->n_weights; i++)
        if (strcmp(n->weight[i].role, role) == 0)
            return &n->weight[i];
    return NULL;
}

static double default_gain(mye_init init)
{
    switch (init) {
    case MYE_INIT_KAIMING_UNIFORM:
        return 1 / sqrt(3.0);
    case MYE_INIT_KAIMING_NORMAL:
        return sqrt(2.0);
    case MYE_INIT_NORMAL:
    case MYE_INIT_UNIT_ROWS:
        return 1;
    case MYE_INIT_CONSTANT:
        break;
    }
    return 0;
}

mye_status mye_node_weight(mye_node *n, const mye_weight *w, mye_error *err)
{
    mye_weight *slot = mye_node_find(n, w->role);
    if (slot == NULL) {
        const size_t old = (size_t)n->n_weights * sizeof *n->weight;
        mye_weight *grown = mye_grow(n->ctx, n->weight, old, old + sizeof *n->weight);
        if (grown == NULL)
            return mye_no_memory(err, old + sizeof *n->weight, "the list of a node's weights");
        n->weight = grown;
        slot = &grown[n->n_weights++];
    }
    float *data = slot->data, *grad = slot->grad;
    *slot = *w;
    slot->data = data;
    slot->grad = grad;
    snprintf(slot->name, sizeof slot->name, "%s.%s", n->name, w->role);
    slot->count = 1;
    for (int i = 0; i < w->rank; i++)
        slot->count *= (size_t)w->dim[i];
    if (slot->fan == 0)
        slot->fan = w->rank > 1 ? (int64_t)slot->count / w->dim[0] : 1;
    if (slot->gain == 0)
        slot->gain = default_gain(slot->init);
    return MYE_OK;
}
