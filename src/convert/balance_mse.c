/*
 * mse: among max, 0.99 max, .. 0.06 max the threshold th with the least mean (a - q(a))^2, where q is
 * what T steps of one spike can say: floor(clip(a T / th, 0, T)) th / T.
 *
 * The released code averages the choices of batches (0.9, 0.1); here all calibration images decide
 * together, through the histogram of their activations, so that their order is of no account.
 *
 * Source: Li et al. 2021, ICML (SNN calibration).
 */
#include "convert/balance.h"

#include <math.h>

enum { CANDIDATES = 95 };

static double error_of(const mye_histogram *h, int group, double th, int T)
{
    const uint32_t *count = h->count + (size_t)group * (size_t)h->bins;
    const double max = (double)h->max[group], step = th / T;
    double sum = 0;
    for (int k = 0; k < h->bins; k++) {
        if (count[k] == 0)
            continue;
        const double a = max * (k + 0.5) / h->bins;
        const double q = a >= th ? th : floor(a / step) * step;
        sum += count[k] * (a - q) * (a - q);
    }
    return sum;
}

static double pick(const void *self, const mye_histogram *h, int group)
{
    const int T = *(const int *)self;
    double best = 0, least = INFINITY;
    for (int i = 0; i < CANDIDATES && h->max[group] > 0; i++) {
        const double th = (1 - 0.01 * i) * (double)h->max[group];
        const double error = error_of(h, group, th, T);
        if (error < least) {
            least = error;
            best = th;
        }
    }
    return best;
}

static mye_status thresholds(const void *options, const mye_balance_ask *ask, float *thmax,
                             mye_error *err)
{
    MYE_UNUSED(options);
    return mye_balance_by_histogram(ask, thmax, pick, &ask->T, err);
}

extern const mye_balance mye_balance_mse;
const mye_balance mye_balance_mse = {
    .entry = {.name = "mse",
              .brief = "the threshold whose spikes of T steps come nearest to the activations",
              .source = "Li et al. 2021, ICML (SNN calibration)"},
    .thresholds = thresholds,
};
