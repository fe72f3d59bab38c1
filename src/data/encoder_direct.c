/* Direct input: the normalised image itself is the input current of every step. */
#include <string.h>

#include "data/data.h"

static void encode(const void *options, int64_t n, const float *image, int T, uint64_t seed,
                   int64_t stride, float *out)
{
    MYE_UNUSED(options);
    MYE_UNUSED(T);
    MYE_UNUSED(seed);
    MYE_UNUSED(stride);
    memcpy(out, image, (size_t)n * sizeof *out);
}

const mye_encoder_type mye_encoder_direct = {
    .entry = {"direct", "the normalised image at every step; the first layer makes the spikes",
              "Rathi, Roy 2020, DIET-SNN, arXiv:2008.03658", NULL, 0},
    .is_static = true,
    .normalised = true,
    .encode = encode,
};
