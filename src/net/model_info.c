/*
 * What a model tells of itself: nodes, tensors, totals, YAML.
 */
#include <string.h>

#include "net/graph.h"
#include "neuron/neuron.h"

int mye_model_nodes(const mye_model *model)
{
    return model->n_nodes;
}

/* A neuron that emits its membrane does not spike. */
static bool is_spiking(const mye_node *n)
{
    return n->neuron && n->neuron->spiking && n->format == MYE_BITS;
}

void mye_model_node(const mye_model *model, int i, mye_node_info *out)
{
    const mye_node *n = model->node[i];
    mye_ops ops = {0.0};
    memset(out, 0, sizeof *out);
    out->name = n->name;
    out->op = n->neuron ? n->neuron->entry.name : n->type->entry.name;
    out->options = model->text[i];
    out->n_in = n->n_in;
    out->in = n->in;
    out->C = n->shape.c;
    out->H = n->shape.h;
    out->W = n->shape.w;
    out->is_spiking = is_spiking(n);
    out->is_virtual = n->type->load != NULL;
    out->is_static = n->is_static;
    out->is_auxiliary = n->auxiliary;
    out->module = model->node_module[i];
    for (int k = 0; k < n->n_weights; k++)
        if (n->weight[k].trainable)
            out->n_weights += (int64_t)n->weight[k].count;
    if (n->type->count)
        n->type->count(n, &ops);
    out->macs = ops.macs;
}

int mye_model_find(const mye_model *model, const char *name)
{
    for (int i = 0; i < model->n_nodes; i++)
        if (strcmp(model->node[i]->name, name) == 0)
            return i;
    return -1;
}

int64_t mye_model_weights(const mye_model *model)
{
    int64_t n = 0;
    for (int i = 0; i < model->n_trainable; i++)
        n += (int64_t)model->weight[i]->count;
    return n;
}

int64_t mye_model_auxiliary_weights(const mye_model *model)
{
    int64_t n = 0;
    for (int i = 0; i < model->n_trainable; i++)
        n += model->weight[i]->auxiliary ? (int64_t)model->weight[i]->count : 0;
    return n;
}

int mye_model_modules(const mye_model *model)
{
    return model->n_modules;
}

bool mye_model_reads(const mye_model *model, int reader, int node)
{
    const mye_node *r = model->node[reader];
    for (int k = 0; k < r->n_in; k++) {
        const mye_node *in = model->node[r->in[k]];
        if (in->index == node ||
            (in->type->load != NULL && mye_model_reads(model, in->index, node)))
            return true;
    }
    return false;
}

int64_t mye_model_neurons(const mye_model *model)
{
    int64_t n = 0;
    for (int i = 0; i < model->n_nodes; i++)
        if (is_spiking(model->node[i]) && !model->node[i]->auxiliary)
            n += mye_shape_size(model->node[i]->shape);
    return n;
}

int mye_model_classes(const mye_model *model)
{
    return (int)mye_shape_size(model->node[model->output]->shape);
}

mye_status mye_model_yaml(const mye_model *model, char **out, mye_error *err)
{
    mye_text text = {model->ctx, NULL, 0, 0, false};
    *out = NULL;
    const mye_status st = mye_net_yaml_write(model->graph, &text);
    if (st != MYE_OK) {
        mye_text_free(&text);
        return mye_no_memory(err, text.length, "the network as YAML");
    }
    *out = text.data;
    return MYE_OK;
}

void mye_model_text_free(const mye_model *model, char *text)
{
    mye_free(model->ctx, text);
}

/* ---- tensors ---- */

int mye_model_tensors(const mye_model *model)
{
    return model->n_weights;
}

void mye_model_tensor(const mye_model *model, int i, mye_tensor_info *out)
{
    const mye_weight *w = model->weight[i];
    memset(out, 0, sizeof *out);
    out->name = w->name;
    out->rank = w->rank;
    memcpy(out->dim, w->dim, sizeof out->dim);
    out->count = (int64_t)w->count;
    out->trainable = w->trainable;
    out->decay = w->decay;
}

int mye_model_tensor_find(const mye_model *model, const char *name)
{
    for (int i = 0; i < model->n_weights; i++)
        if (strcmp(model->weight[i]->name, name) == 0)
            return i;
    return -1;
}

void mye_model_get(const mye_model *model, int i, float *out)
{
    mye_weight_export(model->weight[i], model->weight[i]->data, out);
}

void mye_model_set(mye_model *model, int i, const float *values)
{
    mye_weight_import(model->weight[i], values, model->weight[i]->data);
}

void mye_model_get_grad(const mye_model *model, int i, float *out)
{
    const mye_weight *w = model->weight[i];
    if (w->grad)
        mye_weight_export(w, w->grad, out);
    else
        memset(out, 0, w->count * sizeof *out);
}
