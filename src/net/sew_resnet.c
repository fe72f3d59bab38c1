/*
 * SEW-ResNet: spike-element-wise residual networks. The addition is the last thing in a block, so
 * an identity block passes spikes on unchanged and the values are small integers.
 *
 *   main      x -> conv3x3 - BN - N - conv3x3 - BN - N
 *   shortcut  x, or conv1x1 - BN - N where the shape changes
 *   out       main + shortcut
 */
#include "net/builder.h"

static mye_status sew_block(mye_graph *graph, int in_channels, int channels, int stride, int *at,
                            mye_error *err)
{
    const mye_builder_conv first = {channels, 3, stride, true}, second = {channels, 3, 1, true};
    const mye_builder_conv shortcut = {channels, 1, stride, true};
    int main = *at, side = *at;
    MYE_TRY(mye_builder_conv_bn(graph, first, &main, err));
    MYE_TRY(mye_builder_conv_bn(graph, second, &main, err));
    if (stride != 1 || in_channels != channels)
        MYE_TRY(mye_builder_shortcut(graph, shortcut, &side, err));
    return mye_builder_add(graph, main, side, at, err);
}

static mye_status sew_build(const mye_resnet_options *o, const int blocks[4], int classes,
                            mye_graph *graph, mye_error *err)
{
    mye_builder_stages s = mye_resnet_stages(o, blocks);
    int at = graph->n - 1;
    s.block = sew_block;
    MYE_TRY(mye_builder_stem(graph, &s, true, &at, err));
    MYE_TRY(mye_builder_blocks(graph, &s, &at, err));
    return mye_builder_head(graph, true, o->dropout, classes, &at, err);
}

static mye_status sew_resnet18_build(const void *options, int classes, mye_graph *graph,
                                     mye_error *err)
{
    static const int blocks[4] = {2, 2, 2, 2};
    return sew_build(options, blocks, classes, graph, err);
}

static mye_status sew_resnet34_build(const void *options, int classes, mye_graph *graph,
                                     mye_error *err)
{
    static const int blocks[4] = {3, 4, 6, 3};
    return sew_build(options, blocks, classes, graph, err);
}

const mye_builder mye_builder_sew_resnet18 = {
    {"sew-resnet18", "ResNet-18 whose blocks add spikes", "Fang et al., NeurIPS 2021, ADD",
     mye_resnet_params, sizeof(mye_resnet_options)},
    sew_resnet18_build,
};

const mye_builder mye_builder_sew_resnet34 = {
    {"sew-resnet34", "ResNet-34 whose blocks add spikes", "Fang et al., NeurIPS 2021, ADD",
     mye_resnet_params, sizeof(mye_resnet_options)},
    sew_resnet34_build,
};
