/* Pooling windows: options and shapes that average and max pooling share. */
#ifndef MYE_POOL_H
#define MYE_POOL_H

#include "node/elementwise.h"

typedef struct mye_pool_options {
    int64_t kernel, stride, padding;
} mye_pool_options;

typedef struct mye_pool_plan {
    int k, s, p; /* window, stride, padding, the same in both directions */
    int C, H, W, OH, OW;
} mye_pool_plan;

extern const mye_param mye_pool_params[];

/* Fills n->plan (a mye_pool_plan) and n->shape. */
mye_status mye_pool_shape(mye_node *n, const mye_shape *in, mye_error *err);

/* Rows or columns [*first, *end) of the input under window o: those outside are padding. */
static inline void mye_pool_window(const mye_pool_plan *w, int size, int o, int *first, int *end)
{
    const int from = o * w->s - w->p, to = from + w->k;
    *first = from > 0 ? from : 0;
    *end = to < size ? to : size;
}

#endif
