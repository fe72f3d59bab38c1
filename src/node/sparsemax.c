/*
 * sparsemax: the probability vector nearest to x, for each sample and step: y_k = max(0, x_k - t), t such
 * that y sums to 1. With S the entries that are not 0 and g = dL/dy:
 *
 *   dL/dx_k = g_k - (mean of g over S) in S, else 0
 *
 * Vector of K -> vector of K; no options. t is found without sorting: from S = all on, t is that of S,
 * and entries up to t leave S, until none does. Source: Martins and Astudillo 2016, section 2;
 * Michelot 1986 for the search.
 */
#include "node/sparsemax.h"

#include "node/vector.h"

mye_sparsemax mye_sparsemax_of(const void *row, mye_sparsemax_value value, int K)
{
    mye_sparsemax s = {.top = value(row, 0), .t = -1, .support = K + 1};
    for (int k = 1; k < K; k++) {
        const double z = value(row, k);
        s.top = z > s.top ? z : s.top;
    }
    /* The largest entry has at most 1, so whatever lies 1 below it is out from the start. Written so
     * that a NaN is in. */
    for (int before = K + 2; s.support < before;) {
        double sum = 0;
        before = s.support;
        s.support = 0;
        for (int k = 0; k < K; k++) {
            const double d = value(row, k) - s.top;
            if (d <= s.t)
                continue;
            sum += d;
            s.support++;
        }
        s.t = (sum - 1) / s.support;
    }
    return s;
}

static double float_value(const void *row, int k)
{
    return (double)((const float *)row)[k];
}

static void sparsemax_row(int K, const float *x, float *y)
{
    const mye_sparsemax s = mye_sparsemax_of(x, float_value, K);
    for (int k = 0; k < K; k++)
        y[k] = (float)mye_sparsemax_share(&s, (double)x[k] - s.top);
}

static void sparsemax_grad_row(int K, const float *x, const float *g, float *dx)
{
    const mye_sparsemax s = mye_sparsemax_of(x, float_value, K);
    double mean = 0;
    for (int k = 0; k < K; k++)
        mean += (double)x[k] - s.top <= s.t ? 0 : (double)g[k] / s.support;
    for (int k = 0; k < K; k++)
        dx[k] = (double)x[k] - s.top <= s.t ? 0.0f : (float)((double)g[k] - mean);
}

static void sparsemax_forward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_vector_forward(n, p, t0, t1, sparsemax_row);
}

static void sparsemax_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    mye_vector_backward(n, p, t0, t1, sparsemax_grad_row);
}

const mye_node_type mye_node_sparsemax = {
    .entry = {.name = "sparsemax",
              .brief = "the nearest vector of probabilities, most of them 0",
              .source = "Martins and Astudillo 2016"},
    .min_in = 1,
    .max_in = 1,
    .flags = MYE_NODE_READS_INPUT,
    .shape = mye_vector_shape,
    .lane_bytes = mye_vector_lane_bytes,
    .forward = sparsemax_forward,
    .backward = sparsemax_backward,
};
