/*
 * Teaching a group. Neurons learn on their own: with a batch of one pattern each thread takes whole
 * neurons through the epoch, each in an order of its own. With larger batches the mistakes of a
 * batch are found for all neurons and pieces of it side by side, and added up piece by piece. Neither
 * depends on the number of threads.
 */
#include <math.h>
#include <string.h>

#include "synapse/group.h"

#define PIECE 16 /* patterns of a batch that one shard looks at */

enum { TAG_ORDER = 101, TAG_NOISE };

typedef struct job {
    mye_synapse *s;
    const mye_patterns *set;
    const mye_aims *aims;
    mye_courses courses;
    mye_desks desks;
    int64_t n, epoch;
    double lambda;
    int64_t *order;    /* [threads][n], with batches [n]                      */
    int64_t *wrong;    /* [neurons][pieces]                                   */
    int64_t *near;     /* the same                                            */
    int64_t begin;     /* of the batch                                        */
    int size, pieces;  /* of it; of the largest                               */
    double *direction; /* [neurons][pieces][units], batches only              */
    bool *moved;       /* [neurons][pieces] is there any                      */
} job;

static mye_aim aim_of(const job *j, int64_t k, int m)
{
    const int64_t at = k * j->s->neurons + m;
    const bool has_times = j->aims->first && j->aims->t_ms;
    return (mye_aim){j->aims->count[at], has_times ? j->aims->t_ms + j->aims->first[at] : NULL};
}

static mye_pupil pupil_of(const mye_synapse *s, int m)
{
    const size_t at = (size_t)m * (size_t)s->units;
    return (mye_pupil){s->w + at, s->state ? s->state + at : NULL, s->sum ? s->sum + at : NULL};
}

static uint64_t noise_seed(const job *j, int64_t k)
{
    const uint64_t epoch = mye_random_derive(j->s->lesson.o.seed, TAG_NOISE);
    return mye_random_derive(mye_random_derive(epoch, (uint64_t)j->epoch), (uint64_t)k);
}

/* The course of pattern k; false when the thread failed, now or before, or should stop. */
static bool take(const job *j, int64_t k, int lane, mye_course *out)
{
    mye_status *status = &j->desks.status[lane];
    if (*status != MYE_OK || mye_context_cancelled(j->s->ctx))
        return false;
    *status = mye_group_course(j->s, &j->courses, j->set, k, true, noise_seed(j, k),
                               &j->desks.desk[lane], out, &j->desks.error[lane]);
    return *status == MYE_OK;
}

/* Adds to the counts of shard i. */
static void count(const job *j, size_t i, mye_verdict verdict)
{
    j->wrong[i] += verdict == MYE_WRONG;
    j->near[i] += verdict == MYE_NEAR;
}

/* One neuron through an epoch. */
static void teach_neuron(void *arg, int m, int lane)
{
    const job *j = arg;
    const mye_lesson *lesson = &j->s->lesson;
    const mye_pupil pupil = pupil_of(j->s, m);
    int64_t *order = j->order + (int64_t)lane * j->n;
    const uint64_t seed = mye_random_derive(lesson->o.seed, TAG_ORDER + ((uint64_t)m << 32));
    mye_random_permutation(seed, MYE_STREAM_SHUFFLE, (uint64_t)j->epoch, j->n, order);
    for (int64_t i = 0; i < j->n; i++) {
        mye_course course;
        if (!take(j, order[i], lane, &course))
            return;
        const mye_aim aim = aim_of(j, order[i], m);
        const int64_t seen = (j->epoch - 1) * j->n + i + 1;
        const mye_verdict verdict =
            mye_pupil_learn(lesson, &j->desks.desk[lane], &course, &aim, j->lambda, seen, &pupil);
        count(j, (size_t)m, verdict);
    }
}

/* ---- batches ---- */

/* What one neuron would learn from one piece of the batch. */
static void look_at_piece(void *arg, int shard, int lane)
{
    const job *j = arg;
    const mye_synapse *s = j->s;
    const int m = shard / j->pieces, piece = shard % j->pieces;
    const int last = j->size < (piece + 1) * PIECE ? j->size : (piece + 1) * PIECE;
    mye_reader *r = &j->desks.desk[lane].reader;
    j->moved[shard] = false;
    for (int i = piece * PIECE; i < last; i++) {
        const int64_t k = j->order[j->begin + i];
        mye_course course;
        if (!take(j, k, lane, &course))
            return;
        const mye_aim aim = aim_of(j, k, m);
        mye_reader_face(r, &course, pupil_of(s, m).w);
        const mye_verdict verdict =
            mye_lesson_rule(&s->lesson)->learn(s->lesson.rule.options, r, &aim);
        count(j, (size_t)shard, verdict);
        j->moved[shard] = j->moved[shard] || verdict != MYE_RIGHT;
    }
    const size_t bytes = (size_t)s->units * sizeof(double);
    memcpy(j->direction + (size_t)shard * (size_t)s->units, r->gradient, bytes);
    memset(r->gradient, 0, bytes);
}

/* Adds the pieces of one neuron and moves its weights. */
static void move_neuron(void *arg, int m, int lane)
{
    const job *j = arg;
    const mye_synapse *s = j->s;
    mye_desk *desk = &j->desks.desk[lane];
    const mye_pupil pupil = pupil_of(s, m);
    bool any = false;
    for (int piece = 0; piece < (j->size + PIECE - 1) / PIECE; piece++) {
        const size_t shard = (size_t)m * (size_t)j->pieces + (size_t)piece;
        const double *from = j->direction + shard * (size_t)s->units;
        any = any || j->moved[shard];
        for (int32_t i = 0; j->moved[shard] && i < s->units; i++)
            desk->reader.gradient[i] += from[i];
    }
    if (any)
        mye_pupil_move(&s->lesson, desk, j->lambda, (j->epoch - 1) * j->n + j->begin + j->size,
                       &pupil);
}

static void teach_batches(job *j)
{
    const int batch = j->s->lesson.o.batch;
    mye_random_permutation(mye_random_derive(j->s->lesson.o.seed, TAG_ORDER), MYE_STREAM_SHUFFLE,
                           (uint64_t)j->epoch, j->n, j->order);
    for (j->begin = 0; j->begin < j->n; j->begin += batch) {
        j->size = j->n - j->begin < batch ? (int)(j->n - j->begin) : batch;
        mye_parallel(j->s->ctx, j->s->neurons * j->pieces, look_at_piece, j);
        if (mye_context_cancelled(j->s->ctx) || mye_desks_failed(&j->desks, NULL) != MYE_OK)
            return;
        mye_parallel(j->s->ctx, j->s->neurons, move_neuron, j);
    }
}

/* ---- epochs ---- */

/* Times of aim i: from 0, rising. */
static mye_status check_times(const job *j, int64_t i, mye_error *err)
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

static mye_status check_aims(const job *j, mye_error *err)
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

static mye_status prepare(job *j, mye_error *err)
{
    mye_synapse *s = j->s;
    const bool batches = s->lesson.o.batch > 1;
    const size_t threads = (size_t)mye_context_threads(s->ctx);
    MYE_TRY(mye_group_check(s, j->set, err));
    MYE_TRY(check_aims(j, err));
    MYE_TRY(mye_courses_make(s->ctx, &s->lesson.psp, j->set,
                             s->lesson.noise.n > 0 ? 1 : MYE_COURSES_BYTES, &j->courses, err));
    MYE_TRY(mye_desks_open(s, j->courses.most_spikes, &j->desks, err));
    j->pieces = batches ? (s->lesson.o.batch + PIECE - 1) / PIECE : 1;
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

static mye_status run_epoch(job *j, mye_synapse_epoch *out, mye_error *err)
{
    mye_synapse *s = j->s;
    const size_t shards = (size_t)s->neurons * (size_t)j->pieces;
    const double all = (double)j->n * s->neurons;
    int64_t wrong = 0, near = 0;
    j->lambda = mye_lesson_lambda(&s->lesson, j->epoch);
    memset(j->wrong, 0, shards * sizeof(*j->wrong));
    memset(j->near, 0, shards * sizeof(*j->near));
    if (s->lesson.o.batch > 1)
        teach_batches(j);
    else
        mye_parallel(s->ctx, s->neurons, teach_neuron, j);
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

static void tell(const job *j, const mye_callbacks *callbacks, const mye_synapse_epoch *e,
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

static mye_status run(job *j, const mye_callbacks *callbacks, mye_synapse_result *out,
                      mye_error *err)
{
    mye_synapse *s = j->s;
    const int64_t epochs = s->lesson.o.epochs;
    const double begin_s = mye_now_s();
    double last_s = 0;
    out->curve = mye_alloc_array(s->ctx, (size_t)epochs, sizeof(*out->curve));
    if (!out->curve)
        return mye_no_memory(err, (size_t)epochs * sizeof(*out->curve), "the curve of epochs");
    for (j->epoch = 1; j->epoch <= epochs && !out->converged; j->epoch++) {
        mye_synapse_epoch *e = &out->curve[out->epochs];
        MYE_TRY(run_epoch(j, e, err));
        out->epochs++;
        out->converged = e->wrong == 0 && e->near == 0;
        out->train_s = mye_now_s() - begin_s;
        tell(j, callbacks, e, begin_s, &last_s);
    }
    for (int m = 0; m < s->neurons; m++) {
        const mye_pupil pupil = pupil_of(s, m);
        mye_pupil_average(&pupil, s->units, out->epochs * j->n);
    }
    return MYE_OK;
}

mye_status mye_synapse_train(mye_synapse *s, const mye_patterns *patterns, const mye_aims *aims,
                             const mye_callbacks *callbacks, mye_synapse_result *out,
                             mye_error *err)
{
    job j = {.s = s, .set = patterns, .aims = aims, .n = patterns->info.n};
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
