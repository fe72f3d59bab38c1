/* Activations of the folded network over the calibration images. */
#include "convert/convert.h"

#include <math.h>
#include <string.h>

enum { MOST_BINS = 1 << 16, LEAST_BINS = 256, ALL_BINS = 1 << 22, CHUNK = 4096 };

typedef struct looking {
    mye_conversion *c;
    int per; /* histograms: of which kind; -1: none yet, but maxima and sums */
} looking;

static mye_activation *layer_of(const mye_conversion *c, const mye_node *n)
{
    for (int i = 0; i < c->n_layers; i++)
        if (c->layer[i].node == n->index)
            return &c->layer[i];
    return NULL;
}

/* ---- first look: maxima, sums, zeros ---- */

typedef struct maxima {
    const mye_pass *p;
    mye_activation *a;
} maxima;

static void take_maxima(void *arg, int shard, int lane)
{
    const maxima *m = arg;
    const int64_t from = (int64_t)shard * CHUNK;
    const int64_t end = from + CHUNK < m->a->n ? from + CHUNK : m->a->n;
    MYE_UNUSED(lane);
    for (int b = 0; b < m->p->B; b++) {
        const float *y = mye_value_row(m->p, m->a->node, 0, b);
        for (int64_t i = from; i < end; i++)
            m->a->max[i] = y[i] > m->a->max[i] ? y[i] : m->a->max[i];
    }
}

static void take_sums(const mye_pass *p, mye_activation *a)
{
    for (int b = 0; b < p->B; b++) {
        const float *y = mye_value_row(p, a->node, 0, b);
        double sum = 0;
        for (int64_t i = 0; i < a->n; i++) {
            sum += (double)y[i];
            a->zeros += y[i] == 0.0f;
        }
        a->sum += sum;
    }
}

/* ---- second look: histograms ---- */

static int group_of(const mye_histogram *h, int64_t i)
{
    return (int)(i % h->groups); /* layer: 0; channels are innermost; neurons: themselves */
}

static void add_to_histogram(mye_histogram *h, const float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const int g = group_of(h, i);
        if (!(y[i] > 0.0f) || h->max[g] <= 0.0f) {
            h->zero[g]++;
            continue;
        }
        const double at = (double)y[i] / (double)h->max[g] * h->bins;
        int k = (int)at;
        k -= at == k && k > 0; /* bins hold their upper edge */
        h->count[(size_t)g * (size_t)h->bins + (size_t)(k < h->bins ? k : h->bins - 1)]++;
    }
}

static void look_at(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const looking *l = self;
    mye_activation *a = layer_of(l->c, n);
    MYE_UNUSED(t0);
    MYE_UNUSED(t1);
    if (a == NULL)
        return;
    if (l->per < 0) {
        maxima m = {p, a};
        mye_parallel(l->c->ctx, (int)((a->n + CHUNK - 1) / CHUNK), take_maxima, &m);
        take_sums(p, a);
        return;
    }
    for (int b = 0; b < p->B; b++)
        add_to_histogram(&a->histogram[l->per], mye_value_row(p, a->node, 0, b), a->n);
}

static mye_status look(mye_conversion *c, int per, mye_error *err)
{
    looking l = {c, per};
    mye_look look = {.model = c->folded,
                     .training_set = true,
                     .encoder = "direct",
                     .T = 1,
                     .n = c->n_calibrate,
                     .phase = "calibrate",
                     .watch = {.node = look_at, .self = &l}};
    return mye_convert_look(c, &look, err);
}

/* ---- histograms ---- */

static mye_status make_histogram(mye_conversion *c, mye_activation *a, int per, mye_error *err)
{
    const mye_node *n = c->folded->node[a->node];
    mye_histogram *h = &a->histogram[per];
    const int groups[MYE_PER_KINDS] = {1, n->shape.c, (int)a->n};
    h->groups = groups[per];
    h->bins = ALL_BINS / h->groups;
    h->bins = h->bins > MOST_BINS ? MOST_BINS : h->bins < LEAST_BINS ? LEAST_BINS : h->bins;
    h->total = c->n_calibrate * (a->n / h->groups);
    const size_t cells = (size_t)h->groups * (size_t)h->bins;
    h->count = mye_alloc_array(c->ctx, cells, sizeof *h->count);
    h->zero = mye_alloc_array(c->ctx, (size_t)h->groups, sizeof *h->zero);
    h->max = mye_alloc_array(c->ctx, (size_t)h->groups, sizeof *h->max);
    if (h->count == NULL || h->zero == NULL || h->max == NULL)
        return mye_no_memory(err, cells * sizeof *h->count, "a histogram of activations");
    for (int64_t i = 0; i < a->n; i++) {
        float *max = &h->max[group_of(h, i)];
        *max = a->max[i] > *max ? a->max[i] : *max;
    }
    return MYE_OK;
}

static void drop_histogram(const mye_conversion *c, mye_histogram *h)
{
    mye_free(c->ctx, h->count);
    mye_free(c->ctx, h->zero);
    mye_free(c->ctx, h->max);
    *h = (mye_histogram){0};
}

mye_status mye_activations_histogram(mye_conversion *c, int layer, int per,
                                     const mye_histogram **out, mye_error *err)
{
    *out = &c->layer[layer].histogram[per];
    if ((*out)->count != NULL)
        return MYE_OK;
    mye_status status = MYE_OK;
    for (int i = 0; i < c->n_layers && status == MYE_OK; i++)
        status = make_histogram(c, &c->layer[i], per, err);
    if (status == MYE_OK)
        status = look(c, per, err);
    /* One that is not full must not be there: the next caller would take it for whole. */
    for (int i = 0; i < c->n_layers && status != MYE_OK; i++)
        drop_histogram(c, &c->layer[i].histogram[per]);
    return status;
}

double mye_histogram_percentile(const mye_histogram *h, int group, double share)
{
    const uint32_t *count = h->count + (size_t)group * (size_t)h->bins;
    const double want = share * (double)h->total;
    double seen = (double)h->zero[group];
    if (seen >= want)
        return 0;
    for (int k = 0; k < h->bins; k++) {
        seen += (double)count[k];
        if (seen >= want)
            return (double)h->max[group] * (k + 1) / h->bins;
    }
    return (double)h->max[group];
}

/* ---- the whole ---- */

static mye_status list_layers(mye_conversion *c, mye_error *err)
{
    const mye_model *m = c->folded;
    for (int i = 0; i < m->n_nodes; i++)
        c->n_layers += mye_is_activation(m->node[i]);
    if (c->n_layers == 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "the network has no activation (relu, qcfs) that a spiking neuron could "
                        "stand for");
    c->layer = mye_alloc_array(c->ctx, (size_t)c->n_layers, sizeof *c->layer);
    c->facts = mye_alloc_array(c->ctx, (size_t)c->n_layers, sizeof *c->facts);
    if (c->layer == NULL || c->facts == NULL)
        return mye_no_memory(err, 0, "the list of activations");
    mye_activation *a = c->layer;
    for (int i = 0; i < m->n_nodes; i++) {
        if (!mye_is_activation(m->node[i]))
            continue;
        a->node = i;
        a->n = mye_shape_size(m->node[i]->shape);
        a->max = mye_alloc_array(c->ctx, (size_t)a->n, sizeof *a->max);
        if (a->max == NULL)
            return mye_no_memory(err, (size_t)a->n * sizeof *a->max, "maxima of activations");
        a++;
    }
    return MYE_OK;
}

/* Histograms have no bin for infinity; no threshold could be drawn from it either. */
static mye_status check_finite(const mye_conversion *c, mye_error *err)
{
    for (int i = 0; i < c->n_layers; i++)
        if (!isfinite(c->layer[i].sum))
            return mye_fail(err, MYE_ERR_FORMAT,
                            "activations are to be finite, but those of '%s' are not on the "
                            "calibration images: the network's weights may be damaged",
                            c->folded->node[c->layer[i].node]->name);
    return MYE_OK;
}

mye_status mye_activations_measure(mye_conversion *c, mye_error *err)
{
    MYE_TRY(list_layers(c, err));
    MYE_TRY(look(c, -1, err));
    MYE_TRY(check_finite(c, err));
    for (int i = 0; i < c->n_layers; i++) {
        const mye_activation *a = &c->layer[i];
        const mye_histogram *h;
        MYE_TRY(mye_activations_histogram(c, i, TRANSMIT_LAYER, &h, err));
        c->facts[i] =
            (mye_convert_activation){.name = c->folded->node[a->node]->name,
                                     .neurons = a->n,
                                     .max = (double)h->max[0],
                                     .p999 = mye_histogram_percentile(h, 0, 0.999),
                                     .p99 = mye_histogram_percentile(h, 0, 0.99),
                                     .mean = a->sum / (double)(a->n * c->n_calibrate),
                                     .zeros = (double)a->zeros / (double)(a->n * c->n_calibrate)};
    }
    return MYE_OK;
}

void mye_activations_free(mye_conversion *c)
{
    for (int i = 0; c->layer != NULL && i < c->n_layers; i++) {
        mye_free(c->ctx, c->layer[i].max);
        for (int per = 0; per < MYE_PER_KINDS; per++)
            drop_histogram(c, &c->layer[i].histogram[per]);
    }
    mye_free(c->ctx, c->layer);
    mye_free(c->ctx, c->facts);
}
