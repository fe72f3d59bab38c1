#include "convert/grid.h"

#include <math.h>
#include <string.h>

#include "convert/rewrite.h"
#include "node/elementwise.h"

enum { MANTISSA = 24 };

/* ---- layers ---- */

typedef struct layer {
    const mye_conv_shape *shape;
    mye_weight *weight, *bias;
} layer;

/* Is it a layer whose weights are [..][O]? */
static bool layer_of(const mye_node *n, layer *out)
{
    *out = (layer){n->plan, mye_node_find(n, "weight"), mye_node_find(n, "bias")};
    return (n->type->flags & MYE_NODE_PRODUCT) && out->weight != NULL;
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

/* Binary digits that an average adds, -1: it is not over a power of two. */
static int average_digits(const mye_model *m, const mye_node *n)
{
    const mye_shape in = m->node[n->in[0]]->shape;
    int values = 1;
    if (mye_rewrite_is(n, "global_avgpool"))
        values = in.h * in.w;
    else if (mye_rewrite_is(n, "avgpool"))
        values = (in.h / n->shape.h) * (in.w / n->shape.w);
    else if (mye_rewrite_is(n, "adaptive_avgpool") || mye_rewrite_is(n, "upsample") ||
             mye_rewrite_is(n, "scale"))
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

static int smallest_unit(const mye_grid *g, const mye_node *n)
{
    int unit = g->unit[n->in[0]];
    for (int k = 1; k < n->n_in; k++)
        unit = g->unit[n->in[k]] < unit ? g->unit[n->in[k]] : unit;
    return unit;
}

static void round_layer(mye_grid *g, const mye_node *n, layer *l, double room)
{
    const int in = g->unit[n->in[0]];
    const double bound = room * g->sum[n->index];
    const int out = bound > 0 ? ilogb(bound) + 1 - MANTISSA : in - MANTISSA;
    const double bits = log2(largest(l->weight)) - (out - in);
    round_to(l->weight, out - in);
    round_to(l->bias, out);
    g->unit[n->index] = out;
    if (leads_to_neurons(g->model, n->index) && bits < g->weight_bits)
        g->weight_bits = bits > 0 ? (int)bits : 0;
}

static void round_neurons(mye_grid *g, mye_node *n)
{
    mye_weight *theta = mye_node_find(n, "theta");
    int unit = INT32_MAX;
    for (size_t i = 0; i < theta->count; i++) {
        const int exponent = (int)lrint(log2((double)theta->data[i]));
        theta->data[i] = (float)ldexp(1, exponent);
        unit = exponent < unit ? exponent : unit;
    }
    g->unit[n->index] = unit;
}

static void round_node(mye_grid *g, mye_node *n, double room)
{
    layer l;
    if (layer_of(n, &l)) {
        round_layer(g, n, &l, room);
        return;
    }
    if (mye_transmit_is(n)) {
        round_neurons(g, n);
        return;
    }
    const int digits = average_digits(g->model, n);
    g->unit[n->index] = smallest_unit(g, n) - (digits > 0 ? digits : 0);
    if (digits < 0 && leads_to_neurons(g->model, n->index))
        g->is_binary = false;
}

void mye_grid_round(mye_grid *g, mye_snn *snn, double room)
{
    g->is_binary = true;
    g->weight_bits = MANTISSA;
    g->unit[0] = ilogb(MYE_GRID_PIXEL);
    for (int i = 1; i < snn->model->n_nodes; i++)
        round_node(g, snn->model->node[i], room);
}

bool mye_grid_was_exact(const mye_grid *g)
{
    bool exact = g->is_binary;
    for (int i = 1; i < g->model->n_nodes; i++) {
        const mye_node *n = g->model->node[i];
        layer l;
        if (layer_of(n, &l) && leads_to_neurons(g->model, i))
            exact = exact && g->sum[i] < ldexp(1, MANTISSA + g->unit[i]);
    }
    return exact;
}

/* ---- looking on ---- */

typedef struct view {
    const float *x;
    int64_t image, row; /* floats */
} view;

static void read_rows(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                      mye_lane *lane)
{
    const view *v = self;
    MYE_UNUSED(lane);
    for (int h = h0; h < h1; h++, dst += pitch)
        memcpy(dst, v->x + i * v->image + h * v->row, (size_t)v->row * sizeof *dst);
}

/* Sizes of what a layer reads at step t. */
static void take_input(const mye_grid *g, const mye_pass *p, const mye_node *n, int t)
{
    const mye_conv_shape *s = n->plan;
    const mye_node_images reader = {p, n->in[0], t, s->H == 1};
    const mye_images x = mye_images_of(&reader);
    const int64_t row = (int64_t)s->W * s->C;
    float *to = g->input;
    for (int b = 0; b < p->B; b++)
        for (int h = 0; h < s->H; h++, to += row) {
            g->lane[0].used = 0;
            x.read(x.self, b, h, h + 1, to, row, &g->lane[0]);
            for (int64_t i = 0; i < row; i++)
                to[i] = fabsf(to[i]);
        }
}

/* The largest output of the layer with sizes of weights on sizes of inputs. */
static double see_layer(mye_grid *g, const mye_pass *p, const mye_node *n, const layer *l, int t)
{
    const mye_conv_shape *s = l->shape;
    const mye_conv_kernels *way = &p->k->conv[MYE_CONV_DIRECT];
    const view v = {g->input, (int64_t)s->H * s->W * s->C, (int64_t)s->W * s->C};
    const mye_images images = {.read = read_rows, .self = &v, .floats = g->input};
    take_input(g, p, n, t);
    for (size_t i = 0; i < l->weight->count; i++)
        g->weight[i] = fabsf(l->weight->data[i]);
    const float *weight = g->weight;
    if (way->pack_bytes(s, MYE_CONV_FORWARD) > 0) {
        way->pack(p->lanes, s, MYE_CONV_FORWARD, weight, g->packed);
        weight = g->packed;
    }
    way->forward(p->lanes, s, p->B, images, weight, NULL, g->output, NULL);
    const int64_t outputs = (int64_t)p->B * s->OH * s->OW * s->O;
    double most = 0;
    for (int64_t i = 0; i < outputs; i++) {
        const double bias = l->bias != NULL ? fabs((double)l->bias->data[i % s->O]) : 0;
        most = fmax(most, (double)g->output[i] + bias);
    }
    return most;
}

void mye_grid_see(mye_grid *g, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    layer l;
    if (!layer_of(n, &l))
        return;
    for (int t = t0; t < t1; t++) {
        const double most = see_layer(g, p, n, &l, t);
        double *total = &g->total[n->index];
        *total = t == 0 ? 0 : *total;
        *total += n->is_static ? most * p->T : most;
        g->sum[n->index] = fmax(g->sum[n->index], *total);
    }
}

void mye_grid_forget(mye_grid *g)
{
    memset(g->sum, 0, (size_t)g->model->n_nodes * sizeof *g->sum);
}

/* ---- room ---- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

mye_status mye_grid_create(const mye_model *model, int batch, mye_grid *out, mye_error *err)
{
    mye_context *ctx = model->ctx;
    const mye_conv_kernels *way = &mye_context_table(ctx)->conv[MYE_CONV_DIRECT];
    const size_t n = (size_t)model->n_nodes, B = (size_t)batch;
    size_t input = 1, weight = 1, packed = 1, output = 1;
    *out = (mye_grid){.ctx = ctx, .model = model};
    for (size_t i = 0; i < n; i++) {
        layer l;
        if (!layer_of(model->node[i], &l))
            continue;
        const mye_conv_shape *s = l.shape;
        input = larger(input, (size_t)s->H * (size_t)s->W * (size_t)s->C);
        output = larger(output, (size_t)s->OH * (size_t)s->OW * (size_t)s->O);
        weight = larger(weight, l.weight->count);
        packed = larger(packed, way->pack_bytes(s, MYE_CONV_FORWARD) / sizeof(float));
    }
    out->unit = mye_alloc_array(ctx, n, sizeof *out->unit);
    out->sum = mye_alloc_array(ctx, n, sizeof *out->sum);
    out->total = mye_alloc_array(ctx, n, sizeof *out->total);
    out->input = mye_alloc_array(ctx, B * input, sizeof(float));
    out->weight = mye_alloc_array(ctx, weight, sizeof(float));
    out->packed = mye_alloc_array(ctx, packed, sizeof(float));
    out->output = mye_alloc_array(ctx, B * output, sizeof(float));
    if (!out->unit || !out->sum || !out->total || !out->input || !out->weight || !out->packed ||
        !out->output)
        return mye_no_memory(err, B * (input + output) * sizeof(float), "a network on a grid");
    return mye_convert_lanes(ctx, model, (int64_t)input, &out->lane, err);
}

void mye_grid_free(mye_grid *g)
{
    if (g->ctx == NULL)
        return;
    mye_free(g->ctx, g->unit);
    mye_free(g->ctx, g->sum);
    mye_free(g->ctx, g->total);
    mye_free(g->ctx, g->input);
    mye_free(g->ctx, g->weight);
    mye_free(g->ctx, g->packed);
    mye_free(g->ctx, g->output);
    mye_convert_lanes_free(g->ctx, g->lane);
}
