/* The threshold of sparsemax, for the node and the loss. */
#ifndef MYE_SPARSEMAX_H
#define MYE_SPARSEMAX_H

/* Of z [K]: sparsemax(z)_k = max(0, z_k - top - t), which sums to 1. `top` is the largest z, so t is
 * in [-1, 0); `support` entries are not 0. A NaN among z makes t a NaN. */
typedef struct mye_sparsemax {
    double top, t;
    int support;
} mye_sparsemax;

/* value(row, k) is z_k. K > 0. */
typedef double (*mye_sparsemax_value)(const void *row, int k);
mye_sparsemax mye_sparsemax_of(const void *row, mye_sparsemax_value value, int K);

/* The share of an entry that lies d = z_k - top from the largest; a NaN stays one. */
static inline double mye_sparsemax_share(const mye_sparsemax *s, double d)
{
    return d <= s->t ? 0 : d - s->t;
}

#endif
