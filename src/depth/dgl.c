/*
 * DGL: decoupled greedy learning. Every hidden layer but the last learns behind a small network that
 * looks at few pixels: average pool to a quarter of the side, three 1x1 convolutions, average pool
 * to 2x2, two dense layers as wide as that, a linear classifier; batch norm and neuron behind each
 * ("MLP-SR"). Behind layers whose value is a vector: the two dense layers alone.
 *
 * Source: Belilovsky, Eickenberg, Oyallon, "Decoupled Greedy Learning of CNNs", ICML 2020 (arXiv
 * 1901.08164); sizes as in the code of AugLocal (Ma et al. 2024).
 */
#include "depth/cutter.h"

#include <stddef.h>

typedef struct {
    int64_t modules;
    int order;
} dgl_options;

static const mye_param params[] = {MYE_LOCAL_PARAMS(dgl_options), {.name = NULL}};

static mye_status norm_and_neuron(mye_cutter *c, int *at, mye_error *err)
{
    MYE_TRY(mye_graph_chain(c->out, "batchnorm", at, err, "%s", ""));
    return mye_graph_chain(c->out, "neuron", at, err, "%s", "");
}

static mye_status pool(mye_cutter *c, int height, int width, int *at, mye_error *err)
{
    return mye_graph_chain(c->out, "adaptive_avgpool", at, err, "height=%d,width=%d", height,
                           width);
}

static int quarter(int side)
{
    return (side + 3) / 4;
}

/* [C,H,W] to a vector of at most 4 C. */
static mye_status look_at_image(mye_cutter *c, mye_shape s, int *at, mye_error *err)
{
    const int h = quarter(s.h), w = quarter(s.w);
    MYE_TRY(pool(c, h, w, at, err));
    for (int i = 0; i < 3; i++) {
        MYE_TRY(mye_graph_chain(c->out, "conv2d", at, err, "channels=%d,kernel=1,bias=false", s.c));
        MYE_TRY(norm_and_neuron(c, at, err));
    }
    MYE_TRY(pool(c, h < 2 ? h : 2, w < 2 ? w : 2, at, err));
    return mye_graph_chain(c->out, "flatten", at, err, "%s", "");
}

static mye_status heads(const void *self, mye_cutter *c, int k, int layer, int at, mye_head *head,
                        int *n_heads, mye_error *err)
{
    const mye_shape s = mye_cutter_shape(c, layer);
    int width = s.c;
    MYE_UNUSED(self);
    MYE_UNUSED(k);
    if (!s.flat) {
        MYE_TRY(look_at_image(c, s, &at, err));
        width = s.c * (quarter(s.h) < 2 ? 1 : 2) * (quarter(s.w) < 2 ? 1 : 2);
    }
    for (int i = 0; i < 2; i++) {
        MYE_TRY(mye_graph_chain(c->out, "dense", &at, err, "features=%d,bias=false", width));
        MYE_TRY(norm_and_neuron(c, &at, err));
    }
    MYE_TRY(mye_cutter_classifier(c, false, &at, err));
    *head = (mye_head){.output = at, .weight = 1};
    *n_heads = 1;
    return MYE_OK;
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    const dgl_options *o = options;
    return mye_local_rule(net, out, o->modules, "dgl", heads, o, err);
}

static bool immediate(const void *options)
{
    return ((const dgl_options *)options)->order == MYE_ORDER_IMMEDIATE;
}

const mye_depth_rule mye_depth_dgl = {
    .entry = {.name = "dgl",
              .brief = "decoupled greedy learning: a small network behind each hidden layer",
              .source = "Belilovsky et al. 2020, ICML, arXiv 1901.08164",
              .params = params,
              .options_size = sizeof(dgl_options)},
    .extend = extend,
    .immediate = immediate,
};
