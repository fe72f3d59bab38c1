/* The courses of a whole set. */
#include "synapse/courses.h"

#define SHARD 256 /* patterns */

typedef struct job {
    const mye_psp *psp;
    const mye_patterns *set;
    size_t *at; /* [n + 1] place of each course in the block */
    unsigned char *block;
    mye_course *course;
} job;

/* Bytes of a course with this pattern's distinct times. */
static size_t exact_bytes(const mye_pattern *p)
{
    int64_t events = 0;
    for (int64_t i = 0; i < p->n; i++)
        events += i == 0 || p->spike[i].t_ms != p->spike[i - 1].t_ms;
    return mye_course_bytes(events);
}

static void measure_shard(void *arg, int shard, int lane)
{
    const job *j = arg;
    const int64_t n = j->set->info.n;
    MYE_UNUSED(lane);
    for (int64_t k = (int64_t)shard * SHARD; k < n && k < ((int64_t)shard + 1) * SHARD; k++) {
        const mye_pattern p = mye_patterns_at(j->set, k);
        j->at[k + 1] = exact_bytes(&p);
    }
}

static void make_shard(void *arg, int shard, int lane)
{
    const job *j = arg;
    const int64_t n = j->set->info.n;
    MYE_UNUSED(lane);
    for (int64_t k = (int64_t)shard * SHARD; k < n && k < ((int64_t)shard + 1) * SHARD; k++) {
        const mye_pattern p = mye_patterns_at(j->set, k);
        j->course[k] = mye_course_make(j->psp, &p, j->block + j->at[k]);
    }
}

static mye_status make(job *j, mye_courses *out, size_t limit, mye_error *err)
{
    const int64_t n = out->n;
    const int shards = (int)((n + SHARD - 1) / SHARD);
    mye_parallel(out->ctx, shards, measure_shard, j);
    for (int64_t k = 0; k < n; k++)
        j->at[k + 1] += j->at[k];
    const size_t bytes = j->at[n] + (size_t)n * sizeof(mye_course);
    if (limit > 0 && bytes > limit)
        return MYE_OK;
    out->block = mye_alloc_big(out->ctx, j->at[n]);
    out->course = mye_alloc_array(out->ctx, (size_t)n, sizeof(*out->course));
    if (!out->block || !out->course)
        return mye_no_memory(err, bytes, "spike patterns made ready for neurons");
    j->block = out->block;
    j->course = out->course;
    mye_parallel(out->ctx, shards, make_shard, j);
    return MYE_OK;
}

mye_status mye_courses_make(mye_context *ctx, const mye_psp *psp, const mye_patterns *set,
                            size_t limit, mye_courses *out, mye_error *err)
{
    const int64_t n = set->info.n;
    job j = {.psp = psp, .set = set};
    *out = (mye_courses){.ctx = ctx, .n = n};
    out->most_spikes = mye_patterns_longest(set);
    j.at = mye_alloc_array(ctx, (size_t)n + 1, sizeof(*j.at));
    if (!j.at)
        return mye_no_memory(err, ((size_t)n + 1) * sizeof(*j.at), "places of spike patterns");
    const mye_status st = make(&j, out, limit, err);
    mye_free(ctx, j.at);
    return st;
}

void mye_courses_free(mye_courses *courses)
{
    if (!courses->ctx)
        return;
    mye_free(courses->ctx, courses->course);
    mye_free(courses->ctx, courses->block);
    *courses = (mye_courses){0};
}
