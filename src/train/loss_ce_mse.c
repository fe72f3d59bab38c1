/*
 * Cross entropy with a pull of every output towards a target, at each step:
 *
 *   L = 1/T sum_t [ (1 - a) CE(o_t) + a MSE(o_t, target) ]
 *
 * target: one-hot (mixed like the labels, never smoothed), or the constant `means` for all classes.
 */
#include "train/loss.h"

typedef struct ce_mse_options {
    double a, means, smoothing;
    int target;
} ce_mse_options;

static const mye_param ce_mse_params[] = {{.name = "a",
                                           .type = MYE_PARAM_FLOAT,
                                           .offset = offsetof(ce_mse_options, a),
                                           .def = "0.05",
                                           .min = 0,
                                           .max = 1,
                                           .unit = "",
                                           .help = "share of the squared error"},
                                          {.name = "means",
                                           .type = MYE_PARAM_FLOAT,
                                           .offset = offsetof(ce_mse_options, means),
                                           .def = "1",
                                           .min = -1e6,
                                           .max = 1e6,
                                           .unit = "",
                                           .help = "target of every class when target=constant"},
                                          MYE_LOSS_SMOOTHING_PARAM(ce_mse_options),
                                          {.name = "target",
                                           .type = MYE_PARAM_CHOICE,
                                           .offset = offsetof(ce_mse_options, target),
                                           .def = "onehot",
                                           .choices = "onehot|constant",
                                           .unit = "",
                                           .help = "target of the squared error"},
                                          {.name = NULL}};

static double ce_mse_row(const void *options, const mye_loss_row *row, const mye_loss_want *want,
                         double scale, float *grad)
{
    const ce_mse_options *o = options;
    const double b = 1.0 - o->a;
    const double *constant = o->target == 1 ? &o->means : NULL;
    const double ce = mye_loss_cross_entropy(row, want, o->smoothing, b * scale, grad);
    const double mse = mye_loss_squared(row, want, constant, o->a * scale, grad);
    return b * ce + o->a * mse;
}

static double ce_mse_eval(const void *options, const mye_loss_input *in, float *grad,
                          float *per_sample)
{
    return mye_loss_of_steps(options, in, grad, per_sample, ce_mse_row);
}

const mye_loss mye_loss_ce_mse = {.entry = {.name = "ce_mse",
                                            .brief = "cross entropy and squared error of each step",
                                            .source = "Xiao et al., 2022; Meng et al., 2023",
                                            .params = ce_mse_params,
                                            .options_size = sizeof(ce_mse_options)},
                                  .per_step = true,
                                  .eval = ce_mse_eval};
