/* Distances of spike trains, in closed form: sums over pairs of spikes. */
#include "synapse/train_distance.h"

#include <math.h>

static double laplace(double d, double tau)
{
    return exp(-fabs(d) / tau);
}

static double gauss(double d, double sigma)
{
    return exp(-d * d / (4 * sigma * sigma));
}

static double pairs(const double *a, int n, const double *b, int m, double width,
                    double (*kernel)(double d, double width))
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            sum += kernel(a[i] - b[j], width);
    return sum;
}

double mye_van_rossum(const double *a, int n, const double *b, int m, double tau_ms)
{
    const double own = pairs(a, n, a, n, tau_ms, laplace) + pairs(b, m, b, m, tau_ms, laplace);
    return 0.5 * own - pairs(a, n, b, m, tau_ms, laplace);
}

double mye_train_correlation(const double *a, int n, const double *b, int m, double sigma_ms)
{
    if (n == 0 || m == 0)
        return 0;
    return pairs(a, n, b, m, sigma_ms, gauss) /
           sqrt(pairs(a, n, a, n, sigma_ms, gauss) * pairs(b, m, b, m, sigma_ms, gauss));
}
