/*
 * Residual networks with the activation first. The residual path carries real values:
 *
 *   s         = N(BN(x))
 *   main      s -> conv3x3 - BN - N - conv3x3
 *   shortcut  s, or conv1x1 with bias where the shape changes
 *   out       main + shortcut; behind the last block BN - N
 */
#include "net/builder.h"

static mye_status bn_neuron(mye_graph *graph, int *at, mye_error *err)
{
    MYE_TRY(mye_graph_chain(graph, "batchnorm", at, err, "%s", ""));
    return mye_graph_chain(graph, "neuron", at, err, "%s", "");
}

static mye_status preact_block(mye_graph *graph, int in_channels, int channels, int stride, int *at,
                               mye_error *err)
{
    int main = *at, side;
    MYE_TRY(bn_neuron(graph, &main, err));
    side = main;
    MYE_TRY(mye_graph_chain(graph, "conv2d", &main, err,
                            "channels=%d,kernel=3,stride=%d,bias=false", channels, stride));
    MYE_TRY(bn_neuron(graph, &main, err));
    MYE_TRY(
        mye_graph_chain(graph, "conv2d", &main, err, "channels=%d,kernel=3,bias=false", channels));
    if (stride != 1 || in_channels != channels) {
        char options[80];
        snprintf(options, sizeof options, "channels=%d,kernel=1,stride=%d", channels, stride);
        MYE_TRY(mye_graph_add(graph, "shortcut", "conv2d", options, 1, &side, &side, err));
    }
    return mye_builder_add(graph, main, side, at, err);
}

static mye_status preact_build(const mye_resnet_options *o, const int blocks[4], int classes,
                               mye_graph *graph, mye_error *err)
{
    mye_builder_stages s = mye_resnet_stages(o, blocks);
    int at = graph->n - 1;
    s.block = preact_block;
    MYE_TRY(mye_builder_stem(graph, &s, false, &at, err));
    MYE_TRY(mye_builder_blocks(graph, &s, &at, err));
    MYE_TRY(bn_neuron(graph, &at, err));
    return mye_builder_head(graph, true, o->dropout, classes, &at, err);
}

static mye_status preact_resnet18_build(const void *options, int classes, mye_graph *graph,
                                        mye_error *err)
{
    static const int blocks[4] = {2, 2, 2, 2};
    return preact_build(options, blocks, classes, graph, err);
}

static mye_status preact_resnet34_build(const void *options, int classes, mye_graph *graph,
                                        mye_error *err)
{
    static const int blocks[4] = {3, 4, 6, 3};
    return preact_build(options, blocks, classes, graph, err);
}

const mye_builder mye_builder_preact_resnet18 = {
    {"preact-resnet18", "ResNet-18 with BN and neuron before the convolutions",
     "He et al., ECCV 2016; Meng et al., ICCV 2023", mye_resnet_params, sizeof(mye_resnet_options)},
    preact_resnet18_build,
};

const mye_builder mye_builder_preact_resnet34 = {
    {"preact-resnet34", "ResNet-34 with BN and neuron before the convolutions",
     "He et al., ECCV 2016; Meng et al., ICCV 2023", mye_resnet_params, sizeof(mye_resnet_options)},
    preact_resnet34_build,
};
