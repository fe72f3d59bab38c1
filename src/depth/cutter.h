/*
 * Cutter: how depth rules write the graph that is trained. The network's own nodes are copied in
 * their order; behind those of each module a rule adds what its loss wants, as auxiliary nodes where
 * inference does without. In the graph all that is not copied is marked as added.
 *
 *   mye_cutter c;
 *   mye_cutter_begin(&c, net, out, err)
 *   mye_cutter_copy(&c, last, err)      nodes of the network up to `last`
 *   ... mye_graph_add / mye_graph_chain on c.out, behind mye_cutter_branch
 *   mye_graph_end_module(c.out, heads, n_heads, err)
 *   mye_cutter_end(&c)
 */
#ifndef MYE_CUTTER_H
#define MYE_CUTTER_H

#include "depth/depth.h"
#include "net/layers.h"

typedef struct mye_cutter {
    const mye_model *net;
    mye_graph *out;
    mye_hidden_layer *layer; /* [n] hidden layers of net */
    int n;
    int *at;    /* [net nodes] their index in out  */
    int copied; /* nodes of net that are in out    */
} mye_cutter;

/* Refuses networks without hidden layers, and feedback, which no cut may cross. */
mye_status mye_cutter_begin(mye_cutter *c, const mye_model *net, mye_graph *out, mye_error *err);
void mye_cutter_end(mye_cutter *c);
/* Copies the nodes that are not there yet, up to `last` of net. */
mye_status mye_cutter_copy(mye_cutter *c, int last, mye_error *err);
/* The last node of net of the block that begins as hidden layer `layer`: what follows it without
 * multiplying by weights, one after the other (pooling, batch norm), belongs to it. */
int mye_cutter_block_end(const mye_cutter *c, int layer);
/* Nodes that are added from now on are auxiliary, named "aux<module>.", until
 * mye_cutter_branch_end. Returns the node of out that holds the output of hidden layer `layer`. */
int mye_cutter_branch(mye_cutter *c, int module, int layer);
void mye_cutter_branch_end(mye_cutter *c);
/* The readout of the network, repeated behind *at. */
mye_status mye_cutter_readout(mye_cutter *c, int *at, mye_error *err);
/* Global average pool where the value is an image, flatten, dense to the classes, readout. `norm`: a
 * batch norm before the dense layer. */
mye_status mye_cutter_classifier(mye_cutter *c, bool norm, int *at, mye_error *err);
/* Copies up to the end of block `layer` and puts direct feedback behind it (dfa.c): what is copied
 * later reads that. */
mye_status mye_cutter_direct(mye_cutter *c, int layer, mye_error *err);
/* What a branch needs to know of the value behind it. */
mye_shape mye_cutter_shape(const mye_cutter *c, int layer);
int mye_cutter_classes(const mye_cutter *c);

/* ---- local.c: rules with one auxiliary network for each module but the last ---- */

/* Adds the auxiliary nodes of module k, which ends with hidden layer `layer`, in a branch at node
 * `at`; writes the heads. */
typedef mye_status (*mye_local_heads)(const void *self, mye_cutter *c, int k, int layer, int at,
                                      mye_head *head, int *n_heads, mye_error *err);
/* Cuts behind hidden layers 0 .. n_cut - 1, into `modules` modules with the rest of the network,
 * evenly (0: each layer is one); calls `heads` for each but the last, whose head is the network's
 * output. */
mye_status mye_local_extend(mye_cutter *c, int n_cut, int64_t modules, const char *rule,
                            mye_local_heads heads, const void *self, mye_error *err);
/* The whole of it for rules that cut behind every hidden layer but the last. */
mye_status mye_local_rule(const mye_model *net, mye_graph *out, int64_t modules, const char *rule,
                          mye_local_heads heads, const void *self, mye_error *err);

/* Options that all local rules have. `options_type` has the fields modules (int64_t) and order (int). */
enum { MYE_ORDER_IMMEDIATE, MYE_ORDER_SIMULTANEOUS };
#define MYE_LOCAL_PARAMS(options_type)                                                             \
    {.name = "modules",                                                                            \
     .type = MYE_PARAM_INT,                                                                        \
     .offset = offsetof(options_type, modules),                                                    \
     .def = "0",                                                                                   \
     .min = 0,                                                                                     \
     .max = 1024,                                                                                  \
     .unit = "",                                                                                   \
     .help = "cut into so many modules instead of one a hidden layer; 0 = as many as there are"},  \
    {                                                                                              \
        .name = "order", .type = MYE_PARAM_CHOICE, .offset = offsetof(options_type, order),        \
        .def = "immediate", .choices = "immediate|simultaneous", .unit = "",                       \
        .help = "a module's weights move before the next is at work (one block of gradients), or " \
                "all behind the last: the same numbers"                                            \
    }

#endif
