/* Batch norm's inner parts: groups of steps that are normalised together, and their sums. */
#ifndef MYE_BATCHNORM_PARTS_H
#define MYE_BATCHNORM_PARTS_H

#include "node/batchnorm.h"
#include "node/elementwise.h"

enum { MYE_NORM_ALL_STEPS, MYE_NORM_PER_STEP };
enum { MYE_NORM_TEST_RUNNING, MYE_NORM_TEST_BATCH };

typedef struct mye_norm_options {
    double eps, momentum, gamma;
    int statistics, test;
    bool affine;
} mye_norm_options;

/* Is each step normalised on its own? In single-step mode no other way exists. */
static inline bool mye_norm_per_step(const mye_node *n, const mye_pass *p)
{
    const mye_norm_options *o = n->options;
    return o->statistics == MYE_NORM_PER_STEP || p->per_step;
}

/* A group of steps that are normalised together, and what its shards write. */
typedef struct mye_norm_group {
    const mye_node *n;
    const mye_pass *p;
    int t0, t1;
    const float *center;    /* [C]                                        */
    double *sum;            /* [MYE_CHUNK_SHARDS][n_sums][C]              */
    int n_sums;             /* 2: d, d^2     3: g, g d, d    (d = x - center) */
    const float *a, *b, *d; /* second backward pass: dx = a g + b x + d */
} mye_norm_group;

/* The chunk's channels: rows of `width`, beginning with channel c0. */
typedef struct mye_norm_part {
    int64_t rows, width, c0;
} mye_norm_part;

mye_norm_part mye_norm_channels(const mye_node *n, mye_at at);
/* The sums over the group's chunks, in double, in shard 0's place. */
void mye_norm_sum(mye_norm_group *s);

/* scale and shift of one row out of its mean and rstd. */
void mye_norm_scale(const mye_node *n, const mye_batchnorm_state *s, int64_t row);

/* Offset of step t's row. */
static inline int64_t mye_norm_row(const mye_batchnorm_state *s, int C, int t)
{
    return s->rows == 1 ? 0 : (int64_t)t * C;
}

#endif
