/* Reconstruction of the input: see local_loss.h. */
#include <math.h>
#include <string.h>

#include "depth/local_gram.h"
#include "depth/local_loss.h"

static bool image_fits(const mye_loss_input *in)
{
    const mye_target *target = in->target;
    return target->image != NULL && target->image_n == in->K && target->image_channels > 0 &&
           in->K % target->image_channels == 0;
}

/* Element k of picture b, as it was before normalisation. */
static double pixel_of(const mye_target *target, int b, int k)
{
    const int c = k % target->image_channels;
    double v = (double)target->image[b * target->image_n + k];
    v *= target->image_deviation != NULL ? (double)target->image_deviation[c] : 1;
    v += target->image_mean != NULL ? (double)target->image_mean[c] : 0;
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* With e = exp(-|x|), 1 / (1 + e) is the larger of sigmoid(x) and its complement. */
static double sample_loss(const mye_loss_input *in, int b, double scale, float *grad)
{
    double sum = 0;
    for (int k = 0; k < in->K; k++) {
        const double x = mye_local_value(in, b, k), v = pixel_of(in->target, b, k);
        const double e = exp(-fabs(x)), larger = 1 / (1 + e);
        sum += (x > 0 ? x : 0) - x * v + log1p(e);
        if (grad != NULL)
            mye_local_put(in, b, k, scale * ((x > 0 ? larger : e * larger) - v), grad);
    }
    return sum / in->K;
}

static double reconstruction_eval(const void *options, const mye_loss_input *in, float *grad,
                                  float *per_sample)
{
    double loss = 0;
    MYE_UNUSED(options);
    if (!image_fits(in)) {
        if (grad != NULL)
            memset(grad, 0, (size_t)in->steps * (size_t)in->B * (size_t)in->K * sizeof *grad);
        return NAN;
    }
    for (int b = 0; b < in->B; b++) {
        const double weight = mye_local_weight(in, b) / in->B;
        const double own = sample_loss(in, b, weight / in->K, grad);
        loss += weight * own;
        if (per_sample != NULL)
            per_sample[b] += (float)own;
    }
    return loss;
}

const mye_loss mye_local_reconstruction = {.entry = {.name = "local_reconstruction",
                                                     .brief = "the input image, cross entropy of "
                                                              "each pixel",
                                                     .source = "Wang et al. 2021 (InfoPro)"},
                                           .reads_image = true,
                                           .eval = reconstruction_eval};
