/*
 * Random numbers one after the other: a cursor over one stream of (seed, index). What is drawn
 * depends on how many were drawn before from the same cursor, and on nothing else.
 */
#ifndef MYE_DRAWS_H
#define MYE_DRAWS_H

#include "base/base.h"

typedef struct mye_draws {
    uint64_t seed, stream, next;
} mye_draws;

/* A cursor at its beginning, for one use (a tag) of one seed. */
mye_draws mye_draws_begin(uint64_t seed, uint64_t tag);
double mye_draws_uniform(mye_draws *draws); /* [0, 1), 53 bits */
double mye_draws_normal(mye_draws *draws);
double mye_draws_exponential(mye_draws *draws); /* mean 1 */
int64_t mye_draws_below(mye_draws *draws, int64_t n);
/* Poisson number; mean from 0 to 1e6. */
int64_t mye_draws_poisson(mye_draws *draws, double mean);

/* How a random source draws coefficients: ones, U(0, 2) (mean 1), or N(0, 1). */
enum { MYE_DRAW_ONES, MYE_DRAW_UNIFORM, MYE_DRAW_NORMAL };
#define MYE_DRAW_CHOICES "one|uniform|normal"
float mye_draws_coefficient(mye_draws *draws, int kind);

#endif
