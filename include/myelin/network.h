/*
 * Networks: from a description to a model.
 *
 * A description is one of
 *   notation   32C3-BN-LIF-MP2-64C3-BN-LIF-MP2-FC10     the literature's way; parameters in
 *              parentheses, stride as 64C3s2, padding as 64C3p0, groups as 64C3g4, repeats (..)x3
 *   builder    vgg11, resnet18:width=0.5, mlp:hidden=800   named networks with parameters
 *   file       net.yaml                                 nodes, branches and repeats in YAML
 * A model holds the graph of nodes, their weights and gradients. Weights are initialised from the
 * seed. A model is read-only while it runs, but for weights, gradients and running statistics.
 */
#ifndef MYELIN_NETWORK_H
#define MYELIN_NETWORK_H

#include "myelin/registry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mye_model mye_model;

typedef struct mye_model_options {
    const char *net;    /* notation, builder or path of a YAML file                           */
    const char *neuron; /* what plain LIF/N means: "lif:tau=2"; NULL: the file's own, or "lif" */
    int C, H, W;        /* one sample; vectors: C = N, H = W = 1                              */
    int classes;        /* outputs of the builders' last layer; 0: as the description says    */
    uint64_t seed;      /* of the initial weights                                             */
    bool static_input;  /* the input is the same at every step (direct encoding)              */
    const char *depth;  /* depth rule: adds the nodes that training wants; NULL: "global"      */
    bool for_planning;  /* weights have no values, so that their memory is never touched       */
} mye_model_options;

#define MYE_MODEL_OPTIONS                             \
    {                                                 \
        "", NULL, 1, 28, 28, 10, 1, true, NULL, false \
    }

MYE_API mye_status mye_model_create(mye_context *ctx, const mye_model_options *options,
                                    mye_model **out, mye_error *err);
MYE_API void mye_model_free(mye_model *model);

/* One node, for tables. Strings belong to the model. */
typedef struct mye_node_info {
    const char *name, *op, *options; /* options: canonical text, only what differs from default */
    int n_in;
    const int *in;
    int C, H, W;       /* of its value                                                      */
    bool is_spiking;   /* a neuron                                                          */
    bool is_virtual;   /* stores nothing                                                    */
    bool is_static;    /* computed once for all steps                                       */
    bool is_auxiliary; /* serves the loss of a module in training; no part of inference     */
    int module;        /* that the depth rule put it in                                     */
    int64_t n_weights; /* trainable numbers                                                 */
    double macs;       /* multiply-adds of one sample and step                              */
} mye_node_info;

MYE_API int mye_model_nodes(const mye_model *model);
MYE_API void mye_model_node(const mye_model *model, int i, mye_node_info *out);
MYE_API int mye_model_find(const mye_model *model, const char *name); /* index or -1 */
MYE_API int64_t mye_model_weights(const mye_model *model);            /* trainable numbers */
/* Of these, numbers of auxiliary nodes; and the modules that the depth rule made (1: global). */
MYE_API int64_t mye_model_auxiliary_weights(const mye_model *model);
MYE_API int mye_model_modules(const mye_model *model);
MYE_API int64_t mye_model_neurons(const mye_model *model); /* spiking neurons   */
MYE_API int mye_model_classes(const mye_model *model);     /* size of the output */
/* The whole graph as YAML text that mye_model_create reads back to the same graph. Free with
 * mye_model_text_free. */
MYE_API mye_status mye_model_yaml(const mye_model *model, char **out, mye_error *err);
MYE_API void mye_model_text_free(const mye_model *model, char *text);

/* Tensors: weights and buffers, by name "<node>.<role>", in the usual outside layout (convolution
 * [O][I/g][kh][kw], dense [O][I] with I in C,H,W order). */
typedef struct mye_tensor_info {
    const char *name;
    int rank;
    int dim[4];
    int64_t count;
    bool trainable;
    bool decay;
} mye_tensor_info;
MYE_API int mye_model_tensors(const mye_model *model);
MYE_API void mye_model_tensor(const mye_model *model, int i, mye_tensor_info *out);
MYE_API int mye_model_tensor_find(const mye_model *model, const char *name); /* or -1 */
MYE_API void mye_model_get(const mye_model *model, int i, float *out);
MYE_API void mye_model_set(mye_model *model, int i, const float *values);
/* Gradient of the last step of a run, same layout, until the weights move; zeros for buffers. */
MYE_API void mye_model_get_grad(const mye_model *model, int i, float *out);

#ifdef __cplusplus
}
#endif
#endif
