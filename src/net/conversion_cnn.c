/*
 * Networks that the literature on conversion trains as ANNs and runs with spikes: convolutions with
 * average pooling between, then dense layers.
 *
 *   mnist-cnn     12C5 - AP2 - 64C5 - AP2 - classes             valid convolutions
 *   fashion-cnn   32C5 - AP2 - 64C5 - AP2 - 1024 - classes      valid convolutions
 *   cifar-cnn     96C3 - 256C3 - AP2 - 384C3 - AP2 - 384C3 - 256C3 - 1024 - 1024 - classes
 *
 * Each layer but the last is followed by a neuron; `--neuron relu --T 1` makes the ANN. With `bn`
 * batch norm stands before the neurons of convolutions and, in cifar-cnn, of dense layers.
 */
#include "net/builder.h"

typedef struct conversion_options {
    double width;
    bool bn;
} conversion_options;

/* As the papers write it: channels of convolutions, A = pool 2x2. */
enum { A = -1, END = 0 };
typedef struct conversion_net {
    int kernel, padding;
    bool dense_bn;
    int layout[9], hidden[3];
} conversion_net;

static const mye_param conversion_params[] = {
    MYE_BUILDER_WIDTH(conversion_options),
    {"bn", MYE_PARAM_BOOL, offsetof(conversion_options, bn), 0, "true", 0, 0, NULL, NULL, "",
     "batch norm before the neurons"},
    MYE_BUILDER_END,
};

/* Channels of the papers stay as they are, unless a width is asked for. */
static int wide(const conversion_options *o, int channels)
{
    return o->width == 1.0 ? channels : mye_builder_channels(channels, o->width);
}

/* [BN -] neuron */
static mye_status conversion_neuron(bool bn, int *at, mye_graph *graph, mye_error *err)
{
    if (bn)
        MYE_TRY(mye_graph_chain(graph, "batchnorm", at, err, "%s", ""));
    return mye_graph_chain(graph, "neuron", at, err, "%s", "");
}

static mye_status conversion_build(const conversion_options *o, const conversion_net *net,
                                   int classes, mye_graph *graph, mye_error *err)
{
    int at = graph->n - 1;
    for (const int *layer = net->layout; *layer != END; layer++) {
        if (*layer == A) {
            MYE_TRY(mye_graph_chain(graph, "avgpool", &at, err, "kernel=2"));
            continue;
        }
        MYE_TRY(mye_graph_chain(graph, "conv2d", &at, err, "channels=%d,kernel=%d,padding=%d%s",
                                wide(o, *layer), net->kernel, net->padding,
                                o->bn ? ",bias=false" : ""));
        MYE_TRY(conversion_neuron(o->bn, &at, graph, err));
    }
    MYE_TRY(mye_graph_chain(graph, "flatten", &at, err, "%s", ""));
    for (const int *features = net->hidden; *features != END; features++) {
        const bool bn = o->bn && net->dense_bn;
        MYE_TRY(mye_graph_chain(graph, "dense", &at, err, "features=%d%s", wide(o, *features),
                                bn ? ",bias=false" : ""));
        MYE_TRY(conversion_neuron(bn, &at, graph, err));
    }
    return mye_builder_head(graph, false, 0.0, classes, &at, err);
}

#define CONVERSION(id, name, brief, source)                                          \
    static mye_status id##_build(const void *options, int classes, mye_graph *graph, \
                                 mye_error *err)                                     \
    {                                                                                \
        return conversion_build(options, &id##_net, classes, graph, err);            \
    }                                                                                \
    const mye_builder mye_builder_##id = {                                           \
        {name, brief, source, conversion_params, sizeof(conversion_options)}, id##_build};

static const conversion_net mnist_cnn_net = {5, 0, false, {12, A, 64, A}, {END}};
CONVERSION(mnist_cnn, "mnist-cnn", "2 convolutions 5x5 and a dense layer, 28x28 images",
           "Diehl et al., IJCNN 2015")

static const conversion_net fashion_cnn_net = {5, 0, false, {32, A, 64, A}, {1024}};
CONVERSION(fashion_cnn, "fashion-cnn", "2 convolutions 5x5 and 2 dense layers, 28x28 images",
           "Yu et al., TNNLS 2022; layers as in later code of that group")

static const conversion_net cifar_cnn_net = {
    3, 1, true, {96, 256, A, 384, A, 384, 256}, {1024, 1024}};
CONVERSION(cifar_cnn, "cifar-cnn", "5 convolutions 3x3 and 3 dense layers, 32x32 images",
           "Yu et al., TNNLS 2022; layers as in later code of that group")
