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
} mye_batchnorm_state;

mye_batchnorm_state mye_batchnorm_state_of(const mye_node *n, const mye_pass *p);

typedef enum mye_batchnorm_rates {
    /* all_steps: the spike pass' values. per_step: mean over steps of the means, harmonic mean of
     * var + eps. */
    MYE_BATCHNORM_RATES_MEAN,
    /* The same for all_steps. per_step, as the released code of the rate-based paper does it: the
     * last step's mean, var + 2 eps. */
    MYE_BATCHNORM_RATES_RELEASED
} mye_batchnorm_rates;

/* Fills the rate pass' statistics (training_rules.md sections 4.2, 4.4) from the spike pass'. */
void mye_batchnorm_prepare_rates(const mye_node *n, const mye_pass *spikes, mye_pass *rates,
                                 mye_batchnorm_rates how);

#endif
