/* Sets of spike patterns in memory: one block of spikes, and where each pattern begins. */
#include "synapse/patterns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

mye_status mye_patterns_create(mye_context *ctx, int32_t units, int32_t classes, mye_patterns **out,
                               mye_error *err)
{
    *out = NULL;
    if (units < 1 || units > MYE_UNITS_MAX)
        return mye_fail(err, MYE_ERR_ARG, "patterns want 1 to %d afferents, got %d", MYE_UNITS_MAX,
                        units);
    if (classes < 1 || classes > MYE_CLASSES_MAX)
        return mye_fail(err, MYE_ERR_ARG, "patterns want 1 to %d classes, got %d", MYE_CLASSES_MAX,
                        classes);
    mye_patterns *set = mye_alloc(ctx, sizeof(*set));
    if (!set)
        return mye_no_memory(err, sizeof(*set), "a set of patterns");
    set->ctx = ctx;
    set->info.units = units;
    set->info.classes = classes;
    set->info.source = set->source;
    set->info.bytes = sizeof(*set);
    set->class_name = mye_alloc_array(ctx, (size_t)classes, sizeof(*set->class_name));
    mye_status st = set->class_name
                        ? mye_patterns_reserve(set, 16, 256, err)
                        : mye_no_memory(err, (size_t)classes * sizeof(char *), "class names");
    for (int32_t k = 0; k < classes && st == MYE_OK; k++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", k);
        st = mye_patterns_name(set, k, number, err);
    }
    set->info.class_name = (const char *const *)set->class_name;
    if (st == MYE_OK)
        *out = set;
    else
        mye_patterns_free(set);
    return st;
}

void mye_patterns_free(mye_patterns *set)
{
    if (!set)
        return;
    for (int32_t k = 0; set->class_name && k < set->info.classes; k++)
        mye_free(set->ctx, set->class_name[k]);
    mye_free(set->ctx, set->class_name);
    mye_free(set->ctx, set->spike);
    mye_free(set->ctx, set->first);
    mye_free(set->ctx, set->window_ms);
    mye_free(set->ctx, set->label);
    mye_free(set->ctx, set->group);
    mye_free(set->ctx, set);
}

const mye_patterns_info *mye_patterns_about(const mye_patterns *set)
{
    return &set->info;
}

mye_pattern mye_patterns_at(const mye_patterns *set, int64_t k)
{
    return (mye_pattern){.spike = set->spike + set->first[k],
                         .n = set->first[k + 1] - set->first[k],
                         .window_ms = set->window_ms[k],
                         .label = set->label[k],
                         .group = set->group[k]};
}

int64_t mye_patterns_longest(const mye_patterns *set)
{
    int64_t most = 0;
    for (int64_t k = 0; k < set->info.n; k++) {
        const int64_t spikes = set->first[k + 1] - set->first[k];
        most = spikes > most ? spikes : most;
    }
    return most;
}

mye_status mye_patterns_name(mye_patterns *set, int32_t label, const char *name, mye_error *err)
{
    if (label < 0 || label >= set->info.classes)
        return mye_fail(err, MYE_ERR_ARG, "the set has classes 0 to %d, got %d",
                        set->info.classes - 1, label);
    char *copy = mye_strdup(set->ctx, name);
    if (!copy)
        return mye_no_memory(err, strlen(name) + 1, "a class name");
    mye_free(set->ctx, set->class_name[label]);
    set->class_name[label] = copy;
    return MYE_OK;
}

/* One array to `room` elements, of which `used` are kept. */
static mye_status grow(mye_patterns *set, void **block, int64_t used, int64_t room, size_t size,
                       mye_error *err)
{
    size_t bytes;
    if (__builtin_mul_overflow((size_t)room, size, &bytes))
        return mye_no_memory(err, SIZE_MAX, "spike patterns");
    void *grown = mye_grow(set->ctx, *block, (size_t)used * size, bytes);
    if (!grown)
        return mye_no_memory(err, bytes, "spike patterns");
    *block = grown;
    return MYE_OK;
}

static void count_bytes(mye_patterns *set)
{
    const size_t one =
        sizeof(*set->first) + sizeof(*set->window_ms) + sizeof(*set->label) + sizeof(*set->group);
    set->info.bytes = sizeof(*set) + (size_t)set->n_room * one + sizeof(*set->first) +
                      (size_t)set->spike_room * sizeof(*set->spike);
}

mye_status mye_patterns_reserve(mye_patterns *set, int64_t n, int64_t m, mye_error *err)
{
    const int64_t have = set->info.n, spikes = set->info.spikes;
    if (have + n > set->n_room) {
        int64_t room = 2 * set->n_room;
        room = room > have + n ? room : have + n;
        MYE_TRY(grow(set, (void **)&set->first, set->first ? have + 1 : 0, room + 1,
                     sizeof(*set->first), err));
        MYE_TRY(grow(set, (void **)&set->window_ms, have, room, sizeof(*set->window_ms), err));
        MYE_TRY(grow(set, (void **)&set->label, have, room, sizeof(*set->label), err));
        MYE_TRY(grow(set, (void **)&set->group, have, room, sizeof(*set->group), err));
        set->n_room = room;
    }
    if (spikes + m > set->spike_room) {
        int64_t room = set->spike_room + set->spike_room / 2;
        room = room > spikes + m ? room : spikes + m;
        MYE_TRY(grow(set, (void **)&set->spike, spikes, room, sizeof(*set->spike), err));
        set->spike_room = room;
    }
    count_bytes(set);
    return MYE_OK;
}

/* By time; those of one time by afferent, then by coefficient, so that the order is one. */
static int by_time(const void *a, const void *b)
{
    const mye_spike *x = a, *y = b;
    if (x->t_ms != y->t_ms)
        return x->t_ms < y->t_ms ? -1 : 1;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return (x->c > y->c) - (x->c < y->c);
}

void mye_spikes_sort(mye_spike *spike, int64_t n)
{
    bool sorted = true;
    for (int64_t i = 1; i < n && sorted; i++)
        sorted = by_time(&spike[i - 1], &spike[i]) <= 0;
    if (!sorted)
        qsort(spike, (size_t)n, sizeof(*spike), by_time);
}

static mye_status check(const mye_patterns *set, const mye_pattern *p, mye_error *err)
{
    const mye_patterns_info *info = &set->info;
    if (p->label < 0 || p->label >= info->classes)
        return mye_fail(err, MYE_ERR_ARG, "pattern %lld has label %d, expected 0 to %d",
                        (long long)info->n, p->label, info->classes - 1);
    if (!(p->window_ms >= 0) || !isfinite(p->window_ms) || p->n < 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "pattern %lld has a window of %g ms and %lld spikes, "
                        "expected 0 or more",
                        (long long)info->n, p->window_ms, (long long)p->n);
    for (int64_t i = 0; i < p->n; i++) {
        const mye_spike *s = &p->spike[i];
        if (!(s->t_ms >= 0) || !isfinite(s->t_ms))
            return mye_fail(err, MYE_ERR_ARG,
                            "spike %lld of pattern %lld is at %g ms, expected a "
                            "time from 0",
                            (long long)i, (long long)info->n, s->t_ms);
        if (s->unit < 0 || s->unit >= info->units)
            return mye_fail(err, MYE_ERR_ARG,
                            "spike %lld of pattern %lld is of afferent %d, "
                            "expected 0 to %d",
                            (long long)i, (long long)info->n, s->unit, info->units - 1);
        if (!isfinite(s->c))
            return mye_fail(err, MYE_ERR_ARG,
                            "spike %lld of pattern %lld has coefficient %g, "
                            "expected a finite number",
                            (long long)i, (long long)info->n, (double)s->c);
    }
    return MYE_OK;
}

mye_status mye_patterns_add(mye_patterns *set, const mye_pattern *pattern, mye_error *err)
{
    MYE_TRY(check(set, pattern, err));
    const int64_t k = set->info.n, start = set->info.spikes;
    const mye_spike *from = pattern->spike;
    /* A pattern of this set moves with it. */
    const bool is_own = start > 0 && from >= set->spike && from < set->spike + start;
    const ptrdiff_t place = is_own ? from - set->spike : 0;
    MYE_TRY(mye_patterns_reserve(set, 1, pattern->n, err));
    mye_spike *to = set->spike + start;
    if (pattern->n > 0)
        memcpy(to, is_own ? set->spike + place : from, (size_t)pattern->n * sizeof(*to));
    mye_spikes_sort(to, pattern->n);
    set->window_ms[k] = pattern->window_ms;
    set->label[k] = pattern->label;
    set->group[k] = pattern->group;
    set->first[k] = start;
    set->first[k + 1] = start + pattern->n;
    set->info.n++;
    set->info.spikes += pattern->n;
    return MYE_OK;
}

mye_status mye_patterns_like(const mye_patterns *set, mye_patterns **out, mye_error *err)
{
    MYE_TRY(mye_patterns_create(set->ctx, set->info.units, set->info.classes, out, err));
    memcpy((*out)->source, set->source, sizeof(set->source));
    for (int32_t k = 0; k < set->info.classes; k++) {
        const mye_status st = mye_patterns_name(*out, k, set->class_name[k], err);
        if (st != MYE_OK) {
            mye_patterns_free(*out);
            *out = NULL;
            return st;
        }
    }
    return MYE_OK;
}

mye_status mye_patterns_append(mye_patterns *set, const mye_patterns *from, mye_error *err)
{
    const int64_t n = from->info.n; /* `from` may be the set itself */
    MYE_TRY(mye_patterns_reserve(set, n, from->info.spikes, err));
    for (int64_t k = 0; k < n; k++) {
        const mye_pattern p = mye_patterns_at(from, k);
        MYE_TRY(mye_patterns_add(set, &p, err));
    }
    return MYE_OK;
}

mye_status mye_patterns_choose(const mye_patterns *set, const int64_t *index, int64_t n,
                               mye_patterns **out, mye_error *err)
{
    MYE_TRY(mye_patterns_like(set, out, err));
    mye_status st = MYE_OK;
    for (int64_t i = 0; i < n && st == MYE_OK; i++) {
        if (index[i] < 0 || index[i] >= set->info.n) {
            st = mye_fail(err, MYE_ERR_ARG, "the set has patterns 0 to %lld, got %lld",
                          (long long)set->info.n - 1, (long long)index[i]);
            continue;
        }
        const mye_pattern p = mye_patterns_at(set, index[i]);
        st = mye_patterns_add(*out, &p, err);
    }
    if (st != MYE_OK) {
        mye_patterns_free(*out);
        *out = NULL;
    }
    return st;
}

void mye_patterns_flatten(mye_patterns *set)
{
    for (int64_t i = 0; i < set->info.spikes; i++)
        set->spike[i].c = 1;
}

mye_status mye_patterns_ordinary(const mye_patterns *set, mye_patterns **out, mye_error *err)
{
    MYE_TRY(mye_patterns_like(set, out, err));
    const mye_status st = mye_patterns_append(*out, set, err);
    if (st == MYE_OK) {
        mye_patterns_flatten(*out);
    } else {
        mye_patterns_free(*out);
        *out = NULL;
    }
    return st;
}
