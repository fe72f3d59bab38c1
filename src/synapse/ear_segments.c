/*
 * segments: the sound is cut into equal parts, and each band fires once in each part with the mean
 * of the part, on an afferent for every (part, band). With `time=same` all spikes come at once: a
 * neuron of augmented spikes is a perceptron then, and ordinary spikes say little.
 */
#include <math.h>

#include "synapse/ear.h"

typedef struct options {
    double scale, threshold;
    int64_t parts;
    int time;
} options;

enum { SAME, REAL };

static const mye_param params[] = {
    {"parts", MYE_PARAM_INT, offsetof(options, parts), 0, "10", 1, 256, NULL, NULL, "parts",
     "how many equal parts"},
    {"scale", MYE_PARAM_FLOAT, offsetof(options, scale), 0, "0.7", 1e-3, 1e3, NULL, NULL, "",
     "value of the spectrum that has coefficient 1"},
    {"threshold", MYE_PARAM_FLOAT, offsetof(options, threshold), 0, "0", 0, 1, NULL, NULL, "",
     "least mean of a part, 0 to 1, that is heard"},
    {"time", MYE_PARAM_CHOICE, offsetof(options, time), 0, "same", 0, 0, "same|real", NULL, "",
     "all spikes at 0 ms, or at the beginning of their part"},
    {0},
};

static int32_t channels(const void *opt)
{
    const options *o = opt;
    return (int32_t)o->parts;
}

/* Mean of a band from frame `from` to frame `to`, which need not be whole. */
static double mean_of(const mye_spectrum *s, int b, double from, double to)
{
    double sum = 0;
    for (int64_t f = (int64_t)from; f < s->frames && (double)f < to; f++) {
        const double share = fmin((double)f + 1, to) - fmax((double)f, from);
        sum += fmax(share, 0) * (double)mye_spectrum_at(s, f, b);
    }
    return sum / (to - from);
}

static mye_status hear(const void *opt, const mye_spectrum *s, mye_heard *out, mye_error *err)
{
    const options *o = opt;
    const double length = (double)s->frames / (double)o->parts;
    for (int p = 0; p < o->parts; p++)
        for (int b = 0; b < s->bands; b++) {
            const double v = mean_of(s, b, length * p, length * (p + 1));
            const double t = o->time == SAME ? 0 : length * p * s->hop_ms;
            if (v > 0 && v >= o->threshold)
                MYE_TRY(mye_heard_add(out, t, p * s->bands + b, v / o->scale, err));
        }
    return MYE_OK;
}

extern const mye_ear_type mye_ear_segments;
const mye_ear_type mye_ear_segments = {
    .entry = {"segments", "a spike of every band in each of some equal parts of the sound", "",
              params, sizeof(options)},
    .channels = channels,
    .hear = hear,
};
