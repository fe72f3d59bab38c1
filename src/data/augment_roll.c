/*
 * Roll: the image moves by up to `pixels` in each direction, and what leaves on one side comes back on
 * the other. No event is lost, unlike with crop. All frames of a sample move alike.
 */
#include <string.h>

#include "data/data.h"

typedef struct options {
    int64_t pixels;
} options;

static const mye_param params[] = {
    {"pixels", MYE_PARAM_INT, offsetof(options, pixels), 0, "5", 0, 256, NULL, NULL, "pixels",
     "largest shift in each direction"},
    {0},
};

static mye_status check(const void *opt, int C, int H, int W, mye_error *err)
{
    const options *o = opt;

    MYE_UNUSED(C);
    if ((o->pixels < H || H == 1) && (o->pixels < W || W == 1))
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG,
                    "augmentation 'roll' wants pixels below the image's %dx%d, got %lld", H, W,
                    (long long)o->pixels);
}

/* A side of one pixel stays: rolling it would change nothing. */
static int draw(const options *o, uint64_t seed, uint64_t index, int side)
{
    const uint64_t places = 2 * (uint64_t)o->pixels + 1;
    const int by = (int)mye_random_below(seed, MYE_STREAM_AUGMENT, index, places) - (int)o->pixels;

    return side == 1 ? 0 : (by + side) % side;
}

static void apply(const void *opt, int C, int H, int W, uint64_t seed, float *image, float *scratch)
{
    const int dy = draw(opt, seed, 0, H), dx = draw(opt, seed, 1, W);
    const size_t row = (size_t)W * (size_t)C, moved = (size_t)dx * (size_t)C;

    if (dy == 0 && dx == 0)
        return;
    memcpy(scratch, image, (size_t)H * row * sizeof *image);
    for (int h = 0; h < H; h++) {
        const float *from = scratch + (size_t)h * row;
        float *to = image + (size_t)((h + dy) % H) * row;
        memcpy(to + moved, from, (row - moved) * sizeof *to);
        memcpy(to, from + row - moved, moved * sizeof *to);
    }
}

const mye_augment_type mye_augment_roll = {
    .entry = {"roll", "shift, and what leaves on one side comes back on the other",
              "Li et al. 2022, Neuromorphic data augmentation, arXiv:2203.06145", params,
              sizeof(options)},
    .check = check,
    .apply = apply,
};
