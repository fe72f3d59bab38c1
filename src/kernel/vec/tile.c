/*
 * The register tile: TILE_ROWS x TILE_COLS sums kept in registers while k runs. Every row count
 * has its own copy with constant bounds, so that a problem is cut into tiles of nearly equal height
 * and no row is computed twice or in vain.
 */
#include "kernel/vec/vec.h"

/* Adds segs * n products to acc. Row pointers are copied so that they live in registers. */
MYE_INLINE void tile_sum(const int R, const int V, const mye_tile *t, vec acc[][2])
{
    const float *a[TILE_ROWS], *b = t->b;
    const int64_t n = t->n;
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        a[r] = t->a[r];
    for (int s = 0; s < t->segs; s++) {
        for (int64_t k = 0; k < n; k++, b += TILE_COLS) {
            vec col[2];
            MYE_UNROLL
            for (int v = 0; v < V; v++)
                col[v] = vec_load(b + v * VEC);
            MYE_UNROLL
            for (int r = 0; r < R; r++) {
                const vec w = vec_set1(a[r][k]);
                MYE_UNROLL
                for (int v = 0; v < V; v++)
                    acc[r][v] += w * col[v];
            }
        }
        MYE_UNROLL
        for (int r = 0; r < R; r++)
            a[r] += t->pitch;
    }
}

/* V vectors per row, of which the last holds `part` columns (0: all). */
MYE_INLINE void tile_run(const int R, const int V, const int part, const mye_tile *t)
{
    vec acc[TILE_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        const float *from = t->load ? t->y[r] : t->bias;
        MYE_UNROLL
        for (int v = 0; v < V; v++) {
            if (!from)
                acc[r][v] = vec_set1(0.0f);
            else if (v == V - 1 && part)
                acc[r][v] = vec_load_part(from + v * VEC, part);
            else
                acc[r][v] = vec_load(from + v * VEC);
        }
    }
    tile_sum(R, V, t, acc);
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        MYE_UNROLL
        for (int v = 0; v < V; v++) {
            if (v == V - 1 && part)
                vec_store_part(t->y[r] + v * VEC, acc[r][v], part);
            else
                vec_store(t->y[r] + v * VEC, acc[r][v]);
        }
    }
}

MYE_INLINE void tile_width(const int R, const mye_tile *t)
{
    const int part = t->width % VEC;
    if (t->width == TILE_COLS)
        tile_run(R, 2, 0, t);
    else if (t->width > VEC)
        tile_run(R, 2, part, t);
    else
        tile_run(R, 1, part, t);
}

#define TILE_CASE(f, R) \
    case R:             \
        f(R, t);        \
        break;
#if TILE_ROWS == 12
#define TILE_CASES(f) \
    TILE_CASE(f, 1)   \
    TILE_CASE(f, 2)   \
    TILE_CASE(f, 3)   \
    TILE_CASE(f, 4)   \
    TILE_CASE(f, 5)   \
    TILE_CASE(f, 6)   \
    TILE_CASE(f, 7)   \
    TILE_CASE(f, 8)   \
    TILE_CASE(f, 9)   \
    TILE_CASE(f, 10)  \
    TILE_CASE(f, 11)  \
    TILE_CASE(f, 12)
#else
#define TILE_CASES(f) \
    TILE_CASE(f, 1)   \
    TILE_CASE(f, 2)   \
    TILE_CASE(f, 3)   \
    TILE_CASE(f, 4)   \
    TILE_CASE(f, 5)   \
    TILE_CASE(f, 6)
#endif

void MYE_VEC(tile)(const mye_tile *t)
{
    switch (t->rows) {
        TILE_CASES(tile_width)
    default:
        break;
    }
}

/* acc += outer products of R floats of a and V vectors of b, over all points. */
MYE_INLINE void outer_sum(const int R, const int V, const mye_outer *t, vec acc[][2])
{
    const mye_points p = t->points;
    for (int i = 0; i < p.images; i++) {
        for (int h = 0; h < p.rows; h++) {
            const float *a = t->a + i * p.a_image + h * p.a_row;
            const float *b = t->b + i * p.b_image + h * p.b_row;
            for (int w = 0; w < p.cols; w++, a += p.a_col, b += TILE_COLS) {
                vec col[2];
                MYE_UNROLL
                for (int v = 0; v < V; v++)
                    col[v] = vec_load(b + v * VEC);
                MYE_UNROLL
                for (int r = 0; r < R; r++) {
                    const vec x = vec_set1(a[r]);
                    MYE_UNROLL
                    for (int v = 0; v < V; v++)
                        acc[r][v] += x * col[v];
                }
            }
        }
    }
}

MYE_INLINE void outer_run(const int R, const int V, const int part, const mye_outer *t)
{
    vec acc[TILE_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        acc[r][0] = acc[r][1] = vec_set1(0.0f);
    if (t->load) { /* wanted at the end, and by then in the nearest cache */
        MYE_UNROLL
        for (int r = 0; r < R; r++)
            __builtin_prefetch(t->y + r * t->y_row, 1);
        MYE_UNROLL
        for (int r = 0; r < R; r++)
            __builtin_prefetch(t->y + r * t->y_row + t->width - 1, 1);
    }
    outer_sum(R, V, t, acc);
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        MYE_UNROLL
        for (int v = 0; v < V; v++) {
            float *y = t->y + r * t->y_row + v * VEC;
            if (v == V - 1 && part)
                vec_store_part(y, t->load ? vec_load_part(y, part) + acc[r][v] : acc[r][v], part);
            else
                vec_store(y, t->load ? vec_load(y) + acc[r][v] : acc[r][v]);
        }
    }
}

MYE_INLINE void outer_width(const int R, const mye_outer *t)
{
    const int part = t->width % VEC;
    if (t->width == TILE_COLS)
        outer_run(R, 2, 0, t);
    else if (t->width > VEC)
        outer_run(R, 2, part, t);
    else
        outer_run(R, 1, part, t);
}

void MYE_VEC(outer)(const mye_outer *t)
{
    switch (t->rows) {
        TILE_CASES(outer_width)
    default:
        break;
    }
}
