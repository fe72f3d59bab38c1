/* Groups of neurons: making, checks, scratch of threads. */
#include "synapse/group.h"

mye_status mye_synapse_create(mye_context *ctx, int32_t units, int neurons,
                              const mye_synapse_options *options, mye_synapse **out, mye_error *err)
{
    *out = NULL;
    if (units < 1 || units > MYE_UNITS_MAX || neurons < 1 || neurons > MYE_NEURONS_MAX)
        return mye_fail(err, MYE_ERR_ARG,
                        "a group wants 1 to %d afferents and 1 to %d neurons, got %d and %d",
                        MYE_UNITS_MAX, MYE_NEURONS_MAX, units, neurons);
    mye_synapse *s = mye_alloc(ctx, sizeof(*s));
    if (!s)
        return mye_no_memory(err, sizeof(*s), "a group of neurons");
    s->ctx = ctx;
    s->units = units;
    s->neurons = neurons;
    mye_status st = mye_lesson_open(ctx, options, &s->lesson, err);
    if (st == MYE_OK) {
        const size_t n = (size_t)units * (size_t)neurons;
        const bool has_state = mye_lesson_has_state(&s->lesson), average = options->average;
        s->w = mye_alloc_array(ctx, n, sizeof(double));
        s->state = has_state ? mye_alloc_array(ctx, n, sizeof(double)) : NULL;
        s->sum = average ? mye_alloc_array(ctx, n, sizeof(double)) : NULL;
        if (!s->w || (has_state && !s->state) || (average && !s->sum))
            st = mye_no_memory(err, n * sizeof(double), "weights of neurons");
    }
    for (int m = 0; st == MYE_OK && m < neurons; m++)
        mye_pupil_init(&s->lesson, units, (uint64_t)m, s->w + (size_t)m * (size_t)units);
    if (st == MYE_OK)
        *out = s;
    else
        mye_synapse_free(s);
    return st;
}

void mye_synapse_free(mye_synapse *s)
{
    if (!s)
        return;
    mye_lesson_close(&s->lesson);
    mye_free(s->ctx, s->w);
    mye_free(s->ctx, s->state);
    mye_free(s->ctx, s->sum);
    mye_free(s->ctx, s);
}

int32_t mye_synapse_units(const mye_synapse *s)
{
    return s->units;
}

int mye_synapse_neurons(const mye_synapse *s)
{
    return s->neurons;
}

double mye_synapse_theta(const mye_synapse *s)
{
    return s->lesson.o.theta;
}

double *mye_synapse_weights(mye_synapse *s)
{
    return s->w;
}

mye_status mye_group_check(const mye_synapse *s, const mye_patterns *set, mye_error *err)
{
    if (set->info.units != s->units)
        return mye_fail(err, MYE_ERR_SHAPE, "neurons with %d afferents cannot read patterns of %d",
                        s->units, set->info.units);
    return MYE_OK;
}

mye_status mye_desks_open(const mye_synapse *s, int64_t most_spikes, mye_desks *out, mye_error *err)
{
    mye_context *ctx = s->ctx;
    const int n = mye_context_threads(ctx);
    *out = (mye_desks){.ctx = ctx};
    out->desk = mye_alloc_array(ctx, (size_t)n, sizeof(*out->desk));
    out->status = mye_alloc_array(ctx, (size_t)n, sizeof(*out->status));
    out->error = mye_alloc_array(ctx, (size_t)n, sizeof(*out->error));
    if (!out->desk || !out->status || !out->error)
        return mye_no_memory(err, (size_t)n * sizeof(*out->desk), "scratch of threads");
    for (; out->n < n; out->n++) {
        const mye_status st =
            mye_desk_open(&s->lesson, s->units, most_spikes, &out->desk[out->n], err);
        if (st != MYE_OK) {
            mye_desk_close(&out->desk[out->n]);
            return st;
        }
    }
    return MYE_OK;
}

mye_status mye_desks_failed(const mye_desks *desks, mye_error *err)
{
    for (int i = 0; i < desks->n; i++) {
        if (desks->status[i] == MYE_OK)
            continue;
        if (err)
            *err = desks->error[i];
        return desks->status[i];
    }
    return MYE_OK;
}

void mye_desks_close(mye_desks *desks)
{
    for (int i = 0; i < desks->n; i++)
        mye_desk_close(&desks->desk[i]);
    mye_free(desks->ctx, desks->desk);
    mye_free(desks->ctx, desks->status);
    mye_free(desks->ctx, desks->error);
    *desks = (mye_desks){0};
}

mye_status mye_group_course(const mye_synapse *s, const mye_courses *courses,
                            const mye_patterns *set, int64_t k, uint64_t seed, mye_desk *desk,
                            mye_course *out, mye_error *err)
{
    const mye_pattern p = mye_patterns_at(set, k);
    if (s->lesson.noise.n > 0)
        return mye_desk_course(&s->lesson, desk, &p, seed, out, err);
    *out = courses->course ? courses->course[k] : mye_course_make(&s->lesson.psp, &p, desk->block);
    return MYE_OK;
}
