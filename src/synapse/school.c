/* One neuron learns a set on one thread: for experiments that train many neurons side by side. */
#include "synapse/experiment_kind.h"

#include "synapse/courses.h"

enum { TAG_ORDER = 201 };

typedef struct room {
    const mye_lesson *lesson;
    const mye_patterns *set;
    mye_desk desk;
    void *block;        /* of all courses */
    mye_course *course; /* [n]            */
    int64_t *order;     /* [n]            */
    mye_pupil pupil;
} room;

static void leave(room *r)
{
    mye_context *ctx = r->lesson->ctx;
    mye_desk_close(&r->desk);
    mye_free(ctx, r->block);
    mye_free(ctx, r->course);
    mye_free(ctx, r->order);
    mye_free(ctx, r->pupil.state);
    mye_free(ctx, r->pupil.sum);
}

static mye_status enter(room *r, double *w, mye_error *err)
{
    mye_context *ctx = r->lesson->ctx;
    const mye_patterns *set = r->set;
    const size_t n = (size_t)set->info.n, units = (size_t)set->info.units;
    const bool has_state = mye_lesson_has_state(r->lesson), average = r->lesson->o.average;
    size_t bytes = 0;
    for (size_t k = 0; k < n; k++)
        bytes += mye_course_bytes(set->first[k + 1] - set->first[k]);
    MYE_TRY(mye_desk_open(r->lesson, (int32_t)units, mye_patterns_longest(set), &r->desk, err));
    r->block = mye_alloc(ctx, bytes);
    r->course = mye_alloc_array(ctx, n, sizeof(*r->course));
    r->order = mye_alloc_array(ctx, n, sizeof(*r->order));
    r->pupil = (mye_pupil){w, has_state ? mye_alloc_array(ctx, units, sizeof(double)) : NULL,
                           average ? mye_alloc_array(ctx, units, sizeof(double)) : NULL};
    if (!r->block || !r->course || !r->order || (has_state && !r->pupil.state) ||
        (average && !r->pupil.sum))
        return mye_no_memory(err, bytes, "the patterns of an experiment");
    char *at = r->block;
    for (size_t k = 0; k < n; k++) {
        const mye_pattern p = mye_patterns_at(set, (int64_t)k);
        r->course[k] = mye_course_make(&r->lesson->psp, &p, at);
        at += mye_course_bytes(p.n);
    }
    return MYE_OK;
}

/* *wrong: presentations that taught something. */
static mye_status epoch(room *r, const mye_aim *aim, int64_t number, int64_t *wrong, mye_error *err)
{
    const mye_lesson *lesson = r->lesson;
    const int64_t n = r->set->info.n;
    const uint64_t seed = lesson->o.seed;
    const double lambda = mye_lesson_lambda(lesson, number);
    mye_random_permutation(mye_random_derive(seed, TAG_ORDER), MYE_STREAM_SHUFFLE, (uint64_t)number,
                           n, r->order);
    *wrong = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = r->order[i];
        mye_course course = r->course[k];
        if (mye_context_cancelled(lesson->ctx))
            return mye_fail(err, MYE_ERR_CANCELLED, "the experiment was stopped");
        if (lesson->noise.n > 0) {
            const mye_pattern p = mye_patterns_at(r->set, k);
            const uint64_t own =
                mye_random_derive(mye_random_derive(seed, (uint64_t)number), (uint64_t)k);
            MYE_TRY(mye_desk_course(lesson, &r->desk, &p, own, &course, err));
        }
        *wrong += mye_pupil_learn(lesson, &r->desk, &course, &aim[k], lambda,
                                  (number - 1) * n + i + 1, &r->pupil) != MYE_RIGHT;
    }
    return MYE_OK;
}

mye_status mye_school_run(const mye_lesson *lesson, const mye_patterns *set, const mye_aim *aim,
                          double *w, void (*each)(void *user, int64_t epoch, const double *w),
                          void *user, mye_school *out, mye_error *err)
{
    room r = {.lesson = lesson, .set = set};
    *out = (mye_school){0};
    for (int64_t k = 0; k < set->info.n; k++)
        MYE_TRY(mye_lesson_check_times(lesson, aim[k].t_ms != NULL, err));
    mye_status st = enter(&r, w, err);
    while (st == MYE_OK && !out->converged && out->epochs < lesson->o.epochs) {
        int64_t wrong = 0;
        st = epoch(&r, aim, out->epochs + 1, &wrong, err);
        if (st != MYE_OK)
            break;
        out->epochs++;
        out->converged = wrong == 0;
        if (each)
            each(user, out->epochs, w);
    }
    if (st == MYE_OK)
        mye_pupil_average(&r.pupil, set->info.units, out->epochs * set->info.n);
    leave(&r);
    return st;
}
