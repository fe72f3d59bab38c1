/*
 * Networks in YAML, read.
 *
 *   input: 3x32x32        optional: other inputs are refused; a vector is written 784
 *   neuron: lif:tau=2     optional: the default neuron, unless the caller chose one
 *   nodes:                a list
 *     - 64C3-BN-LIF                                      notation
 *     - {name: c1, op: conv2d, channels: 64, kernel: 3}  a node and its options
 *     - {op: add, in: [c1, bn1]}                         what it reads, else the node before
 *     - {name: layer, repeat: 3, nodes: [..]}            a list, repeated
 *     - {name: res, branch: [64C3-BN, []], join: add}    lists that all begin behind the node
 *                                                        before; a node joins their ends
 *
 * A list is a sequence of such items, or notation; an empty branch is the node before itself. So a
 * stage of residual blocks is
 *
 *     - {name: layer1, repeat: 2, nodes: [{branch: [64C3-BN-LIF-64C3-BN, []]}, LIF]}
 *
 * Nodes of a repeat are named layer.0.x, layer.1.x, ... (block1.0.x when it has no name), those of
 * a named branch res.x. `in` looks for a name beside the node first, then further out.
 */
#include <string.h>

#include "net/graph.h"
#include "neuron/neuron.h"

enum { MAX_REPEAT = 1000 };

typedef struct reader {
    mye_graph *graph;
    int at; /* what the next node reads */
    mye_error *err;
} reader;

static mye_status read_list(reader *r, const mye_yaml *list);

/* ---- errors ---- */

/* Says where in the file an error happened that was found elsewhere. */
static mye_status locate(const mye_yaml *at, const mye_error *cause, mye_error *err)
{
    if (cause->code == MYE_ERR_NOMEM) {
        if (err)
            *err = *cause;
        return cause->code;
    }
    const mye_status st = mye_yaml_fail(at, err, "%s", cause->message);
    if (cause->hint[0])
        mye_hint(err, "%s", cause->hint);
    return st;
}

static mye_status want_list(const mye_yaml *at, const char *key, const mye_yaml **out,
                            mye_error *err)
{
    *out = mye_yaml_get(at, key);
    return *out ? MYE_OK : mye_yaml_fail(at, err, "the list '%s' is missing", key);
}

/* ---- names ---- */

/* Adds "name." to the prefix; *length is what to cut it back to. */
static mye_status push_prefix(reader *r, const mye_yaml *at, const char *name, size_t *length)
{
    char *prefix = r->graph->prefix;
    *length = strlen(prefix);
    const size_t room = sizeof r->graph->prefix - *length;
    const int n = snprintf(prefix + *length, room, "%s.", name);
    if (n > 0 && (size_t)n < room)
        return MYE_OK;
    prefix[*length] = '\0';
    return mye_yaml_fail(at, r->err, "the names of nested blocks are too long at '%s'", name);
}

/* Looks beside the node that is being described, then one level further out, and so on. */
static int find_name(const mye_graph *graph, const char *name)
{
    char full[sizeof graph->prefix + sizeof graph->node->name];
    size_t length = strlen(graph->prefix);
    for (;;) {
        const int n = snprintf(full, sizeof full, "%.*s%s", (int)length, graph->prefix, name);
        const int found = n > 0 && (size_t)n < sizeof full ? mye_graph_find(graph, full) : -1;
        if (found >= 0 || length == 0)
            return found;
        for (length--; length > 0 && graph->prefix[length - 1] != '.';)
            length--;
    }
}

static const char *name_candidate(const void *arg, size_t i)
{
    const mye_graph *graph = arg;
    return i < (size_t)graph->n ? graph->node[i].name : NULL;
}

static mye_status read_input(reader *r, const mye_yaml *at, int *out)
{
    if (at->type != MYE_YAML_SCALAR)
        return mye_yaml_fail(at, r->err, "'in' is the name of a node, or a list of names");
    *out = find_name(r->graph, at->text);
    if (*out >= 0)
        return MYE_OK;
    const mye_status st =
        mye_yaml_fail(at, r->err, "there is no node '%.80s' before this one", at->text);
    const char *near = mye_nearest(at->text, name_candidate, r->graph);
    if (near)
        mye_hint(r->err, "did you mean '%s'?", near);
    return st;
}

static mye_status read_inputs(reader *r, const mye_yaml *item, int *n, int in[MYE_NODE_MAX_IN])
{
    const mye_yaml *list = mye_yaml_get(item, "in");
    *n = 1;
    in[0] = r->at;
    if (!list)
        return MYE_OK;
    if (list->type != MYE_YAML_SEQUENCE)
        return read_input(r, list, &in[0]);
    if (list->n > MYE_NODE_MAX_IN)
        return mye_yaml_fail(list, r->err, "a node reads at most %d others", MYE_NODE_MAX_IN);
    *n = list->n;
    for (int k = 0; k < list->n; k++)
        MYE_TRY(read_input(r, &list->child[k], &in[k]));
    return MYE_OK;
}

/* ---- one node ---- */

static bool is_node_key(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "op") == 0 || strcmp(key, "in") == 0;
}

/* The options of a node's mapping as text, "kernel=3,stride=2". */
static mye_status read_options(reader *r, const mye_yaml *item, const mye_entry *entry, char *out,
                               size_t size)
{
    static const mye_param none[] = {{NULL, MYE_PARAM_BOOL, 0, 0, "", 0, 0, NULL, NULL, "", ""}};
    const mye_param *params = entry && entry->params ? entry->params : none;
    mye_method method = {entry, mye_alloc(r->graph->ctx, entry ? entry->options_size : 0)};
    char text[2 * MYE_METHOD_MAX] = "";
    if (!method.options)
        return mye_no_memory(r->err, entry ? entry->options_size : 0, "the options of a node");
    mye_status st = mye_params_defaults(params, method.options, r->err);
    if (st == MYE_OK)
        st = mye_yaml_apply(item, params, method.options, is_node_key, r->err);
    if (st == MYE_OK && entry)
        st = mye_method_text(&method, false, text, sizeof text, r->err);
    mye_free(r->graph->ctx, method.options);
    if (st != MYE_OK)
        return st;
    const char *colon = strchr(text, ':');
    if (colon && strlen(colon + 1) >= size)
        return mye_yaml_fail(item, r->err, "the options of this node are too long");
    snprintf(out, size, "%s", colon ? colon + 1 : "");
    return MYE_OK;
}

static mye_status scalar_text(reader *r, const mye_yaml *item, const char *key, const char **out)
{
    const mye_yaml *value = mye_yaml_get(item, key);
    if (value && value->type != MYE_YAML_SCALAR)
        return mye_yaml_fail(value, r->err, "'%s' is a word", key);
    *out = value ? value->text : "";
    return MYE_OK;
}

static mye_status read_node(reader *r, const mye_yaml *item)
{
    char options[MYE_METHOD_MAX];
    const char *name = "", *op = "";
    int n_in, in[MYE_NODE_MAX_IN];
    const mye_kind *kind;
    const mye_entry *entry = NULL;
    mye_error cause = {MYE_OK, "", ""};
    MYE_TRY(scalar_text(r, item, "name", &name));
    MYE_TRY(scalar_text(r, item, "op", &op));
    if (!op[0])
        return mye_yaml_fail(item, r->err, "a node needs 'op', 'repeat' or 'branch'");
    if (mye_graph_kind(op, &kind, &cause) != MYE_OK)
        return locate(mye_yaml_get(item, "op"), &cause, r->err);
    if (strcmp(op, "neuron") != 0)
        MYE_TRY(mye_kind_entry(kind, op, &entry, r->err));
    MYE_TRY(read_options(r, item, entry, options, sizeof options));
    MYE_TRY(read_inputs(r, item, &n_in, in));
    if (mye_graph_add(r->graph, name, op, options, n_in, in, &r->at, &cause) != MYE_OK)
        return locate(item, &cause, r->err);
    r->graph->node[r->at].line = item->line;
    r->graph->node[r->at].column = item->column;
    return MYE_OK;
}

static mye_status read_notation(reader *r, const mye_yaml *item)
{
    mye_error cause = {MYE_OK, "", ""};
    const int first = r->graph->n;
    if (mye_notation_append(r->graph, item->text, &r->at, &cause) != MYE_OK)
        return locate(item, &cause, r->err);
    for (int i = first; i < r->graph->n; i++) {
        r->graph->node[i].line = item->line;
        r->graph->node[i].column = item->column;
    }
    return MYE_OK;
}

/* ---- blocks ---- */

typedef struct block_options {
    char name[48], join[32];
    int64_t repeat;
} block_options;

static const mye_param repeat_params[] = {
    {"name", MYE_PARAM_TEXT, offsetof(block_options, name), 48, "", 0, 0, NULL, NULL, "",
     "first part of the names of the block's nodes"},
    {"repeat", MYE_PARAM_INT, offsetof(block_options, repeat), 0, "1", 1, MAX_REPEAT, NULL, NULL,
     "", "how often"},
    {NULL, MYE_PARAM_BOOL, 0, 0, "", 0, 0, NULL, NULL, "", ""},
};

static const mye_param branch_params[] = {
    {"name", MYE_PARAM_TEXT, offsetof(block_options, name), 48, "", 0, 0, NULL, NULL, "",
     "first part of the names of the branches' nodes"},
    {"join", MYE_PARAM_TEXT, offsetof(block_options, join), 32, "add", 0, 0, NULL, NULL, "",
     "op of the node that joins the branches"},
    {NULL, MYE_PARAM_BOOL, 0, 0, "", 0, 0, NULL, NULL, "", ""},
};

static bool is_nodes_key(const char *key)
{
    return strcmp(key, "nodes") == 0;
}

static bool is_branch_key(const char *key)
{
    return strcmp(key, "branch") == 0;
}

static mye_status read_repeat(reader *r, const mye_yaml *item, int *n_blocks)
{
    block_options o;
    const mye_yaml *nodes;
    memset(&o, 0, sizeof o);
    MYE_TRY(mye_params_defaults(repeat_params, &o, r->err));
    MYE_TRY(mye_yaml_apply(item, repeat_params, &o, is_nodes_key, r->err));
    MYE_TRY(want_list(item, "nodes", &nodes, r->err));
    if (!o.name[0])
        snprintf(o.name, sizeof o.name, "block%d", ++*n_blocks);
    for (int i = 0; i < (int)o.repeat; i++) {
        char name[sizeof o.name + 12];
        size_t length;
        const int before = r->graph->n;
        snprintf(name, sizeof name, "%s.%d", o.name, i);
        MYE_TRY(push_prefix(r, item, name, &length));
        MYE_TRY(read_list(r, nodes));
        r->graph->prefix[length] = '\0';
        if (r->graph->n == before)
            return mye_yaml_fail(nodes, r->err, "there is nothing to repeat");
    }
    return MYE_OK;
}

static mye_status read_branch(reader *r, const mye_yaml *item)
{
    block_options o;
    const mye_yaml *branch = mye_yaml_get(item, "branch");
    const int start = r->at;
    int in[MYE_NODE_MAX_IN];
    size_t length = strlen(r->graph->prefix);
    mye_error cause = {MYE_OK, "", ""};
    memset(&o, 0, sizeof o);
    MYE_TRY(mye_params_defaults(branch_params, &o, r->err));
    MYE_TRY(mye_yaml_apply(item, branch_params, &o, is_branch_key, r->err));
    if (branch->type != MYE_YAML_SEQUENCE || branch->n < 1 || branch->n > MYE_NODE_MAX_IN)
        return mye_yaml_fail(branch, r->err, "'branch' is a sequence of 1 to %d lists",
                             MYE_NODE_MAX_IN);
    if (o.name[0])
        MYE_TRY(push_prefix(r, item, o.name, &length));
    for (int k = 0; k < branch->n; k++) {
        r->at = start;
        MYE_TRY(read_list(r, &branch->child[k]));
        in[k] = r->at;
    }
    if (mye_graph_add(r->graph, NULL, o.join, "", branch->n, in, &r->at, &cause) != MYE_OK)
        return locate(item, &cause, r->err);
    r->graph->node[r->at].line = item->line;
    r->graph->node[r->at].column = item->column;
    r->graph->prefix[length] = '\0';
    return MYE_OK;
}

static mye_status read_list(reader *r, const mye_yaml *list)
{
    int n_blocks = 0;
    if (list->type == MYE_YAML_SCALAR)
        return read_notation(r, list);
    if (list->type != MYE_YAML_SEQUENCE)
        return mye_yaml_fail(list, r->err, "a list of nodes is a sequence, or notation");
    for (int i = 0; i < list->n; i++) {
        const mye_yaml *item = &list->child[i];
        if (item->type == MYE_YAML_SCALAR)
            MYE_TRY(read_notation(r, item));
        else if (item->type != MYE_YAML_MAPPING)
            return mye_yaml_fail(item, r->err, "a node is a mapping, or notation");
        else if (mye_yaml_get(item, "repeat"))
            MYE_TRY(read_repeat(r, item, &n_blocks));
        else if (mye_yaml_get(item, "branch"))
            MYE_TRY(read_branch(r, item));
        else
            MYE_TRY(read_node(r, item));
    }
    return MYE_OK;
}

/* ---- the document ---- */

typedef struct net_options {
    char input[48], neuron[MYE_METHOD_MAX];
} net_options;

static const mye_param net_params[] = {
    {"input", MYE_PARAM_TEXT, offsetof(net_options, input), 48, "", 0, 0, NULL, NULL, "",
     "the input that the network is for, 3x32x32 or 784"},
    {"neuron", MYE_PARAM_METHOD, offsetof(net_options, neuron), MYE_METHOD_MAX, "lif", 0, 0, NULL,
     &mye_kind_neuron, "", "the default neuron"},
    {NULL, MYE_PARAM_BOOL, 0, 0, "", 0, 0, NULL, NULL, "", ""},
};

static mye_status check_input(mye_graph *graph, const mye_yaml *at, const char *input,
                              mye_error *err)
{
    char vector[16], image[48];
    snprintf(vector, sizeof vector, "%d", graph->C);
    snprintf(image, sizeof image, "%dx%dx%d", graph->C, graph->H, graph->W);
    const bool is_vector = graph->H == 1 && graph->W == 1 && strcmp(input, vector) == 0;
    if (!is_vector && strcmp(input, image) != 0)
        return mye_yaml_fail(at, err, "the network is for an input of %s, not of %s", input, image);
    graph->flat = is_vector;
    return MYE_OK;
}

/* A node that nobody reads would cost time for nothing; it is nearly always a wrong `in`. */
static mye_status check_uses(const mye_graph *graph, mye_error *err)
{
    for (int i = graph->n - 2; i > 0; i--) {
        bool used = false;
        for (int j = 1; j < i && !used; j++)
            used = mye_graph_from(graph, j) == i;
        for (int j = i + 1; j < graph->n && !used; j++)
            for (int k = 0; k < graph->node[j].n_in; k++)
                used = used || graph->node[j].in[k] == i;
        if (!used)
            return mye_fail(err, MYE_ERR_FORMAT, "%s:%d:%d: no node reads '%s' (%s)", graph->source,
                            graph->node[i].line, graph->node[i].column, graph->node[i].name,
                            graph->node[i].op);
    }
    return MYE_OK;
}

static mye_status read_root(mye_graph *graph, const mye_yaml *root, mye_error *err)
{
    net_options o;
    const mye_yaml *nodes;
    reader r = {graph, graph->n - 1, err};
    if (root->type != MYE_YAML_MAPPING)
        return mye_yaml_fail(root, err, "a network is a mapping with 'nodes'");
    memset(&o, 0, sizeof o);
    MYE_TRY(mye_params_defaults(net_params, &o, err));
    MYE_TRY(mye_yaml_apply(root, net_params, &o, is_nodes_key, err));
    MYE_TRY(want_list(root, "nodes", &nodes, err));
    if (o.input[0])
        MYE_TRY(check_input(graph, mye_yaml_get(root, "input"), o.input, err));
    if (mye_yaml_get(root, "neuron") && !graph->neuron_chosen)
        MYE_TRY(mye_graph_set_neuron(graph, o.neuron, err));
    snprintf(graph->source, sizeof graph->source, "%s", root->source);
    MYE_TRY(read_list(&r, nodes));
    if (graph->n < 2)
        return mye_yaml_fail(nodes, err, "the network has no nodes");
    return check_uses(graph, err);
}

mye_status mye_net_yaml_parse(mye_graph *graph, const char *source, const char *text, size_t bytes,
                              mye_error *err)
{
    mye_yaml *root = NULL;
    MYE_TRY(mye_yaml_parse(graph->ctx, source, text, bytes, &root, err));
    const mye_status st = read_root(graph, root, err);
    mye_yaml_free(graph->ctx, root);
    return st;
}

mye_status mye_net_yaml_read(mye_graph *graph, const char *path, mye_error *err)
{
    mye_yaml *root = NULL;
    MYE_TRY(mye_yaml_read(graph->ctx, path, &root, err));
    const mye_status st = read_root(graph, root, err);
    mye_yaml_free(graph->ctx, root);
    return st;
}
