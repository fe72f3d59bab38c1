/*
 * Sparsemax loss of the mean output over time z, the loss whose gradient is sparsemax(z) - target:
 *
 *   L = -z_y + 1/2 sum over S of (z_j^2 - t^2) + 1/2
 *
 * S and t as in src/node/sparsemax.c; at least 0, and 0 where z_y leads by 1 or more. Mixed labels: z_y is
 * the mixture of both. Adding a constant to z changes nothing, so z is taken below its largest
 * entry. Source: Martins and Astudillo 2016, section 3.2.
 */
#include "node/sparsemax.h"
#include "train/loss.h"

static double row_value(const void *row, int k)
{
    return mye_loss_value(row, k);
}

static double sparsemax_mean_row(const void *options, const mye_loss_row *row,
                                 const mye_loss_want *want, double scale, float *grad)
{
    const mye_sparsemax s = mye_sparsemax_of(row, row_value, row->K);
    double loss = 0.5;
    MYE_UNUSED(options);
    for (int k = 0; k < row->K; k++) {
        const double z = mye_loss_value(row, k) - s.top;
        const double q = mye_loss_target(want, k, row->K, 0.0);
        if (!(z <= s.t)) /* so that a NaN is in */
            loss += 0.5 * (z * z - s.t * s.t);
        loss -= q > 0 ? q * z : 0;
        if (grad)
            mye_loss_add_grad(row, k, scale * (mye_sparsemax_share(&s, z) - q), grad);
    }
    return loss;
}

static double sparsemax_mean_eval(const void *options, const mye_loss_input *in, float *grad,
                                  float *per_sample)
{
    return mye_loss_of_mean(options, in, grad, per_sample, sparsemax_mean_row);
}

const mye_loss mye_loss_sparsemax_mean = {
    .entry = {.name = "sparsemax_mean",
              .brief = "sparsemax loss of the mean output over time",
              .source = "Martins and Astudillo, 2016",
              .params = NULL,
              .options_size = 0},
    .per_step = false,
    .eval = sparsemax_mean_eval};
