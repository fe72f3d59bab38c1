/*
 * Surrogate derivatives: what stands in for the derivative of the spike, a function of x = u - theta.
 *
 * Each comes with its primitive, a continuous function whose derivative it is; the gradient check
 * replaces the spike by it. Where the derivative integrates to 1 the primitive goes from 0 to 1;
 * else the constant is chosen so that primitive(0) = 1/2 (leaky_k_relu: 0).
 *
 * These are the scalar truth in double; training uses mye_kernels.surrogate, tested against them.
 * Source of the formulas: spikingjelly.activation_based.surrogate and snntorch.surrogate.
 */
#include <math.h>
#include <string.h>

#include "neuron/neuron.h"

#define PI 3.14159265358979323846

/* All surrogates have two parameters at most; the tables below name them. */
typedef struct surrogate_options {
    double a, b;
} surrogate_options;

static void constants(const void *options, double *a, double *b)
{
    const surrogate_options *o = options;
    *a = o->a;
    *b = o->b;
}

static void no_constants(const void *options, double *a, double *b)
{
    MYE_UNUSED(options);
    *a = 0.0;
    *b = 0.0;
}

/* sigma' = (alpha / 2) / (1 + (pi alpha x / 2)^2) */
static double atan_derivative(double x, double a, double b)
{
    const double y = 0.5 * PI * a * x;
    MYE_UNUSED(b);
    return 0.5 * a / (1.0 + y * y);
}

static double atan_primitive(double x, double a, double b)
{
    MYE_UNUSED(b);
    return atan(0.5 * PI * a * x) / PI + 0.5;
}

/* sigma' = (alpha / sqrt(pi)) exp(-(alpha x)^2) */
static double erf_derivative(double x, double a, double b)
{
    MYE_UNUSED(b);
    return a / sqrt(PI) * exp(-a * a * x * x);
}

static double erf_primitive(double x, double a, double b)
{
    MYE_UNUSED(b);
    return 0.5 * (1.0 + erf(a * x));
}

/* sigma' = 1 / (1 + slope |x|)^2 */
static double fast_sigmoid_derivative(double x, double a, double b)
{
    const double y = 1.0 + a * fabs(x);
    MYE_UNUSED(b);
    return 1.0 / (y * y);
}

static double fast_sigmoid_primitive(double x, double a, double b)
{
    MYE_UNUSED(b);
    return x / (1.0 + a * fabs(x)) + 0.5;
}

/* sigma' = k for x >= 0, else leak */
static double leaky_k_relu_derivative(double x, double a, double b)
{
    return x >= 0.0 ? a : b;
}

static double leaky_k_relu_primitive(double x, double a, double b)
{
    return x >= 0.0 ? a * x : b * x;
}

/* sigma' = (alpha / 2) exp(-alpha |x|) */
static double piecewise_exponential_derivative(double x, double a, double b)
{
    MYE_UNUSED(b);
    return 0.5 * a * exp(-a * fabs(x));
}

static double piecewise_exponential_primitive(double x, double a, double b)
{
    const double tail = 0.5 * exp(-a * fabs(x));
    MYE_UNUSED(b);
    return x < 0.0 ? tail : 1.0 - tail;
}

/* sigma' = 1 / w for |x| < w, else c */
static double piecewise_leaky_relu_derivative(double x, double a, double b)
{
    return fabs(x) < a ? 1.0 / a : b;
}

static double piecewise_leaky_relu_primitive(double x, double a, double b)
{
    if (fabs(x) < a)
        return x / a + 0.5;
    return x < 0.0 ? -0.5 + b * (x + a) : 1.5 + b * (x - a);
}

/* sigma' = 1 / width for |x| <= width / 2, else 0 */
static double rectangle_derivative(double x, double a, double b)
{
    MYE_UNUSED(b);
    return fabs(x) <= 0.5 * a ? 1.0 / a : 0.0;
}

static double rectangle_primitive(double x, double a, double b)
{
    MYE_UNUSED(b);
    return fmin(fmax(x / a + 0.5, 0.0), 1.0);
}

/* sigma' = alpha p (1 - p), p = 1 / (1 + exp(-alpha x)) */
static double sigmoid_primitive(double x, double a, double b)
{
    MYE_UNUSED(b);
    return 1.0 / (1.0 + exp(-a * x));
}

static double sigmoid_derivative(double x, double a, double b)
{
    const double p = sigmoid_primitive(fabs(x), a, b), q = exp(-a * fabs(x)) * p;
    return a * p * q; /* q = 1 - p without its cancellation */
}

/* sigma' = 1 / (2 alpha (1 / alpha + |x|)^2) */
static double soft_sign_derivative(double x, double a, double b)
{
    const double y = 1.0 / a + fabs(x);
    MYE_UNUSED(b);
    return 1.0 / (2.0 * a * y * y);
}

static double soft_sign_primitive(double x, double a, double b)
{
    MYE_UNUSED(b);
    return 0.5 * (x / (1.0 / a + fabs(x)) + 1.0);
}

/* sigma' = 1 */
static double straight_through_derivative(double x, double a, double b)
{
    MYE_UNUSED(x);
    MYE_UNUSED(a);
    MYE_UNUSED(b);
    return 1.0;
}

static double straight_through_primitive(double x, double a, double b)
{
    MYE_UNUSED(a);
    MYE_UNUSED(b);
    return x + 0.5;
}

/* sigma' = alpha - alpha^2 |x| for |x| <= 1 / alpha, else 0 */
static double triangle_derivative(double x, double a, double b)
{
    MYE_UNUSED(b);
    return fmax(a - a * a * fabs(x), 0.0);
}

static double triangle_primitive(double x, double a, double b)
{
    const double y = fmin(fmax(a * x, -1.0), 1.0);
    MYE_UNUSED(b);
    return 0.5 + y - 0.5 * y * fabs(y);
}

#define ROW(field, key, value, lowest, text)                                                \
    {                                                                                       \
        .name = key, .type = MYE_PARAM_FLOAT, .offset = offsetof(surrogate_options, field), \
        .def = value, .min = lowest, .max = 1e6, .unit = "", .help = text                   \
    }
#define END          \
    {                \
        .name = NULL \
    }
#define STEEP(value) ROW(a, "alpha", value, 1e-6, "steepness")

static const mye_param atan_params[] = {STEEP("2"), END};
static const mye_param erf_params[] = {STEEP("2"), END};
static const mye_param fast_sigmoid_params[] = {ROW(a, "slope", "25", 1e-6, "steepness"), END};
static const mye_param leaky_k_relu_params[] = {
    ROW(a, "k", "1", -1e6, "derivative above the threshold"),
    ROW(b, "leak", "0", -1e6, "derivative below the threshold"), END};
static const mye_param piecewise_exponential_params[] = {STEEP("1"), END};
static const mye_param piecewise_leaky_relu_params[] = {
    ROW(a, "w", "1", 1e-6, "half width of the middle part, whose derivative is 1/w"),
    ROW(b, "c", "0.01", -1e6, "derivative outside"), END};
static const mye_param rectangle_params[] = {
    ROW(a, "width", "1", 1e-6, "width, whose derivative is 1/width"), END};
static const mye_param sigmoid_params[] = {STEEP("4"), END};
static const mye_param soft_sign_params[] = {STEEP("2"), END};
static const mye_param triangle_params[] = {STEEP("1"), END};

#define SURROGATE(symbol, text, origin)                       \
    static const mye_surrogate surrogate_##symbol = {         \
        .entry = {.name = #symbol,                            \
                  .brief = text,                              \
                  .source = origin,                           \
                  .params = symbol##_params,                  \
                  .options_size = sizeof(surrogate_options)}, \
        .id = MYE_SURROGATE_##symbol,                         \
        .derivative = symbol##_derivative,                    \
        .primitive = symbol##_primitive,                      \
        .constants = constants,                               \
    }

SURROGATE(atan, "(alpha/2) / (1 + (pi alpha x / 2)^2)", "Fang et al. 2021 (PLIF)");
SURROGATE(erf, "(alpha/sqrt(pi)) exp(-(alpha x)^2)", "Esser et al. 2015; Yin et al. 2020");
SURROGATE(fast_sigmoid, "1 / (1 + slope |x|)^2", "Zenke and Ganguli 2018 (SuperSpike)");
SURROGATE(leaky_k_relu, "k for x >= 0, else leak", "spikingjelly.surrogate.LeakyKReLU");
SURROGATE(piecewise_exponential, "(alpha/2) exp(-alpha |x|)", "Neftci et al. 2019");
SURROGATE(piecewise_leaky_relu, "1/w for |x| < w, else c", "Yin et al. 2017; Huh et al. 2018");
SURROGATE(rectangle, "1/width for |x| <= width/2, else 0", "Wu et al. 2018 (STBP)");
SURROGATE(sigmoid, "alpha p (1 - p), p = 1 / (1 + exp(-alpha x))", "Bengio et al. 2013");
SURROGATE(soft_sign, "1 / (2 alpha (1/alpha + |x|)^2)", "spikingjelly.surrogate.SoftSign");
SURROGATE(triangle, "alpha - alpha^2 |x| for |x| <= 1/alpha, else 0", "Esser et al. 2016");

static const mye_surrogate surrogate_straight_through = {
    .entry = {.name = "straight_through", .brief = "1 everywhere", .source = "Bengio et al. 2013"},
    .id = MYE_SURROGATE_straight_through,
    .derivative = straight_through_derivative,
    .primitive = straight_through_primitive,
    .constants = no_constants,
};

static const mye_entry *const surrogate_entries[] = {
#define X(name) &surrogate_##name.entry,
    MYE_SURROGATE_LIST(X)
#undef X
        NULL,
};

const mye_kind mye_kind_surrogate = {
    .name = "surrogate",
    .question = "What stands in for the derivative of a spike?",
    .entries = surrogate_entries,
};
