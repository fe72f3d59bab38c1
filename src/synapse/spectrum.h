/*
 * The log mel spectrum of a sound: Hamming frames, power, mel filters, less the noise of each band,
 * logarithm, and from 0 to 1 over so many nepers (9: 39 dB) below the sound's largest value.
 */
#ifndef MYE_SPECTRUM_H
#define MYE_SPECTRUM_H

#include "synapse/wav.h"

typedef struct mye_spectrum_options {
    int bands;
    double hop_ms, window_ms; /* distance of frames, length of a frame                      */
    double low_hz, high_hz;   /* edges of the filters; high is at most 0.49 of the rate       */
    double range;             /* nepers                                                     */
    double subtract, floor;   /* from the energy of a band: so many times its quantile `floor`
                                 over the frames, which is taken for its noise; 0: nothing  */
    double trim;              /* frames at both ends are cut off whose sum is less than this
                                 share of the largest sum of a frame; 0: none               */
} mye_spectrum_options;

typedef struct mye_spectrum {
    mye_context *ctx;
    int64_t frames;
    int bands;
    double hop_ms;
    float *block; /* owns value            */
    float *value; /* [frames][bands], 0..1 */
} mye_spectrum;

/*
 * Frames begin at every hop for as long as a whole one fits; a sound shorter than one frame is filled
 * up with zeros. Silence is all zeros. Errors: MYE_ERR_ARG (a frame of less than 2 samples or too many,
 * no room between the edges), MYE_ERR_UNSUPPORTED (built without kissfft). Free *out in any case.
 */
mye_status mye_spectrum_make(mye_context *ctx, const mye_spectrum_options *options,
                             const mye_wave *wave, mye_spectrum *out, mye_error *err);
void mye_spectrum_free(mye_spectrum *spectrum);
/* 0 outside. */
float mye_spectrum_at(const mye_spectrum *spectrum, int64_t frame, int band);

#endif
