/* Cross entropy of the mean output over time: L = CE(sum_t w_t o_t). */
#include "train/loss.h"

static const mye_param ce_mean_params[] = {MYE_LOSS_SMOOTHING_PARAM(mye_loss_smoothing),
                                           {.name = NULL}};

static double ce_mean_row(const void *options, const mye_loss_row *row, const mye_loss_want *want,
                          double scale, float *grad)
{
    const mye_loss_smoothing *o = options;
    return mye_loss_cross_entropy(row, want, o->smoothing, scale, grad);
}

static double ce_mean_eval(const void *options, const mye_loss_input *in, float *grad,
                           float *per_sample)
{
    return mye_loss_of_mean(options, in, grad, per_sample, ce_mean_row);
}

const mye_loss mye_loss_ce_mean = {.entry = {.name = "ce_mean",
                                             .brief = "cross entropy of the mean output over time",
                                             .source = "",
                                             .params = ce_mean_params,
                                             .options_size = sizeof(mye_loss_smoothing)},
                                   .per_step = false,
                                   .eval = ce_mean_eval};
