/*
 * Counting. A synaptic operation is one weight that meets one value that is not 0, where the layer
 * reads it: behind pooling, which makes one value of several spikes. A pixel near the edge has fewer
 * outputs that see it.
 */
#include "convert/count.h"

#include <math.h>
#include <string.h>

#include "node/elementwise.h"

enum { EVENTS, NEGATIVE, MAGNITUDE, PARTS };

/* ---- neurons ---- */

typedef struct neuron_job {
    mye_count *count;
    const mye_pass *p;
    const mye_node *n;
    const mye_weight *theta;
    int t;
} neuron_job;

enum { LANES = 16 };

/* Sum of |y|; sum[j] takes every LANES-th value, so that vectors may do it. */
static double sum_of_sizes(const float *y, int64_t n)
{
    float sum[LANES] = {0};
    double total = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            sum[j] += fabsf(y[i + j]);
    for (; i < n; i++)
        total += fabs((double)y[i]);
    for (int j = 0; j < LANES; j++)
        total += (double)sum[j];
    return total;
}

/* Coefficients of a layer with several thresholds. */
static double sum_of_coefficients(const float *y, int64_t n, const mye_weight *theta)
{
    const int64_t period = (int64_t)theta->count;
    double sum = 0;
    for (int64_t i = 0, k = 0; i < n; i++, k = k + 1 == period ? 0 : k + 1)
        if (y[i] != 0.0f)
            sum += fabs((double)y[i] / (double)theta->data[k]);
    return sum;
}

static void count_neurons(void *arg, int b, int lane)
{
    const neuron_job *j = arg;
    const float *y = mye_value_row(j->p, j->n->index, j->t, b);
    const int64_t n = j->p->value[j->n->index].n;
    double *part = j->count->part + b * PARTS;
    int32_t events = 0, negative = 0;
    MYE_UNUSED(lane);
    for (int64_t i = 0; i < n; i++) {
        events += y[i] != 0.0f;
        negative += y[i] < 0.0f;
    }
    part[EVENTS] = events;
    part[NEGATIVE] = negative;
    /* Coefficients are whole numbers: so is their sum, but for rounding. */
    part[MAGNITUDE] = rint(j->theta->count == 1 ? sum_of_sizes(y, n) / (double)j->theta->data[0]
                                                : sum_of_coefficients(y, n, j->theta));
}

static void add_parts(const mye_count *c, int B, int part, double *to)
{
    for (int b = 0; b < B; b++)
        *to += c->part[b * PARTS + part];
}

static void count_layer(mye_count *c, const mye_pass *p, const mye_node *n, int layer, int t)
{
    const mye_layer_count *l = &c->layer[layer];
    neuron_job j = {c, p, n, mye_node_find(n, "theta"), t};
    mye_parallel(c->ctx, p->B, count_neurons, &j);
    add_parts(c, p->B, EVENTS, &l->events[t]);
    add_parts(c, p->B, NEGATIVE, &l->negative[t]);
    add_parts(c, p->B, MAGNITUDE, &l->magnitude[t]);
}

/* ---- layers ---- */

/* How many outputs of one direction see position `at`. */
static int seen_by(int at, int out, int kernel, int stride, int padding)
{
    int n = 0;
    for (int k = 0; k < kernel; k++) {
        const int from = at + padding - k;
        n += from >= 0 && from % stride == 0 && from / stride < out;
    }
    return n;
}

typedef struct layer_job {
    mye_count *count;
    const mye_pass *p;
    const mye_node *n;
    int t;
} layer_job;

static double row_operations(const mye_conv_shape *s, int h, const float *row)
{
    const double rows = seen_by(h, s->OH, s->kh, s->sh, s->ph);
    double sum = 0;
    for (int w = 0; w < s->W; w++, row += s->C) {
        int64_t set = 0;
        for (int c = 0; c < s->C; c++)
            set += row[c] != 0.0f;
        if (set > 0)
            sum += (double)set * rows * seen_by(w, s->OW, s->kw, s->sw, s->pw);
    }
    return sum * s->O / s->groups;
}

static void count_image(void *arg, int b, int lane_index)
{
    const layer_job *j = arg;
    const mye_conv_shape *s = j->n->plan;
    const mye_node_images reader = {j->p, j->n->in[0], j->t, s->H == 1};
    const mye_images x = mye_images_of(&reader);
    const int64_t size = (int64_t)s->W * s->C;
    mye_lane *lane = &j->count->lane[lane_index];
    lane->used = 0;
    float *row = mye_lane_take(lane, (size_t)size * sizeof *row);
    double sum = 0;
    for (int h = 0; h < s->H; h++) {
        x.read(x.self, b, h, h + 1, row, size, lane);
        sum += row_operations(s, h, row);
    }
    j->count->part[b * PARTS] = sum;
}

static double macs_of(const mye_node *n)
{
    mye_ops ops = {0};
    if (n->type->count != NULL)
        n->type->count(n, &ops);
    return ops.macs;
}

void mye_count_node(mye_count *c, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const int layer = mye_snn_layer(c->conversion, c->snn, n);
    for (int t = t0; layer >= 0 && t < t1; t++)
        count_layer(c, p, n, layer, t);
    if (n->is_static || macs_of(n) <= 0)
        return;
    for (int t = t0; t < t1; t++) {
        layer_job j = {c, p, n, t};
        if (!(n->type->flags & MYE_NODE_PRODUCT)) { /* computed densely, at every step */
            c->sop[t] += macs_of(n) * p->B;
            continue;
        }
        mye_parallel(c->ctx, p->B, count_image, &j);
        add_parts(c, p->B, 0, &c->sop[t]);
    }
}

/* ---- room ---- */

static mye_status take_room(mye_count *c, mye_error *err)
{
    const int layers = c->conversion->n_layers;
    const size_t T = (size_t)c->T;
    c->layer = mye_alloc_array(c->ctx, (size_t)layers, sizeof *c->layer);
    c->sop = mye_alloc_array(c->ctx, T * (size_t)(3 * layers + 1), sizeof *c->sop);
    c->part = mye_alloc_array(c->ctx, (size_t)c->batch * PARTS, sizeof *c->part);
    if (c->layer == NULL || c->sop == NULL || c->part == NULL)
        return mye_no_memory(err, T * (size_t)(3 * layers + 1) * sizeof *c->sop,
                             "counts of events");
    double *at = c->sop + T;
    for (int l = 0; l < layers; l++, at += 3 * T)
        c->layer[l] = (mye_layer_count){at, at + T, at + 2 * T};
    return mye_convert_lanes(c->ctx, c->snn->model, c->row, &c->lane, err);
}

mye_status mye_count_create(const mye_conversion *conversion, const mye_snn *snn, int T,
                            mye_count *out, mye_error *err)
{
    *out = (mye_count){.ctx = conversion->ctx,
                       .conversion = conversion,
                       .snn = snn,
                       .T = T,
                       .batch = conversion->batch};
    for (int i = 0; i < snn->model->n_nodes; i++) {
        const mye_node *n = snn->model->node[i];
        const mye_conv_shape *s = n->plan;
        if (n->is_static)
            out->macs += macs_of(n);
        else if ((n->type->flags & MYE_NODE_PRODUCT) && (int64_t)s->W * s->C > out->row)
            out->row = (int64_t)s->W * s->C;
    }
    return take_room(out, err);
}

void mye_count_free(mye_count *c)
{
    if (c->ctx == NULL)
        return;
    mye_convert_lanes_free(c->ctx, c->lane);
    mye_free(c->ctx, c->layer);
    mye_free(c->ctx, c->sop);
    mye_free(c->ctx, c->part);
}
