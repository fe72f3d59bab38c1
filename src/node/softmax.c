/*
 * softmax: y_k = exp(x_k) / sum over j of exp(x_j), for each sample and step.
 *
 *   dL/dx_k = y_k (g_k - sum over j of g_j y_j),   g = dL/dy
 *
 * Vector of K -> vector of K; no options. Exponents are taken below the largest x, in double.
 */
#include <math.h>

#include "node/vector.h"

/* y = softmax(x) */
static void softmax_row(int K, const float *x, float *y)
{
    float top = x[0];
    double sum = 0;
    for (int k = 1; k < K; k++)
        top = x[k] > top ? x[k] : top;
    for (int k = 0; k < K; k++)
        sum += exp((double)x[k] - (double)top);
    for (int k = 0; k < K; k++)
        y[k] = (float)(exp((double)x[k] - (double)top) / sum);
}

static void softmax_grad_row(int K, const float *x, const float *g, float *dx)
{
    double mean = 0;
    softmax_row(K, x, dx);
    for (int k = 0; k < K; k++)
        mean += (double)g[k] * (double)dx[k];
    for (int k = 0; k < K; k++)
        dx[k] = (float)((double)dx[k] * ((double)g[k] - mean));
}

static void softmax_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_vector_forward(n, p, t0, t1, softmax_row);
}

static void softmax_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_vector_backward(n, p, t0, t1, softmax_grad_row);
}

const mye_node_type mye_node_softmax = {
    .entry = {.name = "softmax",
              .brief = "a vector as probabilities, by exponentials",
              .source = ""},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_READS_INPUT,
    .shape = mye_vector_shape,
    .lane_bytes = mye_vector_lane_bytes,
    .forward = softmax_forward,
    .backward = softmax_backward,
};
