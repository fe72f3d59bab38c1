/*
 * Residual networks for images (ResNet-18, -34, -50, -101) and ResNet-19 of the spiking literature. A
 * block:
 *
 *   main      x -> conv3x3 - BN - N - conv3x3 - BN
 *             x -> conv1x1 - BN - N - conv3x3 - BN - N - conv1x1 - BN   (bottleneck: -50, -101; the
 *             last one has 4 times the channels, the stride is that of the 3x3)
 *   shortcut  x, or conv1x1 - BN where the shape changes
 *   out       N(main + shortcut)
 */
#include "net/builder.h"

enum { EXPANSION = 4 };

const mye_param mye_resnet_params[] = {
    MYE_BUILDER_WIDTH(mye_resnet_options),
    {"stem", MYE_PARAM_CHOICE, offsetof(mye_resnet_options, stem), 0, "cifar", 0, 0,
     "cifar|imagenet", NULL, "", "3x3, or 7x7/2 and pool 3x3/2"},
    MYE_BUILDER_DROPOUT(mye_resnet_options),
    MYE_BUILDER_END,
};

mye_builder_stages mye_resnet_stages(const mye_resnet_options *o, const int blocks[4])
{
    mye_builder_stages s = {mye_builder_channels(64, o->width),
                            o->stem == MYE_STEM_IMAGENET,
                            4,
                            {0},
                            {0},
                            mye_builder_basic_block,
                            0};
    for (int i = 0; i < 4; i++) {
        s.channels[i] = mye_builder_channels(64 << i, o->width);
        s.blocks[i] = blocks[i];
    }
    return s;
}

mye_status mye_builder_basic_block(mye_graph *graph, int in_channels, int channels, int stride,
                                   int *at, mye_error *err)
{
    const mye_builder_conv first = {channels, 3, stride, true}, second = {channels, 3, 1, false};
    const mye_builder_conv shortcut = {channels, 1, stride, false};
    int main = *at, side = *at;
    MYE_TRY(mye_builder_conv_bn(graph, first, &main, err));
    MYE_TRY(mye_builder_conv_bn(graph, second, &main, err));
    if (stride != 1 || in_channels != channels)
        MYE_TRY(mye_builder_shortcut(graph, shortcut, &side, err));
    MYE_TRY(mye_builder_add(graph, main, side, at, err));
    return mye_graph_chain(graph, "neuron", at, err, "%s", "");
}

static mye_status bottleneck(mye_graph *graph, int in_channels, int channels, int stride, int *at,
                             mye_error *err)
{
    const int out = EXPANSION * channels;
    const mye_builder_conv narrow = {channels, 1, 1, true}, middle = {channels, 3, stride, true};
    const mye_builder_conv wide = {out, 1, 1, false}, shortcut = {out, 1, stride, false};
    int main = *at, side = *at;
    MYE_TRY(mye_builder_conv_bn(graph, narrow, &main, err));
    MYE_TRY(mye_builder_conv_bn(graph, middle, &main, err));
    MYE_TRY(mye_builder_conv_bn(graph, wide, &main, err));
    if (stride != 1 || in_channels != out)
        MYE_TRY(mye_builder_shortcut(graph, shortcut, &side, err));
    MYE_TRY(mye_builder_add(graph, main, side, at, err));
    return mye_graph_chain(graph, "neuron", at, err, "%s", "");
}

static mye_status resnet_build(const mye_resnet_options *o, const int blocks[4], bool bottlenecks,
                               int classes, mye_graph *graph, mye_error *err)
{
    mye_builder_stages s = mye_resnet_stages(o, blocks);
    if (bottlenecks) {
        s.block = bottleneck;
        s.expansion = EXPANSION;
    }
    int at = graph->n - 1;
    MYE_TRY(mye_builder_stem(graph, &s, true, &at, err));
    MYE_TRY(mye_builder_blocks(graph, &s, &at, err));
    return mye_builder_head(graph, true, o->dropout, classes, &at, err);
}

/* Three stages of 128, 256, 512 channels; a hidden layer of 256 neurons before the classifier. */
static mye_status resnet19_build(const void *options, int classes, mye_graph *graph, mye_error *err)
{
    const mye_resnet_options *o = options;
    mye_builder_stages s = {mye_builder_channels(128, o->width),
                            o->stem == MYE_STEM_IMAGENET,
                            3,
                            {0},
                            {3, 3, 2},
                            mye_builder_basic_block,
                            0};
    int at = graph->n - 1;
    for (int i = 0; i < s.n; i++)
        s.channels[i] = mye_builder_channels(128 << i, o->width);
    MYE_TRY(mye_builder_stem(graph, &s, true, &at, err));
    MYE_TRY(mye_builder_blocks(graph, &s, &at, err));
    MYE_TRY(mye_builder_head(graph, true, 0.0, mye_builder_channels(256, o->width), &at, err));
    MYE_TRY(mye_graph_chain(graph, "neuron", &at, err, "%s", ""));
    return mye_builder_head(graph, false, o->dropout, classes, &at, err);
}

#define RESNET(depth, bottlenecks, brief, ...)                                                  \
    static mye_status resnet##depth##_build(const void *options, int classes, mye_graph *graph, \
                                            mye_error *err)                                     \
    {                                                                                           \
        static const int blocks[4] = {__VA_ARGS__};                                             \
        return resnet_build(options, blocks, bottlenecks, classes, graph, err);                 \
    }                                                                                           \
    const mye_builder mye_builder_resnet##depth = {                                             \
        {"resnet" #depth, brief, "He et al., CVPR 2016", mye_resnet_params,                     \
         sizeof(mye_resnet_options)},                                                           \
        resnet##depth##_build,                                                                  \
    };

RESNET(18, false, "four stages of 2 basic blocks, 64 to 512 channels", 2, 2, 2, 2)
RESNET(34, false, "four stages of 3, 4, 6, 3 basic blocks", 3, 4, 6, 3)
RESNET(50, true, "four stages of 3, 4, 6, 3 bottleneck blocks", 3, 4, 6, 3)
RESNET(101, true, "four stages of 3, 4, 23, 3 bottleneck blocks", 3, 4, 23, 3)

const mye_builder mye_builder_resnet19 = {
    {"resnet19", "three stages of 3, 3, 2 basic blocks, 128 to 512 channels",
     "Zheng et al., AAAI 2021", mye_resnet_params, sizeof(mye_resnet_options)},
    resnet19_build,
};
