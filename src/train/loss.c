/* What the losses share, and their list. */
#include "train/loss.h"

#include <math.h>
#include <string.h>

#include "train/loss_list.inc"

#define X(name) extern const mye_loss mye_loss_##name;
MYE_LOSS_LIST(X)
#undef X

static const mye_entry *const loss_entries[] = {
#define X(name) &mye_loss_##name.entry,
    MYE_LOSS_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_loss = {
    .name = "loss", .question = "What is a wrong output worth?", .entries = loss_entries};

static mye_loss_want want_of(const mye_target *target, int b)
{
    const int32_t label = target->label[b];
    const mye_loss_want want = {.label = label,
                                .label_b = target->label_b ? target->label_b[b] : label,
                                .mix = target->mix ? (double)target->mix[b] : 1.0};
    return want;
}

static double weight_of(const mye_target *target, int b)
{
    return target->weight ? (double)target->weight[b] : 1.0;
}

static void clear_grad(const mye_loss_input *in, float *grad)
{
    if (grad)
        memset(grad, 0, (size_t)in->steps * (size_t)in->B * (size_t)in->K * sizeof *grad);
}

double mye_loss_of_mean(const void *options, const mye_loss_input *in, float *grad,
                        float *per_sample, mye_loss_fn fn)
{
    double sum = 0;
    clear_grad(in, grad);
    for (int b = 0; b < in->B; b++) {
        const int64_t at = (int64_t)b * in->K;
        const mye_loss_row row = {.x = in->out + at,
                                  .time_weight = in->time_weight,
                                  .steps = in->steps,
                                  .K = in->K,
                                  .stride = (int64_t)in->B * in->K};
        const mye_loss_want want = want_of(in->target, b);
        const double weight = weight_of(in->target, b);
        const double loss = fn(options, &row, &want, weight / in->B, grad ? grad + at : NULL);
        sum += weight * loss;
        if (per_sample)
            per_sample[b] += (float)loss;
    }
    return sum / in->B;
}

double mye_loss_of_steps(const void *options, const mye_loss_input *in, float *grad,
                         float *per_sample, mye_loss_fn fn)
{
    double sum = 0;
    clear_grad(in, grad);
    for (int t = 0; t < in->steps; t++)
        for (int b = 0; b < in->B; b++) {
            const int64_t at = ((int64_t)t * in->B + b) * in->K;
            const mye_loss_row row = {.x = in->out + at, .steps = 1, .K = in->K};
            const mye_loss_want want = want_of(in->target, b);
            const double weight = weight_of(in->target, b);
            const double scale = weight / in->B / in->T;
            const double loss = fn(options, &row, &want, scale, grad ? grad + at : NULL);
            sum += weight * loss;
            if (per_sample)
                per_sample[b] += (float)(loss / in->T);
        }
    return sum / in->B / in->T;
}

double mye_loss_value(const mye_loss_row *row, int k)
{
    if (!row->time_weight)
        return (double)row->x[k];
    double sum = 0;
    for (int t = 0; t < row->steps; t++)
        sum += (double)row->time_weight[t] * (double)row->x[t * row->stride + k];
    return sum;
}

void mye_loss_add_grad(const mye_loss_row *row, int k, double g, float *grad)
{
    if (!row->time_weight) {
        grad[k] += (float)g;
        return;
    }
    for (int t = 0; t < row->steps; t++)
        grad[t * row->stride + k] += (float)((double)row->time_weight[t] * g);
}

double mye_loss_target(const mye_loss_want *want, int k, int K, double smoothing)
{
    const double q =
        (k == want->label ? want->mix : 0.0) + (k == want->label_b ? 1.0 - want->mix : 0.0);
    return (1.0 - smoothing) * q + smoothing / K;
}

double mye_loss_cross_entropy(const mye_loss_row *row, const mye_loss_want *want, double smoothing,
                              double scale, float *grad)
{
    const int K = row->K;
    double top = -INFINITY, sum = 0, aligned = 0;
    for (int k = 0; k < K; k++) {
        const double x = mye_loss_value(row, k);
        /* Written so that a NaN wins: it must reach the loss. */
        top = x <= top ? top : x;
    }
    for (int k = 0; k < K; k++) {
        const double x = mye_loss_value(row, k) - top;
        sum += exp(x);
        aligned += mye_loss_target(want, k, K, smoothing) * x;
    }
    if (grad)
        for (int k = 0; k < K; k++) {
            const double p = exp(mye_loss_value(row, k) - top) / sum;
            const double q = mye_loss_target(want, k, K, smoothing);
            mye_loss_add_grad(row, k, scale * (p - q), grad);
        }
    return log(sum) - aligned;
}

double mye_loss_squared(const mye_loss_row *row, const mye_loss_want *want, const double *constant,
                        double scale, float *grad)
{
    const int K = row->K;
    double sum = 0;
    for (int k = 0; k < K; k++) {
        const double target = constant ? *constant : mye_loss_target(want, k, K, 0.0);
        const double d = mye_loss_value(row, k) - target;
        sum += d * d;
        if (grad)
            mye_loss_add_grad(row, k, scale * 2.0 * d / K, grad);
    }
    return sum / K;
}
