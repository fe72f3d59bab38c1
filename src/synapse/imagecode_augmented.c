/*
 * Augmented code: the time says where, the coefficient how much.
 *
 *   t = g step,  c = x        g: column (row, place, map) of the value
 *
 * With step=0 all spikes come at once: the largest potential of a neuron is then w . c, a linear
 * function of the image. Without the coefficients only the set of values above theta is left.
 */
#include "synapse/image.h"

typedef struct options {
    double step, theta;
    int share;
} options;

static const mye_param params[] = {
    {"share", MYE_PARAM_CHOICE, offsetof(options, share), 0, "column", 0, 0, MYE_SHARE_CHOICES,
     NULL, "", "which values share a time"},
    {"step", MYE_PARAM_FLOAT, offsetof(options, step), 0, "2", 0, 1e4, NULL, NULL, "ms",
     "from one group to the next; 0: all at once"},
    {"theta", MYE_PARAM_FLOAT, offsetof(options, theta), 0, "0.05", 0, 0.99, NULL, NULL, "",
     "values up to this one stay silent"},
    {0},
};

static int64_t encode(const void *opt, const mye_maps *maps, const float *value, mye_spike *spike)
{
    const options *o = opt;
    const int64_t size = mye_maps_size(maps);
    int64_t n = 0;
    for (int64_t i = 0; i < size; i++)
        if ((double)value[i] > o->theta) {
            const double t_ms = o->step * (double)mye_share_group(maps, o->share, i);
            spike[n++] = (mye_spike){t_ms, value[i], (int32_t)i};
        }
    return n;
}

static double window_ms(const void *opt, const mye_maps *maps)
{
    const options *o = opt;
    return o->step * (double)mye_share_groups(maps, o->share);
}

const mye_imagecode_type mye_imagecode_augmented = {
    .entry = {"augmented", "the time says where, the coefficient how much", "Yu et al. 2020",
              params, sizeof(options)},
    .encode = encode,
    .window_ms = window_ms,
};
