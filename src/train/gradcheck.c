/*
 * Gradients against central differences.
 *
 * Spikes have no derivative, so every neuron emits its surrogate's primitive instead: then the
 * surrogate gradient is the exact gradient of what runs, and single precision limits the check.
 */
#include "myelin/verify.h"

#include "net/graph.h"
#include "net/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct checker {
    mye_context *ctx;
    mye_model *model;
    mye_run *run;
    const mye_gradcheck_options *o;
    mye_target target;
    int32_t *label;
    float *image; /* what losses that compare with the image read */
} checker;

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const checker *c = self;
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t row = (int64_t)p->B * p->value[0].n;
    for (int64_t i = 0; i < steps * row; i++)
        dst[i] = mye_random_normal(c->o->seed, MYE_STREAM_TEST, (uint64_t)(t0 * row + i));
}

/* Of a module: what its weights are to lower. */
static mye_status loss_of(checker *c, int module, double *loss, mye_error *err)
{
    mye_step_result r;
    const mye_source source = {fill, c};
    MYE_TRY(mye_run_step(c->run, c->o->batch, source, &c->target, c->o->seed, &r, err));
    *loss = r.module_loss[module];
    return MYE_OK;
}

static int module_of(const mye_model *model, const mye_weight *w)
{
    const size_t at = (size_t)(w->data - model->param);
    int k = model->n_modules - 1;
    while (at < model->module[k].param)
        k--;
    return k;
}

/* Moves one entry by +-step and compares the slope with the gradient. */
static mye_status check_entry(checker *c, mye_weight *w, float gradient, size_t at,
                              mye_gradcheck_item *item, mye_error *err)
{
    const float x = w->data[at];
    double up = 0, down = 0;
    const int module = module_of(c->model, w);
    const float high = x + (float)c->o->step, low = x - (float)c->o->step;
    w->data[at] = high;
    mye_status status = loss_of(c, module, &up, err);
    w->data[at] = low;
    if (status == MYE_OK)
        status = loss_of(c, module, &down, err);
    w->data[at] = x;
    if (status != MYE_OK)
        return status;
    const double slope = (up - down) / ((double)high - (double)low);
    item->checked++;
    item->largest = fmax(item->largest, fabs(slope));
    item->error = fmax(item->error, fabs(slope - (double)gradient));
    return MYE_OK;
}

static mye_status check_weight(checker *c, mye_weight *w, const float *gradient,
                               mye_gradcheck_item *item, mye_error *err)
{
    snprintf(item->name, sizeof item->name, "%s", w->name);
    const size_t n = w->count < (size_t)c->o->entries ? w->count : (size_t)c->o->entries;
    for (size_t i = 0; i < n; i++) {
        const size_t at = n == w->count ? i
                                        : (size_t)mye_random_below(c->o->seed, MYE_STREAM_TEST,
                                                                   i + 1000000, w->count);
        MYE_TRY(check_entry(c, w, gradient[at], at, item, err));
    }
    return MYE_OK;
}

static mye_status check_all(checker *c, mye_gradcheck_item *items, mye_error *err)
{
    const size_t floats = c->model->n_params, stats = c->model->n_buffers;
    float *gradient = mye_alloc_array(c->ctx, floats, sizeof *gradient);
    float *buffer = mye_alloc_array(c->ctx, stats + 1, sizeof *buffer);
    mye_status status = gradient != NULL && buffer != NULL
                            ? MYE_OK
                            : mye_no_memory(err, floats * sizeof *gradient, "gradients");
    double loss = 0, scale = 0;
    if (status == MYE_OK) {
        memcpy(buffer, c->model->buffer, stats * sizeof *buffer);
        status = loss_of(c, 0, &loss, err);
    }
    if (status == MYE_OK)
        memcpy(gradient, c->model->grad, floats * sizeof *gradient);
    for (int i = 0; status == MYE_OK && i < c->model->n_trainable; i++) {
        mye_weight *w = c->model->weight[i];
        status = check_weight(c, w, gradient + (w->data - c->model->param), &items[i], err);
        scale = fmax(scale, items[i].largest);
    }
    /* A weight whose derivative is zero in exact arithmetic (a bias before batch norm) shows only
     * rounding, which the size of the other gradients bounds. */
    for (int i = 0; i < c->model->n_trainable; i++)
        items[i].passed = items[i].error <= c->o->tolerance * fmax(items[i].largest, 0.02 * scale);
    if (status == MYE_OK)
        memcpy(c->model->buffer, buffer, stats * sizeof *buffer);
    mye_free(c->ctx, gradient);
    mye_free(c->ctx, buffer);
    return status;
}

mye_status mye_gradcheck(mye_context *ctx, mye_model *model, const mye_gradcheck_options *options,
                         mye_gradcheck_item **out, int *n, mye_error *err)
{
    static const mye_gradcheck_options defaults = MYE_GRADCHECK_OPTIONS;
    checker c = {.ctx = ctx, .model = model, .o = options != NULL ? options : &defaults};
    const mye_run_options run = {.time = c.o->time,
                                 .loss = c.o->loss,
                                 .T = c.o->T,
                                 .B = c.o->batch,
                                 .training = true,
                                 .smooth = true,
                                 .rate_strength = c.o->rate_strength,
                                 .rate_target = c.o->rate_target};
    *out = NULL;
    *n = model->n_trainable;
    if (c.o->batch < 1 || c.o->entries < 1 || !(c.o->step > 0))
        return mye_fail(err, MYE_ERR_ARG,
                        "a gradient check wants batch, entries and step above 0, got %d, %d, %g",
                        c.o->batch, c.o->entries, c.o->step);
    if (*n == 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "a gradient check wants weights that learn by a gradient, and this network "
                        "has none");
    const mye_shape shape = model->node[0]->shape;
    const size_t pixels = (size_t)c.o->batch * (size_t)mye_shape_size(shape);
    c.label = mye_alloc_array(ctx, (size_t)c.o->batch, sizeof *c.label);
    c.image = mye_alloc_array(ctx, pixels, sizeof *c.image);
    *out = mye_alloc_array(ctx, (size_t)*n + 1, sizeof **out);
    mye_status status = c.label != NULL && c.image != NULL && *out != NULL
                            ? mye_run_create(ctx, model, &run, &c.run, err)
                            : mye_no_memory(err, 0, "a gradient check");
    for (int b = 0; status == MYE_OK && b < c.o->batch; b++)
        c.label[b] = b % mye_model_classes(model);
    for (size_t i = 0; status == MYE_OK && i < pixels; i++)
        c.image[i] = mye_random_uniform(c.o->seed, MYE_STREAM_TEST, i);
    c.target = (mye_target){.label = c.label,
                            .image = c.image,
                            .image_n = mye_shape_size(shape),
                            .image_channels = shape.c};
    if (status == MYE_OK)
        status = check_all(&c, *out, err);
    mye_run_free(c.run);
    mye_free(ctx, c.label);
    mye_free(ctx, c.image);
    if (status != MYE_OK) {
        mye_free(ctx, *out);
        *out = NULL;
    }
    return status;
}

void mye_gradcheck_free(mye_context *ctx, mye_gradcheck_item *items)
{
    mye_free(ctx, items);
}
