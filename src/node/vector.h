/* Nodes that make a vector of a vector, each sample and step on its own: softmax, sparsemax. */
#ifndef MYE_VECTOR_H
#define MYE_VECTOR_H

#include "node/elementwise.h"

/* The output has the input's shape; images are refused. */
mye_status mye_vector_shape(mye_node *n, const mye_shape *in, mye_error *err);

/* y [K] of x [K] (y may not be x), and dL/dx of x and g = dL/dy (none may be another). */
typedef void (*mye_vector_fn)(int K, const float *x, float *y);
typedef void (*mye_vector_grad_fn)(int K, const float *x, const float *g, float *dx);

/* What forward, backward and lane_bytes of such a node do; they read the input's values. */
void mye_vector_forward(const mye_node *n, mye_pass *p, int t0, int t1, mye_vector_fn fn);
void mye_vector_backward(const mye_node *n, mye_pass *p, int t0, int t1, mye_vector_grad_fn fn);
size_t mye_vector_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op);

#endif
