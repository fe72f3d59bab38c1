/*
 * Norms of the gradients of single samples, without forming these gradients. For a layer whose
 * weights meet patch x_j of the input at place j (a step, or a step and a position of a convolution)
 * and whose output has the gradient d_j there,
 *
 *   |G|^2 = sum_{j,k} (d_j . d_k) (x_j . x_k)                            (exact, Gram identity)
 *         <= sum_j |d_j|^2  *  (q sum_t |x[t]|^2  +  places)             (Cauchy-Schwarz)
 *
 * with a bias adding 1 to every x_j . x_k (`places` in the bound), and q = ceil(kh / sh) ceil(kw / sw),
 * the number of windows that see a pixel. Spikes that are stored as bits are multiplied by popcount.
 * Exact for dense layers of up to 256 steps and where places are few; else the bound.
 */
#ifndef MYE_GRADIENT_NORM_H
#define MYE_GRADIENT_NORM_H

#include "node/node.h"

/* Has the node weights whose gradient is of this kind (flag MYE_NODE_PRODUCT), and do they learn? */
bool mye_gradient_norm_has(const mye_node *n);
/* squares [B] = |G|^2 of each sample's weights and bias, of steps [t0, t1), before n's backward. */
void mye_gradient_norm(const mye_node *n, const mye_pass *p, int t0, int t1, double *squares);
/* Scratch per thread. */
size_t mye_gradient_norm_lane_bytes(const mye_node *n, const mye_pass *p);

#endif
