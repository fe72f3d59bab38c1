/*
 * Mel filters: triangles over the bins of a power spectrum, whose corners are equally far apart on
 * the mel scale, 2595 log10(1 + f / 700).
 */
#ifndef MYE_MEL_H
#define MYE_MEL_H

#include "base/base.h"

typedef struct mye_mel {
    mye_context *ctx;
    int bands, bins;
    int *first, *end; /* [bands]: the bins of a filter, first .. end - 1 */
    float *weight;    /* [bands][bins]                                   */
} mye_mel;

/*
 * Filters from low to high Hz over the n / 2 + 1 bins of an n-point transform. A triangle too narrow
 * for any bin has the bin nearest to its middle. Free *out in any case.
 */
mye_status mye_mel_create(mye_context *ctx, int bands, int n, double rate, double low_hz,
                          double high_hz, mye_mel *out, mye_error *err);
void mye_mel_free(mye_mel *mel);
/* power [bins] to energy [bands]. */
void mye_mel_apply(const mye_mel *mel, const float *power, float *energy);

#endif
