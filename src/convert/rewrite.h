/* Writing one network as another, node by node: batch norms fold, activations become neurons. */
#ifndef MYE_REWRITE_H
#define MYE_REWRITE_H

#include "net/graph.h"

typedef struct mye_rewrite {
    const mye_model *from;
    mye_graph *graph; /* of the new network; NULL when it was taken over                */
    int *to;          /* [nodes of from] the new node that stands for it; -1: none yet  */
    bool *same;       /* [nodes of from] that node has the same weights                 */
} mye_rewrite;

/* The new network begins with the input of the old one. */
mye_status mye_rewrite_begin(const mye_model *from, mye_rewrite *out, mye_error *err);
/* Node i as it is, or (op not NULL) as another of the same name; its inputs were written before. */
mye_status mye_rewrite_node(mye_rewrite *r, int i, const char *op, const char *options,
                            mye_error *err);
/* Node i does nothing in the new network: its input stands for it. */
void mye_rewrite_drop(mye_rewrite *r, int i);
/* The new network, without gradients; weights of nodes that are the same are copied. */
mye_status mye_rewrite_end(mye_rewrite *r, bool static_input, mye_model **out, mye_error *err);
void mye_rewrite_free(mye_rewrite *r);

/* "<type>" or "<neuron>" of a node. */
const char *mye_rewrite_op(const mye_node *n);
bool mye_rewrite_is(const mye_node *n, const char *op);
/* Copies a node's weights of the same role and number of values. */
void mye_rewrite_weights(const mye_node *from, mye_node *to);

#endif
