/*
 * Builders: named networks. One family = one file with its option tables; one network = one entry
 * in builder_list.inc. All neurons are op "neuron", so the default neuron decides what they are.
 */
#ifndef MYE_BUILDER_H
#define MYE_BUILDER_H

#include "net/graph.h"

/* Table rows that families share; `type` is the options struct with the field of that name. */
#define MYE_BUILDER_WIDTH(type)                                                            \
    {                                                                                      \
        "width", MYE_PARAM_FLOAT, offsetof(type, width), 0, "1", 0.01, 16, NULL, NULL, "", \
            "multiplies all channel counts; rounded to multiples of 8, at least 8"         \
    }
#define MYE_BUILDER_DROPOUT(type)                                                             \
    {                                                                                         \
        "dropout", MYE_PARAM_FLOAT, offsetof(type, dropout), 0, "0", 0, 0.99, NULL, NULL, "", \
            "probability of dropout before the classifier"                                    \
    }
#define MYE_BUILDER_END                                          \
    {                                                            \
        NULL, MYE_PARAM_BOOL, 0, 0, "", 0, 0, NULL, NULL, "", "" \
    }

/* Channels times width, to the nearest multiple of 8 and at least 8: whole vectors. */
int mye_builder_channels(int channels, double width);

/* Sets the prefix of the names to come: "layer%d.%d.". "" ends it. */
void mye_builder_prefix(mye_graph *graph, const char *format, ...) MYE_PRINTF(2, 3);

/* conv kxk (no bias, padded to keep the size) - BN [- neuron], behind *at. */
typedef struct mye_builder_conv {
    int channels, kernel, stride;
    bool neuron;
} mye_builder_conv;
mye_status mye_builder_conv_bn(mye_graph *graph, mye_builder_conv c, int *at, mye_error *err);

/* The same, named "shortcut.conv1" and so on. */
mye_status mye_builder_shortcut(mye_graph *graph, mye_builder_conv c, int *at, mye_error *err);

/* out = add(a, b) */
mye_status mye_builder_add(mye_graph *graph, int a, int b, int *out, mye_error *err);

/* Global average pool (when `pool`), flatten, dropout (when > 0), dense `classes`. */
mye_status mye_builder_head(mye_graph *graph, bool pool, double dropout, int classes, int *at,
                            mye_error *err);

/* Widths "800-400" of a TEXT option; at most `max`. */
mye_status mye_builder_widths(const char *text, int max, int *out, int *n, mye_error *err);

/* Stages of residual blocks, and how they begin. What a block is, the family says. */
typedef struct mye_builder_stages {
    int stem;        /* channels before the first stage                                 */
    bool large;      /* stem 7x7/2 + max pool 3x3/2 (ImageNet), else 3x3 (32x32 images) */
    int n;           /* stages; the first has stride 1, the others 2                    */
    int channels[4]; /* per stage */
    int blocks[4];
    mye_status (*block)(mye_graph *graph, int in_channels, int channels, int stride, int *at,
                        mye_error *err);
    int expansion; /* channels that a block puts out, times those of its stage; 0: 1 */
} mye_builder_stages;
/* Stem convolution with BN and neuron (`stem_norm`), or bare. */
mye_status mye_builder_stem(mye_graph *graph, const mye_builder_stages *s, bool stem_norm, int *at,
                            mye_error *err);
/* All blocks, named layer1.0, layer1.1, ... Channels are those after the width multiplier. */
mye_status mye_builder_blocks(mye_graph *graph, const mye_builder_stages *s, int *at,
                              mye_error *err);

/* A block of ResNet: conv - BN - N - conv - BN - add - N (resnet.c). */
mye_status mye_builder_basic_block(mye_graph *graph, int in_channels, int channels, int stride,
                                   int *at, mye_error *err);

/* Options of all residual networks for images of any size. */
typedef struct mye_resnet_options {
    double width, dropout;
    int stem;
} mye_resnet_options;
enum { MYE_STEM_CIFAR, MYE_STEM_IMAGENET };
extern const mye_param mye_resnet_params[];
/* Four stages of 64 w, 128 w, 256 w, 512 w channels. */
mye_builder_stages mye_resnet_stages(const mye_resnet_options *o, const int blocks[4]);

#endif
