/*
 * Oriented filters in the manner of simple and complex cells; nothing is learned.
 *
 *   simple   r = g * image                      g: Gabor functions of all orientations, bar and edge
 *            on = max(0, r), off = max(0, -r)
 *   rivalry  a = max(0, a - rho m) / (1 - rho)  m: the largest of all maps at the pixel
 *   complex  p = mean or maximum of a over windows of pool x pool pixels, one a cell of stride x stride
 *   contrast x = min(1, gain p / (eps + sqrt(e)))   e: sum over the maps of p^2, mean of 3 x 3 cells
 *
 * Gabor function of size K at (x, y) from its middle, with u across and v along the bar:
 *
 *   exp(-(u^2 + 0.49 v^2) / (2 sigma^2)) cos or sin(2 pi u / lambda),  sigma = 2 K / 9, lambda = 2 K / 3,
 *
 * less its mean, and scaled so that the sum of its absolute values is 2: the image of its bright parts
 * answers 1. Orientation o of O has its u axis at the angle pi o / O to the x axis: the bars of o = 0
 * stand upright. A second scale has filters 3/2 as large. Colours are averaged before.
 *
 * Maps, slowest first: scale, bar | edge, orientation, on | off. Chosen: sizes and constants, by the
 * accuracy on the last 10000 training images of MNIST and Fashion-MNIST. Source: Serre, Wolf,
 * Bileschi, Riesenhuber, Poggio 2007, IEEE TPAMI 29:411-426 (S1 and C1); contrast as in Dalal and
 * Triggs 2005, CVPR.
 */
#include <math.h>
#include <string.h>

#include "synapse/image.h"

enum { LOBES_BAR = 1, LOBES_EDGE, LOBES_BOTH }; /* index of the choice + 1: a set of bits */
enum { POOL_MEAN, POOL_MAX };
#define BLOCK 8 /* pixels of a row that are filtered together */

typedef struct options {
    int64_t orientations, size, scales, pool, stride;
    double rivalry, contrast, gain;
    int lobes, pooling;
} options;

static const mye_param params[] = {
    {"contrast", MYE_PARAM_FLOAT, offsetof(options, contrast), 0, "0.05", 1e-6, 1e6, NULL, NULL, "",
     "eps: contrast below which answers stay small"},
    {"gain", MYE_PARAM_FLOAT, offsetof(options, gain), 0, "2", 1e-3, 1e3, NULL, NULL, "",
     "factor of the answers before they are cut at 1"},
    {"lobes", MYE_PARAM_CHOICE, offsetof(options, lobes), 0, "both", 0, 0, "bar|edge|both", NULL,
     "", "filters for bars (cosine), for edges (sine), or for both"},
    {"orientations", MYE_PARAM_INT, offsetof(options, orientations), 0, "4", 1, 32, NULL, NULL, "",
     "of the filters, over half a turn"},
    {"pool", MYE_PARAM_INT, offsetof(options, pool), 0, "6", 1, 256, NULL, NULL, "pixels",
     "side of the window whose answers become one; at least the stride"},
    {"pooling", MYE_PARAM_CHOICE, offsetof(options, pooling), 0, "mean", 0, 0, "mean|max", NULL, "",
     "how they become one"},
    {"rivalry", MYE_PARAM_FLOAT, offsetof(options, rivalry), 0, "0.5", 0, 0.99, NULL, NULL, "",
     "share of the strongest answer at a pixel that the others must exceed"},
    {"scales", MYE_PARAM_INT, offsetof(options, scales), 0, "1", 1, 4, NULL, NULL, "",
     "filter sizes, each 3/2 of the one before"},
    {"size", MYE_PARAM_INT, offsetof(options, size), 0, "9", 3, 63, NULL, NULL, "pixels",
     "side of the smallest filters; rounded up to an odd number"},
    {"stride", MYE_PARAM_INT, offsetof(options, stride), 0, "4", 1, 256, NULL, NULL, "pixels",
     "side of a cell"},
    {0},
};

static int side(const options *o, int scale)
{
    return (int)((double)o->size * pow(1.5, scale)) | 1;
}

static int filters(const options *o)
{
    return (int)o->orientations * (o->lobes + 1 == LOBES_BOTH ? 2 : 1);
}

/* Pixels of a row of the image with its margins: whole blocks, and what a filter reads beyond. */
static int padded_width(const mye_feature_plan *p, int K)
{
    return (p->in.W + BLOCK - 1) / BLOCK * BLOCK + K - 1;
}

static mye_status plan(const void *opt, mye_feature_plan *p, mye_error *err)
{
    const options *o = opt;
    const int64_t area = (int64_t)p->in.H * p->in.W;
    const int largest = side(o, (int)o->scales - 1);
    if (o->pool < o->stride)
        return mye_fail(err, MYE_ERR_ARG, "gabor:pool=%lld leaves pixels out: stride is %lld",
                        (long long)o->pool, (long long)o->stride);
    if (p->in.H < o->stride || p->in.W < o->stride)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "gabor wants images of at least %lld x %lld, got %d x %d",
                        (long long)o->stride, (long long)o->stride, p->in.H, p->in.W);
    p->out = (mye_maps){(int)o->scales * filters(o) * 2, p->in.H / (int)o->stride,
                        p->in.W / (int)o->stride};
    p->fixed = 0;
    for (int s = 0; s < o->scales; s++)
        p->fixed += (int64_t)filters(o) * side(o, s) * side(o, s);
    p->work = (int64_t)(p->in.H + largest - 1) * padded_width(p, largest) +
              (2 * filters(o) + 1) * area + (int64_t)p->out.H * p->out.W;
    return MYE_OK;
}

static void make_filter(int K, double angle, bool is_edge, float *g)
{
    const double pi = 3.14159265358979323846, sigma = 2.0 * K / 9, lambda = 2.0 * K / 3;
    double mean = 0, sum = 0;
    for (int i = 0; i < K * K; i++) {
        const double x = i % K - K / 2, y = i / K - K / 2;
        const double u = x * cos(angle) + y * sin(angle), v = y * cos(angle) - x * sin(angle);
        const double wave = 2 * pi * u / lambda;
        const double e = exp(-(u * u + 0.49 * v * v) / (2 * sigma * sigma));
        g[i] = (float)(e * (is_edge ? sin(wave) : cos(wave)));
        mean += (double)g[i] / (K * K);
    }
    for (int i = 0; i < K * K; i++)
        sum += fabs((double)g[i] - mean);
    for (int i = 0; i < K * K; i++)
        g[i] = (float)(2 * ((double)g[i] - mean) / sum);
}

static void prepare(const void *opt, const mye_feature_plan *p, float *fixed)
{
    const options *o = opt;
    MYE_UNUSED(p);
    for (int s = 0; s < o->scales; s++)
        for (int is_edge = 0; is_edge < 2; is_edge++)
            for (int k = 0; k < o->orientations; k++) {
                const int K = side(o, s);
                if (!((o->lobes + 1) & (is_edge ? LOBES_EDGE : LOBES_BAR)))
                    continue;
                make_filter(K, 3.14159265358979323846 * k / (double)o->orientations, is_edge,
                            fixed);
                fixed += K * K;
            }
}

/* Grey image with margins of zeros. */
static void pad(const mye_feature_plan *p, int K, const float *image, float *padded)
{
    const int C = p->in.C, width = padded_width(p, K);
    memset(padded, 0, sizeof(*padded) * (size_t)width * (size_t)(p->in.H + K - 1));
    for (int y = 0; y < p->in.H; y++)
        for (int x = 0; x < p->in.W; x++) {
            const float *pixel = image + ((int64_t)y * p->in.W + x) * C;
            float sum = 0;
            for (int c = 0; c < C; c++)
                sum += pixel[c];
            padded[(int64_t)(y + K / 2) * width + x + K / 2] = sum / (float)C;
        }
}

/* One filter over the whole image: maps on [H][W] and off [H][W]. */
static void respond(const mye_feature_plan *p, int K, const float *padded, const float *restrict g,
                    float *restrict on, float *restrict off)
{
    const int W = p->in.W, width = padded_width(p, K);
    for (int y = 0; y < p->in.H; y++)
        for (int x0 = 0; x0 < W; x0 += BLOCK) {
            float sum[BLOCK] = {0};
            for (int j = 0; j < K; j++) {
                const float *from = padded + (int64_t)(y + j) * width + x0;
                for (int i = 0; i < K; i++)
                    for (int k = 0; k < BLOCK; k++)
                        sum[k] += g[j * K + i] * from[i + k];
            }
            for (int k = 0; k < BLOCK && x0 + k < W; k++) {
                on[(int64_t)y * W + x0 + k] = sum[k] > 0 ? sum[k] : 0;
                off[(int64_t)y * W + x0 + k] = sum[k] < 0 ? -sum[k] : 0;
            }
        }
}

static void compete(int maps, int64_t area, float rho, float *restrict a, float *restrict most)
{
    const float scale = 1 / (1 - rho);
    memset(most, 0, sizeof(*most) * (size_t)area);
    for (int m = 0; m < maps; m++)
        for (int64_t i = 0; i < area; i++)
            most[i] = a[m * area + i] > most[i] ? a[m * area + i] : most[i];
    for (int m = 0; m < maps; m++)
        for (int64_t i = 0; i < area; i++) {
            const float left = a[m * area + i] - rho * most[i];
            a[m * area + i] = left > 0 ? left * scale : 0;
        }
}

/* One map to its cells. The window is centred on the cell; outside the image all is 0. */
static void pool(const options *o, const mye_feature_plan *p, const float *a, float *out)
{
    const int size = (int)o->pool, stride = (int)o->stride, H = p->in.H, W = p->in.W;
    const int before = (size - stride) / 2;
    for (int i = 0; i < p->out.H * p->out.W; i++) {
        const int y = i / p->out.W * stride - before, x = i % p->out.W * stride - before;
        const int y1 = y + size < H ? y + size : H, x1 = x + size < W ? x + size : W;
        float sum = 0, most = 0;
        for (int yy = y > 0 ? y : 0; yy < y1; yy++)
            for (int xx = x > 0 ? x : 0; xx < x1; xx++) {
                const float value = a[(int64_t)yy * W + xx];
                sum += value;
                most = value > most ? value : most;
            }
        out[i] = o->pooling == POOL_MEAN ? sum / (float)(size * size) : most;
    }
}

/* Divides by the strength of all maps around the cell. energy: [H][W] of scratch. */
static void normalise(const options *o, const mye_maps *cells, int maps, float *energy, float *x)
{
    const int H = cells->H, W = cells->W, area = H * W;
    memset(energy, 0, sizeof(*energy) * (size_t)area);
    for (int m = 0; m < maps; m++)
        for (int i = 0; i < area; i++)
            energy[i] += x[m * area + i] * x[m * area + i];
    for (int i = 0; i < area; i++) {
        const int y0 = i / W, x0 = i % W;
        float sum = 0;
        int n = 0;
        for (int yy = y0 > 0 ? y0 - 1 : 0; yy <= y0 + 1 && yy < H; yy++)
            for (int xx = x0 > 0 ? x0 - 1 : 0; xx <= x0 + 1 && xx < W; xx++, n++)
                sum += energy[yy * W + xx];
        const float scale = (float)o->gain / ((float)o->contrast + sqrtf(sum / (float)n));
        for (int m = 0; m < maps; m++) {
            const float value = scale * x[m * area + i];
            x[m * area + i] = value < 1 ? value : 1;
        }
    }
}

static void extract(const void *opt, const mye_feature_plan *p, const float *fixed,
                    const float *image, float *work, float *out)
{
    const options *o = opt;
    const int maps = 2 * filters(o), cells = p->out.H * p->out.W;
    const int64_t area = (int64_t)p->in.H * p->in.W;
    float *a = work, *most = a + maps * area, *energy = most + area, *padded = energy + cells;
    for (int s = 0; s < o->scales; s++) {
        const int K = side(o, s);
        pad(p, K, image, padded);
        for (int k = 0; k < maps / 2; k++, fixed += K * K)
            respond(p, K, padded, fixed, a + 2 * k * area, a + (2 * k + 1) * area);
        compete(maps, area, (float)o->rivalry, a, most);
        for (int m = 0; m < maps; m++)
            pool(o, p, a + m * area, out + (int64_t)m * cells);
        normalise(o, &p->out, maps, energy, out);
        out += (int64_t)maps * cells;
    }
}

const mye_feature_type mye_feature_gabor = {
    .entry = {"gabor", "oriented filters, pooled and normalised: simple and complex cells",
              "Serre et al. 2007, IEEE TPAMI 29:411-426", params, sizeof(options)},
    .plan = plan,
    .prepare = prepare,
    .extract = extract,
};
