/* Random numbers one after the other. */
#include "synapse/draws.h"

#include <math.h>

mye_draws mye_draws_begin(uint64_t seed, uint64_t tag)
{
    return (mye_draws){mye_random_derive(seed, tag), MYE_STREAM_METHOD, 0};
}

double mye_draws_uniform(mye_draws *d)
{
    return (double)(mye_random_u64(d->seed, d->stream, d->next++) >> 11) * 0x1p-53;
}

double mye_draws_normal(mye_draws *d)
{
    return (double)mye_random_normal(d->seed, d->stream, d->next++);
}

double mye_draws_exponential(mye_draws *d)
{
    return -log1p(-mye_draws_uniform(d));
}

int64_t mye_draws_below(mye_draws *d, int64_t n)
{
    return (int64_t)mye_random_below(d->seed, d->stream, d->next++, (uint64_t)n);
}

/* As many intervals of mean 1 as fit: exact, and fast for the small means that patterns have. */
int64_t mye_draws_poisson(mye_draws *d, double mean)
{
    int64_t n = 0;
    for (double at = mye_draws_exponential(d); at <= mean; at += mye_draws_exponential(d))
        n++;
    return n;
}

float mye_draws_coefficient(mye_draws *d, int kind)
{
    if (kind == MYE_DRAW_ONES)
        return 1;
    return (float)(kind == MYE_DRAW_UNIFORM ? 2 * mye_draws_uniform(d) : mye_draws_normal(d));
}
