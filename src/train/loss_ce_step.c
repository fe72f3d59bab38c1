/* Mean over time of each step's cross entropy (TET): L = 1/T sum_t CE(o_t). */
#include "train/loss.h"

static const mye_param ce_step_params[] = {MYE_LOSS_SMOOTHING_PARAM(mye_loss_smoothing),
                                           {.name = NULL}};

static double ce_step_row(const void *options, const mye_loss_row *row, const mye_loss_want *want,
                          double scale, float *grad)
{
    const mye_loss_smoothing *o = options;
    return mye_loss_cross_entropy(row, want, o->smoothing, scale, grad);
}

static double ce_step_eval(const void *options, const mye_loss_input *in, float *grad,
                           float *per_sample)
{
    return mye_loss_of_steps(options, in, grad, per_sample, ce_step_row);
}

const mye_loss mye_loss_ce_step = {
    .entry = {.name = "ce_step",
              .brief = "mean over time of the cross entropy of each step",
              .source = "Deng et al., 2022 (TET)",
              .params = ce_step_params,
              .options_size = sizeof(mye_loss_smoothing)},
    .per_step = true,
    .eval = ce_step_eval};
