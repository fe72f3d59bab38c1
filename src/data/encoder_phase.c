/*
 * Phase code: the pixel as a binary number of K digits, one digit a step, most significant first,
 * again and again. The spike of phase k = t mod K weighs 2^-(1 + k).
 *
 *   q = round(x (2^K - 1)),  s[t] = bit (K - 1 - k) of q,  out[t] = s[t] 2^-(1 + k)
 *
 * With K = 8 the digits are those of the image's byte. Source: Kim, Kim, Huh, Lee, Choi 2018, Deep
 * neural networks with weighted spikes, Neurocomputing 311:373-386. There the weight belongs to the
 * phase and multiplies every synapse of the network; here it is part of the input value, and the
 * layers behind are ordinary ones (Deviation).
 */
#include <math.h>

#include "data/data.h"

typedef struct options {
    int64_t period;
    bool weighted;
} options;

static const mye_param params[] = {
    {"period", MYE_PARAM_INT, offsetof(options, period), 0, "8", 1, 24, NULL, NULL, "steps",
     "binary digits of a pixel"},
    {"weighted", MYE_PARAM_BOOL, offsetof(options, weighted), 0, "yes", 0, 0, NULL, NULL, "",
     "spikes carry the weight of their phase; otherwise each is 1"},
    {0},
};

static void encode(const void *opt, int64_t n, const float *image, int T, uint64_t seed,
                   int64_t stride, float *out)
{
    const options *o = opt;
    const int K = (int)o->period;
    const double largest = (double)((1 << K) - 1);

    MYE_UNUSED(seed);
    for (int64_t i = 0; i < n; i++) {
        const double x = (double)image[i];
        const uint32_t q = (uint32_t)floor((x > 0 ? (x < 1 ? x : 1) : 0) * largest + 0.5);
        for (int t = 0; t < T; t++) {
            const int k = t % K;
            const float weight = o->weighted ? ldexpf(1, -(1 + k)) : 1.0f;
            out[t * stride + i] = (q >> (K - 1 - k) & 1) ? weight : 0.0f;
        }
    }
}

const mye_encoder_type mye_encoder_phase = {
    .entry = {"phase", "binary digits of the brightness, weighted by phase",
              "Kim et al. 2018, Neurocomputing 311:373-386", params, sizeof(options)},
    .is_static = false,
    .normalised = false,
    .encode = encode,
};
