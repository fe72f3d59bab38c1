/*
 * An epoch of teaching. Neurons learn on their own: with a batch of one pattern each thread takes whole
 * neurons through the epoch, each in an order of its own. With larger batches the mistakes of a
 * batch are found for all neurons and pieces of it side by side, and added up piece by piece. Neither
 * depends on the number of threads.
 */
#include <string.h>

#include "synapse/teach.h"

enum { TAG_ORDER = 101, TAG_NOISE };

mye_pupil mye_group_pupil(const mye_synapse *s, int m)
{
    const size_t at = (size_t)m * (size_t)s->units;
    return (mye_pupil){s->w + at, s->state ? s->state + at : NULL, s->sum ? s->sum + at : NULL};
}

static mye_aim aim_of(const mye_teaching *j, int64_t k, int m)
{
    const int64_t at = k * j->s->neurons + m;
    const bool has_times = j->aims->first && j->aims->t_ms;
    return (mye_aim){j->aims->count[at], has_times ? j->aims->t_ms + j->aims->first[at] : NULL};
}

static uint64_t noise_seed(const mye_teaching *j, int64_t k)
{
    const uint64_t epoch = mye_random_derive(j->s->lesson.o.seed, TAG_NOISE);
    return mye_random_derive(mye_random_derive(epoch, (uint64_t)j->epoch), (uint64_t)k);
}

/* The course of pattern k; false when the thread failed, now or before, or should stop. */
static bool take(const mye_teaching *j, int64_t k, int lane, mye_course *out)
{
    mye_status *status = &j->desks.status[lane];
    if (*status != MYE_OK || mye_context_cancelled(j->s->ctx))
        return false;
    *status = mye_group_course(j->s, &j->courses, j->set, k, noise_seed(j, k), &j->desks.desk[lane],
                               out, &j->desks.error[lane]);
    return *status == MYE_OK;
}

/* Adds to the counts of shard i. */
static void count(const mye_teaching *j, size_t i, mye_verdict verdict)
{
    j->wrong[i] += verdict == MYE_WRONG;
    j->near[i] += verdict == MYE_NEAR;
}

/* One neuron through an epoch. */
static void teach_neuron(void *arg, int m, int lane)
{
    const mye_teaching *j = arg;
    const mye_lesson *lesson = &j->s->lesson;
    const mye_pupil pupil = mye_group_pupil(j->s, m);
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

void mye_teach_neurons(mye_teaching *j)
{
    mye_parallel(j->s->ctx, j->s->neurons, teach_neuron, j);
}

/* ---- batches ---- */

/* What one neuron would learn from one piece of the batch. */
static void look_at_piece(void *arg, int shard, int lane)
{
    const mye_teaching *j = arg;
    const mye_synapse *s = j->s;
    const int m = shard / j->pieces, piece = shard % j->pieces;
    const int last = j->size < (piece + 1) * MYE_PIECE ? j->size : (piece + 1) * MYE_PIECE;
    mye_reader *r = &j->desks.desk[lane].reader;
    j->moved[shard] = false;
    for (int i = piece * MYE_PIECE; i < last; i++) {
        const int64_t k = j->order[j->begin + i];
        mye_course course;
        if (!take(j, k, lane, &course))
            return;
        const mye_aim aim = aim_of(j, k, m);
        mye_reader_face(r, &course, mye_group_pupil(s, m).w);
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
    const mye_teaching *j = arg;
    const mye_synapse *s = j->s;
    mye_desk *desk = &j->desks.desk[lane];
    const mye_pupil pupil = mye_group_pupil(s, m);
    bool any = false;
    for (int piece = 0; piece < (j->size + MYE_PIECE - 1) / MYE_PIECE; piece++) {
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

void mye_teach_batches(mye_teaching *j)
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
