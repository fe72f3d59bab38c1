/*
 * Squared error of the mean output over time, averaged over classes, against the one-hot target
 * (mixed like the labels) or the constant `means` for all classes.
 */
#include "train/loss.h"

typedef struct mse_mean_options {
    double means;
    int target;
} mse_mean_options;

static const mye_param mse_mean_params[] = {{.name = "means",
                                             .type = MYE_PARAM_FLOAT,
                                             .offset = offsetof(mse_mean_options, means),
                                             .def = "1",
                                             .min = -1e6,
                                             .max = 1e6,
                                             .unit = "",
                                             .help = "target of every class when target=constant"},
                                            {.name = "target",
                                             .type = MYE_PARAM_CHOICE,
                                             .offset = offsetof(mse_mean_options, target),
                                             .def = "onehot",
                                             .choices = "onehot|constant",
                                             .unit = "",
                                             .help = "what the outputs are drawn to"},
                                            {.name = NULL}};

static double mse_mean_row(const void *options, const mye_loss_row *row, const mye_loss_want *want,
                           double scale, float *grad)
{
    const mse_mean_options *o = options;
    return mye_loss_squared(row, want, o->target == 1 ? &o->means : NULL, scale, grad);
}

static double mse_mean_eval(const void *options, const mye_loss_input *in, float *grad,
                            float *per_sample)
{
    return mye_loss_of_mean(options, in, grad, per_sample, mse_mean_row);
}

const mye_loss mye_loss_mse_mean = {.entry = {.name = "mse_mean",
                                              .brief = "squared error of the mean output over time",
                                              .source = "",
                                              .params = mse_mean_params,
                                              .options_size = sizeof(mse_mean_options)},
                                    .eval = mse_mean_eval};
