/* The network's output over time: how T outputs become one. */
#ifndef MYE_READOUT_H
#define MYE_READOUT_H

#include "node/node.h"

/* w [T]: the output is the sum over t of w[t] o_t. mean: 1/T; count: 1; last: 1 at the last step;
 * exp: proportional to decay^(T - t), in sum 1. */
void mye_readout_weights(const mye_node *n, int T, float *w);

#endif
