/*
 * PredSim: two losses behind each hidden layer but the last,
 *
 *   (1 - beta) similarity + beta prediction,   beta = 0.01
 *
 * Similarity: conv3x3 C -> C (dense for vectors), its standard deviation over space, and the
 * similarity matching loss (local_loss.h). Prediction: average pool until at most 512 values are
 * left, a linear classifier, the run's loss.
 *
 * Source: Noekland and Eidnes, "Training Neural Networks with Local Error Signals", ICML 2019 (arXiv
 * 1901.06656); sizes as in the code of AugLocal (Ma et al. 2024).
 */
#include "depth/cutter.h"
#include "depth/local_loss.h"

#include <stddef.h>

typedef struct {
    int64_t modules, inputs;
    int order;
    double beta;
    mye_local_similarity_options similarity; /* not an option: what the heads point at */
} predsim_options;

static const mye_param params[] = {
    {.name = "beta",
     .type = MYE_PARAM_FLOAT,
     .offset = offsetof(predsim_options, beta),
     .def = "0.01",
     .min = 0,
     .max = 1,
     .unit = "",
     .help = "share of the prediction loss; the rest is the similarity loss"},
    {.name = "inputs",
     .type = MYE_PARAM_INT,
     .offset = offsetof(predsim_options, inputs),
     .def = "512",
     .min = 1,
     .max = 1048576,
     .unit = "",
     .help = "the classifier reads at most so many values"},
    MYE_LOCAL_PARAMS(predsim_options),
    {.name = NULL},
};

/* conv3x3 and deviation, or a dense layer: the features that shall be alike as labels are. */
static mye_status add_similarity(mye_cutter *c, mye_shape s, int *at, mye_error *err)
{
    if (s.flat)
        return mye_graph_chain(c->out, "dense", at, err, "features=%d,bias=false", s.c);
    MYE_TRY(mye_graph_chain(c->out, "conv2d", at, err, "channels=%d,kernel=3,bias=false", s.c));
    if (s.h * s.w > 1)
        return mye_graph_chain(c->out, "spatial_std", at, err, "%s", "");
    return mye_graph_chain(c->out, "flatten", at, err, "%s", "");
}

static mye_status add_prediction(const predsim_options *o, mye_cutter *c, mye_shape s, int *at,
                                 mye_error *err)
{
    int kh = 1, kw = 1, h = s.h, w = s.w;
    while ((int64_t)s.c * h * w > o->inputs && (kh < s.h || kw < s.w)) {
        int *k = kh <= kw ? &kh : &kw;
        *k *= 2;
        h = (s.h + kh - 1) / kh;
        w = (s.w + kw - 1) / kw;
    }
    if (h < s.h || w < s.w)
        MYE_TRY(mye_graph_chain(c->out, "adaptive_avgpool", at, err, "height=%d,width=%d", h, w));
    if (!s.flat)
        MYE_TRY(mye_graph_chain(c->out, "flatten", at, err, "%s", ""));
    return mye_cutter_classifier(c, false, at, err);
}

static mye_status heads(const void *self, mye_cutter *c, int k, int layer, int at, mye_head *head,
                        int *n_heads, mye_error *err)
{
    const predsim_options *o = self;
    const mye_shape s = mye_cutter_shape(c, layer);
    int alike = at, predicted = at;
    MYE_UNUSED(k);
    MYE_TRY(add_prediction(o, c, s, &predicted, err));
    MYE_TRY(add_similarity(c, s, &alike, err));
    head[0] = (mye_head){.output = predicted, .weight = o->beta};
    head[1] = (mye_head){.output = alike,
                         .loss = &mye_local_similarity,
                         .options = &o->similarity,
                         .weight = 1 - o->beta};
    *n_heads = 2;
    return MYE_OK;
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    predsim_options *o = out->depth.options;
    MYE_UNUSED(options); /* the same */
    o->similarity.classes = mye_shape_size(net->node[net->output]->shape);
    return mye_local_rule(net, out, o->modules, "predsim", heads, o, err);
}

static bool immediate(const void *options)
{
    return ((const predsim_options *)options)->order == MYE_ORDER_IMMEDIATE;
}

const mye_depth_rule mye_depth_predsim = {
    .entry = {.name = "predsim",
              .brief = "similarity matching and a classifier behind each hidden layer",
              .source = "Noekland and Eidnes 2019, ICML, arXiv 1901.06656",
              .params = params,
              .options_size = sizeof(predsim_options)},
    .extend = extend,
    .immediate = immediate,
};
