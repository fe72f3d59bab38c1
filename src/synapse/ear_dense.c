/* dense: a spike of every band in every frame that is loud enough. */
#include "synapse/ear.h"

typedef struct options {
    double scale, threshold;
} options;

static const mye_param params[] = {
    {"scale", MYE_PARAM_FLOAT, offsetof(options, scale), 0, "0.7", 1e-3, 1e3, NULL, NULL, "",
     "value of the spectrum that has coefficient 1"},
    {"threshold", MYE_PARAM_FLOAT, offsetof(options, threshold), 0, "0.3", 0, 1, NULL, NULL, "",
     "least value of the spectrum, 0 to 1, that is heard"},
    {0},
};

static int32_t channels(const void *opt)
{
    MYE_UNUSED(opt);
    return 1;
}

static mye_status hear(const void *opt, const mye_spectrum *s, mye_heard *out, mye_error *err)
{
    const options *o = opt;
    for (int64_t f = 0; f < s->frames; f++)
        for (int b = 0; b < s->bands; b++) {
            const float v = mye_spectrum_at(s, f, b);
            if (v > 0 && v >= (float)o->threshold)
                MYE_TRY(mye_heard_add(out, (double)f * s->hop_ms, b, (double)v / o->scale, err));
        }
    return MYE_OK;
}

extern const mye_ear_type mye_ear_dense;
const mye_ear_type mye_ear_dense = {
    .entry = {"dense", "a spike of every band in every frame, coefficient: log energy", "", params,
              sizeof(options)},
    .channels = channels,
    .hear = hear,
};
