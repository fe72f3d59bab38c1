/*
 * Random crop: the image with a border of `pad` pixels on each side, cut back to its own size at a
 * random place. Equal to a shift of at most `pad` pixels in each direction.
 */
#include <string.h>

#include "data/data.h"

enum { BORDER_EDGE, BORDER_REFLECT, BORDER_ZERO };

typedef struct options {
    int64_t pad;
    int border;
} options;

static const mye_param params[] = {
    {"border", MYE_PARAM_CHOICE, offsetof(options, border), 0, "zero", 0, 0, "edge|reflect|zero",
     NULL, "", "what the border shows: the edge repeated, a mirror image without it, or black"},
    {"pad", MYE_PARAM_INT, offsetof(options, pad), 0, "4", 0, 256, NULL, NULL, "pixels",
     "width of the border"},
    {0},
};

static mye_status check(const void *opt, int C, int H, int W, mye_error *err)
{
    const options *o = opt;

    MYE_UNUSED(C);
    if (o->pad < H && o->pad < W)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG,
                    "augmentation 'crop' wants pad below the image's %dx%d, got "
                    "%lld",
                    H, W, (long long)o->pad);
}

/* Row or column k of an axis of n, by the border's rule; -1: black. Valid for -n < k < 2n - 1. */
static int at(int border, int k, int n)
{
    if (k >= 0 && k < n)
        return k;
    if (border == BORDER_ZERO)
        return -1;
    if (border == BORDER_EDGE)
        return k < 0 ? 0 : n - 1;
    return k < 0 ? -k : 2 * (n - 1) - k;
}

/* to[w] = from[w + dx]: the part inside in one piece, then the border. */
static void shift_row(int border, int dx, int W, int C, const float *from, float *to)
{
    const int first = dx < 0 ? -dx : 0, last = dx > 0 ? W - dx : W;
    const size_t pixel = (size_t)C * sizeof *to;

    memcpy(to + (size_t)first * (size_t)C, from + (size_t)(first + dx) * (size_t)C,
           (size_t)(last - first) * pixel);
    for (int w = first > 0 ? 0 : last; w < (first > 0 ? first : W); w++) {
        const int x = at(border, w + dx, W);
        if (x < 0)
            memset(to + (size_t)w * (size_t)C, 0, pixel);
        else
            memcpy(to + (size_t)w * (size_t)C, from + (size_t)x * (size_t)C, pixel);
    }
}

static void apply(const void *opt, int C, int H, int W, uint64_t seed, float *image, float *scratch)
{
    const options *o = opt;
    const int pad = (int)o->pad;
    const uint64_t places = 2 * (uint64_t)pad + 1;
    const int dy = (int)mye_random_below(seed, MYE_STREAM_AUGMENT, 0, places) - pad;
    const int dx = (int)mye_random_below(seed, MYE_STREAM_AUGMENT, 1, places) - pad;
    const size_t pixel = (size_t)C * sizeof *image;

    if (dy == 0 && dx == 0)
        return;
    memcpy(scratch, image, (size_t)H * (size_t)W * pixel);
    for (int h = 0; h < H; h++) {
        const int y = at(o->border, h + dy, H);
        float *to = image + (size_t)h * (size_t)W * (size_t)C;
        if (y < 0)
            memset(to, 0, (size_t)W * pixel);
        else
            shift_row(o->border, dx, W, C, scratch + (size_t)y * (size_t)W * (size_t)C, to);
    }
}

const mye_augment_type mye_augment_crop = {
    .entry = {"crop", "shift by a random crop of the padded image",
              "He et al. 2016, Deep residual learning, sec. 4.2", params, sizeof(options)},
    .check = check,
    .apply = apply,
};
