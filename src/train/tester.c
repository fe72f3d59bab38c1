/* One pass over a data set without learning: loss, accuracy, confusion, firing rates. */
#include <string.h>

#include "neuron/neuron.h"
#include "train/train.h"

/* Auxiliary neurons are at rest in a test: their zeros would pull means down. */
static bool has_rate(const mye_node *n)
{
    return mye_neuron_counts(n) && !n->auxiliary;
}

int mye_rate_count(const mye_model *model)
{
    int count = 0;
    for (int i = 0; i < model->n_nodes; i++)
        count += has_rate(model->node[i]);
    return count;
}

void mye_rate_names(const mye_model *model, const char **name)
{
    for (int i = 0; i < model->n_nodes; i++)
        if (has_rate(model->node[i]))
            *name++ = model->node[i]->name;
}

static void add_rates(mye_tester *t)
{
    const mye_pass *p = mye_run_pass(t->run);
    double *rate = t->rate;
    for (int i = 0; rate && i < t->model->n_nodes; i++)
        if (has_rate(t->model->node[i]))
            *rate++ += (double)p->value[i].spikes;
}

/* Spikes to spikes per neuron and step. */
static void finish_rates(mye_tester *t)
{
    double *rate = t->rate;
    for (int i = 0; rate && i < t->model->n_nodes; i++) {
        const mye_node *n = t->model->node[i];
        if (has_rate(n))
            *rate++ /= (double)mye_shape_size(n->shape) * (double)t->seen * t->T;
    }
}

static void add_confusion(mye_tester *t, const mye_batch *batch, const float *output, int K)
{
    for (int b = 0; b < batch->B && t->confusion; b++) {
        const float *o = output + (int64_t)b * K;
        int best = 0;
        for (int k = 1; k < t->classes; k++)
            if (o[k] > o[best])
                best = k;
        t->confusion[(int64_t)batch->label[b] * t->classes + best]++;
    }
}

mye_normalise mye_normalise_of(int C, const float mean[4], const float deviation[4])
{
    mye_normalise norm = {.C = C};
    for (int c = 0; c < 4; c++) {
        norm.gain[c] = 1 / deviation[c];
        norm.offset[c] = -mean[c] / deviation[c];
    }
    return norm;
}

void mye_normalise_apply(const mye_normalise *norm, int64_t n, const float *pixels, float *out)
{
    for (int64_t i = 0; i < n; i += norm->C)
        for (int c = 0; c < norm->C; c++) {
            const int k = c < 4 ? c : 3;
            out[i + c] = pixels[i + c] * norm->gain[k] + norm->offset[k];
        }
}

uint64_t mye_test_seed(const mye_config *config)
{
    return mye_random_derive((uint64_t)config->seed, UINT64_MAX);
}

static mye_status test_batch(mye_tester *t, const mye_batch *batch, mye_error *err)
{
    const mye_target target = {.label = batch->label};
    const float *image = batch->image;
    if (t->norm) {
        mye_normalise_apply(t->norm, batch->B * t->input->sample, batch->image, t->image);
        image = t->image;
    }
    if (t->norm && t->adjust)
        t->adjust(t->adjuster, batch->B * t->input->sample, t->image);
    const mye_source source = mye_input_source(t->input, batch->B, image, batch->index, t->seed);
    mye_step_result step;
    t->batch_at = batch;
    MYE_TRY(mye_run_step(t->run, batch->B, source, &target, t->seed, &step, err));
    t->seen += batch->B;
    t->correct += step.correct;
    t->loss_sum += step.loss * batch->B;
    add_rates(t);
    add_confusion(t, batch, step.output, mye_model_classes(t->model));
    return MYE_OK;
}

static mye_status start(mye_tester *t, mye_error *err)
{
    int64_t *order = mye_alloc_array(t->ctx, (size_t)t->n, sizeof *order);
    if (!order)
        return mye_no_memory(err, (size_t)t->n * sizeof *order, "the order of test samples");
    for (int64_t i = 0; i < t->n; i++)
        order[i] = t->over > 0 ? i * t->over / t->n : t->from + i;
    const mye_status status = mye_loader_start(t->loader, 0, order, NULL, t->n, 0, err);
    mye_free(t->ctx, order);
    return status;
}

mye_status mye_tester_run(mye_tester *t, mye_error *err)
{
    const int64_t total = (t->n + t->batch - 1) / t->batch;
    t->seen = t->correct = 0;
    t->loss_sum = 0;
    if (t->rate)
        memset(t->rate, 0, (size_t)mye_rate_count(t->model) * sizeof *t->rate);
    MYE_TRY(start(t, err));
    for (int64_t done = 0;;) {
        const mye_batch *batch = NULL;
        if (mye_context_cancelled(t->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped while testing");
        MYE_TRY(mye_loader_next(t->loader, &batch, err));
        if (!batch)
            break;
        MYE_TRY(test_batch(t, batch, err));
        done++;
        if (t->progress)
            t->progress(t->self, done, total, t->loss_sum / (double)t->seen,
                        (double)t->correct / (double)t->seen);
    }
    finish_rates(t);
    return MYE_OK;
}
