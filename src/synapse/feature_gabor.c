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

enum { LOBES_BAR, LOBES_EDGE, LOBES_BOTH };
enum { POOL_MEAN, POOL_MAX };
#define PI          3.14159265358979323846
#define FILTERS_MAX 64 /* of one scale */

typedef struct options {
    int64_t orientations, size, scales, pool, stride;
    double rivalry, contrast, gain;
    int lobes, pooling;
} options;

static const mye_param params[] = {
    {"contrast", MYE_PARAM_FLOAT, offsetof(options, contrast), 0, "0.01", 1e-6, 1e6, NULL, NULL, "",
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
    return (int)o->orientations * (o->lobes == LOBES_BOTH ? 2 : 1);
}

static mye_status plan(const void *opt, mye_feature_plan *p, mye_error *err)
{
    const options *o = opt;
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
    p->work = (int64_t)(p->in.H + largest - 1) * (p->in.W + largest - 1) * filters(o) +
              (int64_t)p->out.H * p->out.W;
    return MYE_OK;
}

/* g: the filter's K x K values, `step` floats apart, turned by half a turn (see spread). */
static void make_filter(int K, double angle, bool is_edge, int step, float *g)
{
    const double sigma = 2.0 * K / 9, lambda = 2.0 * K / 3;
    double mean = 0, sum = 0;
    for (int i = 0; i < K * K; i++) {
        const double x = K / 2 - i % K, y = K / 2 - i / K;
        const double u = x * cos(angle) + y * sin(angle), v = y * cos(angle) - x * sin(angle);
        const double wave = 2 * PI * u / lambda;
        const double e = exp(-(u * u + 0.49 * v * v) / (2 * sigma * sigma));
        g[i * step] = (float)(e * (is_edge ? sin(wave) : cos(wave)));
        mean += (double)g[i * step] / (K * K);
    }
    for (int i = 0; i < K * K; i++)
        sum += fabs((double)g[i * step] - mean);
    for (int i = 0; i < K * K; i++)
        g[i * step] = (float)(2 * ((double)g[i * step] - mean) / sum);
}

/* fixed: for each scale [K][K][F]. */
static void prepare(const void *opt, const mye_feature_plan *p, float *fixed)
{
    const options *o = opt;
    const int O = (int)o->orientations, F = filters(o);
    MYE_UNUSED(p);
    for (int s = 0; s < o->scales; s++) {
        const int K = side(o, s);
        for (int f = 0; f < F; f++)
            make_filter(K, PI * (f % O) / O, o->lobes == LOBES_EDGE || f >= O, F, fixed + f);
        fixed += K * K * F;
    }
}

/*
 * All filters over the whole image: r [H + K - 1][W + K - 1][F], of which (y + K / 2, x + K / 2) belongs
 * to pixel (y, x). Each pixel that is not black adds its share to the K x K places around it, so
 * that black ones cost nothing.
 */
static void spread(const mye_feature_plan *p, int K, int F, const float *image,
                   const float *restrict g, float *restrict r)
{
    const int C = p->in.C, row = (p->in.W + K - 1) * F;
    memset(r, 0, sizeof(*r) * (size_t)row * (size_t)(p->in.H + K - 1));
    for (int y = 0; y < p->in.H; y++)
        for (int x = 0; x < p->in.W; x++) {
            const float *pixel = image + ((int64_t)y * p->in.W + x) * C;
            float grey = 0;
            for (int c = 0; c < C; c++)
                grey += pixel[c] / (float)C;
            for (int j = 0; j < K && grey != 0; j++) {
                float *to = r + (int64_t)(y + j) * row + (int64_t)x * F;
                for (int i = 0; i < K * F; i++)
                    to[i] += grey * g[j * K * F + i];
            }
        }
}

/* The share of each answer of one pixel that its rivals leave: r [F], in place, signs kept. */
static void compete(int F, float rho, float *restrict r)
{
    float most = 0;
    for (int f = 0; f < F; f++)
        most = fabsf(r[f]) > most ? fabsf(r[f]) : most;
    if (most == 0)
        return;
    const float floor = rho * most, scale = 1 / (1 - rho);
    for (int f = 0; f < F; f++) {
        const float on = r[f] - floor, off = -r[f] - floor;
        r[f] = scale * ((on > 0 ? on : 0) - (off > 0 ? off : 0));
    }
}

static void gather(int F, bool is_mean, const float *restrict r, float *restrict on,
                   float *restrict off)
{
    for (int f = 0; f < F; f++) {
        const float a = r[f] > 0 ? r[f] : 0, b = r[f] < 0 ? -r[f] : 0;
        on[f] = is_mean ? on[f] + a : on[f] > a ? on[f] : a;
        off[f] = is_mean ? off[f] + b : off[f] > b ? off[f] : b;
    }
}

/* Cell i of all maps. The window is centred on the cell; outside the image all is 0. */
static void pool(const options *o, const mye_feature_plan *p, int K, const float *r, int i,
                 float *out)
{
    const int F = filters(o), size = (int)o->pool, stride = (int)o->stride, margin = K / 2;
    const int y = i / p->out.W * stride - (size - stride) / 2;
    const int x = i % p->out.W * stride - (size - stride) / 2;
    const int y1 = y + size < p->in.H ? y + size : p->in.H;
    const int x1 = x + size < p->in.W ? x + size : p->in.W;
    const int64_t row = (int64_t)(p->in.W + K - 1) * F, cells = (int64_t)p->out.H * p->out.W;
    const bool is_mean = o->pooling == POOL_MEAN;
    float on[FILTERS_MAX] = {0}, off[FILTERS_MAX] = {0};
    for (int yy = y > 0 ? y : 0; yy < y1; yy++)
        for (int xx = x > 0 ? x : 0; xx < x1; xx++)
            gather(F, is_mean, r + (yy + margin) * row + (int64_t)(xx + margin) * F, on, off);
    for (int f = 0; f < F; f++) {
        out[2 * f * cells + i] = is_mean ? on[f] / (float)(size * size) : on[f];
        out[(2 * f + 1) * cells + i] = is_mean ? off[f] / (float)(size * size) : off[f];
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
    const int F = filters(o), cells = p->out.H * p->out.W;
    float *energy = work, *r = work + cells;
    for (int s = 0; s < o->scales; s++) {
        const int K = side(o, s);
        const int64_t places = (int64_t)(p->in.H + K - 1) * (p->in.W + K - 1);
        spread(p, K, F, image, fixed, r);
        for (int64_t i = 0; i < places; i++)
            compete(F, (float)o->rivalry, r + i * F);
        for (int i = 0; i < cells; i++)
            pool(o, p, K, r, i, out);
        normalise(o, &p->out, 2 * F, energy, out);
        fixed += K * K * F;
        out += (int64_t)2 * F * cells;
    }
}

const mye_feature_type mye_feature_gabor = {
    .entry = {"gabor", "oriented filters, pooled and normalised: simple and complex cells",
              "Serre et al. 2007, IEEE TPAMI 29:411-426", params, sizeof(options)},
    .plan = plan,
    .prepare = prepare,
    .extract = extract,
};
