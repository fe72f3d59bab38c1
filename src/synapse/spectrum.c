/* The log mel spectrum of a sound. */
#include "synapse/spectrum.h"

#include <math.h>
#include <stdlib.h>

#include "synapse/mel.h"

#define FRAME_MOST 16384 /* samples */

void mye_spectrum_free(mye_spectrum *s)
{
    mye_free(s->ctx, s->block);
    *s = (mye_spectrum){0};
}

float mye_spectrum_at(const mye_spectrum *s, int64_t frame, int band)
{
    const bool inside = frame >= 0 && frame < s->frames && band >= 0 && band < s->bands;
    return inside ? s->value[frame * s->bands + band] : 0;
}

#ifndef MYELIN_HAVE_KISSFFT

mye_status mye_spectrum_make(mye_context *ctx, const mye_spectrum_options *options,
                             const mye_wave *wave, mye_spectrum *out, mye_error *err)
{
    MYE_UNUSED(options);
    MYE_UNUSED(wave);
    *out = (mye_spectrum){.ctx = ctx};
    return mye_fail(err, MYE_ERR_UNSUPPORTED,
                    "this build cannot hear sounds, because it was made without kissfft");
}

#else

#include <kiss_fftr.h>

/* What the frames of one sound share. */
typedef struct frames {
    mye_context *ctx;
    int length, n; /* samples of a frame, points of the transform (a power of two) */
    double hop;    /* samples                                                      */
    kiss_fftr_cfg fft;
    float *window, *in, *power; /* [length], [n], [n / 2 + 1] */
    kiss_fft_cpx *out;          /* [n / 2 + 1]               */
    mye_mel mel;
} frames;

static mye_status check(const mye_spectrum_options *o, int32_t rate, double high, mye_error *err)
{
    const double length = o->window_ms * 1e-3 * rate;
    if (length < 2 || length > FRAME_MOST)
        return mye_fail(err, MYE_ERR_ARG,
                        "a frame has 2 to %d samples, got %.0f: %g ms at %d samples a second",
                        FRAME_MOST, length, o->window_ms, rate);
    if (high <= o->low_hz)
        return mye_fail(err, MYE_ERR_ARG,
                        "the bands want to lie between %g and %g Hz at %d samples a second",
                        o->low_hz, high, rate);
    return MYE_OK;
}

static mye_status begin(mye_context *ctx, const mye_spectrum_options *o, int32_t rate, frames *f,
                        mye_error *err)
{
    const double high = fmin(o->high_hz, 0.49 * rate);
    MYE_TRY(check(o, rate, high, err));
    f->ctx = ctx;
    f->length = (int)lround(o->window_ms * 1e-3 * rate);
    f->hop = fmax(1, o->hop_ms * 1e-3 * rate);
    for (f->n = 4; f->n < f->length;)
        f->n *= 2;
    size_t bytes = 0;
    kiss_fftr_alloc(f->n, 0, NULL, &bytes);
    void *plan = mye_alloc(ctx, bytes);
    f->window = mye_alloc_array(ctx, (size_t)f->length, sizeof(*f->window));
    f->in = mye_alloc_array(ctx, (size_t)f->n, sizeof(*f->in));
    f->power = mye_alloc_array(ctx, (size_t)f->n, sizeof(*f->power));
    f->out = mye_alloc_array(ctx, (size_t)f->n, sizeof(*f->out));
    f->fft = plan ? kiss_fftr_alloc(f->n, 0, plan, &bytes) : NULL;
    if (!f->fft || !f->window || !f->in || !f->power || !f->out) {
        if (!f->fft)
            mye_free(ctx, plan);
        return mye_no_memory(err, bytes, "a Fourier transform");
    }
    const double turn = 2 * 3.14159265358979323846 / (f->length - 1);
    for (int i = 0; i < f->length; i++)
        f->window[i] = (float)(0.54 - 0.46 * cos(turn * i));
    return mye_mel_create(ctx, o->bands, f->n, rate, o->low_hz, high, &f->mel, err);
}

static void finish(frames *f)
{
    mye_free(f->ctx, f->fft);
    mye_free(f->ctx, f->window);
    mye_free(f->ctx, f->in);
    mye_free(f->ctx, f->power);
    mye_free(f->ctx, f->out);
    mye_mel_free(&f->mel);
}

/* Mel energies of the frame that begins at sample `start`; in[length ..] stays zero. */
static void one_frame(frames *f, const mye_wave *wave, int64_t start, float *energy)
{
    for (int i = 0; i < f->length; i++)
        f->in[i] = start + i < wave->n ? f->window[i] * wave->x[start + i] : 0;
    kiss_fftr(f->fft, f->in, f->out);
    for (int k = 0; k <= f->n / 2; k++)
        f->power[k] = f->out[k].r * f->out[k].r + f->out[k].i * f->out[k].i;
    mye_mel_apply(&f->mel, f->power, energy);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Spectral subtraction, band by band; sorted [frames] is scratch. */
static void subtract_noise(mye_spectrum *s, double times, double quantile, float *sorted)
{
    for (int b = 0; b < s->bands; b++) {
        for (int64_t f = 0; f < s->frames; f++)
            sorted[f] = s->value[f * s->bands + b];
        qsort(sorted, (size_t)s->frames, sizeof(*sorted), by_value);
        const int64_t place = (int64_t)(quantile * (double)(s->frames - 1));
        const float noise = (float)(times * (double)sorted[place]);
        for (int64_t f = 0; f < s->frames; f++)
            s->value[f * s->bands + b] = fmaxf(0, s->value[f * s->bands + b] - noise);
    }
}

static void normalise(mye_spectrum *s, double nepers)
{
    const int64_t n = s->frames * s->bands;
    float most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmaxf(most, s->value[i]);
    const double least = (double)most * exp(-nepers);
    for (int64_t i = 0; i < n; i++) {
        const double p = (double)s->value[i];
        s->value[i] = p > least ? (float)(1 + log(p / (double)most) / nepers) : 0;
    }
}

static double frame_sum(const mye_spectrum *s, int64_t frame)
{
    double sum = 0;
    for (int b = 0; b < s->bands; b++)
        sum += (double)s->value[frame * s->bands + b];
    return sum;
}

static void cut_ends(mye_spectrum *s, double share)
{
    double most = 0;
    for (int64_t f = 0; f < s->frames; f++)
        most = fmax(most, frame_sum(s, f));
    int64_t first = 0, end = s->frames;
    while (first + 1 < end && frame_sum(s, first) < share * most)
        first++;
    while (first + 1 < end && frame_sum(s, end - 1) < share * most)
        end--;
    s->value += first * s->bands;
    s->frames = end - first;
}

mye_status mye_spectrum_make(mye_context *ctx, const mye_spectrum_options *o, const mye_wave *wave,
                             mye_spectrum *out, mye_error *err)
{
    frames f = {.ctx = ctx};
    *out = (mye_spectrum){.ctx = ctx, .bands = o->bands, .hop_ms = o->hop_ms};
    float *sorted = NULL;
    mye_status st = begin(ctx, o, wave->rate, &f, err);
    if (st == MYE_OK) {
        out->frames = wave->n > f.length ? 1 + (int64_t)((double)(wave->n - f.length) / f.hop) : 1;
        const size_t n = (size_t)out->frames * (size_t)o->bands;
        out->block = out->value = mye_alloc_array(ctx, n, sizeof(*out->block));
        sorted = mye_alloc_array(ctx, (size_t)out->frames, sizeof(*sorted));
        if (!out->block || !sorted)
            st = mye_no_memory(err, n * sizeof(*out->block), "the spectrum of a sound");
    }
    for (int64_t k = 0; st == MYE_OK && k < out->frames; k++)
        one_frame(&f, wave, llround((double)k * f.hop), out->value + k * o->bands);
    if (st == MYE_OK) {
        if (o->subtract > 0)
            subtract_noise(out, o->subtract, o->floor, sorted);
        normalise(out, o->range);
        cut_ends(out, o->trim);
    }
    mye_free(ctx, sorted);
    finish(&f);
    return st;
}

#endif
