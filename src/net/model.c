/*
 * Models: a graph becomes nodes with shapes and weights. Everything that can be wrong with a
 * network is found here, so that the passes over it cannot fail.
 */
#include <string.h>

#include "net/graph.h"
#include "net/means.h"
#include "neuron/neuron.h"

/* ---- one node ---- */

/* Node types and neurons begin with their entry. */
static void set_type(mye_node *n, const mye_kind *kind, const mye_entry *entry)
{
    if (kind == &mye_kind_neuron) {
        n->type = &mye_node_neuron;
        n->neuron = mye_neuron_type_find(entry->name);
    } else {
        n->type = mye_node_type_find(entry->name);
    }
}

static mye_status parse_node(mye_model *model, int i, mye_error *err)
{
    char text[sizeof model->graph->node->op + MYE_METHOD_MAX];
    mye_node *n = model->node[i];
    const mye_kind *kind;
    mye_method method;
    MYE_TRY(mye_graph_method(model->graph, i, &kind, text, sizeof text, err));
    MYE_TRY(mye_method_parse(model->ctx, kind, text, &method, err));
    set_type(n, kind, method.entry);
    n->options = method.options;
    const char *colon = strchr(text, ':');
    snprintf(model->text[i], sizeof model->text[i], "%s", colon ? colon + 1 : "");
    n->plan = mye_alloc(model->ctx, n->type->plan_bytes);
    return n->plan ? MYE_OK : mye_no_memory(err, n->type->plan_bytes, "a node's plan");
}

static void free_node(mye_context *ctx, mye_node *n)
{
    if (!n)
        return;
    if (n->type) {
        mye_method method = {n->neuron ? &n->neuron->entry : &n->type->entry, n->options};
        mye_method_free(ctx, &method);
    }
    mye_free(ctx, n->plan);
    mye_free(ctx, n->weight);
    mye_free(ctx, n);
}

static void format_shapes(const mye_node *n, const mye_shape *in, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int k = 0; k < n->n_in && used < size; k++) {
        const char *gap = k ? ", " : "";
        const int length =
            in[k].flat
                ? snprintf(out + used, size - used, "%s%lld", gap, (long long)mye_shape_size(in[k]))
                : snprintf(out + used, size - used, "%s%dx%dx%d", gap, in[k].c, in[k].h, in[k].w);
        used += length > 0 ? (size_t)length : size;
    }
}

/* Adds to a shape error what its author could not know: the place and the inputs. */
static mye_status shape_error(const mye_graph *graph, const mye_node *n, const mye_shape *in,
                              const mye_error *cause, mye_error *err)
{
    char place[sizeof graph->source + 32] = "", shapes[160];
    const mye_graph_node *node = &graph->node[n->index];
    const char *op = n->neuron ? n->neuron->entry.name : n->type->entry.name;
    if (cause->code == MYE_ERR_NOMEM) {
        if (err)
            *err = *cause;
        return cause->code;
    }
    if (graph->source[0] && node->line > 0)
        snprintf(place, sizeof place, "%s:%d:%d: ", graph->source, node->line, node->column);
    format_shapes(n, in, shapes, sizeof shapes);
    if (strstr(cause->message, n->name))
        mye_fail(err, cause->code, "%s%s", place, cause->message);
    else
        mye_fail(err, cause->code, "%snode '%s' (%s) on %s: %s", place, n->name, op, shapes,
                 cause->message);
    if (cause->hint[0])
        mye_hint(err, "%s", cause->hint);
    return cause->code;
}

/* Shape, staticness and need of a gradient follow from those of the inputs. */
static mye_status place_node(mye_model *model, int i, bool static_input, mye_error *err)
{
    mye_shape in[MYE_NODE_MAX_IN];
    mye_node *n = model->node[i];
    const mye_graph *graph = model->graph;
    memset(in, 0, sizeof in);
    n->is_static = static_input && !(n->type->flags & MYE_NODE_TIME);
    for (int k = 0; k < n->n_in; k++) {
        mye_node *from = model->node[n->in[k]];
        in[k] = from->shape;
        from->n_consumers++;
        n->is_static = n->is_static && from->is_static;
        n->needs_grad = n->needs_grad || from->needs_grad;
    }
    if (n->n_in == 0) { /* the input node is told its own shape */
        const mye_shape own = {graph->C, graph->H, graph->W, graph->flat};
        in[0] = own;
        n->shape = own;
    } else {
        n->format = model->node[n->in[0]]->format;
        n->scaled = model->node[n->in[0]]->scaled;
    }
    n->in_shape = in[0];
    mye_error cause = {MYE_OK, "", ""};
    const mye_status st = n->type->shape(n, in, &cause);
    if (st != MYE_OK)
        return shape_error(graph, n, in, &cause, err);
    n->scaled = n->scaled && n->format == MYE_BITS;
    for (int k = 0; k < n->n_weights; k++) {
        mye_weight *w = &n->weight[k];
        w->auxiliary = n->auxiliary;
        w->frozen = w->trainable && graph->node[i].frozen;
        w->trainable = w->trainable && !w->frozen;
        n->needs_grad = n->needs_grad || w->trainable;
    }
    if ((n->type->flags & MYE_NODE_STOP) && n->type->backward == NULL)
        n->needs_grad = false;
    return MYE_OK;
}

static mye_status create_node(mye_model *model, int i, bool static_input, mye_error *err)
{
    const mye_graph_node *from = &model->graph->node[i];
    mye_node *n = mye_alloc(model->ctx, sizeof *n);
    if (!n)
        return mye_no_memory(err, sizeof *n, "a node");
    model->node[i] = n;
    n->ctx = model->ctx;
    n->index = i;
    memcpy(n->name, from->name, sizeof n->name);
    n->n_in = from->n_in;
    n->auxiliary = from->auxiliary;
    memcpy(n->in, from->in, sizeof n->in);
    MYE_TRY(parse_node(model, i, err));
    return place_node(model, i, static_input, err);
}

/* ---- weights ---- */

static size_t padded(size_t count)
{
    const size_t unit = MYE_ALIGN / sizeof(float);
    return (count + unit - 1) / unit * unit;
}

static mye_status list_weights(mye_model *model, mye_error *err)
{
    int n = 0;
    for (int i = 0; i < model->n_nodes; i++)
        n += model->node[i]->n_weights;
    model->weight = mye_alloc_array(model->ctx, (size_t)n, sizeof *model->weight);
    if (!model->weight)
        return mye_no_memory(err, (size_t)n * sizeof *model->weight, "the list of weights");
    for (int buffers = 0; buffers < 2; buffers++) {
        for (int i = 0; i < model->n_nodes; i++)
            for (int k = 0; k < model->node[i]->n_weights; k++)
                if (model->node[i]->weight[k].trainable == !buffers)
                    model->weight[model->n_weights++] = &model->node[i]->weight[k];
        if (!buffers)
            model->n_trainable = model->n_weights;
    }
    return MYE_OK;
}

/* `drawn`: the weights will have values; else their pages are never touched. */
static mye_status take_blocks(mye_model *model, bool drawn, mye_error *err)
{
    const size_t limit = SIZE_MAX / 16;
    for (int i = 0; i < model->n_weights; i++) {
        size_t *total = model->weight[i]->trainable ? &model->n_params : &model->n_buffers;
        if (model->weight[i]->count > limit - *total)
            return mye_no_memory(err, SIZE_MAX, "the weights");
        *total += padded(model->weight[i]->count);
    }
    model->n_grads = model->n_params;
    const size_t param_bytes = model->n_params * sizeof(float);
    const size_t buffer_bytes = model->n_buffers * sizeof(float);
    model->param = drawn ? mye_alloc_big_zero(model->ctx, param_bytes)
                         : mye_alloc_big(model->ctx, param_bytes);
    model->grad = mye_alloc_big(model->ctx, model->n_params * sizeof(float)); /* cleared by a run */
    model->buffer = drawn ? mye_alloc_big_zero(model->ctx, buffer_bytes)
                          : mye_alloc_big(model->ctx, buffer_bytes);
    model->grad_is_clear = mye_alloc(model->ctx, sizeof *model->grad_is_clear);
    if (!model->param || !model->grad || !model->buffer || !model->grad_is_clear)
        return mye_no_memory(err, mye_model_bytes(model), "the weights and their gradients");
    size_t param = 0, buffer = 0;
    for (int i = 0; i < model->n_weights; i++) {
        mye_weight *w = model->weight[i];
        size_t *at = w->trainable ? &param : &buffer;
        w->data = (w->trainable ? model->param : model->buffer) + *at;
        w->grad = w->trainable ? model->grad + *at : NULL;
        *at += padded(w->count);
    }
    return MYE_OK;
}

/* The network as it is described comes first, then what serves losses, then what else a depth rule has
 * added. */
static int init_round(const mye_graph_node *n)
{
    if (n->auxiliary)
        return 1;
    return n->added ? 2 : 0;
}

/* Initial values depend on a weight's place in the network as it is described: they are the same
 * with and without the nodes that a depth rule adds, learning and frozen. */
static void init_weights(mye_model *model, uint64_t seed)
{
    int index = 0;
    for (int round = 0; round < 3; round++)
        for (int buffers = 0; buffers < 2; buffers++)
            for (int i = 0; i < model->n_nodes; i++) {
                const mye_node *n = model->node[i];
                const bool now = init_round(&model->graph->node[i]) == round;
                for (int k = 0; now && k < n->n_weights; k++)
                    if ((n->weight[k].trainable || n->weight[k].frozen) == !buffers)
                        mye_weight_init(model->ctx, &n->weight[k], seed, index++);
            }
}

void mye_model_drop_gradients(mye_model *model)
{
    mye_free(model->ctx, model->grad);
    model->grad = NULL;
    model->n_grads = 0;
    for (int i = 0; i < model->n_weights; i++)
        model->weight[i]->grad = NULL;
}

size_t mye_model_bytes(const mye_model *model)
{
    return (model->n_params + model->n_grads + model->n_buffers) * sizeof(float);
}

/* ---- the whole ---- */

static mye_status append_readout(mye_graph *graph, mye_error *err)
{
    const int last = graph->n - 1;
    if (last < 1)
        return mye_fail(err, MYE_ERR_ARG, "the network has no nodes behind its input");
    if (strcmp(graph->node[last].op, "readout") == 0)
        return MYE_OK;
    char options[64];
    MYE_TRY(mye_means_readout(graph, options, sizeof options, err));
    graph->prefix[0] = '\0';
    return mye_graph_add(graph, NULL, "readout", options, 1, &last, NULL, err);
}

static mye_status make_nodes(mye_model *model, bool static_input, mye_error *err)
{
    MYE_TRY(append_readout(model->graph, err));
    const size_t n = (size_t)model->graph->n;
    model->node = mye_alloc_array(model->ctx, n, sizeof *model->node);
    model->text = mye_alloc_array(model->ctx, n, sizeof *model->text);
    if (!model->node || !model->text)
        return mye_no_memory(err, n * sizeof *model->text, "the nodes");
    model->n_nodes = (int)n;
    model->output = (int)n - 1;
    for (int i = 0; i < model->n_nodes; i++)
        MYE_TRY(create_node(model, i, static_input, err));
    return mye_model_link(model, err);
}

static mye_status make_weights(mye_model *model, const uint64_t *seed, mye_error *err)
{
    MYE_TRY(list_weights(model, err));
    MYE_TRY(take_blocks(model, seed != NULL, err));
    MYE_TRY(mye_model_take_modules(model, err));
    if (seed != NULL)
        init_weights(model, *seed);
    return MYE_OK;
}

static mye_status create(mye_graph *graph, bool static_input, mye_model **out, mye_error *err)
{
    mye_model *model = mye_alloc(graph->ctx, sizeof *model);
    *out = model;
    if (!model)
        return mye_no_memory(err, sizeof *model, "the model");
    model->ctx = graph->ctx;
    model->graph = graph;
    return make_nodes(model, static_input, err);
}

static void keep_graph_and_free(mye_model *model)
{
    if (model)
        model->graph = NULL;
    mye_model_free(model);
}

mye_status mye_model_sketch(mye_graph *graph, bool static_input, mye_model **out, mye_error *err)
{
    const mye_status st = create(graph, static_input, out, err);
    if (st != MYE_OK) {
        keep_graph_and_free(*out);
        *out = NULL;
    }
    return st;
}

void mye_model_sketch_free(mye_model *sketch)
{
    keep_graph_and_free(sketch);
}

/* seed NULL: weights are not drawn. */
static mye_status from_graph(mye_graph *graph, bool static_input, const uint64_t *seed,
                             mye_model **out, mye_error *err)
{
    mye_status st = create(graph, static_input, out, err);
    if (st == MYE_OK)
        st = make_weights(*out, seed, err);
    if (st == MYE_OK)
        return MYE_OK;
    if (*out)
        mye_model_free(*out);
    else
        mye_graph_free(graph);
    *out = NULL;
    return st;
}

mye_status mye_model_from_graph(mye_graph *graph, bool static_input, uint64_t seed, mye_model **out,
                                mye_error *err)
{
    return from_graph(graph, static_input, &seed, out, err);
}

mye_status mye_model_create(mye_context *ctx, const mye_model_options *options, mye_model **out,
                            mye_error *err)
{
    mye_graph *graph = NULL;
    *out = NULL;
    MYE_TRY(
        mye_graph_create(ctx, options->C, options->H, options->W, options->neuron, &graph, err));
    mye_status st = mye_graph_describe(graph, options->net, options->classes, err);
    if (st == MYE_OK)
        st = mye_graph_extend(&graph, options->static_input,
                              options->depth != NULL ? options->depth : "global", err);
    if (st != MYE_OK) {
        mye_graph_free(graph);
        return st;
    }
    return from_graph(graph, options->static_input, options->for_planning ? NULL : &options->seed,
                      out, err);
}

void mye_model_free(mye_model *model)
{
    if (!model)
        return;
    mye_context *ctx = model->ctx;
    for (int i = 0; model->node && i < model->n_nodes; i++)
        free_node(ctx, model->node[i]);
    mye_free(ctx, model->node);
    mye_free(ctx, model->text);
    mye_free(ctx, model->weight);
    mye_free(ctx, model->param);
    mye_free(ctx, model->grad);
    mye_free(ctx, model->grad_is_clear);
    mye_free(ctx, model->buffer);
    mye_free(ctx, model->module);
    mye_free(ctx, model->node_module);
    mye_graph_free(model->graph);
    mye_free(ctx, model);
}
