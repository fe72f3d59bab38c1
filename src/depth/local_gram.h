/* Rows of length one and their products: what similarity and contrastive losses share. */
#ifndef MYE_LOCAL_GRAM_H
#define MYE_LOCAL_GRAM_H

#include "net/run.h"

typedef struct mye_gram {
    const mye_loss_input *in;
    bool centred;
    double *length; /* [B] of the rows x before, without eps                         */
    float *z;       /* [B][K] x less its mean (where centred), by length + eps       */
    float *pair;    /* [B][B] z_i z_j; the caller overwrites it with coefficients    */
    float *row;     /* [K]                                                           */
} mye_gram;

#define MYE_GRAM_EPS 1e-8

/* Bytes at `place` for B samples of K values, a multiple of MYE_ALIGN. */
size_t mye_gram_bytes(int B, int K);
/* z and pair of the mean output over time. */
mye_gram mye_gram_of(const mye_loss_input *in, bool centred, void *place);
/* grad [steps][B][K] of dL/dz_i = sum over j of pair_ij z_j. */
void mye_gram_backward(const mye_gram *g, float *grad);

/* The output of sample b, value k, collapsed over time; and writing the gradient d of it. */
double mye_local_value(const mye_loss_input *in, int b, int k);
void mye_local_put(const mye_loss_input *in, int b, int k, double d, float *grad);
/* Weight of a sample's loss. */
double mye_local_weight(const mye_loss_input *in, int b);

#endif
