/*
 * Multi-layer perceptron: dense [- BN] - neuron, as often as wanted; then the classifier.
 */
#include "net/builder.h"

enum { MAX_LAYERS = 64 };

typedef struct mlp_options {
    char hidden[MYE_METHOD_MAX];
    bool bn;
    double dropout;
} mlp_options;

static const mye_param mlp_params[] = {
    {"hidden", MYE_PARAM_TEXT, offsetof(mlp_options, hidden), MYE_METHOD_MAX, "800", 0, 0, NULL,
     NULL, "", "sizes of the hidden layers, say 800-400"},
    {"bn", MYE_PARAM_BOOL, offsetof(mlp_options, bn), 0, "false", 0, 0, NULL, NULL, "",
     "batch norm behind every hidden layer"},
    MYE_BUILDER_DROPOUT(mlp_options),
    MYE_BUILDER_END,
};

static mye_status mlp_build(const void *options, int classes, mye_graph *graph, mye_error *err)
{
    const mlp_options *o = options;
    int width[MAX_LAYERS], n, at = graph->n - 1;
    MYE_TRY(mye_builder_widths(o->hidden, MAX_LAYERS, width, &n, err));
    if (!mye_graph_is_flat(graph, at))
        MYE_TRY(mye_graph_chain(graph, "flatten", &at, err, "%s", ""));
    for (int i = 0; i < n; i++) {
        MYE_TRY(mye_graph_chain(graph, "dense", &at, err, "features=%d%s", width[i],
                                o->bn ? ",bias=false" : ""));
        if (o->bn)
            MYE_TRY(mye_graph_chain(graph, "batchnorm", &at, err, "%s", ""));
        MYE_TRY(mye_graph_chain(graph, "neuron", &at, err, "%s", ""));
    }
    return mye_builder_head(graph, false, o->dropout, classes, &at, err);
}

const mye_builder mye_builder_mlp = {
    {"mlp", "dense layers with neurons between them", "", mlp_params, sizeof(mlp_options)},
    mlp_build,
};
