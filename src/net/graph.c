/*
 * Graphs: nodes are named and checked one by one as they are added. Whatever describes a network
 * (notation, YAML, builder, reference case) comes through here, so names, ops and options are
 * judged in one place. Shapes are the model's business.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "net/graph.h"
#include "neuron/neuron.h"

enum { MAX_NODES = 4096 };

static mye_status check_input(int C, int H, int W, mye_error *err)
{
    const double size = (double)C * H * W;
    if (C < 1 || H < 1 || W < 1 || size > INT32_MAX)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "the input of a network must have between 1 and 2^31 - 1 values, not "
                        "%dx%dx%d",
                        C, H, W);
    return MYE_OK;
}

mye_status mye_graph_create(mye_context *ctx, int C, int H, int W, const char *neuron,
                            mye_graph **out, mye_error *err)
{
    mye_graph *graph = NULL;
    *out = NULL;
    MYE_TRY(check_input(C, H, W, err));
    graph = mye_alloc(ctx, sizeof *graph);
    if (!graph)
        return mye_no_memory(err, sizeof *graph, "the graph");
    graph->ctx = ctx;
    graph->C = C;
    graph->H = H;
    graph->W = W;
    graph->flat = H == 1 && W == 1;
    mye_status st = mye_graph_set_neuron(graph, neuron ? neuron : "lif", err);
    graph->neuron_chosen = neuron != NULL;
    if (st == MYE_OK)
        st = mye_graph_add(graph, "input", "input", "", 0, NULL, NULL, err);
    if (st != MYE_OK) {
        mye_graph_free(graph);
        return st;
    }
    *out = graph;
    return MYE_OK;
}

void mye_graph_free(mye_graph *graph)
{
    if (!graph)
        return;
    mye_context *ctx = graph->ctx;
    mye_method_free(ctx, &graph->depth);
    mye_free(ctx, graph->module);
    mye_free(ctx, graph->node);
    mye_free(ctx, graph);
}

int mye_graph_find(const mye_graph *graph, const char *name)
{
    for (int i = 0; i < graph->n; i++)
        if (strcmp(graph->node[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- options ---- */

/* The canonical form of a method, "lif:tau=3". */
static mye_status canonical(mye_context *ctx, const mye_kind *kind, const char *text, char *out,
                            size_t size, mye_error *err)
{
    mye_method method;
    MYE_TRY(mye_method_parse(ctx, kind, text, &method, err));
    const mye_status st = mye_method_text(&method, false, out, size, err);
    mye_method_free(ctx, &method);
    return st;
}

mye_status mye_graph_set_neuron(mye_graph *graph, const char *neuron, mye_error *err)
{
    char text[MYE_METHOD_MAX];
    MYE_TRY(canonical(graph->ctx, &mye_kind_neuron, neuron, text, sizeof text, err));
    memcpy(graph->neuron, text, sizeof text);
    return MYE_OK;
}

/* All that `op` may be: node types, neurons, and "neuron". */
static const char *op_candidate(const void *arg, size_t i)
{
    MYE_UNUSED(arg);
    const mye_kind *const kinds[] = {&mye_kind_node, &mye_kind_neuron};
    for (int k = 0; k < 2; k++)
        for (const mye_entry *const *e = kinds[k]->entries; *e; e++)
            if (i-- == 0)
                return (*e)->name;
    return i == 0 ? "neuron" : NULL;
}

mye_status mye_graph_kind(const char *op, const mye_kind **kind, mye_error *err)
{
    *kind = NULL;
    if (mye_node_type_find(op))
        *kind = &mye_kind_node;
    else if (strcmp(op, "neuron") == 0 || mye_neuron_type_find(op))
        *kind = &mye_kind_neuron;
    if (*kind)
        return MYE_OK;
    mye_fail(err, MYE_ERR_ARG, "'%s' is neither a layer nor a neuron", op);
    const char *near = mye_nearest(op, op_candidate, NULL);
    if (near)
        mye_hint(err, "did you mean '%s'?", near);
    return MYE_ERR_ARG;
}

mye_status mye_graph_method(const mye_graph *graph, int i, const mye_kind **kind, char *out,
                            size_t size, mye_error *err)
{
    const mye_graph_node *node = &graph->node[i];
    MYE_TRY(mye_graph_kind(node->op, kind, err));
    int length;
    if (strcmp(node->op, "neuron") == 0)
        length = snprintf(out, size, "%s", graph->neuron);
    else
        length =
            snprintf(out, size, "%s%s%s", node->op, node->options[0] ? ":" : "", node->options);
    if (length < 0 || (size_t)length >= size)
        return mye_fail(err, MYE_ERR_ARG, "the options of '%s' (%s) are too long", node->name,
                        node->op);
    return MYE_OK;
}

/* Checks op and options and puts both into `node`. */
static mye_status set_options(mye_graph *graph, mye_graph_node *node, const char *op,
                              const char *options, mye_error *err)
{
    const mye_kind *kind;
    char text[sizeof node->op + MYE_METHOD_MAX], clean[sizeof node->op + MYE_METHOD_MAX];
    MYE_TRY(mye_graph_kind(op, &kind, err));
    snprintf(node->op, sizeof node->op, "%s", op);
    node->options[0] = '\0';
    if (strcmp(op, "neuron") == 0) {
        if (options[0])
            return mye_fail(err, MYE_ERR_ARG,
                            "the op 'neuron' takes no options: name the neuron itself to set '%s'",
                            options);
        return MYE_OK;
    }
    const int length = snprintf(text, sizeof text, "%s%s%s", op, options[0] ? ":" : "", options);
    if (length < 0 || (size_t)length >= sizeof text)
        return mye_fail(err, MYE_ERR_ARG, "the options of a '%s' may have at most %d characters",
                        op, MYE_METHOD_MAX - 1);
    MYE_TRY(canonical(graph->ctx, kind, text, clean, sizeof clean, err));
    const char *colon = strchr(clean, ':');
    if (colon && strlen(colon + 1) >= sizeof node->options)
        return mye_fail(err, MYE_ERR_ARG, "the options of a '%s' may have at most %d characters",
                        op, MYE_METHOD_MAX - 1);
    snprintf(node->options, sizeof node->options, "%s", colon ? colon + 1 : "");
    return MYE_OK;
}

/* ---- names ---- */

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || strchr("._-/", c);
}

/* What made-up names begin with. */
static const char *short_name(const mye_graph *graph, const char *op, char out[32])
{
    static const char *const table[][2] = {
        {"conv2d", "conv"},  {"sws_conv2d", "conv"},        {"batchnorm", "bn"},
        {"feedback", "fb"},  {"conv_transpose2d", "convt"}, {"dense", "fc"},
        {"avgpool", "pool"}, {"maxpool", "pool"},           {"maxpool_differences", "pool"},
        {"dropout", "drop"}, {"global_avgpool", "gap"},     {"identity", "id"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i][0], op) == 0)
            return table[i][1];
    const char *from = strcmp(op, "neuron") == 0 ? graph->neuron : op;
    snprintf(out, 32, "%.*s", (int)strcspn(from, ":"), from);
    return out;
}

static mye_status make_name(const mye_graph *graph, mye_graph_node *node, mye_error *err)
{
    char scratch[32], stem[sizeof graph->prefix + 32];
    snprintf(stem, sizeof stem, "%s%s", graph->prefix, short_name(graph, node->op, scratch));
    const size_t length = strlen(stem);
    int last = 0;
    for (int i = 0; i < graph->n; i++) {
        const char *name = graph->node[i].name;
        int64_t number;
        if (strncmp(name, stem, length) == 0 && isdigit((unsigned char)name[length]) &&
            mye_parse_int(name + length, &number) && number > last && number < INT32_MAX)
            last = (int)number;
    }
    const int n = snprintf(node->name, sizeof node->name, "%s%d", stem, last + 1);
    if (n < 0 || (size_t)n >= sizeof node->name)
        return mye_fail(err, MYE_ERR_ARG, "the name '%s%d' is too long", stem, last + 1);
    return MYE_OK;
}

static mye_status take_name(const mye_graph *graph, mye_graph_node *node, const char *name,
                            mye_error *err)
{
    for (const char *c = name; *c; c++)
        if (!is_name_char(*c))
            return mye_fail(err, MYE_ERR_ARG,
                            "the name '%s' may hold letters, digits and '._-/' only", name);
    const int n = snprintf(node->name, sizeof node->name, "%s%s", graph->prefix, name);
    if (n < 0 || (size_t)n >= sizeof node->name)
        return mye_fail(err, MYE_ERR_ARG, "the name '%s%s' is longer than %d characters",
                        graph->prefix, name, (int)sizeof node->name - 1);
    if (mye_graph_find(graph, node->name) >= 0)
        return mye_fail(err, MYE_ERR_ARG, "there are two nodes named '%s'", node->name);
    return MYE_OK;
}

/* ---- nodes ---- */

static mye_status check_inputs(const mye_graph *graph, const mye_graph_node *node, int n_in,
                               const int *in, mye_error *err)
{
    const mye_node_type *type = mye_node_type_find(node->op);
    const int min = type ? type->min_in : 1, max = type ? type->max_in : 1;
    if (graph->n > 0 && type && max == 0)
        return mye_fail(err, MYE_ERR_ARG, "a network has one '%s', and it is its first node",
                        node->op);
    if (n_in < min || n_in > max || n_in > MYE_NODE_MAX_IN)
        return mye_fail(err, MYE_ERR_ARG, "'%s' (%s) reads %d to %d nodes, not %d", node->name,
                        node->op, min, max < MYE_NODE_MAX_IN ? max : MYE_NODE_MAX_IN, n_in);
    for (int k = 0; k < n_in; k++)
        if (in[k] < 0 || in[k] >= graph->n)
            return mye_fail(err, MYE_ERR_ARG, "'%s' (%s) reads node %d of %d", node->name, node->op,
                            in[k], graph->n);
    return MYE_OK;
}

static mye_status make_room(mye_graph *graph, mye_error *err)
{
    if (graph->n < graph->cap)
        return MYE_OK;
    if (graph->n >= MAX_NODES)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "a network may have at most %d nodes", MAX_NODES);
    const int cap = graph->cap ? 2 * graph->cap : 32;
    const size_t old = (size_t)graph->cap * sizeof *graph->node;
    const size_t bytes = (size_t)cap * sizeof *graph->node;
    mye_graph_node *node = mye_grow(graph->ctx, graph->node, old, bytes);
    if (!node)
        return mye_no_memory(err, bytes, "the nodes of the graph");
    graph->node = node;
    graph->cap = cap;
    return MYE_OK;
}

mye_status mye_graph_add(mye_graph *graph, const char *name, const char *op, const char *options,
                         int n_in, const int *in, int *index, mye_error *err)
{
    mye_graph_node node;
    memset(&node, 0, sizeof node);
    MYE_TRY(set_options(graph, &node, op, options ? options : "", err));
    if (name && name[0])
        MYE_TRY(take_name(graph, &node, name, err));
    else
        MYE_TRY(make_name(graph, &node, err));
    MYE_TRY(check_inputs(graph, &node, n_in, in, err));
    MYE_TRY(make_room(graph, err));
    node.n_in = n_in;
    node.auxiliary = graph->auxiliary;
    node.frozen = graph->frozen;
    node.added = graph->added;
    for (int k = 0; k < n_in; k++)
        node.in[k] = in[k];
    if (index)
        *index = graph->n;
    graph->node[graph->n++] = node;
    return MYE_OK;
}

mye_status mye_graph_chain(mye_graph *graph, const char *op, int *at, mye_error *err,
                           const char *options, ...)
{
    char text[MYE_METHOD_MAX];
    va_list args;
    va_start(args, options);
    const int length = vsnprintf(text, sizeof text, options, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text)
        return mye_fail(err, MYE_ERR_ARG, "the options of a '%s' may have at most %d characters",
                        op, MYE_METHOD_MAX - 1);
    return mye_graph_add(graph, NULL, op, text, 1, at, at, err);
}

bool mye_graph_is_flat(const mye_graph *graph, int i)
{
    static const char *const vector[] = {"flatten", "dense"};
    static const char *const image[] = {"conv2d",        "sws_conv2d", "conv_transpose2d",
                                        "avgpool",       "maxpool",    "maxpool_differences",
                                        "global_avgpool"};
    for (; i > 0; i = graph->node[i].in[0]) {
        const char *op = graph->node[i].op;
        for (size_t k = 0; k < sizeof vector / sizeof vector[0]; k++)
            if (strcmp(vector[k], op) == 0)
                return true;
        for (size_t k = 0; k < sizeof image / sizeof image[0]; k++)
            if (strcmp(image[k], op) == 0)
                return false;
    }
    return graph->flat;
}
