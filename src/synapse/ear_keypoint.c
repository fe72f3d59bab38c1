/*
 * keypoint: a spike where the spectrum is at a peak, along time or along frequency.
 * Source: Yu et al. 2019, Robust environmental sound recognition with sparse key-point encoding and
 * efficient multi-spike learning, arXiv 1902.01094. Deviation: neighbours are +-2 bins instead of
 * +-4, and there is a threshold instead of a mask by contrast.
 */
#include "synapse/ear.h"

typedef struct options {
    double scale, threshold;
    int64_t near;
    int peaks;
} options;

/* In which directions a point is to be a peak. */
enum { EITHER, BOTH, SPLIT };

static const mye_param params[] = {
    {"near", MYE_PARAM_INT, offsetof(options, near), 0, "2", 0, 64, NULL, NULL, "bins",
     "a peak is at least as high as so many neighbours on both sides"},
    {"peaks", MYE_PARAM_CHOICE, offsetof(options, peaks), 0, "either", 0, 0, "either|both|split",
     NULL, "",
     "peaks along time or frequency; along both; or those along time and those along frequency on "
     "afferents of their own"},
    {"scale", MYE_PARAM_FLOAT, offsetof(options, scale), 0, "0.7", 1e-3, 1e3, NULL, NULL, "",
     "value of the spectrum that has coefficient 1"},
    {"threshold", MYE_PARAM_FLOAT, offsetof(options, threshold), 0, "0.3", 0, 1, NULL, NULL, "",
     "least value of the spectrum, 0 to 1, that is heard"},
    {0},
};

static int32_t channels(const void *opt)
{
    const options *o = opt;
    return o->peaks == SPLIT ? 2 : 1;
}

/* Whether no value within `near` steps of (df, db) is larger. */
static bool is_peak(const mye_spectrum *s, int64_t f, int b, int64_t near, int df, int db)
{
    const float v = mye_spectrum_at(s, f, b);
    for (int64_t d = -near; d <= near; d++)
        if (mye_spectrum_at(s, f + d * df, b + (int)d * db) > v)
            return false;
    return true;
}

static mye_status hear_one(const options *o, const mye_spectrum *s, int64_t f, int b,
                           mye_heard *out, mye_error *err)
{
    const bool in_time = is_peak(s, f, b, o->near, 1, 0), in_band = is_peak(s, f, b, o->near, 0, 1);
    const double t = (double)f * s->hop_ms, c = (double)mye_spectrum_at(s, f, b) / o->scale;
    if (o->peaks == SPLIT) {
        if (in_time)
            MYE_TRY(mye_heard_add(out, t, b, c, err));
        return in_band ? mye_heard_add(out, t, s->bands + b, c, err) : MYE_OK;
    }
    const bool is_heard = o->peaks == BOTH ? in_time && in_band : in_time || in_band;
    return is_heard ? mye_heard_add(out, t, b, c, err) : MYE_OK;
}

static mye_status hear(const void *opt, const mye_spectrum *s, mye_heard *out, mye_error *err)
{
    const options *o = opt;
    for (int64_t f = 0; f < s->frames; f++)
        for (int b = 0; b < s->bands; b++) {
            const float v = mye_spectrum_at(s, f, b);
            if (v > 0 && v >= (float)o->threshold)
                MYE_TRY(hear_one(o, s, f, b, out, err));
        }
    return MYE_OK;
}

extern const mye_ear_type mye_ear_keypoint;
const mye_ear_type mye_ear_keypoint = {
    .entry = {"keypoint", "a spike at every peak of the spectrum, coefficient: log energy",
              "Yu et al. 2019, arXiv 1902.01094", params, sizeof(options)},
    .channels = channels,
    .hear = hear,
};
