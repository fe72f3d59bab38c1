/*
 * What the vector sources share: the vector type of the instruction set that this file is being
 * compiled for, and the names of the functions that one vector file offers to another.
 *
 * Every file of this folder is compiled once per set (MYE_ISA = base, avx2, avx512). MYE_VEC adds
 * the set to a symbol's name, so that all copies can be linked together.
 */
#ifndef MYE_VEC_H
#define MYE_VEC_H

#include <string.h>

#include "kernel/kernel.h"

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

#define MYE_PASTE_(a, b) a##_##b
#define MYE_PASTE(a, b)  MYE_PASTE_(a, b)
#define MYE_VEC(name)    MYE_PASTE(mye_k_##name, MYE_ISA)

#define MYE_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define MYE_UNROLL _Pragma("clang loop unroll(full)")
#define MYE_IVDEP  _Pragma("clang loop vectorize(assume_safety)")
#else
#define MYE_UNROLL _Pragma("GCC unroll 16")
#define MYE_IVDEP  _Pragma("GCC ivdep")
#endif

/* VEC: floats in a register. TILE_ROWS: rows of a register tile, TILE_COLS = 2 VEC its columns;
 * 2 TILE_ROWS accumulators, two columns of the panel and one broadcast fill the register file. */
#if defined(__AVX512F__)
#define VEC       16
#define TILE_ROWS 12
#elif defined(__AVX2__)
#define VEC       8
#define TILE_ROWS 6
#else
#define VEC       4
#define TILE_ROWS 6
#endif
#define TILE_COLS (2 * VEC)

typedef float vec __attribute__((vector_size(4 * VEC)));
typedef float vec_any __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

MYE_INLINE vec vec_load(const float *p)
{
    return *(const vec_any *)p;
}

MYE_INLINE void vec_store(float *p, vec a)
{
    *(vec_any *)p = a;
}

MYE_INLINE vec vec_set1(float a)
{
#if defined(__AVX512F__)
    return (vec)_mm512_set1_ps(a);
#elif defined(__AVX2__)
    return (vec)_mm256_set1_ps(a);
#elif defined(__SSE2__)
    return (vec)_mm_set1_ps(a);
#else
    return (vec){a, a, a, a};
#endif
}

/* The first n < VEC floats at p, the others 0. Never touches memory behind them. */
MYE_INLINE vec vec_load_part(const float *p, int n)
{
#if defined(__AVX512F__)
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
    float part[VEC] = {0};
    for (int i = 0; i < n; i++)
        part[i] = p[i];
    return vec_load(part);
#endif
}

MYE_INLINE void vec_store_part(float *p, vec a, int n)
{
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)a);
#else
    float part[VEC];
    vec_store(part, a);
    for (int i = 0; i < n; i++)
        p[i] = part[i];
#endif
}

/* ---- tile.c: the register tile ---- */

/*
 * One tile of a product whose rows lie anywhere:
 *   y[r][j] = start + sum over s < segs, k < n of a[r][s * pitch + k] * b[(s * n + k) * TILE_COLS + j]
 * rows  1..TILE_ROWS      width  columns wanted, 1..TILE_COLS; b is padded to TILE_COLS
 * start is y itself when `load`, else bias[j] (bias may be NULL: 0). bias holds `width` floats.
 */
typedef struct mye_tile {
    const float *a[TILE_ROWS];
    float *y[TILE_ROWS];
    ptrdiff_t pitch;
    int rows, width, segs, n;
    const float *b, *bias;
    bool load;
} mye_tile;
void MYE_VEC(tile)(const mye_tile *t);

/*
 * One tile of a product whose k index runs over points of images:
 *   y[r][j] = (load ? y[r][j] : 0) + sum over points of a[r] * b[j]
 * with point (i, h, w) of [images][rows][cols] at a + i a_image + h a_row + w a_col, and the same
 * for b, whose columns are TILE_COLS apart.
 */
typedef struct mye_points {
    int images, rows, cols;
    ptrdiff_t a_image, a_row, a_col;
    ptrdiff_t b_image, b_row;
} mye_points;
typedef struct mye_outer {
    mye_points points;
    const float *a, *b;
    float *y;
    ptrdiff_t y_row;
    int rows, width; /* of the tile */
    bool load;
} mye_outer;
void MYE_VEC(outer)(const mye_outer *t);

/* ---- plan.c: how a pass walks over images ---- */

/* One dimension of one phase: output points q = 0..count-1 lie at dst0 + q * dst_step and read
 * `taps` source positions from src0 + q * src_step on. */
typedef struct mye_axis {
    int count, taps;
    int dst0, dst_step;
    int src0, src_step;
} mye_axis;

/*
 * A pass seen as a plain convolution from K channels to N channels: forward is one phase; backward
 * data has one phase per remainder of (output position + padding) by the stride, so that a strided
 * layer does no work for the zeros between its taps.
 */
typedef struct mye_plan {
    const mye_conv_shape *s;
    bool backward;
    int K, N;               /* channels read and written                                   */
    int src_h, src_w;       /* size of a source image                                      */
    int dst_h, dst_w;       /* size of a written image                                     */
    int phases_h, phases_w; /* 1, 1 forward; sh, sw backward                               */
    bool by_tap;            /* many channels: tap by tap, without padding                  */
    int lo_w, pad_w;        /* first column of the padded scratch; its width               */
    int rows;               /* most q of any phase                                         */
    int group, band;        /* images, and rows q of an image, that are in scratch at once */
    int panels;             /* of TILE_COLS written channels                               */
    int64_t groups;         /* set by plan_fit: blocks are groups x bands, each shared out */
    int bands, splits;      /* to `splits` shards by panels                                */
} mye_plan;

/* pass: 0 forward, 1 backward data, 2 backward weights (walks as forward does). */
void MYE_VEC(plan)(mye_plan *p, const mye_conv_shape *s, int pass);
mye_axis MYE_VEC(axis_h)(const mye_plan *p, int phase);
mye_axis MYE_VEC(axis_w)(const mye_plan *p, int phase);
/* Positions of [from, to) whose tap lies inside the source. */
void MYE_VEC(valid_range)(const mye_axis *a, int tap, int size, int from, int to, int range[2]);
/* Source rows [*lo, *hi) that rows [q0, q1) of any phase read; may reach outside the image. */
void MYE_VEC(plan_rows)(const mye_plan *p, int q0, int q1, int *lo, int *hi);
/* Floats of the padded scratch of p->group images of p->band rows. */
size_t MYE_VEC(plan_scratch)(const mye_plan *p);
/* Most output points of a phase in scratch at once. */
size_t MYE_VEC(plan_points)(const mye_plan *p);
/* Fits group and band to n images, so that there are enough shards. Depends on sizes only. */
void MYE_VEC(plan_fit)(mye_plan *p, int64_t n);
/* Does every output point read the input point of the same place, and no other? */
bool MYE_VEC(plan_is_pointwise)(const mye_plan *p);
/* Writes source rows [lo, hi) of images [i0, i1) to dst, zero where outside the image. Returns
 * floats per image. */
ptrdiff_t MYE_VEC(plan_read)(const mye_plan *p, mye_images x, int64_t i0, int64_t i1, int lo,
                             int hi, float *dst, mye_lane *lane);

/*
 * A strided 1x1 layer without padding sees every sh-th row and sw-th column only: it is a layer of
 * stride 1 over an image with those alone. Returns false and leaves everything as it is for other
 * layers; `thin` must live as long as the images are read.
 */
typedef struct mye_thin {
    mye_images from;
    mye_conv_shape shape; /* as given */
} mye_thin;
bool MYE_VEC(thin_shape)(const mye_conv_shape *s, mye_conv_shape *out);
mye_images MYE_VEC(thin_images)(mye_thin *thin, const mye_conv_shape *s, mye_images x);
size_t MYE_VEC(thin_lane_bytes)(const mye_conv_shape *s);

/* ---- conv_parts.c: what the ways of a convolution share ---- */

/* Images that lie in memory: H rows of `row` floats each. */
typedef struct mye_dense_images {
    const float *data;
    int H, row;
} mye_dense_images;
mye_images MYE_VEC(dense_images)(const mye_dense_images *d);

/* Partial sums of dw [weights] and dbias [O], one behind the other. */
typedef struct mye_weight_sums {
    const float *scratch;
    int sums, O;
    size_t weights;
    float *dw, *dbias; /* dbias: NULL when not wanted */
} mye_weight_sums;
/* dw += the partial sums, in their order, when there is more than one. */
void MYE_VEC(add_weight_sums)(mye_run_lanes r, const mye_weight_sums *s);

/* ---- the convolution passes (conv.c, conv_pack.c, conv_weight.c, conv_group.c) ---- */

bool MYE_VEC(conv_fits)(const mye_conv_shape *s, int pass);
double MYE_VEC(conv_cost)(const mye_conv_shape *s, int64_t n, int pass, double density);
int MYE_VEC(conv_shards)(const mye_conv_shape *s, int64_t n);
size_t MYE_VEC(conv_pack_bytes)(const mye_conv_shape *s, int direction);
void MYE_VEC(conv_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed);
size_t MYE_VEC(conv_lane_bytes)(const mye_conv_shape *s, int pass);
void MYE_VEC(conv_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done);
void MYE_VEC(conv_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                 const float *dy, const float *packed, float *dx, bool accumulate);
size_t MYE_VEC(conv_scratch_bytes)(const mye_conv_shape *s, int64_t n);
size_t MYE_VEC(weight_lane_bytes)(const mye_conv_shape *s);
void MYE_VEC(conv_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                   mye_images x, const float *dy, float *dw, float *dbias,
                                   float *scratch);
/* Grouped layers (groups > 1): plain loops over the outputs of a group. */
size_t MYE_VEC(group_lane_bytes)(const mye_conv_shape *s, int pass);
size_t MYE_VEC(group_scratch_bytes)(const mye_conv_shape *s, int64_t n);
void MYE_VEC(group_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                            const float *weight, const float *bias, float *y);
void MYE_VEC(group_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                  const float *dy, const float *weight, float *dx, bool accumulate);
void MYE_VEC(group_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                    mye_images x, const float *dy, float *dw, float *dbias,
                                    float *scratch);

/* ---- elementwise.c, bf16.c, descend.c, neuron.c, surrogate.c: see kernel.h ---- */

void MYE_VEC(bits_expand)(int64_t n, const uint64_t *bits, int64_t first, float *dst);
int64_t MYE_VEC(bits_count)(int64_t n_words, const uint64_t *bits);
int64_t MYE_VEC(bits_shared)(int64_t n_words, const uint64_t *x, const uint64_t *y);
void MYE_VEC(bf16_pack)(int64_t n, const float *x, uint16_t *y);
void MYE_VEC(bf16_expand)(int64_t n, const uint16_t *x, float *y);
void MYE_VEC(add)(int64_t n, const float *x, float *y);
void MYE_VEC(scale)(int64_t n, float a, const float *x, float *y);
void MYE_VEC(axpy)(int64_t n, float a, const float *x, float *y);
void MYE_VEC(mul)(int64_t n, const float *x, float *y);
void MYE_VEC(affine)(int64_t rows, int64_t C, const float *x, const float *scale,
                     const float *shift, float *y);
void MYE_VEC(norm_sums)(int64_t rows, int64_t C, int64_t pitch, const float *x, const float *center,
                        float *sum, float *square);
void MYE_VEC(norm_grad_sums)(int64_t rows, int64_t C, const float *g, const float *x,
                             const float *center, float *sum_g, float *sum_gx, float *sum_x);
void MYE_VEC(affine2)(int64_t rows, int64_t C, const float *g, const float *x, const float *a,
                      const float *b, const float *d, float *y);
void MYE_VEC(column_sums)(int64_t rows, int64_t C, const float *x, float *sum);
void MYE_VEC(route_max)(int64_t C, int n_rows, int n_cols, int64_t pitch, const float *x,
                        const float *g, float *dx, bool add);
double MYE_VEC(dot)(int64_t n, const float *x, const float *y);
double MYE_VEC(sum_squares)(int64_t n, const float *x);
void MYE_VEC(sgd)(const mye_sgd *p, int64_t n, const float *g, float *w, float *buf);
void MYE_VEC(adam)(const mye_adam *p, int64_t n, const float *g, float *w, float *m, float *v);
void MYE_VEC(route_one)(int64_t C, int64_t n, int n_rows, int n_cols, int64_t pitch, int at,
                        const float *x, const float *g, float *dx);
void MYE_VEC(route_won)(int64_t C, int64_t pixels, int first, int repeat, const uint64_t *won,
                        const float *g, float *dx);
double MYE_VEC(probe)(int64_t steps);

int64_t MYE_VEC(lif_forward)(const mye_lif *p, int64_t n, bool first, const float *x, float *u,
                             uint64_t *spikes);
void MYE_VEC(lif_fire)(const mye_lif *p, int64_t n, const float *u, float *s);
void MYE_VEC(lif_backward)(const mye_lif *p, int64_t n, const float *g, const float *h,
                           const float *u, float *carry, float *dx, float *du);
void MYE_VEC(rate_collect)(const mye_lif *p, int mode, int64_t n, const float *u, const float *h,
                           float *eps, float *e, float *r);
int64_t MYE_VEC(lif_scan)(const mye_lif_steps *s, float *u, uint64_t *const *spikes,
                          const mye_lif_rates *rates);
int64_t MYE_VEC(transmit)(const mye_transmit *how, int64_t n, bool first, const float *x,
                          const float *theta, float *v, float *s, float *y);
void MYE_VEC(lif_unscan)(const mye_lif_steps *s, const float *u, const float *const *g,
                         float *const *dx, bool sum);

#define X(name)                                                                              \
    void MYE_VEC(surrogate_##name)(int64_t n, const float *u, float theta, float a, float b, \
                                   float *h);
MYE_SURROGATE_LIST(X)
#undef X

/* ---- spikes: only what is not 0 in the input is visited (spikes*.c) ---- */

#define SPIKE_VECS  8    /* registers of a panel of written channels, at most     */
#define SPIKE_NEAR  8192 /* floats that stay in a first-level cache beside lists and sums */
#define SPIKE_SLACK 16   /* entries behind a list's end that are written, at most */

/* Appends to a list base + c for each c < n whose bit (first + c) is set, or whose x[c] is not 0
 * together with x[c]; returns how many. May write SPIKE_SLACK entries too many. */
uint32_t MYE_VEC(list_bits)(const uint64_t *bits, int64_t first, int n, int base, uint16_t *index);
uint32_t MYE_VEC(list_floats)(const float *x, int n, int base, uint16_t *index, float *value);

/*
 * Sums of listed rows, for a grid of points and a panel of 1..SPIKE_VECS registers:
 *   y[point][j] = start + sum over the point's segments and their entries e of
 *       value[e] * rows[segment * rows_pitch - column * rows_step + index[e] * vecs * VEC + j]
 * The lists are cells in lines of `size`, `lines` of them for an image. A point of row r has the
 * segments [seg0, seg1) that lie in lines line0 + r * line_step + segment of [0, lines); of each it
 * has `cells` cells, from cell from + column * from_step on, as far as they lie in [0, size): those
 * from start[first cell] to end[last cell] are in one piece. start is y itself when `load`, else bias[j] (bias may be NULL: 0).
 */
typedef struct mye_sparse {
    const uint16_t *index;
    const float *value; /* NULL: every value is 1 */
    const uint32_t *start, *end;
    const float *rows, *bias;
    float *y;
    int count[3];        /* points: columns, rows, images */
    ptrdiff_t y_step[3]; /* from column to column, ...    */
    ptrdiff_t rows_pitch, rows_step;
    int line0, line_step, lines, seg0, seg1;
    int from, from_step, cells, size;
    int vecs, width; /* registers of the panel; its columns that are wanted */
    bool load;
} mye_sparse;
void MYE_VEC(sparse_sum)(const mye_sparse *t);

/* Panel i of the written channels: nearly equal numbers of registers. */
typedef struct mye_spike_panel {
    int column, vecs, width;
} mye_spike_panel;
int MYE_VEC(spike_panels)(int N);
mye_spike_panel MYE_VEC(spike_panel)(int N, int i);

/*
 * A pass over blocks of images as the direct way makes them, but without padding, and with the read
 * channels in `parts`, so that the weights of a part and a panel stay in the second-level cache. The
 * channels of a part come in `chunks`: one tap's weights of a chunk and a panel stay in the first.
 * Packed weights: for each phase, panel and part, the rows of the window, each taps x channels of
 * the part, each with the panel's registers.
 */
typedef struct mye_spike_plan {
    mye_plan p;
    int parts, chunks;
} mye_spike_plan;
void MYE_VEC(spike_plan)(mye_spike_plan *p, const mye_conv_shape *s, int pass);
/* First read channel of part i. */
int MYE_VEC(spike_part)(const mye_spike_plan *p, int i);

/* Backward weights: the blocks, and the grid that holds a panel of dy with zeros around it. */
typedef struct mye_spike_grid {
    const mye_conv_shape *s;
    int back_h, back_w;     /* outputs before an input's own place that its taps reach */
    int phases_h, phases_w; /* that some tap meets                                     */
    int cols;               /* of the grid                                             */
    int group, band;        /* images, and output rows of an image, of a block         */
    int vecs;               /* registers of the widest panel                           */
    int chunk;              /* rows of the grid that stay in a first-level cache       */
} mye_spike_grid;
void MYE_VEC(spike_grid)(mye_spike_grid *p, const mye_conv_shape *s);
size_t MYE_VEC(spike_grid_floats)(const mye_spike_grid *p);
/* Entries of the list of a channel and a phase, at most. */
size_t MYE_VEC(spike_entries)(const mye_spike_grid *p);
/* Places where lists begin: [chunk and one more][phase][channel]. */
size_t MYE_VEC(spike_starts)(const mye_spike_grid *p, int C);
/* Shards: `sums` ranges of images, `splits_m` of channels, `splits_n` of panels. */
typedef struct mye_spike_cut {
    int sums, splits_m, splits_n;
} mye_spike_cut;
mye_spike_cut MYE_VEC(spike_cut)(const mye_conv_shape *s, int64_t n);

double MYE_VEC(spike_cost)(const mye_conv_shape *s, int64_t n, int pass, double density);
bool MYE_VEC(spike_fits)(const mye_conv_shape *s, int pass);
int MYE_VEC(spike_shards)(const mye_conv_shape *s, int64_t n);
size_t MYE_VEC(spike_pack_bytes)(const mye_conv_shape *s, int direction);
void MYE_VEC(spike_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                         const float *weight, float *packed);
size_t MYE_VEC(spike_lane_bytes)(const mye_conv_shape *s, int pass);
size_t MYE_VEC(spike_scratch_bytes)(const mye_conv_shape *s, int64_t n);
bool MYE_VEC(spike_weight_fits)(const mye_conv_shape *s);
size_t MYE_VEC(spike_weight_lane_bytes)(const mye_conv_shape *s);
void MYE_VEC(spike_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                            const float *packed, const float *bias, float *y,
                            const mye_conv_done *done);
void MYE_VEC(spike_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                  const float *dy, const float *packed, float *dx, bool accumulate);
void MYE_VEC(spike_backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                    mye_images x, const float *dy, float *dw, float *dbias,
                                    float *scratch);

/* ---- 8-bit weights, spikes as input (int8.c, int8_tile.c, int8_sparse.c) ---- */

/* Sums of 32 bits to outputs: y[j] = scale[j] * sum[j] + bias[j]. scale is padded to TILE_COLS; bias
 * (may be NULL) and y are not. */
typedef struct mye_int8_out {
    const float *scale, *bias;
} mye_int8_out;

/*
 * One tile: sum[r][j] = sum over s < segs, k < 4 n of a[r][s * pitch + k] * b[s][k / 4][j][k % 4],
 * with a 0 or 1 and b [segs][n][TILE_COLS][4].
 */
typedef struct mye_int8_tile {
    const uint8_t *a[TILE_ROWS];
    float *y[TILE_ROWS];
    ptrdiff_t pitch;
    int rows, width, segs, n;
    const int8_t *b;
    mye_int8_out out;
} mye_int8_tile;

/*
 * One row of INT8_PANELS panels at most, b of one `panel` bytes after that of the other: the same
 * sums, but only steps of four inputs that are not all 0 are visited. width: columns of all panels.
 * step, four: room for segs * n entries and INT8_SLACK more.
 */
#define INT8_PANELS 4
#define INT8_SLACK  16
typedef struct mye_int8_sparse {
    const uint8_t *a;
    float *y;
    ptrdiff_t pitch, panel;
    int width, segs, n;
    const int8_t *b;
    mye_int8_out out;
    int32_t *step, *four;
} mye_int8_sparse;

/* Wide: adds four products to 32 bits by one instruction, where the processor has it. */
void MYE_VEC(int8_tile)(const mye_int8_tile *t);
void MYE_VEC(int8_sparse)(const mye_int8_sparse *t);
#if defined(__AVX512F__)
void MYE_VEC(int8_tile_wide)(const mye_int8_tile *t);
void MYE_VEC(int8_sparse_wide)(const mye_int8_sparse *t);
#endif

bool MYE_VEC(int8_fits)(const mye_conv_shape *s, int pass);
double MYE_VEC(int8_cost)(const mye_conv_shape *s, int64_t n, int pass, double density);
size_t MYE_VEC(int8_pack_bytes)(const mye_conv_shape *s, int direction);
void MYE_VEC(int8_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed);
size_t MYE_VEC(int8_lane_bytes)(const mye_conv_shape *s, int pass);
int MYE_VEC(int8_shards)(const mye_conv_shape *s, int64_t n);
void MYE_VEC(int8_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done);

#endif
