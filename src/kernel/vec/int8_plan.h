/* How a convolution with 8-bit weights is cut into blocks, and how large its parts are. */
#ifndef MYE_INT8_PLAN_H
#define MYE_INT8_PLAN_H

#include "kernel/vec/vec.h"

typedef struct int8_plan {
    const mye_conv_shape *s;
    int panels, steps; /* of TILE_COLS channels; of four inputs, in a row of the window   */
    int pad_w;         /* columns of the padded input                                     */
    int group, band;   /* images, and rows of output, of a block                          */
    int groups, bands; /* blocks: groups x bands, each shared out to `splits` shards      */
    int splits;
} int8_plan;

/* The largest block of any number of images; and the plan for n > 0 of them, with enough shards. */
int8_plan MYE_VEC(int8_plan_most)(const mye_conv_shape *s);
int8_plan MYE_VEC(int8_plan_fit)(const mye_conv_shape *s, int64_t n);

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

static inline int shares(int n, int size)
{
    return (n + size - 1) / size;
}

static inline int64_t row_bytes(const int8_plan *p)
{
    return (int64_t)p->pad_w * p->s->C;
}

/* Rows of input that `band` rows of output read. */
static inline int band_rows(const int8_plan *p, int band)
{
    return (band - 1) * p->s->sh + p->s->kh;
}

static inline int64_t image_bytes(const int8_plan *p, int band)
{
    return band_rows(p, band) * row_bytes(p);
}

/* The input, and what the last step reads too much. */
static inline size_t scratch_bytes(const int8_plan *p)
{
    return (size_t)p->group * (size_t)image_bytes(p, p->band) + 3;
}

/* Entries of a list of steps. */
static inline size_t list_size(const int8_plan *p)
{
    return (size_t)p->s->kh * (size_t)p->steps + INT8_SLACK;
}

static inline ptrdiff_t panel_bytes(const int8_plan *p)
{
    return (ptrdiff_t)p->s->kh * p->steps * 4 * TILE_COLS;
}

#endif
