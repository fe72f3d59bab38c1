/* Squared error of the mean output over time against the one-hot target, averaged over classes. */
#include "train/loss.h"

static double mse_mean_row(const void *options, const mye_loss_row *row, const mye_loss_want *want,
                           double scale, float *grad)
{
    MYE_UNUSED(options);
    return mye_loss_squared(row, want, NULL, scale, grad);
}

static double mse_mean_eval(const void *options, const mye_loss_input *in, float *grad,
                            float *per_sample)
{
    return mye_loss_of_mean(options, in, grad, per_sample, mse_mean_row);
}

const mye_loss mye_loss_mse_mean = {.entry = {.name = "mse_mean",
                                              .brief = "squared error of the mean output over time",
                                              .source = "",
                                              .params = NULL,
                                              .options_size = 0},
                                    .eval = mse_mean_eval};
