/* Copies of hidden layers: see clone.h. */
#include "depth/clone.h"

#include <math.h>
#include <string.h>

/* ---- the parts of a layer ---- */

enum { MAX_PARTS = 64 };

/* A hidden layer as two lists of nodes: the main path, and what only the shortcut goes through. */
typedef struct block {
    int add; /* the sum at the end of a residual block, -1: a chain */
    int main[MAX_PARTS], n_main;
    int shortcut[MAX_PARTS], n_shortcut;
    int shortcut_input; /* of the sum that the shortcut is */
} block;

static const mye_node *node_of(const mye_cutter *c, int i)
{
    return c->net->node[i];
}

static bool is_op(const mye_node *n, const char *op)
{
    return n->neuron == NULL && strcmp(n->type->entry.name, op) == 0;
}

static bool is_pool(const mye_node *n)
{
    return is_op(n, "maxpool") || is_op(n, "avgpool") || is_op(n, "maxpool_differences");
}

static bool is_conv(const mye_node *n)
{
    return mye_node_is_layer(n) && mye_node_find(n, "weight") != NULL &&
           mye_node_find(n, "weight")->rank == 4;
}

/* Marks what `from` is made of, inside the layer. */
static void mark(const mye_cutter *c, const mye_hidden_layer *l, int from, unsigned bit,
                 unsigned char *marks)
{
    if (from < l->first || (marks[from - l->first] & bit))
        return;
    marks[from - l->first] |= (unsigned char)bit;
    for (int k = 0; k < node_of(c, from)->n_in; k++)
        mark(c, l, node_of(c, from)->in[k], bit, marks);
}

static int layers_marked(const mye_cutter *c, const mye_hidden_layer *l, unsigned is,
                         const unsigned char *marks)
{
    int n = 0;
    for (int i = l->first; i <= l->last; i++)
        n += marks[i - l->first] == is && mye_node_is_layer(node_of(c, i));
    return n;
}

/* The side of the sum that goes through fewer layers of its own is the shortcut. */
static void divide(const mye_cutter *c, const mye_hidden_layer *l, block *b)
{
    unsigned char marks[MAX_PARTS] = {0};
    unsigned own = 0;
    if (b->add >= 0) {
        mark(c, l, node_of(c, b->add)->in[0], 1, marks);
        mark(c, l, node_of(c, b->add)->in[1], 2, marks);
        b->shortcut_input = layers_marked(c, l, 1, marks) < layers_marked(c, l, 2, marks) ? 0 : 1;
        own = b->shortcut_input == 0 ? 1 : 2;
    }
    for (int i = l->first; i <= l->last; i++)
        if (own > 0 && marks[i - l->first] == own)
            b->shortcut[b->n_shortcut++] = i;
        else
            b->main[b->n_main++] = i;
}

static mye_status look_at(const mye_cutter *c, int layer, block *b, mye_error *err)
{
    const mye_hidden_layer *l = &c->layer[layer];
    bool fits = l->last - l->first < MAX_PARTS;
    *b = (block){.add = -1};
    for (int i = l->first; i <= l->last && fits; i++) {
        const mye_node *n = node_of(c, i);
        if (n->n_in > 1) {
            fits = b->add < 0 && n->n_in == 2 && is_op(n, "add");
            b->add = i;
        }
    }
    if (!fits)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "depth rule '%s' copies chains of layers and residual blocks with one sum "
                        "of two; '%s' to '%s' are neither",
                        c->out->depth.entry->name, node_of(c, l->first)->name,
                        node_of(c, l->last)->name);
    divide(c, l, b);
    return MYE_OK;
}

/* ---- what rules ask about layers ---- */

static const mye_node *first_layer(const mye_cutter *c, int layer)
{
    block b;
    if (look_at(c, layer, &b, NULL) == MYE_OK)
        for (int i = 0; i < b.n_main; i++)
            if (mye_node_is_layer(node_of(c, b.main[i])))
                return node_of(c, b.main[i]);
    return node_of(c, c->layer[layer].last);
}

int mye_layer_width(const mye_cutter *c, int layer)
{
    return first_layer(c, layer)->shape.c;
}

bool mye_layer_is_dense(const mye_cutter *c, int layer)
{
    return !is_conv(first_layer(c, layer));
}

bool mye_layer_is_residual(const mye_cutter *c, int layer)
{
    block b;
    return look_at(c, layer, &b, NULL) == MYE_OK && b.add >= 0;
}

bool mye_layers_are_pooled(const mye_cutter *c)
{
    for (int j = 1; j < c->n; j++)
        for (int i = c->layer[j].first; i <= c->layer[j].last; i++)
            if (is_conv(node_of(c, i)) && node_of(c, i)->in_shape.h > node_of(c, i)->shape.h + 2)
                return false;
    return true;
}

/* ---- options with another value ---- */

static size_t item_length(const char *p)
{
    int open = 0;
    size_t n = 0;
    for (; p[n] && (open > 0 || p[n] != ','); n++)
        open += (p[n] == '(') - (p[n] == ')');
    return n;
}

/* Leaves out `key` and `key`_w of an option text and writes key=value behind the rest. */
static void set_option(char text[MYE_METHOD_MAX], const char *key, int value)
{
    char out[2 * MYE_METHOD_MAX] = "";
    size_t used = 0;
    const size_t length = strlen(key);
    for (const char *p = text; *p;) {
        const size_t n = item_length(p);
        const bool same = strncmp(p, key, length) == 0 &&
                          (p[length] == '=' || strncmp(p + length, "_w=", 3) == 0);
        if (!same)
            used += (size_t)snprintf(out + used, sizeof out - used, "%.*s,", (int)n, p);
        p += n + (p[n] == ',');
    }
    snprintf(out + used, sizeof out - used, "%s=%d", key, value);
    snprintf(text, MYE_METHOD_MAX, "%.*s", MYE_METHOD_MAX - 1, out);
}

/* ---- copying ---- */

typedef struct copying {
    mye_cutter *c;
    block b;
    int at[MAX_PARTS]; /* of main[i], node of out */
    int stride, widen, entry;
    int carrier; /* node whose stride it is, -1: none */
    mye_error *err;
} copying;

/* Where in out the value of node i of the layer is; values from before it are the tip's. */
static int place(const copying *p, int i)
{
    for (int k = 0; k < p->b.n_main; k++)
        if (p->b.main[k] == i)
            return p->at[k];
    return p->entry;
}

static mye_status copy(copying *p, int node, int in, int channels, int stride, int *at)
{
    const mye_graph_node *from = &p->c->net->graph->node[node];
    char options[MYE_METHOD_MAX];
    memcpy(options, from->options, sizeof options);
    if (is_conv(node_of(p->c, node))) {
        set_option(options, "stride", stride);
        set_option(options, "channels", channels);
    }
    return mye_graph_add(p->c->out, NULL, from->op, options, 1, &in, at, p->err);
}

static int find_carrier(const copying *p)
{
    int first = -1;
    for (int i = 0; i < p->b.n_main; i++) {
        const mye_node *n = node_of(p->c, p->b.main[i]);
        if (!is_conv(n))
            continue;
        if (mye_node_find(n, "weight")->dim[2] > 1)
            return p->b.main[i];
        first = first < 0 ? p->b.main[i] : first;
    }
    return first;
}

/* A block of the network whose shortcut has layers; false: none has. */
static bool find_projection(const mye_cutter *c, block *out)
{
    for (int j = 0; j < c->n; j++) {
        if (look_at(c, j, out, NULL) != MYE_OK)
            continue;
        for (int i = 0; i < out->n_shortcut; i++)
            if (mye_node_is_layer(node_of(c, out->shortcut[i])))
                return true;
    }
    return false;
}

/* The shortcut of block `from` behind the same place of the copy's main path that it has there. */
static mye_status project_like(copying *p, const block *from, int channels, int *at)
{
    *at = p->entry;
    for (int k = 0; k < from->n_main; k++)
        if (node_of(p->c, from->shortcut[0])->in[0] == from->main[k] && k < p->b.n_main)
            *at = p->at[k];
    for (int i = 0; i < from->n_shortcut; i++)
        MYE_TRY(copy(p, from->shortcut[i], *at, channels, p->stride, at));
    return MYE_OK;
}

static mye_status project(copying *p, int channels, int *at)
{
    block from;
    const size_t length = strlen(p->c->out->prefix);
    snprintf(p->c->out->prefix + length, sizeof p->c->out->prefix - length, "shortcut.");
    mye_status st;
    if (find_projection(p->c, &from)) {
        st = project_like(p, &from, channels, at);
    } else {
        *at = p->entry;
        st = mye_graph_chain(p->c->out, "conv2d", at, p->err,
                             "channels=%d,kernel=1,stride=%d,bias=false", channels, p->stride);
        if (st == MYE_OK)
            st = mye_graph_chain(p->c->out, "batchnorm", at, p->err, "%s", "");
    }
    p->c->out->prefix[length] = '\0';
    return st;
}

static mye_status copy_sum(copying *p, int node, const mye_tip *tip, int channels, int *at)
{
    int in[2];
    const int side = p->b.shortcut_input;
    in[1 - side] = place(p, node_of(p->c, node)->in[1 - side]);
    in[side] = p->entry;
    if (p->stride > 1 || tip->channels != channels)
        MYE_TRY(project(p, channels, &in[side]));
    return mye_graph_add(p->c->out, NULL, "add", "", 2, in, at, p->err);
}

static mye_status copy_part(copying *p, int k, const mye_tip *tip, int channels)
{
    const int i = p->b.main[k];
    const mye_node *n = node_of(p->c, i);
    const int in = place(p, n->in[0]);
    const bool dropped = is_pool(n) || (is_op(n, "global_avgpool") && tip->h == 1 && tip->w == 1);
    p->at[k] = in;
    if (dropped)
        return MYE_OK;
    if (i == p->b.add)
        return copy_sum(p, i, tip, channels, &p->at[k]);
    return copy(p, i, in, n->shape.c * p->widen, i == p->carrier ? p->stride : 1, &p->at[k]);
}

mye_status mye_clone_layer(mye_cutter *c, int layer, int stride, int widen, mye_tip *tip,
                           mye_error *err)
{
    copying p = {.c = c, .stride = stride, .widen = widen, .entry = tip->at, .err = err};
    MYE_TRY(look_at(c, layer, &p.b, err));
    p.carrier = find_carrier(&p);
    const mye_node *end = node_of(c, c->layer[layer].last);
    const int channels = end->shape.c * (mye_layer_is_dense(c, layer) ? 1 : widen);
    for (int k = 0; k < p.b.n_main; k++)
        MYE_TRY(copy_part(&p, k, tip, channels));
    *tip = (mye_tip){.at = p.at[p.b.n_main - 1],
                     .channels = channels,
                     .h = end->shape.h == 1 ? 1 : (tip->h + stride - 1) / stride,
                     .w = end->shape.w == 1 ? 1 : (tip->w + stride - 1) / stride};
    return MYE_OK;
}

mye_status mye_clone_pool(mye_cutter *c, mye_tip *tip, mye_error *err)
{
    const char *op = "maxpool", *options = "kernel=2";
    for (int j = c->n - 1; j > 0; j--)
        for (int i = c->layer[j].first; i <= c->layer[j].last; i++)
            if (is_pool(node_of(c, i))) {
                op = c->net->graph->node[i].op;
                options = c->net->graph->node[i].options;
            }
    tip->h /= 2;
    tip->w /= 2;
    return mye_graph_add(c->out, NULL, op, options, 1, &tip->at, &tip->at, err);
}
