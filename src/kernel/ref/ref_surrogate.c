/* Reference surrogate derivatives in double precision (training rules, section 2.4). */
#include <math.h>

#include "kernel/ref/ref.h"

#define PI 3.14159265358979323846

/* x = u - theta in float, as every table rounds it; A and B are the parameters. */
#define SURROGATE(name, expression)                                                         \
    void mye_ref_surrogate_##name(int64_t n, const float *u, float theta, float a, float b, \
                                  float *h)                                                 \
    {                                                                                       \
        const double A = (double)a, B = (double)b;                                          \
        MYE_UNUSED(A);                                                                      \
        MYE_UNUSED(B);                                                                      \
        for (int64_t i = 0; i < n; i++) {                                                   \
            const float difference = u[i] - theta;                                          \
            const double x = (double)difference;                                            \
            h[i] = (float)(expression);                                                     \
        }                                                                                   \
    }

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

SURROGATE(atan, A / 2.0 / (1.0 + pow(PI * A * x / 2.0, 2.0)))
SURROGATE(erf, A / sqrt(PI) * exp(-(A * x) * (A * x)))
SURROGATE(fast_sigmoid, pow(1.0 + A * fabs(x), -2.0))
SURROGATE(leaky_k_relu, x >= 0.0 ? A : B)
SURROGATE(piecewise_exponential, A / 2.0 * exp(-A * fabs(x)))
SURROGATE(piecewise_leaky_relu, fabs(x) < A ? 1.0 / A : B)
SURROGATE(rectangle, fabs(x) <= A / 2.0 ? 1.0 / A : 0.0)
SURROGATE(sigmoid, A *sigmoid(A *x) * sigmoid(-A * x))
SURROGATE(soft_sign, 1.0 / (2.0 * A * pow(1.0 / A + fabs(x), 2.0)))
SURROGATE(straight_through, isnan(x) ? x : 1.0)
SURROGATE(triangle, fabs(x) <= 1.0 / A ? A - A * A * fabs(x) : 0.0)
