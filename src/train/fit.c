/* Weights in closed form: see fit.h. */
#include "train/fit.h"

#include <math.h>
#include <string.h>

#include "depth/least_squares.h"

typedef struct fit_layer {
    const mye_fit_rule *rule; /* of module `module` */
    int module;
    int64_t samples;
    mye_least_squares *sums;
} fit_layer;

struct mye_fit {
    mye_context *ctx;
    mye_model *model;
    int K, n;
    fit_layer *layer;          /* [n]                                   */
    float *features, *targets; /* [batch][features], [batch][K]: one batch of one layer */
};

static int64_t features_of(const mye_model *model, const mye_module *m)
{
    return mye_shape_size(model->node[m->head[m->fit.head].output]->shape);
}

static int count_layers(const mye_model *model, int64_t *most)
{
    int n = 0;
    *most = 0;
    for (int k = 0; k < model->n_modules; k++) {
        const mye_module *m = &model->module[k];
        if (m->fit.node == 0)
            continue;
        const int64_t features = features_of(model, m);
        *most = features > *most ? features : *most;
        n++;
    }
    return n;
}

size_t mye_fit_bytes(const mye_model *model, int batch)
{
    const int64_t K = mye_shape_size(model->node[model->output]->shape);
    int64_t most;
    const int n = count_layers(model, &most);
    if (n == 0)
        return 0;
    size_t bytes = sizeof(mye_fit) + (size_t)n * sizeof(fit_layer) +
                   (size_t)batch * (size_t)(most + K) * sizeof(float);
    for (int k = 0; k < model->n_modules; k++)
        if (model->module[k].fit.node != 0)
            bytes += mye_least_squares_bytes(features_of(model, &model->module[k]), K);
    return bytes;
}

static mye_status fill(mye_fit *fit, int batch, mye_error *err)
{
    const mye_model *model = fit->model;
    int64_t most;
    const size_t n = (size_t)count_layers(model, &most), B = (size_t)batch;
    fit->K = mye_model_classes(model);
    fit->layer = mye_alloc_array(fit->ctx, n, sizeof *fit->layer);
    fit->features = mye_alloc_array(fit->ctx, B * (size_t)most, sizeof(float));
    fit->targets = mye_alloc_array(fit->ctx, B * (size_t)fit->K, sizeof(float));
    if (!fit->layer || !fit->features || !fit->targets)
        return mye_no_memory(err, mye_fit_bytes(model, batch), "the sums of closed-form learning");
    for (int k = 0; k < model->n_modules; k++) {
        const mye_module *m = &model->module[k];
        if (m->fit.node == 0)
            continue;
        fit_layer *layer = &fit->layer[fit->n++];
        *layer = (fit_layer){.rule = &m->fit, .module = k};
        MYE_TRY(
            mye_least_squares_create(fit->ctx, features_of(model, m), fit->K, &layer->sums, err));
    }
    return MYE_OK;
}

mye_status mye_fit_create(mye_context *ctx, mye_model *model, int batch, mye_fit **out,
                          mye_error *err)
{
    int64_t most;
    *out = NULL;
    if (count_layers(model, &most) == 0)
        return MYE_OK;
    mye_fit *fit = mye_alloc(ctx, sizeof *fit);
    if (fit == NULL)
        return mye_no_memory(err, sizeof *fit, "closed-form learning");
    fit->ctx = ctx;
    fit->model = model;
    const mye_status status = fill(fit, batch, err);
    if (status != MYE_OK) {
        mye_fit_free(fit);
        return status;
    }
    *out = fit;
    return MYE_OK;
}

void mye_fit_free(mye_fit *fit)
{
    if (fit == NULL)
        return;
    for (int i = 0; i < fit->n; i++)
        mye_least_squares_free(fit->layer[i].sums);
    mye_free(fit->ctx, fit->layer);
    mye_free(fit->ctx, fit->features);
    mye_free(fit->ctx, fit->targets);
    mye_free(fit->ctx, fit);
}

/* ---- samples ---- */

/* A sample of weight w counts as w samples: its equation is multiplied by the root of w. */
static float root_weight(const mye_target *target, int b)
{
    return target->weight != NULL ? sqrtf(target->weight[b]) : 1.0f;
}

static void write_targets(const mye_fit *fit, int B, const mye_target *target)
{
    memset(fit->targets, 0, (size_t)B * (size_t)fit->K * sizeof(float));
    for (int b = 0; b < B; b++) {
        float *y = fit->targets + (size_t)b * (size_t)fit->K;
        const float root = root_weight(target, b);
        const float share = target->mix != NULL && target->label_b != NULL ? target->mix[b] : 1.0f;
        y[target->label[b]] += root * share;
        if (share < 1.0f)
            y[target->label_b[b]] += root * (1.0f - share);
    }
}

/* The mean over the steps, as the readout weighs them. */
static void write_features(const mye_fit *fit, const mye_gathered *in)
{
    const int64_t row = in->B * in->n;
    memset(fit->features, 0, (size_t)row * sizeof(float));
    for (int t = 0; t < in->steps; t++)
        for (int b = 0; b < in->B; b++) {
            const float factor = in->time_weight[t] * root_weight(in->target, b);
            const float *x = in->value + t * row + b * in->n;
            float *f = fit->features + b * in->n;
            for (int64_t i = 0; i < in->n; i++)
                f[i] += factor * x[i];
        }
}

static void gather(void *self, int module, const mye_gathered *in)
{
    const mye_fit *fit = self;
    int i = 0;
    while (fit->layer[i].module != module)
        i++;
    write_targets(fit, in->B, in->target);
    write_features(fit, in);
    mye_least_squares_add(fit->layer[i].sums, fit->features, fit->targets, in->B);
    fit->layer[i].samples += in->B;
}

void mye_fit_watch(mye_fit *fit, mye_run *run)
{
    mye_run_set_gather(run, gather, fit);
}

void mye_fit_begin(mye_fit *fit)
{
    for (int i = 0; i < fit->n; i++) {
        mye_least_squares_clear(fit->layer[i].sums);
        fit->layer[i].samples = 0;
    }
}

int mye_fit_layers(const mye_fit *fit)
{
    return fit->n;
}

mye_status mye_fit_solve(mye_fit *fit, int i, mye_fit_result *out, mye_error *err)
{
    fit_layer *layer = &fit->layer[i];
    const mye_node *n = fit->model->node[layer->rule->node];
    const mye_module *m = &fit->model->module[layer->module];
    *out = (mye_fit_result){
        .node = n->name, .features = features_of(fit->model, m), .samples = layer->samples};
    /* A dense layer's weights are stored [input, channels last][output], as the solution is. */
    return mye_least_squares_solve(layer->sums, layer->rule->ridge, n->weight[0].data, &out->ridge,
                                   err);
}
