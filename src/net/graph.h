/*
 * Graph: the list of nodes as it is described, before it becomes a model. Notation, YAML files,
 * builders and reference cases all write graphs through mye_graph_add; mye_model_from_graph checks
 * shapes and allocates.
 */
#ifndef MYE_GRAPH_H
#define MYE_GRAPH_H

#include "myelin/network.h"
#include "net/module.h"
#include "node/node.h"

typedef struct mye_graph_node {
    char name[80];
    char op[32];                  /* node type, neuron, or "neuron" = the graph's default neuron */
    char options[MYE_METHOD_MAX]; /* "kernel=3,stride=2"; may be ""                              */
    int n_in, in[MYE_NODE_MAX_IN];
    int line, column; /* where it was described, 0: nowhere                          */
    bool auxiliary;   /* serves a module's loss only: in training, never in inference */
    bool frozen;      /* its weights do not learn                                     */
    bool added;       /* by a depth rule: no node of the network as it was described  */
} mye_graph_node;

typedef struct mye_graph {
    mye_context *ctx;
    char neuron[MYE_METHOD_MAX];   /* default neuron method, canonical                         */
    bool neuron_chosen;            /* by the caller: a file's own default does not replace it  */
    int C, H, W;                   /* input                                                    */
    bool flat;                     /* input is a vector                                        */
    char prefix[64];               /* "layer2.0.": goes before the name of every added node    */
    char source[256];              /* file of the nodes' lines, "": none                       */
    bool auxiliary, frozen, added; /* so are the nodes that come from now on               */
    int n, cap;
    mye_graph_node *node; /* node 0 is the input                                      */
    mye_module *module;   /* nodes and heads of those that a depth rule made          */
    int n_modules;        /* 0: the whole graph is one                                */
    mye_method depth;     /* the depth rule, which the heads' options belong to       */
} mye_graph;

mye_status mye_graph_create(mye_context *ctx, int C, int H, int W, const char *neuron,
                            mye_graph **out, mye_error *err);
void mye_graph_free(mye_graph *graph);
/* Sets the default neuron: "lif:tau=2". */
mye_status mye_graph_set_neuron(mye_graph *graph, const char *neuron, mye_error *err);
/*
 * Appends a node; name NULL or "": made from op and number ("conv1", "lif2"), always unique. `in`
 * are indices of earlier nodes. Returns the index in *index (may be NULL). Checks op and options
 * by name and range, not shapes. The graph keeps the canonical text of the options. Op "neuron"
 * takes no options: they are the default neuron's.
 */
mye_status mye_graph_add(mye_graph *graph, const char *name, const char *op, const char *options,
                         int n_in, const int *in, int *index, mye_error *err);
/* The same with one input and printf-style options. */
mye_status mye_graph_chain(mye_graph *graph, const char *op, int *at, mye_error *err,
                           const char *options, ...) MYE_PRINTF(5, 6);
/* Index of the node of that full name, or -1. */
int mye_graph_find(const mye_graph *graph, const char *name);
/* The value of node i is a vector, as far as the ops tell. */
bool mye_graph_is_flat(const mye_graph *graph, int i);
/* Where an op is registered: mye_kind_node, or mye_kind_neuron ("neuron" too). */
mye_status mye_graph_kind(const char *op, const mye_kind **kind, mye_error *err);
/* The type's or neuron's name and options of node i, with the default neuron put in:
 * "lif:tau=2". *kind says where the name belongs. */
mye_status mye_graph_method(const mye_graph *graph, int i, const mye_kind **kind, char *out,
                            size_t size, mye_error *err);

/* Notation, builders and YAML (notation.c, builder.c, net_yaml.c). */
mye_status mye_notation_read(mye_graph *graph, const char *text, mye_error *err);
/* The same behind node *at, which becomes the last node. An empty text adds nothing. */
mye_status mye_notation_append(mye_graph *graph, const char *text, int *at, mye_error *err);
mye_status mye_net_yaml_read(mye_graph *graph, const char *path, mye_error *err);
/* The same from memory; `source` names it in messages. */
mye_status mye_net_yaml_parse(mye_graph *graph, const char *source, const char *text, size_t bytes,
                              mye_error *err);
mye_status mye_net_yaml_write(const mye_graph *graph, mye_text *out);
/* Decides which of the three `net` is. classes 0: as described. */
mye_status mye_graph_describe(mye_graph *graph, const char *net, int classes, mye_error *err);

/* A named network. One builder = one entry in builder_list.inc. */
typedef struct mye_builder {
    mye_entry entry;
    mye_status (*build)(const void *options, int classes, mye_graph *graph, mye_error *err);
} mye_builder;
extern const mye_kind mye_kind_net;

/* ---- model.c, model_info.c, weights.c ---- */

struct mye_model {
    mye_context *ctx;
    mye_graph *graph;             /* owned: for YAML and checkpoints                             */
    mye_node **node;              /* [n_nodes]                                                   */
    char (*text)[MYE_METHOD_MAX]; /* [n_nodes] options, with the default neuron's     */
    int n_nodes;
    int output;         /* index of the last node                                    */
    mye_module *module; /* [n_modules] in forward order                              */
    int n_modules;
    int *node_module;    /* [n_nodes] which module a node belongs to                       */
    mye_weight **weight; /* [n_weights] all nodes' weights, trainable ones first      */
    int n_weights, n_trainable;
    size_t n_params, n_buffers;   /* floats, padded: every weight starts on 64 bytes  */
    float *param, *grad, *buffer; /* flat blocks                                      */
    size_t n_grads; /* floats of grad: n_params, or those of the largest module when they share */
    /* The gradient block is all 0, so that a step need not clear it. True only between a move of
     * the weights and whatever writes there next, which says so. */
    bool *grad_is_clear;
};

/* Replaces the graph by the one that depth rule `depth` makes of it ("global": the same). The graph
 * is given up on failure, and *graph NULL. Shapes are judged here already. */
mye_status mye_graph_extend(mye_graph **graph, bool static_input, const char *depth,
                            mye_error *err);
/* Closes the module that begins behind the last one and ends with the last node. */
mye_status mye_graph_end_module(mye_graph *graph, const mye_head *head, int n_heads,
                                mye_error *err);
/* Nodes with shapes, without room for weights: for who asks about shapes only. The graph stays the
 * caller's and is read by it. */
mye_status mye_model_sketch(mye_graph *graph, bool static_input, mye_model **out, mye_error *err);
void mye_model_sketch_free(mye_model *sketch);
/* modules.c: the model's modules, as its graph says, with their ranges of weights. */
mye_status mye_model_take_modules(mye_model *model, mye_error *err);
/* Takes the graph over, also on failure. A readout is appended when the last node is none. */
mye_status mye_model_from_graph(mye_graph *graph, bool static_input, uint64_t seed, mye_model **out,
                                mye_error *err);
/* Outside layout <-> storage, for anything shaped like a weight (weights, gradients, momenta). */
void mye_weight_export(const mye_weight *w, const float *stored, float *outside);
void mye_weight_import(const mye_weight *w, const float *outside, float *stored);
/* Fills a weight from (seed, MYE_STREAM_INIT, index of the weight, element of the outside layout). */
void mye_weight_init(mye_context *ctx, mye_weight *w, uint64_t seed, int index);
/* ---- feedback.c ---- */

/* The node that node i, a feedback, names; -1: node i is none, or names none. */
int mye_graph_from(const mye_graph *graph, int i);
/* Ties every feedback node to the later node that it names. */
mye_status mye_model_link(mye_model *model, mye_error *err);
/* The first feedback node behind node i, or -1; of all: i = -1. */
int mye_model_feedback(const mye_model *model, int i);

/* Does node `reader` read the value of `node`, itself or through virtual nodes? */
bool mye_model_reads(const mye_model *model, int reader, int node);
/* Bytes of the model's blocks (weights, gradients, buffers). */
size_t mye_model_bytes(const mye_model *model);
/* One block for the gradients of all modules, as large as that of the largest: for runs that move a
 * module's weights as soon as its gradient is there (mye_run_options.immediate). Where there is one
 * module nothing changes. MYE_ERR_NOMEM. */
mye_status mye_model_share_gradients(mye_model *model, mye_error *err);
/* Floats of that block. */
size_t mye_model_shared_gradients(const mye_model *model);
/* For inference alone: gives the gradients' memory back. No training run may follow. */
void mye_model_drop_gradients(mye_model *model);

#endif
