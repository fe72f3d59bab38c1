/*
 * The convolutional network of CaFo: blocks that are trained, or left random, one after the other.
 *
 *   block   conv 3x3 (bias) - neuron - max pool 2x2 - BN        channels c, 4 c, 16 c ...
 *   head    flatten - dense without bias
 *
 * With the neuron `relu` and one step it is the network of the paper's code.
 */
#include "net/builder.h"

typedef struct cafo_options {
    double width;
    int64_t blocks, channels;
} cafo_options;

static const mye_param cafo_params[] = {
    MYE_BUILDER_WIDTH(cafo_options),
    {"blocks", MYE_PARAM_INT, offsetof(cafo_options, blocks), 0, "3", 1, 5, NULL, NULL, "",
     "blocks, each with four times the channels and half the size of the one before"},
    {"channels", MYE_PARAM_INT, offsetof(cafo_options, channels), 0, "32", 1, 1024, NULL, NULL, "",
     "channels of the first block"},
    MYE_BUILDER_END,
};

static mye_status cafo_block(int channels, int *at, mye_graph *graph, mye_error *err)
{
    MYE_TRY(mye_graph_chain(graph, "conv2d", at, err, "channels=%d,kernel=3", channels));
    MYE_TRY(mye_graph_chain(graph, "neuron", at, err, "%s", ""));
    MYE_TRY(mye_graph_chain(graph, "maxpool", at, err, "kernel=2"));
    return mye_graph_chain(graph, "batchnorm", at, err, "eps=1e-4");
}

static mye_status cafo_build(const void *options, int classes, mye_graph *graph, mye_error *err)
{
    const cafo_options *o = options;
    /* Channels that were asked for stay as they are, unless a width is asked for too. */
    int at = graph->n - 1, channels = (int)o->channels;
    for (int b = 0; b < (int)o->blocks; b++, channels *= 4)
        MYE_TRY(cafo_block(o->width == 1.0 ? channels : mye_builder_channels(channels, o->width),
                           &at, graph, err));
    MYE_TRY(mye_graph_chain(graph, "flatten", &at, err, "%s", ""));
    return mye_graph_chain(graph, "dense", &at, err, "features=%d,bias=false", classes);
}

const mye_builder mye_builder_cafo = {
    {"cafo", "convolutional blocks for learning block by block",
     "Zhao et al., 2023, The Cascaded Forward Algorithm, code", cafo_params, sizeof(cafo_options)},
    cafo_build,
};
