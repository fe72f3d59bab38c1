/*
 * Modules: what a depth rule makes of a graph, and what belongs to each of them in the model.
 */
#include <string.h>

#include "net/graph.h"
#include "net/rules.h"

enum { MAX_MODULES = 1024 };

/* ---- of a graph ---- */

mye_status mye_graph_end_module(mye_graph *graph, const mye_head *head, int n_heads, mye_error *err)
{
    const size_t n = (size_t)graph->n_modules;
    if (n == MAX_MODULES)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "a network may have at most %d modules",
                        MAX_MODULES);
    mye_module *grown =
        mye_grow(graph->ctx, graph->module, n * sizeof *grown, (n + 1) * sizeof *grown);
    if (!grown)
        return mye_no_memory(err, (n + 1) * sizeof *grown, "the list of modules");
    graph->module = grown;
    mye_module *m = &grown[graph->n_modules++];
    *m = (mye_module){
        .first = n > 0 ? grown[n - 1].last + 1 : 0, .last = graph->n - 1, .n_heads = n_heads};
    memcpy(m->head, head, (size_t)n_heads * sizeof *head);
    return MYE_OK;
}

static mye_status extend(mye_graph *graph, bool static_input, mye_method *depth, mye_graph **out,
                         mye_error *err)
{
    const mye_depth_rule *rule = (const mye_depth_rule *)depth->entry;
    mye_model *sketch = NULL;
    MYE_TRY(mye_graph_create(graph->ctx, graph->C, graph->H, graph->W, graph->neuron, out, err));
    (*out)->neuron_chosen = graph->neuron_chosen;
    memcpy((*out)->source, graph->source, sizeof graph->source);
    (*out)->depth = *depth; /* the heads' options are the rule's */
    *depth = (mye_method){0};
    mye_status st = mye_model_sketch(graph, static_input, &sketch, err);
    if (st == MYE_OK)
        st = rule->extend((*out)->depth.options, sketch, *out, err);
    mye_model_sketch_free(sketch);
    return st;
}

mye_status mye_graph_extend(mye_graph **graph, bool static_input, const char *depth, mye_error *err)
{
    mye_context *ctx = (*graph)->ctx;
    mye_graph *out = NULL;
    mye_method method = {0};
    mye_status st = mye_method_parse(ctx, &mye_kind_depth, depth, &method, err);
    if (st == MYE_OK && ((const mye_depth_rule *)method.entry)->extend == NULL) {
        mye_method_free(ctx, &method);
        return MYE_OK;
    }
    if (st == MYE_OK)
        st = extend(*graph, static_input, &method, &out, err);
    mye_method_free(ctx, &method);
    mye_graph_free(*graph);
    *graph = out;
    if (st != MYE_OK) {
        mye_graph_free(out);
        *graph = NULL;
    }
    return st;
}

/* ---- of a model ---- */

static size_t room(const mye_weight *w)
{
    const size_t unit = MYE_ALIGN / sizeof(float);
    return (w->count + unit - 1) / unit * unit;
}

/* Weights are in the order of the nodes, so those of a module follow one another. */
static void take_ranges(mye_model *model)
{
    size_t param = 0, buffer = 0;
    for (int k = 0; k < model->n_modules; k++) {
        mye_module *m = &model->module[k];
        m->param = param;
        m->buffer = buffer;
        for (int i = m->first; i <= m->last; i++) {
            model->node_module[i] = k;
            for (int j = 0; j < model->node[i]->n_weights; j++) {
                const mye_weight *w = &model->node[i]->weight[j];
                *(w->trainable ? &param : &buffer) += room(w);
            }
        }
        m->n_params = param - m->param;
        m->n_buffers = buffer - m->buffer;
    }
}

mye_status mye_model_take_modules(mye_model *model, mye_error *err)
{
    const mye_module whole = {.first = 0,
                              .last = model->n_nodes - 1,
                              .n_heads = 1,
                              .head = {{.output = model->output, .weight = 1}}};
    const mye_graph *graph = model->graph;
    const int n = graph->n_modules > 0 ? graph->n_modules : 1;
    model->module = mye_alloc_array(model->ctx, (size_t)n, sizeof *model->module);
    model->node_module =
        mye_alloc_array(model->ctx, (size_t)model->n_nodes, sizeof *model->node_module);
    if (!model->module || !model->node_module)
        return mye_no_memory(err, (size_t)n * sizeof *model->module, "the modules");
    model->n_modules = n;
    memcpy(model->module, graph->n_modules > 0 ? graph->module : &whole,
           (size_t)n * sizeof *model->module);
    take_ranges(model);
    return MYE_OK;
}

/* ---- one block of gradients ---- */

size_t mye_model_shared_gradients(const mye_model *model)
{
    size_t most = 0;
    for (int k = 0; k < model->n_modules; k++)
        if (model->module[k].n_params > most)
            most = model->module[k].n_params;
    return most;
}

mye_status mye_model_share_gradients(mye_model *model, mye_error *err)
{
    if (model->n_modules < 2)
        return MYE_OK;
    const size_t n = mye_model_shared_gradients(model);
    mye_model_drop_gradients(model);
    model->grad = mye_alloc_big(model->ctx, n * sizeof(float));
    if (!model->grad)
        return mye_no_memory(err, n * sizeof(float), "the gradients of a module");
    model->n_grads = n;
    *model->grad_is_clear = false;
    for (int k = 0; k < model->n_modules; k++) {
        const mye_module *m = &model->module[k];
        for (int i = m->first; i <= m->last; i++)
            for (int j = 0; j < model->node[i]->n_weights; j++) {
                mye_weight *w = &model->node[i]->weight[j];
                if (w->trainable)
                    w->grad = model->grad + ((size_t)(w->data - model->param) - m->param);
            }
    }
    return MYE_OK;
}

/* What a rule's table says needs no options. */
static const mye_time_rule *rule_named(const char *time)
{
    const size_t n = strcspn(time, ":");
    for (const mye_entry *const *e = mye_kind_time.entries; *e != NULL; e++)
        if (strlen((*e)->name) == n && strncmp((*e)->name, time, n) == 0)
            return (const mye_time_rule *)*e;
    return NULL;
}

bool mye_run_can_be_immediate(const mye_model *model, const char *time)
{
    const mye_method *depth = &model->graph->depth;
    const mye_depth_rule *rule = (const mye_depth_rule *)depth->entry;
    const mye_time_rule *within = rule_named(time);
    return model->n_modules > 1 && rule != NULL && rule->immediate != NULL &&
           rule->immediate(depth->options) && within != NULL && !within->by_steps;
}
