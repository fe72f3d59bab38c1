/*
 * Cutout: squares at random places become one grey value. The centre is uniform over the image, so a
 * square may hang over its border, as in the paper. The paper fills with the mean; `fill` chooses.
 */
#include "data/data.h"

typedef struct options {
    int64_t size, holes;
    double fill;
} options;

static const mye_param params[] = {
    {"fill", MYE_PARAM_FLOAT, offsetof(options, fill), 0, "0", 0, 1, NULL, NULL, "",
     "brightness of the square"},
    {"holes", MYE_PARAM_INT, offsetof(options, holes), 0, "1", 1, 64, NULL, NULL, "squares",
     "squares in each image"},
    {"size", MYE_PARAM_INT, offsetof(options, size), 0, "8", 1, 4096, NULL, NULL, "pixels",
     "side of the square"},
    {0},
};

static int clamp(int64_t x, int high)
{
    return x < 0 ? 0 : x > high ? high : (int)x;
}

static void apply(const void *opt, int C, int H, int W, uint64_t seed, float *image, float *scratch)
{
    const options *o = opt;

    MYE_UNUSED(scratch);
    for (uint64_t k = 0; k < (uint64_t)o->holes; k++) {
        const int64_t y =
            (int64_t)mye_random_below(seed, MYE_STREAM_AUGMENT, 2 * k, (uint64_t)H) - o->size / 2;
        const int64_t x =
            (int64_t)mye_random_below(seed, MYE_STREAM_AUGMENT, 2 * k + 1, (uint64_t)W) -
            o->size / 2;
        for (int h = clamp(y, H); h < clamp(y + o->size, H); h++)
            for (int w = clamp(x, W); w < clamp(x + o->size, W); w++)
                for (int c = 0; c < C; c++)
                    image[((size_t)h * (size_t)W + (size_t)w) * (size_t)C + (size_t)c] =
                        (float)o->fill;
    }
}

const mye_augment_type mye_augment_cutout = {
    .entry = {"cutout", "cover a random square", "DeVries, Taylor 2017, arXiv:1708.04552", params,
              sizeof(options)},
    .apply = apply,
};
