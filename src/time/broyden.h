/*
 * Fixed points x = f(x) of many samples at once, each on its own, by Broyden's method with limited
 * memory or by plain iteration. The vector of a sample is in parts, as it lies in memory.
 */
#ifndef MYE_BROYDEN_H
#define MYE_BROYDEN_H

#include "base/base.h"

#define MYE_BROYDEN_PARTS 16

/* What is kept of a sample: how often it was updated, pairs in memory, 1: it is done. */
#define MYE_BROYDEN_STATE 4 /* floats */

typedef struct mye_broyden_part {
    int64_t n;      /* elements of a sample                        */
    const float *f; /* [B][n] f(x)                                 */
    float *x;       /* [B][3][n] x, last residual f(x) - x, last dx */
    float *u, *v;   /* [B][memory][n]; memory 0: not used           */
} mye_broyden_part;

typedef struct mye_broyden {
    mye_broyden_part part[MYE_BROYDEN_PARTS];
    int n_parts, B;
    int memory;       /* pairs; 0: plain iteration x <- f(x)         */
    double tolerance; /* done when |f(x) - x| <= tolerance |f(x)|    */
    float *state;     /* [B][MYE_BROYDEN_STATE]                      */
} mye_broyden;

/* x = 0, and nothing is known. */
void mye_broyden_begin(mye_broyden *s);
/* One update of every sample that is not done; returns whether all are. Same bits for any number of
 * threads. */
bool mye_broyden_update(mye_broyden *s, mye_context *ctx);

#endif
