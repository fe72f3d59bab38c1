/*
 * Which way a layer goes (mye_conv_way), for each of its three passes.
 *
 * The cheapest by the kernel table's own estimate, from the layer's shape and the share of its input
 * that is not 0 - for spikes the firing rate -, measured where the pass begins. In training a layer
 * leaves the way that it is on only for one that is clearly cheaper, so that it does not go to and
 * fro; what it is on is part of a checkpoint (mye_run_ways_get). Inference has no memory: the same
 * batch always goes the same way.
 */
#ifndef MYE_CONV_WAY_H
#define MYE_CONV_WAY_H

#include "node/node.h"

/* May node n go this way? Memory is planned for all that may: where the forced way fits, for no
 * other. */
bool mye_conv_may_go(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, int way,
                     int pass);
/* Share of node n's input in steps [t0, t1) that is not 0, from a sample of images; 1 where there is
 * nothing to choose. */
double mye_conv_input_density(const mye_node *n, const mye_pass *p, int t0, int t1,
                              const mye_conv_shape *s);
/* The same of the gradient of its value. */
double mye_conv_grad_density(const mye_node *n, const mye_pass *p, int t0, int t1);
/* Scratch per thread that mye_conv_input_density takes. */
size_t mye_conv_density_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s);
/* The way for n_images images of which the share `density` is not 0; written to value.way. */
const mye_conv_kernels *mye_conv_choose(const mye_node *n, const mye_pass *p,
                                        const mye_conv_shape *s, int64_t n_images, int pass,
                                        double density);
/* The way that the forward pass of this training step is on already, because it began at an earlier
 * time step or is repeated for the backward pass: all its steps go one way. NULL: choose. */
const mye_conv_kernels *mye_conv_settled(const mye_node *n, const mye_pass *p, int t0);

#endif
