/*
 * Mixup: every image of a batch becomes lambda times itself plus 1 - lambda times another one, and
 * so does the loss of the two labels; lambda ~ Beta(alpha, alpha), one for the batch as in the
 * authors' code. Source: Zhang, Cisse, Dauphin, Lopez-Paz 2018, arXiv:1710.09412, eq. 1.
 *
 * Deviation: the partner is the image a random number of places further on, not a random permutation.
 * The order within an epoch is random already, and a rotation needs one image of scratch only.
 */
#include <math.h>
#include <string.h>

#include "data/data.h"

typedef struct options {
    double alpha;
} options;

static const mye_param params[] = {
    {"alpha", MYE_PARAM_FLOAT, offsetof(options, alpha), 0, "1", 0.01, 100, NULL, NULL, "",
     "both parameters of the Beta distribution of the mixture; small = hardly mixed"},
    {0},
};

/*
 * Logarithm of a Gamma(alpha) number: Marsaglia, Tsang 2000, ACM TOMS 26:363, with their step for
 * alpha < 1. In logarithms, because U^(1 / alpha) underflows for small alpha.
 */
static double log_gamma_draw(double alpha, uint64_t seed)
{
    const double a = alpha < 1 ? alpha + 1 : alpha;
    const double d = a - 1.0 / 3.0, c = 1 / sqrt(9 * d);
    double boost = 0, x, v, u;
    uint64_t draw = 1;

    if (alpha < 1) {
        u = (double)mye_random_uniform(seed, MYE_STREAM_AUGMENT, 0);
        boost = log(u > 0 ? u : 0x1p-25) / alpha;
    }
    do {
        x = (double)mye_random_normal(seed, MYE_STREAM_AUGMENT, draw++);
        u = (double)mye_random_uniform(seed, MYE_STREAM_AUGMENT, draw++);
        v = (1 + c * x) * (1 + c * x) * (1 + c * x);
    } while (v <= 0 || (u > 0 && log(u) >= 0.5 * x * x + d - d * v + d * log(v)));
    return log(d * v) + boost;
}

static void blend(float lambda, size_t n, float *x, const float *other)
{
    for (size_t i = 0; i < n; i++)
        x[i] = lambda * x[i] + (1 - lambda) * other[i];
}

static int gcd(int a, int b)
{
    while (b != 0) {
        const int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void apply_batch(const void *opt, int C, int H, int W, uint64_t seed, mye_batch *batch,
                        float *scratch)
{
    const options *o = opt;
    const size_t n = (size_t)C * (size_t)H * (size_t)W;
    const int B = batch->B;
    const double first = log_gamma_draw(o->alpha, mye_random_derive(seed, 1));
    const double second = log_gamma_draw(o->alpha, mye_random_derive(seed, 2));
    const float lambda = (float)(1 / (1 + exp(second - first)));
    const int shift = (int)mye_random_below(seed, MYE_STREAM_AUGMENT, 0, (uint64_t)B);
    const int cycles = gcd(B, shift);

    /* Along each cycle i, i + shift, ... the partner is still unmixed, but for the first. */
    for (int start = 0; start < cycles && shift > 0; start++) {
        int i = start;
        memcpy(scratch, batch->image + (size_t)start * n, n * sizeof *scratch);
        for (int next = (i + shift) % B; next != start; i = next, next = (i + shift) % B)
            blend(lambda, n, batch->image + (size_t)i * n, batch->image + (size_t)next * n);
        blend(lambda, n, batch->image + (size_t)i * n, scratch);
    }
    for (int i = 0; i < B; i++) {
        batch->label_b[i] = batch->label[(i + shift) % B];
        batch->mix[i] = lambda;
    }
}

const mye_augment_type mye_augment_mixup = {
    .entry = {"mixup", "blend each image and label with another of the batch",
              "Zhang et al. 2018, arXiv:1710.09412, eq. 1", params, sizeof(options)},
    .apply_batch = apply_batch,
};
