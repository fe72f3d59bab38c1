/*
 * Losses of a part of a network, for depth rules that train parts by themselves. They are no entries of
 * the list of losses: what they read is no vote for a class. All look at the output's mean over
 * time, x [B][K] = sum over t of time_weight_t out_t, and hand the gradient on with the same weights.
 *
 * A sample's loss l_b counts target->weight[b] times. What is said of scratch in net/run.h holds.
 */
#ifndef MYE_LOCAL_LOSS_H
#define MYE_LOCAL_LOSS_H

#include "net/run.h"

/*
 * Similarity matching: samples shall be alike as their labels are. z_b: x_b less its mean over K, by its
 * length (+ 1e-8); R = z z' within [-1, 1]; Y the same of the one-hot labels (mixed: of the mixture):
 *
 *   l_b = 1/B sum over j of (R_bj - Y_bj)^2,   L = 1/B sum over b of l_b
 *
 * A sample with all x alike gets no gradient. Source: Noekland and Eidnes 2019,
 * arXiv 1901.06656, loss "sim".
 */
typedef struct mye_local_similarity_options {
    int64_t classes; /* of the data set, at least 1 */
} mye_local_similarity_options;
extern const mye_loss mye_local_similarity;

/*
 * Supervised contrastive loss. z_b = x_b by its length (+ 1e-8), P(b) the other samples with b's label:
 *
 *   l_b = mean over p in P(b) of -log( exp(z_b z_p / tau) / sum over a != b of exp(z_b z_a / tau) )
 *
 * L is the mean over the samples that have positives; others have l_b = 0; without any L is 0. A mixed
 * sample belongs to the label with the larger share. Source: Khosla et al. 2020, eq. 2; as the
 * contrastive head of InfoPro (Wang et al. 2021).
 */
typedef struct mye_local_supcon_options {
    double temperature; /* tau, over 0 */
} mye_local_supcon_options;
#define MYE_LOCAL_SUPCON_OPTIONS \
    {                            \
        .temperature = 0.07      \
    }
extern const mye_loss mye_local_supcon;

/*
 * Reconstruction: x are the logits of the picture, K = image_n, in its order. With v = image * deviation +
 * mean of its channel, within [0, 1]:
 *
 *   l_b = mean over pixels of the cross entropy of sigmoid(x) and v
 *
 * Labels are not read; no options. Where the target has no image, or one of another size, the loss is
 * a NaN and the gradient 0: whoever sets up the run has to see to it. Source: Wang et al. 2021,
 * arXiv 2101.10832 (InfoPro).
 */
extern const mye_loss mye_local_reconstruction;

#endif
