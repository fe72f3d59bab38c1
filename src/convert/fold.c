#include "convert/fold.h"

#include <math.h>
#include <string.h>

#include "convert/rewrite.h"
#include "neuron/neuron.h"

bool mye_is_activation(const mye_node *n)
{
    return n->neuron != NULL && n->neuron->single_step;
}

static bool is_foldable(const mye_node *n)
{
    return mye_rewrite_is(n, "conv2d") || mye_rewrite_is(n, "dense");
}

/* ---- what may stand in the network ---- */

static mye_status check_node(const mye_node *n, mye_error *err)
{
    if (n->neuron != NULL && !n->neuron->single_step)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "node '%s' (%s) spikes already: conversion wants a network whose neurons "
                        "are relu or qcfs",
                        n->name, n->neuron->entry.name);
    const bool linear = (n->type->flags & MYE_NODE_LINEAR) && !mye_rewrite_is(n, "feedback");
    if (mye_is_activation(n) || linear || mye_rewrite_is(n, "batchnorm") ||
        mye_rewrite_is(n, "dropout") || mye_rewrite_is(n, "maxpool"))
        return MYE_OK;
    return mye_fail(err, MYE_ERR_UNSUPPORTED,
                    "node '%s' (%s) has no counterpart in a converted network: what is sent in "
                    "steps may be weighed, added and averaged only",
                    n->name, mye_rewrite_op(n));
}

/* ---- scale and shift of a batch norm ---- */

typedef struct affine {
    int C;
    float *scale, *shift;
} affine;

static double epsilon_of(const mye_node *n)
{
    char text[64];
    double eps = 0;
    if (mye_params_get(n->type->entry.params, n->options, "eps", text, sizeof text, NULL) == MYE_OK)
        mye_parse_double(text, &eps);
    return eps;
}

static float value_or(const mye_weight *w, int c, float otherwise)
{
    return w != NULL ? w->data[c] : otherwise;
}

static void affine_of(const mye_node *norm, affine *a)
{
    const mye_weight *gain = mye_node_find(norm, "weight"), *beta = mye_node_find(norm, "bias");
    const mye_weight *mean = mye_node_find(norm, "running_mean");
    const mye_weight *var = mye_node_find(norm, "running_var");
    const double eps = epsilon_of(norm);
    for (int c = 0; c < a->C; c++) {
        const double s = sqrt((double)var->data[c] + eps);
        a->scale[c] = (float)((double)value_or(gain, c, 1) / s);
        a->shift[c] = (float)((double)value_or(beta, c, 0) -
                              (double)mean->data[c] * (double)value_or(gain, c, 1) / s);
    }
}

/* ---- layers ---- */

/* Options of a layer with a bias, as text. */
static mye_status with_bias(const mye_node *n, char *out, size_t size, mye_error *err)
{
    mye_method m;
    char text[MYE_METHOD_MAX];
    MYE_TRY(
        mye_method_text(&(mye_method){&n->type->entry, n->options}, true, text, sizeof text, err));
    MYE_TRY(mye_method_parse(n->ctx, &mye_kind_node, text, &m, err));
    mye_status status = mye_params_set(m.entry->params, m.options, "bias", "yes", err);
    if (status == MYE_OK)
        status = mye_method_text(&m, false, text, sizeof text, err);
    mye_method_free(n->ctx, &m);
    const char *colon = strchr(text, ':');
    snprintf(out, size, "%s", colon != NULL ? colon + 1 : "");
    return status;
}

/* Scales what the layer puts out. Weights are [..][O]. */
static void scale_outputs(mye_node *layer, const affine *a)
{
    mye_weight *w = mye_node_find(layer, "weight"), *b = mye_node_find(layer, "bias");
    const size_t O = b->count;
    for (size_t i = 0; i < w->count; i++)
        w->data[i] *= a->scale[i % O];
    for (size_t o = 0; o < O; o++)
        b->data[o] = b->data[o] * a->scale[o] + a->shift[o];
}

/* The same of what it reads; weights are [positions][C][O] where there are no groups. */
static void scale_inputs(mye_node *layer, const affine *a)
{
    mye_weight *w = mye_node_find(layer, "weight"), *b = mye_node_find(layer, "bias");
    const size_t O = b->count, C = (size_t)a->C;
    for (size_t o = 0; o < O; o++) {
        double sum = (double)b->data[o];
        for (size_t r = 0; r < w->count / O; r++) {
            sum += (double)w->data[r * O + o] * (double)a->shift[r % C];
            w->data[r * O + o] *= a->scale[r % C];
        }
        b->data[o] = (float)sum;
    }
}

static void fill_depthwise(mye_node *layer, const affine *a)
{
    memcpy(mye_node_find(layer, "weight")->data, a->scale, (size_t)a->C * sizeof(float));
    memcpy(mye_node_find(layer, "bias")->data, a->shift, (size_t)a->C * sizeof(float));
}

static void depthwise_options(int C, char *out, size_t size)
{
    snprintf(out, size, "channels=%d,kernel=1,padding=0,groups=%d", C, C);
}

/* ---- the whole ---- */

enum { AS_IT_IS, WITH_BIAS, INTO_LAYER, DEPTHWISE };

typedef struct folding {
    const mye_model *from;
    const mye_fold_options *options;
    unsigned char *how; /* [nodes of from]                                                   */
    int reader;         /* the layer that takes the input's scaling over; 0: none            */
    int scaling;        /* node of the new network that scales the input; 0: none            */
    int folded;
    affine a; /* room for the widest */
} folding;

/* The layer that the input's scaling can go into: the only reader, and no zeros come from padding. */
static int input_reader(const mye_model *m)
{
    int i = 0;
    while (i + 1 < m->n_nodes && m->node[i]->n_consumers == 1) {
        int next = i + 1;
        while (next < m->n_nodes && m->node[next]->in[0] != i)
            next++;
        if (next == m->n_nodes)
            return 0;
        const mye_node *n = m->node[next];
        if (mye_rewrite_is(n, "dense"))
            return next;
        if (mye_rewrite_is(n, "conv2d")) {
            const mye_conv_shape *s = n->plan;
            return s->ph == 0 && s->pw == 0 && s->groups == 1 ? next : 0;
        }
        if (!(n->type->flags & MYE_NODE_SAME))
            return 0;
        i = next;
    }
    return 0;
}

static mye_status plan(folding *f, mye_error *err)
{
    const mye_model *m = f->from;
    f->a.C = m->graph->C;
    for (int i = 1; i < m->n_nodes; i++) {
        const mye_node *n = m->node[i];
        if (n->auxiliary)
            continue;
        MYE_TRY(check_node(n, err));
        if (!mye_rewrite_is(n, "batchnorm"))
            continue;
        const mye_node *before = m->node[n->in[0]];
        const bool fits = is_foldable(before) && before->n_consumers == 1;
        f->how[i] = fits ? INTO_LAYER : DEPTHWISE;
        if (fits)
            f->how[before->index] = WITH_BIAS;
        f->folded += fits;
        f->a.C = n->shape.c > f->a.C ? n->shape.c : f->a.C;
    }
    if (f->options->mean != NULL)
        f->reader = input_reader(m);
    if (f->reader > 0)
        f->how[f->reader] = WITH_BIAS;
    f->a.scale = mye_alloc_array(m->ctx, 2 * (size_t)f->a.C, sizeof(float));
    f->a.shift = f->a.scale + f->a.C;
    return f->a.scale ? MYE_OK : mye_no_memory(err, 2 * (size_t)f->a.C * sizeof(float), "folding");
}

static mye_status write_node(folding *f, mye_rewrite *r, int i, mye_error *err)
{
    const mye_node *n = f->from->node[i];
    char text[MYE_METHOD_MAX];
    if (f->how[i] == INTO_LAYER || mye_rewrite_is(n, "dropout") || mye_rewrite_is(n, "identity")) {
        mye_rewrite_drop(r, i);
        return MYE_OK;
    }
    if (f->how[i] == WITH_BIAS) {
        MYE_TRY(with_bias(n, text, sizeof text, err));
        return mye_rewrite_node(r, i, mye_rewrite_op(n), text, err);
    }
    if (f->how[i] == DEPTHWISE) {
        depthwise_options(n->shape.c, text, sizeof text);
        return mye_rewrite_node(r, i, "conv2d", text, err);
    }
    return mye_rewrite_node(r, i, NULL, NULL, err);
}

static mye_status write_input(folding *f, mye_rewrite *r, mye_error *err)
{
    char text[MYE_METHOD_MAX];
    const int input = 0, C = f->from->graph->C;
    if (f->options->mean == NULL || f->reader > 0)
        return MYE_OK;
    depthwise_options(C, text, sizeof text);
    MYE_TRY(mye_graph_add(r->graph, "scaling", "conv2d", text, 1, &input, &f->scaling, err));
    r->to[0] = f->scaling;
    return MYE_OK;
}

static void input_affine(folding *f, int C)
{
    f->a.C = C;
    for (int c = 0; c < C; c++) {
        const float s = f->options->deviation[c < 4 ? c : 3];
        f->a.scale[c] = 1 / s;
        f->a.shift[c] = -f->options->mean[c < 4 ? c : 3] / s;
    }
}

static void fill(folding *f, const mye_rewrite *r, mye_model *to)
{
    const mye_model *m = f->from;
    for (int i = 1; i < m->n_nodes; i++) {
        if (f->how[i] != WITH_BIAS)
            continue;
        mye_weight *bias = mye_node_find(to->node[r->to[i]], "bias");
        memset(bias->data, 0, bias->count * sizeof *bias->data);
        mye_rewrite_weights(m->node[i], to->node[r->to[i]]);
    }
    for (int i = 1; i < m->n_nodes; i++) {
        if (f->how[i] != INTO_LAYER && f->how[i] != DEPTHWISE)
            continue;
        f->a.C = m->node[i]->shape.c;
        affine_of(m->node[i], &f->a);
        if (f->how[i] == INTO_LAYER)
            scale_outputs(to->node[r->to[i]], &f->a);
        else
            fill_depthwise(to->node[r->to[i]], &f->a);
    }
    if (f->options->mean == NULL)
        return;
    input_affine(f, m->graph->C);
    if (f->reader > 0)
        scale_inputs(to->node[r->to[f->reader]], &f->a);
    else
        fill_depthwise(to->node[f->scaling], &f->a);
}

static mye_status write_all(folding *f, mye_rewrite *r, mye_model **out, mye_error *err)
{
    MYE_TRY(plan(f, err));
    MYE_TRY(mye_rewrite_begin(f->from, r, err));
    MYE_TRY(write_input(f, r, err));
    for (int i = 1; i < f->from->n_nodes; i++)
        if (!f->from->node[i]->auxiliary)
            MYE_TRY(write_node(f, r, i, err));
    MYE_TRY(mye_rewrite_end(r, f->options->static_input, out, err));
    fill(f, r, *out);
    return MYE_OK;
}

mye_status mye_fold(const mye_model *from, const mye_fold_options *options, mye_model **out,
                    int *folded, mye_error *err)
{
    folding f = {.from = from, .options = options};
    mye_rewrite r = {NULL};
    *out = NULL;
    f.how = mye_alloc(from->ctx, (size_t)from->n_nodes);
    mye_status status = f.how != NULL
                            ? write_all(&f, &r, out, err)
                            : mye_no_memory(err, (size_t)from->n_nodes, "folding a network");
    *folded = f.folded;
    mye_rewrite_free(&r);
    mye_free(from->ctx, f.how);
    mye_free(from->ctx, f.a.scale);
    if (status != MYE_OK) {
        mye_model_free(*out);
        *out = NULL;
    }
    return status;
}
