/* Rate code: at every step an independent Bernoulli spike whose probability is the pixel. */
#include "data/data.h"

typedef struct options {
    double gain;
} options;

static const mye_param params[] = {
    {"gain", MYE_PARAM_FLOAT, offsetof(options, gain), 0, "1", 0, 1, NULL, NULL, "",
     "probability of a spike at full brightness"},
    {0},
};

/* Draw k = t * n + i is word k % 4 of block k / 4: one Philox call gives four spikes. */
static void encode(const void *opt, int64_t n, const float *image, int T, uint64_t seed,
                   int64_t stride, float *out)
{
    const options *o = opt;
    const float gain = (float)o->gain;
    uint32_t word[4] = {0};
    uint64_t k = 0;

    for (int t = 0; t < T; t++)
        for (int64_t i = 0; i < n; i++, k++) {
            if (k % 4 == 0)
                mye_random_block(seed, MYE_STREAM_ENCODE, k / 4, word);
            const float draw = (float)(word[k % 4] >> 8) * 0x1p-24f; /* [0, 1) */
            out[t * stride + i] = draw < gain * image[i] ? 1.0f : 0.0f;
        }
}

const mye_encoder_type mye_encoder_rate = {
    .entry = {"rate", "Bernoulli spikes, probability = brightness",
              "Diehl, Cook 2015, Frontiers in Computational Neuroscience 9:99", params,
              sizeof(options)},
    .is_static = false,
    .normalised = false,
    .encode = encode,
};
