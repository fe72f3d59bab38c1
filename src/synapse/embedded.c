/* Features in a stream of background. */
#include "synapse/embedded.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_FEATURE = 401, PLACES_MAX = 4096 /* three times the mean of what options allow */ };

/* Spikes of all afferents as one process of their summed rate: they come out in order. */
mye_status mye_scene_background(const mye_scene *scene, mye_draws *draws, double from_ms, double ms,
                                mye_noisy *out, mye_error *err)
{
    const double gap_ms = 1000 / (scene->rate_hz * scene->units);
    for (double t = gap_ms * mye_draws_exponential(draws); t < ms;
         t += gap_ms * mye_draws_exponential(draws)) {
        MYE_TRY(mye_noisy_reserve(out, out->n + 1, err));
        const int32_t unit = (int32_t)mye_draws_below(draws, scene->units);
        out->spike[out->n++] =
            (mye_spike){from_ms + t, mye_draws_coefficient(draws, scene->coefficient), unit};
    }
    return MYE_OK;
}

static mye_status draw_feature(const mye_scene *scene, mye_draws *draws, mye_noisy *work,
                               mye_error *err)
{
    work->n = 0;
    MYE_TRY(mye_scene_background(scene, draws, 0, scene->feature_ms, work, err));
    if (scene->same_times && scene->feature->info.n > 0) {
        const mye_pattern first = mye_patterns_at(scene->feature, 0);
        MYE_TRY(mye_noisy_reserve(work, first.n, err));
        memcpy(work->spike, first.spike, (size_t)first.n * sizeof(*work->spike));
        work->n = first.n;
        for (int64_t i = 0; i < work->n; i++)
            work->spike[i].c = mye_draws_coefficient(draws, scene->coefficient);
    }
    const mye_pattern p = {work->spike, work->n, scene->feature_ms, 0, 0};
    return mye_patterns_add(scene->feature, &p, err);
}

mye_status mye_scene_open(mye_context *ctx, mye_scene *scene, mye_error *err)
{
    mye_noisy work = {.ctx = ctx};
    scene->feature = NULL;
    mye_status st = mye_patterns_create(ctx, scene->units, 1, &scene->feature, err);
    for (int f = 0; st == MYE_OK && f < scene->features; f++) {
        mye_draws draws = mye_draws_begin(scene->seed, TAG_FEATURE + (uint64_t)f);
        st = draw_feature(scene, &draws, &work, err);
    }
    mye_free(ctx, work.spike);
    return st;
}

void mye_scene_close(mye_scene *scene)
{
    mye_patterns_free(scene->feature);
    scene->feature = NULL;
}

mye_status mye_scene_feature(const mye_scene *scene, int f, double from_ms, mye_noisy *out,
                             mye_error *err)
{
    const mye_pattern p = mye_patterns_at(scene->feature, f);
    MYE_TRY(mye_noisy_reserve(out, out->n + p.n, err));
    for (int64_t i = 0; i < p.n; i++) {
        out->spike[out->n] = p.spike[i];
        out->spike[out->n++].t_ms += from_ms;
    }
    return MYE_OK;
}

typedef struct place {
    double at; /* share of the background before it */
    int feature;
} place;

static int by_place(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

mye_status mye_scene_trial(const mye_scene *scene, mye_draws *draws, double ms, double mean,
                           int *occurs, mye_noisy *out, mye_error *err)
{
    place list[PLACES_MAX];
    int n = 0;
    for (int f = 0; f < scene->features; f++) {
        const int64_t drawn = mye_draws_poisson(draws, mean);
        for (occurs[f] = 0; occurs[f] < drawn && n < PLACES_MAX; occurs[f]++)
            list[n++] = (place){mye_draws_uniform(draws), f};
    }
    qsort(list, (size_t)n, sizeof(*list), by_place);
    double done = 0, t = 0;
    out->n = 0;
    for (int i = 0; i <= n; i++) {
        const double until = i < n ? list[i].at * ms : ms;
        MYE_TRY(mye_scene_background(scene, draws, t, until - done, out, err));
        t += until - done;
        done = until;
        if (i == n)
            break;
        MYE_TRY(mye_scene_feature(scene, list[i].feature, t, out, err));
        t += scene->feature_ms;
    }
    out->window_ms = t;
    return MYE_OK;
}
