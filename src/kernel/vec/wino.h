/*
 * Winograd convolution F(4x4, 3x3) for 3x3 layers of stride 1 (A. Lavin and S. Gray, "Fast Algorithms
 * for Convolutional Neural Networks", 2015, section 4.3). An output tile of 4x4 points Y is computed
 * from the 6x6 input tile d and the 3x3 window g that reach it:
 *
 *   Y = A^T [ (G g G^T) . (B^T d B) ] A
 *
 * For many channels the product in brackets is, for each of the 36 points x of the 6x6 grid, a
 * matrix product M[x] = V[x] U[x] of [tiles][K] by [K][N]: 36 products for 16 outputs of 9 taps,
 * a quarter of the direct way's. Backward data is the same with windows turned round; the weight
 * gradient is dg = G^T [ sum over tiles (B^T d B) . (A dY A^T) ] G.
 *
 * Shapes in scratch (floats):
 *   strip  [6 or 4 rows][columns][channels]       source rows of one row of tiles, zero-padded
 *   V      [36][vecs][tiles][VEC]                 B^T d B, channels in vectors
 *   U      [panels][36][K][TILE_COLS]             G g G^T, packed once a step
 *   M      [tiles][36][TILE_COLS]                 of one panel
 *   Z      [36][panels][tiles][TILE_COLS]         A dY A^T
 *   dU     [36][panels][K rounded][TILE_COLS]
 */
#ifndef MYE_VEC_WINO_H
#define MYE_VEC_WINO_H

#include "kernel/vec/vec.h"

#define WINO_OUT  4 /* output points of a tile, in a row or column */
#define WINO_IN   6 /* input points                                */
#define WINO_GRID (WINO_IN * WINO_IN)
#define WINO_STEP (WINO_GRID * TILE_COLS) /* floats of M or of packed U per tile or channel */
/* Rows of the weight gradient's register tile: VEC is a multiple of it. */
#define WINO_ROWS (VEC < 16 ? 4 : 8)

/* Where the rows of tiles of a source come from. */
typedef struct mye_wino_strip {
    int rows;       /* source rows of a row of tiles: 6, or 4 of gradients         */
    int channels;   /* of the source                                               */
    int h, w;       /* size of the source                                          */
    int pad;        /* rows of zeros above the source; less than 0: rows left out  */
    int lead, skip; /* columns of zeros left of the source, columns left out there */
    int columns;    /* of the strip                                                */
} mye_wino_strip;

typedef struct mye_wino {
    int K, N;                /* channels read and written                           */
    int dst_h, dst_w;        /* size of a written image                             */
    int th, tw;              /* rows and columns of tiles of an image               */
    int vecs, panels;        /* VECs of K, TILE_COLS of N                           */
    int images, rows;        /* block: images, and rows of tiles of an image        */
    int tiles;               /* most of a block                                     */
    int bands, splits;       /* set by wino_fit: blocks are groups x bands, each    */
    int groups;              /* shared out to `splits` shards by panels             */
    mye_wino_strip source;   /* what K is read from                                 */
    mye_wino_strip gradient; /* backward weights: dY                              */
} mye_wino;

/* ---- wino_plan.c ---- */
void MYE_VEC(wino_plan)(mye_wino *p, const mye_conv_shape *s, int pass);
/* Fits blocks and splits to n images. Depends on sizes only. */
void MYE_VEC(wino_fit)(mye_wino *p, int64_t n);
size_t MYE_VEC(wino_strip_floats)(const mye_wino_strip *s);
/* Rows of tiles r of image i; `next`: the strip holds row r - 1 of the same image. */
void MYE_VEC(wino_fill)(const mye_wino_strip *s, mye_images x, int64_t i, int r, bool next,
                        float *strip, mye_lane *lane);
/* Floats from one of V's vectors of channels, and from one of its 36 points, to the next. Odd
 * numbers of cache lines, so that the points of a tile do not share a set. */
static inline ptrdiff_t wino_vec_pitch(const mye_wino *p)
{
    return (ptrdiff_t)(p->tiles | 1) * VEC;
}
static inline ptrdiff_t wino_grid_pitch(const mye_wino *p, int vecs)
{
    return (vecs * wino_vec_pitch(p) / VEC | 1) * VEC;
}
/* ---- wino_tile.c: transforms of single tiles ---- */

/* V of vectors [v0, v1) of channels, of one row of tiles, of which the first is tile `at` of the
 * block. */
void MYE_VEC(wino_input)(const mye_wino *p, const float *strip, int at, int v0, int v1, float *V);
/* Z of one row of tiles of one panel: z [36][..][tiles][TILE_COLS], points `pitch` floats apart. */
void MYE_VEC(wino_gradient)(const mye_wino *p, const float *strip, int panel, float *z,
                            ptrdiff_t pitch);
typedef struct mye_wino_output {
    float *y;
    ptrdiff_t y_row, y_col;
    const float *bias; /* [width] or NULL                              */
    int rows, cols;    /* of the tile that lie in the image            */
    int width;         /* channels                                     */
    bool accumulate;   /* to what is in y                              */
} mye_wino_output;
/* y = A^T m A + bias, m [36][TILE_COLS] */
void MYE_VEC(wino_output)(const mye_wino_output *o, const float *m);
/* u [36] TILE_COLS floats each, `pitch` floats apart, aligned to MYE_ALIGN = G g G^T, g
 * [9][TILE_COLS]. Written past the caches: U as a whole is as large as they are, and not read at once.
 * The calls of a shard are followed by one of wino_window_end. */
void MYE_VEC(wino_window)(const float *g, float *u, ptrdiff_t pitch);
void MYE_VEC(wino_window_end)(void);
/* dg [9] rows of `width` floats, `row` apart = (add ? dg : 0) + G^T u G */
void MYE_VEC(wino_window_gradient)(const float *u, ptrdiff_t pitch, float *dg, ptrdiff_t row,
                                   int width, bool add);

/* ---- wino_product.c ---- */

/* y[r][j] = (load ? y[r][j] : 0) + sum over k < n of a[k / VEC][r][k % VEC] * b[k][j] */
typedef struct mye_wino_product {
    const float *a, *b;
    ptrdiff_t a_vec; /* floats from a[i] to a[i + 1] */
    float *y;
    ptrdiff_t y_row;
    int rows, n;
    bool load;
} mye_wino_product;
void MYE_VEC(wino_product)(const mye_wino_product *p);
/* y[r][j] = (load ? y[r][j] : 0) + sum over t < n of a[t * VEC + r] * b[t * TILE_COLS + j] for
 * r < WINO_ROWS, j < TILE_COLS */
void MYE_VEC(wino_outer)(int n, const float *a, const float *b, float *y, bool load);

/* ---- the passes (wino_conv.c, wino_pack.c, wino_weight.c): see mye_conv_kernels ---- */

bool MYE_VEC(wino_fits)(const mye_conv_shape *s, int pass);
double MYE_VEC(wino_cost)(const mye_conv_shape *s, int64_t n, int pass, double density);
int MYE_VEC(wino_shards)(const mye_conv_shape *s, int64_t n);
size_t MYE_VEC(wino_pack_bytes)(const mye_conv_shape *s, int direction);
void MYE_VEC(wino_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed);
size_t MYE_VEC(wino_lane_bytes)(const mye_conv_shape *s, int pass);
void MYE_VEC(wino_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done);
void MYE_VEC(wino_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                 const float *dy, const float *packed, float *dx, bool accumulate);
size_t MYE_VEC(wino_scratch_bytes)(const mye_conv_shape *s, int64_t n);
size_t MYE_VEC(wino_weight_lane_bytes)(const mye_conv_shape *s);
void MYE_VEC(wino_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                   mye_images x, const float *dy, float *dw, float *dbias,
                                   float *scratch);

#endif
