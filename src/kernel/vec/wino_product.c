/* The register tiles of the Winograd passes: every operand lies in the order in which it is read. */
#include "kernel/vec/wino.h"

/* R rows of a lie VEC floats apart: one pointer reaches them all. The product that follows will read
 * b `ahead` of this one: it is fetched meanwhile, for U as a whole is larger than the caches. */
MYE_INLINE void add_vec(const int R, const int n, const float *a, const float *b, ptrdiff_t ahead,
                        vec acc[][2])
{
#pragma GCC unroll 4
    for (int k = 0; k < n; k++) {
        const vec b0 = vec_load(b + k * TILE_COLS), b1 = vec_load(b + k * TILE_COLS + VEC);
        __builtin_prefetch(b + k * TILE_COLS + ahead, 0, 2);
        __builtin_prefetch(b + k * TILE_COLS + VEC + ahead, 0, 2);
        MYE_UNROLL
        for (int r = 0; r < R; r++) {
            const vec x = vec_set1(a[r * VEC + k]);
            acc[r][0] += x * b0;
            acc[r][1] += x * b1;
        }
    }
}

MYE_INLINE void product_rows(const int R, const mye_wino_product *p, const float *a, float *y)
{
    vec acc[TILE_ROWS][2];
    const float *b = p->b;
    const ptrdiff_t ahead = (ptrdiff_t)p->n * TILE_COLS;
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        acc[r][0] = p->load ? vec_load(y + r * p->y_row) : vec_set1(0.0f);
        acc[r][1] = p->load ? vec_load(y + r * p->y_row + VEC) : vec_set1(0.0f);
    }
    for (int i = p->n / VEC; i > 0; i--, a += p->a_vec, b += VEC * TILE_COLS)
        add_vec(R, VEC, a, b, ahead, acc);
    add_vec(R, p->n % VEC, a, b, ahead, acc);
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        vec_store(y + r * p->y_row, acc[r][0]);
        vec_store(y + r * p->y_row + VEC, acc[r][1]);
    }
}

#define ROWS_CASE(R)              \
    case R:                       \
        product_rows(R, p, a, y); \
        break;

static void product_tile(int rows, const mye_wino_product *p, const float *a, float *y)
{
    switch (rows) {
        ROWS_CASE(1)
        ROWS_CASE(2)
        ROWS_CASE(3)
        ROWS_CASE(4)
        ROWS_CASE(5)
        ROWS_CASE(6)
#if TILE_ROWS == 12
        ROWS_CASE(7)
        ROWS_CASE(8)
        ROWS_CASE(9)
        ROWS_CASE(10)
        ROWS_CASE(11)
        ROWS_CASE(12)
#endif
    default:
        break;
    }
}

/* Tiles of nearly equal height. */
void MYE_VEC(wino_product)(const mye_wino_product *p)
{
    const int tiles = (p->rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int i = 0, row = 0; i < tiles; i++) {
        const int end = p->rows * (i + 1) / tiles;
        product_tile(end - row, p, p->a + row * VEC, p->y + row * p->y_row);
        row = end;
    }
}

void MYE_VEC(wino_outer)(int n, const float *a, const float *b, float *y, bool load)
{
    vec acc[WINO_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < WINO_ROWS; r++) {
        acc[r][0] = load ? vec_load(y + r * TILE_COLS) : vec_set1(0.0f);
        acc[r][1] = load ? vec_load(y + r * TILE_COLS + VEC) : vec_set1(0.0f);
    }
#pragma GCC unroll 4
    for (int t = 0; t < n; t++) {
        const vec b0 = vec_load(b + t * TILE_COLS), b1 = vec_load(b + t * TILE_COLS + VEC);
        MYE_UNROLL
        for (int r = 0; r < WINO_ROWS; r++) {
            const vec x = vec_set1(a[t * VEC + r]);
            acc[r][0] += x * b0;
            acc[r][1] += x * b1;
        }
    }
    MYE_UNROLL
    for (int r = 0; r < WINO_ROWS; r++) {
        vec_store(y + r * TILE_COLS, acc[r][0]);
        vec_store(y + r * TILE_COLS + VEC, acc[r][1]);
    }
}
