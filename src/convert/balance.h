/*
 * Rules for thresholds: how large is one spike? One rule = one file + one line in balance_list.inc.
 */
#ifndef MYE_BALANCE_H
#define MYE_BALANCE_H

#include "convert/convert.h"

typedef struct mye_balance_ask {
    mye_conversion *conversion;
    mye_snn *snn; /* thresholds of the layers before are set */
    int layer;
    int per;    /* what has a threshold of its own: TRANSMIT_LAYER, .. */
    int groups; /* how many that are                                   */
    int T;      /* time steps that the network is meant for            */
} mye_balance_ask;

typedef struct mye_balance {
    mye_entry entry;
    /* The largest activation that the layer should be able to send: thmax [groups], >= 0; 0: the
     * group never fires. */
    mye_status (*thresholds)(const void *options, const mye_balance_ask *ask, float *thmax,
                             mye_error *err);
    bool one_for_layer; /* knows thresholds per layer only */
} mye_balance;

extern const mye_kind mye_kind_balance;

/* thmax from the histogram of the ask's layer: `pick` says it for one group. */
mye_status mye_balance_by_histogram(const mye_balance_ask *ask, float *thmax,
                                    double (*pick)(const void *self, const mye_histogram *h,
                                                   int group),
                                    const void *self, mye_error *err);

#endif
