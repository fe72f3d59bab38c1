/*
 * VGG: 3x3 convolutions (with bias), norm and neuron, pooling between.
 *
 *   norm=bn  conv - BN - neuron            norm=ws  conv with standardised weights - neuron - 2.74 x
 *
 * The factor 2.74 restores the unit variance of a binary activation (Xiao et al., NeurIPS 2022).
 */
#include "net/builder.h"

typedef struct vgg_options {
    double width, dropout;
    int pool, head, norm;
    char hidden[64];
} vgg_options;

enum { POOL_AVG, POOL_MAX };
enum { HEAD_AUTO, HEAD_GAP, HEAD_FLATTEN };
enum { NORM_AUTO, NORM_BN, NORM_WS, NORM_NONE };

/* As the papers write it: channels of convolutions, A = pool 2x2. */
enum { A = -1, END = 0 };
typedef struct vgg_net {
    int head, norm; /* what "auto" means */
    int layout[24];
} vgg_net;

static const mye_param vgg_params[] = {
    MYE_BUILDER_WIDTH(vgg_options),
    {"pool", MYE_PARAM_CHOICE, offsetof(vgg_options, pool), 0, "avg", 0, 0, "avg|max", NULL, "",
     "pooling between the stages"},
    {"norm", MYE_PARAM_CHOICE, offsetof(vgg_options, norm), 0, "auto", 0, 0, "auto|bn|ws|none",
     NULL, "", "batch norm, standardised weights or neither; auto: as published"},
    {"head", MYE_PARAM_CHOICE, offsetof(vgg_options, head), 0, "auto", 0, 0, "auto|gap|flatten",
     NULL, "", "global average pool or all pixels before the classifier; auto: as published"},
    {"hidden", MYE_PARAM_TEXT, offsetof(vgg_options, hidden), 64, "", 0, 0, NULL, NULL, "",
     "sizes of hidden layers of the classifier, say 4096-4096"},
    MYE_BUILDER_DROPOUT(vgg_options),
    MYE_BUILDER_END,
};

static mye_status vgg_layer(int channels, int norm, int *at, mye_graph *graph, mye_error *err)
{
    MYE_TRY(mye_graph_chain(graph, norm == NORM_WS ? "sws_conv2d" : "conv2d", at, err,
                            "channels=%d,kernel=3", channels));
    if (norm == NORM_BN)
        MYE_TRY(mye_graph_chain(graph, "batchnorm", at, err, "%s", ""));
    MYE_TRY(mye_graph_chain(graph, "neuron", at, err, "%s", ""));
    if (norm == NORM_WS)
        MYE_TRY(mye_graph_chain(graph, "scale", at, err, "value=2.74"));
    return MYE_OK;
}

static mye_status vgg_build(const vgg_options *o, const vgg_net *net, int classes, mye_graph *graph,
                            mye_error *err)
{
    const int norm = o->norm == NORM_AUTO ? net->norm : o->norm;
    const int head = o->head == HEAD_AUTO ? net->head : o->head;
    int at = graph->n - 1, hidden[8], n_hidden;
    MYE_TRY(mye_builder_widths(o->hidden, 8, hidden, &n_hidden, err));
    for (const int *layer = net->layout; *layer != END; layer++) {
        if (*layer == A)
            MYE_TRY(mye_graph_chain(graph, o->pool == POOL_MAX ? "maxpool" : "avgpool", &at, err,
                                    "kernel=2"));
        else
            MYE_TRY(vgg_layer(mye_builder_channels(*layer, o->width), norm, &at, graph, err));
    }
    if (head == HEAD_GAP)
        MYE_TRY(mye_graph_chain(graph, "global_avgpool", &at, err, "%s", ""));
    for (int i = 0; i < n_hidden; i++) {
        MYE_TRY(mye_builder_head(graph, false, o->dropout, hidden[i], &at, err));
        MYE_TRY(mye_graph_chain(graph, "neuron", &at, err, "%s", ""));
    }
    return mye_builder_head(graph, false, o->dropout, classes, &at, err);
}

#define VGG(id, name, brief, source)                                                 \
    static mye_status id##_build(const void *options, int classes, mye_graph *graph, \
                                 mye_error *err)                                     \
    {                                                                                \
        return vgg_build(options, &id##_net, classes, graph, err);                   \
    }                                                                                \
    const mye_builder mye_builder_##id = {                                           \
        {name, brief, source, vgg_params, sizeof(vgg_options)},                      \
        id##_build,                                                                  \
    };

static const vgg_net vgg5_net = {HEAD_FLATTEN, NORM_BN, {64, A, 128, 128, A}};
VGG(vgg5, "vgg5", "3 convolutions, for small images", "")

static const vgg_net vgg9_net = {HEAD_FLATTEN, NORM_BN, {64, 64, A, 128, 128, A, 256, 256, 256, A}};
VGG(vgg9, "vgg9", "7 convolutions, for 32x32 images", "")

static const vgg_net vgg11_net = {
    HEAD_GAP, NORM_BN, {64, A, 128, 256, A, 512, 512, A, 512, A, 512, 512}};
VGG(vgg11, "vgg11", "8 convolutions, for 32x32 images", "Yu et al., NeurIPS 2024, code")

static const vgg_net vgg11_ws_net = {
    HEAD_GAP, NORM_WS, {64, 128, A, 256, 256, A, 512, 512, A, 512, 512}};
VGG(vgg11_ws, "vgg11-ws", "8 convolutions with standardised weights, no batch norm",
    "Xiao et al., NeurIPS 2022, code")

static const vgg_net vgg13_net = {
    HEAD_GAP, NORM_BN, {64, 64, A, 128, 128, A, 256, 256, A, 512, 512, 512, A, 512}};
VGG(vgg13, "vgg13", "10 convolutions, for 32x32 images", "Yu et al., NeurIPS 2024, code")

static const vgg_net vgg16_net = {
    HEAD_GAP, NORM_BN, {64, 64, A, 128, 128, A, 256, 256, 256, A, 512, 512, 512, A, 512, 512, 512}};
VGG(vgg16, "vgg16", "13 convolutions, for 32x32 images", "Simonyan and Zisserman, ICLR 2015, D")

static const vgg_net vgg19_net = {HEAD_GAP, NORM_BN, {64,  64,  A,   128, 128, A,   256,
                                                      256, 256, 256, A,   512, 512, 512,
                                                      512, A,   512, 512, 512, 512}};
VGG(vgg19, "vgg19", "16 convolutions, for 32x32 images", "Simonyan and Zisserman, ICLR 2015, E")

static const vgg_net vggsnn_net = {
    HEAD_FLATTEN, NORM_BN, {64, 128, A, 256, 256, A, 512, 512, A, 512, 512, A}};
VGG(vggsnn, "vggsnn", "8 convolutions, for event cameras (2x48x48)", "Deng et al., ICLR 2022")
