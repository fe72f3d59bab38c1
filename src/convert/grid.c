#include "convert/grid.h"

#include <math.h>
#include <string.h>

enum { MANTISSA = 24 };

/* ---- layers ---- */

typedef struct layer {
    mye_weight *weight, *bias;
    size_t O;
} layer;

/* Is it a layer whose weights are [..][O]? */
static bool layer_of(const mye_node *n, layer *out)
{
    *out = (layer){mye_node_find(n, "weight"), mye_node_find(n, "bias"), 0};
    if (!(n->type->flags & MYE_NODE_PRODUCT) || out->weight == NULL)
        return false;
    out->O = (size_t)out->weight->dim[0];
    return true;
}

/* Largest sum of |w| of an output, and of |b|. */
static double largest_sum(const layer *l, double input, double gain)
{
    double most = 0;
    for (size_t o = 0; o < l->O; o++) {
        double sum = l->bias != NULL ? gain * fabs((double)l->bias->data[o]) : 0;
        for (size_t i = o; i < l->weight->count; i += l->O)
            sum += input * fabs((double)l->weight->data[i]);
        most = sum > most ? sum : most;
    }
    return most;
}

static void round_to(mye_weight *w, int unit)
{
    for (size_t i = 0; w != NULL && i < w->count; i++)
        w->data[i] = (float)ldexp(rint(ldexp((double)w->data[i], -unit)), unit);
}

static double largest(const mye_weight *w)
{
    double most = 0;
    for (size_t i = 0; i < w->count; i++)
        most = fmax(most, fabs((double)w->data[i]));
    return most;
}

/* ---- what nodes do to the grid ---- */

static bool is_op(const mye_node *n, const char *op)
{
    return n->neuron == NULL && strcmp(n->type->entry.name, op) == 0;
}

/* Binary digits that an average adds, -1: it is not over a power of two. */
static int average_digits(const mye_model *m, const mye_node *n)
{
    const mye_shape in = m->node[n->in[0]]->shape;
    int values = 1;
    if (is_op(n, "global_avgpool"))
        values = in.h * in.w;
    else if (is_op(n, "avgpool"))
        values = (in.h / n->shape.h) * (in.w / n->shape.w);
    else if (is_op(n, "adaptive_avgpool") || is_op(n, "upsample") || is_op(n, "scale"))
        return -1;
    const int digits = ilogb(values);
    return 1 << digits == values ? digits : -1;
}

static bool leads_to_neurons(const mye_model *m, int node)
{
    for (int i = node + 1; i < m->n_nodes; i++)
        for (int k = 0; k < m->node[i]->n_in; k++)
            if (m->node[i]->in[k] == node)
                return mye_transmit_is(m->node[i]) || leads_to_neurons(m, i);
    return false;
}

typedef struct rounding {
    const mye_conversion *c;
    mye_snn *snn;
    mye_grid *g;
    double *most; /* [nodes] bound of what accumulates there */
} rounding;

static int smallest_unit(const rounding *r, const mye_node *n)
{
    int unit = r->g->unit[n->in[0]];
    for (int k = 1; k < n->n_in; k++)
        unit = r->g->unit[n->in[k]] < unit ? r->g->unit[n->in[k]] : unit;
    return unit;
}

static void round_layer(const rounding *r, const mye_node *n, layer *l, double steps)
{
    mye_grid *g = r->g;
    const int in = g->unit[n->in[0]];
    const double bound = largest_sum(l, r->most[n->in[0]], steps);
    const int out = bound > 0 ? ilogb(bound) + 2 - MANTISSA : in - MANTISSA;
    round_to(l->weight, out - in);
    round_to(l->bias, out);
    g->unit[n->index] = out;
    r->most[n->index] = bound;
    const double most = largest(l->weight); /* 0: the grid is too coarse for all of them */
    const double bits = most > 0 ? log2(most) - (out - in) : 0;
    g->weight_bits = bits < g->weight_bits ? (int)bits : g->weight_bits;
}

static void round_neurons(const rounding *r, mye_node *n, double steps)
{
    mye_weight *theta = mye_node_find(n, "theta");
    int unit = INT32_MAX;
    for (size_t i = 0; i < theta->count; i++) {
        const int exponent = (int)lrint(log2((double)theta->data[i]));
        theta->data[i] = (float)ldexp(1, exponent);
        unit = exponent < unit ? exponent : unit;
    }
    r->g->unit[n->index] = unit;
    for (int l = 0; l < r->c->n_layers; l++)
        if (r->snn->node[l] == n->index)
            r->most[n->index] = steps * r->c->facts[l].max;
}

static void round_node(const rounding *r, int i, double steps)
{
    mye_node *n = r->snn->model->node[i];
    layer l;
    double sum = 0;
    if (layer_of(n, &l)) {
        round_layer(r, n, &l, steps);
        return;
    }
    if (mye_transmit_is(n)) {
        round_neurons(r, n, steps);
        return;
    }
    for (int k = 0; k < n->n_in; k++)
        sum += r->most[n->in[k]];
    const int digits = average_digits(r->snn->model, n);
    r->most[i] = sum;
    r->g->unit[i] = smallest_unit(r, n) - (digits > 0 ? digits : 0);
    if (digits < 0 && leads_to_neurons(r->snn->model, i))
        r->g->is_binary = false;
}

mye_status mye_grid_round(const mye_conversion *c, mye_snn *snn, double most, mye_grid *out,
                          mye_error *err)
{
    const size_t n = (size_t)snn->model->n_nodes;
    *out =
        (mye_grid){.ctx = c->ctx, .model = snn->model, .is_binary = true, .weight_bits = MANTISSA};
    out->unit = mye_alloc_array(c->ctx, n, sizeof *out->unit);
    out->largest = mye_alloc_array(c->ctx, n, sizeof *out->largest);
    rounding r = {c, snn, out, mye_alloc_array(c->ctx, n, sizeof *r.most)};
    if (out->unit == NULL || out->largest == NULL || r.most == NULL) {
        mye_free(c->ctx, r.most);
        return mye_no_memory(err, n * sizeof *r.most, "a network on a grid");
    }
    double pixel = 1;
    for (int k = 0; k < 4 && c->is_scaled; k++) {
        const double mean = (double)c->ann.about.mean[k], s = (double)c->ann.about.deviation[k];
        pixel = fmax(pixel, fmax(mean, 1 - mean) / s);
    }
    out->unit[0] = ilogb(MYE_GRID_PIXEL);
    r.most[0] = most * pixel;
    for (int i = 1; i < (int)n; i++)
        round_node(&r, i, most);
    mye_free(c->ctx, r.most);
    return MYE_OK;
}

void mye_grid_free(mye_grid *g)
{
    if (g->ctx == NULL)
        return;
    mye_free(g->ctx, g->unit);
    mye_free(g->ctx, g->largest);
}

/* ---- looking on ---- */

void mye_grid_see(mye_grid *g, const mye_pass *p, const mye_node *n, mye_lane *lane, float *row)
{
    layer l;
    if (!layer_of(n, &l))
        return;
    const int64_t size = mye_shape_size(p->node[n->in[0]]->shape);
    for (int b = 0; b < p->B; b++) {
        lane->used = 0;
        const float *x = mye_load(p, n->in[0], (mye_at){0, b, 0, size}, row, lane);
        for (int64_t i = 0; i < size; i++)
            g->largest[n->index] = fmax(g->largest[n->index], fabs((double)x[i]));
    }
}

bool mye_grid_was_exact(const mye_grid *g, double gain)
{
    bool exact = g->is_binary;
    for (int i = 0; i < g->model->n_nodes; i++) {
        layer l;
        if (!layer_of(g->model->node[i], &l) || !leads_to_neurons(g->model, i))
            continue;
        const double bound = largest_sum(&l, g->largest[i], gain);
        exact = exact && bound < ldexp(1, MANTISSA + g->unit[i]);
    }
    return exact;
}
