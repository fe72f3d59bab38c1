/* Sums of products and Cholesky factors by blocks of BLOCK x BLOCK. */
#include "depth/gram.h"

#include <float.h>

enum { BLOCK = 512 };

typedef struct work {
    const mye_gram *g;
    const double *x, *z; /* rows `ld` apart */
    double *out;
    int n, ld, K;
    int first; /* first block of a triangle of blocks, or behind a panel */
} work;

static int n_blocks(int D)
{
    return (D + BLOCK - 1) / BLOCK;
}

static int block_size(const mye_gram *g, int block)
{
    const int left = g->D - block * BLOCK;
    return left < BLOCK ? left : BLOCK;
}

static double *block_at(const mye_gram *g, int i, int j)
{
    return g->a + (size_t)i * BLOCK * (size_t)g->D + (size_t)j * BLOCK;
}

/* Number `shard` of the pairs i >= j: (0,0), (1,0), (1,1), (2,0) ... */
static void pair_of(int shard, int *i, int *j)
{
    *i = 0;
    while (shard > *i)
        shard -= ++*i;
    *j = shard;
}

static int n_pairs(int blocks)
{
    return blocks * (blocks + 1) / 2;
}

/* Runs a task with OpenBLAS's own threads held at one: ours do the work. */
static void run(const mye_gram *g, int n_shards, mye_task task, work *w)
{
    const int before = g->blas->bound_threads(1);
    mye_parallel(g->ctx, n_shards, task, w);
    g->blas->bound_threads(before);
}

/* ---- sums ---- */

static void add_block(void *arg, int shard, int lane)
{
    const work *w = arg;
    const mye_gram *g = w->g;
    int i, j;
    MYE_UNUSED(lane);
    pair_of(shard, &i, &j);
    const double *x = w->x + (size_t)i * BLOCK, *y = w->x + (size_t)j * BLOCK;
    if (i == j)
        g->blas->add_square(false, block_size(g, i), w->n, 1.0, x, w->ld, block_at(g, i, i), g->D);
    else
        g->blas->add_product(block_size(g, i), block_size(g, j), w->n, 1.0, x, y, w->ld,
                             block_at(g, i, j), g->D);
}

void mye_gram_add(const mye_gram *g, const double *x, int n, int ld)
{
    work w = {.g = g, .x = x, .n = n, .ld = ld};
    run(g, n_pairs(n_blocks(g->D)), add_block, &w);
}

static void add_target_block(void *arg, int shard, int lane)
{
    const work *w = arg;
    const mye_gram *g = w->g;
    MYE_UNUSED(lane);
    const size_t at = (size_t)shard * BLOCK;
    g->blas->add_product(block_size(g, shard), w->K, w->n, 1.0, w->x + at, w->z, w->ld,
                         w->out + at * (size_t)w->K, w->K);
}

void mye_gram_add_targets(const mye_gram *g, const double *x, const double *z, int n, int ld, int K,
                          double *out)
{
    work w = {.g = g, .x = x, .z = z, .n = n, .ld = ld, .K = K, .out = out};
    run(g, n_blocks(g->D), add_target_block, &w);
}

/* ---- the diagonal, which both triangles share ---- */

static double *diagonal(const mye_gram *g, int i)
{
    return g->a + (size_t)i * (size_t)g->D + (size_t)i;
}

void mye_gram_keep_diagonal(const mye_gram *g)
{
    for (int i = 0; i < g->D; i++)
        g->diag[i] = *diagonal(g, i);
}

void mye_gram_restore_diagonal(const mye_gram *g)
{
    for (int i = 0; i < g->D; i++)
        *diagonal(g, i) = g->diag[i];
}

/* ---- the factor ---- */

/* Transposes by small tiles, whose rows stay in cache on both sides. */
static void copy_block(void *arg, int shard, int lane)
{
    enum { TILE = 32 };
    const work *w = arg;
    const mye_gram *g = w->g;
    const size_t ld = (size_t)g->D;
    int bi, bj;
    MYE_UNUSED(lane);
    pair_of(shard, &bi, &bj);
    const double *from = block_at(g, bi, bj);
    double *to = block_at(g, bj, bi);
    const int rows = block_size(g, bi), columns = block_size(g, bj);
    for (int i0 = 0; i0 < rows; i0 += TILE)
        for (int j0 = 0; j0 < columns; j0 += TILE)
            for (int i = i0; i < i0 + TILE && i < rows; i++) {
                const int end = bi == bj && i < j0 + TILE ? i : j0 + TILE; /* below the diagonal */
                for (int j = j0; j < end && j < columns; j++)
                    to[(size_t)j * ld + (size_t)i] = from[(size_t)i * ld + (size_t)j];
            }
}

/* U_ki = U_kk^-T A_ki */
static void divide_block(void *arg, int shard, int lane)
{
    const work *w = arg;
    const mye_gram *g = w->g;
    const int k = w->first - 1, i = w->first + shard;
    MYE_UNUSED(lane);
    g->blas->divide(true, BLOCK, block_size(g, i), block_at(g, k, k), g->D, block_at(g, k, i),
                    g->D);
}

/* A_ij -= U_ki' U_kj */
static void subtract_block(void *arg, int shard, int lane)
{
    const work *w = arg;
    const mye_gram *g = w->g;
    const int k = w->first - 1;
    int i, j;
    MYE_UNUSED(lane);
    pair_of(shard, &j, &i);
    i += w->first;
    j += w->first;
    if (i == j)
        g->blas->add_square(true, block_size(g, i), BLOCK, -1.0, block_at(g, k, i), g->D,
                            block_at(g, i, i), g->D);
    else
        g->blas->add_product(block_size(g, i), block_size(g, j), BLOCK, -1.0, block_at(g, k, i),
                             block_at(g, k, j), g->D, block_at(g, i, j), g->D);
}

/* Right-looking: a block of the diagonal, the row of blocks beside it, then all that is below. */
static bool factor_blocks(const mye_gram *g)
{
    const int blocks = n_blocks(g->D);
    const int before = g->blas->bound_threads(1);
    bool ok = true;
    for (int k = 0; k < blocks; k++) {
        work w = {.g = g, .first = k + 1};
        ok = g->blas->factor(block_size(g, k), block_at(g, k, k), g->D);
        if (!ok)
            break;
        mye_parallel(g->ctx, blocks - k - 1, divide_block, &w);
        mye_parallel(g->ctx, n_pairs(blocks - k - 1), subtract_block, &w);
    }
    g->blas->bound_threads(before);
    return ok;
}

bool mye_gram_factor(const mye_gram *g, double shift)
{
    work w = {.g = g};
    mye_parallel(g->ctx, n_pairs(n_blocks(g->D)), copy_block, &w);
    for (int i = 0; i < g->D; i++)
        *diagonal(g, i) = g->diag[i] + shift;
    if (!factor_blocks(g))
        return false;
    /* A pivot that rounding alone can leave over stands for a zero: dividing by it would give
     * large weights without meaning. */
    for (int i = 0; i < g->D; i++) {
        const double u = *diagonal(g, i);
        if (!(u * u > g->D * DBL_EPSILON * (g->diag[i] + shift)))
            return false;
    }
    return true;
}

void mye_gram_divide(const mye_gram *g, double *b, int K)
{
    const int before = g->blas->bound_threads(1);
    g->blas->divide(true, g->D, K, g->a, g->D, b, K);
    g->blas->divide(false, g->D, K, g->a, g->D, b, K);
    g->blas->bound_threads(before);
}
