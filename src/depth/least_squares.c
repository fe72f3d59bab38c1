/*
 * Ridge regression over a stream of samples. Memory is one square for F'F and its factor, F'Y, and
 * a tile of samples, which is empty while the system is solved and then holds the right-hand side.
 */
#include "depth/least_squares.h"

#include <math.h>
#include <string.h>

#include "depth/gram.h"

/* Samples of a tile: enough that their products hide reading and writing F'F once for each tile.
 * 1024 are a tenth faster and take four times the memory. */
enum { TILE = 256 };

/* Sizes of matrices: no sum of products of two of them leaves size_t, and OpenBLAS takes int. */
#define MOST_SIZE ((int64_t)1 << 28)

#define LEAST_RIDGE 1e-12 /* what is tried when a ridge of 0 fails: 1e4 roundings of float64 */
#define MOST_RIDGE  1.0

struct mye_least_squares {
    mye_gram gram;
    int K, row;      /* row: distance between two samples of the tile */
    int filled;      /* samples in the tile                           */
    int64_t samples; /* in all                                        */
    double *targets; /* F'Y [D][K]                                    */
    double *tile;    /* [TILE][row]: D features, then K targets       */
};

/* Places in the one block, in float64 values. */
typedef struct layout {
    size_t diag, targets, tile, total;
} layout;

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* False when a size is out of range. */
static bool lay_out(int64_t D, int64_t K, layout *l)
{
    if (D < 1 || K < 1 || D > MOST_SIZE || K > MOST_SIZE)
        return false;
    const size_t d = (size_t)D, k = (size_t)K;
    l->diag = d * d;
    l->targets = l->diag + d;
    l->tile = l->targets + d * k;
    l->total = l->tile + most(TILE * (d + k), d * k);
    return true;
}

size_t mye_least_squares_bytes(int64_t D, int64_t K)
{
    layout l;
    if (!lay_out(D, K, &l))
        return 0;
    return sizeof(mye_least_squares) + l.total * sizeof(double);
}

static void place(mye_least_squares *ls, const layout *l, double *block)
{
    ls->gram.a = block;
    ls->gram.diag = block + l->diag;
    ls->targets = block + l->targets;
    ls->tile = block + l->tile;
}

mye_status mye_least_squares_create(mye_context *ctx, int64_t D, int64_t K, mye_least_squares **out,
                                    mye_error *err)
{
    const mye_blas *blas;
    layout l;
    *out = NULL;
    MYE_TRY(mye_blas_find(&blas, err));
    if (!lay_out(D, K, &l))
        return mye_fail(err, MYE_ERR_SHAPE,
                        "least squares wants 1 to %lld features and targets, got %lld features "
                        "and %lld targets",
                        (long long)MOST_SIZE, (long long)D, (long long)K);
    mye_least_squares *ls = mye_alloc(ctx, sizeof *ls);
    double *block = ls ? mye_alloc_big_zero(ctx, l.total * sizeof *block) : NULL;
    if (block == NULL) {
        mye_free(ctx, ls);
        return mye_no_memory(err, mye_least_squares_bytes(D, K), "least squares");
    }
    ls->gram = (mye_gram){.ctx = ctx, .blas = blas, .D = (int)D, .a = block};
    ls->K = (int)K;
    ls->row = (int)(D + K);
    place(ls, &l, block);
    *out = ls;
    return MYE_OK;
}

void mye_least_squares_free(mye_least_squares *ls)
{
    if (ls == NULL)
        return;
    mye_context *ctx = ls->gram.ctx;
    mye_free(ctx, ls->gram.a); /* the whole block */
    mye_free(ctx, ls);
}

void mye_least_squares_clear(mye_least_squares *ls)
{
    layout l;
    if (lay_out(ls->gram.D, ls->K, &l)) /* it was when it was made */
        memset(ls->gram.a, 0, l.total * sizeof *ls->gram.a);
    ls->filled = 0;
    ls->samples = 0;
}

/* ---- adding ---- */

static void flush(mye_least_squares *ls)
{
    if (ls->filled == 0)
        return;
    const mye_gram *g = &ls->gram;
    mye_gram_add(g, ls->tile, ls->filled, ls->row);
    mye_gram_add_targets(g, ls->tile, ls->tile + g->D, ls->filled, ls->row, ls->K, ls->targets);
    ls->filled = 0;
}

/* The row of the next sample with its features; the caller writes the K targets behind them. */
static double *next_row(mye_least_squares *ls, const float *features)
{
    if (ls->filled == TILE)
        flush(ls);
    double *row = ls->tile + (size_t)ls->filled * (size_t)ls->row;
    for (int d = 0; d < ls->gram.D; d++)
        row[d] = (double)features[d];
    ls->filled++;
    ls->samples++;
    return row + ls->gram.D;
}

void mye_least_squares_add(mye_least_squares *ls, const float *features, const float *targets,
                           int64_t n)
{
    const int64_t D = ls->gram.D, K = ls->K;
    for (int64_t i = 0; i < n; i++) {
        double *y = next_row(ls, features + i * D);
        for (int64_t k = 0; k < K; k++)
            y[k] = (double)targets[i * K + k];
    }
}

mye_status mye_least_squares_add_labels(mye_least_squares *ls, const float *features,
                                        const int32_t *label, int64_t n, mye_error *err)
{
    for (int64_t i = 0; i < n; i++)
        if (label[i] < 0 || label[i] >= ls->K)
            return mye_fail(err, MYE_ERR_ARG,
                            "sample %lld wants a label in [0, %d) for least squares, got %d",
                            (long long)i, ls->K, (int)label[i]);
    for (int64_t i = 0; i < n; i++) {
        double *y = next_row(ls, features + i * ls->gram.D);
        memset(y, 0, (size_t)ls->K * sizeof *y);
        y[label[i]] = 1.0;
    }
    return MYE_OK;
}

/* ---- solving ---- */

static mye_status mean_diagonal(const mye_least_squares *ls, double *mean, mye_error *err)
{
    double sum = 0.0;
    for (int d = 0; d < ls->gram.D; d++)
        sum += ls->gram.diag[d];
    *mean = sum / ls->gram.D;
    if (!isfinite(*mean))
        return mye_fail(err, MYE_ERR_NUMERIC,
                        "least squares wants finite features, but their mean square over %lld "
                        "samples is %g",
                        (long long)ls->samples, *mean);
    if (*mean > 0.0)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_NUMERIC,
                    "least squares wants features that are not all 0; those of %lld samples are",
                    (long long)ls->samples);
}

/* The first of ridge, 10 ridge, 100 ridge ... with which the matrix can be factored. */
static mye_status factor(const mye_least_squares *ls, double mean, double *ridge, mye_error *err)
{
    const double wanted = *ridge;
    while (!mye_gram_factor(&ls->gram, *ridge * mean)) {
        if (*ridge >= MOST_RIDGE)
            return mye_fail(err, MYE_ERR_NUMERIC,
                            "least squares over %d features could not be solved with ridges from "
                            "%g to %g",
                            ls->gram.D, wanted, *ridge);
        *ridge = fmax(10.0 * *ridge, LEAST_RIDGE);
    }
    return MYE_OK;
}

static void write_weights(const mye_least_squares *ls, float *W)
{
    const size_t n = (size_t)ls->gram.D * (size_t)ls->K;
    memcpy(ls->tile, ls->targets, n * sizeof *ls->tile);
    mye_gram_divide(&ls->gram, ls->tile, ls->K);
    for (size_t i = 0; i < n; i++)
        W[i] = (float)ls->tile[i];
}

mye_status mye_least_squares_solve(mye_least_squares *ls, double ridge, float *W, double *used,
                                   mye_error *err)
{
    double mean = 0.0;
    if (!(ridge >= 0.0) || isinf(ridge))
        return mye_fail(err, MYE_ERR_ARG, "ridge wants a finite number from 0, got %g", ridge);
    if (ls->samples == 0)
        return mye_fail(err, MYE_ERR_STATE, "least squares wants samples before it is solved");
    flush(ls);
    mye_gram_keep_diagonal(&ls->gram);
    MYE_TRY(mean_diagonal(ls, &mean, err));
    const mye_status status = factor(ls, mean, &ridge, err);
    if (status == MYE_OK)
        write_weights(ls, W);
    mye_gram_restore_diagonal(&ls->gram);
    if (status == MYE_OK && used != NULL)
        *used = ridge;
    return status;
}
