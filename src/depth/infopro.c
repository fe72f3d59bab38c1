/*
 * InfoPro: behind each hidden layer but the last a decoder keeps the layer informed of the image,
 * and a classifier or a contrastive head lets go of what has nothing to do with the label. With
 * r = k / (K - 2) for module k of K:
 *
 *   [x1 (1 - r) + x2 r] reconstruction + [y1 (1 - r) + y2 r] classification
 *
 * Reconstruction: bilinear to the image's size, conv3x3 C -> 12, batch norm, neuron, conv3x3 to the
 * image's channels, cross entropy with the image in [0, 1]. Classification: conv3x3 C -> 2 C with
 * stride 2 (C -> C, stride 1 where the network is as wide as at its top), batch norm, neuron, global
 * average, dense 128; then neuron, dense and the run's loss (head=softmax), or the supervised
 * contrastive loss of the 128 values (head=contrast).
 *
 * The defaults are those of ResNet-32 in 16 modules; ResNet-110 in 55: x2=0.5,y1=0,y2=1.
 *
 * Source: Wang et al., "Revisiting Locally Supervised Learning", ICLR 2021 (arXiv 2101.10832); sizes
 * as in the code of AugLocal (Ma et al. 2024).
 */
#include "depth/cutter.h"
#include "depth/local_loss.h"

#include <stddef.h>

typedef struct {
    double x1, x2, y1, y2;
    int64_t modules;
    int head, order;
} infopro_options;

enum { HEAD_SOFTMAX, HEAD_CONTRAST };
enum { FEATURES = 128, DECODED = 12 };

#define SHARE(field, value, words)                                                           \
    {                                                                                        \
        .name = #field, .type = MYE_PARAM_FLOAT, .offset = offsetof(infopro_options, field), \
        .def = value, .min = 0, .max = 1e6, .unit = "", .help = words                        \
    }

static const mye_param params[] = {
    SHARE(x1, "5", "weight of the reconstruction in the first module"),
    SHARE(x2, "0.2", "weight of the reconstruction in the last but one"),
    SHARE(y1, "0.05", "weight of the classification in the first module"),
    SHARE(y2, "0.5", "weight of the classification in the last but one"),
    {.name = "head",
     .type = MYE_PARAM_CHOICE,
     .offset = offsetof(infopro_options, head),
     .def = "softmax",
     .choices = "softmax|contrast",
     .unit = "",
     .help = "classification: a classifier, or the supervised contrastive loss"},
    MYE_LOCAL_PARAMS(infopro_options),
    {.name = NULL},
};

static const mye_local_supcon_options supcon = MYE_LOCAL_SUPCON_OPTIONS;

typedef struct plan {
    const infopro_options *o;
    int K;
} plan;

static mye_status norm_and_neuron(mye_cutter *c, int *at, mye_error *err)
{
    MYE_TRY(mye_graph_chain(c->out, "batchnorm", at, err, "%s", ""));
    return mye_graph_chain(c->out, "neuron", at, err, "%s", "");
}

static mye_status add_decoder(mye_cutter *c, int *at, mye_error *err)
{
    const mye_shape image = c->net->node[0]->shape;
    MYE_TRY(mye_graph_chain(c->out, "upsample", at, err, "height=%d,width=%d", image.h, image.w));
    MYE_TRY(mye_graph_chain(c->out, "conv2d", at, err, "channels=%d,kernel=3", DECODED));
    MYE_TRY(norm_and_neuron(c, at, err));
    return mye_graph_chain(c->out, "conv2d", at, err, "channels=%d,kernel=3", image.c);
}

static mye_status add_features(mye_cutter *c, mye_shape s, int *at, mye_error *err)
{
    const bool top = s.c >= mye_cutter_shape(c, c->n - 1).c || s.h < 2 || s.w < 2;
    MYE_TRY(mye_graph_chain(c->out, "conv2d", at, err, "channels=%d,kernel=3,stride=%d,bias=false",
                            top ? s.c : 2 * s.c, top ? 1 : 2));
    MYE_TRY(norm_and_neuron(c, at, err));
    MYE_TRY(mye_graph_chain(c->out, "global_avgpool", at, err, "%s", ""));
    MYE_TRY(mye_graph_chain(c->out, "flatten", at, err, "%s", ""));
    return mye_graph_chain(c->out, "dense", at, err, "features=%d", FEATURES);
}

static mye_status heads(const void *self, mye_cutter *c, int k, int layer, int at, mye_head *head,
                        int *n_heads, mye_error *err)
{
    const plan *p = self;
    const infopro_options *o = p->o;
    const mye_shape s = mye_cutter_shape(c, layer);
    const double r = p->K > 2 ? (double)k / (p->K - 2) : 0;
    int seen = at, decoded = at;
    if (s.flat)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "depth rule 'infopro' decodes images and wants hidden layers that are "
                        "images, got a vector at '%s'",
                        c->net->node[c->layer[layer].last]->name);
    MYE_TRY(add_features(c, s, &seen, err));
    if (o->head == HEAD_SOFTMAX) {
        MYE_TRY(mye_graph_chain(c->out, "neuron", &seen, err, "%s", ""));
        MYE_TRY(mye_cutter_classifier(c, false, &seen, err));
    }
    MYE_TRY(add_decoder(c, &decoded, err));
    head[0] = (mye_head){.output = seen, .weight = o->y1 * (1 - r) + o->y2 * r};
    if (o->head == HEAD_CONTRAST) {
        head[0].loss = &mye_local_supcon;
        head[0].options = &supcon;
    }
    head[1] = (mye_head){.output = decoded,
                         .loss = &mye_local_reconstruction,
                         .weight = o->x1 * (1 - r) + o->x2 * r};
    *n_heads = 2;
    return MYE_OK;
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    const infopro_options *o = options;
    mye_cutter c;
    mye_status st = mye_cutter_begin(&c, net, out, err);
    if (st == MYE_OK) {
        const plan p = {o, o->modules > 0 ? (int)o->modules : c.n};
        st = mye_local_extend(&c, c.n - 1, o->modules, "infopro", heads, &p, err);
    }
    mye_cutter_end(&c);
    return st;
}

static bool immediate(const void *options)
{
    return ((const infopro_options *)options)->order == MYE_ORDER_IMMEDIATE;
}

static const char *const variants[] = {"head=contrast", NULL};

const mye_depth_rule mye_depth_infopro = {
    .entry = {.name = "infopro",
              .brief = "a decoder and a classifier behind each hidden layer",
              .source = "Wang et al. 2021, ICLR, arXiv 2101.10832",
              .params = params,
              .options_size = sizeof(infopro_options)},
    .variants = variants,
    .extend = extend,
    .immediate = immediate,
};
