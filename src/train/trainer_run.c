/* The training loop. */
#include <math.h>
#include <string.h>

#include "train/trainer.h"

/* ---- one step ---- */

void mye_trainer_move(void *self, int module)
{
    mye_trainer *t = self;
    const double norm = module < 0 ? mye_stepper_apply(t->stepper, t->config.clip)
                                   : mye_stepper_apply_module(t->stepper, module, t->config.clip);
    if (isfinite(t->norm)) /* the first that is not is the one to tell */
        t->norm = module < 0 ? norm : hypot(t->norm, norm);
}

mye_pipeline_batch mye_trainer_batch(mye_trainer *t, const mye_batch *batch, int64_t position)
{
    const uint64_t seed = (uint64_t)t->config.seed;
    const int64_t counter = mye_stepper_counter(t->stepper);
    mye_pipeline_batch out = {
        .B = batch->B,
        .image = batch->image,
        .index = batch->index,
        .target = {.label = batch->label,
                   .label_b = batch->label_b,
                   .mix = batch->mix,
                   .weight = batch->weight},
        .seed = mye_random_derive(mye_random_derive(seed, UINT64_MAX - 1), (uint64_t)counter),
        .epoch_seed = mye_random_derive(seed, (uint64_t)t->state.epoch),
        .when = {counter,
                 t->state.epoch * t->per_epoch + position * t->per_epoch / t->epoch_batches,
                 t->decided.lr_scale}};
    mye_trainer_show_image(t, batch->image, &out.target);
    return out;
}

mye_status mye_trainer_count_batch(mye_trainer *t, const mye_pipeline_result *r, mye_error *err)
{
    t->norm = r->norm;
    if (!isfinite(r->norm))
        return mye_trainer_not_finite(t, "the gradient's norm", r->norm, err);
    const mye_sample_view view = {
        .B = r->B, .index = r->index, .told = r->told, .seconds = r->seconds};
    mye_sampler_observe(t->sampler, t->state.epoch, &view);
    t->state.batch++;
    t->state.seen += r->B;
    t->state.correct += r->correct;
    t->state.loss_sum += r->loss * r->B;
    t->epoch_images += r->B;
    t->session_images += r->B;
    return MYE_OK;
}

static mye_status train_batch(mye_trainer *t, const mye_batch *batch, mye_error *err)
{
    MYE_TRY(mye_trainer_pick(t, &batch, err));
    const double begin = mye_now_s();
    const mye_pipeline_batch b = mye_trainer_batch(t, batch, t->state.batch);
    const mye_source source = mye_input_source(&t->input, b.B, b.image, b.index, b.epoch_seed);
    mye_step_result step;
    t->norm = 0;
    mye_stepper_place(t->stepper, b.when.place);
    MYE_TRY(mye_run_step(t->run, b.B, source, &b.target, b.seed, &step, err));
    if (!isfinite(step.loss))
        return mye_trainer_not_finite(t, "the loss", step.loss, err);
    if (t->is_immediate)
        mye_stepper_advance(t->stepper);
    else if (!mye_run_moves(t->run))
        mye_trainer_move(t, -1);
    const mye_pipeline_result r = {.loss = step.loss,
                                   .norm = t->norm,
                                   .correct = step.correct,
                                   .B = b.B,
                                   .told = step.told,
                                   .seconds = mye_now_s() - begin,
                                   .index = b.index};
    return mye_trainer_count_batch(t, &r, err);
}

double mye_trainer_mean_loss(const mye_trainer *t)
{
    return t->state.seen > 0 ? t->state.loss_sum / (double)t->state.seen : 0.0;
}

double mye_trainer_accuracy(const mye_trainer *t)
{
    return t->state.seen > 0 ? (double)t->state.correct / (double)t->state.seen : 0.0;
}

/* ---- one epoch ---- */

mye_status mye_trainer_cancelled(const mye_trainer *t, mye_error *err)
{
    return mye_fail(err, MYE_ERR_CANCELLED, "stopped in epoch %lld after batch %lld of %lld",
                    (long long)t->state.epoch + 1, (long long)t->state.batch,
                    (long long)t->epoch_batches);
}

static mye_status start_epoch(mye_trainer *t, mye_error *err)
{
    const int pool = mye_sampler_pool(t->sampler);
    const int64_t batch = pool > 0 ? pool : t->config.batch;
    const mye_sample_epoch *samples;
    t->epoch_s = mye_now_s();
    MYE_TRY(mye_trainer_decide(t, &samples, err));
    int64_t n = samples->n;
    mye_stepper_scale(t->stepper, samples->lr_scale);
    t->epoch_batches = t->config.drop_last || pool > 0 ? n / batch : (n + batch - 1) / batch;
    n = t->epoch_batches * batch < n ? t->epoch_batches * batch : n;
    t->epoch_images = 0;
    if (t->epoch_batches == 0)
        return mye_fail(err, MYE_ERR_ARG, "sample '%s' leaves no batch in epoch %lld",
                        t->config.sample, (long long)t->state.epoch + 1);
    if (t->state.batch > t->epoch_batches)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "the checkpoint has %lld batches of epoch %lld done, it has only %lld",
                        (long long)t->state.batch, (long long)t->state.epoch + 1,
                        (long long)t->epoch_batches);
    if (!t->is_midway)
        t->state.seen = t->state.correct = 0, t->state.loss_sum = 0;
    if (t->is_midway)
        t->begin_epochs += (double)t->state.batch / (double)t->epoch_batches;
    t->is_midway = false;
    if (t->fit)
        mye_fit_begin(t->fit);
    t->told_s = 0; /* the first batch of an epoch is always told */
    return mye_loader_start(t->loader, t->state.epoch, samples->order, samples->weight, n,
                            t->state.batch, err);
}

static mye_status train_epoch(mye_trainer *t, mye_error *err)
{
    MYE_TRY(start_epoch(t, err));
    if (t->pipeline != NULL)
        return mye_trainer_flow(t, err);
    for (;;) {
        const mye_batch *batch = NULL;
        if (mye_context_cancelled(t->ctx))
            return mye_trainer_cancelled(t, err);
        const mye_status status = mye_loader_next(t->loader, &batch, err);
        if (status == MYE_ERR_CANCELLED)
            return mye_trainer_cancelled(t, err);
        if (status != MYE_OK || !batch)
            return status;
        MYE_TRY(train_batch(t, batch, err));
        mye_trainer_tell(t, "train", t->state.batch, t->epoch_batches, mye_trainer_mean_loss(t),
                         mye_trainer_accuracy(t));
    }
}

static void tell_test(void *self, int64_t done, int64_t total, double loss, double right)
{
    mye_trainer_tell(self, "test", done, total, loss, right);
}

static mye_status test_epoch(mye_trainer *t, mye_epoch_result *r, mye_error *err)
{
    mye_tester test = {.ctx = t->ctx,
                       .model = t->model,
                       .run = t->test_run,
                       .input = &t->input,
                       .loader = t->test_loader,
                       .n = t->n_test,
                       .T = (int)t->config.T,
                       .batch = t->eval_batch,
                       .seed = mye_test_seed(&t->config),
                       .progress = tell_test,
                       .self = t,
                       .rate = t->rate};
    MYE_TRY(mye_tester_run(&test, err));
    r->test_loss = test.loss_sum / (double)test.seen;
    r->test_accuracy = (double)test.correct / (double)test.seen;
    return MYE_OK;
}

/* ---- saving ---- */

static mye_status save(mye_trainer *t, const char *name, bool for_inference, mye_error *err)
{
    char path[MYE_PATH_MAX];
    mye_checkpoint checkpoint = mye_trainer_checkpoint(t);
    checkpoint.for_inference = for_inference;
    MYE_TRY(mye_path_join(t->config.out, name, path, err));
    return mye_checkpoint_save(&checkpoint, path, err);
}

/* Closes the epoch: metrics first, the last checkpoint last. Whatever is lost in between is made
 * again on resume, with the same bytes. */
static mye_status finish_epoch(mye_trainer *t, const mye_epoch_result *r, mye_error *err)
{
    mye_progress_state *s = &t->state;
    const bool is_best = s->best_epoch == 0 || r->test_accuracy > s->best_accuracy;
    s->epoch++;
    s->batch = s->seen = s->correct = 0;
    s->loss_sum = 0;
    if (is_best) {
        s->best_epoch = s->epoch;
        s->best_accuracy = r->test_accuracy;
    }
    MYE_TRY(mye_metrics_epoch(t->metrics, r, err));
    if (is_best)
        MYE_TRY(save(t, "best.safetensors", true, err));
    MYE_TRY(save(t, "last.safetensors", false, err));
    t->last = *r;
    t->totals.train_s += r->train_s;
    t->totals.test_s += r->test_s;
    t->totals.images += (double)t->epoch_images;
    if (t->callbacks.epoch)
        t->callbacks.epoch(t->callbacks.user, r);
    return MYE_OK;
}

static mye_status run_epoch(mye_trainer *t, mye_error *err)
{
    mye_epoch_result r = {.epoch = t->state.epoch + 1,
                          .n_rates = t->n_rates,
                          .rate_name = t->rate_name,
                          .rate = t->rate,
                          .n_ways = t->n_ways,
                          .way = t->way};
    mye_stepper_place(t->stepper, t->state.epoch * t->per_epoch);
    mye_stepper_scale(t->stepper, 1);
    r.learning_rate = mye_stepper_rate(t->stepper);
    MYE_TRY(train_epoch(t, err));
    MYE_TRY(mye_trainer_statistics(t, err));
    if (t->fit)
        MYE_TRY(mye_trainer_solve(t, err));
    const double trained_s = mye_now_s();
    r.train_s = trained_s - t->epoch_s;
    r.train_loss = mye_trainer_mean_loss(t);
    r.train_accuracy = mye_trainer_accuracy(t);
    r.images_per_s = (double)t->epoch_images / (r.train_s + 1e-9);
    mye_trainer_read_ways(t);
    r.processed = (double)t->state.seen / (double)t->n_train;
    r.sample = mye_trainer_sampled(t);
    MYE_TRY(test_epoch(t, &r, err));
    r.test_s = mye_now_s() - trained_s;
    if (t->cosine)
        MYE_TRY(mye_trainer_compare(t, r.epoch, err));
    return finish_epoch(t, &r, err);
}

/* ---- the run ---- */

static mye_status run_epochs(mye_trainer *t, mye_error *err)
{
    if (t->cosine && t->state.epoch == 0 && t->state.batch == 0)
        MYE_TRY(mye_trainer_compare(t, 0, err));
    while (t->state.epoch < t->epochs) {
        if (mye_context_cancelled(t->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "stopped after epoch %lld",
                            (long long)t->state.epoch);
        MYE_TRY(run_epoch(t, err));
    }
    return MYE_OK;
}

/* Between epochs, and before the first batch of one, the checkpoint on disk is the state. Sums that
 * weights are solved from are in none: such an epoch begins anew. */
static mye_status save_cancelled(mye_trainer *t, mye_error *err)
{
    mye_error problem = {0};
    if (t->state.batch > 0 && t->fit == NULL &&
        save(t, "last.safetensors", false, &problem) != MYE_OK) {
        *err = problem;
        return problem.code;
    }
    const size_t n = strlen(err->message);
    snprintf(err->message + n, sizeof err->message - n, "; the state is saved in '%.200s'",
             t->config.out);
    mye_hint(err, "continue with --resume --out %.120s", t->config.out);
    return MYE_ERR_CANCELLED;
}

static void finish(mye_trainer *t, mye_status status, const mye_train_result *result,
                   const mye_error *err)
{
    static const char *const word[] = {"finished", "cancelled", "failed"};
    const int which = status == MYE_OK ? 0 : status == MYE_ERR_CANCELLED ? 1 : 2;
    mye_error problem = {0};
    if (mye_metrics_end(t->metrics, word[which], t->state.epoch, result,
                        which == 2 ? err->message : NULL, &problem) != MYE_OK)
        mye_trainer_note(t, "%s", problem.message);
    if (mye_trainer_export_scores(t, &problem) != MYE_OK)
        mye_trainer_note(t, "no scores: %s", problem.message);
    if (mye_report_run(t->ctx, t->config.out, &problem) != MYE_OK)
        mye_trainer_note(t, "no report: %s", problem.message);
}

mye_status mye_trainer_run(mye_trainer *t, mye_train_result *out, mye_error *err)
{
    mye_error own = {0};
    mye_train_result result;
    t->begin_s = t->epoch_s = mye_now_s();
    t->begin_epochs = (double)t->state.epoch;
    t->is_midway = t->state.batch > 0;
    mye_status status = MYE_OK;
    if (t->is_resumed) {
        mye_trainer_note(t, "continues after epoch %lld, batch %lld", (long long)t->state.epoch,
                         (long long)t->state.batch);
        status = mye_metrics_resume(t->metrics, t->state.epoch, t->state.batch, &own);
    }
    if (status == MYE_OK)
        status = run_epochs(t, &own);
    if (status == MYE_ERR_CANCELLED)
        status = save_cancelled(t, &own);
    mye_trainer_result(t, &result);
    finish(t, status, &result, &own);
    result.total_s = mye_now_s() - t->begin_s;
    if (out)
        *out = result;
    if (err && status != MYE_OK)
        *err = own;
    return status;
}
