/* From the nodes of a reference case to a graph of ours. Each op of the format is one row of a
 * table: what it is called here and how its settings are written. */
#include "train/case.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct builder {
    const mye_case *c;
    const json_t *run; /* top level or one of `also` */
    mye_graph *graph;
    const char *output; /* name of the node that the loss reads */
    bool membrane;      /* ... and it reads its membrane         */
} builder;

typedef struct op_row {
    const char *op, *type;
    mye_status (*options)(const builder *b, const json_t *node, char *out, size_t size,
                          mye_error *err);
} op_row;

static mye_status refuse(const builder *b, mye_error *err, const char *what, const char *value)
{
    return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build has no %s '%s'", b->c->path, what,
                    value == NULL ? "(none)" : value);
}

/* Sizes beyond any network stay beyond it; the node's own range refuses them. */
static int64_t to_whole(const json_t *x, int64_t otherwise)
{
    const double value = json_number_value(x);
    if (!json_is_number(x))
        return otherwise;
    return value > 1e15 ? (int64_t)1e15 : value < -1e15 ? (int64_t)-1e15 : (int64_t)value;
}

static int64_t whole(const json_t *node, const char *key, int64_t otherwise)
{
    return to_whole(json_object_get(node, key), otherwise);
}

/* [vertical, horizontal] or one number for both. */
static int64_t pair(const json_t *node, const char *key, size_t i, int64_t otherwise)
{
    const json_t *x = json_object_get(node, key);
    if (json_is_array(x))
        x = json_array_get(x, i);
    return to_whole(x, otherwise);
}

static int window(const json_t *node, char *out, size_t size)
{
    const int64_t k = pair(node, "kernel", 0, 1), kw = pair(node, "kernel", 1, k);
    const int64_t s = pair(node, "stride", 0, 1), sw = pair(node, "stride", 1, s);
    const int64_t p = pair(node, "padding", 0, 0), pw = pair(node, "padding", 1, p);
    return snprintf(out, size,
                    "kernel=%lld,kernel_w=%lld,stride=%lld,stride_w=%lld,padding=%lld,"
                    "padding_w=%lld",
                    (long long)k, (long long)kw, (long long)s, (long long)sw, (long long)p,
                    (long long)pw);
}

static bool has_param(const json_t *node, const char *role)
{
    return json_object_get(json_object_get(node, "params"), role) != NULL;
}

static const char *yes_no(bool x)
{
    return x ? "yes" : "no";
}

static mye_status no_options(const builder *b, const json_t *node, char *out, size_t size,
                             mye_error *err)
{
    (void)b;
    (void)node;
    (void)size;
    (void)err;
    out[0] = '\0';
    return MYE_OK;
}

static mye_status pool_options(const builder *b, const json_t *node, char *out, size_t size,
                               mye_error *err)
{
    (void)b;
    (void)err;
    window(node, out, size);
    return MYE_OK;
}

static mye_status linear_options(const builder *b, const json_t *node, char *out, size_t size,
                                 mye_error *err)
{
    (void)b;
    (void)err;
    snprintf(out, size, "features=%lld,bias=%s", (long long)whole(node, "out_features", 0),
             yes_no(has_param(node, "bias")));
    return MYE_OK;
}

static mye_status conv_options(const builder *b, const json_t *node, char *out, size_t size,
                               mye_error *err)
{
    (void)b;
    (void)err;
    const int used = window(node, out, size);
    snprintf(out + used, size - (size_t)used, ",channels=%lld,groups=%lld,bias=%s",
             (long long)whole(node, "out_channels", 0), (long long)whole(node, "groups", 1),
             yes_no(has_param(node, "bias")));
    return MYE_OK;
}

static mye_status transpose_options(const builder *b, const json_t *node, char *out, size_t size,
                                    mye_error *err)
{
    MYE_TRY(conv_options(b, node, out, size, err));
    const size_t used = strlen(out);
    snprintf(out + used, size - used, ",output_padding=%lld,output_padding_w=%lld",
             (long long)pair(node, "output_padding", 0, 0),
             (long long)pair(node, "output_padding", 1, 0));
    return MYE_OK;
}

static mye_status sws_options(const builder *b, const json_t *node, char *out, size_t size,
                              mye_error *err)
{
    MYE_TRY(conv_options(b, node, out, size, err));
    const size_t used = strlen(out);
    char eps[32];
    mye_format_double(json_number_value(json_object_get(node, "eps")), eps, sizeof eps);
    snprintf(out + used, size - used, ",eps=%s,gain=%s", eps, yes_no(has_param(node, "gain")));
    return MYE_OK;
}

static mye_status norm_options(const builder *b, const json_t *node, char *out, size_t size,
                               mye_error *err)
{
    (void)b;
    const char *statistics = json_string_value(json_object_get(node, "statistics"));
    char eps[32], momentum[32];
    if (statistics == NULL)
        statistics = "all_steps";
    if (strcmp(statistics, "all_steps") != 0 && strcmp(statistics, "per_step") != 0)
        return refuse(b, err, "batch norm statistics", statistics);
    mye_format_double(json_number_value(json_object_get(node, "eps")), eps, sizeof eps);
    mye_format_double(json_number_value(json_object_get(node, "momentum")), momentum,
                      sizeof momentum);
    snprintf(out, size, "eps=%s,momentum=%s,statistics=%s", eps, momentum, statistics);
    return MYE_OK;
}

static mye_status scale_options(const builder *b, const json_t *node, char *out, size_t size,
                                mye_error *err)
{
    (void)b;
    (void)err;
    char value[32];
    mye_format_double(json_number_value(json_object_get(node, "value")), value, sizeof value);
    snprintf(out, size, "value=%s,learn=%s", value, yes_no(has_param(node, "gain")));
    return MYE_OK;
}

/* ---- neurons ---- */

/* A setting of the node, of the run, or of the case, in this order. */
static const json_t *setting(const builder *b, const json_t *node, const char *key)
{
    const json_t *own = json_object_get(json_object_get(node, "neuron"), key);
    if (own == NULL)
        own = json_object_get(json_object_get(b->run, "neuron"), key);
    return own != NULL ? own : json_object_get(json_object_get(b->c->root, "neuron"), key);
}

static void add_number(const builder *b, const json_t *node, const char *key, const char *option,
                       char *out, size_t size)
{
    const json_t *x = setting(b, node, key);
    char number[32];
    const size_t used = strlen(out);
    if (json_is_number(x))
        snprintf(out + used, size - used, ",%s=%s", option,
                 mye_format_double(json_number_value(x), number, sizeof number));
}

static void add_bool(const builder *b, const json_t *node, const char *key, char *out, size_t size)
{
    const size_t used = strlen(out);
    snprintf(out + used, size - used, ",%s=%s", key, yes_no(json_is_true(setting(b, node, key))));
}

static mye_status add_surrogate(const builder *b, char *out, size_t size, mye_error *err)
{
    const json_t *s = json_object_get(b->c->root, "surrogate");
    const char *name = json_string_value(json_object_get(s, "name"));
    if (s == NULL)
        return MYE_OK;
    const mye_kind *kind = mye_kind_find("surrogate");
    const mye_entry *entry = NULL;
    if (name == NULL || kind == NULL || mye_kind_entry(kind, name, &entry, NULL) != MYE_OK)
        return refuse(b, err, "surrogate", name);
    size_t used = strlen(out);
    used += (size_t)snprintf(out + used, size - used, ",surrogate=(%s", name);
    char separator = ':';
    for (const mye_param *p = entry->params; p != NULL && p->name != NULL; p++) {
        char number[32];
        const json_t *x = json_object_get(s, p->name);
        if (!json_is_number(x) || used >= size)
            continue;
        mye_format_double(json_number_value(x), number, sizeof number);
        used += (size_t)snprintf(out + used, size - used, "%c%s=%s", separator, p->name, number);
        separator = ',';
    }
    if (used + 2 < size)
        snprintf(out + used, size - used, ")");
    return MYE_OK;
}

static bool reads_membrane(const builder *b, const json_t *node)
{
    const char *name = json_string_value(json_object_get(node, "name"));
    return b->membrane && name != NULL && strcmp(name, b->output) == 0;
}

static mye_status reset_option(const builder *b, const json_t *node, const char *const map[][2],
                               char *out, size_t size, mye_error *err)
{
    const char *reset = json_string_value(setting(b, node, "reset"));
    for (int i = 0; map[i][0] != NULL; i++)
        if (reset != NULL && strcmp(reset, map[i][0]) == 0) {
            snprintf(out, size, "reset=%s", map[i][1]);
            return MYE_OK;
        }
    return refuse(b, err, "reset", reset);
}

static mye_status family_options(const builder *b, const json_t *node, char *out, size_t size,
                                 mye_error *err)
{
    static const char *const resets[][2] = {{"soft", "soft"}, {"hard", "hard"}, {NULL, NULL}};
    MYE_TRY(reset_option(b, node, resets, out, size, err));
    add_number(b, node, "threshold", "theta", out, size);
    add_number(b, node, "v_reset", "v_reset", out, size);
    add_number(b, node, "subtract", "subtract", out, size);
    add_bool(b, node, "detach_reset", out, size);
    add_bool(b, node, "strict", out, size);
    const json_t *rule = json_object_get(b->run, "rule");
    const char *eligibility = json_string_value(json_object_get(rule, "eligibility"));
    if (eligibility != NULL) {
        const size_t used = strlen(out);
        snprintf(out + used, size - used, ",eligibility=%s", eligibility);
    }
    if (reads_membrane(b, node)) {
        const size_t used = strlen(out);
        snprintf(out + used, size - used, ",emit=membrane");
    }
    return add_surrogate(b, out, size, err);
}

static mye_status lif_options(const builder *b, const json_t *node, char *out, size_t size,
                              mye_error *err)
{
    MYE_TRY(family_options(b, node, out, size, err));
    add_number(b, node, "lambda", "lambda", out, size);
    add_bool(b, node, "decay_input", out, size);
    return MYE_OK;
}

static mye_status leaky_options(const builder *b, const json_t *node, char *out, size_t size,
                                mye_error *err)
{
    static const char *const resets[][2] = {
        {"soft", "subtract"}, {"subtract", "subtract"}, {"zero", "zero"}, {NULL, NULL}};
    MYE_TRY(reset_option(b, node, resets, out, size, err));
    add_number(b, node, "threshold", "theta", out, size);
    add_number(b, node, "lambda", "beta", out, size);
    if (reads_membrane(b, node)) {
        const size_t used = strlen(out);
        snprintf(out + used, size - used, ",emit=membrane");
    }
    return add_surrogate(b, out, size, err);
}

/* Settings that a kind of neuron does not have are not in its case. */
static mye_status dsr_options(const builder *b, const json_t *node, char *out, size_t size,
                              mye_error *err)
{
    static const char *const names[][2] = {
        {"threshold_bound", "bound"}, {"alpha", "alpha"}, {"tau", "tau"}, {"delta_t", "delta_t"}};
    if (json_is_true(setting(b, node, "strict")))
        return refuse(b, err, "strict neuron", json_string_value(json_object_get(node, "op")));
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add_number(b, node, names[i][0], names[i][1], out, size);
    memmove(out, out + (out[0] == ','), strlen(out + (out[0] == ',')) + 1);
    return MYE_OK;
}

static const op_row ops[] = {
    {"add", "add", no_options},
    {"avgpool", "avgpool", pool_options},
    {"batchnorm", "batchnorm", norm_options},
    {"conv2d", "conv2d", conv_options},
    {"conv_transpose2d", "conv_transpose2d", transpose_options},
    {"dsr_if", "dsr_if", dsr_options},
    {"dsr_lif", "dsr_lif", dsr_options},
    {"flatten", "flatten", no_options},
    {"global_avgpool", "global_avgpool", no_options},
    {"identity", "identity", no_options},
    {"if", "if", family_options},
    {"lif", "lif", lif_options},
    {"linear", "dense", linear_options},
    {"maxpool", "maxpool", pool_options},
    {"scale", "scale", scale_options},
    {"snntorch_leaky", "leaky", leaky_options},
    {"sws_conv2d", "sws_conv2d", sws_options},
};

/* ---- the graph ---- */

/* Nodes that the loss depends on; the others would never be trained. */
static void mark_ancestors(const json_t *nodes, const char *name, bool *wanted)
{
    size_t i, k;
    const json_t *node, *in;
    json_array_foreach(nodes, i, node)
    {
        const char *own = json_string_value(json_object_get(node, "name"));
        if (own == NULL || strcmp(own, name) != 0 || wanted[i])
            continue;
        wanted[i] = true;
        json_array_foreach(json_object_get(node, "in"), k, in)
        {
            if (json_is_string(in))
                mark_ancestors(nodes, json_string_value(in), wanted);
        }
    }
}

/* The node of the file that reads its input's value of the step before, by name; else NULL. */
static const json_t *delayed(const builder *b, const json_t *name)
{
    const json_t *node = json_is_string(name) ? mye_case_node(b->c, json_string_value(name)) : NULL;
    return json_integer_value(json_object_get(node, "delay")) == 1 ? node : NULL;
}

static mye_status find_inputs(const builder *b, const json_t *node, int *in, int *n, mye_error *err)
{
    size_t k;
    const json_t *name;
    *n = 0;
    json_array_foreach(json_object_get(node, "in"), k, name)
    {
        if (delayed(b, name) != NULL) /* the sum becomes a feedback node, which names it */
            continue;
        int found = -1;
        for (int i = 0; i < b->graph->n && json_is_string(name); i++)
            if (strcmp(b->graph->node[i].name, json_string_value(name)) == 0)
                found = i;
        if (found < 0 || *n == MYE_NODE_MAX_IN)
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s: node '%s' reads '%s', which is no node before it", b->c->path,
                            json_string_value(json_object_get(node, "name")),
                            json_is_string(name) ? json_string_value(name) : "?");
        in[(*n)++] = found;
    }
    return MYE_OK;
}

/* A sum of one input and one that is a step late: `feedback` of the first, naming the second. */
static mye_status add_feedback(const builder *b, const json_t *node, const json_t *late,
                               mye_error *err)
{
    char options[128];
    int in[MYE_NODE_MAX_IN], n = 0;
    const char *op = json_string_value(json_object_get(node, "op"));
    const char *name = json_string_value(json_object_get(node, "name"));
    MYE_TRY(find_inputs(b, node, in, &n, err));
    if (op == NULL || strcmp(op, "add") != 0 || n != 1 ||
        json_array_size(json_object_get(node, "in")) != 2)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: this build reads a delayed node in a sum with one other, not in '%s'",
                        b->c->path, name == NULL ? "?" : name);
    snprintf(options, sizeof options, "from=%s", json_string_value(json_object_get(late, "name")));
    return mye_graph_add(b->graph, name, "feedback", options, n, in, NULL, err);
}

static mye_status add_node(const builder *b, const json_t *node, mye_error *err)
{
    size_t k;
    const json_t *input;
    json_array_foreach(json_object_get(node, "in"), k, input)
    {
        if (delayed(b, input) != NULL)
            return add_feedback(b, node, delayed(b, input), err);
    }
    const char *op = json_string_value(json_object_get(node, "op"));
    const char *name = json_string_value(json_object_get(node, "name"));
    const op_row *row = NULL;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (op != NULL && strcmp(op, ops[i].op) == 0)
            row = &ops[i];
    if (row == NULL)
        return refuse(b, err, "node", op);
    /* `traced` says of OTTT what the rule finds out itself: the gradients tell whether it did. */
    const json_t *delay = json_object_get(node, "delay");
    if (delay != NULL && json_integer_value(delay) != 1)
        return refuse(b, err, "node setting", "delay other than 1");
    char options[1024];
    int in[MYE_NODE_MAX_IN], n = 0;
    MYE_TRY(row->options(b, node, options, sizeof options, err));
    MYE_TRY(find_inputs(b, node, in, &n, err));
    return mye_graph_add(b->graph, name, row->type, options, n, in, NULL, err);
}

/* Delayed nodes stand in the file before what they read; here they follow it. */
static mye_status add_late(const builder *b, const json_t *nodes, const bool *wanted,
                           const json_t *source, mye_error *err)
{
    size_t i;
    const json_t *node;
    const char *name = json_string_value(json_object_get(source, "name"));
    json_array_foreach(nodes, i, node)
    {
        const char *in = json_string_value(json_array_get(json_object_get(node, "in"), 0));
        if (wanted[i] && json_object_get(node, "delay") != NULL && name != NULL && in != NULL &&
            strcmp(in, name) == 0)
            MYE_TRY(add_node(b, node, err));
    }
    return MYE_OK;
}

static mye_status add_nodes(const builder *b, mye_error *err)
{
    const json_t *nodes = json_object_get(b->c->root, "graph"), *node;
    const size_t count = json_array_size(nodes);
    bool *wanted = mye_alloc_array(b->c->ctx, count, sizeof *wanted);
    if (wanted == NULL)
        return mye_no_memory(err, count, "a graph");
    mark_ancestors(nodes, b->output, wanted);
    mye_status status = MYE_OK;
    size_t i;
    json_array_foreach(nodes, i, node)
    {
        if (status == MYE_OK && i > 0 && wanted[i] && json_object_get(node, "delay") == NULL)
            status = add_node(b, node, err);
        if (status == MYE_OK && wanted[i])
            status = add_late(b, nodes, wanted, node, err);
    }
    mye_free(b->c->ctx, wanted);
    return status;
}

/* ---- weights ---- */

static mye_status set_weight(const mye_case *c, mye_weight *w, const char *group, const char *key,
                             mye_error *err)
{
    const json_t *value = json_object_get(json_object_get(c->root, group), key);
    mye_case_tensor t;
    MYE_TRY(mye_case_tensor_read(c, key, value, &t, err));
    mye_status status = MYE_OK;
    float *outside = mye_alloc_array(c->ctx, (size_t)t.count, sizeof(float));
    if (outside == NULL)
        status = mye_no_memory(err, (size_t)t.count * sizeof(float), key);
    else if (t.count != (int64_t)w->count)
        status = mye_fail(err, MYE_ERR_FORMAT, "%s: '%s' has %lld numbers, its node wants %zu",
                          c->path, key, (long long)t.count, w->count);
    for (int64_t i = 0; status == MYE_OK && i < t.count; i++)
        outside[i] = (float)t.data[i];
    if (status == MYE_OK)
        mye_weight_import(w, outside, w->data);
    mye_free(c->ctx, outside);
    mye_free(c->ctx, t.data);
    return status;
}

static mye_status set_weights(const mye_case *c, mye_model *model, mye_error *err)
{
    static const char *const maps[][2] = {{"params", "params"}, {"buffers", "buffers_before"}};
    for (int i = 1; i < model->n_nodes; i++) {
        const json_t *node = mye_case_node(c, model->node[i]->name);
        for (int m = 0; m < 2 && node != NULL; m++) {
            const char *role;
            json_t *key;
            json_t *map = json_object_get(node, maps[m][0]);
            json_object_foreach(map, role, key)
            {
                mye_weight *w = mye_node_find(model->node[i], role);
                if (w == NULL || !json_is_string(key))
                    return mye_fail(err, MYE_ERR_FORMAT, "%s: node '%s' has no weight '%s'",
                                    c->path, model->node[i]->name, role);
                MYE_TRY(set_weight(c, w, maps[m][1], json_string_value(key), err));
            }
        }
    }
    return MYE_OK;
}

static mye_status begin_graph(const mye_case *c, builder *b, mye_error *err)
{
    const json_t *input = json_array_get(json_object_get(c->root, "graph"), 0);
    const json_t *shape = json_object_get(input, "shape");
    int d[3] = {1, 1, 1};
    for (size_t i = 0; i < json_array_size(shape) && i < 3; i++)
        d[i] = (int)json_integer_value(json_array_get(shape, i));
    MYE_TRY(mye_graph_create(c->ctx, d[0], d[1], d[2], "lif", &b->graph, err));
    const char *name = json_string_value(json_object_get(input, "name"));
    if (name != NULL)
        snprintf(b->graph->node[0].name, sizeof b->graph->node[0].name, "%s", name);
    return MYE_OK;
}

/* The loss' mean over the steps is our readout. */
static mye_status add_readout(const builder *b, const json_t *loss, mye_error *err)
{
    const json_t *weights = json_object_get(loss, "time_weights");
    const char *kind = json_string_value(weights);
    const double tau = json_number_value(json_object_get(loss, "tau"));
    const double delta_t = json_number_value(json_object_get(loss, "delta_t"));
    const int last = b->graph->n - 1;
    char options[64] = "mode=mean", decay[32];
    if (weights != NULL && (kind == NULL || strcmp(kind, "exp") != 0))
        return refuse(b, err, "weights of the time mean", kind);
    if (weights != NULL && !(tau > 0 && delta_t >= 0))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: time_weights of the loss want tau > 0 and delta_t >= 0, got %g and %g",
                        b->c->path, tau, delta_t);
    if (weights != NULL)
        snprintf(options, sizeof options, "mode=exp,decay=%s",
                 mye_format_double(exp(-delta_t / tau), decay, sizeof decay));
    return mye_graph_add(b->graph, NULL, "readout", options, 1, &last, NULL, err);
}

mye_status mye_case_model(const mye_case *c, const json_t *run, mye_model **out, mye_error *err)
{
    builder b = {.c = c, .run = run};
    const json_t *loss = json_object_get(run, "loss");
    if (loss == NULL)
        loss = json_object_get(c->root, "loss");
    const char *of = json_string_value(json_object_get(loss, "of"));
    b.output = json_string_value(json_object_get(loss, "node"));
    b.membrane = of != NULL && strcmp(of, "membrane") == 0;
    *out = NULL;
    if (b.output == NULL || mye_case_node(c, b.output) == NULL)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: the loss names no node of the graph", c->path);
    MYE_TRY(begin_graph(c, &b, err));
    mye_status status = add_nodes(&b, err);
    if (status == MYE_OK)
        status = add_readout(&b, loss, err);
    if (status != MYE_OK) {
        mye_graph_free(b.graph);
        return status;
    }
    MYE_TRY(mye_model_from_graph(b.graph, c->layout == MYE_CASE_B, 1, out, err));
    status = set_weights(c, *out, err);
    if (status != MYE_OK) {
        mye_model_free(*out);
        *out = NULL;
    }
    return status;
}
