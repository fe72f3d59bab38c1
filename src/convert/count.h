/* What a converted network does while it runs: events, magnitudes, synaptic operations. */
#ifndef MYE_COUNT_H
#define MYE_COUNT_H

#include "convert/convert.h"

/* Sums over all images, for each step. */
typedef struct mye_layer_count {
    double *events, *negative, *magnitude; /* [T] */
} mye_layer_count;

typedef struct mye_count {
    mye_context *ctx;
    const mye_conversion *conversion;
    const mye_snn *snn;
    int T, batch;
    mye_layer_count *layer; /* [layers of the conversion]                                   */
    double *sop;            /* [T]                                                          */
    double macs;            /* of one image: layers whose input is the same at all steps    */
    double *part;           /* [batch][3] of a batch at work                                */
    mye_lane *lane;
    int64_t row; /* floats of the widest row that a layer reads */
} mye_count;

mye_status mye_count_create(const mye_conversion *c, const mye_snn *snn, int T, mye_count *out,
                            mye_error *err);
void mye_count_free(mye_count *count);
/* Behind the forward of a node: counts, where it is one of the layers' or their neurons. */
void mye_count_node(mye_count *count, const mye_pass *p, const mye_node *n, int t0, int t1);

#endif
