/* What rate-based learning must know of batch norm: the statistics of a pass. */
#ifndef MYE_BATCHNORM_H
#define MYE_BATCHNORM_H

#include "node/node.h"

/* All arrays [rows][C], in value.state. Row t when the statistics are per step, else one row. */
typedef struct mye_batchnorm_state {
    int rows;
    float *mean, *var; /* of the batch, var biased; in evaluation the running ones */
    float *rstd;       /* 1 / sqrt(var + eps)                                      */
    float *scale;      /* weight * rstd                                            */
    float *shift;      /* bias - mean * scale                                      */
    /* [3][C]: when value.summed, what a neighbour added up while it had the values in cache.
     * Forward: sum d, sum d^2, centre (d = x - centre). Backward: sum g, sum g d, sum d with
     * d = x - mean. Over the steps of the op that reads it. */
    double *sum;
    /* [2][C]: sums over the steps so far of mean and of 1 / (var + eps), where a pass forgets its
     * steps' own. */
    double *over_time;
} mye_batchnorm_state;

mye_batchnorm_state mye_batchnorm_state_of(const mye_node *n, const mye_pass *p);
int mye_batchnorm_rows(const mye_node *n, const mye_pass *p);
/* Are steps [t0, t1) normalised together? Then their sums may be added up outside. */
static inline bool mye_batchnorm_together(const mye_node *n, const mye_pass *p, int t0, int t1)
{
    return mye_batchnorm_rows(n, p) == 1 || t1 == t0 + 1;
}

/*
 * Fills the rate pass' statistics from the spike pass' (training_rules.md sections 4.2, 4.4).
 * last_step false: the spike pass' values; of several steps the mean of their means and the harmonic
 * mean of var + eps. last_step true: those of the last step, as the released code of the rate-based
 * paper has it in single-step mode; it also adds eps twice (eps_count 2).
 */
void mye_batchnorm_prepare_rates(const mye_node *n, const mye_pass *spikes, mye_pass *rates,
                                 bool last_step, int eps_count);

extern const mye_node_type mye_node_batchnorm;

#endif
