/* From a list of sounds to a set of spike patterns. */
#include "synapse/hearing.h"

#include <limits.h>

#include "synapse/jobs.h"

typedef struct job {
    const mye_hearing *how;
    const mye_sounds *sounds;
    mye_heard *heard;  /* [n * copies] */
    double *window_ms; /* [n * copies] */
} job;

/* A copy of a sound with noise: a pure function of (seed, tag of the sound, copy). */
static mye_status hear_copy(job *j, int64_t i, int copy, mye_wave *wave, mye_error *err)
{
    const mye_hearing *how = j->how;
    const int64_t k = i * how->copies + copy;
    mye_heard *heard = &j->heard[k];
    mye_spectrum spectrum = {.ctx = j->sounds->ctx};
    mye_draws draws =
        mye_draws_begin(mye_random_derive(how->seed, (uint64_t)copy + 1), j->sounds->tag[i]);
    *heard = (mye_heard){.ctx = j->sounds->ctx, .taps = how->taps, .tap_ms = how->tap_ms};
    MYE_TRY(mye_din_add(heard->ctx, how->noise, how->snr_db[copy], &draws, wave, err));
    mye_status st = mye_spectrum_make(heard->ctx, &how->spectrum, wave, &spectrum, err);
    if (st == MYE_OK)
        st = how->ear->hear(how->ear_options, &spectrum, heard, err);
    j->window_ms[k] = (double)spectrum.frames * spectrum.hop_ms + (how->taps - 1) * how->tap_ms;
    mye_spectrum_free(&spectrum);
    return st;
}

static mye_status hear(void *arg, int i, mye_error *err)
{
    job *j = arg;
    mye_status st = MYE_OK;
    for (int copy = 0; copy < j->how->copies && st == MYE_OK; copy++) {
        mye_wave wave = {0};
        st = j->how->data->read(j->sounds, i, &wave, err);
        if (st == MYE_OK)
            st = hear_copy(j, i, copy, &wave, err);
        mye_wave_free(j->sounds->ctx, &wave);
    }
    return st;
}

static mye_status begin_set(const job *j, mye_patterns **out, mye_error *err)
{
    const mye_hearing *how = j->how;
    const mye_names *classes = &j->sounds->classes;
    const int64_t units = (int64_t)how->ear->channels(how->ear_options) * how->bands * how->taps;
    if (units > MYE_UNITS_MAX)
        return mye_fail(err, MYE_ERR_ARG, "sounds want at most %d afferents, got %lld",
                        MYE_UNITS_MAX, (long long)units);
    MYE_TRY(mye_patterns_create(j->sounds->ctx, (int32_t)units, (int32_t)classes->n, out, err));
    for (int32_t k = 0; k < classes->n; k++)
        MYE_TRY(mye_patterns_name(*out, k, classes->name[k], err));
    return MYE_OK;
}

static mye_status collect(const job *j, mye_patterns *set, mye_error *err)
{
    const int64_t n = j->sounds->n * j->how->copies;
    int64_t spikes = 0;
    for (int64_t k = 0; k < n; k++)
        spikes += j->heard[k].n;
    MYE_TRY(mye_patterns_reserve(set, n, spikes, err));
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = k / j->how->copies;
        const mye_pattern p = {j->heard[k].spike, j->heard[k].n, j->window_ms[k],
                               j->sounds->label[i], j->sounds->group[i]};
        MYE_TRY(mye_patterns_add(set, &p, err));
    }
    return MYE_OK;
}

mye_status mye_hearing_run(const mye_hearing *how, const mye_sounds *sounds, mye_patterns **out,
                           mye_error *err)
{
    mye_context *ctx = sounds->ctx;
    const size_t n = (size_t)sounds->n * (size_t)how->copies;
    job j = {.how = how, .sounds = sounds};
    if (sounds->n > INT_MAX)
        return mye_fail(err, MYE_ERR_ARG, "at most %d sounds can be heard, got %lld", INT_MAX,
                        (long long)sounds->n);
    j.heard = mye_alloc_array(ctx, n, sizeof(*j.heard));
    j.window_ms = mye_alloc_array(ctx, n, sizeof(*j.window_ms));
    mye_status st = j.heard && j.window_ms
                        ? begin_set(&j, out, err)
                        : mye_no_memory(err, n * sizeof(*j.heard), "the spikes of sounds");
    if (st == MYE_OK)
        st = mye_jobs_run(ctx, (int)sounds->n, hear, &j, NULL, "hear", err);
    if (st == MYE_OK)
        st = collect(&j, *out, err);
    for (size_t k = 0; j.heard && k < n; k++)
        mye_free(ctx, j.heard[k].spike);
    mye_free(ctx, j.heard);
    mye_free(ctx, j.window_ms);
    return st;
}
