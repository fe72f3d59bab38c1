/* Pooling windows: options and shapes that average and max pooling share. */
#ifndef MYE_POOL_H
#define MYE_POOL_H

#include "node/elementwise.h"

typedef struct mye_pool_options {
    int64_t kernel, kernel_w, stride, stride_w, padding, padding_w;
} mye_pool_options;

typedef struct mye_pool_plan {
    int kh, kw, sh, sw, ph, pw; /* window, stride, padding */
    int C, H, W, OH, OW;
} mye_pool_plan;

extern const mye_param mye_pool_params[];

/* Fills n->plan (a mye_pool_plan) and n->shape. */
mye_status mye_pool_shape(mye_node *n, const mye_shape *in, mye_error *err);

/* Rows (or columns) [*first, *end) of the input under a window: those outside are padding. */
static inline void mye_pool_span(int size, int from, int kernel, int *first, int *end)
{
    const int to = from + kernel;
    *first = from > 0 ? from : 0;
    *end = to < size ? to : size;
}

static inline void mye_pool_rows(const mye_pool_plan *w, int oh, int *first, int *end)
{
    mye_pool_span(w->H, oh * w->sh - w->ph, w->kh, first, end);
}

static inline void mye_pool_columns(const mye_pool_plan *w, int ow, int *first, int *end)
{
    mye_pool_span(w->W, ow * w->sw - w->pw, w->kw, first, end);
}

/* Does each input pixel lie in exactly one window? */
static inline bool mye_pool_tiles(const mye_pool_plan *w)
{
    return w->kh == w->sh && w->kw == w->sw && w->ph == 0 && w->pw == 0 && w->OH * w->kh == w->H &&
           w->OW * w->kw == w->W;
}

/* The maximum over each window of one row of windows: x [n_rows][W][C], the rows of the input that lie
 * under it; y [OW][C]. */
void mye_pool_max_row(const mye_pool_plan *w, const float *x, int n_rows, float *y);

#endif
