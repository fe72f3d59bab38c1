/* A neuron that listens to a stream. */
#include "synapse/listener.h"

#include <math.h>

enum { TAG_TRIAL = 501, TAG_PROBE, SPIKES_FIRST = 256 };
#define PROBE_MS 1950.0

mye_status mye_listener_open(mye_listener *l, mye_error *err)
{
    const size_t units = (size_t)l->scene.units;
    l->trial.ctx = l->noisy.ctx = l->ctx;
    MYE_TRY(mye_lesson_check_times(l->lesson, false, err));
    MYE_TRY(mye_desk_open(l->lesson, l->scene.units, SPIKES_FIRST, &l->desk, err));
    MYE_TRY(mye_scene_open(l->ctx, &l->scene, err));
    l->pupil.w = mye_alloc_array(l->ctx, units, sizeof(double));
    l->pupil.state = mye_alloc_array(l->ctx, units, sizeof(double));
    if (!l->pupil.w || !l->pupil.state)
        return mye_no_memory(err, units * sizeof(double), "a neuron");
    mye_pupil_init(l->lesson, l->scene.units, 0, l->pupil.w);
    return MYE_OK;
}

void mye_listener_close(mye_listener *l)
{
    mye_desk_close(&l->desk);
    mye_scene_close(&l->scene);
    mye_free(l->ctx, l->trial.spike);
    mye_free(l->ctx, l->noisy.spike);
    mye_free(l->ctx, l->pupil.w);
    mye_free(l->ctx, l->pupil.state);
}

static mye_status make_course(mye_listener *l, mye_course *out, mye_error *err)
{
    const mye_pattern p = {l->trial.spike, l->trial.n, l->trial.window_ms, 0, 0};
    MYE_TRY(mye_desk_reserve(&l->desk, p.n, err));
    *out = mye_course_make(&l->lesson->psp, &p, l->desk.block);
    return MYE_OK;
}

/* The trial with noise. */
static mye_status add_noise(mye_listener *l, const mye_noises *noises, uint64_t seed,
                            mye_error *err)
{
    const mye_pattern p = {l->trial.spike, l->trial.n, l->trial.window_ms, 0, 0};
    MYE_TRY(mye_noises_apply(noises, &p, l->scene.units, seed, &l->noisy, err));
    mye_spikes_sort(l->noisy.spike, l->noisy.n);
    const mye_noisy clean = l->trial;
    l->trial = l->noisy;
    l->noisy = clean;
    return MYE_OK;
}

static mye_status hear_trial(mye_listener *l, const mye_hearing_plan *plan, int64_t i,
                             mye_verdict *verdict, mye_error *err)
{
    const uint64_t seed = mye_random_derive(l->scene.seed, TAG_TRIAL);
    mye_draws draws = mye_draws_begin(seed, (uint64_t)i);
    int occurs[MYE_FEATURES_MAX];
    mye_aim aim = {0, NULL};
    mye_course course;
    const double span = plan->longest_ms - plan->shortest_ms;
    const double ms = plan->shortest_ms + span * mye_draws_uniform(&draws);
    if (mye_context_cancelled(l->ctx))
        return mye_fail(err, MYE_ERR_CANCELLED, "the experiment was stopped");
    MYE_TRY(mye_scene_trial(&l->scene, &draws, ms, plan->occurs, occurs, &l->trial, err));
    for (int f = 0; f < l->scene.features; f++)
        aim.count += occurs[f] * l->wanted[f];
    if (l->lesson->noise.n > 0)
        MYE_TRY(add_noise(l, &l->lesson->noise, mye_random_derive(seed, (uint64_t)i), err));
    MYE_TRY(make_course(l, &course, err));
    *verdict =
        mye_pupil_learn(l->lesson, &l->desk, &course, &aim, l->lesson->o.lambda, i + 1, &l->pupil);
    return MYE_OK;
}

mye_status mye_listener_learn(mye_listener *l, const mye_hearing_plan *plan, int pieces,
                              double *right, mye_error *err)
{
    for (int k = 0; k < pieces; k++) {
        const int64_t from = (k * plan->trials + pieces - 1) / pieces;
        const int64_t to = ((k + 1) * plan->trials + pieces - 1) / pieces;
        int64_t n = 0;
        for (int64_t i = from; i < to; i++) {
            mye_verdict verdict;
            MYE_TRY(hear_trial(l, plan, i, &verdict, err));
            n += verdict == MYE_RIGHT;
        }
        right[k] = to > from ? (double)n / (double)(to - from) : (double)NAN;
    }
    return MYE_OK;
}

/* Spikes in one background with feature f in its middle (f < 0: without). */
static mye_status probe(mye_listener *l, int f, int64_t number, const mye_noises *noise, int *n,
                        mye_error *err)
{
    const uint64_t seed =
        mye_random_derive(mye_random_derive(l->scene.seed, TAG_PROBE), (uint64_t)number);
    mye_draws before = mye_draws_begin(seed, 0), after = mye_draws_begin(seed, 1);
    const double half = PROBE_MS / 2, length = f < 0 ? 0 : l->scene.feature_ms;
    mye_course course;
    l->trial.n = 0;
    MYE_TRY(mye_scene_background(&l->scene, &before, 0, half, &l->trial, err));
    if (f >= 0)
        MYE_TRY(mye_scene_feature(&l->scene, f, half, &l->trial, err));
    MYE_TRY(mye_scene_background(&l->scene, &after, half + length, half, &l->trial, err));
    l->trial.window_ms = PROBE_MS + length;
    if (noise)
        MYE_TRY(add_noise(l, noise, mye_random_derive(seed, (uint64_t)(f + 2)), err));
    MYE_TRY(make_course(l, &course, err));
    mye_reader_face(&l->desk.reader, &course, l->pupil.w);
    mye_reader_walk(&l->desk.reader, false);
    *n = l->desk.reader.walk.n;
    return MYE_OK;
}

mye_status mye_listener_test(mye_listener *l, int64_t probes, const mye_noises *noise,
                             double *response, mye_error *err)
{
    for (int f = 0; f < l->scene.features; f++)
        response[f] = 0;
    for (int64_t i = 0; i < probes; i++) {
        int without, with;
        MYE_TRY(probe(l, -1, i, noise, &without, err));
        for (int f = 0; f < l->scene.features; f++) {
            MYE_TRY(probe(l, f, i, noise, &with, err));
            response[f] += (with - without) / (double)probes;
        }
    }
    return MYE_OK;
}
