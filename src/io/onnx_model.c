/* ONNX files: layers become a graph, and the graph a model with the file's weights. */
#include <math.h>
#include <string.h>

#include "io/onnx_parts.h"

static mye_status check_output(mye_onnx *r)
{
    const mye_onnx_value *v = r->output;
    const mye_onnx_label label = mye_onnx_label_of(v->name);
    if (v->kind != MYE_ONNX_LAYER || v->layer < 0)
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED,
                             "the output '%s' is a constant or the input itself", label.text);
    if (v->pad_h > 0 || v->pad_w > 0 || v->h != 1 || v->w != 1)
        return mye_onnx_fail(r, MYE_ERR_SHAPE,
                             "the output '%s' is %lldx%lldx%lld for a sample, but a vector was "
                             "expected",
                             label.text, (long long)v->c, (long long)(v->h + 2 * v->pad_h),
                             (long long)(v->w + 2 * v->pad_w));
    return MYE_OK;
}

static void mark_needed(mye_onnx *r)
{
    r->layer[r->output->layer].needed = true;
    for (int i = r->output->layer; i >= 0; i--)
        for (int k = 0; r->layer[i].needed && k < r->layer[i].n_in; k++)
            if (r->layer[i].in[k] >= 0)
                r->layer[r->layer[i].in[k]].needed = true;
}

/* Says of which node an error is that was found elsewhere. Options come from the file: one that is out of
 * range is nobody's argument. */
static mye_status locate(mye_onnx *r, const Onnx__NodeProto *n, const mye_error *cause)
{
    if (cause->code == MYE_ERR_NOMEM) {
        if (r->err != NULL)
            *r->err = *cause;
        return cause->code;
    }
    const mye_status code = cause->code == MYE_ERR_ARG ? MYE_ERR_UNSUPPORTED : cause->code;
    return n != NULL ? mye_onnx_node_fail(r, n, code, "cannot be taken: %.200s", cause->message)
                     : mye_onnx_fail(r, code, "%.250s", cause->message);
}

static mye_status add_layer(mye_onnx *r, mye_graph *graph, mye_onnx_layer *layer, int *norms)
{
    char options[sizeof layer->options + 32], name[32] = "";
    int in[2] = {0, 0};
    mye_error cause = {MYE_OK, "", ""};
    const char *bias = "";
    if (layer->has_bias)
        bias = layer->weight[1].data != NULL ? ",bias=true" : ",bias=false";
    snprintf(options, sizeof options, "%s%s", layer->options, bias);
    if (layer->is_affine)
        snprintf(name, sizeof name, "norm%d", ++*norms);
    for (int k = 0; k < layer->n_in; k++)
        in[k] = layer->in[k] >= 0 ? r->layer[layer->in[k]].index : 0;
    const mye_status st =
        mye_graph_add(graph, name, layer->op, options, layer->n_in, in, &layer->index, &cause);
    return st == MYE_OK ? MYE_OK : locate(r, layer->node, &cause);
}

static mye_status make_graph(mye_onnx *r, mye_graph **out)
{
    const mye_onnx_value *x = r->input;
    mye_error cause = {MYE_OK, "", ""};
    int norms = 0;
    if (mye_graph_create(r->ctx, (int)x->c, (int)x->h, (int)x->w, "relu", out, &cause) != MYE_OK)
        return locate(r, NULL, &cause);
    for (int i = 0; i < r->n_layers; i++)
        if (r->layer[i].needed)
            MYE_TRY(add_layer(r, *out, &r->layer[i], &norms));
    return MYE_OK;
}

static mye_status fill_weight(mye_onnx *r, const mye_onnx_layer *layer, const mye_node *node, int k)
{
    const char *role = layer->weight[k].role;
    const float *data = layer->weight[k].data;
    const mye_weight *w = mye_node_find(node, role);
    if (w == NULL || w->count != layer->weight[k].count)
        return mye_onnx_node_fail(r, layer->node, MYE_ERR_SHAPE,
                                  "has a %s of %zu values, but %zu were expected", role,
                                  layer->weight[k].count, w != NULL ? w->count : 0);
    for (size_t i = 0; i < w->count; i++)
        if (!isfinite(data[i]))
            return mye_onnx_node_fail(r, layer->node, MYE_ERR_FORMAT, "has a %s that is not finite",
                                      role);
    mye_weight_import(w, data, w->data);
    return MYE_OK;
}

static mye_status fill(mye_onnx *r, const mye_model *model)
{
    for (int i = 0; i < r->n_layers; i++)
        for (int k = 0; r->layer[i].needed && k < MYE_ONNX_MAX_WEIGHTS; k++)
            if (r->layer[i].weight[k].data != NULL)
                MYE_TRY(fill_weight(r, &r->layer[i], model->node[r->layer[i].index], k));
    return MYE_OK;
}

mye_status mye_onnx_model(mye_onnx *r, bool static_input, mye_model **out)
{
    mye_graph *graph = NULL;
    mye_error cause = {MYE_OK, "", ""};
    MYE_TRY(check_output(r));
    mark_needed(r);
    mye_status st = make_graph(r, &graph);
    if (st != MYE_OK) {
        mye_graph_free(graph);
        return st;
    }
    if (mye_model_from_graph(graph, static_input, 1, out, &cause) != MYE_OK)
        return locate(r, NULL, &cause);
    st = fill(r, *out);
    if (st != MYE_OK) {
        mye_model_free(*out);
        *out = NULL;
    }
    return st;
}
