/*
 * Sounds as spike patterns: waveform, noise, log mel spectrum, ear. A pattern depends on its sound,
 * the options and the seed, not on other sounds or on threads.
 */
#include <math.h>
#include <string.h>

#include "synapse/hearing.h"

typedef struct options {
    char data[MYE_METHOD_MAX], ear[MYE_METHOD_MAX];
    int64_t bands, taps;
    double hop, window, low, high, range, subtract, floor, trim, tap_ms, snr;
    int noise, train;
} options;

/* What the training split is heard with. */
enum { CLEAN, SAME, MIXED };

static const mye_param params[] = {
    {"bands", MYE_PARAM_INT, offsetof(options, bands), 0, "40", 1, 256, NULL, NULL, "bands",
     "mel filters"},
    {"data", MYE_PARAM_METHOD, offsetof(options, data), MYE_METHOD_MAX, "synthetic", 0, 0, NULL,
     &mye_kind_sound, "", "the sounds"},
    {"ear", MYE_PARAM_METHOD, offsetof(options, ear), MYE_METHOD_MAX, "keypoint", 0, 0, NULL,
     &mye_kind_ear, "", "how the spectrum becomes spikes"},
    {"floor", MYE_PARAM_FLOAT, offsetof(options, floor), 0, "0.2", 0, 1, NULL, NULL, "",
     "quantile of a band's energies over the frames that is taken for its noise; see subtract"},
    {"high", MYE_PARAM_FLOAT, offsetof(options, high), 0, "3900", 1, 200000, NULL, NULL, "Hz",
     "upper edge of the bands; at most 0.49 of the sampling rate"},
    {"hop", MYE_PARAM_FLOAT, offsetof(options, hop), 0, "10", 1, 1000, NULL, NULL, "ms",
     "distance of frames"},
    {"low", MYE_PARAM_FLOAT, offsetof(options, low), 0, "80", 0, 100000, NULL, NULL, "Hz",
     "lower edge of the bands"},
    {"noise", MYE_PARAM_CHOICE, offsetof(options, noise), 0, "white", 0, 0, MYE_DIN_CHOICES, NULL,
     "", "kind of the noise that snr adds"},
    {"range", MYE_PARAM_FLOAT, offsetof(options, range), 0, "9", 0.1, 100, NULL, NULL, "nepers",
     "the spectrum is 0 so far below its largest value, and 1 there"},
    {"snr", MYE_PARAM_FLOAT, offsetof(options, snr), 0, "inf", -100, INFINITY, NULL, NULL, "dB",
     "power of the sound over that of noise added to it; inf: no noise"},
    {"subtract", MYE_PARAM_FLOAT, offsetof(options, subtract), 0, "0", 0, 100, NULL, NULL, "",
     "so many times its noise is taken off each band's energy"},
    {"tap_ms", MYE_PARAM_FLOAT, offsetof(options, tap_ms), 0, "40", 0, 10000, NULL, NULL, "ms",
     "delay from tap to tap"},
    {"taps", MYE_PARAM_INT, offsetof(options, taps), 0, "1", 1, 1024, NULL, NULL, "taps",
     "every spike comes so many times, each time later and on another afferent"},
    {"train", MYE_PARAM_CHOICE, offsetof(options, train), 0, "clean", 0, 0, "clean|same|mixed",
     NULL, "",
     "training sounds: without noise; with noise as snr says; or five times, without noise and "
     "with 20, 10, 0 and -5 dB"},
    {"trim", MYE_PARAM_FLOAT, offsetof(options, trim), 0, "0", 0, 1, NULL, NULL, "",
     "frames at both ends are cut off whose sum is below this share of the loudest frame's"},
    {"window", MYE_PARAM_FLOAT, offsetof(options, window), 0, "32", 0.5, 1000, NULL, NULL, "ms",
     "length of a frame"},
    {0},
};

static mye_hearing hearing_of(const options *o, const mye_source_request *ask)
{
    static const double clean[] = {INFINITY};
    static const double mixed[] = {INFINITY, 20, 10, 0, -5};
    mye_hearing h = {.bands = (int)o->bands, .taps = (int)o->taps, .tap_ms = o->tap_ms};
    h.spectrum = (mye_spectrum_options){(int)o->bands, o->hop,      o->window, o->low, o->high,
                                        o->range,      o->subtract, o->floor,  o->trim};
    h.noise = o->noise;
    h.seed = ask->seed;
    h.snr_db = &o->snr;
    h.copies = 1;
    if (strcmp(ask->split, "train") == 0 && o->train != SAME) {
        h.snr_db = o->train == MIXED ? mixed : clean;
        h.copies = o->train == MIXED ? 5 : 1;
    }
    return h;
}

static mye_status open_source(mye_context *ctx, const void *opt, const mye_source_request *ask,
                              mye_patterns **out, mye_error *err)
{
    const options *o = opt;
    mye_hearing h = hearing_of(o, ask);
    mye_sounds sounds = {.ctx = ctx, .classes = {.ctx = ctx}, .paths = {.ctx = ctx}};
    mye_method data = {0}, ear = {0};
    mye_status st = mye_method_parse(ctx, &mye_kind_sound, o->data, &data, err);
    if (st == MYE_OK)
        st = mye_method_parse(ctx, &mye_kind_ear, o->ear, &ear, err);
    if (st == MYE_OK) {
        h.data = (const mye_sound_type *)data.entry;
        h.ear = (const mye_ear_type *)ear.entry;
        h.ear_options = ear.options;
        st = h.data->open(data.options, ask, &sounds, err);
    }
    if (st == MYE_OK)
        st = mye_hearing_run(&h, &sounds, out, err);
    mye_sounds_free(&sounds);
    mye_method_free(ctx, &data);
    mye_method_free(ctx, &ear);
    return st;
}

const mye_source_type mye_source_sound = {
    .entry = {"sound", "sounds: key-points of their spectra, or other ears",
              "Yu et al. 2019, arXiv 1902.01094; Yu et al. 2020, arXiv 2005.04820 (set-up: "
              "reconstructed)",
              params, sizeof(options)},
    .open = open_source,
};
