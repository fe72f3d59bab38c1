/* What a trainer tells: progress, notes, totals, the place of a NaN. */
#include <math.h>
#include <stdarg.h>
#include <sys/resource.h>

#include "train/trainer.h"

#define TELL_EVERY_S 0.2

/* Epochs that are done, with the fraction of the one at work. */
static double epochs_done(const mye_trainer *t)
{
    const double part =
        t->epoch_batches > 0 ? (double)t->state.batch / (double)t->epoch_batches : 0.0;
    return (double)t->state.epoch + part;
}

void mye_trainer_tell(mye_trainer *t, const char *phase, int64_t done, int64_t total, double loss,
                      double accuracy)
{
    const double now = mye_now_s();
    if (!t->callbacks.progress || (now - t->told_s < TELL_EVERY_S && done < total))
        return;
    t->told_s = now;
    const double elapsed = now - t->begin_s, part = epochs_done(t) - t->begin_epochs;
    const double left = (double)t->epochs - epochs_done(t);
    const double train_s = now - t->epoch_s;
    const mye_progress p = {.phase = phase,
                            .epoch = t->state.epoch + 1,
                            .epochs = t->epochs,
                            .done = done,
                            .total = total,
                            .loss = loss,
                            .accuracy = accuracy,
                            .images_per_s = train_s > 0 ? (double)t->epoch_images / train_s : 0,
                            .elapsed_s = elapsed,
                            /* The first batches are slow and few. */
                            .left_s = elapsed > 1 && part > 0 ? elapsed * left / part : -1};
    t->callbacks.progress(t->callbacks.user, &p);
}

void mye_trainer_note(const mye_trainer *t, const char *format, ...)
{
    char line[600];
    va_list args;
    if (!t->callbacks.note)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    t->callbacks.note(t->callbacks.user, line);
}

static size_t peak_rss_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

void mye_trainer_result(mye_trainer *t, mye_train_result *out)
{
    const mye_metrics_totals *sum = &t->totals;
    const size_t groups = t->pipeline != NULL ? mye_pipeline_bytes(t->pipeline) : 0;
    *out =
        (mye_train_result){.last = t->last,
                           .best_test_accuracy = t->state.best_accuracy,
                           .best_epoch = t->state.best_epoch,
                           .train_s = sum->train_s,
                           .total_s = mye_now_s() - t->begin_s,
                           .images_per_s = sum->train_s > 0 ? sum->images / sum->train_s : 0,
                           .visited = t->last.sample.visited,
                           .forwarded = sum->forwarded,
                           .planned_bytes = t->plan.total_bytes,
                           .allocated_bytes = mye_context_peak_bytes(t->ctx) + groups,
                           .peak_rss_bytes = peak_rss_bytes(),
                           .data_bytes = mye_dataset_bytes(t->train) + mye_dataset_bytes(t->test),
                           .folder = t->config.out,
                           .cosine = t->compared};
}

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Weights first: when one of them is gone, its gradient says nothing. */
static const mye_weight *first_not_finite(const mye_model *m, bool *is_gradient)
{
    *is_gradient = false;
    for (int i = 0; i < m->n_weights; i++)
        if (!all_finite(m->weight[i]->data, m->weight[i]->count))
            return m->weight[i];
    *is_gradient = true;
    for (int i = 0; i < m->n_trainable; i++)
        if (!all_finite(m->weight[i]->grad, m->weight[i]->count))
            return m->weight[i];
    return NULL;
}

static double norm_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

mye_status mye_trainer_not_finite(const mye_trainer *t, const char *what, double value,
                                  mye_error *err)
{
    const long long step = (long long)mye_stepper_counter(t->stepper) + 1;
    const long long epoch = (long long)t->state.epoch + 1, batch = (long long)t->state.batch + 1;
    bool is_gradient;
    const mye_weight *w = first_not_finite(t->model, &is_gradient);
    if (!w)
        mye_fail(err, MYE_ERR_NUMERIC,
                 "step %lld (epoch %lld, batch %lld): %s is %g; all weights and gradients are "
                 "finite, so outputs or inputs are not",
                 step, epoch, batch, what, value);
    else if (is_gradient)
        mye_fail(err, MYE_ERR_NUMERIC,
                 "step %lld (epoch %lld, batch %lld): %s is %g; first in the gradient of '%s', "
                 "whose weights have norm %.3g",
                 step, epoch, batch, what, value, w->name, norm_of(w->data, w->count));
    else
        mye_fail(err, MYE_ERR_NUMERIC,
                 "step %lld (epoch %lld, batch %lld): %s is %g; first in the weights '%s'", step,
                 epoch, batch, what, value, w->name);
    mye_hint(err, "lower the learning rate, or limit the gradient with clip");
    return MYE_ERR_NUMERIC;
}
