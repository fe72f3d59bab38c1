/* max: the largest activation over the calibration images (data-based normalisation). */
#include "convert/balance.h"

static mye_status thresholds(const void *options, const mye_balance_ask *ask, float *thmax,
                             mye_error *err)
{
    const mye_activation *a = &ask->conversion->layer[ask->layer];
    MYE_UNUSED(options);
    MYE_UNUSED(err);
    for (int g = 0; g < ask->groups; g++)
        thmax[g] = 0;
    for (int64_t i = 0; i < a->n; i++) {
        float *max = &thmax[i % ask->groups];
        *max = a->max[i] > *max ? a->max[i] : *max;
    }
    return MYE_OK;
}

extern const mye_balance mye_balance_max;
const mye_balance mye_balance_max = {
    .entry = {.name = "max",
              .brief = "the largest activation of the calibration images",
              .source = "Diehl et al. 2015, IJCNN"},
    .thresholds = thresholds,
};
