/* Batch norm's statistics for rate-based learning: see batchnorm.h. */
#include <math.h>

#include "node/batchnorm_parts.h"

static double mean_of_column(const float *x, int rows, int C, int c)
{
    double sum = 0;
    for (int row = 0; row < rows; row++)
        sum += (double)x[row * C + c];
    return sum / rows;
}

/* 1 / (mean over steps of 1 / (var + eps)) */
static double harmonic_mean(const float *var, int rows, int C, int c, double eps)
{
    double sum = 0;
    for (int row = 0; row < rows; row++)
        sum += 1 / ((double)var[row * C + c] + eps);
    return rows / sum;
}

void mye_batchnorm_prepare_rates(const mye_node *n, const mye_pass *spikes, mye_pass *rates,
                                 bool last_step, int eps_count)
{
    const mye_norm_options *o = n->options;
    const mye_batchnorm_state from = mye_batchnorm_state_of(n, spikes);
    const mye_batchnorm_state to = mye_batchnorm_state_of(n, rates);
    const int C = n->shape.c, end = from.rows, first = last_step ? end - 1 : 0;
    const bool summed = spikes->forgets && !n->is_static && !last_step;
    for (int c = 0; c < C; c++) {
        const float *var = from.var + first * C;
        double mean = mean_of_column(from.mean + first * C, end - first, C, c);
        double var_eps = harmonic_mean(var, end - first, C, c, o->eps);
        if (summed) {
            mean = from.over_time[c] / spikes->T;
            var_eps = spikes->T / from.over_time[C + c];
        }
        var_eps += (eps_count - 1) * o->eps;
        to.mean[c] = (float)mean;
        to.var[c] = (float)(var_eps - o->eps);
        to.rstd[c] = (float)(1 / sqrt(var_eps));
    }
    mye_norm_scale(n, &to, 0);
}
