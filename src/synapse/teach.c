/* Teaching a group, epoch by epoch. */
#include <math.h>
#include <string.h>

#include "synapse/teach.h"

enum { FIRST_EPOCHS = 64 }; /* that the curve has room for; a power of two */

/* Times of aim i: from 0, rising. */
static mye_status check_times(const mye_teaching *j, int64_t i, mye_error *err)
{
    const double *t_ms = j->aims->t_ms + j->aims->first[i];
    for (int32_t x = 0; x < j->aims->count[i]; x++)
        if (!(t_ms[x] >= (x > 0 ? t_ms[x - 1] : 0)) || !isfinite(t_ms[x]))
            return mye_fail(err, MYE_ERR_ARG,
                            "pattern %lld wants spike %d of neuron %lld at %g ms, expected times "
                            "from 0 that rise",
                            (long long)(i / j->s->neurons), x, (long long)(i % j->s->neurons),
                            t_ms[x]);
    return MYE_OK;
}

static mye_status check_aims(const mye_teaching *j, mye_error *err)
{
    const bool wants_times = mye_lesson_rule(&j->s->lesson)->wants_times;
    MYE_TRY(mye_lesson_check_times(&j->s->lesson, j->aims->first && j->aims->t_ms, err));
    for (int64_t i = 0; i < j->n * j->s->neurons; i++) {
        if (j->aims->count[i] < 0 || j->aims->count[i] > MYE_WALK_SPIKES)
            return mye_fail(err, MYE_ERR_ARG,
                            "pattern %lld wants %d spikes of neuron %lld, expected 0 to %d",
                            (long long)(i / j->s->neurons), j->aims->count[i],
                            (long long)(i % j->s->neurons), MYE_WALK_SPIKES);
        if (wants_times)
            MYE_TRY(check_times(j, i, err));
    }
    return MYE_OK;
}

static mye_status prepare(mye_teaching *j, mye_error *err)
{
    mye_synapse *s = j->s;
    const bool batches = s->lesson.o.batch > 1;
    const size_t threads = (size_t)mye_context_threads(s->ctx);
    MYE_TRY(mye_group_check(s, j->set, err));
    MYE_TRY(check_aims(j, err));
    MYE_TRY(mye_courses_make(s->ctx, &s->lesson.psp, j->set,
                             s->lesson.noise.n > 0 ? 1 : MYE_COURSES_BYTES, &j->courses, err));
    MYE_TRY(mye_desks_open(s, j->courses.most_spikes, &j->desks, err));
    j->pieces = batches ? (s->lesson.o.batch + MYE_PIECE - 1) / MYE_PIECE : 1;
    const size_t shards = (size_t)s->neurons * (size_t)j->pieces;
    const size_t orders = (size_t)j->n * (batches ? 1 : threads);
    j->order = mye_alloc_array(s->ctx, orders, sizeof(*j->order));
    j->wrong = mye_alloc_array(s->ctx, shards, sizeof(*j->wrong));
    j->near = mye_alloc_array(s->ctx, shards, sizeof(*j->near));
    j->moved = mye_alloc_array(s->ctx, shards, sizeof(*j->moved));
    if (batches)
        j->direction = mye_alloc_array(s->ctx, shards * (size_t)s->units, sizeof(double));
    if (!j->order || !j->wrong || !j->near || !j->moved || (batches && !j->direction))
        return mye_no_memory(err, orders * sizeof(*j->order), "teaching of neurons");
    return MYE_OK;
}

static mye_status run_epoch(mye_teaching *j, mye_synapse_epoch *out, mye_error *err)
{
    mye_synapse *s = j->s;
    const size_t shards = (size_t)s->neurons * (size_t)j->pieces;
    const double all = (double)j->n * s->neurons;
    int64_t wrong = 0, near = 0;
    j->lambda = mye_lesson_lambda(&s->lesson, j->epoch);
    memset(j->wrong, 0, shards * sizeof(*j->wrong));
    memset(j->near, 0, shards * sizeof(*j->near));
    if (s->lesson.o.batch > 1)
        mye_teach_batches(j);
    else
        mye_teach_neurons(j);
    MYE_TRY(mye_desks_failed(&j->desks, err));
    if (mye_context_cancelled(s->ctx))
        return mye_fail(err, MYE_ERR_CANCELLED, "teaching was stopped in epoch %lld",
                        (long long)j->epoch);
    for (size_t i = 0; i < shards; i++) {
        wrong += j->wrong[i];
        near += j->near[i];
    }
    for (size_t i = 0; i < (size_t)s->neurons * (size_t)s->units; i++)
        if (!isfinite(s->w[i]))
            return mye_fail(err, MYE_ERR_NUMERIC,
                            "weight %zu of neuron %zu is no number after epoch %lld; a smaller "
                            "lambda may help",
                            i % (size_t)s->units, i / (size_t)s->units, (long long)j->epoch);
    *out = (mye_synapse_epoch){j->epoch, all > 0 ? (double)wrong / all : 0,
                               all > 0 ? (double)near / all : 0, j->lambda};
    return MYE_OK;
}

static void tell(const mye_teaching *j, const mye_callbacks *callbacks, const mye_synapse_epoch *e,
                 double begin_s, double *last_s)
{
    const double now = mye_now_s(), elapsed = now - begin_s;
    const int64_t total = j->s->lesson.o.epochs;
    if (!callbacks || !callbacks->progress || (now - *last_s < 0.2 && e->epoch < total))
        return;
    *last_s = now;
    const mye_progress p = {.phase = "learn",
                            .done = e->epoch,
                            .total = total,
                            .accuracy = 1 - e->wrong,
                            .elapsed_s = elapsed,
                            .left_s = elapsed * (double)(total - e->epoch) / (double)e->epoch};
    callbacks->progress(callbacks->user, &p);
}

/* Room for one epoch more; it doubles when it is full. */
static mye_status lengthen(mye_context *ctx, mye_synapse_result *r, mye_error *err)
{
    const size_t n = (size_t)r->epochs, one = sizeof(*r->curve);
    if (n & (n - 1) || (n > 0 && n < FIRST_EPOCHS))
        return MYE_OK;
    const size_t room = n < FIRST_EPOCHS ? FIRST_EPOCHS : 2 * n;
    mye_synapse_epoch *grown = mye_grow(ctx, r->curve, n * one, room * one);
    if (!grown)
        return mye_no_memory(err, room * one, "the curve of epochs");
    r->curve = grown;
    return MYE_OK;
}

static mye_status run(mye_teaching *j, const mye_callbacks *callbacks, mye_synapse_result *out,
                      mye_error *err)
{
    mye_synapse *s = j->s;
    const int64_t epochs = s->lesson.o.epochs;
    const double begin_s = mye_now_s();
    double last_s = 0;
    for (j->epoch = 1; j->epoch <= epochs && !out->converged; j->epoch++) {
        MYE_TRY(lengthen(s->ctx, out, err));
        mye_synapse_epoch *e = &out->curve[out->epochs];
        MYE_TRY(run_epoch(j, e, err));
        out->epochs++;
        out->converged = e->wrong == 0 && e->near == 0;
        out->train_s = mye_now_s() - begin_s;
        tell(j, callbacks, e, begin_s, &last_s);
    }
    for (int m = 0; m < s->neurons; m++) {
        const mye_pupil pupil = mye_group_pupil(s, m);
        mye_pupil_average(&pupil, s->units, out->epochs * j->n);
    }
    return MYE_OK;
}

mye_status mye_synapse_train(mye_synapse *s, const mye_patterns *patterns, const mye_aims *aims,
                             const mye_callbacks *callbacks, mye_synapse_result *out,
                             mye_error *err)
{
    mye_teaching j = {.s = s, .set = patterns, .aims = aims, .n = patterns->info.n};
    const size_t all = (size_t)s->neurons * (size_t)s->units * sizeof(double);
    *out = (mye_synapse_result){0};
    if (s->state)
        memset(s->state, 0, all);
    if (s->sum)
        memset(s->sum, 0, all);
    mye_status st = prepare(&j, err);
    if (st == MYE_OK)
        st = run(&j, callbacks, out, err);
    mye_courses_free(&j.courses);
    mye_desks_close(&j.desks);
    mye_free(s->ctx, j.order);
    mye_free(s->ctx, j.wrong);
    mye_free(s->ctx, j.near);
    mye_free(s->ctx, j.moved);
    mye_free(s->ctx, j.direction);
    if (st != MYE_OK)
        mye_synapse_result_free(s->ctx, out);
    return st;
}

void mye_synapse_result_free(mye_context *ctx, mye_synapse_result *r)
{
    mye_free(ctx, r->curve);
    *r = (mye_synapse_result){0};
}
