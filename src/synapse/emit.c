/*
 * The spikes of a group as patterns for another: neuron m is afferent m there. Several spikes of one
 * time - impulses that lift V over several thresholds - are one spike with their number as coefficient,
 * so layers of neurons speak the language that they read.
 */
#include "synapse/group.h"

#define ROUND 1024 /* patterns that are read before their spikes are put into the set */

typedef struct job {
    const mye_synapse *s;
    const mye_patterns *set;
    mye_desks desks;
    int64_t from;      /* of this round       */
    mye_noisy *answer; /* [ROUND]             */
} job;

static mye_status add_spikes(const mye_walk *walk, int neuron, mye_noisy *out, mye_error *err)
{
    for (int i = 0; i < walk->n; i++) {
        if (i > 0 && walk->spike[i].t_ms == walk->spike[i - 1].t_ms) {
            out->spike[out->n - 1].c += 1;
            continue;
        }
        MYE_TRY(mye_noisy_reserve(out, out->n + 1, err));
        out->spike[out->n++] = (mye_spike){walk->spike[i].t_ms, 1, neuron};
    }
    return MYE_OK;
}

/* All neurons before one pattern. */
static void read_one(void *arg, int shard, int lane)
{
    const job *j = arg;
    const mye_synapse *s = j->s;
    mye_desk *desk = &j->desks.desk[lane];
    mye_status *status = &j->desks.status[lane];
    const mye_pattern p = mye_patterns_at(j->set, j->from + shard);
    const mye_course course = mye_course_make(&s->lesson.psp, &p, desk->block);
    mye_noisy *out = &j->answer[shard];
    out->n = 0;
    for (int m = 0; m < s->neurons && *status == MYE_OK; m++) {
        mye_reader_face(&desk->reader, &course, s->w + (size_t)m * (size_t)s->units);
        mye_reader_walk(&desk->reader, false);
        *status = add_spikes(&desk->reader.walk, m, out, &j->desks.error[lane]);
    }
}

static mye_status read_round(job *j, mye_patterns *out, mye_error *err)
{
    const int64_t left = j->set->info.n - j->from;
    const int n = left < ROUND ? (int)left : ROUND;
    mye_parallel(j->s->ctx, n, read_one, j);
    MYE_TRY(mye_desks_failed(&j->desks, err));
    if (mye_context_cancelled(j->s->ctx))
        return mye_fail(err, MYE_ERR_CANCELLED, "reading of patterns was stopped");
    for (int i = 0; i < n; i++) {
        mye_pattern p = mye_patterns_at(j->set, j->from + i);
        p.spike = j->answer[i].spike;
        p.n = j->answer[i].n;
        MYE_TRY(mye_patterns_add(out, &p, err));
    }
    return MYE_OK;
}

static mye_status read_all(job *j, mye_patterns *out, mye_error *err)
{
    mye_context *ctx = j->s->ctx;
    MYE_TRY(mye_desks_open(j->s, mye_patterns_longest(j->set), &j->desks, err));
    j->answer = mye_alloc_array(ctx, ROUND, sizeof(*j->answer));
    if (!j->answer)
        return mye_no_memory(err, ROUND * sizeof(*j->answer), "answers of neurons");
    for (int i = 0; i < ROUND; i++)
        j->answer[i].ctx = ctx;
    for (; j->from < j->set->info.n; j->from += ROUND)
        MYE_TRY(read_round(j, out, err));
    return MYE_OK;
}

mye_status mye_synapse_emit(const mye_synapse *s, const mye_patterns *patterns, mye_patterns **out,
                            mye_error *err)
{
    job j = {.s = s, .set = patterns};
    *out = NULL;
    MYE_TRY(mye_group_check(s, patterns, err));
    mye_status st = mye_patterns_create(s->ctx, s->neurons, patterns->info.classes, out, err);
    for (int32_t k = 0; st == MYE_OK && k < patterns->info.classes; k++)
        st = mye_patterns_name(*out, k, patterns->class_name[k], err);
    if (st == MYE_OK)
        st = read_all(&j, *out, err);
    for (int i = 0; j.answer && i < ROUND; i++)
        mye_free(s->ctx, j.answer[i].spike);
    mye_free(s->ctx, j.answer);
    mye_desks_close(&j.desks);
    if (st != MYE_OK) {
        mye_patterns_free(*out);
        *out = NULL;
    }
    return st;
}
