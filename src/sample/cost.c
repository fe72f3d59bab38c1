/* What samples cost: see cost.h. */
#include "sample/cost.h"

#include <math.h>

void mye_cost_add(mye_cost *c, const mye_sample_view *v)
{
    const double seconds = v->seconds / v->B;
    double spikes = 0;
    for (int b = 0; b < v->B; b++)
        spikes += (double)v->told.spikes[b] / v->B;
    c->n++;
    c->x += spikes;
    c->y += seconds;
    c->xx += spikes * spikes;
    c->xy += spikes * seconds;
}

double mye_cost_share(const mye_cost *c)
{
    if (c->n < 2 || c->y <= 0)
        return 0;
    const double mean_x = c->x / c->n, mean_y = c->y / c->n;
    const double variance = c->xx / c->n - mean_x * mean_x;
    const double slope = variance > 0 ? (c->xy / c->n - mean_x * mean_y) / variance : 0;
    return fmin(1, fmax(0, slope * mean_x / mean_y));
}
