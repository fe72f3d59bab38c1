/*
 * The gradient of a time rule beside that of a reference rule, on held batches.
 *
 * Both runs see the same samples at the same weights, with batch norm in training mode, the same
 * loss, encoding and dropout. What a training step changes beside weights is put back: running
 * statistics and the ways of the layers. For the comparison every layer chooses its way anew, so
 * that the result depends on weights and samples alone and not on where the run has been.
 *
 * Chosen: cosine and norm ratio of each batch, then their mean. The gradient of the mean over all
 * batches would hide what the rules add in noise, and that is what a training step sees.
 */
#include "train/cosine.h"

#include <math.h>
#include <string.h>

/* <g, r>, <g, g>, <r, r> of one batch. */
typedef struct products {
    double gr, gg, rr;
} products;

/* Sums over batches, and how many had a value. */
typedef struct mean {
    double cosine, ratio;
    int n_cosine, n_ratio;
} mean;

enum { OVERALL, WEIGHTS, TOTALS };

struct mye_cosine {
    mye_context *ctx;
    const mye_model *model;
    mye_cosine_setting set;
    float *gradient, *buffers; /* [n_params], [n_buffers], kept aside */
    uint8_t *ways, *no_ways;   /* of either run: the larger number    */
    size_t ways_bytes;
    const mye_weight **weight; /* [n_layers] */
    mye_layer_cosine *layer;   /* [n_layers] */
    mean *sum;                 /* [TOTALS + n_layers] */
    mye_cosine_result result;
};

/* ---- making one ---- */

size_t mye_cosine_bytes(const mye_model *model)
{
    return (model->n_params + model->n_buffers) * sizeof(float);
}

/* The weight of a layer that multiplies, NULL for other nodes. */
static const mye_weight *layer_weight(const mye_node *n)
{
    mye_ops ops = {0};
    if (n->type->count != NULL)
        n->type->count(n, &ops);
    const mye_weight *w = ops.macs > 0 && !n->auxiliary ? mye_node_find(n, "weight") : NULL;
    return w != NULL && w->trainable ? w : NULL;
}

static void list_layers(mye_cosine *c)
{
    int n = 0;
    for (int i = 0; i < c->model->n_nodes; i++) {
        const mye_weight *w = layer_weight(c->model->node[i]);
        if (w == NULL)
            continue;
        c->weight[n] = w;
        c->layer[n++].layer = c->model->node[i]->name;
    }
    c->result.n_layers = n;
}

static mye_status fill(mye_cosine *c, mye_error *err)
{
    const mye_model *m = c->model;
    const size_t nodes = (size_t)m->n_nodes, a = mye_run_ways_bytes(c->set.run),
                 b = mye_run_ways_bytes(c->set.reference);
    c->ways_bytes = a > b ? a : b;
    c->gradient = mye_alloc_array(c->ctx, m->n_params, sizeof *c->gradient);
    c->buffers = mye_alloc_array(c->ctx, m->n_buffers + 1, sizeof *c->buffers);
    c->ways = mye_alloc(c->ctx, c->ways_bytes);
    c->no_ways = mye_alloc(c->ctx, c->ways_bytes);
    c->weight = mye_alloc_array(c->ctx, nodes, sizeof *c->weight);
    c->layer = mye_alloc_array(c->ctx, nodes, sizeof *c->layer);
    c->sum = mye_alloc_array(c->ctx, TOTALS + nodes, sizeof *c->sum);
    if (!c->gradient || !c->buffers || !c->ways || !c->no_ways || !c->weight || !c->layer ||
        !c->sum)
        return mye_no_memory(err, mye_cosine_bytes(m), "the comparison of gradients");
    memset(c->no_ways, 0, c->ways_bytes);
    list_layers(c);
    c->result.rule = mye_run_asked(c->set.run)->time;
    c->result.reference = mye_run_asked(c->set.reference)->time;
    c->result.layer = c->layer;
    return MYE_OK;
}

mye_status mye_cosine_create(mye_context *ctx, const mye_model *model,
                             const mye_cosine_setting *setting, mye_cosine **out, mye_error *err)
{
    *out = NULL;
    mye_cosine *c = mye_alloc(ctx, sizeof *c);
    if (!c)
        return mye_no_memory(err, sizeof *c, "the comparison of gradients");
    c->ctx = ctx;
    c->model = model;
    c->set = *setting;
    const mye_status status = fill(c, err);
    if (status != MYE_OK) {
        mye_cosine_free(c);
        return status;
    }
    *out = c;
    return MYE_OK;
}

void mye_cosine_free(mye_cosine *c)
{
    if (!c)
        return;
    mye_free(c->ctx, c->gradient);
    mye_free(c->ctx, c->buffers);
    mye_free(c->ctx, c->ways);
    mye_free(c->ctx, c->no_ways);
    mye_free(c->ctx, c->weight);
    mye_free(c->ctx, c->layer);
    mye_free(c->ctx, c->sum);
    mye_free(c->ctx, c);
}

/* ---- one batch ---- */

/* One order of additions, whatever the number of threads. */
static products multiply(const mye_cosine *c, const mye_weight *w)
{
    const float *g = c->gradient + (w->grad - c->model->grad), *r = w->grad;
    products p = {0};
    for (size_t i = 0; i < w->count; i++) {
        p.gr += (double)g[i] * (double)r[i];
        p.gg += (double)g[i] * (double)g[i];
        p.rr += (double)r[i] * (double)r[i];
    }
    return p;
}

static void add(products *to, products p)
{
    to->gr += p.gr;
    to->gg += p.gg;
    to->rr += p.rr;
}

/* Equal gradients have the cosine 1 to the bit: the root of a square is exact. */
static void count(mean *m, products p)
{
    if (p.gg > 0 && p.rr > 0) {
        m->cosine += p.gr / sqrt(p.gg * p.rr);
        m->n_cosine++;
    }
    if (p.rr > 0) {
        m->ratio += sqrt(p.gg / p.rr);
        m->n_ratio++;
    }
}

static void compare_gradients(mye_cosine *c)
{
    products all = {0}, weights = {0};
    for (int i = 0; i < c->model->n_trainable; i++)
        if (!c->model->weight[i]->auxiliary)
            add(&all, multiply(c, c->model->weight[i]));
    for (int i = 0; i < c->result.n_layers; i++) {
        const products p = multiply(c, c->weight[i]);
        add(&weights, p);
        count(&c->sum[TOTALS + i], p);
    }
    count(&c->sum[OVERALL], all);
    count(&c->sum[WEIGHTS], weights);
}

static mye_status both_gradients(mye_cosine *c, const mye_batch *batch, mye_error *err)
{
    const mye_model *m = c->model;
    const int B = batch->B < c->set.batch ? batch->B : c->set.batch;
    mye_target target = {.label = batch->label};
    if (c->set.target != NULL)
        c->set.target(c->set.self, batch->image, &target);
    const uint64_t seed = c->set.seed;
    mye_source source = mye_input_source(c->set.input, B, batch->image, batch->index, seed);
    MYE_TRY(mye_run_step(c->set.run, B, source, &target, seed, NULL, err));
    memcpy(c->gradient, m->grad, m->n_params * sizeof *c->gradient);
    source = mye_input_source(c->set.input, B, batch->image, batch->index, seed);
    MYE_TRY(mye_run_step(c->set.reference, B, source, &target, seed, NULL, err));
    compare_gradients(c);
    c->result.batches++;
    c->result.samples += B;
    return MYE_OK;
}

/* ---- all batches ---- */

/* Of each batch that the loader makes, as many samples are used as a training batch has. */
static mye_status start_loader(const mye_cosine *c, mye_error *err)
{
    const mye_cosine_setting *s = &c->set;
    int64_t *order = mye_alloc_array(c->ctx, (size_t)s->n, sizeof *order);
    if (!order)
        return mye_no_memory(err, (size_t)s->n * sizeof *order, "the order of held samples");
    mye_random_permutation(s->seed, MYE_STREAM_SHUFFLE, 0, s->n, order);
    const int64_t wanted = s->batches * s->loaded, n = wanted < s->n ? wanted : s->n;
    const mye_status status = mye_loader_start(s->loader, 0, order, NULL, n, 0, err);
    mye_free(c->ctx, order);
    return status;
}

static mye_status all_batches(mye_cosine *c, mye_error *err)
{
    MYE_TRY(start_loader(c, err));
    for (;;) {
        const mye_batch *batch = NULL;
        if (mye_context_cancelled(c->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped while comparing gradients");
        MYE_TRY(mye_loader_next(c->set.loader, &batch, err));
        if (!batch)
            return MYE_OK;
        MYE_TRY(both_gradients(c, batch, err));
    }
}

static void set_profile(mye_run *run, bool on)
{
    mye_run_pass(run)->profile = on;
    if (mye_run_rate_pass(run) != NULL)
        mye_run_rate_pass(run)->profile = on;
}

static double mean_of(double sum, int n)
{
    return n > 0 ? sum / n : (double)NAN;
}

static void finish(mye_cosine *c)
{
    mye_cosine_result *r = &c->result;
    const mean *s = c->sum;
    r->cosine = mean_of(s[OVERALL].cosine, s[OVERALL].n_cosine);
    r->norm_ratio = mean_of(s[OVERALL].ratio, s[OVERALL].n_ratio);
    r->weights_cosine = mean_of(s[WEIGHTS].cosine, s[WEIGHTS].n_cosine);
    r->weights_norm_ratio = mean_of(s[WEIGHTS].ratio, s[WEIGHTS].n_ratio);
    for (int i = 0; i < r->n_layers; i++) {
        c->layer[i].cosine = mean_of(s[TOTALS + i].cosine, s[TOTALS + i].n_cosine);
        c->layer[i].norm_ratio = mean_of(s[TOTALS + i].ratio, s[TOTALS + i].n_ratio);
    }
}

mye_status mye_cosine_measure(mye_cosine *c, int64_t epoch, const mye_cosine_result **out,
                              mye_error *err)
{
    const mye_model *m = c->model;
    const bool profile = mye_run_asked(c->set.run)->profile;
    memset(c->sum, 0, (TOTALS + (size_t)m->n_nodes) * sizeof *c->sum);
    c->result.epoch = epoch;
    c->result.batches = 0;
    c->result.samples = 0;
    memcpy(c->buffers, m->buffer, m->n_buffers * sizeof *c->buffers);
    mye_run_ways_get(c->set.run, c->ways);
    mye_run_ways_set(c->set.run, c->no_ways);
    mye_run_ways_set(c->set.reference, c->no_ways);
    set_profile(c->set.run, false);
    const mye_status status = all_batches(c, err);
    set_profile(c->set.run, profile);
    mye_run_ways_set(c->set.run, c->ways);
    memcpy(m->buffer, c->buffers, m->n_buffers * sizeof *c->buffers);
    if (status != MYE_OK)
        return status;
    finish(c);
    *out = &c->result;
    return MYE_OK;
}
