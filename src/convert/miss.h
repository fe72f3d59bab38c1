/* Conversion error: how far the rates of the spiking network are from the activations of the ANN. */
#ifndef MYE_MISS_H
#define MYE_MISS_H

#include "convert/convert.h"

typedef struct mye_miss {
    mye_context *ctx;
    const mye_conversion *conversion;
    const mye_snn *snn;
    int64_t images;    /* of the test set, from the first on                       */
    int64_t width;     /* neurons of all layers                                    */
    int64_t *first;    /* [layers] where a layer begins in a row                   */
    float *activation; /* [images][width]                                          */
    float *sum;        /* [batch][width] of what was sent so far by a batch        */
    double *mean;      /* [layers] of the activations                              */
} mye_miss;

/* Runs the ANN on the images. */
mye_status mye_miss_create(const mye_conversion *c, const mye_snn *snn, mye_miss *out,
                           mye_error *err);
void mye_miss_free(mye_miss *miss);
/* Behind the forward of a node, in the batch that begins with image `first`. */
void mye_miss_node(mye_miss *miss, const mye_pass *p, const mye_node *n, int64_t first, int t0,
                   int t1);
/* Adds sum |theta S(T)/T - a| of the batch's images to error [layers]. */
void mye_miss_add(const mye_miss *miss, int B, int64_t first, int T, double *error);

#endif
