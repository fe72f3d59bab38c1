/* Products of normalised rows: see local_gram.h. Sums over K are in float, sixteen side by side. */
#include "depth/local_gram.h"

#include <math.h>
#include <string.h>

#include "node/elementwise.h"

/* ---- outputs, collapsed over time ---- */

double mye_local_value(const mye_loss_input *in, int b, int k)
{
    const float *x = in->out + (int64_t)b * in->K + k;
    const int64_t stride = (int64_t)in->B * in->K;
    double sum = 0;
    for (int t = 0; t < in->steps; t++)
        sum += (double)in->time_weight[t] * (double)x[t * stride];
    return sum;
}

void mye_local_put(const mye_loss_input *in, int b, int k, double d, float *grad)
{
    const int64_t stride = (int64_t)in->B * in->K;
    for (int t = 0; t < in->steps; t++)
        grad[t * stride + (int64_t)b * in->K + k] = (float)((double)in->time_weight[t] * d);
}

double mye_local_weight(const mye_loss_input *in, int b)
{
    return in->target->weight != NULL ? (double)in->target->weight[b] : 1;
}

/* ---- rows and products ---- */

size_t mye_gram_bytes(int B, int K)
{
    return mye_double_bytes(B) + mye_float_bytes((int64_t)B * K) + mye_float_bytes((int64_t)B * B) +
           mye_float_bytes(K);
}

static mye_gram gram_at(const mye_loss_input *in, bool centred, void *place)
{
    unsigned char *at = place;
    mye_gram g = {.in = in, .centred = centred};
    g.length = (double *)(void *)at;
    at += mye_double_bytes(in->B);
    g.z = (float *)(void *)at;
    at += mye_float_bytes((int64_t)in->B * in->K);
    g.pair = (float *)(void *)at;
    at += mye_float_bytes((int64_t)in->B * in->B);
    g.row = (float *)(void *)at;
    return g;
}

#define LANES 16

static float product(const float *a, const float *b, int n)
{
    float part[LANES] = {0}, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            part[j] += a[i + j] * b[i + j];
    for (; i < n; i++)
        part[i % LANES] += a[i] * b[i];
    for (int j = 0; j < LANES; j++)
        sum += part[j];
    return sum;
}

static double mean_of(const float *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)x[i];
    return sum / n;
}

static void normalise_row(mye_gram *g, int b)
{
    const int K = g->in->K;
    float *z = g->z + (int64_t)b * K;
    double squares = 0;
    for (int k = 0; k < K; k++)
        z[k] = (float)mye_local_value(g->in, b, k);
    const double mean = g->centred ? mean_of(z, K) : 0;
    for (int k = 0; k < K; k++)
        squares += ((double)z[k] - mean) * ((double)z[k] - mean);
    g->length[b] = sqrt(squares);
    for (int k = 0; k < K; k++)
        z[k] = (float)(((double)z[k] - mean) / (g->length[b] + MYE_GRAM_EPS));
}

mye_gram mye_gram_of(const mye_loss_input *in, bool centred, void *place)
{
    mye_gram g = gram_at(in, centred, place);
    const int B = in->B;
    for (int i = 0; i < B; i++) {
        const float *z = g.z + (int64_t)i * in->K;
        normalise_row(&g, i);
        for (int j = 0; j <= i; j++)
            g.pair[(int64_t)i * B + j] = g.pair[(int64_t)j * B + i] =
                product(z, g.z + (int64_t)j * in->K, in->K);
    }
    return g;
}

/* With length l and z = x / (l + eps): dL/dx = (dz - z (z dz) (l + eps) / l) / (l + eps), less its mean
 * where x is. Chosen: 0 where l is 0, since no direction is known there. */
static void backward_row(const mye_gram *g, int i, float *grad)
{
    const int K = g->in->K;
    const float *z = g->z + (int64_t)i * K;
    const double length = g->length[i], whole = length + MYE_GRAM_EPS;
    const double along = length > 0 ? (double)product(z, g->row, K) * whole / length : 0;
    for (int k = 0; k < K; k++)
        g->row[k] = length > 0 ? (float)(((double)g->row[k] - along * (double)z[k]) / whole) : 0;
    const double mean = g->centred ? mean_of(g->row, K) : 0;
    for (int k = 0; k < K; k++)
        mye_local_put(g->in, i, k, (double)g->row[k] - mean, grad);
}

void mye_gram_backward(const mye_gram *g, float *grad)
{
    const int B = g->in->B, K = g->in->K;
    for (int i = 0; i < B; i++) {
        memset(g->row, 0, (size_t)K * sizeof *g->row);
        for (int j = 0; j < B; j++) {
            const float c = g->pair[(int64_t)i * B + j], *z = g->z + (int64_t)j * K;
            for (int k = 0; k < K && c != 0; k++)
                g->row[k] += c * z[k];
        }
        backward_row(g, i, grad);
    }
}
