/*
 * Residual networks for 32x32 images: three stages of 16, 32, 64 channels with m basic blocks
 * each, depth 6m + 2. Shortcuts that change shape are conv1x1 - BN ("option B").
 */
#include "net/builder.h"

typedef struct cifar_resnet_options {
    double width, dropout;
} cifar_resnet_options;

static const mye_param cifar_resnet_params[] = {
    MYE_BUILDER_WIDTH(cifar_resnet_options),
    MYE_BUILDER_DROPOUT(cifar_resnet_options),
    MYE_BUILDER_END,
};

static mye_status cifar_resnet_build(const cifar_resnet_options *o, int m, int classes,
                                     mye_graph *graph, mye_error *err)
{
    mye_builder_stages s = {
        mye_builder_channels(16, o->width), false, 3, {0}, {m, m, m}, mye_builder_basic_block, 0};
    int at = graph->n - 1;
    for (int i = 0; i < s.n; i++)
        s.channels[i] = mye_builder_channels(16 << i, o->width);
    MYE_TRY(mye_builder_stem(graph, &s, true, &at, err));
    MYE_TRY(mye_builder_blocks(graph, &s, &at, err));
    return mye_builder_head(graph, true, o->dropout, classes, &at, err);
}

#define CIFAR_RESNET(depth, m)                                                                    \
    static mye_status resnet##depth##_build(const void *options, int classes, mye_graph *graph,   \
                                            mye_error *err)                                       \
    {                                                                                             \
        return cifar_resnet_build(options, m, classes, graph, err);                               \
    }                                                                                             \
    const mye_builder mye_builder_resnet##depth = {                                               \
        {"resnet" #depth, "three stages of " #m " basic blocks, 16 to 64 channels, 32x32 images", \
         "He et al., CVPR 2016, sec. 4.2", cifar_resnet_params, sizeof(cifar_resnet_options)},    \
        resnet##depth##_build,                                                                    \
    };

CIFAR_RESNET(20, 3)
CIFAR_RESNET(32, 5)
CIFAR_RESNET(44, 7)
CIFAR_RESNET(56, 9)
CIFAR_RESNET(110, 18)
