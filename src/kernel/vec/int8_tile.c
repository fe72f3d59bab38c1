/*
 * The register tile of 8-bit weights: TILE_ROWS x TILE_COLS sums of 32 bits. A step takes four
 * inputs of a row (bytes 0 or 1) against four weights of each column.
 *
 * Where the processor has an instruction for that (AVX-512 VNNI) it adds to 32 bits at once. Else
 * two products are added to sums of 16 bits, which hold MAX_STEPS steps: 2 * 127 * 128 < 2^15.
 */
#include "kernel/vec/int8_lanes.h"

#if defined(__AVX2__)
/* At most MAX_STEPS steps from step k on. */
MYE_INLINE void sum_part(const int R, const int V, const uint8_t *const *a, const int8_t *b, int k,
                         int steps, ivec acc[][2])
{
    ivec part[TILE_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            part[r][v] = (ivec){0};
    for (int end = k + steps; k < end; k++, b += 4 * TILE_COLS) {
        ivec col[2];
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            col[v] = load_weights(b + v * 4 * VEC);
        MYE_UNROLL
        for (int r = 0; r < R; r++) {
            const ivec x = load_inputs(a[r] + 4 * (ptrdiff_t)k);
            MYE_UNROLL
            for (int v = 0; v < V; v++)
                part[r][v] = add_pairs(part[r][v], x, col[v]);
        }
    }
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        for (int v = 0; v < V; v++)
            acc[r][v] += widen_pairs(part[r][v]);
}

MYE_INLINE void sum_narrow(const int R, const int V, const uint8_t *const *a, const int8_t *b,
                           int n, ivec acc[][2])
{
    for (int k = 0; k < n; k += MAX_STEPS, b += MAX_STEPS * 4 * TILE_COLS)
        sum_part(R, V, a, b, k, n - k < MAX_STEPS ? n - k : MAX_STEPS, acc);
}
#else
MYE_INLINE void sum_narrow(const int R, const int V, const uint8_t *const *a, const int8_t *b,
                           int n, ivec acc[][2])
{
    for (int k = 0; k < 4 * n; k++)
        for (int r = 0; r < R; r++)
            for (int j = 0; a[r][k] && j < V * VEC; j++)
                acc[r][j / VEC][j % VEC] += b[(k / 4 * TILE_COLS + j) * 4 + k % 4];
}
#endif

#if defined(__AVX512F__)
MYE_INLINE void sum_wide(const int R, const int V, const uint8_t *const *a, const int8_t *b, int n,
                         ivec acc[][2])
{
    for (int64_t k = 0; k < n; k++, b += 4 * TILE_COLS) {
        ivec col[2];
        MYE_UNROLL
        for (int v = 0; v < V; v++)
            col[v] = load_weights(b + v * 4 * VEC);
        MYE_UNROLL
        for (int r = 0; r < R; r++) {
            const ivec x = load_inputs(a[r] + 4 * k);
            MYE_UNROLL
            for (int v = 0; v < V; v++)
                acc[r][v] = add_fours(acc[r][v], x, col[v]);
        }
    }
}
#endif

/* `wide`: by the instruction that adds to 32 bits. */
MYE_INLINE void sum_row(const int R, const int V, const bool wide, const uint8_t *const *a,
                        const int8_t *b, int n, ivec acc[][2])
{
#if defined(__AVX512F__)
    if (wide) {
        sum_wide(R, V, a, b, n, acc);
        return;
    }
#endif
    MYE_UNUSED(wide);
    sum_narrow(R, V, a, b, n, acc);
}

MYE_INLINE void tile_run(const int R, const int V, const bool wide, const mye_int8_tile *t)
{
    const uint8_t *a[TILE_ROWS];
    const int8_t *b = t->b;
    ivec acc[TILE_ROWS][2];
    MYE_UNROLL
    for (int r = 0; r < R; r++) {
        a[r] = t->a[r];
        for (int v = 0; v < V; v++)
            acc[r][v] = (ivec){0};
    }
    for (int s = 0; s < t->segs; s++, b += (ptrdiff_t)t->n * 4 * TILE_COLS) {
        sum_row(R, V, wide, a, b, t->n, acc);
        MYE_UNROLL
        for (int r = 0; r < R; r++)
            a[r] += t->pitch;
    }
    MYE_UNROLL
    for (int r = 0; r < R; r++)
        store_row(V, t->width % VEC, &t->out, acc[r], t->y[r]);
}

MYE_INLINE void tile_rows(const int R, const bool wide, const mye_int8_tile *t)
{
    if (t->width > VEC)
        tile_run(R, 2, wide, t);
    else
        tile_run(R, 1, wide, t);
}

#define ROWS(R)                \
    case R:                    \
        tile_rows(R, wide, t); \
        break;

/* Every row count has its own copy with constant bounds. */
MYE_INLINE void tile_any(const bool wide, const mye_int8_tile *t)
{
    switch (t->rows) {
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
        ROWS(5)
        ROWS(6)
#if TILE_ROWS == 12
        ROWS(7)
        ROWS(8)
        ROWS(9)
        ROWS(10)
        ROWS(11)
        ROWS(12)
#endif
    default:
        break;
    }
}

void MYE_VEC(int8_tile)(const mye_int8_tile *t)
{
    tile_any(false, t);
}

#if defined(__AVX512F__)
void MYE_VEC(int8_tile_wide)(const mye_int8_tile *t)
{
    tile_any(true, t);
}
#endif
