/* Horizontal flip: left and right change places, with probability p. */
#include "data/data.h"

typedef struct options {
    double p;
} options;

static const mye_param params[] = {
    {"p", MYE_PARAM_FLOAT, offsetof(options, p), 0, "0.5", 0, 1, NULL, NULL, "", "probability"},
    {0},
};

static void apply(const void *opt, int C, int H, int W, uint64_t seed, float *image, float *scratch)
{
    const options *o = opt;

    MYE_UNUSED(scratch);
    if (!((double)mye_random_uniform(seed, MYE_STREAM_AUGMENT, 0) < o->p))
        return;
    for (int h = 0; h < H; h++)
        for (int w = 0; w < W / 2; w++) {
            float *left = image + ((size_t)h * (size_t)W + (size_t)w) * (size_t)C;
            float *right = image + ((size_t)h * (size_t)W + (size_t)(W - 1 - w)) * (size_t)C;
            for (int c = 0; c < C; c++) {
                const float x = left[c];
                left[c] = right[c];
                right[c] = x;
            }
        }
}

const mye_augment_type mye_augment_flip = {
    .entry = {"flip", "exchange left and right", "", params, sizeof(options)},
    .apply = apply,
};
