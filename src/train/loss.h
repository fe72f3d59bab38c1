/*
 * Losses: one file each + one line in loss_list.inc. A loss is a function of one row of outputs
 * and its target; two drivers apply it to the mean over time or to each step. What is common lives
 * here: mixed targets, sample weights, label smoothing, the softmax.
 */
#ifndef MYE_LOSS_H
#define MYE_LOSS_H

#include "net/run.h"

/* Outputs of one sample: out_k = sum over t < steps of w_t x[t stride + k]; time_weight NULL: the
 * row is one step as it is. */
typedef struct mye_loss_row {
    const float *x;
    const float *time_weight; /* [steps] */
    int steps, K;
    int64_t stride;
} mye_loss_row;

/* What the row should say: `mix` of label, the rest of label_b. */
typedef struct mye_loss_want {
    int32_t label, label_b;
    double mix;
} mye_loss_want;

/* Loss of one row. grad (NULL: not wanted; x's layout) receives `scale` times its derivative. */
typedef double (*mye_loss_fn)(const void *options, const mye_loss_row *row,
                              const mye_loss_want *want, double scale, float *grad);

/* Loss of the mean output: L(sum_t w_t out_t). */
double mye_loss_of_mean(const void *options, const mye_loss_input *in, float *grad,
                        float *per_sample, mye_loss_fn fn);
/* Mean loss of the steps: 1/T sum_t L(out_t), over the steps that `in` has. */
double mye_loss_of_steps(const void *options, const mye_loss_input *in, float *grad,
                         float *per_sample, mye_loss_fn fn);

/* out_k of a row, and adding g to the derivative with respect to it. */
double mye_loss_value(const mye_loss_row *row, int k);
void mye_loss_add_grad(const mye_loss_row *row, int k, double g, float *grad);
/* Target of class k: one-hot, mixed, smoothed: (1 - s) q + s / K. */
double mye_loss_target(const mye_loss_want *want, int k, int K, double smoothing);

/* Cross entropy and squared error of a row; they add to grad, which begins as 0. */
double mye_loss_cross_entropy(const mye_loss_row *row, const mye_loss_want *want, double smoothing,
                              double scale, float *grad);
/* Mean over classes of (out - target)^2; target: of `want`, or `constant` where not NULL. */
double mye_loss_squared(const mye_loss_row *row, const mye_loss_want *want, const double *constant,
                        double scale, float *grad);

/* Options of the losses that have nothing but label smoothing. */
typedef struct mye_loss_smoothing {
    double smoothing;
} mye_loss_smoothing;

#define MYE_LOSS_SMOOTHING_PARAM(options_type)                                                     \
    {                                                                                              \
        .name = "smoothing", .type = MYE_PARAM_FLOAT, .offset = offsetof(options_type, smoothing), \
        .def = "0", .min = 0, .max = 0.999, .unit = "",                                            \
        .help = "label smoothing: this share of the target goes to all classes"                    \
    }

#endif
