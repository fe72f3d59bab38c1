/*
 * onset: a spike where a band rises or falls; coefficient: by how much. What rises and what falls
 * has afferents of its own.
 */
#include <math.h>

#include "synapse/ear.h"

typedef struct options {
    double scale, step;
    int64_t lag;
} options;

static const mye_param params[] = {
    {"lag", MYE_PARAM_INT, offsetof(options, lag), 0, "2", 1, 64, NULL, NULL, "frames",
     "a value is compared with that of so many frames before"},
    {"scale", MYE_PARAM_FLOAT, offsetof(options, scale), 0, "0.2", 1e-3, 1e3, NULL, NULL, "",
     "difference that has coefficient 1"},
    {"step", MYE_PARAM_FLOAT, offsetof(options, step), 0, "0.1", 1e-6, 1, NULL, NULL, "",
     "least difference, on the spectrum's scale from 0 to 1"},
    {0},
};

static int32_t channels(const void *opt)
{
    MYE_UNUSED(opt);
    return 2;
}

static mye_status hear(const void *opt, const mye_spectrum *s, mye_heard *out, mye_error *err)
{
    const options *o = opt;
    for (int64_t f = 0; f < s->frames; f++)
        for (int b = 0; b < s->bands; b++) {
            const double rise =
                (double)mye_spectrum_at(s, f, b) - (double)mye_spectrum_at(s, f - o->lag, b);
            if (fabs(rise) >= o->step)
                MYE_TRY(mye_heard_add(out, (double)f * s->hop_ms, rise > 0 ? b : s->bands + b,
                                      fabs(rise) / o->scale, err));
        }
    return MYE_OK;
}

extern const mye_ear_type mye_ear_onset;
const mye_ear_type mye_ear_onset = {
    .entry = {"onset", "spikes where bands rise and where they fall, coefficient: by how much", "",
              params, sizeof(options)},
    .channels = channels,
    .hear = hear,
};
