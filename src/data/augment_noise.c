/* Normal noise on every value, cut off at 0 and 1 because encoders rely on that range. */
#include "data/data.h"

typedef struct options {
    double sigma;
} options;

static const mye_param params[] = {
    {"sigma", MYE_PARAM_FLOAT, offsetof(options, sigma), 0, "0.05", 0, 10, NULL, NULL, "",
     "standard deviation, in units of full brightness"},
    {0},
};

static void apply(const void *opt, int C, int H, int W, uint64_t seed, float *image, float *scratch)
{
    const options *o = opt;
    const size_t n = (size_t)C * (size_t)H * (size_t)W;

    MYE_UNUSED(scratch);
    for (size_t i = 0; i < n; i++) {
        const float x = image[i] + (float)o->sigma * mye_random_normal(seed, MYE_STREAM_AUGMENT, i);
        image[i] = x < 0 ? 0 : x > 1 ? 1 : x;
    }
}

const mye_augment_type mye_augment_noise = {
    .entry = {"noise", "add normal noise", "", params, sizeof(options)},
    .images_only = true,
    .apply = apply,
};
