/* What samples cost where kernels skip zeros: time that grows with spikes. */
#ifndef MYE_SAMPLE_COST_H
#define MYE_SAMPLE_COST_H

#include "sample/sample.h"

/* Sums of a regression of a step's seconds on its spikes, each for one sample. All 0: none yet. */
typedef struct mye_cost {
    double n, x, y, xx, xy;
} mye_cost;

/* A step with all its samples' spikes told. */
void mye_cost_add(mye_cost *c, const mye_sample_view *v);
/* Share of the time that grows with spikes, at their mean: b x / (a + b x), in [0, 1]; 0 where nothing
 * can be said. */
double mye_cost_share(const mye_cost *c);

#endif
