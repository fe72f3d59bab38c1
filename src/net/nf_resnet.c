/*
 * Residual networks without batch norm (NF-ResNet-18, -34, -50, -101). Standardised weights keep the
 * variance of what layers put out, 2.74 restores that of a spike, and each block scales its input by
 * the variance that its place in the network predicts:
 *
 *   o    = 2.74 N(x / beta)
 *   main   o -> wsconv3x3 - N - 2.74 - wsconv3x3             (basic)
 *          o -> 1x1 - N - 2.74 - 3x3 - N - 2.74 - 1x1        (bottleneck, 4 times the channels)
 *   side   x, or wsconv1x1(o) where the shape changes
 *   out    side + 0.2 gain main,   gain learned, 0 at first
 *
 * beta^2 is 1 behind the stem, grows by 0.2^2 with each block and begins again at 1 + 0.2^2 behind a
 * block that changes the shape. The classifier begins at 0.
 *
 * Source: Brock et al., ICLR 2021; spiking: Xiao et al., NeurIPS 2022 (OTTT), Meng et al., ICCV 2023
 * (SLTT).
 */
#include "net/builder.h"

#include <math.h>

#define SPIKE_SCALE 2.74
#define BLOCK_SCALE 0.2

typedef struct nf_block {
    int channels; /* of the inner convolutions */
    int out;      /* of the block              */
    int stride;
    bool bottleneck, shortcut;
    double variance; /* of the block's input, expected */
} nf_block;

static mye_status spikes(mye_graph *graph, int *at, mye_error *err)
{
    MYE_TRY(mye_graph_chain(graph, "neuron", at, err, "%s", ""));
    return mye_graph_chain(graph, "scale", at, err, "value=%g", SPIKE_SCALE);
}

static mye_status conv(mye_graph *graph, int channels, int kernel, int stride, int *at,
                       mye_error *err)
{
    return mye_graph_chain(graph, "sws_conv2d", at, err, "channels=%d,kernel=%d,stride=%d",
                           channels, kernel, stride);
}

static mye_status main_path(mye_graph *graph, const nf_block *b, int *at, mye_error *err)
{
    if (!b->bottleneck) {
        MYE_TRY(conv(graph, b->channels, 3, b->stride, at, err));
        MYE_TRY(spikes(graph, at, err));
        return conv(graph, b->out, 3, 1, at, err);
    }
    MYE_TRY(conv(graph, b->channels, 1, 1, at, err));
    MYE_TRY(spikes(graph, at, err));
    MYE_TRY(conv(graph, b->channels, 3, b->stride, at, err));
    MYE_TRY(spikes(graph, at, err));
    return conv(graph, b->out, 1, 1, at, err);
}

static mye_status add_block(mye_graph *graph, const nf_block *b, int *at, mye_error *err)
{
    int main = *at, side = *at;
    MYE_TRY(mye_graph_chain(graph, "scale", &main, err, "value=%.9g", 1 / sqrt(b->variance)));
    MYE_TRY(spikes(graph, &main, err));
    if (b->shortcut) {
        char options[80];
        snprintf(options, sizeof options, "channels=%d,kernel=1,stride=%d", b->out, b->stride);
        MYE_TRY(mye_graph_add(graph, "shortcut", "sws_conv2d", options, 1, &main, &side, err));
    }
    MYE_TRY(main_path(graph, b, &main, err));
    MYE_TRY(
        mye_graph_chain(graph, "scale", &main, err, "value=%g,learn=yes,initial=0", BLOCK_SCALE));
    return mye_builder_add(graph, main, side, at, err);
}

static mye_status add_blocks(mye_graph *graph, const mye_builder_stages *s, bool bottleneck,
                             int *at, mye_error *err)
{
    int channels = s->stem;
    double variance = 1;
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->blocks[i]; j++) {
            nf_block b = {.channels = s->channels[i],
                          .out = s->channels[i] * (bottleneck ? 4 : 1),
                          .stride = i > 0 && j == 0 ? 2 : 1,
                          .bottleneck = bottleneck,
                          .variance = variance};
            b.shortcut = b.stride != 1 || b.out != channels;
            mye_builder_prefix(graph, "layer%d.%d.", i + 1, j);
            MYE_TRY(add_block(graph, &b, at, err));
            variance = (b.shortcut ? 1 : variance) + BLOCK_SCALE * BLOCK_SCALE;
            channels = b.out;
        }
    mye_builder_prefix(graph, "%s", "");
    return MYE_OK;
}

static mye_status nf_build(const mye_resnet_options *o, const int blocks[4], bool bottleneck,
                           int classes, mye_graph *graph, mye_error *err)
{
    const mye_builder_stages s = mye_resnet_stages(o, blocks);
    int at = graph->n - 1;
    MYE_TRY(conv(graph, s.stem, s.large ? 7 : 3, s.large ? 2 : 1, &at, err));
    if (s.large)
        MYE_TRY(mye_graph_chain(graph, "avgpool", &at, err, "kernel=3,stride=2,padding=1"));
    MYE_TRY(add_blocks(graph, &s, bottleneck, &at, err));
    MYE_TRY(mye_graph_chain(graph, "global_avgpool", &at, err, "%s", ""));
    MYE_TRY(mye_graph_chain(graph, "flatten", &at, err, "%s", ""));
    if (o->dropout > 0)
        MYE_TRY(mye_graph_chain(graph, "dropout", &at, err, "p=%.6g", o->dropout));
    return mye_graph_chain(graph, "dense", &at, err, "features=%d,init=zero", classes);
}

#define NF_RESNET(id, name, bottleneck, brief, ...)                                  \
    static mye_status id##_build(const void *options, int classes, mye_graph *graph, \
                                 mye_error *err)                                     \
    {                                                                                \
        static const int blocks[4] = {__VA_ARGS__};                                  \
        return nf_build(options, blocks, bottleneck, classes, graph, err);           \
    }                                                                                \
    const mye_builder mye_builder_##id = {                                           \
        {name, brief, "Xiao et al., NeurIPS 2022; Meng et al., ICCV 2023, code",     \
         mye_resnet_params, sizeof(mye_resnet_options)},                             \
        id##_build,                                                                  \
    };

NF_RESNET(nf_resnet18, "nf-resnet18", false,
          "ResNet-18 with standardised weights and without batch norm", 2, 2, 2, 2)
NF_RESNET(nf_resnet34, "nf-resnet34", false,
          "ResNet-34 with standardised weights and without batch norm", 3, 4, 6, 3)
NF_RESNET(nf_resnet50, "nf-resnet50", true,
          "ResNet-50 with standardised weights and without batch norm", 3, 4, 6, 3)
NF_RESNET(nf_resnet101, "nf-resnet101", true,
          "ResNet-101 with standardised weights and without batch norm", 3, 4, 23, 3)
